"""What is in a corpus and in a data set, counted, without reading the audio or holding all features."""

import itertools
import math
import os
import reprlib
from collections import Counter
from collections.abc import Mapping

import joblib
import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._columns import segment_table, to_seconds
from skaudeep._decoding import is_file_like, length_is_exact, name_of
from skaudeep._messages import param
from skaudeep._progress import progress
from skaudeep._validation import Integral, validate_params
from skaudeep.audio import audio_info
from skaudeep.datasets._info import CorpusInfo, DatasetInfo
from skaudeep.datasets._model import PARTITIONS, check_layout, get_feature_names, get_label_map, get_provenance
from skaudeep.exceptions import AudioError, DataSetError

_MAX_BATCH = 64  # files per task: long enough to hide the cost of a task, short enough to share the work
_TOLERANCE = 0.08  # seconds, one window: where spectrograms are made, an end so much too late is the end
_BLOCK_BYTES = 2**25  # of features in memory at a time
_QUANTILES = {"min": 0, "q05": 0.05, "q25": 0.25, "median": 0.5, "q75": 0.75, "q95": 0.95, "max": 1}


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
    target, names = _known(corpus, "target", n), corpus.get("target_names")
    classes = names is not None and target is not None
    labels, unknown_class = _count_classes(target, names) if classes else ({}, n)
    targets, unknown_target = _count_targets(target) if target is not None and not classes else (None, n)
    groups = corpus.get("groups")
    return CorpusInfo(
        n_recordings=n,
        n_files=len(files),
        n_groups=None if groups is None else len(pd.unique(np.asarray(groups, dtype=object))),
        labels=labels,
        n_unlabelled=min(unknown_class, unknown_target),
        targets=targets,
        folds=_count_folds(_folds_of(corpus, n)),
        partitions=_count_partitions(_known(corpus, "partition", n)),
        durations=_summarise(lengths),
        n_unknown_durations=unknown,
        sample_rates=_most_frequent(headers.loc[readable, "sample_rate"].astype(int)),
        channels=_most_frequent(headers.loc[readable, "channels"].astype(int)),
        formats=_most_frequent(headers.loc[readable, "format"]),
        unreadable=pd.concat([unreadable, outside, *_left_out(corpus)], ignore_index=True),
        unused_columns=tuple(corpus.get("unused_columns") or ()),
        notes=tuple(corpus.get("notes") or ()),
    )


@validate_params({"ds": [xr.Dataset], "values": ["boolean"]}, prefer_skip_nested_validation=True)
def inspect_dataset(ds, *, values=False):
    """Count what is in a data set.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`make_dataset` makes it.
    values : bool, default=False
        Whether to look at the features too: for missing and constant ones, and the range. They are read in blocks;
        those on disk are never in memory as a whole.

    Returns
    -------
    DatasetInfo
        The counts, as attributes; printing it shows them.

    Raises
    ------
    DataSetError
        If `ds` lacks a variable of a data set.

    See Also
    --------
    inspect_corpus : The same for recordings.

    Examples
    --------
    >>> from skaudeep.datasets import inspect_dataset, make_dataset
    >>> ds = make_dataset(
    ...     [[0.5, 1], [0.5, 2], [0.5, float("nan")]],
    ...     ["a.wav", "b.wav", "c.wav"],
    ...     label_nominal=["Rain", "Dog", None],
    ...     partition=[0, 0, 2],
    ... )
    >>> inspect_dataset(ds, values=True)
    instances   3 of 3 files
    chunks      1 per file
    features    2 (generated), float32, 24 bytes
    values      0.5 to 2, mean 0.9; 1 NaN in 1 instance, none infinite
                1 constant: feature_0
    labels      2 classes, 1 unlabelled
                Dog   1
                Rain  1
    folds       none
    partitions  train 2, devel 0, test 1, none 0
    """
    check_layout(ds, param.ds)
    features = ds["features"]
    files = np.bincount(pd.factorize(ds["filename"].values.astype(object), use_na_sentinel=False)[0])
    chunks, counts = np.unique(files, return_counts=True)
    nominal = ds["label_nominal"].values.astype(object)
    codes, names = pd.factorize(nominal[~pd.isna(nominal) & (nominal != "")])
    sizes = dict(zip(names.tolist(), np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    labels = {name: sizes.get(name, 0) for name in sorted({*get_label_map(ds), *sizes})}
    targets, unknown = (None, len(nominal) - len(codes)) if labels else _count_targets(ds["label_numeric"].values)
    return DatasetInfo(
        n_instances=ds.sizes["instance"],
        n_files=len(files),
        chunks_per_file=dict(zip(chunks.tolist(), counts.tolist(), strict=True)),
        feature_shape={str(dim): ds.sizes[dim] for dim in features.dims[1:]},
        dtype=str(features.dtype),
        n_bytes=int(features.nbytes),
        labels=labels,
        n_unlabelled=unknown,
        targets=targets,
        folds=_count_folds(ds["cv_folds"].values),
        partitions=_count_partitions(ds["partition"].values),
        values=_inspect_values(ds) if values else None,
        provenance=get_provenance(ds),
    )


def _as_corpus(source):
    """A mapping with the recordings as `data`, whatever `source` is."""
    if isinstance(source, (str, os.PathLike)):
        from skaudeep.datasets._corpora import load_corpus

        return load_corpus(source, on_unreadable="skip")
    if not isinstance(source, Mapping):
        return {"data": source}
    if "data" not in source:
        raise DataSetError(f"source: got a {type(source).__name__} without data; give what a loader has returned.")
    return source


def _known(corpus, name, n, n_axes=1):
    """What a corpus says of its n recordings, as numbers; None if it says nothing."""
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
    """The tables of what a loader has left out as it cannot be read, if it has said so."""
    unreadable = corpus.get("unreadable")
    return [] if unreadable is None or not len(unreadable) else [unreadable[["file", "reason"]]]


def _as_segments(data):
    """A DataFrame with file, start and end in seconds, NaN where not given."""
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
    """Times of a column, in seconds, as floats."""
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


def read_headers(files, n_jobs, verbose):
    """A table with one row per file: what its header says, or the reason why it cannot be read."""
    size = max(1, min(_MAX_BATCH, len(files) // (4 * joblib.effective_n_jobs(n_jobs))))
    batches = [files[first : first + size] for first in range(0, len(files), size)]
    parallel = joblib.Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")
    rows = []
    with progress("Reading headers", len(files), enabled=verbose) as advance:
        for found in parallel(joblib.delayed(_read_batch)(batch) for batch in batches):
            rows += found
            advance(len(found))
    return pd.DataFrame(rows, columns=["file", "sample_rate", "channels", "n_samples", "format", "reason"])


def _read_batch(files):
    return [_read_header(file) for file in files]


def _read_header(file):
    path = name_of(file)
    nothing = (path, np.nan, np.nan, np.nan, "")
    try:
        info = audio_info(file)
    except (AudioError, OSError, ValueError) as error:
        return *nothing, str(error).removeprefix(f"{path}: ")
    if info.n_samples == 0:
        return *nothing, "holds no samples; leave it out"
    if info.n_missing_bytes:
        announced = f"{info.n_missing_bytes} bytes of the samples that its header announces"
        return *nothing, f"is truncated, {announced} are missing"
    return path, info.sample_rate, info.n_channels, info.n_samples, info.format, ""


def _measure(segments, headers):
    """Lengths in seconds, the number of unknown ones, and a table of the segments that are not inside their file."""
    start, end = segments["start"].to_numpy(), segments["end"].to_numpy()
    rate, n_samples = headers["sample_rate"].to_numpy(float), headers["n_samples"].to_numpy(float)
    # rounded as where recordings are read
    first = np.where(np.isnan(start), 0, np.round(start * rate))
    open_end = np.isnan(end) | (end == np.inf)
    stop = np.where(open_end, n_samples, np.round(np.where(open_end, 0, end) * rate))
    readable = (headers["reason"] == "").to_numpy()
    # the length of an MP3 may be an estimate
    exact = headers["format"].map(length_is_exact).to_numpy(bool) & ~np.isnan(n_samples)
    slightly_late = exact & (stop > n_samples) & (stop - n_samples <= _TOLERANCE * rate)
    stop = np.where(slightly_late, n_samples, stop)
    inside = (first >= 0) & ~(stop <= first) & ~(exact & (stop > n_samples))
    outside = [
        (
            name_of(segments["file"].iat[row]),
            f"the segment from {0 if np.isnan(start[row]) else start[row]:g} s to "
            f"{'its end' if open_end[row] else f'{end[row]:g} s'} is empty or not inside the recording"
            + ("" if np.isnan(n_samples[row]) else f", which is {n_samples[row] / rate[row]:g} s long"),
        )
        for row in np.flatnonzero(readable & ~inside)
    ]
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
    """How often each value occurs, the most frequent first, ties in the order of the values."""
    counts = Counter(values.tolist())
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _count_classes(target, names):
    """The number of recordings of each class, and of those without."""
    if (target >= len(names)).any():
        raise DataSetError(f"target: got class {target.max():g}, but target_names has {len(names)} names.")
    known = target >= 0
    counts = np.bincount(target[known].astype(np.int64), minlength=len(names))
    return dict(zip(np.asarray(names).tolist(), counts.tolist(), strict=True)), int((~known).sum())


def _count_targets(numbers):
    """Range of continuous targets, None if there are none, and how many are not known."""
    numbers = np.asarray(numbers, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    targets = {"min": known.min(), "mean": known.mean(), "max": known.max()} if known.size else None
    return targets and {name: float(value) for name, value in targets.items()}, numbers.size - known.size


def _folds_of(corpus, n):
    """The folds of a corpus as an array (n, n_folds) of 0, 1 and NaN."""
    folds = _known(corpus, "cv_folds", n, 2)
    if folds is not None:
        return folds
    splits = [] if corpus.get("cv") is None else list(corpus["cv"].split(np.empty((n, 0)), corpus.get("target")))
    folds = np.full((n, len(splits)), np.nan)
    for fold, (train, test) in enumerate(splits):
        folds[train, fold] = 0
        folds[test, fold] = 1
    return folds


def _count_folds(folds):
    """A table with the sizes of the splits of each fold, counted from 1."""
    sizes = {"training": (folds == 0).sum(axis=0), "validation": (folds == 1).sum(axis=0)}
    sizes["neither"] = np.isnan(folds).sum(axis=0)
    return pd.DataFrame(sizes, index=pd.RangeIndex(1, folds.shape[1] + 1, name="fold"))


def _count_partitions(numbers):
    """How many there are in each partition; empty where nothing is known of partitions."""
    numbers = np.array([]) if numbers is None else np.asarray(numbers, dtype=np.float64)
    if np.isnan(numbers).all():
        return {}
    sizes = {name: int((numbers == number).sum()) for number, name in enumerate(PARTITIONS)}
    return sizes | {"none": int(np.isnan(numbers).sum())}


def _inspect_values(ds):
    """Range and gaps of the features, block by block."""
    features = ds["features"]
    dtype = np.result_type(features.dtype, np.float32)
    lowest, highest = (np.full(features.shape[1:], np.nan, dtype) for _ in range(2))
    gaps = np.zeros(features.shape[0], dtype=bool)
    low, high, total, n_finite, n_nan = np.inf, -np.inf, 0.0, 0, 0
    for block in _blocks(features):
        values = features[block].values.astype(dtype, copy=False)
        rest = block[1:]
        lowest[rest] = np.fmin(lowest[rest], np.fmin.reduce(values, axis=0, initial=np.nan))
        highest[rest] = np.fmax(highest[rest], np.fmax.reduce(values, axis=0, initial=np.nan))
        finite, missing = np.isfinite(values), np.isnan(values)
        gaps[block[0]] |= missing.reshape(len(values), -1).any(axis=1)
        low = min(low, float(values.min(where=finite, initial=np.inf)))
        high = max(high, float(values.max(where=finite, initial=-np.inf)))
        total += float(values.sum(where=finite, dtype=np.float64))
        n_finite, n_nan = n_finite + int(finite.sum()), n_nan + int(missing.sum())
    constant = (((lowest == highest) | np.isnan(lowest)) & (features.size > 0)).ravel()
    return {
        "min": low if n_finite else None,
        "max": high if n_finite else None,
        "mean": total / n_finite if n_finite else None,
        "n_nan": n_nan,
        "n_infinite": features.size - n_finite - n_nan,
        "n_instances_with_nan": int(gaps.sum()),
        "constant": get_feature_names(ds)[constant].tolist() if constant.any() else [],
    }


def _blocks(features):
    """Slices of all axes that cut features into blocks of bounded size; chunks of a dask array stay whole."""
    chunks = features.chunks or ((1,) * features.shape[0], *((size,) for size in features.shape[1:]))
    row_bytes = features.dtype.itemsize * math.prod(max(sizes, default=0) for sizes in chunks[1:])
    most = max(1, _BLOCK_BYTES // max(1, row_bytes))
    rows = [0]
    for edge, following in itertools.pairwise([*itertools.accumulate(chunks[0]), math.inf]):
        if following - rows[-1] > most:
            rows.append(edge)
    edges = [rows, *([0, *itertools.accumulate(sizes)] for sizes in chunks[1:])]
    return itertools.product(*([slice(*pair) for pair in itertools.pairwise(axis)] for axis in edges))
