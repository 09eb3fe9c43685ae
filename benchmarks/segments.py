"""Spectrograms of many segments of one long recording against decoding it once.

    python benchmarks/segments.py [--minutes 60] [--segments 60] [--repeats 3]

The recording is made (noise and a tone, 44.1 kHz) and removed again. Segments of five seconds are spread over it, in
order and shuffled. Each contender runs in turns with the others in one process; the figures are medians.
"""

import argparse
import json
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

from skaudeep import SpectrogramTransformer

RATE = 44100
SECONDS = 5


def make_recording(path, minutes):
    """Write the recording, ten seconds after ten seconds."""
    rng = np.random.default_rng(0)
    tone = 0.2 * np.sin(2 * np.pi * 440 * np.arange(10 * RATE) / RATE)
    with soundfile.SoundFile(path, "w", RATE, 1) as file:
        for _ in range(6 * minutes):
            file.write((tone + 0.05 * rng.standard_normal(len(tone))).astype(np.float32))


def decode(path):
    """Decode all of it once, block by block."""
    with soundfile.SoundFile(path) as file:
        while len(file.read(2**20, dtype="float32")):
            pass


def spectrograms(segments, n_jobs):
    return SpectrogramTransformer(clip_below=-60, n_jobs=n_jobs).fit_transform(segments)


def measure(path, arguments):
    """Median seconds of each contender."""
    start = np.linspace(0, 60 * arguments.minutes - SECONDS, arguments.segments)
    segments = pd.DataFrame({"file": str(path), "start": start, "end": start + SECONDS})
    shuffled = segments.sample(frac=1, random_state=0)
    contenders = {
        "decoding once": lambda: decode(path),
        "segments, n_jobs=1": lambda: spectrograms(segments, 1),
        "segments, n_jobs=2": lambda: spectrograms(segments, 2),
        "shuffled segments, n_jobs=1": lambda: spectrograms(shuffled, 1),
    }
    seconds = {name: [] for name in contenders}
    for _ in range(arguments.repeats):
        for name, run in contenders.items():
            begin = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - begin)
    return {name: round(statistics.median(values), 2) for name, values in seconds.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=int, default=60, help="length of the recording")
    parser.add_argument("--segments", type=int, default=60)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--formats", nargs="+", default=["flac", "mp3"])
    arguments = parser.parse_args()
    results = {}
    with tempfile.TemporaryDirectory() as folder:
        for suffix in arguments.formats:
            path = Path(folder, f"long.{suffix}")
            make_recording(path, arguments.minutes)
            seconds = measure(path, arguments)
            once = seconds["decoding once"]
            times = {name: round(value / once, 2) for name, value in seconds.items()}
            results[suffix] = {"seconds": seconds, "times decoding once": times}
            path.unlink()
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
