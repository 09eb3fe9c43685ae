"""``skaudeep svm evaluate`` and ``skaudeep mlp evaluate``: how well classes or numbers of a data set are predicted."""

from skaudeep.cli._arguments import UsageError, add_command, add_json, add_seed, integer, partition, real
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import make_table, print_results, verbosity

_NAMES = {"svm": "linear support vector machine", "mlp": "multi-layer perceptron"}


def add_parser(group, classifier):
    """Add the parser of this command to the group of a classifier."""
    settings = " --complexity 0.01" if classifier == "svm" else ""
    parser = add_command(
        group,
        "evaluate",
        run,
        help=f"evaluate a {_NAMES[classifier]} by folds or partitions",
        description=f"Train a {_NAMES[classifier]} on part of a data set and test it on the rest, by the folds of the "
        "data set or by its partitions. Features are standardised with the statistics of the training part. Prints "
        "accuracy and unweighted average recall (UAR) of each fold, their mean and twice their standard deviation, and "
        "the confusion matrix; with -q only mean accuracy and UAR, separated by a comma. Where targets are numbers, it "
        "prints their concordance correlation coefficient (CCC), further correlations and errors, beside those of "
        "predicting the mean; with -q only mean CCC and RMSE, of several targets a line for each with its name first.",
        examples=[
            f"{classifier} evaluate --input features.nc --cross-validate{settings}",
            f"{classifier} evaluate --input features.nc --train-partitions train --eval-partitions devel{settings}",
        ],
        words={"train": "--train-partitions", "test": "--eval-partitions", "repeats": "--repeat"},
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="data set, a NetCDF file")
    parser.add_argument("--cross-validate", action="store_true", help="train and test by the folds of the data set")
    for option, doing in (("--train-partitions", "train"), ("--eval-partitions", "test")):
        parser.add_argument(
            option, metavar="PART", nargs="+", type=partition, help=f"{doing} on these, of train, devel and test"
        )
    add_classifier_options(parser, classifier)
    parser.add_argument(
        "--repeat",
        metavar="N",
        type=integer(1),
        default=1,
        help="do it all so many times, with other seeds (default: %(default)s)",
    )
    add_seed(parser, "weights, solvers and copies")
    parser.add_argument("--output", metavar="FILE", help="also write the results to this JSON file")
    parser.add_argument(
        "--predictions",
        metavar="FILE",
        dest="predictions_output",
        help="also write what was predicted for each tested sample to this CSV file",
    )
    add_json(parser)


def add_classifier_options(parser, classifier):
    """Add what ``evaluate`` and ``predict`` both know: the parameters of the classifier, and how it gets its data."""
    if classifier == "svm":
        parser.add_argument(
            "--complexity",
            metavar="C",
            type=real(0, open_low=True),
            required=True,
            help="weight of the loss; a smaller one regularises more",
        )
    else:
        for option, kind, default, text in (
            ("--num-epochs", integer(1), 400, "passes over the data"),
            ("--learning-rate", real(0, open_low=True), 1e-3, "step size of the optimiser Adam"),
            ("--num-layers", integer(1), 2, "hidden layers"),
            ("--num-units", integer(1), 150, "units of each hidden layer"),
            ("--keep-prob", real(0, 1, open_low=True), 0.6, "share of the units that dropout keeps in training"),
        ):
            parser.add_argument(option, metavar="X", type=kind, default=default, help=f"{text} (default: %(default)s)")
        parser.add_argument(
            "--shuffle",
            action="store_true",
            help="accepted for old scripts; without effect, as each step sees all training data at once",
        )
    parser.add_argument(
        "--task",
        choices=["auto", "classification", "regression"],
        default="auto",
        help="whether targets are classes, each number one of them if there are no names, or numbers; auto: classes if "
        "the data set has names of them (default: %(default)s)",
    )
    parser.add_argument(
        "--targets", metavar="NAME", nargs="+", help="which of several numbers to predict (default: all that there are)"
    )
    parser.add_argument(
        "--upsample",
        action="store_true",
        help="copy recordings of the rarer classes in the training data until all classes have as many",
    )
    parser.add_argument(
        "--majority-vote", action="store_true", help="let the chunks of each recording vote, or average their numbers"
    )
    parser.set_defaults(classifier=classifier)


def read_parameters(arguments):
    """Give the parameters of the classifier or regressor that `add_classifier_options` lets the user choose."""
    if arguments.classifier == "svm":
        return {"C": arguments.complexity}
    return {
        "hidden_layer_sizes": [arguments.num_units] * arguments.num_layers,
        "dropout": round(1 - arguments.keep_prob, 12),
        "learning_rate": arguments.learning_rate,
        "max_epochs": arguments.num_epochs,
    }


def make_estimator(arguments, task):
    """Make the classifier or the regressor that the options describe."""
    from skaudeep.evaluation import make_classifier, make_regressor

    make = make_classifier if task == "classification" else make_regressor
    return make(arguments.classifier, **read_parameters(arguments))


def check_task(arguments):
    """Refuse options that do not go together before anything is read."""
    if arguments.targets is not None and arguments.task == "classification":
        raise UsageError("--targets are numbers, and --task classification predicts classes; leave one out")


def run(arguments):
    """Run the command."""
    _check_usage(arguments)
    with prepare_output(arguments.output, arguments.predictions_output, inputs=files_read(arguments)):
        evaluation, results = _evaluate(arguments)
        _write(arguments, evaluation, results)
    if results["task"] == "classification":
        brief = f"{evaluation.accuracy.mean():.6f},{evaluation.recall.mean():.6f}"
        description = _describe(arguments, evaluation)
    else:
        brief = "\n".join(_brief_of_target(evaluation, target) for target in evaluation.targets)
        description = _describe_regression(arguments, evaluation)
    written = {arguments.output: "these results as JSON", arguments.predictions_output: "what was predicted, as CSV"}
    for path, what in written.items():
        if path is not None:
            description += ["", f"{path}: {what}"]
    print_results(arguments, data=results, brief=brief, show=description)


def _evaluate(arguments):
    """Evaluate; give the evaluation, and what is written of it."""
    import time
    from pathlib import Path

    from skaudeep.evaluation import evaluate_dataset, find_task
    from skaudeep.exceptions import DataSetError, marked
    from skaudeep.io import read_netcdf

    ds = read_netcdf(arguments.input)
    _check_splits(arguments, ds)
    start = time.perf_counter()
    try:
        task = find_task(ds, arguments.task, targets=arguments.targets)
        evaluation = evaluate_dataset(
            ds,
            make_estimator(arguments, task),
            task=task,
            targets=arguments.targets,
            train=arguments.train_partitions,
            test=arguments.eval_partitions,
            upsample=arguments.upsample,
            majority_vote=arguments.majority_vote,
            repeats=arguments.repeat,
            random_state=arguments.seed,
            verbose=verbosity(arguments),
        )
    except DataSetError as error:
        raise DataSetError(f"{arguments.input}: {marked(error)}") from error
    seconds = time.perf_counter() - start
    return evaluation, {
        "features": Path(arguments.input).stem,
        "task": task,
        "classifier": arguments.classifier,
        "settings": read_parameters(arguments) | _settings(arguments),
        **evaluation.to_dict(),
        "seconds": round(seconds, 3),
    }


def _check_usage(arguments):
    check_task(arguments)
    train, test = arguments.train_partitions, arguments.eval_partitions
    if arguments.cross_validate and (train or test):
        raise UsageError("--cross-validate does not go together with --train-partitions and --eval-partitions")
    if not (arguments.cross_validate or train or test):
        raise UsageError("give --cross-validate, or --train-partitions and --eval-partitions")
    if bool(train) != bool(test):
        given, missing = sorted(("--train-partitions", "--eval-partitions"), reverse=bool(train))
        raise UsageError(f"{given} needs {missing}")
    both = sorted(set(train or ()) & set(test or ()))
    if both:
        raise UsageError(f"{both[0]} is in --train-partitions and in --eval-partitions; test on what is not trained on")


def _check_splits(arguments, ds):
    if arguments.cross_validate and not ds.sizes["fold"]:
        raise lacking(arguments.input, "folds, which --cross-validate needs", "--add-cv-setup 5")
    if not arguments.cross_validate and ds["partition"].isnull().all():
        raise lacking(arguments.input, "partitions", "--add-partitioning train devel test")


def lacking(path, what, option):
    """Make the error that names the command to add what a data set lacks."""
    from skaudeep.exceptions import DataSetError

    return DataSetError(f"{path} has no {what}; add some: skaudeep modify --input {path} {option} --output FILE")


def _settings(arguments):
    """Record how the classifier got its data, for the file of results."""
    if arguments.cross_validate:
        by = {"cross_validate": True}
    else:
        by = {"train_partitions": arguments.train_partitions, "eval_partitions": arguments.eval_partitions}
    names = ("upsample", "majority_vote", "repeat", "seed")
    return by | {name: getattr(arguments, name) for name in names}


def _write(arguments, evaluation, results):
    """Write the files that are asked for."""
    from skaudeep.results.files import write_json
    from skaudeep.results.predictions import write_predictions

    if arguments.output is not None:
        write_json(results, arguments.output)
    if arguments.predictions_output is not None:
        write_predictions(evaluation.predictions, arguments.predictions_output)


def _describe(arguments, evaluation):
    """Write the results for people: of each split, in short, and what was taken for what."""
    from skaudeep.evaluation import summarise

    n_repeats, n_splits = evaluation.accuracy.shape
    what = "recordings" if arguments.majority_vote else "instances"
    title = f"{arguments.classifier} on {arguments.input}: {evaluation.confusion.sum() // n_repeats} {what} tested"
    measures = {"accuracy": evaluation.accuracy, "UAR": evaluation.recall}
    rows = [
        [name, *(f"{100 * summarise(values[:, [i]])[0]:.2f}" for values in measures.values())]
        for i, name in enumerate(evaluation.splits)
    ]
    figures = []
    for name, values in measures.items():
        mean, spread = summarise(values)
        figures.append(f"{name} {100 * mean:.2f} %" + ("" if spread is None else f" +/- {200 * spread:.2f}"))
    over = f"{n_splits} folds" if n_splits > 1 else f"{n_repeats} repeats"
    of = f", of means of {n_repeats} repeats" if n_splits > 1 and n_repeats > 1 else ""
    summary = ", ".join(figures) + (f" (mean +/- 2 std over {over}{of})" if n_splits * n_repeats > 1 else "")
    return [
        title,
        "",
        make_table(["percent", *measures], rows),
        "",
        summary,
        "",
        "Confusion matrix, a row for each true class, a column for each predicted one",
        *_confusion_tables(evaluation),
    ]


def _describe_regression(arguments, evaluation):
    """Write the results for people: the measures of each split, in short, and of predicting the mean."""
    what = "recordings" if arguments.majority_vote else "instances"
    n_repeats = evaluation.pooled["repeat"].nunique()
    n_tested = len(evaluation.predictions) // len(evaluation.pooled)
    if len(evaluation.targets) > 1:
        n_tested = f"{len(evaluation.targets)} targets of {n_tested}"
    lines = [f"{arguments.classifier} on {arguments.input}: numbers predicted for {n_tested} {what}"]
    for target in evaluation.targets:
        title = target if len(evaluation.targets) > 1 else ""
        lines += ["", _regression_table(evaluation.table(target), title)]
    return lines if n_repeats == 1 else [*lines, "", f"Means of {n_repeats} repeats"]


def _brief_of_target(evaluation, target):
    """Write mean CCC and RMSE, after the name of the target if there are several."""
    import csv
    import io

    numbers = [f"{evaluation.summary(name, target)[0]:.6f}" for name in ("ccc", "rmse")]
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([target, *numbers] if len(evaluation.targets) > 1 else numbers)
    return line.getvalue()


def _regression_table(table, title):
    """Make a table of the measures of a target; what is not defined is an empty cell."""
    from skaudeep.results.evaluation import REGRESSION_MEASURES

    formats = {"rmse": "{:#.3g}", "mae": "{:#.3g}"}
    cells = [[formats.get(name, "{:.3f}").format(value) for value in table[name]] for name in table]
    cells = [[None if cell == "nan" else cell for cell in column] for column in cells]
    rows = zip(table.index, *cells, strict=True)
    return make_table([title, *(REGRESSION_MEASURES[name] for name in table)], rows)


def _confusion_tables(evaluation):
    """Make the confusion matrix; on a terminal in as many tables as its width asks for."""
    import shutil
    import sys

    numbers = [str(i) for i in range(1, len(evaluation.classes) + 1)]
    names = [f"{number} {name}" for number, name in zip(numbers, evaluation.classes.tolist(), strict=True)]
    cell = 2 + max(len(str(evaluation.confusion.max())), len(numbers[-1]))
    step = len(numbers)
    if sys.stdout.isatty():
        step = max(1, (shutil.get_terminal_size().columns - max(map(len, names)) - 2) // cell)
    parts = [slice(start, start + step) for start in range(0, len(numbers), step)]
    counts = evaluation.confusion.tolist()
    return [
        make_table(["", *numbers[part]], [[name, *row[part]] for name, row in zip(names, counts, strict=True)])
        for part in parts
    ]
