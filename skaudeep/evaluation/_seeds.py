"""Seeds of everything in an estimator that goes by chance."""

from sklearn.base import clone


def reseed(estimator, seed):
    """Return a clone in which every `random_state` is the seed, unless it is None."""
    estimator = clone(estimator)
    if seed is None:
        return estimator
    return estimator.set_params(**dict.fromkeys(_names_of_seeds(estimator), seed))


def has_seeds(estimator):
    """Tell whether something in an estimator has a `random_state`."""
    return bool(_names_of_seeds(estimator))


def fill_seeds(estimator, seed):
    """Return a clone in which every `random_state` that is None is the seed."""
    estimator = clone(estimator)
    return estimator.set_params(**dict.fromkeys(_names_of_open_seeds(estimator), seed))


def lacks_seeds(estimator):
    """Tell whether a `random_state` in an estimator is None."""
    return bool(_names_of_open_seeds(estimator))


def _names_of_seeds(estimator):
    return [name for name in estimator.get_params() if name.rpartition("__")[2] == "random_state"]


def _names_of_open_seeds(estimator):
    parameters = estimator.get_params()
    return [name for name in _names_of_seeds(estimator) if parameters[name] is None]
