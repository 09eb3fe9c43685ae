"""What is in a corpus, counted, without reading the audio."""

import math
import os
import reprlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from skaudeep._columns import segment_table, to_seconds
from skaudeep._counts import (
    Counts,
    clock,
    count_folds,
    count_partitions,
    count_several_targets,
    count_targets,
    number_of,
    shared_sections,
    shortened,
)
from skaudeep._decoding import is_file_like, length_is_exact, name_of
from skaudeep._validation import Integral, validate_params
from skaudeep.corpora.headers import read_headers
from skaudeep.corpora.kinds import load_corpus
from skaudeep.datamodel import PARTITIONS
from skaudeep.exceptions import DataSetError

_TOLERANCE = 0.08  # seconds, one window: where spectrograms are made, an end so much too late is the end

_QUANTILES = {"min": 0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1}


@dataclass(frozen=True, eq=False, repr=False)
class CorpusInfo(Counts):
    """What :func:`inspect_corpus` finds; printing it shows it as a table.

    Parameters
    ----------
    n_recordings : int
        Number of recordings, which are files or segments of files.
    n_files : int
        Number of different files.
    n_groups : int or None
        Number of groups of recordings that belong together; None where nothing is known of groups.
    labels : dict of str to int
        The number of recordings of each class, in the order of the class numbers; empty without classes.
    n_unlabelled : int
        Number of recordings of which neither class nor target is known.
    targets : dict of str to float, or None
        `min`, `mean` and `max` of a continuous target; of several, such a dict for each by its name.
    folds : DataFrame of shape (n_folds, 3)
        For each fold, from 1, the number of recordings in `training`, `validation` and `neither`.
    partitions : dict of str to int
        The number of recordings in `train`, `devel`, `test` and `none` of these; empty without partitions.
    durations : dict of str to float, or None
        `total`, `mean`, `min`, `q05`, `q25`, `median`, `q75`, `q95` and `max` of the recordings that can be read,
        in seconds; None if there are none.
    n_unknown_durations : int
        Number of recordings that can be read and do not say how long they are; they are not part of `durations`.
    sample_rates : dict of int to int
        The number of files of each sample rate in Hz, the most frequent first.
    channels : dict of int to int
        The number of files of each number of channels, the most frequent first.
    formats : dict of str to int
        The number of files of each format and encoding, such as `"WAV/PCM_16"`, the most frequent first.
    unreadable : DataFrame of shape (n_unreadable, 2)
        The columns `file` and `reason` of what cannot be read: files, and segments that are not inside their file.
        Files in a format that libsndfile does not read, and audio whose names do not tell that, are among them, but
        not among the recordings.
    unused_columns : tuple of str, default=()
        Names of the columns of a table of recordings that nobody uses.
    notes : tuple of str, default=()
        What else the loader of the corpus has to say, such as how many files a table does not name.

    See Also
    --------
    inspect_corpus : With an example.

    Examples
    --------
    >>> import tempfile, numpy as np, soundfile
    >>> from skaudeep.datasets import inspect_corpus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/a.wav", np.zeros(4000), 8000)
    ...     info = inspect_corpus([f"{folder}/a.wav"])
    >>> info
    recordings   1 in 1 file
    duration     0.5 s in total
                 min 0.5 s, 5 % 0.5 s, median 0.5 s, 95 % 0.5 s, max 0.5 s
    sample rate  8,000 Hz (1 file)
    channels     1 (1 file)
    format       WAV/PCM_16 (1 file)
    labels       none
    folds        none
    partitions   none
    unreadable   none
    """

    n_recordings: int
    n_files: int
    n_groups: int | None
    labels: dict
    n_unlabelled: int
    targets: dict | None
    folds: pd.DataFrame
    partitions: dict
    durations: dict | None
    n_unknown_durations: int
    sample_rates: dict
    channels: dict
    formats: dict
    unreadable: pd.DataFrame
    unused_columns: tuple = ()
    notes: tuple = ()

    def _sections(self):
        groups = [] if self.n_groups is None else [number_of(self.n_groups, "group")]
        yield "recordings", [", ".join([f"{self.n_recordings:,} in {number_of(self.n_files, 'file')}", *groups])]
        yield "duration", _duration_lines(self.durations, self.n_unknown_durations)
        yield "sample rate", _count_lines({f"{rate:,} Hz": count for rate, count in self.sample_rates.items()})
        yield "channels", _count_lines(self.channels)
        yield "format", _count_lines(self.formats)
        yield from shared_sections(self)
        failed = [f"{file}: {reason}" for file, reason in self.unreadable.itertuples(index=False)]
        yield "unreadable", [f"{len(failed):,}", *shortened(failed)] if failed else ["none"]
        if self.unused_columns:
            yield "not used", [f"columns {', '.join(name or repr(name) for name in self.unused_columns)}"]
        yield "notes", list(self.notes)


@validate_params(
    {"source": "no_validation", "n_jobs": [Integral, None], "verbose": ["verbose"]},
    prefer_skip_nested_validation=True,
)
def inspect_corpus(source, *, n_jobs=None, verbose=0):
    """Count what is in a collection of recordings, and find the files that cannot be read.

    Only the headers of the files are read. What a header does not tell, such as damage in the middle of a file, shows
    only when the file is decoded.

    Parameters
    ----------
    source : str, path-like, Bunch or list of paths
        A folder or a table that :func:`load_corpus` recognises, what one of the loaders has given, or recordings
        themselves: a list, array or Series of paths, or a DataFrame or MultiIndex with `file` (or `path`), `start` and
        `end`.
    n_jobs : int, default=None
        Number of threads, as in joblib.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    CorpusInfo
        The counts, as attributes; printing it shows them.

    Raises
    ------
    DataSetError
        If `source` is none of these, or no corpus is recognised in the folder. A file that cannot be read is no error
        but part of the result, also where a loader would refuse it.

    See Also
    --------
    inspect_dataset : The same for features that were made of recordings.

    Examples
    --------
    >>> import tempfile
    >>> from skaudeep.datasets import inspect_corpus, make_sound_events
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sounds = make_sound_events(
    ...         folder, n_classes=2, n_per_class=4, n_takes=2, n_folds=2, max_seconds=1.5, random_state=0
    ...     )
    ...     info = inspect_corpus(sounds)
    >>> info.labels, info.sample_rates
    ({'bark': 4, 'chirp_up': 4}, {16000: 8})
    """
    corpus = _as_corpus(source)
    segments = _as_segments(corpus["data"])
    codes, files = pd.factorize(segments["file"])
    headers = read_headers(files, n_jobs, verbose)
    readable = headers["reason"] == ""
    lengths, unknown, outside = _measure(segments, headers.iloc[codes])
    unreadable = headers.loc[~readable, ["file", "reason"]]
    n = len(segments)
    labels, targets, n_unlabelled = _count_labels(corpus, n)
    groups = corpus.get("groups")
    return CorpusInfo(
        n_recordings=n,
        n_files=len(files),
        n_groups=None if groups is None else len(pd.unique(np.asarray(groups, dtype=object))),
        labels=labels,
        n_unlabelled=n_unlabelled,
        targets=targets,
        folds=count_folds(_folds_of(corpus, n)),
        partitions=count_partitions(_known(corpus, "partition", n), PARTITIONS),
        durations=_summarise(lengths),
        n_unknown_durations=unknown,
        sample_rates=_most_frequent(headers.loc[readable, "sample_rate"].astype(int)),
        channels=_most_frequent(headers.loc[readable, "channels"].astype(int)),
        formats=_most_frequent(headers.loc[readable, "format"]),
        unreadable=pd.concat([unreadable, outside, *_left_out(corpus)], ignore_index=True),
        unused_columns=tuple(corpus.get("unused_columns") or ()),
        notes=tuple(corpus.get("notes") or ()),
    )


def _count_labels(corpus, n):
    """Count classes, or give the ranges of continuous targets, and count the recordings that have neither."""
    names, several = corpus.get("target_names"), corpus.get("targets")
    if names is None and several is not None:
        return {}, *count_several_targets(several)
    target = _known(corpus, "target", n)
    if target is None:
        return {}, None, n
    if names is None:
        return {}, *count_targets(target)
    labels, unknown = _count_classes(target, names)
    return labels, None, unknown


def _as_corpus(source):
    """Return a mapping with the recordings as `data`, whatever `source` is."""
    if isinstance(source, (str, os.PathLike)):
        return load_corpus(source, on_unreadable="skip")
    if not isinstance(source, Mapping):
        return {"data": source}
    if "data" not in source:
        raise DataSetError(f"source: got a {type(source).__name__} without data; give what a loader has returned.")
    return source


def _known(corpus, name, n, n_axes=1):
    """Return what a corpus says of its n recordings, as numbers; None if it says nothing."""
    if corpus.get(name) is None:
        return None
    try:
        numbers = np.asarray(corpus[name], dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataSetError(f"{name}: expected numbers as the loaders give them ({error}).") from error
    if numbers.ndim != n_axes or len(numbers) != n:
        expected = "(n,)" if n_axes == 1 else "(n, n_folds)"
        raise DataSetError(f"{name}: got shape {numbers.shape}, expected {expected} for the n={n} recordings in data.")
    return numbers


def _left_out(corpus):
    """Return the tables of what a loader has left out as it cannot be read, if it has said so."""
    unreadable = corpus.get("unreadable")
    return [] if unreadable is None or not len(unreadable) else [unreadable[["file", "reason"]]]


def _as_segments(data):
    """Return a DataFrame with file, start and end in seconds, NaN where not given."""
    try:
        table = segment_table(data, "source")
    except ValueError as error:
        raise DataSetError(str(error)) from error
    if table is None and isinstance(data, pd.DataFrame):
        raise DataSetError(
            f"source: got a table with the columns {list(data.columns)}; name that of paths 'file' or 'path'."
        )
    columns = {"file": data, "start": None, "end": None}
    if table is not None:
        columns = {name: table[name].array if name in table else None for name in columns}
    files = columns["file"]
    if not isinstance(files, (list, tuple, np.ndarray, pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        raise DataSetError(f"source: expected a folder, a corpus or a list of paths, got {type(files).__name__}.")
    if len(files) == 0:
        raise DataSetError("source: expected at least one path, got none.")
    wrong = [file for file in files if not isinstance(file, (str, os.PathLike)) and not is_file_like(file)]
    if wrong:
        raise DataSetError(f"source: expected paths, got {reprlib.repr(wrong[0])} among them.")
    recordings = np.empty(len(files), dtype=object)
    recordings[:] = [file if is_file_like(file) else os.fspath(file) for file in files]
    segments = pd.DataFrame({"file": recordings})
    return segments.assign(start=_seconds(columns["start"], len(files)), end=_seconds(columns["end"], len(files)))


def _seconds(times, n):
    """Return times of a column, in seconds, as floats."""
    if times is None:
        return np.full(n, np.nan)
    times = pd.Series(times)
    try:
        if not pd.api.types.is_numeric_dtype(times):
            times = times.map(to_seconds)
        return times.to_numpy(dtype=np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise DataSetError(
            f"source: start and end are seconds or timedeltas, missing for the whole file ({error})."
        ) from error


def _measure(segments, headers):
    """Return lengths in seconds, the number of unknown ones, and a table of the segments outside their file."""
    start, end = segments["start"].fillna(0).to_numpy(), segments["end"].to_numpy()
    rate, n_samples = headers["sample_rate"].to_numpy(float), headers["n_samples"].to_numpy(float)
    # rounded as where recordings are read
    first = np.round(start * rate)
    open_end = np.isnan(end) | (end == np.inf)
    stop = np.where(open_end, n_samples, np.round(np.where(open_end, 0, end) * rate))
    readable = (headers["reason"] == "").to_numpy()
    # the length of an MP3 may be an estimate
    exact = headers["format"].map(length_is_exact).to_numpy(bool) & ~np.isnan(n_samples)
    slightly_late = exact & (stop > n_samples) & (stop - n_samples <= _TOLERANCE * rate)
    stop = np.where(slightly_late, n_samples, stop)
    inside = (first >= 0) & ~(stop <= first) & ~(exact & (stop > n_samples))
    outside = []
    for row in np.flatnonzero(readable & ~inside):
        to = "its end" if open_end[row] else f"{end[row]:g} s"
        reason = f"the segment from {start[row]:g} s to {to} is empty or not inside the recording"
        if not np.isnan(n_samples[row]):
            reason += f", which is {n_samples[row] / rate[row]:g} s long"
        outside.append((name_of(segments["file"].iat[row]), reason))
    lengths = ((stop - first) / rate)[readable & inside]
    known = ~np.isnan(lengths)
    return lengths[known], int((~known).sum()), pd.DataFrame(outside, columns=["file", "reason"])


def _summarise(lengths):
    if not lengths.size:
        return None
    quantiles = np.quantile(lengths, list(_QUANTILES.values()))
    totals = {"total": math.fsum(lengths), "mean": float(lengths.mean())}
    return totals | dict(zip(_QUANTILES, quantiles.tolist(), strict=True))


def _most_frequent(values):
    """Say how often each value occurs, the most frequent first, ties in the order of the values."""
    counts = Counter(values.tolist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count_classes(target, names):
    """Count the recordings of each class, and those without."""
    if (target >= len(names)).any():
        raise DataSetError(f"target: got class {target.max():g}, but target_names has {len(names)} names.")
    known = target >= 0
    counts = np.bincount(target[known].astype(np.int64), minlength=len(names))
    return dict(zip(np.asarray(names).tolist(), counts.tolist(), strict=True)), int((~known).sum())


def _folds_of(corpus, n):
    """Return the folds of a corpus as an array (n, n_folds) of 0, 1 and NaN."""
    folds = _known(corpus, "cv_folds", n, 2)
    if folds is not None:
        return folds
    splits = [] if corpus.get("cv") is None else list(corpus["cv"].split(np.empty((n, 0)), corpus.get("target")))
    folds = np.full((n, len(splits)), np.nan)
    for fold, (train, test) in enumerate(splits):
        folds[train, fold] = 0
        folds[test, fold] = 1
    return folds


def _duration_lines(durations, n_unknown):
    unknown = [f"unknown for {n_unknown:,}"] if n_unknown else []
    if durations is None:
        return unknown
    shown = {name: f"{durations[name]:.4g} s" for name in ("min", "q05", "median", "q95", "max")}
    names = {"q05": "5 %", "q95": "95 %"}
    return [
        f"{clock(durations['total'])} in total",
        ", ".join(f"{names.get(name, name)} {text}" for name, text in shown.items()),
        *unknown,
    ]


def _count_lines(counts):
    return shortened([f"{value} ({number_of(count, 'file')})" for value, count in counts.items()])
