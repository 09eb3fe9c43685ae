"""The convolutional stem against SciPy, and that lengths are exact with it."""

import numpy as np
import pytest
from scipy.signal import correlate

from skaudeep.embedding import BaseEmbedder, EncoderConfig

X = np.random.default_rng(0).uniform(-1, 1, (5, 12, 6)).astype(np.float32)


def build(config):
    from skaudeep.embedding.networks import EncoderNetwork

    return EncoderNetwork(config)


class Embedder(BaseEmbedder):
    """Encodes, and learns nothing."""

    _build_network = staticmethod(build)


def make(**parameters):
    defaults = {"n_units": 3, "embedding_dim": 4, "conv_channels": (2, 3), "max_epochs": 0, "random_state": 0}
    return Embedder(**(defaults | parameters))


@pytest.mark.parametrize("strides", [(1, 1), (1, 2), (2, 2), (3, 1)])
def test_it_is_a_convolution_with_batch_normalisation(strides):
    embedder = make(n_layers=0, conv_channels=(2,), conv_kernel=(3, 2), conv_strides=strides).fit(X)
    kernel = embedder.weights_["convolution.0.kernel"].astype(np.float64)
    maps = []
    for x in X.astype(np.float64):
        padded = np.pad(x, [(1, 1), (0, 1)])
        channels = [correlate(padded, kernel[:, :, 0, c], "valid")[:: strides[0], :: strides[1]] for c in range(2)]
        maps.append(np.stack(channels, axis=-1))
    values = np.array(maps)
    values = (values - values.mean(axis=(0, 1, 2))) / np.sqrt(values.var(axis=(0, 1, 2)) + 1e-3)
    states = np.maximum(values, 0).reshape(len(X), values.shape[1], -1).mean(axis=1)
    expected = np.tanh(states @ embedder.weights_["representation.kernel"])
    np.testing.assert_allclose(embedder.transform(X), expected, atol=1e-5)


@pytest.mark.parametrize("output", ["bottleneck", "states"])
@pytest.mark.parametrize("parameters", [{}, {"conv_strides": (2, 2)}, {"n_layers": 0, "conv_strides": (3, 2)}])
def test_a_sequence_gives_the_same_alone_and_among_longer_ones(parameters, output):
    embedder = make(output=output, **parameters).fit(X)
    ragged = [x[:length] for x, length in zip(X, [12, 5, 1, 7, 2], strict=True)]
    together = embedder.transform(ragged)
    for row, x in zip(together, ragged, strict=True):
        np.testing.assert_allclose(embedder.transform(x[None])[0], row, rtol=1e-4, atol=1e-5)


def mean_maps(embedder, sizes):
    """Means over time of the map of each convolution, (n, features, channels), out of means of all states."""
    means = embedder.set_params(output="states", statistics=("mean",), n_bands=99).transform(X)
    parts = np.split(means, np.cumsum([size * channels for size, channels in sizes]), axis=1)
    return [part.reshape(len(X), *size) for part, size in zip(parts, sizes, strict=False)], parts[-1]


@pytest.mark.parametrize("n_layers", [0, 1])
@pytest.mark.parametrize(("strides", "sizes"), [((2, 1), [(6, 2), (6, 3)]), ((1, 2), [(3, 2), (2, 3)])])
def test_states_are_those_of_every_map_in_bands(n_layers, strides, sizes):
    embedder = make(n_layers=n_layers, conv_strides=strides, n_units=3).fit(X)
    maps, recurrent = mean_maps(embedder, sizes)
    assert recurrent.shape == (5, 3 * n_layers)
    for n_bands in (1, 2, 4, 6):
        expected = []
        for values in maps:
            parts = np.array_split(values, min(n_bands, values.shape[1]), axis=1)
            expected += [part.mean(axis=1) for part in parts]
        states = embedder.set_params(n_bands=n_bands).transform(X)
        np.testing.assert_allclose(states, np.concatenate([*expected, recurrent], axis=1), atol=1e-6)
        assert len(embedder.get_feature_names_out()) == states.shape[1]


@pytest.mark.parametrize("sizes", [[(3, 2)], [(3, 2), (2, 3)]])
def test_the_last_map_is_what_is_represented(sizes):
    embedder = make(n_layers=0, conv_channels=[channels for _, channels in sizes]).fit(X)
    represented = embedder.transform(X)
    maps, _ = mean_maps(embedder, sizes)
    kernel = embedder.weights_["representation.kernel"]
    np.testing.assert_allclose(np.tanh(maps[-1].reshape(len(X), -1) @ kernel), represented, atol=1e-5)


def test_an_encoder_needs_layers():
    with pytest.raises(ValueError, match="n_layers=0 and conv_channels=()"):
        make(n_layers=0, conv_channels=()).fit(X)
    assert EncoderConfig.__name__ == type(make().fit(X)._config).__name__
