"""``skaudeep evaluate compare``: features of several data sets beside one another."""

from skaudeep.cli._arguments import UsageError, add_command, add_json
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import print_results, verbosity
from skaudeep.cli.evaluate import lacking


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "compare",
        run,
        help="compare features of the same recordings with one another and with controls",
        description="Compare the features of several data sets of the same instances, by the folds (or partitions) of "
        "the first one, with a linear support vector machine whose complexity is chosen within each training part. "
        "Prints unweighted average recall (UAR) and accuracy, and how much each differs from the controls: the most "
        "frequent class, and what --control names, such as the features of an untrained network. With -q only names "
        "and mean UAR, separated by a tabulator.",
        examples=[
            "evaluate compare trained.nc --control untrained.nc statistics.nc",
            "evaluate compare 30dB.nc 60dB.nc fused.nc --output comparison.html",
        ],
    )
    parser.add_argument("features", metavar="FILE", nargs="+", help="data sets, NetCDF files")
    parser.add_argument(
        "--control", metavar="FILE", nargs="+", default=[], help="data sets that the others have to beat"
    )
    parser.add_argument("--output", metavar="FILE", help="also write a page about it, an HTML file")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.evaluation import compare_datasets
    from skaudeep.io import read_netcdf
    from skaudeep.pages import write_comparison

    paths = [*arguments.features, *arguments.control]
    if len(set(paths)) < len(paths):
        raise UsageError("a data set is named twice")
    with prepare_output(arguments.output, inputs=files_read(arguments)):
        datasets = {path: read_netcdf(path) for path in paths}
        first = datasets[paths[0]]
        if not first.sizes["fold"] and first["partition"].isnull().all():
            raise lacking(paths[0], "folds and no partitions", "--add-cv-setup 5")
        comparison = compare_datasets(datasets, controls=arguments.control, verbose=verbosity(arguments))
        if arguments.output is not None:
            write_comparison(comparison, arguments.output, title="Comparison of features")
    table = comparison.table()
    differences = comparison.differences(method="t" if comparison.n_folds > 1 else "bootstrap")
    shown = [str(comparison), *([] if arguments.output is None else ["", f"{arguments.output}: the same as a page"])]
    print_results(
        arguments,
        data={"table": table.to_dict("records"), "differences": differences.to_dict("records")},
        brief="\n".join(f"{name}\t{recall:.6f}" for name, recall in zip(table["name"], table["recall"], strict=True)),
        show=shown,
    )
