"""A fitted network as models of stock Keras layers, for use without skaudeep."""

import functools
import itertools
import typing

import keras
import numpy as np

from skaudeep.embedding._config import (
    ContrastiveConfig,
    EncoderConfig,
    FrequencyConfig,
    FrequencyTimeConfig,
    TimeConfig,
)
from skaudeep.embedding._statistics import FORMULAS, average_bands
from skaudeep.embedding.networks._convolution import EPSILON, SHARE_OF_BATCH

#: what the names of layers of batch normalisation end in; what is before it is the name of their convolution
_NORMALISATION = "-normalisation"
#: weights that have other names in Keras
_NAMES = {"gamma": "scale", "beta": "offset", "moving_mean": "mean", "moving_variance": "variance"}


def to_keras(config, weights, statistics=(), *, frames=False):
    """Build the encoder of a network and, if it has a decoder, the autoencoder.

    Layers are called like the weights that they hold, with a hyphen for each dot, which Keras on PyTorch refuses (batch
    normalisation like its convolution, with "-normalisation" behind), and are float32 whatever Keras's global dtype
    policy. Keras's global settings and all global generators of random numbers are left alone.

    Parameters
    ----------
    config : NetworkConfig
        Architecture.
    weights : dict of str to ndarray
        Weights by name.
    statistics : sequence of str, default=()
        Names of statistics over time of the outputs of all layers, which the encoder gives in the place of the
        representation.
    frames : bool, default=False
        Whether it gives the outputs of the last layer for each step in that place.

    Returns
    -------
    encoder : keras.Model
        From (n, T, F) to (n, embedding_dim), or for a frequency-recurrent network to (n, T, embedding_dim), or to
        statistics (n, D), or to (n, T, n_outputs) for `frames`; for any n and T, all sequences of a batch being of one
        length. It shares its layers with the autoencoder.
    autoencoder : keras.Model or None
        From (n, T, F) to (n, T, F); None where there is no decoder.
    """
    x = keras.Input((None, config.n_features), dtype="float32", name="sequence")
    found = _connect(config, _Layers(config), x)
    encoded = found.representation
    if statistics:
        encoded = _pool(found.states, statistics)
    elif frames:
        encoded = _repeat(found.last, x, config.time_stride)
    encoder = keras.Model(x, encoded, name="encoder")
    autoencoder = None if found.reconstruction is None else keras.Model(x, found.reconstruction, name="autoencoder")
    for model in (encoder, autoencoder):
        if model is None:
            continue
        for layer in model.layers:
            layer.set_weights([weights[_name(layer, weight)] for weight in layer.weights])
        model(keras.ops.zeros((1, 1, config.n_features), "float32"))  # Keras writes no ONNX of what was never called
    return encoder, autoencoder


def _name(layer, weight):
    """Name of a weight here."""
    return f"{layer.name.removesuffix(_NORMALISATION).replace('-', '.')}.{_NAMES.get(weight.name, weight.name)}"


def _pool(states, statistics):
    """Statistics over time of outputs of layers, (n, T', n_outputs): the first one of all layers, then the second."""
    time_major = [keras.ops.transpose(output, (1, 0, 2)) for output in states]
    pooled = []
    for name in statistics:
        for output in time_major:
            pooled.append(FORMULAS[name](keras.ops, output, keras.ops.ones_like(output[:, :, :1])))
    return _join(pooled)


def _repeat(last, x, stride):
    """Give each step of x, (n, T, F), what is nearest to it of something for each multiple of a stride."""
    if stride == 1:
        return last
    ones = keras.ops.ones_like(x[:, :, 0], dtype="int32")
    steps = keras.ops.cumsum(ones, axis=1) - 1
    n_last = (keras.ops.sum(ones, axis=1, keepdims=True) - 1) // stride
    nearest = keras.ops.minimum((steps + (stride - 1) // 2) // stride, n_last)
    before = (keras.ops.cumsum(ones, axis=0) - 1) * (n_last + 1)
    return keras.ops.take(keras.ops.reshape(last, (-1, last.shape[-1])), before + nearest, axis=0)


# --- the networks: from sequences (n, T, F) to what they make of them ---


class _Found(typing.NamedTuple):
    """What the networks make of sequences."""

    states: list  # outputs of all layers of the encoder, (n, T', n)
    last: typing.Any  # outputs of the last one, both directions side by side, likewise
    representation: typing.Any
    reconstruction: typing.Any = None


@functools.singledispatch
def _connect(config, layers, x):
    raise NotImplementedError(f"no stock Keras layers are known for the network of a {type(config).__name__}")


@_connect.register
def _(config: EncoderConfig, layers, x):
    states, last, state = _run_layers(config, layers, x)
    # without a recurrent stack the mean over time is represented
    z = layers.dense("representation", keras.ops.mean(last, axis=1) if state is None else state)
    return _Found(states, last, z)


@_connect.register
def _(config: ContrastiveConfig, layers, x):
    states, last, _ = _run_layers(config, layers, x)
    return _Found(states, last, _join([keras.ops.mean(last, axis=1), keras.ops.max(last, axis=1)]))


def _run_layers(config, layers, x):
    """Outputs of all layers and of the last one, (n, T', n_outputs), and the final state if there is a recurrence."""
    x, states = layers.convolve(x)
    if config.projects:
        x = layers.normalise(layers.dense("projection", x, activation=None))
        states = [*states, x]
    if not config.n_layers:
        return states, x, None
    state, by_layer, _ = layers.encode(config.encoder, x)
    return [*states, *by_layer], _join_last(config.encoder, by_layer), state


def _join_last(stacks, by_layer):
    """Outputs of the last layer of an encoder, both directions side by side."""
    return _join(by_layer[-len(stacks.directions) :])


@_connect.register
def _(config: TimeConfig, layers, x):
    state, states, _ = layers.encode(config.encoder, x)
    z = layers.dense("representation", state)
    reconstruction = layers.dense("reconstruction", layers.decode(config.decoder, z, x))
    return _Found(states, _join_last(config.encoder, states), z, reconstruction)


@_connect.register
def _(config: FrequencyConfig, layers, x):
    windows = _windows(config, x)
    state, _, last = layers.encode(config.encoder, windows)
    z = layers.dense("representation", state)
    states = [_unflatten(rows, x) for rows in last]
    reconstruction = _unflatten(_decode_frames(config.decoder, layers, z, windows), x)
    return _Found(states, _join_last(config.encoder, states), _unflatten(z, x), reconstruction)


@_connect.register
def _(config: FrequencyTimeConfig, layers, x):
    windows = _windows(config, x)
    of_frames, _, last = layers.encode(config.frequency_encoder, windows)
    frames = _unflatten(of_frames, x)
    state, states, _ = layers.encode(config.time_encoder, frames)
    states = [*(_unflatten(rows, x) for rows in last), *states]
    z = layers.dense("representation", state)
    decoded = layers.dense("frequency_state", layers.decode(config.time_decoder, z, frames))
    rows = keras.ops.reshape(decoded, (-1, decoded.shape[-1]))
    reconstruction = _unflatten(_decode_frames(config.frequency_decoder, layers, rows, windows), x)
    return _Found(states, _join_last(config.time_encoder, states), z, reconstruction)


def _decode_frames(stacks, layers, state, windows):
    """Frames from their state vectors and, for teacher forcing, their windows."""
    windows = layers.decode(stacks, state, windows)
    return layers.dense("reconstruction", keras.ops.reshape(windows, (-1, windows.shape[1] * windows.shape[2])))


def _windows(config, x):
    """Overlapping windows of all frames: (n, T, F) -> (n * T, W, width)."""
    features = np.add.outer(config.window_starts, np.arange(config.window_width))
    return keras.ops.reshape(keras.ops.take(x, features, axis=-1), (-1, *features.shape))


def _unflatten(rows, x):
    """Rows of frames by sequence, (n * T, m) -> (n, T, m).

    A saved reshape knows no sizes that are not known when it is saved: n and T are counted here.
    """
    ones = keras.ops.ones_like(x[:, :, 0], dtype="int32")
    n_before, n_steps = keras.ops.cumsum(ones, axis=0) - 1, keras.ops.sum(ones, axis=1, keepdims=True)
    return keras.ops.take(rows, n_before * n_steps + keras.ops.cumsum(ones, axis=1) - 1, axis=0)


class _Layers:
    """What the networks are built of: stock Keras layers; tensors are (B, T, n): sequences, steps, features."""

    def __init__(self, config):
        self.config = config
        self._seeds = itertools.count()  # Keras would draw them with Python's global generator

    def convolve(self, x):
        """Convolutions over time and frequency; gives steps, and those of all maps in bands of frequency."""
        config, bands = self.config, []
        if not config.conv_channels:
            return x, bands
        x = keras.ops.expand_dims(x, -1)
        padding = tuple(((size - 1) // 2, size // 2) for size in config.conv_kernel)
        for layer, (n_channels, strides) in enumerate(zip(config.conv_channels, config.conv_strides, strict=True)):
            x = self._convolution(f"convolution-{layer}", x, n_channels, strides, padding)
            averaged = average_bands(keras.ops, x, config.n_bands)
            bands.append(self._as_steps(f"convolution-{layer}-bands", averaged))
        return self._as_steps("steps", x), bands

    def _as_steps(self, name, x):
        """Turn a map (B, T, F, C) into steps (B, T, F * C)."""
        return keras.layers.Reshape((-1, x.shape[2] * x.shape[3]), dtype="float32", name=name)(x)

    def _convolution(self, name, x, n_channels, strides, padding):
        """One convolution of a map (B, T, F, C), its batch normalisation and a ReLU."""
        common = {"data_format": "channels_last", "dtype": "float32"}
        x = keras.layers.ZeroPadding2D(padding, name=f"{name}-padding", **common)(x)
        kernel = keras.initializers.GlorotUniform(next(self._seeds))
        settings = {"strides": strides, "use_bias": False, "kernel_initializer": kernel, "name": name}
        x = keras.layers.Conv2D(n_channels, self.config.conv_kernel, **settings, **common)(x)
        x = keras.layers.BatchNormalization(
            momentum=1 - SHARE_OF_BATCH, epsilon=EPSILON, dtype="float32", name=f"{name}{_NORMALISATION}"
        )(x)
        return keras.ops.relu(x)

    def normalise(self, x):
        """Bring the values of each step to mean 0 and variance 1, and negative ones to 0."""
        layer = keras.layers.LayerNormalization(
            epsilon=EPSILON, center=False, scale=False, dtype="float32", name="projection-normalisation"
        )
        return keras.ops.relu(layer(x))

    def encode(self, stacks, x):
        """Encode sequences; gives their state vectors and, by layer and then direction, outputs and final outputs."""
        backwards = [direction == "backward" for direction in stacks.directions]
        inputs = [x] * len(stacks.directions)
        outputs, finals = self._run(stacks, inputs, [None] * len(inputs), backwards)
        by_layer = [output for of_layer in zip(*outputs, strict=True) for output in of_layer]
        cells = [cell for of_layer in zip(*finals, strict=True) for cell in of_layer]
        return _join([s for cell in cells for s in _other_order(cell)]), by_layer, [cell[0] for cell in cells]

    def decode(self, stacks, state, x):
        """Decode sequences from their end, teacher-forced; gives the outputs of all directions in the order of x."""
        quirky = self.config.audeep_decoder and stacks.projection is not None
        shift = 2 if quirky else 1
        true = keras.ops.concatenate([x[:, shift:], keras.ops.zeros_like(x[:, :shift])], axis=1)
        inputs = [true] * len(stacks.directions)
        if quirky and stacks.bidirectional:
            inputs[1] = keras.ops.concatenate([keras.ops.zeros_like(x[:, :1]), x[:, 1:]], axis=1)
        # what the decoder calls forward is backwards in time
        backwards = [direction == "forward" for direction in stacks.directions]
        of_layers, _ = self._run(stacks, inputs, self._split_state(stacks, state), backwards)
        outputs = [by_layer[-1] for by_layer in of_layers]
        if quirky and stacks.bidirectional:
            outputs[1] = keras.ops.flip(outputs[1], axis=1)
        if stacks.projection:
            layers = zip(stacks.projections, outputs, strict=True)
            outputs = [self.dense(layer, x, stacks.n_inputs) for layer, x in layers]
        return _join(outputs)

    def dense(self, name, x, n_outputs=None, activation="tanh"):
        """A dense layer; output projections are told their size."""
        units = self.config.denses[name][1] if n_outputs is None else n_outputs
        kernel = keras.initializers.GlorotUniform(next(self._seeds))
        return keras.layers.Dense(
            units, activation, kernel_initializer=kernel, dtype="float32", name=name.replace(".", "-")
        )(x)

    def _run(self, stacks, inputs, initial, backwards):
        """Outputs, in the order of the input, and final states, of each direction by layer."""
        runs = [
            self._stack(f"{stacks.name}-{direction}", stacks, *arguments)
            for direction, *arguments in zip(stacks.directions, inputs, initial, backwards, strict=True)
        ]
        return zip(*runs, strict=True)

    def _stack(self, prefix, stacks, x, initial, backwards):
        outputs, finals = [], []
        for layer in range(stacks.n_layers):
            # only the first layer turns the sequence round: the others read what comes out, already turned
            recurrent = self._recurrent(f"{prefix}-{layer}", stacks.n_units, backwards and layer == 0)
            x, *final = recurrent(x, initial_state=None if initial is None else initial[layer])
            outputs.append(keras.ops.flip(x, axis=1) if backwards else x)
            finals.append(final)
        return outputs, finals

    def _recurrent(self, name, n_units, go_backwards):
        settings = {
            "return_sequences": True,
            "return_state": True,
            "go_backwards": go_backwards,
            "kernel_initializer": keras.initializers.GlorotUniform(next(self._seeds)),
            "recurrent_initializer": keras.initializers.Orthogonal(seed=next(self._seeds)),
            "seed": next(self._seeds),
            # what cuDNN is traced into does not run on other machines
            "use_cudnn": False,
            "dtype": "float32",
            "name": name,
        }
        if self.config.cell == "lstm":
            return keras.layers.LSTM(n_units, **settings)
        return keras.layers.GRU(n_units, reset_after=self.config.reset_after, **settings)

    def _split_state(self, stacks, state):
        """Cut a state vector into initial states: one list of layers per direction."""
        n_directions, n_states = len(stacks.directions), stacks.n_states
        pieces = keras.ops.split(state, stacks.n_layers * n_directions * n_states, axis=-1)
        cells = [_other_order(pieces[i : i + n_states]) for i in range(0, len(pieces), n_states)]
        return [cells[direction::n_directions] for direction in range(n_directions)]


def _other_order(cell):
    """Keras has the LSTM's states as (h, c), a state vector as (c, h)."""
    return list(cell)[::-1]


def _join(tensors):
    return tensors[0] if len(tensors) == 1 else keras.ops.concatenate(tensors, axis=-1)
