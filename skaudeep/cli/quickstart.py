"""``skaudeep quickstart``: the whole job on a small corpus of synthetic sounds, in a few minutes."""

from skaudeep.cli._arguments import add_command, add_json, integer
from skaudeep.cli._printing import verbosity
from skaudeep.cli._signals import Stopped
from skaudeep.cli.run import print_experiment

_NOTES = """\
30dB, 60dB: spectrograms clipped at that level, of which networks learn features
  without labels; classifiers learn from the training folds only
autoencoder: learns to reconstruct spectrograms, the method of the paper
contrastive: learns to tell recordings apart, whatever augmentation does to them
untrained: the same network with random weights, what learning must beat
statistics: mean, deviation, extremes and change over time of the mel bands; no
  network at all
fused: the features of all networks and the statistics side by side"""

_FILES = """\
Files in {folder}
corpus/                     the sounds
results/report.html         what was done and found, with pictures
results/features/fused.nc   the fused features with labels and folds
results/                    spectrograms, networks, features and evaluations
pipeline.joblib             the fitted pipeline: paths of recordings in, class
                            names out"""

_NEXT = """\
Start Python in {folder} and paste:

import joblib
pipeline = joblib.load("pipeline.joblib")
print(pipeline.predict(["corpus/{example}"]))  # or recordings of your own

from skaudeep.io import read_netcdf
print(read_netcdf("results/features/fused.nc"))

Or look at the features, listen to the sounds, and run the same on recordings of
your own, in folders called like their classes:

skaudeep explore {folder}/results/features/fused.nc --audio {folder}/corpus -o sounds.html
skaudeep recipes quickstart > mine.toml
skaudeep run mine.toml --corpus FOLDER --set corpus.folds=4 spectrograms.fixed_length=2

How much of the results is chance? The same sounds, other random weights:

skaudeep quickstart --seed 1 --output quickstart-seed-1"""


def add_parser(commands):
    """Add the parser of this command."""
    parser = add_command(
        commands,
        "quickstart",
        run,
        help="see the whole job at work on synthetic sounds",
        description="Make a small corpus of synthetic sounds, and run the recipe quickstart on it: learn features "
        "without labels, and see how well classifiers tell the sounds apart by these features. Takes a few minutes and "
        "leaves the sounds, the fitted pipeline, the features, and a report with pictures. What was stopped goes on.",
        examples=["quickstart", "quickstart --seed 1 --output other-weights"],
    )
    parser.add_argument(
        "--output",
        metavar="DIR",
        default="skaudeep-quickstart",
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
    """Run the command."""
    from skaudeep.experiment.quickstart import run_quickstart

    folder = arguments.output
    try:
        results = run_quickstart(folder, overrides={"seed": arguments.seed}, verbose=verbosity(arguments))
    except Stopped:
        raise Stopped(
            f"interrupted; {folder} holds what is finished, and the same command goes on from there"
        ) from None
    notes = [_NOTES, _compare(results["results"]), _FILES.format(folder=folder)]
    notes.append(_NEXT.format(folder=folder, example="chirp_up/01-1.wav"))
    print_experiment(arguments, results, notes)


def _compare(results):
    """Say what learning was worth, whatever the answer."""
    classifier = results[0]["classifier"]
    accuracy = {r["features"]: 100 * r["accuracy"] for r in results if r["classifier"] == classifier}
    lines = [f"{classifier} on learned features, in percentage points:"]
    learned = [name for name in accuracy if not name.endswith(("-untrained", "-statistics"))]
    for name in learned:
        setting = name.partition("-")[0]
        for control in (f"{name}-untrained", f"{setting}-statistics"):
            if control in accuracy:
                gain = accuracy[name] - accuracy[control]
                lines.append(f"  {name:<16} {gain:+5.1f} against {control.rpartition('-')[2]}")
    return "\n".join(lines)
