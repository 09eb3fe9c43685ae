"""Corpora of speech: Speech Commands."""

import re

import numpy as np
import pandas as pd

from skaudeep._validation import StrOptions, validate_params
from skaudeep.corpora._bunch import PARTITION_NUMBERS, make_bunch, number_classes
from skaudeep.corpora._table import read_lines
from skaudeep.corpora.find import find_recordings, fitting_folder, paths_below, reasons_below
from skaudeep.exceptions import DataSetError

SPEECH_COMMANDS_LAYOUT = (
    "Expected a folder for every word (WORD/SPEAKER_nohash_N.wav) and the lists validation_list.txt and "
    "testing_list.txt."
)

_LISTS = {"validation_list.txt": "devel", "testing_list.txt": "test"}
_NOISE = "_background_noise_"
_SPEAKER = re.compile(r"(.+)_nohash_\d+\.[^.]+")


@validate_params(
    {"folder": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]}, prefer_skip_nested_validation=True
)
def load_speech_commands(folder, *, on_unreadable="raise"):
    r"""Find the recordings of Speech Commands, with their words, partitions and speakers.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set, with a folder for every word and the lists `validation_list.txt` and
        `testing_list.txt`.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that cannot be read as they are, such as .m4a files or audio in files without a suffix,
        are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`: classes in sorted order; the partition is development for what the first list
        names, test for the second, and training otherwise; `groups` are the speakers; `filenames` are paths below
        `folder`. The noises in `_background_noise_`, which last minutes, are left out.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, a list names a recording that is not there, or recordings cannot
        be read.

    See Also
    --------
    load_partitioned : Recordings in folders for partitions and classes.

    References
    ----------
    .. [1] P. Warden, "Speech Commands: A Dataset for Limited-Vocabulary Speech Recognition", arXiv:1804.03209, 2018.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_speech_commands
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["no/a1_nohash_0.wav", "yes/a1_nohash_0.wav", "yes/b2_nohash_0.wav"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     _ = pathlib.Path(folder, "validation_list.txt").write_text("yes/b2_nohash_0.wav\n")
    ...     pathlib.Path(folder, "testing_list.txt").touch()
    ...     corpus = load_speech_commands(folder)
    >>> corpus.target, corpus.partition, corpus.groups.tolist()
    (array([0, 1, 1]), array([0., 0., 1.]), ['a1', 'a1', 'b2'])
    """
    folder = fitting_folder(folder, fits_speech_commands, SPEECH_COMMANDS_LAYOUT)
    found = find_recordings(folder, on_unreadable)
    names = pd.Index([name for name in found.names if not name.startswith(f"{_NOISE}/")], dtype=object)
    if names.empty:
        raise DataSetError(f"No recordings of words in {folder}. {SPEECH_COMMANDS_LAYOUT}")
    outside = [name for name in names if "/" not in name]
    if outside:
        raise DataSetError(f"{folder} holds {outside[0]} outside of the folders of words. {SPEECH_COMMANDS_LAYOUT}")
    target, target_names = number_classes([name.partition("/")[0] for name in names])
    n_noises = len(found.names) - len(names)
    noises = (f"without {n_noises} in {_NOISE}",) if n_noises else ()
    return make_bunch(
        paths_below(folder, names),
        names,
        target=target,
        target_names=target_names,
        partition=_partition(folder, names, {*names, *found.unreadable}),
        groups=list(map(_speaker, names)),
        notes=(*noises, *found.notes),
        unreadable=reasons_below(folder, found),
    )


def fits_speech_commands(folder):
    """Say why a folder is not Speech Commands, or None if it is."""
    lacks = [name for name in _LISTS if not (folder / name).is_file()]
    return f"no list {' and no list '.join(lacks)}" if lacks else None


def _partition(folder, names, known):
    """Return numbers of partitions, as the lists say."""
    numbers = np.full(len(names), PARTITION_NUMBERS["train"])
    for name, part in _LISTS.items():
        lines = read_lines(folder / name, expected=("file",))
        listed = [fields[0] for _, fields in lines]
        absent = [at for at, file in enumerate(listed) if file not in known]
        if absent:
            line, (file, *_) = lines[absent[0]]
            raise DataSetError(
                f"{len(absent)} of the {len(lines)} recordings that {folder / name} names are not in {folder}, the "
                f"first is {file} (line {line}). Unpack the data set again."
            )
        numbers[names.isin(listed)] = PARTITION_NUMBERS[part]
    return numbers


def _speaker(name):
    """Return the speaker; a file that is called otherwise is a speaker of its own."""
    found = _SPEAKER.fullmatch(name.rpartition("/")[2])
    return name if found is None else found[1]
