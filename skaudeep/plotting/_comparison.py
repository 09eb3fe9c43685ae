"""Embedders beside their controls."""

import numpy as np

from skaudeep.plotting.drawing import COLOURS, add_legend, pyplot, shortened

_CANDIDATE, _CONTROL = COLOURS[0], COLOURS[8]
_MEASURES = {"recall": "Unweighted average recall (%)", "accuracy": "Accuracy (%)"}
_LONGEST = 44  # letters of a name


def plot_comparison(comparison, *, measure="recall", ax=None):
    """Draw how embedders and their controls did: a row for each, with its folds and its seeds.

    A large marker is the mean, filled for a candidate and hollow for a control. Dots above it are the folds (each the
    mean over the seeds), ticks below it are the seeds (each the mean over the folds). The dashed line is the best
    control: what is to its left has not beaten that. With two protocols each has its own block of rows.

    Parameters
    ----------
    comparison : Comparison
        What :func:`skaudeep.evaluation.compare` returns.
    measure : {"recall", "accuracy"}, default="recall"
        What to draw.
    ax : matplotlib Axes, default=None
        Where to draw; by default in a new figure, whose height depends on the number of rows.

    Returns
    -------
    matplotlib Axes
        What was drawn into.

    Raises
    ------
    ValueError
        If there is no such measure.

    See Also
    --------
    skaudeep.pages.write_comparison : A page with this drawing and all numbers.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("Agg")
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.decomposition import PCA
    >>> from skaudeep.evaluation import compare
    >>> from skaudeep.plotting import plot_comparison
    >>> comparison = compare({"one": PCA(1), "two": PCA(2)}, *load_iris(return_X_y=True), seeds=2)
    >>> ax = plot_comparison(comparison)
    >>> [label.get_text() for label in ax.get_yticklabels()]
    ['one', 'two', 'majority *']
    """
    if measure not in _MEASURES:
        raise ValueError(f"measure={measure!r}: choose one of {', '.join(map(repr, _MEASURES))}")
    table = comparison.table()
    blocks = list(table.groupby("protocol", sort=False))
    if ax is None:
        height = 1.6 + 0.42 * len(table) + 0.5 * (len(blocks) - 1)
        ax = pyplot().subplots(figsize=(8, height), layout="constrained")[1]
    labels, shaded, position = {}, [], 0
    for protocol, rows in blocks:
        if len(blocks) > 1:
            labels[position] = f"{protocol}:"  # a row of its own
            position += 1
        start = position
        for row in rows.itertuples():
            labels[position] = f"{shortened(row.name, _LONGEST)}{' *' * row.is_control}"
            handles = _draw_row(ax, position, row, comparison.scores, measure)
            position += 1
        shaded += range(start, position, 2)
        best = 100 * rows.loc[rows["is_control"], measure].max()
        line = ax.vlines(best, start - 0.5, position - 0.5, colors=_CONTROL, linestyles="--", linewidth=1, zorder=1)
    _dress(ax, labels, shaded, measure)
    _explain(ax, [*handles, line])
    return ax


def _draw_row(ax, position, row, scores, measure):
    """Draw mean, folds and seeds of one entrant; give examples of the three for the legend."""
    runs = scores[(scores["name"] == row.name) & (scores["protocol"] == row.protocol)]
    folds, seeds = (100 * runs.groupby(unit, dropna=False)[measure].mean().to_numpy() for unit in ("fold", "seed"))
    colour = _CONTROL if row.is_control else _CANDIDATE
    mean = 100 * getattr(row, measure)
    dots = ax.scatter(
        folds, np.full(len(folds), position - 0.22), s=16, color=colour, alpha=0.6, linewidths=0, zorder=2
    )
    low, high = folds.min(), folds.max()
    ax.hlines(position - 0.22, low, high, colors=colour, linewidth=0.8, alpha=0.5, zorder=1)
    if len(seeds) == 1:
        seeds = seeds[:0]  # of one there is no spread
    ticks = ax.scatter(seeds, np.full(len(seeds), position + 0.24), s=40, marker="|", color=colour, zorder=2)
    face = "white" if row.is_control else colour
    marker = ax.scatter(mean, position, s=60, facecolor=face, edgecolor=colour, linewidths=1.8, zorder=3)
    return [marker, dots, ticks]


def _dress(ax, labels, shaded, measure):
    """Name the rows, and shade every other one."""
    for position in shaded:
        ax.axhspan(position - 0.5, position + 0.5, color="#f3f5f7", zorder=0)
    ax.set_yticks(list(labels), list(labels.values()), parse_math=False)
    ax.tick_params(axis="y", length=0)
    ax.set_ylim(max(labels) + 0.5, -0.5)
    ax.set_xlabel(f"{_MEASURES[measure]}; * control")
    ax.grid(axis="x", alpha=0.3)
    ax.spines[["top", "right", "left"]].set_visible(False)


def _explain(ax, handles):
    names = ["mean", "fold (mean over seeds)", "seed (mean over folds)", "best control"]
    add_legend(
        ax, handles, names, loc="lower center", bbox_to_anchor=(0.5, 1), ncols=4, frameon=False, fontsize="small"
    )
