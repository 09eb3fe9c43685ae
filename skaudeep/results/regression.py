"""Evaluations of predicted numbers in files."""

import dataclasses
from pathlib import Path

import numpy as np

from skaudeep.results.evaluation import REGRESSION_MEASURES, read_evaluation, summarise_defined
from skaudeep.results.files import damaged, number_or_none, read_json, value_or_empty


@dataclasses.dataclass(frozen=True, eq=False)
class RegressionRecord:
    """How well a regressor did on features; what is not defined is NaN."""

    features: str  # what was evaluated; empty where the file does not say
    regressor: str
    settings: dict  # parameters of the evaluation
    splits: list  # their names, such as "fold 1"
    targets: list  # their names; "label" where there is one without a name
    scores: dict  # target -> measure -> array of shape (n_repeats, n_splits)
    pooled: dict  # target -> measure -> array of shape (n_repeats,), of all predictions of a repeat together
    mean_predictor: dict  # target -> measure -> array of shape (n_splits,), of predicting the mean
    seconds: float | None  # how long it took

    @property
    def name(self):
        """Give features and regressor in a few words."""
        return ", ".join(filter(None, [self.features, self.regressor])) or "predictions"

    def by_split(self, measure, target):
        """Give a measure of each split, the mean of its repeats."""
        return self.scores[target][measure].mean(axis=0)

    def summary(self, measure, target):
        """Give the mean and the spread of a measure over the splits that define it, as `summarise` does."""
        return summarise_defined(self.scores[target][measure])

    def control(self, measure, target):
        """Give the mean of a measure of predicting the mean, over the splits that define it."""
        values = self.mean_predictor[target][measure]
        values = values[~np.isnan(values)]
        return float(values.mean()) if len(values) else np.nan


def read_outcome(path):
    """Read an evaluation of predicted classes, an `Evaluation`, or of predicted numbers, a `RegressionRecord`."""
    is_regression = read_json(path).get("task") == "regression"
    return read_regression(path) if is_regression else read_evaluation(path)


def read_regression(path):
    """Read an evaluation of predicted numbers; a file that holds something else is an error."""
    path = Path(path)
    tables = dict.fromkeys(("scores", "pooled", "mean_predictor"), dict)
    return parse_regression(read_json(path, {"splits": list, "targets": list} | tables), path)


def parse_regression(record, path="record"):
    """Take the record of an evaluation, as `RegressionEvaluation.to_dict` gives it; `path` is what an error names."""
    splits, targets = ([str(name) for name in record[key]] for key in ("splits", "targets"))
    if not splits or not targets:
        raise damaged(path, "there are no splits or no targets")
    shapes = {"scores": (-1, len(splits)), "pooled": (-1,), "mean_predictor": (len(splits),)}
    tables = {}
    for key, shape in shapes.items():
        tables[key] = {
            target: _measures(path, record[key].get(target), f"{key} of {target!r}", shape) for target in targets
        }
    return RegressionRecord(
        features=str(record.get("features") or ""),
        regressor=str(record.get("classifier") or ""),
        settings=value_or_empty(dict, record.get("settings")),
        splits=splits,
        targets=targets,
        seconds=number_or_none(record.get("seconds")),
        **tables,
    )


def _measures(path, record, what, shape):
    """Turn the measures of a target into arrays of a shape, -1 for any length but 0; None is NaN."""
    measures = {}
    for name in REGRESSION_MEASURES:
        try:
            values = np.array(record[name], dtype=np.float64)
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(path, f"{what} has no numbers for {name}") from error
        fits = values.ndim == len(shape) and values.size and shape[-1] in (-1, values.shape[-1])
        if not fits:
            raise damaged(path, f"{what} has an array of shape {values.shape} for {name}")
        measures[name] = values
    return measures
