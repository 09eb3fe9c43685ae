"""The quick start with sounds and networks as small as can be: the pipeline, and whose folder it is."""

import json

import joblib
import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly
from sklearn.pipeline import Pipeline

from skaudeep.datasets import load_corpus
from skaudeep.experiment.quickstart import SOUNDS, run_quickstart
from skaudeep.io import read_netcdf

TINY_SOUNDS = SOUNDS | {"n_classes": 2, "n_per_class": 6, "n_folds": 2, "min_seconds": 1.0, "max_seconds": 1.0}
TINY = {
    "spectrograms.n_mels": 16,
    "autoencoders.n_units": 4,
    "autoencoders.max_epochs": 2,
    "autoencoders.conv_channels": [2, 2, 2],
    "classifiers": [{"kind": "linearsvc", "C": 0.01}],
    "evaluation.controls": False,
    "report.enabled": False,
    "seed": 3,
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The folder of a finished run."""
    folder = tmp_path_factory.mktemp("quickstart") / "new" / "folder"
    run_quickstart(folder, overrides=TINY, sounds=TINY_SOUNDS)
    return folder


@pytest.fixture(scope="module")
def corpus(finished):
    return load_corpus(finished / "corpus")


@pytest.fixture
def pipeline(finished):
    return joblib.load(finished / "pipeline.joblib")


def test_recordings_are_whole_in_a_fold(finished):
    ds = read_netcdf(finished / "results/features/fused.nc")
    folds = ds["cv_folds"].values.argmax(axis=1)
    assert len(set(folds)) == 2
    # CLASS/RECORDING-TAKE.wav
    recordings = np.array([filename.rpartition("-")[0] for filename in ds["filename"].values])
    assert len(set(recordings)) == 4
    for recording in recordings:
        assert len(set(folds[recordings == recording])) == 1


def test_the_pipeline_takes_paths_and_gives_names(finished, corpus, pipeline):
    assert isinstance(pipeline, Pipeline)
    predicted = pipeline.predict(corpus.data)
    assert set(predicted) <= set(corpus.target_names)
    # the features from disk, through the classifier alone, lead to the same names
    ds = read_netcdf(finished / "results/features/fused.nc")
    np.testing.assert_allclose(pipeline[:1].transform(corpus.data), ds["features"], atol=1e-5)
    np.testing.assert_array_equal(pipeline[1:].predict(ds["features"].values), predicted)


def test_the_pipeline_takes_recordings_of_other_sample_rates(corpus, pipeline, tmp_path):
    samples, rate = soundfile.read(corpus.data[0])
    assert rate == 16000
    path = tmp_path / "other.flac"
    soundfile.write(path, resample_poly(samples, 441, 160), 44100)
    # the same sound, so almost the same features
    one, other = pipeline[:1].transform([corpus.data[0], path])
    np.testing.assert_allclose(other, one, atol=0.1)
    assert pipeline.predict([path])[0] in corpus.target_names


def test_nothing_is_done_again(finished):
    record = finished / "results/experiment.json"
    before = json.loads(record.read_text())["stages"]
    (finished / ".hidden").touch()  # as file managers do
    (finished / "pipeline.joblib").unlink()
    run_quickstart(finished, overrides=TINY, sounds=TINY_SOUNDS)
    assert json.loads(record.read_text())["stages"] == before
    assert (finished / "pipeline.joblib").is_file()


def test_other_sounds_are_left_alone(tmp_path):
    sound = tmp_path / "corpus" / "a.wav"
    sound.parent.mkdir()
    sound.write_bytes(b"mine")
    with pytest.raises(ValueError, match="holds other sounds"):
        run_quickstart(tmp_path)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [sound]


@pytest.mark.parametrize("name", ["pipeline.joblib", "thesis.tex"])
def test_other_files_are_left_alone(tmp_path, name):
    (tmp_path / name).write_text("mine")
    with pytest.raises(FileExistsError, match=f"{name}.*; give a new or empty folder"):
        run_quickstart(tmp_path)
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(("below", "message"), [("", "is a file"), ("folder", "cannot be written")])
def test_a_folder_that_cannot_be(tmp_path, below, message):
    file = tmp_path / "file"
    file.write_text("mine")
    with pytest.raises(OSError, match=message):
        run_quickstart(file / below)
    assert file.read_text() == "mine"
