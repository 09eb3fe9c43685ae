import dataclasses
import json

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skaudeep.datasets import make_dataset
from skaudeep.datasets._validate import RULES, Violation, validate_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf

ORIGINALS = (
    *("chunks-fused", "chunks-rep", "cv4", "esc20-mel128", "fused", "nocv"),
    *("partial", "partitioned", "rep32-400", "unbalanced", "upsampled"),
)
MODELS = ("f-rae-gru", "ft-rae-gru", "t-rae-gru")


@pytest.fixture
def ds():
    """Three files of two chunks, whose instances are mixed."""
    return make_dataset(
        np.zeros((6, 2)),
        ["a", "b", "c", "a", "b", "c"],
        chunk_nr=[0, 1, 0, 1, 0, 1],
        label_nominal=["x", "y", "x", "x", "y", "x"],
        cv_folds=[[0, 1], [1, 1], [0, 0], [0, 1], [1, 1], [0, 0]],
        partition=[0, 1, 2, 0, 1, 2],
    )


def changed(ds, name, row, value):
    """The data set with one value changed, and of the type that takes the value."""
    values = ds[name].values.astype(object)
    values[row] = value
    kind = type(value) if name != "label_nominal" else str
    return ds.assign({name: (ds[name].dims, values.astype(np.result_type(kind, ds[name].dtype)))})


def found(ds):
    return [(violation.rule, violation.filename, violation.instances.tolist()) for violation in validate_dataset(ds)]


@pytest.mark.parametrize(
    "name", [*(f"datasets/{n}.nc" for n in ORIGINALS), *(f"models/{n}/representation.nc" for n in MODELS)]
)
def test_what_the_original_wrote_is_valid(shared, name):
    assert validate_dataset(read_netcdf(shared / "reference" / name)) == []


@pytest.mark.parametrize(
    ("name", "row", "value", "expected"),
    [
        ("label_nominal", 4, "x", [(1, "b", [1, 4]), (5, None, [4])]),
        ("label_nominal", 4, "", [(1, "b", [1, 4]), (5, None, [4])]),
        ("label_numeric", 0, 1, [(2, "a", [0, 3]), (5, None, [0])]),
        ("label_numeric", 0, np.nan, [(2, "a", [0, 3]), (5, None, [0])]),
        ("cv_folds", (5, 1), 1, [(3, "c", [2, 5])]),
        ("cv_folds", (5, 1), np.nan, [(3, "c", [2, 5])]),
        ("partition", 0, 2, [(4, "a", [0, 3])]),
        ("partition", 0, np.nan, [(4, "a", [0, 3])]),
        ("chunk_nr", 3, 0, [(7, "a", [0, 3])]),
        ("chunk_nr", 3, 2, [(7, "a", [0, 3])]),
        ("chunk_nr", 0, -1, [(7, "a", [0, 3])]),
    ],
)
def test_one_wrong_value(ds, name, row, value, expected):
    assert found(ds) == []
    assert found(changed(ds, name, row, value)) == expected


def test_pairs_that_are_not_in_the_label_map(ds):
    def wrong(**attrs):
        return [(str(v), v.filename) for v in validate_dataset(ds.assign_attrs(attrs))]

    assert wrong(label_map='[["x", 0], ["y", 5]]') == [
        (
            "Rule 5: nominal label 'y', numeric label 1: the label map gives that name the number 5. (instances 1, 4)",
            None,
        )
    ]
    assert [text for text, _ in wrong(label_map='[["y", 1], ["z", 0]]')] == [
        "Rule 5: nominal label 'x', numeric label 0: the label map lacks that name. (instances 0, 2, 3, 5)"
    ]
    del ds.attrs["label_map"]
    assert [violation.rule for violation in validate_dataset(ds)] == [5, 5]
    nameless = ds.assign(label_nominal=("instance", [""] * 6))
    assert validate_dataset(nameless) == []
    assert [v.message for v in validate_dataset(nameless.assign_attrs(label_map='[["x", 0], ["y", 1]]'))] == [
        "nominal label none, numeric label 0: the label map has names for its numbers, and here is none.",
        "nominal label none, numeric label 1: the label map has names for its numbers, and here is none.",
    ]


def test_numbers_of_chunks():
    def dataset(counts):
        names = np.repeat(list("abcdef")[: len(counts)], counts)
        return make_dataset(np.zeros((len(names), 1)), names, chunk_nr=np.concatenate([np.arange(n) for n in counts]))

    assert found(dataset([2, 2, 2])) == []
    assert found(dataset([2, 1, 2, 3])) == [(6, "b", [2]), (6, "d", [5, 6, 7])]
    assert found(dataset([1, 2])) == [(6, "a", [0])], (
        "of two numbers that are equally frequent, the larger one is right"
    )
    (violation,) = validate_dataset(dataset([2, 1, 2]))
    assert str(violation) == "Rule 6: b has 1 chunk, but 2 of 3 files have 2. (instances 2)"


def test_every_violation_is_reported(ds):
    wrong = ds.assign(
        label_nominal=("instance", ["x", "y", "x", "y", "x", "x"]),
        cv_folds=(("instance", "fold"), [[0, 1], [1, 1], [0, 0], [1, 0], [0, 1], [0, 0]]),
        partition=("instance", [0, 1, 2, 1, 2, 0]),
        chunk_nr=("instance", [5, 1, 0, 6, 1, 1]),
    )
    assert [(rule, name) for rule, name, _ in found(wrong)] == [
        *((1, "a"), (1, "b"), (3, "a"), (3, "b"), (4, "a"), (4, "b"), (4, "c")),
        *((5, None), (5, None), (7, "a"), (7, "b")),
    ]
    assert str(validate_dataset(wrong)[2]) == (
        "Rule 3: a has instances in different splits of folds 1, 2, expected one split. (instances 0, 3)"
    )


def test_messages_list_few_of_many_values():
    ds = make_dataset(np.zeros((9, 1)), ["a"] * 9, chunk_nr=range(1, 10), partition=[0, 1, 2] * 3)
    assert list(map(str, validate_dataset(ds))) == [
        "Rule 4: a has the partitions train, devel, test, expected one for all instances. "
        "(instances 0, 1, 2, 3, 4, ... (9 in all))",
        "Rule 7: a has the chunk numbers 1, 2, 3, 4, 5, ... (9 in all), expected 0 to 8, each once. "
        "(instances 0, 1, 2, 3, 4, ... (9 in all))",
    ]


def by_pandas(ds):
    """Pairs of rule and file, or pair of labels, that break a rule, found group by group."""
    frame = pd.DataFrame({name: ds[name].values for name in ds.data_vars if ds[name].dims == ("instance",)})
    frame["label_nominal"] = frame["label_nominal"].where(frame["label_nominal"].astype(str) != "nan", "")
    for fold in range(ds.sizes["fold"]):
        frame[f"fold_{fold}"] = ds["cv_folds"].values[:, fold]
    counts = frame.groupby("filename").size()
    usual = max(counts.mode())
    label_map = dict(json.loads(ds.attrs.get("label_map", "[]")))
    broken = set()
    for name, file in frame.groupby("filename"):
        several = file.nunique(dropna=False) > 1
        for rule, column in ((1, "label_nominal"), (2, "label_numeric"), (4, "partition")):
            broken |= {(rule, name)} if several[column] else set()
        broken |= {(3, name)} if several.filter(like="fold_").any() else set()
        broken |= {(6, name)} if len(file) != usual else set()
        broken |= {(7, name)} if sorted(file["chunk_nr"]) != list(range(len(file))) else set()
    for name, number in zip(frame["label_nominal"], frame["label_numeric"], strict=True):
        right = label_map.get(name) == number if name else np.isnan(number) or not label_map
        broken |= set() if right else {(5, (name, "nan" if np.isnan(number) else number))}
    return broken


@given(data=st.data())
def test_agrees_with_pandas(data):
    n = data.draw(st.integers(1, 9))

    def column(*choices):
        return np.array(data.draw(st.lists(st.sampled_from(choices), min_size=n, max_size=n)))

    nan = np.nan
    ds = make_dataset(np.zeros((n, 1)), column("a", "b", "c"), chunk_nr=column(0, 0, 1, 2))
    ds = ds.assign(
        label_nominal=("instance", column("", "x", "y")),
        label_numeric=("instance", column(0.0, 1.0, nan)),
        partition=("instance", column(0.0, 2.0, nan)),
        cv_folds=(("instance", "fold"), np.stack([column(0.0, 1.0, nan), column(0.0, 0.0, 0.0, 1.0)], axis=1)),
    )
    if data.draw(st.booleans()):
        ds.attrs["label_map"] = '[["x", 0], ["y", 1]]'
    violations = validate_dataset(ds)
    for violation in violations:
        rows = violation.instances
        if violation.rule != 5:
            np.testing.assert_array_equal(rows, np.flatnonzero(ds.filename.values == violation.filename))
    pairs = [
        (str(ds.label_nominal.values[r[0]]), ds.label_numeric.values[r[0]]) for r in (v.instances for v in violations)
    ]
    broken = [
        (v.rule, v.filename or (name, "nan" if np.isnan(number) else number))
        for v, (name, number) in zip(violations, pairs, strict=True)
    ]
    assert len(set(broken)) == len(broken)
    assert set(broken) == by_pandas(ds)
    assert [v.rule for v in violations] == sorted(v.rule for v in violations)


def test_nothing_known_and_continuous_targets():
    bare = make_dataset(np.zeros((2, 1)), ["a", "b"])
    assert validate_dataset(bare) == []
    assert validate_dataset(bare.isel(instance=slice(0))) == []
    targets = make_dataset(np.zeros((4, 1)), list("aabb"), chunk_nr=[0, 1, 0, 1], label_numeric=[0.5, 0.5, -1, None])
    assert found(targets) == [(2, "b", [2, 3])]
    assert validate_dataset(targets)[0].message == "b has the numeric labels -1, none, expected one for all instances."


def test_names_that_are_python_strings(ds):
    objects = ds.assign(
        filename=("instance", ds.filename.values.astype(object)),
        label_nominal=("instance", np.array(["x", "", "x", "x", "", "x"], dtype=object)),
        label_numeric=("instance", [0, np.nan, 0, 0, np.nan, 0]),
    )
    assert validate_dataset(objects) == []
    assert found(changed(objects, "label_nominal", 1, "y")) == [(1, "b", [1, 4]), (5, None, [1])]


def test_features_stay_on_disk(ds):
    def never(block):
        raise AssertionError("the features were computed")

    ds["features"] = (
        ds.features.dims,
        da.zeros((6, 2), dtype=np.float32).map_blocks(never, dtype=np.float32, meta=np.empty((0, 0), np.float32)),
    )
    assert validate_dataset(ds) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.drop_vars("partition"), r"ds is not a data set .* lacks partition"),
        (lambda ds: ds.assign(filename=("row", list("abc"))), r"ds: filename has dimensions"),
        (lambda ds: changed(ds, "filename", 2, ""), r"filename: instance 2 has none"),
        (lambda ds: ds.assign(filename=("instance", np.arange(6))), r"filename is of type int64, expected strings"),
        (lambda ds: ds.assign(label_nominal=ds.label_numeric), r"label_nominal is of type int64, expected strings"),
        (lambda ds: ds.assign(label_nominal=ds.label_numeric / 2), r"label_nominal: expected names, got numbers"),
        (
            lambda ds: ds.assign(label_nominal=("instance", np.array(["x", 1] * 3, dtype=object))),
            r"label_nominal is of",
        ),
        (lambda ds: ds.assign(label_numeric=ds.label_nominal), r"label_numeric is of type <U1, expected numbers"),
        (lambda ds: changed(ds, "cv_folds", (3, 1), 2), r"cv_folds: expected 0, 1 or NaN, got 2 at instance 3"),
        (lambda ds: changed(ds, "cv_folds", (3, 1), 0.5), r"cv_folds: expected 0, 1 or NaN, got 0.5 at instance 3"),
        (lambda ds: changed(ds, "partition", 1, 3), r"partition: expected 0, 1, 2 or NaN, got 3 at instance 1"),
        (lambda ds: changed(ds, "partition", 1, np.inf), r"partition: expected 0, 1, 2 or NaN, got inf at instance 1"),
        (lambda ds: changed(ds, "chunk_nr", 0, 0.5), r"chunk_nr: expected type int64, got float64"),
        (
            lambda ds: ds.assign(features=ds.features.astype(np.float64)),
            r"features: expected type float32, got float64",
        ),
        (lambda ds: ds.rename(generated="x"), r"feature_dims is '\[\"generated\"\]', but .* are \['x'\]"),
        (lambda ds: ds.drop_attrs(deep=False), r"feature_dims is None, but .*; use ds.assign_attrs\(feature_dims='\["),
        *(
            (lambda ds, text=text: ds.assign_attrs(label_map=text), r"attribute label_map is .*, expected a JSON list")
            for text in ("", "x 0", "5", '{"x": 0, "y": 1}', '[["x", 0, 1]]', '[["x", 0.5]]', "[[1, 0]]", [["x", 0]], 7)
        ),
        (lambda ds: ds.assign_attrs(label_map='[["x", 0], ["x", 1]]'), r"label_map is .*, in which .* occurs twice"),
        (lambda ds: ds.assign_attrs(label_map='[["x", 0], ["y", 0]]'), r"label_map is .*, in which .* occurs twice"),
    ],
)
def test_a_wrong_layout_is_an_error(ds, change, message):
    with pytest.raises(DataSetError, match=message):
        validate_dataset(change(ds))


def test_something_else_than_a_data_set(ds):
    with pytest.raises(TypeError, match="The 'ds' parameter of validate_dataset must be an instance of"):
        validate_dataset(ds.features)


def test_violations_are_values(ds):
    first, again = validate_dataset(changed(ds, "partition", 0, 2)), validate_dataset(changed(ds, "partition", 0, 2))
    assert first == again
    assert {first[0].rule} <= set(RULES)
    with pytest.raises(dataclasses.FrozenInstanceError):
        first[0].rule = 2
    with pytest.raises(ValueError, match="read-only"):
        first[0].instances[0] = 2
    assert first[0] != Violation(4, "other", "a", first[0].instances)


def test_the_data_set_is_not_changed(ds):
    before = ds.copy(deep=True)
    validate_dataset(ds)
    xr.testing.assert_identical(ds, before)
