"""What version 0.1 wrote before its code was restructured is read and used as before, and training gives the same."""

import json
import lzma
import os
import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from skaudeep.experiment import generate_features, load_autoencoder, plan, read_experiment, run_experiment
from skaudeep.io import read_netcdf

from .data.make_before import apply, make_estimators, ragged

DATA = Path(__file__).parent / "data"
# the same to the bit on one machine; matrix products of others round otherwise
CLOSE = {"rtol": 1e-4, "atol": 1e-5}


@pytest.fixture(scope="module")
def fitted():
    return pickle.loads(lzma.decompress((DATA / "before-0.1.pickle.xz").read_bytes()))


@pytest.fixture(scope="module")
def arrays():
    with np.load(DATA / "before-0.1.npz") as file:
        arrays = dict(file)
    return arrays | {"ragged": ragged(arrays)}


def check_results(name, estimator, X, arrays):
    results = apply(estimator, X)
    assert results
    for method, values in results.items():
        expected = arrays[f"{name}/{method}"]
        if expected.dtype.kind == "U":
            np.testing.assert_array_equal(values, expected)
        else:
            np.testing.assert_allclose(values, expected, **CLOSE)


@pytest.mark.filterwarnings("ignore::skaudeep.exceptions.VersionWarning")
@pytest.mark.parametrize("name", make_estimators())
def test_pickled_estimators_give_what_they_gave(name, fitted, arrays):
    check_results(name, fitted[name], arrays[make_estimators()[name][1]], arrays)


@pytest.mark.parametrize("name", make_estimators())
def test_fitting_again_gives_what_it_gave(name, arrays):
    estimator, key = make_estimators()[name]
    y = arrays["targets"] if name == "mlp_regressor" else arrays["labels"]
    check_results(name, estimator.fit(arrays[key], y), arrays[key], arrays)


@pytest.mark.filterwarnings("ignore::skaudeep.exceptions.VersionWarning")
def test_training_goes_on_from_a_pickle(fitted, arrays):
    anew = make_estimators()["gru"][0].fit(arrays["sequences"]).partial_fit(arrays["sequences"])
    gone_on = fitted["gru"].partial_fit(arrays["sequences"])
    for name, weight in anew.weights_.items():
        np.testing.assert_allclose(gone_on.weights_[name], weight, **CLOSE)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The corpus and the folder of results, as they were left."""
    with tarfile.open(DATA / "before-0.1.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    for path, time in json.loads((tmp_path / "times.json").read_text()).items():
        os.utime(tmp_path / path, ns=(time, time))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_nothing_of_a_finished_experiment_is_done_again(folder):
    stages = plan(read_experiment("golden.toml"), "results")
    assert len(stages) == 26
    assert [stage.name for stage in stages if stage.runs] == ["report"]  # it names the folder of the corpus


def test_a_finished_experiment_reports_what_it_reported(folder):
    record, page = Path("results/experiment.json"), Path("results/report.html")
    before = json.loads(record.read_text())
    page.unlink()
    run_experiment(read_experiment("golden.toml"), "results")
    after = json.loads(record.read_text())
    assert after.keys() == before.keys()
    before, after = ({stage["name"]: stage["digest"] for stage in record["stages"]} for record in (before, after))
    assert before.pop("report") != after.pop("report")
    assert after == before
    assert "fused" in page.read_text()


def test_checkpoints_of_a_run_give_the_features_that_they_gave(folder):
    embedder = load_autoencoder("results/models/60dB-time")
    generate_features(embedder, "results/spectrograms/60dB.nc", "again.nc")
    again, kept = (read_netcdf(path) for path in ("again.nc", "results/features/60dB-time.nc"))
    np.testing.assert_allclose(again["features"], kept["features"], **CLOSE)
