import dataclasses
import io
import json
import pathlib

import numpy as np
import pandas as pd
import pytest
import soundfile
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Bunch

from skaudeep.datasets import _inspect, load_esc, make_dataset
from skaudeep.datasets._inspect import inspect_corpus, inspect_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf, write_netcdf


@pytest.fixture
def recordings(make_recording):
    """Four files of different kinds."""
    return [
        make_recording("a.wav", 0.5),
        make_recording("b.wav", 1.0, rate=16000, channels=2, subtype="PCM_24"),
        make_recording("c.flac", 2.0),
        make_recording("d.ogg", 4.0),
    ]


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


def test_headers_are_counted(recordings):
    info = inspect_corpus(recordings)
    assert (info.n_recordings, info.n_files, info.n_groups) == (4, 4, None)
    assert info.sample_rates == {8000: 3, 16000: 1}
    assert info.channels == {1: 3, 2: 1}
    assert info.formats == {"FLAC/PCM_16": 1, "OGG/VORBIS": 1, "WAV/PCM_16": 1, "WAV/PCM_24": 1}
    lengths = [0.5, 1, 2, 4]
    assert info.durations["total"] == 7.5 and info.durations["mean"] == np.mean(lengths)
    for name, quantile in {"min": 0, "q05": 5, "q25": 25, "median": 50, "q75": 75, "q95": 95, "max": 100}.items():
        assert info.durations[name] == np.percentile(lengths, quantile)
    assert info.labels == {} and info.n_unlabelled == 4 and info.targets is None
    assert info.partitions == {} and len(info.folds) == len(info.unreadable) == info.n_unknown_durations == 0


def test_esc10_agrees_with_soundfile(shared):
    corpus = load_esc(shared / "data" / "ESC-10")
    for name in ("data", "target", "groups"):
        corpus[name] = corpus[name][:120:3]
    corpus.cv = corpus.cv_folds = None
    info = inspect_corpus(corpus, n_jobs=2)
    expected = [soundfile.info(path).duration for path in corpus.data]
    assert info.durations["total"] == pytest.approx(sum(expected)) and info.durations["max"] == max(expected)
    assert info.sample_rates == {44100: 40} and info.formats == {"OGG/VORBIS": 40}
    assert sum(info.labels.values()) == 40 and list(info.labels)[:2] == ["Dog bark", "Rain"]
    assert info.n_groups == len(set(corpus.groups))


def test_unreadable_files_are_listed_and_stop_nothing(recordings, bad_recordings, tmp_path):
    cut = tmp_path / "cut.wav"
    cut.write_bytes(pathlib.Path(recordings[0]).read_bytes()[:-100])
    found_by_header = ["missing", "directory", "text", "no bytes", "no samples"]
    bad = [bad_recordings[what] for what in found_by_header] + [str(cut)]
    info = inspect_corpus([bad[0], *recordings, *bad[1:]])
    assert info.unreadable["file"].tolist() == bad
    reasons = dict(zip([*found_by_header, "cut"], info.unreadable["reason"], strict=True))
    assert reasons["missing"].startswith("there is no such file")
    assert reasons["directory"].startswith("is a directory")
    assert reasons["text"].startswith("cannot be decoded")
    assert reasons["no samples"].startswith("holds no samples")
    assert reasons["cut"].startswith("is truncated, 100 bytes")
    assert info.n_recordings == 10 and sum(info.sample_rates.values()) == 4 and info.durations["total"] == 7.5
    assert "unreadable   6\n" in str(info) and f"{bad[0]}: there is no such file" in str(info)


def test_file_like_objects(recordings):
    with open(recordings[0], "rb") as file:
        objects = [io.BytesIO(file.read()), file, io.BytesIO(b"nothing"), recordings[1]]
        info = inspect_corpus(objects)
    expected = inspect_corpus([recordings[0], recordings[0], recordings[1]])
    assert info.durations["total"] == expected.durations["total"]
    assert info.unreadable["file"].tolist() == ["<BytesIO>"]
    assert info.n_files == 4


def test_segments_that_end_a_little_late(make_recording):
    path = make_recording("a.wav", 1)
    info = inspect_corpus(pd.DataFrame({"file": path, "start": 0.5, "end": [1.0, 1.05, 1.2]}))
    assert info.durations["max"] == info.durations["min"] == 0.5
    assert info.unreadable["reason"].str.contains("from 0.5 s to 1.2 s is").tolist() == [True]


def test_length_of_mp3_in_wav_is_an_estimate(shared):
    path = str(shared / "cases" / "mp3_in_wav.wav")
    info = inspect_corpus(pd.DataFrame({"file": [path], "start": [3.0], "end": [3.1]}))
    assert len(info.unreadable) == 0


def test_headers_that_lie_are_unreadable(shared):
    info = inspect_corpus([str(shared / "cases" / name) for name in ("rate_989_MHz.wav", "size0.wav", "html.mp3")])
    reasons = info.unreadable["reason"].tolist()
    assert [reason.split(",")[0] for reason in reasons] == [
        "its header announces a sample rate of 989",
        "announces 0 bytes of samples in its header",
        "cannot be decoded: it is a web page (HTML)",
    ]


def test_nothing_readable_is_a_result(bad_recordings):
    info = inspect_corpus([bad_recordings["missing"], bad_recordings["text"]])
    assert info.durations is None and info.sample_rates == {} and len(info.unreadable) == 2
    assert "duration" not in str(info)
    json.dumps(info.to_dict(), allow_nan=False)


@pytest.mark.parametrize("n_jobs", [None, 1, 3, -1])
def test_number_of_threads_changes_nothing(recordings, bad_recordings, n_jobs, monkeypatch):
    monkeypatch.setattr(_inspect, "_MAX_BATCH", 2)
    paths = [*recordings, bad_recordings["text"]] * 3
    assert inspect_corpus(paths, n_jobs=n_jobs).to_dict() == inspect_corpus(paths).to_dict()


def test_bunch_with_labels_folds_partitions_and_groups(recordings):
    folds = np.array([[0, 1], [1, np.nan], [0, 0], [np.nan, np.nan]])
    corpus = Bunch(
        data=np.array(recordings),
        target=np.array([2, 0, 2, -1]),
        target_names=np.array(["Dog", "Cat", "Rain"]),
        cv_folds=folds,
        partition=np.array([0, 2, 2, np.nan]),
        groups=np.array(["x", "x", "y", "z"]),
    )
    info = inspect_corpus(corpus)
    assert list(info.labels.items()) == [("Dog", 1), ("Cat", 0), ("Rain", 2)]
    assert info.n_unlabelled == 1 and info.n_groups == 3
    assert info.folds.to_dict("index") == {
        1: {"training": 2, "validation": 1, "neither": 1},
        2: {"training": 1, "validation": 1, "neither": 2},
    }
    assert info.partitions == {"train": 1, "devel": 0, "test": 2, "none": 1}


def test_folds_of_any_splitter_of_scikit_learn(recordings):
    corpus = Bunch(data=recordings, target=[0, 0, 1, 1], target_names=["a", "b"], cv=StratifiedKFold(2))
    assert inspect_corpus(corpus).folds.to_numpy().tolist() == [[2, 2, 0], [2, 2, 0]]


def test_continuous_targets(recordings):
    corpus = Bunch(data=recordings, target=np.array([0.5, np.nan, -1, 2]), target_names=None)
    info = inspect_corpus(corpus)
    assert info.targets == {"min": -1, "mean": 0.5, "max": 2} and info.n_unlabelled == 1 and info.labels == {}
    assert "targets      -1 to 2, mean 0.5, 1 unlabelled" in str(info)


def test_segments_are_measured_and_those_outside_listed(recordings):
    table = pd.DataFrame(
        {
            "file": [recordings[2]] * 6,
            "start": [0.5, None, 1, 1.5, 1.0, -1],
            "end": [1.0, None, None, 2.5, 1.0, None],
        }
    )
    info = inspect_corpus(Bunch(data=table))
    assert (info.n_recordings, info.n_files) == (6, 1)
    assert info.durations["total"] == 0.5 + 2 + 1 and info.durations["median"] == 1
    assert info.unreadable["reason"].str.extract(r"from (\S+) s to (\S+)").to_numpy().tolist() == [
        ["1.5", "2.5"],
        ["1", "1"],
        ["-1", "its"],
    ]
    assert info.unreadable["reason"][0].endswith("which is 2 s long")


def test_segments_as_timedeltas_in_an_index(recordings):
    index = pd.MultiIndex.from_arrays(
        [recordings[2:], pd.to_timedelta([0.5, 0], unit="s"), pd.to_timedelta([1.5, None], unit="s")],
        names=["file", "start", "end"],
    )
    info = inspect_corpus(index)
    assert info.durations["min"] == 1.0 and info.durations["max"] == 4.0


def test_folder_is_recognised(make_recording, tmp_path):
    for name in ("dog", "rain"):
        (tmp_path / name).mkdir()
        make_recording(f"{name}/1.wav")
    for source in (tmp_path, str(tmp_path)):
        assert inspect_corpus(source).labels == {"dog": 1, "rain": 1}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("no-such-folder", "no-such-folder"),
        ([], "expected at least one path, got none"),
        (3, "expected a folder, a corpus or a list of paths, got int"),
        ({"a.wav"}, "expected a folder, a corpus or a list of paths, got set"),
        ({"filenames": []}, "got a dict without data"),
        (["a.wav", np.nan], "expected paths, got nan among them"),
        ([np.zeros(3)], r"expected paths, got array\(\[0., 0., 0.\]\)"),
        (pd.DataFrame({"clip": ["a.wav"]}), r"columns \['clip'\]; name that of paths 'file' or 'path'"),
        (
            pd.DataFrame({"path": ["a.wav"], "onset": [0]}),
            r"source has the columns \['onset'\]: segments are",
        ),
        (pd.DataFrame({"path": ["a.wav"], "file": ["b.wav"]}), "'path' and 'file', which differ"),
        (pd.DataFrame({"file": ["a.wav"], "start": ["now"]}), "start and end are seconds or timedeltas"),
        ({"data": ["a.wav"], "target": [1], "target_names": ["a"]}, "got class 1, but target_names has 1 names"),
        ({"data": ["a.wav"], "target": ["a"]}, "target: expected numbers as the loaders give them .*'a'"),
        ({"data": ["a.wav"], "partition": [0, 1]}, r"partition: got shape \(2,\), expected \(n,\) for the n=1"),
        ({"data": ["a.wav"], "cv_folds": [0]}, r"cv_folds: got shape \(1,\), expected \(n, n_folds\)"),
        ({"data": ["a.wav"], "target": [1, 2], "target_names": ["a"]}, r"target: got shape \(2,\), expected \(n,\)"),
    ],
)
def test_what_is_no_corpus_is_refused(source, message):
    with pytest.raises(DataSetError, match=message):
        inspect_corpus(source)


def test_progress_only_if_wanted(recordings, capfd):
    inspect_corpus(recordings)
    assert capfd.readouterr() == ("", "")
    inspect_corpus(recordings, verbose=1)
    assert "Reading headers: 4 files" in capfd.readouterr().err


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
    with pytest.raises(DataSetError, match=r"ds is no data set of audio features: it lacks filename"):
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


@pytest.mark.parametrize("kind", ["corpus", "dataset"])
def test_plain_values_survive_json(recordings, kind):
    ds = example()
    info = inspect_dataset(ds, values=True) if kind == "dataset" else inspect_corpus([*recordings, "no-such.wav"])
    plain = info.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain) == {field.name for field in dataclasses.fields(info)}
    if kind == "dataset":
        assert plain["folds"][1] == {"fold": 2, "training": 2, "validation": 2, "neither": 1}
        assert plain["chunks_per_file"] == {"1": 1, "2": 2}
    else:
        assert plain["unreadable"][0]["file"] == "no-such.wav"


def test_printed_form_is_aligned_and_short(recordings):
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


def test_columns_of_a_table_that_nobody_uses(make_recording, tmp_path):
    make_recording("a.wav", 0.5)
    (tmp_path / "t.csv").write_text("path,label,age,start\na.wav,x,30,0 days 00:00:00.25\n")
    info = inspect_corpus(tmp_path / "t.csv")
    assert str(info).endswith("not used     columns age")
    assert info.to_dict()["unused_columns"] == ["age"]
    assert info.durations["total"] == 0.25


@pytest.mark.parametrize("paths", ["file", "path", "filename"])
def test_tables_of_segments_under_each_name(make_recording, paths):
    table = pd.DataFrame({paths: [make_recording("a.wav", 1.0)] * 2, "start": ["0:00.25", ""], "end": [None, 0.5]})
    for source in (table, pd.MultiIndex.from_frame(table)):
        assert inspect_corpus(source).durations["total"] == 1.25
