"""Synthetic scenes: files, annotations that lag, and curves that can be heard."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import soundfile
from scipy.signal import find_peaks
from sklearn.model_selection import GroupKFold, cross_val_predict

from skaudeep import SpectrogramTransformer, StatisticsPooling
from skaudeep.corpora._make_scenes import _draw_voice, _syllables
from skaudeep.datasets import annotation_windows, load_annotations, load_corpus, make_sound_scenes
from skaudeep.evaluation import concordance_correlation_coefficient, make_regressor
from skaudeep.exceptions import DataSetError, ParameterError

TARGETS = ("loudness", "pitch", "rate")
SMALL = {"n_speakers": 2, "n_per_speaker": 2, "n_folds": 2, "min_seconds": 3.0, "max_seconds": 5.0, "sample_rate": 8000}


def digests(folder):
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory):
    """Two recordings of a minute each."""
    folder = tmp_path_factory.mktemp("scenes") / "made"
    size = SMALL | {"n_per_speaker": 1, "min_seconds": 50.0, "max_seconds": 60.0}
    return make_sound_scenes(folder, random_state=0, **size)


def test_files_and_tables(tmp_path):
    folder = tmp_path / "new" / "scenes"
    scenes = make_sound_scenes(folder, n_raters=2, random_state=0, **SMALL)
    assert scenes.filenames.tolist() == [f"speaker-0{i}/0{j}.wav" for i in (1, 2) for j in (1, 2)]
    assert scenes.groups.tolist() == ["speaker-01"] * 2 + ["speaker-02"] * 2
    assert scenes.cv.test_fold.tolist() == [1, 1, 2, 2]
    pd.testing.assert_frame_equal(pd.read_csv(folder / "metadata.csv"), scenes.frame)
    assert list(scenes.frame) == ["path", "group", "fold"]
    for path in scenes.data:
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
        assert 3 <= info.duration <= 5
        times = scenes.annotations.loc[scenes.annotations["file"] == path, "time"]
        np.testing.assert_allclose(times, np.arange(int(10 * info.duration)) / 10)
    assert list(scenes.annotations)[2:] == [f"{name}_{rater}" for name in TARGETS for rater in (1, 2)]
    assert list(scenes.truth)[2:] == list(TARGETS)
    pd.testing.assert_frame_equal(scenes.annotations[["file", "time"]], scenes.truth[["file", "time"]])
    assert scenes.annotations.iloc[:, 2:].abs().max().max() <= 1 >= scenes.truth.iloc[:, 2:].abs().max().max()
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["scenes"]


def test_loaders_find_the_same(tmp_path):
    scenes = make_sound_scenes(tmp_path, random_state=0, **SMALL)
    found = load_corpus(tmp_path)
    for key in ("data", "groups", "filenames", "cv_folds"):
        np.testing.assert_array_equal(found[key], scenes[key])
    pd.testing.assert_frame_equal(load_annotations(tmp_path / "annotations", audio=tmp_path), scenes.annotations)


def test_reproducible_from_an_integer(tmp_path):
    for name, seed in zip("abc", (3, 3, 4), strict=True):
        make_sound_scenes(tmp_path / name, random_state=seed, **SMALL)
    one, same, other = (digests(tmp_path / name) for name in "abc")
    assert len(one) == 9
    assert one == same
    for each in (one, other):
        each.pop(next(path for path in each if path.name == "metadata.csv"))
    assert not set(one.values()) & set(other.values())


def test_a_larger_corpus_contains_the_smaller(tmp_path):
    small = make_sound_scenes(tmp_path / "small", random_state=0, n_raters=2, **SMALL)
    size = SMALL | {"n_speakers": 3, "n_per_speaker": 3}
    make_sound_scenes(tmp_path / "large", random_state=0, n_raters=2, **size)
    files, more_files = digests(tmp_path / "small"), digests(tmp_path / "large")
    for found in (files, more_files):
        found.pop(next(path for path in found if path.name == "metadata.csv"))
    assert files.items() < more_files.items()
    raters = make_sound_scenes(tmp_path / "raters", random_state=0, n_raters=5, **SMALL)
    pd.testing.assert_frame_equal(
        raters.annotations[list(small.annotations)[1:]], small.annotations.drop(columns="file")
    )


def test_global_random_state_is_untouched(tmp_path):
    before = np.random.get_state()[1].copy()
    make_sound_scenes(tmp_path, random_state=0, **SMALL)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_an_identical_corpus_is_left_as_it_is_and_another_one_refused(tmp_path):
    folder = tmp_path / "scenes"
    first = make_sound_scenes(folder, random_state=0, **SMALL)
    times = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    again = make_sound_scenes(folder, random_state=0, **SMALL)
    assert times == {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    for name in ("annotations", "truth", "frame"):
        pd.testing.assert_frame_equal(again[name], first[name])
    with pytest.raises(DataSetError, match="is not empty and does not hold this corpus"):
        make_sound_scenes(folder, random_state=1, **SMALL)
    assert list(tmp_path.iterdir()) == [folder]


def test_an_interrupted_call_leaves_nothing(tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(soundfile, "write", interrupt)
    with pytest.raises(KeyboardInterrupt):
        make_sound_scenes(tmp_path / "scenes", random_state=0, **SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_speakers": 3}, r"n_speakers=3: each of n_folds=4 needs one"),
        ({"min_seconds": 9, "max_seconds": 8}, r"min_seconds=9: that is more than max_seconds=8"),
    ],
)
def test_wrong_parameters_are_named(tmp_path, parameters, message):
    with pytest.raises(ParameterError, match=message):
        make_sound_scenes(tmp_path, **parameters)
    assert list(tmp_path.iterdir()) == []


def test_raters_follow_the_truth_after_the_delay(tmp_path):
    """Without errors each is the truth of `delay` seconds before, shifted and shrunk; the third one is not."""
    scenes = make_sound_scenes(
        tmp_path, delay=0.5, rater_noise=0.0, random_state=0, **SMALL | {"min_seconds": 20.0, "max_seconds": 20.0}
    )
    n_followed = 0
    for path in scenes.data:
        rows = scenes.truth["file"] == path
        for name in TARGETS:
            truth = scenes.truth.loc[rows, name].to_numpy()[:-5]
            ratings = scenes.annotations.loc[rows, [f"{name}_{rater}" for rater in (1, 2, 3, 4)]].to_numpy()[5:]
            assert np.corrcoef(truth, ratings[:, 2])[0, 1] < 0.95
            for rating in ratings[:, [0, 1, 3]].T:
                if np.abs(rating).max() < 1:
                    (slope, shift), residuals, *_ = np.polyfit(truth, rating, 1, full=True)
                    assert 0.7 <= slope <= 1 and abs(shift) <= 0.15
                    assert residuals[0] < 1e-6
                    n_followed += 1
    assert n_followed > 20


def test_errors_of_raters_are_as_large_as_asked_for(tmp_path):
    exact, noisy = (
        make_sound_scenes(tmp_path / name, rater_noise=noise, n_raters=1, random_state=0, **SMALL)
        for name, noise in (("exact", 0.0), ("noisy", 0.1))
    )
    errors = noisy.annotations.iloc[:, 2:].to_numpy() - exact.annotations.iloc[:, 2:].to_numpy()
    assert 0.08 < errors.std() < 0.12


def test_curves_wander_slowly(scenes):
    for _, own in scenes.truth.groupby("file"):
        curves = own[list(TARGETS)].to_numpy()
        assert np.abs(np.diff(curves, axis=0)).max() < 0.15  # within a tenth of a second
        assert (np.ptp(curves, axis=0) > 1).all()
        assert np.abs(np.corrcoef(curves.T)[np.triu_indices(3, 1)]).max() < 0.6  # each by itself


def test_the_curves_are_heard(scenes):
    """Level, distance of the harmonics and energy of changes follow the three curves, within a recording."""
    for path in scenes.data:
        wave, rate = soundfile.read(path)
        own = scenes.truth[scenes.truth["file"] == path]
        n = len(wave) // rate
        seconds = np.array([own.loc[own["time"].between(i, i + 0.99), list(TARGETS)].mean() for i in range(n)])
        level = [np.log(wave[i * rate : (i + 1) * rate].std()) for i in range(n)]
        assert np.corrcoef(level, seconds[:, 0])[0, 1] > 0.7
        periods = [period_of(wave[i * rate : (i + 1) * rate], rate) for i in range(n)]
        assert np.corrcoef(-np.log(periods), seconds[:, 1])[0, 1] > 0.7


def period_of(wave, rate):
    """The lag of the largest autocorrelation between 80 and 300 Hz, in samples."""
    spectrum = np.abs(np.fft.rfft(wave, 2 * len(wave))) ** 2
    correlation = np.fft.irfft(spectrum)
    low, high = rate // 300, rate // 80
    return low + int(np.argmax(correlation[low:high]))


@pytest.mark.parametrize("tempo", [1.25, 2.5, 5.0])
def test_syllables_are_as_many_as_the_rate_says(tempo):
    random = np.random.RandomState(0)
    strength = _syllables(random, _draw_voice(random), np.full(20 * 8000, tempo), 8000)
    peaks, _ = find_peaks(strength, prominence=0.1)
    assert abs(len(peaks) - 20 * tempo) <= 1


def test_neither_trivial_nor_hopeless(tmp_path):
    size = SMALL | {"n_speakers": 4, "min_seconds": 20.0, "max_seconds": 25.0}
    scenes = make_sound_scenes(tmp_path, random_state=0, **size)
    windows = annotation_windows(scenes.truth, width=4, hop=2)
    spectrograms = SpectrogramTransformer(n_mels=32, clip_below=-60).fit_transform(windows[["file", "start", "end"]])
    features, targets = StatisticsPooling().fit_transform(spectrograms), windows[list(TARGETS)]
    groups = windows["file"].map(dict(zip(scenes.data, scenes.groups, strict=True)))
    predicted = cross_val_predict(
        make_regressor("ridge", alpha=300.0), features, targets, groups=groups, cv=GroupKFold(4)
    )
    found = concordance_correlation_coefficient(targets, predicted)
    assert (found > 0.3).all() and (found < 0.97).all()
    # no number of the whole spectrogram gives it away: not the loudness either, which gains hide
    means = np.array([each.mean() for each in spectrograms])[:, None]
    alone = cross_val_predict(make_regressor("ridge"), means, targets, groups=groups, cv=GroupKFold(4))
    assert (concordance_correlation_coefficient(targets, alone) < found - 0.1).all()
