"""Predicted numbers beside the true ones."""

import numpy as np
import pandas as pd

from skaudeep._columns import name_of_target
from skaudeep._concordance import concordance
from skaudeep._validation import StrOptions, validate_params
from skaudeep.exceptions import ParameterError
from skaudeep.plotting.drawing import COLOURS, check_numbers, pyplot, with_unit

#: More points than this hide one another: their density is drawn instead.
_MOST_POINTS = 1500
_LINE = "#333333"


class RegressionDisplay:
    """Predicted numbers beside the true ones, with the line on which all would be right.

    Of more than 1,500 predictions the density is drawn instead of a point for each. Below the title stand the
    concordance correlation coefficient (CCC), the root of the mean squared error (RMSE) and the number of predictions.
    It is recommended to use :meth:`from_predictions` or :meth:`from_evaluation`, which also draw.

    Parameters
    ----------
    y_true : ndarray of float of shape (n_samples,)
        True numbers.
    y_pred : ndarray of float of shape (n_samples,)
        Predicted numbers.
    name : str, default=None
        What is predicted, written at the axes.
    unit : str, default=None
        Its unit.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ccc : float
        The concordance correlation coefficient; NaN where it is not defined, as all numbers are the same.
    rmse : float
        The root of the mean squared error, in units of the target.
    ax_ : matplotlib Axes
        Where the points are drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    points_ : matplotlib PathCollection or PolyCollection
        The points, or the hexagons whose colours are numbers of predictions.
    line_ : matplotlib Line2D
        Where predictions would be right.

    See Also
    --------
    SeriesDisplay : True and predicted numbers over time.
    sklearn.metrics.PredictionErrorDisplay : Of the same kinds, without measures, of a sample of the points.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skaudeep.plotting import RegressionDisplay
    >>> display = RegressionDisplay.from_predictions([1, 2, 3], [2, 3, 4], name="arousal")
    >>> display.ax_.get_title()
    'CCC 0.57, RMSE 1, 3 predictions'
    >>> display.ax_.get_xlabel(), display.ax_.get_ylabel()
    ('Predicted arousal', 'True arousal')
    """

    def __init__(self, *, y_true, y_pred, name=None, unit=None, title=None):
        self.y_true = y_true
        self.y_pred = y_pred
        self.name = name
        self.unit = unit
        self.title = title

    @classmethod
    def from_predictions(cls, y_true, y_pred, *, kind="actual_vs_predicted", name=None, unit=None, title=None, ax=None):
        """Draw predictions.

        Parameters
        ----------
        y_true : array-like of shape (n_samples,)
            True numbers.
        y_pred : array-like of shape (n_samples,)
            Predicted numbers.
        kind : {"actual_vs_predicted", "residual_vs_predicted"}, default="actual_vs_predicted"
            Whether true numbers are drawn over the predicted ones, or residuals, true minus predicted.
        name : str, default=None
            What is predicted, written at the axes.
        unit : str, default=None
            Its unit.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        RegressionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If there are no predictions, not as many as true numbers, or one of them is not finite.
        """
        y_true, y_pred = check_numbers(y_true=y_true, y_pred=y_pred)
        display = cls(y_true=y_true, y_pred=y_pred, name=name, unit=unit, title=title)
        return display.plot(ax, kind=kind)

    @classmethod
    def from_evaluation(
        cls, evaluation, target=None, *, kind="actual_vs_predicted", name=None, unit=None, title=None, ax=None
    ):
        """Draw the predictions of an evaluation, those of all splits and repeats together.

        Parameters
        ----------
        evaluation : RegressionEvaluation
            What :func:`skaudeep.evaluation.evaluate_dataset` returns for numbers, or another object with a table
            `predictions`, which has the columns `label` (the true number) and `prediction`, and `target` where there
            are several.
        target : str, default=None
            Which of several targets; can be left out where there is one.
        kind : {"actual_vs_predicted", "residual_vs_predicted"}, default="actual_vs_predicted"
            Whether true numbers are drawn over the predicted ones, or residuals, true minus predicted.
        name : str, default=None
            What is predicted, written at the axes; by default the target where it has a name of its own.
        unit : str, default=None
            Its unit.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        RegressionDisplay
            The display, drawn.

        Raises
        ------
        ParameterError
            If there is no such target, or none is chosen of several.
        ValueError
            If a prediction is not finite, as for :meth:`from_predictions`.

        Examples
        --------
        >>> import matplotlib
        >>> matplotlib.use("Agg")
        >>> import pandas as pd
        >>> from types import SimpleNamespace
        >>> from skaudeep.plotting import RegressionDisplay
        >>> table = pd.DataFrame({"target": ["arousal", "valence"] * 2, "label": range(4), "prediction": range(4)})
        >>> display = RegressionDisplay.from_evaluation(SimpleNamespace(predictions=table), "valence")
        >>> display.y_true.tolist(), display.ax_.get_xlabel()
        ([1.0, 3.0], 'Predicted valence')
        """
        table = _rows_of(evaluation.predictions, target)
        if name is None and "target" in table:
            name = name_of_target(table["target"].iloc[0])
        options = {"kind": kind, "name": name, "unit": unit, "title": title, "ax": ax}
        return cls.from_predictions(table["label"], table["prediction"], **options)

    @validate_params(
        {"kind": [StrOptions({"actual_vs_predicted", "residual_vs_predicted"})]}, prefer_skip_nested_validation=True
    )
    def plot(self, ax=None, *, kind="actual_vs_predicted"):
        """Draw the predictions.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.
        kind : {"actual_vs_predicted", "residual_vs_predicted"}, default="actual_vs_predicted"
            Whether true numbers are drawn over the predicted ones, or residuals, true minus predicted.

        Returns
        -------
        RegressionDisplay
            The display itself.
        """
        if ax is None:
            ax = pyplot().subplots(figsize=(5.6, 5.4), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        self.ccc = concordance(self.y_true, self.y_pred)
        self.rmse = float(np.sqrt(np.mean(np.square(self.y_true - self.y_pred))))
        if kind == "actual_vs_predicted":
            self._draw_actual()
        else:
            self._draw_residuals()
        ax.set_title("\n".join(filter(None, [self.title, self._summary()])))
        ax.ticklabel_format(scilimits=(-3, 4))
        ax.grid(alpha=0.3)
        ax.set_axisbelow(True)
        return self

    def _draw_actual(self):
        """Draw true over predicted numbers, in the same range on both axes."""
        limits = _padded(np.concatenate([self.y_true, self.y_pred]))
        self.points_ = self._draw_points(self.y_true, [*limits, *limits])
        self.line_ = self.ax_.axline((limits[0],) * 2, slope=1, color=_LINE, linestyle="--", linewidth=1.2)
        self.ax_.set(xlim=limits, ylim=limits, aspect="equal")
        self._name_axes(f"True {self.name or 'value'}")

    def _draw_residuals(self):
        """Draw true minus predicted over predicted numbers."""
        residuals = self.y_true - self.y_pred
        x, y = _padded(self.y_pred), _padded(np.append(residuals, 0))
        self.points_ = self._draw_points(residuals, [*x, *y])
        self.line_ = self.ax_.axhline(0, color=_LINE, linestyle="--", linewidth=1.2)
        self.ax_.set(xlim=x, ylim=y)
        self._name_axes("Residual, true - predicted")

    def _name_axes(self, y):
        self.ax_.set_xlabel(with_unit(f"Predicted {self.name or 'value'}", self.unit), parse_math=False)
        self.ax_.set_ylabel(with_unit(y, self.unit), parse_math=False)

    def _draw_points(self, y, extent):
        """Draw points, or their density."""
        if len(y) <= _MOST_POINTS:
            size = np.clip(6000 / len(y), 9, 30)
            return self.ax_.scatter(self.y_pred, y, s=size, color=COLOURS[0], alpha=0.6, linewidths=0, zorder=2)
        options = {"gridsize": 40, "bins": "log", "mincnt": 1, "cmap": "viridis", "linewidths": 0.1, "zorder": 2}
        hexagons = self.ax_.hexbin(self.y_pred, y, extent=extent, **options)
        self.figure_.colorbar(hexagons, ax=self.ax_, label="Predictions", shrink=0.8)
        return hexagons

    def _summary(self):
        """Say how good the predictions are; a coefficient that says nothing says why."""
        n = len(self.y_true)
        predictions = f"{n:,} prediction{'s' * (n != 1)}"
        unit = f" {self.unit}" if self.unit else ""
        measures = f"CCC {self.ccc:z.2f}, RMSE {self.rmse:.3g}{unit}, {predictions}"
        if np.isnan(self.ccc):
            measures = measures.replace("CCC nan", "CCC not defined")
        if np.ptp(self.y_true):
            return measures
        return f"{measures}\nall true values are {self.y_true[0]:g}"


def _rows_of(predictions, target):
    """Choose the rows of a target in a table of predictions."""
    lacks = [name for name in ("label", "prediction") if name not in predictions]
    if lacks or not len(predictions):
        what = f"it lacks the column {lacks[0]}" if lacks else "it has no row"
        raise ParameterError(
            "evaluation", "its predictions", f": {what}; give what evaluate_dataset returns for numbers"
        )
    if "target" not in predictions:
        if target is None:
            return predictions
        raise ParameterError("target", target, ": these predictions are of one target without a name; leave it out")
    names = pd.unique(predictions["target"]).tolist()
    if target is None and len(names) > 1:
        raise ParameterError("target", target, f": choose one of {', '.join(map(repr, names))}")
    if target is not None and target not in names:
        raise ParameterError("target", target, f": there is {', '.join(map(repr, names))}")
    return predictions if target is None else predictions[predictions["target"] == target]


def _padded(values):
    """Give the range of values with some space around it."""
    low, high = values.min(), values.max()
    space = 0.05 * (high - low) or 0.5
    return float(low - space), float(high + space)
