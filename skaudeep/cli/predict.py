"""``skaudeep svm predict`` and ``skaudeep mlp predict``: classes or numbers for recordings that have none."""

from skaudeep.cli._arguments import add_command, add_json, add_seed, add_settings_check, partition
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import make_table, print_results
from skaudeep.cli.evaluate import add_classifier_options, check_task, lacking, make_estimator


def add_parser(group, classifier):
    """Add the parser of this command to the group of a classifier."""
    settings = " --complexity 0.01" if classifier == "svm" else ""
    parser = add_command(
        group,
        "predict",
        run,
        help="train on one data set, predict the classes or numbers of another",
        description="Train on one data set, or on some of its partitions, and predict the classes of another, or the "
        "numbers where those are the targets. The predictions are written as lines of file name and class or number, "
        "separated by a tabulator and sorted by file name; several numbers, each in its column, below a line with the "
        "names of the targets.",
        examples=[
            f"{classifier} predict --train-input old.nc --eval-input new.nc --output predictions.tsv{settings}",
            f"{classifier} predict --train-input features.nc --train-partitions train devel --eval-input features.nc "
            f"--eval-partitions test --output predictions.tsv{settings}",
        ],
    )
    for what, doing in (("train", "train on"), ("eval", "predict for")):
        parser.add_argument(f"--{what}-input", metavar="FILE", required=True, help=f"data set to {doing}")
        parser.add_argument(
            f"--{what}-partitions",
            metavar="PART",
            nargs="+",
            type=partition,
            help=f"{doing} these alone, of train, devel and test (default: all instances)",
        )
    add_classifier_options(parser, classifier)
    add_settings_check(parser)
    parser.add_argument("--output", metavar="FILE", required=True, help="file to write")
    add_seed(parser, "weights, solvers and copies")
    add_json(parser)


def run(arguments):
    """Run the command."""
    check_task(arguments)
    with prepare_output(arguments.output, inputs=files_read(arguments)):
        predictions = _predict(arguments)
        _write(predictions, arguments.output)
    what = "recording" if arguments.majority_vote else "instance"
    of = f"{len(predictions)} {what}{'s' * (len(predictions) != 1)}"
    table = predictions if predictions.ndim > 1 else predictions.to_frame("label")
    if table.select_dtypes(float).empty:
        title = f"{arguments.output}: the predicted classes of {of}"
        shown = make_table(["class", "predicted"], predictions.value_counts().sort_index().items())
    else:
        title = f"{arguments.output}: the predicted numbers of {of}"
        shown = _show_numbers(table, predictions.ndim > 1)
    print_results(
        arguments,
        data={
            "output": arguments.output,
            "predictions": table.reset_index().to_dict("records"),
        },
        brief=arguments.output,
        show=[title, shown],
    )


def _show_numbers(table, with_names):
    """Make a table of the range of the predicted numbers."""
    ranges = table.agg(["min", "mean", "max"]).T
    rows = [[f"{number:.4g}" for number in row] for row in ranges.to_numpy()]
    if not with_names:
        return make_table(ranges.columns, rows)
    return make_table(["target", *ranges.columns], [[name, *row] for name, row in zip(table, rows, strict=True)])


def _predict(arguments):
    """Predict a class or a number for each recording of the data set."""
    from skaudeep.evaluation import find_task, predict_dataset

    arguments.words = {"partition": "--train-partitions"}
    train = _read(arguments.train_input, arguments.train_partitions)
    arguments.words = {"partition": "--eval-partitions"}
    test = _read(arguments.eval_input, arguments.eval_partitions)
    task = find_task(train, arguments.task, arguments.train_input, targets=arguments.targets)
    arguments.words = {"train_ds": arguments.train_input, "test_ds": arguments.eval_input}
    return predict_dataset(
        train,
        test,
        make_estimator(arguments, task),
        task=task,
        targets=arguments.targets,
        upsample=arguments.upsample,
        majority_vote=arguments.majority_vote,
        check_settings=arguments.check_settings,
        random_state=arguments.seed,
    )


def _read(path, partitions):
    """Read a data set, or some of its partitions."""
    from skaudeep.datasets import select
    from skaudeep.exceptions import DataSetError, marked
    from skaudeep.io import read_netcdf

    ds = read_netcdf(path)
    if partitions is None:
        return ds
    if ds["partition"].isnull().all():
        raise lacking(path, "partitions", "--add-partitioning train devel test")
    try:
        return select(ds, partition=partitions)
    except DataSetError as error:
        raise DataSetError(f"{path}: {marked(error)}") from error


def _write(predictions, path):
    from skaudeep._files import atomic_path
    from skaudeep.exceptions import DataSetError

    several = predictions.ndim > 1
    if several and "filename" in predictions:
        raise DataSetError("a target is called 'filename', as is the column of files; rename it in the data set")
    texts = (*predictions.columns, *predictions.index) if several else (*predictions.index, *predictions)
    for text in texts:
        if any(character in str(text) for character in "\t\n\r"):
            raise DataSetError(f"{text!r} has a tabulator or line break, which separate predictions; rename it")
    rows = [("filename", *predictions.columns), *predictions.itertuples()] if several else predictions.items()
    lines = ["\t".join(map(str, row)) + "\n" for row in rows]
    with atomic_path(path) as temporary:
        temporary.write_text("".join(lines), encoding="utf-8", newline="\n")
