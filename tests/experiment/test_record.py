"""The record of an experiment: what is read back, what is refused, and that a folder is of one run."""

import json

import numpy as np
import pytest

from skaudeep.experiment._record import FORMAT, claim_folder, read_record, read_results, write_json

EVALUATION = {
    "features": "30dB",
    "classifier": "mlp",
    "splits": ["fold 1", "fold 2"],
    "accuracy": [[0.5, 0.7], [0.7, 0.9]],
    "recall": [[0.1, 0.2], [0.3, 0.4]],
}


def stage(name, kind, outputs=()):
    empty = {"digest": "", "own": "", "needs": {}, "parts": {}, "files": [[1, 1] for _ in outputs], "finished": ""}
    return {"name": name, "kind": kind, "outputs": list(outputs), "seconds": 2.5, **empty}


@pytest.fixture
def experiment(tmp_path):
    """A folder with the record of an extraction and an evaluation."""
    stages = [stage("extract", "extract"), stage("evaluate 30dB mlp", "evaluate", ["e.json"])]
    write_json({"format": FORMAT, "title": "T", "stages": stages}, tmp_path / "experiment.json")
    write_json(EVALUATION, tmp_path / "e.json")
    return tmp_path


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


@pytest.mark.parametrize("there", [True, False])
def test_an_empty_or_new_folder_has_nothing(tmp_path, there):
    folder = tmp_path / "new"
    if there:
        folder.mkdir()
        (folder / ".hidden").touch()
    assert read_record(folder) == {"stages": [], "stale": [], "started": {}}


def test_a_folder_of_others_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").touch()
    with pytest.raises(ValueError, match="holds other files and no experiment; give a folder that is new"):
        read_record(tmp_path)
    with pytest.raises(NotADirectoryError, match="is a file"):
        read_record(tmp_path / "thesis.tex")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", "{}", '{"format": 1}', '{"format": 1, "stages": [{"name": "x"}]}', "\x00\x01", "null"]
)
def test_a_damaged_record_is_refused(tmp_path, content):
    (tmp_path / "experiment.json").write_text(content)
    with pytest.raises(ValueError, match=r"experiment\.json is damaged.*; empty its folder to run everything anew"):
        read_record(tmp_path)


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
    with pytest.raises(ValueError, match=r"experiment\.json is damaged.*; empty its folder to run everything anew"):
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
    write_json({"format": FORMAT + 1, "skaudeep": "99.0"}, tmp_path / "experiment.json")
    with pytest.raises(ValueError, match=r"is of skaudeep 99\.0, a newer version; update"):
        read_record(tmp_path)


def test_a_folder_is_of_one_run(tmp_path):
    folder = tmp_path / "new" / "out"
    with (
        claim_folder(folder),
        pytest.raises(OSError, match="another run is at work in it; wait for its end"),
        claim_folder(folder),
    ):
        pass
    with claim_folder(folder):
        assert list(folder.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path):
    (tmp_path / "file").touch()
    with (
        pytest.raises(OSError, match="cannot make the folder .* give another one"),
        claim_folder(tmp_path / "file/out"),
    ):
        pass


def test_json_appears_whole_or_not_at_all(experiment):
    before = (experiment / "experiment.json").read_bytes()
    with pytest.raises(TypeError):
        write_json({"a": object()}, experiment / "experiment.json")
    assert (experiment / "experiment.json").read_bytes() == before
    assert sorted(path.name for path in experiment.iterdir()) == ["e.json", "experiment.json"]
    assert json.loads(before)["format"] == FORMAT
