"""The estimator: the original's numbers, every outcome, and its place among scikit-learn's objects."""

import pickle

import numpy as np
import pandas as pd
import pytest
import sklearn
import xarray as xr
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils.estimator_checks import check_estimator

from skaudeep.audio import read_audio
from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import SharedSpectrograms, SpectrogramTransformer

UNREADABLE = ["missing", "directory", "text", "no bytes", "no samples", "not finite", "truncated"]


@pytest.fixture
def transformer():
    return SpectrogramTransformer(n_mels=20)


def mean_over_time(spectrograms):
    return np.array([spectrogram.mean(axis=0) for spectrogram in spectrograms])


def test_golden_file(shared):
    with xr.open_dataset(shared / "reference/datasets/esc20-mel128.nc", engine="netcdf4") as golden:
        files, expected = golden["filename"].values, golden["features"].values
    folder = shared / "data" / "ESC-10"
    paths = [next(folder.glob(f"*/{file}")) for file in files]
    transformer = SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=-60, pre_emphasis=0.95, n_jobs=2)
    spectrograms = transformer.fit_transform(paths)
    assert spectrograms.dtype == np.float32
    np.testing.assert_allclose(spectrograms, expected, rtol=0, atol=1e-5)


@pytest.mark.parametrize("parameters", [{"clip_below": 60}, {"clip_below": 0}, {"clip_above": 3}])
def test_levels_to_clip_at_are_below_the_loudest_bin(make_recording, parameters):
    (name,) = parameters
    with pytest.raises(ValueError, match=name):
        SpectrogramTransformer(**parameters).fit([make_recording()])


def test_waveforms_of_an_array_that_are_not_finite_are_rows_too(rng):
    X = rng.uniform(-1, 1, (3, 8000))
    X[1, 5] = np.nan
    transformer = SpectrogramTransformer(sample_rate=8000, n_mels=20, on_error="skip")
    spectrograms = transformer.fit_transform(X)
    assert np.isnan(spectrograms).all(axis=(1, 2)).tolist() == [False, True, False]
    assert transformer.errors_["row"].tolist() == [1]


def test_a_range_without_bins_is_named(make_recording):
    with pytest.raises(AudioError, match="f_min=101 Hz and f_max=102 Hz have no bin"):
        SpectrogramTransformer(n_mels=None, f_min=101, f_max=102).fit([make_recording()])


def test_parameters_changed_after_fit(make_recording, transformer):
    path = make_recording()
    transformer.fit([path]).set_params(n_mels=25)
    with pytest.raises(AudioError, match="changed since fit; fit again"):
        transformer.transform([path])


def test_infinity_is_the_end_of_a_segment(make_recording, transformer):
    table = pd.DataFrame({"file": [make_recording()], "start": [0.1], "end": [np.inf]})
    whole = transformer.fit_transform(table)
    np.testing.assert_array_equal(whole, transformer.transform(table.assign(end=None)))


def test_definition(make_recording):
    """All steps of the recipe in a few lines of NumPy."""
    path = make_recording(channels=2, seconds=0.5)
    x = read_audio(path)[0].astype(float)
    y = np.pad(x[0] - x[1], (0, 1600))
    y[1:] = y[1:] - 0.9 * y[:-1]
    frames = [y[begin : begin + 640] - y[begin : begin + 640].mean() for begin in range(0, 5600 - 640 + 1, 320)]
    power = abs(np.fft.rfft(frames * np.hanning(641)[:-1])[:, 8:81]) ** 2  # 100 Hz to 1 kHz
    level = (10 * np.log10(np.maximum(power, power[power > 0].min()) / power.max())).clip(-40, -3)
    expected = 2 * (level + 40) / 37 - 1
    transformer = SpectrogramTransformer(
        channels="diff", fixed_length=0.7, pre_emphasis=0.9, n_mels=None, f_min=100, f_max=1000,
        clip_below=-40, clip_above=-3,
    )  # fmt: skip
    np.testing.assert_allclose(transformer.fit_transform([path])[0], expected, atol=1e-5)
    np.testing.assert_allclose(transformer.frequencies_, np.arange(100, 1001, 12.5))
    assert transformer.sample_rate_ == 8000


def test_peak_of_a_tone():
    time = np.arange(8000) / 8000
    tones = np.sin(2 * np.pi * np.outer([300, 1000, 2500], time))
    transformer = SpectrogramTransformer(sample_rate=8000, n_mels=40)
    peaks = transformer.fit_transform(tones).mean(axis=1).argmax(axis=1)
    nearest = abs(transformer.frequencies_[:, None] - [300, 1000, 2500]).argmin(axis=0)
    np.testing.assert_array_equal(peaks, nearest)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_unequal_lengths(transformer, make_recording, n_jobs):
    paths = [make_recording(f"{i}.wav", 0.2 + 0.1 * (i % 3)) for i in range(40)]
    spectrograms = transformer.set_params(n_jobs=n_jobs).fit_transform(paths)
    assert spectrograms.dtype == object
    assert spectrograms.shape == (40,)
    for path, spectrogram in zip(paths, spectrograms, strict=True):
        assert spectrogram.dtype == np.float32
        np.testing.assert_array_equal(spectrogram, transformer.transform([path])[0])


def test_rows_keep_their_order(transformer, make_recording):
    """More rows than fit into one batch per thread."""
    paths = [make_recording(f"{i}.wav", 0.2) for i in range(50)]
    alone = np.concatenate([transformer.fit_transform([path]) for path in paths])
    np.testing.assert_array_equal(transformer.set_params(n_jobs=2).transform(paths), alone)


def test_waveforms_equal_files(transformer, make_recording):
    paths = [make_recording(f"{i}.wav", 0.3, channels=2) for i in range(3)]
    expected = transformer.fit_transform(paths)
    waveforms = [read_audio(path)[0] for path in paths]
    transformer = clone(transformer).set_params(sample_rate=8000)
    np.testing.assert_array_equal(transformer.fit_transform(waveforms), expected)
    np.testing.assert_array_equal(transformer.fit_transform(np.array(waveforms)), expected)


def test_segments(transformer, make_recording):
    path = make_recording(seconds=1)
    table = pd.DataFrame({"file": [path] * 3, "start": [0, 0.25, 0.5], "end": [0.5, 0.75, None]})
    spectrograms = transformer.fit_transform(table)
    samples = read_audio(path)[0][0]
    waveforms = np.array([samples[begin : begin + 4000] for begin in (0, 2000, 4000)])
    expected = clone(transformer).set_params(sample_rate=8000).fit_transform(waveforms)
    np.testing.assert_array_equal(spectrograms, expected)


def test_chunks(transformer, make_recording):
    path = make_recording(seconds=1)
    whole = transformer.set_params(scale=None).fit_transform([path])[0]
    for count, held in [(None, 3), (2, 2)]:
        chunked = clone(transformer).set_params(scale="minmax", chunk_length=0.3, chunk_count=count)
        chunks = chunked.fit_transform([path])
        assert chunks.shape == (1, held, 7, 20)
        for i in range(held):
            level = whole[7 * i : 7 * i + 7]
            expected = 2 * (level - level.min()) / np.ptp(level) - 1
            np.testing.assert_allclose(chunks[0, i], expected, atol=1e-5)


def test_unequal_numbers_of_chunks(transformer, make_recording):
    paths = [make_recording("a.wav", 0.5), make_recording("b.wav", 0.9)]
    chunks = transformer.set_params(chunk_length=0.2).fit_transform(paths)
    assert [spectrogram.shape for spectrogram in chunks] == [(2, 5, 20), (4, 5, 20)]


def test_more_chunks_than_the_file_holds(transformer, make_recording):
    path = make_recording(seconds=0.5)
    transformer.set_params(chunk_length=0.2, chunk_count=3)
    with pytest.raises(AudioError, match=r"noise\.wav: holds 2 chunks of 0\.2 s \(11 windows\), not 3; pad with"):
        transformer.fit_transform([path])


def test_chunks_shorter_than_a_frame(transformer, make_recording):
    with pytest.raises(AudioError, match=r"chunk_length=0\.01 s is shorter than the distance of two windows, 0\.04"):
        transformer.set_params(chunk_length=0.01).fit_transform([make_recording()])


@pytest.mark.parametrize("value", [0, 0.1, -0.3])
@pytest.mark.parametrize(("scale", "clip_below"), [("minmax", None), ("minmax", -60), (None, None)])
def test_silence_and_constant_signals(value, scale, clip_below):
    transformer = SpectrogramTransformer(sample_rate=8000, n_mels=20, scale=scale, clip_below=clip_below)
    spectrograms = transformer.fit_transform(np.full((2, 4000), value))
    np.testing.assert_array_equal(spectrograms, 0)


@pytest.mark.parametrize("position", [0, 1])
@pytest.mark.parametrize("what", UNREADABLE)
def test_unreadable_recording_raises(transformer, make_recording, bad_recordings, what, position):
    paths = [make_recording("good.wav")]
    paths.insert(position, bad_recordings[what])
    with pytest.raises((AudioError, FileNotFoundError)) as info:
        transformer.fit_transform(paths)
    assert str(info.value).startswith(bad_recordings[what])


def test_shorter_than_a_window_raises(transformer, make_recording):
    with pytest.raises(AudioError, match=r"short\.wav: 400 samples are shorter than one window of 640; pad with"):
        transformer.fit_transform([make_recording("good.wav"), make_recording("short.wav", 0.05)])


@pytest.mark.parametrize("position", ["first", "last"])
@pytest.mark.parametrize("good_seconds", [(0.4, 0.4), (0.4, 0.5)], ids=["equal", "unequal"])
def test_skip_marks_rows(transformer, make_recording, bad_recordings, good_seconds, position):
    good = [make_recording(f"good{i}.wav", seconds) for i, seconds in enumerate(good_seconds)]
    bad = [*bad_recordings.values(), make_recording("short.wav", 0.05)]
    paths = bad + good if position == "first" else good + bad
    transformer.set_params(on_error="skip")
    spectrograms = transformer.fit_transform(paths)
    rows = [paths.index(path) for path in bad]
    assert len(spectrograms) == len(paths)
    assert transformer.errors_["row"].tolist() == rows
    assert transformer.errors_["file"].tolist() == bad
    for path, reason in zip(bad, transformer.errors_["reason"], strict=True):
        assert reason.startswith(path)
    for row, spectrogram in enumerate(spectrograms):
        if row in rows:
            assert np.isnan(spectrogram).all()
            assert spectrogram.shape[1] == 20
        else:
            np.testing.assert_array_equal(spectrogram, transformer.transform([paths[row]])[0])
    assert len(transformer.errors_) == 0


def test_warn_warns_once(transformer, make_recording, bad_recordings):
    paths = [bad_recordings["text"], make_recording("good.wav"), bad_recordings["missing"]]
    transformer.set_params(on_error="warn").fit(paths)
    with pytest.warns(UserWarning, match=r"2 of 3 .* NaN, see errors_; the first: .*text\.wav") as record:
        transformer.transform(paths)
    assert len(record) == 1


@pytest.mark.parametrize("method", ["fit", "transform"])
def test_all_failed(transformer, make_recording, bad_recordings, method):
    transformer.set_params(on_error="skip").fit([make_recording()])
    with pytest.raises(AudioError, match=r"none of 1 recordings .*; the first: .*text"):
        getattr(transformer, method)([bad_recordings["text"]])


def test_mixed_sample_rates(transformer, make_recording):
    paths = [make_recording("a.wav", rate=8000), make_recording("b.wav", rate=16000)]
    message = r"b\.wav: has 16000 Hz and .*a\.wav has 8000 Hz, so .* axes differ; .* sample_rate=8000"
    with pytest.raises(AudioError, match=message):
        transformer.fit_transform(paths)
    assert transformer.set_params(sample_rate=8000).fit_transform(paths).shape == (2, 11, 20)
    assert transformer.sample_rate_ == 8000


@pytest.mark.parametrize("n_mels", [20, None])
def test_mixed_sample_rates_of_one_axis(make_recording, n_mels):
    paths = [make_recording("a.wav", rate=8000), make_recording("b.wav", rate=16000)]
    transformer = SpectrogramTransformer(n_mels=n_mels, f_max=4000)
    spectrograms = transformer.fit_transform(paths)
    assert spectrograms.shape == (2, 11, len(transformer.frequencies_))


def test_empty_mel_bands(make_recording):
    transformer = SpectrogramTransformer(n_mels=300)
    with pytest.warns(
        UserWarning, match=r"^\d+ of 300 mel bands are empty, .* only 321 bins; decrease n_mels"
    ) as record:
        transformer.fit([make_recording()])
    assert len(record) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"window_overlap": 0.1}, r"window_overlap=0\.1 must be less than window_width=0\.08"),
        ({"chunk_count": 3}, "chunk_count=3 needs a chunk_length"),
        ({"clip_below": -10, "clip_above": -20}, "clip_below=-10 must be less than clip_above=-20"),
        ({"channels": "middle"}, "'channels' parameter .* must be a str among"),
        ({"n_mels": 0}, "'n_mels' parameter"),
    ],
)
def test_parameters(transformer, make_recording, parameters, message):
    with pytest.raises(ValueError, match=message):
        transformer.set_params(**parameters).fit([make_recording()])


@pytest.mark.parametrize(
    "parameters",
    [
        {"window_width": 4, "window_overlap": 2, "fixed_length": 20, "n_mels": None},
        {"window_width": 2, "window_overlap": 1, "n_mels": None},
    ],
)
def test_scikit_learns_checks(parameters):
    check_estimator(SpectrogramTransformer(sample_rate=1, **parameters), on_skip=None)


def test_fit_on_paths_forgets_waveforms(make_recording, rng):
    transformer = SpectrogramTransformer(sample_rate=8000, n_mels=20).fit(rng.standard_normal((2, 4000)))
    assert transformer.n_features_in_ == 4000
    transformer.fit([make_recording()])
    assert not hasattr(transformer, "n_features_in_")


def test_feature_names(transformer, make_recording):
    transformer.fit([make_recording()])
    assert transformer.get_feature_names_out().tolist() == [f"mel{i}" for i in range(20)]
    linear = SpectrogramTransformer(n_mels=None).fit([make_recording()])
    assert linear.get_feature_names_out()[-1] == "bin320"


def test_pickle(transformer, make_recording):
    path = make_recording()
    expected = transformer.fit_transform([path])
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(transformer)).transform([path]), expected)


def test_set_output_is_harmless(transformer, make_recording):
    pipeline = make_pipeline(transformer).set_output(transform="pandas")
    assert pipeline.fit_transform([make_recording()]).shape == (1, 11, 20)
    with sklearn.config_context(transform_output="pandas"):
        assert isinstance(transformer.fit_transform([make_recording()]), np.ndarray)


@pytest.mark.parametrize("container", [list, np.array, pd.Series, "segments"])
def test_grid_search_over_paths(make_recording, rng, container):
    time = np.arange(2400) / 8000
    paths = [
        make_recording(f"{i}.wav", samples=np.sin(2 * np.pi * (500 + 2000 * (i % 2)) * time) * 0.5) for i in range(8)
    ]
    X = pd.DataFrame({"file": paths, "end": 0.25}) if container == "segments" else container(paths)
    pipeline = make_pipeline(
        SpectrogramTransformer(n_mels=20), FunctionTransformer(mean_over_time), LogisticRegression()
    )
    grid = {"spectrogramtransformer__clip_below": [-30, -60]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, [i % 2 for i in range(8)])
    assert search.best_score_ == 1


def test_progress(transformer, make_recording, capsys):
    transformer.fit_transform([make_recording()])
    assert capsys.readouterr().err == ""
    transformer.set_params(verbose=1).fit_transform([make_recording()])
    assert "Extracting spectrograms: 1 files" in capsys.readouterr().err


class TestSharedSpectrograms:
    @pytest.fixture
    def recordings(self, make_recording):
        return [make_recording(f"{i}.wav", 0.3) for i in range(3)]

    def test_stored_and_computed(self, transformer, recordings, monkeypatch):
        branches = [clone(transformer).set_params(clip_below=level) for level in (-30, -60)]
        expected = [clone(branch).fit_transform(recordings) for branch in branches]
        shared = pickle.loads(pickle.dumps(SharedSpectrograms(recordings, branches)))
        assert len(shared) == 3
        with monkeypatch.context() as patch:
            patch.setattr("skaudeep.audio.read_audio", None)
            for branch, spectrograms in zip(branches, expected, strict=True):
                np.testing.assert_array_equal(branch.fit_transform(shared), spectrograms)
        other = clone(transformer).set_params(clip_below=-45)
        np.testing.assert_array_equal(other.fit_transform(shared), clone(other).fit_transform(recordings))

    def test_errors(self, transformer, recordings, bad_recordings):
        transformer.set_params(on_error="skip").fit(recordings)
        shared = SharedSpectrograms([*recordings, bad_recordings["text"]], [transformer])
        assert np.isnan(transformer.transform(shared)[3]).all()
        assert transformer.errors_["row"].tolist() == [3]

    def test_another_axis_is_not_mistaken(self, transformer, recordings, make_recording):
        shared = SharedSpectrograms(recordings, [transformer])
        transformer.fit([make_recording("fast.wav", rate=16000)])
        with pytest.raises(AudioError, match=r"0\.wav: has 8000 Hz and .*fast\.wav has 16000 Hz"):
            transformer.transform(shared)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # of the loudest, in the sum of its channels
def test_samples_too_large_to_compute_with(transformer):
    loud = np.full((2, 4000), 3e38, np.float32)
    transformer.set_params(sample_rate=8000)
    with pytest.raises(AudioError, match=r"waveform 1: the power is not finite.*scale them"):
        transformer.fit_transform([loud / 1e38, loud])
    assert np.isnan(transformer.set_params(on_error="skip").fit_transform([loud / 1e38, loud])[1]).all()
