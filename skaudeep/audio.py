"""Read recordings: any format of libsndfile, a segment of it, a sample rate, one channel, a fixed length."""

from dataclasses import dataclass

import numpy as np
import soxr

from skaudeep._decoding import MAX_SAMPLE_RATE, Recording
from skaudeep.exceptions import AudioError, ParameterError, param

__all__ = ["CHANNELS", "AudioInfo", "audio_info", "fit_length", "mix_channels", "read_audio", "resample"]

CHANNELS = ("mean", "left", "right", "diff")

# A recording of EEG or of the sea may be heard 100 times as fast; a header of 1 Hz is damaged.
_MAX_RATIO = 256


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
    path : str, path-like or file-like
        An audio file, or an object with `read` and `seek` that holds one, such as a file opened in binary mode.

    Returns
    -------
    AudioInfo
        Its sample rate, number of channels, length and format.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    AudioError
        If libsndfile cannot read it, or its header announces what cannot be (see `read_audio`).

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
    with Recording(path) as recording:
        return AudioInfo(
            sample_rate=recording.sample_rate,
            n_channels=recording.n_channels,
            n_samples=recording.n_samples,
            format=recording.format,
            n_missing_bytes=recording.n_missing_bytes,
        )


def read_audio(path, *, start=None, end=None, tolerance=0.0, sample_rate=None):
    """Read a recording, or a segment of it.

    Parameters
    ----------
    path : str, path-like or file-like
        An audio file in any format that libsndfile reads (WAV, FLAC, OGG, MP3, ...), or an object with `read` and
        `seek` that holds one, such as a file opened in binary mode; it is read from its beginning and left open.
    start, end : float, default=None
        The segment, in seconds; None is the beginning and the end of the recording.
    tolerance : float, default=0.0
        How many seconds `end` may lie behind the end of the recording, which it then is: for times that somebody
        has rounded. `SpectrogramTransformer` allows for one window.
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
        If it cannot be decoded, is truncated (a truncated OGG or MP3 file looks like a shorter one) or empty, holds a
        sample that is not finite, or the segment is not inside it. If its header is beyond reason: a sample rate above
        10 MHz, more than 64 channels, more samples than its bytes can hold, or fewer than follow it. If `sample_rate`
        is above 10 MHz or more than 256 times that of the file.

    Notes
    -----
    What is not a recording (a web page, an archive, a film, a pipe or a device) is refused before it is decoded, by its
    first bytes, and the error says what it is.

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
    with Recording(path) as recording:
        samples, native_rate = recording.read(start, end, tolerance), recording.sample_rate
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

    Raises
    ------
    AudioError
        If the new rate is not positive, above 10 MHz, or more than 256 times the old one; or if there are more channels
        than samples, as in the array (n_samples, n_channels) of another library.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import resample
    >>> resample(np.zeros((2, 44100), np.float32), 44100, 16000).shape
    (2, 16000)
    """
    if samples.ndim == 2:
        require_channels_first(samples)
    if rate == new_rate:
        return samples
    if not new_rate > 0:
        raise AudioError(f"cannot resample to {new_rate} Hz; give a positive sample rate")
    if new_rate > min(MAX_SAMPLE_RATE, _MAX_RATIO * rate):
        raise AudioError(
            f"cannot resample from {rate:g} Hz to {new_rate:g} Hz, more than {_MAX_RATIO} times as much or than "
            f"{MAX_SAMPLE_RATE:,} Hz; decrease {param.sample_rate}, or leave it out if its header is damaged"
        )
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
        If "right" or "diff" meets a single channel, or there are more channels than samples, as in the array
        (n_samples, n_channels) of another library.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import mix_channels
    >>> mix_channels(np.array([[0.5, 0.75], [0.25, 0.25]]), "diff")
    array([0.25, 0.5 ])
    """
    if policy not in CHANNELS:
        raise ParameterError("channels", policy, f": choose one of {', '.join(CHANNELS)}")
    require_channels_first(samples)
    if policy in ("right", "diff") and len(samples) < 2:
        raise AudioError(
            f"{param('channels', policy)} needs two channels and there is {len(samples)}; use 'mean' or 'left'"
        )
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

    Raises
    ------
    AudioError
        If an array of two dimensions has more channels than samples, as that (n_samples, n_channels) of another
        library.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.audio import fit_length
    >>> fit_length(np.array([1, 2, 3]), 6, center=True)
    array([0, 1, 2, 3, 0, 0])
    >>> fit_length(np.array([1, 2, 3]), 2)
    array([1, 2])
    """
    if samples.ndim == 2:
        require_channels_first(samples)
    missing = n_samples - samples.shape[-1]
    before = abs(missing) // 2 if center else 0
    if missing <= 0:
        return samples[..., before : before + n_samples]
    return np.pad(samples, [(0, 0)] * (samples.ndim - 1) + [(before, missing - before)])


def require_channels_first(samples, name="samples", *, max_channels=None, remedy="x.T"):
    """Refuse an array (n_samples, n_channels), such as `soundfile.read` and most other libraries give.

    Parameters
    ----------
    samples : ndarray of shape (..., n_channels, n_samples)
        One or several waveforms.
    name : str, default="samples"
        What to call it in the message.
    max_channels : int, default=None
        Number of channels beyond which it is refused, too; None: any.
    remedy : str, default="x.T"
        What to pass instead.

    Raises
    ------
    AudioError
        If there are more channels than samples, or too many.
    """
    if samples.ndim < 2:
        raise AudioError(f"{name} has the shape {samples.shape}; waveforms are (n_channels, n_samples): pass x[None]")
    n_channels, n_samples = samples.shape[-2:]
    too_many = max_channels is not None and n_channels > max_channels
    if n_samples == 0 or not (too_many or n_channels > n_samples):  # of no samples there is something else to say
        return
    limit = f", and at most {max_channels} are taken" if too_many else ""
    raise AudioError(
        f"{name} has the shape {samples.shape}: that would be {n_channels} channels of {n_samples} samples "
        f"each{limit}. Waveforms are (n_channels, n_samples): pass {remedy}"
    )
