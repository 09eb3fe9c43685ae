"""Statistics over time, written once for arrays of NumPy and for tensors of TensorFlow.

Sequences are time-major, ``(T, B, D)``; `real`, ``(T, B, 1)``, is 1 for their steps and 0 for padding, which is finite.
`xp` is NumPy, or what has its operations under the same names.
"""

import numpy as np


def mean(xp, x, real):
    """Mean over the real steps, (B, D)."""
    return xp.sum(x * real, axis=0) / xp.sum(real, axis=0)


def std(xp, x, real):
    """Standard deviation of the population, (B, D)."""
    return xp.sqrt(mean(xp, xp.square(x - mean(xp, x, real)), real))


def largest(xp, x, real):
    """Maximum, (B, D)."""
    return xp.max(xp.where(real > 0, x, -np.inf), axis=0)


def smallest(xp, x, real):
    """Minimum, (B, D)."""
    return xp.min(xp.where(real > 0, x, np.inf), axis=0)


def delta(xp, x, real):
    """Mean absolute change from step to step, 0 for a single step, (B, D)."""
    n_changes = xp.sum(real, axis=0) - 1
    # Keras knows slices in tuples only
    return xp.sum(xp.abs(x[1:, :] - x[:-1, :]) * real[1:, :], axis=0) / xp.maximum(n_changes, 1)


#: formulas by the names that users know, in the order in which a network computes them
FORMULAS = {"mean": mean, "std": std, "max": largest, "min": smallest, "delta": delta}
STATISTICS = tuple(FORMULAS)


def covariance(xp, x, real):
    """Covariance of the population of steps, (B, D, D)."""
    deviations = (x - mean(xp, x, real)) * real
    products = xp.transpose(deviations, (1, 2, 0)) @ xp.transpose(deviations, (1, 0, 2))
    return products / xp.sum(real, axis=0)[:, :, None]


def project(xp, x, center, directions):
    """Coordinates of steps from a center (D,) in k directions, (k, D): (T, B, k)."""
    return xp.tensordot(x - center, directions, axes=(2, 1))


def moments(xp, x, real):
    """Number, mean (D,) and summed products of deviations (D, D) of the real steps of all sequences together."""
    n_steps = xp.sum(real)
    center = xp.sum(x * real, axis=(0, 1)) / n_steps
    deviations = xp.reshape((x - center) * real, (-1, x.shape[-1]))
    return n_steps, center, xp.transpose(deviations) @ deviations


def average_bands(xp, x, n_bands):
    """Average neighbouring features of (..., F, C), those of each channel by themselves: (..., n_bands, C).

    Bands are as wide as each other or, the first ones, one feature wider. As many bands as features, or more, leave
    the features as they are.
    """
    n_features = x.shape[-2]
    if n_bands is None or n_bands >= n_features:
        return x
    bands = []
    start = 0
    for band in range(n_bands):
        width = n_features // n_bands + (band < n_features % n_bands)
        bands.append(xp.sum(x[..., start : start + width, :], axis=-2) / width)
        start += width
    return xp.stack(bands, axis=-2)
