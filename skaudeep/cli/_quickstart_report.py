"""What ``skaudeep quickstart`` leaves behind: files, pictures, and a report in words."""

import dataclasses
import importlib.metadata
import io
import platform

from skaudeep._files import atomic_path
from skaudeep._version import __version__

CORPUS = "corpus"

#: Files of the results, beside the folder `CORPUS`, and what they are.
FILES = {
    "report.txt": "this report",
    "pipeline.joblib": "the fitted pipeline: paths of recordings in, class names out",
    "features.nc": "the learned features with labels and folds",
    "spectrogram.png": "a recording as each network sees it",
    "reconstruction.png": "the same recording, and what the first network makes of it",
    "loss.png": "how the training of the networks went",
    "confusion.png": "which sounds are taken for which",
}

_FOLDER = {f"{CORPUS}/": "the sounds"}

FUSED = "learned, fused"

#: The classifier of the saved pipeline and of the confusion matrix.
CLASSIFIER = "LinearSVC"

_NOTES = """\
spectrogram statistics: mean, deviation, extremes and change over time of the
  mel bands; no network at all
learned: the bottlenecks of the networks, which heard all recordings without
  labels, as in the paper; classifiers learned from the training folds only
fused: the features of both networks side by side
untrained: the same networks with random weights, what learning must beat
all states: statistics over time of all states of the encoders instead of the
  bottlenecks (output="states"); strong even where nothing has been learned
LinearSVC and Liblinear solve the same optimisation problem and so nearly agree"""

_NEXT = """\
Start Python in {folder} and paste:

import joblib
pipeline = joblib.load("pipeline.joblib")
print(pipeline.predict(["{example}"]))  # or recordings of your own

from skaudeep.io import read_netcdf
print(read_netcdf("features.nc"))

from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer
from skaudeep.datasets import load_folder
sounds = load_folder("corpus")  # or a folder of yours, with a subfolder for each class
spectrograms = SpectrogramTransformer(sample_rate=16000, clip_below=-60).fit_transform(sounds.data)
embedder = Seq2SeqAutoencoderEmbedder(n_units=32, max_epochs=3, verbose=1)
print(embedder.fit_transform(spectrograms).shape)

How much of the results is chance? The same sounds, other random weights:

skaudeep quickstart --seed 1 --output quickstart-seed-1"""


@dataclasses.dataclass(frozen=True, eq=False)
class Experiment:
    """What quickstart has run.

    Attributes
    ----------
    settings : skaudeep.cli.quickstart.Settings
        What was asked for.
    corpus : Bunch
        The recordings, as `skaudeep.datasets.make_sound_events` gives them.
    spectrograms : SharedSpectrograms
        The recordings with their spectrograms.
    fusion : AudioFeatureUnion
        The trained networks.
    features : dict of str to ndarray of shape (n_files, n_features)
        Learned features and controls.
    evaluations : dict of (str, str) to FoldEvaluation
        By the kind of features and the name of the classifier.
    seconds : dict of str to float
        How long each step took.
    """

    settings: object
    corpus: object
    spectrograms: object
    fusion: object
    features: dict
    evaluations: dict
    seconds: dict


def write_files(experiment, folder):
    """Write all files of the results, each whole or not at all.

    Parameters
    ----------
    experiment : Experiment
        What was run.
    folder : pathlib.Path
        Where to write.
    """
    _write_pipeline(experiment, folder / "pipeline.joblib")
    _write_features(experiment, folder / "features.nc")
    for name, draw in (
        ("spectrogram", _draw_spectrogram),
        ("reconstruction", _draw_reconstruction),
        ("loss", _draw_loss),
        ("confusion", _draw_confusion),
    ):
        with atomic_path(folder / f"{name}.png") as path:
            draw(experiment).savefig(path, dpi=120)
    with atomic_path(folder / "report.txt") as path:
        path.write_text(make_report(experiment), encoding="utf-8")


def describe_results(experiment, folder):
    """Put the results and what to do next into words and a table.

    Parameters
    ----------
    experiment : Experiment
        What was run.
    folder : pathlib.Path
        Where its files are.

    Returns
    -------
    list of str and rich.table.Table
        What to print.
    """
    words = (
        f"{_NOTES}\n\n{_verdict(experiment)}\n\nFiles in {folder}\n{_list(_FOLDER | FILES)}\n\n"
        f"{_next(experiment, folder)}\n\nThe whole took {sum(experiment.seconds.values()):.0f} s."
    )
    return ["", _make_table(experiment), words]


def tabulate(experiment):
    """Give the results as plain values.

    Parameters
    ----------
    experiment : Experiment
        What was run.

    Returns
    -------
    list of dict
        The features, the classifier, and its accuracy and unweighted average recall, means over the folds.
    """
    return [
        {
            "features": kind,
            "classifier": name,
            "accuracy": round(float(evaluation.accuracy.mean()), 4),
            "UAR": round(float(evaluation.recall.mean()), 4),
        }
        for (kind, name), evaluation in experiment.evaluations.items()
    ]


def make_report(experiment):
    """Put into words what was run and what came out.

    Parameters
    ----------
    experiment : Experiment
        What was run.

    Returns
    -------
    str
        The text; only its last lines, on time, differ between two runs with the same settings.
    """
    from rich.console import Console

    table = Console(file=io.StringIO(), width=100)
    table.print(_make_table(experiment))
    sections = {
        "skaudeep quickstart": _list(_what_was_run(experiment)),
        "Results": f"{_without_padding(table.file.getvalue())}\n\n{_NOTES}\n\n{_verdict(experiment)}",
        f"{FUSED}, fold by fold": _list(_per_fold(experiment)),
        "Files": _list(_FOLDER | FILES),
        "What to try next": _next(experiment, "this folder"),
        "Seconds": _list({step: f"{seconds:.1f}" for step, seconds in experiment.seconds.items()}),
    }
    return "\n\n\n".join(f"{title}\n{'=' * len(title)}\n{text}" for title, text in sections.items()) + "\n"


def _without_padding(text):
    return "\n".join(line.rstrip() for line in text.splitlines()).rstrip()


def _list(entries):
    width = max(map(len, entries))
    return "\n".join(f"{name:{width}}  {text}" for name, text in entries.items())


def _what_was_run(experiment):
    settings, corpus = experiment.settings, experiment.corpus
    branches = [branch for _, branch in experiment.fusion.transformer_list]
    packages = ("numpy", "scikit-learn", "keras", "tensorflow", "liblinear-official")
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages]
    entries = {
        "sounds": f"{corpus.DESCR} All takes of a recording are in one fold.",
        "spectrograms": "; ".join(_one_line(branch["spectrogram"]) for branch in branches),
        "networks": f"one for each of these, {_one_line(branches[0]['embedder'])}",
    }
    for name, pipeline in settings.make_classifiers().items():
        entries[name] = " -> ".join(_one_line(step) for _, step in pipeline.steps)
    return entries | {
        "seed": str(settings.seed),
        "versions": ", ".join([f"skaudeep {__version__}", f"Python {platform.python_version()}", *versions]),
    }


def _one_line(estimator):
    return " ".join(repr(estimator).split())


def _make_table(experiment):
    """Accuracy of every classifier on every kind of features."""
    from rich import box
    from rich.table import Table

    evaluations = experiment.evaluations
    n_folds = experiment.settings.n_folds
    title = f"Accuracy in %: mean (standard deviation) over {n_folds} folds"
    table = Table(title=title, title_justify="left", box=box.SIMPLE, pad_edge=False)
    table.add_column("representation")
    table.add_column("features", justify="right")
    classifiers = list(dict.fromkeys(name for _, name in evaluations))
    for name in classifiers:
        table.add_column(name.removesuffix("Classifier"), justify="right", no_wrap=True)
    for kind, X in experiment.features.items():
        scores = [100 * evaluations[kind, name].accuracy for name in classifiers]
        cells = [f"{score.mean():.1f} ({score.std():4.1f})" for score in scores]
        table.add_row(kind, str(X.shape[1]), *cells, style="bold" if kind == FUSED else None)
    return table


def _verdict(experiment):
    """What learning was worth, whatever the answer."""
    accuracy = {
        kind: 100 * evaluation.accuracy.mean()
        for (kind, name), evaluation in experiment.evaluations.items()
        if name == CLASSIFIER
    }
    difference = {
        control: accuracy[FUSED] - accuracy[control]
        for control in ("untrained", "spectrogram statistics", "untrained, all states")
    }
    lines = [f"{CLASSIFIER} on the fused learned features, in percentage points:"]
    lines += [f"  {points:+5.1f} against {control}" for control, points in difference.items()]
    trained = accuracy["learned, all states"] - accuracy["untrained, all states"]
    return "\n".join([*lines, f"and on all states, trained against untrained: {trained:+.1f}."])


def _per_fold(experiment):
    entries = {}
    for (kind, name), evaluation in experiment.evaluations.items():
        if kind == FUSED:
            for measure, values in (("accuracy", evaluation.accuracy), ("UAR", evaluation.recall)):
                entries[f"{name}, {measure} in %"] = "  ".join(f"{100 * value:5.1f}" for value in values)
    return entries


def _example(corpus):
    """Row of a recording whose spectrogram says something to the eye."""
    return corpus.target.tolist().index(corpus.target_names.tolist().index("chirp_up"))


def _next(experiment, folder):
    corpus = experiment.corpus
    return _NEXT.format(folder=folder, example=f"{CORPUS}/{corpus.filenames[_example(corpus)]}")


def _write_pipeline(experiment, path):
    """Save networks, scaler and classifier, all fitted on the whole corpus, as one estimator."""
    import joblib
    from sklearn.pipeline import Pipeline

    corpus = experiment.corpus
    classifier = experiment.settings.make_classifiers()[CLASSIFIER]
    classifier.fit(experiment.features[FUSED], corpus.target_names[corpus.target])
    pipeline = Pipeline([("features", experiment.fusion), *classifier.steps])
    with atomic_path(path) as temporary:
        joblib.dump(pipeline, temporary)


def _write_features(experiment, path):
    from skaudeep.datasets import make_dataset
    from skaudeep.io import write_netcdf

    corpus = experiment.corpus
    folds = corpus.cv.test_fold
    dataset = make_dataset(
        experiment.features[FUSED],
        corpus.filenames,
        label_nominal=corpus.target_names[corpus.target],
        label_numeric=corpus.target,
        cv_folds=folds[:, None] == sorted(set(folds)),
    )
    write_netcdf(dataset, path)


def _spectrogram(experiment, branch):
    """The spectrogram of the example in one branch of the fusion, and its axes, for a picture."""
    transformer = branch["spectrogram"]
    spectrogram = experiment.spectrograms.get(transformer)[0][_example(experiment.corpus)]
    return spectrogram, {
        "frequencies": transformer.frequencies_,
        "hop": transformer.window_width - transformer.window_overlap,
    }


def _make_figure(n_columns, width, height):
    """A figure that no window and no state of Matplotlib knows of, and its axes."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(1, n_columns)


def _draw_spectrogram(experiment):
    from skaudeep.plotting import SpectrogramDisplay

    branches = experiment.fusion.transformer_list
    figure, axes = _make_figure(len(branches), 11, 4)
    for (name, branch), ax in zip(branches, axes, strict=True):
        spectrogram, options = _spectrogram(experiment, branch)
        SpectrogramDisplay.from_spectrogram(spectrogram, title=f"{name} dB", ax=ax, **options)
    figure.suptitle(_example_name(experiment))
    return figure


def _draw_reconstruction(experiment):
    from skaudeep.plotting import ReconstructionDisplay

    name, branch = experiment.fusion.transformer_list[0]
    spectrogram, options = _spectrogram(experiment, branch)
    figure, axes = _make_figure(3, 14, 4.3)
    ReconstructionDisplay.from_estimator(branch["embedder"], spectrogram, ax=axes, **options)
    figure.suptitle(
        f"{_example_name(experiment)}, {name} dB (the decoder is told each true frame after it has guessed it)"
    )
    return figure


def _example_name(experiment):
    return experiment.corpus.filenames[_example(experiment.corpus)]


def _draw_loss(experiment):
    from skaudeep.plotting import LossCurveDisplay

    figure, ax = _make_figure(1, 6, 4)
    for name, branch in experiment.fusion.transformer_list:
        display = LossCurveDisplay.from_estimator(branch["embedder"], title="Training of the networks", ax=ax)
        display.lines_[0].set_label(f"{name} dB")
    ax.set_ylabel("Loss (RMSE)")
    ax.legend()
    return figure


def _draw_confusion(experiment):
    from sklearn.metrics import ConfusionMatrixDisplay

    evaluation = experiment.evaluations[FUSED, CLASSIFIER]
    figure, ax = _make_figure(1, 6.5, 6)
    display = ConfusionMatrixDisplay(evaluation.confusion, display_labels=experiment.corpus.target_names)
    display.plot(ax=ax, cmap="Blues", colorbar=False, xticks_rotation=45)
    ax.set_title(f"{FUSED}, {CLASSIFIER}: {100 * evaluation.accuracy.mean():.1f} % correct")
    return figure
