"""The whole job in one command, with sounds and networks as small as can be."""

import contextlib
import dataclasses
import io
import os
import pathlib
import re
import signal
import subprocess
import sys

import joblib
import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly
from sklearn.pipeline import Pipeline

import skaudeep
from skaudeep import _training
from skaudeep.cli import _quickstart_report as report
from skaudeep.cli import main, quickstart
from skaudeep.io import read_netcdf

TINY = quickstart.Settings(
    n_classes=2, n_per_class=6, n_folds=2, n_mels=16, n_units=4, max_epochs=2, mlp_epochs=2, seed=3
)


@dataclasses.dataclass
class Run:
    """A run of quickstart: the folder, what it gave, what it printed."""

    folder: pathlib.Path
    experiment: report.Experiment
    out: str
    err: str


@pytest.fixture(scope="module")
def make_run():
    """Run quickstart in a folder, as the command does."""

    def make(folder):
        made = []
        make_quickstart = quickstart.make_quickstart
        with (
            pytest.MonkeyPatch.context() as patch,
            contextlib.redirect_stdout(io.StringIO()) as out,
            contextlib.redirect_stderr(io.StringIO()) as err,
        ):
            patch.setattr(quickstart, "Settings", lambda seed: TINY)
            patch.setattr(
                quickstart, "make_quickstart", lambda *a, **k: made.append(make_quickstart(*a, **k)) or made[0]
            )
            assert main(["quickstart", "--output", str(folder)]) == 0
        (experiment,) = made
        return Run(folder, experiment, out.getvalue(), err.getvalue())

    return make


@pytest.fixture(scope="module")
def finished(make_run, tmp_path_factory):
    """One finished run."""
    return make_run(tmp_path_factory.mktemp("quickstart") / "new" / "folder")


def without_seconds(text):
    return text.partition("\nSeconds\n")[0]


def test_leaves_what_it_says(finished):
    names = {path.name for path in finished.folder.iterdir()}
    assert names == {"corpus", *report.FILES}
    text = (finished.folder / "report.txt").read_text()
    for name in names:
        assert name in text
        assert name in finished.out


def test_pictures_are_png(finished):
    for path in finished.folder.glob("*.png"):
        assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
        assert path.stat().st_size > 5000


def test_progress_and_results_do_not_mix(finished):
    assert "Making synthetic sounds" in finished.err
    assert re.search(r"Seq2SeqAutoencoderEmbedder: 2 epochs in .*loss", finished.err)
    assert "Classifying: 21 evaluations" in finished.err
    assert "Accuracy" in finished.out
    assert "Accuracy" not in finished.err


def test_the_table_holds_the_accuracies(finished):
    evaluation = finished.experiment.evaluations["learned, fused", "LiblinearClassifier"]
    mean, deviation = 100 * evaluation.accuracy.mean(), 100 * evaluation.accuracy.std()
    row = next(line for line in finished.out.splitlines() if "learned, fused" in line)
    # 2 networks of 2 layers of 4 units
    assert re.search(rf"fused +16 +.*{mean:.1f} \( *{deviation:.1f}\)", row)
    assert row.strip() in (finished.folder / "report.txt").read_text()


def test_recordings_are_whole_in_a_fold(finished):
    corpus = finished.experiment.corpus
    for evaluation in finished.experiment.evaluations.values():
        for recording in set(corpus.groups):
            takes = np.flatnonzero(corpus.groups == recording)
            assert len(set(evaluation.folds[np.isin(evaluation.rows, takes)])) == 1


def test_controls_are_what_they_are_called(finished):
    features = finished.experiment.features
    # 2 levels, 16 mel bands, 5 statistics
    assert features["spectrogram statistics"].shape == (12, 160)
    assert features["untrained"].shape == features["learned, fused"].shape
    assert not np.allclose(features["untrained"], features["learned, fused"])
    parts = [features["learned, clip_below=-30"], features["learned, clip_below=-60"]]
    np.testing.assert_array_equal(np.hstack(parts), features["learned, fused"])


def test_the_verdict_is_the_difference(finished):
    accuracy = {
        kind: 100 * evaluation.accuracy.mean()
        for (kind, name), evaluation in finished.experiment.evaluations.items()
        if name == "LinearSVC"
    }
    for control in ("untrained", "spectrogram statistics", "untrained, all states"):
        assert f"{accuracy['learned, fused'] - accuracy[control]:+5.1f} against {control}\n" in finished.out


def test_features(finished):
    ds = read_netcdf(finished.folder / "features.nc")
    corpus = finished.experiment.corpus
    np.testing.assert_array_equal(ds["features"], finished.experiment.features["learned, fused"])
    assert ds["label_nominal"].values.tolist() == corpus.target_names[corpus.target].tolist()
    assert ds["filename"].values.tolist() == corpus.filenames.tolist()
    np.testing.assert_array_equal(ds["cv_folds"].values.argmax(axis=1) + 1, corpus.frame["fold"])


def test_the_pipeline_takes_paths_and_gives_names(finished):
    pipeline = joblib.load(finished.folder / "pipeline.joblib")
    assert isinstance(pipeline, Pipeline)
    corpus = finished.experiment.corpus
    predicted = pipeline.predict(corpus.data)
    assert set(predicted) <= set(corpus.target_names)
    # the features from disk, through the classifier alone, lead to the same names
    ds = read_netcdf(finished.folder / "features.nc")
    np.testing.assert_array_equal(pipeline[1:].predict(ds["features"].values), predicted)


def test_the_pipeline_takes_recordings_of_other_sample_rates(finished, tmp_path):
    pipeline = joblib.load(finished.folder / "pipeline.joblib")
    corpus = finished.experiment.corpus
    samples, rate = soundfile.read(corpus.data[0])
    assert rate == 16000
    path = tmp_path / "other.flac"
    soundfile.write(path, resample_poly(samples, 441, 160), 44100)
    # the same sound, so almost the same features
    one, other = pipeline[:1].transform([corpus.data[0], path])
    np.testing.assert_allclose(other, one, atol=0.1)
    assert pipeline.predict([path])[0] in corpus.target_names


def test_what_to_try_next_works(finished):
    code = finished.out.partition("and paste:\n")[2].partition("How much of the results")[0]
    assert code in (finished.folder / "report.txt").read_text()
    # also where the package is not installed
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(skaudeep.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, cwd=finished.folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    name = done.stdout.splitlines()[0]
    assert name.strip("[]'") in finished.experiment.corpus.target_names
    assert done.stdout.splitlines()[-1] == "(12, 64)"


def test_a_second_run_gives_the_same(finished, make_run):
    before = without_seconds((finished.folder / "report.txt").read_text())
    features = read_netcdf(finished.folder / "features.nc")
    (finished.folder / "report.txt").write_text("old")
    (finished.folder / ".hidden").touch()  # as file managers do
    make_run(finished.folder)
    assert without_seconds((finished.folder / "report.txt").read_text()) == before
    assert read_netcdf(finished.folder / "features.nc").identical(features)
    (finished.folder / ".hidden").unlink()


def test_ctrl_c_in_training_ends_the_command(finished, monkeypatch, capsys):
    files = {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*") if path.is_file()}
    finish_epoch = _training._finish_epoch

    def interrupted(network, state, *arguments):
        if state.n_epochs == 1:
            signal.raise_signal(signal.SIGINT)
        return finish_epoch(network, state, *arguments)

    monkeypatch.setattr(_training, "_finish_epoch", interrupted)
    monkeypatch.setattr(quickstart, "Settings", lambda seed: TINY)
    handler = signal.getsignal(signal.SIGINT)
    assert main(["quickstart", "--output", str(finished.folder)]) == 130
    assert signal.getsignal(signal.SIGINT) is handler
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("skaudeep: interrupted; ")
    assert all(name in last for name in ("corpus", *report.FILES))
    assert {path: path.stat().st_mtime_ns for path in finished.folder.rglob("*") if path.is_file()} == files


def test_other_sounds_are_left_alone(finished, tmp_path, capsys):
    sound = tmp_path / "corpus" / "a.wav"
    sound.parent.mkdir()
    sound.write_bytes(b"mine")
    assert main(["quickstart", "--output", str(tmp_path)]) == 1
    assert "holds other sounds" in capsys.readouterr().err.splitlines()[-1]
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [sound]
    assert sound.read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["report.txt", "thesis.tex"])
def test_other_files_are_left_alone(tmp_path, capsys, name):
    (tmp_path / name).write_text("mine")
    assert main(["quickstart", "--output", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert name in error
    assert error.endswith("give a new or empty folder\n")
    assert error.count("\n") == 1
    assert (tmp_path / name).read_text() == "mine"


@pytest.mark.parametrize(("below", "message"), [("", "is a file"), ("folder", "cannot be written")])
def test_a_folder_that_cannot_be(tmp_path, capsys, below, message):
    file = tmp_path / "file"
    file.write_text("mine")
    assert main(["quickstart", "--output", str(file / below)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert file.read_text() == "mine"
