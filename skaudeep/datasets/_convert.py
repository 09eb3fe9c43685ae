"""Data sets in the forms that scikit-learn and pandas work with."""

import numpy as np
import pandas as pd
import xarray as xr
from sklearn.utils import Bunch

from skaudeep._splits import find_labelled, find_splitter, mark_unlabelled
from skaudeep._validation import validate_params
from skaudeep.datamodel import (
    GROUP,
    PARTITIONS,
    TARGETS,
    VARIABLES,
    check_layout,
    get_feature_names,
    get_label_map,
    get_targets,
    target_columns,
)
from skaudeep.datasets._combine import comparable, is_in_memory
from skaudeep.exceptions import DataSetError, param


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def to_bunch(ds):
    """Give a data set the form in which scikit-learn's own loaders return data.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray or xarray.DataArray of shape (n_instances, ...)
            The features: the array that the data set holds, not a copy, or, if they are lazy, still lazy, as embedders
            take them.
        target : ndarray of shape (n_instances,) or None
            Class numbers that count `target_names`: integers, or floats with NaN where a class is not known; or
            continuous targets (float), NaN where not known; of shape (n_instances, n_targets) if there are several and
            no class names. None if there are no labels.
        target_names : ndarray of str of shape (n_classes,) or None
            Class names in the order of their numbers in `label_map`, which may have gaps that `target` has not.
        targets : DataFrame of shape (n_instances, n_targets) or None
            Several continuous targets by their names; None without.
        feature_names : ndarray of str
            One name for each number of an instance, in C order.
        cv : splitter of scikit-learn or None
            As :func:`load_corpus` gives it: the folds, or one split by partition, without unlabelled instances; None
            if there are neither, or a split has no labelled instance. :func:`cv_splits` has them all.
        cv_folds : ndarray of shape (n_instances, n_folds) or None
            1 where a fold is validated on an instance, 0 where it is trained on it, NaN where neither.
        groups : ndarray of str of shape (n_instances,)
            What belongs together: the variable `group` if there is one, else chunks of a recording have its name.
        filenames : ndarray of str of shape (n_instances,)
            The recordings.
        chunk_nr : ndarray of int of shape (n_instances,)
            Which chunk of its recording an instance is.
        partition : ndarray of float of shape (n_instances,) or None
            0 training, 1 development, 2 test, NaN where not known. None if there are no partitions.
        DESCR : str
            What is in the data set.

    Raises
    ------
    DataSetError
        If `ds` is not a data set, or an instance has a class that `label_map` lacks.

    See Also
    --------
    select : Leave out instances without a label, with `labelled=True`.
    to_frame : A table.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skaudeep.datasets import make_dataset, to_bunch
    >>> ds = make_dataset(
    ...     [[0.0], [1.0], [0.1], [0.9]],
    ...     ["a.wav", "b.wav", "c.wav", "d.wav"],
    ...     label_nominal=["rain", "dog", "rain", "dog"],
    ...     cv_folds=np.array([1, 1, 2, 2])[:, None] == [1, 2],
    ... )
    >>> bunch = to_bunch(ds)
    >>> bunch.target_names[bunch.target].tolist()
    ['rain', 'dog', 'rain', 'dog']
    >>> cross_val_score(KNeighborsClassifier(1), bunch.data, bunch.target, cv=bunch.cv)
    array([1., 1.])
    """
    check_layout(ds, param.ds)
    target, target_names = _target(ds)
    labelled = find_labelled(target, ds.sizes["instance"])
    filenames = ds["filename"].values.astype(str)
    folds = ds["cv_folds"].values.astype(np.float64) if ds.sizes["fold"] else None
    partition = ds["partition"].values.astype(np.float64)
    partition = None if np.isnan(partition).all() else partition
    cv, reason = find_splitter(folds, np.arange(1, ds.sizes["fold"] + 1), partition, labelled)
    return Bunch(
        data=ds["features"].values if is_in_memory(ds) else ds["features"],
        target=target,
        target_names=target_names,
        targets=get_targets(ds) if TARGETS in ds else None,
        feature_names=get_feature_names(ds),
        cv=cv,
        cv_folds=folds,
        groups=ds[GROUP].values.astype(str) if GROUP in ds else filenames,
        filenames=filenames.copy(),
        chunk_nr=ds["chunk_nr"].values.copy(),
        partition=partition,
        DESCR=_describe(ds, target_names, reason),
    )


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def to_frame(ds):
    """Give a data set the form of a table, with one row for each instance.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it. Its features, if lazy, are read into memory.

    Returns
    -------
    pandas.DataFrame
        Columns `filename`, `chunk_nr`, `partition` (categorical, in words), `fold_1`, `fold_2`, ... (1 in the
        validation split of a fold, 0 in the training split), `label_nominal`, `label_numeric`, `target:NAME` for each
        of several targets, further variables and coordinates that have one value for each instance, and one column for
        each number in the features, in C order. A value that is not known is missing (`isna`).

    Raises
    ------
    DataSetError
        If a feature has the name of another column.

    See Also
    --------
    to_bunch : Arrays for scikit-learn.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, to_frame
    >>> ds = make_dataset([[1.5, 2.0], [0.5, 1.0]], ["a.wav", "b.wav"], label_nominal=["rain", "dog"], partition=[0, 2])
    >>> to_frame(ds).drop(columns="chunk_nr")
      filename partition label_nominal  label_numeric  feature_0  feature_1
    0    a.wav     train          rain              1        1.5        2.0
    1    b.wav      test           dog              0        0.5        1.0
    """
    check_layout(ds, param.ds)
    nominal = comparable(ds, "label_nominal")
    folds = ds["cv_folds"].values
    columns = {
        "filename": ds["filename"].values.astype(str),
        "chunk_nr": ds["chunk_nr"].values,
        "partition": pd.Categorical.from_codes(np.nan_to_num(ds["partition"].values, nan=-1).astype(int), PARTITIONS),
        **{f"fold_{i}": column for i, column in enumerate(folds.T, start=1)},
        "label_nominal": np.where(nominal == "", None, nominal.astype(object)),
        "label_numeric": ds["label_numeric"].values,
    }
    columns |= target_columns(ds)
    further = {name: one.values for name, one in ds.variables.items() if _is_further_column(name, one)}
    names = get_feature_names(ds)
    together = pd.Index([*columns, *further, *names], dtype=object)
    repeated = together.duplicated()
    if repeated.any():
        raise DataSetError(
            f"{str(together[np.argmax(repeated)])!r} would name two columns; call the feature or the variable "
            "something else with assign_coords or rename."
        )
    known = pd.DataFrame(columns | further)
    features = ds["features"].values.reshape(len(known), len(names))
    return pd.concat([known, pd.DataFrame(features, columns=names)], axis=1)


def _is_further_column(name, variable):
    return name not in VARIABLES and variable.dims == ("instance",)


def _target(ds):
    """Return class numbers without gaps and the names that they count, or continuous targets, or nothing."""
    label_map, nominal = get_label_map(ds), comparable(ds, "label_nominal")
    numeric = ds["label_numeric"].values.astype(np.float64)
    named = nominal != ""
    if not label_map and not named.any():
        targets = get_targets(ds).to_numpy() if TARGETS in ds else numeric
        return (None if np.isnan(targets).all() else targets), None
    names = sorted(label_map, key=label_map.get)
    by_name = pd.Index(names, dtype=object).get_indexer(nominal)
    by_number = pd.Index([label_map[name] for name in names], dtype=np.float64).get_indexer(numeric)
    target = np.where(named, by_name, by_number)
    wrong = (target < 0) & (named | ~np.isnan(numeric))
    if wrong.any():
        at = np.argmax(wrong)
        label = str(nominal[at]) if named[at] else numeric[at].item()
        raise DataSetError(
            f"label_map: it lacks {label!r}, the class of {ds['filename'].values[at]}; {param.set_labels} makes a new "
            "map."
        )
    target_names = np.array(names, dtype=str)
    return mark_unlabelled(target, target_names), target_names


def _describe(ds, target_names, notes):
    """Say what is in the data set, in one sentence."""
    n_instances, *shape = ds["features"].shape
    counts = [f"{n_instances} instances of shape {' x '.join(map(str, shape))}"]
    counts.append(f"{pd.unique(ds['filename'].values).size} recordings")
    if target_names is not None:
        counts.append(f"{len(target_names)} classes ({', '.join(target_names)})")
    if ds.sizes["fold"]:
        counts.append(f"{ds.sizes['fold']} folds")
    return f"Features of audio: {', '.join([*counts, *notes])}."
