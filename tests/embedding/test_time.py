"""The time-recurrent autoencoder against the original's golden files, stock Keras layers and NumPy."""

import itertools

import numpy as np
import pytest

from skaudeep import Seq2SeqAutoencoderEmbedder
from skaudeep._engine import borrow
from skaudeep.embedding._config import TimeConfig

ARCHITECTURES = [
    {"cell": cell, "reset_after": reset_after, "bidirectional_encoder": encoder, "bidirectional_decoder": decoder}
    for (cell, reset_after), encoder, decoder in itertools.product(
        [("gru", True), ("gru", False), ("lstm", True)], [False, True], [False, True]
    )
]


def name_of(architecture):
    directions = "".join("ub"[architecture[f"bidirectional_{part}"]] for part in ("encoder", "decoder"))
    return f"{architecture['cell']}-{'after' if architecture['reset_after'] else 'before'}-{directions}"


@pytest.fixture(scope="module")
def X():
    return np.random.default_rng(1).uniform(-1, 1, (9, 6, 3)).astype(np.float32)


def make(**parameters):
    defaults = {"n_layers": 2, "n_units": 3, "max_epochs": 2, "learning_rate": 0.05, "random_state": 0, "batch_size": 4}
    return Seq2SeqAutoencoderEmbedder(**(defaults | parameters))


def original_weights(reader):
    """Weights of the original's one-layer GRU checkpoint in the layout of ours."""

    def tensor(name):
        return reader.get_tensor(f"model/{name}")

    def cell(part, n_inputs):
        prefix = f"{part}/rnn_output_and_state/rnn/multi_rnn_cell/cell_0/gru_cell"
        gates, candidate = tensor(f"{prefix}/gates/kernel"), tensor(f"{prefix}/candidate/kernel")
        gate_bias, candidate_bias = tensor(f"{prefix}/gates/bias"), tensor(f"{prefix}/candidate/bias")

        def keras_order(gates, candidate):
            r, u = np.split(gates, 2, axis=-1)
            return np.concatenate([u, r, candidate], axis=-1)

        return {
            f"{part}.forward.0.kernel": keras_order(gates[:n_inputs], candidate[:n_inputs]),
            f"{part}.forward.0.recurrent_kernel": keras_order(gates[n_inputs:], candidate[n_inputs:]),
            f"{part}.forward.0.bias": keras_order(gate_bias, candidate_bias),
        }

    def dense(ours, theirs):
        return {f"{ours}.kernel": tensor(f"{theirs}/weights"), f"{ours}.bias": tensor(f"{theirs}/bias")}

    return {
        **cell("encoder", 128),
        **cell("decoder", 128),
        **dense("representation", "representation/linear"),
        **dense("feedback", "decoder/rnn_output_and_state"),
        **dense("reconstruction", "reconstruction/time_dist_linear/linear"),
    }


@pytest.fixture(scope="module")
def golden(shared):
    """The original's trained 1x32 network as config and weights, its input, and what it made of it."""
    import tensorflow as tf

    from skaudeep.io import read_netcdf

    reader = tf.train.load_checkpoint(str(shared / "reference/models/t-rae-gru/logs/model-12"))
    config = TimeConfig(
        n_features=128,
        n_layers=1,
        n_units=32,
        cell="gru",
        bidirectional_encoder=False,
        bidirectional_decoder=False,
        reset_after=False,
        feed_previous=True,
        dropout=False,
        input_noise=False,
        mask_silence=False,
    )
    spectrograms = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")["features"].values
    reference = dict(np.load(shared / "reference/models/t-rae-gru/reference.npz"))
    reference["representations"] = read_netcdf(shared / "reference/models/t-rae-gru/representation.nc")[
        "features"
    ].values
    return config, original_weights(reader), spectrograms, reference


class TestGoldenFiles:
    def test_representation(self, golden):
        config, weights, spectrograms, reference = golden
        with borrow(config, weights) as network:
            z = network.encode(spectrograms, None).numpy()
        np.testing.assert_allclose(z[:8], reference["rep_fp0"], atol=1e-5)
        np.testing.assert_allclose(z, reference["representations"], atol=1e-5)

    def test_reconstruction_by_a_decoder_that_hears_itself(self, golden):
        config, weights, _, reference = golden
        with borrow(config, weights) as network:
            generated = network.generate(reference["rep_fp1"], 124).numpy()
        # the original's is reversed in time, and time-major
        np.testing.assert_allclose(generated[:, ::-1].transpose(1, 0, 2), reference["reconstruction_fp1"], atol=1e-5)

    def test_loss_where_the_decoder_always_hears_itself(self, golden):
        config, weights, spectrograms, reference = golden
        with borrow(config, weights) as network:
            network.prepare_training(1e-3)
            rates, seed = np.array([0, 0, 1], np.float32), np.array([0, 0], np.int32)
            loss = network.train_batch(spectrograms[:8], None, rates, np.float32(2), seed)
        assert float(loss) == pytest.approx(float(reference["loss_fp1"]), abs=1e-6)


@pytest.mark.parametrize("architecture", ARCHITECTURES, ids=name_of)
def test_equal_to_stock_keras_layers(architecture, X):
    embedder = make(**architecture).fit(X)
    encoder, autoencoder = embedder.to_keras()
    np.testing.assert_allclose(encoder(X), embedder.transform(X), atol=1e-5)
    np.testing.assert_allclose(autoencoder(X), embedder.reconstruct(X), atol=1e-5)
    assert encoder.output_shape[-1] == embedder.embedding_dim_ == embedder.transform(X).shape[1]


@pytest.mark.parametrize("architecture", ARCHITECTURES[::3], ids=name_of)
def test_training_equal_to_adam_on_stock_keras_layers(architecture, X):
    import tensorflow as tf

    # without dropout, an epoch of one batch is one step of Adam on the whole data
    common = {"dropout": 0, "batch_size": len(X), "clip_value": 0.01, "learning_rate": 0.01, **architecture}
    trained = make(max_epochs=3, **common).fit(X)
    _, autoencoder = make(max_epochs=0, **common).fit(X).to_keras()
    variables = {f"{layer.name}.{v.name}": v for layer in autoencoder.layers for v in layer.weights}
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


@pytest.mark.parametrize("architecture", ARCHITECTURES[:4], ids=name_of)
def test_a_sequence_does_not_depend_on_its_neighbours(architecture, X):
    rng = np.random.default_rng(0)
    ragged = [x[: 1 + i % 6] for i, x in enumerate(X)]
    embedder = make(**architecture).fit(ragged)
    together, reconstructed = embedder.transform(ragged), embedder.reconstruct(ragged)
    for i, x in enumerate(ragged):
        np.testing.assert_allclose(embedder.transform(x[None]), together[i : i + 1], atol=1e-6)
        np.testing.assert_allclose(embedder.reconstruct(x[None])[0], reconstructed[i], atol=1e-6)
    order = rng.permutation(len(ragged))
    np.testing.assert_allclose(embedder.transform([ragged[i] for i in order]), together[order], atol=1e-6)


def test_states_are_statistics_of_every_encoder_layer():
    import keras

    rng = np.random.default_rng(3)
    ragged = [rng.uniform(-1, 1, (n, 2)).astype(np.float32) for n in (5, 1, 3)]
    embedder = make(bidirectional_encoder=True, output="states", max_epochs=1).fit(ragged)
    encoder, _ = embedder.to_keras()
    layers = [f"encoder.{direction}.{layer}" for layer in (0, 1) for direction in ("forward", "backward")]
    stock = keras.Model(encoder.input, [encoder.get_layer(name).output[0] for name in layers])
    for sequence, features in zip(ragged, embedder.transform(ragged), strict=True):
        h = np.concatenate(stock(sequence[None]), axis=-1)[0]
        delta = np.abs(np.diff(h, axis=0)).mean(axis=0) if len(h) > 1 else np.zeros(12)
        expected = [h.mean(axis=0), h.std(axis=0), h.max(axis=0), h.min(axis=0), delta]
        np.testing.assert_allclose(features, np.concatenate(expected), atol=1e-6)
    everything = embedder.transform(ragged)
    chosen = embedder.set_params(statistics=("delta", "mean")).transform(ragged)
    np.testing.assert_array_equal(chosen, np.c_[everything[:, 48:], everything[:, :12]])


@pytest.fixture(scope="module")
def ragged():
    rng = np.random.default_rng(5)
    return [rng.choice([-1, -0.5, 0.3], (n, 2)).astype(np.float32) for n in (7, 2, 1, 4)]


class TestLoss:
    def test_score_is_the_negative_rmse_over_real_bins(self, ragged):
        embedder = make(max_epochs=1).fit(ragged)
        errors = np.concatenate([a - b for a, b in zip(ragged, embedder.reconstruct(ragged), strict=True)])
        assert embedder.score(ragged) == pytest.approx(-np.sqrt(np.mean(errors**2)), abs=1e-6)

    def test_silence_does_not_count_where_masked(self, ragged):
        embedder = make(max_epochs=1, mask_silence=True).fit(ragged)
        X = np.concatenate(ragged)
        errors = (X - np.concatenate(embedder.reconstruct(ragged)))[X != -1]
        assert embedder.score(ragged) == pytest.approx(-np.sqrt(np.mean(errors**2)), abs=1e-6)

    def test_all_silent_data_have_no_loss(self):
        X = np.full((3, 4, 2), -1.0)
        embedder = make(mask_silence=True).fit(X)
        assert embedder.loss_ == pytest.approx(0, abs=1e-9)
        assert all(np.isfinite(w).all() for w in embedder.weights_.values())

    def test_batches_count_by_their_size(self, X):
        """Without learning, the epoch's loss is the same however the data are cut into batches."""
        losses = []
        for batch_size in (1, 4, 9):
            embedder = make(max_epochs=1, dropout=0, learning_rate=1e-30, batch_size=batch_size).fit(X)
            sequences = np.sqrt(np.mean((X - embedder.reconstruct(X)) ** 2, axis=(1, 2)))
            losses.append(embedder.loss_)
            if batch_size == 1:
                assert embedder.loss_ == pytest.approx(sequences.mean(), abs=1e-6)
        assert losses[2] == pytest.approx(-embedder.score(X), abs=1e-6)

    def test_training_lowers_it(self, X):
        embedder = make(n_units=16, max_epochs=60, learning_rate=0.01, dropout=0).fit(X)
        assert embedder.history_["loss"][-1] < 0.8 * embedder.history_["loss"][0]
        assert -embedder.score(X) < 0.8 * embedder.history_["loss"][0]


@pytest.fixture(scope="module")
def noise():
    from skaudeep.embedding._network import _Noise

    config = make(input_noise=0.3, feed_previous_prob=0.2)._make_config(3)
    return lambda seed: _Noise(config, np.array([0.25, 0.3, 0.2], np.float32), np.array([7, seed], np.int32))


class TestNoise:
    def test_dropout_keeps_the_mean_and_is_fresh_at_every_step(self, noise):
        x = np.ones((40, 30, 50), np.float32)
        for times in (1, 2):
            dropped = noise(0).dropout(x, times).numpy()
            keep = 0.75**times
            np.testing.assert_allclose(np.unique(dropped), [0, 1 / keep], rtol=1e-6)
            assert (dropped == 0).mean() == pytest.approx(1 - keep, abs=0.01)
            assert dropped.mean() == pytest.approx(1, abs=0.02)
            assert not (dropped[0] == dropped[1]).all()

    def test_input_noise_zeroes_whole_steps(self, noise):
        noisy = noise(0).input(np.ones((100, 50, 4), np.float32)).numpy()
        steps = noisy.all(axis=2)
        assert (steps == noisy.any(axis=2)).all()
        assert steps.mean() == pytest.approx(0.7, abs=0.03)

    def test_feeding_back_is_drawn_per_step_and_sequence(self, noise):
        feed = noise(0).feed(100, 50).numpy()
        assert feed.mean() == pytest.approx(0.2, abs=0.03)
        assert 0 < feed.mean(axis=(1, 2)).std() and 0 < feed.mean(axis=(0, 2)).std()

    def test_a_seed_gives_the_same_noise_and_another_seed_other_noise(self, noise):
        x = np.ones((5, 4, 3), np.float32)
        first, same, other = (noise(seed).dropout(x).numpy() for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert (first != other).any()


@pytest.mark.parametrize("architecture", [ARCHITECTURES[0], ARCHITECTURES[4], ARCHITECTURES[8]], ids=name_of)
def test_feeding_the_decoder_itself_is_what_generates(architecture, X):
    """With probability one and no dropout, the training loss is that of generated sequences."""
    embedder = make(dropout=0, feed_previous_prob=1.0, max_epochs=1, batch_size=len(X), **architecture)
    start = make(dropout=0, feed_previous_prob=1.0, max_epochs=0, **architecture).fit(X)
    generated = start.inverse_transform(start.transform(X), X.shape[1])
    assert embedder.fit(X).loss_ == pytest.approx(np.sqrt(np.mean((X - generated) ** 2)), abs=1e-6)


@pytest.mark.parametrize("architecture", [ARCHITECTURES[0], ARCHITECTURES[8]], ids=name_of)
def test_stepwise_training_equals_fused_training_where_the_decoder_never_hears_itself(architecture, X):
    ragged = [x[: 1 + i % 6] for i, x in enumerate(X)]
    common = {"dropout": 0, "max_epochs": 1, "batch_size": len(X), **architecture}
    fused = make(**common).fit(ragged)
    stepwise = make(feed_previous_prob=1e-9, **common).fit(ragged)
    assert stepwise._config.feed_previous and not fused._config.feed_previous
    assert stepwise.loss_ == pytest.approx(fused.loss_, abs=1e-6)


class TestInverseTransform:
    def test_shapes(self, X):
        embedder = make().fit(X)
        assert embedder.inverse_transform(embedder.transform(X), 11).shape == (9, 11, 3)
        numbers = make().fit(X[:, :, 0])
        assert numbers.inverse_transform(numbers.transform(X[:, :, 0]), 4).shape == (9, 4)

    def test_a_bidirectional_decoder_cannot(self, X):
        embedder = make(bidirectional_decoder=True, max_epochs=0).fit(X)
        with pytest.raises(ValueError, match="unidirectional decoder"):
            embedder.inverse_transform(embedder.transform(X), 5)

    @pytest.mark.parametrize("n_steps", [0, 2.5, None])
    def test_wrong_lengths(self, X, n_steps):
        embedder = make(max_epochs=0).fit(X)
        with pytest.raises(ValueError, match="n_steps"):
            embedder.inverse_transform(embedder.transform(X), n_steps)

    def test_wrong_embeddings(self, X):
        embedder = make(max_epochs=0).fit(X)
        with pytest.raises(ValueError, match=r"Z has shape \(2, 5\); expected \(n, 6\)"):
            embedder.inverse_transform(np.zeros((2, 5)), 3)
