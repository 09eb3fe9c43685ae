"""``output="frames"``: what the last layer of an encoder says of each frame, against Keras, NumPy and other outputs."""

import copy

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone

import skaudeep
from skaudeep import (
    ContrastiveEmbedder,
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    StatisticsPooling,
)

X = np.random.default_rng(0).uniform(-1, 1, (5, 13, 6)).astype(np.float32)
LENGTHS = (13, 5, 1, 8, 9)
RAGGED = [x[:length] for x, length in zip(X, LENGTHS, strict=True)]
WINDOWS = {"window_width": 3, "window_overlap": 1}
COMMON = {"output": "frames", "max_epochs": 0, "random_state": 0}
EMBEDDERS = {
    "time": Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=3, **COMMON),
    "time, both directions": Seq2SeqAutoencoderEmbedder(
        n_layers=2, n_units=3, cell="lstm", bidirectional_encoder=True, **COMMON
    ),
    "frequency": FrequencyAutoencoderEmbedder(n_layers=2, n_units=3, bidirectional_encoder=True, **WINDOWS, **COMMON),
    "frequency-time": FrequencyTimeAutoencoderEmbedder(
        frequency_n_units=2, time_n_units=3, time_bidirectional_encoder=True, **WINDOWS, **COMMON
    ),
    "contrastive": ContrastiveEmbedder(
        conv_channels=(2, 3),
        conv_strides=((2, 1), (2, 2)),
        projection_dim=4,
        n_units=3,
        bidirectional_encoder=True,
        crop_length=6,
        **COMMON,
    ),
    "convolutions alone": ContrastiveEmbedder(
        conv_channels=(2, 3), conv_strides=((2, 1), (2, 2)), projection_dim=0, n_layers=0, crop_length=6, **COMMON
    ),
}
#: numbers of a frame: units of the last layer in all directions; of convolutions the channels of what features are left
SIZES = dict(zip(EMBEDDERS, (3, 6, 6, 6, 6, 9), strict=True))
WITHOUT_STRIDES = [name for name in EMBEDDERS if name not in ("contrastive", "convolutions alone")]


@pytest.fixture(scope="module")
def fitted():
    return {name: clone(embedder).fit(X) for name, embedder in EMBEDDERS.items()}


@pytest.mark.parametrize("name", EMBEDDERS)
def test_every_frame_has_a_vector(name, fitted):
    embedder = fitted[name]
    frames = embedder.transform(X)
    assert frames.shape == (*X.shape[:2], SIZES[name]) and frames.dtype == np.float32
    assert len(embedder.get_feature_names_out()) == SIZES[name]
    representation = copy.copy(embedder).set_params(output="bottleneck").transform(X)
    assert embedder.embedding_dim_ == representation.shape[-1]


@pytest.mark.parametrize("name", EMBEDDERS)
def test_frames_depend_neither_on_neighbours_nor_on_padding(name, fitted):
    together = fitted[name].transform(RAGGED)
    assert together.dtype == object and together.shape == (5,)
    for sequence, frames in zip(RAGGED, together, strict=True):
        assert frames.shape == (len(sequence), SIZES[name]) and frames.dtype == np.float32
        np.testing.assert_allclose(fitted[name].transform(sequence[None])[0], frames, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", WITHOUT_STRIDES)
def test_statistics_of_frames_are_those_of_the_last_layer_among_the_states(name, fitted):
    embedder = fitted[name]
    pooled = StatisticsPooling().fit_transform(embedder.transform(RAGGED))
    states = copy.copy(embedder).set_params(output="states")
    of_layers = np.split(states.transform(RAGGED), 5, axis=1)
    expected = np.hstack([values[:, -SIZES[name] :] for values in of_layers])
    np.testing.assert_allclose(pooled, expected, rtol=1e-4, atol=1e-5)


def test_they_are_the_sequences_of_stock_layers_of_keras(fitted):
    import keras

    embedder = fitted["time, both directions"]
    outputs = []
    for direction in ("forward", "backward"):
        x = X if direction == "forward" else X[:, ::-1]
        for layer in (0, 1):
            stock = keras.layers.LSTM(3, return_sequences=True)
            stock.build((None, None, x.shape[2]))
            prefix = f"encoder.{direction}.{layer}"
            stock.set_weights([embedder.weights_[f"{prefix}.{n}"] for n in ("kernel", "recurrent_kernel", "bias")])
            x = np.asarray(stock(x))
        outputs.append(x if direction == "forward" else x[:, ::-1])
    np.testing.assert_allclose(embedder.transform(X), np.concatenate(outputs, axis=-1), atol=1e-6)


def test_the_last_real_frame_is_the_state_that_is_represented():
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, **COMMON).fit(X)
    last = np.stack([frames[-1] for frames in embedder.transform(RAGGED)])
    expected = np.tanh(last @ embedder.weights_["representation.kernel"] + embedder.weights_["representation.bias"])
    np.testing.assert_allclose(embedder.set_params(output="bottleneck").transform(RAGGED), expected, atol=1e-6)


def test_alignment_in_time():
    """What happens at a frame shows around that frame: outputs 4 frames apart, each of 3 frames to either side."""
    x = np.zeros((1, 41, 6), np.float32)
    embedder = clone(EMBEDDERS["convolutions alone"]).fit(np.concatenate([x, x + 1]))
    silence = embedder.transform(x)[0]
    for at in (0, 16, 17, 18, 19, 20, 40):
        click = x.copy()
        click[0, at] = 1
        touched = np.flatnonzero(np.abs(embedder.transform(click)[0] - silence).max(axis=1) > 1e-6)
        outputs = [k for k in range(11) if abs(4 * k - at) <= 3]
        nearest = np.abs(np.arange(41)[:, None] - 4 * np.arange(11)).argmin(axis=1)
        np.testing.assert_array_equal(touched, np.flatnonzero(np.isin(nearest, outputs)))
        assert at in touched


@pytest.mark.parametrize("name", ["time", "contrastive"])
def test_lazy_arrays(name, fitted, tmp_path):
    array = pytest.importorskip("dask.array")
    memmap = np.memmap(tmp_path / "x", np.float32, "w+", shape=X.shape)
    memmap[:] = X
    for lazy in (memmap, array.from_array(X, chunks=(2, 13, 6))):
        np.testing.assert_allclose(fitted[name].transform(lazy), fitted[name].transform(X), atol=1e-6)


def test_sequences_of_numbers_and_tables_of_frames(fitted):
    numbers = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, **COMMON).fit(X[:, :, 0])
    assert numbers.transform(X[:, :, 0]).shape == (5, 13, 2)
    frames = fitted["frequency"]
    np.testing.assert_allclose(frames.transform(X[0]), frames.transform(X)[0], atol=1e-6)


def test_containers(fitted):
    embedder = copy.copy(fitted["time"]).set_output(transform="pandas")
    expected = fitted["time"].transform(X)
    np.testing.assert_array_equal(embedder.transform(X), expected)
    series = embedder.transform(pd.Series(list(X), index=list("abcde")))
    assert series.index.tolist() == list("abcde")
    np.testing.assert_array_equal(np.stack(list(series)), expected)
    table = StatisticsPooling(statistics=("mean",)).set_output(transform="pandas").fit_transform(series)
    assert table.index.tolist() == list("abcde") and table.shape == (5, 3)
    # other outputs are tables, also of what has no names
    table = embedder.set_params(output="bottleneck").transform(X)
    assert table.columns.tolist() == embedder.get_feature_names_out().tolist() and len(table) == 5


def test_files(fitted, tmp_path):
    for name in ("time", "contrastive"):
        fitted[name].save(tmp_path / "embedder")
        np.testing.assert_array_equal(skaudeep.load(tmp_path / "embedder").transform(X), fitted[name].transform(X))


def test_it_can_be_asked_for_after_the_fit(fitted):
    embedder = clone(EMBEDDERS["time"]).set_params(output="states", statistics=("covariance",)).fit(X)
    np.testing.assert_array_equal(embedder.set_params(output="frames").transform(X), fitted["time"].transform(X))
