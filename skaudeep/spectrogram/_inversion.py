"""From spectrograms back to waveforms: what the scale, the mel bands and the missing phases leave to guess."""

from dataclasses import dataclass

import joblib
import numpy as np
import scipy.signal

from skaudeep._progress import progress
from skaudeep._sequences import list_rows, object_array
from skaudeep._validation import Integral, Interval, Real, check_random_state
from skaudeep.spectrogram.extraction import Axes

# Of the arguments of `SpectrogramTransformer.inverse_transform`.
INVERSION_CONSTRAINTS = {
    "n_iter": [Interval(Integral, 1, None, closed="left")],
    "db_range": [Interval(Real, 0, None, closed="neither"), None],
    "random_state": ["random_state"],
}

_DB_RANGE = 80  # of a spectrogram that says nothing about its own
_MAX_PRE_EMPHASIS = 0.999  # undoing more would add up rounding errors to a drift
_BLOCK = 256  # frames whose mel bands are spread at a time, in double precision


@dataclass(frozen=True)
class Inversion:
    """Everything that turns one spectrogram into a waveform.

    Attributes
    ----------
    axes : Axes
        Frames and frequency bins.
    scale : {"minmax"} or None
        What the values are: scaled to [-1, 1], or levels in dB.
    clip_below, clip_above : float or None
        Levels that the spectrogram was clipped at, in dB.
    pre_emphasis : float or None
        Coefficient of the filter that came before the spectrogram.
    db_range : float or None
        Width of the range of levels that was scaled to [-1, 1], in dB; None for that of the clipping.
    n_iter : int
        Number of iterations of the Griffin-Lim algorithm.
    """

    axes: Axes
    scale: str | None
    clip_below: float | None
    clip_above: float | None
    pre_emphasis: float | None
    db_range: float | None
    n_iter: int

    def waveform(self, spectrogram, seed):
        """Return a waveform of shape (n_samples,), float32, with a peak of 1, of one of shape (n_frames, n_bins)."""
        n_samples = (len(spectrogram) - 1) * self.axes.hop_length + self.axes.frame_length
        if spectrogram.min() == spectrogram.max():
            return np.zeros(n_samples, np.float32)
        power = spread_bands(self._power(spectrogram), self.axes)
        samples = griffin_lim(
            power,
            frame_length=self.axes.frame_length,
            hop_length=self.axes.hop_length,
            n_iter=self.n_iter,
            random_state=seed,
        )
        if self.pre_emphasis is not None:
            samples = de_emphasize(samples, self.pre_emphasis)
        peak = np.abs(samples).max()
        return (samples / peak if peak > 0 else samples).astype(np.float32)

    def _power(self, spectrogram):
        """Return power relative to the loudest bin; none where clipping has left nothing."""
        level, floor = spectrogram, self.clip_below
        if self.scale == "minmax":
            level, floor = np.clip(spectrogram, -1, 1), -1
        silent = self.clip_below is not None and level <= np.float32(floor)
        level = level.astype(np.float64) - level.max()
        if self.scale == "minmax":
            level *= self._range() / 2
        return np.where(silent, 0, 10 ** (level / 10))

    def _range(self):
        if self.db_range is not None:
            return self.db_range
        above = 0 if self.clip_above is None else self.clip_above
        return _DB_RANGE if self.clip_below is None else above - self.clip_below


def invert(inversion, S, *, random_state=None, n_jobs=None, verbose=0):
    """Turn every spectrogram into a waveform.

    Parameters
    ----------
    inversion : Inversion
        How.
    S : array of shape (n, n_frames, n_bins) or (n, n_chunks, n_frames, n_bins), or sequence of arrays
        Spectrograms.
    random_state : int, RandomState instance or None, default=None
        Draws one seed per row.
    n_jobs : int, default=None
        Number of threads, as in joblib.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    ndarray of shape (n, n_samples) or (n, n_chunks, n_samples), float32, or object array of shape (n,)
        The waveforms.
    """
    rows = check_spectrograms(S, len(inversion.axes.frequencies))
    seeds = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=len(rows)).tolist()
    parallel = joblib.Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")
    waveforms = []
    with progress("Inverting spectrograms", len(rows), enabled=verbose, unit="spectrograms") as advance:
        tasks = (joblib.delayed(_invert_row)(inversion, row, seed) for row, seed in zip(rows, seeds, strict=True))
        for waveform in parallel(tasks):
            waveforms.append(waveform)
            advance()
    if len({waveform.shape for waveform in waveforms}) == 1:
        return np.stack(waveforms)
    return object_array(waveforms)


def _invert_row(inversion, row, seed):
    """Return the waveform of a spectrogram, or those of its chunks."""
    if row.ndim == 2:
        return inversion.waveform(row, seed)
    return np.stack([inversion.waveform(chunk, seed) for chunk in row])


def check_spectrograms(S, n_bins):
    """Check spectrograms to invert.

    Parameters
    ----------
    S : array-like of shape (n, n_frames, n_bins) or (n, n_chunks, n_frames, n_bins), or sequence of arrays
        Spectrograms; in a sequence they may differ in length.
    n_bins : int
        Number of frequency bins that they must have.

    Returns
    -------
    list of ndarray of shape (n_frames, n_bins) or (n_chunks, n_frames, n_bins), float32
        The spectrograms.

    Raises
    ------
    ValueError
        For other shapes, values that are not finite, and no spectrograms at all.
    """
    S = S if isinstance(S, (list, tuple)) else np.atleast_1d(np.asarray(S))
    rows = [np.asarray(row, dtype=np.float32) for row in S]
    if not rows:
        raise ValueError("S holds no spectrogram; give at least one")
    for number, row in enumerate(rows):
        if row.ndim not in (2, 3) or row.shape[-1] != n_bins or 0 in row.shape:
            raise ValueError(
                f"spectrogram {number} of S has shape {row.shape}; expected (n_frames, {n_bins}) or, for chunks, "
                f"(n_chunks, n_frames, {n_bins}), as transform gives them; put a single spectrogram into a list"
            )
    wrong = [number for number, row in enumerate(rows) if not np.isfinite(row).all()]
    if wrong:
        raise ValueError(
            f"S contains NaN or infinity in {len(wrong)} spectrograms (rows {list_rows(wrong)}). Rows that transform "
            "could not analyse are listed in `errors_`: drop them before"
        )
    return rows


def spread_bands(power, axes, *, n_iter=50):
    """Find a power spectrogram whose sums over the bands are as given.

    Starting from a flat spectrum, each bin is multiplied by the average ratio of the wanted power to the power so
    far of the bands that hold it (the algorithm of Richardson and Lucy). Unlike non-negative least squares this
    fits faint bands as well as loud ones, and leaves the bins within a band flat where nothing is known of them.

    Parameters
    ----------
    power : ndarray of shape (n_frames, n_bins)
        The power in the frequency bins of `axes`.
    axes : Axes
        Frames and frequency bins.
    n_iter : int, default=50
        Number of iterations.

    Returns
    -------
    ndarray of shape (n_frames, 1 + frame_length // 2), float32
        The power; zero in bins that are in no band.
    """
    spectrum = np.zeros((len(power), 1 + axes.frame_length // 2), np.float32)
    if isinstance(axes.bins, slice):
        spectrum[:, axes.bins] = power
        return spectrum
    filters, bands = axes.bins, axes.bins.T.tocsr()
    weights = filters.sum(axis=1)
    for first in range(0, len(power), _BLOCK):
        wanted = power[first : first + _BLOCK]
        bins = np.full((len(wanted), len(weights)), wanted.mean())
        for _ in range(n_iter):
            sums = bins @ filters
            ratio = np.divide(wanted, sums, out=np.zeros_like(sums), where=sums > 0)
            bins *= np.divide(ratio @ bands, weights, out=np.zeros_like(bins), where=weights > 0)
        spectrum[first : first + _BLOCK] = bins
    return spectrum


def griffin_lim(power, *, frame_length, hop_length, n_iter, random_state):
    """Find a waveform with a given power spectrogram, in frames as those of `power_spectrogram`.

    Parameters
    ----------
    power : ndarray of shape (n_frames, 1 + frame_length // 2)
        The power.
    frame_length, hop_length : int
        Length and distance of the frames, in samples.
    n_iter : int
        Number of iterations.
    random_state : int
        Seed of the first phases.

    Returns
    -------
    ndarray of shape (n_samples,), float32
        The waveform, ``n_samples = (n_frames - 1) * hop_length + frame_length``. It fades where windows hardly
        reach, at its beginning and end, as division by the windows would turn errors into clicks there.
    """
    import librosa

    samples = librosa.griffinlim(
        np.sqrt(power.T),
        n_iter=n_iter,
        hop_length=hop_length,
        win_length=frame_length,
        n_fft=frame_length,
        window="hann",
        center=False,
        random_state=random_state,
    )
    overlap = librosa.filters.window_sumsquare(
        window="hann", n_frames=len(power), hop_length=hop_length, win_length=frame_length, n_fft=frame_length
    )
    return samples * np.minimum(1, overlap / (0.1 * overlap.max()))


def de_emphasize(samples, coefficient):
    """Undo pre-emphasis.

    Parameters
    ----------
    samples : ndarray of shape (n_samples,)
        A waveform ``y[t] - a * y[t - 1]``.
    coefficient : float
        The coefficient ``a``, in [0, 1]; more than 0.999 counts as 0.999.

    Returns
    -------
    ndarray of shape (n_samples,), float64
        The waveform ``y``.
    """
    return scipy.signal.lfilter([1.0], [1.0, -min(coefficient, _MAX_PRE_EMPHASIS)], samples.astype(np.float64))
