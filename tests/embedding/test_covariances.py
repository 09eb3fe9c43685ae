"""Covariances of states are those that StatisticsPooling gives of the outputs of layers, and go where embedders go."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone

from skaudeep import (
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    StatisticsPooling,
)
from skaudeep._engine import borrow
from skaudeep._training import split_rows
from skaudeep.embedding import BaseEmbedder

WINDOWS = {"window_width": 3, "window_overlap": 1}
COVARIANCES = {"output": "states", "statistics": ("covariance", "max"), "n_components": 2, "random_state": 0}
RAGGED = [np.random.default_rng(i).uniform(-1, 1, (1 + i % 5, 6)).astype(np.float32) for i in range(9)]


class Convolutions(BaseEmbedder):
    """Encodes, and learns nothing."""

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import EncoderNetwork

        return EncoderNetwork(config)


EMBEDDERS = [
    Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=3, max_epochs=1, **COVARIANCES),
    FrequencyAutoencoderEmbedder(n_layers=1, n_units=3, max_epochs=1, **WINDOWS, **COVARIANCES),
    FrequencyTimeAutoencoderEmbedder(frequency_n_units=2, time_n_units=3, max_epochs=0, **WINDOWS, **COVARIANCES),
    Convolutions(conv_channels=(2, 3), conv_strides=(2, 2), n_bands=2, n_units=3, max_epochs=0, **COVARIANCES),
]


def outputs_of_layers(embedder, X):
    """For each layer a list of its outputs for each sequence, which goes through the network alone."""
    by_sequence = []
    with borrow(embedder._config, embedder._build_network, embedder.weights_) as network:
        for x in X:
            layers = network.layer_outputs(np.array(x)[:, None], None)
            by_sequence.append([output.numpy()[:, 0] for output, _ in layers])
    return zip(*by_sequence, strict=True)


@pytest.mark.parametrize("embedder", EMBEDDERS, ids=lambda embedder: type(embedder).__name__)
def test_of_every_layer(embedder):
    embedder = clone(embedder).fit(RAGGED)
    covariances, largest = [], []
    for outputs in outputs_of_layers(embedder, RAGGED):
        pooling = StatisticsPooling(statistics=("covariance",), n_components=2)
        covariances.append(pooling.fit_transform(outputs))
        largest.append(StatisticsPooling(statistics=("max",)).fit_transform(outputs))
    features = embedder.transform(RAGGED)
    np.testing.assert_allclose(features, np.concatenate([*covariances, *largest], axis=1), rtol=1e-3, atol=2e-3)
    assert len(embedder.get_feature_names_out()) == features.shape[1]
    alone = [embedder.transform([x])[0] for x in RAGGED]
    np.testing.assert_allclose(alone, features, rtol=1e-3, atol=2e-3)


def make(**parameters):
    defaults = {"n_layers": 1, "n_units": 3, "max_epochs": 2, "batch_size": 4}
    return Seq2SeqAutoencoderEmbedder(**(defaults | COVARIANCES | parameters))


def test_they_go_through_files(tmp_path):
    embedder = make().fit(RAGGED)
    expected = embedder.transform(RAGGED)
    embedder.save(tmp_path / "embedder.skaudeep")
    copies = [pickle.loads(pickle.dumps(embedder)), Seq2SeqAutoencoderEmbedder.load(tmp_path / "embedder.skaudeep")]
    for copy in copies:
        np.testing.assert_array_equal(copy.transform(RAGGED), expected)


def test_they_have_to_be_asked_for_at_fit():
    embedder = make(statistics=("mean",)).fit(RAGGED)
    weights = embedder.weights_
    embedder.set_params(statistics=("mean", "covariance"))
    for use in (embedder.transform, lambda X: embedder.get_feature_names_out()):
        with pytest.raises(ValueError, match="statistics=.* were not asked for then; fit again; with warm_start=True"):
            use(RAGGED)
    embedder.set_params(warm_start=True, max_epochs=0).fit(RAGGED)
    assert embedder.weights_ is weights
    np.testing.assert_allclose(
        embedder.transform(RAGGED)[:, 3:], make(statistics=("covariance",)).fit(RAGGED).transform(RAGGED), rtol=1e-5
    )


def test_other_bands_than_at_fit():
    embedder = clone(EMBEDDERS[3]).fit(RAGGED).set_params(n_bands=1)
    with pytest.raises(ValueError, match="n_bands=1: .* learned at fit for 13 values of each step, not 8; fit again"):
        embedder.transform(RAGGED)
    # the first map has 3 features of 2 channels, the second one 2 of 3
    assert embedder.set_params(statistics=("mean",)).transform(RAGGED).shape == (9, 8)


def test_partial_fit_learns_them_of_the_present_weights():
    embedder = make().fit(RAGGED)
    before = embedder._directions
    embedder.partial_fit(RAGGED[:4])
    expected = embedder.transform(RAGGED)
    again = embedder.set_params(warm_start=True, max_epochs=0).fit(RAGGED[:4])
    np.testing.assert_allclose(again.transform(RAGGED), expected, rtol=1e-5, atol=1e-5)
    assert not np.allclose(again._directions[0].mean, before[0].mean)


def test_after_every_epoch_and_from_a_checkpoint(tmp_path):
    features = []
    embedder = make(checkpoint_dir=tmp_path).fit(RAGGED, after_epoch=lambda e: features.append(e.transform(RAGGED)))
    assert not np.allclose(features[0], features[1])
    np.testing.assert_allclose(embedder.transform(RAGGED), features[1], rtol=1e-5, atol=1e-5)
    found = make(checkpoint_dir=tmp_path, n_components=1).fit(RAGGED)  # nothing is left to train
    assert found.history_ == embedder.history_
    assert found._directions[0].components.shape == (1, 3)


def test_held_out_sequences_do_not_count():
    embedder = make(early_stopping=True, validation_fraction=0.5).fit(RAGGED)
    training, _ = split_rows(embedder, len(RAGGED), embedder._training_state.seed)
    (outputs,) = outputs_of_layers(embedder, [RAGGED[row] for row in training])
    assert len(outputs) < len(RAGGED)
    np.testing.assert_allclose(embedder._directions[0].mean, np.concatenate(outputs).mean(axis=0), atol=1e-6)
