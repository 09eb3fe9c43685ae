"""The time-recurrent autoencoder against stock Keras layers and NumPy."""

import itertools

import numpy as np
import pytest

from skaudeep import Seq2SeqAutoencoderEmbedder

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


def test_states_are_statistics_of_every_encoder_layer():
    import keras

    rng = np.random.default_rng(3)
    ragged = [rng.uniform(-1, 1, (n, 2)).astype(np.float32) for n in (5, 1, 3)]
    embedder = make(bidirectional_encoder=True, output="states", max_epochs=1).fit(ragged)
    encoder, _ = embedder.to_keras()
    layers = [f"encoder-{direction}-{layer}" for layer in (0, 1) for direction in ("forward", "backward")]
    stock = keras.Model(encoder.input, [encoder.get_layer(name).output[0] for name in layers])
    for sequence, features in zip(ragged, embedder.transform(ragged), strict=True):
        h = np.concatenate(stock(sequence[None]), axis=-1)[0]
        delta = np.abs(np.diff(h, axis=0)).mean(axis=0) if len(h) > 1 else np.zeros(12)
        expected = [h.mean(axis=0), h.std(axis=0), h.max(axis=0), h.min(axis=0), delta]
        np.testing.assert_allclose(features, np.concatenate(expected), atol=1e-6)
    everything = embedder.transform(ragged)
    chosen = embedder.set_params(statistics=("delta", "mean")).transform(ragged)
    np.testing.assert_array_equal(chosen, np.c_[everything[:, 48:], everything[:, :12]])


class TestLoss:
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
    assert "feed_previous_prob" in stepwise._config.noises and not fused._config.noises
    assert stepwise.loss_ == pytest.approx(fused.loss_, abs=1e-6)


class TestInverseTransform:
    def test_shapes(self, X):
        embedder = make().fit(X)
        assert embedder.inverse_transform(embedder.transform(X), 11).shape == (9, 11, 3)
        numbers = make().fit(X[:, :, 0])
        assert numbers.inverse_transform(numbers.transform(X[:, :, 0]), 4).shape == (9, 4)

    @pytest.mark.parametrize("n_steps", [0, 2.5, None])
    def test_wrong_lengths(self, X, n_steps):
        embedder = make(max_epochs=0).fit(X)
        with pytest.raises(ValueError, match="n_steps"):
            embedder.inverse_transform(embedder.transform(X), n_steps)

    def test_wrong_embeddings(self, X):
        embedder = make(max_epochs=0).fit(X)
        with pytest.raises(ValueError, match=r"Z has shape \(2, 5\); expected \(n, 6\)"):
            embedder.inverse_transform(np.zeros((2, 5)), 3)
