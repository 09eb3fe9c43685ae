"""Tiny corpora for whole experiments."""

import numpy as np
import pytest
import soundfile


@pytest.fixture(scope="session")
def write_sounds():
    """Write tones in noise, whose height depends on the class, to files below a folder."""

    def write(folder, names, *, seconds=0.5, rate=8000, channels=1):
        """`names` are paths by the number of the class, as pairs."""
        rng = np.random.default_rng(0)
        time = np.arange(round(seconds * rate)) / rate
        for name, number in names:
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            tone = 0.3 * np.sin(2 * np.pi * (300 + 500 * number) * time)[:, None]
            soundfile.write(path, tone + rng.normal(0, 0.1, (len(time), channels)), rate)
        return folder

    return write
