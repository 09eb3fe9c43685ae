"""What all three embedders promise, each of them held to it: ragged sequences, decoding, losses, statistics."""

import os
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.base import clone
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV, KFold

from skaudeep import FrequencyAutoencoderEmbedder, FrequencyTimeAutoencoderEmbedder, Seq2SeqAutoencoderEmbedder

WINDOWS = {"window_width": 3, "window_overlap": 1}
BIDIRECTIONAL = ("bidirectional_encoder", "bidirectional_decoder")
KINDS = {
    "time": (Seq2SeqAutoencoderEmbedder, {"n_units": 3}),
    "frequency": (FrequencyAutoencoderEmbedder, {**WINDOWS, "n_units": 3}),
    "frequency-time": (FrequencyTimeAutoencoderEmbedder, {**WINDOWS, "frequency_n_units": 3, "time_n_units": 4}),
}
MAX_LENGTH = 6
#: sequences of every length, several of each
POOL = [np.random.default_rng(i).uniform(-1, 1, (1 + i % MAX_LENGTH, 6)).astype(np.float32) for i in range(24)]
X = np.stack([POOL[i] for i in range(5, 24, MAX_LENGTH)])  # of equal length


def make(kind, *, deep=False, bidirectional=False, **parameters):
    """Make a tiny embedder; `bidirectional` concerns all of its encoders and decoders.

    Most time goes into tracing, which takes longer the more layers there are: `deep`, of two layers over time or over
    the windows of frames, is for tests of what layers do to each other.
    """
    embedder, defaults = KINDS[kind]
    names = embedder().get_params()
    if bidirectional:
        parameters |= {name: True for name in names if name.endswith(BIDIRECTIONAL)}
    n_layers = {name: 2 if deep and name != "frequency_n_layers" else 1 for name in names if name.endswith("n_layers")}
    common = {"max_epochs": 2, "learning_rate": 0.05, "random_state": 0, "batch_size": 4}
    return embedder(**(common | defaults | n_layers | parameters))


@pytest.fixture(scope="module", params=KINDS)
def kind(request):
    return request.param


@pytest.fixture(scope="module", params=["gru, deep", "lstm, bidirectional"])
def embedder(request, kind):
    cell, _, form = request.param.partition(", ")
    return make(kind, cell=cell, **{form: True}).fit(POOL)


@pytest.fixture(scope="module")
def alone(embedder):
    """What every sequence of the pool gives by itself."""
    return {
        "transform": [embedder.transform([x])[0] for x in POOL],
        "reconstruct": [embedder.reconstruct([x])[0] for x in POOL],
        "states": [clone_as_states(embedder).transform([x])[0] for x in POOL],
        "reconstruction_error": [embedder.reconstruction_error([x])[0] for x in POOL],
    }


def tell_apart(embedder):
    """Let no two weights of a fitted embedder be alike, so that none can stand for another."""
    rng = np.random.default_rng(0)
    weights = embedder.weights_.items()
    embedder.weights_ = {name: (w + rng.normal(0, 0.1, w.shape)).astype(np.float32) for name, w in weights}
    return embedder


def clone_as_states(embedder):
    """The same fitted embedder with the other output."""
    return pickle.loads(pickle.dumps(embedder)).set_params(output="states")


class TestRagged:
    @settings(max_examples=15, deadline=None)
    @given(st.lists(st.integers(0, len(POOL) - 1), min_size=1, max_size=12), st.integers(1, 5))
    def test_a_sequence_is_the_same_in_any_company(self, embedder, alone, rows, batch_size):
        chosen = pickle.loads(pickle.dumps(embedder)).set_params(batch_size=batch_size)
        X = [POOL[row] for row in rows]
        results = {name: getattr(chosen, name)(X) for name in ("transform", "reconstruct", "reconstruction_error")} | {
            "states": clone_as_states(embedder).transform(X)
        }
        for name, values in results.items():
            assert len(values) == len(rows)
            for row, value in zip(rows, values, strict=True):
                np.testing.assert_allclose(value, alone[name][row], atol=1e-6, err_msg=name)

    @settings(max_examples=10, deadline=None)
    @given(st.permutations(range(len(POOL))), st.integers(0, 5))
    def test_neither_order_nor_padding_matters(self, embedder, alone, order, n_padding):
        from skaudeep._engine import borrow

        lengths = np.array([len(POOL[row]) for row in order], np.int32)
        padded = np.zeros((len(order), MAX_LENGTH + n_padding, 6), np.float32)
        for place, row in zip(padded, order, strict=True):
            place[: len(POOL[row])] = POOL[row]
        with borrow(embedder._config, embedder._build_network, embedder.weights_) as network:
            z, reconstructed = network.encode(padded, lengths).numpy(), network.reconstruct(padded, lengths).numpy()
        for row, length, a, b in zip(order, lengths, z, reconstructed, strict=True):
            expected = alone["transform"][row]
            np.testing.assert_allclose(a[:length] if a.ndim == 2 else a, expected, atol=1e-6)
            np.testing.assert_allclose(b[:length], alone["reconstruct"][row], atol=1e-6)
            assert not b[length:].any()

    @pytest.mark.parametrize("n_steps", [1, 2])
    def test_shortest_sequences(self, kind, n_steps):
        X = np.random.default_rng(0).uniform(-1, 1, (5, n_steps, 6))
        embedder = make(kind).fit(X)
        assert np.isfinite(embedder.loss_)
        assert embedder.reconstruct(X).shape == X.shape
        assert np.isfinite(clone_as_states(embedder).transform(X)).all()

    def test_traces_and_memory_do_not_grow_with_the_number_of_lengths(self, kind, monkeypatch):
        from skaudeep import _engine

        traced, trace = [], _engine.NetworkMixin._trace

        def count(self, key, function, signature):
            traced.append(key)
            return trace(self, key, function, signature)

        def memory():
            with open("/proc/self/statm") as file:
                return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

        if not os.path.exists("/proc/self/statm"):
            pytest.skip("needs /proc to read the memory of the process")
        monkeypatch.setattr(_engine.NetworkMixin, "_trace", count)
        rng = np.random.default_rng(0)
        embedder = make(kind, max_epochs=1, batch_size=3, random_state=1).fit(POOL)
        for i in range(30):
            ragged = [rng.uniform(-1, 1, (n, 6)).astype(np.float32) for n in rng.integers(1, 40, 4)]
            embedder.partial_fit(ragged)
            embedder.transform(ragged)
            embedder.reconstruct(ragged)
            if i == 9:
                n_traced, before = len(traced), memory()
        assert len(traced) == n_traced <= 3
        assert memory() - before < 20e6


def feed_previous(kind):
    return [name for name in make(kind).get_params() if name.endswith("feed_previous_prob")]


class TestTraining:
    # what is masked concerns the loss, and not what is inside
    @pytest.mark.parametrize(
        ("architecture", "mask_silence"), [("reset before", False), ("lstm, bidirectional", True)], ids=["gru", "lstm"]
    )
    def test_gradients_are_those_of_stock_keras_layers_on_each_sequence_alone(
        self, kind, architecture, mask_silence, monkeypatch
    ):
        import tensorflow as tf

        from skaudeep.embedding.networks import _recurrent

        monkeypatch.setattr(_recurrent, "MIN_UNITS_TO_HALVE", 1)
        X = [np.where(x < -0.7, np.float32(-1), x) for x in (POOL[5], POOL[0], POOL[1], POOL[4])]
        lengths = np.array([len(x) for x in X], np.int32)
        assert len(set(lengths)) == len(X) and all((x == -1).any() for x in X[:1])
        padded = np.zeros((len(X), MAX_LENGTH, 6), np.float32)
        for place, x in zip(padded, X, strict=True):
            place[: len(x)] = x
        start = make(
            kind,
            deep=True,
            max_epochs=0,
            dropout=0,
            mask_silence=mask_silence,
            **({"reset_after": False} if architecture == "reset before" else {"cell": "lstm", "bidirectional": True}),
        ).fit(X)
        tell_apart(start)
        network = start._build_network(start._config)
        network.load_weights_dict(start.weights_)
        network.prepare_training(0.01)
        rates, seed = np.zeros(0, np.float32), np.zeros(2, np.int32)
        loss = float(network.train_batch(padded, lengths, np.arange(len(X)), rates, 1e9, 0.0, seed)["loss"])
        _, autoencoder = start.to_keras()
        variables = {
            f"{layer.name.replace('-', '.')}.{v.name}": v for layer in autoencoder.layers for v in layer.weights
        }
        with tf.GradientTape() as tape:
            counted = [(x != -1) | (not mask_silence) for x in X]
            errors = [tf.square(x - autoencoder(x[None])[0]) * real for x, real in zip(X, counted, strict=True)]
            expected = tf.sqrt(tf.add_n([tf.reduce_sum(e) for e in errors]) / sum(real.sum() for real in counted))
        assert loss == pytest.approx(float(expected), abs=1e-6)
        gradients = tape.gradient(expected, [v.value for v in variables.values()])
        moments = {k: m for k, m in network.read_optimizer().items() if k.endswith("_momentum")}
        for name, gradient in zip(variables, gradients, strict=True):
            (found,) = [10 * m for k, m in moments.items() if k.endswith(f"_{name}_momentum")]
            np.testing.assert_allclose(found, gradient, atol=1e-6 + 1e-4 * np.abs(gradient).max(), err_msg=name)

    def test_steps_are_those_of_adam_on_stock_keras_layers(self, kind):
        import tensorflow as tf

        # without dropout, an epoch of one batch is one step of Adam on the whole data
        common = {"dropout": 0, "batch_size": len(X), "clip_value": 0.01, "learning_rate": 0.01}
        trained = make(kind, max_epochs=3, **common).fit(X)
        _, autoencoder = make(kind, max_epochs=0, **common).fit(X).to_keras()
        variables = {
            f"{layer.name.replace('-', '.')}.{v.name}": v for layer in autoencoder.layers for v in layer.weights
        }
        assert variables.keys() == trained.weights_.keys()
        moments = {name: [0, 0] for name in variables}
        for step in (1, 2, 3):
            with tf.GradientTape() as tape:
                loss = tf.sqrt(tf.reduce_mean(tf.square(X - autoencoder(X))))
            assert trained.history_["loss"][step - 1] == pytest.approx(float(loss), abs=1e-5)
            gradients = tape.gradient(loss, [v.value for v in variables.values()])
            for (name, variable), gradient in zip(variables.items(), gradients, strict=True):
                g = np.clip(gradient.numpy().astype(float), -0.01, 0.01)
                m, v = 0.9 * moments[name][0] + 0.1 * g, 0.999 * moments[name][1] + 0.001 * g**2
                moments[name] = [m, v]
                rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
                variable.assign(variable.value.numpy() - rate * m / (np.sqrt(v) + 1e-8))
        for name, variable in variables.items():
            # where a gradient is as small as its round-off, Adam's normalised step is too
            difference = np.abs(trained.weights_[name] - variable.value.numpy())
            assert np.mean(difference < 1e-4) > 0.98, name

    def test_slices_of_frames_add_up(self, monkeypatch):
        """A frequency network learns from slices what it learns from all frames at once."""
        from skaudeep.embedding.networks import _reconstruction

        def gradients(batch):
            network = _reconstruction.FrequencyAutoencoder(start._config)
            network.load_weights_dict(start.weights_)
            network.prepare_training(0.01)
            rates, seed = np.zeros(0, np.float32), np.zeros(2, np.int32)
            losses = network.train_batch(*batch, np.arange(len(X)), rates, 2.0, 0.0, seed)
            return {**losses, **network.read_optimizer()}

        start = make("frequency", dropout=0, max_epochs=0).fit(X)
        batches = (X, None), (X, np.array([6, 1, 3, 5], np.int32))
        whole = [gradients(batch) for batch in batches]
        monkeypatch.setattr(_reconstruction, "VALUES_OF_A_SLICE", 8 * 2 * 3)  # two steps of four sequences, 2 x 3 units
        for batch, expected in zip(batches, whole, strict=True):
            for name, value in gradients(batch).items():
                np.testing.assert_allclose(value, expected[name], atol=1e-6, err_msg=name)

    def test_it_lowers_the_loss(self, kind):
        embedder = make(kind, max_epochs=60, learning_rate=0.02, dropout=0).fit(X)
        assert -embedder.score(X) < 0.85 * embedder.history_["loss"][0]

    def test_a_seed_gives_the_same_bits(self, kind):
        noises = {name: 0.3 for name in make(kind).get_params() if name.endswith(("input_noise", "feed_previous_prob"))}
        one, other = (make(kind, **noises).fit(POOL) for _ in range(2))
        assert set(noises) | {"dropout"} == set(one._config.noises)
        for name, value in one.weights_.items():
            np.testing.assert_array_equal(value, other.weights_[name])
        different = make(kind, **(noises | {"random_state": 1})).fit(POOL)
        assert different.loss_ != one.loss_

    def test_warm_start_early_stopping_and_checkpoints(self, kind, tmp_path):
        at_once = make(kind, max_epochs=4).fit(POOL)
        resumed = make(kind, max_epochs=2, checkpoint_dir=tmp_path).fit(POOL)
        resumed = clone(resumed).set_params(max_epochs=4).fit(POOL)
        assert resumed.history_ == at_once.history_
        warm = make(kind, max_epochs=2, warm_start=True).fit(POOL).fit(POOL)
        assert warm.history_ == at_once.history_
        stopped = make(kind, early_stopping=True, n_iter_no_change=1, max_epochs=50, learning_rate=0.5).fit(POOL)
        assert len(stopped.history_["val_loss"]) == stopped.n_iter_ < 50


class TestNoise:
    """Everything random in training, drawn where it should be, one parameter at a time."""

    @staticmethod
    def loss(kind, X, record=None, seed=0, **parameters):
        """Loss of a training batch on weights that are always the same, and no update."""
        import tensorflow as tf

        from skaudeep.embedding.networks._recurrent import Noise

        class Recorded(Noise):
            def uniform(self, shape):
                if record is not None:
                    record.append(tuple(int(n) for n in shape))
                return super().uniform(shape)

        start = make(kind, max_epochs=0, **({"dropout": 0} | parameters)).fit(X)
        network = start._build_network(start._config)
        network.load_weights_dict(start.weights_)
        names = start._config.noises
        rates = tf.constant([getattr(start, name) for name in names], tf.float32)
        noise = Recorded(names, rates, tf.constant([seed, 0]))
        errors, n_bins = network._squared_errors(tf.transpose(X, [1, 0, 2]), None, noise)
        return float(np.sqrt(np.sum(errors) / np.sum(n_bins)))

    def test_every_parameter_matters_and_so_does_the_seed(self, kind):
        plain = self.loss(kind, X)
        names = [n for n in make(kind).get_params() if n.endswith(("input_noise", "feed_previous_prob"))]
        losses = {name: self.loss(kind, X, **{name: 0.5}) for name in ("dropout", *names)}
        assert len({round(loss, 6) for loss in [plain, *losses.values()]}) == len(losses) + 1
        for name, loss in losses.items():
            assert self.loss(kind, X, **{name: 0.5}) == loss != self.loss(kind, X, seed=1, **{name: 0.5})

    def test_dropout_falls_on_the_input_and_output_of_every_cell(self, kind):
        """One draw for an encoder's input, one between layers, for a decoder one on its output, all fresh each step."""
        shapes = []
        self.loss(kind, X, shapes, dropout=0.5, deep=True)
        n_frames, windows = len(X) * MAX_LENGTH, 2  # frames come in two halves, the sequences of 3 or 4 units do not
        frame = (windows, n_frames // 2)
        time = (MAX_LENGTH, len(X))
        expected = {
            "time": [(*time, 6), (*time, 3), (*time, 6), (*time, 3), (*time, 3)],
            "frequency": [(*frame, 3)] * 2 * 5,
            "frequency-time": [(*frame, 3)] * 2 * 3 + [(*time, 3), (*time, 4), (*time, 3), (*time, 4), (*time, 4)],
        }
        assert sorted(shapes) == sorted(expected[kind])

    def test_noise_falls_on_whole_steps_of_the_recurrence_it_is_of(self):
        shapes = []
        self.loss("frequency-time", X, shapes, frequency_input_noise=0.5)
        assert shapes == [(2, len(X) * MAX_LENGTH // 2, 1)] * 2
        del shapes[:]
        self.loss("frequency-time", X, shapes, time_input_noise=0.5)
        assert shapes == [(MAX_LENGTH, len(X), 1)]

    def test_a_decoder_of_one_step_has_no_output_to_sample(self):
        """This tells the two decoders of a frequency-time network apart."""
        one_frame, one_window = X[:, :1], {"window_width": 6}
        for X_, parameters, unchanged, changed in (
            (one_frame, {}, "time", "frequency"),
            (X, one_window, "frequency", "time"),
        ):
            plain = self.loss("frequency-time", X_, **parameters)
            same = self.loss("frequency-time", X_, **parameters, **{f"{unchanged}_feed_previous_prob": 1.0})
            other = self.loss("frequency-time", X_, **parameters, **{f"{changed}_feed_previous_prob": 1.0})
            assert same == pytest.approx(plain, abs=1e-6)
            assert abs(other - plain) > 1e-4

    def test_every_slice_of_frames_has_its_own(self, monkeypatch):
        from skaudeep.embedding.networks import _reconstruction

        monkeypatch.setattr(_reconstruction, "VALUES_OF_A_SLICE", 2 * 2 * 3)  # two frames of 2 x 3 units
        start = make("frequency", max_epochs=0).fit(X)
        network = start._build_network(start._config)
        losses = []
        for n_frames in (2, 4):  # equal ones; with equal chance their losses would be equal too
            network.load_weights_dict(start.weights_)
            network.prepare_training(0.01)
            frames = np.tile(X[:1, :1], (1, n_frames, 1))
            rates, seed = np.array([0.5], np.float32), np.zeros(2, np.int32)
            losses.append(float(network.train_batch(frames, None, np.arange(1), rates, 2.0, 0.0, seed)["loss"]))
        assert losses[0] != pytest.approx(losses[1], abs=1e-6)


class TestLoss:
    def test_score_and_errors_count_real_bins_only(self, embedder):
        errors = [a - b for a, b in zip(POOL, embedder.reconstruct(POOL), strict=True)]
        each = [np.sqrt(np.mean(e**2)) for e in errors]
        assert embedder.score(POOL) == pytest.approx(-np.sqrt(np.mean(np.concatenate(errors) ** 2)), abs=1e-6)
        found = embedder.reconstruction_error(POOL)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, each, atol=1e-6)

    def test_silence_does_not_count_where_masked(self, kind):
        silent = [np.where(x < 0, np.float32(-1), x) for x in POOL] + [np.full((3, 6), -1, np.float32)]
        embedder = make(kind, mask_silence=True, max_epochs=0).fit(silent)
        errors = [(a - b)[a != -1] for a, b in zip(silent, embedder.reconstruct(silent), strict=True)]
        assert embedder.score(silent) == pytest.approx(-np.sqrt(np.mean(np.concatenate(errors) ** 2)), abs=1e-6)
        each = [np.sqrt(np.mean(e**2)) if len(e) else 0 for e in errors]
        np.testing.assert_allclose(embedder.reconstruction_error(silent), each, atol=1e-6)

    def test_anomalies_have_the_largest_errors(self, kind):
        steps = np.arange(MAX_LENGTH)[:, None] + np.arange(6)
        rng = np.random.default_rng(0)
        usual = [0.7 * np.sin(steps + rng.uniform(0, 6)) for _ in range(24)]
        embedder = make(kind, max_epochs=80, learning_rate=0.03, dropout=0, batch_size=24).fit(np.stack(usual))
        strange = rng.choice([-0.9, 0.9], (3, MAX_LENGTH, 6))
        errors = embedder.reconstruction_error(np.concatenate([usual, strange]))
        assert set(np.argsort(errors)[-3:]) == {24, 25, 26}

    @pytest.mark.parametrize("search", ["grid", "halving"])
    def test_searches_over_an_embedder_alone(self, kind, search):
        grid = {"learning_rate": [1e-6, 0.03]}
        embedder = make(kind, max_epochs=15, dropout=0)
        data, folds = np.concatenate([X] * 4), KFold(2, shuffle=True, random_state=0)
        if search == "grid":
            found = GridSearchCV(embedder, grid, cv=folds).fit(data)
        else:
            found = HalvingGridSearchCV(
                embedder, grid, cv=folds, resource="max_epochs", min_resources=4, max_resources=16, random_state=0
            ).fit(data)
        assert found.best_params_["learning_rate"] == 0.03
        assert found.best_score_ < 0
        assert found.score(data) == pytest.approx(found.best_estimator_.score(data))


class TestDecoding:
    def test_free_running_is_what_the_representation_alone_gives(self, kind):
        embedder = make(kind).fit(POOL)
        z = embedder.transform(X)
        generated = embedder.inverse_transform(z) if kind == "frequency" else embedder.inverse_transform(z, MAX_LENGTH)
        np.testing.assert_allclose(embedder.reconstruct(X, free_running=True), generated, atol=1e-6)
        ragged = embedder.reconstruct(POOL, free_running=True)
        for x, together in zip(POOL, ragged, strict=True):
            z = embedder.transform([x])
            generated = embedder.inverse_transform(z) if kind == "frequency" else embedder.inverse_transform(z, len(x))
            np.testing.assert_allclose(together, generated[0], atol=1e-6)
        assert np.abs(embedder.reconstruct(X) - embedder.reconstruct(X, free_running=True)).max() > 1e-3

    def test_training_with_its_own_outputs_is_free_running(self, kind):
        """With probability one and no dropout, the loss is that of free-running reconstructions."""
        own = dict.fromkeys(feed_previous(kind), 1.0)
        start = make(kind, dropout=0, max_epochs=0).fit(X)
        expected = np.sqrt(np.mean((X - start.reconstruct(X, free_running=True)) ** 2))
        trained = make(kind, dropout=0, max_epochs=1, batch_size=len(X), **own).fit(X)
        assert trained.loss_ == pytest.approx(expected, abs=1e-6)

    def test_a_bidirectional_decoder_cannot(self, kind):
        for parameter in (name for name in make(kind).get_params() if name.endswith("bidirectional_decoder")):
            embedder = make(kind, max_epochs=0, **{parameter: True}).fit(X)
            z = embedder.transform(X)
            with pytest.raises(ValueError, match=rf"reconstruct\(X, free_running=True\) needs.* \({parameter}=False\)"):
                embedder.reconstruct(X, free_running=True)
            with pytest.raises(ValueError, match=rf"inverse_transform needs.* \({parameter}=False\).*backward half"):
                embedder.inverse_transform(z, 5)


def last_outputs(weights, prefix, n_layers, x):
    """Last outputs of every layer of stock GRU layers that hold some of an embedder's weights, and all outputs."""
    import keras

    last, every = [], []
    for layer in range(n_layers):
        values = [weights[f"{prefix}.forward.{layer}.{name}"] for name in ("kernel", "recurrent_kernel", "bias")]
        stock = keras.layers.GRU(values[1].shape[0], return_sequences=True)
        stock.build(x.shape)
        stock.set_weights(values)
        x = stock(x).numpy()
        last.append(x[:, -1])
        every.append(x)
    return last, every


def pooled(h):
    delta = np.abs(np.diff(h, axis=0)).mean(axis=0) if len(h) > 1 else np.zeros(h.shape[1])
    return np.stack([h.mean(axis=0), h.std(axis=0), h.max(axis=0), h.min(axis=0), delta])


@pytest.mark.parametrize("kind", ["frequency", "frequency-time"])
def test_states_are_statistics_of_every_encoder_layer(kind):
    embedder = tell_apart(make(kind, deep=True, output="states", max_epochs=0).fit(POOL))
    prefix, n_layers = ("encoder", 2) if kind == "frequency" else ("frequency_encoder", 1)
    for x, features in zip(POOL[:6], embedder.transform(POOL[:6]), strict=True):
        windows = np.stack([x[:, start : start + 3] for start in (0, 2)], axis=1)  # (T, windows, width)
        frames, _ = last_outputs(embedder.weights_, prefix, n_layers, windows)
        if kind == "frequency-time":
            _, over_time = last_outputs(embedder.weights_, "time_encoder", 2, np.concatenate(frames, axis=-1)[None])
            frames = [*frames, *(h[0] for h in over_time)]
        np.testing.assert_allclose(features, pooled(np.concatenate(frames, axis=-1)).ravel(), atol=1e-6)


class TestEmbeddingsOfFrames:
    """What a frequency autoencoder spells may be an array, a table, or sequences one by one."""

    @pytest.fixture(scope="class")
    @classmethod
    def frames(cls):
        return make("frequency").fit(POOL)

    def test_forms(self, frames):
        z = frames.transform(X)
        expected = frames.inverse_transform(z)
        assert expected.shape == X.shape
        for form in (z.tolist(), list(z), np.array([*z, None], object)[:-1]):
            np.testing.assert_allclose(frames.inverse_transform(form), expected, atol=1e-6)
        np.testing.assert_allclose(frames.inverse_transform(z[0]), expected[0], atol=1e-6)
        np.testing.assert_allclose(frames.inverse_transform(z, n_steps=MAX_LENGTH), expected, atol=1e-6)

    @pytest.mark.parametrize("n_steps", [-1, 50, "7"])
    def test_other_lengths_than_those_of_the_embeddings(self, frames, n_steps):
        with pytest.raises(ValueError, match="n_steps=.*6 frames per sequence"):
            frames.inverse_transform(frames.transform(X), n_steps)

    @pytest.mark.parametrize("Z", [None, np.zeros((2, 5)), [[1.0], [1.0, 2.0]]], ids=["none", "size", "torn"])
    def test_something_else(self, frames, Z):
        with pytest.raises(ValueError, match=r"Z has shape .*; expected \(n, T, 3\) or \(n, 3\)"):
            frames.inverse_transform(Z)

    def test_frames_one_by_one_are_a_table(self, frames):
        table = X[:, 0]
        expected = frames.transform(table)
        assert expected.shape == (len(X), 3)
        for form in (list(table), np.array([*table, None], object)[:-1]):
            np.testing.assert_array_equal(frames.transform(form), expected)
        with pytest.raises(ValueError, match="different numbers of features"):
            frames.transform([table[0], table[1][:4]])


@pytest.mark.parametrize("kind", ["frequency", "frequency-time"])
@pytest.mark.parametrize(
    ("windows", "message"),
    [
        ((7, 1), "window_width=7 is more than a frame of X has .n_features = 6"),
        ((3, 3), "window_overlap=3 must be less"),
    ],
)
def test_windows_that_cannot_be(kind, windows, message):
    with pytest.raises(ValueError, match=message):
        make(kind, window_width=windows[0], window_overlap=windows[1]).fit(X)


def test_sequences_of_numbers_have_no_windows():
    with pytest.raises(ValueError, match=r"X of two dimensions is \(n, T\).*window_width=3"):
        make("frequency-time").fit(X[:, :, 0])
