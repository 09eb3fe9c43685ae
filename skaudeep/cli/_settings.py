"""Options that say how a recording becomes a spectrogram."""

import argparse

from skaudeep.cli._arguments import choice, integer, real


def _or_none(convert):
    """Type of an option that is also given as ``none``."""
    return lambda text: None if text.lower() == "none" else convert(text)


_POSITIVE = real(0, open_low=True)
#: Parameters of `SpectrogramTransformer`: metavar, type, default and help of their options.
_OPTIONS = {
    "sample_rate": ("HZ", _POSITIVE, None, "resample all recordings to this rate (default: their own)"),
    "window_width": ("SECONDS", _POSITIVE, 0.04, "default: 0.04"),
    "window_overlap": ("SECONDS", real(0), 0.02, "default: 0.02"),
    "n_mels": ("N", integer(1), None, "number of mel bands (default: all frequency bins)"),
    "clip_above": ("DB", real(high=0), None, "level to clip at, relative to the loudest bin"),
    "clip_below": (
        "DB",
        _or_none(real(high=0, open_high=True)),
        None,
        "level to clip at, relative to the loudest bin, such as -60; none for no clipping{} (default: none)",
    ),
    "channels": (
        "{mean,left,right,diff}",
        choice("mean", "left", "right", "diff"),
        "mean",
        "the mean of all channels, the left one, the right one, or left minus right{} (default: mean)",
    ),
    "fixed_length": ("SECONDS", _POSITIVE, None, "cut or pad all recordings to this length"),
    "center_fixed": (None, None, False, "cut and pad half at the beginning and half at the end"),
    "pre_emphasis": (
        "A",
        _or_none(real(0, 1)),
        0.95,
        "coefficient of the filter y[t] - A y[t - 1]; none for no filter (default: 0.95, as in auDeep)",
    ),
}
_SEVERAL = ("clip_below", "channels")

#: Options without their dashes, by the parameters.
NAMES = {name: "mel-spectrum" if name == "n_mels" else name.replace("_", "-") for name in _OPTIONS}


def add_settings(parser, *, several):
    """Add the options; those that are not given are no attributes of what is parsed.

    Parameters
    ----------
    parser : argparse.ArgumentParser or group
        Where to add them.
    several : bool
        Whether several clip levels and channels can be given.
    """
    for name, (metavar, convert, _, text) in _OPTIONS.items():
        options = {"dest": name, "default": argparse.SUPPRESS}
        if convert is None:
            options["action"] = "store_true"
        else:
            options |= {"metavar": metavar, "type": convert}
        if several and name in _SEVERAL:
            options["nargs"] = "+"
        text = text.replace("{}", "; several are extracted at once" if several else "")
        parser.add_argument(f"--{NAMES[name]}", help=text, **options)


def read_settings(arguments):
    """Parameters of the transformer: what was given, else the defaults; lists where several can be given."""
    return {name: getattr(arguments, name, default) for name, (_, _, default, _) in _OPTIONS.items()}


def given_settings(arguments):
    """The options that were given, with their dashes."""
    return [f"--{option}" for name, option in NAMES.items() if hasattr(arguments, name)]
