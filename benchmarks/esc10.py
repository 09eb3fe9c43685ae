"""The ESC-10 experiment of the paper, through public API only.

For each level at which spectrograms are clipped: spectrograms, a recurrent autoencoder trained on all recordings
without labels (transductive, as in the paper), and three classifiers over the five given folds. Beside them two
controls on the same folds: statistics over time of the spectrogram itself, and the same network untrained.

    python benchmarks/esc10.py --shared ../shared --configs -60
    python benchmarks/esc10.py --shared ../shared --configs -30 -45 -60 -75
    python benchmarks/esc10.py --shared ../shared --within-folds --epochs 16

Everything finished is kept in ``--results`` and not computed again: training goes on from its last epoch, features
and accuracies are read back. The last lines are the results as JSON.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep import (
    KerasMLPClassifier,
    LiblinearClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
)
from skaudeep.datasets import load_esc, make_dataset
from skaudeep.io import read_netcdf, write_netcdf

# Of both linear classifiers, the same for all features; the best of 1e-4 ... 0.1 for one trained network at -60 dB,
# judged on these very folds, hence slightly optimistic there.
C = 0.01


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, required=True, help="folder that holds data/ESC-10")
    parser.add_argument("--configs", type=float, nargs="+", default=[-60.0], help="levels to clip at, in dB")
    parser.add_argument("--epochs", type=int, default=64)
    parser.add_argument("--layers", type=int, default=2)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=5, help="runs of the MLP")
    parser.add_argument("--pre-emphasis", type=float, default=None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--within-folds", action="store_true", help="fit the embedder inside each fold instead")
    parser.add_argument("--n-jobs", type=int, default=2, help="threads for extraction")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results" / "esc10")
    return parser.parse_args()


class Experiment:
    """One run of the benchmark; knows where its results are."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.corpus = load_esc(arguments.shared / "data" / "ESC-10")
        size = f"{arguments.layers}x{arguments.units}-{arguments.epochs}epochs-seed{arguments.seed}"
        self.folder = arguments.results / (
            size + (f"-emphasis{arguments.pre_emphasis}" if arguments.pre_emphasis else "")
        )
        self.folder.mkdir(parents=True, exist_ok=True)
        self.file = self.folder / "results.json"
        self.results = json.loads(self.file.read_text()) if self.file.exists() else {}

    def once(self, key, compute):
        """Compute a JSON value unless an earlier run has."""
        if key not in self.results:
            self.results[key] = compute()
            self.file.write_text(json.dumps(self.results, indent=1))
        return self.results[key]

    def spectrogram(self, level):
        return SpectrogramTransformer(
            fixed_length=5,
            center_fixed=True,
            clip_below=level,
            pre_emphasis=self.arguments.pre_emphasis,
            n_jobs=self.arguments.n_jobs,
        )

    def embedder(self, **parameters):
        arguments = self.arguments
        defaults = {
            "n_layers": arguments.layers,
            "n_units": arguments.units,
            "bidirectional_decoder": True,
            "max_epochs": arguments.epochs,
            "checkpoint_dir": self.folder / "checkpoints",
            "random_state": arguments.seed,
            "verbose": 1,
        }
        return Seq2SeqAutoencoderEmbedder(**(defaults | parameters))

    def features(self, name, compute):
        """Features and the seconds they took, from a file where an earlier run has left one."""
        path = self.folder / f"{name}.nc"
        if not path.exists():
            start = time.perf_counter()
            features = compute()
            self.once(f"{name} seconds", lambda: round(time.perf_counter() - start, 1))
            corpus = self.corpus
            folds = corpus.cv.test_fold
            dataset = make_dataset(
                features,
                corpus.filenames,
                label_nominal=corpus.target_names[corpus.target],
                label_numeric=corpus.target,
                cv_folds=folds[:, None] == np.unique(folds),
            )
            write_netcdf(dataset, path)
        return read_netcdf(path)["features"].values

    def accuracies(self, name, X, front=()):
        """Accuracy over the folds of each classifier on X, behind the steps in `front`."""

        def score(classifier):
            pipeline = make_pipeline(*front, StandardScaler(), classifier)
            return cross_val_score(pipeline, X, self.corpus.target, cv=self.corpus.cv).tolist()

        def mlp():
            runs = [score(KerasMLPClassifier(random_state=seed)) for seed in range(self.arguments.repeats)]
            return np.mean(runs, axis=0).tolist()

        classifiers = {
            "MLP": mlp,
            "LinearSVC": lambda: score(LinearSVC(C=C, max_iter=10_000)),
            "LiblinearClassifier": lambda: score(LiblinearClassifier(C=C)),
        }
        for classifier, compute in classifiers.items():
            start = time.perf_counter()
            folds = self.once(f"{name} | {classifier}", compute)
            mean, spread = 100 * np.mean(folds), 100 * np.std(folds)
            seconds = time.perf_counter() - start
            print(f"{name:32} {classifier:20} {mean:5.1f} +- {spread:4.1f} %  {seconds:6.1f} s", flush=True)

    def transductive(self):
        """The paper's protocol: the autoencoder hears all recordings, the classifiers their training folds."""
        fused = [self.one_level(level) for level in self.arguments.configs]
        if len(fused) > 1:
            self.accuracies(f"fused {self.arguments.configs}", np.hstack(fused))

    def one_level(self, level):
        """Features of one configuration, with the accuracies of these and of the controls."""
        name = f"{level:g} dB"
        start = time.perf_counter()
        X = self.spectrogram(level).fit_transform(self.corpus.data)
        self.once(f"{name} spectrograms seconds", lambda: round(time.perf_counter() - start, 1))
        untrained = {"max_epochs": 0, "checkpoint_dir": None, "verbose": 0}
        features = {}
        # with its checkpoint there, the second fit of a network only reads its weights back
        for kind, parameters in {
            "trained": {},
            "trained states": {"output": "states"},
            "untrained": untrained,
            "untrained states": untrained | {"output": "states"},
        }.items():
            embedder = self.embedder(**parameters)
            features[kind] = self.features(f"{name} {kind}", lambda e=embedder: e.fit(X).transform(X))
        features["log-mel statistics"] = StatisticsPooling().fit_transform(X)
        for kind, values in features.items():
            self.accuracies(f"{name} {kind}", values)
        return features["trained"]

    def within_folds(self):
        """Nothing is seen of a test fold: spectrograms, embedder and classifier are one pipeline."""
        for level in self.arguments.configs:
            front = (self.spectrogram(level), self.embedder(verbose=0))
            self.accuracies(f"{level:g} dB refitted in each fold", self.corpus.data, front)


def main():
    experiment = Experiment(parse_arguments())
    if experiment.arguments.within_folds:
        experiment.within_folds()
    else:
        experiment.transductive()
    json.dump(experiment.results, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
