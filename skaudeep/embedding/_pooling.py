"""From sequences to tables: statistics over time of every feature."""

from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin

from skaudeep._sequences import check_sequences
from skaudeep._validation import (
    Integral,
    Interval,
    check_is_fitted,
    fit_context,
    require_finite_results,
)
from skaudeep._versions import VersionedMixin
from skaudeep.embedding._covariances import Directions, Moments
from skaudeep.embedding._statistics import FORMULAS, STATISTICS, average_bands, covariance, moments, project
from skaudeep.exceptions import ParameterError

#: the statistic that has a number for each pair of directions in which steps vary
COVARIANCE = "covariance"

_BLOCK = 2**20  # values that are looked at together, in double precision


class StatisticsPooling(VersionedMixin, OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Describe each sequence by statistics over time of its features.

    Turns sequences of vectors, such as the output of a frequency autoencoder or spectrograms, into a table for
    any estimator of scikit-learn. Only real steps count: a sequence gives the same whatever its neighbours are.

    Parameters
    ----------
    statistics : sequence of str, default=("mean", "std", "max", "min", "delta")
        Which, and in which order. "std" is that of the population; "delta" is the mean absolute change from step
        to step, 0 for a single step; "covariance" tells which features change together, see Notes.
    n_bands : int, default=None
        Average neighbouring features into so many bands first, which are as wide as each other or, the first ones, one
        feature wider. None, or as many as there are features, or more: leave the features as they are.
    n_components : int, default=64
        For "covariance": number of directions, at most; there are no more than features (bands), and no more than
        directions in which the steps at `fit` vary. Of k directions there are k * (k + 1) / 2 numbers.

    Attributes
    ----------
    components_ : ndarray of shape (k, D)
        The directions, if "covariance" is asked for: principal components of all steps at `fit`, of D features or
        bands.
    mean_ : ndarray of shape (D,)
        Mean of these steps.
    explained_variance_ : ndarray of shape (k,)
        Variance of these steps in each direction.
    n_features_in_ : int
        Number of features of a step, or of steps for sequences of numbers, (n, T).
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the columns, if X at `fit` was a data frame with names.

    See Also
    --------
    skaudeep.embedding.Seq2SeqAutoencoderEmbedder : Its ``output="states"`` pools the states of its encoder alike.

    Notes
    -----
    "covariance" is the covariance of the steps of a sequence in the directions in which all steps at `fit` vary most
    (a principal component analysis, without labels). One per cent of it is replaced by the identity, scaled to the
    same trace, and a millionth of the mean `explained_variance_` is added to the diagonal, so that also a single step
    has a logarithm. Of the logarithm of this matrix there are the diagonal and what is above it, the latter times
    the root of two: distances of these vectors are log-Euclidean distances of the covariances [1]_. Covariances as
    descriptors, and such logarithms as features of linear classifiers, are those of [2]_ and [3]_.

    References
    ----------
    .. [1] V. Arsigny, P. Fillard, X. Pennec, N. Ayache, "Log-Euclidean metrics for fast and simple calculus on
       diffusion tensors", Magnetic Resonance in Medicine 56(2), 2006.
    .. [2] O. Tuzel, F. Porikli, P. Meer, "Region covariance: a fast descriptor for detection and classification", ECCV
       2006.
    .. [3] A. Barachant, S. Bonnet, M. Congedo, C. Jutten, "Multiclass brain-computer interface classification by
       Riemannian geometry", IEEE Transactions on Biomedical Engineering 59(4), 2012.

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
    >>> StatisticsPooling(statistics=("covariance",)).fit(sequences).get_feature_names_out().tolist()
    ['covariance_0_0', 'covariance_0_1', 'covariance_1_1']
    """

    _parameter_constraints: ClassVar[dict] = {
        "statistics": ["array-like"],
        "n_bands": [Interval(Integral, 1, None, closed="left"), None],
        "n_components": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, *, statistics=STATISTICS, n_bands=None, n_components=64):
        self.statistics = statistics
        self.n_bands = n_bands
        self.n_components = n_components

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Check the sequences, and learn the directions of covariances if these are asked for.

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
        sequences = check_sequences(self, X, reset=True)
        for name in ("components_", "mean_", "explained_variance_"):
            vars(self).pop(name, None)  # of an earlier fit
        if COVARIANCE in self.statistics:
            found = Moments()
            for _, x, lengths in self._batches(sequences):
                found.add(*moments(np, *as_steps(x, lengths)))
            directions = found.find_directions(self.n_components)
            self.mean_ = directions.mean
            self.components_ = directions.components
            self.explained_variance_ = directions.variances
        return self

    def transform(self, X):
        """Compute the statistics.

        Parameters
        ----------
        X : array-like of shape (n, T, D) or (n, T), list of (T_i, D), or lazy array (n, T, D)
            As in `fit`; T may differ from there unless X is (n, T).

        Returns
        -------
        ndarray of shape (n, n_features_out), float32
            The first statistic of all features, then the second, and so on.
        """
        check_is_fitted(self)
        check_statistics(self)
        sequences = check_sequences(self, X, reset=False)
        directions = self._directions()
        result = np.empty((len(sequences), self._count_features(directions)), np.float32)
        for rows, x, lengths in self._batches(sequences):
            statistics = pool_statistics(x, lengths, self.statistics, directions)
            with np.errstate(over="ignore"):
                result[rows] = np.concatenate(list(statistics.values()), axis=1)
        return require_finite_results(result, "a StatisticsPooling")

    def _batches(self, sequences):
        """Row numbers, sequences of bands and lengths, some at a time."""
        n_values = int(sequences.lengths.max()) * sequences.n_features
        for rows in sequences.batches(max(1, _BLOCK // n_values)):
            x, lengths = sequences.take(rows)
            yield rows, average_bands(np, x[..., None], self.n_bands)[..., 0], lengths

    def _directions(self):
        """Give the directions of covariances; None where these are not asked for."""
        if COVARIANCE not in self.statistics:
            return None
        directions = None
        if hasattr(self, "components_"):
            directions = Directions(self.mean_, self.components_, self.explained_variance_)
        check_directions(self, [] if directions is None else [directions], self._n_values, "fit again")
        return directions

    def _count_features(self, directions):
        """Number of columns of the result."""
        if directions is None:
            return self._n_values * len(self.statistics)
        return self._n_values * (len(self.statistics) - 1) + directions.n_pairs

    @property
    def _n_values(self):
        """Number of features of a step, or of bands."""
        n_features = 1 if self._univariate else self.n_features_in_
        return n_features if self.n_bands is None else min(self.n_bands, n_features)

    def get_feature_names_out(self, input_features=None):
        """Name the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Names of the features; None for `feature_names_in_`, or "x0", "x1" and so on.

        Returns
        -------
        ndarray of shape (n_features_out,), object
            Names such as "mean_x0", or "mean_band0" of bands, and "covariance_0_1" of two directions; of sequences of
            numbers only "mean" and so on.
        """
        features = super().get_feature_names_out(input_features)
        if self._n_values < len(features):
            features = [f"band{band}" for band in range(self._n_values)]
        directions = self._directions()
        names = []
        for statistic in self.statistics:
            if statistic == COVARIANCE:
                names += [f"{statistic}_{i}_{j}" for i, j in directions.pairs]
            elif self._univariate:
                names.append(statistic)
            else:
                names += [f"{statistic}_{feature}" for feature in features]
        return np.array(names, dtype=object)

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
    known = (*STATISTICS, COVARIANCE)
    if not names or len(set(names)) < len(names) or not set(names) <= set(known):
        raise ValueError(
            f"statistics={estimator.statistics!r}: choose one or more of {', '.join(known)}, each at most once"
        )


def check_directions(estimator, directions, n_values, remedy):
    """Refuse to take covariances in directions that were not learned, or not for as many values of a step."""
    if not directions:
        reason = ": the directions of covariances are learned at fit, and were not asked for then"
        raise ParameterError("statistics", estimator.statistics, f"{reason}; {remedy}")
    n_learned = sum(len(of_layer.mean) for of_layer in directions)
    if n_learned != n_values:
        reason = f": the directions of covariances were learned at fit for {n_learned} values of each step"
        raise ParameterError("n_bands", estimator.n_bands, f"{reason}, not {n_values}; {remedy}")


def as_steps(x, lengths=None):
    """Give sequences with time first, in double precision, and which of their steps are real.

    Parameters
    ----------
    x : ndarray of shape (B, T, D)
        Sequences, padded at the end with finite values.
    lengths : ndarray of int of shape (B,), default=None
        Number of real steps, at least one; None for T.

    Returns
    -------
    x : ndarray of shape (T, B, D), float64
        The sequences.
    real : ndarray of shape (T, B, 1), float64
        1 for their steps and 0 for padding.
    """
    n_steps = np.full(len(x), x.shape[1]) if lengths is None else lengths
    real = np.arange(x.shape[1])[:, None, None] < n_steps[:, None]
    return np.swapaxes(x.astype(np.float64), 0, 1), real.astype(np.float64)


def pool_statistics(x, lengths=None, names=STATISTICS, directions=None):
    """Compute statistics of a batch of sequences.

    Parameters
    ----------
    x : ndarray of shape (B, T, D)
        Sequences, padded at the end with finite values.
    lengths : ndarray of int of shape (B,), default=None
        Number of real steps, at least one; None for T.
    names : sequence of str
        Which.
    directions : Directions, default=None
        Those of "covariance".

    Returns
    -------
    dict of str to ndarray of shape (B, D), float64
        By name; (B, k * (k + 1) / 2) for "covariance".
    """
    x, real = as_steps(x, lengths)
    result = {}
    for name in names:
        if name == COVARIANCE:
            projected = project(np, x, directions.mean, directions.components)
            result[name] = directions.vectorise(covariance(np, projected, real))
        else:
            result[name] = FORMULAS[name](np, x, real)
    return result
