"""Embedders beside one another and beside controls, on the same folds."""

import itertools
import os
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    RandomizedSearchCV,
    StratifiedGroupKFold,
    StratifiedKFold,
)
from sklearn.utils import indexable
from sklearn.utils.validation import check_memory, has_fit_parameter

from skaudeep._progress import progress
from skaudeep._validation import (
    HasMethods,
    Integral,
    Interval,
    StrOptions,
    check_class_labels,
    safe_indexing,
    validate_params,
)
from skaudeep.evaluation._candidates import line_up
from skaudeep.evaluation._comparison import Comparison
from skaudeep.evaluation._folds import average_recall, check_split, evaluate_splits, make_splits
from skaudeep.evaluation._seeds import fill_seeds, has_seeds, lacks_seeds, reseed
from skaudeep.evaluation.estimators import make_classifier
from skaudeep.exceptions import ParameterError

PROTOCOLS = ("transductive", "inductive")
_MOST_FOLDS = 10  # of groups
_INNER_FOLDS = 3
_C = (0.001, 0.01, 0.1, 1.0)
_REMEDY = "Give a cv whose training parts have all classes."


class _Data(NamedTuple):
    """What is classified, and where it is split."""

    X: object
    y: np.ndarray
    groups: np.ndarray | None
    folds: list  # pairs of training and test rows


@validate_params(
    {
        "embedders": [dict, list, tuple],
        "X": "no_validation",
        "y": "no_validation",
        "groups": "no_validation",
        "cv": "no_validation",
        "seeds": [Interval(Integral, 1, None, closed="left"), "array-like"],
        "protocols": [StrOptions(set(PROTOCOLS)), list, tuple],
        "classifier": [HasMethods(["fit", "predict", "get_params"]), None],
        "memory": [str, os.PathLike, HasMethods(["cache"]), None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def compare(
    embedders,
    X,
    y,
    *,
    groups=None,
    cv=None,
    seeds=5,
    protocols=("transductive",),
    classifier=None,
    memory=None,
    verbose=0,
):
    """Compare embedders with one another and with controls that have learned nothing.

    All are judged on the same folds, by the same classifier, with several seeds. Controls are always there:

    * "NAME, untrained" for every candidate with an embedder in it: the same with `max_epochs=0`;
    * "statistics": `StatisticsPooling` in place of the embedders, behind whatever is in front of these, a
      `SpectrogramTransformer` for example; if there are several fronts, "NAME, statistics" for each;
    * "majority": always the most frequent class.

    A candidate that is the same as a control of another one is taken for that control.

    Parameters
    ----------
    embedders : dict of str to transformer, or list of transformer
        The candidates: embedders, pipelines with a `SpectrogramTransformer` in front, unions of several, or any other
        transformer. Those of a list are named by their classes. They are cloned, and every `random_state` in them is
        set to the seed.
    X : array-like of shape (n_samples, ...) or list of length n_samples
        What the candidates take: spectrograms, or recordings if they begin with a `SpectrogramTransformer`; as this
        computes the spectrograms again for each of them and each seed, it is quicker to compute them once before.
    y : array-like of shape (n_samples,)
        Classes. A sample without one (NaN, None or empty text) must be in no fold; with the protocol "transductive"
        embedders learn from it, too.
    groups : array-like of shape (n_samples,), default=None
        What belongs together, such as speakers or takes of one source: no group may be on both sides of a fold.
    cv : int, cross-validation splitter or iterable, default=None
        The folds, as everywhere in scikit-learn, but that a number is one of folds of whole groups if there are groups.
        None leaves one group out, or with more than ten groups one tenth of them; without groups it is five stratified
        folds.
    seeds : int or array-like of int, default=5
        How many seeds (0, 1, ...), or which ones. What does not go by chance is computed once.
    protocols : {"transductive", "inductive"} or sequence of these, default=("transductive",)
        "transductive": the embedder is fitted once for each seed on all of X, without labels; only the classifier is
        confined to the training part of the fold. "inductive": the embedder is fitted in each fold on the training
        part alone, without labels.
    classifier : classifier, default=None
        Gets the features; a clone is fitted in each fold, in which each `random_state` that is None is the seed. Groups
        are passed on to what takes them in `fit`, and to searches whose `cv` does. None is a `StandardScaler` and a
        linear support vector machine, the `C` of which (0.001, 0.01, 0.1 or 1) is chosen by cross-validation within the
        training part, by groups if there are any.
    memory : str, path-like, joblib.Memory or None, default=None
        Where to keep the features of each fit, as `memory` of `sklearn.pipeline.Pipeline`: a comparison that was
        interrupted does not compute them again.
    verbose : bool or int, default=0
        Whether to show progress.

    Returns
    -------
    Comparison
        All scores and predictions; printed, a table and the differences from the controls.

    Raises
    ------
    ValueError
        If X, y and groups differ in length; a fold has a sample without a label, part of a group, or no two classes to
        train on; there is a single group; a protocol is unknown; there is nothing to compare.
    TypeError
        If a candidate is no transformer.

    Warns
    -----
    UserWarning
        If a fold tests a class on which it does not train, or one class alone.

    See Also
    --------
    evaluate_folds : One classifier, without seeds and controls.
    skaudeep.plotting.plot_comparison : Draws the result.
    skaudeep.pages.write_comparison : Writes a page about it.

    Notes
    -----
    Nothing is chosen by the test parts, except by you: of many candidates the best one looks better than it is.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> from skaudeep.evaluation import compare
    >>> rng = np.random.default_rng(0)
    >>> y = np.repeat(["rain", "wind"], 15)
    >>> X = rng.normal(size=(30, 6, 3)) / 4 + (y == "rain")[:, None, None]
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=1)
    >>> comparison = compare({"t-rae": embedder}, X, y, cv=3, seeds=2)
    >>> comparison.table()["name"].tolist()
    ['t-rae', 't-rae, untrained', 'statistics', 'majority']
    >>> comparison.table()["recall"].round(2).tolist()[2:]
    [1.0, 0.5]
    >>> comparison.differences()[["name", "reference"]].values.tolist()
    [['t-rae', 't-rae, untrained'], ['t-rae', 'statistics'], ['t-rae', 'majority']]
    """
    entrants, controls = line_up(embedders)
    seeds, protocols = _check_seeds(seeds), _check_protocols(protocols)
    memory = check_memory(os.fspath(memory) if isinstance(memory, os.PathLike) else memory)
    data = _prepare(X, y, groups, cv)
    for fold, (training, test) in enumerate(data.folds):
        check_split(f"fold {fold}", data.y[training], data.y[test], remedy=_REMEDY)
    _warn_of_single_classes(data)
    n_runs = sum(len(found) for entrant in entrants for _, found in _plan(entrant, seeds, classifier))
    results = []
    with progress(
        "Comparing", n_runs * len(protocols) * len(data.folds), enabled=bool(verbose), unit="fits"
    ) as advance:
        for protocol, entrant in itertools.product(protocols, entrants):
            for result in _run(entrant, protocol, seeds, classifier, data, memory):
                results.append(result)
                advance()
    return _gather(entrants, controls, data, results)


# --- what is asked for ---


def _check_seeds(seeds):
    seeds = list(range(seeds)) if isinstance(seeds, Integral) else list(seeds)
    wrong = [seed for seed in seeds if not isinstance(seed, Integral) or not 0 <= seed < 2**32]
    if wrong or not seeds or len(set(seeds)) < len(seeds):
        raise ParameterError("seeds", seeds, ": give how many, or different whole numbers from 0 to 2**32 - 1")
    return list(map(int, seeds))


def _check_protocols(protocols):
    protocols = [protocols] if isinstance(protocols, str) else list(protocols)
    unknown = [protocol for protocol in protocols if protocol not in PROTOCOLS]
    if unknown or not protocols or len(set(protocols)) < len(protocols):
        raise ParameterError("protocols", protocols, f": give one or both of {', '.join(map(repr, PROTOCOLS))}")
    return protocols


def _prepare(X, y, groups, cv):
    """Check what is to be classified, and split it."""
    X, y, groups = indexable(X, y, groups)
    if groups is not None:
        groups = np.asarray(groups)
        cv = _check_groups(groups, cv)
    given = groups if _asks_for_groups(cv) else None  # others would warn
    y, splits, labelled = make_splits(X, y, 5 if cv is None else cv, given)
    check_class_labels(y[labelled])
    rows = np.arange(len(y))
    folds = [(rows[training], rows[test]) for training, test in splits]
    if groups is not None:
        _check_whole(groups, folds)
    return _Data(X, y, groups, folds)


def _check_groups(groups, cv):
    """Refuse groups that cannot be split; give the folds to make of them where there are none."""
    codes, names = pd.factorize(groups)
    if (codes < 0).any():
        first = np.argmax(codes < 0)
        raise ValueError(
            f"groups has no value for {(codes < 0).sum()} samples, the first is groups[{first}]={groups[first]!r}; "
            "give each sample a group, one of its own if it belongs to no other."
        )
    if len(names) < 2:
        raise ValueError(
            f"groups has the single value {names.tolist()[0]!r}, but no group may be trained and tested on; give two "
            "groups or more, or none if the samples do not belong together."
        )
    if isinstance(cv, Integral):
        return GroupKFold(cv)
    if cv is not None:
        return cv
    return LeaveOneGroupOut() if len(names) <= _MOST_FOLDS else GroupKFold(_MOST_FOLDS)


def _check_whole(groups, folds):
    """Refuse folds that tear a group apart."""
    for number, (training, test) in enumerate(folds):
        torn = np.intersect1d(groups[training], groups[test])
        if len(torn):
            raise ValueError(
                f"cv has {len(torn)} groups on both sides of fold {number}, such as {torn.tolist()[0]!r}, which makes "
                "results too good; give a cv that keeps groups whole, such as GroupKFold or None."
            )


def _warn_of_single_classes(data):
    """Warn of folds whose unweighted average recall is none, as of groups that have one class each."""
    single = [fold for fold, (_, test) in enumerate(data.folds) if len(np.unique(data.y[test])) == 1]
    if single:
        warnings.warn(
            f"{len(single)} of {len(data.folds)} folds test one class alone, the first is fold {single[0]}: what is "
            "averaged there is the share of that class, and the majority does worse than chance. Give a cv whose folds "
            "test several classes, such as StratifiedGroupKFold(5).",
            stacklevel=4,
        )


# --- the classifier ---


class _InnerFolds(StratifiedGroupKFold):
    """Folds within a training part, however small it is: by groups where that leaves classes to train on."""

    def split(self, X, y, groups=None):
        """Give pairs of training and test rows."""
        n_most = np.unique(y, return_counts=True)[1].max()  # more folds than samples of any class cannot be
        splitters = [StratifiedKFold(min(_INNER_FOLDS, n_most))] if n_most > 1 else []
        n_groups = 0 if groups is None else min(_INNER_FOLDS, n_most, len(np.unique(groups)))
        if n_groups > 1:
            splitters.insert(0, StratifiedGroupKFold(n_groups))
        for splitter in splitters:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "The least populated class", UserWarning)
                given = groups if splitter.__class__ is StratifiedGroupKFold else None
                splits = list(splitter.split(X, y, given))
            usable = [(training, test) for training, test in splits if len(np.unique(y[training])) > 1 and len(test)]
            if usable:
                return usable
        rows = np.arange(len(y))
        return [(rows, rows)]  # one sample of each class leaves nothing to hold out

    def get_n_splits(self, X=None, y=None, groups=None):
        """Give the number of pairs."""
        return len(self.split(X, y, groups))


def _make_default_classifier():
    svm = make_classifier("svm", random_state=0)
    grid = {f"{svm.steps[-1][0]}__C": list(_C)}
    return GridSearchCV(svm, grid, scoring=make_scorer(average_recall), cv=_InnerFolds())


def _takes_groups(classifier):
    """Tell whether `fit` of a classifier knows what to do with groups."""
    if isinstance(classifier, GridSearchCV | RandomizedSearchCV):
        return hasattr(classifier.cv, "split") and _asks_for_groups(classifier.cv)
    return has_fit_parameter(classifier, "groups")


def _asks_for_groups(splitter):
    """Tell whether a splitter splits by groups; one that is not of scikit-learn's kind may."""
    if not hasattr(splitter, "get_metadata_routing"):
        return True
    return splitter.get_metadata_routing().split.requests.get("groups") is True


# --- the runs ---


class _Result(NamedTuple):
    """What came out of one fold."""

    entrant: object
    protocol: str
    seed: int | None
    fold: int
    evaluation: object


def _plan(entrant, seeds, classifier):
    """Give pairs of a seed of the features and the seeds of the classifiers that get these; None where none counts."""
    if entrant.transformer is None:
        return [(None, [None])]
    if has_seeds(entrant.transformer):
        return [(seed, [seed]) for seed in seeds]
    return [(None, seeds if classifier is not None and lacks_seeds(classifier) else [None])]


def _run(entrant, protocol, seeds, classifier, data, memory):
    """Judge one entrant; yields results."""
    for feature_seed, classifier_seeds in _plan(entrant, seeds, classifier):
        features = _make_features(entrant, protocol, feature_seed, data, memory)
        for fold, parts in enumerate(features):
            for seed in classifier_seeds:
                judge = _make_judge(entrant, classifier, seed)
                yield _Result(entrant, protocol, seed, fold, _judge(judge, parts, data, *data.folds[fold]))


def _make_judge(entrant, classifier, seed):
    if entrant.transformer is None:
        return DummyClassifier(strategy="most_frequent")
    return _make_default_classifier() if classifier is None else fill_seeds(classifier, seed)


def _make_features(entrant, protocol, seed, data, memory):
    """Compute the features of the training and the test part of each fold; yields pairs."""
    if entrant.transformer is None:
        for training, test in data.folds:
            yield np.zeros((len(training), 1)), np.zeros((len(test), 1))
        return
    transformer = reseed(entrant.transformer, seed)
    if protocol == "transductive":
        features = memory.cache(_embed)(transformer, data.X)
        _check_features(entrant, features, len(data.y))
        for training, test in data.folds:
            yield features[training], features[test]
        return
    for training, test in data.folds:
        parts = memory.cache(_embed_parts)(transformer, data.X, training, test)
        for part, rows in zip(parts, (training, test), strict=True):
            _check_features(entrant, part, len(rows))
        yield parts


def _embed(transformer, X):
    """Fit a transformer, without labels, and give the features."""
    if hasattr(transformer, "fit_transform"):
        return _as_array(transformer.fit_transform(X))
    return _as_array(transformer.fit(X, None).transform(X))


def _embed_parts(transformer, X, training, test):
    """Fit a clone of a transformer on the training part; give the features of both parts."""
    fitted = clone(transformer)
    features = _embed(fitted, safe_indexing(X, training))
    return features, _as_array(fitted.transform(safe_indexing(X, test)))


def _as_array(features):
    return features.tocsr() if sparse.issparse(features) else np.asarray(features)


def _check_features(entrant, features, n):
    if features.shape[0] != n or (features.ndim < 2 and features.dtype != object):
        raise ValueError(
            f"embedders[{entrant.name!r}] gives features of shape {features.shape} for {n} samples, where a classifier "
            "needs a row for each; a StatisticsPooling behind it makes rows of sequences."
        )


def _judge(classifier, parts, data, training, test):
    """Evaluate a classifier in one fold."""
    rows, n = np.concatenate([training, test]), len(training)
    stack = sparse.vstack if sparse.issparse(parts[0]) else np.concatenate
    groups = data.groups[rows] if data.groups is not None and _takes_groups(classifier) else None
    split = np.arange(n), np.arange(n, len(rows))
    return evaluate_splits(classifier, stack(parts), data.y[rows], [split], groups=groups)


def _gather(entrants, controls, data, results):
    """Put all results into tables."""
    scores, predictions = [], []
    for entrant, protocol, seed, fold, evaluation in results:
        training, test = data.folds[fold]
        which = {"name": entrant.name, "protocol": protocol, "seed": seed, "fold": fold}
        scores.append(
            which
            | {"recall": evaluation.recall[0], "accuracy": evaluation.accuracy[0], "is_control": entrant.is_control}
            | {"n_train": len(training), "n_test": len(test)}
        )
        of_samples = {"row": test, "label": data.y[test], "prediction": evaluation.predictions}
        if data.groups is not None:
            of_samples["group"] = data.groups[test]
        predictions.append(pd.DataFrame(which | of_samples))
    tables = [pd.DataFrame(scores), pd.concat(predictions, ignore_index=True)]
    return Comparison(
        *(table.astype({"seed": "Int64"}) for table in tables),
        controls=controls,
        about={entrant.name: entrant.about for entrant in entrants if entrant.is_control},
    )
