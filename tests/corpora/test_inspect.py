import dataclasses
import io
import json
import pathlib

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.model_selection import StratifiedKFold
from sklearn.utils import Bunch

from skaudeep.corpora import headers, inspect_corpus, load_esc
from skaudeep.exceptions import DataSetError


@pytest.fixture
def recordings(make_recording):
    """Four files of different kinds."""
    return [
        make_recording("a.wav", 0.5),
        make_recording("b.wav", 1.0, rate=16000, channels=2, subtype="PCM_24"),
        make_recording("c.flac", 2.0),
        make_recording("d.ogg", 4.0),
    ]


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
    monkeypatch.setattr(headers, "_MAX_BATCH", 2)
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


def test_plain_values_survive_json(recordings):
    info = inspect_corpus([*recordings, "no-such.wav"])
    plain = info.to_dict()
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain) == {field.name for field in dataclasses.fields(info)}
    assert plain["unreadable"][0]["file"] == "no-such.wav"
