"""Columns that look like others are never left out in silence."""

import warnings

import pandas as pd
import pytest

from skaudeep._columns import ROLES
from skaudeep.corpora._roles import choose_columns
from skaudeep.exceptions import DataSetError


def choose(header, **given):
    frame = pd.DataFrame([["1"] * len(header.split(","))], columns=header.split(","))
    return choose_columns(frame, dict.fromkeys(ROLES) | given, "t.csv", "Expected a table.")


@pytest.mark.parametrize(
    ("header", "given", "expected"),
    [
        ("path,label", {}, {"path": "path", "label": "label"}),
        ("FILE,Label", {}, {"path": "FILE", "label": "Label"}),
        ("path,filename", {}, {"path": "path"}),
        ("path,file", {}, {"path": "path"}),
        ("file_name,note", {}, {"path": "file_name"}),
        ("clip,class", {"path": "clip", "label": "Class "}, {"path": "clip", "label": "class"}),
        ("path,label,class", {}, {"path": "path", "label": "label"}),
        ("path,label,class", {"label": "class"}, {"path": "path", "label": "class"}),
        ("path,class", {"label": False}, {"path": "path"}),
        ("path,start,duration", {}, {"path": "path", "start": "start", "duration": "duration"}),
        ("path,start,end,duration", {}, {"path": "path", "start": "start", "end": "end"}),
        ("path,end,duration", {"end": False, "duration": "duration"}, {"path": "path", "duration": "duration"}),
        ("path,start,end,onset,stop", {}, {"path": "path", "start": "start", "end": "end"}),
        ("path,onset,offset", {"start": "onset", "end": "offset"}, {"path": "path", "start": "onset", "end": "offset"}),
        ("path,onset,offset", {"start": False, "end": False}, {"path": "path"}),
        ("path,audio_length,seconds", {}, {"path": "path"}),
        ("path,duration", {"duration": False}, {"path": "path"}),
        (
            "path,speaker",
            {"label": "speaker", "group": "speaker"},
            {"path": "path", "label": "speaker", "group": "speaker"},
        ),
        ("path,label,split", {"partition": False}, {"path": "path", "label": "label"}),
    ],
)
def test_columns_that_are_clear(header, given, expected):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose(header, **given) == expected


@pytest.mark.parametrize(
    "name", ["class", "Emotion", "scene_label", "species", "speaker", "genre", "category", "primary_label", "Labels"]
)
def test_labels_under_another_name(name):
    with pytest.raises(
        DataSetError, match=f"t.csv has no column label, but '{name}' looks like it; pass label='{name}'"
    ):
        choose(f"path,{name}")


@pytest.mark.parametrize(
    ("header", "meant"),
    [
        ("path,start_time,end_time", "start='start_time', end='end_time'"),
        ("path,onset,offset", "start='onset', end='offset'"),
        ("path,Begin Time (s),End Time (s)", r"start='Begin Time \(s\)', end='End Time \(s\)'"),
        ("path,start,stop", "end='stop' if these are times in seconds, or end=False"),
        ("path,start,length", "duration='length'"),
        ("path,onset,duration", "start='onset' if"),
        ("path,offset,duration", "start='offset' if"),
        ("path,from,to", "start='from', end='to'"),
        ("path,end,onset", "start='onset' if these are times in seconds, or start=False"),
    ],
)
def test_times_under_another_name(header, meant):
    with pytest.raises(DataSetError, match=f"t.csv seems to have times of segments in .*; pass {meant}"):
        choose(header)


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        ("path,label,speaker", "'speaker' may tell groups of recordings that belong together .*; pass group='speaker'"),
        ("path,label,subject_id", "pass group='subject_id' to use it, or group=False"),
        ("path,label,split", "'split' may tell partitions and is not used; pass partition='split'"),
        ("path,label,cv_fold", "'cv_fold' may tell folds and is not used; pass fold='cv_fold'"),
        ("path,label,duration", "duration is not used, as there is no start; pass duration='duration'"),
    ],
)
def test_what_an_evaluation_will_miss_is_a_warning(header, hint):
    with pytest.warns(UserWarning, match=f"^t.csv: .*{hint}"):
        assert choose(header) == {"path": "path", "label": "label"}


@pytest.mark.parametrize(
    ("header", "given", "message"),
    [
        ("clip,label", {}, r"no column path \(or file, or filename\); its header has 'clip', 'label'. .* path='clip'"),
        ("name,label", {}, "Or pass path with the name of its column"),
        (
            "path,label",
            {"group": "speaker"},
            "^group='speaker': t.csv has no such column; its header has 'path', 'label'",
        ),
        (
            "path,end,duration",
            {"duration": "duration"},
            "also has the column end, .*; pass end=False or duration=False",
        ),
        ("path,class,onset", {}, "label='class', or label=False to do without labels. It seems to have times"),
    ],
)
def test_columns_that_are_missing_or_contradict(header, given, message):
    with pytest.raises(DataSetError, match=message):
        choose(header, **given)


def test_two_columns_of_paths_that_differ():
    frame = pd.DataFrame({"path": ["a.wav"], "File": ["b.wav"]})
    with pytest.raises(DataSetError, match="columns path and File, which differ; pass path='path' or path='File'"):
        choose_columns(frame, dict.fromkeys(ROLES), "t.csv", "")
