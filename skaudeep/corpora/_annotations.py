"""Annotations over time: read, put together from several raters, and cut into windows with one number each."""

from pathlib import Path

import numpy as np
import pandas as pd

from skaudeep._columns import PATH_NAMES
from skaudeep._validation import Integral, Interval, Real, StrOptions, validate_params
from skaudeep.corpora._table import read_table
from skaudeep.corpora.find import find_audio, index_names
from skaudeep.exceptions import DataSetError, ParameterError, param

_POSITIVE = [Interval(Real, 0, None, closed="neither")]
_FINITE = Interval(Real, None, None, closed="neither")
_STATISTICS = {"mean": np.mean, "median": np.median, "last": lambda values, axis: values[-1]}


@validate_params(
    {
        "source": [str, Path],
        "audio": [str, Path, None],
        "separator": [str, None],
        "time": [str],
        "values": [list, tuple, None],
    },
    prefer_skip_nested_validation=True,
)
def load_annotations(source, *, audio=None, separator=None, time="time", values=None):
    r"""Read annotations over time: what raters, or an instrument, said of each moment of recordings.

    Parameters
    ----------
    source : str or path-like
        A folder with one text file, CSV or TSV, for each recording, of the same name before its last dot, also in
        subfolders; or one such file with a column of paths (`path`, `file`, `filename` or `file_name`). Each line has
        a time and a number for each target, or for each rater; times may have any rate, also one that changes.
    audio : str or path-like, default=None
        The folder of the recordings. Then `file` is the path of the recording, as `SpectrogramTransformer` takes it.
    separator : str, default=None
        The character between columns; found out by default.
    time : str, default="time"
        The name of the column of times, in seconds.
    values : list of str, default=None
        The columns of numbers; by default all but those of paths and times.

    Returns
    -------
    pandas.DataFrame
        The columns `file`, `time` and those of numbers, in the order of the lines, files by their names. `file` is what
        the column of paths says or, of a folder, the name of the text file below it without what is behind its last
        dot; with `audio` the path of the one recording below that folder which is called so, with or without what is
        behind its last dot.

    Raises
    ------
    DataSetError
        If there are no such files, one cannot be read or lacks a column, a field is no finite number, or times are not
        in order or are there twice. The message names the file and the line. With `audio`, if there is no recording
        of a name, or several are. Recordings that nobody has annotated are no error.

    See Also
    --------
    combine_raters : One number from those of several raters.
    annotation_windows : Segments with a number each, to train on.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_annotations
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "a.csv").write_text("time,arousal\n0.0,0.1\n0.5,0.3\n")
    ...     load_annotations(folder)
      file  time  arousal
    0    a   0.0      0.1
    1    a   0.5      0.3
    """
    source = Path(source)
    table = _read_folder(source, time, values, separator) if source.is_dir() else _read(source, time, values, separator)
    if audio is not None:
        table["file"] = table["file"].map(_find_recordings(table["file"].unique(), Path(audio)))
    return table


def _read_folder(source, time, values, separator):
    """Read the annotations of a folder, one file after the other."""
    found = (path for path in source.rglob("*") if path.suffix.lower() in (".csv", ".tsv"))
    paths = sorted(path for path in found if not path.name.startswith("."))
    if not paths:
        raise DataSetError(f"{source} has no annotations: expected a .csv or .tsv file for each recording.")
    names = [path.relative_to(source).with_suffix("").as_posix() for path in paths]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise DataSetError(f"{source} has two files of annotations of {twice}, .csv and .tsv; leave one out.")
    tables = [_read(path, time, values, separator, name) for path, name in zip(paths, names, strict=True)]
    lacks = [(path, table) for path, table in zip(paths, tables, strict=True) if list(table) != list(tables[0])]
    if lacks:
        path, table = lacks[0]
        raise DataSetError(
            f"{path} has the columns {list(table)[1:]}, but {paths[0]} has {list(tables[0])[1:]}; give all files "
            f"the same, or name those to read by {param.values}."
        )
    return pd.concat(tables, ignore_index=True)


def _find_recordings(names, folder):
    """Find the recording that each name means."""
    recordings = list(find_audio(folder))
    places, found = index_names(recordings), {}
    for name in names:
        paths = [recordings[place] for place in places.get(str(name), [])]
        if len(paths) != 1:
            what = f"there are {' and '.join(paths)}; leave one out" if paths else "there is none; correct the name"
            raise DataSetError(f"{param('audio', str(folder))}: of the recording {name}, which is annotated, {what}.")
        found[name] = str(folder / paths[0])
    return found


def _read(path, time, values, separator, name=None):
    """Read the annotations of a recording, or of all those that the file names itself."""
    frame = read_table(path, [time, *(values or ())], separator=separator)
    of_paths = [column for column in frame if column.lower() in PATH_NAMES]
    if name is None and not of_paths:
        raise DataSetError(
            f"{path} has no column {', '.join(PATH_NAMES[:-1])} or {PATH_NAMES[-1]}, which says of what recording each "
            "line is; add it, or give a folder with one file for each recording."
        )
    if values is None:
        values = [column for column in frame if column not in (time, *of_paths)]
    if not values:
        raise DataSetError(f"{path} has no column of numbers beside {time!r}.")
    reserved = [column for column in values if column in ("file", "time", time)]
    if reserved:
        raise DataSetError(
            f"{path}: the column {reserved[0]!r} cannot be one of numbers, as that is what a column of the result is "
            f"called; rename it, or name those to read by {param.values}."
        )
    files = frame[of_paths[0]].to_numpy() if name is None else np.full(len(frame), name, dtype=object)
    numbers = {column: _numbers(frame[column], path) for column in (time, *values)}
    table = pd.DataFrame({"file": files, "time": numbers.pop(time), **numbers})
    if not len(table):
        raise DataSetError(f"{path} has no line below its header.")
    nameless = (table["file"] == "").to_numpy()
    if nameless.any():
        line = frame.index[int(np.argmax(nameless))]
        raise DataSetError(f"{path}, line {line}: the field {of_paths[0]} is empty; name the recording.")
    before = table.groupby("file", sort=False)["time"].shift()
    wrong = (table["time"] <= before).to_numpy()
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataSetError(
            f"{path}, line {frame.index[at]}: the time {table['time'][at]:g} of {table['file'][at]} comes after "
            f"{before[at]:g}; sort the lines of each recording by time, each time once."
        )
    return table


def _numbers(column, path):
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataSetError(
            f"{path}, line {column.index[at]}, column {column.name}: {column.iloc[at]!r} is no finite number; leave "
            "out lines of times at which nothing was annotated."
        )
    return numbers


@validate_params(
    {
        "annotations": [pd.DataFrame],
        "raters": [list, tuple],
        "method": [StrOptions({"mean", "weighted"})],
        "name": [str],
    },
    prefer_skip_nested_validation=True,
)
def combine_raters(annotations, raters, *, method="mean", name="value"):
    """Put the numbers of several raters together.

    Parameters
    ----------
    annotations : pandas.DataFrame
        As of :func:`load_annotations`.
    raters : list of str
        The columns of the raters, which judge one and the same.
    method : {"mean", "weighted"}, default="mean"
        "weighted" is the evaluator-weighted estimator [1]_: the mean, in which each rater counts as much as he
        correlates with the mean of the others over all recordings; one who does so negatively does not count.
    name : str, default="value"
        What to call the column that takes the place of those of the raters.

    Returns
    -------
    pandas.DataFrame
        The annotations with this column.

    Raises
    ------
    ParameterError
        If a rater is no column or there twice, there are fewer than two, or, for "weighted", no rater agrees with the
        others, as where all are constant.
    DataSetError
        As for :func:`annotation_windows`: numbers that are missing are not filled in.

    References
    ----------
    .. [1] M. Grimm, K. Kroschel, "Evaluation of natural emotions using self assessment manikins", ASRU 2005.

    Examples
    --------
    >>> import pandas as pd
    >>> from skaudeep.datasets import combine_raters
    >>> heard = pd.DataFrame({"file": "a", "time": [0.0, 1.0, 2.0], "r1": [0.0, 0.5, 1.0], "r2": [0.2, 0.7, 0.9]})
    >>> combine_raters(heard, ["r1", "r2"])["value"].tolist()
    [0.1, 0.6, 0.95]
    """
    raters = list(raters)
    targets = check_annotations(annotations)
    _check_columns("raters", raters, annotations[targets])
    if name in ("file", "time") or name in set(targets) - set(raters):
        raise ParameterError("name", name, ": there is such a column; give another name")
    if len(set(raters)) < max(2, len(raters)):
        raise ParameterError(
            "raters", raters, ": there is nothing to put together; give two columns or more, each once"
        )
    numbers = annotations[raters].to_numpy(np.float64)
    weights = np.ones(len(raters)) if method == "mean" else _agreement(numbers)
    if not weights.any():
        raise ParameterError("method", method, ": no rater agrees with the others; take 'mean', or look at the raters")
    combined = annotations.drop(columns=raters)
    combined[name] = numbers @ (weights / weights.sum())
    return combined


def _agreement(numbers):
    """Correlation of each column with the mean of the others, at least 0; 0 for a constant."""
    weights = []
    for rater in range(numbers.shape[1]):
        one, others = numbers[:, rater], np.delete(numbers, rater, axis=1).mean(axis=1)
        constant = np.ptp(one) == 0 or np.ptp(others) == 0
        weights.append(0.0 if constant else max(0.0, np.corrcoef(one, others)[0, 1]))
    return np.array(weights)


@validate_params(
    {
        "annotations": [pd.DataFrame],
        "width": _POSITIVE,
        "hop": [*_POSITIVE, None],
        "delay": [_FINITE],
        "statistic": [StrOptions(set(_STATISTICS))],
        "min_annotations": [Interval(Integral, 1, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def annotation_windows(annotations, *, width, hop=None, delay=0.0, statistic="mean", min_annotations=1):
    """Cut recordings into windows, each with one number for what was annotated within it.

    Parameters
    ----------
    annotations : pandas.DataFrame
        The columns `file`, `time` and one or more of numbers, as of :func:`load_annotations`.
    width : float
        Length of a window in seconds.
    hop : float, default=None
        Seconds from the start of a window to that of the next one; None: `width`, so that they do not overlap.
    delay : float, default=0.0
        By how many seconds annotations come later than what they are about, as people need time to react: a window
        from `start` to `end` gets what was annotated from ``start + delay`` to ``end + delay``.
    statistic : {"mean", "median", "last"}, default="mean"
        Which number a window gets.
    min_annotations : int, default=1
        Windows in which fewer times were annotated are left out, as at a gap.

    Returns
    -------
    pandas.DataFrame
        The columns `file`, `start` and `end`, a table of segments as `SpectrogramTransformer` takes it, and those of
        the numbers. Windows start at the multiples of `hop` from 0; those in which the annotation begins only later,
        or has ended before, are left out: of a recording that is annotated in part there are windows of that part.
        Recordings themselves are not looked at: where an annotation goes on after the end of its recording, so do
        windows, and `SpectrogramTransformer` names the first that is not inside the recording.

    Raises
    ------
    ParameterError
        If the columns `file` or `time` are missing, or several have one name.
    DataSetError
        If there is no column of numbers, a file, time or number is missing or not finite, times of a recording are not
        in order or there twice, or a recording has no window, because its annotation is shorter than one or all of it
        lies before the `delay`.

    See Also
    --------
    join_windows : The way back, from numbers of windows to a series.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skaudeep.datasets import annotation_windows
    >>> heard = pd.DataFrame({"file": "a.wav", "time": np.arange(8) / 2, "valence": np.arange(8.0)})
    >>> annotation_windows(heard, width=2, hop=1)
        file  start  end  valence
    0  a.wav    0.0  2.0      1.5
    1  a.wav    1.0  3.0      3.5
    2  a.wav    2.0  4.0      5.5
    """
    names = check_annotations(annotations)
    reserved = [name for name in names if name in ("start", "end")]
    if reserved:
        raise ParameterError("annotations", reserved[0], ": so is a column of windows called; rename it")
    hop = width if hop is None else hop
    parts = []
    for file, own in annotations.groupby("file", sort=False):
        times, numbers = own["time"].to_numpy(np.float64) - delay, own[names].to_numpy(np.float64)
        starts = _starts(times, width, hop)
        first, last = np.searchsorted(times, starts - 1e-9), np.searchsorted(times, starts + width - 1e-9)
        kept = last - first >= min_annotations
        if not kept.any():
            asked, smaller = param("delay", delay), param.width
            if min_annotations > 1:
                asked, smaller = f"{asked} and {param('min_annotations', min_annotations)}", param.min_annotations
            raise DataSetError(
                f"{file}: its annotation, from {times[0] + delay:g} to {times[-1] + delay:g} s, fills no window of "
                f"{width:g} s with {asked}; give a smaller {smaller} or {param.delay}, or leave this recording out."
            )
        rows = [_STATISTICS[statistic](numbers[a:b], axis=0) for a, b in zip(first[kept], last[kept], strict=True)]
        window = {"file": file, "start": starts[kept], "end": starts[kept] + width}
        parts.append(pd.DataFrame(window | dict(zip(names, np.transpose(rows), strict=True))))
    return pd.concat(parts, ignore_index=True)


def _starts(times, width, hop):
    """Give the starts of all windows that lie within the annotation, up to the time that its last value stands for."""
    step = np.median(np.diff(times)) if len(times) > 1 else 0.0
    begin, end = max(times[0], 0.0), times[-1] + step
    first = max(0.0, np.ceil(begin / hop - 1e-9))
    return np.arange(first, max(first, np.floor((end - width) / hop + 1e-9) + 1)) * hop


@validate_params(
    {
        "windows": [pd.DataFrame],
        "values": ["array-like"],
        "step": [*_POSITIVE, None],
        "median": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def join_windows(windows, values, *, step=None, median=0.0):
    """Turn numbers of windows, which may overlap, into a series for each recording.

    Parameters
    ----------
    windows : pandas.DataFrame
        The columns `file`, `start` and `end`, as of :func:`annotation_windows`.
    values : array-like of shape (n_windows,) or (n_windows, n_targets)
        A number, or one for each target, of each window, such as predictions.
    step : float, default=None
        Seconds from one time of the series to the next; None: the smallest distance of the starts of two windows of a
        recording, or their width if each has one window.
    median : float, default=0.0
        Width of a median filter in seconds: each number of the series becomes the median of those that are at most
        half as far away, in the same recording; 0 leaves it as it is. A width that is chosen by its results has to be
        chosen on training recordings, as by :func:`skaudeep.evaluation.fit_median_filter`.

    Returns
    -------
    pandas.DataFrame
        The columns `file`, `time` and `value`, or `value_0`, `value_1` and so on: at each multiple of `step` from the
        start of the first window on the mean over the windows that contain the time. Times in no window are left out.

    Raises
    ------
    ParameterError
        If there is not a value for each window, one is not finite, or a column is missing.
    DataSetError
        If a window has no file, no start or no end, or does not end after its start; or there is none.

    See Also
    --------
    annotation_windows : The way here.

    Examples
    --------
    >>> import pandas as pd
    >>> from skaudeep.datasets import join_windows
    >>> windows = pd.DataFrame({"file": "a.wav", "start": [0.0, 1.0], "end": [2.0, 3.0]})
    >>> join_windows(windows, [0.0, 1.0])
        file  time  value
    0  a.wav   0.0    0.0
    1  a.wav   1.0    0.5
    2  a.wav   2.0    1.0

    A single outlier, and how a median filter takes it out:

    >>> windows = pd.DataFrame({"file": "a.wav", "start": range(4), "end": range(1, 5)})
    >>> join_windows(windows, [1.0, 1.0, 9.0, 1.0], median=2.0)["value"].tolist()
    [1.0, 1.0, 1.0, 5.0]
    """
    starts, ends = check_windows(windows)
    numbers = np.asarray(values, np.float64)
    if numbers.ndim not in (1, 2) or len(numbers) != len(windows):
        raise ParameterError("values", numbers.shape, f": that is its shape, and there are {len(windows)} windows")
    if not np.isfinite(numbers).all():
        raise ParameterError("values", float(numbers[~np.isfinite(numbers)][0]), ": not finite; leave such windows out")
    names = ["value"] if numbers.ndim == 1 else [f"value_{i}" for i in range(numbers.shape[1])]
    numbers = numbers.reshape(len(windows), len(names))
    files = windows["file"].to_numpy()
    step = _smallest_step(files, starts, ends) if step is None else step
    parts = []
    for file in pd.unique(files):
        own = files == file
        times, means = _average(starts[own], ends[own], numbers[own], step)
        smooth = _filter(times, means, median)
        parts.append(pd.DataFrame({"file": file, "time": times} | dict(zip(names, smooth.T, strict=True))))
    return pd.concat(parts, ignore_index=True)


def _smallest_step(files, starts, ends):
    # to the nanosecond, as 3 * 0.1 and 0.3 are the same start
    starts = pd.Series(np.round(starts, 9))
    steps = starts.groupby(files).apply(lambda own: np.diff(np.unique(own)).min(initial=np.inf)).min()
    return float(steps if np.isfinite(steps) else (ends - starts).min())


def _average(starts, ends, numbers, step):
    """Give the times that windows of a recording contain, and the mean over the windows of each."""
    begin = starts.min()
    times = begin + step * np.arange(np.ceil((ends.max() - begin) / step - 1e-9))
    first, last = np.searchsorted(times, starts - 1e-9), np.searchsorted(times, ends - 1e-9)
    sums, counts = np.zeros((len(times), numbers.shape[1])), np.zeros(len(times))
    for a, b, row in zip(first, last, numbers, strict=True):
        sums[a:b] += row
        counts[a:b] += 1
    inside = counts > 0
    return times[inside], sums[inside] / counts[inside, None]


def _filter(times, numbers, width):
    """Take the median over all times at most half of `width` away."""
    if not width:
        return numbers
    first = np.searchsorted(times, times - width / 2 - 1e-9)
    last = np.searchsorted(times, times + width / 2 + 1e-9)
    return np.array([np.median(numbers[a:b], axis=0) for a, b in zip(first, last, strict=True)])


def check_windows(windows):
    """Give starts and ends of windows, in seconds; refuse what is no table of windows."""
    _check_columns("windows", ["file", "start", "end"], windows)
    if not len(windows):
        raise DataSetError("windows: there is none; give the table that annotation_windows has made.")
    _check_files("windows", windows)
    starts, ends = (_as_numbers("windows", windows[name]) for name in ("start", "end"))
    wrong = ends <= starts
    if wrong.any():
        at = int(np.argmax(wrong))
        raise DataSetError(
            f"windows: the one from {starts[at]:g} to {ends[at]:g} s of {windows['file'].iloc[at]} does not end after "
            "its start; correct it or leave it out."
        )
    return starts, ends


def check_annotations(annotations):
    """Give the names of the columns of numbers of a table of annotations, which is refused where it is none."""
    _check_columns("annotations", ["file", "time"], annotations)
    names = [name for name in annotations if name not in ("file", "time")]
    if not names or not len(annotations):
        raise DataSetError("annotations: expected a column of numbers beside file and time, and a row or more.")
    _check_files("annotations", annotations)
    for name in ("time", *names):
        _as_numbers("annotations", annotations[name])
    times = annotations["time"].to_numpy(np.float64)
    wrong = times <= annotations.groupby("file", sort=False)["time"].shift().to_numpy(np.float64)
    if wrong.any():
        file = annotations["file"].iloc[int(np.argmax(wrong))]
        raise DataSetError(
            f"annotations: times of {file} are not in order, or there twice; sort them by file and time."
        )
    return names


def _check_files(parameter, table):
    """Refuse rows without a file, which would not be seen again."""
    missing = table["file"].isna().to_numpy()
    if missing.any():
        raise DataSetError(f"{parameter}: row {int(np.argmax(missing))} has no file; name it, or leave the row out.")


def _as_numbers(parameter, column):
    """Give a column as finite numbers."""
    if column.dtype.kind in "mM":
        raise DataSetError(f"{parameter}: {column.name} is {column.dtype}; give seconds (.dt.total_seconds()).")
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    wrong = ~np.isfinite(numbers)
    if wrong.any():
        at = int(np.argmax(wrong))
        found = column.astype(object).iloc[at]  # a float of Python's prints as nan
        raise DataSetError(
            f"{parameter}: row {at} of {column.name} is {found!r}, which is no finite number; leave such "
            "rows, or columns that are no numbers, out."
        )
    return numbers


def _check_columns(parameter, names, table):
    lacks = [name for name in names if name not in table]
    if lacks:
        raise ParameterError(parameter, lacks[0], f": there is no such column, but {', '.join(map(str, table))}")
    if not table.columns.is_unique:
        twice = table.columns[table.columns.duplicated()][0]
        raise ParameterError(parameter, twice, ": there are several columns of this name; leave all but one out")
