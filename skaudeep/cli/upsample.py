"""``skaudeep upsample``: balance the classes of a data set."""

from skaudeep.cli._arguments import add_command, add_json, add_seed, partition
from skaudeep.cli._datasets import convert

_OUTPUT = "upsampled.nc"


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "upsample",
        run,
        help="copy instances of the rarer classes of a data set",
        description="Copy recordings of the rarer classes until every class has as many as the largest. Balance only "
        "what a classifier is trained on: results on test data with copies are not those of the recordings.",
        examples=["upsample --input features.nc --partitions train --output balanced.nc --seed 0"],
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    parser.add_argument(
        "--partitions",
        metavar="PART",
        nargs="+",
        type=partition,
        help="balance the classes within these, of train, devel and test, taken together (default: all instances)",
    )
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"file to write; also --input, which is replaced in the end (default: {_OUTPUT})",
    )
    add_seed(parser, "which recordings are copied")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.datasets import upsample

    options = {"partitions": arguments.partitions, "random_state": arguments.seed}
    convert(arguments, lambda ds: upsample(ds, **options), _OUTPUT)
