"""The labels of a data set: set and removed."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._validation import validate_params
from skaudeep.datamodel import TARGET, TARGETS, check_layout, make_dataset
from skaudeep.datasets._combine import comparable
from skaudeep.datasets._validate import differs_in_file, group_rows
from skaudeep.exceptions import DataSetError, param

_LABELS = ("label_nominal", "label_numeric")


@validate_params(
    {"ds": [xr.Dataset], "label_map": [Mapping, None]},
    prefer_skip_nested_validation=True,
)
def set_labels(ds, *, label_nominal=None, label_numeric=None, targets=None, label_map=None):
    """Replace the labels of a data set.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it; lazy features stay lazy.
    label_nominal : array-like of str of shape (n_instances,) or dict, default=None
        Class names; None, NaN or an empty string where the class is not known. A dict has names of recordings as keys;
        those that it lacks become unlabelled. Anything else, a Series too, goes by position.
    label_numeric : array-like of shape (n_instances,) or dict, default=None
        Class numbers or continuous targets, likewise; None or NaN where not known.
    targets : DataFrame or dict of str to (array-like or dict), default=None
        Several continuous targets by their names, each likewise.
    label_map : dict of str to int, default=None
        The number of every class name, as in `make_dataset`; by default made from the new labels.

    Returns
    -------
    xarray.Dataset
        The data set with these labels only; nothing is left of the old ones.

    Raises
    ------
    DataSetError
        If the labels do not fit the data set or each other, chunks of a recording differ in them, or a
        dict names a recording that does not exist.

    See Also
    --------
    make_dataset : The meaning of the parameters in full.
    remove_labels : Leave the data set without labels.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, set_labels
    >>> ds = make_dataset([[1], [2], [3]], ["a.wav", "b.wav", "c.wav"])
    >>> set_labels(ds, label_nominal={"a.wav": "rain", "c.wav": "dog"}).label_nominal.values.tolist()
    ['rain', '', 'dog']
    >>> set_labels(ds, label_numeric=[0.5, 1.5, 2.5]).label_numeric.values
    array([0.5, 1.5, 2.5])
    """
    check_layout(ds, param.ds)
    if label_nominal is None and label_numeric is None and targets is None:
        raise DataSetError("label_nominal, label_numeric or targets is needed; remove_labels takes the labels away.")
    if isinstance(targets, Mapping):
        targets = {name: _by_file(ds, values, f"targets[{name!r}]") for name, values in targets.items()}
    # A data set without features has the checks and the types.
    made = make_dataset(
        np.empty((ds.sizes["instance"], 0)),
        ds["filename"].values,
        label_nominal=_by_file(ds, label_nominal, "label_nominal"),
        label_numeric=_by_file(ds, label_numeric, "label_numeric"),
        targets=targets,
        label_map=label_map,
    )
    result = _without_labels(ds, {name: made[name].values for name in _LABELS})
    result = result.assign({name: made[name] for name in (TARGETS,) if name in made})
    check_within_files(result, [name for name in (*_LABELS, TARGETS) if name in result])
    return result.assign_attrs({key: made.attrs[key] for key in ("label_map",) if key in made.attrs})


@validate_params({"ds": [xr.Dataset]}, prefer_skip_nested_validation=True)
def remove_labels(ds):
    """Take the labels of all instances away.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it; lazy features stay lazy.

    Returns
    -------
    xarray.Dataset
        The data set without labels and without `label_map`.

    See Also
    --------
    set_labels : Replace the labels.

    Examples
    --------
    >>> from skaudeep.datasets import make_dataset, remove_labels
    >>> ds = make_dataset([[1], [2]], ["a.wav", "b.wav"], label_nominal=["rain", "dog"])
    >>> remove_labels(ds).label_nominal.values
    array([nan, nan])
    """
    check_layout(ds, param.ds)
    return _without_labels(ds, dict.fromkeys(_LABELS, np.full(ds.sizes["instance"], np.nan)))


def _without_labels(ds, values):
    """Return the data set with other values of the labels and without a map."""
    result = ds.drop_vars([TARGETS, TARGET], errors="ignore")
    result = result.assign({name: ds[name].copy(data=array) for name, array in values.items()})
    result.attrs.pop("label_map", None)
    return result


def _by_file(ds, labels, parameter):
    """Return one label for each instance where they are given by recording."""
    if not isinstance(labels, Mapping):
        return labels
    files = pd.Series(ds["filename"].values)
    present = set(files.unique())
    unknown = [name for name in labels if name not in present]
    if unknown:
        raise DataSetError(
            f"{parameter}: {unknown[0]!r} is not a recording of the data set, which has {len(present)} of them "
            f"({len(unknown)} of the {len(labels)} keys are none)."
        )
    return files.map(dict(labels)).to_numpy()


def check_within_files(ds, names):
    """Refuse recordings whose chunks have different values of the variables."""
    files = group_rows(ds["filename"].values)
    for name in names:
        values = comparable(ds, name)
        differs = differs_in_file(values, files)
        differs = differs.any(axis=tuple(range(1, differs.ndim)))
        if differs.any():
            at = np.argmax(differs)
            first = values[files.first[files.codes[at]]]
            raise DataSetError(
                f"{name}: chunks of {ds['filename'].values[at]} have {first.tolist()!r} and "
                f"{values[at].tolist()!r}; all chunks of a recording need the same."
            )
