"""Features as points in the plane."""

import numpy as np
import pandas as pd

from skaudeep._projection import METHODS, project
from skaudeep.plotting.drawing import COLOURS, MARKERS, add_legend, pyplot, shortened

_PER_COLUMN = 25  # of the legend
_MOST_NAMES = len(COLOURS) * len(MARKERS)
_UNKNOWN = "#c8c8c8"


class EmbeddingDisplay:
    """Features projected to two dimensions, a point for each sample, coloured by class or by a number.

    Classes differ in colour and, from the eleventh on, also in marker. It is recommended to use
    :meth:`from_features` or :meth:`from_projection`, which also draw.

    Parameters
    ----------
    projection : ndarray of shape (n_samples, 2)
        The points.
    labels : ndarray of shape (n_samples,), default=None
        Names of classes, of which missing ones are empty or None, or numbers of type float, such as targets of a
        regression, which get a colour scale.
    label_title : str, default=None
        Written above the legend or beside the colour scale.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the points are drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    points_ : list of matplotlib PathCollection
        One for each class in sorted order, after those of samples without a class.

    See Also
    --------
    ConfusionDisplay : Which classes a classifier cannot tell apart.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from skaudeep.plotting import EmbeddingDisplay
    >>> X, y = load_iris(return_X_y=True)
    >>> names = load_iris().target_names[y]
    >>> display = EmbeddingDisplay.from_features(X, names, method="pca")
    >>> display.projection.shape, len(display.points_)
    ((150, 2), 3)
    """

    def __init__(self, *, projection, labels=None, label_title=None, title=None):
        self.projection = projection
        self.labels = labels
        self.label_title = label_title
        self.title = title

    @classmethod
    def from_features(
        cls,
        X,
        labels=None,
        *,
        method="tsne",
        random_state=None,
        label_title=None,
        title=None,
        ax=None,
        **options,
    ):
        """Project features to two dimensions and draw them.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        labels : array-like of shape (n_samples,), default=None
            Names of classes, of which missing ones are empty or None, or numbers of type float, such as targets of a
            regression, which get a colour scale.
        method : {"pca", "tsne", "umap"}, default="tsne"
            How to project; "umap" needs the package umap-learn.
        random_state : int, RandomState instance or None, default=None
            For t-SNE and UMAP; an int for equal pictures.
        label_title : str, default=None
            Written above the legend or beside the colour scale.
        title : str, default=None
            Written above the picture; by default the name of the method.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.
        **options : dict
            Options of the method, such as `perplexity` of t-SNE.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn.

        Raises
        ------
        ImportError
            If `method` is "umap" and umap-learn is not installed.
        ValueError
            If there are not as many labels as samples, or X cannot be projected.
        """
        if labels is not None and len(labels) != len(X):  # before the work
            raise ValueError(f"labels has length {len(labels)}, expected {len(X)}, one for each sample of X.")
        projection = project(X, method, random_state=random_state, **options)
        title = METHODS[method] if title is None else title
        return cls.from_projection(projection, labels, label_title=label_title, title=title, ax=ax)

    @classmethod
    def from_projection(cls, projection, labels=None, *, label_title=None, title=None, ax=None):
        """Draw points that have been projected already.

        Parameters
        ----------
        projection : array-like of shape (n_samples, 2)
            The points.
        labels : array-like of shape (n_samples,), default=None
            Names of classes, of which missing ones are empty or None, or numbers of type float, such as targets of a
            regression, which get a colour scale.
        label_title : str, default=None
            Written above the legend or beside the colour scale.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure.

        Returns
        -------
        EmbeddingDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If these are no points in the plane, or there are not as many labels.
        """
        projection = np.asarray(projection)
        if projection.ndim != 2 or projection.shape[1] != 2:
            raise ValueError(f"projection has shape {projection.shape}, expected (n_samples, 2).")
        if labels is not None and len(labels) != len(projection):
            raise ValueError(f"labels has length {len(labels)}, expected {len(projection)}, one for each point.")
        labels = None if labels is None else np.asarray(labels)
        return cls(projection=projection, labels=labels, label_title=label_title, title=title).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the points.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure, which is wider where the legend is long.

        Returns
        -------
        EmbeddingDisplay
            The display itself.
        """
        classes = self._classes()
        if ax is None:
            n_columns = -(-min(len(classes), _MOST_NAMES) // _PER_COLUMN)
            ax = pyplot().subplots(figsize=(6.4 + 1.9 * n_columns, 5.6), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        if self.labels is not None and not classes and self.labels.dtype.kind == "f":
            unknown = np.isnan(self.labels)
            self.points_ = [self._scatter(unknown, color=_UNKNOWN)] if unknown.any() else []
            self.points_.append(self._scatter(~unknown, c=self.labels[~unknown], cmap="viridis"))
            self.figure_.colorbar(self.points_[-1], ax=ax, label=self.label_title)
        else:
            self.points_ = self._draw_classes(classes)
        # what the axes mean depends on the method, and their values mean nothing
        ax.set(xticks=[], yticks=[], title=self.title or "")
        return self

    def _classes(self):
        if self.labels is None or self.labels.dtype.kind == "f":
            return []
        known = self.labels[~_missing(self.labels)]
        if known.dtype.kind in "iub":  # in the order of numbers
            return list(map(str, np.unique(known)))
        return sorted(set(map(str, known)))

    def _draw_classes(self, classes):
        if self.labels is None:
            return [self._scatter(slice(None), color=COLOURS[0])]
        missing = _missing(self.labels)
        names = np.where(missing, "", self.labels.astype(str))
        handles = [self._scatter(missing, color=_UNKNOWN)] if missing.any() else []
        shown = ["(none)"] * len(handles)
        for i, name in enumerate(classes):
            marker = MARKERS[i // len(COLOURS) % len(MARKERS)]
            handles.append(self._scatter((names == name) & ~missing, color=COLOURS[i % len(COLOURS)], marker=marker))
            shown.append(shortened(name))
        if len(classes) > _MOST_NAMES:
            shown[_MOST_NAMES - 1] = f"and {len(classes) - _MOST_NAMES + 1:,} more"
        options = {"loc": "upper left", "bbox_to_anchor": (1.01, 1), "borderaxespad": 0, "fontsize": 8}
        n_columns = -(-min(len(shown), _MOST_NAMES) // _PER_COLUMN)
        options |= {"markerscale": 1.5, "title": self.label_title, "ncols": max(n_columns, 1)}
        add_legend(self.ax_, handles[:_MOST_NAMES], shown[:_MOST_NAMES], **options)
        return handles

    def _scatter(self, rows, **options):
        size = np.clip(16000 / max(len(self.projection), 1), 9, 36)
        x, y = self.projection[rows].T
        return self.ax_.scatter(x, y, s=size, linewidths=0, alpha=0.85, **options)


def _missing(labels):
    return pd.isna(labels) | (labels.astype(str) == "")
