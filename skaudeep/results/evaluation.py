"""Evaluations in files."""

import dataclasses
from pathlib import Path

import numpy as np

from skaudeep.results.files import damaged, number_or_none, read_json, value_or_empty

#: what is measured of predicted numbers, with the name for people
REGRESSION_MEASURES = {
    "ccc": "CCC",
    "pearson": "Pearson",
    "spearman": "Spearman",
    "rmse": "RMSE",
    "mae": "MAE",
    "r2": "R2",
}


def summarise(values):
    """Give the mean of a measure and how much it spreads.

    Parameters
    ----------
    values : array-like of shape (n_repeats, n_splits)
        Such as the `accuracy` of a `DatasetEvaluation`.

    Returns
    -------
    mean : float
        Over everything.
    spread : float or None
        Standard deviation over the splits, of which each counts with the mean of its repeats; over the repeats where
        there is a single split; None where there is a single value.

    Examples
    --------
    >>> from skaudeep.evaluation import summarise
    >>> summarise([[0.25, 0.75], [0.75, 0.75]])
    (0.625, 0.125)
    >>> summarise([[0.5], [0.75]])
    (0.625, 0.125)
    """
    values = np.asarray(values, dtype=np.float64)
    each = values.mean(axis=0) if values.shape[1] > 1 else values[:, 0]
    return float(each.mean()), float(each.std()) if len(each) > 1 else None


def summarise_defined(values):
    """Give what `summarise` does over the splits that define a measure in all repeats; NaN and None without any."""
    defined = ~np.isnan(values).any(axis=0)
    return summarise(values[:, defined]) if defined.any() else (np.nan, None)


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """How well a classifier did on features."""

    features: str  # what was evaluated; empty where the file does not say
    classifier: str
    settings: dict  # parameters of the evaluation
    classes: list  # their names
    splits: list  # their names, such as "fold 1"
    accuracy: np.ndarray  # from 0 to 1, of shape (n_repeats, n_splits)
    recall: np.ndarray  # unweighted average recall, likewise
    confusion: np.ndarray  # counts over all splits and repeats; rows are true classes
    seconds: float | None  # how long it took

    def summary(self, measure="accuracy"):
        """Give the mean and the spread of a measure, as `summarise` does."""
        return summarise(getattr(self, measure))


def read_evaluation(path):
    """Read an evaluation of an experiment, or of a command; a file that holds something else is an error."""
    path = Path(path)
    record = read_json(path, {"classes": list, "splits": list, "accuracy": list, "recall": list, "confusion": list})
    accuracy, recall, confusion = (_matrix(path, record, name) for name in ("accuracy", "recall", "confusion"))
    splits, classes = ([str(name) for name in record[key]] for key in ("splits", "classes"))
    if not len(accuracy) or accuracy.shape[1] != len(splits) or not splits or recall.shape != accuracy.shape:
        raise damaged(path, "accuracy and recall are not a row of numbers per repeat, one for each split")
    if not classes or confusion.shape != (len(classes), len(classes)):
        raise damaged(path, f"the confusion matrix has shape {confusion.shape}, and there are {len(classes)} classes")
    return Evaluation(
        features=str(record.get("features") or ""),
        classifier=str(record.get("classifier") or ""),
        settings=value_or_empty(dict, record.get("settings")),
        classes=classes,
        splits=splits,
        accuracy=accuracy,
        recall=recall,
        confusion=confusion.astype(int),
        seconds=number_or_none(record.get("seconds")),
    )


def _matrix(path, record, name):
    try:
        values = np.array(record[name], dtype=float)
    except (TypeError, ValueError) as error:
        raise damaged(path, f"{name} is not a table of numbers") from error
    if values.ndim != 2 or (name == "confusion" and not (values >= 0).all()):
        raise damaged(path, f"{name} is not a table of numbers")
    return values
