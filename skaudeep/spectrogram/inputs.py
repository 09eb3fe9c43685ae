"""What a spectrogram is made of: every accepted form of X as one list of sources."""

import os
import reprlib
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from skaudeep import audio
from skaudeep._columns import segment_table, to_seconds
from skaudeep._decoding import MAX_CHANNELS, is_file_like, name_of
from skaudeep._validation import validate_data
from skaudeep.exceptions import AudioError, ParameterError


class FileObject:
    """A file-like object of X, with a name for messages; equal to another one of the same object.

    Parameters
    ----------
    file : file-like
        An object with `read` and `seek`.
    row : int
        A row of X that holds it.
    """

    def __init__(self, file, row):
        self._file = file
        self.name = f"{name_of(file)} (row {row})"
        self.read, self.seek = file.read, file.seek
        if hasattr(file, "tell"):
            self.tell = file.tell

    def __eq__(self, other):
        return isinstance(other, FileObject) and self._file is other._file

    def __hash__(self):
        return id(self._file)


@dataclass(frozen=True)
class FileSource:
    """A recording on disk or in a file-like object, or a segment of it in seconds."""

    file: str | FileObject
    start: float | None = None
    end: float | None = None

    @property
    def label(self):
        """What to call the file."""
        return name_of(self.file)

    @property
    def name(self):
        """What to call it in messages."""
        if self.start is None and self.end is None:
            return self.label
        return f"{self.label} ({self.start or 0:g} s to {'its end' if self.end is None else f'{self.end:g} s'})"

    def sample_rate(self):
        """Return the rate of the file, in Hz."""
        return audio.audio_info(self.file).sample_rate

    def read(self, tolerance=0.0):
        """Decode it: samples of shape (n_channels, n_samples) and their rate in Hz."""
        return audio.read_audio(self.file, start=self.start, end=self.end, tolerance=tolerance)

    def seconds_past_end(self, n_samples, sample_rate):
        """Say how long after the samples that were read it should have ended."""
        if self.end is None:
            return 0.0
        return self.end - (self.start or 0) - n_samples / sample_rate


@dataclass(frozen=True)
class WaveformSource:
    """A waveform of shape (n_channels, n_samples) in memory."""

    name: str
    samples: np.ndarray = field(repr=False)

    def sample_rate(self):
        """Return None: it has the rate that an estimator is told."""

    def read(self, tolerance=0.0):
        """Check it and return it; it has no rate of its own."""
        if self.samples.shape[-1] == 0:
            raise AudioError(f"{self.name}: holds no samples; leave it out")
        if not np.isfinite(self.samples).all():
            raise AudioError(f"{self.name}: holds a sample that is not finite; repair it or leave it out")
        return self.samples, None

    def seconds_past_end(self, n_samples, sample_rate):
        """Return 0: it is whole."""
        return 0.0


def as_sources(estimator, X, *, reset):
    """Bring paths, segments or waveforms to one form.

    Parameters
    ----------
    estimator : SpectrogramTransformer
        Its `sample_rate` is that of waveforms, and it remembers the shape of waveforms of equal length.
    X : list, array, Series, DataFrame or MultiIndex
        The input of the estimator.
    reset : bool
        Whether the shape is remembered (in `fit`) or compared.

    Returns
    -------
    list of FileSource or WaveformSource
        One source per row.
    """
    if isinstance(X, (str, bytes, os.PathLike)):
        path = str(os.fsdecode(X))
        raise ValueError(f"X must be a list of paths, got the single path {path!r}; pass [{path!r}]")
    if is_file_like(X):
        raise ValueError(f"X must be a list of recordings, got a single one, {name_of(X)}; pass [X]")
    array_like = hasattr(X, "shape") or hasattr(X, "__array__")
    if not array_like and (not hasattr(X, "__len__") or isinstance(X, (dict, set, frozenset))):
        raise ValueError(f"X must be a list, an array or a table, got {reprlib.repr(X)}; pass list(X)")
    if getattr(X, "ndim", 1) == 2 and getattr(X, "dtype", None) is not None and X.dtype.kind in "US":
        raise ValueError(f"X must be a list of paths, got an array of text of shape {X.shape}; pass X.ravel()")
    segments = _segments(X)
    if segments is not None:
        sources = segments
    elif _is_numeric(X):
        sources = _from_array(estimator, X, reset=reset)
    else:
        sources = _from_items(estimator, list(X))
    if not sources:
        raise ValueError("X is empty; pass at least one path or waveform")
    return sources


def _segments(X):
    """Return the segments of a table, or None if X is not one."""
    table = segment_table(X)
    if table is None:
        if isinstance(X, pd.DataFrame) and any(pd.api.types.is_string_dtype(X[name]) for name in X):
            raise ValueError(f"X has the columns {list(X.columns)}; name that of the paths 'file' or 'path'")
        return None
    columns = [table.get(name, [None] * len(table)) for name in ("file", "start", "end")]
    return [
        FileSource(_as_file(file, row), _seconds(start, row, "start"), _seconds(end, row, "end"))
        for row, (file, start, end) in enumerate(zip(*columns, strict=True))
    ]


def _is_numeric(X):
    """Say whether X is an array of waveforms of equal length (or a mistake for scikit-learn to explain)."""
    if isinstance(X, (list, tuple)):
        return len(X) > 0 and isinstance(X[0], (list, tuple))
    if isinstance(X, (pd.Series, pd.Index)):
        return False
    if not hasattr(X, "dtype"):
        return True
    return X.ndim > 1 or X.dtype.kind in "biufc"


def _from_array(estimator, X, *, reset):
    """Return waveforms of an array (n, n_samples) or (n, n_channels, n_samples)."""
    if getattr(X, "ndim", 2) == 1:
        raise ValueError(
            "Expected 2D array of waveforms, got 1D array instead; a single waveform x is passed as [x]. Reshape your "
            "data if it is something else"
        )
    shape = X.shape if getattr(X, "ndim", 2) == 3 else None
    if shape is not None:
        audio.require_channels_first(X, "X", max_channels=MAX_CHANNELS, remedy="X.transpose(0, 2, 1)")
    # scikit-learn counts the second axis of a 3-D array as features; samples are the last.
    flat = X if shape is None else np.reshape(X, (-1, shape[-1]))
    finite = estimator.on_error == "raise"  # else each waveform is checked by itself
    flat = validate_data(estimator, flat, dtype=np.float32, ensure_all_finite=finite, reset=reset)
    if shape is None:
        _refuse_one_recording(estimator, flat)
    waveforms = flat[:, np.newaxis] if shape is None else flat.reshape(shape)
    return [_waveform(estimator, samples, row) for row, samples in enumerate(waveforms)]


def _refuse_one_recording(estimator, X):
    """Refuse a table (n, n_samples) that can only be one recording (n_samples, n_channels)."""
    n_waveforms, n_samples = X.shape
    window = int((estimator.sample_rate or 0) * estimator.window_width)
    if n_samples <= MAX_CHANNELS < window <= n_waveforms:
        raise ValueError(
            f"X has the shape {X.shape}: that would be {n_waveforms} waveforms of {n_samples} samples, each shorter "
            "than a window. A single recording (n_samples, n_channels) is passed as [X.T]"
        )


def _from_items(estimator, items):
    """Return paths or waveforms of unequal length."""
    sources = []
    for row, item in enumerate(items):
        if isinstance(item, (str, os.PathLike)) or is_file_like(item):
            sources.append(FileSource(_as_file(item, row)))
        elif np.ndim(item) in (1, 2):
            samples = np.atleast_2d(np.asarray(item, dtype=np.float32))
            audio.require_channels_first(samples, f"X[{row}]", max_channels=MAX_CHANNELS)
            sources.append(_waveform(estimator, samples, row))
        else:
            raise ValueError(
                f"X[{row}] is {reprlib.repr(item)}, neither a path nor a waveform of shape (n_samples,) or "
                "(n_channels, n_samples); correct or drop that row"
            )
    return sources


def _waveform(estimator, samples, row):
    """Return a source for samples of shape (n_channels, n_samples)."""
    if estimator.sample_rate is None:
        raise ParameterError("sample_rate", None, ": waveforms do not tell their sample rate; give it, in Hz")
    return WaveformSource(f"waveform {row}", samples)


def _as_file(file, row):
    """Return a path as text, or a file-like object with a name."""
    if is_file_like(file):
        return FileObject(file, row)
    if not isinstance(file, (str, os.PathLike)):
        raise ValueError(f"row {row} of X has {file!r} for a file; give a path or drop that row")
    return os.fspath(file)


def _seconds(time, row, name):
    """Return a time as seconds; None for a missing one."""
    try:
        seconds = to_seconds(time)
        if np.isnan(seconds) or (name == "end" and seconds == np.inf):
            return None
        if not np.isfinite(seconds):
            raise ValueError("not finite")
        return seconds
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} of row {row} is {time!r}; give seconds, a timedelta, or nothing for the whole file"
        ) from error
