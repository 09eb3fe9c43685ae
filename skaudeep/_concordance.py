"""The concordance correlation coefficient, for all who draw or measure predicted numbers."""

import numpy as np


def concordance(y_true, y_pred):
    """Compute the concordance correlation coefficient of true and predicted numbers.

    Parameters
    ----------
    y_true, y_pred : ndarray of float of shape (n_samples,)
        True and predicted numbers, at least one, all finite.

    Returns
    -------
    float
        From -1 to 1; 0 where one of them is constant. NaN where both are one and the same constant.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep._concordance import concordance
    >>> round(concordance(np.array([1.0, 2.0, 3.0]), np.array([2.0, 3.0, 4.0])), 3)
    0.571
    """
    one, two = _deviations(y_true), _deviations(y_pred)
    distance = one @ one + two @ two + len(y_true) * (y_true.mean() - y_pred.mean()) ** 2
    if not one.any() and not two.any() and y_true[0] == y_pred[0]:
        return np.nan
    return float(2 * (one @ two) / distance)


def _deviations(values):
    """Subtract the mean; exactly 0 where all are the same."""
    return np.zeros(len(values)) if np.all(values == values[0]) else values - values.mean()
