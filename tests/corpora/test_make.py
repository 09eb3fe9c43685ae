import hashlib

import numpy as np
import pandas as pd
import pytest
import soundfile
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep.datasets import load_folder, make_sound_events
from skaudeep.exceptions import DataSetError

SMALL = {"n_per_class": 4, "n_takes": 2, "n_folds": 2, "min_seconds": 0.5, "max_seconds": 1.0}


def digests(folder):
    return {path.relative_to(folder): hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*.*")}


def test_files_and_table(tmp_path):
    sounds = make_sound_events(tmp_path / "new" / "sounds", n_classes=3, sample_rate=8000, random_state=0, **SMALL)
    assert sounds.target_names.tolist() == ["bark", "chirp_up", "rain"]
    assert sounds.filenames[:4].tolist() == [f"bark/0{i}-{j}.wav" for i in (1, 2) for j in (1, 2)]
    assert sounds.groups[:4].tolist() == ["bark-01", "bark-01", "bark-02", "bark-02"]
    assert sounds.cv.test_fold[:4].tolist() == [1, 1, 2, 2]
    stored = pd.read_csv(tmp_path / "new" / "sounds" / "metadata.csv")
    pd.testing.assert_frame_equal(stored, sounds.frame)
    for path, seconds in zip(sounds.data, stored.seconds, strict=True):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.subtype) == (8000, 1, "PCM_16")
        assert info.frames == round(seconds * 8000)
        assert 0.5 <= seconds <= 1.0
    assert stored.seconds.nunique() > 6
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["sounds"]


def test_the_loader_finds_the_same(tmp_path):
    sounds = make_sound_events(tmp_path, n_classes=4, random_state=0, **SMALL)
    found = load_folder(tmp_path)
    for key in ("data", "target", "target_names", "filenames"):
        np.testing.assert_array_equal(found[key], sounds[key])


def test_every_class_is_audible(tmp_path):
    sounds = make_sound_events(tmp_path, n_classes=12, random_state=1, **SMALL)
    assert len(sounds.target_names) == 12
    for path in sounds.data:
        wave, _ = soundfile.read(path)
        assert 0.09 < np.abs(wave).max() < 0.91
        assert wave.std() > 0.005


def test_reproducible_from_an_integer(tmp_path):
    folders = [tmp_path / name for name in "abc"]
    for folder, seed in zip(folders, (3, 3, 4), strict=True):
        make_sound_events(folder, n_classes=12, random_state=seed, **SMALL)
    one, same, other = map(digests, folders)
    assert len(one) == 49
    assert one == same
    assert not set(one.values()) & set(other.values())


def test_a_larger_corpus_contains_the_smaller(tmp_path):
    make_sound_events(tmp_path / "small", n_classes=2, random_state=0, **SMALL)
    make_sound_events(tmp_path / "large", n_classes=3, random_state=0, **{**SMALL, "n_per_class": 6})
    small, large = digests(tmp_path / "small"), digests(tmp_path / "large")
    table = next(path for path in small if path.name == "metadata.csv")
    del small[table], large[table]
    assert small.items() < large.items()


def test_global_random_state_is_untouched(tmp_path):
    before = np.random.get_state()[1].copy()
    make_sound_events(tmp_path, n_classes=2, random_state=0, **SMALL)
    np.testing.assert_array_equal(before, np.random.get_state()[1])


def test_an_identical_corpus_is_left_as_it_is(tmp_path):
    first = make_sound_events(tmp_path, n_classes=2, random_state=0, **SMALL)
    times = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    second = make_sound_events(tmp_path, n_classes=2, random_state=0, **SMALL)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == times
    pd.testing.assert_frame_equal(first.frame, second.frame)


@pytest.mark.parametrize("change", ["seed", "extra file", "missing file", "changed file"])
def test_other_content_is_refused_and_left_alone(tmp_path, change):
    folder = tmp_path / "sounds"
    sounds = make_sound_events(folder, n_classes=2, random_state=0, **SMALL)
    if change == "extra file":
        (folder / "THESIS").write_text("years of work")
    elif change == "missing file":
        (folder / sounds.filenames[0]).unlink()
    elif change == "changed file":
        (folder / sounds.filenames[0]).write_bytes(b"")
    before = digests(folder)
    with pytest.raises(DataSetError, match=r"sounds is not empty and does not hold this corpus"):
        make_sound_events(folder, n_classes=2, random_state=int(change == "seed"), **SMALL)
    assert digests(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_an_interrupted_call_leaves_nothing(tmp_path, monkeypatch):
    written = []

    def write(path, *args, **kwargs):
        written.append(path)
        if len(written) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(soundfile, "write", write)
    with pytest.raises(KeyboardInterrupt):
        make_sound_events(tmp_path / "sounds", n_classes=2, random_state=0, **SMALL)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"n_classes": 13}, "n_classes"),
        ({"min_seconds": 2.0, "max_seconds": 1.0}, r"min_seconds=2.0 is more than max_seconds=1.0"),
        ({"n_per_class": 8, "n_takes": 2}, r"n_per_class=8 .* n_takes=2 .* n_folds=5"),
    ],
)
def test_wrong_parameters_are_named(tmp_path, parameters, message):
    with pytest.raises(ValueError, match=message):
        make_sound_events(tmp_path, **parameters)


def band_statistics(path):
    """Mean, deviation and mean change over time of the level in 32 bands on a mel-like axis."""
    wave, _ = soundfile.read(path)
    frames = np.lib.stride_tricks.sliding_window_view(wave, 1024)[::512] * np.hanning(1024)
    power = np.abs(np.fft.rfft(frames)) ** 2
    edges = np.unique(np.geomspace(3, 513, 33).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    level = 10 * np.log10(np.maximum(bands / bands.max(), 1e-6))
    return np.r_[level.mean(0), level.std(0), np.abs(np.diff(level, axis=0)).mean(0)]


def test_neither_trivial_nor_hopeless_and_recordings_matter(tmp_path):
    sounds = make_sound_events(tmp_path, n_per_class=15, random_state=0)
    X = np.array([band_statistics(path) for path in sounds.data])
    model = make_pipeline(StandardScaler(), LinearSVC(C=0.01, random_state=0))
    by_recording = cross_val_score(model, X, sounds.target, cv=sounds.cv).mean()
    # The next take of the same recording is easier to recognise than another recording.
    take = sounds.frame["file"].str[-5].astype(int)
    by_take = cross_val_score(model, X, sounds.target, cv=[(take.index[take < 3], take.index[take == 3])]).mean()
    assert 0.7 <= by_recording < 0.98
    assert by_take > by_recording
