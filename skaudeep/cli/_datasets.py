"""What commands that read one data set and write another have in common."""

import contextlib
import os

from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import print_results

_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_dataset(path):
    """Tell whether a file is NetCDF-4, by what it begins with; one that cannot be read is not."""
    with contextlib.suppress(OSError), open(path, "rb") as file:
        return file.read(len(_HDF5)) == _HDF5
    return False


def convert(arguments, function, default):
    """Read the data set `arguments.input`, write what a function makes of it to `arguments.output`, and say so.

    The input is replaced only where --output names it as --input does; not by the default, and not by another name.
    """
    from skaudeep.io import read_netcdf, write_netcdf

    in_place = arguments.output is not None and os.path.abspath(arguments.output) == os.path.abspath(arguments.input)
    arguments.output = arguments.output or default
    with prepare_output(arguments.output, inputs=None if in_place else files_read(arguments)):
        ds = function(read_netcdf(arguments.input))
        write_netcdf(ds, arguments.output)
    report_written(arguments, ds)


def report_written(arguments, ds):
    """Print which data set has been written."""
    from skaudeep.datasets import inspect_dataset

    partitions = inspect_dataset(ds).partitions
    sizes = {str(dim): size for dim, size in ds["features"].sizes.items()}
    print_results(
        arguments,
        data={
            "output": arguments.output,
            "sizes": sizes,
            "folds": ds.sizes["fold"],
            "partitions": partitions,
        },
        brief=arguments.output,
        show=f"{arguments.output}: {describe(ds, partitions)}",
    )


def describe(ds, partitions):
    """Say in a few words how large a data set is, of which the instances in each partition have been counted."""
    sizes = ds["features"].sizes
    shape = " x ".join(f"{size} {dim}" for dim, size in list(sizes.items())[1:])
    n, n_folds = sizes["instance"], ds.sizes["fold"]
    parts = ", ".join(f"{name} {count}" for name, count in partitions.items() if count)
    return ", ".join(
        [f"{n} instance{'s' * (n != 1)}", shape]
        + ([f"{n_folds} fold{'s' * (n_folds != 1)}"] if n_folds else [])
        + ([f"partitions {parts}"] if parts else [])
    )
