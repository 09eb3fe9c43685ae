"""Every accepted form of X gives the same sources, every other one a clear error."""

import datetime
import io
import pathlib

import numpy as np
import pandas as pd
import pytest

from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import SpectrogramTransformer
from skaudeep.spectrogram.inputs import FileSource, WaveformSource, as_sources

PATHS = ["a.wav", "b.wav"]
SEGMENTS = pd.DataFrame({"file": PATHS, "start": [0.5, None], "end": [None, 2.0]})
TIMES = pd.DataFrame(
    {"file": PATHS, "start": pd.to_timedelta([0.5, None], "s"), "end": pd.to_timedelta([None, 2], "s")}
)


@pytest.fixture
def estimator():
    return SpectrogramTransformer(sample_rate=8000)


@pytest.mark.parametrize(
    "X",
    [
        PATHS,
        tuple(PATHS),
        [pathlib.Path(path) for path in PATHS],
        np.array(PATHS),
        np.array(PATHS, dtype=object),
        np.array(PATHS, dtype=np.dtypes.StringDType()),
        pd.Series(PATHS, index=[7, 3]),
        pd.Index(PATHS),
        pd.DataFrame({"file": PATHS}),
        pd.DataFrame({"path": PATHS}),
        pd.DataFrame({"filename": PATHS, "label": ["dog", "cat"]}),
        pd.DataFrame({"file_name": [pathlib.Path(path) for path in PATHS]}),
        pd.DataFrame({"path": PATHS, "file": PATHS, "filename": "x.wav"}),
        pd.Series([pathlib.Path(path) for path in PATHS]),
        np.array([pathlib.Path(path) for path in PATHS]),
    ],
    ids=lambda X: type(X).__name__,
)
def test_paths(estimator, X):
    assert as_sources(estimator, X, reset=True) == [FileSource("a.wav"), FileSource("b.wav")]


@pytest.mark.parametrize(
    "X",
    [
        SEGMENTS,
        TIMES,
        SEGMENTS.astype(object),
        pd.MultiIndex.from_frame(TIMES),
        pd.DataFrame({"label": ["dog", "cat"]}, index=pd.MultiIndex.from_frame(TIMES)),
        pd.Series([0, 1], index=pd.MultiIndex.from_frame(SEGMENTS)),
        SEGMENTS.rename(columns={"file": "path"}),
        pd.MultiIndex.from_frame(TIMES.rename(columns={"file": "path"})),
        pd.DataFrame({"path": ["x", "y"]}, index=pd.MultiIndex.from_frame(TIMES)),
        SEGMENTS.assign(start=["0 days 00:00:00.50", "NaT"], end=["", "0:02"]),
        SEGMENTS.assign(start=[np.timedelta64(500, "ms"), None], end=[np.inf, datetime.timedelta(seconds=2)]),
    ],
    ids=[
        *("seconds", "timedeltas", "objects", "MultiIndex", "indexed DataFrame", "indexed Series"),
        *("path", "MultiIndex of path", "indexed by file", "text", "timedeltas of NumPy and Python"),
    ],
)
def test_segments(estimator, X):
    expected = [FileSource("a.wav", 0.5, None), FileSource("b.wav", None, 2.0)]
    assert as_sources(estimator, X, reset=True) == expected


def test_file_like_objects(estimator, make_recording):
    path = make_recording("a.wav", 1)
    with open(path, "rb") as file:
        held = io.BytesIO(file.read())
        for X in ([path, held, file], pd.Series([path, held, file]), pd.DataFrame({"file": [path, held, file]})):
            sources = as_sources(estimator, X, reset=True)
            assert [source.label for source in sources] == [path, "<BytesIO> (row 1)", f"{path} (row 2)"]
            for source in sources:
                assert source.sample_rate() == 8000
                np.testing.assert_array_equal(source.read()[0], sources[0].read()[0])
    table = pd.DataFrame({"file": [held, held], "start": [0.5, 0], "end": [1.0, 0.5]})
    transformer = SpectrogramTransformer(n_mels=8)
    expected = transformer.fit_transform(table.assign(file=path))
    for X in (table, pd.MultiIndex.from_frame(table)):
        np.testing.assert_array_equal(transformer.fit_transform(X), expected)


def test_errors_of_file_like_objects(make_recording):
    with open(make_recording("a.wav", 1), "rb") as file:
        good = io.BytesIO(file.read())
    transformer = SpectrogramTransformer(n_mels=8, on_error="skip").fit([good])
    transformer.transform([good, io.BytesIO(b"no sound"), good])
    assert transformer.errors_[["row", "file"]].to_numpy().tolist() == [[1, "<BytesIO> (row 1)"]]
    with pytest.raises(ValueError, match=r"X must be a list of recordings, got a single one, <BytesIO>; pass \[X\]"):
        transformer.transform(good)
    with pytest.raises(AudioError, match=r"<StringIO> \(row 0\): cannot be read .* give a binary file"):
        SpectrogramTransformer().fit([io.StringIO("text")])


def test_names():
    assert FileSource("a.wav").name == "a.wav"
    assert FileSource("a.wav", 0.5).name == "a.wav (0.5 s to its end)"
    assert FileSource("a.wav", None, 1.5).name == "a.wav (0 s to 1.5 s)"


def test_array_of_waveforms(estimator, rng):
    X = rng.standard_normal((3, 10))
    sources = as_sources(estimator, X, reset=True)
    assert [source.name for source in sources] == ["waveform 0", "waveform 1", "waveform 2"]
    np.testing.assert_array_equal([source.read()[0] for source in sources], X[:, None].astype(np.float32))
    assert estimator.n_features_in_ == 10


def test_array_of_waveforms_with_channels(estimator, rng):
    X = rng.standard_normal((3, 2, 10)).astype(np.float32)
    sources = as_sources(estimator, X, reset=True)
    np.testing.assert_array_equal([source.read()[0] for source in sources], X)
    assert estimator.n_features_in_ == 10
    with pytest.raises(ValueError, match="X has 9 features, but SpectrogramTransformer is expecting 10"):
        as_sources(estimator, X[..., :9], reset=False)


def test_list_of_waveforms(estimator):
    sources = as_sources(estimator, [np.zeros(5), np.zeros((2, 7)), np.zeros(3, np.int16)], reset=True)
    assert [source.read()[0].shape for source in sources] == [(1, 5), (2, 7), (1, 3)]
    assert not hasattr(estimator, "n_features_in_")


@pytest.mark.parametrize("dtype", [float, object])
def test_table_of_waveforms(estimator, rng, dtype):
    X = pd.DataFrame(rng.standard_normal((2, 4)), columns=list("abcd")).astype(dtype)
    assert as_sources(estimator, X, reset=True)[1].read()[0].shape == (1, 4)
    assert list(estimator.feature_names_in_) == list("abcd")


@pytest.mark.parametrize("X", [np.zeros((2, 10)), np.zeros((2, 1, 10)), [np.zeros(5), np.zeros(7)]])
def test_waveforms_need_a_sample_rate(X):
    with pytest.raises(ValueError, match="sample_rate=None: waveforms do not tell their sample rate; give it, in Hz"):
        as_sources(SpectrogramTransformer(), X, reset=True)


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ("a.wav", r"list of paths, got the single path 'a\.wav'; pass \['a\.wav'\]"),
        (pathlib.Path("a.wav"), "got the single path"),
        ((path for path in PATHS), "must be a list, an array or a table, got <generator"),
        ({"a.wav"}, "got {'a.wav'}; pass list"),
        (np.array([["a.wav"]]), r"an array of text of shape \(1, 1\); pass X.ravel"),
        ([], "X is empty; pass at least one"),
        (np.array([], dtype=str), "X is empty"),
        (SEGMENTS[:0], "X is empty"),
        (["a.wav", None], r"X\[1\] is None, neither a path nor a waveform"),
        ([np.zeros(3), np.zeros((1, 2, 3))], r"(?s)X\[1\] is array.*, neither a path nor a waveform"),
        (pd.DataFrame({"clip": PATHS}), r"has the columns \['clip'\]; name that of the paths 'file' or 'path'"),
        (pd.DataFrame({"path": PATHS, "file": PATHS[::-1]}), "has the columns 'path' and 'file', which differ; drop"),
        (
            pd.DataFrame({"path": PATHS, "start_time": 0.0}),
            r"has the columns \['start_time'\]: segments are",
        ),
        (pd.DataFrame({"path": PATHS, "start": 0.0, "length": 1.0}), r"has the columns \['length'\]: segments are"),
        (pd.DataFrame({"path": PATHS, "duration": 1.0}), r"has the columns \['duration'\]: segments are taken from"),
        (SEGMENTS.assign(start=[np.inf, 0]), "start of row 0 is inf; give seconds"),
        (SEGMENTS.assign(start="2024-01-01"), "start of row 0 is '2024-01-01'; give seconds"),
        (SEGMENTS.assign(file=["a.wav", None]), "row 1 of X has .* for a file; give a path"),
        (SEGMENTS.assign(end=["1", "late"]), "end of row 1 is 'late'; give seconds"),
        (
            SEGMENTS.rename(columns={"start": "Start"}),
            r"has the columns \['Start'\]: .* 'start' and 'end'.*rename them",
        ),
        (pd.DataFrame({"file": PATHS, "onset": 0.0, "offset": 1.0}), r"has the columns \['onset', 'offset'\]"),
        (np.str_("a.wav"), r"the single path 'a\.wav'"),
        (np.zeros(10), r"got 1D array instead; a single waveform x is passed as \[x\]"),
        (np.array([[0, np.nan]]), "Input X contains NaN"),
    ],
)
def test_mistakes(estimator, X, message):
    with pytest.raises(ValueError, match=message):
        as_sources(estimator, X, reset=True)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        ([[0.0, np.inf]], "waveform 3: .* not finite; repair it"),
        (np.zeros((1, 0)), "waveform 3: holds no samples"),
    ],
)
def test_bad_waveform(samples, message):
    with pytest.raises(AudioError, match=message):
        WaveformSource("waveform 3", np.array(samples)).read()


NOT_CHANNELS_FIRST = [
    ([np.zeros(50), np.zeros((50, 2))], r"^X\[1\] has the shape \(50, 2\): .*50 channels of 2 samples.*pass x\.T$"),
    ([np.zeros((50, 1))], r"X\[0\] has the shape \(50, 1\).*pass x\.T"),
    (pd.Series([np.zeros((3, 2))], index=["dog"]), r"X\[0\] has the shape \(3, 2\).*pass x\.T"),
    ([np.zeros((65, 9000))], r"X\[0\] .* 65 channels of 9000 samples each, and at most 64 are taken.*pass x\.T"),
    (np.zeros((3, 50, 2)), r"^X has the shape \(3, 50, 2\).*50 channels of 2 samples.*pass X\.transpose\(0, 2, 1\)$"),
    (np.zeros((3, 65, 70)), r"at most 64 are taken.*pass X\.transpose\(0, 2, 1\)"),
    (np.zeros((800, 2)), r"X has the shape \(800, 2\): .*800 waveforms of 2 samples.* is passed as \[X\.T\]"),
    (pd.DataFrame(np.zeros((800, 2))), r"is passed as \[X\.T\]"),
]


@pytest.mark.parametrize(("X", "message"), NOT_CHANNELS_FIRST)
@pytest.mark.parametrize("on_error", ["raise", "skip"])
def test_channels_last(estimator, X, message, on_error):
    estimator.set_params(on_error=on_error, fixed_length=1, n_mels=20)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)
    with pytest.raises(ValueError, match=message):
        estimator.fit([np.ones(800)]).transform(X)


@pytest.mark.parametrize(
    "X",
    [
        np.zeros((3, 2, 2)),
        np.zeros((1, 64, 64)),
        [np.zeros((64, 100)), np.zeros(1)],
        np.zeros((800, 640)),
        np.zeros((639, 2)),
    ],
)
def test_few_samples_and_many_channels(estimator, X):
    assert len(as_sources(estimator, X, reset=True)) == len(X)
