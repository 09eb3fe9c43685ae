"""What a regressor predicts over the splits of a data set, and how well."""

import dataclasses
import warnings

import numpy as np
import pandas as pd
from sklearn.base import is_classifier, is_regressor
from sklearn.dummy import DummyRegressor

from skaudeep.evaluation._folds import predict_splits
from skaudeep.evaluation._metrics import regression_scores
from skaudeep.exceptions import DataSetError, Message, ParameterError, param
from skaudeep.results.evaluation import REGRESSION_MEASURES, summarise_defined


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class RegressionEvaluation:
    """What a regressor predicted for the test samples of a data set, and how well.

    Samples are instances or, where the chunks of a recording are averaged, recordings. Printed, it is one line: means
    and standard deviations over the folds, and the error of predicting the mean.

    The measures are `ccc`, the concordance correlation coefficient; `pearson` and `spearman`, correlations; `rmse` and
    `mae`, the root of the mean squared and the mean absolute error, in units of the target; `r2`, the coefficient of
    determination. They are NaN where they are not defined: correlations with what is constant.

    Parameters
    ----------
    splits : list of str of length n_splits
        "fold 1", "fold 2", ..., or the one or more partitions that were tested on, such as "devel, test".
    targets : list of str of length n_targets
        Names of the targets; "label" where there is only `label_numeric`.
    scores : pandas.DataFrame
        One row for each split of each repeat and target: `target`, `repeat` and `split`, both from 0, and the measures.
    pooled : pandas.DataFrame
        The measures over all predictions of a repeat together: `target`, `repeat` and the measures.
    mean_predictor : pandas.DataFrame
        The control, which predicts the mean of the targets that were trained on: `target`, `split` and the measures.
    predictions : pandas.DataFrame
        One row for each test: the columns `target`, `repeat` and `split`, both from 0, `filename`, `chunk_nr` unless
        chunks were averaged, `label` (the true target) and `prediction`.

    See Also
    --------
    evaluate_dataset : Makes one.
    DatasetEvaluation : The same for classes.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import add_folds, make_dataset
    >>> from skaudeep.evaluation import evaluate_dataset, make_regressor
    >>> rng = np.random.default_rng(0)
    >>> features = rng.normal(size=(40, 3))
    >>> ds = make_dataset(features, [f"{i}.wav" for i in range(40)], label_numeric=features @ [1.0, 2.0, 0.0])
    >>> result = evaluate_dataset(add_folds(ds, 4, random_state=0), make_regressor("ridge"))
    >>> print(result)
    CCC 1.00 +/- 0.00, RMSE 0.0631 +/- 0.00501 (2.06 by predicting the mean) over 4 folds, 40 samples
    >>> result.pooled[["ccc", "mae"]].round(2).values.tolist()
    [[1.0, 0.05]]
    """

    splits: list
    targets: list
    scores: pd.DataFrame
    pooled: pd.DataFrame
    mean_predictor: pd.DataFrame
    predictions: pd.DataFrame

    def matrix(self, measure, target=None):
        """Give a measure as an array, as those of `DatasetEvaluation` are.

        Parameters
        ----------
        measure : {"ccc", "pearson", "spearman", "rmse", "mae", "r2"}
            Which one.
        target : str, default=None
            Of which target; None: the only one.

        Returns
        -------
        ndarray of float of shape (n_repeats, n_splits)
            Its values.

        Raises
        ------
        ParameterError
            If there is no such target, or there are several and none is named.
        """
        if measure not in REGRESSION_MEASURES:
            raise ParameterError("measure", measure, f": the measures are {', '.join(map(repr, REGRESSION_MEASURES))}")
        return self._of(self.scores, target)[measure].to_numpy().reshape(-1, len(self.splits))

    def summary(self, measure, target=None):
        """Give the mean of a measure and how much it spreads, as `summarise` does, over the splits that define it.

        Parameters
        ----------
        measure : {"ccc", "pearson", "spearman", "rmse", "mae", "r2"}
            Which one.
        target : str, default=None
            Of which target; None: the only one.

        Returns
        -------
        mean : float
            NaN where no split defines the measure.
        spread : float or None
            Standard deviation; None where there is a single value.
        """
        return summarise_defined(self.matrix(measure, target))

    def table(self, target=None):
        """Give the measures of each split, in short, and of the control, as a table.

        Parameters
        ----------
        target : str, default=None
            Of which target; None: the only one.

        Returns
        -------
        pandas.DataFrame
            A column for each measure. Rows are the splits, where there are several also their "mean" and their "std"
            and "all predictions" taken together, and "predicting the mean", on average over the splits.
        """
        rows = {
            split: {name: self.matrix(name, target)[:, i].mean() for name in REGRESSION_MEASURES}
            for i, split in enumerate(self.splits)
        }
        if len(self.splits) > 1:
            rows["mean"] = {name: self.summary(name, target)[0] for name in REGRESSION_MEASURES}
            rows["std"] = {name: self.summary(name, target)[1] for name in REGRESSION_MEASURES}
            rows["all predictions"] = self._of(self.pooled, target)[_MEASURES].mean()
        rows["predicting the mean"] = self._of(self.mean_predictor, target)[_MEASURES].mean()
        return pd.DataFrame(rows, dtype=np.float64).T

    def to_dict(self):
        """Give the results as lists, text and numbers, for a JSON file; None for what is not defined.

        Returns
        -------
        dict
            `splits` and `targets`; and for each target by its name `scores`, each measure by repeats and splits;
            `pooled`, each by repeats; and `mean_predictor`, each by splits.
        """
        result = {"splits": list(self.splits), "targets": list(self.targets)}
        for key in ("scores", "pooled", "mean_predictor"):
            result[key] = {target: {} for target in self.targets}
        for target in self.targets:
            for name in REGRESSION_MEASURES:
                result["scores"][target][name] = _without_nan(self.matrix(name, target))
                result["pooled"][target][name] = _without_nan(self._of(self.pooled, target)[name])
                result["mean_predictor"][target][name] = _without_nan(self._of(self.mean_predictor, target)[name])
        return result

    def _of(self, table, target):
        """Give the rows of a table that are of one target."""
        if target is None and len(self.targets) == 1:
            target = self.targets[0]
        if target not in self.targets:
            raise ParameterError("target", target, f": name one of {', '.join(map(repr, self.targets))}")
        return table[table["target"] == target]

    def _describe(self, target):
        """Say in a line how well one target is predicted."""
        figures = [_show(name, *self.summary(name, target), len(self.splits)) for name in ("ccc", "rmse")]
        by_mean = self._of(self.mean_predictor, target)["rmse"].mean()
        return f"{', '.join(figures)} ({by_mean:.3g} by predicting the mean)"

    def __str__(self):
        n_splits, n_repeats = len(self.splits), self.pooled["repeat"].nunique()
        described = [self._describe(target) for target in self.targets]
        if len(self.targets) > 1:
            described = [f"{target}: {text}" for target, text in zip(self.targets, described, strict=True)]
        where = f"{n_splits} folds" if n_splits > 1 else self.splits[0]
        repeats = f" (means of {n_repeats} repeats)" if n_repeats > 1 else ""
        names = [name for name in ("filename", "chunk_nr") if name in self.predictions]
        samples = len(self.predictions[names].drop_duplicates())
        return f"{'; '.join(described)} over {where}{repeats}, {samples} samples"

    def __repr__(self):
        return f"<{type(self).__name__}: {self}>"


_MEASURES = list(REGRESSION_MEASURES)


def _show(name, mean, spread, n_splits):
    """Write a measure for people: correlations with two decimals, errors with three digits."""
    digits = "{:.3g}" if name in ("rmse", "mae") else "{:.2f}"
    deviation = f" +/- {digits.format(spread)}" if n_splits > 1 and spread is not None else ""
    return f"{REGRESSION_MEASURES[name]} {digits.format(mean)}{deviation}"


def _without_nan(values):
    return np.where(np.isnan(values), None, np.asarray(values, object)).tolist()


def evaluate_targets(estimators, X, targets, names, folds, splits, advance):
    """Evaluate regressors, one for each repeat, on each target by itself.

    Parameters
    ----------
    estimators : sequence of regressor
        One for each repeat.
    X : ndarray
        Features of the samples.
    targets : DataFrame of shape (n_samples, n_targets)
        NaN where one is not known: such samples are neither trained nor tested on for this target.
    names : DataFrame of shape (n_samples, n_names)
        What identifies the samples.
    folds : ndarray of shape (n_samples, n_splits)
        0 in the training part of a split, 1 in its test part.
    splits : list of str
        Names of the splits.
    advance : callable
        Called after each fit.

    Returns
    -------
    RegressionEvaluation
        The results.
    """
    tables = {"scores": [], "pooled": [], "mean_predictor": [], "predictions": []}
    for target, numbers in targets.items():
        y = numbers.to_numpy()
        pairs = _find_pairs(y, folds)
        for split, (training, test) in zip(splits, pairs, strict=True):
            where = split if len(targets.columns) == 1 else f"{target}, {split}"
            check_targets(where, y[training], y[test])
        for name, table in _evaluate_target(estimators, X, y, names, pairs, advance).items():
            table.insert(0, "target", target)
            tables[name].append(table)
    joined = {name: pd.concat(parts, ignore_index=True) for name, parts in tables.items()}
    return RegressionEvaluation(splits=splits, targets=list(targets), **joined)


def _find_pairs(y, folds):
    """Give the training and the test rows of each split, without those whose target is not known."""
    known = ~np.isnan(y)
    return [(np.flatnonzero((fold == 0) & known), np.flatnonzero((fold == 1) & known)) for fold in folds.T]


def _evaluate_target(estimators, X, y, names, pairs, advance):
    """Give the tables of a `RegressionEvaluation` for one target."""
    rows = np.concatenate([test for _, test in pairs])
    split_of_row = np.repeat(np.arange(len(pairs)), [len(test) for _, test in pairs])
    scores, pooled, tables = [], [], []
    for repeat, estimator in enumerate(estimators):
        predicted = [part.astype(np.float64) for part in predict_splits(estimator, X, y, pairs, advance)]
        scores += [{"repeat": repeat} | each for each in _score_splits(y, pairs, predicted)]
        predicted = np.concatenate(predicted)
        pooled.append({"repeat": repeat} | regression_scores(y[rows], predicted))
        known = names.iloc[rows].assign(label=y[rows], prediction=predicted)
        known.insert(0, "repeat", repeat)
        known.insert(1, "split", split_of_row)
        tables.append(known)
    by_mean = predict_splits(DummyRegressor(), np.zeros((len(y), 1)), y, pairs)
    return {
        "scores": pd.DataFrame(scores),
        "pooled": pd.DataFrame(pooled),
        "mean_predictor": pd.DataFrame(_score_splits(y, pairs, by_mean)),
        "predictions": pd.concat(tables, ignore_index=True),
    }


def _score_splits(y, pairs, predictions):
    scores = []
    for split, ((_, test), predicted) in enumerate(zip(pairs, predictions, strict=True)):
        scores.append({"split": split} | regression_scores(y[test], predicted))
    return scores


def check_targets(name, training, test=None):
    """Refuse a split whose targets to train on are all the same; warn where those to test on are."""
    if not len(training) or (test is not None and not len(test)):
        what = "test on" if len(training) else "train on"
        raise DataSetError(
            f"{name}: no sample to {what} has this target; make other folds or partitions, or leave the target out."
        )
    if np.all(training == training[:1]):
        raise DataSetError(
            f"{name}: all {len(training)} samples to train on have the target {training[0]:g}, but a regressor needs "
            "targets that differ; add other recordings, or make other folds or partitions."
        )
    if test is not None and np.all(test == test[:1]):
        warnings.warn(
            Message(
                f"{name}: all {len(test)} samples to test on have the target {test[0]:g}, so that correlations are not "
                f"defined (NaN). Folds made by {param.add_folds} have targets of all sizes."
            ),
            stacklevel=4,
        )


def check_kind(estimator, task):
    """Refuse a classifier for numbers, and a regressor for classes."""
    wrong = {"classification": is_regressor, "regression": is_classifier}[task]
    if not wrong(estimator):
        return
    if task == "classification":
        text = (
            ": that is a regressor, but targets are classes; give a classifier, such as make_classifier('svm'), or "
            f"{param.task}='regression' for numbers behind the classes"
        )
    else:
        text = (
            ": that is a classifier, but targets are numbers; give a regressor, such as make_regressor('svm'), or "
            f"{param.task}='classification' for a class of each number"
        )
    raise ParameterError("estimator", estimator, text)
