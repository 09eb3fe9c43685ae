"""How often each level occurs in spectrograms."""

import numpy as np

from skaudeep._validation import Integral, Interval, validate_params
from skaudeep.plotting.drawing import level_label as default_level_label
from skaudeep.plotting.drawing import pyplot

#: A lowest level that more than this share of all values has is no coincidence.
_CLIPPED = 0.01


class AmplitudeDisplay:
    """How often each level occurs in spectrograms, and the share of all values up to each level.

    It helps to choose where to clip: the curve tells how much of the spectrograms a level of `clip_below` would turn
    into silence. It is recommended to use :meth:`from_spectrogram`, which also draws.

    Parameters
    ----------
    counts : ndarray of int of shape (n_intervals,)
        Number of values in each interval, without those at the lowest level where these count as clipped.
    edges : ndarray of shape (n_intervals + 1,)
        Where the intervals begin and end, ascending.
    n_clipped : int, default=0
        Number of values at the lowest level, where that is more than one in a hundred: these were clipped there, and
        would dwarf all others.
    level_label : str, default="Level"
        What the levels are, with unit.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the histogram is drawn.
    share_ax_ : matplotlib Axes
        The axes of the curve, on the right.
    figure_ : matplotlib Figure
        The figure that holds them.
    bars_ : matplotlib StepPatch
        The histogram.
    line_ : matplotlib Line2D
        The share of values, in per cent, at or below each edge.

    See Also
    --------
    SpectrogramDisplay : Where in time and frequency the levels are.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from skaudeep.plotting import AmplitudeDisplay
    >>> noise = np.random.default_rng(0).uniform(-80, 0, size=(50, 32))
    >>> display = AmplitudeDisplay.from_spectrogram(np.maximum(noise, -60))
    >>> display.ax_.get_xlabel()
    'Level (dB)'
    >>> f"{display.n_clipped / noise.size:.0%} are clipped, {display.counts.sum() / noise.size:.0%} are not"
    '24% are clipped, 76% are not'
    """

    def __init__(self, *, counts, edges, n_clipped=0, level_label="Level", title=None):
        self.counts = counts
        self.edges = edges
        self.n_clipped = n_clipped
        self.level_label = level_label
        self.title = title

    @classmethod
    @validate_params(
        {"n_intervals": [Interval(Integral, 1, None, closed="left")], "level_label": [str, None]},
        prefer_skip_nested_validation=True,
    )
    def from_spectrogram(cls, spectrogram, *, n_intervals=100, level_label=None, title=None, ax=None):
        """Count the levels of one or more spectrograms and draw them.

        Parameters
        ----------
        spectrogram : array-like of shape (n_frames, n_bins) or (n, ..., n_frames, n_bins), or list of arrays
            One spectrogram or several, whose levels are counted together; lengths in a list may differ. What is not
            finite does not count.
        n_intervals : int, default=100
            Number of intervals of equal width between the lowest and the highest level.
        level_label : str, default=None
            What the levels are, with unit. By default "Level (scaled to [-1, 1])" where all values lie in that
            range, else "Level (dB)".
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        AmplitudeDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no finite level, or something is no spectrogram.
        """
        pieces = [piece[np.isfinite(piece)] for piece in _as_arrays(spectrogram)]
        pieces = [piece for piece in pieces if piece.size]
        if not pieces:
            raise ValueError(
                "spectrogram has no finite values, expected at least one spectrogram with levels to count."
            )
        low, high = min(map(np.min, pieces)), max(map(np.max, pieces))
        edges = np.histogram_bin_edges([low, high], n_intervals)
        counts = sum(np.histogram(piece, edges)[0] for piece in pieces)
        n_clipped = int(sum(np.count_nonzero(piece == low) for piece in pieces))
        if low == high or n_clipped <= max(1, _CLIPPED * counts.sum()):
            n_clipped = 0
        counts[0] -= n_clipped
        label = level_label or default_level_label(np.array([[low, high]]))
        return cls(counts=counts, edges=edges, n_clipped=n_clipped, level_label=label, title=title).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the histogram and the curve.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        AmplitudeDisplay
            The display itself.
        """
        if ax is None:
            ax = pyplot().subplots(figsize=(8, 4), layout="constrained")[1]
        self.ax_, self.figure_, self.share_ax_ = ax, ax.figure, ax.twinx()
        total = self.counts.sum() + self.n_clipped
        self.bars_ = ax.stairs(100 * self.counts / total, self.edges, fill=True, color="#3f90da")
        ax.set(xlabel=self.level_label, ylabel="Share of all values (%)", title=self.title or "")
        ax.set_ylim(0, 115 * self.counts.max() / total or None)  # room for the text
        shares = 100 * np.cumsum([self.n_clipped, *self.counts]) / total
        (self.line_,) = self.share_ax_.plot(self.edges, shares, color="#bd1f01")
        self.share_ax_.set(ylim=(0, 102))
        self.share_ax_.set_ylabel("Share at or below the level (%)", color="#bd1f01")
        self.share_ax_.tick_params(axis="y", colors="#bd1f01")
        self.share_ax_.grid(alpha=0.3)
        if self.n_clipped:
            text = f"not in the bars: {shares[0]:.1f} % at the lowest level, {self.edges[0]:.4g}"
            self.share_ax_.text(0.02, 0.97, text, transform=ax.transAxes, va="top")
        return self


def _as_arrays(spectrogram):
    """Return spectrograms as a list of arrays of at least two axes."""
    try:
        arrays = [np.asarray(spectrogram)]
    except ValueError:  # unequal lengths
        arrays = spectrogram
    if len(arrays) == 1 and arrays[0].dtype == np.dtype(object) and arrays[0].ndim:
        arrays = arrays[0]
    arrays = list(map(np.asarray, arrays))
    for array in arrays:
        if array.ndim < 2 or array.dtype.kind not in "iuf":
            raise ValueError(
                f"spectrogram holds an array of shape {array.shape} and type {array.dtype}, expected numbers of shape "
                "(n_frames, n_bins), or several such arrays."
            )
    return arrays
