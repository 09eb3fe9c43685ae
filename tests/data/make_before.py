"""Write the golden files of version 0.1: ``python tests/data/make_before.py``, before the code was restructured.

``before-0.1.pickle.xz`` holds fitted estimators, ``before-0.1.npz`` what they were given and what they gave.
``before-0.1.tar.xz`` is a corpus with the folder of a finished experiment on it, with the times of the files.
"""

import json
import lzma
import os
import pickle
import tarfile
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from sklearn.pipeline import make_pipeline

import skaudeep
from skaudeep.experiment import read_experiment, run_experiment

WINDOWS = {"window_width": 3, "window_overlap": 1}
COMMON = {"max_epochs": 2, "random_state": 0, "batch_size": 4}

CONFIGURATION = """
title = "Golden"
seed = 0

[corpus]
path = "sounds"
parser = "folder"
folds = 2

[spectrograms]
n_mels = 8
fixed_length = 0.4
clip_below = [-30, -60]

[[autoencoders]]
kind = "t-rae"
name = "time"
n_layers = 1
n_units = 4
max_epochs = 2
batch_size = 4

[[autoencoders]]
kind = "f-rae"
name = "frames"
n_layers = 1
n_units = 3
window_width = 4
window_overlap = 2
max_epochs = 1

[[classifiers]]
kind = "svm"
name = "linear"
C = 0.01

[[classifiers]]
kind = "mlp"
name = "mlp"
hidden_layer_sizes = [8]
max_epochs = 5

[export]
formats = ["csv", "arff"]
"""


def make_inputs():
    """Sequences, ragged sequences, chunks, waveforms, tables and labels."""
    rng = np.random.default_rng(0)
    sequences = np.tanh(np.cumsum(rng.standard_normal((12, 9, 7)), axis=1) / 3).astype(np.float32)
    labels = np.array(["high", "low"] * 6)
    pitches = np.where(labels == "high", 400, 100)[:, None] * np.arange(600) / 2000
    return {
        "sequences": sequences,
        "lengths": rng.integers(3, 10, 12),
        "chunks": np.stack([sequences, -sequences], axis=1),
        "short": np.tanh(rng.standard_normal((12, 3, 5))),
        "waveforms": (np.sin(2 * np.pi * pitches) + 0.1 * rng.standard_normal((12, 600))).astype(np.float32),
        "table": rng.standard_normal((12, 5)),
        "labels": labels,
        "targets": rng.standard_normal((12, 2)),
    }


def ragged(inputs):
    """Sequences of different lengths."""
    return [x[:length] for x, length in zip(inputs["sequences"], inputs["lengths"], strict=True)]


def make_estimators():
    """Unfitted estimators, and the names of what they are fitted on."""
    seq2seq = skaudeep.Seq2SeqAutoencoderEmbedder
    spectrogram = skaudeep.SpectrogramTransformer(
        sample_rate=2000, window_width=0.04, window_overlap=0.02, n_mels=5, clip_below=-60
    )
    lstm = {"cell": "lstm", "bidirectional_encoder": True, "bidirectional_decoder": True}
    noisy = {"input_noise": 0.2, "feed_previous_prob": 0.3, "mask_silence": True, "reset_after": False}
    return {
        "gru": (seq2seq(n_layers=2, n_units=4, **COMMON), "sequences"),
        "lstm": (seq2seq(n_layers=1, n_units=3, output="states", **lstm, **COMMON), "sequences"),
        "noisy": (seq2seq(n_layers=1, n_units=4, **noisy, **COMMON), "ragged"),
        "stopped": (seq2seq(n_layers=1, n_units=4, early_stopping=True, **COMMON), "sequences"),
        "untrained": (seq2seq(n_layers=1, n_units=4, max_epochs=0, random_state=0), "sequences"),
        "frequency": (skaudeep.FrequencyAutoencoderEmbedder(n_layers=1, n_units=3, **WINDOWS, **COMMON), "sequences"),
        "frequency_time": (
            skaudeep.FrequencyTimeAutoencoderEmbedder(frequency_n_units=3, time_n_units=4, **WINDOWS, **COMMON),
            "sequences",
        ),
        "pooling": (skaudeep.StatisticsPooling(), "ragged"),
        "chunkwise": (skaudeep.ChunkwiseTransformer(seq2seq(n_layers=1, n_units=2, **COMMON)), "chunks"),
        "spectrogram": (spectrogram, "waveforms"),
        "fusion": (
            make_pipeline(
                skaudeep.make_fusion(spectrogram, seq2seq(n_layers=1, n_units=2, **COMMON), clip_below=[-30, -60]),
                skaudeep.LiblinearClassifier(),
            ),
            "waveforms",
        ),
        "vote": (skaudeep.MajorityVoteClassifier(skaudeep.LiblinearClassifier()), "short"),
        "mlp": (skaudeep.KerasMLPClassifier(hidden_layer_sizes=(4,), max_epochs=3, random_state=0), "table"),
        "mlp_regressor": (skaudeep.KerasMLPRegressor(hidden_layer_sizes=4, max_epochs=3, random_state=0), "table"),
        "liblinear": (skaudeep.LiblinearClassifier(random_state=0), "table"),
    }


def apply(estimator, X):
    """What a fitted estimator gives, by the name of the method; steps of ragged sequences one after the other."""
    names = ("transform", "decision_function", "predict", "reconstruct")
    results = {name: getattr(estimator, name)(X) for name in names if hasattr(estimator, name)}
    return {name: np.concatenate(list(x)) if x.dtype.kind == "O" else x for name, x in results.items()}


def write_estimators(folder):
    """Fit, pickle, and note what comes out."""
    inputs = make_inputs()
    given = inputs | {"ragged": ragged(inputs)}
    fitted, results = {}, {}
    for name, (estimator, key) in make_estimators().items():
        y = inputs["targets"] if name == "mlp_regressor" else inputs["labels"]
        fitted[name] = estimator.fit(given[key], y)
        for method, values in apply(estimator, given[key]).items():
            results[f"{name}/{method}"] = values
    Path(folder, "before-0.1.pickle.xz").write_bytes(lzma.compress(pickle.dumps(fitted)))
    np.savez_compressed(Path(folder, "before-0.1.npz"), **inputs, **results)


def write_experiment(folder):
    """Run an experiment on a corpus of tones, and keep both."""
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        for number, label in enumerate(["high", "low"] * 4):
            path = Path("sounds", label, f"{number}.wav")
            path.parent.mkdir(parents=True, exist_ok=True)
            tone = 0.3 * np.sin(2 * np.pi * (700 if label == "high" else 200) * np.arange(1600) / 4000)
            soundfile.write(path, tone + rng.normal(0, 0.1, 1600), 4000)
        Path("golden.toml").write_text(CONFIGURATION)
        run_experiment(read_experiment("golden.toml"), "results")
        # an archive knows the times of files to the microsecond only
        files = [path for path in Path().rglob("*") if path.is_file()]
        Path("times.json").write_text(json.dumps({str(path): path.stat().st_mtime_ns for path in files}))
        with tarfile.open(Path(folder, "before-0.1.tar.xz"), "w:xz") as archive:
            for path in ("times.json", "golden.toml", "sounds", "results"):
                archive.add(path)


if __name__ == "__main__":
    here = Path(__file__).resolve().parent
    write_estimators(here)
    write_experiment(here)
