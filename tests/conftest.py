"""Fixtures for all tests: the golden files of the original toolkit and small recordings."""

import os
import pathlib

import hypothesis
import numpy as np
import pytest
import soundfile

# The machine's load, and the first import of a library in a test, must not decide whether a test passes.
hypothesis.settings.register_profile("skaudeep", deadline=None)
hypothesis.settings.load_profile("skaudeep")


@pytest.fixture(scope="session")
def shared():
    """The folder of golden files and real data."""
    folder = os.environ.get("SKAUDEEP_SHARED")
    if not folder:
        pytest.skip("SKAUDEEP_SHARED is not set: no golden files and no real data")
    return pathlib.Path(folder)


@pytest.fixture
def rng():
    """A seeded generator."""
    return np.random.default_rng(0)


@pytest.fixture
def make_recording(tmp_path, rng):
    """Write noise of `seconds` to a file and return its path (str); further arguments as below."""

    def make(name="noise.wav", seconds=0.5, *, rate=8000, channels=1, samples=None, subtype=None):
        path = tmp_path / name
        if samples is None:
            samples = rng.uniform(-0.5, 0.5, (round(seconds * rate), channels))
        soundfile.write(path, samples, rate, subtype=subtype)
        return str(path)

    return make


@pytest.fixture
def bad_recordings(tmp_path, make_recording):
    """Paths of recordings that cannot be read, by what is wrong with them."""
    text, no_bytes = tmp_path / "text.wav", tmp_path / "no_bytes.wav"
    text.write_text("This is not audio.\n" * 50)
    no_bytes.touch()
    truncated = tmp_path / "truncated.flac"
    with open(make_recording("whole.flac", 2), "rb") as file:
        truncated.write_bytes(file.read()[:9000])
    return {
        "missing": str(tmp_path / "missing.wav"),
        "directory": str(tmp_path),
        "text": str(text),
        "no bytes": str(no_bytes),
        "no samples": make_recording("no_samples.wav", 0),
        "not finite": make_recording("nan.wav", samples=np.array([0, np.nan, 0]), subtype="FLOAT"),
        "truncated": str(truncated),
    }
