"""Annotations over time: files, raters, windows and back, against NumPy."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.ndimage import median_filter
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skaudeep import SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import annotation_windows, combine_raters, join_windows, load_annotations
from skaudeep.evaluation import concordance_correlation_coefficient, make_regressor
from skaudeep.exceptions import AudioError, DataSetError, ParameterError


def make(seconds=10.0, rate=4.0, file="a.wav", seed=0):
    time = np.arange(round(seconds * rate)) / rate
    rng = np.random.default_rng(seed)
    return pd.DataFrame({"file": file, "time": time, "arousal": rng.normal(size=len(time)), "valence": time})


class TestFiles:
    def test_a_folder_with_a_file_for_each_recording(self, tmp_path):
        (tmp_path / "sub").mkdir()
        (tmp_path / "b.csv").write_text("time,one,two\n0,1,2\n0.5,3,4\n")
        (tmp_path / "sub" / "a.b.tsv").write_text("time\tone\ttwo\n0.25\t5\t-6e-1\n")
        (tmp_path / "notes.txt").write_text("nothing")
        table = load_annotations(tmp_path)
        assert table.to_dict("list") == {
            "file": ["b", "b", "sub/a.b"],
            "time": [0.0, 0.5, 0.25],
            "one": [1.0, 3.0, 5.0],
            "two": [2.0, 4.0, -0.6],
        }
        assert list(load_annotations(tmp_path, values=["two"])) == ["file", "time", "two"]

    def test_one_table_with_paths(self, tmp_path):
        path = tmp_path / "all.csv"
        path.write_text("path;t;value\nb.wav;0;1\na.wav;0;2\nb.wav;1;3\n")
        table = load_annotations(path, time="t")
        assert table.to_dict("list") == {
            "file": ["b.wav", "a.wav", "b.wav"],
            "time": [0.0, 0.0, 1.0],
            "value": [1.0, 2.0, 3.0],
        }

    def test_paths_of_the_recordings(self, tmp_path):
        annotations, audio = tmp_path / "said", tmp_path / "heard"
        for folder in (annotations / "sub", audio / "sub"):
            folder.mkdir(parents=True)
        (annotations / "b.csv").write_text("time,value\n0,1\n1,2\n")
        (annotations / "sub" / "a.b.csv").write_text("time,value\n0,3\n")
        for name in ("b.flac", "sub/a.b.wav", "nobody said.wav"):
            (audio / name).touch()
        paths = [str(audio / name) for name in ("b.flac", "b.flac", "sub/a.b.wav")]
        assert load_annotations(annotations, audio=audio)["file"].tolist() == paths
        table = tmp_path / "all.csv"
        table.write_text("path,time,value\nsub/a.b.wav,0,1\nb,0,2\n")
        assert load_annotations(table, audio=audio)["file"].tolist() == [paths[2], paths[0]]
        (audio / "b.wav").touch()
        with pytest.raises(DataSetError, match=r"of the recording b, .* there are b\.flac and b\.wav; leave one out"):
            load_annotations(annotations, audio=audio)
        (audio / "sub" / "a.b.wav").unlink()
        (audio / "b.wav").unlink()
        with pytest.raises(DataSetError, match=r"audio=.*heard.*: of the recording sub/a\.b, .* there is none"):
            load_annotations(annotations, audio=audio)

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("time,value\n0,1\n0,2\n", "line 3: the time 0 of a comes after 0; sort"),
            ("time,value\n1,1\n0.5,2\n", "line 3: the time 0.5 of a comes after 1"),
            ("time,value\n0,1\n1,\n", "line 3, column value: '' is no finite number"),
            ("time,value\n0,1\nnan,2\n", "line 3, column time: 'nan' is no finite number"),
            ("time,value\n0,inf\n", "line 2, column value"),
            ("when,value\n0,1\n", "it lacks time"),
            ("time\n0\n", "no column of numbers beside 'time'"),
            ("time,value\n", "no line below its header"),
            ("time,value,value\n0,1,2\n", "two columns are called 'value'"),
            ("time,value\n0,1,2\n", "line 2 has 3 fields, the header 2"),
            ("", "it is empty"),
        ],
    )
    def test_files_that_are_wrong(self, tmp_path, text, message):
        (tmp_path / "a.csv").write_text(text)
        with pytest.raises(DataSetError, match=message):
            load_annotations(tmp_path, separator=",")

    def test_folders_and_tables_that_are_wrong(self, tmp_path):
        with pytest.raises(DataSetError, match=r"has no annotations: expected a \.csv or \.tsv"):
            load_annotations(tmp_path)
        (tmp_path / "all.tab").write_text("path\ttime\tone\na\t0\t1\n\t0\t1\n")
        with pytest.raises(DataSetError, match="line 3: the field path is empty; name the recording"):
            load_annotations(tmp_path / "all.tab")
        with pytest.raises(DataSetError, match=r"nothing\.csv"):
            load_annotations(tmp_path / "nothing.csv")
        (tmp_path / "a.csv").write_text("time,one\n0,1\n")
        with pytest.raises(DataSetError, match="has no column .* which says of what recording"):
            load_annotations(tmp_path / "a.csv")
        (tmp_path / "b.csv").write_text("time,two\n0,1\n")
        with pytest.raises(DataSetError, match=r"b\.csv has the columns \['time', 'two'\], but .*a\.csv has"):
            load_annotations(tmp_path)
        (tmp_path / "a.tsv").write_text("time\tone\n0\t1\n")
        with pytest.raises(DataSetError, match="two files of annotations of a"):
            load_annotations(tmp_path)


class TestRaters:
    def test_the_mean_and_weights_by_agreement(self):
        rng = np.random.default_rng(0)
        truth = rng.normal(size=200)
        table = pd.DataFrame({"file": "a", "time": np.arange(200.0)})
        for name, noise in (("good", 0.1), ("fair", 1.0), ("random", 100.0)):
            table[name] = truth + noise * rng.normal(size=200)
        table["contrary"] = -truth
        raters = ["good", "fair", "random", "contrary"]
        numbers = table[raters].to_numpy()
        np.testing.assert_allclose(combine_raters(table, raters)["value"], numbers.mean(axis=1))
        weights = []
        for i in range(4):
            others = np.mean([numbers[:, k] for k in range(4) if k != i], axis=0)
            weights.append(max(0, np.corrcoef(numbers[:, i], others)[0, 1]))
        combined = combine_raters(table, raters, method="weighted", name="arousal")
        assert list(combined) == ["file", "time", "arousal"] and weights[3] == 0
        np.testing.assert_allclose(combined["arousal"], numbers @ weights / np.sum(weights))

    def test_refusals(self):
        table = make()
        with pytest.raises(ParameterError, match="raters='bob': there is no such column"):
            combine_raters(table, ["arousal", "bob"])
        with pytest.raises(ParameterError, match="give two columns or more"):
            combine_raters(table, ["arousal"])
        with pytest.raises(ParameterError, match="two columns or more, each once"):
            combine_raters(table, ["arousal", "arousal"])
        with pytest.raises(DataSetError, match="row 3 of arousal is nan, which is no finite number"):
            combine_raters(table.assign(arousal=table["arousal"].where(table.index != 3)), ["arousal", "valence"])
        constant = table.assign(arousal=1.0, valence=2.0)
        assert combine_raters(constant, ["arousal", "valence"])["value"].eq(1.5).all()
        with pytest.raises(ParameterError, match="no rater agrees with the others"):
            combine_raters(constant, ["arousal", "valence"], method="weighted")
        table["contrary"] = -table["valence"]
        with pytest.raises(ParameterError, match="no rater agrees with the others"):
            combine_raters(table, ["valence", "contrary"], method="weighted")


class TestWindows:
    @pytest.mark.parametrize(
        ("statistic", "function"), [("mean", np.mean), ("median", np.median), ("last", lambda v: v[-1])]
    )
    @pytest.mark.parametrize("delay", [0.0, 0.6])
    def test_numbers_are_of_what_was_annotated_within_after_the_delay(self, statistic, function, delay):
        table = pd.concat([make(), make(7.0, 3.0, "b.wav", seed=1)])
        windows = annotation_windows(table, width=2.0, hop=0.5, delay=delay, statistic=statistic)
        for file, own in table.groupby("file"):
            time = own["time"].to_numpy() - delay
            rows = windows[windows["file"] == file]
            end = time[-1] + time[1] - time[0]
            assert rows["start"].tolist() == [s for s in np.arange(0, 20) / 2 if s >= time[0] and s + 2 <= end + 1e-9]
            for row in rows.itertuples():
                inside = (time >= row.start) & (time < row.start + 2)
                assert row.end == row.start + 2
                np.testing.assert_allclose(row.arousal, function(own["arousal"].to_numpy()[inside]))
                np.testing.assert_allclose(row.valence, function(own["valence"].to_numpy()[inside]))

    def test_gaps_and_irregular_times(self):
        table = pd.DataFrame({"file": "a", "time": [0.0, 0.1, 0.5, 1.2, 1.3, 5.0, 5.2], "value": np.arange(7.0)})
        windows = annotation_windows(table, width=1.0)
        assert windows["start"].tolist() == [0.0, 1.0]
        assert windows["value"].tolist() == [1.0, 3.5]
        assert annotation_windows(table, width=1.0, min_annotations=3)["start"].tolist() == [0.0]

    def test_a_part_of_a_recording_is_annotated(self, make_recording):
        """Windows are of that part; where the annotation goes on after the recording, its error says so."""
        path = make_recording("a.wav", samples=np.random.default_rng(0).uniform(-0.1, 0.1, (4 * 8000, 1)))
        transformer = SpectrogramTransformer(n_mels=8)
        part = make(2.0, file=path)
        part["time"] += 1.0
        windows = annotation_windows(part, width=1.0)
        assert windows["start"].tolist() == [1.0, 2.0]
        assert len(transformer.fit_transform(windows[["file", "start", "end"]])) == 2
        part["time"] += 2.0
        windows = annotation_windows(part, width=1.0)
        assert windows["start"].tolist() == [3.0, 4.0]
        with pytest.raises(AudioError, match=r"segment from 4 s to 5 s is empty or not inside the recording, .* 4 s"):
            transformer.fit_transform(windows[["file", "start", "end"]])

    def test_annotations_before_the_recording_and_before_the_delay(self):
        table = make(4.0)
        table["time"] -= 1.0
        assert annotation_windows(table, width=1.0)["start"].tolist() == [0.0, 1.0, 2.0]
        table["time"] -= 5.0
        with pytest.raises(DataSetError, match=r"from -6 to -2\.25 s, fills no window of 1 s"):
            annotation_windows(table, width=1.0)
        with pytest.raises(DataSetError, match=r"no window of 1 s with delay=9; give a smaller width or delay"):
            annotation_windows(make(4.0), width=1.0, delay=9)

    def test_constant_targets_stay_what_they_are(self):
        windows = annotation_windows(make().assign(arousal=0.3), width=1.0)
        np.testing.assert_allclose(windows["arousal"], 0.3)
        assert join_windows(windows, windows["arousal"], median=3.0)["value"].round(9).eq(0.3).all()

    def test_annotations_that_begin_late(self):
        table = make(4.0)
        table["time"] += 1.7
        assert annotation_windows(table, width=1.0)["start"].tolist() == [2.0, 3.0, 4.0]

    def test_refusals(self):
        with pytest.raises(DataSetError, match=r"a\.wav: its annotation, from 0 to 1\.75 s, fills no window of 3 s"):
            annotation_windows(make(2.0), width=3.0)
        with pytest.raises(ParameterError, match="'time': there is no such column"):
            annotation_windows(make().drop(columns="time"), width=1.0)
        with pytest.raises(DataSetError, match="a column of numbers"):
            annotation_windows(make()[["file", "time"]], width=1.0)
        with pytest.raises(DataSetError, match=r"times of a\.wav are not in order"):
            annotation_windows(make()[::-1], width=1.0)
        missing = make()
        missing.loc[3, "arousal"] = np.nan
        with pytest.raises(DataSetError, match="row 3 of arousal is nan, which is no finite number"):
            annotation_windows(missing, width=1.0)
        with pytest.raises(DataSetError, match="row 0 of note is 'loud', which is no finite number; .* columns"):
            annotation_windows(make().assign(note="loud"), width=1.0)
        with pytest.raises(DataSetError, match="annotations: row 2 has no file"):
            annotation_windows(make().assign(file=["a.wav", "a.wav", None] + ["a.wav"] * 37), width=1.0)
        with pytest.raises(DataSetError, match=r"time is timedelta64.*; give seconds"):
            annotation_windows(make().assign(time=pd.to_timedelta(make()["time"], unit="s")), width=1.0)
        twice = make().rename(columns={"valence": "arousal"})
        with pytest.raises(ParameterError, match="annotations='arousal': there are several columns of this name"):
            annotation_windows(twice, width=1.0)
        repeated = pd.concat([make(), make()]).sort_values("time")
        with pytest.raises(DataSetError, match=r"times of a\.wav are not in order, or there twice"):
            annotation_windows(repeated, width=1.0)
        with pytest.raises(DataSetError, match="a row or more"):
            annotation_windows(make()[:0], width=1.0)
        with pytest.raises(ValueError, match="hop"):
            annotation_windows(make(), width=1.0, hop=0)


def wander(rng, n, rate):
    """Give a curve between -1 and 1 that changes over seconds."""
    slow = rng.normal(size=n // rate + 4)
    return np.tanh(np.interp(np.arange(n) / rate, np.arange(len(slow)), slow))


def test_the_delay_with_the_best_predictions_is_the_one_put_in(make_recording):
    """From annotations that lag to a series of predictions: each recording from what the others tell."""
    rng, rate, lag = np.random.default_rng(0), 100, 1.0
    tables = []
    for number in range(4):
        level = wander(rng, 20 * rate, rate)
        high, seconds = np.repeat((level + 1) / 2, 80), np.arange(20 * 8000) / 8000
        tones = (1 - high) * np.sin(2 * np.pi * 500 * seconds) + high * np.sin(2 * np.pi * 2000 * seconds)
        samples = 0.3 * tones + 0.01 * rng.uniform(-1, 1, len(tones))
        path = make_recording(f"{number}.wav", samples=samples[:, None])
        time = np.arange(0, 20, 0.1)
        heard = np.interp(time - lag, np.arange(len(level)) / rate, level) + 0.05 * rng.normal(size=len(time))
        tables.append(pd.DataFrame({"file": path, "time": time, "brightness": heard}))
    annotations = pd.concat(tables, ignore_index=True)
    regressor = make_pipeline(
        SpectrogramTransformer(n_mels=8, window_width=0.04, window_overlap=0.02, clip_below=-40),
        StatisticsPooling(),
        make_regressor("ridge", alpha=10.0),
    )
    found = {}
    for delay in (0.0, 0.5, 1.0, 1.5, 2.0):
        windows = annotation_windows(annotations, width=1.0, hop=0.5, delay=delay)
        segments, groups = windows[["file", "start", "end"]], windows["file"]
        predicted = cross_val_predict(regressor, segments, windows["brightness"], groups=groups, cv=GroupKFold(4))
        found[delay] = concordance_correlation_coefficient(windows["brightness"], predicted)
    assert max(found, key=found.get) == lag
    assert found[lag] > 0.9 > found[0.0]
    series = join_windows(segments, predicted)
    assert series.groupby("file").size().tolist() == [series["file"].eq(path).sum() for path in pd.unique(groups)]


class TestBack:
    @given(st.integers(1, 4), st.integers(1, 30), st.integers(1, 3))
    def test_overlaps_are_averaged(self, n_hops, n_windows, n_targets):
        hop = 0.1
        start = np.arange(n_windows) * hop
        windows = pd.DataFrame({"file": "a", "start": start, "end": start + n_hops * hop})
        values = np.random.default_rng(n_windows).normal(size=(n_windows, n_targets))
        series = join_windows(windows, values, step=hop)
        expected = []
        for cell in range(n_windows + n_hops - 1):
            expected.append(values[max(0, cell - n_hops + 1) : cell + 1].mean(axis=0))
        np.testing.assert_allclose(series[[f"value_{i}" for i in range(n_targets)]], expected)
        np.testing.assert_allclose(series["time"], np.arange(len(expected)) * hop)

    @given(st.integers(0, 50), st.sampled_from([0.25, 0.3, 1.0]))
    def test_windows_of_one_annotation_each_come_back(self, seed, step):
        rng = np.random.default_rng(seed)
        tables = []
        for file in ("b", "a"):
            n = rng.integers(2, 20)
            tables.append(pd.DataFrame({"file": file, "time": np.arange(n) * step, "value": rng.normal(size=n)}))
        table = pd.concat(tables, ignore_index=True)
        windows = annotation_windows(table, width=step)
        back = join_windows(windows, windows["value"])
        assert back["file"].tolist() == table["file"].tolist()
        np.testing.assert_allclose(back[["time", "value"]], table[["time", "value"]])

    @given(st.integers(0, 50), st.sampled_from([1, 3, 5, 9]))
    def test_the_median_filter_is_that_of_scipy(self, seed, n_steps):
        """Within; at the ends it takes what there is."""
        n, step, half = 20, 0.5, n_steps // 2
        values = np.random.default_rng(seed).normal(size=(n, 2))
        start = np.arange(n) * step
        windows = pd.DataFrame({"file": "a", "start": start, "end": start + step})
        found = join_windows(windows, values, median=(n_steps - 1) * step)[["value_0", "value_1"]].to_numpy()
        expected = median_filter(values, size=(n_steps, 1))
        np.testing.assert_allclose(found[half : n - half], expected[half : n - half])
        np.testing.assert_allclose(found[0], np.median(values[: half + 1], axis=0))

    def test_the_median_filter_keeps_to_recordings_and_times(self):
        start = [0.0, 1.0, 2.0, 9.0, 0.0, 1.0]
        windows = pd.DataFrame({"file": list("aaaabb"), "start": start, "end": np.array(start) + 1})
        smooth = join_windows(windows, [1.0, 2.0, 9.0, 50.0, 7.0, 8.0], step=1.0, median=2.0)
        assert smooth["value"].tolist() == [1.5, 2.0, 5.5, 50.0, 7.5, 7.5]
        with pytest.raises(ValueError, match="median"):
            join_windows(windows, np.zeros(6), median=-1.0)

    def test_gaps_stay(self):
        windows = pd.DataFrame({"file": ["a", "a", "b"], "start": [0.0, 5.0, 1.0], "end": [1.0, 6.0, 2.0]})
        series = join_windows(windows, [1.0, 2.0, 3.0], step=1.0)
        assert series.to_dict("list") == {"file": ["a", "a", "b"], "time": [0.0, 5.0, 1.0], "value": [1.0, 2.0, 3.0]}

    def test_refusals(self):
        windows = annotation_windows(make(), width=1.0)
        with pytest.raises(ParameterError, match=r"values=\(3,\): that is its shape, and there are 10 windows"):
            join_windows(windows, [1.0, 2.0, 3.0])
        with pytest.raises(ParameterError, match="not finite"):
            join_windows(windows, [np.nan] * 10)
        with pytest.raises(ParameterError, match="'end': there is no such column"):
            join_windows(windows.drop(columns="end"), [1.0] * 10)
        with pytest.raises(DataSetError, match="windows: there is none"):
            join_windows(windows[:0], [])
        with pytest.raises(DataSetError, match=r"the one from 3 to 3 s of a\.wav does not end after its start"):
            join_windows(windows.assign(end=windows["end"].where(windows.index != 3, 3.0)), [1.0] * 10)
        with pytest.raises(DataSetError, match="row 2 of start is nan"):
            join_windows(windows.assign(start=windows["start"].where(windows.index != 2)), [1.0] * 10)
        with pytest.raises(DataSetError, match="windows: row 1 has no file"):
            join_windows(windows.assign(file=windows["file"].where(windows.index != 1)), [1.0] * 10)


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("file,t,time,a\nx,0,5,1\nx,1,6,2\n", {"time": "t"}),
        ("file,time,a\nx,0,5\n", {"values": ["time"]}),
        ("path,file,time,a\nx,1,0,5\n", {"values": ["file"]}),
    ],
)
def test_columns_that_would_replace_others_are_refused(tmp_path, text, options):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataSetError, match="cannot be one of numbers"):
        load_annotations(tmp_path / "x.csv", **options)


def test_names_that_columns_have_are_refused():
    table = pd.DataFrame({"file": "a", "time": np.arange(10.0), "v": 1.0, "w": np.arange(10.0), "start": 0.0})
    for name in ("time", "file", "start"):
        with pytest.raises(ParameterError, match=f"name='{name}': there is such a column"):
            combine_raters(table, ["v", "w"], name=name)
    for rater in ("time", "file"):
        with pytest.raises(ParameterError, match=f"raters='{rater}'"):
            combine_raters(table, ["v", rater])
    assert combine_raters(table, ["v", "w"], name="v")["v"].tolist() == [(1 + i) / 2 for i in range(10)]
    with pytest.raises(ParameterError, match="annotations='start': so is a column of windows called"):
        annotation_windows(table, width=2)


def test_hidden_files_are_no_annotations(tmp_path):
    (tmp_path / "a.csv").write_text("time,x\n0,1\n")
    (tmp_path / "._a.csv").write_bytes(b"\0\5")
    assert load_annotations(tmp_path)["file"].tolist() == ["a"]


def test_starts_that_differ_by_rounding_are_one():
    windows = pd.DataFrame({"file": "a", "start": [0.1 * 3, 0.3, 0.6], "end": [1.3, 1.3, 1.6]})
    assert join_windows(windows, [1.0, 3.0, 2.0])["time"].iloc[:3].round(9).tolist() == [0.3, 0.6, 0.9]


@pytest.mark.parametrize("delay", [np.nan, np.inf])
def test_a_delay_is_a_finite_number(delay):
    table = pd.DataFrame({"file": "a", "time": np.arange(10.0), "v": 1.0})
    with pytest.raises(ValueError, match="delay"):
        annotation_windows(table, width=2, delay=delay)
