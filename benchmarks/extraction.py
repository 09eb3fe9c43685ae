"""Files per second of spectrogram extraction against librosa and against decoding alone.

    python benchmarks/extraction.py --shared ../shared [--repeats 5]

All contenders read the 400 recordings of ESC-10 in one process, in turns, after one round to warm up; the figures are
medians. librosa computes ``feature.melspectrogram`` and ``power_to_db`` of the same window, hop and bands.
"""

import argparse
import json
import statistics
import time
from pathlib import Path

import joblib
import librosa
import numpy as np
import soundfile

from skaudeep import SpectrogramTransformer
from skaudeep.datasets import load_esc


def decode(path):
    return soundfile.read(path, dtype="float32")[0]


def librosa_spectrogram(path):
    samples, rate = soundfile.read(path, dtype="float32")
    samples = librosa.util.fix_length(samples, size=5 * rate)
    width = int(0.08 * rate)
    power = librosa.feature.melspectrogram(y=samples, sr=rate, n_fft=width, hop_length=width // 2, n_mels=128)
    return librosa.power_to_db(power, ref=np.max, top_db=60)


def in_threads(function, paths, n_jobs):
    return joblib.Parallel(n_jobs=n_jobs, prefer="threads", batch_size=16)(joblib.delayed(function)(p) for p in paths)


def ours(paths, n_jobs):
    transformer = SpectrogramTransformer(fixed_length=5, center_fixed=True, clip_below=-60, n_jobs=n_jobs)
    return transformer.fit_transform(paths)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/ESC-10")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    paths = load_esc(arguments.shared / "data" / "ESC-10").data
    contenders = {}
    for n_jobs in (1, 2):
        contenders[f"skaudeep, n_jobs={n_jobs}"] = lambda n=n_jobs: ours(paths, n)
        contenders[f"librosa, n_jobs={n_jobs}"] = lambda n=n_jobs: in_threads(librosa_spectrogram, paths, n)
        contenders[f"decode, n_jobs={n_jobs}"] = lambda n=n_jobs: in_threads(decode, paths, n)
    rates = {name: [] for name in contenders}
    for turn in range(arguments.repeats + 1):
        for name, run in contenders.items():
            start = time.perf_counter()
            run()
            if turn:
                rates[name].append(len(paths) / (time.perf_counter() - start))
    rates = {name: round(statistics.median(values), 1) for name, values in rates.items()}
    ratios = {
        f"{peer}, n_jobs={n}": round(rates[f"skaudeep, n_jobs={n}"] / rates[f"{peer}, n_jobs={n}"], 2)
        for peer in ("librosa", "decode")
        for n in (1, 2)
    }
    ratios["n_jobs=2 / n_jobs=1"] = round(rates["skaudeep, n_jobs=2"] / rates["skaudeep, n_jobs=1"], 2)
    print(json.dumps({"files per second": rates, "ratios": ratios}, indent=1))


if __name__ == "__main__":
    main()
