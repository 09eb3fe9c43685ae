import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skaudeep.datasets import PredefinedFolds, make_dataset, upsample
from skaudeep.datasets._folds import add_folds, add_partitions, cv_splits, remove_folds, remove_partitions
from skaudeep.datasets._validate import validate_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf

NAN = np.nan


def chunked(labels, n_chunks=3, **others):
    """A data set of files with the given labels, whose chunks are mixed."""
    n_files = len(labels)
    order = np.random.RandomState(0).permutation(n_files * n_chunks)
    files, chunks = np.divmod(order, n_chunks)
    return make_dataset(
        np.zeros((len(order), 2)),
        [f"{file:03d}.wav" for file in files],
        chunk_nr=chunks,
        **{"label_nominal" if isinstance(labels[0], str) else "label_numeric": np.array(labels)[files]},
        **others,
    )


def per_file(ds, name):
    """The label and the value of a variable of each file, in the order of the filenames."""
    frame = pd.DataFrame({"label": ds.label_nominal.values, "value": ds[name].values, "file": ds.filename.values})
    assert (frame.groupby("file")["value"].nunique(dropna=False) == 1).all(), "chunks of a file are torn apart"
    return frame.groupby("file").first()


def fold_of(ds):
    """The number of the one fold by which each instance is validated, as a variable of its own."""
    folds = ds.cv_folds.values
    assert folds.dtype == np.int64
    assert np.isin(folds, (0, 1)).all()
    assert (folds.sum(axis=1) == 1).all()
    assert ds.cv_folds.dims == ("instance", "fold")
    return ds.assign(fold_of=("instance", folds.argmax(axis=1)))


# cv_splits


def test_folds_come_before_partitions():
    ds = make_dataset(np.zeros((3, 1)), list("abc"), cv_folds=[[0, NAN], [1, 0], [0, 1]], partition=[0, 1, 2])
    assert [[rows.tolist() for rows in split] for split in cv_splits(ds).split()] == [[[0, 2], [1]], [[1], [2]]]


@pytest.mark.parametrize(
    ("partition", "chosen", "train", "test"),
    [
        ([0, 1, 2, 0], {}, [0, 3], [1]),
        ([0, 2, 2, 0], {}, [0, 3], [1, 2]),
        ([0, NAN, 2, 0], {}, [0, 3], [2]),
        ([0, 1, 2, 0], {"test": "test"}, [0, 3], [2]),
        ([0, 1, 2, 0], {"test": ["devel", "test"]}, [0, 3], [1, 2]),
        ([0, 1, 2, 0], {"train": "devel"}, [1], [2]),
        ([0, 1, 2, 0], {"train": ["devel", "train"]}, [0, 1, 3], [2]),
        ([0, 1, 2, 0], {"train": ["train", "devel"], "test": "test"}, [0, 1, 3], [2]),
        ([0, NAN, 2, 0], {"train": ("train", "devel"), "test": ("test",)}, [0, 3], [2]),
        ([0, 1, 2, 0], {"train": "test", "test": "train"}, [2], [0, 3]),
    ],
)
def test_splits_between_partitions(partition, chosen, train, test):
    folds = cv_splits(make_dataset(np.zeros((4, 1)), list("abcd"), partition=partition), **chosen)
    assert [[rows.tolist() for rows in split] for split in folds.split()] == [[train, test]]


@pytest.mark.parametrize(
    ("partition", "chosen", "message"),
    [
        (
            None,
            {},
            r"has no folds and no partitions: make some with add_folds or add_partitions, or .* StratifiedGroup",
        ),
        (None, {"test": "test"}, r"has no partitions: make some with add_folds"),
        ([0, 0, 0], {}, r"test=\['test'\]: no instance is there; the data set has instances in 'train'"),
        ([1, 1, 2], {}, r"train=\['train'\]: no instance is there; .* in 'devel', 'test'"),
        ([0, 1, 1], {"test": "test"}, r"test=\['test'\]: no instance is there"),
        ([0, 1, 2], {"train": "train", "test": ["train", "devel"]}, r"'train' cannot be trained and tested on"),
        ([0, 1, 2], {"train": ["train", "devel", "test"]}, r"'test' cannot be trained and tested on"),
        ([0, 1, 2], {"test": "dev"}, r"test='dev': expected one or more of 'train', 'devel', 'test'"),
        ([0, 1, 2], {"train": []}, r"train=\[\]: expected one or more"),
        ([0, 1, 2], {"train": ["train", "train"]}, r"each at most once"),
        ([0, 1, 2], {"train": 0}, r"train=0: expected one or more"),
    ],
)
def test_partitions_that_are_not_there(partition, chosen, message):
    with pytest.raises(DataSetError, match=message):
        cv_splits(make_dataset(np.zeros((3, 1)), list("abc"), partition=partition), **chosen)


def test_an_empty_fold_of_the_original_is_an_error(shared):
    with pytest.raises(DataSetError, match="Fold 3 of 4 has no instance in its validation split"):
        cv_splits(read_netcdf(shared / "reference/datasets/cv4.nc"))


def test_splits_of_the_original(shared):
    ds = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")
    digits = np.array([int(name[0]) for name in ds.filename.values])
    for number, (train, test) in enumerate(cv_splits(ds).split(ds.features), start=1):
        np.testing.assert_array_equal(test, np.flatnonzero(digits == number))
        np.testing.assert_array_equal(train, np.flatnonzero(digits != number))
    ds = read_netcdf(shared / "reference/datasets/partitioned.nc")
    ((train, test),) = cv_splits(ds).split()
    assert (ds.partition.values[train] == 0).all()
    assert (ds.partition.values[test] == 1).all()


# add_folds and add_partitions


def test_folds_are_stratified_and_chunks_of_a_file_stay_together():
    ds = fold_of(add_folds(chunked(["x"] * 11 + ["y"] * 6 + ["z"] * 3), 4, random_state=0))
    counts = pd.crosstab(*(per_file(ds, "fold_of")[column] for column in ("label", "value")))
    assert counts.shape == (3, 4)
    assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    assert counts.sum().tolist() == [5, 5, 5, 5]
    assert validate_dataset(ds) == []


def test_random_partitions_do_not_tear_chunks_of_a_file_apart():
    ds = add_partitions(chunked(["x"] * 12 + ["y"] * 6, n_chunks=5), random_state=0)
    assert ds.partition.dtype == np.int64
    counts = pd.crosstab(*(per_file(ds, "partition")[column] for column in ("label", "value")))
    assert counts.to_numpy().tolist() == [[4, 4, 4], [2, 2, 2]]
    assert validate_dataset(ds) == []


@pytest.mark.parametrize(
    ("partitions", "expected"),
    [
        ({"train": 0.6, "devel": 0.2, "test": 0.2}, {0: 12, 1: 4, 2: 4}),
        ({"test": 1, "train": 3}, {0: 15, 2: 5}),
        ({"train": 98, "test": 2}, {0: 19, 2: 1}),
        (["train", "test"], {0: 10, 2: 10}),
        (("test", "devel"), {1: 10, 2: 10}),
        ("devel", {1: 20}),
        (pd.Series({"train": 0.75, "devel": 0.25}).to_dict(), {0: 15, 1: 5}),
    ],
)
def test_shares_of_partitions(partitions, expected):
    ds = add_partitions(chunked(list("xy") * 10), partitions, random_state=1)
    assert per_file(ds, "partition")["value"].value_counts().to_dict() == expected


def test_the_order_of_partitions_and_random_state():
    ds = chunked(list("xxy") * 7)
    made = [add_partitions(ds, names, random_state=3) for names in (["train", "test"], {"test": 1, "train": 1})]
    xr.testing.assert_identical(*made)
    for make in (add_partitions, lambda ds, **options: add_folds(ds, 3, **options)):
        xr.testing.assert_identical(make(ds, random_state=5), make(ds, random_state=5))
        xr.testing.assert_identical(make(ds, random_state=5), make(ds, random_state=np.random.RandomState(5)))
        assert not make(ds, random_state=5).identical(make(ds, random_state=6))


@given(
    labels=st.lists(st.sampled_from(["", "x", "y", "z"]), min_size=4, max_size=25),
    n_chunks=st.integers(1, 3),
    n_groups=st.integers(4, 25),
    seed=st.integers(0, 99),
)
def test_every_file_and_group_is_in_one_fold(labels, n_chunks, n_groups, seed):
    ds = chunked(labels, n_chunks)
    numbers = np.array([int(name[:3]) for name in ds.filename.values])
    for groups, kept in ((None, numbers), (numbers % n_groups, numbers % n_groups)):
        ds_folds = fold_of(add_folds(ds, 4, groups=groups, random_state=seed))
        assert set(ds_folds.fold_of.values) == {0, 1, 2, 3}, "no fold is empty"
        assert (pd.Series(ds_folds.fold_of.values).groupby(kept).nunique() == 1).all()
        assert PredefinedFolds(ds_folds.cv_folds.values).get_n_splits() == 4
    assert not {rule for rule in (violation.rule for violation in validate_dataset(ds_folds)) if rule != 5}


def test_files_without_a_label_are_a_class_of_their_own():
    ds = fold_of(add_folds(chunked(["", "x", "x", ""] * 6), 3, random_state=0))
    counts = pd.crosstab(*(per_file(ds, "fold_of")[column] for column in ("label", "value")))
    assert (counts == 4).all(axis=None)
    nothing_known = fold_of(add_folds(make_dataset(np.zeros((7, 1)), list("abcdefg")), 3, random_state=0))
    assert sorted(np.bincount(nothing_known.fold_of.values)) == [2, 2, 3]


def test_classes_smaller_than_the_number_of_folds():
    ds = add_folds(chunked(list("aaaaaaabbc")), 5, random_state=0)  # scikit-learn warns here; warnings are errors
    assert (ds.cv_folds.values.sum(axis=0) == 2 * 3).all()


def test_numeric_targets_are_stratified(rng):
    targets = rng.permutation(np.append(rng.lognormal(size=100), [np.inf, -np.inf]))
    ds = fold_of(add_folds(chunked(targets.tolist(), n_chunks=2), 5, random_state=0))
    by_fold = pd.Series(ds.label_numeric.values[ds.label_numeric.values < np.inf]).rank(pct=True)
    means = by_fold.groupby(ds.fold_of.values[ds.label_numeric.values < np.inf]).mean()
    assert np.abs(means - 0.5).max() < 0.05
    few = fold_of(add_folds(chunked([0, 5, 7, 5] * 9), 3, random_state=0))
    counts = pd.crosstab(few.label_numeric.values, few.fold_of.values)
    assert counts.to_numpy().tolist() == [[9] * 3, [18] * 3, [9] * 3]


def test_rare_and_missing_numeric_targets():
    for seed in range(5):
        rare = fold_of(add_folds(chunked([0] * 3 + [1] * 60, n_chunks=1), 3, random_state=seed))
        assert pd.crosstab(rare.label_numeric.values, rare.fold_of.values).to_numpy().tolist() == [[1] * 3, [20] * 3]
        partly = fold_of(add_folds(chunked([0.5, NAN] * 8), 2, random_state=seed))
        counts = pd.crosstab(np.isnan(partly.label_numeric.values), partly.fold_of.values)
        assert counts.to_numpy().tolist() == [[12, 12], [12, 12]]


@pytest.mark.parametrize("kind", ["name", "coordinate", "array", "list", "series"])
def test_groups_can_be_given_in_many_ways(kind):
    ds = chunked(list("xy") * 8)
    speakers = np.array([f"speaker {int(name[:3]) // 4}" for name in ds.filename.values])
    series = pd.Series(speakers, index=speakers[::-1], dtype="category")
    groups = {"list": speakers.tolist(), "array": speakers, "series": series}
    if kind == "name":
        ds = ds.assign(speaker=("instance", speakers))
    elif kind == "coordinate":
        ds = ds.assign_coords(speaker=("instance", speakers.astype(object)))
    ds = add_partitions(add_folds(ds, 4, groups=groups.get(kind, "speaker"), random_state=0), groups=speakers)
    frame = pd.DataFrame({"fold": fold_of(ds).fold_of.values, "partition": ds.partition.values, "speaker": speakers})
    assert (frame.groupby("speaker").nunique() == 1).all(axis=None)
    assert frame["fold"].nunique() == 4
    assert frame["partition"].nunique() == 3


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda ds: add_folds(add_folds(ds, 2), 2), r"has 2 folds already; take them away with remove_folds first"),
        (lambda ds: add_partitions(add_partitions(ds)), r"has partitions already; .* remove_partitions first"),
        (lambda ds: add_folds(ds, 5), r"n_folds=5: the data set has 4 files, too few for 5 parts"),
        (
            lambda ds: add_folds(ds, 3, groups=[0, 0, 1, 1, 1, 1, 0, 0]),
            r"n_folds=3: the data set has 2 groups, too few",
        ),
        (lambda ds: add_partitions(ds.isel(instance=slice(2))), r"partitions=.*: the data set has 1 file, too few"),
        (lambda ds: add_folds(ds.isel(instance=slice(0)), 2), r"the data set has 0 files, too few"),
        (lambda ds: add_folds(ds, 2, groups=range(8)), r"groups: the instances of 'a' differ, 0 has 0 and 1 has 1"),
        (
            lambda ds: add_folds(ds, 2, groups="chunk_nr"),
            r"groups='chunk_nr': the instances of 'a' differ, 0 has 0 and",
        ),
        (
            lambda ds: add_folds(ds, 2, groups="singer"),
            r"groups='singer': there is no such variable .*, only filename,",
        ),
        (lambda ds: add_folds(ds, 2, groups="features"), r"groups='features': there is no such variable"),
        (lambda ds: add_folds(ds, 2, groups=[1, 2]), r"groups: got shape \(2,\), expected \(8,\)"),
        (lambda ds: add_folds(ds, 2, groups=np.zeros((8, 1))), r"groups: got shape \(8, 1\)"),
        (lambda ds: add_folds(ds, 2, groups=["s"] * 7 + [None]), r"groups: instance 7 has none; give .* the filename"),
        (lambda ds: add_folds(ds, 2, groups=["s"] * 7 + [NAN]), r"groups: instance 7 has none"),
        (lambda ds: add_folds(ds, 2, groups=np.array([1.0] * 7 + [NAN])), r"groups: instance 7 has none"),
        (lambda ds: add_folds(ds, 2, groups=pd.Series(["s"] * 7 + [pd.NA], dtype="string")), r"instance 7 has none"),
        (
            lambda ds: add_folds(ds.assign(label_nominal=("instance", list("xxyyxxyx"))), 2),
            r"label_nominal: the instances of 'd' differ, 6 has y and 7 has x",
        ),
        (
            lambda ds: add_folds(ds.drop_attrs().assign(label_nominal=ds.partition, label_numeric=ds.chunk_nr), 2),
            r"label_numeric: the instances of 'a' differ, 0 has 0.0 and 1 has 1.0",
        ),
        (lambda ds: add_folds(ds.assign(filename=("instance", ["a"] * 7 + [""])), 2), r"filename: instance 7 has none"),
        (
            lambda ds: add_partitions(ds, ["train", "eval"]),
            r"partitions=\['train', 'eval'\]: expected one or more of 'tr",
        ),
        (lambda ds: add_partitions(ds, ["train", "train"]), r"each at most once"),
        (lambda ds: add_partitions(ds, []), r"partitions=\[\]: expected one or more"),
        (lambda ds: add_partitions(ds, {}), r"partitions=\{\}: expected one or more"),
        (lambda ds: add_partitions(ds, 3), r"partitions=3: expected one or more"),
        (
            lambda ds: add_partitions(ds, {"train": 1, "test": 0}),
            r"the share of 'test' is not a number above 0; leave out",
        ),
        (lambda ds: add_partitions(ds, {"train": 1, "test": NAN}), r"the share of 'test' is not a number above 0"),
        (lambda ds: add_partitions(ds, {"train": 1, "test": "1"}), r"the share of 'test' is not a number above 0"),
        (lambda ds: add_partitions(ds, {"train": -1}), r"the share of 'train' is not a number above 0"),
    ],
)
def test_what_cannot_be_dealt_out(make, message):
    ds = make_dataset(np.zeros((8, 1)), list("aabbccdd"), chunk_nr=[0, 1] * 4, label_nominal=list("xxyyxxyy"))
    with pytest.raises(DataSetError, match=message):
        make(ds)


@pytest.mark.parametrize("n_folds", [1, 0, -3, 2.5, "5", None])
def test_a_number_of_folds_that_is_none(n_folds):
    with pytest.raises(ValueError, match="The 'n_folds' parameter of add_folds must be an int in the range"):
        add_folds(chunked(list("xy")), n_folds)


# remove_folds and remove_partitions, and what holds for all


def test_folds_and_partitions_taken_away_and_made_again():
    bare = chunked(list("xy") * 6)
    full = add_partitions(add_folds(bare, 3, random_state=0), random_state=0)
    xr.testing.assert_identical(remove_partitions(remove_folds(full)), bare)
    xr.testing.assert_identical(remove_partitions(remove_folds(bare)), bare)
    assert remove_folds(full).cv_folds.dtype == remove_partitions(full).partition.dtype == np.float64
    named = full.assign_coords(fold=["A", "B", "C"]).assign(weight=("fold", [1, 2, 3]))
    xr.testing.assert_identical(remove_folds(named), remove_folds(full))
    assert add_folds(remove_folds(named), 4).sizes["fold"] == 4


FUNCTIONS = {
    "add_folds": lambda ds: add_folds(remove_folds(ds), 2, groups="speaker"),
    "add_partitions": lambda ds: add_partitions(remove_partitions(ds)),
    "remove_folds": remove_folds,
    "remove_partitions": remove_partitions,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_lazy_features_and_everything_else_are_kept(function):
    def never(block):
        raise AssertionError("the features were computed")

    features = da.zeros((6, 2), chunks=(2, 2)).map_blocks(never, meta=np.empty((0, 0)))
    ds = make_dataset(
        features,
        list("abcdef"),
        label_nominal=list("xxyyxy"),
        cv_folds=[[0, 1]] * 3 + [[1, 0]] * 3,
        partition=[0, 1, 2] * 2,
        feature_names=["loudness", "pitch"],
        label_map={"x": 1, "y": 0, "z": 2},
    )
    ds = ds.assign(speaker=("instance", list("ssttuu"))).assign_attrs(author="me")
    before = ds.copy()
    made = function(ds)
    xr.testing.assert_identical(ds.drop_vars("features"), before.drop_vars("features"))
    assert made.features.data.name == ds.features.data.name
    assert list(made.variables) == list(ds.variables)
    changed = ["cv_folds", "partition"]
    xr.testing.assert_identical(made.drop_vars([*changed, "features"]), ds.drop_vars([*changed, "features"]))
    assert made.generated.values.tolist() == ["loudness", "pitch"]
    cv_splits(ds)
    cv_splits(ds, test="test")


@pytest.mark.parametrize("function", [cv_splits, add_partitions, remove_folds, remove_partitions])
def test_something_else_than_a_data_set(function):
    with pytest.raises(TypeError, match="The 'ds' parameter of .* must be an instance of"):
        function(np.zeros((3, 2)))
    with pytest.raises(DataSetError, match="ds is not a data set of audio features: it lacks filename"):
        function(xr.Dataset())


def test_groups_of_the_data_set_are_kept_together_without_being_asked():
    files = [f"{i}.wav" for i in range(24)]
    speakers = [f"speaker {i // 4}" for i in range(24)]
    ds = make_dataset(np.zeros((24, 1)), files, label_nominal=["x", "y"] * 12, groups=speakers)
    for make, of in ((lambda: add_folds(ds, 3, random_state=0), "cv_folds"), (lambda: add_partitions(ds), "partition")):
        parts = pd.Series([str(part) for part in make()[of].values.tolist()])
        assert (parts.groupby(speakers).nunique() == 1).all()


def test_too_many_folds_are_refused_before_room_is_made_for_them():
    with pytest.raises(DataSetError, match=r"n_folds=1000000000000: the data set has 3 files, too few"):
        add_folds(make_dataset(np.zeros((3, 1)), list("abc")), 10**12)


def test_unlabelled_instances_are_in_no_split_unless_all_are():
    known = {"cv_folds": [[0, 1], [1, 0], [0, 1], [1, 0]]}
    ds = make_dataset(np.zeros((4, 1)), list("abcd"), label_nominal=["x", "y", "", "x"], **known)
    assert [(a.tolist(), b.tolist()) for a, b in cv_splits(ds).split()] == [([0], [1, 3]), ([1, 3], [0])]
    ds = make_dataset(np.zeros((4, 1)), list("abcd"), **known)
    assert [(a.tolist(), b.tolist()) for a, b in cv_splits(ds).split()] == [([0, 2], [1, 3]), ([1, 3], [0, 2])]


@pytest.mark.parametrize("parts", [add_folds, add_partitions])
def test_copies_stay_with_their_recording(parts):
    labels = ["rare"] * 3 + ["frequent"] * 9
    ds = upsample(make_dataset(np.arange(12.0)[:, None], [f"{i}.wav" for i in range(12)], label_nominal=labels))
    assert ds.sizes["instance"] == 18
    for seed in range(5):
        dealt = parts(ds, 3, random_state=seed) if parts is add_folds else parts(ds, random_state=seed)
        where = dealt["cv_folds"].values.argmax(axis=1) if parts is add_folds else dealt["partition"].values
        of = {name: part for name, part in zip(ds["filename"].values, where, strict=True) if "upsampled" not in name}
        assert all(
            of[name.partition(".upsampled")[0]] == part for name, part in zip(ds["filename"].values, where, strict=True)
        )
        assert len(set(where)) == 3
