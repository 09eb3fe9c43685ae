"""Predicted labels: read from a file, and given to the instances that they are for."""

import logging

import numpy as np
import pandas as pd

from skaudeep.exceptions import DataSetError, param
from skaudeep.io.tables import decode, read_lines

_log = logging.getLogger(__name__)


def read_predictions(path, target=None):
    """Read a file of predictions: lines of a name of a file and a label, with a tabulator between, in UTF-8.

    Of a table with a line of names first, `filename` and several targets, it takes `target`, by default the first one.
    """
    pairs, column, n_fields = [], 1, 2
    for number, line in read_lines(path):
        where = f"{path}, line {number}"
        fields = decode(line, where).rstrip("\r\n").split("\t")
        if number == 1 and len(fields) > 2 and fields[0] == "filename":
            column = _find_target(fields, target, where)
            n_fields = len(fields)
            continue
        if n_fields > 2 and len(fields) == n_fields:
            fields = [fields[0], fields[column]]
        if len(fields) != 2 or not fields[0]:
            raise DataSetError(
                f"{where}: expected the name of a file, a tabulator and a label, got {len(fields)} "
                f"value{'s' if len(fields) > 1 else ''}: {line[:60]!r}."
            )
        pairs.append(fields)
    if not pairs:
        raise DataSetError(f"{path}: there are no predictions; expected lines of a file, a tabulator and a label.")
    names, labels = zip(*pairs, strict=True)
    return pd.Series(labels, index=names, dtype=object)


def _find_target(names, target, where):
    """Find the column of a target, by default the first one."""
    if target is None:
        return 1
    if target not in names[1:]:
        raise DataSetError(f"{where}: there is no target {target!r}, but {', '.join(map(repr, names[1:]))}.")
    return names.index(target)


def assign_predictions(ds, predictions):
    """Give every instance of a data set the label that is predicted for it, "" where there is none.

    `predictions` are labels by names of files: one for all chunks of a file, or one for each of them in their order.
    """
    instances = pd.DataFrame({"file": ds["filename"].values, "chunk": ds["chunk_nr"].values})
    order = instances.sort_values(["file", "chunk"])
    labels = {name: group.tolist() for name, group in predictions.groupby(level=0, sort=False)}
    predicted = np.full(len(instances), "", dtype=object)
    for name, rows in order.groupby("file", sort=False).groups.items():
        found = labels.get(name, [""])
        if len(found) not in (1, len(rows)):
            raise DataSetError(
                f"{param.predictions}: {name!r} has {len(found)}, but {len(rows)} instances in the data set; give one "
                "for the file, or one for each."
            )
        predicted[rows] = found if len(found) > 1 else found[0]
    others = labels.keys() - set(instances["file"])
    if len(others) == len(labels):
        raise DataSetError(
            f"{param.predictions}: none of the {len(labels)} files is in the data set, which has "
            f"{instances['file'].iloc[0]!r}, for example; give predictions for the same files."
        )
    if others:
        _log.warning("%d of %d files with predictions are not in the data set.", len(others), len(labels))
    return predicted
