"""A page that tells what an experiment has done and found."""

import importlib.metadata
import logging
import platform
from pathlib import Path, PurePosixPath

import numpy as np

from skaudeep._counts import clock
from skaudeep._files import check_path, check_target
from skaudeep._version import __version__
from skaudeep.pages._assets import render, write_page
from skaudeep.pages._examples import show_reconstructions, show_spectrograms
from skaudeep.pages._figures import draw_confusion, draw_losses, draw_scores
from skaudeep.pages._regression import regression_figures, regression_overview
from skaudeep.results.experiment import read_experiment_record
from skaudeep.results.files import CORPUS_FILE, EXPERIMENT_FILE, REPORT_FILE, find_kind, read_json
from skaudeep.results.predictions import read_predicted_numbers
from skaudeep.results.regression import RegressionRecord, read_outcome
from skaudeep.results.training import read_training

_MOST_ROWS = 100  # of a table of files
_MOST_CONFUSED = 5  # pairs of classes in words
_PACKAGES = ("numpy", "scikit-learn", "keras", "tensorflow", "librosa", "matplotlib")

_logger = logging.getLogger(__name__)


def write_report(folder, path=None):
    """Write a page that tells what an experiment, or the training of one network, has done and found.

    The page is a single file with all pictures inside, which asks for nothing from the network. What an experiment has
    not done (yet) is named there. The same folder gives the same page.

    Parameters
    ----------
    folder : path-like
        What ``skaudeep run`` has written, or the folder of a training run.
    path : path-like, default=None
        The page to write, an existing file is replaced; by default ``report.html`` in the folder.

    Returns
    -------
    pathlib.Path
        The page.

    Raises
    ------
    FileNotFoundError
        If the folder is neither of these.
    ValueError
        If a record in it is damaged, or the page would replace a file that it is made from.
    ImportError
        If Jinja or Matplotlib is not installed.
    OSError
        If the page cannot be written.

    See Also
    --------
    write_explorer : A page to look at features and listen to them.

    Examples
    --------
    >>> import json, pathlib, tempfile
    >>> from skaudeep.pages import write_report
    >>> record = {"format": 1, "title": "Rain or not", "configuration": {"seed": 0}, "stages": []}
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = pathlib.Path(folder, "experiment.json").write_text(json.dumps(record))
    ...     page = write_report(folder).read_text()
    >>> "<h1>Rain or not</h1>" in page, "Nothing has been evaluated" in page
    (True, True)
    """
    check_path(folder, "folder", "folder")
    kind, folder = find_kind(folder)
    path = folder / REPORT_FILE if path is None else Path(path)
    check_target(path, _files_read(kind, folder))
    content = _describe_experiment(folder) if kind == EXPERIMENT_FILE else _describe_training(folder)
    size = write_page(render("report.html", **content), path)
    _logger.info("%s: %.1f MB", path, size / 1e6)
    return path


def _files_read(kind, folder):
    """List what the page must not replace: the results, and what a network was trained on."""
    results = [file for file in folder.rglob("*") if file.is_file() and file.suffix != ".html"]
    inputs = [] if kind == EXPERIMENT_FILE else read_training(folder).inputs
    return {"a file of the results": results, "a data set of the training": inputs}


def _describe_experiment(folder):
    record = read_experiment_record(folder)
    stages, configuration = record.stages, record.configuration
    outputs = {kind: _outputs(stages, kind) for kind in ("extract", "train", "evaluate")}
    spectrograms, missing = _existing(folder, [path for path in outputs["extract"] if path.endswith(".nc")])
    models, missing_models = _existing(folder, list(dict.fromkeys(map(_model_of, outputs["train"]))))
    evaluations, missing_evaluations = _existing(folder, outputs["evaluate"])
    trainings = [read_training(path) for path in models]
    outcomes = {path: read_outcome(path) for path in evaluations if path.suffix == ".json"}
    examples = show_spectrograms(spectrograms)
    corpus = folder / CORPUS_FILE
    return {
        "title": record.title,
        "subtitle": str(configuration.get("about") or ""),
        "is_experiment": True,
        "results": _results([one for one in outcomes.values() if not isinstance(one, RegressionRecord)]),
        "numbers": _numbers({path: one for path, one in outcomes.items() if isinstance(one, RegressionRecord)}),
        "training": _training(trainings),
        "reconstructions": show_reconstructions(trainings, folder / "spectrograms", examples),
        "spectrograms": examples,
        "corpus": _corpus(read_json(corpus)) if corpus.is_file() else None,
        "settings": _settings(configuration),
        "toml": _to_toml(configuration),
        "stages": _stages(stages),
        "missing": [*missing, *missing_models, *missing_evaluations],
        "versions": _versions(record.skaudeep),
    }


def _to_toml(configuration):
    """Write the configuration as a document that ``skaudeep run`` takes."""
    import tomli_w

    def without_none(value):
        if isinstance(value, dict):
            return {key: without_none(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [without_none(inner) for inner in value]
        return "none" if value is None else value

    return tomli_w.dumps(without_none(configuration))


def _describe_training(folder):
    training = read_training(folder)
    examples = show_spectrograms([Path(path) for path in training.inputs if Path(path).is_file()])
    return {
        "title": training.name,
        "subtitle": f"Training of a network, {training.kind}" if training.kind else "Training of a network",
        "is_experiment": False,
        "results": None,
        "numbers": None,
        "training": _training([training]),
        "reconstructions": show_reconstructions([training], None, examples),
        "spectrograms": examples,
        "corpus": None,
        "settings": _settings({"network": training.parameters, "inputs": dict(enumerate(training.inputs, 1))}),
        "toml": "",
        "stages": None,
        "missing": [path for path in training.inputs if not Path(path).is_file()],
        "versions": _versions(training.version),
    }


def _outputs(stages, kind):
    return [path for stage in stages if stage.kind == kind for path in stage.outputs]


def _model_of(path):
    """Give the folder of a run, of which a path is that or lies within."""
    return PurePosixPath(*PurePosixPath(path).parts[:2]).as_posix()


def _existing(folder, paths):
    """Give the paths of those outputs that are there, and the names of the others."""
    there = [path for path in paths if (folder / path).exists()]
    return [folder / path for path in there], [path for path in paths if path not in there]


# --- results ---


def _results(evaluations):
    """Make a table and figures of all evaluations, and find the best of them; None where there are none."""
    if not evaluations:
        return None
    best = max(evaluations, key=_scores)
    classifiers = list(dict.fromkeys(evaluation.classifier for evaluation in evaluations))
    cells = {}  # by features and classifier
    for evaluation in evaluations:
        cells.setdefault(evaluation.features, {})[evaluation.classifier] = _cell(evaluation, best)
    rows = [(name, list(map(of_features.get, classifiers))) for name, of_features in cells.items()]
    # as often as there were repeats, which does not change shares
    counts = best.confusion.sum(axis=1)
    chance = float(counts.max() / counts.sum()) if counts.sum() else 1 / len(counts)
    best_first = sorted(evaluations, key=lambda evaluation: evaluation is not best)
    return {
        "classifiers": classifiers,
        "rows": rows,
        "best": f"{best.features}, {best.classifier}",
        "best_cell": _cell(best, best),
        "n_classes": len(best.classes),
        "chance_accuracy": _percent(chance),
        "chance_recall": _percent(1 / len(best.classes)),
        "spread": _spread_in_words(evaluations),
        "figure": draw_scores(evaluations, chance),
        "splits": list(map(_by_split, evaluations)),
        "confusions": list(map(_confusion, best_first)),
    }


def _numbers(records):
    """Make tables and figures of all evaluations of predicted numbers; None where there are none."""
    if not records:
        return None
    evaluations = []
    for path, record in records.items():
        predictions = path.with_suffix(".csv")
        table = read_predicted_numbers(predictions) if predictions.is_file() else None
        evaluations.append(regression_figures(record, table))
    return {"overview": regression_overview(list(records.values())), "evaluations": evaluations}


def _scores(evaluation):
    """Give accuracy and recall, by which evaluations are compared; those that are not known come last."""
    scores = [evaluation.summary(measure)[0] for measure in ("accuracy", "recall")]
    return np.nan_to_num(scores, nan=-1.0).tolist()


def _cell(evaluation, best):
    """Give what a table says of an evaluation."""
    return {
        "accuracy": _figure(evaluation, "accuracy"),
        "recall": _figure(evaluation, "recall"),
        "best": evaluation is best,
        "seconds": evaluation.seconds,
    }


def _figure(evaluation, measure):
    """Give the mean of a measure and, where there are folds, the standard deviation over them."""
    mean, deviation = evaluation.summary(measure)
    if len(evaluation.splits) == 1:
        return _percent(mean)
    return f"{_percent(mean)} \N{PLUS-MINUS SIGN} {_percent(deviation)}"


def _percent(share):
    return f"{100 * share:.1f}"


def _spread_in_words(evaluations):
    shapes = {evaluation.accuracy.shape for evaluation in evaluations}
    n_splits = {shape[1] for shape in shapes}
    n_repeats = max(shape[0] for shape in shapes)
    if max(n_splits) > 1:
        text = f"mean \N{PLUS-MINUS SIGN} standard deviation over {_range(n_splits)} folds"
        return text + (f", of the mean of up to {n_repeats} repeats" if n_repeats > 1 else "")
    name = evaluations[0].splits[0]
    return f"mean of up to {n_repeats} repeats, on {name}" if n_repeats > 1 else f"on {name}"


def _range(numbers):
    low, high = min(numbers), max(numbers)
    return str(low) if low == high else f"{low} to {high}"


def _by_split(evaluation):
    accuracy = map(_percent, evaluation.accuracy.mean(axis=0))
    recall = map(_percent, evaluation.recall.mean(axis=0))
    return {
        "name": f"{evaluation.features}, {evaluation.classifier}",
        "n_repeats": len(evaluation.accuracy),
        "rows": list(zip(evaluation.splits, accuracy, recall, strict=True)),
    }


def _confusion(evaluation):
    """Draw a confusion matrix, and name the classes that are confused most often."""
    classes, totals = evaluation.classes, evaluation.confusion.sum(axis=1).tolist()
    mistakes = []
    for true, predicted in np.argwhere(evaluation.confusion).tolist():
        if true != predicted:
            count = int(evaluation.confusion[true, predicted])
            mistakes.append((classes[true], classes[predicted], count, totals[true]))
    mistakes.sort(key=lambda mistake: -mistake[2])
    accuracy = _figure(evaluation, "accuracy")
    name = f"{evaluation.features}, {evaluation.classifier}"
    return {
        "name": name,
        "accuracy": accuracy,
        "figure": draw_confusion(evaluation),
        "alt": f"Confusion matrix of {name}: {accuracy} % correct, {len(classes)} classes",
        "confused": mistakes[:_MOST_CONFUSED],
    }


# --- the rest ---


def _training(trainings):
    """Make loss curves, one figure for each measure, and a table of all trainings; None where there are none."""
    if not trainings:
        return None
    by_measure, rows = {}, []
    for training in trainings:
        losses = training.history.get("loss", [])
        row = dict.fromkeys(("first", "last", "accuracy", "seconds"))
        row |= {"name": training.name, "kind": training.kind, "epochs": len(losses)}
        if losses:
            by_measure.setdefault(training.measure, []).append(training)
            row |= {"first": f"{losses[0]:.4f}", "last": f"{losses[-1]:.4f}"}
        if training.history.get("accuracy"):
            row["accuracy"] = _percent(training.history["accuracy"][-1])
        if training.seconds_per_epoch:
            row["seconds"] = f"{np.median(training.seconds_per_epoch):.2f}"
        rows.append(row)
    figures = {measure: draw_losses(of_measure) for measure, of_measure in by_measure.items()}
    return {"figures": figures, "rows": rows, "has_accuracy": any(row["accuracy"] for row in rows)}


def _corpus(info):
    """Give what tables say of a corpus; whatever its record lacks is left out."""
    facts = {
        "Recordings": _count(info.get("n_recordings")),
        "Files": _count(info.get("n_files")),
        "Duration": _durations(info.get("durations")),
        "Sample rate": _counts(info.get("sample_rates"), " Hz"),
        "Channels": _counts(info.get("channels")),
        "Format": _counts(info.get("formats")),
        "Unlabelled": _count(info.get("n_unlabelled") or None),
        "Layout": info.get("parser"),
        "Place": info.get("path"),
    }
    folds = [row for row in info.get("folds") or [] if isinstance(row, dict)]
    failed = [*(info.get("failed") or []), *map(dict.values, info.get("unreadable") or [])]
    failed = list(dict.fromkeys(tuple(map(str, pair)) for pair in failed))
    return {
        "facts": {name: value for name, value in facts.items() if value},
        "labels": _items(info.get("labels")),
        "partitions": _items(info.get("partitions")),
        "folds": [list(row.values()) for row in folds],
        "fold_columns": [str(name).capitalize() for name in folds[0]] if folds else [],
        "failed": failed[:_MOST_ROWS],
        "n_failed": len(failed),
    }


def _items(table):
    return list(table.items()) if isinstance(table, dict) else []


def _count(value):
    return None if value is None else f"{value:,}"


def _durations(durations):
    if not isinstance(durations, dict) or durations.get("total") is None:
        return None
    shortest, middle, longest = (f"{durations[key]:.4g} s" for key in ("min", "median", "max"))
    return f"{clock(durations['total'])} in total; shortest {shortest}, median {middle}, longest {longest}"


def _counts(counts, unit=""):
    if not isinstance(counts, dict):
        return None
    return ", ".join(f"{value}{unit} ({_count(count)} file{'s' * (count != 1)})" for value, count in counts.items())


def _settings(configuration):
    """Give every table of a configuration as columns and rows of text."""
    single = {key: value for key, value in configuration.items() if not isinstance(value, dict | list)}
    tables = {"general": single, **{key: value for key, value in configuration.items() if key not in single}}
    return [_setting(name, table) for name, table in tables.items() if table]


def _setting(name, table):
    entries = table if isinstance(table, list) else [table]
    entries = [entry if isinstance(entry, dict) else {"": entry} for entry in entries]
    keys = list(dict.fromkeys(key for entry in entries for key in entry))
    rows = [(str(key), [_plain(entry.get(key)) for entry in entries]) for key in keys]
    return {"name": name, "rows": [row for row in rows if any(row[1])]}


def _plain(value):
    """Put a value into words; empty where there is none."""
    if value is None or value == {} or value == []:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join("none" if item is None else _plain_item(item) for item in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} = {_plain(item) or 'none'}" for key, item in value.items())
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain_item(item):
    """Put an item of a list into words."""
    return f"[{_plain(item)}]" if isinstance(item, list) else _plain(item)


def _stages(stages):
    """Make rows about all stages but the report itself, of which this page cannot know yet."""
    stages = [stage for stage in stages if stage.kind != "report"]
    rows = [(stage.name, _time(stage.seconds), stage.finished[:16].replace("T", " ")) for stage in stages]
    return {"rows": rows, "total": _time(sum(stage.seconds for stage in stages))}


def _time(seconds):
    return f"{seconds:.1f} s" if seconds < 60 else clock(seconds)


def _versions(recorded):
    versions = {"Python": platform.python_version()}
    versions |= {name: importlib.metadata.version(name) for name in _PACKAGES}
    return {"run": recorded, "page": __version__, "packages": versions}
