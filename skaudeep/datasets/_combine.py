"""Data sets joined: more instances, or more features of the same instances."""

import json
from collections.abc import Iterable

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._provenance import (
    PROVENANCE,
    check_all_same_provenance,
    check_fused_provenance,
    decode_provenance,
    encode_provenance,
    is_known,
    join_provenance,
)
from skaudeep._validation import validate_params
from skaudeep.datamodel import (
    TARGET,
    VARIABLES,
    apply_label_map,
    check_layout,
    default_names,
    encode_label_map,
    get_label_map,
    get_texts,
    instance_index,
    settle_types,
)
from skaudeep.exceptions import DataSetError, param

#: What all representations of an instance must agree on to be fused.
_SHARED = ("cv_folds", "partition", "label_nominal", "label_numeric")


def concat(datasets, *, check_settings=True):
    """Put the instances of several data sets one after the other.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        Data sets as `make_dataset` makes them, with the same dimensions, shape and names of features, the same number
        of folds (or none) and no instance in common.
    check_settings : bool, default=True
        Whether to refuse data sets that say that they were made in different ways (see :func:`get_provenance`).

    Returns
    -------
    xarray.Dataset
        All instances. The label maps are united; if they contradict each other but each numbers its names in sorted
        order from 0, all names together are numbered in that way. Where a data set has no folds or partitions, they
        are missing (NaN). Attributes are kept unless they contradict each other. Lazy features stay lazy; those of a
        file that was opened without dask become dask arrays.

    Raises
    ------
    DataSetError
        If the data sets do not fit together, or were made with other settings or by other networks; the message says
        which differs in what. A further variable must be in
        all of them, and be equal if it has no dimension `instance`.

    See Also
    --------
    fuse : Put features of the same instances side by side.
    select : Take instances out.

    Examples
    --------
    >>> from skaudeep.datasets import concat, make_dataset
    >>> cats = make_dataset([[0.5]], ["a.wav"], label_nominal=["cat"])
    >>> dogs = make_dataset([[1.5]], ["b.wav"], label_nominal=["dog"])
    >>> both = concat([cats, dogs])
    >>> both.label_numeric.values, both.attrs["label_map"]
    (array([0, 1]), '[["cat", 0], ["dog", 1]]')
    """
    datasets, sources = _listed(datasets)
    for ds, source in zip(datasets[1:], sources[1:], strict=True):
        _check_same_shape(datasets[0], ds, sources[0], source)
        _check_further_variables(datasets[0], ds, sources[0], source)
    provenances = [decode_provenance(ds.attrs, source) for ds, source in zip(datasets, sources, strict=True)]
    if check_settings:
        check_all_same_provenance(provenances, sources, remedy="make both in the same way")
    n_folds = _common_folds(datasets, sources)
    label_map = _united_label_map(datasets, sources)
    joined = xr.concat(
        [_prepared(ds, n_folds, label_map) for ds in datasets],
        dim="instance",
        data_vars="minimal",
        coords="minimal",
        compat="override",  # all that is not joined was found equal above
        join="override",
        combine_attrs="drop_conflicts",
    )
    _unique_index(joined, "datasets", "select leaves instances out, and renaming recordings tells them apart.")
    joined = settle_types(joined)
    joined.attrs["feature_dims"] = json.dumps(joined["features"].dims[1:])
    if label_map:
        joined.attrs["label_map"] = encode_label_map(label_map)
    _set_provenance(joined, join_provenance(provenances))
    return _in_order(joined)


def fuse(datasets, *, dim=None, names=None, check_settings=True):
    """Put several representations of the same instances side by side.

    Instances are matched by `filename` and `chunk_nr`, in whatever order each data set has them.

    Parameters
    ----------
    datasets : sequence of xarray.Dataset
        Data sets as `make_dataset` makes them, with the same instances, labels, folds and partitions.
    dim : str, default=None
        The dimension of the features to join along, by default their last; the others must agree.
    names : sequence of str, default=None
        One name for each data set, put before its feature names as :class:`~sklearn.pipeline.FeatureUnion` does:
        "low" makes "low__feature_0" of "feature_0" (which a feature is called that has no name).
    check_settings : bool, default=True
        Whether to refuse data sets that say that they were made of spectrograms which differ in more than `channels`,
        `clip_below` and `clip_above` (see :func:`get_provenance`).

    Returns
    -------
    xarray.Dataset
        The instances in the order of the first data set. Feature names (and other coordinates of `dim`) are kept if
        all data sets have them and they all differ, or made with `names`. Further variables
        of each data set and attributes that do not contradict each other are kept. Lazy features stay lazy; those of a
        file that was opened without dask become dask arrays.

    Raises
    ------
    DataSetError
        If the data sets have different instances, shapes, metadata, settings or further variables, or if feature names
        would be ambiguous; the message says which, where, and both values.

    See Also
    --------
    concat : Put instances one after the other.
    fuse_chunks : Put the chunks of each recording side by side.
    skaudeep.fusion.make_fusion : The same for estimators.

    Notes
    -----
    Where lazy data sets have their instances in different orders, every block that is computed of the result reads from
    all over the second file; write data sets larger than memory in the same order.

    Examples
    --------
    >>> from skaudeep.datasets import fuse, make_dataset
    >>> low = make_dataset([[1], [2]], ["a.wav", "b.wav"])
    >>> high = make_dataset([[20], [10]], ["b.wav", "a.wav"])
    >>> fused = fuse([low, high], names=["low", "high"])
    >>> fused.features.values.tolist()
    [[1.0, 10.0], [2.0, 20.0]]
    >>> fused.generated.values.tolist()
    ['low__feature_0', 'high__feature_0']
    """
    datasets, sources = _listed(datasets)
    remedy = "give every chunk of a recording its own chunk_nr, or leave instances out."
    indexes = [_unique_index(ds, source, remedy) for ds, source in zip(datasets, sources, strict=True)]
    aligned = datasets[:1]
    for ds, index, source in zip(datasets[1:], indexes[1:], sources[1:], strict=True):
        rows = _find(indexes[0], index, sources[0], source)
        aligned.append(ds if rows is None else ds.isel(instance=rows))
    provenances = [decode_provenance(ds.attrs, source) for ds, source in zip(datasets, sources, strict=True)]
    if check_settings:
        check_fused_provenance(provenances, sources, remedy="extract both with the same settings")
    fused = _fuse(aligned, sources, dim, names)
    _set_provenance(fused, [part for parts in provenances for part in parts])
    return fused


@validate_params({"ds": [xr.Dataset], "dim": [str, None]}, prefer_skip_nested_validation=True)
def fuse_chunks(ds, *, dim=None):
    """Put the chunks of each recording side by side, which makes one instance of them.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as `make_dataset` makes it, with the same number of chunks for every recording.
    dim : str, default=None
        The dimension of the features to join along, by default their last.

    Returns
    -------
    xarray.Dataset
        One instance for each recording, sorted by `filename`, with `chunk_nr` 0 and the features of its chunks in
        the order of their numbers. Feature names become "chunk0__name", "chunk1__name", ...
        Lazy features stay lazy.

    Raises
    ------
    DataSetError
        If the chunks of a recording are not numbered 0, 1, ..., recordings have different numbers of chunks, or chunks
        of a recording differ in labels, folds, partition or a further variable.

    See Also
    --------
    fuse : Put different representations side by side.

    Examples
    --------
    >>> from skaudeep.datasets import fuse_chunks, make_dataset
    >>> ds = make_dataset([[3], [1], [4], [2]], ["b.wav", "a.wav", "b.wav", "a.wav"], chunk_nr=[0, 0, 1, 1])
    >>> fused = fuse_chunks(ds)
    >>> fused.filename.values.tolist(), fused.features.values.tolist()
    (['a.wav', 'b.wav'], [[1.0, 2.0], [3.0, 4.0]])
    """
    check_layout(ds, param.ds)
    codes, files = pd.factorize(ds["filename"].values, sort=True)
    if not len(files):
        raise DataSetError(f"{param.ds}: there are no instances.")
    counts = np.bincount(codes)
    if (counts != counts[0]).any():
        other = np.argmax(counts != counts[0])
        raise DataSetError(
            f"Recordings have different numbers of chunks: {files[0]} has {counts[0]}, {files[other]} {counts[other]}. "
            "Give all the same number, or leave some chunks out."
        )
    rows = np.lexsort((ds["chunk_nr"].values, codes)).reshape(-1, counts[0])
    numbers = ds["chunk_nr"].values[rows]
    wrong = (numbers != np.arange(counts[0])).any(axis=1)
    if wrong.any():
        raise DataSetError(
            f"chunk_nr: the chunks of {files[np.argmax(wrong)]} have the numbers {numbers[np.argmax(wrong)].tolist()}, "
            f"expected each of {np.arange(counts[0]).tolist()} once."
        )
    ds = _joinable(ds)
    chunks = [ds.isel(instance=column) for column in rows.T]
    names = [f"chunk{i}" for i in range(counts[0])]
    dim = _fused_dim(ds, dim)
    return _fuse(chunks, names, dim, names if dim in ds.coords else None)


def _set_provenance(ds, parts):
    """Keep in place how features were made, where anything is known of it."""
    ds.attrs.pop(PROVENANCE, None)
    if is_known(parts):
        ds.attrs[PROVENANCE] = encode_provenance(parts)


def is_in_memory(ds):
    """Say whether the features are in memory, rather than in a file or still to be computed."""
    return ds["features"].variable._in_memory  # xarray has no public word for it


def comparable(ds, name):
    """Return the values of a variable, with missing class names as empty strings."""
    return get_texts(ds, name) if name == "label_nominal" else ds[name].values


def differing(one, other):
    """Say which rows of two arrays differ; what is missing in both does not."""
    differs = ~((one == other) | (pd.isna(one) & pd.isna(other)))
    return differs.any(axis=tuple(range(1, differs.ndim)))


def as_names(value, parameter):
    names = [value] if isinstance(value, str) else list(value)
    if not all(isinstance(name, str) for name in names):
        raise DataSetError(f"{parameter}={value!r}: expected a string or a list of strings.")
    return names


def _listed(datasets):
    """Return data sets as a list, and what error messages call them."""
    listed = list(datasets) if isinstance(datasets, Iterable) and not isinstance(datasets, xr.Dataset) else []
    if not listed or not all(isinstance(ds, xr.Dataset) for ds in listed):
        got = type(datasets).__name__ + f" of {', '.join(type(ds).__name__ for ds in listed)}" * bool(listed)
        raise DataSetError(f"datasets: got {got}, expected a list of data sets; read_netcdf reads one from a file.")
    sources = [param(f"datasets[{i}]") for i in range(len(listed))]
    for ds, source in zip(listed, sources, strict=True):
        check_layout(ds, source)
    return [_joinable(ds) for ds in listed], sources


def _joinable(ds):
    """Return features of an open file as a dask array, because joining them otherwise would read them."""
    if is_in_memory(ds) or ds["features"].chunks is not None:
        return ds
    return ds.assign(features=ds["features"].chunk({"instance": "auto"}))


def _in_order(ds):
    """Return the variables in the order in which a file has them, further ones behind."""
    others = [name for name in ds.data_vars if name not in VARIABLES]
    return xr.Dataset({name: ds.variables[name] for name in (*VARIABLES, *others)}, coords=ds.coords, attrs=ds.attrs)


def _further(ds):
    return [name for name in ds.variables if name not in VARIABLES]


def _unique_index(ds, source, remedy):
    """Say what identifies the instances, refused if it does not."""
    index = instance_index(ds)
    repeated = index.duplicated()
    if repeated.any():
        filename, chunk_nr = index[np.argmax(repeated)]
        raise DataSetError(f"{source}: {filename}, chunk {chunk_nr}, is there twice; {remedy}")
    return index


def _check_same_shape(first, ds, source, other, *, but=None):
    """Refuse features of other dimensions, or of other sizes unless they are called `but`."""
    dims = first["features"].dims
    if ds["features"].dims != dims:
        raise DataSetError(f"features: {source} has dimensions {dims}, but {other} {ds['features'].dims}.")
    for dim in dims[1:]:
        if dim != but and first.sizes[dim] != ds.sizes[dim]:
            raise DataSetError(
                f"features: dimension {dim!r} has size {first.sizes[dim]} in {source}, but {ds.sizes[dim]} in {other}."
            )


def _check_further_variables(first, ds, source, other):
    """Refuse variables that only some data sets have, unless they are the same in all but the rows."""
    for name in [*_further(first), *_further(ds)]:
        what = f"{name!r}{' (the feature names)' if name in first['features'].dims else ''} is"
        if name not in first.variables or name not in ds.variables:
            has, lacks = (source, other) if name in first.variables else (other, source)
            raise DataSetError(
                f"{what} in {has} but not in {lacks}; add it there, or remove it with {param.drop_vars}."
            )
        one, two = first.variables[name], ds.variables[name]
        alike = one.dims == two.dims and (one.shape[1:] == two.shape[1:] if "instance" in one.dims else one.equals(two))
        if not alike and name == TARGET:
            raise DataSetError(
                f"the targets are {one.values.tolist()} in {source}, but {two.values.tolist()} in {other}; put them in "
                f"the same order with isel({TARGET}=[...]), or give others with {param.set_labels}."
            )
        if not alike:
            raise DataSetError(
                f"{what} not the same in {source} and {other}; make it so, or remove it with {param.drop_vars}."
            )


def _common_folds(datasets, sources):
    """Say how many folds there are, where there are any."""
    counts = {ds.sizes["fold"]: source for ds, source in zip(datasets, sources, strict=True) if ds.sizes["fold"]}
    if len(counts) > 1:
        (one, source), (two, other) = list(counts.items())[:2]
        raise DataSetError(
            f"cv_folds: {source} has {one} folds, but {other} {two}; {param.remove_folds} takes them away."
        )
    return next(iter(counts), 0)


def _united_label_map(datasets, sources):
    """Return one number for each class of all data sets."""
    maps = [get_label_map(ds) for ds in datasets]
    by_name, by_number, conflicts = {}, {}, []
    for label_map, source in zip(maps, sources, strict=True):
        for name, number in label_map.items():
            if by_name.setdefault(name, number) != number:
                conflicts.append(f"{name!r} has number {number} in {source}, but {by_name[name]} before it")
            elif by_number.setdefault(number, name) != name:
                conflicts.append(f"number {number} is {name!r} in {source}, but {by_number[number]!r} before it")
    if not conflicts:
        return by_name
    if all(label_map == _numbered(label_map) for label_map in maps):
        return _numbered(by_name)
    raise DataSetError(f"label_map: {conflicts[0]}. Give all data sets one map with {param.set_labels}.")


def _numbered(names):
    return {name: number for number, name in enumerate(sorted(names))}


def _prepared(ds, n_folds, label_map):
    """Return the data set with folds, labels and numbers that join those of others."""
    nominal, numeric = comparable(ds, "label_nominal"), ds["label_numeric"].values
    known = nominal != ""
    if label_map and (~known & ~np.isnan(numeric)).any():
        raise DataSetError(
            "label_numeric: some instances have a number without a class, others have classes. "
            f"Give all the same kind of label with {param.set_labels}."
        )
    if known.any():
        apply_label_map(get_label_map(ds), nominal, numeric, known)  # refuses numbers that are not those of the map
        numeric = apply_label_map(label_map, nominal, np.full(len(known), np.nan), known)
    changed = {"label_nominal": ("instance", nominal), "label_numeric": ("instance", numeric)}
    if not ds.sizes["fold"]:
        changed["cv_folds"] = (("instance", "fold"), np.full((len(known), n_folds), np.nan))
    return ds.assign(changed)


def _find(wanted, present, source, other):
    """Find rows of `present` that give it the order of `wanted`, which has the same instances; None if it has it."""
    if wanted.equals(present):
        return None
    rows = present.get_indexer(wanted)
    absent, surplus = wanted[rows < 0], present[~np.isin(np.arange(len(present)), rows)]
    for has, lacks, instances in ((source, other, absent), (other, source, surplus)):
        if len(instances):
            filename, chunk_nr = instances[0]
            raise DataSetError(
                f"{lacks} lacks {len(instances)} instances of {has}, the first is {filename}, chunk {chunk_nr}; "
                "select leaves instances out."
            )
    return rows


def _fuse(parts, sources, dim, names):
    """Join the features of data sets whose instances are the same, in the same order."""
    first, source = parts[0], sources[0]
    dim = _fused_dim(first, dim)
    for part, other in zip(parts[1:], sources[1:], strict=True):
        _check_same_shape(first, part, source, other, but=dim)
        _check_agree(first, source, part, other, _SHARED)
        if get_label_map(first) != get_label_map(part):
            raise DataSetError(
                f"label_map: {source} has {get_label_map(first)}, but {other} {get_label_map(part)}. "
                f"Give all data sets one map with {param.set_labels}."
            )
    further = _united_further(parts, sources, dim)
    coordinate = _fused_names(parts, sources, dim, names)
    features = xr.Variable.concat([ds.variables["features"] for ds in parts], dim, combine_attrs="drop_conflicts")
    result = first.drop_vars(["features", dim], errors="ignore").assign(features=features)
    for name, variable, is_coordinate in further:
        result = result.assign_coords({name: variable}) if is_coordinate else result.assign({name: variable})
    if coordinate is not None:
        result = result.assign_coords({dim: coordinate})
    result.attrs = xr.merge([xr.Dataset(attrs=ds.attrs) for ds in parts], combine_attrs="drop_conflicts").attrs
    # these two say the same in all, but perhaps not to the letter
    result.attrs["feature_dims"] = json.dumps(features.dims[1:])
    result.attrs |= {key: first.attrs[key] for key in ("label_map",) if key in first.attrs}
    return _in_order(settle_types(result))


def _fused_dim(ds, dim):
    dims = ds["features"].dims[1:]
    if dim is not None and dim not in dims:
        raise DataSetError(f"{param('dim', dim)}: the features have the dimensions {', '.join(dims)}.")
    return dims[-1] if dim is None else dim


def _fused_names(parts, sources, dim, names):
    """Return coordinates along the fused dimension, or None if there are none; never two alike."""
    has = [dim in ds.coords for ds in parts]
    if names is None and not any(has):
        return None
    if names is None and not all(has):
        raise DataSetError(
            f"{dim!r} (the feature names) is in {sources[has.index(True)]} but not in {sources[has.index(False)]}; "
            f"give names, which tell the features of the data sets apart, or remove it with {param.drop_vars}."
        )
    labels = [ds[dim].values if named else default_names(ds.sizes[dim]) for ds, named in zip(parts, has, strict=True)]
    if names is not None:
        names = as_names(names, "names")
        if len(names) != len(parts):
            raise DataSetError(f"names={names!r}: expected {len(parts)}, one for each data set.")
        labels = [[f"{name}__{label}" for label in some] for name, some in zip(names, labels, strict=True)]
    joined = np.concatenate(labels)
    repeated = pd.Index(joined).duplicated()
    if repeated.any():
        raise DataSetError(
            f"{dim!r}: {str(joined[np.argmax(repeated)])!r} names features of more than one data set; give names "
            "that differ, which tell the features of the data sets apart."
        )
    return joined


def _united_further(parts, sources, dim):
    """Return name, variable, and whether it is a coordinate, of what the data sets have beyond `VARIABLES`."""
    found = {}
    for ds, source in zip(parts, sources, strict=True):
        for name in _further(ds):
            if name != dim and dim in ds[name].dims:
                raise DataSetError(
                    f"{name!r} of {source} goes along {dim!r} and cannot be fused; use {param.drop_vars}."
                )
            if name in found:
                _check_agree(*found[name], ds, source, [name])
            elif name != dim:
                found[name] = ds, source
    return [(name, ds.variables[name], name in ds.coords) for name, (ds, _) in found.items()]


def _check_agree(first, source, ds, other, names):
    """Refuse variables about the same instances that have different values."""
    for name in names:
        one, two = comparable(first, name), comparable(ds, name)
        if first[name].dims != ds[name].dims or one.shape != two.shape:
            raise DataSetError(f"{name} has shape {one.shape} in {source}, but {two.shape} in {other}; make it equal.")
        if "instance" not in first[name].dims[:1]:
            if not first.variables[name].equals(ds.variables[name]):
                raise DataSetError(f"{name} of {source} and {other} differs; make it equal, or use {param.drop_vars}.")
            continue
        differs = differing(one, two)
        if differs.any():
            at = np.argmax(differs)
            filename, chunk_nr = instance_index(first.isel(instance=[at]))[0]
            raise DataSetError(
                f"{name} of {filename}, chunk {chunk_nr}, is {one[at].tolist()!r} in {source}, but "
                f"{two[at].tolist()!r} in {other}; make them equal, or remove {name}"
                f"{' from all' if name in VARIABLES else f' with {param.drop_vars}'}."
            )
