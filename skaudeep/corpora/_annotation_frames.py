"""Annotations over time at the times of the frames of spectrograms."""

import numpy as np
import pandas as pd

from skaudeep._validation import Interval, Real, validate_params
from skaudeep.corpora._annotations import check_annotations
from skaudeep.exceptions import DataSetError, ParameterError, param

_POSITIVE = [Interval(Real, 0, None, closed="neither")]


@validate_params(
    {
        "annotations": [pd.DataFrame],
        "files": ["array-like"],
        "n_frames": ["array-like", Interval(Real, 0, None, closed="left")],
        "window_width": _POSITIVE,
        "window_overlap": [Interval(Real, 0, None, closed="left")],
        "start": ["array-like", Real],
        "delay": [Interval(Real, None, None, closed="neither")],
        "max_gap": [*_POSITIVE, None],
    },
    prefer_skip_nested_validation=True,
)
def annotation_frames(
    annotations, files, n_frames, *, window_width=0.08, window_overlap=0.04, start=0.0, delay=0.0, max_gap=None
):
    """Give each frame of spectrograms the number that was annotated at its time.

    Parameters
    ----------
    annotations : pandas.DataFrame
        The columns `file`, `time` and one or more of numbers, as of :func:`load_annotations`.
    files : array-like of str of shape (n,)
        The recordings, as `annotations` names them, in the order of the spectrograms.
    n_frames : int or array-like of int of shape (n,)
        Number of frames of each spectrogram.
    window_width, window_overlap : float, default=0.08 and 0.04
        Of the spectrograms, in seconds, as in `SpectrogramTransformer`.
    start : float or array-like of shape (n,), default=0.0
        Where in its recording a spectrogram begins, in seconds.
    delay : float, default=0.0
        By how many seconds annotations come later than what they are about, as people need time to react: a frame at
        `time` gets what was annotated at ``time + delay``.
    max_gap : float, default=None
        Frames between two annotations that are further apart than this, in seconds, have no number; None: all have.

    Returns
    -------
    ndarray of float64 of shape (n, T), or object array of n arrays of shape (T_i,)
        Frame t is at its centre, ``start + window_width / 2 + t * (window_width - window_overlap)``. Between two
        annotations the number changes linearly; it is NaN before the first and after the last one, and in recordings
        that were not annotated. With several columns of numbers there is one more axis, (n, T, k).

    Raises
    ------
    DataSetError
        If the table lacks a column, times of a recording are not in order, or none of the files is annotated.
    ParameterError
        If windows do not move on, or there are not as many numbers of frames, or starts, as files.

    See Also
    --------
    annotation_windows : One number for each window of some seconds.
    skaudeep.classification.FramewiseRegressor : Learns such numbers; it leaves out frames with NaN.

    Notes
    -----
    The times are those of spectrograms that begin where the recording, or its segment, begins: not with `center_fixed`
    or a second chunk. Frames that a `fixed_length` pads lie behind the end of the recording, and of its annotation.

    Examples
    --------
    >>> import pandas as pd
    >>> from skaudeep.datasets import annotation_frames
    >>> heard = pd.DataFrame({"file": "a.wav", "time": [0.0, 1.0], "arousal": [0.0, 10.0]})
    >>> annotation_frames(heard, ["a.wav"], 5, window_width=0.5, window_overlap=0.25).round(2)
    array([[ 2.5,  5. ,  7.5, 10. ,  nan]])
    """
    names = check_annotations(annotations)
    if window_overlap >= window_width:
        remedy = f" must be less than {param('window_width', window_width)}: windows have to move on"
        raise ParameterError("window_overlap", window_overlap, remedy)
    files = np.asarray(files, dtype=object)
    if files.ndim != 1 or not len(files):
        raise ParameterError("files", files.shape, ": that is its shape; give a list of one recording or more")
    counts, starts = _for_each("n_frames", n_frames, files), _for_each("start", start, files)
    wrong = (counts < 0) | (counts != np.round(counts))
    if wrong.any():
        raise ParameterError("n_frames", float(counts[wrong][0]), ": give whole numbers from 0")
    counts = counts.astype(int)
    by_file = dict(list(annotations.groupby("file", sort=False)))
    if not set(by_file) & set(files):
        raise DataSetError(
            f"none of the {len(files)} files is annotated: the first is {files[0]!r}, the first annotated one "
            f"{next(iter(by_file))!r}; give the names that the annotations have."
        )
    hop = window_width - window_overlap
    targets = []
    for file, count, begin in zip(files, counts, starts, strict=True):
        times = begin + window_width / 2 + hop * np.arange(count) + delay
        numbers = _interpolate(by_file[file], names, times, max_gap) if file in by_file else None
        numbers = np.full((count, len(names)), np.nan) if numbers is None else numbers
        targets.append(numbers[:, 0] if len(names) == 1 else numbers)
    if len(set(counts)) == 1:
        return np.stack(targets)
    return np.fromiter(targets, dtype=object, count=len(targets))


def _for_each(name, values, files):
    """Give a number for each file, where there may be one for all."""
    values = np.asarray(values, np.float64)
    if values.ndim and values.shape != files.shape:
        raise ParameterError(name, values.shape, f": that is its shape, and there are {len(files)} files")
    if not np.isfinite(values).all():
        raise ParameterError(name, float(values[~np.isfinite(values)].ravel()[0]), ": give finite numbers")
    return np.broadcast_to(values, files.shape)


def _interpolate(own, names, times, max_gap):
    """Numbers of a recording at some times, (T, k)."""
    annotated = own["time"].to_numpy(np.float64)
    columns = [np.interp(times, annotated, own[name], left=np.nan, right=np.nan) for name in names]
    numbers = np.stack(columns, axis=1)
    if max_gap is not None and len(annotated) > 1:
        after = np.clip(np.searchsorted(annotated, times), 1, len(annotated) - 1)
        in_gap = annotated[after] - annotated[after - 1] > max_gap * (1 + 1e-9)
        numbers[in_gap & ~np.isin(times, annotated)] = np.nan
    return numbers
