"""Contrastive features beside their controls and beside openSMILE, through public API only.

For each corpus: features of a trained `ContrastiveEmbedder`; the same network untrained; an untrained recurrent
network; statistics of the log-mel spectrogram; all that `make_embedding` puts side by side; and openSMILE's
functionals, if they are asked for and the package opensmile is installed. All are judged on the same folds (ESC-10:
those given; others: one speaker or a tenth of them left out) by the same linear support vector machine, whose C is
chosen within the training part, by groups.

    python benchmarks/contrastive.py --shared ../shared --corpora esc-10 fsdd
    python benchmarks/contrastive.py --shared ../shared --corpora esc-10 --protocols inductive --seeds 2
    python benchmarks/contrastive.py --table emotion.csv --sounds speech

A table names files, labels and speakers, as `skaudeep.datasets.load_table` reads it. Everything finished is kept in
``--results`` and not computed again. The last lines are the results as JSON. `--tune` looks at the labels of ESC-10's
first two folds and of FSDD's first three speakers alone: it is what parameters are to be chosen with.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
from sklearn.metrics import recall_score
from sklearn.model_selection import GroupKFold, PredefinedSplit
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from skaudeep import ContrastiveEmbedder, Seq2SeqAutoencoderEmbedder, make_embedding
from skaudeep.datasets import load_esc, load_table
from skaudeep.evaluation import compare

_SEQUENCES = {}


class Stored(TransformerMixin, BaseEstimator):
    """Looks up by row number what has been computed before: spectrograms, or functionals."""

    def __init__(self, name):
        self.name = name

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        rows = np.asarray(X).ravel()
        stored = _SEQUENCES[self.name]
        return stored[rows] if isinstance(stored, np.ndarray) else [stored[row] for row in rows]


class LinearSVM(ClassifierMixin, BaseEstimator):
    """A linear support vector machine on standardised features, by their Gram matrix, with C chosen by inner groups."""

    def __init__(self, costs=(1e-4, 1e-3, 1e-2, 1e-1)):
        self.costs = costs

    def fit(self, X, y, groups=None):
        X, y = np.asarray(X, np.float32), np.asarray(y)
        self.classes_ = np.unique(y)
        self.mean_, deviation = X.mean(axis=0), X.std(axis=0)
        self.scale_ = np.where(deviation > 0, deviation, 1)
        self.rows_ = self._standardise(X)
        gram = (self.rows_ @ self.rows_.T).astype(np.float64)
        self.cost_ = self._choose(gram, y, groups)
        self.svm_ = SVC(C=self.cost_, kernel="precomputed").fit(gram, y)
        return self

    def _standardise(self, X):
        return (np.asarray(X, np.float32) - self.mean_) / self.scale_

    def _choose(self, gram, y, groups):
        groups = np.arange(len(y)) if groups is None else groups
        folds = list(GroupKFold(min(5, len(np.unique(groups)))).split(gram, y, groups))
        scores = np.zeros(len(self.costs))
        for training, test in folds:
            for number, cost in enumerate(self.costs):
                svm = SVC(C=cost, kernel="precomputed").fit(gram[np.ix_(training, training)], y[training])
                predicted = svm.predict(gram[np.ix_(test, training)])
                scores[number] += recall_score(y[test], predicted, average="macro", zero_division=0)
        return self.costs[int(np.argmax(scores))]

    def predict(self, X):
        return self.svm_.predict((self._standardise(X) @ self.rows_.T).astype(np.float64))


class Corpus:
    """Recordings, their classes, what belongs together, and folds."""

    def __init__(self, name, paths, y, groups, cv, sounds, **settings):
        self.name, self.paths, self.sounds = name, list(map(str, paths)), sounds
        self.y, self.groups, self.cv = np.asarray(y), np.asarray(groups), cv
        self.settings = settings

    def rows_of(self, groups):
        """The same with recordings of some groups alone."""
        rows = np.flatnonzero(np.isin(self.groups, groups))
        paths = [self.paths[row] for row in rows]
        return Corpus(self.name, paths, self.y[rows], self.groups[rows], None, self.sounds, **self.settings)

    def spectrograms(self):
        transformer = make_embedding(self.sounds, n_jobs=2)["spectrogram"].set_params(**self.settings)
        found = transformer.fit_transform(self.paths)
        return np.asarray(found) if len({len(x) for x in found}) == 1 else list(found)

    def functionals(self, feature_set, folder):
        """openSMILE's, from a file where an earlier run has left them."""
        import opensmile

        path = folder / f"{self.name}-{feature_set}-{len(self.paths)}.npy"
        if not path.exists():
            smile = opensmile.Smile(
                feature_set=getattr(opensmile.FeatureSet, feature_set),
                feature_level=opensmile.FeatureLevel.Functionals,
                num_workers=2,
            )
            np.save(path, smile.process_files(self.paths).to_numpy(np.float32))
        return np.load(path)


def load_esc10(shared):
    corpus = load_esc(shared / "data" / "ESC-10")
    folds = corpus.cv.test_fold
    return Corpus("esc-10", corpus.data, corpus.target, folds, PredefinedSplit(folds), "scenes", fixed_length=5.0)


def load_fsdd(shared):
    """Free spoken digits: 3,000 recordings, DIGIT_SPEAKER_NUMBER.wav, of six speakers."""
    paths = sorted((shared / "data" / "FSDD" / "recordings").glob("*.wav"))
    names = np.array([path.stem.split("_") for path in paths])
    # recordings of 8 kHz: less than half of the bands of speech of 16 kHz are in use
    return Corpus("fsdd", paths, names[:, 0], names[:, 1], None, "speech", sample_rate=None, n_mels=40)


def load_listed(table, sounds):
    corpus = load_table(table)
    return Corpus(Path(table).stem, corpus.data, corpus.target, corpus.groups, None, sounds)


def make_candidates(corpus, arguments):
    """Embedders by name, each after the look-up of what it takes."""
    front = Stored(f"{corpus.name} spectrograms")
    settings = {"checkpoint_dir": arguments.results / "checkpoints"} | json.loads(arguments.parameters)
    fused = make_embedding(corpus.sounds, random_state=0, **settings)["features"]
    recurrent = Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=256, max_epochs=0, output="states", random_state=0)
    candidates = {
        "contrastive": make_pipeline(front, ContrastiveEmbedder(random_state=0, **settings)),
        "untrained GRU": make_pipeline(front, recurrent),
        "fused": make_pipeline(front, fused),
    }
    for feature_set in arguments.opensmile:
        candidates[feature_set] = Stored(f"{corpus.name} {feature_set}")
    return candidates


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, help="folder that holds data/ESC-10 and data/FSDD")
    parser.add_argument("--corpora", nargs="*", default=[], choices=["esc-10", "fsdd"])
    parser.add_argument("--table", nargs="*", default=[], type=Path, help="tables of other recordings")
    parser.add_argument("--sounds", choices=["scenes", "speech"], default="speech", help="kind of those")
    parser.add_argument("--protocols", nargs="+", default=["transductive"], choices=["transductive", "inductive"])
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--candidates", nargs="*", help="names of some of the candidates")
    parser.add_argument("--parameters", default="{}", help="of the ContrastiveEmbedder, as JSON")
    parser.add_argument("--opensmile", nargs="*", default=[], help="feature sets, such as ComParE_2016 and eGeMAPSv02")
    parser.add_argument("--tune", action="store_true")
    parser.add_argument("--results", type=Path, default=Path(__file__).parent / "results" / "contrastive")
    return parser.parse_args()


def measure(corpus, arguments):
    folder = arguments.results
    _SEQUENCES[f"{corpus.name} spectrograms"] = corpus.spectrograms()
    for feature_set in arguments.opensmile:
        _SEQUENCES[f"{corpus.name} {feature_set}"] = corpus.functionals(feature_set, folder)
    candidates = make_candidates(corpus, arguments)
    if arguments.candidates:
        candidates = {name: candidates[name] for name in arguments.candidates}
    start = time.perf_counter()
    comparison = compare(
        candidates,
        np.arange(len(corpus.y))[:, None],
        corpus.y,
        groups=corpus.groups,
        cv=corpus.cv,
        seeds=arguments.seeds,
        protocols=arguments.protocols,
        classifier=LinearSVM(),
        memory=folder / "features",
        verbose=1,
    )
    print(corpus.name, comparison, sep="\n", flush=True)
    table = comparison.table().to_dict("records")
    return {"seconds": round(time.perf_counter() - start), "table": table}


def main():
    arguments = parse_arguments()
    arguments.results.mkdir(parents=True, exist_ok=True)
    loaders = {"esc-10": load_esc10, "fsdd": load_fsdd}
    corpora = [loaders[name](arguments.shared) for name in arguments.corpora]
    if arguments.tune:
        corpora = [
            corpus.rows_of(np.unique(corpus.groups)[: 2 if corpus.sounds == "scenes" else 3]) for corpus in corpora
        ]
    corpora += [load_listed(table, arguments.sounds) for table in arguments.table]
    results = {corpus.name: measure(corpus, arguments) for corpus in corpora}
    json.dump(results, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
