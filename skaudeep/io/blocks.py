"""Features block by block, so that data sets beyond memory can be written."""

import itertools
import math

import numpy as np

from skaudeep.datamodel import to_float32
from skaudeep.exceptions import DataSetError

#: Bytes of features that are in memory at once; a dask chunk or a single instance may be larger.
BLOCK_BYTES = 1 << 24


def rows_per_block(features, multiple=1):
    """Say how many instances make a block, a multiple of `multiple`."""
    row_bytes = 4 * math.prod(features.shape[1:])
    return max(BLOCK_BYTES // max(row_bytes, 1) // multiple, 1) * multiple


def feature_blocks(features, multiple=1):
    """Give the features of a data set as float32 arrays of consecutive instances.

    Parameters
    ----------
    features : xarray.DataArray of shape (n_instances, ...)
        In memory or lazy; a dask array is computed along its chunks, each once.
    multiple : int, default=1
        The blocks of an array without chunks begin at multiples of so many instances.

    Yields
    ------
    start : int
        The first instance of the block.
    block : ndarray of float32 of shape (n_rows, ...)
        Its features.

    Raises
    ------
    DataSetError
        If they cannot be read from the file that they are in, or are beyond float32.
    """
    n, step = features.shape[0], rows_per_block(features, multiple)
    starts = range(0, n, step) if features.chunks is None else _merge(features.chunks[0], step)
    for start, stop in itertools.pairwise([*starts, n]):
        try:
            block = features[start:stop].values
        except RuntimeError as error:  # of the NetCDF library, which names neither the file nor where in it
            raise DataSetError(
                f"The features of the instances {start} to {stop - 1} cannot be read ({error}); the file that they are "
                "in is damaged."
            ) from error
        yield start, np.ascontiguousarray(to_float32(block))


def _merge(chunks, step):
    """Return first rows of runs of dask chunks that have up to `step` rows together."""
    starts = []
    for stop, size in zip(itertools.accumulate(chunks), chunks, strict=True):
        if not starts or stop - starts[-1] > step:
            starts.append(stop - size)
    return starts if sum(chunks) else []
