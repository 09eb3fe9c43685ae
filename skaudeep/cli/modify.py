"""``skaudeep modify``: folds and partitions of a data set."""

from skaudeep.cli._arguments import add_command, add_json, add_seed, integer, partition
from skaudeep.cli._datasets import convert

_OUTPUT = "modified.nc"


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "modify",
        run,
        help="add or remove folds or partitions of a data set",
        description="Deal the files of a data set out into folds or partitions by chance, so that each has the same "
        "share of every class and all chunks of a file stay together; or take folds or partitions away.",
        examples=[
            "modify --input features.nc --add-cv-setup 5 --seed 0 --output folds.nc",
            "modify --input features.nc --add-partitioning train devel test --output parts.nc",
        ],
        words={
            "n_folds": "--add-cv-setup",
            "partitions": "--add-partitioning",
            "remove_folds": "--remove-cv-setup",
            "remove_partitions": "--remove-partitioning",
        },
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    parser.add_argument(
        "--output",
        metavar="FILE",
        help=f"file to write; also --input, which is replaced in the end (default: {_OUTPUT})",
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--add-cv-setup", metavar="N", type=integer(2), help="deal out into so many folds")
    what.add_argument("--remove-cv-setup", action="store_true", help="take the folds away")
    what.add_argument(
        "--add-partitioning",
        metavar="PART",
        nargs="+",
        type=partition,
        help="deal out into these partitions, of train, devel and test, in equal shares",
    )
    what.add_argument("--remove-partitioning", action="store_true", help="take the partitions away")
    add_seed(parser, "which file gets where")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep import datasets

    def modify(ds):
        if arguments.add_cv_setup is not None:
            return datasets.add_folds(ds, arguments.add_cv_setup, random_state=arguments.seed)
        if arguments.add_partitioning is not None:
            return datasets.add_partitions(ds, arguments.add_partitioning, random_state=arguments.seed)
        return (datasets.remove_folds if arguments.remove_cv_setup else datasets.remove_partitions)(ds)

    convert(arguments, modify, _OUTPUT)
