"""Experiments whose labels are numbers: of a table, or annotated over time."""

import json

import numpy as np
import pandas as pd
import pytest

from skaudeep.cli import main
from skaudeep.datasets import make_sound_scenes
from skaudeep.evaluation import evaluate_dataset, make_regressor
from skaudeep.exceptions import DataSetError
from skaudeep.experiment import plan, read_experiment, run_experiment
from skaudeep.io import read_netcdf

SMALL = """
[spectrograms]
n_mels = 16
fixed_length = 2
[[autoencoders]]
kind = "t-rae"
n_units = 4
n_layers = 1
max_epochs = 1
[[classifiers]]
kind = "ridge"
alpha = 10.0
"""
WINDOWS = """
[corpus]
path = "scenes"
[labels]
task = "regression"
annotations = "annotations"
raters = { pitch = ["pitch_1", "pitch_2"], rate = ["rate_1", "rate_2"] }
rater_weights = "weighted"
targets = ["pitch", "rate"]
width = 2.0
hop = 1.0
delay = 1.0
[evaluation]
controls = true
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regression")
    make_sound_scenes(
        folder / "scenes",
        **{"n_speakers": 2, "n_per_speaker": 2, "n_raters": 2, "n_folds": 2, "sample_rate": 8000, "delay": 1.0},
        **{"min_seconds": 10.0, "max_seconds": 12.0, "random_state": 0},
    )
    (folder / "windows.toml").write_text(WINDOWS + SMALL)
    frame = pd.read_csv(folder / "scenes" / "metadata.csv")
    frame["path"] = "scenes/" + frame["path"]
    frame["age"] = [30, 31, 50, 51]
    frame.to_csv(folder / "ages.csv", index=False)
    (folder / "ages.toml").write_text(SMALL)
    return folder


@pytest.fixture(scope="module")
def finished(place):
    experiment = read_experiment(place / "windows.toml")
    return place / "out", run_experiment(experiment, place / "out")


def test_annotations_become_windows_with_targets(finished):
    out, _ = finished
    ds = read_netcdf(out / "features" / "spectrograms.nc")
    assert ds["target"].values.tolist() == ["pitch", "rate"] and ds.sizes["instance"] > 20
    assert ds["filename"].values[0] == "speaker-01/01.wav#t=0,2"
    assert set(ds["group"].values) == {"speaker-01", "speaker-02"} and ds.sizes["fold"] == 2


def test_the_evaluation_is_that_of_the_features(finished):
    out, found = finished
    ds = read_netcdf(out / "features" / "spectrograms.nc")
    expected = evaluate_dataset(ds, make_regressor("ridge", alpha=10.0, random_state=0), random_state=0)
    record = json.loads((out / "evaluations" / "spectrograms-ridge.json").read_text())
    assert record["task"] == "regression" and record["classifier"] == "ridge"
    for key, table in expected.to_dict().items():
        assert record[key] == table
    first, *_ = found["results"]
    assert [(each["features"], each["target"]) for each in found["results"]] == [
        (features, target)
        for features in ("spectrograms", "spectrograms-untrained", "spectrograms-statistics")
        for target in ("pitch", "rate")
    ]
    assert first["ccc"] == expected.summary("ccc", "pitch")[0] and first["n_splits"] == 2
    assert first["rmse_of_mean"] == pytest.approx(expected.table("pitch").loc["predicting the mean", "rmse"])
    table = pd.read_csv(out / "evaluations" / "spectrograms-ridge.csv")
    np.testing.assert_allclose(table["prediction"], expected.predictions["prediction"])
    assert table["filename"].iloc[0].endswith(".wav") and (table["end"] - table["start"] == 2).all()


def test_the_report_shows_numbers_and_a_recording_over_time(finished):
    page = (finished[0] / "report.html").read_text()
    assert "Predicted numbers" in page and 'id="confusion"' not in page
    assert "RMSE by predicting the mean" in page and "over time" in page
    assert "Nothing has been evaluated" not in page


def test_the_command_prints_them(place, finished, capsys):
    command = ["run", str(place / "windows.toml"), "--output", str(finished[0])]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "CCC, RMSE and RMSE of predicting the mean" in out and "spectrograms-untrained" in out
    assert main([*command, "-q"]) == 0
    lines = [line.split("\t") for line in capsys.readouterr().out.splitlines()]
    assert [line[:3] for line in lines][1] == ["spectrograms", "ridge", "rate"] and len(lines) == 6
    assert float(lines[0][3]) == pytest.approx(finished[1]["results"][0]["ccc"], abs=1e-6)


def test_another_delay_makes_other_targets(place, finished):
    experiment = read_experiment(place / "windows.toml", overrides={"labels.delay": 0.0})
    assert all(stage.runs for stage in plan(experiment, finished[0]))
    experiment = read_experiment(place / "windows.toml", overrides={"classifiers.alpha": 1.0})
    assert {stage.kind for stage in plan(experiment, finished[0]) if stage.runs} == {"evaluate", "report"}


@pytest.mark.parametrize("named", [True, False])
def test_whole_numbers_of_a_table_are_numbers_on_request(place, tmp_path, named):
    overrides = {"corpus.path": str(place / "ages.csv"), "labels.task": "regression", "report.enabled": False}
    overrides |= {"labels.targets": ["age"]} if named else {"corpus.options": {"label": "age"}}
    out = tmp_path / "out"
    found = run_experiment(read_experiment(place / "ages.toml", overrides=overrides), out)
    assert read_netcdf(out / "features" / "spectrograms.nc")["label_numeric"].values.tolist() == [30, 31, 50, 51]
    assert [each["target"] for each in found["results"]] == ["label"]
    assert found["results"][0]["rmse_of_mean"] > 19


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"labels.width": "none"}, "width = 'none': annotations need the length of windows"),
        ({"labels.annotations": "none"}, "raters = .* that is for annotations, and none are given"),
        ({"labels.raters": {"pitch": "pitch_1"}}, "raters = .* expected a table with two or more columns"),
        ({"labels.task": "numbers"}, "task = 'numbers'"),
        ({"labels.targets": ["pitch", 3]}, "targets = .* expected a list of different names"),
        ({"evaluation.upsample": True}, "upsample = true: numbers have no classes to balance"),
        ({"labels.task": "classification"}, "kind = 'ridge': expected one of mlp, svm, linearsvc"),
        ({"regressors": [{"kind": "svm"}]}, r"there are \[\[classifiers\]\] and \[\[regressors\]\]"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(place, overrides, message):
    with pytest.raises(ValueError, match=message):
        read_experiment(place / "windows.toml", overrides=overrides)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ({"labels.targets": ["valence"]}, r"labels.targets='valence': the annotations have the columns 'loudness_1'"),
        ({"labels.annotations": "nowhere"}, "nowhere"),
        ({"labels.width": 60.0}, "fills no window of 60 s"),
        ({"labels.raters": {"pitch": ["pitch_1", "pitch_9"]}}, "pitch_9"),
    ],
)
def test_annotations_that_do_not_fit_are_refused_before_anything_is_done(place, tmp_path, overrides, message):
    experiment = read_experiment(place / "windows.toml", overrides=overrides)
    with pytest.raises((DataSetError, ValueError), match=message):
        run_experiment(experiment, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_corpus_without_numbers_is_refused(place, tmp_path):
    overrides = {"corpus.path": str(place / "scenes"), "labels.task": "regression"}
    with pytest.raises(DataSetError, match=r"has no numbers as labels, and there are \[\[regressors\]\]"):
        run_experiment(read_experiment(place / "ages.toml", overrides=overrides), tmp_path / "out")


def test_numbers_of_classes_are_no_targets(place, tmp_path):
    overrides = {"corpus.path": str(place / "ages.csv"), "corpus.options": {"label": "age"}, "classifiers": []}
    overrides["regressors"] = [{"kind": "ridge"}]
    with pytest.raises(DataSetError, match="or say that labels are numbers by labels.task='regression'"):
        run_experiment(read_experiment(place / "ages.toml", overrides=overrides), tmp_path / "out")
