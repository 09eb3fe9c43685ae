"""A number for every frame of a sequence."""

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import assert_all_finite, check_array, get_tags

from skaudeep._chunks import flatten_chunks
from skaudeep._sequences import object_array
from skaudeep._validation import check_is_fitted, fit_context, safe_indexing
from skaudeep.classification._vote import PredictorOfChunks

__all__ = ["FramewiseRegressor"]


class FramewiseRegressor(RegressorMixin, PredictorOfChunks):
    """Predict a number for every frame of a sequence.

    A regressor is fitted on the frames of all sequences, end to end, each with its own target. What a frame knows of
    the frames around it is what its features say: those of an embedder with ``output="frames"``, say.

    Parameters
    ----------
    estimator : regressor
        What predicts the target of a frame; a clone is fitted.

    Attributes
    ----------
    estimator_ : regressor
        The fitted clone.
    n_features_in_ : int
        Number of features of a frame, if `estimator_` knows it.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `estimator_` knows them.

    See Also
    --------
    skaudeep.datasets.annotation_frames : Gives the targets, of annotations over time.
    ChunkMeanRegressor : One number for each file.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression
    >>> from skaudeep.classification import FramewiseRegressor
    >>> X = np.array([[[0.0], [1.0], [2.0]], [[4.0], [3.0], [2.0]]])  # 2 sequences, 3 frames, 1 feature
    >>> y = [[1.0, 2.0, 3.0], [5.0, np.nan, 3.0]]  # nobody knows of one frame
    >>> FramewiseRegressor(LinearRegression()).fit(X, y).predict(X).round(1)
    array([[1., 2., 3.],
           [5., 4., 3.]])
    """

    # The estimator's own parameters are not validated yet.
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y, **params):
        """Fit the regressor on the frames of all sequences.

        Parameters
        ----------
        X : array-like of shape (n, T, D), sequence of n arrays of shape (T_i, D), or array-like of shape (n, D)
            Features of the frames; two dimensions mean one frame for each sequence.
        y : array-like of shape (n, T), sequence of n arrays of shape (T_i,), or array-like of shape (n,)
            Targets of the frames; with one more axis several for each. Frames with NaN are left out.
        **params : dict
            Passed to the `fit` of `estimator`, by metadata routing if that is enabled. A ``sample_weight`` has one
            entry for each sequence, or for each frame as `y` has them.

        Returns
        -------
        FramewiseRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If there is not a target for every frame, one is infinite, or all are NaN.
        """
        if y is None:
            raise ValueError("FramewiseRegressor requires y to be passed, but the target y is None; give targets.")
        frames, counts = flatten_chunks(X, "frame")
        targets = _stack(y, counts, _is_table(X))
        known = _known(targets)
        per_frame = {}
        for name, value in self._route(params).items():
            is_of_sequences = not isinstance(value, str) and hasattr(value, "__len__") and len(value) == len(counts)
            per_frame[name] = _weights(value, counts, _is_table(X))[known] if is_of_sequences else value
        if not known.all():
            frames, targets = safe_indexing(frames, np.flatnonzero(known)), targets[known]
        self._fit_clone(frames, targets, per_frame)
        return self

    def predict(self, X):
        """Predict the target of every frame.

        Parameters
        ----------
        X : array-like of shape (n, T, D), sequence of n arrays of shape (T_i, D), or array-like of shape (n, D)
            Features of the frames.

        Returns
        -------
        ndarray of shape (n, T) or (n,), or object array of n arrays of shape (T_i,)
            Targets, like `y` in `fit`; with one more axis where there are several for each frame.
        """
        check_is_fitted(self)
        frames, counts = flatten_chunks(X, "frame")
        values = np.asarray(self.estimator_.predict(frames))
        if _is_table(X):
            return values
        if (counts == counts[0]).all():
            return values.reshape(len(counts), counts[0], *values.shape[1:])
        return object_array(np.split(values, np.cumsum(counts)[:-1]))

    def score(self, X, y, sample_weight=None):
        """Compute the coefficient of determination of all frames together, those with NaN left out.

        Parameters
        ----------
        X : array-like of shape (n, T, D), sequence of n arrays of shape (T_i, D), or array-like of shape (n, D)
            Features of the frames.
        y : array-like of shape (n, T), sequence of n arrays of shape (T_i,), or array-like of shape (n,)
            Their targets.
        sample_weight : array-like, default=None
            Weights of the sequences, or of the frames as `y` has them.

        Returns
        -------
        float
            R squared.
        """
        _, counts = flatten_chunks(X, "frame")
        targets = _stack(y, counts, _is_table(X))
        known = _known(targets)
        predicted = _stack(self.predict(X), counts, _is_table(X))
        weights = None if sample_weight is None else _weights(sample_weight, counts, _is_table(X))[known]
        return r2_score(targets[known], predicted[known], sample_weight=weights)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.estimator).target_tags
        tags.target_tags.multi_output, tags.target_tags.single_output = inner.multi_output, inner.single_output
        return tags


def _is_table(X):
    """Whether X has a row of features for each sequence, which is its only frame."""
    if isinstance(X, list | tuple):  # of arrays that may be of unequal length
        return len(X) > 0 and np.ndim(X[0]) == 1
    return (X if hasattr(X, "ndim") else np.asarray(X)).ndim == 2


def _stack(y, counts, is_table):
    """Lay the targets of all frames end to end: (N,), or (N, k) for several targets."""
    if is_table:
        y = check_array(y, ensure_2d=False, dtype="numeric", ensure_all_finite="allow-nan", input_name="y")
        if len(y) != len(counts):
            raise ValueError(f"X and y have inconsistent numbers of samples: {len(counts)} and {len(y)}")
        return y
    targets = [np.asarray(own) for own in (y.to_numpy() if hasattr(y, "to_numpy") else y)]
    if len(targets) != len(counts):
        raise ValueError(f"X and y have inconsistent numbers of samples: {len(counts)} and {len(targets)} sequences")
    for row, (own, n_frames) in enumerate(zip(targets, counts, strict=True)):
        if own.ndim not in (1, 2) or len(own) != n_frames:
            raise ValueError(
                f"y[{row}] has shape {own.shape}, but X[{row}] has {n_frames} frames: give a number for each frame, "
                "NaN where it is not known"
            )
    stacked = np.concatenate(targets)
    return check_array(stacked, ensure_2d=False, dtype="numeric", ensure_all_finite="allow-nan", input_name="y")


def _known(targets):
    """Which frames have all of their targets, one or more."""
    known = ~np.isnan(targets.reshape(len(targets), -1)).any(axis=1)
    if not known.any():
        raise ValueError("y is NaN for every frame: there is nothing to learn, or to compare with; give targets.")
    return known


def _weights(values, counts, is_table):
    """Give a weight to each frame, where there is one for each sequence or for each frame."""
    if len(values) == len(counts) and all(np.ndim(value) == 0 for value in values):
        return np.repeat(np.asarray(values), counts)
    weights = _stack(values, counts, is_table)
    assert_all_finite(weights, input_name="sample_weight")
    return weights
