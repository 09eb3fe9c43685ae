"""The command; what the page says is tested with the page."""

import json

import pytest


@pytest.fixture
def experiment(tmp_path):
    """Folder of an experiment of which nothing has been done."""
    folder = tmp_path / "out"
    folder.mkdir()
    record = {"format": 1, "title": "Begun", "configuration": {"seed": 0}, "stages": []}
    (folder / "experiment.json").write_text(json.dumps(record))
    return folder


def test_the_page_is_beside_the_experiment_or_where_it_is_wanted(skaudeep, experiment, tmp_path):
    done = skaudeep("report", experiment)
    page = experiment / "report.html"
    assert (done.status, done.out) == (0, f"{page}\n")
    assert done.err.startswith(f"{page}: 0.0 MB")
    other = tmp_path / "new" / "page.html"
    done = skaudeep("report", experiment, "-o", other, "--json")
    assert done.json == {"output": str(other), "bytes": other.stat().st_size}
    assert other.read_bytes() == page.read_bytes()
    done = skaudeep("-q", "report", experiment)
    assert (done.out, done.err) == (f"{page}\n", "")


def test_a_training_run(skaudeep, tmp_path):
    (tmp_path / "training.json").write_text(json.dumps({"kind": "t-rae", "history": {"loss": [1.0]}}))
    (tmp_path / "logs").mkdir()
    assert skaudeep("report", tmp_path / "logs").out == f"{tmp_path / 'report.html'}\n"
    text = (tmp_path / "report.html").read_text()
    assert "No reconstructions: model_dir=" in text


def test_folders_that_are_nothing_of_the_kind(skaudeep, experiment, tmp_path):
    for folder, message in ((tmp_path / "x", "does not exist"), (tmp_path, "holds neither experiment.json")):
        done = skaudeep("report", folder, "-o", tmp_path / "new" / "page.html")
        assert (done.status, message in done.err, done.out) == (1, True, "")
    assert not (tmp_path / "new").exists()
    (experiment / "experiment.json").write_text("{}")
    done = skaudeep("report", experiment)
    assert (done.status, "experiment.json' is damaged" in done.err, done.err.count("\n")) == (1, True, 1)
    assert not (experiment / "report.html").exists()


def test_wrong_usage(skaudeep, experiment):
    assert skaudeep("report").status == 2
    assert skaudeep("report", experiment, "--ouput", "x").status == 2
    done = skaudeep("report", experiment, "-o", experiment)
    assert (done.status, "it is a folder" in done.err) == (1, True)
