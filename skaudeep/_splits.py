"""Given folds and partitions as splitters for scikit-learn, and who has a label."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator, PredefinedSplit

from skaudeep.exceptions import DataSetError, param


class PredefinedFolds(BaseCrossValidator):
    """Given folds that may overlap or leave instances out, as a splitter for scikit-learn.

    scikit-learn's :class:`~sklearn.model_selection.PredefinedSplit` knows one fold for each instance; here each
    fold says of every instance whether it is trained on, tested on or left out.

    Parameters
    ----------
    cv_folds : array-like of shape (n_instances, n_folds)
        0 where an instance belongs to the training split of a fold, 1 where to its validation split, NaN where to
        neither.

    Raises
    ------
    DataSetError
        If there is no fold, a value is none of these, or a split of a fold is empty.

    See Also
    --------
    cv_splits : The folds of a data set.

    Examples
    --------
    >>> from skaudeep.datasets import PredefinedFolds
    >>> folds = PredefinedFolds([[0, 1], [1, 1], [0, 0], [float("nan"), 0]])
    >>> folds
    PredefinedFolds(2 folds of 4 instances)
    >>> for train, test in folds.split():
    ...     print(train, test)
    [0 2] [1]
    [2 3] [0 1]
    """

    def __init__(self, cv_folds):
        try:
            folds = np.asarray(cv_folds, dtype=np.float64)
        except (TypeError, ValueError) as error:
            raise DataSetError(f"cv_folds: expected a table of numbers, got {cv_folds!r} ({error}).") from error
        if folds.ndim != 2 or not folds.shape[1]:
            raise DataSetError(
                f"cv_folds: got shape {folds.shape}, expected (n_instances, n_folds) with at least one fold."
            )
        if not (np.isnan(folds) | (folds == 0) | (folds == 1)).all():
            raise DataSetError("cv_folds: expected 0 (training), 1 (validation) or NaN (neither) everywhere.")
        for split, number in (("training", 0), ("validation", 1)):
            empty = np.flatnonzero(~(folds == number).any(axis=0))
            if empty.size:
                raise DataSetError(
                    f"Fold {empty[0] + 1} of {folds.shape[1]} has no instance in its {split} split; leave it out "
                    f"(ds.isel(fold=...)), or make new folds with {param.add_folds}."
                )
        self.cv_folds = folds

    def split(self, X=None, y=None, groups=None):
        """Give the training and test rows of each fold.

        Parameters
        ----------
        X : array-like of shape (n_instances, ...), default=None
            Only its length is looked at, which must be that of the folds.
        y, groups : object
            Ignored.

        Yields
        ------
        train, test : ndarray of int
            Rows.
        """
        n_rows = len(self.cv_folds) if X is None else X.shape[0] if hasattr(X, "shape") else len(X)
        if n_rows != len(self.cv_folds):
            raise ValueError(f"X has {n_rows} rows, but these folds are those of {len(self.cv_folds)} instances.")
        for fold in self.cv_folds.T:
            yield np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)

    def get_n_splits(self, X=None, y=None, groups=None):
        """Give the number of folds.

        Parameters
        ----------
        X, y, groups : object
            Ignored.

        Returns
        -------
        int
            How many there are.
        """
        return self.cv_folds.shape[1]

    def __repr__(self):
        n_instances, n_folds = self.cv_folds.shape
        return f"{type(self).__name__}({n_folds} fold{'s' * (n_folds > 1)} of {n_instances} instances)"


def mark_unlabelled(target, target_names):
    """Give class numbers a NaN where there is no label, which no classifier of scikit-learn takes for a class.

    A number such as -1 would be learned like any other, and as an index it would mean the last class.

    Parameters
    ----------
    target : array-like of shape (n_files,) or None
        Class numbers, with NaN, None or -1 without a label; or a continuous target.
    target_names : ndarray of str of shape (n_classes,) or None
        Class names; None for a continuous target.

    Returns
    -------
    ndarray of shape (n_files,) or None
        Class numbers as integers if all recordings have a label, otherwise as floats with NaN; a continuous target as
        it is.
    """
    if target is None or target_names is None:
        return None if target is None else np.asarray(target)
    numbers = np.asarray(target, dtype=np.float64)
    unlabelled = ~(numbers >= 0)
    if unlabelled.any():
        return np.where(unlabelled, np.nan, numbers)
    target = np.asarray(target)
    return target if target.dtype.kind in "iu" else numbers.astype(np.int64)


def find_labelled(target, n):
    """Which of n recordings have a label, given what `mark_unlabelled` returns; without labels all count."""
    if target is None:
        return np.ones(n, dtype=bool)
    return ~np.isnan(target.reshape(n, -1)).all(axis=1)  # of several targets one will do


def find_splitter(cv_folds, numbers, partition, labelled):
    """A splitter over the labelled recordings, or None and the reason why there is none."""
    what = "fold"
    if cv_folds is None:
        if partition is None:
            return None, ()
        what, part = "split into partitions", np.where(labelled, partition, np.nan)
        held_out = 1 if (part == 1).any() else 2
        cv_folds = np.select([part == 0, part == held_out], [0.0, 1.0], np.nan)[:, np.newaxis]
    splits = np.where(labelled[:, np.newaxis], cv_folds, np.nan)
    for number, task in ((0, "train on"), (1, "validate on")):
        if not (splits == number).any(axis=0).all():
            return None, (f"no splitter because a {what} has nothing with a label to {task}",)
    if (splits.sum(axis=1) == 1).all():
        return PredefinedSplit(numbers[splits.argmax(axis=1)]), ()
    return PredefinedFolds(splits), ()
