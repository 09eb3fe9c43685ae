import json

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st

from skaudeep.datamodel import VARIABLES, get_label_map
from skaudeep.datasets import (
    add_folds,
    add_partitions,
    get_provenance,
    make_dataset,
    remove_folds,
    remove_labels,
    select,
    set_labels,
    upsample,
)
from skaudeep.datasets._combine import concat, fuse, fuse_chunks
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf, write_netcdf

FILES = ["a.wav", "a.wav", "b.wav", "b.wav"]


def make(features=None, files=FILES, **options):
    """Two recordings of two chunks, with everything that can be known of them."""
    features = np.arange(8.0).reshape(4, 2) if features is None else features
    known = {
        "chunk_nr": [0, 1, 0, 1],
        "label_nominal": list("xxyy"),
        "partition": [0, 0, 1, 1],
        "cv_folds": [[0, 1], [0, 1], [1, 0], [1, 0]],
    }
    return make_dataset(features, files, **known | options)


def lazy(ds):
    return ds.assign(features=ds.features.chunk({"instance": 2}))


@pytest.fixture
def open_file(tmp_path):
    """Give a data set the form that a file has that is open without dask."""
    opened = []

    def open_it(ds):
        path = tmp_path / f"{len(opened)}.nc"
        write_netcdf(ds, path)
        opened.append(xr.open_dataset(path, engine="netcdf4", cache=False))
        return opened[-1]

    yield open_it
    for ds in opened:
        ds.close()


FUNCTIONS = {
    "concat": lambda ds: concat([ds, ds.assign(filename="other/" + ds.filename)]),
    "fuse": lambda ds: fuse([ds, ds.isel(instance=[3, 1, 0, 2])]),
    "fuse_chunks": fuse_chunks,
}


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_lazy_features_stay_lazy(function, open_file):
    ds = make()
    of_file = open_file(ds)
    for source in (lazy(ds), of_file):
        result = function(source)
        assert result.features.chunks is not None
        assert result.features.dtype == np.float32
        xr.testing.assert_identical(result.compute(), function(ds))
    assert not of_file.features.variable._in_memory


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_input_stays_as_it_is(function):
    ds = make(feature_names=["p", "q"]).assign_attrs(window_width=0.08)
    before = ds.copy(deep=True)
    function(ds.drop_vars("generated") if function is FUNCTIONS["fuse"] else ds)
    xr.testing.assert_identical(ds, before)


@pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
def test_the_order_and_types_of_the_variables_are_those_of_a_file(function, tmp_path):
    result = function(make().assign(speaker=("instance", list("ssuu"))))
    write_netcdf(result, tmp_path / "result.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "result.nc"), result)
    assert tuple(result.data_vars) == (*VARIABLES, "speaker")
    for name in ("chunk_nr", "cv_folds", "partition", "label_numeric"):
        assert result[name].dtype == np.int64


# concat


@pytest.mark.parametrize("name", ["rep32-400", "partial", "nocv", "partitioned"])
def test_parts_of_an_original_file_together_are_the_file(shared, name):
    whole = read_netcdf(shared / f"reference/datasets/{name}.nc")
    n = whole.sizes["instance"]
    parts = [whole.isel(instance=slice(*bounds)) for bounds in ((0, 3), (3, n // 2), (n // 2, n))]
    joined = concat(parts)
    xr.testing.assert_identical(joined, whole)
    assert {k: v.dtype.kind for k, v in joined.items()} == {k: v.dtype.kind for k, v in whole.items()}


def test_what_is_missing_in_one_of_them_becomes_missing():
    bare = make_dataset([[1, 2]], ["c.wav"])
    joined = concat([bare, make()])
    assert joined.label_nominal.values.tolist() == ["", "x", "x", "y", "y"]
    np.testing.assert_array_equal(joined.label_numeric, [np.nan, 0, 0, 1, 1])
    np.testing.assert_array_equal(joined.partition, [np.nan, 0, 0, 1, 1])
    np.testing.assert_array_equal(joined.cv_folds[:2], [[np.nan, np.nan], [0, 1]])
    assert get_label_map(joined) == {"x": 0, "y": 1}
    assert concat([bare, bare.assign(filename=("instance", ["d.wav"]))]).sizes["fold"] == 0


@given(st.lists(st.lists(st.sampled_from("abcdefg"), min_size=1, max_size=4), min_size=1, max_size=4))
def test_maps_in_sorted_order_are_numbered_anew(labels):
    parts = [
        make_dataset(np.zeros((len(part), 1)), [f"{i}-{j}" for j in range(len(part))], label_nominal=part)
        for i, part in enumerate(labels)
    ]
    joined = concat(parts)
    names = [name for part in labels for name in part]
    assert joined.label_nominal.values.tolist() == names
    numbers = get_label_map(joined)
    assert sorted(numbers) == sorted(set(names))
    assert joined.label_numeric.values.tolist() == [numbers[name] for name in names]
    assert len(set(numbers.values())) == len(numbers)


def test_maps_that_do_not_contradict_each_other_stay():
    first = make_dataset([[1]], ["a"], label_nominal=["y"], label_map={"y": 7, "unused": 3})
    second = make_dataset([[1]], ["b"], label_nominal=["x"], label_map={"x": 9, "y": 7})
    joined = concat([first, second])
    assert get_label_map(joined) == {"unused": 3, "x": 9, "y": 7}
    assert joined.label_numeric.values.tolist() == [7, 9]


@pytest.mark.parametrize(
    ("label_map", "message"),
    [
        ({"x": 5, "z": 9}, r"'x' has number 5 in datasets\[1\], but 0 before it.*set_labels"),
        ({"z": 1, "x": 0, "w": 3}, r"number 1 is 'z' in datasets\[1\], but 'y' before it.*set_labels"),
    ],
)
def test_maps_that_contradict_each_other_and_are_not_sorted_are_refused(label_map, message):
    with pytest.raises(DataSetError, match=message):
        concat([make(), make_dataset(np.zeros((1, 2)), ["c"], label_nominal=["x"], label_map=label_map)])


def test_further_variables_coordinates_and_attributes_are_kept():
    first = make(feature_names=["p", "q"]).assign(speaker=("instance", list("ssuu")), unit=((), "dB"))
    second = first.assign(filename="other/" + first.filename, speaker=("instance", ["long"] * 4))
    joined = concat([first.assign_attrs(rate=8000, by="me"), second.assign_attrs(rate=8000, by="you")])
    assert joined.speaker.values.tolist() == [*"ssuu", *["long"] * 4]
    assert joined.unit == "dB"
    assert joined.generated.values.tolist() == ["p", "q"]
    assert joined.attrs == {**first.attrs, "rate": 8000}


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            make(np.zeros((4, 3))),
            r"features: dimension 'generated' has size 2 in datasets\[0\], but 3 in datasets\[1\]",
        ),
        (make(np.zeros((4, 2, 2))), r"features: datasets\[0\] has dimensions .*, but datasets\[1\] .*time"),
        (
            make(feature_names=["p", "q"]),
            r"'generated' \(the feature names\) is in datasets\[1\] but not in datasets\[0",
        ),
        (make(cv_folds=np.zeros((4, 3))), r"cv_folds: datasets\[0\] has 2 folds, but datasets\[1\] 3; remove_folds"),
        (
            make().assign(speaker=("instance", FILES)),
            r"'speaker' is in datasets\[1\] but not in datasets\[0\].*drop_vars",
        ),
        (make(files=[*"cc", "b.wav", "d"], chunk_nr=[0, 1, 1, 0]), r"datasets: b.wav, chunk 1, is there twice"),
        (make(label_nominal=None, label_numeric=[0.5] * 4, files=list("ccdd")), r"a number without a class"),
        (make().drop_vars("partition"), r"datasets\[1\] is not a data set .* lacks partition"),
        (None, r"datasets: got list of Dataset, NoneType, expected a list of data sets; read_netcdf"),
    ],
)
def test_what_cannot_be_joined_is_named(second, message):
    with pytest.raises(DataSetError, match=message):
        concat([make(), second])


def test_feature_names_that_differ_are_refused():
    first, second = (make_dataset([[1, 2]], [name], feature_names=["p", name]) for name in "ab")
    with pytest.raises(DataSetError, match=r"'generated' \(the feature names\) is not the same in datasets\[0\] and"):
        concat([first, second])


@pytest.mark.parametrize("function", [concat, fuse])
@pytest.mark.parametrize("datasets", [[], make(), 3, "ab.nc"])
def test_only_lists_of_data_sets_are_taken(function, datasets):
    with pytest.raises(DataSetError, match=r"datasets: got .*, expected a list of data sets"):
        function(datasets)


# fuse


def test_fuses_as_the_original_did(shared):
    fused = read_netcdf(shared / "reference/datasets/fused.nc")
    first = read_netcdf(shared / "reference/models/t-rae-gru/representation.nc")
    second = fused.isel(generated=slice(32, None))  # what it was made from is not there any more
    for other in (second, second.isel(instance=slice(None, None, -1))):
        xr.testing.assert_identical(fuse([first, other]), fused)


@given(st.permutations(range(6)))
def test_fusing_does_not_need_the_same_instance_order(order):
    chunk_nr = [0, 1, 2] * 2
    first = make_dataset(np.arange(12).reshape(6, 2), list("aaabbb"), chunk_nr=chunk_nr, label_nominal=list("xxxyyy"))
    second = first.assign(features=first.features + 100).isel(instance=order)
    fused = fuse([first, second])
    pd.testing.assert_index_equal(
        pd.MultiIndex.from_arrays([fused.filename.values, fused.chunk_nr.values]),
        pd.MultiIndex.from_arrays([first.filename.values, first.chunk_nr.values]),
    )
    np.testing.assert_array_equal(fused.features, np.hstack([first.features, first.features + 100]))
    assert fused.label_nominal.equals(first.label_nominal)


def test_fuses_along_any_dimension():
    low, high = make(np.zeros((4, 3, 2))), make(np.ones((4, 3, 5)))
    assert fuse([low, high]).sizes["freq"] == 7
    assert fuse([low, low], dim="time").features.shape == (4, 6, 2)
    assert json.loads(fuse([low, high]).attrs["feature_dims"]) == ["time", "freq"]
    with pytest.raises(DataSetError, match=r"dimension 'freq' has size 2 in datasets\[0\], but 5 in datasets\[1\]"):
        fuse([low, high], dim="time")
    with pytest.raises(DataSetError, match=r"dim='generated': the features have the dimensions time, freq"):
        fuse([low, high], dim="generated")


def test_missing_metadata_is_equal_to_missing_metadata():
    partly = make(label_nominal=["x", "x", None, None], partition=[0, 0, np.nan, np.nan])
    for ds in (partly, make_dataset(np.zeros((4, 2)), FILES, chunk_nr=[0, 1, 0, 1])):
        fused = fuse([ds, ds.copy(deep=True)])
        xr.testing.assert_identical(fused.drop_vars("features"), ds.drop_vars("features"))


@pytest.mark.parametrize(
    ("second", "message"),
    [
        (
            make(label_nominal=list("xxxx"), label_map={"x": 0, "y": 1}),
            r"label_nominal of b.wav, chunk 0, is 'y' .* 'x'",
        ),
        (
            make(label_nominal=None),
            r"label_nominal of a.wav, chunk 0, is 'x' in datasets\[0\], but '' in datasets\[1\]",
        ),
        (make(label_map={"x": 1, "y": 0}), r"label_numeric of a.wav, chunk 0, is 0 in .*, but 1 in"),
        (make(label_map={"x": 0, "y": 1, "z": 2}), r"label_map: datasets\[0\] has .*, but datasets\[1\] .*'z': 2"),
        (make(partition=[0, 0, 1, np.nan]), r"partition of b.wav, chunk 1, is 1 in .*, but nan in"),
        (
            make(cv_folds=[[0, 1], [0, 1], [1, 1], [1, 1]]),
            r"cv_folds of b.wav, chunk 0, is \[1, 0\] in .*, but \[1, 1\]",
        ),
        (make(cv_folds=None), r"cv_folds has shape \(4, 2\) in datasets\[0\], but \(4, 0\) in datasets\[1\]"),
        (
            make(files=["a.wav", "a.wav", "c", "c"]),
            r"datasets\[1\] lacks 2 instances of datasets\[0\], .* b.wav, chunk 0",
        ),
        (make().isel(instance=[0, 0, 1, 2]), r"datasets\[1\]: a.wav, chunk 0, is there twice"),
        (make().assign(hz=("generated", [1, 2])), r"'hz' of datasets\[1\] goes along 'generated' .* drop_vars"),
    ],
)
def test_what_cannot_be_fused_is_named(second, message):
    with pytest.raises(DataSetError, match=message):
        fuse([make(), second.isel(instance=[3, 1, 0, 2])])


def test_instances_that_the_first_lacks_are_refused():
    with pytest.raises(DataSetError, match=r"datasets\[0\] lacks 1 instances of datasets\[1\], .* b.wav, chunk 1"):
        fuse([make().isel(instance=[0, 1, 2]), make()])


def test_feature_names():
    plain, named = make(), make(feature_names=["p", "q"])
    others = make(feature_names=["r", "s"])
    assert "generated" not in fuse([plain, plain]).coords
    assert fuse([named, others]).generated.values.tolist() == ["p", "q", "r", "s"]
    prefixed = ["low__p", "low__q", "high__feature_0", "high__feature_1"]
    assert fuse([named, plain], names=["low", "high"]).generated.values.tolist() == prefixed
    with pytest.raises(DataSetError, match=r"'generated': 'p' names features of more than one data set; give names"):
        fuse([named, named])
    with pytest.raises(DataSetError, match=r"is in datasets\[1\] but not in datasets\[0\]; give names"):
        fuse([plain, named])
    with pytest.raises(DataSetError, match=r"'a__p' names features of more than one"):
        fuse([named, named], names=["a", "a"])
    for names in (["a"], "ab", [1, 2]):
        with pytest.raises(DataSetError, match=r"names=\[.*\]: expected"):
            fuse([named, named], names=names)


def test_further_variables_of_each_are_kept():
    first = make().assign(speaker=("instance", list("ssuu"))).assign_coords(take=("instance", [1, 1, 2, 2]))
    second = make().assign(noise=("instance", [0.5, np.nan, 0, 1])).isel(instance=[2, 3, 0, 1])
    fused = fuse([first.assign_attrs(rate=1, by="me"), second.assign_attrs(rate=1, by="you")])
    assert fused.speaker.values.tolist() == list("ssuu")
    assert fused.coords["take"].values.tolist() == [1, 1, 2, 2]
    np.testing.assert_array_equal(fused.noise, [0.5, np.nan, 0, 1])
    assert fused.attrs == {**first.attrs, "rate": 1}
    with pytest.raises(
        DataSetError, match=r"speaker of b.wav, chunk 1, is 'u' in datasets\[0\], but 'v' in datasets\[1\]"
    ):
        fuse([first, first.assign(speaker=("instance", list("ssuv")))])


def test_the_map_is_compared_by_what_it_says():
    ds = make()
    other = ds.assign_attrs(label_map='[["y",1],["x",0]]', feature_dims='["generated" ]')
    assert fuse([ds, other]).attrs == ds.attrs


# fuse_chunks


def test_fuses_chunks_as_the_original_did(shared, rng):
    chunks = read_netcdf(shared / "reference/datasets/chunks-rep.nc")
    fused = read_netcdf(shared / "reference/datasets/chunks-fused.nc")
    for order in (slice(None), rng.permutation(chunks.sizes["instance"])):
        xr.testing.assert_identical(fuse_chunks(chunks.isel(instance=order)), fused)


def test_chunks_along_time_and_their_names():
    ds = make(np.arange(16).reshape(4, 2, 2), feature_names=["p", "q"])
    along_time = fuse_chunks(ds, dim="time")
    assert along_time.features.values[0].tolist() == np.arange(8).reshape(4, 2).tolist()
    assert along_time.freq.values.tolist() == ["p", "q"]
    assert fuse_chunks(ds).freq.values.tolist() == ["chunk0__p", "chunk0__q", "chunk1__p", "chunk1__q"]


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        (make().isel(instance=[0, 1, 2]), r"a.wav has 2, b.wav 1"),
        (
            make(chunk_nr=[0, 1, 1, 2]),
            r"chunk_nr: the chunks of b.wav have the numbers \[1, 2\], expected each of \[0, 1\]",
        ),
        (make(chunk_nr=[0, 0, 0, 1]), r"chunk_nr: the chunks of a.wav have the numbers \[0, 0\]"),
        (make(label_nominal=list("xxyx")), r"label_nominal of b.wav, chunk 0, is 'y' in chunk0, but 'x' in chunk1"),
        (
            make().assign(start=("instance", [0, 2, 0, 2])),
            r"start of a.wav.* is 0 in chunk0, but 2 in chunk1.* drop_vars",
        ),
        (make().isel(instance=[]), r"ds: there are no instances"),
    ],
)
def test_chunks_that_cannot_be_fused_are_named(ds, message):
    with pytest.raises(DataSetError, match=message):
        fuse_chunks(ds)


def test_one_lazy_and_one_in_memory():
    ds, other = make(), make(files=list("ccdd"))
    assert isinstance(concat([ds, lazy(other)]).features.data, da.Array)
    fused = fuse([ds, lazy(ds)])
    assert isinstance(fused.features.data, da.Array)
    xr.testing.assert_identical(fused.compute(), fuse([ds, ds]))


SETTINGS = {"sample_rate": 8000, "clip_below": -60, "fixed_length": 5}


def spectrograms_of(filename, settings):
    return make_dataset([[[0.0, 1.0]]], [filename], spectrogram_settings=settings)


def test_provenance_of_what_is_concatenated():
    one, other = (spectrograms_of(name, SETTINGS) for name in ("a.wav", "b.wav"))
    assert get_provenance(concat([one, other])) == [{"spectrogram": SETTINGS}]
    shorter = spectrograms_of("b.wav", SETTINGS | {"fixed_length": 3})
    assert get_provenance(concat([one, shorter])) == [{"spectrogram": {"sample_rate": 8000, "clip_below": -60}}]
    silent = spectrograms_of("b.wav", None)
    assert "provenance" not in concat([one, silent]).attrs


@pytest.mark.parametrize("join", [concat, fuse])
def test_other_settings_are_refused_unless_wanted(join):
    other = "b.wav" if join is concat else "a.wav"
    datasets = [spectrograms_of("a.wav", SETTINGS), spectrograms_of(other, SETTINGS | {"sample_rate": 44100})]
    with pytest.raises(
        DataSetError, match=r"datasets\[1\] was not made like datasets\[0\]: sample_rate 8000 and 44100"
    ):
        join(datasets)
    assert join(datasets, check_settings=False).sizes["instance"] == (2 if join is concat else 1)


def test_provenance_of_what_is_fused():
    datasets = [spectrograms_of("a.wav", s) for s in (SETTINGS, SETTINGS | {"clip_below": -30}, None)]
    expected = [{"spectrogram": SETTINGS}, {"spectrogram": SETTINGS | {"clip_below": -30}}, {}]
    assert get_provenance(fuse(datasets)) == expected
    assert "provenance" not in fuse(datasets[2:] * 2).attrs


def test_provenance_stays_with_everything_else():
    rows = np.zeros((4, 2, 3))
    ds = make_dataset(rows, list("abcd"), label_nominal=list("xyxy"), spectrogram_settings=SETTINGS)
    made = [
        select(ds, label="x"),
        upsample(ds, random_state=0),
        add_folds(ds, 2, random_state=0),
        remove_folds(add_folds(ds, 2, random_state=0)),
        add_partitions(ds, ["train", "test"], random_state=0),
        remove_labels(ds),
        set_labels(ds, label_nominal=list("uvuv")),
        fuse_chunks(ds),
    ]
    assert [get_provenance(one) for one in made] == [[{"spectrogram": SETTINGS}]] * len(made)
