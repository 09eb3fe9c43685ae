"""Examples with autoencoders that need no network; those of real ones are in test_report."""

import shutil

import numpy as np
import pytest

from skaudeep.datasets import make_dataset
from skaudeep.io import write_netcdf
from skaudeep.pages._examples import show_reconstructions, show_spectrograms
from skaudeep.pages._figures import draw_spectrograms
from skaudeep.results.training import Training


@pytest.fixture
def write(tmp_path):
    """Write a data set of spectrograms and return its path."""

    def write_features(name, features, files, **options):
        write_netcdf(make_dataset(features, files, **options), tmp_path / name)
        return tmp_path / name

    return write_features


def spectrograms_of(n, rng):
    return rng.uniform(-1, 1, (n, 6, 4)).astype(np.float32)


def test_the_same_recordings_of_each_class_from_all_settings(write, rng):
    X = spectrograms_of(6, rng)
    files, labels = list("abcdef"), ["dog", "rain", "", "dog", "rain", "sea"]
    first = write("30dB.nc", X, files, label_nominal=labels)
    # in another order, and without the recording of the class "sea"
    second = write("45dB.nc", X[4::-1] / 2, files[4::-1], label_nominal=labels[4::-1])
    examples = show_spectrograms([first, second])
    assert examples["columns"] == ["30dB", "45dB"]
    assert [(row["label"], row["file"]) for row in examples["rows"]] == [("dog", "a"), ("rain", "b"), ("sea", "f")]
    for row, i in zip(examples["rows"], [0, 1, 5], strict=True):
        assert row["pictures"][0] == draw_spectrograms([X[i]])[0]
    # the same picture, as each has its own scale
    assert examples["rows"][1]["pictures"] == draw_spectrograms([X[1]]) * 2
    assert examples["rows"][2]["pictures"][1] is None
    assert examples["shape"] == "6 frames by 4 bins"
    assert examples["problems"] == []


def test_of_many_classes_some_are_shown_and_without_classes_files(write, rng):
    X = spectrograms_of(60, rng)
    names = [f"{i:02}.wav" for i in range(60)]
    examples = show_spectrograms([write("x.nc", X, names, label_nominal=[f"class {i:02}" for i in range(60)])])
    labels = [row["label"] for row in examples["rows"]]
    assert len(labels) == 10
    assert (labels[0], labels[-1]) == ("class 00", "class 59")
    chunks = write("y.nc", X[:8], np.repeat(names[:2], 4), chunk_nr=np.tile(range(4), 2))
    assert [(row["label"], row["file"]) for row in show_spectrograms([chunks])["rows"]] == [(n, n) for n in names[:2]]


def test_what_cannot_be_shown_is_told(write, rng, tmp_path):
    X = spectrograms_of(2, rng)
    X[1] = np.nan
    good = write("good.nc", X, ["a", "b"])
    (tmp_path / "text.nc").write_text("no data set")
    flat = write("flat.nc", X[:, 0], ["a", "b"])
    examples = show_spectrograms([tmp_path / "text.nc", flat, good])
    assert [("text.nc" in p, "no spectrograms" in p) for p in examples["problems"]] == [(True, False), (False, True)]
    assert examples["columns"] == ["good"]
    assert [row["pictures"][0] is None for row in examples["rows"]] == [False, True]
    assert show_spectrograms([]) is None


class Halving:
    def reconstruct(self, X):
        return X / 2


@pytest.fixture
def halving(monkeypatch):
    """Let every run hold an autoencoder that gives half of its input."""
    monkeypatch.setattr("skaudeep.embedding.runs.load_autoencoder", lambda folder: Halving())


def training_on(*inputs):
    return Training("run", "run", "t-rae", [str(path) for path in inputs], {}, {}, [], "")


def test_reconstructions_with_their_error(write, rng, halving, tmp_path):
    X = spectrograms_of(8, rng)
    path = write("x.nc", X, list("abcdefgh"), label_nominal=list("ABCDEFGH"))
    (run,) = show_reconstructions([training_on(path)], None, show_spectrograms([path]))
    assert (run["name"], run["problem"]) == ("run", None)
    assert [(pair["label"], pair["file"]) for pair in run["pairs"]] == [("A", "a"), ("D", "d"), ("H", "h")]
    for pair, spectrogram in zip(run["pairs"], X[[0, 3, 7]], strict=True):
        assert pair["error"] == f"{np.linalg.norm(spectrogram / 2) / np.sqrt(spectrogram.size):.3f}"
        assert pair["pictures"] == draw_spectrograms([spectrogram, spectrogram / 2])
    # an experiment that was moved still has its spectrograms
    (tmp_path / "moved").mkdir()
    shutil.move(path, tmp_path / "moved" / "x.nc")
    (again,) = show_reconstructions([training_on(path)], tmp_path / "moved", None)
    assert len(again["pairs"]) == 3


def test_why_there_are_no_reconstructions(write, rng, halving, tmp_path, caplog):
    (lost,) = show_reconstructions([training_on(tmp_path / "gone.nc")], tmp_path, None)
    assert (lost["pairs"], "gone.nc) are not there" in lost["problem"]) == ([], True)
    holes = write("holes.nc", np.full((2, 6, 4), np.nan), ["a", "b"])
    (empty,) = show_reconstructions([training_on(holes)], None, None)
    assert (empty["pairs"], empty["problem"]) == ([], None)
