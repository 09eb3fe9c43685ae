"""How close predicted numbers are to true ones."""

import warnings

import numpy as np
from scipy.stats import rankdata
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error

from skaudeep._concordance import concordance, deviations


def concordance_correlation_coefficient(y_true, y_pred):
    """Compute the concordance correlation coefficient (CCC) of true and predicted numbers.

    It is twice their covariance, divided by the sum of their variances and the squared difference of their means
    [1]_: Pearson's correlation, lowered by each difference in level or in spread. 1 says that all predictions are
    right, 0 that they say nothing of the truth.

    Parameters
    ----------
    y_true, y_pred : array-like of shape (n_samples,) or (n_samples, n_targets)
        True and predicted numbers.

    Returns
    -------
    float or ndarray of float of shape (n_targets,)
        From -1 to 1; a constant prediction has 0. NaN, with a warning, where both are one and the same constant.

    Raises
    ------
    ValueError
        If the shapes differ, there is no sample, or a number is not finite.

    Warns
    -----
    UserWarning
        Where the CCC is not defined.

    See Also
    --------
    concordance_scorer : The same for searches of scikit-learn.

    References
    ----------
    .. [1] L. I.-K. Lin, "A concordance correlation coefficient to evaluate reproducibility", Biometrics 45(1), 1989,
       255-268.

    Examples
    --------
    >>> from skaudeep.evaluation import concordance_correlation_coefficient
    >>> concordance_correlation_coefficient([1, 2, 3], [1, 2, 3])
    1.0
    >>> round(concordance_correlation_coefficient([1, 2, 3], [2, 3, 4]), 3)  # all too high by 1
    0.571
    """
    values = concordance(*_check_numbers(y_true, y_pred))
    if np.isnan(values).any():
        warnings.warn(
            "the concordance correlation coefficient of numbers that are all the same is not defined (NaN); give "
            "samples whose targets differ",
            stacklevel=2,
        )
    return float(values) if values.ndim == 0 else values


def concordance_scorer(estimator, X, y):
    """Score a fitted regressor by the concordance correlation coefficient, for ``scoring=`` of scikit-learn.

    Parameters
    ----------
    estimator : regressor
        It is fitted.
    X : array-like of shape (n_samples, ...)
        What it predicts for.
    y : array-like of shape (n_samples,) or (n_samples, n_targets)
        True numbers.

    Returns
    -------
    float
        The coefficient; of several targets, the mean of theirs.

    See Also
    --------
    concordance_correlation_coefficient : Errors and warnings are its own.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import Ridge
    >>> from sklearn.model_selection import cross_val_score
    >>> from skaudeep.evaluation import concordance_scorer
    >>> X = np.random.default_rng(0).normal(size=(40, 3))
    >>> cross_val_score(Ridge(), X, X.sum(axis=1), scoring=concordance_scorer, cv=2).round(1)
    array([1., 1.])
    """
    return float(np.mean(concordance_correlation_coefficient(y, estimator.predict(X))))


def regression_scores(y_true, y_pred):
    """Compute the measures of `RegressionEvaluation` for one target; NaN for correlations with what is constant."""
    y_true, y_pred = _check_numbers(y_true, y_pred)
    return {
        "ccc": float(concordance(y_true, y_pred)),
        "pearson": _correlation(y_true, y_pred),
        "spearman": _correlation(rankdata(y_true), rankdata(y_pred)),
        "rmse": float(root_mean_squared_error(y_true, y_pred)),
        "mae": float(mean_absolute_error(y_true, y_pred)),
        "r2": float(r2_score(y_true, y_pred)) if np.ptp(y_true) else np.nan,
    }


def _correlation(one, two):
    """Pearson's correlation; NaN where either is constant."""
    one, two = deviations(one), deviations(two)
    if not (one.any() and two.any()):
        return np.nan
    return float(np.clip(one @ two / np.sqrt(one @ one) / np.sqrt(two @ two), -1, 1))


def _check_numbers(y_true, y_pred):
    y_true, y_pred = np.asarray(y_true, np.float64), np.asarray(y_pred, np.float64)
    if y_true.shape != y_pred.shape or y_true.ndim not in (1, 2) or not len(y_true):
        raise ValueError(
            f"y_true has the shape {y_true.shape} and y_pred {y_pred.shape}: give a number, or a row of them, for each "
            "sample in both"
        )
    for name, values in (("y_true", y_true), ("y_pred", y_pred)):
        wrong = ~np.isfinite(values)
        if wrong.any():
            at = np.argwhere(wrong)[0].tolist()
            raise ValueError(
                f"{name}{at} is {values[tuple(at)]}, and {wrong.sum()} in all are not finite: leave them out"
            )
    return y_true, y_pred
