"""Instances of a data set: selected by what is known of them, and copied to balance classes."""

import reprlib

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._validation import Integral, Interval, StrOptions, check_random_state, validate_params
from skaudeep.datamodel import COPY, PARTITIONS, check_layout, get_label_map, is_labelled, settle_types
from skaudeep.datasets._combine import as_names, comparable
from skaudeep.datasets._labels import check_within_files
from skaudeep.datasets._validate import group_rows
from skaudeep.exceptions import DataSetError, param

_NAMES = [str, "array-like", None]


@validate_params(
    {
        "ds": [xr.Dataset],
        "partition": _NAMES,
        "fold": [Interval(Integral, 1, None, closed="left"), None],
        "split": [StrOptions({"training", "validation"})],
        "label": _NAMES,
        "labelled": ["boolean", None],
        "filename": _NAMES,
    },
    prefer_skip_nested_validation=True,
)
def select(ds, *, partition=None, fold=None, split="validation", label=None, labelled=None, filename=None):
    """Keep the instances that fit all the given conditions.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it; lazy features stay lazy.
    partition : str or array-like of str, default=None
        One or more of "train", "devel" and "test".
    fold : int, default=None
        The number of a fold, from 1 as in the names of exported folders (`fold_1`), not from 0 as in `cv_folds`.
    split : {"training", "validation"}, default="validation"
        The split of `fold` that is kept; without `fold` of no effect.
    label : str or array-like of str, default=None
        Names of classes.
    labelled : bool, default=None
        Whether a label, of either kind, is known.
    filename : str or array-like of str, default=None
        Names of recordings, of which all chunks are kept.

    Returns
    -------
    xarray.Dataset
        The instances left, in their order. All classes stay in `label_map`, and all folds in `cv_folds`.

    Raises
    ------
    DataSetError
        If a fold, class or recording does not exist, or no instance is left; the message says which condition
        was to blame.

    See Also
    --------
    concat : Put instances together again.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, select
    >>> ds = make_dataset([[1], [2], [3]], ["a.wav", "b.wav", "c.wav"], partition=[0, 1, 0], label_nominal=list("xyy"))
    >>> select(ds, partition="train").filename.values.tolist()
    ['a.wav', 'c.wav']
    >>> select(ds, partition=["train", "devel"], label="y").filename.values.tolist()
    ['b.wav', 'c.wav']
    """
    check_layout(ds, param.ds)
    conditions = (
        ({"partition": partition}, lambda: _in_partitions(ds, partition, "partition")),
        ({"fold": fold, "split": split}, lambda: _in_split(ds, fold, split)),
        ({"label": label}, lambda: _is_named(ds, "label", label)),
        ({"labelled": labelled}, lambda: is_labelled(ds) == bool(labelled)),
        ({"filename": filename}, lambda: _is_named(ds, "filename", filename)),
    )
    keep = np.ones(ds.sizes["instance"], dtype=bool)
    for given, fitting in conditions:
        if next(iter(given.values())) is None:
            continue
        fits = fitting()
        if not (keep & fits).any():
            condition = ", ".join(_named(name, value) for name, value in given.items())
            others = "" if keep.all() else f" that fit the conditions before it, of {keep.size} in all"
            raise DataSetError(
                f"{condition}: fits none of the {keep.sum()} instances{others}; leave it out or change it."
            )
        keep &= fits
    return settle_types(ds.isel(instance=np.flatnonzero(keep)))


def _named(name, value):
    """Write a condition; lists of files may be long."""
    return param(name, value) if name == "partition" else f"{name}={reprlib.repr(value)}"


@validate_params(
    {"ds": [xr.Dataset], "partitions": _NAMES, "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def upsample(ds, *, partitions=None, random_state=None):
    """Copy recordings of the rarer classes until every class has as many as the largest.

    Every recording of a class is copied equally often; what is then missing is drawn at random, none twice.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it, with class names; lazy features stay lazy.
    partitions : str or array-like of str, default=None
        One or more of "train", "devel" and "test", within which, taken together, classes are balanced; all other
        instances stay as they are. By default all instances.
    random_state : int, RandomState instance or None, default=None
        Decides which recordings are drawn. An integer gives the same ones every time.

    Returns
    -------
    xarray.Dataset
        The instances of `ds` and, behind them, the copies, with all chunks of their recording. The copies of `NAME`
        are called `NAME.upsampled.1`, `NAME.upsampled.2`, and so on, after those that are there. Recordings without
        a label are not copied.

    Raises
    ------
    DataSetError
        If no instance has a class, or chunks of a recording differ in class or partition.

    Notes
    -----
    A copy has the folds and the partition of its original, so no copy of a test recording gets into the training
    data. Yet test data with copies give figures that are not those of the recordings: balance only what a classifier
    is trained on, with `partitions="train"`, or `upsample(select(ds, fold=1, split="training"))`. Over all instances,
    the classes are balanced, but not within each fold.

    The original toolkit makes a whole number of copies, so that classes are balanced roughly, and renames all
    recordings.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, upsample
    >>> ds = make_dataset([[1], [2], [3]], ["a.wav", "b.wav", "c.wav"], label_nominal=["rain", "dog", "rain"])
    >>> upsample(ds).filename.values.tolist()
    ['a.wav', 'b.wav', 'c.wav', 'b.wav.upsampled.1']
    """
    check_layout(ds, param.ds)
    check_within_files(ds, ("label_nominal", "partition"))
    filename, nominal = ds["filename"].values, comparable(ds, "label_nominal")
    pool = nominal != ""
    if partitions is not None:
        pool &= _in_partitions(ds, partitions, "partitions")
    if not pool.any():
        where = "the data set" if partitions is None else param("partitions", partitions)
        raise DataSetError(
            f"No instance of {where} has a class to balance; {param.set_labels} gives names (continuous targets have "
            "none)."
        )
    groups = group_rows(filename)
    codes, first = groups.codes, groups.first
    files = filename[first]
    n_copies = np.zeros(len(files), dtype=np.int64)
    candidates = np.flatnonzero(pool[first])
    n_copies[candidates] = _count_copies(nominal[first][candidates], check_random_state(random_state))

    copied = np.repeat(np.arange(len(files)), n_copies)
    n_chunks = np.bincount(codes)
    sizes = n_chunks[copied]  # rows of each copy
    starts = np.cumsum(n_chunks) - n_chunks  # of each recording, among the rows sorted by recording
    within = np.arange(sizes.sum()) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    rows = np.argsort(codes, kind="stable")[np.repeat(starts[copied], sizes) + within]

    names = np.repeat(_copy_names(np.asarray(files, dtype=str), copied), sizes)
    result = ds.isel(instance=np.concatenate([np.arange(len(codes)), rows]))
    return settle_types(result.assign(filename=("instance", np.concatenate([filename.astype(str), names]))))


def _count_copies(labels, random_state):
    """Say how often each recording is copied so that all classes have as many as the largest."""
    classes, _ = pd.factorize(labels, sort=True)
    sizes = np.bincount(classes)
    n_copies = (sizes.max() // sizes - 1)[classes]
    for members in np.split(np.argsort(classes, kind="stable"), np.cumsum(sizes)[:-1]):
        n_copies[random_state.choice(members, sizes.max() % len(members), replace=False)] += 1
    return n_copies


def _copy_names(files, copied):
    """Return a new name for each copy: numbers go on where those of earlier copies of the same recording end."""
    parts = pd.Series(files, dtype=object).str.extract(COPY.pattern, flags=COPY.flags)
    base = parts["name"].fillna(pd.Series(files, dtype=object))
    highest = parts["number"].fillna("0").astype(np.int64).groupby(base.to_numpy()).max()
    names = base.to_numpy()[copied]
    numbers = highest.reindex(names).to_numpy() + pd.Series(names).groupby(names).cumcount().to_numpy() + 1
    return np.char.add(np.char.add(names.astype(str), ".upsampled."), numbers.astype(str))


def _in_partitions(ds, partition, parameter):
    """Say which instances are in one of the named partitions."""
    names = as_names(partition, parameter)
    unknown = [name for name in names if name not in PARTITIONS]
    if unknown:
        raise DataSetError(
            f"{param(parameter, partition)}: {unknown[0]!r} is not a partition, but {', '.join(PARTITIONS)} are."
        )
    return np.isin(ds["partition"].values, [PARTITIONS.index(name) for name in names])


def _in_split(ds, fold, split):
    n_folds = ds.sizes["fold"]
    if fold > n_folds:
        raise DataSetError(f"{param('fold', fold)}: the data set has {n_folds} folds, which are numbered from 1.")
    return ds["cv_folds"].values[:, fold - 1] == (split == "validation")


def _is_named(ds, parameter, wanted):
    """Say which instances have one of the wanted classes or file names, all of which must exist."""
    names = as_names(wanted, parameter)
    present = pd.Index(comparable(ds, {"label": "label_nominal"}.get(parameter, parameter)))
    classes = get_label_map(ds) if parameter == "label" else {}
    known = {*present.unique(), *classes} - {""}
    unknown = [name for name in names if name not in known]
    if unknown:
        what = f"class of the data set; it has {', '.join(sorted(known))}"
        if parameter == "filename":
            what = (
                f"recording of the data set, which has {len(known)} ({len(unknown)} of the given {len(names)} are none)"
            )
        raise DataSetError(f"{parameter}: {unknown[0]!r} is not a {what}.")
    return present.isin(names)
