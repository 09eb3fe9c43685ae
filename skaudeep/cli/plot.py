"""``skaudeep plot``: pictures of spectrograms, training, features and results."""

import functools

from skaudeep.cli._arguments import UsageError, add_command, add_group, add_json, add_seed, choice, integer, real
from skaudeep.cli._datasets import is_dataset
from skaudeep.cli._figures import prepare_figure, show_or_save
from skaudeep.cli._outputs import files_read
from skaudeep.cli._printing import print_results
from skaudeep.cli._settings import add_settings, given_settings, read_settings

_MOST_INSTANCES = 200  # of which levels are counted


def add_parser(commands):
    """Add the parsers of this command."""
    group = add_group(commands, "plot", help="draw spectrograms, training, features and results")
    _add_spectrogram(group)
    _add_amplitudes(group)
    _add_reconstruction(group)
    _add_loss(group)
    _add_embedding(group)
    _add_confusion(group)
    _add_regression(group)


def _add_spectrogram(group):
    parser = add_command(
        group,
        "spectrogram",
        run_spectrogram,
        help="draw a spectrogram",
        description="Draw a spectrogram of a data set or, in dB, of a recording.",
        examples=[
            "plot spectrogram --input spectrograms.nc --instance 7 --output dog.png",
            "plot spectrogram --input dog.wav --mel-spectrum 128 --clip-below -60",
        ],
    )
    _add_input(parser, "data set of spectrograms, a NetCDF file; or a recording")
    parser.add_argument("--instance", metavar="I", type=integer(0), help="number of the instance, from 0 (default: 0)")
    _add_audio_options(parser)
    _add_output(parser)


def _add_amplitudes(group):
    parser = add_command(
        group,
        "amplitudes",
        run_amplitudes,
        help="draw how often each level occurs",
        description="Draw a histogram of the levels of spectrograms, and the share of all values up to each level, "
        "which helps to choose --clip-below of preprocess.",
        examples=[
            "plot amplitudes --input dog.wav --mel-spectrum 128",
            "plot amplitudes --input spectrograms.nc --output levels.png",
        ],
    )
    _add_input(parser, "data set of spectrograms, a NetCDF file; or a recording")
    parser.add_argument(
        "--instance",
        metavar="I",
        type=integer(0),
        help=f"number of the instance, from 0 (default: all, or {_MOST_INSTANCES} of them)",
    )
    _add_audio_options(parser)
    _add_output(parser)


def _add_reconstruction(group):
    parser = add_command(
        group,
        "reconstruction",
        run_reconstruction,
        help="draw a spectrogram beside what an autoencoder makes of it",
        description="Draw a spectrogram, what a trained autoencoder makes of it, and the error. Contrastive "
        "embedders do not reconstruct.",
        examples=[
            "plot reconstruction --model-dir test-run/logs --input spectrograms.nc --instance 7 --output dog.png"
        ],
    )
    parser.add_argument("--model-dir", metavar="DIR", required=True, help="folder of a training run, or its logs")
    _add_input(parser, "data set of spectrograms as it was trained on, a NetCDF file")
    parser.add_argument(
        "--instance", metavar="I", type=integer(0), default=0, help="number of the instance, from 0 (default: 0)"
    )
    parser.add_argument(
        "--free-running",
        action="store_true",
        help="decode autoregressively: the decoder gets its own outputs; by default the true frames (teacher forcing)",
    )
    _add_output(parser)


def _add_loss(group):
    parser = add_command(
        group,
        "loss",
        run_loss,
        help="draw the loss over the epochs of training",
        description="Draw the loss over the epochs of one or more training runs in one picture.",
        examples=["plot loss --model-dir run-30 run-45 run-60 --output loss.svg"],
    )
    parser.add_argument(
        "--model-dir", metavar="DIR", nargs="+", required=True, help="folders of training runs, or their logs"
    )
    _add_output(parser)


def _add_embedding(group):
    parser = add_command(
        group,
        "embedding",
        run_embedding,
        help="draw features as points in the plane",
        description="Project features to two dimensions and draw a point for each instance. `explore` makes a page of "
        "it, to look at spectrograms and to listen to.",
        examples=[
            "plot embedding --input features.nc --output features.png --seed 0",
            "plot embedding --input features.nc --method pca --color partition",
        ],
    )
    add_embedding_options(parser)
    parser.add_argument(
        "--method",
        metavar="{pca,tsne,umap}",
        type=choice("pca", "tsne", "umap"),
        default="tsne",
        help="how to project; umap needs umap-learn (default: %(default)s)",
    )
    parser.add_argument(
        "--perplexity",
        metavar="P",
        type=real(0, open_low=True),
        help="of t-SNE: about how many neighbours count, fewer than there are instances (default: 30)",
    )
    add_seed(parser, "t-SNE and UMAP")


def _add_confusion(group):
    parser = add_command(
        group,
        "confusion",
        run_confusion,
        help="draw a confusion matrix",
        description="Draw which classes were taken for which: colours are shares of each class, numbers are counts.",
        examples=[
            "plot confusion --input evaluation.json --output confusion.png",
            "plot confusion --input esc-10/evaluations/fused-mlp.json",
        ],
    )
    _add_input(parser, "evaluation, a file of `evaluate --output` or of an experiment")
    _add_output(parser)


def _add_regression(group):
    parser = add_command(
        group,
        "regression",
        run_regression,
        help="draw predicted numbers beside the true ones",
        description="Draw true numbers over the predicted ones, a picture for each target of each file, with the "
        "concordance correlation coefficient (CCC) and the root of the mean squared error (RMSE); of more than 1,500 "
        "predictions their density. A file is a table in CSV with the columns label (the true number) and prediction, "
        "and target where there are several.",
        examples=[
            "plot regression --input predictions.csv --output predictions.png",
            "plot regression --input ridge.csv svm.csv --target arousal --kind residual_vs_predicted",
        ],
    )
    parser.add_argument("--input", metavar="FILE", nargs="+", required=True, help="tables of predictions, CSV")
    parser.add_argument("--target", metavar="NAME", help="which target to draw (default: all)")
    parser.add_argument(
        "--kind",
        metavar="{actual_vs_predicted,residual_vs_predicted}",
        type=choice("actual_vs_predicted", "residual_vs_predicted"),
        default="actual_vs_predicted",
        help="draw true numbers, or residuals, true minus predicted, over the predicted ones (default: %(default)s)",
    )
    parser.add_argument("--unit", metavar="TEXT", help="unit of the numbers, written at the axes")
    _add_output(parser)


def _files_read(arguments):
    """What no figure may replace."""
    from skaudeep.embedding.runs import model_files

    folders = getattr(arguments, "model_dir", None) or []
    folders = folders if isinstance(folders, list) else [folders]
    models = [file for folder in folders for file in model_files(folder)]
    return files_read(arguments) | {"a file of --model-dir": models}


def add_embedding_options(parser):
    """Add the options of all commands that draw features."""
    _add_input(parser, "data set of features, a NetCDF file")
    parser.add_argument(
        "--color",
        metavar="{label,partition,fold}",
        type=choice("label", "partition", "fold"),
        default="label",
        help="what colours tell; fold: the first one that tests an instance (default: %(default)s)",
    )
    parser.add_argument(
        "--target", metavar="NAME", help="where targets are numbers, which of them colours tell (default: the first)"
    )
    _add_output(parser)


def _add_input(parser, what):
    parser.add_argument("--input", metavar="FILE", required=True, help=what)


def _add_output(parser):
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write the picture as .png, .svg or .pdf (default: show it in a window)"
    )
    add_json(parser)


def _add_audio_options(parser):
    add_settings(parser.add_argument_group("options for a recording, as of preprocess"), several=False)


def drawing(draw):
    """Make the function of a command of one that gives a figure: find errors first, then save or show the figure."""

    @functools.wraps(draw)
    def run(arguments):
        with prepare_figure(arguments.output, inputs=_files_read(arguments)):
            show_or_save(draw(arguments), arguments.output)
        output = arguments.output
        if output is not None or arguments.json:
            print_results(arguments, data={"output": output}, brief=output, show=output)

    return run


@drawing
def run_spectrogram(arguments):
    """Run ``plot spectrogram``."""
    from skaudeep.plotting import SpectrogramDisplay

    spectrogram, title, axes = _read_spectrogram(arguments)
    return SpectrogramDisplay.from_spectrogram(spectrogram, title=_literal(title), **axes).figure_


@drawing
def run_amplitudes(arguments):
    """Run ``plot amplitudes``."""
    from skaudeep.pages.parts import read_sample
    from skaudeep.plotting import AmplitudeDisplay

    if arguments.instance is None and _is_dataset(arguments):
        spectrograms, title = read_sample(arguments.input, _MOST_INSTANCES)
    else:
        spectrograms, title, _ = _read_spectrogram(arguments)
    return AmplitudeDisplay.from_spectrogram(spectrograms, title=_literal(title)).figure_


@drawing
def run_reconstruction(arguments):
    """Run ``plot reconstruction``."""
    from skaudeep.embedding.runs import load_autoencoder
    from skaudeep.pages.parts import read_instance
    from skaudeep.plotting import ReconstructionDisplay

    spectrogram, title, axes = read_instance(arguments.input, arguments.instance)
    embedder = load_autoencoder(arguments.model_dir)
    display = ReconstructionDisplay.from_estimator(embedder, spectrogram, free_running=arguments.free_running, **axes)
    display.figure_.suptitle(_literal(title))
    return display.figure_


@drawing
def run_loss(arguments):
    """Run ``plot loss``."""
    from skaudeep.plotting import LossCurveDisplay
    from skaudeep.results.training import read_training

    trainings = [read_training(folder) for folder in arguments.model_dir]
    without = [str(training.folder) for training in trainings if not training.history.get("loss")]
    if without:
        raise ValueError(f"{without[0]} has been trained for no epoch: there is no loss to draw")
    names = [training.name for training in trainings]
    if len(set(names)) < len(names):
        names = [f"{training.folder.absolute().parent.name}/{training.name}" for training in trainings]
    ax = None
    for training, name in zip(trainings, names, strict=True):
        ax = LossCurveDisplay.from_history(training.history, name=name, ax=ax).ax_
    measures = sorted({training.measure for training in trainings})
    ax.set_ylabel(f"Loss ({', '.join(measures)})")
    return ax.figure


@drawing
def run_embedding(arguments):
    """Run ``plot embedding``."""
    if arguments.perplexity is not None and arguments.method != "tsne":
        raise UsageError("--perplexity needs --method tsne")
    options = {} if arguments.perplexity is None else {"perplexity": arguments.perplexity}
    return embedding(arguments, arguments.method, options)


def embedding(arguments, method, options):
    """Draw the features of a data set as points in the plane."""
    from skaudeep.io import read_netcdf
    from skaudeep.pages.parts import as_table, colours_of
    from skaudeep.plotting import EmbeddingDisplay

    if arguments.target is not None and arguments.color != "label":
        raise UsageError("--target needs --color label")
    ds = read_netcdf(arguments.input)
    X, kept = as_table(ds)
    ds = ds.drop_vars("features").isel(instance=kept)
    title, labels = colours_of(ds, arguments.color, arguments.target)
    options = options | {"random_state": arguments.seed, "label_title": _literal(title)}
    return EmbeddingDisplay.from_features(X, labels, method=method, **options).figure_


@drawing
def run_confusion(arguments):
    """Run ``plot confusion``."""
    from skaudeep.plotting import ConfusionDisplay
    from skaudeep.results.evaluation import read_evaluation

    evaluation = read_evaluation(arguments.input)
    name = ", ".join(filter(None, [evaluation.features, evaluation.classifier]))
    title = f"{name}: {100 * evaluation.summary()[0]:.1f} % correct".removeprefix(": ")
    return ConfusionDisplay.from_counts(evaluation.confusion, evaluation.classes, title=_literal(title)).figure_


@drawing
def run_regression(arguments):
    """Run ``plot regression``."""
    from pathlib import Path

    from skaudeep._columns import name_of_target
    from skaudeep.plotting import RegressionDisplay
    from skaudeep.results.predictions import read_predicted_numbers, split_targets

    panels = []
    for path in arguments.input:
        targets = split_targets(read_predicted_numbers(path), arguments.target, path)
        panels += [(Path(path).stem, target, rows) for target, rows in targets]
    figure, axes = _make_panels(len(panels), len(targets))
    for ax, (title, target, rows) in zip(axes, panels, strict=True):
        words = {"name": name_of_target(target), "unit": arguments.unit, "title": _literal(title)}
        RegressionDisplay.from_predictions(rows["label"], rows["prediction"], kind=arguments.kind, ax=ax, **words)
    return figure


def _make_panels(n_panels, n_columns):
    """Make a figure of square panels in rows; give it and the axes of each."""
    from skaudeep.plotting.drawing import pyplot

    # of one target, files lie beside one another
    n_columns = min(4, n_columns if n_columns > 1 else n_panels)
    n_rows = -(-n_panels // n_columns)
    size = (5.4 * n_columns, 5.2 * n_rows)
    figure, axes = pyplot().subplots(n_rows, n_columns, figsize=size, layout="constrained", squeeze=False)
    for ax in axes.flat[n_panels:]:
        ax.remove()
    return figure, list(axes.flat[:n_panels])


def _literal(text):
    """Write text so that Matplotlib does not take it for a formula."""
    return text.replace("$", "\\$")


def _is_dataset(arguments):
    """Tell whether the input is a data set, by what the file begins with or, if it cannot be read, by its name."""
    is_netcdf = is_dataset(arguments.input) or arguments.input.lower().endswith((".nc", ".nc4", ".netcdf"))
    given = given_settings(arguments)
    if is_netcdf and given:
        raise UsageError(f"{given[0]} is for recordings, and {arguments.input} is a data set")
    return is_netcdf


def _read_spectrogram(arguments):
    """A spectrogram, what it is of, and its axes as far as they are known."""
    from skaudeep.pages.parts import read_instance

    if _is_dataset(arguments):
        return read_instance(arguments.input, arguments.instance or 0)
    if arguments.instance is not None:
        raise UsageError(f"--instance is for data sets, and {arguments.input} is not one")
    import os

    from skaudeep import SpectrogramTransformer
    from skaudeep.experiment.extraction import preview_spectrograms

    transformer = SpectrogramTransformer(**read_settings(arguments))
    recording = {"filenames": [arguments.input], "data": [arguments.input]}
    (spectrogram,), ((frequencies, hop),) = preview_spectrograms(recording, [transformer], 0)
    return spectrogram, os.path.basename(arguments.input), {"frequencies": frequencies, "hop": hop}
