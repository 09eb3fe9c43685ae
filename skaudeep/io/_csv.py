"""Data sets in CSV files, laid out as auDeep exports them."""

import csv
import itertools
import os
import re
from pathlib import Path

import numpy as np
import xarray as xr

from skaudeep._validation import StrOptions, validate_params
from skaudeep.datamodel import get_feature_names, target_columns
from skaudeep.exceptions import DataSetError
from skaudeep.io.formats import LAYOUTS
from skaudeep.io.tables import (
    COLUMN_OPTIONS,
    IDENTIFIERS,
    LABELS,
    TextFormat,
    answers,
    check_writable,
    collect,
    decode,
    find_columns,
    read_lines,
    to_dataset,
    write_tables,
    wrong_width,
)

_SPECIAL = re.compile('[",\r\n]')
# What begins a formula, where a cell begins: also for a program that separates cells otherwise than by commas.
_FORMULA = re.compile(r"(^|[\t\r\n;|])(?=[=+\-@\t\r])")


@validate_params(
    {
        "ds": [xr.Dataset],
        "path": [str, os.PathLike],
        "labels_last": ["boolean"],
        "layout": [StrOptions(set(LAYOUTS))],
        "guard_formulas": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def write_csv(ds, path, *, labels_last=False, layout="audeep", guard_formulas=False):
    """Write a data set to a CSV file, in one step or not at all.

    The columns are `filename`, `chunk_nr`, `label_nominal`, `label_numeric` and one for each feature, or with
    `layout="weka"` the features and one label. Several targets come last, as `target:NAME`. Folds and partitions have
    no columns; :func:`export_dataset` turns them into folders.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it. Lazy features are computed in blocks.
    path : str or path-like
        The file to write, usually ending in `.csv`; an existing file is replaced.
    labels_last : bool, default=False
        Whether the labels come after the features.
    layout : {"audeep", "weka"}, default="audeep"
        Which columns there are. "audeep": all, as auDeep exports them. "weka": what a program may learn from that takes
        every column but the last for a feature: the features, and last `label_nominal`, or `label_numeric` where there
        are no class names, or several targets; no identifiers, and no number of the class, which would give the answer
        away.
    guard_formulas : bool, default=False
        Whether to put an apostrophe before names and labels that a spreadsheet would run as formulas, those that begin
        with ``=``, ``+``, ``-``, ``@``, a tabulator or a carriage return. They are read again with the apostrophe.

    Raises
    ------
    DataSetError
        If `ds` is not a data set, has no features, or a name in it cannot be written.
    ValueError
        If `path` is the file that `ds` has been read from.
    FileNotFoundError
        If the folder of `path` does not exist.

    See Also
    --------
    read_csv : Read the file again.
    export_dataset : Write a file for every fold and partition.

    Notes
    -----
    The text is UTF-8 with one line per instance. Numbers are as short as float32 allows, so that they are read again
    exactly; a missing value is an empty field. Several feature dimensions become one, in C order. Further variables and
    classes without instances are left out; ARFF files keep the latter.

    Names and labels are written as they are. Where these come from others and the file will be opened in a spreadsheet
    program, one such as ``=HYPERLINK("...")`` is a formula there: use `guard_formulas`, or import the columns as text.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.io import write_csv
    >>> ds = make_dataset([[0.5, 1e-5], [0.1, 2.0]], ["a.wav", "b.wav"], label_nominal=["Rain", "Dog bark"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_csv(ds, pathlib.Path(folder, "features.csv"))
    ...     print(pathlib.Path(folder, "features.csv").read_text())
    filename,chunk_nr,label_nominal,label_numeric,feature_0,feature_1
    a.wav,0,Rain,1,0.5,1e-05
    b.wav,0,Dog bark,0,0.1,2.0
    """
    check_writable(ds)
    every = np.ones(ds.sizes["instance"], dtype=bool)
    write_tables(ds, {path: every}, *plan(ds, labels_last=labels_last, layout=layout, guard_formulas=guard_formulas))


@validate_params({"path": [str, os.PathLike], **COLUMN_OPTIONS}, prefer_skip_nested_validation=True)
def read_csv(
    path,
    *,
    filename="filename",
    chunk_nr="chunk_nr",
    label_nominal="label_nominal",
    label_numeric="label_numeric",
    targets=(),
):
    """Read a data set from a CSV file.

    Columns are found by their names; every column that does not hold one of the four variables below is a feature.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`write_csv`, the original auDeep or another program has written: UTF-8, commas between the
        fields, double quotes around those that need them, names of the columns in the first line.
    filename : str, default="filename"
        The column that names the recordings. Without it, every row is a recording of its own, named after the file:
        `features-0`, `features-1`, ...
    chunk_nr : str, default="chunk_nr"
        The column of chunk numbers. Without it, the rows of a recording are counted.
    label_nominal : str, default="label_nominal"
        The column of class names. Any name is a class, also "NA"; an empty one is missing.
    label_numeric : str, default="label_numeric"
        The column of class numbers or continuous targets. Without it, class names are numbered in sorted order.
    targets : sequence of str, default=()
        The columns of several continuous targets; those that are called `target:NAME` need not be given.

    Returns
    -------
    xarray.Dataset
        The data set, in memory, without folds and partitions.

    Raises
    ------
    DataSetError
        If the file cannot be read, is malformed, has a column that is neither known nor numeric, or has an instance
        twice, or if a column that was named otherwise than its variable is not there. The message names file and line.

    See Also
    --------
    write_csv : Write such a file.
    import_dataset : Read the files of folds and partitions.

    Notes
    -----
    A missing feature is an empty field, `?`, `NA`, `null` or any spelling of NaN.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.io import read_csv
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "table.csv")
    ...     _ = file.write_text("path,loudness,pitch,class\\na.wav,0.5,440,dog\\nb.wav,,880,rain\\n")
    ...     ds = read_csv(file, filename="path", label_nominal="class")
    >>> ds.features.values.tolist()
    [[0.5, 440.0], [nan, 880.0]]
    >>> ds.generated.values.tolist()
    ['loudness', 'pitch']
    >>> ds.label_map
    '[["dog", 0], ["rain", 1]]'
    """
    columns = {"filename": filename, "chunk_nr": chunk_nr, "targets": targets}
    return to_dataset(read_table(path, label_nominal=label_nominal, label_numeric=label_numeric, **columns))


def plan(ds, *, labels_last, layout="audeep", guard_formulas=False):
    """Say how values are written, the variables before and after the features, and the first line."""
    before, after = (IDENTIFIERS, LABELS) if labels_last else (IDENTIFIERS + LABELS, ())
    after += tuple(target_columns(ds))
    if layout == "weka":
        before, after = (), answers(ds)
    quote = _quote_guarded if guard_formulas else _quote
    names = (*before, *get_feature_names(ds).tolist(), *after)
    return TextFormat(quote, "", np.float32), (before, after), ",".join(map(quote, names)) + "\n"


def read_table(path, *, prefix=None, **options):
    """Read what a file holds; `prefix` is what generated file names start with."""
    lines = read_lines(path)
    for number, line in lines:
        if line.strip(b"\r\n"):
            names = _record(line, lines, f"{path}, line {number}")
            break
    else:
        raise DataSetError(f"{path} is empty; expected the names of the columns in the first line.")
    columns = find_columns(names, path, options, blanks=True)
    return collect(_rows(lines, columns, path), columns, path, prefix=prefix or Path(path).stem)


def _rows(lines, columns, path):
    """Yield line number, the fields beside the run of features, and the run itself, for every row."""
    start, stop, width = columns.start, columns.stop, len(columns.names)
    after = width - stop
    for number, line in lines:
        where = f"{path}, line {number}"
        line = line if b'"' in line else line.rstrip(b"\r\n")
        if not line:
            continue
        if b'"' in line or b"\r" in line:
            fields = _record(line, lines, where)
            if len(fields) != width:
                raise wrong_width(len(fields), columns, where)
            yield number, fields[:start] + fields[stop:], ",".join(fields[start:stop]).encode()
            continue
        *head, rest = line.split(b",", start)
        run, *tail = rest.rsplit(b",", after) if after else (rest,)
        if len(head) < start or len(tail) < after:
            raise wrong_width(line.count(b",") + 1, columns, where)
        yield number, [decode(field, where) for field in (*head, *tail)], run


def _record(line, lines, where):
    """Return the fields of a row that may go on in the next lines, because of line ends between quotes."""
    following = (decode(text, f"{where} or after") for text in itertools.chain([line], (text for _, text in lines)))
    try:
        return next(csv.reader(following, strict=True))
    except csv.Error as error:
        raise DataSetError(
            f"{where}: {error}. Expected fields with commas between them, and double quotes around those that hold "
            "commas, quotes or line ends."
        ) from None


def _quote(text):
    if _SPECIAL.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


def _quote_guarded(text):
    """Return a value that no spreadsheet takes for a formula."""
    return _quote(_FORMULA.sub(r"\1'", text))
