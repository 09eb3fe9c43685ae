"""Defaults that existing scripts rely on: all that the command line of the original has."""

import pytest

from skaudeep.cli import make_parser

_TRAIN = {"run_name": "test-run", "batch_size": 64, "max_epochs": 10, "learning_rate": 1e-3, "keep_prob": 0.8}
_ONE = {"n_layers": 1, "n_units": 16, "input_noise": 0.0, "feed_previous_prob": 0.0, "cell": "gru"}
_WINDOW = {"window_width": 32, "window_overlap": 24}
_GENERATE = "generate --model-dir m --input x --output y"
_MLP = {"num_epochs": 400, "learning_rate": 1e-3, "num_layers": 2, "num_units": 150, "keep_prob": 0.6}
_OFF = {"upsample": False, "majority_vote": False}
_PREDICT = "predict --train-input a --eval-input b --output c"
DEFAULTS = {
    "inspect raw --basedir d": {"kind": "auto"},
    "preprocess --basedir d": {"kind": "auto", "output": ["./spectrograms.nc"], "pretend": None},
    "t-rae train --input x": _TRAIN | _ONE | {"mask_silence": False, "resume": False},
    "f-rae train --input x": _TRAIN | _ONE | _WINDOW,
    "ft-rae train --input x": _TRAIN
    | _WINDOW
    | {"frequency_n_layers": 1, "frequency_n_units": 64, "time_n_layers": 2, "time_n_units": 128}
    | {f"{axis}_{name}": 0.0 for axis in ("frequency", "time") for name in ("input_noise", "feed_previous_prob")},
    f"t-rae {_GENERATE}": {"batch_size": 500, "steps": None},
    f"f-rae {_GENERATE}": {"batch_size": 64, "steps": None},
    f"ft-rae {_GENERATE}": {"batch_size": 500, "steps": None},
    "svm evaluate --input x --complexity 1 --cross-validate": {"repeat": 1} | _OFF,
    "mlp evaluate --input x --cross-validate": {"repeat": 1, "shuffle": False} | _MLP | _OFF,
    f"svm {_PREDICT} --complexity 1": {"train_partitions": None, "eval_partitions": None} | _OFF,
    f"mlp {_PREDICT}": _MLP | _OFF,
    "fuse --input x y": {"dimension": None},  # which is generated, where there is one
    "visualize tsne --input x": {"perplexity": 50, "learning_rate": 1000},
}


@pytest.mark.parametrize("command", DEFAULTS)
def test_defaults(command):
    arguments = vars(make_parser().parse_args(command.split()))
    expected = DEFAULTS[command]
    assert {name: arguments[name] for name in expected} == expected


@pytest.mark.parametrize("command", ["preprocess --basedir d", "plot spectrogram --input x"])
def test_defaults_of_spectrograms(command):
    from skaudeep.cli._settings import read_settings

    settings = read_settings(make_parser().parse_args(command.split()))
    expected = {"window_width": 0.04, "window_overlap": 0.02, "n_mels": None, "channels": "mean", "pre_emphasis": 0.95}
    nothing = dict.fromkeys(("sample_rate", "clip_above", "clip_below", "fixed_length"))
    assert settings == expected | nothing | {"center_fixed": False}
