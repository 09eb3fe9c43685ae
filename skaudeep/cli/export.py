"""``skaudeep export``: a data set as CSV or ARFF files."""

from skaudeep.cli._arguments import add_command, add_json, choice
from skaudeep.cli._printing import print_results
from skaudeep.io.formats import FORMATS, LAYOUTS

_OPTIONS = ("format", "labels_last", "layout", "single_file", "guard_formulas", "overwrite")


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "export",
        run,
        help="write a data set as CSV or ARFF files",
        description="Write a data set to a folder of CSV or ARFF files, one for every fold and partition.",
        examples=[
            "export --input features.nc --format csv --output exported --name features",
            "export --input features.nc --for weka --output exported",
        ],
        words={"the file of ds": "--input"},
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    parser.add_argument("--output", metavar="DIR", required=True, help="folder to write to, made if need be")
    parser.add_argument(
        "--format",
        metavar=f"{{{','.join(FORMATS)}}}",
        type=choice(*FORMATS),
        help="default: csv, or arff with --for weka",
    )
    parser.add_argument(
        "--for",
        dest="layout",
        metavar=f"{{{','.join(LAYOUTS)}}}",
        type=choice(*LAYOUTS),
        default="audeep",
        help="audeep: names of files, numbers of chunks, both labels and features, as auDeep exports them; weka: for "
        "programs that learn from all columns, features and last the class, and nothing that gives it away "
        "(default: %(default)s)",
    )
    parser.add_argument("--labels-last", action="store_true", help="put the labels behind the features")
    parser.add_argument(
        "--single-file",
        action="store_true",
        help="write all instances to one file, whatever their folds and partitions",
    )
    parser.add_argument(
        "--guard-formulas",
        action="store_true",
        help="in CSV files, put an apostrophe before names and labels that a spreadsheet would run as formulas",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="remove files of an older export of the same name that would be taken for a part of this one",
    )
    parser.add_argument("--name", help="name of the files, without their ending (default: that of the input)")
    add_json(parser)


def run(arguments):
    """Run the command."""
    import glob
    from pathlib import Path

    from skaudeep.cli._datasets import describe
    from skaudeep.datasets import inspect_dataset
    from skaudeep.io import export_dataset, read_netcdf

    ds = read_netcdf(arguments.input)
    name = arguments.name or Path(arguments.input).stem
    arguments.format = arguments.format or ("arff" if arguments.layout == "weka" else "csv")
    options = {key: getattr(arguments, key) for key in _OPTIONS}
    export_dataset(ds, arguments.output, name=name, **options)
    files = sorted(map(str, Path(arguments.output).glob(f"**/{glob.escape(name)}.{arguments.format}")))
    print_results(
        arguments,
        data={"input": arguments.input, "output": arguments.output, "files": files},
        brief="\n".join(files),
        show=f"{len(files)} {arguments.format.upper()} file{'s' if len(files) != 1 else ''} in {arguments.output}: "
        f"{describe(ds, inspect_dataset(ds).partitions)}",
    )
