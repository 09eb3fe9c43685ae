"""Names of columns, and times as text."""

import datetime

import numpy as np
import pandas as pd
import pytest

from skaudeep._columns import ROLES, guess_role, is_plain, segment_table, to_seconds

NAMES = {
    "path": [
        "path",
        "File",
        "file_name",
        "filepath",
        "wav",
        "audio_file",
        "Begin File",
        "slice_file_name",
        "recording",
    ],
    "label": [
        *("label", "labels", "class", "className", "classID", "emotion", "Emotion ", "scene_label", "Scene Label"),
        *("species", "genre", "category", "primary_label", "event_type", "intended_emotion", "speaker_gender"),
    ],
    "start": [
        "start",
        "START",
        "start_time",
        "startTime",
        "starttime",
        "Begin Time (s)",
        "onset",
        "clip_start",
        "tmin",
    ],
    "end": ["end", "end_time", "endTime", "End Time (s)", "offset", "stop", "stop_s", "tmax"],
    "duration": ["duration", "Duration (s)", "audio_duration", "length", "dur"],
    "group": ["group", "speaker", "speaker_id", "speakerID", "speakerid", "subject", "participant", "client_id"],
    "fold": ["fold", "fold_id", "kfold", "cv"],
    "partition": ["partition", "split", "set", "subset", "Test Set"],
    None: [
        "",
        "age",
        "note",
        "start_date",
        "Low Freq (Hz)",
        "end_freq",
        "sample_rate",
        "class_weight",
        "seconds",
        3,
        None,
    ],
}


@pytest.mark.parametrize(("role", "name"), [(role, name) for role, names in NAMES.items() for name in names])
def test_what_a_name_tells(role, name):
    assert guess_role(name) == role


def test_every_role_is_known_by_its_own_name():
    assert [guess_role(role) for role in ROLES] == list(ROLES)


@pytest.mark.parametrize("seconds", [0, 0.25, 1.5, 59.999, 60, 62.5, 3661.125, 90061.5])
def test_times_as_programs_write_them(seconds):
    time = pd.Timedelta(seconds, "s")
    minutes, rest = divmod(seconds, 60)
    iso = time.isoformat()
    texts = [
        str(seconds),
        str(time),
        str(time.to_pytimedelta()),
        iso,
        f"{minutes:.0f}:{rest:06.3f}",
        f" {iso.replace('.', ',')} ",
    ]
    values = [time, time.to_pytimedelta(), time.to_timedelta64(), seconds, np.float32(seconds)]
    assert [to_seconds(each) for each in texts] == [seconds] * len(texts)
    np.testing.assert_allclose([to_seconds(each) for each in values], seconds, rtol=1e-7)


@pytest.mark.parametrize("missing", ["", " ", "NaN", "nat", "NA", "null", "None", None, np.nan, pd.NaT, pd.NA])
def test_missing_times(missing):
    assert np.isnan(to_seconds(missing))


def test_times_before_the_beginning():
    assert to_seconds("-1.5") == -1.5
    assert to_seconds(str(pd.Timedelta(-0.25, "s"))) == to_seconds(datetime.timedelta(seconds=-0.25)) == -0.25


@pytest.mark.parametrize(
    "text",
    [
        "late",
        "1:2:3",
        "0:60",
        "1:60:00",
        "1:5",
        "12:",
        ":30",
        "1_000",
        "0x10",
        "1,5",
        "P",
        "PT",
        "P1Y",
        "P1M",
        "PT1S2M",
        "1 day late",
        "2024-01-01",
    ],
)
def test_what_is_no_time(text):
    with pytest.raises(ValueError, match="is not a time"):
        to_seconds(text)


def test_tables_without_paths():
    assert segment_table(["a.wav"]) is None
    assert segment_table(pd.DataFrame({"clip": ["a.wav"]})) is None
    assert segment_table(pd.Series(["a.wav"], name="path")) is None


def test_only_paths_and_times_are_taken():
    table = pd.DataFrame({"audio_length": [3.0], "end": [1.0], "filename": ["a.wav"], "label": ["x"]}, index=[7])
    assert segment_table(table).to_dict("list") == {"file": ["a.wav"], "end": [1.0]}


@pytest.mark.parametrize("name", ["class", "speaker_id", "Scene Label", "startTime", "Begin Time (s)"])
def test_plain_names(name):
    assert is_plain(name)
    assert not is_plain(f"mean {name}")


@pytest.mark.parametrize("name", ["F0_offset", "y", "MeanVoicedSegmentLengthSec", "mfcc1_class_2", "", "age"])
def test_names_with_more_in_them(name):
    assert not is_plain(name)
