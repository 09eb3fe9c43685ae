"""``skaudeep fuse`` and ``skaudeep fuse chunks``: features side by side."""

from skaudeep.cli._arguments import UsageError, add_command, add_json, add_settings_check
from skaudeep.cli._datasets import convert, report_written
from skaudeep.cli._outputs import files_read, prepare_output

_OUTPUT = "fused.nc"


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "fuse",
        run,
        help="put features of several data sets, or of the chunks of files, side by side",
        description="Put the features of several data sets of the same instances side by side, whatever their order. "
        "With the word `chunks`: put the features of all chunks of a file side by side, in one data set.",
        examples=[
            "fuse --input 30dB.nc 45dB.nc 60dB.nc --output fused.nc",
            "fuse chunks --input features.nc --output files.nc",
        ],
        words={"dim": "--dimension"},
    )
    parser.add_argument("what", metavar="chunks", nargs="?", help="fuse the chunks of each file")
    parser.add_argument(
        "--input", metavar="FILE", nargs="+", required=True, help="data sets, NetCDF files; one of them for chunks"
    )
    parser.add_argument(
        "--dimension",
        metavar="NAME",
        help="dimension of the features to join along (default: generated, or the last one where there is no such)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"file to write; of `fuse chunks` also --input, which is replaced in the end (default: {_OUTPUT})",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="let --output be one of several inputs, which is replaced by all of them",
    )
    add_settings_check(parser)
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.datasets import fuse, fuse_chunks
    from skaudeep.io import read_netcdf, write_netcdf

    if arguments.what not in (None, "chunks"):
        raise UsageError(f"{arguments.what!r} is not an argument of `fuse`; there may be `chunks`")
    if arguments.what == "chunks":
        if len(arguments.input) > 1:
            raise UsageError(f"fuse chunks takes one --input, got {len(arguments.input)}")
        arguments.input = arguments.input[0]
        convert(arguments, lambda ds: fuse_chunks(ds, dim=_dimension(arguments, ds)), _OUTPUT)
        return
    if len(arguments.input) < 2:
        raise UsageError("fuse takes two or more data sets as --input; `fuse chunks` joins the chunks of one")
    arguments.output = arguments.output or _OUTPUT
    kept = None if arguments.overwrite else files_read(arguments)
    with prepare_output(arguments.output, inputs=kept):
        inputs = [read_netcdf(path) for path in arguments.input]
        fused = fuse(inputs, dim=_dimension(arguments, inputs[0]), check_settings=arguments.check_settings)
        write_netcdf(fused, arguments.output)
    report_written(arguments, fused)


def _dimension(arguments, ds):
    from skaudeep.exceptions import DataSetError

    dims = [str(dim) for dim in ds["features"].dims[1:]]
    if arguments.dimension is None:
        return "generated" if "generated" in dims else None
    if arguments.dimension not in dims:
        raise DataSetError(f"--dimension {arguments.dimension}: the features have the dimensions {', '.join(dims)}")
    return arguments.dimension
