"""Files cut into chunks: the chunks of all files as samples, and back."""

import numpy as np
from sklearn import get_config
from sklearn.base import BaseEstimator, clone
from sklearn.utils import get_tags
from sklearn.utils.metadata_routing import MetadataRouter, MethodMapping, process_routing

from skaudeep._versions import VersionedMixin

__all__ = ["ChunkwiseEstimator", "flatten_chunks"]


def flatten_chunks(X, unit="chunk"):
    """Lay the chunks of all files end to end.

    Parameters
    ----------
    X : array-like of shape (n_files, n_chunks, ...), sequence of n_files arrays (n_chunks_i, ...), or \
            {array-like, DataFrame, sparse matrix} of shape (n_files, n_features)
        Files; a two-dimensional `X` holds one chunk for each file and is returned as it is.
    unit : str, default="chunk"
        What to call a chunk in messages.

    Returns
    -------
    chunks : array-like of shape (sum of n_chunks, ...)
        The chunks, file after file.
    counts : ndarray of shape (n_files,)
        The number of chunks of each file.

    Raises
    ------
    ValueError
        If a file has no chunk, or the chunks differ in shape.
    """
    if len(getattr(X, "shape", ())) == 2:
        return X, np.ones(X.shape[0], dtype=np.intp)
    if not hasattr(X, "reshape"):  # what has it, such as a dask array, may be larger than memory
        X = _to_array(X)
    if X.ndim == 1 and X.dtype == object and len(X) and all(np.ndim(chunks) >= 2 for chunks in X):
        X = [np.asarray(chunks) for chunks in X]
        counts = np.array([len(chunks) for chunks in X], dtype=np.intp)
        _check_chunks(counts, [chunks.shape[1:] for chunks in X], unit)
        return np.concatenate(X), counts
    if X.ndim < 3:  # rows of numbers, or what only the wrapped estimator can judge
        return X, np.ones(X.size if X.ndim < 2 else len(X), dtype=np.intp)
    counts = np.full(X.shape[0], X.shape[1], dtype=np.intp)
    _check_chunks(counts, [], unit)
    return X.reshape(-1, *X.shape[2:]), counts


def _to_array(X):
    """Make an array of the rows, or an object array if they are arrays of unequal length."""
    if isinstance(X, list | tuple) and len({np.shape(row) for row in X}) > 1:
        return np.fromiter(X, dtype=object, count=len(X))
    return np.asarray(X)


def _check_chunks(counts, shapes, unit):
    if not counts.all():
        raise ValueError(
            f"X[{counts.argmin()}] has no {unit}; each file needs at least one. "
            f"Leave such files out, or cut them into shorter {unit}s."
        )
    for row, shape in enumerate(shapes):
        if shape != shapes[0]:
            remedy = "Give all as many features." if len(shape) == 1 else f"Cut all files into {unit}s of one length."
            raise ValueError(f"X[{row}] has {unit}s of shape {shape}, but X[0] of shape {shapes[0]}. {remedy}")


class ChunkwiseEstimator(VersionedMixin, BaseEstimator):
    """Base of the estimators that fit another one on the chunks of all files.

    A subclass names in `_role` the parameter that holds the other estimator; the fitted clone is the
    attribute of that name with an underscore.
    """

    _role: str

    @property
    def n_features_in_(self):
        """Number of features of a chunk."""
        return self._fitted.n_features_in_

    @property
    def feature_names_in_(self):
        """Names of the features, if the wrapped estimator saw names."""
        return self._fitted.feature_names_in_

    @property
    def _fitted(self):
        return getattr(self, f"{self._role}_")

    def _fit_chunks(self, chunks, counts, y, params):
        """Fit a clone on the chunks, each with the label and the metadata of its file."""
        per_chunk = {
            name: np.repeat(np.asarray(value), counts, axis=0) if _is_per_file(value, counts) else value
            for name, value in self._route(params).items()
        }
        if y is not None:
            y = np.repeat(np.asarray(y), counts, axis=0)
        self._fit_clone(chunks, y, per_chunk)

    def _route(self, params):
        """Give the metadata that the wrapped estimator takes."""
        if get_config()["enable_metadata_routing"]:
            return process_routing(self, "fit", **params)[self._role].fit
        return params

    def _fit_clone(self, chunks, y, params):
        estimator = clone(getattr(self, self._role)).fit(chunks, y, **params)
        setattr(self, f"{self._role}_", estimator)

    def get_metadata_routing(self):
        """Say what metadata the wrapped estimator takes.

        Returns
        -------
        MetadataRouter
            The routes from `fit` to the `fit` of the wrapped estimator.
        """
        return MetadataRouter(owner=self).add(
            **{self._role: getattr(self, self._role)},
            method_mapping=MethodMapping().add(caller="fit", callee="fit"),
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(getattr(self, self._role))
        tags.input_tags.sparse = inner.input_tags.sparse
        tags.input_tags.allow_nan = inner.input_tags.allow_nan
        tags.input_tags.three_d_array = True
        return tags


def _is_per_file(value, counts):
    """Whether `fit` was given one number or string for each file, and not, say, a list of callbacks."""
    if np.ndim(value) == 0 or len(value) != len(counts):
        return False
    return np.asarray(value).dtype != object
