"""How much to smooth what was predicted over time, by what is known of training recordings."""

import numpy as np
import pandas as pd

from skaudeep._validation import Interval, Real, validate_params
from skaudeep.datasets import join_windows
from skaudeep.evaluation._metrics import concordance_correlation_coefficient
from skaudeep.exceptions import ParameterError


@validate_params(
    {
        "windows": [pd.DataFrame],
        "y_true": ["array-like"],
        "y_pred": ["array-like"],
        "widths": ["array-like"],
        "step": [Interval(Real, 0, None, closed="neither"), None],
    },
    prefer_skip_nested_validation=True,
)
def fit_median_filter(windows, y_true, y_pred, *, widths=(0.0, 2.0, 4.0, 8.0, 16.0), step=None):
    """Choose the width of the median filter with which predictions over time come closest to the truth.

    Give it training recordings only, with predictions for each by a regressor that has not seen that recording, as
    `cross_val_predict` makes them within the training part: predictions for what a regressor was fitted on are too
    good to tell how much they jump. A width that is chosen on test recordings has seen the answers.

    Parameters
    ----------
    windows : pandas.DataFrame
        The columns `file`, `start` and `end`, as of `annotation_windows`.
    y_true, y_pred : array-like of shape (n_windows,) or (n_windows, n_targets)
        True and predicted numbers of the windows.
    widths : array-like of float, default=(0.0, 2.0, 4.0, 8.0, 16.0)
        Candidates, in seconds; 0 is no filter.
    step : float, default=None
        That of `join_windows`.

    Returns
    -------
    float
        The width for which the predictions, as a series, have the largest concordance correlation coefficient with the
        series of the truth over all recordings together, on average over the targets; the smallest one of equals. Call
        it for each target where each is to have a width of its own.

    Raises
    ------
    ParameterError
        If a target is constant, there are no widths, or one is negative.
    ValueError
        If the shapes differ, or a number is not finite.

    See Also
    --------
    skaudeep.datasets.join_windows : Applies it, as `median`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from skaudeep.evaluation import fit_median_filter
    >>> start = np.arange(60.0)
    >>> windows = pd.DataFrame({"file": "a.wav", "start": start, "end": start + 1})
    >>> truth = np.sin(start / 10)
    >>> fit_median_filter(windows, truth, truth)
    0.0
    >>> fit_median_filter(windows, truth, truth + 3 * (start % 5 == 2))  # with outliers
    2.0
    """
    widths = sorted(np.asarray(widths, np.float64).tolist())
    if not widths or widths[0] < 0:
        raise ParameterError("widths", widths, ": give a width or more, in seconds, none less than 0")
    truth = _series(windows, y_true, step, 0.0)
    constant = np.ptp(truth, axis=0) == 0
    if constant.any():
        value = float(truth[0, int(np.argmax(constant))])
        raise ParameterError("y_true", value, ": all of a target are the same, which tells nothing of widths")
    scores = [_score(truth, _series(windows, y_pred, step, width)) for width in widths]
    return widths[int(np.argmax(scores))]


def _series(windows, values, step, width):
    """Give the numbers of the series alone, a column for each target."""
    return join_windows(windows, values, step=step, median=width).iloc[:, 2:].to_numpy()


def _score(truth, predicted):
    return float(np.mean(concordance_correlation_coefficient(truth, predicted)))
