"""Pictures of spectrograms, reconstructions and training, in the manner of scikit-learn's display classes.

A class method computes and draws, `plot` draws again (into given axes), and the result stays reachable as
`ax_` and `figure_`. Nothing is shown and no setting of Matplotlib is changed. For a confusion matrix use
:class:`sklearn.metrics.ConfusionMatrixDisplay`.
"""

import numpy as np

from skaudeep._validation import check_is_fitted

__all__ = ["LossCurveDisplay", "ReconstructionDisplay", "SpectrogramDisplay"]


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
        spectrogram = _check_spectrogram(spectrogram, "spectrogram")
        frequencies = _check_frequencies(frequencies, spectrogram.shape[1])
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
            ax = _pyplot().subplots(figsize=(8, 4), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.image_ = _draw(ax, self.spectrogram, self.frequencies, self.hop, "magma")
        label = self.level_label or _level_label(self.spectrogram)
        self.colorbar_ = self.figure_.colorbar(self.image_, ax=ax, label=label)
        if self.title is not None:
            ax.set_title(self.title)
        return self


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
        original = _check_spectrogram(original, "original")
        reconstruction = _check_spectrogram(reconstruction, "reconstruction")
        if original.shape != reconstruction.shape:
            raise ValueError(
                f"reconstruction has shape {reconstruction.shape}, expected {original.shape} as original has."
            )
        display = cls(
            original=original,
            reconstruction=reconstruction,
            frequencies=_check_frequencies(frequencies, original.shape[1]),
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
            Whether the decoder hears itself and not the true steps.
        title : str, default=None
            Written above the reconstruction, before its error; by default which of the two it is.
        **kwargs : dict
            Passed on to :meth:`from_spectrograms`.

        Returns
        -------
        ReconstructionDisplay
            The display, drawn.
        """
        spectrogram = _check_spectrogram(spectrogram, "spectrogram")
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
            ax = _pyplot().subplots(1, 3, figsize=(14, 4), sharey=True, layout="constrained")[1]
        self.ax_ = np.asarray(ax, dtype=object)
        if self.ax_.shape != (3,):
            raise ValueError(f"ax has shape {self.ax_.shape}, expected 3 axes in a row.")
        self.figure_ = self.ax_[0].figure
        error = np.abs(self.original - self.reconstruction)
        both = np.stack([self.original, self.reconstruction])
        pictures = (self.original, self.reconstruction, error)
        scales = [{"vmin": np.nanmin(both), "vmax": np.nanmax(both)}] * 2 + [{"vmin": 0.0}]
        self.images_ = [
            _draw(ax, picture, self.frequencies, self.hop, colours, **scale)
            for ax, picture, colours, scale in zip(
                self.ax_, pictures, ("magma", "magma", "viridis"), scales, strict=True
            )
        ]
        label = self.level_label or _level_label(self.original)
        self.figure_.colorbar(self.images_[0], ax=self.ax_[:2], label=label, pad=0.01)
        self.figure_.colorbar(self.images_[2], ax=self.ax_[2], label="Absolute error")
        rmse = np.sqrt(np.nanmean(error**2))
        titles = ("Input", f"{self.title}, RMSE {rmse:.3g}", "|Input - reconstruction|")
        for axes, title in zip(self.ax_, titles, strict=True):
            axes.set_title(title)
            axes.label_outer()
        return self


class LossCurveDisplay:
    """The loss of a training run over its epochs.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history`, which also draw.

    Parameters
    ----------
    history : dict of lists
        The loss after every epoch under `"loss"`, and under `"val_loss"` that of held-out data, if any.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves are drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    lines_ : list of matplotlib Line2D
        One curve for training, one for validation where there is one.

    See Also
    --------
    ReconstructionDisplay : What the trained network does.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skaudeep.plotting import LossCurveDisplay
    >>> display = LossCurveDisplay.from_history({"loss": [0.5, 0.3, 0.2], "val_loss": [0.6, 0.4, 0.4]})
    >>> [line.get_label() for line in display.lines_]
    ['Training', 'Validation']
    """

    def __init__(self, *, history, title=None):
        self.history = history
        self.title = title

    @classmethod
    def from_history(cls, history, *, title=None, ax=None):
        """Draw the curves that a history holds.

        Parameters
        ----------
        history : dict of lists
            The loss after every epoch under `"loss"`, and under `"val_loss"` that of held-out data, if any.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there is no loss to draw.
        """
        if not len(history.get("loss", ())):
            raise ValueError(
                f"history has no values under 'loss', only the keys {sorted(history)}; there is a loss to "
                "draw after at least one epoch of training."
            )
        return cls(history=history, title=title).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, title=None, ax=None):
        """Draw how the training of an estimator went.

        Parameters
        ----------
        estimator : object
            A fitted estimator with `history_`.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        LossCurveDisplay
            The display, drawn.
        """
        check_is_fitted(estimator, "history_")
        return cls.from_history(estimator.history_, title=title, ax=ax)

    def plot(self, ax=None):
        """Draw the curves.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        LossCurveDisplay
            The display itself.
        """
        if ax is None:
            ax = _pyplot().subplots(figsize=(6, 4), layout="constrained")[1]
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        for key, label, style in (("loss", "Training", "o-"), ("val_loss", "Validation", "s--")):
            values = self.history.get(key, ())
            if len(values):
                epochs = np.arange(1, len(values) + 1)
                self.lines_ += ax.plot(epochs, values, style, label=label, markersize=3)
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Epoch", ylabel="Loss", title=self.title or "")
        ax.grid(alpha=0.3)
        if len(self.lines_) > 1:
            ax.legend()
        return self


def _pyplot():
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Plotting needs Matplotlib: pip install matplotlib") from error
    return plt


def _level_label(spectrogram):
    # NaN is no reason to think of decibels
    return "Level (dB)" if (np.abs(spectrogram) > 1).any() else "Level (scaled to [-1, 1])"


def _check_spectrogram(values, name):
    values = np.asarray(values)
    if values.ndim != 2 or values.dtype == np.dtype(object):
        raise ValueError(
            f"{name} has shape {values.shape}, expected one spectrogram of shape (n_frames, n_bins); "
            "pick one of several, for example X[0]."
        )
    return values


def _check_frequencies(frequencies, n_bins):
    if frequencies is None:
        return None
    frequencies = np.asarray(frequencies, dtype=float)
    if frequencies.shape != (n_bins,) or (np.diff(frequencies) <= 0).any():
        raise ValueError(
            f"frequencies has shape {frequencies.shape}, expected {n_bins} ascending values in Hz, "
            "one for each bin of the spectrogram."
        )
    return frequencies


def _draw(ax, spectrogram, frequencies, hop, colours, **scale):
    """One image with its axes; every bin gets the same height, however far apart the frequencies are."""
    n_frames, n_bins = spectrogram.shape
    left, right = (-0.5, n_frames - 0.5) if hop is None else (0.0, n_frames * hop)
    image = ax.imshow(
        spectrogram.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=colours,
        extent=(left, right, -0.5, n_bins - 0.5),
        **scale,
    )
    ax.set_xlabel("Frame" if hop is None else "Time (s)")
    ax.set_ylabel("Bin" if frequencies is None else "Frequency (kHz)")
    if frequencies is not None:
        ticks = _frequency_ticks(frequencies)
        ax.set_yticks(np.interp(ticks, frequencies, np.arange(n_bins)), [f"{tick / 1000:g}" for tick in ticks])
    return image


def _frequency_ticks(frequencies):
    """Round frequencies in Hz that lie well apart on an axis of equally high bins."""
    if np.allclose(np.diff(frequencies), frequencies[1] - frequencies[0]):
        steps = [step * 10.0**power for power in range(6) for step in (1, 2, 5)]
        step = next(step for step in steps if (frequencies[-1] - frequencies[0]) / step <= 8)
        return np.arange(np.ceil(frequencies[0] / step), frequencies[-1] // step + 1) * step
    chosen = []
    # From the top down: low bands are so narrow in Hz that ticks must be left out there rather than above.
    for tick in (step * 10.0**power for power in range(5, -1, -1) for step in (5, 2, 1)):
        apart = np.diff(np.interp([tick, *chosen[:1]], frequencies, np.arange(len(frequencies))))
        if frequencies[0] <= tick <= frequencies[-1] and (apart >= len(frequencies) / 12).all():
            chosen.insert(0, tick)
    return np.array(chosen)
