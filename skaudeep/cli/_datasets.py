"""What commands that read one data set and write another have in common."""

import contextlib

from skaudeep.cli._outputs import prepare_output
from skaudeep.cli._printing import print_results


def convert(arguments, function):
    """Read the data set `arguments.input`, write what a function makes of it to `arguments.output`, and say so."""
    from skaudeep.io import read_netcdf

    with writing(arguments.output) as write:
        ds = function(read_netcdf(arguments.input))
        write(ds)
    report_written(arguments, ds)


@contextlib.contextmanager
def writing(path):
    """Make sure of a place for a file before any work is done; give the function that writes a data set there."""
    from skaudeep.io import write_netcdf

    path = prepare_output(path)
    yield lambda ds: write_netcdf(ds, path)


def report_written(arguments, ds):
    """Print which data set has been written."""
    sizes = {str(dim): size for dim, size in ds["features"].sizes.items()}
    print_results(
        arguments,
        data={"output": arguments.output, "sizes": sizes, "folds": ds.sizes["fold"]},
        brief=arguments.output,
        show=f"{arguments.output}: {describe(ds)}",
    )


def describe(ds):
    """Say in a few words how large a data set is."""
    sizes = ds["features"].sizes
    shape = " x ".join(f"{size} {dim}" for dim, size in list(sizes.items())[1:])
    n = ds.sizes["fold"]
    return f"{sizes['instance']} instances, {shape}" + (f", {n} folds" if n else "")
