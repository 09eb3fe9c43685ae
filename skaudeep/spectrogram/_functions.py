"""Pure functions from a waveform to a scaled mel spectrogram, one per step, time along the first axis.

Each step takes what the one before returns: power -> mel -> decibel -> clip -> chunks -> scale.
"""

import warnings

import numpy as np
import scipy.fft
import scipy.sparse

from skaudeep.exceptions import AudioError, param

__all__ = [
    "clip_db",
    "mel_filterbank",
    "mel_frequencies",
    "mel_spectrogram",
    "power_spectrogram",
    "power_to_db",
    "scale_minmax",
    "split_chunks",
]

FILTERBANKS = ("audeep", "htk", "slaney")

# Samples per block of frames: a few blocks fit into the cache, which is twice as fast as one large FFT.
_BLOCK = 2**16


def power_spectrogram(y, *, frame_length, hop_length, pre_emphasis=None, bins=None):
    """Compute the squared magnitude of the short-time Fourier transform.

    Frames are neither centred nor padded. The mean of each is removed before the periodic Hann window.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        A waveform with one channel.
    frame_length : int
        Length of a frame and of its Fourier transform, in samples.
    hop_length : int
        Distance of two frames, in samples.
    pre_emphasis : float, default=None
        Coefficient ``a`` of the filter ``y[t] - a * y[t - 1]`` to apply first; None for no filter.
    bins : sparse array of shape (1 + frame_length // 2, n_bins) or slice, default=None
        Frequency bins to keep, or a filter bank, transposed, to apply block by block, so that the full
        spectrogram of a long recording is never in memory. None keeps everything.

    Returns
    -------
    ndarray of shape (n_frames, n_bins), float64
        The power, ``n_frames = 1 + (n_samples - frame_length) // hop_length``.

    Raises
    ------
    AudioError
        If `y` has several channels, or is shorter than one frame.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import power_spectrogram
    >>> y = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000)
    >>> power = power_spectrogram(y, frame_length=800, hop_length=400)
    >>> power.shape
    (19, 401)
    >>> power.argmax(axis=1)[:3] * 8000 / 800
    array([1000., 1000., 1000.])
    """
    if np.ndim(y) != 1:
        raise AudioError(
            f"y has the shape {np.shape(y)}, and a spectrogram is that of one channel, (n_samples,): make one of "
            "(n_channels, n_samples) by skaudeep.audio.mix_channels, of (n_samples, n_channels) by mix_channels(y.T)"
        )
    if len(y) < frame_length:
        raise AudioError(
            f"{len(y)} samples are shorter than one window of {frame_length}; "
            f"pad with {param.fixed_length}, shorten {param.window_width}, or leave it out"
        )
    n_frames = 1 + (len(y) - frame_length) // hop_length
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame_length) / frame_length)
    step = max(1, _BLOCK // frame_length)
    keep = slice(None) if bins is None else bins
    blocks = []
    for first in range(0, n_frames, step):
        stop = min(first + step, n_frames)
        begin, end = first * hop_length, (stop - 1) * hop_length + frame_length
        samples = _pre_emphasize(y, begin, end, pre_emphasis)
        frames = np.lib.stride_tricks.sliding_window_view(samples, frame_length)[::hop_length]
        frames = frames - frames.mean(axis=1, keepdims=True)
        frames *= window
        spectrum = scipy.fft.rfft(frames, axis=1, overwrite_x=True)
        power = spectrum.real**2 + spectrum.imag**2
        blocks.append(power[:, keep] if isinstance(keep, slice) else power @ keep)
    return np.concatenate(blocks)


def _pre_emphasize(y, begin, end, coefficient):
    """Return samples `begin` to `end` in double precision, each minus a part of the one before it."""
    samples = y[begin:end].astype(np.float64)
    if coefficient is not None:
        first = max(begin, 1)
        samples[first - begin :] -= coefficient * y[first - 1 : end - 1].astype(np.float64)
    return samples


def mel_frequencies(kind="audeep", *, n_mels, f_min=0.0, f_max):
    """Compute the centres of mel bands.

    Parameters
    ----------
    kind : {"audeep", "htk", "slaney"}, default="audeep"
        The scale: ``2595 log10(1 + f / 700)`` for "audeep" and "htk", Slaney's, which is linear up to
        1 kHz, for "slaney".
    n_mels : int
        Number of bands.
    f_min, f_max : float
        The lowest and highest frequency of the first and last band, in Hz.

    Returns
    -------
    ndarray of shape (n_mels,)
        Frequencies in Hz.

    Examples
    --------
    >>> from skaudeep.spectrogram import mel_frequencies
    >>> mel_frequencies("slaney", n_mels=4, f_max=1000).round(9)
    array([200., 400., 600., 800.])
    """
    if kind != "slaney":
        return _htk_points(n_mels, f_min, f_max)[1:-1]
    import librosa

    return librosa.mel_frequencies(n_mels=n_mels + 2, fmin=f_min, fmax=f_max)[1:-1]


def mel_filterbank(kind="audeep", *, sample_rate, n_fft, n_mels=128, f_min=0.0, f_max=None):
    """Make triangular filters that sum the bins of a Fourier transform to mel bands.

    Parameters
    ----------
    kind : {"audeep", "htk", "slaney"}, default="audeep"
        "audeep": corners rounded down to bins and triangles of height 1, as the original auDeep [1]_.
        "htk" and "slaney": those of `librosa.filters.mel` with ``htk=True`` and ``htk=False``, of equal area.
    sample_rate : float
        Samples per second, in Hz.
    n_fft : int
        Length of the Fourier transform, in samples.
    n_mels : int, default=128
        Number of bands.
    f_min : float, default=0.0
        Lowest frequency, in Hz.
    f_max : float, default=None
        Highest frequency, in Hz; None is half the sample rate.

    Returns
    -------
    sparse array of shape (n_mels, 1 + n_fft // 2), float64
        The filters. One that lies between two bins of the transform is empty.

    References
    ----------
    .. [1] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins, B. Schuller, "auDeep: Unsupervised
       Learning of Representations from Audio with Deep Recurrent Neural Networks", JMLR 18(173), 2017.

    Examples
    --------
    >>> from skaudeep.spectrogram import mel_filterbank
    >>> mel_filterbank(sample_rate=8000, n_fft=16, n_mels=3).toarray()
    array([[1.  , 0.5 , 0.  , 0.  , 0.  , 0.  , 0.  , 0.  , 0.  ],
           [0.  , 0.5 , 1.  , 0.5 , 0.  , 0.  , 0.  , 0.  , 0.  ],
           [0.  , 0.  , 0.  , 0.5 , 1.  , 0.75, 0.5 , 0.25, 0.  ]])
    """
    f_max = sample_rate / 2 if f_max is None else f_max
    if kind != "audeep":
        import librosa

        with warnings.catch_warnings():
            # which filters are empty is for the caller to decide, as for the other kind
            warnings.filterwarnings("ignore", message="Empty filters", category=UserWarning)
            weights = librosa.filters.mel(
                sr=sample_rate,
                n_fft=n_fft,
                n_mels=n_mels,
                fmin=f_min,
                fmax=f_max,
                htk=kind == "htk",
                dtype=np.float64,
            )
        return scipy.sparse.csr_array(weights)
    corners = np.floor((n_fft + 1) * _htk_points(n_mels, f_min, f_max) / sample_rate)
    # Corners may fall on one bin: the empty side of a triangle then holds no bin at all.
    width = np.maximum(np.diff(corners), 1)
    # only the bins within each triangle, as all bins of all bands may be more than memory holds
    begin, end = corners[:-2].astype(int), np.minimum(corners[2:], 1 + n_fft // 2).astype(int)
    bands = np.repeat(np.arange(n_mels, dtype=np.int32), np.maximum(end - begin, 0))
    bins = np.concatenate([np.arange(first, stop, dtype=np.int32) for first, stop in zip(begin, end, strict=True)])
    rising = (bins - corners[bands]) / width[bands]
    falling = (corners[bands + 2] - bins) / width[bands + 1]
    weights = np.where(bins < corners[bands + 1], rising, falling)
    filters = scipy.sparse.csr_array((weights, (bands, bins)), shape=(n_mels, 1 + n_fft // 2))
    filters.eliminate_zeros()
    return filters


def _htk_points(n_mels, f_min, f_max):
    """Return the corners of `n_mels` overlapping triangles, equally spaced on the mel scale, in Hz."""
    lowest, highest = 2595 * np.log10(1 + np.array([f_min, f_max]) / 700)
    return 700 * (10 ** (np.linspace(lowest, highest, n_mels + 2) / 2595) - 1)


def mel_spectrogram(y=None, *, power=None, filters, frame_length=None, hop_length=None):
    """Compute the power in mel bands.

    Parameters
    ----------
    y : ndarray of shape (n_samples,), default=None
        A waveform with one channel.
    power : ndarray of shape (n_frames, n_bins), default=None
        Its power spectrogram, instead of `y`.
    filters : sparse array of shape (n_mels, n_bins)
        From `mel_filterbank`.
    frame_length, hop_length : int, default=None
        Length and distance of the frames in samples; needed with `y`.

    Returns
    -------
    ndarray of shape (n_frames, n_mels), float64
        The power in each band.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import mel_filterbank, mel_spectrogram
    >>> filters = mel_filterbank(sample_rate=8000, n_fft=640, n_mels=40)
    >>> mel_spectrogram(np.ones(8000), filters=filters, frame_length=640, hop_length=320).shape
    (24, 40)
    """
    if power is not None:
        return power @ filters.T
    return power_spectrogram(y, frame_length=frame_length, hop_length=hop_length, bins=filters.T)


def power_to_db(power):
    """Convert power to decibels relative to the loudest bin.

    Parameters
    ----------
    power : ndarray of shape (n_frames, n_bins)
        Power; zeros are replaced by the smallest power above zero.

    Returns
    -------
    ndarray of shape (n_frames, n_bins), float64
        Level in dB, 0 at the loudest bin and everywhere in digital silence.

    Raises
    ------
    AudioError
        If a power is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import power_to_db
    >>> power_to_db(np.array([[10.0, 1.0], [0.0, 0.1]]))
    array([[  0., -10.],
           [-20., -20.]])
    """
    loudest = power.max()
    if not np.isfinite(loudest):
        raise AudioError("the power is not finite, as the samples are too large to compute with; scale them to [-1, 1]")
    if loudest == 0:
        return np.zeros_like(power)
    faintest = power.min(where=power > 0, initial=loudest)
    return 10 * np.log10(np.maximum(power, faintest) / loudest)


def clip_db(level, *, below=None, above=None):
    """Limit levels.

    Parameters
    ----------
    level : ndarray
        Levels in dB.
    below, above : float, default=None
        The lowest and highest level to keep, in dB; None for no limit.

    Returns
    -------
    ndarray
        Levels in dB, of the same shape.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import clip_db
    >>> clip_db(np.array([-80.0, -50.0, 0.0]), below=-60)
    array([-60., -50.,   0.])
    """
    if below is not None:
        level = np.maximum(level, below)
    return level if above is None else np.minimum(level, above)


def split_chunks(spectrogram, *, n_frames, n_chunks=None):
    """Cut along time into chunks of one length; a remainder is dropped.

    Parameters
    ----------
    spectrogram : ndarray of shape (n, n_bins)
        A spectrogram.
    n_frames : int
        Length of a chunk, in frames.
    n_chunks : int, default=None
        Number of chunks, from the beginning; None for all that are full.

    Returns
    -------
    ndarray of shape (n_chunks, n_frames, n_bins)
        A view of the spectrogram; fewer than `n_chunks` if it holds no more.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import split_chunks
    >>> split_chunks(np.zeros((100, 8)), n_frames=30).shape
    (3, 30, 8)
    """
    held = len(spectrogram) // n_frames
    count = held if n_chunks is None else min(n_chunks, held)
    return spectrogram[: count * n_frames].reshape(count, n_frames, spectrogram.shape[1])


def scale_minmax(spectrogram):
    """Scale to [-1, 1] by the minimum and maximum over time and frequency.

    Parameters
    ----------
    spectrogram : ndarray of shape (..., n_frames, n_bins)
        One spectrogram or several, each of which is scaled by itself.

    Returns
    -------
    ndarray of shape (..., n_frames, n_bins)
        Values in [-1, 1]; all zeros where a spectrogram is constant.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import scale_minmax
    >>> scale_minmax(np.array([[-60.0, -30.0], [-15.0, 0.0]]))
    array([[-1. ,  0. ],
           [ 0.5,  1. ]])
    """
    low = spectrogram.min(axis=(-2, -1), keepdims=True)
    span = spectrogram.max(axis=(-2, -1), keepdims=True) - low
    constant = span == 0
    return np.where(constant, 0, 2 * (spectrogram - low) / np.where(constant, 1, span) - 1)
