"""Tables of predicted numbers in files."""

import csv
import logging
import math
from pathlib import Path

import numpy as np
import pandas as pd

from skaudeep._columns import SINGLE_TARGET, split_fragment
from skaudeep._files import atomic_path
from skaudeep.exceptions import DataSetError

_NUMBERS = ("label", "prediction")
_POSITIONS = ("repeat", "split", "chunk_nr", "start", "end")
_MISSING = frozenset(["", "nan", "na", "none", "null"])
_EXPECTED = "give a table of predicted numbers: CSV with the columns label, the true number, and prediction"

_log = logging.getLogger(__name__)


def read_predicted_numbers(path):
    """Read a table of predicted numbers, such as the `predictions` of an evaluation as CSV.

    Gives the columns of the file: `label`, the true number, and `prediction`, both float64; `target`, "label" in all
    rows where the file does not have it; `repeat`, `split`, `chunk_nr`, `start` and `end`, float64, and others as text.
    Rows that lack the true or the predicted number are left out. The index holds lines of the file.
    """
    table = _read_text(Path(path))
    lacks = [name for name in _NUMBERS if name not in table]
    if lacks:
        found = ", ".join(map(repr, table.columns[:20]))
        raise DataSetError(f"{path} has no column {lacks[0]!r}, but {found}; {_EXPECTED}.")
    for name in (*_NUMBERS, *_POSITIONS):
        if name in table:
            table[name] = _numbers(table[name], path)
    if "target" not in table:
        table["target"] = SINGLE_TARGET
    missing = table[list(_NUMBERS)].isna().any(axis=1)
    if missing.all():
        raise DataSetError(f"{path} has no row with both label and prediction; {_EXPECTED}.")
    if missing.any():
        _log.warning("%s: %d of %d rows lack label or prediction and are left out.", path, missing.sum(), len(table))
    return table[~missing]


def write_predictions(table, path):
    """Write a table of predictions as CSV.

    Of segments, which are called such as `a.wav#t=1.5,3`, `filename` becomes that of the recording, and there are the
    columns `start` and `end`, in seconds.
    """
    parts = [split_fragment(name) for name in table["filename"].astype(str)]
    files, starts, ends = zip(*parts, strict=True)
    if not np.isnan(ends).all():
        at = table.columns.get_loc("filename") + 1
        table = table.assign(filename=files)
        table.insert(at, "start", np.nan_to_num(starts))
        table.insert(at + 1, "end", ends)
    with atomic_path(path) as temporary:
        table.to_csv(temporary, index=False, lineterminator="\n", encoding="utf-8")


def split_targets(table, target=None, source="predictions"):
    """Give pairs of a target and its rows of a table of predictions, in the order of the table.

    `target` chooses one; what is not there is an error that begins with `source`.
    """
    groups = dict(iter(table.groupby("target", sort=False)))
    if target is None:
        return list(groups.items())
    if target not in groups:
        raise DataSetError(
            f"{source} has no target {target!r}, but {', '.join(map(repr, groups))}; choose one of these."
        )
    return [(target, groups[target])]


def _read_text(path):
    """Read a table of text; missing fields are ""."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeError as error:
        raise DataSetError(f"{path} is not text in UTF-8; {_EXPECTED}.") from error
    if text.lstrip()[:1] in ("{", "["):
        raise DataSetError(f"{path} is JSON, which has measures and no predictions; {_EXPECTED}.")
    delimiter = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    reader = csv.reader(text.splitlines(), delimiter=delimiter)
    rows = [(reader.line_num, [field.strip() for field in fields]) for fields in reader if fields]
    if not rows:
        raise DataSetError(f"{path} is empty; {_EXPECTED}.")
    (_, header), *rows = rows
    if len(set(header)) < len(header):
        raise DataSetError(f"{path} has two columns of one name, {', '.join(map(repr, header[:20]))}; rename one.")
    for line, fields in rows:
        if len(fields) != len(header):
            raise DataSetError(f"{path}, line {line}: there are {len(fields)} fields, and {len(header)} in the header.")
    lines, values = [line for line, _ in rows], [fields for _, fields in rows]
    return pd.DataFrame(values, columns=header, index=pd.Index(lines, name="line", dtype=np.int64), dtype=object)


def _numbers(column, path):
    """Turn text into numbers, NaN where nothing is written."""
    numbers = []
    for line, text in column.items():
        number = _number(text)
        if number is None or math.isinf(number):
            raise DataSetError(
                f"{path}, line {line}: {column.name} is {text!r}, expected a finite number; {_EXPECTED}."
            )
        numbers.append(number)
    return np.array(numbers, dtype=np.float64)


def _number(text):
    """Read a number; NaN where it is missing, None where it is something else."""
    if text.lower() in _MISSING:
        return math.nan
    try:
        return float(text)
    except ValueError:
        return None
