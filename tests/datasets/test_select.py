import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skaudeep.datamodel import get_label_map
from skaudeep.datasets import make_dataset, remove_labels, select, set_labels, upsample
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf

FILES = ["a", "a", "b", "b", "c", "d"]


def make(**options):
    known = {
        "chunk_nr": [0, 1, 0, 1, 0, 0],
        "label_nominal": ["x", "x", "y", "y", "x", None],
        "partition": [0, 0, 1, 1, 0, np.nan],
        "cv_folds": [[0, 1], [0, 1], [1, 0], [1, 0], [0, np.nan], [np.nan, 0]],
        "feature_names": ["p", "q"],
    }
    return make_dataset(np.arange(12.0).reshape(6, 2), FILES, **known | options)


def rows(ds):
    """Which instances of `make` are left, by their features."""
    return (ds.features.values[:, 0] / 2).astype(int).tolist()


FUNCTIONS = {
    "select": lambda ds: select(ds, label="x"),
    "upsample": lambda ds: upsample(ds, random_state=0),
    "set_labels": lambda ds: set_labels(ds, label_nominal={"a": "u"}),
    "remove_labels": remove_labels,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_lazy_features_stay_lazy_and_the_input_as_it_is(function):
    ds = make().assign_attrs(window_width=0.08)
    before = ds.copy(deep=True)
    result = function(ds)
    xr.testing.assert_identical(ds, before)
    assert result.attrs["window_width"] == 0.08
    assert result.generated.values.tolist() == ["p", "q"]
    lazy = function(ds.assign(features=ds.features.chunk({"instance": 2})))
    assert lazy.features.chunks is not None
    xr.testing.assert_identical(lazy.compute(), result)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ({}, [0, 1, 2, 3, 4, 5]),
        ({"partition": "train"}, [0, 1, 4]),
        ({"partition": ["train", "devel"]}, [0, 1, 2, 3, 4]),
        ({"fold": 1}, [2, 3]),
        ({"fold": 1, "split": "training"}, [0, 1, 4]),
        ({"fold": 2, "split": "training"}, [2, 3, 5]),
        ({"fold": np.int64(2), "split": "validation"}, [0, 1]),
        ({"label": "x"}, [0, 1, 4]),
        ({"label": np.array(["y", "x"])}, [0, 1, 2, 3, 4]),
        ({"labelled": True}, [0, 1, 2, 3, 4]),
        ({"labelled": False}, [5]),
        ({"filename": "b"}, [2, 3]),
        ({"filename": ["d", "a"]}, [0, 1, 5]),
        ({"partition": "train", "label": "x", "filename": ["c", "d"]}, [4]),
        ({"split": "training"}, [0, 1, 2, 3, 4, 5]),
    ],
)
def test_selects_what_fits_all_conditions(conditions, expected):
    ds = make()
    selected = select(ds, **conditions)
    assert rows(selected) == expected
    assert get_label_map(selected) == {"x": 0, "y": 1}
    assert selected.sizes["fold"] == 2


def test_types_follow_what_is_left():
    labelled = select(make(), labelled=True)
    assert labelled.partition.dtype == labelled.label_numeric.dtype == np.int64
    unlabelled = select(make(), labelled=False)
    assert unlabelled.label_nominal.dtype == np.float64
    continuous = make(label_nominal=None, label_numeric=[0.5, 0.5, np.nan, np.nan, 1, 2])
    assert rows(select(continuous, labelled=False)) == [2, 3]


def test_folds_are_those_of_the_original_exports(shared):
    ds = read_netcdf(shared / "reference/datasets/rep32-400.nc")
    for fold in range(1, 6):  # in ESC, file names start with the fold
        assert all(name.startswith(f"{fold}-") for name in select(ds, fold=fold).filename.values)
        assert not any(name.startswith(f"{fold}-") for name in select(ds, fold=fold, split="training").filename.values)


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"partition": "dev"}, r"partition='dev': 'dev' is not a partition, but train, devel, test are"),
        ({"partition": ["train", None]}, r"partition=.*: expected a string or a list of strings"),
        ({"partition": "test"}, r"partition='test': fits none of the 6 instances;"),
        ({"partition": []}, r"partition=\[\]: fits none of the 6 instances;"),
        ({"fold": 0}, r"'fold' parameter of select must be an int in the range \[1, inf\)"),
        ({"fold": 3}, r"fold=3: the data set has 2 folds, which are numbered from 1"),
        ({"fold": 1, "split": "test"}, r"'split' parameter of select must be .* Got 'test'"),
        ({"label": ["x", "z"]}, r"label: 'z' is not a class of the data set; it has x, y"),
        ({"label": ""}, r"label: '' is not a class"),
        (
            {"filename": ["a", "u", "v"]},
            r"filename: 'u' is not a recording of the data set, which has 4 \(2 of the given 3",
        ),
        ({"partition": "devel", "label": "x"}, r"label='x': fits none of the 2 instances that fit .* before it, of 6"),
        ({"labelled": "yes"}, r"'labelled' parameter of select"),
    ],
)
def test_conditions_that_cannot_be_met_are_named(conditions, message):
    with pytest.raises(ValueError, match=message):
        select(make(), **conditions)


def test_a_class_without_instances_is_known():
    with pytest.raises(DataSetError, match=r"label='z': fits none of the 6"):
        select(make(label_map={"x": 0, "y": 1, "z": 2}), label="z")


def sizes(ds):
    """Number of recordings of each class."""
    return (
        pd.DataFrame({"file": ds.filename, "label": ds.label_nominal}).drop_duplicates().label.value_counts().to_dict()
    )


def originals(ds):
    return pd.Series(ds.filename.values).str.replace(r"(\.upsampled\.\d+)+$", "", regex=True)


def test_upsamples_at_least_as_often_as_the_original_and_in_balance(shared):
    ds = read_netcdf(shared / "reference/datasets/unbalanced.nc")
    theirs = read_netcdf(shared / "reference/datasets/upsampled.nc")
    ours = upsample(ds, random_state=0)
    assert set(sizes(ours)) == set(sizes(theirs))
    assert set(sizes(ours).values()) == {40}
    counts, expected = originals(ours).value_counts(), originals(theirs).value_counts()
    assert ((counts - expected.reindex(counts.index)).isin([0, 1])).all()
    # a copy has all that its original has
    frame = ours.isel(instance=slice(ds.sizes["instance"], None))
    first = {name: i for i, name in enumerate(ds.filename.values)}
    source = ds.isel(instance=originals(frame).map(first).to_numpy())
    xr.testing.assert_identical(frame.drop_vars("filename"), source.drop_vars("filename"))
    xr.testing.assert_identical(ours.isel(instance=slice(ds.sizes["instance"])), ds)


def test_whole_recordings_are_copied_and_only_labelled_ones():
    ds = make(label_nominal=["x", "x", "y", "y", "x", None])
    result = upsample(ds, random_state=0)
    assert result.filename.values.tolist() == [*FILES, "b.upsampled.1", "b.upsampled.1"]
    assert result.chunk_nr.values.tolist()[-2:] == [0, 1]
    assert rows(result)[-2:] == [2, 3]
    np.testing.assert_array_equal(result.cv_folds[-2:], ds.cv_folds[2:4])
    assert result.partition.values.tolist()[-2:] == [1, 1]


@given(
    labels=st.lists(st.sampled_from(["x", "y", "z", None]), min_size=1, max_size=12).filter(any),
    partition=st.lists(st.sampled_from([0, 1]), min_size=12, max_size=12),
    seed=st.integers(0, 99),
)
def test_balance_within_the_partitions(labels, partition, seed):
    n = len(labels)
    ds = make_dataset(np.zeros((n, 1)), [f"{i}" for i in range(n)], label_nominal=labels, partition=partition[:n])
    once = upsample(ds, random_state=seed)
    assert len({count for label, count in sizes(once).items() if label}) == 1
    xr.testing.assert_identical(once.isel(instance=slice(n)), select(ds))
    counts = pd.DataFrame({"file": originals(once), "label": once.label_nominal}).value_counts()
    spread = counts.groupby("label").agg(["min", "max"])
    assert (spread["max"] - spread["min"]).isin([0, 1]).all()
    if (ds.partition == 0).any() and (ds.isel(instance=np.flatnonzero(ds.partition == 0)).label_nominal != "").any():
        train = [label for label, part in zip(labels, partition, strict=False) if label and part == 0]
        if train:
            only = upsample(ds, partitions="train", random_state=seed)
            assert not (only.partition[n:] != 0).any()
            expected = max(train.count(label) for label in train) * len(set(train)) - len(train)
            assert only.sizes["instance"] == n + expected


def test_names_stay_unique_when_upsampled_again():
    ds = make_dataset(
        np.zeros((4, 1)), ["a", "b", "b.upsampled.3", "c.upsampled.1.upsampled.2"], label_nominal=list("xyyy")
    )
    once = upsample(ds, random_state=0)
    assert once.filename.values.tolist()[4:] == ["a.upsampled.1", "a.upsampled.2"]
    lone = set_labels(once, label_nominal=list("xxxyxx"))
    twice = upsample(lone, random_state=0)
    copies = [f"c.upsampled.1.upsampled.{i}" for i in (3, 4, 5, 6)]
    assert twice.filename.values.tolist()[6:] == copies
    # the numbers go on behind the copies that are there
    again = upsample(set_labels(twice, label_nominal=["x", "y", "y"] + ["x"] * 7), random_state=0)
    assert {"b.upsampled.4", "b.upsampled.5"} <= set(again.filename.values)
    assert len(set(again.filename.values)) == again.sizes["instance"]


def test_a_seed_gives_the_same_copies():
    ds = make_dataset(np.arange(9.0)[:, None], [f"{i}" for i in range(9)], label_nominal=list("xxxxxyyyy"))
    xr.testing.assert_identical(upsample(ds, random_state=3), upsample(ds, random_state=3))
    assert len({upsample(ds, random_state=seed).filename.values[-1] for seed in range(20)}) > 1


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        (
            make(label_nominal=None, label_numeric=[0.5] * 6),
            r"No instance of the data set has a class .*continuous targets",
        ),
        (make(label_nominal=list("xyyyxx")), r"label_nominal: chunks of a have 'x' and 'y'"),
        (make(partition=[0, 1, 1, 1, 0, 0]), r"partition: chunks of a have 0 and 1"),
    ],
)
def test_what_cannot_be_upsampled_is_named(ds, message):
    with pytest.raises(DataSetError, match=message):
        upsample(ds)


@pytest.mark.parametrize("partitions", ["test", ["train", "dev"]])
def test_partitions_without_instances_or_unknown_are_refused(partitions):
    with pytest.raises(DataSetError, match=r"partitions=.*(has a class to balance|'dev' is not a partition)"):
        upsample(make(), partitions=partitions)
