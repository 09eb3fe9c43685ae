"""Digests of settings and of a corpus, and states of files, to see whether something has changed."""

import hashlib
import json
import os

import numpy as np
import pandas as pd

from skaudeep._files import state_of
from skaudeep._version import __version__


def digest(value):
    """Give a short text that is the same for equal values only, and in every process.

    Parameters
    ----------
    value : object
        Dictionaries, lists, text, numbers, None; 5 and 5.0 are equal, as are lists and tuples.

    Returns
    -------
    str
        Of 16 characters.

    Examples
    --------
    >>> from skaudeep.experiment.stages import digest
    >>> digest({"a": 5, "b": (1, None)}) == digest({"b": [1, None], "a": 5.0})
    True
    """
    text = json.dumps([__version__, _canonical(value)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def _canonical(value):
    """Give equal values one form."""
    if isinstance(value, dict):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def digest_corpus(corpus):
    """Give the digest of a corpus: names, sizes and times of its files, and all that is known; not where it lies."""
    files, known = describe_corpus(corpus)
    states = {file: state_of(file) for file in set(files)}
    return digest({"files": [states[file] for file in files], **known})


def describe_corpus(corpus):
    """Give the file of each recording of a corpus, and all else that is known of them."""
    data = corpus["data"]
    segments = data if isinstance(data, pd.DataFrame) else pd.DataFrame({"file": np.asarray(data)})
    times = [segments[name].astype(str).tolist() for name in ("start", "end") if name in segments]
    known = {}
    for name, values in corpus["metadata"].items():
        if isinstance(values, dict):
            known[name] = values
        elif isinstance(values, pd.DataFrame):
            known[name] = values.astype(str).to_dict("list")
        elif values is not None:
            known[name] = np.asarray(values).astype(str).tolist()
    return [os.path.abspath(file) for file in segments["file"]], {"times": times, "known": known}


def lost_files(record, out):
    """List the files that are not what a stage has written."""
    written = zip(record.outputs, record.files, strict=True)
    return [path for path, state in written if state_of(out / path) != state]
