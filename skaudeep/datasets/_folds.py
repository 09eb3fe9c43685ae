"""Folds and partitions of a data set: as a splitter for scikit-learn, made anew, taken away."""

from collections.abc import Iterable, Mapping

import numpy as np
import xarray as xr

from skaudeep._splits import PredefinedFolds
from skaudeep._validation import Integral, Interval, Real, validate_params
from skaudeep.datamodel import PARTITIONS, check_layout, is_labelled
from skaudeep.datasets._deal import deal_instances
from skaudeep.datasets._validate import check_choices
from skaudeep.exceptions import DataSetError, param


@validate_params(
    {"ds": [xr.Dataset], "train": "no_validation", "test": "no_validation"}, prefer_skip_nested_validation=True
)
def cv_splits(ds, *, train=None, test=None):
    """Give the folds or the partitions of a data set as a splitter for scikit-learn.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`make_dataset` makes it.
    train : str or list of str, default=None
        Partitions to train on, among "train", "devel" and "test". With neither `train` nor `test`, the splits are
        the folds of the data set if it has any; with `test` alone, "train" is trained on.
    test : str or list of str, default=None
        Partitions to test on. By default "devel", or "test" if "devel" has no instance or is trained on.

    Returns
    -------
    PredefinedFolds
        To be given as `cv` to scikit-learn, with the features of all instances. It has one split for each fold, or
        one split between partitions. Where some instances have labels, those without are in no split.

    Raises
    ------
    DataSetError
        If there are neither folds nor partitions, a name is not a partition or stands on both sides, or a split has no
        instance to train on or to test on.

    See Also
    --------
    add_folds : Make folds.
    add_partitions : Make partitions.

    Notes
    -----
    Of a data set that has both, the folds are taken as they are, whatever partition an instance belongs to.

    Examples
    --------
    >>> from skaudeep.datasets import cv_splits, make_dataset
    >>> ds = make_dataset([[0.0], [1.0], [2.0], [3.0]], list("abcd"), partition=[0, 0, 1, 2])
    >>> next(cv_splits(ds).split())
    (array([0, 1]), array([2]))
    >>> next(cv_splits(ds, train=["train", "devel"], test="test").split())
    (array([0, 1, 2]), array([3]))
    """
    check_layout(ds, param.ds)
    if train is None and test is None and ds.sizes["fold"]:
        check_choices(ds, "cv_folds", (0, 1))
        return PredefinedFolds(_labelled_only(ds, ds["cv_folds"].values))
    check_choices(ds, "partition", range(len(PARTITIONS)))
    partition = ds["partition"].values
    if np.isnan(partition).all():
        has = "has no folds and no partitions" if train is None and test is None else "has no partitions"
        raise DataSetError(
            f"The data set {has}: make some with {param.add_folds} or {param.add_partitions}, or use a splitter of "
            "scikit-learn with the filenames as groups, such as StratifiedGroupKFold."
        )
    rows = {}
    for split, names in _train_and_test(partition, train, test).items():
        rows[split] = np.isin(partition, [PARTITIONS.index(name) for name in names])
        if not rows[split].any():
            raise DataSetError(
                f"{param(split, names)}: no instance is there; the data set has instances in "
                f"{', '.join(repr(name) for number, name in enumerate(PARTITIONS) if (partition == number).any())}."
            )
    folds = np.select([rows["train"], rows["test"]], [0.0, 1.0], np.nan)[:, None]
    return PredefinedFolds(_labelled_only(ds, folds))


@validate_params(
    {
        "ds": [xr.Dataset],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "groups": ["array-like", str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def add_folds(ds, n_folds, *, groups=None, random_state=None):
    """Deal the files of a data set out into folds for cross-validation.

    All chunks of a file get into the same fold. The folds are stratified: each has, up to one file, the same number of
    files of every class, where groups allow it.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set without folds.
    n_folds : int
        The number of folds, at least 2 and at most that of the files (or groups); none stays empty.
    groups : array-like of shape (n_instances,) or str, default=None
        What must not be torn apart either, such as the speaker of each instance, or the name of the variable of `ds`
        that holds it; by default the variable `group`, if there is one. All instances of a file must be of the same
        group.
    random_state : int, RandomState instance or None, default=None
        Decides which file gets where. An integer gives the same folds in every call.

    Returns
    -------
    xarray.Dataset
        The data set with the variable `cv_folds`: 1 in the one fold by which an instance is validated, 0 in the others.

    Raises
    ------
    DataSetError
        If the data set has folds, has fewer files (or groups) than asked for, or the instances of a file differ in
        their label or group.

    See Also
    --------
    cv_splits : The folds as a splitter for scikit-learn.
    remove_folds : Take folds away.
    add_partitions : Deal files out into training, development and test.

    Notes
    -----
    Classes are those of `label_nominal`; files without a label are a class of their own. Without any nominal label,
    those of `label_numeric` are used: as classes if there are at most 10 different numbers, otherwise in 10 quantiles.
    Of several targets, files are in quantiles of the mean of the targets, each first standardised.

    Groups of several files are dealt out first, the largest ones first, each to where files of its classes, and files
    at all, are most wanted. It takes time for each such group; single files are dealt out many at once.

    Examples
    --------
    >>> from skaudeep.datasets import add_folds, make_dataset
    >>> files = ["a.wav", "a.wav", "b.wav", "c.wav", "c.wav", "d.wav"]
    >>> ds = make_dataset([[0.0]] * 6, files, chunk_nr=[0, 1, 0, 0, 1, 0], label_nominal=list("xxxyyy"))
    >>> add_folds(ds, 2, random_state=0).cv_folds.values.T
    array([[0, 0, 1, 1, 1, 0],
           [1, 1, 0, 0, 0, 1]])
    """
    check_layout(ds, param.ds)
    if ds.sizes["fold"]:
        raise DataSetError(
            f"The data set has {ds.sizes['fold']} folds already; take them away with {param.remove_folds} first."
        )
    parts = deal_instances(ds, n_folds, param("n_folds", n_folds), groups, random_state)
    return _replace_folds(ds, (parts[:, None] == np.arange(n_folds)).astype(np.int64))


@validate_params(
    {
        "ds": [xr.Dataset],
        "partitions": "no_validation",
        "groups": ["array-like", str, None],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def add_partitions(ds, partitions=PARTITIONS, *, groups=None, random_state=None):
    """Deal the files of a data set out into training, development and test partitions.

    All chunks of a file get into the same partition. The partitions are stratified as the folds of
    :func:`add_folds` are.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set without partitions.
    partitions : sequence of str or dict of str to float, default=("train", "devel", "test")
        The partitions to make, among these three, in equal shares; or the share of each, such as
        `{"train": 0.8, "test": 0.2}`. Only the proportions of the shares count, and each partition gets a file at
        least.
    groups : array-like of shape (n_instances,) or str, default=None
        What must not be torn apart either, such as the speaker of each instance, or the name of the variable of `ds`
        that holds it; by default the variable `group`, if there is one. All instances of a file must be of the same
        group.
    random_state : int, RandomState instance or None, default=None
        Decides which file gets where. An integer gives the same partitions in every call.

    Returns
    -------
    xarray.Dataset
        The data set with the variable `partition`: 0 training, 1 development, 2 test.

    Raises
    ------
    DataSetError
        If the data set has partitions, has fewer files (or groups) than asked for, a name or share is none, or the
        instances of a file differ in their label or group.

    See Also
    --------
    cv_splits : The partitions as a splitter for scikit-learn.
    remove_partitions : Take partitions away.
    add_folds : Deal files out into folds, with notes on how it is done.

    Examples
    --------
    >>> from skaudeep.datasets import add_partitions, make_dataset
    >>> ds = make_dataset([[0.0]] * 8, list("abcdefgh"), label_nominal=list("xxxxyyyy"))
    >>> add_partitions(ds, {"train": 0.75, "test": 0.25}, random_state=0).partition.values
    array([2, 0, 0, 0, 2, 0, 0, 0])
    """
    check_layout(ds, param.ds)
    check_choices(ds, "partition", range(len(PARTITIONS)))
    if not np.isnan(ds["partition"].values).all():
        raise DataSetError(f"The data set has partitions already; take them away with {param.remove_partitions} first.")
    names = _partition_names(partitions, "partitions")
    shares = np.array([_share(partitions, name) for name in names], dtype=np.float64)
    parts = deal_instances(ds, shares / shares.sum(), param("partitions", partitions), groups, random_state)
    numbers = np.array([PARTITIONS.index(name) for name in names], dtype=np.int64)
    return _replace(ds, "partition", numbers[parts])


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def remove_folds(ds):
    """Take the folds of a data set away.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set, with or without folds.

    Returns
    -------
    xarray.Dataset
        The data set with no folds: the dimension `fold` has size 0. Coordinates and further variables over that
        dimension are taken away too.

    See Also
    --------
    add_folds : Make new ones.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, remove_folds
    >>> ds = make_dataset([[0.0], [1.0]], ["a.wav", "b.wav"], cv_folds=[[0, 1], [1, 0]])
    >>> remove_folds(ds).sizes["fold"]
    0
    """
    check_layout(ds, param.ds)
    return _replace_folds(ds, np.empty((ds.sizes["instance"], 0)))


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def remove_partitions(ds):
    """Take the partitions of a data set away.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set, with or without partitions.

    Returns
    -------
    xarray.Dataset
        The data set with NaN as the partition of every instance.

    See Also
    --------
    add_partitions : Make new ones.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, remove_partitions
    >>> ds = make_dataset([[0.0], [1.0]], ["a.wav", "b.wav"], partition=[0, 2])
    >>> remove_partitions(ds).partition.values
    array([nan, nan])
    """
    check_layout(ds, param.ds)
    return _replace(ds, "partition", np.full(ds.sizes["instance"], np.nan))


def _train_and_test(partition, train, test):
    """Return names of the partitions to train and to test on, defaults filled in."""
    train = ["train"] if train is None else _partition_names(train, "train")
    if test is None:
        # "devel" unless it cannot be tested on; "test" may turn out to be impossible too, and the error then names it
        usable = "devel" not in train and (partition == PARTITIONS.index("devel")).any()
        test = ["devel"] if usable else ["test"]
    else:
        test = _partition_names(test, "test")
    both = [name for name in train if name in test]
    if both:
        raise DataSetError(
            f"{param('train', train)}, {param('test', test)}: {both[0]!r} cannot be trained and tested on; name others."
        )
    return {"train": train, "test": test}


def _partition_names(names, argument):
    """Return names of partitions as a list in the order of their numbers."""
    given = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [names]
    known = [name for name in PARTITIONS if name in given]
    if not given or len(known) < len(given):
        raise DataSetError(
            f"{param(argument, names)}: expected one or more of {', '.join(map(repr, PARTITIONS))}, each at most once."
        )
    return known


def _labelled_only(ds, folds):
    """Return folds without the instances that have no label, unless none has one."""
    labelled = is_labelled(ds)
    return np.where(labelled[:, None], folds, np.nan) if labelled.any() else folds


def _share(partitions, name):
    """Return the share of a partition, all alike where only names are given."""
    share = partitions[name] if isinstance(partitions, Mapping) else 1
    if not (isinstance(share, Real) and 0 < share < np.inf):
        raise DataSetError(
            f"{param('partitions', partitions)}: the share of {name!r} is not a number above 0; leave out a partition "
            "that shall have no files."
        )
    return share


def _replace_folds(ds, cv_folds):
    """Return the data set with other folds, without what described the old ones."""
    over_folds = [name for name, variable in ds.variables.items() if "fold" in variable.dims and name != "cv_folds"]
    return _replace(ds.drop_vars(over_folds), "cv_folds", cv_folds)


def _replace(ds, name, values):
    # a new variable: of the old one, how a file stored it would not fit the new values
    return ds.assign({name: xr.Variable(ds[name].dims, values, ds[name].attrs)})
