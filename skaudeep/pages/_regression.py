"""What a report says of predicted numbers."""

import numpy as np

from skaudeep._columns import name_of_target
from skaudeep.pages._figures import draw_concordances, draw_regression, draw_series
from skaudeep.pages.parts import title_of
from skaudeep.results.predictions import split_targets

#: A recording with fewer windows or chunks than this is no series.
_FEWEST_IN_SERIES = 5


def regression_overview(records):
    """Make a figure of the CCC of all evaluations for each target, and a table of them; None where there are none.

    Gives `targets`, each with its `name`, a `figure` and `rows`. A row has the `name` of the evaluation and its
    numbers as text: `ccc`, `pearson`, `rmse`, and `control`, the RMSE of predicting the mean; whether it is the `best`
    by CCC; and whether it is `better` than predicting the mean by RMSE.
    """
    if not records:
        return None
    targets = list(dict.fromkeys(target for record in records for target in record.targets))
    return {"targets": [_compare(target, [each for each in records if target in each.targets]) for target in targets]}


def regression_figures(record, predictions=None):
    """Make the figures of one evaluation of predicted numbers.

    `record` is a `RegressionRecord`; `predictions`, from `read_predicted_numbers`, the table of its predictions, if
    there is one. Gives the `name` of the evaluation; `scores`, a figure of the CCC of each split and target; `alt`,
    this in words; `rows`, as of `regression_overview`, one for each target; `pictures`, for each target its `name`, a
    `figure` of predicted and true numbers with the residuals, and `alt`; and `series`, a recording that was tested
    over time with `file`, `figure` and `alt`, or None.
    """
    dots = []
    for target in record.targets:
        dots.append((title_of(target), record.by_split("ccc", target), record.control("ccc", target)))
    rows = [_row(record, target) | {"name": title_of(target)} for target in record.targets]
    numbers = ", ".join(f"{row['name']} {row['ccc']}" for row in rows)
    return {
        "name": record.name,
        "scores": draw_concordances(dots),
        "alt": f"CCC of {record.name} in every split: {numbers}",
        "rows": rows,
        "pictures": [] if predictions is None else _pictures(record, predictions),
        "series": None if predictions is None else _series(record, predictions),
    }


def _compare(target, records):
    """Compare evaluations by one target."""
    dots, rows = [], []
    best = max(records, key=lambda record: np.nan_to_num(record.summary("ccc", target)[0], nan=-2.0))
    for record in records:
        dots.append((record.name, record.by_split("ccc", target), record.control("ccc", target)))
        rows.append(_row(record, target) | {"name": record.name, "best": record is best})
    return {"name": title_of(target), "figure": draw_concordances(dots), "rows": rows}


def _row(record, target):
    """Give what a table says of one target of an evaluation."""
    control = record.control("rmse", target)
    return {
        "ccc": _number(record.summary("ccc", target), ".2f"),
        "pearson": _number(record.summary("pearson", target), ".2f"),
        "rmse": _number(record.summary("rmse", target), "#.3g"),
        "control": _number((control, None), "#.3g"),
        "best": False,
        "better": bool(record.summary("rmse", target)[0] < control),
    }


def _number(summary, digits):
    """Write a mean with its standard deviation, if it has one; a dash for what is not defined."""
    mean, spread = summary
    if np.isnan(mean):
        return "\N{EN DASH}"
    text = f"{mean:z{digits}}"
    return text if spread is None else f"{text} \N{PLUS-MINUS SIGN} {spread:{digits}}"


def _pictures(record, predictions):
    """Draw predicted beside true numbers of each target."""
    pictures = []
    for target, rows in split_targets(predictions):
        figure = draw_regression(rows["label"], rows["prediction"], name_of_target(target))
        alt = f"True over predicted numbers and residuals of {record.name}, {title_of(target)}: {len(rows)} predictions"
        pictures.append({"name": title_of(target), "figure": figure, "alt": alt})
    return pictures


# --- a recording over time ---


def _series(record, predictions):
    """Draw the recording with the most tested windows over time; None where no recording is a series."""
    windows, time_label = _with_times(predictions)
    if windows is None:
        return None
    counts = windows.groupby("filename", sort=False)["time"].nunique()
    file = counts.idxmax()
    if counts[file] < _FEWEST_IN_SERIES:
        return None
    targets = split_targets(windows[windows["filename"] == file])
    series = [(name_of_target(target), *_over_time(rows)) for target, rows in targets]
    return {
        "file": file,
        "figure": draw_series(series, time_label),
        "alt": f"True and predicted numbers of {file} over time, by {record.name}",
    }


def _with_times(predictions):
    """Add when each window is, from `start` to `end`, and say in what; None where the table does not tell."""
    columns = set(predictions)
    if {"filename", "start", "end"} <= columns and predictions[["start", "end"]].notna().all(axis=None):
        times = (predictions["start"] + predictions["end"]) / 2
        return predictions.assign(time=times), "Time (s)"
    if {"filename", "chunk_nr"} <= columns and predictions["chunk_nr"].notna().all():
        chunks = predictions["chunk_nr"]
        return predictions.assign(time=chunks, start=chunks, end=chunks + 1), "Chunk"
    return None, None


def _over_time(windows):
    """Give times, true and predicted numbers of windows in their order, NaN where windows are missing in between."""
    # of several repeats, or of folds that overlap, the mean
    groups = windows.groupby("time")
    means = groups[["label", "prediction"]].mean()
    times = means.index.to_numpy()
    starts, ends = groups["start"].min().to_numpy(), groups["end"].max().to_numpy()
    gaps = np.flatnonzero(starts[1:] > ends[:-1] + 1e-6) + 1
    between = (times[gaps - 1] + times[gaps]) / 2
    return np.insert(times, gaps, between), *np.insert(means.to_numpy(), gaps, np.nan, axis=0).T
