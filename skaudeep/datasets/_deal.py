"""Deal files out to parts of given shares, by class and without tearing groups apart."""

import numpy as np
import pandas as pd

from skaudeep._validation import Integral, check_random_state
from skaudeep.datamodel import GROUP, TARGETS, get_targets, get_texts, original_names
from skaudeep.datasets._validate import check_filenames, group_rows
from skaudeep.exceptions import DataSetError, param

# Continuous targets are stratified by this many quantiles.
_N_BINS = 10
# Shares of a number of files are exact up to rounding errors below this.
_EPSILON = 1e-9
# What the number of all files counts against those of single classes where groups make both impossible. With 1,
# classes come out less even than scikit-learn's StratifiedGroupKFold makes them; with 0, small classes all get
# into the part with the largest share.
_WEIGHT_OF_ALL = 0.25


def deal_instances(ds, shares, request, groups, random_state):
    """Deal instances out to parts, files and groups being kept together.

    `shares` are those of the parts, with the sum 1, or the number of parts of equal share.
    """
    check_filenames(ds)
    files = group_rows(ds["filename"].values)
    classes = _classes(ds, files)
    groups = GROUP if groups is None and GROUP in ds else groups
    if groups is None:
        # a recording and its copies on both sides of a split would make results too good
        originals = original_names(ds["filename"].values[files.first].astype(str))
        what, units = "file", np.unique(originals, return_inverse=True)[1]
    else:
        what, units = "group", _per_file(ds, files, *_groups(ds, groups))
    n_units, n_parts = len(np.unique(units)), shares if isinstance(shares, Integral) else len(shares)
    if n_units < n_parts:
        raise DataSetError(
            f"{request}: the data set has {n_units} {what}{'s' * (n_units != 1)}, too few for {n_parts} "
            "parts without an empty one; ask for fewer."
        )
    shares = np.full(n_parts, 1 / n_parts) if isinstance(shares, Integral) else shares
    return deal(units, classes, shares, check_random_state(random_state))[files.codes]


def _classes(ds, files):
    """Return class numbers of the files to stratify by, from 0."""
    nominal = get_texts(ds, "label_nominal")
    if (nominal != "").any():
        return _per_file(ds, files, nominal, "label_nominal")
    targets = get_targets(ds)
    for name, numbers in targets.items():
        _per_file(ds, files, numbers.to_numpy(), f"targets[{name!r}]" if TARGETS in ds else "label_numeric")
    numeric = _one_number(targets.iloc[files.first])
    known = numeric[~np.isnan(numeric)]
    edges = np.unique(known)
    if len(edges) > _N_BINS:
        edges = np.unique(np.quantile(known, np.arange(1, _N_BINS) / _N_BINS, method="inverted_cdf"))
    return np.where(np.isnan(numeric), 0, 1 + np.searchsorted(edges, numeric))


def _one_number(targets):
    """Return the number of each file to stratify by: its only target, or the mean of several, standardised."""
    if targets.shape[1] > 1:
        spread = targets.std(ddof=0).replace(0, 1)
        targets = (targets - targets.mean()) / spread
    return targets.mean(axis=1).to_numpy()


def _groups(ds, groups):
    """Return the group of each instance, and what to call them in errors."""
    if isinstance(groups, str):
        one_each = [name for name, variable in ds.variables.items() if variable.dims == ("instance",)]
        if groups not in one_each:
            raise DataSetError(
                f"{param('groups', groups)}: there is no such variable with one value for each instance, only "
                f"{', '.join(map(str, one_each))}."
            )
        values, what = ds[groups].values, param("groups", groups)
    else:
        # of a list by itself, NumPy would turn NaN beside strings into the string "nan"
        values = np.asarray(groups) if hasattr(groups, "dtype") else np.asarray(groups, dtype=object)
        what = "groups"
    if values.shape != (ds.sizes["instance"],):
        raise DataSetError(f"{what}: got shape {values.shape}, expected ({ds.sizes['instance']},), one per instance.")
    missing = pd.isna(values)
    if missing.any():
        raise DataSetError(
            f"{what}: instance {np.argmax(missing)} has none; give what belongs to no group one of its own, such as "
            "the filename."
        )
    return values, what


def _per_file(ds, files, values, what):
    """Return numbers from 0 for the different values that files have; an error if the instances of a file differ."""
    codes = group_rows(values).codes
    differs = codes != codes[files.first][files.codes]
    if differs.any():
        row = np.argmax(differs)
        first = files.first[files.codes[row]]
        raise DataSetError(
            f"{what}: the instances of {str(ds['filename'].values[row])!r} differ, {first} has {values[first]!s} and "
            f"{row} has {values[row]!s}. All instances of a file get into one part, so they need the same."
        )
    return codes[files.first]


def deal(units, classes, shares, rng):
    """Deal files out to parts, so that all parts have their share of all files and of those of each class.

    Parameters
    ----------
    units : ndarray of int of shape (n_files,)
        Files of the same unit get into the same part.
    classes : ndarray of int of shape (n_files,)
        Class numbers from 0.
    shares : ndarray of shape (n_parts,)
        Of each part, with the sum 1; there are at least as many units.
    rng : RandomState

    Returns
    -------
    ndarray of int of shape (n_files,)
        No part is without files.
    """
    by_unit = group_rows(units)
    sizes = np.diff(by_unit.bounds)
    parts = np.empty(len(units), dtype=np.int64)
    wanted = np.outer(shares, np.bincount(classes))  # files of each class that a part still lacks
    lacking = shares * len(units)
    large = rng.permutation(np.flatnonzero(sizes > 1))
    for unit in large[np.argsort(-sizes[large], kind="stable")].tolist():
        files = by_unit.rows(unit)
        # where it lowers the squared differences between what parts have and shall have most
        part = np.argmax(wanted[:, classes[files]].sum(axis=1) + _WEIGHT_OF_ALL * len(files) * lacking)
        parts[files] = part
        np.subtract.at(wanted[part], classes[files], 1)
        lacking[part] -= len(files)

    single = rng.permutation(np.flatnonzero(sizes[by_unit.codes] == 1))
    n_had = shares * len(units) - lacking
    by_class = group_rows(classes[single])
    for number, first in enumerate(by_class.first):
        files = single[by_class.rows(number)]
        # each part's share of the files so far, not of all: small classes too get into all parts
        lacking = shares * (n_had.sum() + len(files)) - n_had
        n_files = _apportion(wanted[:, classes[single[first]]], lacking, len(files))
        parts[files] = np.repeat(np.arange(len(shares)), n_files)
        n_had += n_files
    return _fill_empty(parts, by_unit, len(shares))


def _apportion(wanted, lacking, n):
    """Decide how many of `n` files of a class, as many as `wanted` has in sum, each part gets.

    The number that it wants, rounded down or up: up where most files of all classes are `lacking`. Parts that
    groups have given more than they want get none, for which the others get fewer.
    """
    surplus = 0
    while (whole := np.floor(np.maximum(wanted - surplus + _EPSILON, 0)).astype(np.int64)).sum() > n:
        surplus += 1
    fraction = np.round(wanted - surplus - whole, 9)
    order = np.lexsort([whole - lacking, -np.sign(fraction)])
    whole[order[: n - whole.sum()]] += 1
    return whole


def _fill_empty(parts, by_unit, n_parts):
    """Give parts without files the smallest unit of the part that has the most units."""
    for part in np.flatnonzero(np.bincount(parts, minlength=n_parts) == 0):
        of_units = parts[by_unit.first]
        units = np.flatnonzero(of_units == np.argmax(np.bincount(of_units)))
        parts[by_unit.rows(units[np.argmin(np.diff(by_unit.bounds)[units])])] = part
    return parts
