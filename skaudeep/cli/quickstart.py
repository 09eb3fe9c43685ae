"""``skaudeep quickstart``: the whole job on a small corpus of synthetic sounds, in about a minute."""

import contextlib
import copy
import dataclasses
import logging
import tempfile
import time
from pathlib import Path

from skaudeep._progress import progress
from skaudeep.cli import _quickstart_report as report
from skaudeep.cli._arguments import add_command, add_json, integer
from skaudeep.cli._printing import print_results, verbosity
from skaudeep.cli._signals import Stopped
from skaudeep.exceptions import DataSetError

__all__ = ["Settings", "add_parser", "make_quickstart", "run"]

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Settings:
    """What quickstart runs; only the seed is an option, the rest is chosen to be quick and telling.

    Attributes
    ----------
    seed : int
        Origin of all chance but that in the sounds, which are the same in every run.
    n_classes, n_per_class, n_folds : int
        Size of the corpus, and the folds over which its recordings are dealt out.
    sample_rate : int
        In Hz, that of the sounds; other recordings given to the saved pipeline are resampled to it.
    clip_below : tuple of int
        Levels at which spectrograms are clipped, in dB relative to the loudest bin; one network is trained for each.
    n_mels, n_units, max_epochs : int
        Mel bands; units of each of the two layers of a network; passes over the data.
    mlp_epochs : int
        Passes over the data in the training of the Keras classifier.
    """

    seed: int = 0
    n_classes: int = 8
    n_per_class: int = 24
    n_folds: int = 4
    sample_rate: int = 16000
    clip_below: tuple = (-30, -60)
    n_mels: int = 64
    n_units: int = 64
    max_epochs: int = 30
    mlp_epochs: int = 200

    def make_fusion(self, embedder):
        """One branch of spectrogram and embedder for each level; recordings keep their lengths."""
        from skaudeep import SpectrogramTransformer, make_fusion

        # recordings of any sample rate can then be given to the saved pipeline
        spectrogram = SpectrogramTransformer(sample_rate=self.sample_rate, n_mels=self.n_mels)
        return make_fusion(spectrogram, embedder, clip_below=self.clip_below)

    def make_embedder(self, **parameters):
        """The recurrent autoencoder."""
        from skaudeep import Seq2SeqAutoencoderEmbedder

        small = {"n_units": self.n_units, "dropout": 0.1, "learning_rate": 5e-3, "batch_size": 16}
        return Seq2SeqAutoencoderEmbedder(**small, random_state=self.seed, **parameters)

    def make_classifiers(self):
        """The classifiers by name, each behind a scaler; none is tuned to any of the features."""
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.svm import LinearSVC

        from skaudeep import KerasMLPClassifier, LiblinearClassifier

        classifiers = (
            LinearSVC(C=0.01, random_state=self.seed),
            LiblinearClassifier(C=0.01, random_state=self.seed),
            KerasMLPClassifier(max_epochs=self.mlp_epochs, random_state=self.seed),
        )
        return {type(c).__name__: make_pipeline(StandardScaler(), c) for c in classifiers}


def add_parser(commands):
    """Add the parser of this command.

    Parameters
    ----------
    commands : argparse subparsers
        Where to add it.
    """
    parser = add_command(
        commands,
        "quickstart",
        run,
        help="see the whole job at work on synthetic sounds",
        description="Make a small corpus of synthetic sounds, learn features of them without labels, and see how well "
        "classifiers tell the sounds apart by these features. Takes one to three minutes and leaves the sounds, the "
        "fitted pipeline, the features, pictures and a report.",
        examples=["quickstart", "quickstart --seed 1 --output other-weights"],
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("skaudeep-quickstart"),
        help="folder for the results: new, empty, or that of an earlier quickstart (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        metavar="N",
        type=integer(0, 2**32 - 1),
        default=0,
        help="seed of networks and classifiers (default: %(default)s)",
    )
    add_json(parser)


def run(arguments):
    """Run the command.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `output` and `seed`.

    Raises
    ------
    Stopped
        At Ctrl-C, with a message that says what there is.
    """
    try:
        experiment = make_quickstart(arguments.output, Settings(seed=arguments.seed), verbose=verbosity(arguments))
    except Stopped:
        left = ", ".join(_visible(arguments.output)) or "nothing"
        raise Stopped(
            f"interrupted; {arguments.output} holds {left}, and nothing half-written. The same command starts again."
        ) from None
    results = report.tabulate(experiment)
    print_results(
        arguments,
        data={"output": arguments.output, "seconds": experiment.seconds, "results": results},
        brief="\n".join("\t".join(map(str, row.values())) for row in results),
        show=report.describe_results(experiment, arguments.output),
    )


def make_quickstart(output, settings, verbose=1):
    """Run the experiment and write its files.

    Parameters
    ----------
    output : path-like
        Folder for the files: new, empty, or that of an earlier run.
    settings : Settings
        What to run.
    verbose : int, default=1
        Whether to show progress.

    Returns
    -------
    Experiment
        What has been run.

    Raises
    ------
    OSError
        If there cannot be such a folder, or it holds something else.
    DataSetError
        If the sounds in it are not those of `settings`.
    """
    output = _prepare(Path(output))
    seconds = {}
    with _step("Making synthetic sounds", seconds):
        corpus = _make_corpus(output / report.CORPUS, settings)
    with _step("Training an autoencoder for each clip level, without labels", seconds):
        spectrograms, fusion, features = _learn(corpus, settings, verbose)
    with _step("Cross-validating classifiers", seconds):
        evaluations = _evaluate(features, corpus, settings, verbose)
    experiment = report.Experiment(settings, corpus, spectrograms, fusion, features, evaluations, seconds)
    # all at the end: what interrupts the run before leaves the files of an earlier one as they are
    report.write_files(experiment, output)
    return experiment


def _prepare(output):
    """Make sure of a folder that can be written and holds nothing but what an earlier run has left."""
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"--output {output} is a file; give the name of a new or empty folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=output).close()
    except OSError as error:
        raise OSError(f"--output {output} cannot be written ({error.strerror}); give another folder") from error
    ours = {report.CORPUS, *report.FILES} if (output / report.CORPUS).is_dir() else set()
    foreign = [name for name in _visible(output) if name not in ours]
    if foreign:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise FileExistsError(f"--output {output} holds other files ({names}); give a new or empty folder")
    return output


def _visible(folder):
    """Names in a folder without those that file managers hide there."""
    return sorted(path.name for path in folder.glob("[!.]*"))


@contextlib.contextmanager
def _step(text, seconds):
    """Announce a step of the experiment and note how long it takes."""
    _log.info("%s ...", text)
    start = time.perf_counter()
    yield
    seconds[text] = time.perf_counter() - start


def _make_corpus(folder, settings):
    from skaudeep.datasets import make_sound_events

    sizes = {name: getattr(settings, name) for name in ("n_classes", "n_per_class", "n_folds", "sample_rate")}
    try:
        return make_sound_events(folder, random_state=0, **sizes)
    except DataSetError as error:
        raise DataSetError(
            f"{folder} holds other sounds than this quickstart makes; give another --output or remove that folder"
        ) from error


def _learn(corpus, settings, verbose):
    """Learn features of the recordings, and compute those that they must beat."""
    from skaudeep.embedding import StatisticsPooling
    from skaudeep.spectrogram import SharedSpectrograms

    fusion = settings.make_fusion(settings.make_embedder(max_epochs=settings.max_epochs, verbose=verbose))
    untrained = settings.make_fusion(settings.make_embedder(max_epochs=0))
    statistics = settings.make_fusion(StatisticsPooling())
    branches = fusion.transformer_list
    # decoded once, for the networks, the controls and the pictures
    spectrograms = SharedSpectrograms(corpus.data, [branch["spectrogram"] for _, branch in branches])
    fused = fusion.fit_transform(spectrograms)
    features = {
        "spectrogram statistics": statistics.fit_transform(spectrograms),
        "untrained": untrained.fit_transform(spectrograms),
        **{f"learned, {name}": branch.transform(spectrograms) for name, branch in branches},
        report.FUSED: fused,
        "untrained, all states": _all_states(untrained).transform(spectrograms),
        "learned, all states": _all_states(fusion).transform(spectrograms),
    }
    return spectrograms, fusion, features


def _all_states(fusion):
    """A copy that gives, instead of the bottleneck, statistics over time of all states of the encoders."""
    fusion = copy.deepcopy(fusion)
    return fusion.set_params(**{f"{name}__embedder__output": "states" for name, _ in fusion.transformer_list})


def _evaluate(features, corpus, settings, verbose):
    """Cross-validate every classifier on every kind of features."""
    from skaudeep.evaluation import evaluate_folds

    classifiers = settings.make_classifiers()
    evaluations = {}
    with progress(
        "Classifying", len(features) * len(classifiers), enabled=bool(verbose), unit="evaluations"
    ) as advance:
        for kind, X in features.items():
            for name, classifier in classifiers.items():
                evaluations[kind, name] = evaluate_folds(classifier, X, corpus.target, cv=corpus.cv)
                advance()
    return evaluations
