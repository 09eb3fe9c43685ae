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
    return xp.sum(xp.abs(x[1:] - x[:-1]) * real[1:], axis=0) / xp.maximum(n_changes, 1)


#: formulas by the names that users know, in the order in which a network computes them
FORMULAS = {"mean": mean, "std": std, "max": largest, "min": smallest, "delta": delta}
STATISTICS = tuple(FORMULAS)
