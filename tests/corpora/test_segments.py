"""Recordings of a corpus cut into the windows of a table."""

import numpy as np
import pandas as pd
import pytest

from skaudeep.corpora import make_bunch
from skaudeep.corpora._segments import segment_corpus
from skaudeep.datasets import annotation_windows, make_sound_scenes
from skaudeep.exceptions import DataSetError, ParameterError
from skaudeep.spectrogram import SpectrogramTransformer


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    return make_sound_scenes(
        *[tmp_path_factory.mktemp("scenes")],
        **{"n_speakers": 2, "n_per_speaker": 2, "n_folds": 2, "sample_rate": 8000, "annotation_rate": 2.0},
        **{"min_seconds": 6.0, "max_seconds": 8.0, "random_state": 0},
    )


@pytest.fixture(scope="module")
def windows(scenes):
    return annotation_windows(scenes.truth, width=2.0, hop=1.0)


def test_each_window_has_what_is_known_of_its_recording(scenes, windows):
    segments = segment_corpus(scenes, windows)
    assert len(segments.filenames) == len(windows)
    recording = {path: row for row, path in enumerate(scenes.data)}
    rows = np.array([recording[file] for file in windows["file"]])
    np.testing.assert_array_equal(segments.cv_folds, scenes.cv_folds[rows])
    assert segments.groups.tolist() == scenes.groups[rows].tolist()
    pd.testing.assert_frame_equal(segments.data, windows[["file", "start", "end"]])
    pd.testing.assert_frame_equal(segments.targets, windows[["loudness", "pitch", "rate"]])
    assert segments.filenames[1] == f"{scenes.filenames[rows[1]]}#t=1,3" and segments.notes == ()
    for train, test in segments.cv.split():
        assert not set(segments.groups[train]) & set(segments.groups[test])
    shape = SpectrogramTransformer(n_mels=8).fit_transform(segments.data.iloc[:2]).shape
    assert shape[0] == 2


def test_recordings_are_found_by_path_or_name(scenes, windows):
    expected = segment_corpus(scenes, windows)
    names = dict(zip(scenes.data, scenes.filenames, strict=True))
    for shorten in (names.get, lambda path: names[path].removesuffix(".wav")):
        renamed = windows.assign(file=windows["file"].map(shorten))
        assert segment_corpus(scenes, renamed).filenames.tolist() == expected.filenames.tolist()


def test_what_has_no_window_or_no_sound_is_left_out_and_counted(scenes):
    path = scenes.data[1]
    table = pd.DataFrame({"file": path, "start": [0.0, 100.0], "end": [2.0, 102.0], "x": [0.5, 1.5]})
    segments = segment_corpus(scenes, table)
    assert segments.data["start"].tolist() == [0.0] and segments.target.tolist() == [0.5] and segments.targets is None
    assert segments.notes == (
        "without 3 recordings that have no window",
        "without 1 windows that end after their recording",
    )
    assert "without 3 recordings that have no window" in segments.DESCR
    with pytest.raises(DataSetError, match="all 1 windows end after their recordings"):
        segment_corpus(scenes, table[1:])


def test_a_recording_is_its_own_group_where_there_are_none(scenes, windows):
    alone = make_bunch(scenes.data, scenes.filenames)
    segments = segment_corpus(alone, windows)
    assert set(segments.groups) == set(scenes.filenames) and segments.cv_folds is None


def test_what_does_not_fit_is_refused(scenes, windows, tmp_path):
    with pytest.raises(ParameterError, match="windows='end': there is no such column"):
        segment_corpus(scenes, windows.drop(columns="end"))
    with pytest.raises(DataSetError, match="windows: nobody.wav is not in the corpus; recordings are called such as"):
        segment_corpus(scenes, windows.assign(file="nobody.wav"))
    with pytest.raises(ParameterError, match="only whole recordings can be cut"):
        segment_corpus(segment_corpus(scenes, windows), windows)
    twins = make_bunch([scenes.data[0], scenes.data[1]], ["a.wav", "a.flac"])
    with pytest.raises(DataSetError, match="a may be each of 2 recordings"):
        segment_corpus(twins, windows.assign(file="a"))
    (tmp_path / "broken.wav").write_bytes(b"nothing")
    broken = make_bunch([tmp_path / "broken.wav"], ["broken.wav"])
    with pytest.raises(DataSetError, match="broken.wav"):
        segment_corpus(broken, windows.assign(file="broken"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"start": -1.0}, "a window cannot start before its recording"),
        ({"end": 0.0}, "does not end after"),
        ({"end": np.nan}, "windows"),
        ({"start": pd.Timedelta(0)}, "windows"),
        ({"mood": "good"}, "the column 'mood' has 'good', which is no finite number"),
        ({"mood": np.inf}, "the column 'mood' has inf"),
    ],
)
def test_windows_that_are_none_are_refused(scenes, windows, changes, message):
    with pytest.raises((DataSetError, ParameterError), match=message):
        segment_corpus(scenes, windows.assign(**changes))
    with pytest.raises(DataSetError, match="windows: there is none"):
        segment_corpus(scenes, windows[:0])
