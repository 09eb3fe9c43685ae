"""One decision, or one number, for a file from those for its chunks."""

from typing import ClassVar

import numpy as np
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import assert_all_finite, check_array, check_consistent_length, column_or_1d, get_tags

from skaudeep._chunks import ChunkwiseEstimator, flatten_chunks
from skaudeep._validation import HasMethods, check_class_labels, check_is_fitted, fit_context

__all__ = ["ChunkMeanRegressor", "MajorityVoteClassifier"]


class PredictorOfChunks(ChunkwiseEstimator):
    """Base of what predicts by an estimator of chunks, or of other parts of a file."""

    _role = "estimator"

    _parameter_constraints: ClassVar[dict] = {"estimator": [HasMethods(["fit", "predict"])]}

    def __init__(self, estimator):
        self.estimator = estimator


class MajorityVoteClassifier(ClassifierMixin, PredictorOfChunks):
    """Classify files by a majority vote over their chunks.

    A classifier is fitted on the chunks of all files, each with the label of its file, so that a file weighs
    as much as it has chunks. It predicts every chunk of a new file, and the class with most votes wins. Of
    classes with as many votes, the one with the highest sum of probabilities (or else decision values) over
    the chunks wins, and failing these the first in the order of `classes_`.

    Parameters
    ----------
    estimator : classifier
        What classifies a chunk; a clone is fitted.

    Attributes
    ----------
    estimator_ : classifier
        The fitted clone.
    classes_ : ndarray of shape (n_classes,)
        The labels.
    n_features_in_ : int
        Number of features of a chunk, if `estimator_` knows it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `estimator_` knows them.

    See Also
    --------
    skaudeep.fusion.ChunkwiseTransformer : With ``pooling=None`` gives the features of each chunk.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skaudeep.classification import MajorityVoteClassifier
    >>> X = np.array([[[0.0], [0.1], [0.9]], [[1.0], [0.2], [0.8]]])  # 2 files, 3 chunks, 1 feature
    >>> vote = MajorityVoteClassifier(LogisticRegression(C=100.0)).fit(X, ["dog", "rain"])
    >>> vote.predict(X)
    array(['dog', 'rain'], dtype='<U4')
    """

    # The estimator's own parameters are not validated yet.
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the classifier on the chunks of all files.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, n_features), sequence of n_files arrays of shape \
                (n_chunks_i, n_features), or array-like of shape (n_files, n_features)
            Features of the chunks; two dimensions mean one chunk for each file.
        y : array-like of shape (n_files,)
            Labels of the files.
        **params : dict
            Passed to the `fit` of `estimator`, by metadata routing if that is enabled. An array with one
            entry for each file, such as ``sample_weight``, is repeated for the chunks.

        Returns
        -------
        MajorityVoteClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a file has no chunk or no label (NaN, None or empty text), or `X` and `y` differ in length.
        """
        chunks, counts = flatten_chunks(X)
        y = column_or_1d(y, warn=True)
        check_consistent_length(counts, y)
        assert_all_finite(y, input_name="y")
        check_class_labels(y)
        self._fit_chunks(chunks, counts, y, params)
        return self

    @property
    def classes_(self):
        """The labels."""
        return self.estimator_.classes_

    def predict(self, X):
        """Predict the class with most votes of the chunks of each file.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, n_features), sequence of n_files arrays of shape \
                (n_chunks_i, n_features), or array-like of shape (n_files, n_features)
            Features of the chunks.

        Returns
        -------
        ndarray of shape (n_files,)
            Labels.
        """
        check_is_fitted(self)
        chunks, counts = flatten_chunks(X)
        votes = self._votes(chunks, counts)
        scores = _sum_per_file(self._scores(chunks), counts)
        scores[votes < votes.max(axis=1, keepdims=True)] = -np.inf
        return self.classes_[scores.argmax(axis=1)]

    def predict_proba(self, X):
        """Average the probabilities of the chunks, or take each class's share of the votes.

        The shares of the votes are what a classifier without probabilities gives. A class may win the vote
        without the highest mean probability.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, n_features), sequence of n_files arrays of shape \
                (n_chunks_i, n_features), or array-like of shape (n_files, n_features)
            Features of the chunks.

        Returns
        -------
        ndarray of shape (n_files, n_classes)
            Probabilities.
        """
        check_is_fitted(self)
        chunks, counts = flatten_chunks(X)
        if hasattr(self.estimator_, "predict_proba"):
            totals = _sum_per_file(self.estimator_.predict_proba(chunks), counts)
        else:
            totals = self._votes(chunks, counts)
        return totals / counts[:, np.newaxis]

    def _votes(self, chunks, counts):
        """Count the votes for each class, an array of shape (n_files, n_classes)."""
        predicted = np.asarray(self.estimator_.predict(chunks))
        return _sum_per_file((predicted[:, np.newaxis] == self.classes_).astype(float), counts)

    def _scores(self, chunks):
        """Confidence in each class, an array of shape (sum of counts, n_classes), all 0 if unknown."""
        if hasattr(self.estimator_, "predict_proba"):
            return self.estimator_.predict_proba(chunks)
        if not hasattr(self.estimator_, "decision_function"):
            return np.zeros((chunks.shape[0], len(self.classes_)))
        scores = self.estimator_.decision_function(chunks)
        return np.column_stack([-scores, scores]) if scores.ndim == 1 else scores


class ChunkMeanRegressor(RegressorMixin, PredictorOfChunks):
    """Predict a number for each file, the mean of those that a regressor predicts for its chunks.

    The regressor is fitted on the chunks of all files, each with the target of its file, so that a file weighs as much
    as it has chunks.

    Parameters
    ----------
    estimator : regressor
        What predicts the target of a chunk; a clone is fitted.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone.
    n_features_in_ : int
        Number of features of a chunk, if `estimator_` knows it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `estimator_` knows them.

    See Also
    --------
    MajorityVoteClassifier : The same for classes.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skaudeep.classification import ChunkMeanRegressor
    >>> X = np.array([[[0.0], [0.2]], [[1.0], [0.8]], [[2.0], [2.0]]])  # 3 files, 2 chunks, 1 feature
    >>> ChunkMeanRegressor(LinearRegression()).fit(X, [0.1, 0.9, 2.0]).predict([[[1.0], [3.0]]]).round(1)
    array([2.])
    """

    # The estimator's own parameters are not validated yet.
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the regressor on the chunks of all files.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, n_features), sequence of n_files arrays of shape \
                (n_chunks_i, n_features), or array-like of shape (n_files, n_features)
            Features of the chunks; two dimensions mean one chunk for each file.
        y : array-like of shape (n_files,) or (n_files, n_targets)
            Targets of the files.
        **params : dict
            Passed to the `fit` of `estimator`, as by `MajorityVoteClassifier`.

        Returns
        -------
        ChunkMeanRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If a file has no chunk or no finite target, or `X` and `y` differ in length.
        """
        if y is None:
            raise ValueError("ChunkMeanRegressor requires y to be passed, but the target y is None; give targets.")
        chunks, counts = flatten_chunks(X)
        y = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        check_consistent_length(counts, y)
        self._fit_chunks(chunks, counts, y, params)
        return self

    def predict(self, X):
        """Predict the mean over the chunks of each file.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, n_features), sequence of n_files arrays of shape \
                (n_chunks_i, n_features), or array-like of shape (n_files, n_features)
            Features of the chunks.

        Returns
        -------
        ndarray of shape (n_files,) or (n_files, n_targets)
            Targets.
        """
        check_is_fitted(self)
        chunks, counts = flatten_chunks(X)
        totals = _sum_per_file(np.asarray(self.estimator_.predict(chunks), np.float64), counts)
        return totals / counts.reshape(-1, *[1] * (totals.ndim - 1))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator).target_tags
        tags.target_tags.multi_output, tags.target_tags.single_output = inner.multi_output, inner.single_output
        return tags


def _sum_per_file(values, counts):
    return np.add.reduceat(values, np.cumsum(counts) - counts, axis=0)
