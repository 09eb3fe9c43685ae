"""``skaudeep contrastive``: its options are the parameters of the embedder, and what it trains can be used."""

import inspect
import re

import numpy as np
import pytest

from skaudeep import ContrastiveEmbedder
from skaudeep.cli import make_parser
from skaudeep.cli._contrastive import _GROUPS, given_parameters
from skaudeep.datasets import make_dataset
from skaudeep.embedding.runs import load_autoencoder
from skaudeep.io import read_netcdf, write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (8, 12, 8)).astype(np.float32)
LABELS = ["rain", "dog"] * 4
TINY = "--conv-channels 2 3 --conv-strides 1,2 --num-units 3 --projection-dim 4 --batch-size 4 --crop-length 8 --seed 0"
#: what no option of the training is for: `generate` says what comes out, the rest belongs to runs
NO_OPTIONS = {"output", "reset_after", "warm_start", "checkpoint_dir", "log_dir", "random_state", "verbose"}


@pytest.fixture(scope="module")
def spectrograms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "spectrograms.nc"
    write_netcdf(make_dataset(X, [f"{i}.wav" for i in range(len(X))], label_nominal=LABELS), path)
    return path


@pytest.fixture
def train(skaudeep, spectrograms, tmp_path):
    def run(*options):
        return skaudeep("contrastive", "train", "--input", spectrograms, "--run-name", tmp_path / "r", *options)

    return run


def parse(words):
    return make_parser().parse_args(["contrastive", "train", "--input", "x", *words.split()])


def as_typed(value):
    """Write a value as its option takes it."""
    if not isinstance(value, tuple):
        return str(value)
    return " ".join(",".join(map(str, item)) if isinstance(item, tuple) else str(item) for item in value)


def test_each_parameter_has_an_option_whose_help_says_its_default(skaudeep):
    parameters = {name: p.default for name, p in inspect.signature(ContrastiveEmbedder).parameters.items()}
    options = {name: option for group in _GROUPS.values() for name, option in group.items()}
    assert options.keys() == parameters.keys() - NO_OPTIONS
    shown = {name: default for name, (metavar, default, _) in options.items() if metavar is not None}
    assert shown == {name: as_typed(parameters[name]) for name in shown}
    assert not any(parameters[name] for name in options.keys() - shown.keys())
    assert "(default: 2,2 1,2 2,2)" in " ".join(skaudeep("contrastive", "train", "--help").out.split())
    assert given_parameters(parse("")) == {}


def test_options_are_parameters():
    words = (
        "--conv-channels 4 8 --conv-strides 2,1 1,2 --conv-kernel 5 3 --noise 0.1 --max-time-mask 0 --cell LSTM "
        "--objective nt_xent --early-stopping --statistics mean covariance --num-components 5 --num-layers 2"
    )
    assert (
        ContrastiveEmbedder(**given_parameters(parse(words))).get_params()
        == ContrastiveEmbedder(
            conv_channels=(4, 8),
            conv_strides=((2, 1), (1, 2)),
            conv_kernel=(5, 3),
            noise=0.1,
            max_time_mask=0.0,
            cell="lstm",
            objective="nt_xent",
            early_stopping=True,
            statistics=("mean", "covariance"),
            n_components=5,
            n_layers=2,
        ).get_params()
    )
    without = given_parameters(parse("--conv-channels --conv-strides 1,2"))
    assert (without["conv_channels"], without["conv_strides"]) == ((), (1, 2))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--conv-strides 2", "'2' is not a pair of whole numbers such as 2,1"),
        ("--conv-channels 0", "'0' is not a whole number of at least 1"),
        ("--max-gain -1", "'-1' is not a number of at least 0"),
        ("--statistics median", "'median' is unknown"),
        ("--mask-silence", "unrecognized arguments: --mask-silence"),
    ],
)
def test_wrong_options(train, words, message):
    done = train(*words.split())
    assert done.status == 2
    assert message in " ".join(done.err.split())


def test_a_mismatch_is_told_in_the_words_of_the_command(train):
    done = train("--conv-channels", 2, "--num-epochs", 1, "--seed", 0)
    assert done.status == 1
    assert "--conv-strides='2,2 1,2 2,2'" in done.err or "--conv-strides 2,2 1,2 2,2" in done.err
    assert "--conv-channels" in done.err


def test_help_speaks_of_no_autoencoder(skaudeep):
    for command in ("train", "generate"):
        text = skaudeep("contrastive", command, "--help").out.lower()
        assert "contrastive" in text
        assert "autoencoder" not in text
        assert "reconstruct" not in text


def test_training_goes_on_as_if_it_had_not_been_interrupted(train, tmp_path):
    done = train(*TINY.split(), "--num-epochs", 1)
    assert done.status == 0
    assert re.search(r"epoch 1/1  loss \d+\.\d{4}  accuracy [01]\.\d{4}", done.err)
    assert re.search(r"accuracy +[01]\.\d{4}", done.out)
    # the rate of one-cycle depends on the number of epochs
    constant = (*TINY.split(), "--learning-rate-schedule", "constant", "--json")
    train(*constant, "--num-epochs", 2, "--overwrite")
    whole = load_autoencoder(tmp_path / "r").weights_
    train(*constant, "--num-epochs", 1, "--overwrite")
    done = train(*constant, "--num-epochs", 2, "--continue")
    assert (done.json["kind"], done.json["epochs"]) == ("contrastive", 2)
    assert 0 <= done.json["accuracy"] <= 1
    again = load_autoencoder(tmp_path / "r").weights_
    assert all(np.array_equal(again[name], weights) for name, weights in whole.items())


def test_losses_of_early_stopping_are_those_of_the_best_epoch(train, tmp_path):
    options = ("--early-stopping", "--validation-fraction", 0.5, "--num-epochs", 3, "--json")
    results = train(*TINY.split(), *options).json
    history = load_autoencoder(tmp_path / "r").history_
    best = int(np.argmin(history["val_loss"]))
    assert results["best_epoch"] == best + 1
    assert results["validation_loss"] == history["val_loss"][best]
    assert results["validation_accuracy"] == history["val_accuracy"][best]
    assert results["loss"] == history["loss"][best]


def test_what_is_trained_can_be_used(train, skaudeep, spectrograms, tmp_path):
    train(*TINY.split(), "--num-epochs", 1, "--statistics", "mean", "max", "--num-bands", 2)
    run, features = tmp_path / "r", tmp_path / "features.nc"
    command = ("contrastive", "generate", "--model-dir", run, "--input", spectrograms, "--output", features)
    expected = load_autoencoder(run)
    options = {(): "states", ("--frames",): "frames", ("--states",): "states", ("--bottleneck",): "bottleneck"}
    for option, output in options.items():
        assert skaudeep(*command, *option).status == 0
        found = read_netcdf(features)["features"].values
        np.testing.assert_allclose(found, expected.set_params(output=output).transform(X), atol=1e-5)
    assert found.shape == (8, 6)
    assert skaudeep("validate", "--input", features).status == 0
    assert "contrastive" in skaudeep("inspect", "netcdf", "--input", features).out
    assert "skaudeep contrastive generate" in skaudeep("t-rae", *command[1:]).err

    done = skaudeep(
        "plot", "reconstruction", "--model-dir", run, "--input", spectrograms, "--output", tmp_path / "x.png"
    )
    assert done.status == 1
    assert "a ContrastiveEmbedder does not reconstruct" in done.err
    assert skaudeep("plot", "loss", "--model-dir", run, "--output", tmp_path / "loss.png").status == 0
    assert skaudeep("report", run).status == 0
    page = (run / "report.html").read_text()
    assert "networks of the kind contrastive make none" in page
    assert "cross-entropy of recognising" in page
    assert "root mean square error of the reconstructions" not in page


def test_shells_complete_its_words(skaudeep):
    script = skaudeep("completion", "bash").out
    assert "--max-frequency-stretch" in script
    assert "one-cycle" in script
