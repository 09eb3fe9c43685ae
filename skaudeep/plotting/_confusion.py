"""Which classes are taken for which."""

import numpy as np

from skaudeep.plotting.drawing import pyplot, shortened

#: With more classes than this numbers would be too small to read.
_MOST_NUMBERS = 20


class ConfusionDisplay:
    """Which classes a classifier takes for which: colours are shares of each class, numbers are counts.

    Up to twenty classes have their counts written into the cells; up to about fifty can be read.
    It is recommended to use :meth:`from_counts`, which also draws.

    Parameters
    ----------
    confusion : ndarray of shape (n_classes, n_classes)
        Number of samples of each class (row) that were predicted as each class (column).
    classes : sequence of length n_classes
        Names of the classes.
    title : str, default=None
        Written above the picture.

    Attributes
    ----------
    ax_ : matplotlib Axes
        Where the matrix is drawn.
    figure_ : matplotlib Figure
        The figure that holds `ax_`.
    image_ : matplotlib AxesImage
        The colours: shares of the samples of each row, from 0 to 1.
    texts_ : list of matplotlib Text
        The counts, where they are written; none for 0.

    See Also
    --------
    sklearn.metrics.ConfusionMatrixDisplay : Draws either shares or counts, from predictions or an estimator.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from skaudeep.plotting import ConfusionDisplay
    >>> display = ConfusionDisplay.from_counts([[30, 10], [0, 5]], ["Rain", "Sea waves"])
    >>> display.image_.get_array().tolist()
    [[0.75, 0.25], [0.0, 1.0]]
    >>> [text.get_text() for text in display.texts_]
    ['30', '10', '5']
    """

    def __init__(self, *, confusion, classes, title=None):
        self.confusion = confusion
        self.classes = classes
        self.title = title

    @classmethod
    def from_counts(cls, confusion, classes=None, *, title=None, ax=None):
        """Draw a matrix of counts, such as the `confusion` of :func:`skaudeep.evaluation.evaluate_folds`.

        Parameters
        ----------
        confusion : array-like of shape (n_classes, n_classes)
            Number of samples of each class (row) that were predicted as each class (column).
        classes : sequence of length n_classes, default=None
            Names of the classes, by default their numbers from 0.
        title : str, default=None
            Written above the picture.
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure, whose size depends on the number of classes.

        Returns
        -------
        ConfusionDisplay
            The display, drawn.

        Raises
        ------
        ValueError
            If this is not a matrix of counts, or there are not as many classes.
        """
        confusion = np.asarray(confusion)
        square = confusion.ndim == 2 and confusion.size and confusion.shape[0] == confusion.shape[1]
        if not square or confusion.dtype.kind not in "iuf" or not (confusion >= 0).all():
            raise ValueError(
                f"confusion has shape {confusion.shape} and type {confusion.dtype}, expected a square matrix of "
                "counts, with a row for each true class and a column for each predicted one."
            )
        classes = range(len(confusion)) if classes is None else classes
        if len(classes) != len(confusion):
            raise ValueError(f"classes has {len(classes)} names, expected {len(confusion)}, one for each row.")
        return cls(confusion=confusion, classes=list(map(str, classes)), title=title).plot(ax=ax)

    def plot(self, ax=None):
        """Draw the matrix.

        Parameters
        ----------
        ax : matplotlib Axes, default=None
            Where to draw; by default in a new figure, whose size depends on the number of classes.

        Returns
        -------
        ConfusionDisplay
            The display itself.
        """
        n = len(self.confusion)
        if ax is None:
            side = np.clip(0.42 * n, 3, 9)
            ax = pyplot().subplots(figsize=(side + 2.6, side + 1.6), layout="constrained")[1]
        self.ax_, self.figure_ = ax, ax.figure
        shares = self.confusion / np.maximum(self.confusion.sum(axis=1, keepdims=True), 1)
        self.image_ = ax.imshow(shares, cmap="Blues", vmin=0, vmax=1, interpolation="nearest")
        self.figure_.colorbar(self.image_, ax=ax, label="Share of the true class", shrink=0.8)
        self.texts_ = self._write_counts(shares) if n <= _MOST_NUMBERS else []
        size = 9 if n <= 12 else 8
        if n > _MOST_NUMBERS:
            size = 6
        names = list(map(shortened, self.classes))
        ax.set_xticks(range(n), names, rotation=90, fontsize=size, parse_math=False)
        ax.set_yticks(range(n), names, fontsize=size, parse_math=False)
        # lines between the cells lead the eye to the names
        ax.set_xticks(np.arange(n + 1) - 0.5, minor=True)
        ax.set_yticks(np.arange(n + 1) - 0.5, minor=True)
        ax.grid(which="minor", color="#cccccc", linewidth=0.4)
        ax.tick_params(which="minor", length=0)
        ax.set(xlabel="Predicted class", ylabel="True class", title=self.title or "")
        return self

    def _write_counts(self, shares):
        size = 9 if len(shares) <= 12 else 7
        options = {"ha": "center", "va": "center", "fontsize": size}
        texts = []
        for row, column in np.argwhere(self.confusion):
            colour = "white" if shares[row, column] > 0.5 else "black"
            texts.append(self.ax_.text(column, row, f"{self.confusion[row, column]:g}", color=colour, **options))
        return texts
