"""Training from files: checkpoints, continuing, and what stays when it fails, is stopped or is killed."""

import json
import os
import re
import signal
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import StandardScaler
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import skaudeep
from skaudeep import (
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    _training,
)
from skaudeep.datasets import make_dataset
from skaudeep.embedding._base import _SequenceTask
from skaudeep.embedding.runs import list_checkpoints, load_checkpoint
from skaudeep.exceptions import DataSetError, TrainingError
from skaudeep.experiment import _inputs, _train
from skaudeep.experiment._train import train_autoencoder
from skaudeep.io import write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 6)).astype(np.float32)
N_BATCHES = 3  # of an epoch

TRAINING = {"batch_size": 4, "max_epochs": 3, "learning_rate": 0.02, "random_state": 0}
WINDOWS = {"window_width": 3, "window_overlap": 1}
KINDS = {
    "t-rae": Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, **TRAINING),
    "f-rae": FrequencyAutoencoderEmbedder(n_layers=1, n_units=3, **WINDOWS, **TRAINING),
    "ft-rae": FrequencyTimeAutoencoderEmbedder(
        frequency_n_units=2, time_n_layers=1, time_n_units=3, **WINDOWS, **TRAINING
    ),
}


def make(**parameters):
    return clone(KINDS["t-rae"]).set_params(**parameters)


def assert_same(one, other):
    """Bit-equal weights, optimizer and history."""
    assert one.history_ == other.history_
    for group in ("weights", "optimizer"):
        ours, theirs = getattr(one._training_state, group), getattr(other._training_state, group)
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


def dataset(X=X):
    return make_dataset(X, [f"{i}.wav" for i in range(len(X))])


def steps(run):
    return list(list_checkpoints(run))


def read_record(run):
    return json.loads((run / "training.json").read_text())


def names(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def spectrograms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "spectrograms.nc"
    write_netcdf(dataset(), path)
    return path


@pytest.fixture(scope="module")
def fitted():
    """The result of `fit` after as many epochs."""
    return {n: make(max_epochs=n).fit(X) for n in (2, 3, 5)}


@pytest.fixture
def run(tmp_path):
    return tmp_path / "run"


@pytest.fixture
def trained(run, spectrograms):
    """A run of three epochs."""
    train_autoencoder(make(), spectrograms, run)
    return run


@pytest.fixture
def failing(monkeypatch):
    """Let training end in the middle of an epoch."""

    def fail(epoch, error):
        original = _training._run_epoch

        def run_epoch(task, state, *arguments):
            if state.n_epochs + 1 == epoch:
                raise error
            return original(task, state, *arguments)

        monkeypatch.setattr(_training, "_run_epoch", run_epoch)

    return fail


class TestTrain:
    def test_the_same_as_fit(self, run, spectrograms, fitted):
        unfitted = make()
        embedder = train_autoencoder(unfitted, spectrograms, run)
        assert_same(embedder, fitted[3])
        assert not hasattr(unfitted, "weights_")
        assert steps(run) == [N_BATCHES * epoch for epoch in (1, 2, 3)]
        assert_same(skaudeep.load(run / "logs" / "model-6.skaudeep"), fitted[2])
        newest = skaudeep.load(run / "logs" / "model-9.skaudeep")
        assert_same(newest, fitted[3])
        np.testing.assert_array_equal(newest.transform(X), fitted[3].transform(X))

    def test_record(self, trained, spectrograms, fitted):
        record = read_record(trained)
        assert (record["format"], record["skaudeep"], record["kind"]) == (1, skaudeep.__version__, "t-rae")
        assert record["inputs"] == [str(spectrograms)]
        assert record["parameters"]["n_units"] == 3
        assert record["history"] == fitted[3].history_
        assert len(record["seconds_per_epoch"]) == 3
        assert min(record["seconds_per_epoch"]) > 0

    def test_summaries(self, trained, spectrograms):
        train_autoencoder(make(max_epochs=4), spectrograms, trained, resume=True)
        events = EventAccumulator(str(trained / "logs")).Reload()
        losses = events.Scalars("loss")
        assert [event.step for event in losses] == [3, 6, 9, 12]
        np.testing.assert_allclose([event.value for event in losses], read_record(trained)["history"]["loss"], 1e-6)
        assert len(events.Tags()["images"]) == 3

    @pytest.mark.parametrize(("keep", "left"), [(2, [6, 9]), (0, [3, 6, 9]), (None, [3, 6, 9])])
    def test_checkpoints_to_keep(self, run, keep, left):
        train_autoencoder(make(), dataset(), run, checkpoints_to_keep=keep)
        assert steps(run) == left

    def test_untrained(self, run, fitted):
        embedder = train_autoencoder(make(max_epochs=0), dataset(), run)
        assert embedder.n_iter_ == 0
        assert steps(run) == [0]
        assert read_record(run)["history"] == {"loss": []}
        train_autoencoder(make(max_epochs=2), dataset(), run, resume=True)
        assert_same(load_checkpoint(run / "logs" / "model-6.skaudeep"), fitted[2])

    @pytest.mark.parametrize("random_state", [None, np.random.RandomState(3)])
    def test_the_seed_is_known_afterwards(self, tmp_path, random_state):
        embedder = train_autoencoder(make(max_epochs=1, random_state=random_state), dataset(), tmp_path)
        seed = read_record(tmp_path)["parameters"]["random_state"]
        assert_same(embedder, make(max_epochs=1, random_state=seed).fit(X))
        train_autoencoder(make(max_epochs=2, random_state=None), dataset(), tmp_path, resume=True)
        assert read_record(tmp_path)["parameters"]["random_state"] == seed

    def test_larger_than_memory(self, run, spectrograms, fitted, monkeypatch):
        monkeypatch.setattr(_inputs, "_IN_MEMORY", 0)
        assert_same(train_autoencoder(make(max_epochs=2), spectrograms, run), fitted[2])

    def test_several_inputs(self, run, spectrograms):
        embedder = train_autoencoder(make(max_epochs=1), [spectrograms, dataset(-X)], run)
        assert_same(embedder, make(max_epochs=1).fit(np.concatenate([X, -X])))
        assert read_record(run)["inputs"] == [str(spectrograms), "inputs[1]"]

    def test_lines_for_each_epoch(self, run, caplog):
        caplog.set_level("INFO", "skaudeep")
        train_autoencoder(make(max_epochs=2), dataset(), run, verbose=1)
        lines = [record.message for record in caplog.records]
        assert [line.split("  ")[0] for line in lines] == ["epoch 1/2", "epoch 2/2"]
        assert "loss 0." in lines[1]

    def test_silent_in_a_library(self, run, capfd):
        train_autoencoder(make(max_epochs=1), dataset(), run)
        assert capfd.readouterr() == ("", "")


class TestContinue:
    @pytest.mark.parametrize("kind", KINDS)
    def test_as_if_never_stopped(self, run, spectrograms, kind):
        embedder = clone(KINDS[kind])
        whole = clone(embedder).fit(X)
        train_autoencoder(clone(embedder).set_params(max_epochs=1), spectrograms, run)
        resumed = train_autoencoder(embedder, spectrograms, run, resume=True)
        assert_same(resumed, whole)
        assert resumed.max_epochs == 3
        assert steps(run) == [3, 6, 9]
        record = read_record(run)
        assert record["history"] == whole.history_
        assert len(record["seconds_per_epoch"]) == 3

    def test_without_a_checkpoint_it_begins(self, run, spectrograms, fitted):
        assert_same(train_autoencoder(make(max_epochs=2), spectrograms, run, resume=True), fitted[2])

    @pytest.mark.parametrize("n", [2, 3])
    def test_nothing_to_do(self, trained, n, caplog, fitted):
        caplog.set_level("INFO", "skaudeep")
        before = {path: path.stat().st_mtime_ns for path in trained.rglob("*")}
        # not even the data are read
        assert_same(train_autoencoder(make(max_epochs=n), "gone.nc", trained, resume=True), fitted[3])
        assert "has 3 epochs already: nothing to do" in caplog.text
        assert before == {path: path.stat().st_mtime_ns for path in trained.rglob("*")}

    def test_directions_of_covariances_are_all_that_is_learned(self, trained, spectrograms, fitted):
        embedder = make(output="states", statistics=("covariance",), n_components=2)
        resumed = train_autoencoder(embedder, spectrograms, trained, resume=True)
        assert_same(resumed, fitted[3])
        assert resumed.transform(X).shape == (10, 3)
        assert steps(trained) == [3, 6, 9]
        newest = load_checkpoint(list_checkpoints(trained)[9])
        np.testing.assert_array_equal(newest.transform(X), resumed.transform(X))
        assert len(read_record(trained)["seconds_per_epoch"]) == 3

    @pytest.mark.parametrize("content", ["{", '{"seconds_per_epoch": 5}'])
    def test_without_a_record(self, trained, spectrograms, fitted, content):
        (trained / "training.json").write_text(content)
        assert_same(train_autoencoder(make(max_epochs=5), spectrograms, trained, resume=True), fitted[5])
        seconds = read_record(trained)["seconds_per_epoch"]
        assert seconds[:3] == [None, None, None]
        assert len(seconds) == 5

    def test_other_parameters(self, trained, spectrograms):
        other = make(max_epochs=9, n_units=4, dropout=0.3, random_state=1, output="states")
        message = r"model-9.*dropout=0\.2, not 0\.3; n_units=3, not 4; random_state=0, not 1: go on with the same"
        with pytest.raises(ValueError, match=message):
            train_autoencoder(other, spectrograms, trained, resume=True)
        assert steps(trained) == [3, 6, 9]

    def test_another_autoencoder(self, trained, spectrograms):
        with pytest.raises(ValueError, match="is of t-rae, and cannot be continued as f-rae"):
            train_autoencoder(KINDS["f-rae"], spectrograms, trained, resume=True)

    def test_other_data(self, trained, caplog):
        with pytest.raises(DataSetError, match=r"inputs\[0\] has 4 features in a frame, .* was trained on 6"):
            train_autoencoder(make(max_epochs=5), dataset(X[..., :4]), trained, resume=True)
        assert not caplog.records
        train_autoencoder(make(max_epochs=4), dataset(X[:8]), trained, resume=True)
        assert "goes on with other data" in caplog.text
        assert steps(trained) == [3, 6, 9, 11]

    @pytest.mark.parametrize("content", [b"", b"text", "half"])
    def test_a_damaged_checkpoint(self, trained, spectrograms, fitted, content):
        path = trained / "logs" / "model-9.skaudeep"
        path.write_bytes(path.read_bytes()[:5000] if content == "half" else content)
        with pytest.raises(ValueError, match=r"model-9\.skaudeep' is damaged.* or remove it"):
            train_autoencoder(make(max_epochs=5), spectrograms, trained, resume=True)
        path.unlink()
        assert_same(train_autoencoder(make(max_epochs=5), spectrograms, trained, resume=True), fitted[5])

    def test_a_flipped_byte_of_a_checkpoint(self, trained, fitted):
        path = trained / "logs" / "model-9.skaudeep"
        whole, random = path.read_bytes(), np.random.default_rng(0)
        directory = whole.index(b"PK\1\2")
        for place in (*random.integers(0, directory, 40), *random.integers(directory, len(whole), 40)):
            path.write_bytes(whole[:place] + bytes([whole[place] ^ int(random.integers(1, 256))]) + whole[place + 1 :])
            try:
                embedder = load_checkpoint(path)
            except ValueError as error:
                assert re.search(r"model-9\.skaudeep' is damaged.* or remove it", str(error))
            else:
                assert_same(embedder, fitted[3])

    @pytest.mark.parametrize("wrong", [StandardScaler(), make()])
    def test_a_checkpoint_of_something_else(self, trained, spectrograms, wrong):
        skaudeep.save(wrong, trained / "logs" / "model-12.skaudeep")
        with pytest.raises(ValueError, match=f"holds a {type(wrong).__name__}, not a trained embedder"):
            train_autoencoder(make(max_epochs=5), spectrograms, trained, resume=True)


class TestEarlierRun:
    def test_refused(self, trained, spectrograms):
        before = names(trained)
        with pytest.raises(FileExistsError, match=r"model-9.*resume=True.*overwrite=True.*another run_dir"):
            train_autoencoder(make(), spectrograms, trained)
        assert names(trained) == before

    def test_replaced(self, trained, spectrograms, fitted):
        foreign = ["notes.txt", "logs/model-3.h5", "logs/model-x.skaudeep", "logs/events.out.tfevents.1.other"]
        for name in foreign:
            (trained / name).write_text("mine")
        events = next(trained.glob("logs/events*.skaudeep"))
        train_autoencoder(make(max_epochs=2), spectrograms, trained, overwrite=True)
        assert steps(trained) == [3, 6]
        assert not events.exists()
        assert {(trained / name).read_text() for name in foreign} == {"mine"}
        assert len(read_record(trained)["seconds_per_epoch"]) == 2

    def test_kept_until_the_first_new_checkpoint(self, trained, failing):
        before = {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}
        failing(1, TrainingError("the loss became nan"))
        for inputs, error in (("gone.nc", DataSetError), (dataset(), TrainingError)):
            with pytest.raises(error):
                train_autoencoder(make(), inputs, trained, overwrite=True)
        assert before == {path: path.read_bytes() for path in trained.rglob("*") if path.is_file()}

    @pytest.mark.parametrize("options", [{}, {"resume": True}, {"overwrite": True}])
    def test_of_the_original(self, run, spectrograms, options):
        (run / "logs").mkdir(parents=True)
        (run / "logs" / "model-7.index").touch()
        with pytest.raises(FileExistsError, match="checkpoints of the original"):
            train_autoencoder(make(), spectrograms, run, **options)

    def test_another_process_at_work(self, trained, spectrograms):
        fcntl = pytest.importorskip("fcntl")
        descriptor = os.open(trained, os.O_RDONLY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            with pytest.raises(OSError, match="another process trains in it"):
                train_autoencoder(make(max_epochs=5), spectrograms, trained, resume=True)
        finally:
            os.close(descriptor)
        train_autoencoder(make(max_epochs=4), spectrograms, trained, resume=True)

    def test_a_file_system_without_locks(self, run, spectrograms, monkeypatch):
        fcntl = pytest.importorskip("fcntl")

        def flock(*arguments):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(fcntl, "flock", flock)
        train_autoencoder(make(max_epochs=1), spectrograms, run)
        assert steps(run) == [3]


class TestFailure:
    def test_a_loss_that_is_not_finite(self, run, spectrograms, failing, fitted):
        failing(3, TrainingError("the loss became nan"))
        with pytest.raises(TrainingError):
            train_autoencoder(make(), spectrograms, run)
        assert steps(run) == [3, 6]
        assert_same(load_checkpoint(run / "logs" / "model-6.skaudeep"), fitted[2])
        assert read_record(run)["history"] == fitted[2].history_

    @pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
    def test_stopped(self, run, spectrograms, failing, stop, caplog):
        failing(3, stop())
        with pytest.raises(stop):
            train_autoencoder(make(max_epochs=5), spectrograms, run)
        assert steps(run) == [3, 6]
        assert "run holds epoch 2 of 5; resume=True goes on" in caplog.text

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), OSError(28, "No space left on device")])
    def test_a_finished_epoch_is_saved_if_its_summaries_are_not(self, run, spectrograms, error, caplog, monkeypatch):
        def write(self, embedder, step, seconds):
            if step == 6:
                raise error

        monkeypatch.setattr(_train.Summaries, "write", write)
        with pytest.raises(type(error), match=r"logs: cannot be written|^$"):
            train_autoencoder(make(), spectrograms, run)
        assert steps(run) == [3, 6]
        assert ("run holds epoch 2 of 3" in caplog.text) == isinstance(error, KeyboardInterrupt)

    @pytest.mark.parametrize("parameters", [{}, {"early_stopping": True, "learning_rate_schedule": "one-cycle"}])
    def test_stopped_and_continued(self, run, spectrograms, parameters, monkeypatch):
        original, calls = _SequenceTask.train_batch, []

        def train_batch(self, arrays, seed):
            calls.append(1)
            if len(calls) == 8:  # in the third epoch
                raise KeyboardInterrupt
            return original(self, arrays, seed)

        embedder = make(max_epochs=5, **parameters)
        monkeypatch.setattr(_SequenceTask, "train_batch", train_batch)
        with pytest.raises(KeyboardInterrupt):
            train_autoencoder(embedder, spectrograms, run)
        assert steps(run) == [3, 6]
        assert_same(train_autoencoder(embedder, spectrograms, run, resume=True), clone(embedder).fit(X))

    def test_stopped_early(self, run, spectrograms, caplog):
        """The newest checkpoint is the best epoch, and there is nothing to go on with."""
        embedder = make(max_epochs=40, learning_rate=0.3, early_stopping=True, n_iter_no_change=2)
        caplog.set_level("INFO")
        trained = train_autoencoder(embedder, spectrograms, run)
        assert_same(trained, clone(embedder).fit(X))
        best = 1 + int(np.argmin(trained.history_["val_loss"]))
        assert trained.n_iter_ == best + 2 < 40
        assert f"epoch {best} of {best + 2} is the best one" in caplog.text
        assert_same(load_checkpoint(run / "logs" / f"model-{max(steps(run))}.skaudeep"), trained)
        assert read_record(run)["history"] == trained.history_
        assert_same(train_autoencoder(embedder, spectrograms, run, resume=True), trained)

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), TrainingError("nan")])
    def test_nothing_is_left_of_no_epoch(self, tmp_path, spectrograms, failing, error, caplog):
        failing(1, error)
        with pytest.raises(type(error)):
            train_autoencoder(make(), spectrograms, tmp_path / "run")
        assert names(tmp_path) == []
        assert not caplog.records

    @pytest.mark.parametrize("inputs", ["gone.nc", dataset(np.full_like(X, np.nan))])
    def test_nothing_is_left_of_wrong_data(self, tmp_path, inputs):
        with pytest.raises(DataSetError):
            train_autoencoder(make(), inputs, tmp_path / "run")
        assert names(tmp_path) == []

    @pytest.mark.parametrize("at", [1, 2, 3])
    def test_a_full_disk(self, run, spectrograms, at, monkeypatch):
        from skaudeep import _persistence

        write, calls = _persistence._write, []

        def full(data, path):
            calls.append(path)
            if len(calls) == at:
                raise OSError(28, "No space left on device", str(path))
            write(data, path)

        monkeypatch.setattr(_persistence, "_write", full)
        with pytest.raises(OSError, match=r"model-\d\.skaudeep: cannot be written \(No space left on device\)"):
            train_autoencoder(make(), spectrograms, run)
        assert (steps(run) if at > 1 else []) == [3, 6][: at - 1]
        assert not list(run.glob("logs/.model*"))

    @pytest.mark.parametrize("moment", ["in an epoch", "in a save"])
    def test_killed(self, run, spectrograms, fitted, moment):
        code = f"""
import os, signal, numpy as np
from skaudeep import Seq2SeqAutoencoderEmbedder as E, _persistence, _training
from skaudeep.experiment._train import train_autoencoder
def kill(*arguments):
    os.kill(os.getpid(), signal.SIGKILL)
if {moment!r} == "in a save":
    write, calls = _persistence._write, []
    def killing(data, path):
        calls.append(path)
        if len(calls) == 3:
            with open(path, "wb") as file:
                file.write(data[:5000])
            kill()
        write(data, path)
    _persistence._write = killing
else:
    run_epoch = _training._run_epoch
    def killed_in_the_third(task, state, *arguments):
        return kill() if state.n_epochs == 2 else run_epoch(task, state, *arguments)
    _training._run_epoch = killed_in_the_third
train_autoencoder(E(**{make(max_epochs=5).get_params()!r}), {str(spectrograms)!r}, {str(run)!r})
"""
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == -signal.SIGKILL, done.stderr
        # a save may have been under way
        assert steps(run) in ([[3, 6]] if moment == "in a save" else [[3], [3, 6]])
        assert_same(train_autoencoder(make(max_epochs=5), spectrograms, run, resume=True), fitted[5])
        assert not list(run.glob("logs/.*"))


class TestArguments:
    @pytest.mark.parametrize("parameters", [{"checkpoint_dir": "x"}, {"log_dir": "x"}, {"n_units": 0}])
    def test_parameters(self, run, spectrograms, parameters):
        with pytest.raises(ValueError, match=next(iter(parameters))):
            train_autoencoder(make(**parameters), spectrograms, run)
        assert not run.exists()

    def test_windows_larger_than_a_frame(self, run, spectrograms):
        with pytest.raises(ValueError, match="window_width"):
            train_autoencoder(clone(KINDS["f-rae"]).set_params(window_width=7), spectrograms, run)
        assert not run.exists()

    @pytest.mark.parametrize("embedder", [StandardScaler(), Seq2SeqAutoencoderEmbedder, None])
    def test_no_embedder(self, run, embedder):
        with pytest.raises(TypeError, match="embedder=.*give one of Seq2Seq"):
            train_autoencoder(embedder, dataset(), run)

    def test_both(self, run):
        with pytest.raises(ValueError, match="overwrite=True, and resume=True"):
            train_autoencoder(make(), dataset(), run, resume=True, overwrite=True)

    @pytest.mark.parametrize("keep", [-1, 1.5, "all"])
    def test_numbers_of_checkpoints(self, run, keep):
        with pytest.raises(ValueError, match="checkpoints_to_keep"):
            train_autoencoder(make(), dataset(), run, checkpoints_to_keep=keep)

    def test_a_file_where_a_folder_should_be(self, run):
        run.touch()
        with pytest.raises(OSError, match="run_dir=.*cannot be made a folder"):
            train_autoencoder(make(), dataset(), run)


@pytest.mark.parametrize("name", ["training.json", "logs/model-1.skaudeep"])
def test_no_input_is_replaced(run, spectrograms, name):
    place = run / name
    place.parent.mkdir(parents=True)
    place.symlink_to(spectrograms)
    with pytest.raises(ValueError, match=f"cannot write '.*{place.name}': it is an input .*which would be lost"):
        train_autoencoder(make(), spectrograms, run, overwrite=True)
    assert place.is_symlink() and spectrograms.is_file()
