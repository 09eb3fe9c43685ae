import dataclasses
import json

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skaudeep.datasets import _inspect, make_dataset
from skaudeep.datasets._inspect import inspect_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf, write_netcdf


def example(**changes):
    """Five instances of three files with everything that a data set can have."""
    arguments = {
        "features": np.arange(10.0).reshape(5, 2),
        "filenames": ["a", "a", "b", "b", "c"],
        "chunk_nr": [0, 1, 0, 1, 0],
        "label_nominal": ["Rain", "Rain", "Dog", "Dog", None],
        "label_map": {"Dog": 0, "Rain": 1, "Wind": 2},
        "cv_folds": [[0, 1], [0, 1], [1, np.nan], [1, 0], [0, 0]],
        "partition": [0, 0, 1, None, 2],
    }
    return make_dataset(**(arguments | changes))


def test_dataset_is_counted():
    info = inspect_dataset(example())
    assert (info.n_instances, info.n_files, info.chunks_per_file) == (5, 3, {1: 1, 2: 2})
    assert (info.feature_shape, info.dtype, info.n_bytes) == ({"generated": 2}, "float32", 40)
    assert list(info.labels.items()) == [("Dog", 2), ("Rain", 2), ("Wind", 0)]
    assert info.n_unlabelled == 1 and info.targets is None and info.values is None
    assert info.folds.reset_index().to_numpy().tolist() == [[1, 3, 2, 0], [2, 2, 2, 1]]
    assert info.partitions == {"train": 2, "devel": 1, "test": 1, "none": 1}
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.n_files = 0


def test_original_file_is_counted(shared):
    ds = read_netcdf(shared / "reference/datasets/rep32-400.nc")
    info = inspect_dataset(ds)
    labels = pd.Series(ds["label_nominal"].values).value_counts()
    assert info.labels == labels.sort_index().to_dict()
    assert info.n_files == 400 and info.chunks_per_file == {1: 400}
    assert info.folds["validation"].tolist() == (ds["cv_folds"] == 1).sum("instance").values.tolist()


def test_continuous_targets_of_a_dataset():
    info = inspect_dataset(example(label_nominal=None, label_map=None, label_numeric=[0.5, 1.5, 4, None, None]))
    assert info.targets == {"min": 0.5, "mean": 2.0, "max": 4.0} and info.n_unlabelled == 2 and info.labels == {}


def test_dataset_without_anything():
    info = inspect_dataset(make_dataset(np.zeros((0, 3)), []), values=True)
    assert info.n_instances == info.n_files == info.n_unlabelled == 0 and info.chunks_per_file == {}
    assert info.values["min"] is None and info.values["constant"] == []
    assert "no finite value" in str(info)
    bare = inspect_dataset(make_dataset(np.zeros((2, 3)), ["a", "b"]))
    assert bare.n_unlabelled == 2 and bare.partitions == {} and len(bare.folds) == 0


def test_what_is_no_data_set_is_refused():
    with pytest.raises(ValueError, match=r"'ds' parameter of inspect_dataset must be an instance of .*Dataset"):
        inspect_dataset("features.nc")
    with pytest.raises(DataSetError, match=r"ds is not a data set of audio features: it lacks filename"):
        inspect_dataset(xr.Dataset())


def test_input_is_not_changed():
    ds = example()
    before = ds.copy(deep=True)
    inspect_dataset(ds, values=True)
    assert ds.identical(before)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=st.lists(
        st.lists(st.sampled_from([0.0, 1.5, -2.0, np.nan, np.inf, -np.inf]), min_size=6, max_size=6),
        min_size=1,
        max_size=7,
    ),
    block_bytes=st.sampled_from([1, 24, 60, 10**6]),
    chunks=st.sampled_from([None, (1, 1, 1), (2, 2, 3), (3, 1, 2), (-1, -1, -1)]),
)
def test_values_do_not_depend_on_blocks(values, block_bytes, chunks, monkeypatch):
    monkeypatch.setattr(_inspect, "_BLOCK_BYTES", block_bytes)
    array = np.array(values, dtype=np.float32).reshape(-1, 2, 3)
    ds = make_dataset(array, [f"{row}" for row in range(len(array))])
    if chunks:
        ds = ds.chunk(dict(zip(ds["features"].dims, chunks, strict=True)))
    found = inspect_dataset(ds, values=True).values
    finite = array[np.isfinite(array)].astype(float)
    assert found["n_nan"] == np.isnan(array).sum() and found["n_infinite"] == np.isinf(array).sum()
    assert found["n_instances_with_nan"] == np.isnan(array).any(axis=(1, 2)).sum()
    if finite.size:
        assert (found["min"], found["max"]) == (finite.min(), finite.max())
        assert found["mean"] == pytest.approx(finite.mean(), abs=1e-12)
    columns = pd.DataFrame(array.reshape(len(array), -1))
    constant = columns.columns[columns.nunique() <= 1]
    assert found["constant"] == [f"feature_{column}" for column in constant]


def test_lazy_features_are_never_loaded_whole(monkeypatch):
    import dask.array as da

    monkeypatch.setattr(_inspect, "_BLOCK_BYTES", 40 * 4 * 100)
    sizes = []

    def make(block_id):
        sizes.append(block_id)
        return np.full((10, 100), block_id[0], np.float32)

    lazy = da.map_blocks(make, chunks=((10,) * 50, (100,)), dtype=np.float32, meta=np.empty((0, 0), np.float32))
    ds = make_dataset(lazy, [f"{row}" for row in range(500)])
    assert inspect_dataset(ds).n_bytes == 500 * 100 * 4
    assert not sizes
    before = len(sizes)
    loaded = list(_inspect._blocks(ds["features"]))
    assert {block[0].stop - block[0].start for block in loaded} == {40, 20}
    assert inspect_dataset(ds, values=True).values["max"] == 49
    assert len(sizes) - before == 50  # each once
    assert ds["features"].chunks is not None


def test_features_on_disk_stay_there(tmp_path, monkeypatch):
    monkeypatch.setattr(_inspect, "_BLOCK_BYTES", 16)
    write_netcdf(example(), tmp_path / "x.nc")
    with xr.open_dataset(tmp_path / "x.nc", engine="netcdf4") as ds:
        info = inspect_dataset(ds, values=True)
        assert info.values["mean"] == 4.5 and info.values["constant"] == []
        assert not ds["features"].variable._in_memory


def test_constant_features_have_their_names():
    features = pd.DataFrame({"level": [1.0, 1.0, 1.0], "pitch": [1.0, np.nan, 2.0], "void": [np.nan] * 3})
    info = inspect_dataset(make_dataset(features, ["a", "b", "c"]), values=True)
    assert info.values["constant"] == ["level", "void"]
    assert "2 constant: level, void" in str(info) and "4 NaN in 3 instances" in str(info)


def test_plain_values_survive_json():
    info = inspect_dataset(example(), values=True)
    plain = info.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain) == {field.name for field in dataclasses.fields(info)}
    assert plain["folds"][1] == {"fold": 2, "training": 2, "validation": 2, "neither": 1}
    assert plain["chunks_per_file"] == {"1": 1, "2": 2}


def test_printed_form_is_aligned_and_short():
    labels = [f"class {number}" for number in range(30)]
    ds = make_dataset(np.zeros((30, 2, 3)), labels, label_nominal=labels, partition=[0] * 30)
    assert str(inspect_dataset(ds)).splitlines() == [
        "instances   30 of 30 files",
        "chunks      1 per file",
        "features    2 (time) x 3 (freq), float32, 720 bytes",
        "labels      30 classes",
        *(f"            {name:<8}  1" for name in sorted(labels)[:20]),
        "            ... and 10 more",
        "folds       none",
        "partitions  train 30, devel 0, test 0, none 0",
    ]


def test_names_do_not_break_the_printed_form():
    ds = make_dataset(np.zeros((2, 1)), ["a", "b"], label_nominal=["two\nlines", "b\x01"])
    assert [line.split() for line in str(inspect_dataset(ds)).splitlines()[4:6]] == [["b?", "1"], ["two?lines", "1"]]
