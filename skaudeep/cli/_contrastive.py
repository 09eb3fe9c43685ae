"""The options of ``skaudeep contrastive train``, one for each parameter of the embedder."""

import argparse
import functools

from skaudeep.cli._arguments import ParameterType, choice, integer

#: options that are not called like their parameters
_FLAGS = {
    "max_epochs": "num-epochs",
    "n_layers": "num-layers",
    "n_units": "num-units",
    "n_bands": "num-bands",
    "n_components": "num-components",
}
# groups of options: metavar (None: a switch), default as it is typed, and help by the parameter; the defaults are those
# of the estimator, which the help has to know without importing it
_GROUPS = {
    "training": {
        "objective": (
            "NAME",
            "auto",
            "instance: recognise which spectrogram a view is of, each of which has a vector of its own; nt_xent: which "
            "view of a batch is of the same one; auto: instance for up to 500 spectrograms",
        ),
        "batch_size": ("N", "64", "spectrograms of a training step"),
        "max_epochs": ("N", "100", "passes over all spectrograms; 0: leave the network untrained"),
        "learning_rate": ("X", "0.003", "step size of Adam, the largest one where it changes"),
        "learning_rate_schedule": ("NAME", "one-cycle", "how the step size changes: constant, cosine or one-cycle"),
        "weight_decay": ("X", "0.0001", "share of the kernels that a step subtracts, times the step size"),
        "clip_value": ("X", "2.0", "largest size of the numbers in a gradient"),
        "temperature": ("X", "0.1", "similarities are divided by it"),
        "head_dim": ("N", "128", "size of the vectors that are compared"),
        "dropout": ("P", "0.0", "share of inputs and outputs of cells to drop"),
        "early_stopping": (None, None, "hold out a part, and keep the epoch with the lowest loss of that part"),
        "validation_fraction": ("P", "0.1", "share of the spectrograms that --early-stopping holds out"),
        "n_iter_no_change": ("N", "10", "epochs without a lower loss before --early-stopping ends the training"),
    },
    "network": {
        "conv_channels": (
            "N",
            "24 48 96",
            "channels of each convolution; no number: no convolution",
        ),
        "conv_kernel": ("N", "3 3", "size of the convolutions: frames and bins"),
        "conv_strides": ("FRAMES,BINS", "2,2 1,2 2,2", "steps of all convolutions, or of each: frames and bins"),
        "projection_dim": ("N", "192", "units of the layer between convolutions and recurrent layers; 0: none"),
        "n_layers": ("N", "1", "recurrent layers; 0: none"),
        "n_units": ("N", "192", "units of each of these layers and of each direction"),
        "cell": ("CELL", "gru", "recurrent cell, GRU or LSTM"),
        "bidirectional_encoder": (None, None, "also read from the end"),
    },
    "augmentation": {
        "crop_length": ("FRAMES", "64", "frames of a view, cut from anywhere"),
        "max_mix": ("P", "0.0", "largest share of another spectrogram that is mixed in"),
        "max_time_stretch": ("P", "0.35", "largest change of the length"),
        "max_frequency_stretch": ("P", "0.35", "largest change of the width in frequency"),
        "max_time_shift": ("P", "0.075", "largest shift in time, as a share of the view"),
        "max_frequency_shift": ("P", "0.05", "largest shift in frequency, as a share of the bins"),
        "max_gain": ("X", "0.3", "largest change of level; of spectrograms from -1 to 1"),
        "max_fade": ("X", "0.2", "largest change of level at the ends in time"),
        "max_tilt": ("X", "0.2", "largest change of level at the ends in frequency"),
        "noise": ("X", "0.05", "standard deviation of noise that is added"),
        "max_time_mask": ("P", "0.2", "largest share of the time that each of two masks hides"),
        "max_frequency_mask": ("P", "0.2", "largest share of the bins that each of two masks hides"),
    },
    "features": {
        "statistics": (
            "NAME",
            "covariance",
            "statistics over time: mean, std, max, min, delta, covariance",
        ),
        "n_components": ("N", "32", "for covariance: the most directions of each layer"),
        "n_bands": ("N", "4", "bands of frequency that the outputs of each convolution are averaged to"),
    },
}


def _pair(text):
    """Read two numbers, such as 2,1."""
    parts = text.split(",")
    try:
        first, second = map(integer(1), parts)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a pair of whole numbers such as 2,1") from None
    return first, second


#: parameters that are sequences: how many values there are, and the type of each
_SEQUENCES = {
    "conv_channels": ("*", integer(1)),
    "conv_kernel": (2, integer(1)),
    "conv_strides": ("+", _pair),
    "statistics": ("+", choice("mean", "std", "max", "min", "delta", "covariance")),
}


def _embedder():
    """Import the class of the embedder."""
    from skaudeep import ContrastiveEmbedder

    return ContrastiveEmbedder


def add_parameters(parser):
    """Add an option for each parameter; what is parsed has no attributes for those that are not given."""
    for title, options in _GROUPS.items():
        group = parser.add_argument_group(title)
        for name, (metavar, default, text) in options.items():
            flag = f"--{_FLAGS.get(name, name.replace('_', '-'))}"
            if metavar is None:
                how, shown = {"action": "store_true"}, ""
            else:
                n_values, type_ = _SEQUENCES.get(name, (None, ParameterType(_embedder, name)))
                how, shown = {"metavar": metavar, "nargs": n_values, "type": type_}, f" (default: {default})"
            group.add_argument(flag, dest=name, default=argparse.SUPPRESS, help=text + shown, **how)


def given_parameters(arguments):
    """Give the parameters that options were given for, as the estimator takes them."""
    given = {}
    for name in functools.reduce(dict.__or__, _GROUPS.values()):
        if hasattr(arguments, name):
            value = getattr(arguments, name)
            given[name] = tuple(value) if isinstance(value, list) else value
    strides = given.get("conv_strides", ())
    if len(strides) == 1:  # of all convolutions
        given["conv_strides"] = strides[0]
    return given
