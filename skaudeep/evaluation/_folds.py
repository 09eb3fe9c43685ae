"""How well a classifier does over folds of arrays."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score, confusion_matrix, recall_score
from sklearn.model_selection import check_cv
from sklearn.utils import indexable
from sklearn.utils.multiclass import unique_labels

from skaudeep._validation import find_unlabelled, safe_indexing
from skaudeep.exceptions import DataSetError, Message, param

__all__ = ["FoldEvaluation", "evaluate_folds"]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class FoldEvaluation:
    """What a classifier predicted for the test samples of every fold, and how well.

    Printed, it is one line: mean and standard deviation over the folds of accuracy and unweighted average recall.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Labels, sorted.
    rows : ndarray of int of shape (n_tested,)
        The samples that were tested, fold after fold; a sample appears once for each fold that tests it.
    folds : ndarray of int of shape (n_tested,)
        The fold, from 0, in which each was tested.
    predictions : ndarray of shape (n_tested,)
        What was predicted for each.
    accuracy : ndarray of float of shape (n_folds,)
        Share of correct predictions in each fold, from 0 to 1.
    recall : ndarray of float of shape (n_folds,)
        Unweighted average recall (UAR) in each fold, from 0 to 1: the mean over the classes that the fold tests.
    confusion : ndarray of int of shape (n_classes, n_classes)
        Number of samples of each class (row) that were predicted as each class (column), over all folds.

    See Also
    --------
    evaluate_folds : Makes one.
    DatasetEvaluation : The same of a data set.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.naive_bayes import GaussianNB
    >>> from skaudeep.evaluation import evaluate_folds
    >>> X, y = load_iris(return_X_y=True)
    >>> result = evaluate_folds(GaussianNB(), X, y, cv=5)
    >>> print(result)
    accuracy 0.95 +/- 0.03, UAR 0.95 +/- 0.03 over 5 folds, 150 samples
    >>> bool((result.predictions == y[result.rows]).mean() > 0.9)
    True
    """

    classes: np.ndarray
    rows: np.ndarray
    folds: np.ndarray
    predictions: np.ndarray
    accuracy: np.ndarray
    recall: np.ndarray
    confusion: np.ndarray

    def __str__(self):
        measures = {"accuracy": self.accuracy, "UAR": self.recall}
        text = ", ".join(f"{name} {values.mean():.2f} +/- {values.std():.2f}" for name, values in measures.items())
        return f"{text} over {len(self.accuracy)} folds, {len(np.unique(self.rows))} samples"

    def __repr__(self):
        return f"<{type(self).__name__}: {self}>"


def evaluate_folds(estimator, X, y, *, cv, groups=None):
    """Fit a classifier on the training part of every fold and evaluate it on the rest.

    Parameters
    ----------
    estimator : classifier
        A clone is fitted for each fold. Whatever must not see the test part, such as scaling, belongs into it.
    X : array-like of shape (n_samples, ...)
        Features, or anything else that the classifier takes.
    y : array-like of shape (n_samples,)
        Labels. A sample without one (NaN, None or empty text) must be in no fold, as in the `cv` of a corpus.
    cv : int, cross-validation splitter or iterable
        The folds, as everywhere in scikit-learn.
    groups : array-like of shape (n_samples,), default=None
        What belongs together, for a splitter that keeps groups whole.

    Returns
    -------
    FoldEvaluation
        Predictions, accuracy and unweighted average recall of each fold, and the pooled confusion matrix.

    Raises
    ------
    ValueError
        If X, y and groups differ in length, there is nothing to split, or a fold has a sample without a label.

    See Also
    --------
    evaluate_dataset : The same with the folds or partitions of a data set.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import PredefinedSplit
    >>> from sklearn.neighbors import NearestCentroid
    >>> from skaudeep.evaluation import evaluate_folds
    >>> X = np.array([[-2.0], [2.0], [-3.0], [3.0], [-1.0], [1.0], [-2.0], [2.0]])
    >>> y = ["a", "b", "a", "b", "a", "b", "b", "b"]
    >>> result = evaluate_folds(NearestCentroid(), X, y, cv=PredefinedSplit([0, 0, 0, 0, 1, 1, 1, 1]))
    >>> result.accuracy
    array([1.  , 0.75])
    >>> result.recall.round(2)
    array([1.  , 0.83])
    >>> result.confusion
    array([[3, 0],
           [1, 4]])
    """
    X, y, groups = indexable(X, y, groups)
    y, splits, labelled = make_splits(X, y, cv, groups)
    return evaluate_splits(estimator, X, y, splits, labelled=labelled)


def make_splits(X, y, cv, groups=None):
    """Split samples; give the labels, pairs of training and test rows, and which samples have a label."""
    y = np.asarray(y)
    unlabelled = find_unlabelled(y)
    # what is missing among texts cannot be sorted, as splitters do
    strata = pd.factorize(y)[0] if unlabelled.any() else y
    splits = list(check_cv(cv, strata, classifier=True).split(X, strata, groups))
    _check_labelled(y, unlabelled, splits)
    return _as_numbers(y, unlabelled), splits, ~unlabelled


def _check_labelled(y, unlabelled, splits):
    """Refuse folds with a sample that has no label, before anything is fitted."""
    for fold, (training, test) in enumerate(splits):
        rows = np.concatenate([np.arange(len(y))[part] for part in (training, test)])
        wrong = rows[unlabelled[rows]]
        if len(wrong):
            raise ValueError(
                f"y has no label for {len(wrong)} samples of fold {fold}, the first is y[{wrong[0]}]={y[wrong[0]]!r}; "
                "leave these samples out of X and y (skaudeep.datasets.drop_unlabelled does so with a corpus), or give "
                "a cv whose folds are without them."
            )


_STRATIFIED = f"Folds made by {param.add_folds} have each class on both sides, if it has two files."


def check_split(name, training, test=(), remedy=_STRATIFIED):
    """Refuse a split without two classes to train on; warn of classes that are only tested.

    The classes of both parts are given by the function that the user has called, which is decorated once.
    """
    classes = np.unique(training)
    if len(classes) < 2:
        raise DataSetError(
            f"{name}: all {len(training)} samples to train on are of the class {str(classes[0])!r}, but a classifier "
            "needs two; add other recordings, or make other folds or partitions."
        )
    missing = np.setdiff1d(test, classes)
    if len(missing):
        warnings.warn(
            Message(
                f"{name}: no sample of {', '.join(map(str, missing))} is trained on, but "
                f"{np.isin(test, missing).sum()} are tested on, of which none can be right. {remedy}"
            ),
            stacklevel=4,
        )


def _as_numbers(y, unlabelled):
    """Return class numbers that are floats only because some are missing, as the integers that index class names."""
    if y.dtype.kind != "f" or not unlabelled.any():
        return y
    numbers = np.where(unlabelled, 0, y)
    return numbers.astype(np.int64) if (numbers == np.round(numbers)).all() else y


def evaluate_splits(estimator, X, y, splits, advance=lambda: None, labelled=slice(None), groups=None):
    """Do what `evaluate_folds` does, with pairs of training and test rows; `advance` is called after each.

    Groups, where they are given, are passed to `fit`.
    """
    predictions = predict_splits(estimator, X, y, splits, advance, groups)
    pairs = [(y[test], predicted) for (_, test), predicted in zip(splits, predictions, strict=True)]
    rows, predictions = np.concatenate([test for _, test in splits]), np.concatenate(predictions)
    classes = unique_labels(y[labelled])
    return FoldEvaluation(
        classes=classes,
        rows=rows,
        folds=np.repeat(np.arange(len(pairs)), [len(test) for _, test in splits]),
        predictions=predictions,
        accuracy=np.array([accuracy_score(*pair) for pair in pairs]),
        recall=np.array([average_recall(*pair) for pair in pairs]),
        confusion=confusion_matrix(y[rows], predictions, labels=classes),
    )


def predict_splits(estimator, X, y, splits, advance=lambda: None, groups=None):
    """Fit a clone on the training part of each split; give a list of what each predicts for its test part."""
    predictions = []
    for training, test in splits:
        params = {} if groups is None else {"groups": groups[training]}
        fitted = clone(estimator).fit(safe_indexing(X, training), y[training], **params)
        predictions.append(fitted.predict(safe_indexing(X, test)))
        advance()
    return predictions


def average_recall(y, predicted):
    """Compute the unweighted average recall over the classes in `y`."""
    # a class that a fold does not test has no recall
    return recall_score(y, predicted, labels=unique_labels(y), average="macro")
