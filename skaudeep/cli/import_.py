"""``skaudeep import``: a data set from CSV or ARFF files."""

from skaudeep.cli._arguments import add_command, add_json
from skaudeep.cli._datasets import report_written
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.io.formats import FORMATS


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "import",
        run,
        help="read a data set from CSV or ARFF files",
        description="Read a data set from a folder of CSV or ARFF files as `export` writes it, with files for folds or "
        "partitions, or from a single file. Columns that hold no metadata are features.",
        examples=["import --basedir exported --name features --output features.nc"],
        words={"format": "--name with its ending"},
    )
    parser.add_argument("--basedir", metavar="DIR", required=True, help="folder of the files, or one file")
    parser.add_argument("--name", help="name of the files, with or without ending (default: the only one there is)")
    parser.add_argument("--output", metavar="FILE", default="imported.nc", help="file to write (default: %(default)s)")
    for name in ("filename", "chunk_nr", "label_nominal", "label_numeric"):
        parser.add_argument(
            _option(name),
            metavar="COLUMN",
            dest=name,
            default=name,
            help=f"column of the {_WHAT[name]} (default: {name})",
        )
    parser.add_argument(
        "--target-attributes",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="columns of several numbers to be predicted, beside those that are called target:NAME",
    )
    add_json(parser)


_WHAT = {
    "filename": "names of files",
    "chunk_nr": "numbers of chunks",
    "label_nominal": "class names",
    "label_numeric": "class numbers",
}


def _option(name):
    return f"--{name.replace('_', '-')}-attribute"


def run(arguments):
    """Run the command."""
    from skaudeep.io import import_dataset, write_netcdf
    from skaudeep.io.directories import list_tables

    name, kind = arguments.name, None
    if name is not None and name.lower().endswith(tuple(f".{suffix}" for suffix in FORMATS)):
        name, _, kind = name.rpartition(".")
    inputs = files_read(arguments) | {"a table of --basedir": list_tables(arguments.basedir)}
    columns = {key: getattr(arguments, key) for key in _WHAT} | {"targets": arguments.target_attributes}
    with prepare_output(arguments.output, inputs=inputs):
        ds = import_dataset(arguments.basedir, name=name, format=kind and kind.lower(), **columns)
        write_netcdf(ds, arguments.output)
    report_written(arguments, ds)
