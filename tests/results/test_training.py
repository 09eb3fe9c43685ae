"""The record of a training run."""

import math

import pytest

from skaudeep.results.files import TRAINING_FILE
from skaudeep.results.training import read_training


def test_a_training_and_what_its_record_lacks(write):
    folder = write(f"run/{TRAINING_FILE}", {"history": {"loss": [0.5, None, 0.25]}, "seconds_per_epoch": [1, 2]}).parent
    (folder / "logs").mkdir()
    for place in (folder, folder / "logs"):
        training = read_training(place)
        assert training.name == "run"
        assert training.folder == folder
        assert training.history["loss"][::2] == [0.5, 0.25]
        assert math.isnan(training.history["loss"][1])
        assert (training.kind, training.inputs, training.parameters) == ("", [], {})
    write(f"run/{TRAINING_FILE}", {"history": {"loss": 3}})
    with pytest.raises(ValueError, match="loss of the history is not a list"):
        read_training(folder)
    with pytest.raises(FileNotFoundError, match="holds no training.json"):
        read_training(folder.parent)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_training(folder.parent / "x")
