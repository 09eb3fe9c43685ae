"""Data sets in NetCDF-4 files, laid out as auDeep writes them."""

import os
from pathlib import Path

import numpy as np
import xarray as xr

from skaudeep._files import atomic_path
from skaudeep.datasets._model import VARIABLES, check_layout
from skaudeep.exceptions import DataSetError


def write_netcdf(ds, path):
    """Write a data set to a NetCDF-4 file, in one step or not at all.

    The data go to a temporary file in the same folder, which takes the place of `path` when it is complete.
    Whatever goes wrong before leaves an older file at `path` as it was.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it.
    path : str or path-like
        The file to write, usually ending in `.nc`; an existing file is replaced.

    Raises
    ------
    DataSetError
        If `ds` lacks a variable of a data set.
    FileNotFoundError
        If the folder of `path` does not exist.

    See Also
    --------
    read_netcdf : Read the file again.

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
    check_layout(ds, "ds")
    # Only `features` carries a fill value in the original's files. Encodings left over from another
    # file (its chunk sizes, its unlimited dimensions) would not fit a changed data set.
    encoding = {name: {"_FillValue": None} for name in ds.variables}
    encoding["features"]["_FillValue"] = np.float32(np.nan)
    others = [name for name in ds.data_vars if name not in VARIABLES]
    ordered = ds.drop_encoding()[[*VARIABLES, *others]]

    # The real path, so that a symbolic link stays one and the file that it points to is replaced.
    with atomic_path(os.path.realpath(path)) as temporary:
        try:
            ordered.to_netcdf(temporary, engine="netcdf4", format="NETCDF4", encoding=encoding)
        except RuntimeError as error:  # all that the library says of a full disk
            raise OSError(f"{path}: cannot be written ({error}); is the disk full?") from error


def read_netcdf(path):
    """Read a data set from a NetCDF-4 file into memory.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`write_netcdf` or the original auDeep has written.

    Returns
    -------
    xarray.Dataset
        The data set, with the variables that :func:`skaudeep.datasets.make_dataset` describes.

    Raises
    ------
    DataSetError
        If the file does not exist, is no NetCDF-4 file, is damaged, or holds something else than a data set.

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
    if not path.is_file():
        raise DataSetError(f"Cannot read {path}: there is no such file.")
    try:
        # No variable holds times; decoding would turn one that merely has a unit into something else.
        ds = xr.load_dataset(path, engine="netcdf4", decode_times=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise DataSetError(
            f"Cannot read {path}: it is not a NetCDF-4 file, or it is damaged ({error}). "
            "Write it again, or fetch it again from where it came."
        ) from error
    check_layout(ds, str(path))
    return ds
