"""Folds and partitions of a data set: as a splitter for scikit-learn, made anew, taken away."""

import numpy as np
from sklearn.model_selection import BaseCrossValidator

from skaudeep.exceptions import DataSetError


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
        folds = np.asarray(cv_folds, dtype=np.float64)
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
                    f"Fold {empty[0] + 1} of {folds.shape[1]} has no instance in its {split} split; leave it out, "
                    "or make new folds with add_folds."
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
        return f"{type(self).__name__}({self.get_n_splits()} folds of {len(self.cv_folds)} instances)"
