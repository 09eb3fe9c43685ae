"""Exported models of stock Keras layers give the estimator's numbers."""

import itertools

import numpy as np
import pytest

from skaudeep import Seq2SeqAutoencoderEmbedder

X = np.random.default_rng(1).uniform(-1, 1, (9, 6, 3)).astype(np.float32)


@pytest.fixture(
    scope="module",
    params=itertools.product([("gru", True), ("gru", False), ("lstm", True)], [False, True], [False, True]),
    ids=str,
)
def embedder(request):
    (cell, reset_after), encoder, decoder = request.param
    embedder = Seq2SeqAutoencoderEmbedder(
        n_layers=2,
        n_units=3,
        cell=cell,
        reset_after=reset_after,
        bidirectional_encoder=encoder,
        bidirectional_decoder=decoder,
        max_epochs=2,
        learning_rate=0.05,
        random_state=0,
    )
    return embedder.fit(X)


def test_equal_to_transform_and_reconstruct(embedder):
    encoder, autoencoder = embedder.to_keras()
    assert encoder.output_shape[-1] == embedder.embedding_dim_
    for data in (X, X[:2, :1], np.tile(X, (1, 3, 1))):  # any length
        np.testing.assert_allclose(encoder(data), embedder.transform(data), atol=1e-5)
        np.testing.assert_allclose(autoencoder(data), embedder.reconstruct(data), atol=1e-5)


def test_only_stock_layers(embedder):
    import keras

    for model in embedder.to_keras():
        assert all(type(layer).__module__.startswith("keras.") for layer in model.layers)
        assert not any(isinstance(layer, keras.layers.Lambda) for layer in model.layers)


def test_saved_models_open_again(embedder, tmp_path):
    import keras

    _, autoencoder = embedder.to_keras()
    autoencoder.save(tmp_path / "autoencoder.keras")
    loaded = keras.models.load_model(tmp_path / "autoencoder.keras")
    np.testing.assert_allclose(loaded(X), autoencoder(X), atol=1e-7)
