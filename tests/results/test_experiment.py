"""The record of an experiment: what is read back, what is refused, and what has been found."""

import json

import numpy as np
import pytest

from skaudeep.results.experiment import read_experiment_record, read_results
from skaudeep.results.files import write_json

EVALUATION = {
    "features": "30dB",
    "classifier": "mlp",
    "classes": ["a", "b"],
    "splits": ["fold 1", "fold 2"],
    "accuracy": [[0.5, 0.7], [0.7, 0.9]],
    "recall": [[0.1, 0.2], [0.3, 0.4]],
    "confusion": [[3, 1], [0, 4]],
}


def stage(name, kind, outputs=()):
    empty = {"digest": "", "own": "", "needs": {}, "parts": {}, "files": [[1, 1] for _ in outputs], "finished": ""}
    return {"name": name, "kind": kind, "outputs": list(outputs), "seconds": 2.5, **empty}


@pytest.fixture
def experiment(tmp_path):
    """A folder with the record of an extraction and an evaluation."""
    stages = [stage("extract", "extract") | {"failed": []}, stage("evaluate 30dB mlp", "evaluate", ["e.json"])]
    write_json({"format": 1, "title": "T", "stages": stages}, tmp_path / "experiment.json")
    write_json(EVALUATION, tmp_path / "e.json")
    return tmp_path


def test_what_is_read_is_written_again(experiment):
    path = experiment / "experiment.json"
    before = json.loads(path.read_text())
    record = read_experiment_record(experiment)
    assert (record.stages[1].name, record.stages[1].files, record.stages[0].failed) == (
        "evaluate 30dB mlp",
        [[1, 1]],
        [],
    )
    record.write(experiment)
    after = json.loads(path.read_text())
    assert after == before | {"stale": [], "started": {}, "skaudeep": "", "configuration": {}}


def test_results_are_means_over_repeats_and_then_over_splits(experiment):
    results = read_results(experiment)
    assert (results["title"], results["output"]) == ("T", str(experiment))
    assert [(s["name"], s["seconds"]) for s in results["stages"]] == [("extract", 2.5), ("evaluate 30dB mlp", 2.5)]
    (result,) = results["results"]
    assert (result["features"], result["classifier"], result["n_splits"]) == ("30dB", "mlp", 2)
    # (0.5 + 0.7) / 2 = 0.6 in the first fold, (0.7 + 0.9) / 2 = 0.8 in the second
    assert result["accuracy"] == pytest.approx(0.7)
    assert result["accuracy_std"] == pytest.approx(0.1)
    assert result["recall"] == pytest.approx(0.25)
    assert result["recall_std"] == pytest.approx(0.05)


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "stages": [{"name": "x"}]}', "\x00\x01", "null"]
)
def test_a_damaged_record_is_refused(tmp_path, content):
    (tmp_path / "experiment.json").write_text(content)
    with pytest.raises(ValueError, match=r"experiment\.json' is damaged.*; empty its folder to run everything anew"):
        read_experiment_record(tmp_path)


@pytest.mark.parametrize(
    "change",
    [
        {"stale": 1},
        {"started": []},
        {"stages": {}},
        {"stages": [stage("extract", "extract") | {"outputs": "file"}]},
        {"stages": [stage("extract", "extract") | {"outputs": [1], "files": [1]}]},
        {"stages": [stage("extract", "extract") | {"files": [1]}]},
        {"stages": [stage("extract", "extract") | {"needs": None}]},
        {"stale": [None]},
    ],
)
def test_a_record_of_other_types_is_refused(experiment, change):
    state = json.loads((experiment / "experiment.json").read_text())
    write_json(state | change, experiment / "experiment.json")
    with pytest.raises(ValueError, match=r"experiment\.json' is damaged.*; empty its folder to run everything anew"):
        read_results(experiment)


def test_a_flipped_byte_of_a_record_is_an_error_with_its_name_or_a_record(experiment):
    """What still is JSON of the right kind cannot be told from an honest record, which people may read and change."""
    random = np.random.default_rng(0)
    n_refused = 0
    for file in (experiment / "experiment.json", experiment / "e.json"):
        whole = file.read_bytes()
        for place in random.integers(0, len(whole), 150):
            file.write_bytes(whole[:place] + bytes([whole[place] ^ int(random.integers(1, 256))]) + whole[place + 1 :])
            try:
                read_results(experiment)
            except (ValueError, FileNotFoundError) as error:
                assert str(experiment) in str(error)
                n_refused += 1
        file.write_bytes(whole)
    assert n_refused > 100


def test_a_record_of_a_newer_version_is_refused(tmp_path):
    write_json({"format": 2, "skaudeep": "99.0"}, tmp_path / "experiment.json")
    with pytest.raises(ValueError, match=r"of skaudeep 99\.0 has format 2 and this version reads 1; update"):
        read_experiment_record(tmp_path)
