"""What is in a data set, counted, without holding all features."""

import itertools
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._counts import (
    Counts,
    count_folds,
    count_partitions,
    count_several_targets,
    count_targets,
    number_of,
    shared_sections,
)
from skaudeep._provenance import is_known
from skaudeep._validation import validate_params
from skaudeep.datamodel import (
    PARTITIONS,
    TARGETS,
    check_layout,
    get_feature_names,
    get_label_map,
    get_provenance,
    get_targets,
)
from skaudeep.exceptions import param

_BLOCK_BYTES = 2**25  # of features in memory at a time


@dataclass(frozen=True, eq=False, repr=False)
class DatasetInfo(Counts):
    """What :func:`inspect_dataset` finds; printing it shows it as a table.

    Parameters
    ----------
    n_instances : int
        Number of instances, which are recordings or chunks of recordings.
    n_files : int
        Number of different recordings.
    chunks_per_file : dict of int to int
        The number of recordings with each number of chunks.
    feature_shape : dict of str to int
        The sizes of one instance by the names of its dimensions.
    dtype : str
        The type of the features.
    n_bytes : int
        The size of the features in memory.
    labels : dict of str to int
        The number of instances of each class, sorted by name, 0 where there is none; empty without class names.
    n_unlabelled : int
        Number of instances without a class name or, in a data set without class names, without a number.
    targets : dict of str to float, or None
        `min`, `mean` and `max` of `label_numeric` in a data set without class names; of several targets, such a dict
        for each by its name.
    folds : DataFrame of shape (n_folds, 3)
        For each fold, from 1, the number of instances in `training`, `validation` and `neither`.
    partitions : dict of str to int
        The number of instances in `train`, `devel`, `test` and `none` of these; empty without partitions.
    values : dict or None
        None unless asked for: `min`, `max` and `mean` of the finite features (None if there are none), the numbers
        `n_nan`, `n_infinite` and `n_instances_with_nan`, and `constant`, the names of the features that have the
        same value in all instances, or no value in any.
    provenance : list of dict
        How the features were made, as :func:`get_provenance` tells it.

    See Also
    --------
    inspect_dataset : With an example.

    Examples
    --------
    >>> from skaudeep.datasets import inspect_dataset, make_dataset
    >>> info = inspect_dataset(make_dataset([[0.5, 1]], ["a.wav"], label_nominal=["Rain"]))
    >>> info.feature_shape, info.labels
    ({'generated': 2}, {'Rain': 1})
    """

    n_instances: int
    n_files: int
    chunks_per_file: dict
    feature_shape: dict
    dtype: str
    n_bytes: int
    labels: dict
    n_unlabelled: int
    targets: dict | None
    folds: pd.DataFrame
    partitions: dict
    values: dict | None
    provenance: list

    def _sections(self):
        yield "instances", [f"{self.n_instances:,} of {number_of(self.n_files, 'file')}"]
        counts = [f"{chunks:,} per file" for chunks in self.chunks_per_file]
        if len(counts) > 1:
            files = [number_of(n, "file") for n in self.chunks_per_file.values()]
            counts = [f"{count} ({some})" for count, some in zip(counts, files, strict=True)]
        yield "chunks", counts
        shape = " x ".join(f"{size:,} ({dim})" for dim, size in self.feature_shape.items())
        yield "features", [f"{shape}, {self.dtype}, {_size(self.n_bytes)}"]
        if self.values is not None:
            yield "values", _value_lines(self.values)
        if is_known(self.provenance):
            yield "made", _provenance_lines(self.provenance)
        yield from shared_sections(self)


@validate_params({"ds": [xr.Dataset], "values": ["boolean"]}, prefer_skip_nested_validation=True)
def inspect_dataset(ds, *, values=False):
    """Count what is in a data set.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`make_dataset` makes it.
    values : bool, default=False
        Whether to look at the features too: for missing and constant ones, and the range. They are read in blocks;
        those on disk are never in memory as a whole.

    Returns
    -------
    DatasetInfo
        The counts, as attributes; printing it shows them.

    Raises
    ------
    DataSetError
        If `ds` lacks a variable of a data set.

    See Also
    --------
    inspect_corpus : The same for recordings.

    Examples
    --------
    >>> from skaudeep.datasets import inspect_dataset, make_dataset
    >>> ds = make_dataset(
    ...     [[0.5, 1], [0.5, 2], [0.5, float("nan")]],
    ...     ["a.wav", "b.wav", "c.wav"],
    ...     label_nominal=["Rain", "Dog", None],
    ...     partition=[0, 0, 2],
    ... )
    >>> inspect_dataset(ds, values=True)
    instances   3 of 3 files
    chunks      1 per file
    features    2 (generated), float32, 24 bytes
    values      0.5 to 2, mean 0.9; 1 NaN in 1 instance, none infinite
                1 constant: feature_0
    labels      2 classes, 1 unlabelled
                Dog   1
                Rain  1
    folds       none
    partitions  train 2, devel 0, test 1, none 0
    """
    check_layout(ds, param.ds)
    features = ds["features"]
    files = np.bincount(pd.factorize(ds["filename"].values.astype(object), use_na_sentinel=False)[0])
    chunks, counts = np.unique(files, return_counts=True)
    nominal = ds["label_nominal"].values.astype(object)
    codes, names = pd.factorize(nominal[~pd.isna(nominal) & (nominal != "")])
    sizes = dict(zip(names.tolist(), np.bincount(codes, minlength=len(names)).tolist(), strict=True))
    labels = {name: sizes.get(name, 0) for name in sorted({*get_label_map(ds), *sizes})}
    if labels:
        targets, unknown = None, len(nominal) - len(codes)
    elif TARGETS in ds:
        targets, unknown = count_several_targets(get_targets(ds))
    else:
        targets, unknown = count_targets(ds["label_numeric"].values)
    return DatasetInfo(
        n_instances=ds.sizes["instance"],
        n_files=len(files),
        chunks_per_file=dict(zip(chunks.tolist(), counts.tolist(), strict=True)),
        feature_shape={str(dim): ds.sizes[dim] for dim in features.dims[1:]},
        dtype=str(features.dtype),
        n_bytes=int(features.nbytes),
        labels=labels,
        n_unlabelled=unknown,
        targets=targets,
        folds=count_folds(ds["cv_folds"].values),
        partitions=count_partitions(ds["partition"].values, PARTITIONS),
        values=_inspect_values(ds) if values else None,
        provenance=get_provenance(ds),
    )


def _inspect_values(ds):
    """Return range and gaps of the features, block by block."""
    features = ds["features"]
    dtype = np.result_type(features.dtype, np.float32)
    lowest, highest = (np.full(features.shape[1:], np.nan, dtype) for _ in range(2))
    gaps = np.zeros(features.shape[0], dtype=bool)
    low, high, total, n_finite, n_nan = np.inf, -np.inf, 0.0, 0, 0
    for block in _blocks(features):
        values = features[block].values.astype(dtype, copy=False)
        rest = block[1:]
        lowest[rest] = np.fmin(lowest[rest], np.fmin.reduce(values, axis=0, initial=np.nan))
        highest[rest] = np.fmax(highest[rest], np.fmax.reduce(values, axis=0, initial=np.nan))
        finite, missing = np.isfinite(values), np.isnan(values)
        gaps[block[0]] |= missing.reshape(len(values), -1).any(axis=1)
        low = min(low, float(values.min(where=finite, initial=np.inf)))
        high = max(high, float(values.max(where=finite, initial=-np.inf)))
        total += float(values.sum(where=finite, dtype=np.float64))
        n_finite, n_nan = n_finite + int(finite.sum()), n_nan + int(missing.sum())
    constant = (((lowest == highest) | np.isnan(lowest)) & (features.size > 0)).ravel()
    known = {"min": low, "max": high, "mean": total / n_finite} if n_finite else dict.fromkeys(("min", "max", "mean"))
    return known | {
        "n_nan": n_nan,
        "n_infinite": features.size - n_finite - n_nan,
        "n_instances_with_nan": int(gaps.sum()),
        "constant": get_feature_names(ds)[constant].tolist(),
    }


def _blocks(features):
    """Return slices of all axes that cut features into blocks of bounded size; chunks of a dask array stay whole."""
    chunks = features.chunks or ((1,) * features.shape[0], *((size,) for size in features.shape[1:]))
    row_bytes = features.dtype.itemsize * math.prod(max(sizes, default=0) for sizes in chunks[1:])
    most = max(1, _BLOCK_BYTES // max(1, row_bytes))
    rows = [0]
    for edge, following in itertools.pairwise([*itertools.accumulate(chunks[0]), math.inf]):
        if following - rows[-1] > most:
            rows.append(edge)
    edges = [rows, *([0, *itertools.accumulate(sizes)] for sizes in chunks[1:])]
    return itertools.product(*([slice(*pair) for pair in itertools.pairwise(axis)] for axis in edges))


def _provenance_lines(provenance):
    """Give a line for each step that the features were made by, the last one first."""
    lines = []
    for part in provenance:
        if not part:
            lines.append("in a way that is not known")
        elif "spectrogram" in part:
            lines.append(f"as spectrograms: {_settings_in_words(part['spectrogram'])}")
        else:
            lines.append(f"as features: {_settings_in_words(part['features'])}")
            lines += [f"  of {line.removeprefix('as ')}" for line in _provenance_lines(part["input"])]
    return lines


def _settings_in_words(settings):
    known = {name: value for name, value in settings.items() if value is not None and value is not False}
    return ", ".join(f"{name} {_listed(value)}" for name, value in known.items())


def _listed(value):
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _size(n_bytes):
    """Express bytes in the unit that suits them."""
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    power = min(4, int(math.log10(n_bytes) / 3))
    return f"{n_bytes / 1000**power:.3g} {('', 'kB', 'MB', 'GB', 'TB')[power]}"


def _value_lines(values):
    ranged = "no finite value" if values["min"] is None else "{min:g} to {max:g}, mean {mean:.6g}".format(**values)
    gaps = f"{values['n_nan']:,} NaN in {number_of(values['n_instances_with_nan'], 'instance')}"
    lines = [f"{ranged}; {gaps if values['n_nan'] else 'no NaN'}, {values['n_infinite'] or 'none'} infinite"]
    if values["constant"]:
        few = ", ".join(values["constant"][:3]) + ", ..." * (len(values["constant"]) > 3)
        lines.append(f"{len(values['constant']):,} constant: {few}")
    return lines
