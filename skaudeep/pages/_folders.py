"""What folders of experiments and of training runs hold, read and checked."""

import dataclasses
import json
import math
from pathlib import Path

import numpy as np

from skaudeep.evaluation import summarise
from skaudeep.experiment._stages import EXPERIMENT_FILE as EXPERIMENT
from skaudeep.experiment._train import RECORD as TRAINING

_STAGE = {"name": str, "kind": str, "outputs": list}


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """The record of a training run.

    Attributes
    ----------
    folder : pathlib.Path
        Of the run.
    name : str
        The name of that folder.
    kind : str
        Such as "t-rae".
    inputs : list of str
        The data sets that it was trained on.
    parameters : dict
        Of the autoencoder.
    history : dict of str to list of float
        Such as the loss of every epoch.
    seconds_per_epoch : list of float
        How long they took.
    version : str
        Of skaudeep, which wrote the record.
    """

    folder: Path
    name: str
    kind: str
    inputs: list
    parameters: dict
    history: dict
    seconds_per_epoch: list
    version: str


@dataclasses.dataclass(frozen=True, eq=False)
class Evaluation:
    """How well a classifier did on features.

    Attributes
    ----------
    features, classifier : str
        What was evaluated; empty where the file does not say.
    settings : dict
        Parameters of the evaluation.
    classes : list of str
        Names of the classes.
    splits : list of str
        Names of the splits, such as "fold 1".
    accuracy, recall : ndarray of shape (n_repeats, n_splits)
        Accuracy and unweighted average recall, from 0 to 1.
    confusion : ndarray of shape (n_classes, n_classes)
        Counts over all splits and repeats; rows are true classes.
    seconds : float or None
        How long it took.
    """

    features: str
    classifier: str
    settings: dict
    classes: list
    splits: list
    accuracy: np.ndarray
    recall: np.ndarray
    confusion: np.ndarray
    seconds: float | None

    def summary(self, measure="accuracy"):
        """Mean and spread of a measure: the standard deviation over the splits, or over repeats of a single split."""
        return summarise(getattr(self, measure))


def find_kind(folder):
    """Say whether a folder is of an experiment or of a training run.

    Parameters
    ----------
    folder : path-like
        The folder; of a training run also its folder ``logs``.

    Returns
    -------
    (str, pathlib.Path)
        `EXPERIMENT` or `TRAINING`, and the folder which has that file.

    Raises
    ------
    FileNotFoundError
        If it is neither.
    """
    folder = Path(folder)
    for kind in (EXPERIMENT, TRAINING):
        if (folder / kind).is_file():
            return kind, folder
    whole = folder.absolute()
    if whole.name == "logs" and (whole.parent / TRAINING).is_file():
        return TRAINING, whole.parent
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise FileNotFoundError(f"{str(folder)!r} {what}; give the folder of `skaudeep run` or of a training run")
    raise FileNotFoundError(
        f"{str(folder)!r} holds neither {EXPERIMENT}, which `skaudeep run` writes, nor {TRAINING} of a training run; "
        "give the folder of one of these"
    )


def read_experiment(folder):
    """Read the record of an experiment.

    Parameters
    ----------
    folder : path-like
        What ``skaudeep run`` has written.

    Returns
    -------
    dict
        With `title`, `configuration`, `stages` and `skaudeep`.

    Raises
    ------
    ValueError
        If the record is damaged, or of a newer version.
    """
    path = Path(folder) / EXPERIMENT
    record = _read(path, {"title": str, "configuration": dict, "stages": list})
    for stage in record["stages"]:
        if not isinstance(stage, dict) or not all(isinstance(stage.get(key), of) for key, of in _STAGE.items()):
            raise _damaged(path, f"a stage lacks one of {', '.join(_STAGE)}")
        if not all(isinstance(output, str) for output in stage["outputs"]):
            raise _damaged(path, "the outputs of a stage are no paths")
        stage["seconds"] = _number(stage.get("seconds"))
    return record


def read_training(folder):
    """Read the record of a training run.

    Parameters
    ----------
    folder : path-like
        Of the run, or its folder ``logs``.

    Returns
    -------
    Training
        The record.

    Raises
    ------
    FileNotFoundError
        If there is none.
    ValueError
        If it is damaged, or of a newer version.
    """
    folder = Path(folder)
    if not (folder / TRAINING).is_file() and folder.absolute().name == "logs":
        folder = folder.absolute().parent
    path = folder / TRAINING
    if not folder.exists():
        raise FileNotFoundError(f"{str(folder)!r} does not exist; give the folder of a training")
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(folder)!r} holds no {TRAINING}, in which training with skaudeep records the loss; give the "
            "folder of a training"
        )
    record = _read(path, {"history": dict})
    history = {}
    for name, values in record["history"].items():
        if not isinstance(values, list):
            raise _damaged(path, f"{name} of the history is no list")
        history[name] = [math.nan if _number(value) is None else _number(value) for value in values]
    return Training(
        folder=folder,
        name=folder.absolute().name,
        kind=str(record.get("kind", "")),
        inputs=[str(name) for name in _as(list, record.get("inputs"))],
        parameters=_as(dict, record.get("parameters")),
        history=history,
        seconds_per_epoch=[_number(value) or 0.0 for value in _as(list, record.get("seconds_per_epoch"))],
        version=str(record.get("skaudeep", "")),
    )


def read_evaluation(path):
    """Read an evaluation, of an experiment or of ``evaluate --output``.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    Evaluation
        What it holds.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds something else.
    """
    path = Path(path)
    record = _read(path, {"classes": list, "splits": list, "accuracy": list, "recall": list, "confusion": list})
    accuracy, recall, confusion = (_matrix(path, record, name) for name in ("accuracy", "recall", "confusion"))
    splits, classes = ([str(name) for name in record[key]] for key in ("splits", "classes"))
    if not len(accuracy) or accuracy.shape[1] != len(splits) or not splits or recall.shape != accuracy.shape:
        raise _damaged(path, "accuracy and recall are not a row of numbers per repeat, one for each split")
    if not classes or confusion.shape != (len(classes), len(classes)):
        raise _damaged(path, f"the confusion matrix has shape {confusion.shape}, and there are {len(classes)} classes")
    return Evaluation(
        features=str(record.get("features") or ""),
        classifier=str(record.get("classifier") or ""),
        settings=_as(dict, record.get("settings")),
        classes=classes,
        splits=splits,
        accuracy=accuracy,
        recall=recall,
        confusion=confusion.astype(int),
        seconds=_number(record.get("seconds")),
    )


def read_record(path):
    """Read a file that holds a JSON object.

    Parameters
    ----------
    path : path-like
        The file.

    Returns
    -------
    dict
        The object.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it holds something else.
    """
    return _read(Path(path), {})


def _read(path, keys):
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{str(path)!r} {what}, expected a JSON file")
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise _damaged(path, "no JSON") from error
    if not isinstance(record, dict):
        raise _damaged(path, "no JSON object")
    lacking = [key for key, kind in keys.items() if not isinstance(record.get(key), kind)]
    if lacking:
        raise _damaged(path, f"it lacks {', '.join(lacking)}")
    if record.get("format", 1) != 1:
        raise ValueError(f"{str(path)!r} has format {record['format']!r} and this version reads 1; update skaudeep")
    return record


def _damaged(path, why):
    return ValueError(f"{str(path)!r} is damaged or something else than expected ({why}); have it written again")


def _matrix(path, record, name):
    try:
        values = np.array(record[name], dtype=float)
    except (TypeError, ValueError) as error:
        raise _damaged(path, f"{name} is no table of numbers") from error
    if values.ndim != 2 or (name == "confusion" and not (values >= 0).all()):
        raise _damaged(path, f"{name} is no table of numbers")
    return values


def _number(value):
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


def _as(kind, value):
    return value if isinstance(value, kind) else kind()
