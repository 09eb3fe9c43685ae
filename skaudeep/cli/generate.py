"""``skaudeep t-rae generate``, ``f-rae``, ``ft-rae`` and ``contrastive generate``: features from a trained network."""

import argparse

from skaudeep.cli._arguments import UsageError, add_command, add_json, add_settings_check, integer
from skaudeep.cli._outputs import files_read, prepare_output
from skaudeep.cli._printing import make_table, print_results, verbosity

_KINDS = ("t-rae", "f-rae", "ft-rae", "contrastive")


def add_parser(commands, kind):
    """Add the parser of this command.

    Parameters
    ----------
    commands : argparse subparsers
        Those of the embedder.
    kind : {"t-rae", "f-rae", "ft-rae", "contrastive"}
        Which one it is.
    """
    network = "contrastive embedder" if kind == "contrastive" else "autoencoder"
    parser = add_command(
        commands,
        "generate",
        run,
        help=f"generate features with a trained {network}",
        description=f"Write what a trained {network} has learned to see in spectrograms: one vector of features for "
        f"each {'frame of each ' if kind == 'f-rae' else ''}spectrogram. Folds, partitions and labels are kept.",
        examples=[
            f"{kind} generate --model-dir my-run/logs --input spectrograms.nc --output features.nc",
            f"{kind} generate --model-dir my-run/logs --input spectrograms.nc --steps 70 140 --output 70.nc 140.nc",
        ],
        words={"step": "--steps", "window_overlap": "--freq-window-overlap"}
        | {f"kind={other!r}": f"skaudeep {other} generate" for other in _KINDS},
    )
    parser.set_defaults(kind=kind)
    parser.add_argument(
        "--model-dir",
        metavar="DIR",
        required=True,
        help=f"run of {kind} train, its folder logs, or one checkpoint"
        + ("" if kind == "contrastive" else "; also a run of the original auDeep"),
    )
    parser.add_argument("--input", metavar="FILE", required=True, help="spectrograms, a NetCDF file")
    parser.add_argument(
        "--output", metavar="FILE", nargs="+", required=True, help="files to write, one for each of --steps"
    )
    parser.add_argument(
        "--steps",
        metavar="STEP",
        nargs="+",
        type=integer(0),
        help="checkpoints to use, by the number of training steps in their names (default: the newest)",
    )
    parser.add_argument(
        "--batch-size",
        metavar="N",
        type=integer(1),
        default=64 if kind == "f-rae" else 500,
        help="spectrograms to have in memory at a time (default: %(default)s)",
    )
    _add_outputs(parser, kind)
    add_settings_check(parser)
    if kind in ("f-rae", "ft-rae"):
        parser.add_argument(
            "--freq-window-overlap",
            metavar="N",
            type=integer(0),
            help="overlap of windows in training; needed for a few models of the original that leave it open",
        )
    add_json(parser)


def _add_outputs(parser, kind):
    """Add the options that say which outputs of the network become features; the default is that of its estimator."""
    is_contrastive = kind == "contrastive"
    outputs = parser.add_mutually_exclusive_group()
    outputs.add_argument(
        "--states",
        dest="features",
        action="store_const",
        const="states",
        default="states" if is_contrastive else "bottleneck",
        help="statistics over time of all states of the encoder: more features, which classifiers often do better with"
        + (" (the default)" if is_contrastive else ", instead of the learned representation"),
    )
    outputs.add_argument(
        "--bottleneck",
        dest="features",
        action="store_const",
        const="bottleneck",
        default=argparse.SUPPRESS,
        help="mean and maximum over time of the last layer, instead of statistics of all"
        if is_contrastive
        else "the learned representation (the default)",
    )
    outputs.add_argument(
        "--frames",
        dest="features",
        action="store_const",
        const="frames",
        default=argparse.SUPPRESS,
        help="the outputs of the last layer of the encoder, a vector for each frame",
    )


def run(arguments):
    """Run the command."""
    import os

    from skaudeep.embedding.runs import model_files

    steps = arguments.steps or [None]
    if len(arguments.output) != len(steps):
        raise UsageError(
            f"--output names {len(arguments.output)} and --steps {len(steps)}: give one file for each checkpoint"
            if arguments.steps
            else f"--output names {len(arguments.output)} files: give one, or as many --steps"
        )
    if len({os.path.realpath(path) for path in arguments.output}) < len(steps):
        raise UsageError("--output names the same file twice")

    inputs = files_read(arguments) | {"a file of --model-dir": model_files(arguments.model_dir)}
    with prepare_output(*arguments.output, inputs=inputs):
        results = _generate(arguments, steps)
    rows = [(r["output"], " x ".join(f"{n} {dim}" for dim, n in r["sizes"].items()), r["checkpoint"]) for r in results]
    print_results(
        arguments,
        data={"kind": arguments.kind, "outputs": results},
        brief="\n".join(arguments.output),
        show=make_table(("output", "features", "checkpoint"), rows),
    )


def _generate(arguments, steps):
    """Write the features of each checkpoint; tell what was written."""
    from skaudeep.embedding.runs import find_checkpoint, load_autoencoder
    from skaudeep.experiment import generate_features

    checkpoints = [find_checkpoint(arguments.model_dir, step) for step in steps]
    overlap = getattr(arguments, "freq_window_overlap", None)
    results = []
    for checkpoint, output in zip(checkpoints, arguments.output, strict=True):
        embedder = load_autoencoder(checkpoint, kind=arguments.kind, window_overlap=overlap)
        embedder.set_params(output=arguments.features)
        sizes = generate_features(
            embedder,
            arguments.input,
            output,
            batch_size=arguments.batch_size,
            check_settings=arguments.check_settings,
            verbose=verbosity(arguments),
        )
        results.append({"output": output, "checkpoint": str(checkpoint), "sizes": sizes})
    return results
