"""Numbers that ESC-10's recordings have by themselves, predicted from their features on the given folds.

    python benchmarks/esc10_numbers.py --shared ../shared [--seeds 3] [--epochs 64]

The targets are the loudness of each clip (its root mean square, in dB) and its spectral centroid (the mean of all
frames, in octaves), computed from the samples. A linear regressor (ridge, alpha = 1000, on standardised features)
predicts them from contrastive features, those of the same network untrained, statistics of the log-mel spectrogram, and
all three side by side; the control is the mean of the training part. Spectrograms are scaled to the loudest point of
each recording, so that its loudness has to be told from other things.

Table and progress go to standard error, the coefficients (CCC) as JSON to standard output: mean and standard deviation
over the seeds of what all folds together give.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import soundfile

import skaudeep
from skaudeep import ContrastiveEmbedder, StatisticsPooling, make_embedding
from skaudeep.datasets import load_esc, make_dataset
from skaudeep.evaluation import evaluate_dataset, make_regressor

FRAME = 2048


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="the folder that holds data/ESC-10")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--recordings", type=int, default=None, help="of these alone, dealt evenly: does it run?")
    return parser.parse_args()


def measure_sound(path):
    """Give the loudness in dB and the spectral centroid in octaves above 1 Hz."""
    samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    samples = samples.mean(axis=1)
    frames = samples[: len(samples) // FRAME * FRAME].reshape(-1, FRAME)
    spectra = np.abs(np.fft.rfft(frames * np.hanning(FRAME), axis=1)) + 1e-9
    frequencies = np.arange(spectra.shape[1]) * rate / FRAME
    centroid = (spectra @ frequencies / spectra.sum(axis=1)).mean()
    return 20 * np.log10(np.sqrt(np.square(samples).mean()) + 1e-6), np.log2(centroid)


def make_features(spectrograms, seed, epochs):
    """Compute the features by their names."""
    features = {"statistics": StatisticsPooling().fit_transform(spectrograms)}
    for name, n_epochs in (("untrained", 0), ("contrastive", epochs)):
        embedder = ContrastiveEmbedder(max_epochs=n_epochs, random_state=seed)
        features[name] = embedder.fit_transform(spectrograms)
    return features | {"all three": np.concatenate(list(features.values()), axis=1)}


def main():
    arguments = parse_arguments()
    skaudeep.set_threads()
    corpus = load_esc(arguments.shared / "data" / "ESC-10")
    rows = np.arange(len(corpus.data))
    if arguments.recordings is not None:
        rows = np.linspace(0, len(rows) - 1, arguments.recordings).astype(int)
    paths, folds = corpus.data[rows], corpus.cv_folds[rows]
    sounds = np.array([measure_sound(path) for path in paths])
    targets = pd.DataFrame(sounds, columns=["loudness", "centroid"])
    transformer = make_embedding("scenes", n_jobs=2)["spectrogram"].set_params(fixed_length=5.0)
    spectrograms = transformer.fit_transform(paths)
    scores = []
    for seed in range(arguments.seeds):
        for name, X in make_features(spectrograms, seed, arguments.epochs).items():
            ds = make_dataset(X, corpus.filenames[rows], targets=targets, cv_folds=folds)
            result = evaluate_dataset(ds, make_regressor("ridge", alpha=1000.0))
            scores.append({"features": name, "seed": seed} | result.pooled.set_index("target")["ccc"].to_dict())
        print(f"seed {seed} done", file=sys.stderr)
    by_mean = {"features": "mean predictor", "seed": 0} | result.mean_predictor.groupby("target")[
        "ccc"
    ].mean().to_dict()
    table = pd.DataFrame([*scores, by_mean]).drop(columns="seed").groupby("features", sort=False)
    summary = table.mean().join(table.std(ddof=0).add_suffix(" std"))
    print(summary.round(3).to_string(), file=sys.stderr)
    json.dump(
        {"recordings": len(rows), "seeds": arguments.seeds, "ccc": summary.to_dict("index")}, sys.stdout, indent=1
    )
    print()


if __name__ == "__main__":
    main()
