"""A picture of a spectrogram."""

from skaudeep.plotting.drawing import check_frequencies, check_spectrogram, draw_spectrogram, level_label, pyplot


class SpectrogramDisplay:
    """A spectrogram over time and frequency.

    It is recommended to use :meth:`from_spectrogram`, which also draws.

    Parameters
    ----------
    spectrogram : ndarray of shape (n_frames, n_bins)
        Level in every time frame and frequency bin.
    frequencies : ndarray of shape (n_bins,), default=None
        Centre of every bin in Hz, ascending. By default bins are numbered.
    hop : float, default=None
        From one frame to the next, in seconds. By default frames are numbered.
    level_label : str, default=None
        What the colours mean, with unit. By default "Level (scaled to [-1, 1])" where all values lie in that
        range, else "Level (dB)".
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the spectrogram is drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    image_ : matplotlib AxesImage
        The picture itself.
    colorbar_ : matplotlib Colorbar
        The scale beside it.

    See Also
    --------
    ReconstructionDisplay : A spectrogram beside what an autoencoder makes of it.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from skaudeep.plotting import SpectrogramDisplay
    >>> noise = np.random.default_rng(0).uniform(-60, 0, size=(50, 32))
    >>> display = SpectrogramDisplay.from_spectrogram(noise, frequencies=np.linspace(0, 8000, 32), hop=0.04)
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('Time (s)', 'Frequency (kHz)')
    >>> display.colorbar_.ax.get_ylabel()
    'Level (dB)'
    """

    def __init__(self, *, spectrogram, frequencies=None, hop=None, level_label=None, title=None):
        self.spectrogram = spectrogram
        self.frequencies = frequencies
        self.hop = hop
        self.level_label = level_label
        self.title = title

    @classmethod
    def from_spectrogram(cls, spectrogram, *, frequencies=None, hop=None, level_label=None, title=None, ax=None):
        """Draw a spectrogram.

        Parameters
        ----------
        spectrogram : array-like of shape (n_frames, n_bins)
            Level in every time frame and frequency bin.
        frequencies : array-like of shape (n_bins,), default=None
            Centre of every bin in Hz, ascending. By default bins are numbered.
        hop : float, default=None
            From one frame to the next, in seconds. By default frames are numbered.
        level_label : str, default=None
            What the colours mean, with unit. By default "Level (scaled to [-1, 1])" where all values lie in that
            range, else "Level (dB)".
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        SpectrogramDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """
        spectrogram = check_spectrogram(spectrogram, "spectrogram")
        frequencies = check_frequencies(frequencies, spectrogram.shape[1])
        display = cls(spectrogram=spectrogram, frequencies=frequencies, hop=hop, level_label=level_label, title=title)
        return display.plot(ax=ax)

    def plot(self, ax=None):
        """Draw the spectrogram.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        SpectrogramDisplay
            The display itself.
        """
        if ax is None:
            ax = pyplot().subplots(figsize=(8, 4), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.image_ = draw_spectrogram(ax, self.spectrogram, self.frequencies, self.hop, "magma")
        label = self.level_label or level_label(self.spectrogram)
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=ax, label=label)
        if self.title is not None:
            ax.set_title(self.title)
        return self
