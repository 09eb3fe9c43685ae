"""All kinds of autoencoders on ESC-10, each beside itself untrained.

    python benchmarks/family.py --shared ../shared [--epochs 64] [--models "t-rae GRU" ...]

Spectrograms are clipped at -60 dB, of 5 s but for the ragged ones, which are as long as their recordings. Networks
hear all recordings without labels (transductive, as in the paper), and a linear SVM is judged over the five given
folds, with C as in `esc10.py`. For every network there are the bottleneck, of single frames pooled by statistics over
time, and statistics over time of all encoder states; for both also those of the same network untrained. "seconds" are
those of the training (of "f-rae, t-rae" with the features of frames that the second network learns from), and of
embedding all recordings by the bottleneck, once more and with all steps.

Trainings go on from their last epoch under ``--results``; seconds then are those of the last run only. Progress goes to
standard error, the results as JSON to standard output.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from esc10 import C
from sklearn.base import clone
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import skaudeep
from skaudeep import (
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
)
from skaudeep.datasets import load_esc

FRAMES = FrequencyAutoencoderEmbedder(n_layers=1, n_units=64)
TIME = Seq2SeqAutoencoderEmbedder(bidirectional_decoder=True)
#: by name: whether recordings keep their length, and the steps
MODELS = {
    "t-rae GRU": (False, [TIME]),
    "t-rae LSTM": (False, [clone(TIME).set_params(cell="lstm")]),
    "ft-rae": (False, [FrequencyTimeAutoencoderEmbedder()]),
    "f-rae": (False, [FRAMES]),
    "f-rae, t-rae": (False, [FRAMES, TIME]),
    "t-rae GRU, ragged": (True, [TIME]),
    "ft-rae, ragged": (True, [FrequencyTimeAutoencoderEmbedder()]),
}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/ESC-10")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS), metavar="MODEL")
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results" / "family")
    return parser.parse_args()


def features(steps, X, **parameters):
    """Both outputs of a network, and the seconds that training and embedding took."""
    pipeline = make_pipeline(*(clone(step).set_params(**parameters) for step in steps))
    start = time.perf_counter()
    pipeline.fit(X)
    fitted = time.perf_counter()
    bottleneck = pipeline.transform(X)
    seconds = {"training": round(fitted - start, 1), "embedding": round(time.perf_counter() - fitted, 2)}
    if bottleneck.ndim == 3:
        bottleneck = StatisticsPooling().fit_transform(bottleneck)
    pipeline[-1].set_params(output="states")
    return {"bottleneck": bottleneck, "states": pipeline.transform(X)}, seconds, pipeline[-1].loss_


def main():
    arguments = parse_arguments()
    skaudeep.set_threads()
    corpus = load_esc(arguments.shared / "data" / "ESC-10")

    def accuracy(X):
        classifier = make_pipeline(StandardScaler(), LinearSVC(C=C, max_iter=10_000))
        return round(100 * float(cross_val_score(classifier, X, corpus.target, cv=corpus.cv).mean()), 2)

    levels = {"clip_below": -60, "n_jobs": 2}
    spectrograms = {
        False: SpectrogramTransformer(fixed_length=5, center_fixed=True, **levels).fit_transform(corpus.data),
        True: SpectrogramTransformer(**levels).fit_transform(corpus.data),
    }
    results = {
        f"log-mel statistics{', ragged' if ragged else ''}": accuracy(StatisticsPooling().fit_transform(X))
        for ragged, X in spectrograms.items()
    }
    for name in arguments.models:
        ragged, steps = MODELS[name]
        X, common = spectrograms[ragged], {"random_state": arguments.seed, "verbose": 1}
        trained = {"max_epochs": arguments.epochs, "checkpoint_dir": arguments.results / name}
        found, seconds, loss = features(steps, X, **common, **trained)
        untrained, _, _ = features(steps, X, **common, max_epochs=0)
        results[name] = {
            "trained": {kind: accuracy(values) for kind, values in found.items()},
            "untrained": {kind: accuracy(values) for kind, values in untrained.items()},
            "seconds": seconds,
            "loss": round(loss, 4),
        }
        print(name, results[name], file=sys.stderr)
    json.dump({"epochs": arguments.epochs, "seed": arguments.seed, **results}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
