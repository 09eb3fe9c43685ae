"""Check a data set: its layout, and the seven rules that hold between its instances."""

import json
import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._counts import number_of
from skaudeep._validation import validate_params
from skaudeep.datamodel import PARTITIONS, TARGETS, check_layout, get_label_map, get_targets, get_texts
from skaudeep.exceptions import DataSetError, param

#: What the rules demand, by their numbers.
RULES = {
    1: "the instances of a file share their nominal label",
    2: "the instances of a file share their numeric label",
    3: "the instances of a file share their folds",
    4: "the instances of a file share their partition",
    5: "nominal and numeric labels are pairs of the label map",
    6: "all files have the same number of chunks",
    7: "the n chunks of a file are numbered from 0 to n - 1",
}

# How many values a message lists.
_N_LISTED = 5


@dataclass(frozen=True, slots=True)
class Violation:
    """One breach of a rule that the instances of a data set obey.

    Parameters
    ----------
    rule : int
        The number of the rule, from 1 to 7; see :func:`validate_dataset`.
    message : str
        What is wrong, in words.
    filename : str or None
        The file whose instances break the rule; None for rule 5, which is about pairs of labels.
    instances : ndarray of int of shape (n_violating,)
        Rows of all instances of that file or with that pair, ascending. Left out when violations are compared.

    See Also
    --------
    validate_dataset : Find the violations of a data set.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import Violation
    >>> print(Violation(7, "a.wav has the chunk numbers 0, 2, expected 0 to 1.", "a.wav", np.array([0, 3])))
    Rule 7: a.wav has the chunk numbers 0, 2, expected 0 to 1. (instances 0, 3)
    """

    rule: int
    message: str
    filename: str | None
    instances: np.ndarray = field(compare=False)

    def __str__(self):
        return f"Rule {self.rule}: {self.message} (instances {_listed(map(str, self.instances.tolist()))})"


class _Groups(NamedTuple):
    """Rows by the file, or whatever else, that they belong to; groups are numbered as they appear."""

    codes: np.ndarray  # of shape (n_rows,): the group of a row
    order: np.ndarray  # the rows, sorted by group
    bounds: np.ndarray  # of shape (n_groups + 1,): where each group starts in `order`

    def rows(self, group):
        return self.order[self.bounds[group] : self.bounds[group + 1]]

    @property
    def first(self):
        """The first row of every group."""
        return self.order[self.bounds[:-1]]


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def validate_dataset(ds):
    """Find everything in which a data set breaks the rules that its instances obey.

    The rules are those of auDeep's files:

    1. the instances of a file share their nominal label,
    2. and their numeric label, and each of several targets,
    3. and their folds,
    4. and their partition;
    5. the nominal and the numeric label of an instance are a pair of the attribute `label_map`;
    6. all files have the same number of chunks;
    7. the n chunks of a file are numbered from 0 to n - 1, each number once, in whatever order.

    Values that are missing equal each other. Targets without class names need no `label_map`.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`make_dataset` makes it. Its features are not looked at, only their type and dimensions.

    Returns
    -------
    list of Violation
        One for each rule and file, for rule 5 one for each pair of labels, by rule and then in the order of the
        instances; empty if the data set is valid.

    Raises
    ------
    DataSetError
        If `ds` is not laid out as a data set: a variable is missing or has wrong dimensions, a wrong type or
        values that it cannot have, an instance has no filename, or an attribute is missing or cannot be read.

    See Also
    --------
    make_dataset : Make a data set, with a description of its variables.

    Notes
    -----
    Under rule 6, the number of chunks that most files have counts as right, of two equally frequent numbers the
    larger one.

    References
    ----------
    .. [1] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins and B. Schuller, "auDeep: Unsupervised
       Learning of Representations from Audio with Deep Recurrent Neural Networks", Journal of Machine
       Learning Research 18(173), 2017.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, validate_dataset
    >>> ds = make_dataset(
    ...     [[0.0], [1.0], [2.0], [3.0]],
    ...     ["a.wav", "a.wav", "b.wav", "b.wav"],
    ...     chunk_nr=[0, 1, 0, 1],
    ...     label_nominal=["Rain", "Rain", "Rain", "Dog"],
    ...     partition=[0, 2, 1, 1],
    ... )
    >>> for violation in validate_dataset(ds):
    ...     print(violation)
    Rule 1: b.wav has the nominal labels 'Rain', 'Dog', expected one for all instances. (instances 2, 3)
    Rule 2: b.wav has the numeric labels 1, 0, expected one for all instances. (instances 2, 3)
    Rule 4: a.wav has the partitions train, test, expected one for all instances. (instances 0, 1)
    """
    check_layout(ds, param.ds)
    _check_values(ds)
    names = get_texts(ds, "filename")
    nominal, numeric = get_texts(ds, "label_nominal"), ds["label_numeric"].values
    files = group_rows(names)
    return [
        *_find_unshared(1, "nominal labels", nominal, names, files, lambda label: repr(label) if label else "none"),
        *_find_unshared(2, "numeric labels", numeric, names, files, _number_text),
        *_find_unshared_targets(ds, names, files),
        *_find_torn_folds(ds["cv_folds"].values, names, files),
        *_find_unshared(4, "partitions", ds["partition"].values, names, files, _partition_name),
        *_find_wrong_pairs(nominal, numeric, get_label_map(ds)),
        *_find_wrong_counts(names, files),
        *_find_wrong_chunks(ds["chunk_nr"].values, names, files),
    ]


def group_rows(values):
    """Return the rows of an array by their values, NaN and None being one value."""
    codes = pd.factorize(values, use_na_sentinel=False)[0]
    order = np.argsort(codes, kind="stable")
    order.flags.writeable = False  # every violation looks at a part of it
    return _Groups(codes, order, np.concatenate([[0], np.cumsum(np.bincount(codes))]))


def check_choices(ds, name, choices):
    """Raise a `DataSetError` unless every value of a variable is NaN or one of `choices`."""
    values = ds[name].values
    wrong = ~np.logical_or.reduce([values == choice for choice in choices] + [np.isnan(values)])
    if wrong.any():
        raise DataSetError(
            f"{name}: expected {', '.join(map(str, choices))} or NaN, got {values[wrong][0]} at instance "
            f"{np.argwhere(wrong)[0, 0]}."
        )


def check_filenames(ds):
    """Raise a `DataSetError` unless every instance has a filename."""
    unnamed = np.flatnonzero(get_texts(ds, "filename") == "")
    if unnamed.size:
        raise DataSetError(f"filename: instance {unnamed[0]} has none, but every instance needs one.")


def _check_values(ds):
    """Raise a `DataSetError` unless values, exact types and attributes are those of a data set."""
    check_filenames(ds)
    check_choices(ds, "cv_folds", (0, 1))
    check_choices(ds, "partition", range(len(PARTITIONS)))
    for name, kinds, expected in (("chunk_nr", ("i", "u"), "int64"), ("features", ("f4",), "float32")):
        dtype = ds[name].dtype
        if dtype.kind not in kinds and dtype.str[1:] not in kinds:
            raise DataSetError(
                f"{name}: expected type {expected}, got {dtype}. Where nothing is missing in it, convert it with "
                f"ds.assign({name}=ds.{name}.astype('{expected}'))."
            )
    dims = list(ds["features"].dims[1:])
    try:
        named = json.loads(ds.attrs["feature_dims"])
    except (KeyError, TypeError, ValueError):
        named = None
    if named != dims:
        raise DataSetError(
            f"The attribute feature_dims is {ds.attrs.get('feature_dims')!r}, but the dimensions of features after "
            f"instance are {dims}; use ds.assign_attrs(feature_dims={json.dumps(dims)!r})."
        )
    label_map = get_label_map(ds)
    n_pairs = len(json.loads(ds.attrs.get("label_map", "[]")))
    if len(label_map) < n_pairs or len(set(label_map.values())) < n_pairs:
        raise DataSetError(
            f"The attribute label_map is {ds.attrs['label_map'][:80]!r}, in which a name or a number occurs twice; "
            "give each class one number of its own."
        )


def differs_in_file(values, files):
    """Say where an instance has another value than the first instance of its file."""
    first = values[files.first][files.codes]
    differs = values != first
    return differs & ~(np.isnan(values) & np.isnan(first)) if values.dtype.kind == "f" else differs


def _find_unshared(rule, what, values, names, files, to_text):
    """Yield files whose instances differ in a variable of one value each."""
    for file in _distinct(files.codes[differs_in_file(values, files)]):
        rows = files.rows(file)
        texts = dict.fromkeys(map(to_text, values[rows].tolist()))
        name = str(names[rows[0]])
        message = f"{name} has the {what} {_listed(texts)}, expected one for all instances."
        yield Violation(rule, message, name, rows)


def _find_unshared_targets(ds, names, files):
    """Yield files whose instances differ in one of several targets."""
    if TARGETS not in ds:
        return
    for target, numbers in get_targets(ds).items():
        yield from _find_unshared(2, f"targets {target!r}", numbers.to_numpy(), names, files, _number_text)


def _find_torn_folds(folds, names, files):
    """Yield files whose instances differ in their folds."""
    torn = {}
    for fold, column in enumerate(differs_in_file(folds, files).T, start=1):
        for file in _distinct(files.codes[column]):
            torn.setdefault(file, []).append(str(fold))
    for file in sorted(torn):
        rows = files.rows(file)
        name = str(names[rows[0]])
        where = f"fold{'s' * (len(torn[file]) > 1)} {_listed(torn[file])}"
        yield Violation(3, f"{name} has instances in different splits of {where}, expected one split.", name, rows)


def _find_wrong_pairs(nominal, numeric, label_map):
    """Yield pairs of labels that the map lacks; both missing is right, and numbers alone where there is no map."""
    unnamed = nominal == ""
    codes, classes = pd.factorize(nominal)
    expected = np.array([label_map.get(name, np.nan) for name in classes.tolist()], dtype=np.float64)[codes]
    right = np.where(unnamed, np.isnan(numeric) if label_map else True, numeric == expected)
    wrong = np.flatnonzero(~right)
    if not wrong.size:
        return
    # one number for each pair, for rows as many as there are of two codes fit into 64 bits
    pairs = group_rows(codes[wrong] * np.int64(len(wrong) + 1) + pd.factorize(numeric[wrong])[0])
    for pair, first in enumerate(wrong[pairs.first].tolist()):
        name, number = str(nominal[first]), _number_text(numeric[first].item())
        if not name:
            reason = "the label map has names for its numbers, and here is none"
        elif not label_map:
            reason = "there is no label map"
        elif name not in label_map:
            reason = "the label map lacks that name"
        else:
            reason = f"the label map gives that name the number {label_map[name]}"
        labels = f"nominal label {repr(name) if name else 'none'}, numeric label {number}"
        yield Violation(5, f"{labels}: {reason}.", None, wrong[pairs.rows(pair)])


def _find_wrong_counts(names, files):
    """Yield files with more or fewer chunks than most."""
    counts = np.diff(files.bounds)
    if not counts.size:
        return
    frequencies = np.bincount(counts)
    usual = len(frequencies) - 1 - int(np.argmax(frequencies[::-1]))
    for file in np.flatnonzero(counts != usual).tolist():
        rows = files.rows(file)
        name = str(names[rows[0]])
        how_many = f"{frequencies[usual]} of {len(counts)} files have {usual}"
        yield Violation(6, f"{name} has {number_of(len(rows), 'chunk')}, but {how_many}.", name, rows)


def _find_wrong_chunks(chunk_nr, names, files):
    """Yield files whose chunks are not numbered from 0 without gaps and repetitions."""
    order = np.lexsort((chunk_nr, files.codes))
    expected = np.arange(len(order)) - files.bounds[files.codes[order]]
    wrong = files.codes[order][chunk_nr[order] != expected]
    for file in _distinct(wrong):
        rows = files.rows(file)
        name = str(names[rows[0]])
        numbers = _listed(map(str, chunk_nr[rows].tolist()))
        expected = f"0 to {len(rows) - 1}, each once" if len(rows) > 1 else "0"
        plural = "s" * (len(rows) > 1)
        yield Violation(7, f"{name} has the chunk number{plural} {numbers}, expected {expected}.", name, rows)


def _distinct(codes):
    """Return the different numbers among `codes`, ascending, as a list."""
    return np.flatnonzero(np.bincount(codes)).tolist()


def _listed(texts):
    """Return texts in a row, of many the first few and how many there are."""
    texts = list(texts)
    if len(texts) <= _N_LISTED:
        return ", ".join(texts)
    return f"{', '.join(texts[:_N_LISTED])}, ... ({len(texts)} in all)"


def _partition_name(number):
    return "none" if math.isnan(number) else PARTITIONS[int(number)]


def _number_text(number):
    """Return a number as short as it can be, whole ones without a point also where others are missing."""
    if math.isnan(number):
        return "none"
    return repr(int(number) if float(number).is_integer() else number)
