import json
import math

import numpy as np
import pytest

from skaudeep.pages._folders import (
    EXPERIMENT,
    TRAINING,
    find_kind,
    read_evaluation,
    read_experiment,
    read_record,
    read_training,
)

EVALUATION = {
    "features": "fused",
    "classifier": "svm",
    "classes": ["a", "b"],
    "splits": ["fold 1", "fold 2"],
    "accuracy": [[0.5, 1.0], [0.7, 0.8]],
    "recall": [[0.4, 0.9], [0.6, 0.7]],
    "confusion": [[3, 1], [0, 4]],
    "seconds": 2.5,
}


@pytest.fixture
def write(tmp_path):
    """Write something as JSON to a file, with its folder, and return its path."""

    def write_json(name, content):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write_json


def test_kinds_of_folders(write, tmp_path, monkeypatch):
    run = write(f"run/{TRAINING}", {}).parent
    (run / "logs").mkdir()
    experiment = write(f"esc/{EXPERIMENT}", {}).parent
    assert find_kind(experiment) == (EXPERIMENT, experiment)
    assert find_kind(run) == (TRAINING, run)
    assert find_kind(run / "logs") == (TRAINING, run)
    monkeypatch.chdir(run / "logs")
    assert find_kind(".")[0] == TRAINING


def test_a_folder_of_neither_kind(write, tmp_path):
    inside = write(f"run/{TRAINING}", {}).parent / "other"
    inside.mkdir()
    for path, message in ((tmp_path, "holds neither"), (inside, "holds neither"), (tmp_path / "x", "does not exist")):
        with pytest.raises(FileNotFoundError, match=message):
            find_kind(path)
    with pytest.raises(FileNotFoundError, match="is a file"):
        find_kind(write("file", {}))


def test_an_evaluation_and_its_summary(write):
    evaluation = read_evaluation(write("e.json", EVALUATION))
    assert (evaluation.features, evaluation.classifier, evaluation.seconds) == ("fused", "svm", 2.5)
    # repeats are averaged first: 0.6 and 0.9
    assert evaluation.summary() == (pytest.approx(0.75), pytest.approx(0.15))
    assert evaluation.summary("recall") == (pytest.approx(0.65), pytest.approx(0.15))
    np.testing.assert_array_equal(evaluation.confusion, [[3, 1], [0, 4]])


@pytest.mark.parametrize(("accuracy", "spread"), [([[0.5]], None), ([[0.5], [0.7]], 0.1)])
def test_of_a_single_split_the_spread_is_over_repeats(write, accuracy, spread):
    evaluation = read_evaluation(
        write("e.json", EVALUATION | {"accuracy": accuracy, "recall": accuracy, "splits": ["test"]})
    )
    assert evaluation.summary()[1] == (None if spread is None else pytest.approx(spread))


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": [0.5, 1.0]},
        {"accuracy": [["x", "y"]]},
        {"accuracy": [[0.5]]},
        {"accuracy": [[0.5, 1.0], [0.5]]},
        {"accuracy": []},
        {"recall": [[0.5, 1.0]]},
        {"confusion": [[1, 2]]},
        {"confusion": [[1, -2], [0, 0]]},
        {"confusion": [[1, None], [0, 0]]},
        {"classes": []},
        {"splits": None},
    ],
    ids=str,
)
def test_what_is_no_evaluation_is_refused_by_name(write, changes):
    with pytest.raises(ValueError, match=r"e.json' is damaged or something else"):
        read_evaluation(write("e.json", EVALUATION | changes))


@pytest.mark.parametrize("content", [b"", b"{", b"\x89HDF\r\n\x1a\n\xff", b"[1]", b"[" * 100_000], ids=range(5))
def test_what_is_no_json_is_refused_by_name(write, content):
    path = write("x.json", content)
    with pytest.raises(ValueError, match=r"x.json' is damaged"):
        read_record(path)
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_record(path.parent)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_record(path.parent / "y.json")


STAGE = {"name": "extract", "kind": "extract", "outputs": ["a.nc"], "seconds": 1}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"title": 3}, "lacks title"),
        ({"stages": None, "configuration": []}, "lacks configuration, stages"),
        ({"stages": ["extract"]}, "a stage lacks"),
        ({"stages": [STAGE | {"outputs": [1]}]}, "are no paths"),
        ({"format": 2}, "has format 2 and this version reads 1; update skaudeep"),
    ],
)
def test_a_broken_experiment_is_refused_by_name(write, changes, message):
    record = {"format": 1, "title": "t", "configuration": {}, "stages": [STAGE]}
    folder = write(EXPERIMENT, record).parent
    assert read_experiment(folder)["stages"][0]["seconds"] == 1.0
    write(EXPERIMENT, record | changes)
    with pytest.raises(ValueError, match=message) as error:
        read_experiment(folder)
    assert EXPERIMENT in str(error.value)


def test_a_training_and_what_its_record_lacks(write):
    folder = write(f"run/{TRAINING}", {"history": {"loss": [0.5, None, 0.25]}, "seconds_per_epoch": [1, 2]}).parent
    (folder / "logs").mkdir()
    for place in (folder, folder / "logs"):
        training = read_training(place)
        assert training.name == "run"
        assert training.folder == folder
        assert training.history["loss"][::2] == [0.5, 0.25]
        assert math.isnan(training.history["loss"][1])
        assert (training.kind, training.inputs, training.parameters) == ("", [], {})
    write(f"run/{TRAINING}", {"history": {"loss": 3}})
    with pytest.raises(ValueError, match="loss of the history is no list"):
        read_training(folder)
    with pytest.raises(FileNotFoundError, match="holds no training.json"):
        read_training(folder.parent)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_training(folder.parent / "x")
