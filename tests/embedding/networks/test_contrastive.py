"""Contrastive losses and views against NumPy."""

import numpy as np
import pytest

from skaudeep.embedding import ContrastiveEmbedder

X = np.random.default_rng(0).uniform(-1, 1, (6, 12, 5)).astype(np.float32)
SMALL = {"conv_channels": (2, 3), "conv_strides": (1, 2), "projection_dim": 4, "n_units": 3, "head_dim": 4}
QUIET = dict.fromkeys(ContrastiveEmbedder._noise_parameters, 0.0)


@pytest.fixture(scope="module")
def tf():
    from skaudeep._engine import start_tensorflow

    start_tensorflow()
    import tensorflow

    return tensorflow


def make_network(tf, **parameters):
    from skaudeep.embedding.networks import ContrastiveNetwork

    embedder = ContrastiveEmbedder(max_epochs=0, random_state=0, **(SMALL | QUIET | parameters)).fit(X)
    network = ContrastiveNetwork(embedder._config)
    network.load_weights_dict(embedder.weights_)
    return network


def make_noise(tf, **rates):
    from skaudeep.embedding.networks._recurrent import Noise

    values = tf.constant([float(value) for value in rates.values()], tf.float32)
    return Noise(tuple(rates), values, tf.constant([3, 5]), tf.range(len(X)))


def cross_entropy(similarities, right, temperature):
    logits = similarities.astype(np.float64) / temperature
    return np.mean(np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(right)), right])


def test_instance_classification_is_softmax_of_cosines_with_learned_vectors(tf):
    network = make_network(tf, objective="instance", temperature=0.3, crop_length=100)
    x = tf.transpose(X, [1, 0, 2])
    z = network.represent(x, None, make_noise(tf)).numpy() @ network.parameters["head.kernel"].numpy()
    vectors = network.parameters["instances.kernel"].numpy()
    cosines = z @ vectors.T / np.linalg.norm(z, axis=1)[:, None] / np.linalg.norm(vectors, axis=1)
    losses = network.objective(x, None, make_noise(tf))
    np.testing.assert_allclose(losses["loss"], cross_entropy(cosines, np.arange(6), 0.3), rtol=1e-4)
    np.testing.assert_allclose(losses["accuracy"], np.mean(cosines.argmax(axis=1) == np.arange(6)))


def test_nt_xent_is_softmax_of_cosines_with_all_other_views(tf):
    rates = {"max_gain": 0.5, "noise": 0.1}
    network = make_network(tf, objective="nt_xent", temperature=0.5, crop_length=8, **rates)
    x = tf.transpose(X, [1, 0, 2])
    noise = make_noise(tf, **rates)
    views = [network.make_view(x, None, noise.part(number))[0] for number in range(2)]
    z = network.represent(tf.concat(views, 1), None, noise).numpy()
    heads = z @ network.parameters["head.kernel"].numpy()
    heads /= np.linalg.norm(heads, axis=1)[:, None]
    cosines = heads @ heads.T
    np.fill_diagonal(cosines, -np.inf)
    partners = np.roll(np.arange(12), 6)
    losses = network.objective(x, None, make_noise(tf, **rates))
    np.testing.assert_allclose(losses["loss"], cross_entropy(cosines, partners, 0.5), rtol=1e-4)
    np.testing.assert_allclose(losses["accuracy"], np.mean(cosines.argmax(axis=1) == partners))


def test_views_are_changed_as_the_parameters_say(tf):
    x = tf.transpose(X, [1, 0, 2])
    network = make_network(tf, crop_length=100)
    view, mask = network.make_view(x, None, make_noise(tf))
    np.testing.assert_array_equal(view, x)
    assert mask is None
    for name in ContrastiveEmbedder._noise_parameters:
        if name == "dropout":  # of the encoder
            continue
        changed, _ = network.make_view(x, None, make_noise(tf, **{name: 0.5}))
        assert changed.shape == x.shape and not np.allclose(changed, x), name
        assert changed.numpy().min() >= -1 and changed.numpy().max() <= 1


@pytest.mark.parametrize("objective", ["instance", "nt_xent"])
def test_equal_lengths_learn_the_same_with_a_mask_and_without(tf, objective):
    rates = {"max_gain": 0.5, "max_time_stretch": 0.3, "max_time_mask": 0.2}
    x = tf.transpose(X, [1, 0, 2])
    found = []
    for mask in (None, tf.ones([12, 6, 1])):
        network = make_network(tf, objective=objective, crop_length=8, **rates)
        network.prepare_training(1e-3)
        losses, gradients = network.losses_and_gradients(x, mask, make_noise(tf, **rates))
        moments = [network.parameters[f"convolution.0.{name}"].numpy() for name in ("mean", "variance")]
        found.append([losses["loss"].numpy(), *moments, *(g.numpy() for g in gradients.values() if g is not None)])
    for without, with_mask in zip(*found, strict=True):
        np.testing.assert_allclose(without, with_mask, rtol=1e-3, atol=1e-4)


def test_views_are_crops_of_the_real_steps(tf):
    network = make_network(tf, crop_length=4)
    lengths = np.array([12, 3, 4, 5, 1, 12])
    real = (np.arange(12)[:, None] < lengths)[:, :, None].astype(np.float32)
    view, mask = network.make_view(tf.transpose(X, [1, 0, 2]) * real, tf.constant(real), make_noise(tf))
    np.testing.assert_array_equal(mask.numpy().sum(axis=(0, 2)), np.minimum(lengths, 4))
    for row, length in enumerate(lengths):
        n_steps = min(length, 4)
        parts = [X[row, start : start + n_steps] for start in range(length - n_steps + 1)]
        assert any(np.array_equal(view[:n_steps, row], part) for part in parts)
        assert not view.numpy()[n_steps:, row].any()
