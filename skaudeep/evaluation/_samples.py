"""What an estimator sees of a data set: features, targets and folds of its instances, or of its recordings."""

import logging
import reprlib
from typing import NamedTuple

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._validation import StrOptions, validate_params
from skaudeep.datamodel import PARTITIONS, VARIABLES, check_layout, get_targets, original_names
from skaudeep.datasets import cv_splits, to_bunch, upsample
from skaudeep.exceptions import DataSetError, ParameterError, param

_log = logging.getLogger(__name__)


class Splits(NamedTuple):
    """Samples, and by which splits they are trained and tested on."""

    samples: "Samples"
    rows: np.ndarray  # the instances of the data set that have a label and are in a split
    folds: np.ndarray  # of shape (n_samples, n_splits): 0 training, 1 test, NaN neither
    names: list  # of the splits


class Samples(NamedTuple):
    """Instances, or recordings with all their chunks, as an estimator takes them."""

    X: np.ndarray  # (n_samples, n_features), (n_samples, n_chunks, n_features), or of n_samples arrays
    rows: np.ndarray  # of shape (n_samples,): the instance, or the first chunk, in the data set
    filenames: np.ndarray  # of shape (n_samples,)
    order: np.ndarray  # the gathered instances, sample by sample
    starts: np.ndarray  # of shape (n_samples,): where each sample begins in `order`
    by_file: bool

    def name_all(self, ds):
        """Give what identifies each sample, as a table."""
        names = pd.DataFrame({"filename": self.filenames})
        if not self.by_file:
            names["chunk_nr"] = ds["chunk_nr"].values[self.rows]
        return names


def split(ds, train, test, by_file):
    """Gather the samples that are in a split: of the folds of a data set, or between its partitions."""
    folds = cv_splits(ds, train=train, test=test).cv_folds
    rows = np.flatnonzero(~np.isnan(folds).all(axis=1))
    samples = gather(ds, rows, by_file)
    folds = join_folds(samples, folds[rows])
    if train is None and test is None and ds.sizes["fold"]:
        names = [f"fold {i}" for i in range(1, folds.shape[1] + 1)]
    else:
        names = [_tested(ds, samples, folds)]
    return Splits(samples, rows, folds, names)


def _tested(ds, samples, folds):
    """Return names of the partitions that are tested on."""
    partition = ds["partition"].values[samples.rows]
    return ", ".join(name for i, name in enumerate(PARTITIONS) if (folds[:, 0] == 1)[partition == i].any())


def gather(ds, rows, by_file, source=param.ds):
    """Load instances, with the chunks of a recording together and in their order if samples are recordings."""
    if not len(rows):
        raise DataSetError(f"{source}: there are no instances.")
    filenames = ds["filename"].values[rows].astype(str)
    X = _load(ds, rows, source)
    if not by_file:
        each = np.arange(len(rows))
        return Samples(X, rows, filenames, each, each, by_file)
    codes, files = pd.factorize(filenames, sort=True)
    order = np.lexsort((ds["chunk_nr"].values[rows], codes))
    counts = np.bincount(codes)
    starts = np.cumsum(counts) - counts
    X = X[order]
    if (counts == counts[0]).all():
        X = X.reshape(len(files), counts[0], -1)
    else:
        X = np.fromiter(np.split(X, starts[1:]), dtype=object, count=len(files))
    return Samples(X, rows[order][starts], files, order, starts, by_file)


def _load(ds, rows, source):
    """Load the features of some instances, as rows of a matrix; refused unless finite."""
    features = ds["features"]
    if features.ndim > 2:
        _log.info(
            "Features of %s: flattened to %d numbers for each instance",
            " x ".join(f"{features.sizes[dim]} {dim}" for dim in features.dims[1:]),
            np.prod(features.shape[1:]),
        )
    X = features.isel(instance=rows).values.reshape(len(rows), -1)
    wrong = ~np.isfinite(X).all(axis=1)
    if wrong.any():
        at = rows[np.argmax(wrong)]
        raise DataSetError(
            f"features: {source} has NaN or infinity in those of {ds['filename'].values[at]}, chunk "
            f"{ds['chunk_nr'].values[at]} ({wrong.sum()} of {len(rows)} instances have); compute them anew, or leave "
            "such instances out."
        )
    return X


@validate_params(
    {
        "ds": [xr.Dataset],
        "task": [StrOptions({"auto", "classification", "regression"})],
        "source": [str],
        "targets": [str, list, tuple, None],
    },
    prefer_skip_nested_validation=True,
)
def find_task(ds, task="auto", source=param.ds, *, targets=None):
    """Say whether the targets of a data set are classes or numbers.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`~skaudeep.datasets.make_dataset` makes it.
    task : {"auto", "classification", "regression"}, default="auto"
        "auto" leaves it to the data set: classes if it has names of them. Anything else is the answer.
    source : str, default="ds"
        What an error calls the data set.
    targets : str or list of str, default=None
        Which of several numbers are asked for, if some are: then the task is regression, also where there are classes.

    Returns
    -------
    {"classification", "regression"}
        The task.

    Raises
    ------
    DataSetError
        If `task` is "auto" and no instance has a label.
    ParameterError
        If `task` is "classification" and targets are named.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.evaluation import find_task
    >>> find_task(make_dataset([[0.0], [1.0]], ["a.wav", "b.wav"], label_numeric=[0.25, 1.5]))
    'regression'
    """
    if targets is not None and task == "classification":
        raise ParameterError("targets", targets, f": these are numbers; leave them out with {param('task', task)}")
    if targets is not None:
        return "regression"
    if task != "auto":
        return task
    bunch = to_bunch(ds)  # which knows names behind numbers, and refuses what is not a data set
    if bunch.target is None or np.isnan(bunch.target).all():
        raise DataSetError(f"{source} has no labels, neither class names nor numbers; {param.set_labels} gives them.")
    return "regression" if bunch.target_names is None else "classification"


def get_classes(ds, source, *, by_number=False):
    """Return the class of every instance, "" where it is not known; `by_number` makes a class of each number."""
    bunch = to_bunch(ds)
    if bunch.target_names is None and bunch.target is not None and by_number:
        _check_one_target(bunch, source)
        return np.array(["" if np.isnan(number) else _class_of(number) for number in bunch.target])
    if bunch.target_names is None or np.isnan(bunch.target).all():
        has = "numbers as targets, but no" if bunch.target is not None and bunch.target_names is None else "no"
        raise DataSetError(f"{source} has {has} class names, which classifiers need; {param.set_labels} gives them.")
    unknown = np.isnan(bunch.target)
    return np.where(unknown, "", bunch.target_names[np.where(unknown, 0, bunch.target).astype(np.intp)])


def _class_of(number):
    """Name the class of a number, with all digits that tell it from others."""
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def _check_one_target(bunch, source):
    if bunch.target.ndim > 1:
        raise DataSetError(
            f"{source} has {bunch.target.shape[1]} targets, and a class of each number needs a single one."
        )


def get_numbers(ds, source, targets=None):
    """Return the continuous targets of every instance by their names, or some of them; NaN where not known."""
    check_layout(ds, source)
    numbers = get_targets(ds)
    wanted = [targets] if isinstance(targets, str) else targets
    if wanted is not None:
        unknown = [name for name in wanted if name not in numbers]
        if unknown or not len(wanted):
            wrong = unknown[0] if unknown else targets
            raise ParameterError("targets", wrong, f": the targets are {', '.join(map(repr, numbers))}")
        numbers = numbers[list(dict.fromkeys(wanted))]
    missing = numbers.columns[numbers.isna().all()]
    if len(missing) == len(numbers.columns):
        raise DataSetError(f"{source} has no numbers as targets, which regressors need; {param.set_labels} gives them.")
    if len(missing):
        raise DataSetError(f"{source} has no number of the target {missing[0]!r}; name the others by {param.targets}.")
    return numbers


def join_folds(samples, folds):
    """Return folds of samples, from those of instances; no recording, or a copy of it, is on both sides of one."""
    codes, files = pd.factorize(original_names(samples.filenames))
    ordered = folds[samples.order]
    low, high = (extreme.reduceat(ordered, samples.starts) for extreme in (np.fmin, np.fmax))
    order = np.argsort(codes, kind="stable")
    starts = np.searchsorted(codes[order], np.arange(len(files)))
    torn = np.fmin.reduceat(low[order], starts) < np.fmax.reduceat(high[order], starts)
    if torn.any():
        file, fold = np.argwhere(torn)[0]
        where = f"fold {fold + 1}" if folds.shape[1] > 1 else "the split"
        raise DataSetError(
            f"Chunks, or copies, of {files[file]} are in the training and in the test part of {where} "
            f"({torn.any(axis=1).sum()} of {len(files)} recordings are torn apart), which would make results too good; "
            f"make new folds or partitions with {param.remove_folds} and {param.add_folds}, or "
            f"{param.remove_partitions} and {param.add_partitions}."
        )
    return low


def join_targets(samples, labels):
    """Return targets of samples, classes or numbers, from those of instances."""
    labels = labels[samples.order]
    y = labels[samples.starts]
    n_chunks = np.diff(samples.starts, append=len(labels))
    each = np.repeat(y, n_chunks)
    differs = labels != each
    if labels.dtype.kind == "f":
        differs &= ~(np.isnan(labels) & np.isnan(each))
    if differs.any():
        sample = np.repeat(np.arange(len(y)), n_chunks)[np.argmax(differs)]
        one, two = y[sample], labels[np.argmax(differs)]
        if labels.dtype.kind == "f":
            what, values, doing = "target", f"{one:g} and {two:g}", "the mean over chunks"
        else:
            what, values, doing = "class", f"{str(one)!r} and {str(two)!r}", "a majority vote"
        raise DataSetError(
            f"Chunks of {samples.filenames[sample]} differ in their {what}, {values}; {doing} needs one for each "
            "recording."
        )
    return y


def check_same_features(train_ds, test_ds):
    """Refuse features that a classifier cannot take for the same."""
    check_layout(test_ds, param.test_ds)
    one, two = train_ds["features"], test_ds["features"]
    if one.shape[1:] != two.shape[1:]:
        raise DataSetError(
            f"features: {param.train_ds} has {' x '.join(map(str, one.shape[1:]))} of them for each instance, "
            f"{param.test_ds} {' x '.join(map(str, two.shape[1:]))}; make both with the same model."
        )
    for dim, other in zip(one.dims[1:], two.dims[1:], strict=True):
        if dim in one.coords and other in two.coords and (one[dim].values != two[other].values).any():
            names = [reprlib.repr(f[d].values.tolist()) for f, d in ((one, dim), (two, other))]
            raise DataSetError(
                f"features: their names are {names[0]} in train_ds, but {names[1]} in test_ds; give both the same "
                "features in the same order."
            )


def balance(ds, samples, y, training, random):
    """Return rows of `training` and again of those samples that are copied to balance the classes."""
    # a data set whose features are the numbers of the samples: they show what was copied
    outline = ds[list(VARIABLES[:-1])].isel(instance=samples.rows[training])
    numbers = ("instance", "number"), training[:, None]
    outline = outline.assign(label_nominal=("instance", y[training]), features=numbers)
    return upsample(outline, random_state=random)["features"].values[:, 0]
