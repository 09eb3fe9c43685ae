"""Recordings that a table lists, and the reading of such tables."""

import csv
import io
import os
import re
from pathlib import Path

import numpy as np
import pandas as pd

from skaudeep._columns import PATH_NAMES, ROLES, to_seconds
from skaudeep._validation import Options, validate_params
from skaudeep.corpora._bunch import PARTITION_NUMBERS, encode_labels, make_bunch
from skaudeep.corpora._roles import choose_columns, choose_targets
from skaudeep.corpora.find import fitting_folder, locate, note_unlisted, unlisted_beside
from skaudeep.exceptions import DataSetError, param

#: What a table in a folder is called.
TABLE_NAMES = ("metadata.csv", "metadata.tsv")
TABLE_LAYOUT = (
    f"Expected a table ({' or '.join(TABLE_NAMES)} in a folder) with one line per recording and a header: the column "
    "path, and where wanted label, fold, partition (train, devel, test), start, end (in seconds) and group."
)

_SEPARATORS = {",": "comma", "\t": "tab", ";": "semicolon", "|": "bar"}


@validate_params(
    {
        "table": "no_validation",
        "separator": [str, None],
        "root": "no_validation",
        "regression": ["boolean", None],
        "path": [str, None],
        "targets": [list, tuple, str, None],
        **{role: [str, Options(bool, {False}), None] for role in ROLES[1:]},
    },
    prefer_skip_nested_validation=True,
)
def load_table(
    table,
    *,
    separator=None,
    root=None,
    regression=None,
    path=None,
    label=None,
    start=None,
    end=None,
    duration=None,
    group=None,
    fold=None,
    partition=None,
    targets=None,
):
    r"""Find the recordings, or segments of recordings, that a table of your own lists.

    Parameters
    ----------
    table : str or path-like
        A text file in UTF-8 with a header and one line for each recording, or a folder that holds it as
        `metadata.csv` or `metadata.tsv`. These columns are known, in either case and any order:

        * `path` (or else `file`, `filename` or `file_name`): the audio file; the only column that is needed;
        * `label`: the name of a class, or a number to be predicted;
        * `start`, `end`: where a segment starts and ends, or `start` and `duration`;
        * `group`: recordings with the same value belong together;
        * `fold`: the fold in which the recording is validated, a whole number from 0 or a name;
        * `partition`: train, devel (also dev, val, valid, validation) or test (also eval), or 0, 1 or 2.

        Times are seconds, such as `1.5`, or `0:01.5` (minutes and seconds), `0:00:01.5`, `0 days 00:00:01.5` as
        pandas writes it, or `PT1.5S`. Empty fields are missing values, as are `NaN` and `NA` among numbers, and `NaT`
        among times; spaces around fields do not count. Further columns stay in `frame`, and `DESCR` names them.
    separator : str, default=None
        The character between columns. By default a tab in files that end in `.tsv` or `.tab`, otherwise
        the one of comma, semicolon, tab and bar that the header shows.
    root : str or path-like, default=None
        The folder where relative paths start. By default that of the table.
    regression : bool, default=None
        Whether labels are numbers to be predicted, and not classes. By default they are if all of them are numbers
        and not all are whole.
    path : str, default=None
        The name of the column of paths, where it is none of those above.
    label, start, end, duration, group, fold, partition : str or False, default=None
        The names of these columns, where they are not called so. False: there is none, whatever the header has.
    targets : list of str or str, default=None
        The columns of one or several numbers to be predicted, such as ``["arousal", "valence"]``. Empty fields are
        missing values.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`, in the order of the table. With segments, `data` is a DataFrame with the
        columns file, start and end, `filenames` are such as `name.wav#t=1.5,3`, and segments of a file without a
        group of their own are a group.

    Raises
    ------
    DataSetError
        If the table cannot be read or lacks the column of paths or one that is asked for; if a column looks like
        labels or times and neither has their name nor is asked for (`emotion`, `class`, `onset`, `end_time`, ...); if
        a file is not there or listed twice, or a field is not a fold, partition or time. The message names the line.

    Warns
    -----
    UserWarning
        If a column looks like groups, folds or partitions (`speaker`, `split`, ...) and is not used, or there is a
        duration and no start.

    See Also
    --------
    load_corpus : Recordings in a folder whose layout is recognised.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_table
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "sounds.csv")
    ...     _ = table.write_text("path,label,start,end\na.wav,rain,0,1.5\na.wav,dog,1.5,3\nb.wav,,,\n")
    ...     for name in ("a.wav", "b.wav"):
    ...         pathlib.Path(folder, name).touch()
    ...     corpus = load_table(table)
    >>> corpus.filenames.tolist()
    ['a.wav#t=0,1.5', 'a.wav#t=1.5,3', 'b.wav']
    >>> corpus.target.tolist(), corpus.target_names.tolist()
    ([1.0, 0.0, nan], ['dog', 'rain'])
    >>> corpus.groups.tolist()
    ['a.wav', 'a.wav', 'b.wav']

    Columns of other names:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "sounds.csv")
    ...     _ = table.write_text("clip,Emotion,speaker,age\na.wav,joy,s1,30\nb.wav,fear,s2,40\n")
    ...     for name in ("a.wav", "b.wav"):
    ...         pathlib.Path(folder, name).touch()
    ...     corpus = load_table(table, path="clip", label="Emotion", group="speaker")
    >>> corpus.DESCR  # doctest: +NORMALIZE_WHITESPACE
    'Audio: 2 recordings, 2 classes (fear, joy), 2 groups of recordings that belong together,
    columns not used: age.'

    Numbers to be predicted:

    >>> with tempfile.TemporaryDirectory() as folder:
    ...     table = pathlib.Path(folder, "sounds.csv")
    ...     _ = table.write_text("path,arousal,valence\na.wav,0.5,-1\nb.wav,,0.25\n")
    ...     for name in ("a.wav", "b.wav"):
    ...         pathlib.Path(folder, name).touch()
    ...     corpus = load_table(table, targets=["arousal", "valence"])
    >>> corpus.targets
       arousal  valence
    0      0.5    -1.00
    1      NaN     0.25
    """
    table = _table_file(table)
    frame = read_table(table, separator=separator, path=path)
    given = dict(zip(ROLES, (path, label, start, end, duration, group, fold, partition), strict=True))
    targets = [targets] if isinstance(targets, str) else list(targets or ())
    if targets and label is None and "label" not in map(str.lower, frame):
        given["label"] = False
    chosen = choose_columns(frame, given, table, TABLE_LAYOUT, taken=targets)
    targets = choose_targets(frame, targets, chosen, table)
    columns = {role: frame[name] for role, name in chosen.items()}
    names = columns["path"]
    if (names == "").any():
        raise _wrong_field(names, names == "", table, "the path of a file")
    root = table.parent if root is None else Path(root)
    paths = locate(names, root, table)
    times = _times(columns, table)
    segments = _segments(paths, times, frame.index, table)
    tails = "" if segments is None else fragments(segments)
    check_different(np.array(paths, dtype=object) + tails, names, table)
    files = _below(names, paths, root)
    identity = files + tails
    target = target_names = None
    if "label" in columns:
        source = f"{table}, column {columns['label'].name}"
        target, target_names = encode_labels(columns["label"], regression=regression, source=source)
    numbers = pd.DataFrame({name: _target(frame[name], table) for name in targets})
    if targets and target is not None and target_names is None:
        raise DataSetError(f"{table}: the column {columns['label'].name} has numbers too; name it among the targets.")
    if len(targets) == 1 and target is None:
        target = numbers.pop(targets[0]).to_numpy()
    groups = None if segments is None else files
    if "group" in columns and (columns["group"] != "").any():
        groups = np.where(columns["group"] == "", files, columns["group"])
    return make_bunch(
        paths if segments is None else segments,
        identity,
        target=target,
        target_names=target_names,
        targets=numbers if len(numbers.columns) else None,
        folds=_folds(columns["fold"], table) if "fold" in columns else None,
        partition=_partition(columns["partition"], table) if "partition" in columns else None,
        groups=groups,
        frame=typed(frame, [chosen[role] for role in ("path", "label", "group") if role in chosen]),
        unused_columns=[name for name in frame if name not in (*chosen.values(), *targets)],
        notes=note_unlisted(len(unlisted_beside(paths)), " beside them"),
    )


def fits_table(folder):
    """Say why a folder has no table of the expected name, or None if it has one."""
    found = any(Path(folder, name).is_file() for name in TABLE_NAMES)
    return None if found else f"no table {' or '.join(TABLE_NAMES)}"


def read_table(file, columns=(), *, separator=None, path=None):
    """Read a table with a header as text.

    Parameters
    ----------
    file : path-like
        A file in UTF-8.
    columns : sequence of str, default=()
        Columns that it must have.
    separator : str, default=None
        What stands between columns; found out by default.
    path : str, default=None
        What the column of paths is called, by which a separator is found out, if not by one of the usual names.

    Returns
    -------
    DataFrame of str
        Its index holds the lines of the file; missing fields are "".

    Raises
    ------
    DataSetError
        If it cannot be read, the message says where and what was expected.
    """
    text = _read_text(file, columns, separator)
    if separator is None:
        separator = _separator(file, text, path)
    lines = _parse(file, text, columns, separator)
    if not lines:
        raise _unreadable(file, "it is empty", columns, separator)
    header = lines.pop(0)[1]
    lacks = [name for name in columns if name not in header]
    if lacks:
        found = ", ".join(map(repr, header[:20]))
        raise _unreadable(file, f"it lacks {', '.join(lacks)} and has {found}", columns, separator)
    repeated = pd.Index(list(map(str.lower, header))).duplicated()
    if repeated.any():
        raise _unreadable(file, f"two columns are called {header[np.argmax(repeated)]!r}", columns, separator)
    for line, fields in lines:
        if len(fields) != len(header):
            what = f"line {line} has {len(fields)} fields, the header {len(header)}"
            raise _unreadable(file, what, columns, separator)
    index = pd.Index([line for line, _ in lines], name="line", dtype=np.int64)
    return pd.DataFrame([fields for _, fields in lines], columns=header, index=index, dtype=str)


def read_header(path, separator):
    """Read the names of the columns of a table.

    Parameters
    ----------
    path : path-like
        A file in UTF-8.
    separator : str
        What stands between columns.

    Returns
    -------
    list of str
        Empty if the file is.
    """
    header = next((line for line in _read_text(path, (), separator).splitlines() if line.strip()), "")
    return next((fields for _, fields in _parse(path, header, (), separator)), [])


def read_lines(path, separator="\t", expected=("file", "label")):
    """Read a table without a header, whose lines may differ in length.

    Parameters
    ----------
    path : path-like
        A file in UTF-8.
    separator : str, default="\t"
        What stands between columns.
    expected : sequence of str, default=("file", "label")
        What the columns hold, for messages.

    Returns
    -------
    list of (int, list of str)
        Number and fields of each line that is not empty.

    Raises
    ------
    DataSetError
        If it cannot be read.
    """
    return _parse(path, _read_text(path, expected, separator), expected, separator)


def whole_numbers(column, table):
    """Return a column of a table as integers; a `DataSetError` names the line of anything else."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    wrong = ~(np.isfinite(numbers) & (numbers == np.round(numbers)))
    if wrong.any():
        raise _wrong_field(column, wrong, table, "a whole number")
    return numbers.astype(np.int64)


def check_different(identity, names, table):
    """Refuse a table that lists a recording, or a segment of it, twice.

    Parameters
    ----------
    identity : array-like of shape (n_files,)
        What must differ.
    names : Series of str of shape (n_files,)
        What files are called in the table; the index holds its lines.
    table : path-like
        For messages.

    Raises
    ------
    DataSetError
        If something is there twice; the message says in which lines.
    """
    identity = pd.Series(identity)
    repeated = identity.duplicated()
    if repeated.any():
        at = repeated.argmax()
        lines = names.index[identity == identity[at]]
        raise DataSetError(
            f"{table} lists {repeated.sum()} recordings more than once, the first is {names.iloc[at]} (lines "
            f"{lines[0]} and {lines[1]}); leave one out, or tell segments apart by the columns start and end."
        )


def _table_file(table):
    """Return the path of a table, given that of the file or its folder."""
    table = Path(table)
    if table.is_dir():
        fitting_folder(table, fits_table, TABLE_LAYOUT)
        found = [table / name for name in TABLE_NAMES if Path(table, name).is_file()]
        if len(found) > 1:
            raise DataSetError(f"{table} holds {' and '.join(TABLE_NAMES)}; give the path of the right one.")
        return found[0]
    if not table.exists():
        raise DataSetError(f"The table {table} does not exist. {TABLE_LAYOUT}")
    return table


def _read_text(path, columns, separator):
    try:
        text = Path(path).read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise _unreadable(path, error.strerror, columns, separator) from error
    except UnicodeError as error:
        raise _unreadable(path, f"{error}; save it as text in UTF-8", columns, separator) from error
    if "\0" in text:
        raise _unreadable(path, "it is not a text file", columns, separator)
    return text


def _parse(path, text, columns, separator):
    """Parse number and fields of each line that is not empty."""
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, skipinitialspace=True, strict=True)
        lines = [(reader.line_num, [field.strip() for field in fields]) for fields in reader]
    except (csv.Error, TypeError, ValueError) as error:
        raise _unreadable(path, error, columns, separator) from error
    return [(line, fields) for line, fields in lines if any(fields)]


def _separator(file, text, path=None):
    """Find the separator: by the suffix, else by a column of paths, else that with most columns in the header."""
    if Path(file).suffix.lower() in (".tsv", ".tab"):
        return "\t"
    header = next((line for line in text.splitlines() if line.strip()), "")
    paths = PATH_NAMES if path is None else (path.strip().lower(),)

    def fitness(separator):
        fields = [field.strip(' "').lower() for field in header.split(separator)]
        return any(name in fields for name in paths), len(fields)

    return max(_SEPARATORS, key=fitness)


def _unreadable(path, why, columns, separator):
    kind = f"{_SEPARATORS.get(separator, 'delimiter' if separator is None else repr(separator))}-separated columns"
    expected = f"the {kind} {', '.join(columns)}" if columns else f"{kind} with a header"
    return DataSetError(f"Cannot read {path} ({why}); expected {expected}.")


def _wrong_field(column, wrong, table, expected):
    at = np.argmax(wrong)
    return DataSetError(f"{table}, line {column.index[at]}: {column.name} is {column.iloc[at]!r}; expected {expected}.")


def _below(names, paths, root):
    """Say what identifies files: paths below the root where they are, otherwise as they are written."""
    start = os.path.join(os.path.normpath(os.path.abspath(root)), "")
    short = []
    for path, name in zip(map(os.path.abspath, paths), names, strict=True):
        if path.startswith(start):
            short.append(path[len(start) :])
        else:
            short.append(path if os.path.isabs(name) else os.path.normpath(name))
    return np.array([name.replace(os.sep, "/") for name in short], dtype=object)


def _target(column, table):
    """Return the numbers of a column, NaN where missing."""
    remedy = f"leave the column out of {param.targets}"
    numbers, _ = encode_labels(column, regression=True, source=f"{table}, column {column.name}", remedy=remedy)
    if numbers is None:
        raise DataSetError(f"{table}: the column {column.name}, one of {param.targets}, has no number; leave it out.")
    return numbers


def _times(columns, table):
    """Start and end of segments in seconds, NaN where missing, as far as there are such columns."""
    times = {role: _seconds(columns[role], table) for role in ("start", "end") if role in columns}
    if "duration" in columns:
        start = np.nan_to_num(times.get("start", 0.0))
        # to the nanosecond, as timedeltas are: 0.1 + 0.2 ends at 0.3
        times["end"] = np.round(start + _seconds(columns["duration"], table), 9)
    return times


def _seconds(column, table):
    """Return times in seconds, NaN where missing."""
    seconds = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan, copy=True)
    is_text = np.isnan(seconds) & (column != "").to_numpy()
    wrong = np.isinf(seconds) | (seconds < 0)
    for row in np.flatnonzero(is_text):
        try:
            seconds[row] = to_seconds(column.iloc[row])
        except ValueError:
            wrong[row] = True
    wrong |= seconds < 0
    if wrong.any():
        raise _wrong_field(column, wrong, table, "a time in seconds, such as 1.5, or 0:00:01.5")
    return seconds


def _segments(paths, times, lines, table):
    """Return file, start and end of every recording, or None if all are whole files."""
    if np.isnan(list(times.values())).all():
        return None
    segments = pd.DataFrame({"file": paths, "start": np.nan, "end": np.nan} | times)
    empty = (segments["end"] <= segments["start"].fillna(0)).to_numpy()
    if empty.any():
        at = np.argmax(empty)
        raise DataSetError(
            f"{table}, line {lines[at]}: the segment ends at {segments['end'][at]:g} s, but starts at "
            f"{segments['start'].fillna(0)[at]:g} s; correct the table."
        )
    return segments


def fragments(segments):
    """Return the part of the name of each segment that tells it: a media fragment such as #t=1.5,3.

    Parameters
    ----------
    segments : DataFrame of shape (n_segments, n_columns)
        The columns start and end, in seconds, NaN where a file starts or ends there.

    Returns
    -------
    ndarray of str of shape (n_segments,)
        Empty for a whole file.
    """

    def text(time, before=""):
        return "" if np.isnan(time) else before + np.format_float_positional(time, trim="-")

    times = zip(segments["start"], segments["end"], strict=True)
    tails = [text(start) + text(end, ",") for start, end in times]
    return np.array([tail and f"#t={tail}" for tail in tails], dtype=object)


def _folds(column, table):
    """Fold numbers, NaN where missing; named folds are numbered from 1 in sorted order."""
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    known = ~column.str.lower().isin(["", "nan", "na"]).to_numpy()
    if np.isnan(numbers[known]).any():
        # fold10 after fold9
        names = sorted(set(column[known]), key=lambda name: [part.zfill(20) for part in re.split(r"(\d+)", name)])
        return column.map({name: number for number, name in enumerate(names, 1)}).to_numpy(dtype=np.float64)
    wrong = known & ~((numbers >= 0) & (numbers == np.round(numbers)) & (numbers < 2**31))
    if wrong.any():
        raise _wrong_field(column, wrong, table, "a whole number from 0, or nothing where there is no fold")
    return np.where(known, numbers, np.nan)


def _partition(column, table):
    """Return numbers of partitions, NaN where missing."""
    known = PARTITION_NUMBERS | {form: number for number in range(3) for form in (f"{number}", f"{number}.0")}
    numbers = column.str.lower().map(known).to_numpy(dtype=np.float64)
    wrong = np.isnan(numbers) & (column != "").to_numpy()
    if wrong.any():
        raise _wrong_field(column, wrong, table, "train, devel or test")
    return numbers


def typed(frame, texts=()):
    """Make numbers of the columns that hold nothing else; names of files, classes and groups stay text."""
    frame = frame.reset_index(drop=True)
    for name in frame:
        if name not in texts and name.lower() not in (*PATH_NAMES, "label", "group"):
            numbers = pd.to_numeric(frame[name], errors="coerce")
            padded = frame[name].str.match(r"-?0\d")  # a name rather than a number
            if numbers[frame[name] != ""].notna().all() and not padded.any():
                frame[name] = numbers
    return frame
