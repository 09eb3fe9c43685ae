"""``skaudeep {t,f,ft}-rae train``."""

import numpy as np
import pytest

import skaudeep as package
from skaudeep import _training, experiment
from skaudeep.cli._signals import Stopped
from skaudeep.datasets import make_dataset
from skaudeep.embedding import list_embedders
from skaudeep.embedding.runs import list_checkpoints
from skaudeep.exceptions import TrainingError
from skaudeep.io import write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (8, 5, 6)).astype(np.float32)
TINY = ("--num-units", 3, "--batch-size", 4, "--num-epochs", 2)
# the options of the original with values of their own, and the parameters that they become
TRAINING = "--batch-size 5 --num-epochs 7 --learning-rate 1e-2 --keep-prob 0.7 --cell LSTM --mask-silence --seed 3"
TRAINING_PARAMETERS = {
    "batch_size": 5,
    "max_epochs": 7,
    "learning_rate": 0.01,
    "dropout": 0.3,
    "cell": "lstm",
    "mask_silence": True,
    "random_state": 3,
}
ONE_NETWORK = (
    "--num-layers 2 --num-units 4 --bidirectional-encoder --bidirectional-decoder --encoder-noise 0.1 "
    "--feed-previous-prob 0.2"
)
ONE_NETWORK_PARAMETERS = {
    "n_layers": 2,
    "n_units": 4,
    "bidirectional_encoder": True,
    "bidirectional_decoder": True,
    "input_noise": 0.1,
    "feed_previous_prob": 0.2,
}
WINDOWS = " --freq-window-width 6 --freq-window-overlap 2"
WINDOW_PARAMETERS = {"window_width": 6, "window_overlap": 2}
TWO_NETWORKS = (
    "--num-f-layers 2 --num-f-units 3 --num-t-layers 4 --num-t-units 5 --bidirectional-f-encoder "
    "--bidirectional-t-decoder --f-encoder-noise 0.1 --t-encoder-noise 0.2 --f-feed-previous-prob 0.3 "
    "--t-feed-previous-prob 0.4"
)
TWO_NETWORKS_PARAMETERS = {
    "frequency_n_layers": 2,
    "frequency_n_units": 3,
    "time_n_layers": 4,
    "time_n_units": 5,
    "frequency_bidirectional_encoder": True,
    "frequency_bidirectional_decoder": False,
    "time_bidirectional_encoder": False,
    "time_bidirectional_decoder": True,
    "frequency_input_noise": 0.1,
    "time_input_noise": 0.2,
    "frequency_feed_previous_prob": 0.3,
    "time_feed_previous_prob": 0.4,
}


@pytest.fixture(scope="module")
def spectrograms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "spectrograms.nc"
    write_netcdf(make_dataset(X, [f"{i}.wav" for i in range(len(X))]), path)
    return path


@pytest.fixture
def call(skaudeep, monkeypatch, spectrograms):
    """Give what a command line asks of `train_autoencoder`: the embedder's parameters and the other arguments."""

    def run(kind, *options):
        class AskedError(Exception):
            pass

        def train(embedder, inputs, run_dir, **others):
            raise AskedError(type(embedder), embedder.get_params(), inputs, run_dir, others)

        monkeypatch.setattr(experiment, "train_autoencoder", train)
        with pytest.raises(AskedError) as asked:
            skaudeep("--debug", kind, "train", "--input", spectrograms, *options)
        return asked.value.args

    return run


@pytest.mark.parametrize(
    ("kind", "options", "parameters"),
    [
        ("t-rae", ONE_NETWORK, ONE_NETWORK_PARAMETERS),
        ("f-rae", ONE_NETWORK + WINDOWS, ONE_NETWORK_PARAMETERS | WINDOW_PARAMETERS),
        ("ft-rae", TWO_NETWORKS + WINDOWS, TWO_NETWORKS_PARAMETERS | WINDOW_PARAMETERS),
    ],
)
def test_options_of_the_original(call, kind, options, parameters, spectrograms):
    embedder_class, found, inputs, run_dir, others = call(
        kind,
        spectrograms,
        *TRAINING.split(),
        *options.split(),
        "--run-name",
        "r",
        "--checkpoints-to-keep",
        2,
        "--tempdir",
        "t",
    )
    assert embedder_class is list_embedders()[kind]
    defaults = embedder_class().get_params()
    assert found == defaults | TRAINING_PARAMETERS | parameters
    assert inputs == [str(spectrograms)] * 2
    assert run_dir == "r"
    assert others == {
        "resume": False,
        "overwrite": False,
        "checkpoints_to_keep": 2,
        "check_settings": True,
        "verbose": 1,
    }


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("t-rae", {"n_layers": 1, "n_units": 16}),
        ("f-rae", {"n_layers": 1, "n_units": 16, "window_width": 32, "window_overlap": 24}),
        (
            "ft-rae",
            {"frequency_n_layers": 1, "frequency_n_units": 64, "time_n_layers": 2, "time_n_units": 128}
            | {"window_width": 32, "window_overlap": 24},
        ),
    ],
)
def test_defaults_of_the_original(call, kind, parameters):
    embedder_class, found, _, run_dir, others = call(kind, "-q")
    training = {"batch_size": 64, "max_epochs": 10, "learning_rate": 1e-3, "dropout": 0.2, "cell": "gru"}
    assert found == embedder_class().get_params() | training | parameters
    assert run_dir == "test-run"
    assert others == {
        "resume": False,
        "overwrite": False,
        "checkpoints_to_keep": 5,
        "check_settings": True,
        "verbose": 0,
    }


def test_results(skaudeep, spectrograms, tmp_path):
    run = tmp_path / "run"
    done = skaudeep("t-rae", "train", "--input", spectrograms, "--run-name", run, *TINY, "--seed", 3)
    assert done.status == 0
    assert [line.split("  ")[0] for line in done.err.splitlines()] == ["epoch 1/2", "epoch 2/2"]
    rows = dict(line.split(maxsplit=1) for line in done.out.splitlines())
    assert rows["run"] == str(run)
    assert (rows["epochs"], rows["steps"], rows["features"], rows["seed"]) == ("2", "4", "3", "3")

    again = ("t-rae", "train", "--input", spectrograms, "--run-name", run, "--continue", *TINY)
    done = skaudeep(*again, "--num-epochs", 3, "--json", "-q")
    assert (done.status, done.err) == (0, "")
    embedder = package.load(run / "logs" / "model-6.skaudeep")
    assert done.json == {
        "run": str(run),
        "kind": "t-rae",
        "epochs": 3,
        "steps": 6,
        "loss": embedder.loss_,
        "checkpoint": str(run / "logs" / "model-6.skaudeep"),
        "features": 3,
        "weights": sum(weight.size for weight in embedder.weights_.values()),
        "seed": 3,
    }
    done = skaudeep(*again, "--num-epochs", 3, "-q")
    assert done.out == f"{run}\t6\t{embedder.loss_:.6f}\n"
    done = skaudeep(*again)
    assert "3 epochs already: nothing to do" in done.err
    done = skaudeep("t-rae", "train", "--input", spectrograms, "--run-name", run, *TINY)
    assert done.status == 1
    assert done.err.startswith("skaudeep: error: --run-name ")
    assert "=True" not in done.err and "run_dir" not in done.err
    assert done.err.count("\n") == 1
    done = skaudeep("t-rae", "train", "--input", spectrograms, "--run-name", run, *TINY, "--overwrite", "-q")
    assert done.out.startswith(f"{run}\t4\t")


def test_untrained(skaudeep, spectrograms, tmp_path):
    arguments = ("t-rae", "train", "--input", spectrograms, "--run-name", tmp_path / "run", "--num-epochs", 0)
    done = skaudeep(*arguments)
    assert "untrained" in done.out
    done = skaudeep(*arguments, "--overwrite", "--json")
    assert (done.json["steps"], done.json["loss"]) == (0, None)
    assert skaudeep(*arguments, "--overwrite", "-q").out == f"{tmp_path / 'run'}\t0\t\n"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "--input"),
        (["--input"], "--input"),
        (["--input", "x.nc", "--cell", "rnn"], "choose from gru, lstm"),
        (["--input", "x.nc", "--keep-prob", 0], "--keep-prob"),
        (["--input", "x.nc", "--keep-prob", 1.1], "--keep-prob"),
        (["--input", "x.nc", "--encoder-noise", 1], "--encoder-noise"),
        (["--input", "x.nc", "--num-epochs", -1], "--num-epochs"),
        (["--input", "x.nc", "--batch-size", 0], "--batch-size"),
        (["--input", "x.nc", "--learning-rate", "nan"], "--learning-rate"),
        (["--input", "x.nc", "--continue", "--overwrite"], "--overwrite"),
        (["--input", "x.nc", "--freq-window-width", 8], "--freq-window-overlap has to be less"),
        (["--input", "x.nc", "--num-f-units", 8], "--num-f-units"),
    ],
)
def test_wrong_usage(skaudeep, options, message):
    done = skaudeep("f-rae", "train", *options)
    assert done.status == 2
    assert done.out == ""
    assert message in done.err


def test_wrong_data(skaudeep, bad_dataset, tmp_path):
    path, message = bad_dataset
    done = skaudeep("t-rae", "train", "--input", path, "--run-name", tmp_path / "run")
    assert (done.status, done.out) == (1, "")
    assert message in done.err
    assert done.err.count("\n") == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(("error", "status"), [(Stopped(), 130), (TrainingError("the loss became nan"), 1)])
def test_stopped_in_the_second_epoch(skaudeep, spectrograms, tmp_path, monkeypatch, error, status):
    original = _training._run_epoch

    def run_epoch(task, state, *arguments):
        if state.n_epochs:
            raise error
        return original(task, state, *arguments)

    monkeypatch.setattr(_training, "_run_epoch", run_epoch)
    run = tmp_path / "run"
    done = skaudeep("t-rae", "train", "--input", spectrograms, "--run-name", run, *TINY)
    assert (done.status, done.out) == (status, "")
    assert list(list_checkpoints(run)) == [2]
    if status == 130:
        assert f"{run} holds epoch 1 of 2; --continue goes on" in done.err
        assert done.err.endswith("skaudeep: interrupted\n")
    else:
        assert done.err.endswith("skaudeep: error: the loss became nan\n")
