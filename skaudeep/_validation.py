"""Checks of parameters and data; the only file that imports private parts of scikit-learn."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import _fit_context as fit_context
from sklearn.utils import _safe_indexing as safe_indexing
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, Options, StrOptions, validate_params
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
    "check_is_fitted",
    "check_random_state",
    "check_sample_weight",
    "draw_seed",
    "fit_context",
    "safe_indexing",
    "validate_data",
    "validate_params",
]


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
