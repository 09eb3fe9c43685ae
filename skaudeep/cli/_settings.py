"""Options that say how a recording becomes a spectrogram."""

import argparse

from skaudeep.cli._arguments import ParameterType

#: Parameters of `SpectrogramTransformer`: metavar, default and help of their options.
_OPTIONS = {
    "sample_rate": ("HZ", None, "resample all recordings to this rate (default: their own)"),
    "window_width": ("SECONDS", 0.04, "default: 0.04"),
    "window_overlap": ("SECONDS", 0.02, "default: 0.02"),
    "n_mels": ("N", None, "number of mel bands (default: all frequency bins)"),
    "clip_above": ("DB", None, "level to clip at, relative to the loudest bin"),
    "clip_below": (
        "DB",
        None,
        "level to clip at, relative to the loudest bin, such as -60; none for no clipping{} (default: none)",
    ),
    "channels": (
        "{mean,left,right,diff}",
        "mean",
        "the mean of all channels, the left one, the right one, or left minus right{} (default: mean)",
    ),
    "fixed_length": ("SECONDS", None, "cut or pad all recordings to this length"),
    "center_fixed": (None, False, "cut and pad half at the beginning and half at the end"),
    "pre_emphasis": (
        "A",
        0.95,
        "coefficient of the filter y[t] - A y[t - 1]; none for no filter (default: 0.95, as in auDeep)",
    ),
}
_SEVERAL = ("clip_below", "channels")

#: Options without their dashes, by the parameters.
NAMES = {name: "mel-spectrum" if name == "n_mels" else name.replace("_", "-") for name in _OPTIONS}


def parameter_type(name):
    """Make the type of an option for a parameter of `SpectrogramTransformer`."""

    def transformer():
        from skaudeep import SpectrogramTransformer

        return SpectrogramTransformer

    return ParameterType(transformer, name)


def add_settings(parser, *, several):
    """Add the options; what is parsed has no attributes for those that are not given.

    Parameters
    ----------
    parser : argparse.ArgumentParser or group
        Where to add them.
    several : bool
        Whether several clip levels and channels can be given.
    """
    for name, (metavar, _, text) in _OPTIONS.items():
        options = {"dest": name, "default": argparse.SUPPRESS}
        if metavar is None:
            options["action"] = "store_true"
        else:
            options |= {"metavar": metavar, "type": parameter_type(name)}
        if several and name in _SEVERAL:
            options["nargs"] = "+"
        text = text.replace("{}", "; several are extracted at once" if several else "")
        parser.add_argument(f"--{NAMES[name]}", help=text, **options)


def read_settings(arguments):
    """Give the parameters of the transformer: what was given, else the defaults; lists where several can be given."""
    return {name: getattr(arguments, name, default) for name, (_, default, _) in _OPTIONS.items()}


def given_settings(arguments):
    """List the options that were given, with their dashes."""
    return [f"--{option}" for name, option in NAMES.items() if hasattr(arguments, name)]
