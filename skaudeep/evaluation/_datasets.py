"""Estimators on data sets: evaluated by folds or partitions, or predicting; by instance, or by recording."""

import dataclasses
import logging

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._columns import SINGLE_TARGET
from skaudeep._progress import progress
from skaudeep._provenance import check_same_provenance, decode_provenance
from skaudeep._validation import (
    HasMethods,
    Integral,
    Interval,
    StrOptions,
    check_random_state,
    draw_seed,
    validate_params,
)
from skaudeep.classification import ChunkMeanRegressor, MajorityVoteClassifier
from skaudeep.evaluation._folds import check_split, evaluate_splits
from skaudeep.evaluation._regression import check_kind, check_targets, evaluate_targets
from skaudeep.evaluation._samples import (
    balance,
    check_same_features,
    find_task,
    gather,
    get_classes,
    get_numbers,
    join_targets,
    split,
)
from skaudeep.evaluation._seeds import reseed
from skaudeep.exceptions import ParameterError, param
from skaudeep.results.evaluation import summarise

_log = logging.getLogger(__name__)

_CONSTRAINTS = {
    "estimator": [HasMethods(["fit", "predict", "get_params"])],
    "task": [StrOptions({"auto", "classification", "regression"})],
    "targets": [str, list, tuple, None],
    "upsample": ["boolean"],
    "majority_vote": ["boolean"],
    "random_state": ["random_state"],
}


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class DatasetEvaluation:
    """What a classifier predicted for the test samples of a data set, and how well.

    Samples are instances or, with a majority vote, recordings. Printed, it is one line: the means of accuracy and
    unweighted average recall, and their standard deviations over the folds.

    Parameters
    ----------
    classes : ndarray of str of shape (n_classes,)
        Names of the classes that were trained or tested on, sorted.
    splits : list of str of length n_splits
        "fold 1", "fold 2", ..., or the one or more partitions that were tested on, such as "devel, test".
    accuracy : ndarray of float of shape (n_repeats, n_splits)
        Share of correct predictions, from 0 to 1.
    recall : ndarray of float of shape (n_repeats, n_splits)
        Unweighted average recall (UAR), from 0 to 1: the mean over the classes that the split tests.
    confusion : ndarray of int of shape (n_classes, n_classes)
        Number of samples of each class (row) that were predicted as each class (column), over all splits and repeats.
    predictions : pandas.DataFrame
        One row for each test: the columns `repeat` and `split`, both from 0, `filename`, `chunk_nr` unless there was a
        vote over chunks, `label` and `prediction`.

    See Also
    --------
    evaluate_dataset : Makes one, with an example.
    FoldEvaluation : The same of arrays.
    RegressionEvaluation : The same for numbers as targets.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.evaluation import evaluate_dataset, make_classifier
    >>> features = [[0.0], [1.0], [0.1], [0.9], [0.2], [0.3]]
    >>> ds = make_dataset(features, list("abcdef"), label_nominal=list("xyxyxy"), partition=[0, 0, 0, 0, 2, 2])
    >>> result = evaluate_dataset(ds, make_classifier("svm"))
    >>> print(result)
    accuracy 0.50, UAR 0.50 over test, 2 samples
    >>> result.predictions.drop(columns="chunk_nr")
       repeat  split filename label prediction
    0       0      0        e     x          x
    1       0      0        f     y          x
    """

    classes: np.ndarray
    splits: list
    accuracy: np.ndarray
    recall: np.ndarray
    confusion: np.ndarray
    predictions: pd.DataFrame

    def to_dict(self):
        """Give the results as lists, text and numbers, for a JSON file.

        Returns
        -------
        dict
            With the keys `classes`, `splits`, `accuracy`, `recall` and `confusion`, as the attributes.
        """
        return {
            "classes": self.classes.tolist(),
            "splits": list(self.splits),
            "accuracy": self.accuracy.tolist(),
            "recall": self.recall.tolist(),
            "confusion": self.confusion.tolist(),
        }

    def __str__(self):
        n_repeats, n_splits = self.accuracy.shape
        figures = []
        for name, values in (("accuracy", self.accuracy), ("UAR", self.recall)):
            mean, deviation = summarise(values)
            figures.append(f"{name} {mean:.2f}" + (f" +/- {deviation:.2f}" if n_splits > 1 else ""))
        where = f"{n_splits} folds" if n_splits > 1 else self.splits[0]
        repeats = f" (means of {n_repeats} repeats)" if n_repeats > 1 else ""
        names = [name for name in ("filename", "chunk_nr") if name in self.predictions]
        samples = len(self.predictions[names].drop_duplicates())
        return f"{', '.join(figures)} over {where}{repeats}, {samples} samples"

    def __repr__(self):
        return f"<{type(self).__name__}: {self}>"


@validate_params(
    {
        "ds": [xr.Dataset],
        "train": "no_validation",
        "test": "no_validation",
        "repeats": [Interval(Integral, 1, None, closed="left")],
        "verbose": ["verbose"],
        **_CONSTRAINTS,
    },
    prefer_skip_nested_validation=True,
)
def evaluate_dataset(
    ds,
    estimator,
    *,
    task="auto",
    targets=None,
    train=None,
    test=None,
    upsample=False,
    majority_vote=False,
    repeats=1,
    random_state=None,
    verbose=0,
):
    """Evaluate a classifier or a regressor by the folds or the partitions of a data set.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`~skaudeep.datasets.make_dataset` makes it, with class names or with numbers as targets.
        Instances without a target are neither trained nor tested on. Lazy features are read where they are needed;
        those with several axes become one vector for each instance.
    estimator : classifier or regressor
        A clone is fitted for each split and repeat. Whatever must not see the test part, such as scaling, belongs into
        it; :func:`make_classifier` and :func:`make_regressor` make one.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether the targets are classes or numbers. "auto" takes `targets`, or else `label_numeric`, for numbers where
        the data set has no names of classes. "classification" makes each number a class there, and "regression" takes
        `label_numeric` for what it is where there are names.
    targets : str or list of str, default=None
        Which of several numbers are predicted, each by a regressor of its own; None: all. Instances without a target
        are left out for this target. With names here, a data set is one for regression, also if it has classes.
    train, test : str or list of str, default=None
        Partitions to train and to test on, among "train", "devel" and "test". With neither, the splits are the folds of
        the data set if it has any; see :func:`~skaudeep.datasets.cv_splits`.
    upsample : bool, default=False
        Whether to copy recordings of the rarer classes in the training part of each split until every class has as
        many as the largest (see :func:`~skaudeep.datasets.upsample`). Copies are never tested on.
    majority_vote : bool, default=False
        Whether samples are recordings instead of chunks: the chunks of each vote for its class (see
        `MajorityVoteClassifier`), or its number is the mean over them (see `ChunkMeanRegressor`).
    repeats : int, default=1
        How often to do it all, each time with other seeds.
    random_state : int, RandomState instance or None, default=None
        Decides the seeds of the estimator and which recordings are copied, of each repeat. An integer gives the same
        result every time, and more repeats begin with the same results as fewer. None leaves the estimator the
        seeds that it has in the first repeat, and takes new ones in others.
    verbose : bool or int, default=0
        Whether to show progress.

    Returns
    -------
    DatasetEvaluation or RegressionEvaluation
        How good the predictions are in each split and repeat, and all predictions: the former for classes, the latter
        for numbers, beside a control that predicts the mean.

    Raises
    ------
    DataSetError
        If there are no targets, or neither folds nor partitions; a split trains on fewer than two classes, or on equal
        numbers; chunks of a recording are on both sides of a split or, for a majority vote, differ in their target;
        features are not finite.
    ParameterError
        If the estimator is a regressor for classes, or a classifier for numbers; or numbers are to be upsampled.

    Warns
    -----
    UserWarning
        If a split tests a class on which it does not train, so that no prediction can be right, or numbers that are
        all the same, so that correlations are not defined.

    See Also
    --------
    predict_dataset : Predict for a data set without labels.
    evaluate_folds : The same with arrays and any splitter.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import add_folds, make_dataset
    >>> from skaudeep.evaluation import evaluate_dataset, make_classifier
    >>> rng = np.random.default_rng(0)
    >>> label = np.repeat(["dog", "rain"], 20)
    >>> features = rng.normal(size=(40, 3)) + 2 * (label == "dog")[:, None]
    >>> ds = make_dataset(features, [f"{i}.wav" for i in range(40)], label_nominal=label)
    >>> result = evaluate_dataset(add_folds(ds, 4, random_state=0), make_classifier("svm", C=0.1))
    >>> print(result)
    accuracy 0.97 +/- 0.04, UAR 0.97 +/- 0.04 over 4 folds, 40 samples
    >>> result.confusion
    array([[19,  1],
           [ 0, 20]])
    """
    task = find_task(ds, task, param.ds, targets=targets)
    check_kind(estimator, task)
    if majority_vote:
        estimator = _BY_FILE[task](estimator)
    seeds = _draw_seeds(repeats, random_state)
    if task == "regression":
        _refuse_upsampling(upsample)
        numbers = get_numbers(ds, param.ds, targets)
        return _evaluate_numbers(ds, estimator, numbers, split(ds, train, test, majority_vote), seeds, verbose)
    labels = get_classes(ds, param.ds, by_number=True)
    return _evaluate_classes(ds, estimator, labels, split(ds, train, test, majority_vote), seeds, upsample, verbose)


_BY_FILE = {"classification": MajorityVoteClassifier, "regression": ChunkMeanRegressor}


def _refuse_upsampling(upsample):
    if upsample:
        raise ParameterError("upsample", upsample, ": there are no classes to balance, as targets are numbers")


def _evaluate_numbers(ds, estimator, numbers, splits, seeds, verbose):
    """Evaluate a regressor on each of the targets."""
    targets = {}
    for name, values in numbers.items():
        targets[name] = join_targets(splits.samples, values.to_numpy()[splits.rows])
    n_fits = len(targets) * len(seeds) * len(splits.names)
    with progress("Evaluating", n_fits, enabled=bool(verbose), unit="fits") as advance:
        return evaluate_targets(
            [reseed(estimator, seed) for seed in seeds],
            splits.samples.X,
            pd.DataFrame(targets),
            splits.samples.name_all(ds),
            splits.folds,
            splits.names,
            advance,
        )


def _evaluate_classes(ds, estimator, labels, splits, seeds, upsample, verbose):
    """Evaluate a classifier."""
    samples, y = splits.samples, join_targets(splits.samples, labels[splits.rows])
    pairs = [(np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)) for fold in splits.folds.T]
    for name, (training, tested) in zip(splits.names, pairs, strict=True):
        check_split(name, y[training], y[tested])
    evaluations = []
    with progress("Evaluating", len(seeds) * len(pairs), enabled=bool(verbose), unit="fits") as advance:
        for seed in seeds:
            random, balanced = check_random_state(seed), pairs
            if upsample:
                balanced = [(balance(ds, samples, y, training, random), tested) for training, tested in pairs]
            evaluations.append(evaluate_splits(reseed(estimator, seed), samples.X, y, balanced, advance))
    tables = []
    for repeat, one in enumerate(evaluations):
        table = samples.name_all(ds).iloc[one.rows].assign(label=y[one.rows], prediction=one.predictions)
        table.insert(0, "repeat", repeat)
        table.insert(1, "split", one.folds)
        tables.append(table)
    return DatasetEvaluation(
        classes=evaluations[0].classes,
        splits=splits.names,
        accuracy=np.array([evaluation.accuracy for evaluation in evaluations]),
        recall=np.array([evaluation.recall for evaluation in evaluations]),
        confusion=np.sum([evaluation.confusion for evaluation in evaluations], axis=0),
        predictions=pd.concat(tables, ignore_index=True),
    )


@validate_params(
    {"train_ds": [xr.Dataset], "test_ds": [xr.Dataset], "check_settings": ["boolean"], **_CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def predict_dataset(
    train_ds,
    test_ds,
    estimator,
    *,
    task="auto",
    targets=None,
    upsample=False,
    majority_vote=False,
    check_settings=True,
    random_state=None,
):
    """Fit a classifier or a regressor on one data set and predict the targets of another.

    Parameters
    ----------
    train_ds : xarray.Dataset
        What to train on, with class names or with numbers as targets; instances without a target are left out.
    test_ds : xarray.Dataset
        What to predict for, with the same features; its labels are not looked at. Give parts of data sets with
        :func:`~skaudeep.datasets.select`.
    estimator : classifier or regressor
        A clone is fitted; :func:`make_classifier` and :func:`make_regressor` make one that scales its features.
    task : {"auto", "classification", "regression"}, default="auto"
        Whether the targets of `train_ds` are classes or numbers, as in :func:`evaluate_dataset`.
    targets : str or list of str, default=None
        Which of several numbers are predicted, as in :func:`evaluate_dataset`.
    upsample : bool, default=False
        Whether to copy recordings of the rarer classes of `train_ds` until every class has as many as the largest.
    majority_vote : bool, default=False
        Whether to fit on the chunks of recordings and let those of a recording vote, or average their numbers.
    check_settings : bool, default=True
        Whether to refuse features that say that they were made in another way than those to train on: of other
        spectrograms, or by another network (see :func:`skaudeep.datasets.get_provenance`).
    random_state : int, RandomState instance or None, default=None
        Decides the seeds of the estimator and which recordings are copied. An integer gives the same result every
        time; None leaves the estimator the seeds that it has.

    Returns
    -------
    pandas.Series or DataFrame
        The predicted class or number (`label`), or a column for each of several targets, by `filename`, sorted: one for
        each recording with a majority vote, otherwise one for each instance, with the chunks of a recording in their
        order.

    Raises
    ------
    DataSetError
        If `train_ds` has fewer than two classes, or equal numbers; either has no instance or features that are not
        finite, or the features of both differ in shape or name, or in how they were made.
    ParameterError
        If the estimator is a regressor for classes, or a classifier for numbers; or numbers are to be upsampled.

    See Also
    --------
    evaluate_dataset : How right the predictions are likely to be.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.evaluation import make_classifier, predict_dataset
    >>> known = make_dataset([[0.0], [0.1], [0.9], [1.0]], list("abcd"), label_nominal=["dog", "dog", "sea", "sea"])
    >>> new = make_dataset([[0.8], [0.2]], ["f.wav", "e.wav"])
    >>> predict_dataset(known, new, make_classifier("svm")).to_dict()
    {'e.wav': 'dog', 'f.wav': 'sea'}
    """
    task = find_task(train_ds, task, param.train_ds, targets=targets)
    check_kind(estimator, task)
    if task == "regression":
        _refuse_upsampling(upsample)
        labels = get_numbers(train_ds, param.train_ds, targets)
    else:
        labels = pd.DataFrame({"label": get_classes(train_ds, param.train_ds, by_number=True)}).replace("", None)
    check_same_features(train_ds, test_ds)
    if check_settings:
        check_same_provenance(
            decode_provenance(train_ds.attrs, param.train_ds),
            decode_provenance(test_ds.attrs, param.test_ds),
            (param.train_ds, param.test_ds),
            remedy="make both by the same steps",
        )
    if majority_vote:
        estimator = _BY_FILE[task](estimator)
    seed = None if random_state is None else draw_seed(random_state)
    test = gather(test_ds, np.arange(test_ds.sizes["instance"]), majority_vote, param.test_ds)
    predictions = {}
    for name, values in labels.items():
        rows = np.flatnonzero(values.notna())
        training = gather(train_ds, rows, majority_vote, param.train_ds)
        y = join_targets(training, values.to_numpy()[rows])
        if task == "classification":
            check_split(param.train_ds, y)
        else:
            check_targets(param.train_ds if len(labels.columns) == 1 else f"{param.train_ds}, {name}", y)
        X = training.X
        if upsample:
            chosen = balance(train_ds, training, y, np.arange(len(y)), check_random_state(seed))
            X, y = X[chosen], y[chosen]
        predictions[name] = reseed(estimator, seed).fit(X, y).predict(test.X)
    both = np.isin(test.filenames, training.filenames).sum()
    if both:
        _log.info("%d of %d samples to predict for are also trained on", both, len(test.filenames))
    dtype = object if task == "classification" else np.float64
    index = pd.Index(test.filenames.astype(object), name="filename")
    table = pd.DataFrame(predictions, index=index, dtype=dtype)
    table = table.iloc[np.lexsort((test_ds["chunk_nr"].values[test.rows], test.filenames))]
    return table["label"] if list(table) == [SINGLE_TARGET] else table


def _draw_seeds(n, random_state):
    """Draw one seed for each repeat; None, for the seeds that there are, in the first if no other is asked for."""
    seeds = check_random_state(random_state).randint(np.iinfo(np.int32).max, size=n).tolist()
    return [None, *seeds[1:]] if random_state is None else seeds
