"""Whether a difference of two classifiers is more than chance."""

import numpy as np
from scipy import stats

_LEVEL = 0.95
_BLOCK = 2**22  # counts that are drawn at a time
_DIGITS = 12  # means over seeds that are equal differ in the last of their sixteen


def corrected_t_test(differences, test_share):
    """Compute mean, ends of the 95 % interval and p of differences over folds, by Nadeau and Bengio (2003).

    `test_share` is the number of test samples per training sample. Training parts of folds overlap, so that differences
    vary less than those of independent parts would; the variance is larger by ``1 + n_folds * test_share``.
    """
    n = len(differences)
    differences = np.round(differences, _DIGITS)
    mean = differences.mean()
    error = np.sqrt((1 / n + test_share) * differences.var(ddof=1))
    half = stats.t.ppf((1 + _LEVEL) / 2, n - 1) * error
    if error == 0:
        return mean, mean, mean, float(mean == 0)
    return mean, mean - half, mean + half, 2 * stats.t.sf(abs(mean) / error, n - 1)


def paired_bootstrap(units, correct, total, measure, n_resamples, random):
    """Compute difference, ends of the 95 % percentile interval and p, of pooled predictions.

    Parameters
    ----------
    units : int
        Number of samples, or groups of samples, that are drawn with replacement.
    correct : ndarray of shape (2, units, n_classes)
        Number of samples of each class in each unit that are recognised by the one and the other.
    total : ndarray of shape (units, n_classes)
        Number of samples of each class in each unit.
    measure : {"recall", "accuracy"}
        Unweighted average recall over the classes that are drawn, or accuracy.
    n_resamples : int
        How often to draw.
    random : RandomState instance
        What draws.
    """
    found = _measure(np.ones((1, units)), correct, total, measure)[0]
    drawn = []
    size = max(1, _BLOCK // units)
    for start in range(0, n_resamples, size):
        counts = random.multinomial(units, np.full(units, 1 / units), size=min(size, n_resamples - start))
        drawn.append(_measure(counts, correct, total, measure))
    found, drawn = np.round(found, _DIGITS), np.round(np.concatenate(drawn), _DIGITS)
    low, high = np.quantile(drawn, [(1 - _LEVEL) / 2, (1 + _LEVEL) / 2])
    # the smallest p that so many draws can show is not 0
    tail = 1 + min((drawn <= 0).sum(), (drawn >= 0).sum())
    return found, low, high, min(1.0, 2 * tail / (n_resamples + 1))


def _measure(counts, correct, total, measure):
    """Compute the difference of both for units that count so often, of shape (n_resamples, units)."""
    hits, samples = counts @ (correct[0] - correct[1]), counts @ total
    if measure == "accuracy":
        return hits.sum(axis=1) / samples.sum(axis=1)
    shares = np.divide(hits, samples, out=np.zeros_like(hits, dtype=float), where=samples > 0)
    return shares.sum(axis=1) / (samples > 0).sum(axis=1)
