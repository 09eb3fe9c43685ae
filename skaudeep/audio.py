"""Read recordings: any format of libsndfile, a segment of it, a sample rate, one channel, a fixed length."""

import contextlib
import os
import re
from dataclasses import dataclass

import numpy as np
import soundfile
import soxr

from skaudeep.exceptions import AudioError

__all__ = ["CHANNELS", "AudioInfo", "audio_info", "fit_length", "mix_channels", "read_audio", "resample"]

CHANNELS = ("mean", "left", "right", "diff")

# What a WAV file announces that was written to a pipe, or more.
_LARGEST_WAV = 0x7FFFF000

# libsndfile announces the greatest 64-bit integer when a stream does not say how long it is.
_UNKNOWN_LENGTH = np.iinfo(np.int64).max
_BLOCK = 2**22  # samples decoded at a time: bounds the memory of formats that are skipped through


@dataclass(frozen=True)
class AudioInfo:
    """What the header of a recording says.

    Parameters
    ----------
    sample_rate : int
        Samples per second, in Hz.
    n_channels : int
        Number of channels.
    n_samples : int or None
        Samples per channel; None where the stream does not say.
    format : str, default=""
        Format and encoding in the words of libsndfile, such as "WAV/PCM_16".
    n_missing_bytes : int, default=0
        Of the samples that the header of a WAV file announces, how many bytes the file lacks.

    Examples
    --------
    >>> from skaudeep.audio import AudioInfo
    >>> AudioInfo(sample_rate=8000, n_channels=2, n_samples=4000).duration
    0.5
    """

    sample_rate: int
    n_channels: int
    n_samples: int | None
    format: str = ""
    n_missing_bytes: int = 0

    @property
    def duration(self):
        """Length in seconds; None where the stream does not say."""
        return None if self.n_samples is None else self.n_samples / self.sample_rate


def audio_info(path):
    """Read the header of a recording.

    Parameters
    ----------
    path : str or path-like
        An audio file.

    Returns
    -------
    AudioInfo
        Its sample rate, number of channels, length and format.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    AudioError
        If libsndfile cannot read it.

    Examples
    --------
    >>> import tempfile, numpy as np, soundfile
    >>> from skaudeep.audio import audio_info
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file.name, np.zeros((4000, 2)), 8000)
    ...     info = audio_info(file.name)
    >>> info.sample_rate, info.n_channels, info.duration, info.format
    (8000, 2, 0.5, 'WAV/PCM_16')
    """
    with _opened(path) as file:
        n_samples = None if file.frames == _UNKNOWN_LENGTH else file.frames
        form = f"{file.format}/{file.subtype}"
        return AudioInfo(file.samplerate, file.channels, n_samples, form, _missing_bytes(file))


def read_audio(path, *, start=None, end=None, sample_rate=None):
    """Read a recording, or a segment of it.

    Parameters
    ----------
    path : str or path-like
        An audio file in any format that libsndfile reads (WAV, FLAC, OGG, MP3, ...).
    start, end : float, default=None
        The segment, in seconds; None is the beginning and the end of the recording.
    sample_rate : float, default=None
        Resample to this rate, in Hz; None keeps the rate of the file.

    Returns
    -------
    samples : ndarray of shape (n_channels, n_samples), float32
        The waveform, in [-1, 1] for integer formats.
    sample_rate : int or float
        Its sample rate, in Hz.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    AudioError
        If it cannot be decoded, is truncated (a WAV or FLAC file; a truncated OGG or MP3 file looks like a shorter
        one) or empty, holds a sample that is not finite, or the segment is not inside it.

    Examples
    --------
    >>> import tempfile, numpy as np, soundfile
    >>> from skaudeep.audio import read_audio
    >>> with tempfile.NamedTemporaryFile(suffix=".wav") as file:
    ...     soundfile.write(file.name, np.linspace(-1, 1, 8000), 8000, subtype="FLOAT")
    ...     samples, sample_rate = read_audio(file.name, start=0.25, end=0.75)
    >>> samples.shape, samples.dtype, sample_rate
    ((1, 4000), dtype('float32'), 8000)
    """
    with _opened(path) as file:
        samples, native_rate = _read_segment(file, path, start, end), file.samplerate
    if not np.isfinite(samples).all():
        raise AudioError(f"{path}: holds a sample that is not finite; repair the file or leave it out")
    if sample_rate is None:
        return samples, native_rate
    return resample(samples, native_rate, sample_rate), sample_rate


def resample(samples, rate, new_rate):
    """Change the sample rate.

    Parameters
    ----------
    samples : ndarray of shape (n_channels, n_samples), float32
        A waveform.
    rate, new_rate : float
        Its sample rate and the one wanted, in Hz.

    Returns
    -------
    ndarray of shape (n_channels, n_samples * new_rate / rate), float32
        The waveform at the new rate; `samples` itself if the rates agree.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import resample
    >>> resample(np.zeros((2, 44100), np.float32), 44100, 16000).shape
    (2, 16000)
    """
    if rate == new_rate:
        return samples
    if not new_rate > 0:
        raise AudioError(f"cannot resample to {new_rate} Hz; give a positive sample rate")
    return np.ascontiguousarray(soxr.resample(samples.T, rate, new_rate).T)


def mix_channels(samples, policy="mean"):
    """Make one channel of several.

    Parameters
    ----------
    samples : ndarray of shape (n_channels, n_samples)
        A waveform with any number of channels.
    policy : {"mean", "left", "right", "diff"}, default="mean"
        The mean of all channels, the first, the second, or the first minus the second.

    Returns
    -------
    ndarray of shape (n_samples,)
        One channel.

    Raises
    ------
    AudioError
        If "right" or "diff" meets a single channel.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import mix_channels
    >>> mix_channels(np.array([[0.5, 0.75], [0.25, 0.25]]), "diff")
    array([0.25, 0.5 ])
    """
    if policy not in CHANNELS:
        raise ValueError(f"channels={policy!r}: choose one of {', '.join(CHANNELS)}")
    if policy in ("right", "diff") and len(samples) < 2:
        raise AudioError(f"channels={policy!r} needs two channels and there is {len(samples)}; use 'mean' or 'left'")
    if policy == "left" or len(samples) == 1:
        return samples[0]
    if policy == "right":
        return samples[1]
    if policy == "diff":
        return samples[0] - samples[1]
    return samples.mean(axis=0)


def fit_length(samples, n_samples, *, center=False):
    """Cut or pad with zeros to a length.

    Parameters
    ----------
    samples : ndarray of shape (..., n)
        A waveform.
    n_samples : int
        The length wanted, in samples.
    center : bool, default=False
        Whether to cut and pad half at the beginning and half at the end instead of all at the end.

    Returns
    -------
    ndarray of shape (..., n_samples)
        The waveform; a view of `samples` where nothing is padded.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import fit_length
    >>> fit_length(np.array([1, 2, 3]), 6, center=True)
    array([0, 1, 2, 3, 0, 0])
    >>> fit_length(np.array([1, 2, 3]), 2)
    array([1, 2])
    """
    missing = n_samples - samples.shape[-1]
    before = abs(missing) // 2 if center else 0
    if missing <= 0:
        return samples[..., before : before + n_samples]
    return np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(before, missing - before)])


class _Stream(soundfile.SoundFile):
    """A file to read in order: soundfile seeks after every read, which loses samples of an MP3 and can hang
    in a truncated FLAC."""

    def seekable(self):
        return False


@contextlib.contextmanager
def _opened(path):
    """Open a recording; whatever libsndfile complains about becomes an error that names the file."""
    path = os.fspath(path)
    if not os.path.exists(path):
        raise FileNotFoundError(f"{path}: there is no such file; check the path (it may be relative)")
    if os.path.isdir(path):
        raise AudioError(f"{path}: is a directory; list the audio files in it")
    try:
        with _Stream(path) as file:
            yield file
    # soundfile raises TypeError for headerless formats, which it would need more arguments for.
    except (soundfile.LibsndfileError, TypeError) as error:
        reason = getattr(error, "error_string", str(error))
        raise AudioError(
            f"{path}: cannot be decoded ({reason.strip()}); convert it to WAV, FLAC, OGG or MP3, or leave it out"
        ) from error


def _read_segment(file, path, start, end):
    """Decode the samples from `start` to `end` seconds, as (n_channels, n_samples)."""
    first = 0 if start is None else round(start * file.samplerate)
    stop = file.frames if end is None else round(end * file.samplerate)
    if file.frames == 0:
        raise AudioError(f"{path}: holds no samples; leave it out")
    # The length of an MP3 may be an estimate: only decoding shows where it ends.
    exact = file.format != "MP3" and file.frames != _UNKNOWN_LENGTH
    if not 0 <= first < stop or (exact and stop > file.frames):
        raise _outside(file, path, start, end, file.frames)
    missing = _missing_bytes(file)
    if missing and end is None:
        raise AudioError(
            f"{path}: is truncated, {missing} bytes of the samples that its header announces are missing; replace the "
            "file or leave it out"
        )
    _skip(file, first)
    samples = _decode(file, stop - first)
    decoded = samples.shape[-1]
    if decoded == 0 or (end is not None and not exact and decoded < stop - first):
        raise _outside(file, path, start, end, first + decoded)
    if exact and decoded < stop - first:
        raise AudioError(
            f"{path}: is truncated or corrupt, {(first + decoded) / file.samplerate:g} s of "
            f"{file.frames / file.samplerate:g} s can be decoded; replace the file or leave it out"
        )
    return samples


def _missing_bytes(file):
    """How many bytes of samples a WAV file lacks; libsndfile reads what there is, and notes it in its log."""
    sizes = re.search(r"^data : (\d+) \(should be (\d+)\)", file.extra_info, re.MULTILINE)
    if sizes is None:
        return 0
    announced, held = map(int, sizes.groups())
    # a writer that could not know the length has announced the largest one
    return 0 if announced >= _LARGEST_WAV else max(announced - held, 0)


def _outside(file, path, start, end, n_samples):
    """The error for a segment that is not inside the recording."""
    return AudioError(
        f"{path}: the segment from {0 if start is None else start:g} s to "
        f"{'its end' if end is None else f'{end:g} s'} is empty or not inside the recording, which is "
        f"{n_samples / file.samplerate:g} s long; correct start and end (missing = the whole recording)"
    )


def _skip(file, n_samples):
    """Go `n_samples` forward; only where samples have one size is this a seek, as FLAC can hang in it."""
    if file.format != "FLAC" and file.subtype.startswith(("PCM_", "FLOAT", "DOUBLE")):
        file.seek(n_samples)
        return
    while n_samples > 0 and (read := len(file.read(min(n_samples, _BLOCK), dtype="float32"))):
        n_samples -= read


def _decode(file, n_samples):
    """Read up to `n_samples` on from the present position, as (n_channels, n_samples)."""
    blocks = [np.empty((file.channels, 0), np.float32)]
    while n_samples > 0:
        block = file.read(min(n_samples, _BLOCK), dtype="float32", always_2d=True)
        if len(block) == 0:
            break
        blocks.append(block.T)
        n_samples -= len(block)
    return np.concatenate(blocks, axis=1)
