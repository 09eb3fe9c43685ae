"""Deal files out to parts of given shares, by class and without tearing groups apart."""

import numpy as np

from skaudeep.datasets._validate import group_rows

# Shares of a number of files are exact up to rounding errors below this.
_EPSILON = 1e-9
# What the number of all files counts against those of single classes where groups make both impossible. With 1,
# classes come out less even than scikit-learn's StratifiedGroupKFold makes them; with 0, small classes all get
# into the part with the largest share.
_WEIGHT_OF_ALL = 0.25


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
    """How many of `n` files of a class, as many as `wanted` has in sum, each part gets.

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
