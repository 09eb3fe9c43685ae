"""Predicted numbers of a recording over time."""

import numpy as np

from skaudeep.plotting.drawing import COLOURS, add_legend, check_numbers, pyplot, with_unit

#: Up to so many points are marked as well as joined.
_MOST_MARKED = 60


class SeriesDisplay:
    """True and predicted numbers of one recording over its seconds.

    The lines have gaps where a number is NaN; a number between two gaps is a point. It is recommended to use
    :meth:`from_predictions`, which also draws.

    Parameters
    ----------
    times : ndarray of float of shape (n_times,)
        Seconds, ascending.
    y_true : ndarray of float of shape (n_times,)
        True numbers; NaN where there is none.
    y_pred : ndarray of float of shape (n_times,)
        Predicted numbers, likewise.
    name : str, default=None
        What is predicted, written at the axis.
    unit : str, default=None
        Its unit.
    time_label : str, default="Time (s)"
        Written below the time.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the lines are drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    lines_ : list of matplotlib Line2D
        The true and the predicted numbers.

    See Also
    --------
    RegressionDisplay : Predicted numbers of many samples beside the true ones.
    skaudeep.datasets.join_windows : Makes a series of numbers of windows.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skaudeep.plotting import SeriesDisplay
    >>> nothing = float("nan")
    >>> display = SeriesDisplay.from_predictions([0.5, 1.5, 2.5], [0.1, nothing, 0.3], [0.2, 0.3, 0.2], name="arousal")
    >>> [text.get_text() for text in display.ax_.get_legend().get_texts()]
    ['true', 'predicted']
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('Time (s)', 'arousal')
    """

    def __init__(self, *, times, y_true, y_pred, name=None, unit=None, time_label="Time (s)", title=None):
        self.times = times
        self.y_true = y_true
        self.y_pred = y_pred
        self.name = name
        self.unit = unit
        self.time_label = time_label
        self.title = title

    @classmethod
    def from_predictions(
        cls, times, y_true, y_pred, *, name=None, unit=None, time_label="Time (s)", title=None, ax=None
    ):
        """Draw the predictions of one recording.

        Parameters
        ----------
        times : array-like of shape (n_times,)
            Seconds, ascending, such as the middle of each window.
        y_true : array-like of shape (n_times,)
            True numbers; NaN where there is none, which is a gap.
        y_pred : array-like of shape (n_times,)
            Predicted numbers, likewise.
        name : str, default=None
            What is predicted, written at the axis.
        unit : str, default=None
            Its unit.
        time_label : str, default="Time (s)"
            Written below the time; another one where `times` are not seconds but, for example, numbers of chunks.
        title : str, default=None
            Written above the picture, such as the name of the recording.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        SeriesDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are no times, they do not ascend, there are not as many numbers, or one of these is infinite.
        """
        gaps = ("y_true", "y_pred")
        times, y_true, y_pred = check_numbers(gaps=gaps, times=times, y_true=y_true, y_pred=y_pred)
        wrong = np.diff(times) <= 0
        if wrong.any():
            at = int(np.argmax(wrong))
            raise ValueError(
                f"times[{at + 1}] is {times[at + 1]:g} after {times[at]:g}: give the times of one recording in "
                "ascending order, each once."
            )
        words = {"name": name, "unit": unit, "time_label": time_label, "title": title}
        return cls(times=times, y_true=y_true, y_pred=y_pred, **words).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        SeriesDisplay
            The display itself.
        """
        if ax is None:
            ax = pyplot().subplots(figsize=(8, 3.2), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.lines_ = [self._draw(self.y_true, COLOURS[8]), self._draw(self.y_pred, COLOURS[0])]
        options = {"loc": "lower right", "bbox_to_anchor": (1, 1), "ncols": 2, "borderaxespad": 0.2}
        add_legend(ax, self.lines_, ["true", "predicted"], frameon=False, fontsize=9, **options)
        ax.set_xlabel(self.time_label)
        ax.set_ylabel(with_unit(self.name or "Value", self.unit), parse_math=False)
        ax.set_title(self.title or "", loc="left", fontsize=10)
        ax.grid(alpha=0.3)
        return self

    def _draw(self, values, colour):
        """Draw a line and, where there are few numbers or neighbours are missing, points."""
        marked = np.flatnonzero(_alone(values) | (len(values) <= _MOST_MARKED))
        (line,) = self.ax_.plot(
            self.times, values, color=colour, linewidth=1.6, marker="o", markersize=3.5, markevery=marked.tolist()
        )
        return line


def _alone(values):
    """Find numbers that no line would show, as those before and after them are missing."""
    missing = np.isnan(np.concatenate([[np.nan], values, [np.nan]]))
    return ~missing[1:-1] & missing[:-2] & missing[2:]
