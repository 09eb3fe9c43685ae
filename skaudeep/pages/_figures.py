"""The figures of a report, each as an address that holds it."""

import io

import numpy as np

from skaudeep.pages._assets import data_uri
from skaudeep.pages._thumbnails import grey, palette

#: With more classes than this a matrix is a picture of pixels: as lines and letters it would be a megabyte.
_MOST_CLASSES_AS_SVG = 20
#: More points than this are a picture of pixels.
_MOST_POINTS_AS_SVG = 400
#: More pixels than this along one side of a spectrogram do not show.
_MOST_PIXELS = 256


def draw_losses(trainings):
    """Draw the loss curves of trainings whose losses can be compared, each with at least one epoch, as SVG."""
    from skaudeep.plotting import LossCurveDisplay

    figure, ax = _make_figure(8, 4.2)
    for training in trainings:
        LossCurveDisplay.from_history(training.history, name=training.name, ax=ax)
    ax.set_ylabel(f"Loss ({trainings[0].measure})")
    return _svg(figure)


def draw_scores(evaluations, chance):
    """Draw the accuracy of every evaluation in every split, as SVG.

    There is a row of dots for each evaluation, one for each split (of several repeats, their mean), and a line at their
    mean; `chance` is the accuracy of whoever always says the most frequent class.
    """
    from skaudeep.plotting.drawing import COLOURS, add_legend, shortened

    figure, ax = _make_figure(8, 1.3 + 0.3 * len(evaluations))
    classifiers = list(dict.fromkeys(evaluation.classifier for evaluation in evaluations))
    handles = {}
    for row, evaluation in enumerate(evaluations):
        colour = COLOURS[classifiers.index(evaluation.classifier) % len(COLOURS)]
        scores = 100 * evaluation.accuracy.mean(axis=0)
        handles[evaluation.classifier] = ax.scatter(
            scores, np.full(len(scores), row), color=colour, alpha=0.6, linewidths=0, zorder=2
        )
        ax.plot([scores.mean()] * 2, [row - 0.32, row + 0.32], color=colour, linewidth=2.5, zorder=3)
    ax.axvline(100 * chance, color="#717581", linestyle="--", linewidth=1, zorder=1)
    names = [f"{shortened(e.features, 40)}, {shortened(e.classifier)}" for e in evaluations]
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.set(ylim=(len(names) - 0.5, -0.5), xlabel="Accuracy (%); dashed: always the most frequent class")
    ax.grid(axis="x", alpha=0.3)
    if len(classifiers) > 1:
        options = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": min(len(classifiers), 5)}
        add_legend(ax, list(handles.values()), list(map(shortened, handles)), frameon=False, **options)
    return _svg(figure)


def draw_comparison(comparison):
    """Draw a comparison of embedders with their controls, as SVG."""
    from skaudeep.plotting import plot_comparison

    rows = len(comparison.table()) + comparison.scores["protocol"].nunique()
    figure, ax = _make_figure(8, 1.4 + 0.42 * rows)
    plot_comparison(comparison, ax=ax)
    return _svg(figure)


def draw_confusion(evaluation):
    """Draw the confusion matrix of an evaluation, as SVG or, with many classes, PNG."""
    from skaudeep.plotting import ConfusionDisplay

    n = len(evaluation.classes)
    side = float(np.clip(0.42 * n, 3, 9))
    figure, ax = _make_figure(side + 2.6, side + 1.6)
    ConfusionDisplay.from_counts(evaluation.confusion, evaluation.classes, ax=ax)
    return _svg(figure) if n <= _MOST_CLASSES_AS_SVG else _png(figure)


def draw_concordances(rows):
    """Draw the concordance correlation coefficients (CCC) of evaluations in every split, as SVG.

    `rows` are triples of a name, the coefficients of the splits, NaN where not defined, and that of predicting the
    mean. There is a row of dots for each, one for each split, a line at their mean, and a hollow marker for the
    control.
    """
    from skaudeep.plotting.drawing import COLOURS, add_legend, shortened

    figure, ax = _make_figure(8, 1.5 + 0.34 * len(rows))
    options = {"linewidths": 0, "alpha": 0.6, "color": COLOURS[0], "zorder": 2}
    for place, (_, values, control) in enumerate(rows):
        values = np.asarray(values)[~np.isnan(values)]
        dots = ax.scatter(values, np.full(len(values), place), **options)
        middle = values.mean() if len(values) else np.nan
        (line,) = ax.plot([middle] * 2, [place - 0.32, place + 0.32], color=COLOURS[0], linewidth=2.5, zorder=3)
        hollow = ax.scatter(control, place, s=34, facecolor="white", edgecolor=COLOURS[8], linewidths=1.5, zorder=2)
    ax.axvline(0, color=COLOURS[8], linestyle="--", linewidth=1, zorder=1)
    ax.set_yticks(range(len(rows)), [shortened(name, 50) for name, _, _ in rows], parse_math=False)
    ax.set(
        ylim=(len(rows) - 0.5, -0.5), xlabel="Concordance correlation coefficient (CCC); 1: all predictions are right"
    )
    ax.set_xlim(min(-0.05, ax.get_xlim()[0]), 1.02)
    ax.grid(axis="x", alpha=0.3)
    place = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "ncols": 3, "frameon": False}
    add_legend(ax, [dots, line, hollow], ["split", "mean", "predicting the mean"], **place)
    return _svg(figure)


def draw_regression(y_true, y_pred, name):
    """Draw true over predicted numbers, and residuals beside that, as SVG or, of many samples, PNG."""
    from skaudeep.plotting import RegressionDisplay

    figure, axes = _make_figure(10, 4.8, n_columns=2)
    for ax, kind in zip(axes, ("actual_vs_predicted", "residual_vs_predicted"), strict=True):
        RegressionDisplay.from_predictions(y_true, y_pred, kind=kind, name=name, ax=ax)
    axes[1].set_title("")  # the measures are those of the left
    return _svg(figure) if len(y_true) <= _MOST_POINTS_AS_SVG else _png(figure)


def draw_series(series, time_label):
    """Draw true and predicted numbers of a recording over time, as SVG; of several targets one below the other.

    `series` are tuples of the name of a target, times, true and predicted numbers.
    """
    from skaudeep.plotting import SeriesDisplay

    figure, axes = _make_figure(8, 0.5 + 2.2 * len(series), n_rows=len(series))
    for ax, (name, times, y_true, y_pred) in zip(np.atleast_1d(axes), series, strict=True):
        SeriesDisplay.from_predictions(times, y_true, y_pred, name=name, time_label=time_label, ax=ax)
        if ax is not np.atleast_1d(axes)[-1]:
            ax.set_xlabel("")
    return _svg(figure)


def draw_spectrograms(spectrograms):
    """Draw spectrograms of shape (n_frames, n_bins) without axes, in one scale of colours over all of them.

    Gives a PNG of each, a pixel for each frame and bin, or for the mean of some where there are very many.
    """
    from PIL import Image

    lengths = [len(spectrogram) for spectrogram in spectrograms]
    levels = np.split(grey(np.concatenate(spectrograms)), np.cumsum(lengths)[:-1])
    result = []
    for picture in levels:
        image = Image.fromarray(np.ascontiguousarray(picture.T[::-1]))
        size = tuple(min(length, _MOST_PIXELS) for length in image.size)
        image = image.resize(size, Image.Resampling.BOX) if size != image.size else image
        image.putpalette(bytes.fromhex(palette()))
        stream = io.BytesIO()
        image.save(stream, "PNG", optimize=True)
        result.append(data_uri(stream.getvalue(), "image/png"))
    return result


def _make_figure(width, height, *, n_rows=1, n_columns=1):
    """Make a figure that no window and no state of Matplotlib knows of; give it and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(n_rows, n_columns)


def _svg(figure):
    return data_uri(_save(figure, format="svg", metadata={"Date": None}), "image/svg+xml")


def _png(figure):
    """Draw with 256 colours, which does not show (they differ by 5 in 255 at most): a third of the size."""
    from PIL import Image

    stream = io.BytesIO()
    image = Image.open(io.BytesIO(_save(figure, format="png", dpi=110))).convert("RGB")
    image.quantize(256, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(stream, "PNG", optimize=True)
    return data_uri(stream.getvalue(), "image/png")


def _save(figure, **options):
    from skaudeep.plotting.drawing import repeatable

    stream = io.BytesIO()
    with repeatable():
        figure.savefig(stream, **options)
    return stream.getvalue()
