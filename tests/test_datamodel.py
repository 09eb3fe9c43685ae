import json

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import scipy.sparse
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skaudeep.datamodel import check_layout
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError

NAMES = ["a.wav", "b.wav", "c.wav"]
ORIGINALS = (
    *("cv4", "chunks-fused", "chunks-rep", "esc20-mel128", "fused", "nocv"),
    *("partial", "partitioned", "rep32-400", "unbalanced", "upsampled"),
)


def dtypes(ds):
    return {name: variable.dtype.kind for name, variable in ds.data_vars.items()}


@pytest.mark.parametrize("name", ORIGINALS)
def test_makes_what_the_original_wrote(shared, name):
    with xr.open_dataset(shared / f"reference/datasets/{name}.nc", engine="netcdf4") as file:
        original = file.load()
    # What is missing is given in the ways in which a caller has it: None, NaN, nothing at all.
    partition = pd.Series(original.partition.values).astype("Int64")
    made = make_dataset(
        original.features.values,
        original.filename.values,
        label_nominal=[label or None for label in original.label_nominal.values],
        chunk_nr=original.chunk_nr.values,
        cv_folds=original.cv_folds.values if original.sizes["fold"] else None,
        partition=partition if partition.notna().any() else None,
        feature_dims=original.features.dims[1:],
        label_map=dict(json.loads(original.attrs["label_map"])),
    )
    xr.testing.assert_identical(made, original)
    assert list(made.data_vars) == list(original.data_vars)
    assert dtypes(made) == dtypes(original)


def test_nothing_known_but_the_features():
    ds = make_dataset(np.zeros((3, 4)), NAMES)
    assert ds.sizes == {"instance": 3, "fold": 0, "generated": 4}
    assert dtypes(ds) == {
        "filename": "U", "chunk_nr": "i", "cv_folds": "f", "partition": "f",
        "label_nominal": "f", "label_numeric": "f", "features": "f",
    }  # fmt: skip
    assert ds.features.dtype == np.float32
    for name in ("partition", "label_nominal", "label_numeric"):
        assert np.isnan(ds[name]).all()
    assert ds.chunk_nr.values.tolist() == [0, 0, 0]
    assert ds.attrs == {"feature_dims": '["generated"]'}


@pytest.mark.parametrize("missing", [None, np.nan, "", pd.NA])
def test_partly_missing_labels(missing):
    ds = make_dataset(np.zeros((3, 1)), NAMES, label_nominal=["Rain", missing, "Dog"])
    assert ds.label_nominal.values.tolist() == ["Rain", "", "Dog"]
    np.testing.assert_array_equal(ds.label_numeric, [1.0, np.nan, 0.0])
    assert ds.attrs["label_map"] == '[["Dog", 0], ["Rain", 1]]'


def test_numbers_of_names():
    given_pairs = make_dataset(np.zeros((3, 1)), NAMES, label_nominal=list("bab"), label_numeric=[3, 7, None])
    assert given_pairs.attrs["label_map"] == '[["a", 7], ["b", 3]]'
    assert given_pairs.label_numeric.values.tolist() == [3, 7, 3]
    given_map = make_dataset(np.zeros((3, 1)), NAMES, label_nominal=list("bab"), label_map={"b": 0, "c": 1, "a": 2})
    assert given_map.attrs["label_map"] == '[["a", 2], ["b", 0], ["c", 1]]'
    assert given_map.label_numeric.values.tolist() == [0, 2, 0]
    assert given_map.label_numeric.dtype == np.int64


def test_continuous_targets():
    ds = make_dataset(np.zeros((3, 1)), NAMES, label_numeric=[0.5, 1.0, -2.25])
    assert ds.label_numeric.values.tolist() == [0.5, 1.0, -2.25]
    assert "label_map" not in ds.attrs


@pytest.mark.parametrize("value", [np.inf, 1e300, 2.0**60])
def test_targets_beyond_the_whole_numbers_that_floats_tell_apart_stay_floats(value):
    ds = make_dataset(np.zeros((3, 1)), NAMES, label_numeric=[1.0, value, 2.0])
    assert ds.label_numeric.values.tolist() == [1.0, value, 2.0]
    assert ds.label_numeric.dtype == np.float64


@pytest.mark.parametrize(
    ("shape", "dims"),
    [
        ((3, 2), ("generated",)),
        ((3, 2, 4), ("time", "freq")),
        ((3, 2, 4, 5), ("generated_0", "generated_1", "generated_2")),
    ],
)
def test_default_dimensions(shape, dims):
    ds = make_dataset(np.zeros(shape), NAMES)
    assert ds.features.dims == ("instance", *dims)
    assert json.loads(ds.attrs["feature_dims"]) == list(dims)


def test_kinds_of_features():
    values = np.arange(6.0).reshape(3, 2)
    for features in (values, values.tolist(), pd.DataFrame(values), da.from_array(values, chunks=(1, 2))):
        ds = make_dataset(features, NAMES)
        np.testing.assert_array_equal(ds.features, values)
        assert ds.features.dtype == np.float32
    lazy = make_dataset(da.from_array(values, chunks=(1, 2)), NAMES)
    assert lazy.features.chunks == ((1, 1, 1), (2,))


@given(folds=st.lists(st.sampled_from([1, 2, 3, 10]), min_size=3, max_size=3))
def test_folds_from_fold_numbers(folds):
    numbers = np.unique(folds)
    ds = make_dataset(np.zeros((3, 1)), NAMES, cv_folds=np.array(folds)[:, None] == numbers)
    assert ds.cv_folds.dtype == np.int64
    assert numbers[ds.cv_folds.values.argmax(axis=1)].tolist() == folds


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"filenames": ["a.wav"]}, r"filenames: got shape \(1,\), expected \(3,\)"),
        ({"filenames": ["a.wav", None, "c.wav"]}, r"filenames: instance 1 has none"),
        ({"label_nominal": ["x"] * 4}, r"label_nominal: got shape \(4,\)"),
        ({"label_numeric": [1, 2]}, r"label_numeric: got shape \(2,\)"),
        ({"label_nominal": [2, 0, 1]}, r"label_nominal: expected names, got numbers; give those as label_numeric"),
        ({"label_numeric": ["x", "y", "z"]}, r"label_numeric: expected numbers"),
        ({"chunk_nr": [0, 1]}, r"chunk_nr: got shape \(2,\)"),
        ({"chunk_nr": [0, 1, -1]}, r"chunk_nr: expected a whole number from 0"),
        ({"chunk_nr": [0, 1, None]}, r"chunk_nr: expected a whole number from 0"),
        ({"partition": [0, 1]}, r"partition: got shape \(2,\)"),
        ({"partition": [0, 1, 3]}, r"partition: expected 0, 1, 2 or NaN, got 3 at instance 2"),
        ({"cv_folds": [[0], [1]]}, r"cv_folds: got shape \(2, 1\), expected \(3, 1\)"),
        ({"cv_folds": [[0], [1], [2]]}, r"cv_folds: expected 0, 1 or NaN, got 2 at instance 2"),
        ({"cv_folds": [1, 2, 3]}, r"cv_folds: got 1 axes, expected 2"),
        ({"feature_dims": ("x", "y")}, r"feature_dims=\('x', 'y'\): expected 1 different names"),
        ({"feature_dims": ("fold",)}, r"feature_dims=\('fold',\): .* none of them 'instance' or 'fold'"),
        ({"features": np.zeros(3)}, r"features: expected one array of at least 2 axes"),
        ({"features": [[1, 2], [3], [4]]}, r"features: expected one array .* fixed_length"),
        ({"features": np.array([[1], [2, 3], [4]], dtype=object)}, r"features: expected one array"),
        ({"features": [["x"], ["y"], ["z"]]}, r"features: expected numbers, got values of type <U1"),
        ({"features": pd.DataFrame({"p": [1, 2, 3], "q": list("xyz")})}, r"features: expected numbers"),
        ({"features": np.ones((3, 1)) * 1j}, r"features: expected numbers, got values of type complex128"),
        ({"features": [[1e300], [1], [2]]}, r"features: 1e\+300 is beyond float32 .*; scale them"),
        ({"features": scipy.sparse.eye(3, format="csr")}, r"features: got a sparse matrix; give its toarray"),
        ({"features": da.ones((5, 1))[da.ones(5) > 0]}, r"expected numbers and a known shape"),
        ({"feature_dims": ("filename",)}, r"feature_dims=.*or that of a variable"),
        ({"feature_dims": ("a/b",)}, r"feature_dims=.*without slashes"),
        ({"feature_dims": 3}, r"feature_dims=3: expected 1 different names"),
        ({"feature_dims": (1,)}, r"feature_dims=\(1,\)"),
        ({"feature_names": ["a", "b", "", "d"]}, r"feature_names=.*none empty"),
        ({"filenames": ["a", "b\0", "c"]}, r"filenames: 'b\\x00' holds a character"),
        ({"label_nominal": ["a", "\udcff", "c"]}, r"label_nominal: '\\udcff' holds a character"),
        ({"partition": ["train", "dev", None]}, r"partition: expected numbers"),
        ({"cv_folds": [[0, 1], [1], [0]]}, r"cv_folds: got 1 axes, expected 2"),
        ({"label_numeric": [10**400, 1, 2]}, r"label_numeric: expected numbers"),
        ({"label_nominal": list("abc"), "label_map": {"a": "x"}}, r"label_map=.*a different whole number"),
        ({"label_nominal": list("abc"), "label_map": {"a": None}}, r"label_map=.*a different whole number"),
        ({"label_nominal": list("abc"), "label_map": {"a": 2**60}}, r"label_map=.*a different whole number"),
        ({"label_nominal": list("abc"), "label_map": ["a"]}, r"label_map=\['a'\]: expected a dict"),
        ({"label_nominal": list("abc"), "label_map": {"a": 0, "b": 1}}, r"label_nominal: 'c' has no number"),
        ({"label_nominal": list("aab"), "label_numeric": [0, 1, 2]}, r"instance 0 \('a'\) has number 0, .* 1 else"),
        ({"label_nominal": list("abc"), "label_numeric": [0, 0, 1]}, r"a different whole number for every name"),
        ({"label_nominal": list("abc"), "label_numeric": [0, 0.5, 1]}, r"a different whole number for every name"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(DataSetError, match=message):
        make_dataset(**{"features": np.zeros((3, 4)), "filenames": NAMES, **arguments})


def test_partitions_in_words_and_groups():
    ds = make_dataset(np.zeros((3, 1)), NAMES, partition=["train", "test", None], groups=["g", "h", "g"])
    np.testing.assert_array_equal(ds.partition, [0, 2, np.nan])
    assert ds.group.values.tolist() == ["g", "h", "g"]
    assert list(ds.data_vars)[-1] == "group"
    with pytest.raises(DataSetError, match=r"groups: instance 1 has none"):
        make_dataset(np.zeros((3, 1)), NAMES, groups=["g", "", "g"])


def test_layout_check_names_what_is_wrong():
    ds = make_dataset(np.zeros((3, 4)), NAMES)
    check_layout(ds, "here")
    with pytest.raises(DataSetError, match=r"here is not a data set .* lacks partition, features"):
        check_layout(ds.drop_vars(["features", "partition"]), "here")
    with pytest.raises(DataSetError, match=r"here: filename has dimensions \('row',\), expected \('instance',\)"):
        check_layout(ds.assign(filename=("row", NAMES)), "here")
