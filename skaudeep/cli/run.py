"""``skaudeep run``: a whole experiment, from a configuration."""

from skaudeep.cli._arguments import UsageError, add_command, add_jobs, add_json, choice, integer
from skaudeep.cli._printing import make_table, print_results, verbosity
from skaudeep.experiment.stages import KINDS

#: What the command calls what messages name, by its name in Python.
_WORDS = {
    "out": "--output",
    "corpus.path": "--corpus",
    "corpus.folds": "--set corpus.folds",
    "kind": "--set corpus.parser",
    "classes": "--set corpus.options.classes",
    "on_unreadable": "--set spectrograms.on_error",
    "resume=False": "--from extract",
}


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "run",
        run,
        help="run a whole experiment: extract, train, generate, fuse, evaluate, export, report",
        description="Run an experiment that a file describes: extraction of spectrograms, autoencoders, fusion, "
        "classifiers or regressors, exports and a report. What an earlier run has left in the output folder is not "
        "done again unless something that it depends on has changed: options, files of the corpus, or the version of "
        "skaudeep. A run that was stopped goes on where it was.",
        examples=[
            "run esc-10 --corpus ESC-10 --dry-run",
            "run experiment.toml --output results --n-jobs -1",
            "run esc-10 --corpus ESC-10 --output quick --set autoencoders.max_epochs=2 spectrograms.clip_below=-60",
        ],
        words=_WORDS,
    )
    parser.add_argument(
        "config", metavar="CONFIG", help="configuration, a TOML file, or the name of a recipe (see skaudeep recipes)"
    )
    parser.add_argument("--corpus", metavar="DIR", help="folder of the corpus (default: path in [corpus])")
    parser.add_argument(
        "--output", metavar="DIR", help="folder for all results (default: the name of the configuration)"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        nargs="+",
        action="extend",
        default=[],
        help="values that take the place of those in the configuration, by table and key, such as "
        "corpus.folds=5; autoencoders.n_units=16 goes to all autoencoders, autoencoders.NAME.n_units=16 to one",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=integer(0, 2**32 - 1),
        help="seed of all chance (default: that of the configuration, or 0)",
    )
    add_jobs(parser, "recordings")
    parser.add_argument(
        "--from",
        dest="start",
        metavar="STAGE",
        type=choice(*KINDS),
        help=f"run these stages, and all later ones, even if nothing has changed: {', '.join(KINDS)}",
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be done, and why; do nothing")
    add_json(parser)


def run(arguments):
    """Run the command."""
    from skaudeep.experiment import parse_overrides, plan, read_experiment, run_experiment

    try:
        overrides = parse_overrides(arguments.set)
    except ValueError as error:
        raise UsageError(f"--set {error}") from error
    given = {"corpus.path": arguments.corpus, "seed": arguments.seed}
    overrides |= {key: value for key, value in given.items() if value is not None}
    experiment = read_experiment(arguments.config, overrides=overrides)
    arguments.words = {name: f"--set spectrograms.{name}" for name in experiment.spectrograms} | arguments.words
    out = experiment.name if arguments.output is None else arguments.output
    if arguments.dry_run:
        stages = plan(experiment, out, start=arguments.start)
        _print_plan(arguments, stages)
        return
    results = run_experiment(
        experiment, out, start=arguments.start, n_jobs=arguments.n_jobs, verbose=verbosity(arguments)
    )
    print_experiment(arguments, results)


def _print_plan(arguments, stages):
    keys = ("name", "kind", "writes", "runs", "reason")
    rows = [(s.name, ", ".join(s.writes), "run" if s.runs else "skip", s.reason) for s in stages]
    print_results(
        arguments,
        data=[{key: getattr(stage, key) for key in keys} for stage in stages],
        brief="\n".join("\t".join(row) for row in rows),
        show=make_table(("stage", "writes", "", "why"), rows),
    )


def print_experiment(arguments, results, notes=None):
    """Print how well the features of an experiment did, and notes or, without any, how long everything took."""
    found = [result for result in results["results"] if "classifier" in result]
    measures = ("accuracy", "recall")
    rows, brief = [], []
    for result in found:
        names = [result["features"], result["classifier"]]
        over_folds = result["n_splits"] > 1
        rows.append([*names, *(_percent(result[m], result[f"{m}_std"] if over_folds else None) for m in measures)])
        figures = [result[key] for m in measures for key in (m, f"{m}_std")]
        brief.append("\t".join([*names, *("" if figure is None else f"{figure:.6f}" for figure in figures)]))
    by_folds = any(result["n_splits"] > 1 for result in found)
    title = "In %, mean +/- standard deviation over folds" if by_folds else "In %"
    show = [make_table(("features", "classifier", "accuracy", "UAR"), rows, title=title), ""] if found else []
    numbers, brief_of_numbers = _describe_numbers([each for each in results["results"] if "regressor" in each])
    show, brief = [*show, *numbers], [*brief, *brief_of_numbers]
    if notes is None:
        seconds = [(stage["name"], f"{stage['seconds']:.1f}") for stage in results["stages"]]
        show += [make_table(("stage", "seconds"), seconds), "", _where(results)]
    else:
        show.append("\n\n".join(notes))
    print_results(arguments, data=results, brief="\n".join(brief) if brief else None, show=show)


def _describe_numbers(found):
    """Write how well numbers were predicted: a table, and lines for -q."""
    rows, brief = [], []
    for result in found:
        names = [result[name] for name in ("features", "regressor", "target")]
        over_folds = result["n_splits"] > 1
        ccc = _number(result["ccc"], result["ccc_std"] if over_folds else None, ".2f")
        rmse = _number(result["rmse"], result["rmse_std"] if over_folds else None, ".3g")
        rows.append([*names, ccc, rmse, _number(result["rmse_of_mean"], None, ".3g")])
        figures = [result[key] for key in ("ccc", "ccc_std", "rmse", "rmse_std", "rmse_of_mean")]
        brief.append("\t".join([*names, *("" if figure is None else f"{figure:.6f}" for figure in figures)]))
    if not found:
        return [], []
    head = ("features", "regressor", "target", "CCC", "RMSE", "of the mean")
    by_folds = any(result["n_splits"] > 1 for result in found)
    title = "CCC, RMSE and RMSE of predicting the mean" + (", +/- standard deviation over folds" if by_folds else "")
    return [make_table(head, rows, title=title), ""], brief


def _number(mean, deviation, digits):
    if mean is None:
        return None
    return f"{mean:{digits}}" + ("" if deviation is None else f" +/- {deviation:{digits}}")


def _percent(mean, deviation):
    return f"{100 * mean:.1f}" + ("" if deviation is None else f" +/- {100 * deviation:.1f}")


def _where(results):
    page = "; report.html in it shows them" if any(stage["kind"] == "report" for stage in results["stages"]) else ""
    return f"Results are in {results['output']}{page}"
