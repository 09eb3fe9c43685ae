"""``skaudeep t-rae train``, ``f-rae train``, ``ft-rae train``: train an autoencoder on spectrograms."""

from skaudeep.cli._arguments import (
    UsageError,
    add_command,
    add_json,
    add_seed,
    add_settings_check,
    choice,
    integer,
    real,
)
from skaudeep.cli._names import option_names
from skaudeep.cli._printing import make_table, print_results, verbosity

# options that concern one network of several: theirs, by the name of the parameter without what says of which network
_NETWORK = {
    "n_layers": ("num-{}layers", integer(1), "recurrent layers of the {}encoder and of the {}decoder"),
    "n_units": ("num-{}units", integer(1), "units of each of these layers and of each direction"),
    "bidirectional_encoder": ("bidirectional-{}encoder", None, "let the {}encoder also read from the end"),
    "bidirectional_decoder": ("bidirectional-{}decoder", None, "let the {}decoder also write from the end"),
    "input_noise": (
        "{}encoder-noise",
        real(0, 1, open_high=True),
        "probability of zeroing a step of the {}encoder's input in training",
    ),
    "feed_previous_prob": (
        "{}feed-previous-prob",
        real(0, 1),
        "probability of feeding the {}decoder its own output of the step before, instead of the true one, in "
        "training; of no effect on a bidirectional one",
    ),
}
# by kind: prefixes of the options, of the parameters, the words of the help, and the defaults of layers and units
_NETWORKS = {
    "t-rae": [("", "", "", 1, 16)],
    "f-rae": [("", "", "", 1, 16)],
    "ft-rae": [("f-", "frequency_", "frequency ", 1, 64), ("t-", "time_", "time ", 2, 128)],
}
_WORDS = {"t-rae": "in time", "f-rae": "in frequency", "ft-rae": "in frequency and in time"}


def add_parser(commands, kind):
    """Add the parser of this command.

    Parameters
    ----------
    commands : argparse subparsers
        Those of the autoencoder.
    kind : {"t-rae", "f-rae", "ft-rae"}
        Which one it is.
    """
    parser = add_command(
        commands,
        "train",
        run,
        help=f"train an autoencoder that is recurrent {_WORDS[kind]}",
        description="Train an autoencoder to reconstruct spectrograms, without labels. After every epoch a checkpoint "
        "is written to RUN/logs, with summaries for TensorBoard; an interrupted training goes on with --continue.",
        examples=[
            f"{kind} train --input spectrograms.nc --run-name my-run --num-epochs 64",
            f"{kind} train --input spectrograms.nc --run-name my-run --num-epochs 128 --continue",
        ],
    )
    parser.set_defaults(kind=kind)
    parser.add_argument(
        "--input",
        metavar="FILE",
        nargs="+",
        required=True,
        help="spectrograms, NetCDF files, which are taken together; all of one shape",
    )
    _add_run_options(parser)
    _add_training_options(parser)
    for prefix, parameter, words, n_layers, n_units in _NETWORKS[kind]:
        group = parser.add_argument_group(f"{words or 'recurrent '}network")
        defaults = {"n_layers": n_layers, "n_units": n_units, "input_noise": 0.0, "feed_previous_prob": 0.0}
        for name, (option, type_, text) in _NETWORK.items():
            flag, dest, text = f"--{option.format(prefix)}", parameter + name, text.replace("{}", words)
            if type_ is None:
                group.add_argument(flag, dest=dest, action="store_true", help=text)
            else:
                text += " (default: %(default)s)"
                default = defaults[name]
                group.add_argument(
                    flag,
                    dest=dest,
                    metavar="N" if isinstance(default, int) else "P",
                    type=type_,
                    default=default,
                    help=text,
                )
    if kind != "t-rae":
        group = parser.add_argument_group("windows over the frequencies of a frame")
        for name, low, default in (("width", 1, 32), ("overlap", 0, 24)):
            group.add_argument(
                f"--freq-window-{name}",
                dest=f"window_{name}",
                metavar="N",
                type=integer(low),
                default=default,
                help=f"{name} of a window, in frequency bins (default: %(default)s)",
            )
    add_json(parser)


def _add_run_options(parser):
    group = parser.add_argument_group("run")
    group.add_argument(
        "--run-name",
        metavar="DIR",
        default="test-run",
        help="folder for checkpoints, summaries and a record of the training (default: %(default)s)",
    )
    group.add_argument(
        "--checkpoints-to-keep",
        metavar="N",
        type=integer(0),
        default=5,
        help="keep this many of the newest checkpoints; 0: all (default: %(default)s)",
    )
    earlier = group.add_mutually_exclusive_group()
    earlier.add_argument(
        "--continue",
        dest="resume",
        action="store_true",
        help="go on from the newest checkpoint in the folder up to --num-epochs in total, with the same options, as if "
        "training had never been interrupted; without a checkpoint begin",
    )
    earlier.add_argument(
        "--overwrite", action="store_true", help="replace the checkpoints of an earlier training in the folder"
    )
    group.add_argument(
        "--tempdir",
        metavar="DIR",
        help="not needed and without effect: spectrograms are read from where they are; for the sake of old scripts",
    )


def _add_training_options(parser):
    group = parser.add_argument_group("training")
    for name, parameter, metavar, type_, default, text in (
        ("batch-size", "batch_size", "N", integer(1), 64, "spectrograms of a training step"),
        (
            "num-epochs",
            "max_epochs",
            "N",
            integer(0),
            10,
            "passes over all spectrograms; 0: leave the network untrained",
        ),
        ("learning-rate", "learning_rate", "X", real(0, open_low=True), 1e-3, "step size of Adam"),
        (
            "keep-prob",
            "keep_prob",
            "P",
            real(0, 1, open_low=True),
            0.8,
            "share of inputs and outputs to keep, 1 - dropout",
        ),
    ):
        help = f"{text} (default: %(default)s)"
        group.add_argument(f"--{name}", dest=parameter, metavar=metavar, type=type_, default=default, help=help)
    group.add_argument(
        "--cell",
        metavar="CELL",
        type=choice("gru", "lstm"),
        default="gru",
        help="recurrent cell, GRU or LSTM (default: GRU)",
    )
    group.add_argument(
        "--mask-silence", action="store_true", help="leave bins of silence, of exactly -1, out of the loss"
    )
    add_settings_check(group)
    add_seed(group)


def run(arguments):
    """Run the command."""
    from skaudeep.embedding import list_embedders
    from skaudeep.embedding.runs import list_checkpoints
    from skaudeep.experiment import train_autoencoder

    autoencoder = list_embedders()[arguments.kind]
    names = autoencoder().get_params()
    parameters = {name: value for name, value in vars(arguments).items() if name in names and name != "verbose"}
    if parameters.get("window_overlap", 0) >= parameters.get("window_width", 1):
        raise UsageError("--freq-window-overlap has to be less than --freq-window-width")
    parameters |= {"dropout": round(1 - arguments.keep_prob, 12), "random_state": arguments.seed}
    with _in_words_of_options(arguments):
        embedder = train_autoencoder(
            autoencoder(**parameters),
            arguments.input,
            arguments.run_name,
            resume=arguments.resume,
            overwrite=arguments.overwrite,
            checkpoints_to_keep=arguments.checkpoints_to_keep,
            check_settings=arguments.check_settings,
            verbose=verbosity(arguments),
        )
    step, path = list(list_checkpoints(arguments.run_name).items())[-1]
    loss = embedder.loss_ if embedder.n_iter_ else None
    results = {
        "run": arguments.run_name,
        "kind": arguments.kind,
        "epochs": embedder.n_iter_,
        "steps": step,
        "loss": loss,
        "checkpoint": str(path),
        "features": embedder.embedding_dim_,
        "weights": sum(weight.size for weight in embedder.weights_.values()),
        "seed": embedder.random_state,
    }
    shown = results | {"loss": "untrained" if loss is None else f"{loss:.4f}"}
    del shown["run"]
    print_results(
        arguments,
        data=results,
        brief="\t".join([arguments.run_name, str(step), "" if loss is None else f"{loss:.6f}"]),
        show=make_table(("run", arguments.run_name), shown.items()),
    )


def _in_words_of_options(arguments):
    """Let errors speak of options."""
    names = {
        parameter + name: option.format(prefix)
        for prefix, parameter, *_ in _NETWORKS[arguments.kind]
        for name, (option, *_) in _NETWORK.items()
    }
    names |= {"window_width": "freq-window-width", "window_overlap": "freq-window-overlap", "run_dir": "run-name"}
    names |= {"max_epochs": "num-epochs", "random_state": "seed"}
    names |= {name: name.replace("_", "-") for name in ("batch_size", "learning_rate", "mask_silence", "cell")}
    words = {"(--continue, resume=True)": "(--continue)", "(--overwrite, overwrite=True)": "(--overwrite)"}
    words |= {
        "or give another folder (--run-name)": "or give another --run-name",
        "dropout=": "dropout (1 - --keep-prob) ",
    }
    return option_names(words, **names)
