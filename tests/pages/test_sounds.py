"""Recordings of a page: found by their names, linked from where the page is, or encoded into it."""

import base64
import io
import os
import shutil

import numpy as np
import pytest
import soundfile

from skaudeep.exceptions import DataSetError
from skaudeep.pages._sounds import embed_sounds, link_sounds


@pytest.fixture
def folder(tmp_path, make_recording):
    """Recordings in folders of a corpus."""
    whole = make_recording("whole.wav", 2)
    root = tmp_path / "corpus"
    for name in ("dog/a.wav", "rain/b #1.wav", "rain/c.wav", "sea/c.wav", "e#t=1,2.wav"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(whole, root / name)
    return root


def decode(uri):
    return soundfile.read(io.BytesIO(base64.b64decode(uri.removeprefix("data:audio/mpeg;base64,"))))


def test_recordings_are_found_at_any_depth(folder, tmp_path, caplog):
    names = ["a.wav", "rain/b #1.wav", "sea/c.wav", "c.wav", "none.wav", "corpus/dog/a.wav", "e#t=1,2.wav"]
    found = link_sounds(names, folder, tmp_path / "page.html")
    assert found == {
        "a.wav": "./corpus/dog/a.wav",
        "rain/b #1.wav": "./corpus/rain/b%20%231.wav",
        "sea/c.wav": "./corpus/sea/c.wav",
        "e#t=1,2.wav": "./corpus/e%23t%3D1%2C2.wav",
    }
    assert "3 of 7 recordings are not found" in caplog.text
    assert "(1 because there is more than one of the name)" in caplog.text


def test_segments_and_copies_are_those_of_their_recording(folder, tmp_path):
    names = ["a.wav#t=0.5,1", "dog/a.wav#t=,1.5", "a.wav.upsampled.2", "a.wav#t=0.5,1.upsampled.1"]
    assert list(link_sounds(names, folder, tmp_path / "page.html").values()) == [
        "./corpus/dog/a.wav#t=0.5,1",
        "./corpus/dog/a.wav#t=,1.5",
        "./corpus/dog/a.wav",
        "./corpus/dog/a.wav#t=0.5,1",
    ]


def test_links_start_from_the_folder_of_the_page(folder, tmp_path, monkeypatch):
    monkeypatch.chdir(folder)
    assert link_sounds(["a.wav"], ".", "dog/page.html") == {"a.wav": "./a.wav"}
    assert link_sounds(["a.wav"], "dog", os.path.join("..", "pages", "p.html")) == {"a.wav": "./../corpus/dog/a.wav"}


def test_links_to_another_drive(folder, monkeypatch):
    def fail(path, start):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", fail)
    assert link_sounds(["a.wav"], folder, "page.html") == {"a.wav": (folder / "dog" / "a.wav").as_uri()}


def test_nothing_is_found(folder, tmp_path):
    with pytest.raises(DataSetError, match="holds none of the 2 recordings .* there is no 'x.wav'"):
        link_sounds(["x.wav", "y.wav"], folder, "page.html")
    with pytest.raises(DataSetError, match="c.wav is there more than once"):
        link_sounds(["c.wav"], folder, "page.html")
    with pytest.raises(DataSetError, match="Cannot read the folder"):
        link_sounds(["c.wav"], tmp_path / "none", "page.html")


def test_sounds_are_encoded_as_they_are(tmp_path):
    time = np.arange(44100) / 44100
    tone = 0.5 * np.sin(2 * np.pi * 440 * time)
    soundfile.write(tmp_path / "tone.wav", np.stack([tone, tone], axis=1), 44100)
    soundfile.write(tmp_path / "low.wav", tone[::5], 8820)
    sounds = embed_sounds(["tone.wav", "low.wav"], tmp_path, 1e6)
    for name, rate in (("tone.wav", 24000), ("low.wav", 11025)):
        samples, got = decode(sounds[name])
        assert (got, samples.ndim) == (rate, 1)
        assert abs(len(samples) / rate - 1) < 0.1
        spectrum = np.abs(np.fft.rfft(samples[:rate]))
        assert abs(np.fft.rfftfreq(rate, 1 / rate)[spectrum.argmax()] - 440) <= 1
        assert abs(samples.std() - tone.std()) < 0.03
    assert embed_sounds(["low.wav", "tone.wav"], tmp_path, 1e6) == sounds


def test_long_recordings_are_cut_and_segments_are_segments(tmp_path, make_recording):
    make_recording("long.wav", 40)
    names = ["long.wav", "long.wav#t=5,7.5", "long.wav#t=1", "long.wav#t=38.5"]
    sounds = embed_sounds(names, tmp_path, 1e9)
    lengths = [len(samples) / rate for samples, rate in (decode(sounds[name]) for name in names)]
    np.testing.assert_allclose(lengths, [30, 2.5, 30, 1.5], atol=0.2)


def test_what_does_not_fit_is_left_out(tmp_path, make_recording, caplog):
    names = [f"{i}.wav" for i in range(8)]
    for name in names:
        make_recording(name, 1)
    sizes = [len(sound) for sound in embed_sounds(names, tmp_path, 1e9).values()]
    caplog.clear()
    some = embed_sounds(names, tmp_path, sum(sizes) * 0.6)
    assert len(some) in (4, 5)
    assert sorted(some) != names[: len(some)]  # spread, lest whole classes be silent
    assert f"{8 - len(some)} of 8 sounds are left out" in caplog.text
    assert embed_sounds(names, tmp_path, 10) == {}


def test_bad_recordings_are_left_out(tmp_path, bad_recordings, make_recording, caplog, capsys):
    make_recording("good.wav", 0.5)
    names = ["text.wav", "good.wav", "no_bytes.wav", "no_samples.wav", "nan.wav", "truncated.flac"]
    assert list(embed_sounds(names, tmp_path, 1e9, verbose=1)) == ["good.wav"]
    assert caplog.text.count("A sound is left out") == 5
    assert "Encoding sounds: 6 files" in capsys.readouterr().err
