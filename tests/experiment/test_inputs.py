"""Spectrograms of data sets as one array: what is refused, and what stays on disk."""

import contextlib

import numpy as np
import pytest

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.experiment import _inputs
from skaudeep.experiment._inputs import gather, open_inputs
from skaudeep.io import write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 3)).astype(np.float32)


def dataset(X, **options):
    return make_dataset(X, [f"{i}.wav" for i in range(len(X))], **options)


def gathered(*inputs):
    with contextlib.ExitStack() as stack:
        datasets, sources = open_inputs(list(inputs), stack)
        found, data = gather(datasets, sources)
        return np.asarray(found), data, type(found), sources


@pytest.fixture
def paths(tmp_path):
    """Two files with the same recordings, and other labels and folds."""
    write_netcdf(dataset(X[:4], label_nominal=["a"] * 4), tmp_path / "one.nc")
    write_netcdf(dataset(X[4:], label_nominal=["b"] * 6, cv_folds=np.eye(6, 2)), tmp_path / "two.nc")
    return tmp_path / "one.nc", tmp_path / "two.nc"


@pytest.mark.parametrize("limit", [4 * X.size, 4 * X.size - 1])
def test_all_features_in_order(paths, limit, monkeypatch):
    monkeypatch.setattr(_inputs, "_IN_MEMORY", limit)
    found, data, kind, sources = gathered(*paths)
    np.testing.assert_array_equal(found, X)
    assert found.dtype == np.float32
    assert (kind is np.ndarray) == (limit == 4 * X.size)
    assert sources == [str(path) for path in paths]
    assert data == gathered(dataset(X))[1]
    assert data["shape"] == [10, 5, 3]
    assert data["digest"] != gathered(dataset(X[::-1]))[1]["digest"]


def test_without_dask_files_are_read_as_a_whole(paths, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    np.testing.assert_array_equal(gathered(*paths)[0], X)


def test_data_sets_and_files_together(paths):
    found, _, _, sources = gathered(dataset(X), paths[0])
    np.testing.assert_array_equal(found, np.concatenate([X, X[:4]]))
    assert sources == ["inputs[0]", str(paths[0])]


@pytest.mark.parametrize("single", [lambda path: path, str, lambda path: dataset(X[:4])])
def test_one_input(paths, single):
    with contextlib.ExitStack() as stack:
        datasets, _ = open_inputs(single(paths[0]), stack)
        np.testing.assert_array_equal(datasets[0].features, X[:4])


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (dataset(X[:, 0]), r"inputs\[1\] has features of 1 dimension \(generated\)"),
        (dataset(X[..., None]), r"inputs\[1\] has features of 3 dimensions"),
        (dataset(X[:0]), r"inputs\[1\] is empty: it has 0 instance, 5 time, 3 freq"),
        (dataset(X[:, :4]), r"inputs\[1\] has features of shape \(4, 3\), and inputs\[0\] of \(5, 3\)"),
        (dataset(X[:, :, :2]), r"inputs\[1\] has features of shape \(5, 2\)"),
    ],
)
def test_what_does_not_fit(wrong, message):
    with pytest.raises(DataSetError, match=message):
        gathered(dataset(X), wrong)


def test_nothing():
    with pytest.raises(ValueError, match="at least one data set"):
        gathered()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_not_finite(bad, tmp_path):
    wrong = X.copy()
    wrong[[3, 5, 6, 9], 1, 2] = bad
    write_netcdf(dataset(wrong), tmp_path / "wrong.nc")
    message = r"wrong\.nc: the features of instance 3 \(3\.wav\), .* instance 6 \(6\.wav\), \.\.\. are NaN or infinite"
    with pytest.raises(DataSetError, match=message):
        gathered(dataset(X), tmp_path / "wrong.nc")


def test_features_that_are_not_scaled(caplog):
    gathered(dataset(60 * X - 60))
    assert "the features range from -1" in caplog.text
    caplog.clear()
    gathered(dataset(X))
    assert not caplog.records


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "there is no such file"), (b"", "Cannot read"), (b"filename,label\n", "Cannot read")],
)
def test_files_that_are_no_data_sets(tmp_path, content, message):
    path = tmp_path / "bad.nc"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataSetError, match=message):
        gathered(path)
