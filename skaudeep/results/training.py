"""The record of a training run."""

import dataclasses
import math
from pathlib import Path

from skaudeep.results.files import TRAINING_FILE, damaged, number_or_none, read_json, value_or_empty


@dataclasses.dataclass(frozen=True, eq=False)
class Training:
    """The record of a training run."""

    folder: Path  # of the run
    name: str  # of that folder
    kind: str  # such as "t-rae"
    inputs: list  # the data sets that it was trained on
    parameters: dict  # of the embedder
    history: dict  # lists of numbers by name, such as the loss of every epoch
    seconds_per_epoch: list  # how long they took
    version: str  # of skaudeep, which wrote the record

    @property
    def measure(self):
        """What the loss is: the error of reconstructions or, where views are recognised, a cross-entropy."""
        return "cross-entropy" if "accuracy" in self.history else "RMSE"


def read_training(folder):
    """Read the record of a training run, by its folder or the folder ``logs`` in it."""
    folder = Path(folder)
    if not (folder / TRAINING_FILE).is_file() and folder.absolute().name == "logs":
        folder = folder.absolute().parent
    path = folder / TRAINING_FILE
    if not folder.exists():
        raise FileNotFoundError(f"{str(folder)!r} does not exist; give the folder of a training run")
    if not path.is_file():
        raise FileNotFoundError(
            f"{str(folder)!r} holds no {TRAINING_FILE}, in which training with skaudeep records the loss; give the "
            "folder of a training run"
        )
    record = read_json(path, {"history": dict})
    history = {}
    for name, values in record["history"].items():
        if not isinstance(values, list):
            raise damaged(path, f"{name} of the history is not a list")
        numbers = map(number_or_none, values)
        history[name] = [math.nan if number is None else number for number in numbers]
    seconds = map(number_or_none, value_or_empty(list, record.get("seconds_per_epoch")))
    return Training(
        folder=folder,
        name=folder.absolute().name,
        kind=str(record.get("kind", "")),
        inputs=[str(name) for name in value_or_empty(list, record.get("inputs"))],
        parameters=value_or_empty(dict, record.get("parameters")),
        history=history,
        seconds_per_epoch=[number or 0.0 for number in seconds],
        version=str(record.get("skaudeep", "")),
    )
