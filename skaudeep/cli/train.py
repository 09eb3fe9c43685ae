"""``skaudeep t-rae train``, ``f-rae``, ``ft-rae`` and ``contrastive train``: train an embedder on spectrograms."""

import functools

from skaudeep.cli._arguments import (
    ParameterType,
    UsageError,
    add_command,
    add_json,
    add_seed,
    add_settings_check,
    integer,
    real,
)
from skaudeep.cli._contrastive import add_parameters, given_parameters
from skaudeep.cli._printing import make_table, print_results, verbosity

# options that concern one network of several: flag, metavar and help by the parameter, without what says of which one
_NETWORK = {
    "n_layers": ("num-{}layers", "N", "recurrent layers of the {}encoder and of the {}decoder"),
    "n_units": ("num-{}units", "N", "units of each of these layers and of each direction"),
    "bidirectional_encoder": ("bidirectional-{}encoder", None, "let the {}encoder also read from the end"),
    "bidirectional_decoder": ("bidirectional-{}decoder", None, "let the {}decoder also write from the end"),
    "input_noise": (
        "{}encoder-noise",
        "P",
        "probability of zeroing a step of the {}encoder's input in training",
    ),
    "feed_previous_prob": (
        "{}feed-previous-prob",
        "P",
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
_AXES = {"t-rae": "in time", "f-rae": "in frequency", "ft-rae": "in frequency and in time"}


def add_parser(commands, kind):
    """Add the parser of this command.

    Parameters
    ----------
    commands : argparse subparsers
        Those of the embedder.
    kind : {"t-rae", "f-rae", "ft-rae", "contrastive"}
        Which one it is.
    """
    parser = add_command(
        commands,
        "train",
        run,
        help=_help(kind),
        description=f"{_aim(kind)}, without labels. After every epoch a checkpoint "
        "is written to RUN/logs, with summaries for TensorBoard; an interrupted training goes on with --continue.",
        examples=[
            f"{kind} train --input spectrograms.nc --run-name my-run --num-epochs 64",
            f"{kind} train --input spectrograms.nc --run-name my-run --num-epochs 128 --continue",
        ],
        words={"run_dir": "--run-name"} | ({} if kind == "contrastive" else {"dropout": "dropout (1 - --keep-prob)"}),
    )
    parser.set_defaults(kind=kind)
    parser.add_argument(
        "--input",
        metavar="FILE",
        nargs="+",
        required=True,
        help="spectrograms, NetCDF files, which are taken together; all of one shape",
    )
    _add_run_options(parser, kind)
    if kind == "contrastive":
        add_parameters(parser)
        _add_chance(parser.add_argument_group("chance and checks"))
    else:
        _add_training_options(parser, kind)
        _add_networks(parser, kind)
    add_json(parser)


def _help(kind):
    """Say in a line what is trained."""
    if kind == "contrastive":
        return "train a contrastive embedder"
    return f"train an autoencoder that is recurrent {_AXES[kind]}"


def _aim(kind):
    """Say what is learned."""
    if kind == "contrastive":
        return "Train an embedder to tell spectrograms apart, whatever augmentation does to them"
    return "Train an autoencoder to reconstruct spectrograms"


def _add_networks(parser, kind):
    """Add the options for the networks of an autoencoder."""
    for prefix, parameter, words, n_layers, n_units in _NETWORKS[kind]:
        group = parser.add_argument_group(f"{words or 'recurrent '}network")
        defaults = {"n_layers": n_layers, "n_units": n_units, "input_noise": 0.0, "feed_previous_prob": 0.0}
        for name, (option, metavar, text) in _NETWORK.items():
            flag, text = f"--{option.format(prefix)}", text.replace("{}", words)
            if metavar is None:
                group.add_argument(flag, dest=parameter + name, action="store_true", help=text)
            else:
                _add_parameter(group, kind, flag, parameter + name, metavar, defaults[name], text)
    if kind != "t-rae":
        group = parser.add_argument_group("windows over the frequencies of a frame")
        for name, default in (("width", 32), ("overlap", 24)):
            text = f"{name} of a window, in frequency bins"
            _add_parameter(group, kind, f"--freq-window-{name}", f"window_{name}", "N", default, text)


def _embedder(kind):
    """Import the class of an embedder."""
    from skaudeep.embedding import list_embedders

    return list_embedders()[kind]


def _add_parameter(group, kind, flag, name, metavar, default, text):
    """Add the option for a parameter of an autoencoder."""
    type_ = ParameterType(functools.partial(_embedder, kind), name)
    text += " (default: %(default)s)"
    group.add_argument(flag, dest=name, metavar=metavar, type=type_, default=default, help=text)


def _add_run_options(parser, kind):
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
    if kind != "contrastive":  # which auDeep does not have
        group.add_argument(
            "--tempdir",
            metavar="DIR",
            help="not needed and without effect: spectrograms are read from where they are; for the sake of old "
            "scripts",
        )


def _add_training_options(parser, kind):
    group = parser.add_argument_group("training")
    for flag, name, metavar, default, text in (
        ("--batch-size", "batch_size", "N", 64, "spectrograms of a training step"),
        ("--num-epochs", "max_epochs", "N", 10, "passes over all spectrograms; 0: leave the network untrained"),
        ("--learning-rate", "learning_rate", "X", 1e-3, "step size of Adam"),
    ):
        _add_parameter(group, kind, flag, name, metavar, default, text)
    group.add_argument(
        "--keep-prob",
        metavar="P",
        type=real(0, 1, open_low=True),
        default=0.8,
        help="share of inputs and outputs to keep, 1 - dropout (default: %(default)s)",
    )
    _add_parameter(group, kind, "--cell", "cell", "CELL", "gru", "recurrent cell, GRU or LSTM")
    group.add_argument(
        "--mask-silence", action="store_true", help="leave bins of silence, of exactly -1, out of the loss"
    )
    _add_chance(group)


def _add_chance(group):
    """Add the options that no parameter of the network is for."""
    add_settings_check(group)
    add_seed(group)


def run(arguments):
    """Run the command."""
    from skaudeep.embedding.runs import list_checkpoints
    from skaudeep.experiment import train_autoencoder

    embedder = train_autoencoder(
        _embedder(arguments.kind)(**_read_parameters(arguments), random_state=arguments.seed),
        arguments.input,
        arguments.run_name,
        resume=arguments.resume,
        overwrite=arguments.overwrite,
        checkpoints_to_keep=arguments.checkpoints_to_keep,
        check_settings=arguments.check_settings,
        verbose=verbosity(arguments),
    )
    step, path = list(list_checkpoints(arguments.run_name).items())[-1]
    measures = _read_measures(embedder)
    loss = measures["loss"]
    results = {
        "run": arguments.run_name,
        "kind": arguments.kind,
        "epochs": embedder.n_iter_,
        "steps": step,
        **measures,
        "checkpoint": str(path),
        "features": embedder.embedding_dim_,
        "weights": sum(weight.size for weight in embedder.weights_.values()),
        "seed": embedder.random_state,
    }
    shown = results | {name: f"{value:.4f}" for name, value in measures.items() if isinstance(value, float)}
    if loss is None:
        shown["loss"] = "untrained"
    del shown["run"]
    rows = [(name.replace("_", " "), value) for name, value in shown.items()]
    print_results(
        arguments,
        data=results,
        brief="\t".join([arguments.run_name, str(step), "" if loss is None else f"{loss:.6f}"]),
        show=make_table(("run", arguments.run_name), rows),
    )


def _read_parameters(arguments):
    """Give the parameters of the embedder that the options say."""
    if arguments.kind == "contrastive":
        return given_parameters(arguments)
    names = _embedder(arguments.kind)().get_params()
    parameters = {name: value for name, value in vars(arguments).items() if name in names and name != "verbose"}
    if parameters.get("window_overlap", 0) >= parameters.get("window_width", 1):
        raise UsageError("--freq-window-overlap has to be less than --freq-window-width")
    return parameters | {"dropout": round(1 - arguments.keep_prob, 12)}


def _read_measures(embedder):
    """Give loss and whatever else the history has of the epoch whose weights are kept; None where there is none."""
    if not embedder.n_iter_:
        return {"loss": None}
    history = embedder.history_
    epoch, best = embedder.n_iter_ - 1, {}
    if embedder.early_stopping:
        epoch = history["val_loss"].index(min(history["val_loss"]))
        best = {"best_epoch": epoch + 1}
    names = {"val_loss": "validation_loss", "val_accuracy": "validation_accuracy"}
    return best | {names.get(name, name): values[epoch] for name, values in history.items()}
