"""Checks of parameters and data; the only file that imports private parts of scikit-learn."""

from numbers import Integral, Real

import numpy as np
import pandas as pd
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions, make_constraint, validate_params
from sklearn.utils._set_output import _get_container_adapter as container_adapter
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import (
    _check_sample_weight as check_sample_weight,
)
from sklearn.utils.validation import (
    check_is_fitted,
    validate_data,
)

__all__ = [
    "HasMethods",
    "Integral",
    "Interval",
    "Options",
    "Real",
    "StrOptions",
    "check_class_labels",
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "container_adapter",
    "describe_unmet",
    "draw_seed",
    "find_unlabelled",
    "fit_context",
    "require_finite_results",
    "safe_indexing",
    "validate_data",
    "validate_params",
]


def find_unlabelled(y):
    """Find the samples whose class is not known.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class names or numbers.

    Returns
    -------
    ndarray of bool of shape (n_samples,)
        True for None, NaN and the empty text that stands for them in data sets, and for the lowest integer, which NaN
        becomes where it is made one.
    """
    if y.dtype.kind == "i" and y.dtype.itemsize >= 4:
        return y == np.iinfo(y.dtype).min
    return pd.isna(y) | (y == "" if y.dtype.kind in "OUT" else False)


def check_class_labels(y, name="y"):
    """Refuse what is not a class: continuous targets, and samples without a label.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        Class names or numbers.
    name : str, default="y"
        What to call it in messages.

    Raises
    ------
    ValueError
        If a sample has no label, or `y` is continuous.
    """
    unlabelled = find_unlabelled(y)
    if unlabelled.any():
        first = unlabelled.argmax()
        raise ValueError(
            f"{name} has no label for {unlabelled.sum()} of {len(y)} samples, the first is "
            f"{name}[{first}]={y[first]!r}; leave these samples out of X and {name}."
        )
    check_classification_targets(y)


def describe_unmet(constraints, value):
    """Say what a parameter should have been.

    Parameters
    ----------
    constraints : list
        Those of the parameter, as in `_parameter_constraints`.
    value : object
        Its value.

    Returns
    -------
    str or None
        In the words of scikit-learn, such as "an int in the range [1, inf) or None"; None if the value is good.
    """
    constraints = [make_constraint(constraint) for constraint in constraints]
    if any(constraint.is_satisfied_by(value) for constraint in constraints):
        return None
    *others, last = [str(constraint) for constraint in constraints if not constraint.hidden]
    return f"{', '.join(others)} or {last}" if others else last


def draw_seed(random_state):
    """Draw an integer seed; an integer `random_state` always gives the same one.

    Parameters
    ----------
    random_state : int, RandomState instance or None
        As everywhere in scikit-learn.

    Returns
    -------
    int
        A seed in [0, 2**31 - 1).
    """
    return int(check_random_state(random_state).randint(np.iinfo(np.int32).max))


def require_finite_results(results, source):
    """Refuse results that have become too large to compute with, so that NaN never arises out of finite numbers.

    Parameters
    ----------
    results : ndarray of shape (n, ...), or object array of shape (n,) of ndarrays
        One result for each row of X.
    source : str
        What has computed them, for the message.

    Returns
    -------
    ndarray
        `results` as they are.

    Raises
    ------
    ValueError
        If one is infinite or NaN.
    """
    if results.dtype != object and np.isfinite(results).all():
        return results
    rows = [row for row, result in enumerate(results) if not np.isfinite(result).all()]
    if rows:
        raise ValueError(
            f"{source} gives NaN or infinity for {len(rows)} of {len(results)} rows of X, the first of them row "
            f"{rows[0]}: the numbers in X are too large to compute with; scale them to about [-1, 1]"
        )
    return results
