"""Covariances of the steps of sequences as vectors, in the directions in which steps vary most."""

import dataclasses

import numpy as np

from skaudeep._versions import Storable

#: share of a covariance that its scaled identity takes the place of
SHRINKAGE = 1e-2
#: what is added to the diagonal, relative to the mean variance of all steps: the covariance of a constant sequence
FLOOR = 1e-6
#: variance, relative to the largest, from which on a direction counts
SMALLEST_VARIANCE = 1e-10


class Moments:
    """Number, mean and summed products of deviations of steps that come batch by batch."""

    def __init__(self):
        self._n_steps = 0
        self._mean = 0.0
        self._products = 0.0

    def add(self, n_steps, mean, products):
        """Add those of a batch, as `moments` of the statistics gives them."""
        total = self._n_steps + n_steps
        shift = mean - self._mean
        self._products = self._products + products + np.outer(shift, shift) * (self._n_steps * n_steps / total)
        self._mean = self._mean + shift * (n_steps / total)
        self._n_steps = total

    def find_directions(self, n_components):
        """Give the `Directions` in which the steps vary most, at most `n_components`."""
        variances, vectors = np.linalg.eigh(self._products / self._n_steps)
        variances, components = np.maximum(variances[::-1], 0), vectors.T[::-1]
        n_kept = max(1, min(n_components, np.count_nonzero(variances > SMALLEST_VARIANCE * variances[0])))
        components = components[:n_kept]
        # the largest coordinate is positive
        largest = np.take_along_axis(components, np.abs(components).argmax(axis=1)[:, None], axis=1)
        return Directions(self._mean, components * np.sign(largest), variances[:n_kept])


@dataclasses.dataclass(frozen=True)
class Directions(Storable):
    """Principal directions of steps, in which covariances are taken.

    Attributes
    ----------
    mean : ndarray of shape (D,)
        Of the steps.
    components : ndarray of shape (k, D)
        Orthonormal, by falling variance.
    variances : ndarray of shape (k,)
        Those of the steps in these directions.
    """

    mean: np.ndarray
    components: np.ndarray
    variances: np.ndarray

    @property
    def pairs(self):
        """Pairs of numbers of directions, one for each entry of the vector of a covariance."""
        return list(zip(*np.triu_indices(len(self.components)), strict=True))

    @property
    def n_pairs(self):
        """Number of entries of the vector of a covariance."""
        k = len(self.components)
        return k * (k + 1) // 2

    def vectorise(self, covariances):
        """Turn covariances into vectors whose distances are those of the logarithms of the matrices.

        Parameters
        ----------
        covariances : ndarray of shape (B, k, k)
            Of sequences, in these directions.

        Returns
        -------
        ndarray of shape (B, k * (k + 1) / 2), float64
            The upper triangles of the logarithms, row by row, what is beside the diagonal times the root of two.
        """
        k = len(self.variances)
        scales = np.trace(covariances, axis1=1, axis2=2) / k
        diagonals = SHRINKAGE * scales + FLOOR * (self.variances.mean() or 1.0)
        shrunk = (1 - SHRINKAGE) * covariances + diagonals[:, None, None] * np.eye(k)
        variances, vectors = np.linalg.eigh(shrunk)
        logarithms = (vectors * np.log(variances)[:, None, :]) @ np.swapaxes(vectors, 1, 2)
        rows, columns = np.triu_indices(k)
        return logarithms[:, rows, columns] * np.where(rows == columns, 1.0, np.sqrt(2))
