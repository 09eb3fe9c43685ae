"""From sequences to tables: statistics over time of every feature."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from skaudeep._sequences import check_sequences
from skaudeep._validation import check_is_fitted, fit_context, require_finite_results
from skaudeep._versions import VersionedMixin
from skaudeep.embedding._statistics import FORMULAS, STATISTICS

_BLOCK = 2**20  # values that are looked at together, in double precision


class StatisticsPooling(VersionedMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Describe each sequence by statistics over time of its features.

    Turns sequences of vectors, such as the output of a frequency autoencoder or spectrograms, into a table for
    any estimator of scikit-learn. Only real steps count: a sequence gives the same whatever its neighbours are.

    Parameters
    ----------
    statistics : sequence of str, default=("mean", "std", "max", "min", "delta")
        Which, and in which order. "std" is that of the population; "delta" is the mean absolute change from step
        to step, 0 for a single step.

    Attributes
    ----------
    n_features_in_ : int
        Number of features of a step, or of steps for sequences of numbers, (n, T).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X at `fit` was a data frame with names.

    See Also
    --------
    skaudeep.embedding.Seq2SeqAutoencoderEmbedder : Its ``output="states"`` pools the states of its encoder alike.

    Examples
    --------
    >>> from skaudeep.embedding import StatisticsPooling
    >>> sequences = [[[1.0, 0.0], [3.0, 0.0]], [[2.0, 5.0], [0.0, 5.0], [4.0, 5.0]]]
    >>> pooling = StatisticsPooling(statistics=("mean", "delta"))
    >>> pooling.fit_transform(sequences)
    array([[2., 0., 2., 0.],
           [2., 5., 3., 0.]], dtype=float32)
    >>> pooling.get_feature_names_out().tolist()
    ['mean_x0', 'mean_x1', 'delta_x0', 'delta_x1']
    """

    _parameter_constraints: ClassVar[dict] = {"statistics": ["array-like"]}

    def __init__(self, *, statistics=STATISTICS):
        self.statistics = statistics

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the sequences; nothing else is learned of them.

        Parameters
        ----------
        X : array-like of shape (n, T, D) or (n, T), list of (T_i, D), or lazy array (n, T, D)
            Sequences of T steps of D features, or of T numbers. A memmap, a dask array or a lazy
            ``xarray.DataArray`` is read batch by batch.
        y : object, default=None
            Ignored.

        Returns
        -------
        StatisticsPooling
            The fitted transformer.
        """
        check_statistics(self)
        check_sequences(self, X, reset=True)
        return self

    def transform(self, X):
        """Compute the statistics.

        Parameters
        ----------
        X : array-like of shape (n, T, D) or (n, T), list of (T_i, D), or lazy array (n, T, D)
            As in `fit`; T may differ from there unless X is (n, T).

        Returns
        -------
        ndarray of shape (n, n_statistics * D), float32
            The first statistic of all features, then the second, and so on.
        """
        check_is_fitted(self)
        check_statistics(self)
        sequences = check_sequences(self, X, reset=False)
        result = np.empty((len(sequences), len(self.statistics) * sequences.n_features), np.float32)
        size = max(1, _BLOCK // (int(sequences.lengths.max()) * sequences.n_features))
        for rows in sequences.batches(size):
            x, lengths = sequences.take(rows)
            statistics = pool_statistics(x, lengths)
            with np.errstate(over="ignore"):
                result[rows] = np.concatenate([statistics[name] for name in self.statistics], axis=1)
        return require_finite_results(result, "a StatisticsPooling")

    def get_feature_names_out(self, input_features=None):
        """Name the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features; None for `feature_names_in_`, or "x0", "x1" and so on.

        Returns
        -------
        ndarray of shape (n_statistics * D,), object
            Names such as "mean_x0"; of sequences of numbers only "mean" and so on.
        """
        names = super().get_feature_names_out(input_features)
        if self._univariate:
            return np.array(self.statistics, dtype=object)
        return np.array([f"{statistic}_{name}" for statistic in self.statistics for name in names], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags


def check_statistics(estimator):
    """Check the parameter `statistics`."""
    names = list(estimator.statistics)
    if isinstance(estimator.statistics, set | frozenset | dict) or any(not isinstance(name, str) for name in names):
        raise TypeError(f"statistics={estimator.statistics!r}: give a list or tuple of names")
    if not names or len(set(names)) < len(names) or not set(names) <= set(STATISTICS):
        raise ValueError(
            f"statistics={estimator.statistics!r}: choose one or more of {', '.join(STATISTICS)}, each at most once"
        )


def pool_statistics(x, lengths=None):
    """Compute all statistics of a batch of sequences.

    Parameters
    ----------
    x : ndarray of shape (B, T, D)
        Sequences, padded at the end with finite values.
    lengths : ndarray of int of shape (B,), default=None
        Number of real steps, at least one; None for T.

    Returns
    -------
    dict of str to ndarray of shape (B, D), float64
        By name.
    """
    n_steps = np.full(len(x), x.shape[1]) if lengths is None else lengths
    real = np.arange(x.shape[1])[:, None, None] < n_steps[:, None]
    time_major = np.swapaxes(x.astype(np.float64), 0, 1)
    return {name: formula(np, time_major, real.astype(np.float64)) for name, formula in FORMULAS.items()}
