"""How training went."""

import re

import numpy as np

from skaudeep._validation import check_is_fitted
from skaudeep.plotting.drawing import add_legend, pyplot, shortened

#: What Matplotlib calls lines that were given no name.
_NAMELESS = re.compile("_child[0-9]+")


class LossCurveDisplay:
    """The loss of a training run over its epochs.

    It is recommended to use :meth:`from_estimator` or :meth:`from_history`, which also draw.

    Parameters
    ----------
    history : dict of lists
        The loss after every epoch under `"loss"`, and under `"val_loss"` that of held-out data, if any.
    name : str, default=None
        Name of the run in the legend, to tell several in one picture apart.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the curves are drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    lines_ : list of matplotlib Line2D
        One curve for training, one for validation where there is one; with a `name` both of one colour.

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

    Several runs in one picture:

    >>> other = LossCurveDisplay.from_history({"loss": [0.6, 0.5]}, name="slow", ax=display.ax_)
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['Training', 'Validation', 'slow']
    """

    def __init__(self, *, history, name=None, title=None):
        self.history = history
        self.name = name
        self.title = title

    @classmethod
    def from_history(cls, history, *, name=None, title=None, ax=None):
        """Draw the curves that a history holds.

        Parameters
        ----------
        history : dict of lists
            The loss after every epoch under `"loss"`, and under `"val_loss"` that of held-out data, if any.
        name : str, default=None
            Name of the run in the legend, to tell several in one picture apart.
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
        return cls(history=history, name=name, title=title).plot(ax=ax)

    @classmethod
    def from_estimator(cls, estimator, *, name=None, title=None, ax=None):
        """Draw how the training of an estimator went.

        Parameters
        ----------
        estimator : object
            A fitted estimator with `history_`.
        name : str, default=None
            Name of the run in the legend, to tell several in one picture apart.
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
        return cls.from_history(estimator.history_, name=name, title=title, ax=ax)

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
            ax = pyplot().subplots(figsize=(6, 4), layout="constrained")[1]
        self.ax_, self.figure_, self.lines_ = ax, ax.figure, []
        for key, name, style in (("loss", "Training", "o-"), ("val_loss", "Validation", "s--")):
            values = self.history.get(key, ())
            if len(values):
                colour = self.lines_[0].get_color() if self.name and self.lines_ else None
                self.lines_ += ax.plot(np.arange(1, len(values) + 1), values, style, color=colour, markersize=3)
                self.lines_[-1].set_label(self._label(key, name))
        ax.xaxis.get_major_locator().set_params(integer=True)
        ax.set(xlabel="Epoch", ylabel="Loss", title=self.title or "")
        ax.grid(alpha=0.3)
        lines = [line for line in ax.get_lines() if not _NAMELESS.fullmatch(line.get_label())]
        if self.name or len(lines) > 1:
            add_legend(ax, lines, [shortened(line.get_label(), 40) for line in lines])
        return self

    def _label(self, key, name):
        if self.name is None:
            return name
        return self.name if key == "loss" else f"{self.name}, validation"
