"""Spectrograms of data sets as what an embedder learns from: checked, and in memory where they are not too many."""

import hashlib
import logging
import math
import os

import numpy as np
import xarray as xr

from skaudeep._provenance import check_all_same_provenance, check_same_provenance, decode_provenance, join_provenance
from skaudeep.exceptions import DataSetError
from skaudeep.io import netcdf
from skaudeep.io.blocks import feature_blocks

#: bytes of features that are read as a whole; more stay on disk
_IN_MEMORY = 2**31
#: instances that are read at a time from a file whose features stay on disk
_ROWS_OF_A_READ = 4

_log = logging.getLogger(__name__)


def open_lazily(path):
    """Open a data set of which single instances will be read, in any order; to be closed by the caller."""
    return netcdf.open_lazily(path, chunks=_ROWS_OF_A_READ)


def open_inputs(inputs, stack):
    """Open what an embedder is to be trained on: a data set or a file, or a sequence of these.

    `stack` closes the files. Gives the data sets, with features of equal shapes, those of files lazy, and what messages
    call them.
    """
    single = isinstance(inputs, str | os.PathLike | xr.Dataset)
    listed = [inputs] if single else list(inputs)
    if not listed:
        raise ValueError("inputs: give at least one data set")
    datasets, sources = [], []
    for i, item in enumerate(listed):
        is_dataset = isinstance(item, xr.Dataset)
        sources.append(f"inputs[{i}]" if is_dataset else os.path.abspath(item))
        datasets.append(item if is_dataset else stack.enter_context(open_lazily(item)))
        check_spectrograms(datasets[i], sources[i])
        shape, first = (ds["features"].shape[1:] for ds in (datasets[i], datasets[0]))
        if shape != first:
            raise DataSetError(
                f"{sources[i]} has features of shape {shape}, and {sources[0]} of {first}: extract both with the "
                "same windows, mel bands and length"
            )
    return datasets, sources


def common_provenance(datasets, sources, *, check):
    """Tell how the features of data sets were made that are trained on together; settings that differ are left out.

    With `check`, data sets that were not made in the same way are refused.
    """
    provenances = [decode_provenance(ds.attrs, source) for ds, source in zip(datasets, sources, strict=True)]
    if check:
        check_all_same_provenance(provenances, sources, remedy="extract all spectrograms with the same settings")
    return join_provenance(provenances)


def check_trained_provenance(embedder, provenance, source):
    """Refuse spectrograms that were not made like those that an embedder was trained on."""
    check_same_provenance(
        getattr(embedder, "provenance_", [{}]),
        provenance,
        ("the training data of the network", source),
        remedy="extract spectrograms with the settings of the training",
    )


def check_spectrograms(ds, source):
    """Refuse a data set that has nothing for an embedder."""
    dims = ds["features"].dims[1:]
    if len(dims) != 2:
        raise DataSetError(
            f"{source} has features of {len(dims)} dimension{'s' if len(dims) > 1 else ''} ({', '.join(dims)}), and an "
            "embedder takes two, such as (time, freq) of spectrograms"
        )
    if 0 in ds["features"].shape:
        sizes = ", ".join(f"{size} {dim}" for dim, size in ds["features"].sizes.items())
        raise DataSetError(f"{source} is empty: it has {sizes}")


def require_finite(block, start, ds, source):
    """Refuse features, those from instance `start` on, that are not numbers; the error names their recordings."""
    wrong = start + np.flatnonzero(~np.isfinite(block).all(axis=tuple(range(1, block.ndim))))
    if len(wrong):
        names = [f"instance {row} ({ds['filename'].values[row]})" for row in wrong[:3].tolist()]
        more = ", ..." if len(wrong) > len(names) else ""
        raise DataSetError(
            f"{source}: the features of {', '.join(names)}{more} are NaN or infinite; extract them again, or leave "
            "them out"
        )


def gather(datasets, sources):
    """Put the features of data sets of equal shapes into one array, after a look at all of them.

    Gives float32 of shape (n, T, F), an array up to 2 GiB and a lazy `xarray.DataArray` beyond, and what describes it:
    the shape, and a digest of all values.
    """
    shape = (sum(ds.sizes["instance"] for ds in datasets), *datasets[0]["features"].shape[1:])
    X = np.empty(shape, np.float32) if 4 * math.prod(shape) <= _IN_MEMORY else None
    digest, n, low, high = hashlib.blake2b(digest_size=16), 0, np.inf, -np.inf
    for ds, source in zip(datasets, sources, strict=True):
        for start, block in _read_blocks(ds, source):
            require_finite(block, start, ds, source)
            digest.update(block)
            low, high = min(low, block.min()), max(high, block.max())
            if X is not None:
                X[n + start : n + start + len(block)] = block
        n += ds.sizes["instance"]
    if max(-low, high) > 1.5:
        _log.warning(
            "the features range from %.3g to %.3g, and networks expect -1 to 1: scale them, as preprocess does",
            low,
            high,
        )
    if X is None:
        X = xr.DataArray(xr.Variable.concat([ds["features"].variable for ds in datasets], "instance"))
    return X, {"shape": list(shape), "digest": digest.hexdigest()}


def _read_blocks(ds, source):
    try:
        yield from feature_blocks(ds["features"])
    except DataSetError as error:
        raise DataSetError(f"Cannot read {source}: {error}") from error
