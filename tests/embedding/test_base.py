"""Fitting, stopping, continuing, checkpoints, callbacks, files: what all embedders share."""

import copy
import pickle
import threading

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

import skaudeep
from skaudeep import Seq2SeqAutoencoderEmbedder, _training
from skaudeep.exceptions import TrainingError

X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 3)).astype(np.float32)


def make(**parameters):
    defaults = {"n_layers": 1, "n_units": 3, "batch_size": 4, "max_epochs": 3, "learning_rate": 0.02, "random_state": 0}
    return Seq2SeqAutoencoderEmbedder(**(defaults | parameters))


def assert_same(one, other):
    """Bit-equal weights, optimizer and history."""
    assert one.history_ == other.history_
    for group in ("weights", "optimizer"):
        ours, theirs = getattr(one._training_state, group), getattr(other._training_state, group)
        assert ours.keys() == theirs.keys()
        for name in ours:
            np.testing.assert_array_equal(ours[name], theirs[name])


@pytest.fixture(scope="module")
def fitted():
    return make().fit(X)


def on_epoch_end(action):
    """A Keras callback that does something at the end of an epoch (counted from 1)."""
    import keras

    class Callback(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            action(self, epoch + 1, logs)

    return Callback()


def raise_at(epoch, error):
    def action(callback, current, logs):
        if current == epoch:
            raise error

    return on_epoch_end(action)


class TestFit:
    def test_attributes(self, fitted):
        assert fitted.n_iter_ == 3 == len(fitted.history_["loss"])
        assert fitted.loss_ == fitted.history_["loss"][-1]
        assert fitted.n_features_in_ == 3 and fitted.embedding_dim_ == 3
        assert all(type(w) is np.ndarray and w.dtype == np.float32 for w in fitted.weights_.values())
        assert fitted.transform(X).dtype == np.float32

    def test_bit_equal_whatever_ran_before(self, fitted):
        make(n_units=2, random_state=7).fit(X[:3])
        assert_same(fitted, clone(fitted).fit(X))
        assert_same(fitted, clone(fitted).fit(X))  # from a network that has just been used

    def test_another_seed_gives_another_network(self, fitted):
        other = make(random_state=1).fit(X)
        assert any((fitted.weights_[name] != other.weights_[name]).any() for name in fitted.weights_)

    def test_random_state_instance_and_none(self):
        first, second = (make(random_state=np.random.RandomState(3)).fit(X) for _ in range(2))
        assert_same(first, second)
        assert np.isfinite(make(random_state=None).fit(X).loss_)

    def test_untrained(self):
        untrained = make(max_epochs=0).fit(X)
        assert untrained.n_iter_ == 0 and untrained.history_ == {} and np.isnan(untrained.loss_)
        assert untrained.transform(X).shape == (10, 3)
        assert_weights_differ(untrained, make().fit(X))

    def test_a_refit_starts_anew(self, fitted):
        again = copy.deepcopy(fitted)
        assert_same(again.fit(X), fitted)
        again.fit(X[:, :, :2])
        assert again.n_features_in_ == 2 and again.n_iter_ == 3

    def test_global_random_state_is_left_alone(self):
        import random

        import tensorflow as tf

        make().fit(X)
        tf.random.set_seed(3)
        expected = tf.random.uniform([3]).numpy()
        tf.random.set_seed(3)
        before = random.getstate(), np.random.get_state()[1].copy()
        embedder = make(max_epochs=1).fit(X)
        embedder.transform(X)
        assert random.getstate() == before[0]
        np.testing.assert_array_equal(np.random.get_state()[1], before[1])
        np.testing.assert_array_equal(tf.random.uniform([3]).numpy(), expected)

    @pytest.mark.parametrize(
        ("parameters", "message"),
        [
            ({"cell": "rnn"}, "cell"),
            ({"n_units": 0}, "n_units"),
            ({"dropout": 1.0}, "dropout"),
            ({"statistics": ("mean", "median")}, "statistics=.*choose one or more of mean, std, max, min, delta"),
            ({"statistics": ()}, "statistics"),
            ({"early_stopping": True, "validation_fraction": 0.99}, "validation_fraction=0.99 leaves none"),
        ],
    )
    def test_wrong_parameters(self, parameters, message):
        with pytest.raises(ValueError, match=message):
            make(**parameters).fit(X)

    def test_not_fitted(self):
        for method in ("transform", "reconstruct", "score"):
            with pytest.raises(NotFittedError):
                getattr(make(), method)(X)
        with pytest.raises(NotFittedError):
            make().save("nowhere.npz")

    def test_a_loss_that_is_not_finite_says_what_to_change(self, tmp_path):
        embedder = make(checkpoint_dir=tmp_path)

        def spoil(callback, epoch, logs):
            if epoch == 2:
                variable = callback.model.parameters["reconstruction.bias"]
                variable.assign(np.full(variable.shape, np.nan))

        with pytest.raises(TrainingError, match=r"became nan in epoch 3, batch 1: lower `learning_rate`"):
            embedder.fit(X, callbacks=[on_epoch_end(spoil)])
        # what the last finished epoch gave is kept, in memory and on disk
        assert embedder.n_iter_ == 2 and np.isfinite(embedder.transform(X)).all()
        assert len(list(tmp_path.iterdir())) == 1

    def test_too_large_values_are_an_error(self):
        with pytest.raises(TrainingError, match="check that the input is scaled"):
            make().fit(X * 1e30)


def assert_weights_differ(one, other):
    assert any((one.weights_[name] != other.weights_[name]).any() for name in one.weights_)


class TestGoingOn:
    def test_warm_start_goes_on_exactly(self):
        whole = make(max_epochs=5).fit(X)
        parts = make(max_epochs=2, warm_start=True).fit(X)
        parts.set_params(max_epochs=3).fit(X)
        assert parts.n_iter_ == 5
        assert_same(parts, whole)

    def test_partial_fit_is_one_epoch(self, fitted):
        embedder = make()
        for _ in range(3):
            embedder.partial_fit(X)
        assert_same(embedder, fitted)

    def test_a_fitted_copy_is_not_changed_by_going_on(self, fitted):
        other = copy.deepcopy(fitted)
        history = copy.deepcopy(fitted.history_)
        shallow = copy.copy(fitted)
        shallow.partial_fit(X)
        assert fitted.history_ == history
        assert_same(fitted, other)

    def test_another_architecture_cannot(self, fitted):
        embedder = copy.deepcopy(fitted).set_params(n_units=4)
        with pytest.raises(ValueError, match="n_units changed since the last fit"):
            embedder.partial_fit(X)

    def test_noise_may_change(self, fitted):
        for parameters in ({"dropout": 0.0}, {"input_noise": 0.5}, {"feed_previous_prob": 0.5}, {"mask_silence": True}):
            embedder = copy.deepcopy(fitted).set_params(**parameters).partial_fit(X)
            assert embedder.n_iter_ == 4 and np.isfinite(embedder.loss_)

    def test_losses_of_all_epochs_stay(self):
        embedder = make(early_stopping=True).fit(X).partial_fit(X)
        assert {name: len(values) for name, values in embedder.history_.items()} == {"loss": 4, "val_loss": 4}
        assert np.isnan(embedder.history_["val_loss"][-1])
        late = make(warm_start=True).fit(X).set_params(early_stopping=True).fit(X)
        assert np.isnan(late.history_["val_loss"][:3]).all() and np.isfinite(late.history_["val_loss"][3:]).all()

    def test_other_features_cannot(self, fitted):
        with pytest.raises(ValueError, match="2 features"):
            copy.deepcopy(fitted).partial_fit(X[:, :, :2])


class TestEarlyStopping:
    @pytest.fixture(scope="class")
    @classmethod
    def stopped(cls):
        # learning nothing of noise, the validation loss soon rises
        embedder = make(
            early_stopping=True,
            validation_fraction=0.3,
            n_iter_no_change=3,
            max_epochs=200,
            learning_rate=0.1,
            n_units=8,
        )
        return embedder.fit(X)

    def test_stops_and_restores_the_best(self, stopped):
        val_loss = stopped.history_["val_loss"]
        best = int(np.argmin(val_loss))
        assert stopped.n_iter_ == best + 1 + 3 < 200
        held_out = stopped_rows(stopped)
        assert -stopped.score(X[held_out]) == pytest.approx(val_loss[best], abs=1e-6)
        assert min(val_loss) < val_loss[-1]

    def test_a_warm_start_does_not_lose_the_best(self, stopped):
        again = copy.deepcopy(stopped).set_params(warm_start=True, learning_rate=1.0, max_epochs=3).fit(X)
        assert again.n_iter_ == stopped.n_iter_ + 3
        assert -again.score(X[stopped_rows(again)]) <= min(stopped.history_["val_loss"]) + 1e-6

    def test_is_seeded(self, stopped):
        assert_same(clone(stopped).fit(X), stopped)


def stopped_rows(embedder):
    from skaudeep._training import split_rows

    return split_rows(embedder, len(X), embedder._training_state.seed)[1]


class TestCheckpoints:
    def test_an_interrupted_fit_goes_on_and_ends_bit_equal(self, tmp_path):
        common = {"max_epochs": 5, "dropout": 0.3, "input_noise": 0.2}
        whole = make(**common).fit(X)
        with pytest.raises(RuntimeError, match="power cut"):
            make(checkpoint_dir=tmp_path, **common).fit(X, callbacks=[raise_at(3, RuntimeError("power cut"))])
        resumed = make(checkpoint_dir=tmp_path, **common).fit(X)
        assert_same(resumed, whole)
        epochs = []
        finished = make(checkpoint_dir=tmp_path, **common)
        finished.fit(X, callbacks=[on_epoch_end(lambda callback, epoch, logs: epochs.append(epoch))])
        assert epochs == []
        assert_same(finished, whole)

    def test_early_stopping_goes_on_too(self, tmp_path):
        common = {"max_epochs": 30, "early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 2}
        common |= {"learning_rate": 0.1, "n_units": 8}
        whole = make(**common).fit(X)
        with pytest.raises(RuntimeError):
            make(checkpoint_dir=tmp_path, **common).fit(X, callbacks=[raise_at(2, RuntimeError())])
        resumed, finished = (make(checkpoint_dir=tmp_path, **common).fit(X) for _ in range(2))
        assert_same(resumed, whole)
        assert_same(finished, whole)

    def test_a_finished_fit_gives_its_best_epoch_again(self, tmp_path):
        common = {"max_epochs": 12, "early_stopping": True, "validation_fraction": 0.3, "n_iter_no_change": 12}
        common |= {"learning_rate": 0.1, "n_units": 8, "checkpoint_dir": tmp_path}
        first, again = (make(**common).fit(X) for _ in range(2))
        assert np.argmin(first.history_["val_loss"]) < 11
        assert_same(first, again)

    def test_more_epochs_go_on_from_a_finished_fit(self, tmp_path):
        make(checkpoint_dir=tmp_path, max_epochs=2).fit(X)
        assert_same(make(checkpoint_dir=tmp_path, max_epochs=4).fit(X), make(max_epochs=4).fit(X))

    @pytest.mark.parametrize(
        "change", [{"learning_rate": 0.1}, {"random_state": 1}, {"n_units": 2}, {"X": X[:9]}, {"X": -X}]
    )
    def test_other_parameters_or_data_start_anew(self, tmp_path, change):
        make(checkpoint_dir=tmp_path, max_epochs=1).fit(X)
        data = change.get("X", X)
        parameters = {"max_epochs": 1} | {name: value for name, value in change.items() if name != "X"}
        assert_same(make(checkpoint_dir=tmp_path, **parameters).fit(data), make(**parameters).fit(data))
        assert len(list(tmp_path.iterdir())) == 2

    def test_fewer_epochs_are_not_more(self, tmp_path):
        longer = make(checkpoint_dir=tmp_path, max_epochs=4).fit(X)
        for n_epochs in (2, 0):
            shorter = make(checkpoint_dir=tmp_path, max_epochs=n_epochs).fit(X)
            plain = make(max_epochs=n_epochs).fit(X)
            assert shorter.n_iter_ == n_epochs
            np.testing.assert_array_equal(shorter.transform(X), plain.transform(X))
        assert_same(make(checkpoint_dir=tmp_path, max_epochs=4).fit(X), longer)

    def test_every_row_counts(self, tmp_path):
        many = np.random.default_rng(0).uniform(-1, 1, (150, 3, 2)).astype(np.float32)
        changed = many.copy()
        changed[1] *= -1
        make(checkpoint_dir=tmp_path, max_epochs=1).fit(many)
        expected = make(max_epochs=1).fit(changed)
        assert_same(make(checkpoint_dir=tmp_path, max_epochs=1).fit(changed), expected)

    def test_a_warm_start_is_told_apart_by_its_first_weights(self, tmp_path):
        common = {"max_epochs": 2, "warm_start": True}
        make(checkpoint_dir=tmp_path, **common).fit(-X).fit(X)
        other = make(checkpoint_dir=tmp_path, **common).fit(X / 2).fit(X)
        assert_same(other, make(**common).fit(X / 2).fit(X))

    def test_random_states_are_told_apart(self, tmp_path):
        first, second = (make(checkpoint_dir=tmp_path, random_state=np.random.RandomState(i)).fit(X) for i in (1, 2))
        assert_weights_differ(first, second)

    def test_without_a_seed_the_split_is_kept(self, tmp_path, monkeypatch):
        from skaudeep.embedding import _base

        splits, split_rows = [], _base.split_rows
        monkeypatch.setattr(_base, "split_rows", lambda *args: (splits.append(split_rows(*args)), splits[-1])[1])
        for n_epochs in (1, 2):
            make(checkpoint_dir=tmp_path, random_state=None, early_stopping=True, max_epochs=n_epochs).fit(X)
        np.testing.assert_array_equal(splits[0][1], splits[1][1])

    def test_a_file_for_a_folder_is_named(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match="checkpoint_dir=.*file' cannot be made a folder"):
            make(checkpoint_dir=tmp_path / "file").fit(X)

    def test_a_damaged_checkpoint_is_named(self, tmp_path):
        embedder = make(checkpoint_dir=tmp_path).fit(X)
        (file,) = tmp_path.iterdir()
        file.write_bytes(file.read_bytes()[:500])
        with pytest.raises(ValueError, match=f"{file.name}' is damaged: delete it to train anew"):
            embedder.fit(X)

    def test_a_checkpoint_of_another_network_is_named(self, tmp_path):
        make(checkpoint_dir=tmp_path, max_epochs=1).fit(X)
        (file,) = tmp_path.iterdir()
        make(checkpoint_dir=tmp_path / "other", max_epochs=1, n_units=5).fit(X)
        (other,) = (tmp_path / "other").iterdir()
        other.replace(file)
        with pytest.raises(ValueError, match=f"{file.name}' is of another network: delete it to train anew"):
            make(checkpoint_dir=tmp_path, max_epochs=2).fit(X)

    def test_a_failed_write_leaves_the_last_checkpoint(self, tmp_path, monkeypatch):
        make(checkpoint_dir=tmp_path, max_epochs=1).fit(X)
        (file,) = tmp_path.iterdir()
        before = file.read_bytes()

        def disk_full(path, members):
            path.write_bytes(b"half")
            raise OSError(28, "No space left on device")

        monkeypatch.setattr(_training, "write_members", disk_full)
        embedder = make(checkpoint_dir=tmp_path, max_epochs=3)
        with pytest.raises(OSError, match="No space left"):
            embedder.fit(X)
        assert file.read_bytes() == before
        assert list(tmp_path.iterdir()) == [file]
        # the epoch that could not be written is in memory
        assert embedder.n_iter_ == 2


class TestInterruption:
    def test_ctrl_c_keeps_the_last_finished_epoch(self):
        import keras

        class CtrlC(keras.callbacks.Callback):
            n_batches = 0

            def on_train_batch_end(self, batch, logs=None):
                self.n_batches += 1
                if self.n_batches == 7:  # the first of the third epoch
                    raise KeyboardInterrupt

        embedder = make(max_epochs=9)
        with pytest.warns(UserWarning, match="interrupted; the result is that of epoch 2"):
            embedder.fit(X, callbacks=[CtrlC()])
        assert_same(embedder, make(max_epochs=2).fit(X))

    def test_ctrl_c_keeps_the_best_epoch_with_early_stopping(self):
        common = {
            "early_stopping": True,
            "validation_fraction": 0.3,
            "learning_rate": 0.1,
            "n_units": 8,
            "max_epochs": 30,
        }
        embedder = make(n_iter_no_change=30, **common)
        with pytest.warns(UserWarning, match="interrupted; the result is that of the best finished one"):
            embedder.fit(X, callbacks=[raise_at(20, KeyboardInterrupt())])
        best = min(embedder.history_["val_loss"])
        assert best < embedder.history_["val_loss"][-1]
        assert -embedder.score(X[stopped_rows(embedder)]) == pytest.approx(best, abs=1e-6)

    def test_callbacks_hear_the_end(self):
        ended = []
        interrupting = raise_at(2, KeyboardInterrupt())
        interrupting.on_train_end = lambda logs=None: ended.append(True)
        with pytest.warns(UserWarning, match="interrupted"):
            make().fit(X, callbacks=[interrupting])
        assert ended == [True]

    def test_a_failure_before_the_first_epoch_changes_nothing(self, fitted):
        new = make()
        with pytest.raises(TrainingError):
            new.fit(X * 1e30)
        with pytest.raises(NotFittedError):
            new.transform(X)
        embedder = copy.deepcopy(fitted)
        with pytest.raises(TrainingError):
            embedder.fit(np.full((4, 5, 2), 1e30))
        np.testing.assert_array_equal(embedder.transform(X), fitted.transform(X))
        with pytest.raises(ValueError, match="validation_fraction"):
            embedder.set_params(n_units=7, early_stopping=True).fit(X[:1])
        np.testing.assert_array_equal(embedder.transform(X), fitted.transform(X))

    def test_ctrl_c_before_the_first_epoch_ends_the_fit(self):
        import keras

        class CtrlC(keras.callbacks.Callback):
            def on_train_batch_begin(self, batch, logs=None):
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            make().fit(X, callbacks=[CtrlC()])


class TestCallbacks:
    def test_keras_callbacks_are_called(self):
        seen = []
        make().fit(X, callbacks=[on_epoch_end(lambda callback, epoch, logs: seen.append((epoch, logs["loss"])))])
        assert [epoch for epoch, _ in seen] == [1, 2, 3]
        assert all(np.isfinite(loss) for _, loss in seen)

    def test_stop_training_and_learning_rate(self):
        import keras

        schedule = keras.callbacks.LearningRateScheduler(lambda epoch: 1e-30 if epoch else 0.1)
        embedder = make(max_epochs=3).fit(X, callbacks=[schedule])
        one = make(max_epochs=1, learning_rate=0.1).fit(X)
        np.testing.assert_allclose(embedder.weights_["reconstruction.kernel"], one.weights_["reconstruction.kernel"])

        def stop(callback, epoch, logs):
            callback.model.stop_training = epoch == 2

        assert make(max_epochs=50).fit(X, callbacks=[on_epoch_end(stop)]).n_iter_ == 2

    def test_early_stopping_of_keras_restores_weights(self):
        import keras

        stopping = keras.callbacks.EarlyStopping("loss", mode="max", patience=2, restore_best_weights=True)
        embedder = make(max_epochs=20).fit(X, callbacks=[stopping])
        best = int(np.argmax(embedder.history_["loss"]))
        assert embedder.n_iter_ < 20
        expected = make(max_epochs=best + 1).fit(X)
        np.testing.assert_array_equal(
            embedder.weights_["encoder.forward.0.kernel"], expected.weights_["encoder.forward.0.kernel"]
        )

    def test_tensorboard(self, tmp_path):
        make(log_dir=tmp_path / "logs").fit(X)
        events = list((tmp_path / "logs").rglob("*tfevents*"))
        assert events and b"epoch_loss" in b"".join(file.read_bytes() for file in events)


class TestFiles:
    def test_round_trip(self, fitted, tmp_path):
        path = tmp_path / "embedder.skaudeep"
        fitted.save(path)
        loaded = Seq2SeqAutoencoderEmbedder.load(path)
        assert loaded.get_params() == fitted.get_params()
        assert_same(loaded, fitted)
        np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
        assert_same(loaded.partial_fit(X), copy.deepcopy(fitted).partial_fit(X))

    def test_something_else(self, fitted, tmp_path):
        path = tmp_path / "something.skaudeep"
        skaudeep.save(StandardScaler(), path)
        with pytest.raises(ValueError, match=r"something\.skaudeep' holds a StandardScaler and no Seq2Seq"):
            Seq2SeqAutoencoderEmbedder.load(path)
        with pytest.raises(NotFittedError):
            make().save(path)
        assert type(skaudeep.load(path)) is StandardScaler

    def test_pickle(self, fitted):
        loaded = pickle.loads(pickle.dumps(fitted))
        np.testing.assert_array_equal(loaded.transform(X), fitted.transform(X))
        assert_same(loaded.partial_fit(X), copy.deepcopy(fitted).partial_fit(X))


def test_two_threads_share_no_network(fitted):
    other = make(random_state=1).fit(X)
    expected = [embedder.transform(X) for embedder in (fitted, other)]
    failures = []

    def work(embedder, z):
        for _ in range(20):
            if not (embedder.transform(X) == z).all():
                failures.append(embedder)

    threads = [threading.Thread(target=work, args=pair) for pair in zip((fitted, other), expected, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_univariate_sequences():
    numbers = X[:, :, 0]
    embedder = make().fit(numbers)
    assert embedder.n_features_in_ == 5
    assert embedder.reconstruct(numbers).shape == (10, 5)
    same = make().fit(numbers[:, :, None])
    np.testing.assert_array_equal(embedder.transform(numbers), same.transform(numbers[:, :, None]))


def test_progress_goes_to_standard_error(capfd):
    make(verbose=1).fit(X)
    captured = capfd.readouterr()
    assert captured.out == "" and "Seq2SeqAutoencoderEmbedder: 3 epochs" in captured.err and "loss" in captured.err
    make().fit(X)
    captured = capfd.readouterr()
    assert captured.out == captured.err == ""


class TestParametersSetLater:
    """What `fit` has not seen is checked where it is used."""

    @pytest.mark.parametrize("parameter", ["output", "batch_size", "statistics"])
    @pytest.mark.parametrize("method", ["transform", "score", "reconstruct", "reconstruction_error"])
    def test_wrong_values(self, fitted, parameter, method):
        with pytest.raises((ValueError, TypeError), match=parameter):
            getattr(copy.deepcopy(fitted).set_params(**{parameter: "wrong"}), method)(X)


class TestCallbacksAndLogs:
    def test_after_epoch_gets_the_fitted_embedder(self, tmp_path):
        seen = []

        def keep(embedder):
            seen.append(embedder.n_iter_)
            if embedder.n_iter_ == 2:
                embedder.save(tmp_path / "two.skaudeep")

        at_once = make(learning_rate_schedule="cosine").fit(X, after_epoch=keep)
        assert seen == [1, 2, 3]
        assert_same(skaudeep.load(tmp_path / "two.skaudeep").fit(X, resume=True), at_once)
        assert_same(copy.deepcopy(at_once).fit(X, resume=True), at_once)  # nothing is left to do
        with pytest.raises(TypeError, match="after_epoch=3: give a function"):
            make().fit(X, after_epoch=3)

    def test_something_else_is_no_callback(self):
        with pytest.raises(TypeError, match=r"callbacks=\[3\]: 3 is not a Keras callback"):
            make().fit(X, callbacks=[3])

    def test_whole_models_are_not_saved_by_callbacks(self, tmp_path):
        import keras

        with pytest.raises(ValueError, match="ModelCheckpoint in callbacks needs save_weights_only=True"):
            make().fit(X, callbacks=[keras.callbacks.ModelCheckpoint(tmp_path / "model.keras")])

    def test_log_dir_that_cannot_be_a_folder(self, tmp_path):
        (tmp_path / "file").touch()
        with pytest.raises(OSError, match=r"log_dir='.*file.logs' cannot be made a folder"):
            make(log_dir=tmp_path / "file" / "logs").fit(X)


class TestEarlyStoppingOnOtherData:
    def test_the_present_weights_are_to_be_beaten_on_the_present_data(self):
        embedder = make(early_stopping=True).fit(X * 0.1)
        before, best = dict(embedder.weights_), min(embedder.history_["val_loss"])
        embedder.set_params(warm_start=True, max_epochs=8).fit(X)
        assert min(embedder.history_["val_loss"][3:]) > best
        assert any((embedder.weights_[name] != before[name]).any() for name in before)

    def test_silence_alone_cannot_be_validated_on(self):
        with pytest.raises(ValueError, match=r"held out for early_stopping are silent.*validation_fraction"):
            make(early_stopping=True, mask_silence=True).fit(np.full_like(X, -1))


def test_long_sequences_are_looked_at_in_smaller_batches(fitted):
    assert fitted._batch_rows(5) == 128
    assert fitted._batch_rows(2**12) == 4
    assert fitted._batch_rows(2**20) == 1


class TestFiniteness:
    X = np.random.default_rng(0).uniform(-1, 1, (6, 4, 3)).astype(np.float32)

    def test_weights_after_the_last_update(self):
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, learning_rate=1e30, max_epochs=1, random_state=0)
        with pytest.raises(TrainingError, match=r"a weight became .*e\+29 in epoch 1.*lower `learning_rate`"):
            embedder.fit(self.X)
        assert not [name for name in vars(embedder) if name.endswith("_")]

    def test_what_was_learned_before_is_kept(self):
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=2, warm_start=True, random_state=0)
        embedder.fit(self.X).set_params(learning_rate=1e30)
        before = embedder.transform(self.X)
        for method in ("partial_fit", "fit"):
            with pytest.raises(TrainingError, match="in epoch 3"):
                getattr(embedder, method)(self.X)
            assert embedder.n_iter_ == 2 and len(embedder.history_["loss"]) == 2
            np.testing.assert_array_equal(embedder.transform(self.X), before)

    def test_input_too_large_to_compute_with(self):
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=0, random_state=0).fit(self.X)
        X = self.X.copy()
        X[4] *= 1e30
        assert np.isfinite(embedder.transform(X)).all()
        for method in (embedder.score, embedder.reconstruction_error):
            with pytest.raises(ValueError, match=r"gives NaN or infinity for 1 of 6 rows.* row 4: .*too large"):
                method(X)

    def test_weights_that_are_not_finite(self):
        """As a checkpoint of another program may hold them."""
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=0, random_state=0).fit(self.X)
        embedder.weights_ = {name: np.full_like(values, np.nan) for name, values in embedder.weights_.items()}
        for method in (embedder.transform, embedder.reconstruct, embedder.score):
            with pytest.raises(ValueError, match="the weights .* are not finite: .*lower learning_rate"):
                method(self.X)
