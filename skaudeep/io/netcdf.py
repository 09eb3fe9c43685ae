"""Data sets in NetCDF-4 files, laid out as auDeep writes them."""

import contextlib
import importlib.util
import json
import math
import os
from pathlib import Path

import netCDF4
import numpy as np
import xarray as xr
from xarray.backends import NetCDF4DataStore

import skaudeep.io._forks  # noqa: F401
from skaudeep._files import atomic_path, descriptors_of, redirect
from skaudeep._interrupts import deferred, each
from skaudeep._validation import Integral, Interval, StrOptions, validate_params
from skaudeep.datamodel import VARIABLES, check_layout, to_float32
from skaudeep.exceptions import DataSetError, param
from skaudeep.io._damage import check_heaps, check_readable
from skaudeep.io._library import LIBRARY, LIBRARY_FOR_XARRAY
from skaudeep.io._stored import StoredFile
from skaudeep.io.blocks import feature_blocks, rows_per_block

#: Bytes of one chunk of a compressed file, roughly.
_CHUNK_BYTES = 1 << 20
#: More than deflate can ever gain: a file that declares more data than this many times its size is damaged or hostile.
_MAX_RATIO = 1100

#: How features are laid out on disk.
LAYOUT_CONSTRAINTS = {
    "compression": [Interval(Integral, 0, 9, closed="both")],
    "chunk_size": [Interval(Integral, 1, None, closed="left"), None],
}


@validate_params(
    {"ds": [xr.Dataset], "path": [str, os.PathLike], **LAYOUT_CONSTRAINTS},
    prefer_skip_nested_validation=True,
)
def write_netcdf(ds, path, *, compression=0, chunk_size=None):
    """Write a data set to a NetCDF-4 file, in one step or not at all.

    The data go to a temporary file in the same folder, which takes the place of `path` when it is complete.
    Whatever goes wrong before leaves an older file at `path` as it was. Lazy features are computed and written block by
    block, and so may be larger than memory.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it; features are stored as float32.
    path : str or path-like
        The file to write, usually ending in `.nc`; an existing file is replaced. It may be the one that `ds` has been
        read from, also where features are still on disk: that is replaced when the new one is complete.
    compression : int, default=0
        Level at which the features are compressed (zlib with byte shuffling), from 0, not at all, to 9. Learned
        features, being noise to a compressor, shrink by a tenth at most, clipped spectrograms by more.
    chunk_size : int, default=None
        Number of instances that are stored, and compressed, as one piece. By default features are stored in one piece
        if they are not compressed, as auDeep does, and otherwise in chunks of about 1 MB.

    Raises
    ------
    DataSetError
        If `ds` lacks a variable of a data set, or one has other dimensions or types.
    FileNotFoundError
        If the folder of `path` does not exist.
    OSError
        If the file cannot be written, for instance because the disk is full.

    See Also
    --------
    read_netcdf : Read the file again.
    NetCDFWriter : Write a file batch by batch.

    Examples
    --------
    >>> import tempfile, os
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.io import read_netcdf, write_netcdf
    >>> ds = make_dataset([[0.5, 1.0]], ["a.wav"], label_nominal=["Rain"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_netcdf(ds, os.path.join(folder, "features.nc"))
    ...     again = read_netcdf(os.path.join(folder, "features.nc"))
    >>> again.identical(ds)
    True
    """
    check_layout(ds, param.ds)
    blocks = feature_blocks(ds["features"], chunk_size or 1)
    write_blocks(ds, path, blocks, compression=compression, chunk_size=chunk_size)


def write_blocks(ds, path, blocks, *, compression, chunk_size):
    """Write all of `ds` but the values of its features, and for these `blocks`, pairs of a first row and an array."""
    # Only `features` carries a fill value in the original's files. Encodings left over from another
    # file (its chunk sizes, its unlimited dimensions) would not fit a changed data set.
    ds = ds.drop_encoding()
    features = ds["features"]
    names = [*VARIABLES[:-1], *(name for name in ds.data_vars if name not in VARIABLES)]
    attributes = ds.attrs | {"feature_dims": json.dumps(features.dims[1:])}
    others = xr.Dataset({name: ds[name].variable for name in names}, ds.coords, attributes).compute()

    with deferred(), atomic_path(path) as temporary:  # Ctrl-C is answered between blocks
        with LIBRARY_FOR_XARRAY, _errors_of_writing(path):
            encoding = {name: {"_FillValue": None} for name in others.variables}
            others.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
        with LIBRARY, _errors_of_writing(path):
            file = netCDF4.Dataset(temporary, "a")
        try:
            _write_features(path, file, features, each(blocks), compression, chunk_size)
        finally:
            with LIBRARY, _errors_of_writing(path):
                _close_written(file, temporary)


def _write_features(path, file, features, blocks, compression, chunk_size):
    """Add the features to a file that has everything else; blocks are computed while other threads may read."""
    with LIBRARY, _errors_of_writing(path):
        variable = _create_features(file, features, compression, chunk_size)
    for start, block in blocks:
        with LIBRARY, _errors_of_writing(path):
            variable[start : start + len(block)] = block


@contextlib.contextmanager
def _errors_of_writing(path):
    """Name the file in what the library says of a full disk."""
    try:
        yield
    except (RuntimeError, PermissionError) as error:
        reason = str(error) if isinstance(error, RuntimeError) else error.strerror
        raise OSError(f"{path}: cannot be written ({reason}); is the disk full?") from error


def _close_written(file, temporary):
    """Close a file, even if what was to be written to it does not fit on the disk."""
    try:
        file.close()
    except RuntimeError:
        # the library leaves it open then; elsewhere it can write what it has left, and close it
        for descriptor in descriptors_of(temporary):
            redirect(descriptor, in_memory=True)
        with contextlib.suppress(RuntimeError):
            file.close()
        raise


def _create_features(file, features, compression, chunk_size):
    for dim, size in features.sizes.items():
        if dim not in file.dimensions:
            file.createDimension(dim, size)
    n, *shape = features.shape
    if chunk_size is None and compression:
        chunk_size = max(1, _CHUNK_BYTES // (4 * max(1, int(np.prod(shape)))))
    layout = {} if chunk_size is None else {"chunksizes": (max(1, min(chunk_size, n)), *shape)}
    if 4 * math.prod(layout.get("chunksizes", ())) >= 2**32:
        raise DataSetError(
            f"{param('chunk_size', chunk_size)}: chunks of 4 GB or more are too large for NetCDF; lower it."
        )
    if compression:
        layout |= {"compression": "zlib", "complevel": int(compression), "shuffle": True}
    variable = file.createVariable("features", "f4", features.dims, fill_value=np.float32(np.nan), **layout)
    variable.set_auto_maskandscale(False)
    variable.setncatts({key: value for key, value in features.attrs.items() if key != "_FillValue"})
    return variable


@validate_params(
    {
        "path": [str, os.PathLike],
        "chunks": [Interval(Integral, 1, None, closed="left"), StrOptions({"auto"}), None],
    },
    prefer_skip_nested_validation=True,
)
def read_netcdf(path, *, chunks=None):
    """Read a data set from a NetCDF-4 file, all of it or with features that stay on disk.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`write_netcdf` or the original auDeep has written.
    chunks : int or "auto", default=None
        By default everything is read into memory and the file is closed. With a number, `features` is a dask array of
        chunks of so many instances, which are read when they are needed; "auto" stands for chunks of about 16 MB.
        All other variables are in memory in any case. The file is open until the data set is closed, by
        its method `close`, at the end of a `with` block, or when nothing refers to it any more; where it is
        replaced meanwhile, the old data stay to be read. A closed data set opens its file again when it is needed,
        and raises an error if another one is in its place.

    Returns
    -------
    xarray.Dataset
        The data set, with the variables that :func:`skaudeep.datasets.make_dataset` describes.

    Raises
    ------
    DataSetError
        If the file does not exist, is not a NetCDF-4 file, is damaged, or holds something else than a data set.
    ImportError
        If `chunks` is given and dask is not installed.

    See Also
    --------
    write_netcdf : Write such a file, with an example of both.

    Examples
    --------
    >>> from skaudeep.io import read_netcdf
    >>> read_netcdf("no-such-file.nc")
    Traceback (most recent call last):
        ...
    skaudeep.exceptions.DataSetError: Cannot read no-such-file.nc: there is no such file.
    """
    path = Path(path)
    _check_is_file(path)
    if chunks is not None and importlib.util.find_spec("dask") is None:
        raise ImportError(f"chunks={chunks!r} needs dask: pip install dask, or leave chunks out to read all of {path}.")
    with _errors_naming(path):
        check_heaps(path)
    stored = StoredFile(path)
    with contextlib.ExitStack() as stack:
        stack.callback(stored.close)
        with LIBRARY, _errors_naming(path):
            ds = _open(stored, path)
        features = ds["features"]
        if chunks is None:
            return ds.assign(features=_float32(_load(features, path)))
        features = features.chunk({"instance": rows_per_block(features) if chunks == "auto" else chunks})
        ds = ds.assign(features=features.astype(np.float32, copy=False))
        ds.set_close(stored.close)
        stack.pop_all()
        return ds


def _open(stored, path):
    """Return a data set with features on disk and all else in memory."""
    _check_size(stored.acquire(), path)
    store = NetCDF4DataStore(stored, mode="r", lock=LIBRARY)
    # No variable holds times; decoding would turn one that merely has a unit into something else.
    file = xr.open_dataset(store, engine="store", decode_times=False, cache=False)
    file.encoding["source"] = os.path.abspath(path)
    ds = file.drop_vars("features", errors="ignore").load()
    ds = ds.assign({name: file[name] for name in ("features",) if name in file})[list(file.data_vars)]
    check_layout(ds, str(path))
    return ds


def _load(features, path):
    """Read the features into memory; Ctrl-C is answered between blocks of them."""
    with _errors_naming(path):
        values = np.empty(features.shape, features.dtype)
    # pieces of the file are whole in a block, as each is read and unpacked as a whole
    piece = (features.encoding.get("chunksizes") or [1])[0]
    step = rows_per_block(features, piece)
    for start in range(0, len(values), step):
        with LIBRARY, _errors_naming(path):
            values[start : start + step] = features[start : start + step].values
    return features.copy(data=values)


def _check_is_file(path):
    if not path.is_file():
        what = "it is a folder" if path.is_dir() else "there is no such file"
        raise DataSetError(f"Cannot read {path}: {what}.")


def check_file(path):
    """Raise a `DataSetError` if a file cannot be read within bounds of time and memory, however it is damaged."""
    path = Path(path)
    _check_is_file(path)
    check_readable(path)


def open_lazily(path, chunks="auto"):
    """Read a data set, with features that stay on disk where dask is installed; to be closed by the caller."""
    return read_netcdf(path, chunks=chunks if importlib.util.find_spec("dask") else None)


def source_files(ds):
    """Return the files that a data set, or a part of it, has been read from, as far as is known; none for None."""
    if ds is None:
        return []
    encodings = [ds.encoding, *(variable.encoding for variable in ds.variables.values())]
    return sorted({encoding["source"] for encoding in encodings if isinstance(encoding.get("source"), str)})


def _float32(features):
    return features if features.dtype == np.float32 else features.copy(data=to_float32(features.values))


@contextlib.contextmanager
def _errors_naming(path):
    """Turn any exception, for that is how damage shows in the library and in xarray, into a `DataSetError`."""
    try:
        yield
    except DataSetError:
        raise
    except MemoryError as error:
        raise MemoryError(f"{path} is larger than memory ({error}); give chunks, which leaves it on disk.") from error
    except PermissionError as error:
        raise DataSetError(f"Cannot read {path}: {error.strerror}.") from error
    except Exception as error:
        raise DataSetError(
            f"Cannot read {path}: it is not a NetCDF-4 file, or it is damaged ({error}). "
            "Write it again, or fetch it again from where it came."
        ) from error


def _check_size(file, path):
    """Refuse a file that claims far more data than it can hold, before memory is asked for it."""
    declared = sum(v.size * getattr(v.dtype, "itemsize", 8) for v in file.variables.values())
    present = path.stat().st_size
    if declared > _MAX_RATIO * present:
        raise DataSetError(
            f"Cannot read {path}: it declares {declared} bytes of data but has only {present}; it is damaged. "
            "Write it again, or fetch it again from where it came."
        )
