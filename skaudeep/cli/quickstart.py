"""``skaudeep quickstart``: the whole job on a small corpus of synthetic sounds, in about a minute."""

import contextlib
import copy
import dataclasses
import functools
import signal
import sys
import tempfile
import time
from pathlib import Path

from skaudeep._progress import progress
from skaudeep.cli import _quickstart_report as report
from skaudeep.exceptions import DataSetError

CORPUS = "corpus"

_DESCRIPTION = """Make a small corpus of synthetic sounds, learn features of it without labels, and see how well classifiers
tell the sounds apart by these features. Takes one to three minutes and leaves in DIR the corpus, the fitted pipeline, the
features, pictures and a report."""


@dataclasses.dataclass(frozen=True)
class Settings:
    """What quickstart runs; only the seed is an option, the rest is chosen to be quick and telling.

    Attributes
    ----------
    seed : int
        Origin of all chance but that in the sounds, which are the same in every run.
    n_classes, n_per_class, n_folds : int
        Size of the corpus, and the folds over which its recordings are dealt out.
    clip_below : tuple of int
        Levels at which spectrograms are clipped, in dB; one network is trained for each.
    n_mels, n_units, max_epochs : int
        Mel bands; units of each of the two layers of a network; passes over the data.
    mlp_epochs : int
        Passes over the data in the training of the Keras classifier.
    """

    seed: int = 0
    n_classes: int = 8
    n_per_class: int = 24
    n_folds: int = 4
    clip_below: tuple = (-45, -70)
    n_mels: int = 64
    n_units: int = 64
    max_epochs: int = 30
    mlp_epochs: int = 200

    def fusion(self, embedder):
        """One branch of spectrogram and embedder for each level; recordings keep their length."""
        from skaudeep import SpectrogramTransformer, make_fusion

        return make_fusion(SpectrogramTransformer(n_mels=self.n_mels), embedder, clip_below=self.clip_below)

    def embedder(self, **parameters):
        """The recurrent autoencoder."""
        from skaudeep import Seq2SeqAutoencoderEmbedder

        return Seq2SeqAutoencoderEmbedder(
            n_units=self.n_units, learning_rate=3e-3, batch_size=16, random_state=self.seed, **parameters
        )

    def classifiers(self):
        """The classifiers by name, each behind a scaler; `C` is the same for all features."""
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


@dataclasses.dataclass
class Experiment:
    """What quickstart has made so far, for the report and the files.

    Attributes
    ----------
    settings : Settings
        What was asked for.
    corpus : Bunch
        The recordings, as `skaudeep.datasets.make_sound_events` describes them.
    spectrograms : SharedSpectrograms
        The recordings with their spectrograms.
    fusion : AudioFeatureUnion
        The trained networks.
    features : dict of str to ndarray of shape (n_files, n_features)
        Learned features and controls.
    evaluations : dict of (str, str) to FoldEvaluation
        By the names of features and classifier.
    seconds : dict of str to float
        How long each step took.
    """

    settings: Settings
    corpus: object = None
    spectrograms: object = None
    fusion: object = None
    features: dict = dataclasses.field(default_factory=dict)
    evaluations: dict = dataclasses.field(default_factory=dict)
    seconds: dict = dataclasses.field(default_factory=dict)


def add_parser(commands):
    """Add the parser of this command.

    Parameters
    ----------
    commands : argparse subparsers
        Where to add it.

    Returns
    -------
    argparse.ArgumentParser
        The parser.
    """
    parser = commands.add_parser(
        "quickstart", help="see the whole job at work on synthetic sounds", description=_DESCRIPTION
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path("skaudeep-quickstart"),
        help="folder to make; must be new, empty or from an earlier quickstart (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of networks and classifiers (default: %(default)s)")
    return parser


def run(arguments):
    """Run the command.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `output` and `seed`.
    """
    try:
        with _stopped_by_interrupt():
            make_quickstart(arguments.output, Settings(seed=arguments.seed))
    except _Stopped:
        left = sorted(path.name for path in arguments.output.glob("[!.]*"))
        raise KeyboardInterrupt(
            f"interrupted; {arguments.output} holds {', '.join(left) or 'nothing'}, each of them complete. "
            "The same command starts again."
        ) from None


def make_quickstart(output, settings):
    """Run the experiment, write its files, print its results.

    Parameters
    ----------
    output : path-like
        Folder for the files; new, empty, or that of an earlier run.
    settings : Settings
        What to run.

    Raises
    ------
    OSError
        If there cannot be such a folder, or it holds something else.
    DataSetError
        If the corpus in it is not that of `settings`.
    """
    output = _prepare(Path(output))
    experiment = Experiment(settings)
    _make_corpus(experiment, output / CORPUS)
    _learn(experiment)
    _evaluate(experiment)
    # all at the end: an interrupted run leaves the files of an earlier one as they belong together
    _say(f"Writing to {output}")
    report.write_files(experiment, output)
    report.print_results(experiment, output)


def _prepare(output):
    """Make sure of a folder that can be written and holds nothing but what an earlier run has left."""
    if output.exists() and not output.is_dir():
        raise FileExistsError(f"--output {output} is a file; give the name of a new or empty folder")
    try:
        output.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=output).close()
    except OSError as error:
        raise OSError(f"--output {output} cannot be written ({error.strerror}); give another folder") from error
    ours = {CORPUS, *report.FILES} if (output / CORPUS).is_dir() else set()
    foreign = sorted(path.name for path in output.glob("[!.]*") if path.name not in ours)
    if foreign:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise FileExistsError(
            f"--output {output} holds files that are not from quickstart ({names}); give a new or empty folder"
        )
    return output


def _step(number, text):
    """Announce and time a step of the experiment, a function that takes it first."""

    def decorate(function):
        @functools.wraps(function)
        def timed(experiment, *arguments):
            _say(f"[{number}/3] {text}")
            start = time.perf_counter()
            function(experiment, *arguments)
            experiment.seconds[text] = time.perf_counter() - start

        return timed

    return decorate


def _say(text):
    print(text, file=sys.stderr, flush=True)


@_step(1, "Making synthetic sounds")
def _make_corpus(experiment, folder):
    from skaudeep.datasets import make_sound_events

    settings = experiment.settings
    try:
        experiment.corpus = make_sound_events(
            folder,
            n_classes=settings.n_classes,
            n_per_class=settings.n_per_class,
            n_folds=settings.n_folds,
            random_state=0,
        )
    except DataSetError as error:
        raise DataSetError(
            f"{folder} does not hold the sounds that this version of quickstart makes; give another --output, or "
            "remove that folder"
        ) from error


@_step(2, "Training an autoencoder at each clip level, without labels (TensorFlow needs some seconds to start)")
def _learn(experiment):
    """Learn features of the recordings, and compute those that they must beat."""
    from sklearn.preprocessing import FunctionTransformer

    from skaudeep.evaluation import sequence_statistics
    from skaudeep.spectrogram import SharedSpectrograms

    settings = experiment.settings
    trained = settings.fusion(settings.embedder(max_epochs=settings.max_epochs, verbose=1))
    untrained = settings.fusion(settings.embedder(max_epochs=0))
    statistics = settings.fusion(FunctionTransformer(sequence_statistics))
    # decoded once, for the networks, the controls and the pictures
    spectrograms = SharedSpectrograms(experiment.corpus.data, [branch["spectrogram"] for _, branch in trained.transformer_list])
    learned = trained.fit_transform(spectrograms)
    levels = [name for name, _ in trained.transformer_list]
    parts = np.split(learned, len(levels), axis=1)
    experiment.features = {
        "spectrogram statistics": statistics.fit_transform(spectrograms),
        "untrained network": untrained.fit_transform(spectrograms),
    }
    experiment.spectrograms, experiment.fusion = spectrograms, trained
