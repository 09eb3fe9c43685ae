"""The data set: an `xarray.Dataset` with the variables that auDeep's NetCDF files have."""

import json
import math
import re
import reprlib
from collections.abc import Mapping

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._columns import SINGLE_TARGET
from skaudeep._provenance import PROVENANCE, decode_provenance, encode_provenance
from skaudeep.exceptions import DataSetError, param

__all__ = ["GROUP", "PARTITIONS", "TARGETS", "VARIABLES", "get_provenance", "make_dataset"]

#: The variables of a data set, in the order in which they stand in a file.
VARIABLES = (
    "filename",
    "chunk_nr",
    "cv_folds",
    "partition",
    "label_nominal",
    "label_numeric",
    "features",
)
#: A further variable, which only data sets with groups have.
GROUP = "group"
#: A further variable, which only data sets with several continuous targets have.
TARGETS = "targets"
#: Its second dimension, with the names of the targets.
TARGET = "target"
#: What the columns of several targets are called before their names, where other columns are features.
TARGET_PREFIX = "target:"
#: The numbers 0, 1 and 2 of the variable `partition`, in words.
PARTITIONS = ("train", "devel", "test")

_NO_TEXT = re.compile("[\0\ud800-\udfff]")
#: How copies are called; a number of ten digits is none of ours.
COPY = re.compile(r"^(?P<name>.*)\.upsampled\.(?P<number>[0-9]{1,9})\Z", re.DOTALL)


def make_dataset(
    features,
    filenames,
    *,
    label_nominal=None,
    label_numeric=None,
    targets=None,
    chunk_nr=None,
    cv_folds=None,
    partition=None,
    groups=None,
    feature_dims=None,
    feature_names=None,
    label_map=None,
    spectrogram_settings=None,
):
    """Put features and what is known about their recordings into one data set.

    Parameters
    ----------
    features : array-like of shape (n_instances, ...)
        One row per instance: learned features `(n_instances, n_features)`, spectrograms
        `(n_instances, n_frames, n_bins)`, or more axes. Stored as float32; dask arrays stay lazy.
    filenames : array-like of str of shape (n_instances,)
        The recording that each instance was made from.
    label_nominal : array-like of str of shape (n_instances,), default=None
        Class names; None, NaN or an empty string where the class is not known.
    label_numeric : array-like of shape (n_instances,), default=None
        Class numbers or continuous targets; None or NaN where not known. By default the numbers that
        `label_map` gives the names in `label_nominal`.
    targets : DataFrame or dict of str to array-like, of shape (n_instances, n_targets), default=None
        Several continuous targets by their names, such as arousal and valence; None or NaN where not known. A single
        one is `label_numeric`. The files of the original toolkit have no such variable.
    chunk_nr : array-like of int of shape (n_instances,), default=None
        Which chunk of its recording an instance is, from 0; by default every instance is a whole recording.
    cv_folds : array-like of shape (n_instances, n_folds), default=None
        1 where an instance belongs to the validation split of a fold, 0 where to its training split.
    partition : array-like of int or str of shape (n_instances,), default=None
        0 or "train", 1 or "devel", 2 or "test"; None or NaN where not known.
    groups : array-like of str of shape (n_instances,), default=None
        What an instance belongs to, such as a speaker or a longer recording; instances of a group should be on the same
        side of a split, and :func:`add_folds` keeps them there. The files of the original toolkit have no groups, and
        neither have tables.
    feature_dims : sequence of str, default=None
        Names of the axes of one instance. By default `("generated",)` for one axis, `("time", "freq")` for
        two, and `generated_0`, `generated_1`, ... for more.
    feature_names : array-like of str, default=None
        Names along the last axis of `features`, all different, such as the result of `get_feature_names_out`. By
        default the names of the columns if `features` is a data frame that has them, otherwise none are kept.
    label_map : dict of str to int, default=None
        The number of every class name, also of those without instances. By default made from the labels:
        from the pairs where both kinds are given, otherwise names are numbered in sorted order.
    spectrogram_settings : dict, default=None
        How spectrograms were made, `settings_` of a :class:`~skaudeep.SpectrogramTransformer`. It stays with them, and
        is compared where they meet a model or other spectrograms.

    Returns
    -------
    xarray.Dataset
        Variables `filename`, `chunk_nr`, `cv_folds`, `partition`, `label_nominal`, `label_numeric` and
        `features` over the dimensions `instance`, `fold` and `feature_dims`, and if given `group`, and `targets` over
        `instance` and `target`, which has their names; attributes
        `feature_dims` and, with nominal labels, `label_map` (JSON), and `provenance`
        where it is known (see :func:`get_provenance`). Feature names are the coordinate of the last
        dimension.

    Raises
    ------
    DataSetError
        If lengths disagree, or a value does not fit its variable; the message names the argument.

    See Also
    --------
    skaudeep.io.write_netcdf : Save a data set.

    Notes
    -----
    Missing values follow the files of the original toolkit: a variable of which nothing is known is
    float64 NaN (also `label_nominal`), numbers of which some are missing are float64 with NaN, missing names
    are empty strings, and without folds the dimension `fold` has size 0.

    References
    ----------
    .. [1] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins and B. Schuller, "auDeep: Unsupervised
       Learning of Representations from Audio with Deep Recurrent Neural Networks", Journal of Machine
       Learning Research 18(173), 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import make_dataset
    >>> fold = np.array([1, 2, 1])
    >>> ds = make_dataset(
    ...     np.zeros((3, 4)),
    ...     ["a.wav", "b.wav", "c.wav"],
    ...     label_nominal=["Rain", "Dog bark", "Rain"],
    ...     cv_folds=fold[:, None] == np.unique(fold),
    ... )
    >>> dict(ds.sizes)
    {'instance': 3, 'fold': 2, 'generated': 4}
    >>> ds.label_numeric.values
    array([1, 0, 1])
    >>> ds.attrs["label_map"]
    '[["Dog bark", 0], ["Rain", 1]]'
    """
    feature_names = _feature_names(features, feature_names)
    features = _features(features, feature_dims)
    n = features.shape[0]
    nominal, known = _names(label_nominal, n, "label_nominal")
    numeric = to_numbers(label_numeric, (n,), "label_numeric")
    if label_map is None:
        label_map = _make_label_map(nominal, numeric, known)
    _check_label_map(label_map)
    if known.any():
        numeric = apply_label_map(label_map, nominal, numeric, known)

    filename = _all_named(filenames, n, "filenames")
    chunk_nr = np.zeros(n, dtype=np.int64) if chunk_nr is None else _chunk_numbers(chunk_nr, n)
    if chunk_nr.dtype != np.int64 or (chunk_nr < 0).any():
        raise DataSetError("chunk_nr: expected a whole number from 0 for every instance.")

    values = (
        ("instance", filename),
        ("instance", chunk_nr),
        (("instance", "fold"), _folds(cv_folds, n)),
        ("instance", _partition(partition, n)),
        ("instance", nominal if known.any() else np.full(n, np.nan)),
        ("instance", numeric),
        features,
    )
    attributes = {"feature_dims": json.dumps(features.dims[1:])}
    if label_map:
        attributes["label_map"] = encode_label_map(label_map)
    if spectrogram_settings is not None:
        attributes[PROVENANCE] = encode_provenance([{"spectrogram": spectrogram_settings}])
    ds = xr.Dataset(dict(zip(VARIABLES, values, strict=True)), attrs=attributes)
    if targets is not None:
        _check_single_target(numeric, known)
        ds = ds.assign(_targets(targets, n))
    if groups is not None:
        ds[GROUP] = "instance", _all_named(groups, n, "groups")
    if feature_names is None:
        return ds
    _check_shape(feature_names, features.shape[-1:], "feature_names", "feature")
    return ds.assign_coords({features.dims[-1]: feature_names})


def get_provenance(ds):
    """Tell how the features of a data set were made.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`make_dataset` makes it.

    Returns
    -------
    list of dict
        An entry for each part of fused features: ``{"spectrogram": settings}``; ``{"features": network, "input":
        list}``, where `input` tells how that was made which the network was applied to; or ``{}`` where nothing is
        known, as in files of the original toolkit.

    Raises
    ------
    DataSetError
        If the attribute `provenance` is damaged.

    Examples
    --------
    >>> from skaudeep.datasets import get_provenance, make_dataset
    >>> ds = make_dataset([[[0.0]]], ["a.wav"], spectrogram_settings={"sample_rate": 8000, "n_mels": 1})
    >>> get_provenance(ds)
    [{'spectrogram': {'sample_rate': 8000, 'n_mels': 1}}]
    """
    return decode_provenance(ds.attrs, param.ds)


def check_layout(ds, source):
    """Raise a `DataSetError` naming `source` unless variables, dimensions, types and attributes are as they should.

    Of `features`, which may be lazy, no value is looked at.
    """
    missing = [name for name in VARIABLES if name not in ds.data_vars]
    if missing:
        raise DataSetError(
            f"{source} is not a data set of audio features: it lacks {', '.join(missing)}. "
            f"A data set has the variables {', '.join(VARIABLES)}; make_dataset makes one."
        )
    for name in VARIABLES:
        dims, n_known = ds[name].dims, 1 if name == "features" else None
        expected = ("instance", "fold") if name == "cv_folds" else ("instance",)
        if dims[:n_known] != expected or (name == "features" and len(dims) < 2):
            more = ", and more" if name == "features" else ""
            raise DataSetError(f"{source}: {name} has dimensions {dims}, expected {expected}{more}.")
        strings = name == "filename" or (name == "label_nominal" and ds[name].dtype.kind != "f")
        if not (_holds_strings(ds[name]) if strings else ds[name].dtype.kind in "iuf"):
            raise DataSetError(
                f"{source}: {name} is of type {ds[name].dtype}, expected {'strings' if strings else 'numbers'}."
            )
    _check_targets_layout(ds, source)
    try:
        get_label_map(ds)
    except (TypeError, ValueError, AttributeError, OverflowError) as error:
        raise DataSetError(
            f"{source}: the attribute label_map is {str(ds.attrs['label_map'])[:80]!r}, expected a JSON list of pairs, "
            "each of a class name and its whole number."
        ) from error


def _check_targets_layout(ds, source):
    """Refuse several targets that are not numbers, or have no names."""
    if TARGETS not in ds:
        return
    if ds[TARGETS].dims != ("instance", TARGET) or ds[TARGETS].dtype.kind not in "iuf":
        raise DataSetError(
            f"{source}: {TARGETS} has dimensions {ds[TARGETS].dims} and type {ds[TARGETS].dtype}, expected numbers "
            f"over ('instance', {TARGET!r})."
        )
    if TARGET not in ds.coords or not _holds_strings(ds[TARGET]):
        raise DataSetError(f"{source}: {TARGETS} has no names; give them with assign_coords({TARGET}=[...]).")
    names = ds[TARGET].values.tolist()
    if len(set(names)) < len(names) or "" in names:
        raise DataSetError(f"{source}: {TARGETS} has the names {names}; give different ones, none empty.")
    if np.isinf(ds[TARGETS].values).any():
        raise DataSetError(f"{source}: {TARGETS} has an infinite number; NaN is for what is not known.")


def _holds_strings(array):
    if array.dtype.kind == "O":
        return all(isinstance(value, str) for value in array.values.tolist())
    return array.dtype.kind in "UT"


def settle_types(ds):
    """Give every variable but `features` the type that its missing values ask for (see Notes of `make_dataset`).

    For data sets whose instances were selected, joined or edited: what is wholly missing becomes float64 NaN,
    numbers of which none are missing int64 where they are whole, and missing names "" beside known ones.
    """
    nominal, known = _names(ds["label_nominal"].values, ds.sizes["instance"], "label_nominal")
    values = {"label_nominal": nominal if known.any() else np.full(nominal.shape, np.nan)}
    values["chunk_nr"] = _chunk_numbers(ds["chunk_nr"].values, ds.sizes["instance"])
    for name in ("cv_folds", "partition", "label_numeric"):
        values[name] = to_numbers(ds[name].values, ds[name].shape, name)
    return ds.assign({name: ds[name].copy(data=array) for name, array in values.items()})


def instance_index(ds):
    """Return the pairs of filename and chunk_nr that identify the instances, as a pandas.MultiIndex of that order."""
    return pd.MultiIndex.from_arrays([ds[name].values for name in ("filename", "chunk_nr")], names=VARIABLES[:2])


def get_label_map(ds):
    """Return the number of every class of a data set by its name, sorted by name; empty without nominal labels."""
    pairs = json.loads(ds.attrs.get("label_map", "[]"))
    if not all(isinstance(name, str) and int(number) == number for name, number in pairs):
        raise ValueError(pairs)
    return {name: int(number) for name, number in pairs}


def encode_label_map(label_map):
    """Return the attribute that `get_label_map` reads."""
    return json.dumps(sorted((str(name), int(number)) for name, number in label_map.items()))


def get_texts(ds, name):
    """Return a variable of names, of a data set with the right layout, as an array of strings, "" where missing."""
    values = ds[name].values
    if values.dtype.kind == "f":
        if not np.isnan(values).all():
            raise DataSetError(f"{name}: expected names, got numbers; they belong in label_numeric.")
        return np.full(values.shape, "")
    return values if values.dtype.kind == "U" else np.where(pd.isna(values), "", values).astype(str)


def original_names(filenames):
    """Return names of recordings as an array of objects, for copies of `upsample` that of what was copied."""
    matches = ((name, COPY.match(name)) for name in filenames)
    return np.array([match["name"] if match else name for name, match in matches], dtype=object)


def get_targets(ds):
    """Return the continuous targets of a data set by their names, as a table; NaN where not known.

    Those of `targets` if there are several, else `label_numeric`, which is called `SINGLE_TARGET`.
    """
    if TARGETS in ds:
        return pd.DataFrame(ds[TARGETS].values.astype(np.float64), columns=ds[TARGET].values.astype(str))
    return pd.DataFrame({SINGLE_TARGET: ds["label_numeric"].values.astype(np.float64)})


def target_columns(ds):
    """Return several targets as columns beside others: arrays by `TARGET_PREFIX` and name; nothing of a single one."""
    if TARGETS not in ds:
        return {}
    return {f"{TARGET_PREFIX}{name}": numbers.to_numpy() for name, numbers in get_targets(ds).items()}


def take_targets(columns):
    """Take what `target_columns` gives out of a dict again; gives it as a table, None if there is none."""
    names = [name for name in columns if name.startswith(TARGET_PREFIX)]
    return pd.DataFrame({name.removeprefix(TARGET_PREFIX): columns.pop(name) for name in names}) if names else None


def is_labelled(ds):
    """Say which instances have a label of any kind."""
    has_targets = get_targets(ds).notna().any(axis=1).to_numpy()
    return (get_texts(ds, "label_nominal") != "") | ~np.isnan(ds["label_numeric"].values) | has_targets


def get_feature_names(ds):
    """Return one name for each number of an instance: those that the data set has, else feature_0, feature_1, ..."""
    dims = ds["features"].dims[1:]
    if len(dims) == 1 and dims[0] in ds.coords:
        return ds[dims[0]].values.astype(str)
    return default_names(math.prod(ds.sizes[dim] for dim in dims))


def default_names(n):
    """Say what n features are called that have no names."""
    return np.array([f"feature_{i}" for i in range(n)], dtype=str)


def to_float32(values, argument="features"):
    """Return an array of numbers as float32; refuses what would lose more than digits."""
    values = np.asarray(values)
    if values.dtype == np.float32:
        return values
    if values.dtype.kind not in "iufb":
        raise DataSetError(f"{argument}: expected numbers, got values of type {values.dtype}.")
    result, lost = narrow(values)
    if lost.any():
        largest = np.abs(values[np.isfinite(values)]).max()
        raise DataSetError(f"{argument}: {largest:g} is beyond float32 (3.4e38), which features become; scale them.")
    return result


def narrow(values):
    """Return numbers as float32, and where that made finite ones infinite."""
    with np.errstate(over="ignore"):
        result = values.astype(np.float32)
    return result, np.isinf(result) & np.isfinite(values)


def check_text(values, argument):
    """Refuse strings that neither NetCDF nor a text file can hold."""
    bad = next(filter(_NO_TEXT.search, map(str, values)), None)
    if bad is not None:
        raise DataSetError(f"{argument}: {bad!r} holds a character that no file of UTF-8 text can hold; rename it.")


def _feature_names(features, names):
    """Return names along the last axis as an array of different strings, or None."""
    if names is None and isinstance(features, pd.DataFrame) and all(isinstance(name, str) for name in features):
        names = features.columns
    if names is None:
        return None
    names = np.asarray(names, dtype=object)
    if names.ndim != 1 or not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        raise DataSetError(f"feature_names={names.tolist()!r}: expected a list of strings that all differ, none empty.")
    check_text(names, "feature_names")
    return names.astype(str)


def _features(features, feature_dims):
    """Return `features` as a float32 variable with named dimensions."""
    if hasattr(features, "toarray"):
        raise DataSetError("features: got a sparse matrix; give its toarray().")
    try:
        n_axes = np.ndim(features) - 1
    except ValueError:  # NumPy's word for nested lists of unequal length
        n_axes = 0
    if n_axes < 1 or (getattr(features, "dtype", None) == np.dtype(object) and not isinstance(features, pd.DataFrame)):
        raise DataSetError(
            "features: expected one array of at least 2 axes with equal shapes for all instances. "
            "Recordings of unequal length become equal with fixed_length or after embedding."
        )
    dims = ("instance", *_feature_dims(feature_dims, n_axes))
    if not isinstance(features, xr.DataArray | xr.Variable) and not hasattr(features, "dask"):
        return xr.Variable(dims, to_float32(features))
    lazy = xr.Variable(dims, features)
    if lazy.dtype.kind not in "iufb" or any(np.isnan(size) for size in lazy.shape):
        raise DataSetError(
            f"features: got an array of type {lazy.dtype} and shape {lazy.shape}, expected numbers and a known shape "
            "(which compute_chunk_sizes finds out)."
        )
    return lazy.astype(np.float32, copy=False)


def _feature_dims(dims, n_axes):
    """Return names of the axes of one instance."""
    if dims is None:
        defaults = {1: ("generated",), 2: ("time", "freq")}
        return defaults.get(n_axes, tuple(f"generated_{axis}" for axis in range(n_axes)))
    reserved = (*VARIABLES, GROUP, TARGETS, TARGET, "instance", "fold")
    names = dims if isinstance(dims, list | tuple) else ()
    if (
        len(names) != n_axes
        or len(set(names)) < n_axes
        or not all(isinstance(name, str) and name and "/" not in name and name not in reserved for name in names)
    ):
        raise DataSetError(
            f"feature_dims={dims!r}: expected {n_axes} different names, one for each axis of an instance, without "
            "slashes, none of them 'instance' or 'fold' or that of a variable."
        )
    return names


def _all_named(values, n, argument):
    """Return strings of shape (n,), of which none is missing."""
    names, known = _names(values, n, argument)
    if not known.all():
        raise DataSetError(f"{argument}: instance {np.argmin(known)} has none, but every instance needs one.")
    return names


def _names(values, n, argument):
    """Return strings of shape (n,), "" where missing, and a mask of those that are known."""
    if values is None:
        return np.full(n, ""), np.zeros(n, dtype=bool)
    kind = np.asarray(values).dtype.kind
    if kind in "iub" or (kind == "f" and not np.isnan(values).all()):
        raise DataSetError(f"{argument}: expected names, got numbers; give those as label_numeric.")
    values = np.asarray(values, dtype=object)
    _check_shape(values, (n,), argument)
    values = np.where(pd.isna(values), "", values)
    check_text(values, argument)
    names = values.astype(str)
    return names, names != ""


def to_numbers(values, shape, argument):
    """Return numbers of a given shape: int64 if all are whole and known, else float64 with NaN."""
    if values is None:
        return np.full(shape, np.nan)
    try:
        if getattr(values, "dtype", None) is None or values.dtype.kind not in "iufb":
            values = np.where(pd.isna(values), np.nan, np.asarray(values, dtype=object))
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise DataSetError(f"{argument}: expected numbers, got {reprlib.repr(values)} ({error}).") from error
    _check_shape(numbers, shape, argument)
    whole = (numbers == np.round(numbers)) & (np.abs(numbers) < 2**53)
    return numbers.astype(np.int64) if whole.all() and whole.size else numbers


def _targets(targets, n):
    """Return several targets with their names, as variables of a data set."""
    if not isinstance(targets, pd.DataFrame | Mapping):
        raise DataSetError(
            f"targets: got {type(targets).__name__}, expected a DataFrame, or a dict of columns by name."
        )
    names = list(targets)
    good = all(isinstance(name, str) and name and name == name.strip() for name in names)
    if not names or not good or len(set(names)) < len(names):
        raise DataSetError(
            f"targets: got the names {names!r}, expected different ones, none empty or with blanks around it."
        )
    check_text(names, "targets")
    columns = []
    for name in names:
        numbers = to_numbers(np.asarray(targets[name]), (n,), f"targets[{name!r}]").astype(np.float64)
        if np.isinf(numbers).any():
            raise DataSetError(f"targets[{name!r}]: instance {np.argmax(np.isinf(numbers))} has an infinite one.")
        columns.append(numbers)
    return {TARGETS: (("instance", TARGET), np.stack(columns, axis=1)), TARGET: (TARGET, np.array(names))}


def _check_single_target(numeric, known):
    """Refuse a continuous target of its own beside several; it would be forgotten."""
    if not known.any() and not np.isnan(numeric).all():
        raise DataSetError("label_numeric: give it as one of targets, if there are several.")


def _chunk_numbers(values, n):
    """Return numbers of chunks; of none at all nothing says that they are whole, and yet they are."""
    numbers = to_numbers(values, (n,), "chunk_nr")
    return numbers if n else numbers.astype(np.int64)


def _chosen(numbers, choices, argument):
    """Pass on `numbers` if they are missing or among `choices`."""
    wrong = ~(np.isin(numbers, choices) | np.isnan(numbers))
    if wrong.any():
        raise DataSetError(
            f"{argument}: expected {', '.join(map(str, choices))} or NaN, got {numbers[wrong][0]:g} "
            f"at instance {np.argwhere(wrong)[0, 0]}."
        )
    return numbers


def _partition(partition, n):
    """Return numbers of partitions, of which words may have been given."""
    if partition is not None and not np.issubdtype(np.asarray(partition).dtype, np.number):
        words = {name: number for number, name in enumerate(PARTITIONS)}
        partition = [words.get(value, value) if isinstance(value, str) else value for value in partition]
    return _chosen(to_numbers(partition, (n,), "partition"), (0, 1, 2), "partition")


def _folds(cv_folds, n):
    if cv_folds is None:
        return np.empty((n, 0))
    try:
        n_axes = np.ndim(cv_folds)
    except ValueError:  # lists of unequal length
        n_axes = 1
    if n_axes != 2:
        raise DataSetError(
            f"cv_folds: got {n_axes} axes, expected 2, one column per fold. "
            "From fold numbers: fold[:, None] == np.unique(fold)."
        )
    return _chosen(to_numbers(cv_folds, (n, np.shape(cv_folds)[1]), "cv_folds"), (0, 1), "cv_folds")


def _check_shape(values, shape, argument, what="instance"):
    if values.shape != shape:
        raise DataSetError(
            f"{argument}: got shape {values.shape}, expected {shape}, one entry for each {what} in features."
        )


def _make_label_map(nominal, numeric, known):
    """Make class name -> number, from the pairs that occur or, without numbers, from the sorted names."""
    if np.isnan(numeric).all():
        return {name: number for number, name in enumerate(np.unique(nominal[known]).tolist())}
    both = known & ~np.isnan(numeric)
    return dict(zip(nominal[both].tolist(), numeric[both].tolist(), strict=True))


def _check_label_map(label_map):
    names, numbers = (list(label_map), list(label_map.values())) if isinstance(label_map, dict) else ([None], [])
    whole = all(isinstance(n, int | float | np.number) and float(n).is_integer() and abs(n) < 2**53 for n in numbers)
    if not whole or len(set(numbers)) < len(names) or not all(isinstance(name, str) for name in names):
        raise DataSetError(f"label_map={label_map!r}: expected a dict with a different whole number for every name.")
    check_text(names, "label_map")


def apply_label_map(label_map, nominal, numeric, known):
    """Return the number of every known name; refuses given numbers that differ."""
    unknown = sorted(set(nominal[known].tolist()) - set(label_map))
    if unknown:
        raise DataSetError(f"label_nominal: {unknown[0]!r} has no number in label_map={label_map!r}.")
    mapped = np.array([label_map.get(name, np.nan) for name in nominal.tolist()], dtype=np.float64)
    differs = known & ~np.isnan(numeric) & (mapped != numeric)
    if differs.any():
        at = np.argmax(differs)
        raise DataSetError(
            f"label_numeric: instance {at} ({str(nominal[at])!r}) has number {numeric[at]:g}, but its name has "
            f"{mapped[at]:g} elsewhere; give each class name one number."
        )
    return to_numbers(np.where(known, mapped, numeric), numeric.shape, "label_numeric")
