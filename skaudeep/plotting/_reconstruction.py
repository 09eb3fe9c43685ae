"""A spectrogram beside what an autoencoder makes of it."""

import numpy as np

from skaudeep.plotting.drawing import check_frequencies, check_spectrogram, draw_spectrogram, level_label, pyplot


class ReconstructionDisplay:
    """A spectrogram, what an autoencoder makes of it, and the error between them.

    It is recommended to use :meth:`from_spectrograms` or :meth:`from_estimator`, which also draw.

    Parameters
    ----------
    original : ndarray of shape (n_frames, n_bins)
        The input of the autoencoder.
    reconstruction : ndarray of shape (n_frames, n_bins)
        Its output.
    frequencies : ndarray of shape (n_bins,), default=None
        Centre of every bin in Hz, ascending. By default bins are numbered.
    hop : float, default=None
        From one frame to the next, in seconds. By default frames are numbered.
    level_label : str, default=None
        What the colours mean, with unit. By default "Level (scaled to [-1, 1])" where all values of the input lie
        in that range, else "Level (dB)".
    title : str, default="Reconstruction"
        Written above the reconstruction, before its error.

    Attributes
    ----------
    ax_ : ndarray of matplotlib Axes of shape (3,)
        Where input, reconstruction and absolute error are drawn.
    figure_ : matplotlib Figure
        The figure that holds them.
    images_ : list of matplotlib AxesImage
        The three pictures; the first two share one colour scale.

    See Also
    --------
    SpectrogramDisplay : A single spectrogram.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> import numpy as np
    >>> from skaudeep.plotting import ReconstructionDisplay
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> X = np.random.default_rng(0).uniform(-1, 1, size=(3, 20, 8))
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=1, random_state=0).fit(X)
    >>> display = ReconstructionDisplay.from_estimator(embedder, X[0])
    >>> [ax.get_title() for ax in display.ax_]
    ['Input', 'Reconstruction (teacher-forced), RMSE 0...', '|Input - reconstruction|']
    >>> display.ax_[1].figure.axes[3].get_ylabel()
    'Level (scaled to [-1, 1])'
    """

    def __init__(
        self, *, original, reconstruction, frequencies=None, hop=None, level_label=None, title="Reconstruction"
    ):
        self.original = original
        self.reconstruction = reconstruction
        self.frequencies = frequencies
        self.hop = hop
        self.level_label = level_label
        self.title = title

    @classmethod
    def from_spectrograms(
        cls, original, reconstruction, *, frequencies=None, hop=None, level_label=None, title="Reconstruction", ax=None
    ):
        """Draw a spectrogram beside its reconstruction.

        Parameters
        ----------
        original : array-like of shape (n_frames, n_bins)
            The input of the autoencoder.
        reconstruction : array-like of shape (n_frames, n_bins)
            Its output.
        frequencies : array-like of shape (n_bins,), default=None
            Centre of every bin in Hz, ascending. By default bins are numbered.
        hop : float, default=None
            From one frame to the next, in seconds. By default frames are numbered.
        level_label : str, default=None
            What the colours mean, with unit. By default "Level (scaled to [-1, 1])" where all values of the input
            lie in that range, else "Level (dB)".
        title : str, default="Reconstruction"
            Written above the reconstruction, before its error.
        ax : sequence of 3 matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the shapes do not fit.
        """
        original = check_spectrogram(original, "original")
        reconstruction = check_spectrogram(reconstruction, "reconstruction")
        if original.shape != reconstruction.shape:
            raise ValueError(
                f"reconstruction has shape {reconstruction.shape}, expected {original.shape} as original has."
            )
        display = cls(
            original=original,
            reconstruction=reconstruction,
            frequencies=check_frequencies(frequencies, original.shape[1]),
            hop=hop,
            level_label=level_label,
            title=title,
        )
        return display.plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, spectrogram, *, free_running=False, title=None, **kwargs):
        """Draw a spectrogram beside what a fitted autoencoder makes of it.

        By default teacher-forced: the decoder guesses each frame with the true one before it at hand, so this looks
        better than what it makes of the representation alone.

        Parameters
        ----------
        estimator : object
            A fitted autoencoder with `reconstruct`.
        spectrogram : array-like of shape (n_frames, n_bins)
            One input.
        free_running : bool, default=False
            Whether decoding is autoregressive: the decoder gets its own outputs, not the true frames.
        title : str, default=None
            Written above the reconstruction, before its error; by default which of the two it is.
        **kwargs : dict
            Passed on to :meth:`from_spectrograms`.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If the estimator is of a kind that does not reconstruct.
        """
        if not hasattr(estimator, "reconstruct"):
            raise ValueError(
                f"a {type(estimator).__name__} does not reconstruct, so there is nothing to draw; only autoencoders do"
            )
        spectrogram = check_spectrogram(spectrogram, "spectrogram")
        reconstruction = estimator.reconstruct(spectrogram[np.newaxis], free_running=free_running)[0]
        title = title or f"Reconstruction ({'free-running' if free_running else 'teacher-forced'})"
        return cls.from_spectrograms(spectrogram, reconstruction, title=title, **kwargs)

    def plot(self, ax=None):
        """Draw the three pictures.

        Parameters
        ----------
        ax : sequence of 3 matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        ReconstructionDisplay
            The display itself.
        """
        if ax is None:
            ax = pyplot().subplots(1, 3, figsize=(14, 4), sharey=True, layout="constrained")[1]
        self.ax_ = np.asarray(ax, dtype=object)
        if self.ax_.shape != (3,):
            raise ValueError(f"ax has shape {self.ax_.shape}, expected 3 axes in a row.")
        self.figure_ = self.ax_[0].figure
        error = np.abs(self.original - self.reconstruction)
        both = np.stack([self.original, self.reconstruction])
        pictures = (self.original, self.reconstruction, error)
        scales = [{"vmin": np.nanmin(both), "vmax": np.nanmax(both)}] * 2 + [{"vmin": 0.0}]
        self.images_ = [
            draw_spectrogram(ax, picture, self.frequencies, self.hop, colours, **scale)
            for ax, picture, colours, scale in zip(
                self.ax_, pictures, ("magma", "magma", "viridis"), scales, strict=True
            )
        ]
        label = self.level_label or level_label(self.original)
        self.figure_.colorbar(self.images_[0], ax=self.ax_[:2], label=label, pad=0.01)
        self.figure_.colorbar(self.images_[2], ax=self.ax_[2], label="Absolute error")
        rmse = np.sqrt(np.nanmean(error**2))
        titles = ("Input", f"{self.title}, RMSE {rmse:.3g}", "|Input - reconstruction|")
        for axes, title in zip(self.ax_, titles, strict=True):
            axes.set_title(title)
            axes.label_outer()
        return self
