"""The concordance correlation coefficient, for all who draw or measure predicted numbers."""

import numpy as np


def concordance(y_true, y_pred):
    """Compute the concordance correlation coefficient of true and predicted numbers.

    Parameters
    ----------
    y_true, y_pred : ndarray of float of shape (n_samples,) or (n_samples, n_targets)
        True and predicted numbers, at least one, all finite.

    Returns
    -------
    ndarray of float of shape () or (n_targets,)
        From -1 to 1; 0 where one of them is constant. NaN where both are one and the same constant.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep._concordance import concordance
    >>> concordance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])).round(3)
    np.float64(0.571)
    """
    one, two = deviations(y_true), deviations(y_pred)
    distance = np.square(one).mean(axis=0) + np.square(two).mean(axis=0)
    distance = distance + np.square(y_true.mean(axis=0) - y_pred.mean(axis=0))
    undefined = np.all((y_true == y_true[:1]) & (y_pred == y_true[:1]), axis=0)
    return np.where(undefined, np.nan, 2 * (one * two).mean(axis=0) / np.where(undefined, 1, distance))


def deviations(values):
    """Subtract the mean of each column; exactly 0 where all are the same."""
    return np.where(np.all(values == values[:1], axis=0), 0, values - values.mean(axis=0))
