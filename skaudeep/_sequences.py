"""Sequences as an embedder sees them: equal, ragged or larger than memory, behind one way to take a batch."""

import numpy as np
from scipy.sparse import issparse

from skaudeep._validation import validate_data


class Sequences:
    """A set of sequences of feature vectors.

    Parameters
    ----------
    take : callable
        From an array of row numbers to a float32 array ``(B, T, F)`` (equal lengths) or a list of ``(T_i, F)``.
    lengths : ndarray of int of shape (n,)
        Length of each sequence in steps.
    n_features : int
        Number of features of a step.
    ragged : bool
        Whether lengths differ.
    lazy : bool, default=False
        Whether taking a batch may read it from a file.
    dropped_axis : int or None
        Axis of a sequence (T, F) that the input does not have, for it is of length one.
    """

    def __init__(self, take, lengths, n_features, ragged, lazy=False, dropped_axis=None):
        self._take = take
        self.lengths = lengths
        self.n_features = n_features
        self.ragged = ragged
        self.lazy = lazy
        self.dropped_axis = dropped_axis

    def __len__(self):
        return len(self.lengths)

    def take(self, rows):
        """Gather a batch.

        Parameters
        ----------
        rows : ndarray of int of shape (B,)
            Which sequences.

        Returns
        -------
        x : ndarray of float32 of shape (B, T, F)
            Padded with zeros at the end.
        lengths : ndarray of int32 of shape (B,) or None
            None where all lengths are equal.
        """
        if not self.ragged:
            return self._take(rows), None
        lengths = self.lengths[rows].astype(np.int32)
        x = np.zeros((len(rows), lengths.max(), self.n_features), np.float32)
        for padded, sequence in zip(x, self._take(rows), strict=True):
            padded[: len(sequence)] = sequence
        return x, lengths

    def like_input(self, values):
        """A sequence (T, n), or several (n, T, n), with the dimensions that the input's have."""
        return values if self.dropped_axis is None else np.squeeze(values, self.dropped_axis - 2)

    def like_frames(self, values):
        """A vector for each step of a sequence, (T, n), or of several, (n, T, n): without steps where X has none."""
        return values if self.dropped_axis == 1 else self.like_input(values)

    def batches(self, batch_size, rows=None):
        """Row numbers of all sequences, or of some, in batches, neighbours in length together."""
        rows = np.arange(len(self)) if rows is None else rows
        return cut_by_length(rows, self.lengths, batch_size)


def object_array(arrays):
    """One-dimensional array of arrays, whatever their shapes."""
    result = np.empty(len(arrays), dtype=object)
    for row, array in enumerate(arrays):
        result[row] = array
    return result


def list_rows(rows):
    """The first numbers of rows, for a message."""
    return ", ".join(map(str, rows[:5])) + (", ..." if len(rows) > 5 else "")


def cut(rows, size):
    """Cut rows into batches, in order; the last one may be smaller."""
    return [rows[i : i + size] for i in range(0, len(rows), size)]


def cut_by_length(rows, lengths, size):
    """Cut rows into batches, neighbours in length together."""
    return cut(rows[np.argsort(lengths[rows], kind="stable")], size)


def nearest_steps(n_steps, stride):
    """Find what stands nearest to each step where there is something at each multiple of a stride only.

    Parameters
    ----------
    n_steps : int
        Number of steps.
    stride : int
        Steps from one thing to the next; the first is at the first step.

    Returns
    -------
    ndarray of int of shape (n_steps,), or slice
        Which one of the ``ceil(n_steps / stride)`` things: of two that are as near, the earlier one.
    """
    if stride == 1:
        return slice(n_steps)
    last = (n_steps - 1) // stride
    return np.minimum((np.arange(n_steps) + (stride - 1) // 2) // stride, last)


def check_sequences(estimator, X, *, reset, rows_are_frames=False):
    """Check the input of an embedder and remember or compare its number of features.

    Parameters
    ----------
    estimator : estimator
        Sets (`reset`) or compares ``n_features_in_``.
    X : array-like of shape (n, T, F) or (n, T), list of arrays of shape (T_i, F) or (T_i,), or lazy array
        A memmap, a dask array, an h5py data set and an ``xarray.DataArray`` are read batch by batch.
    reset : bool
        True in fit.
    rows_are_frames : bool, default=False
        Whether X of two dimensions is (n, F), sequences of one frame, and not (n, T), sequences of numbers.

    Returns
    -------
    Sequences

    Raises
    ------
    ValueError
        For another number of dimensions, values that are not finite, empty sequences, other features than in fit.
    """
    if isinstance(X, (list, tuple, np.ndarray)) and len(X) and isinstance(X[0], str):
        raise ValueError(
            f"X holds text such as {str(X[0])!r}, and {type(estimator).__name__} takes sequences of numbers; for "
            "paths of recordings put a SpectrogramTransformer before it"
        )
    of_any_length = not reset and not rows_are_frames and estimator._univariate and estimator.n_features_in_ == 1
    ragged = _as_ragged(X, of_any_length)
    if ragged is not None:
        return _check_ragged(estimator, ragged, reset, rows_are_frames)
    if _is_lazy(X):
        return _check_lazy(estimator, X, reset)
    if not issparse(X) and getattr(X, "ndim", None) is None:
        X = np.asarray(X)
    n_dims = getattr(X, "ndim", 2)
    if n_dims > 3:
        table = "(n, F) for frames" if rows_are_frames else "(n, T) for sequences of numbers"
        raise ValueError(
            f"X has {n_dims} dimensions, {X.shape}, and {type(estimator).__name__} takes (n, T, F), or {table}; wrap "
            "the estimator in ChunkwiseTransformer for chunks (n, C, T, F)"
        )
    if n_dims < 3:
        X = np.expand_dims(validate_data(estimator, X, dtype=np.float32, reset=reset), 1 if rows_are_frames else 2)
    else:
        X = np.asarray(X)
        if 0 in X.shape[1:]:
            raise ValueError(f"X has shape {X.shape}: every sequence needs at least one step of one feature")
        if X.dtype.kind == "f":
            _require_finite(X, np.arange(len(X)))
        flat = validate_data(estimator, X.reshape(len(X) * X.shape[1], X.shape[2]), dtype=np.float32, reset=reset)
        X = flat.reshape(X.shape)
    _check_kind(estimator, univariate=n_dims < 3 and not rows_are_frames, reset=reset)
    dropped = None if n_dims == 3 else 0 if rows_are_frames else 1
    return Sequences(X.__getitem__, np.full(len(X), X.shape[1]), X.shape[2], ragged=False, dropped_axis=dropped)


def _as_ragged(X, of_any_length):
    """Give a list of arrays where X holds sequences one by one, else None.

    Sequences of numbers of one length are a table, unless the estimator knows those `of_any_length`.
    """
    if hasattr(X, "iloc") and getattr(X, "ndim", 2) == 1:
        X = X.to_numpy()  # a column of a table
    one_by_one = isinstance(X, (list, tuple)) or (isinstance(X, np.ndarray) and X.dtype == object and X.ndim == 1)
    if not one_by_one or not len(X) or any(np.isscalar(x) or x is None for x in X):
        return None
    try:
        sequences = [np.asarray(x) for x in X]
    except ValueError:  # a sequence that is itself torn: let the usual check say so
        return None
    lengths_differ = len({x.shape for x in sequences}) > 1
    if isinstance(X, np.ndarray) or sequences[0].ndim == 2 or lengths_differ or of_any_length:
        return sequences
    return None


def _check_ragged(estimator, sequences, reset, rows_are_frames):
    n_dims = {x.ndim for x in sequences}
    if rows_are_frames and n_dims == {1} and len({len(x) for x in sequences}) == 1:
        return check_sequences(estimator, np.stack(sequences), reset=reset, rows_are_frames=True)
    if rows_are_frames and n_dims == {1}:
        raise ValueError(
            f"the frames in X have different numbers of features, {len(sequences[0])} and others; give spectrograms "
            f"(T_i, F), or a table of frames (n, F), to {type(estimator).__name__}"
        )
    if n_dims not in ({1}, {2}):
        raise ValueError(
            f"the sequences in X have {sorted(n_dims)} dimensions; each must be (T_i, F), or each (T_i,) for "
            "sequences of numbers; wrap the estimator in ChunkwiseTransformer for chunks"
        )
    univariate = n_dims == {1}
    sequences = [x[:, None] if univariate else x for x in sequences]
    lengths = np.array([len(x) for x in sequences])
    sizes = [x.shape[1] for x in sequences]
    for name, wrong in (
        ("no steps", lengths == 0),
        ("another number of features", np.array(sizes) != sizes[0]),
    ):
        if wrong.any():
            row = int(np.flatnonzero(wrong)[0])
            raise ValueError(
                f"sequence {row} of X has {name} ({sequences[row].shape}); the first is {sequences[0].shape}"
            )
    flat = np.concatenate(sequences)
    if flat.dtype.kind == "f":
        _require_finite(flat, np.repeat(np.arange(len(lengths)), lengths))
    flat = validate_data(estimator, flat, dtype=np.float32, reset=reset)
    _check_kind(estimator, univariate=univariate, reset=reset)
    ends = np.cumsum(lengths)

    def take(rows):
        return [flat[ends[row] - lengths[row] : ends[row]] for row in rows]

    dropped = 1 if univariate else None
    if len(set(lengths)) == 1:
        X = flat.reshape(len(lengths), lengths[0], -1)
        return Sequences(X.__getitem__, lengths, flat.shape[1], ragged=False, dropped_axis=dropped)
    return Sequences(take, lengths, flat.shape[1], ragged=True, dropped_axis=dropped)


def _is_lazy(X):
    module = type(X).__module__.partition(".")[0]
    lazy = isinstance(X, np.memmap) or module in ("dask", "xarray", "h5py", "zarr")
    return lazy and len(getattr(X, "shape", ())) == 3


def _check_lazy(estimator, X, reset):
    n, n_steps, n_features = X.shape
    if 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}: at least one sequence of one step of one feature is needed")
    first = np.asarray(X[:1])
    _require_finite(first, np.array([0]))
    validate_data(estimator, first.reshape(-1, n_features), dtype=np.float32, reset=reset)
    _check_kind(estimator, univariate=False, reset=reset)

    def take(rows):
        # one ordered read: files and dask graphs like rows in order
        order = np.argsort(rows)
        batch = np.asarray(X[rows[order]], np.float32)[np.argsort(order)]
        _require_finite(batch, rows)
        return batch

    return Sequences(take, np.full(n, n_steps), n_features, ragged=False, lazy=True)


def _check_kind(estimator, *, univariate, reset):
    """Sequences of numbers and of vectors may agree in n_features_in_ and still be different things."""
    if reset:
        estimator._univariate = univariate
    elif estimator._univariate != univariate:
        wanted, got = ("(n, T)", "(n, T, F)") if estimator._univariate else ("(n, T, F)", "(n, T)")
        raise ValueError(f"X looks like {got}, but {type(estimator).__name__} was fitted on {wanted}")


def _require_finite(x, rows):
    """Name the rows of X, one per entry of x, that hold NaN or infinity."""
    finite = np.isfinite(x).all(axis=tuple(range(1, x.ndim)))
    if finite.all():
        return
    wrong = np.unique(rows[~finite])
    raise ValueError(
        f"Input X contains NaN or infinity in {len(wrong)} sequences (rows {list_rows(wrong)}). Rows that a "
        "SpectrogramTransformer could not read are listed in its `errors_`: drop them before fitting"
    )
