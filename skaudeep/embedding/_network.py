"""The networks: architecture as a function of a frozen config, on top of the fused recurrences.

Tensors are batch-major at the border, ``(B, T, F)``, and time-major inside, ``(T, B, F)``.
"""

import keras
import numpy as np
import tensorflow as tf

from skaudeep._engine import NetworkMixin
from skaudeep.embedding._kernels import (
    GRUResetBefore,
    cell_kernel,
    multiply,
    project,
    recur,
    recur_on_gpu,
    reverse_steps,
    split_gates,
)

SEQUENCES = tf.TensorSpec([None, None, None], tf.float32)
LENGTHS = tf.TensorSpec([None], tf.int32)

#: below, a step costs as much for half the sequences as for all of them
MIN_UNITS_TO_HALVE = 128


def layer_shapes(config, prefix, n_inputs):
    """Shapes of one recurrent layer's weights, in the layout of the stock Keras layers."""
    n_gates, n_units = cell_kernel(config.cell, config.reset_after).n_gates, config.n_units
    two_biases = config.cell == "gru" and config.reset_after
    return {
        f"{prefix}.kernel": (n_inputs, n_gates * n_units),
        f"{prefix}.recurrent_kernel": (n_units, n_gates * n_units),
        f"{prefix}.bias": (2, n_gates * n_units) if two_biases else (n_gates * n_units,),
    }


def dense_shapes(prefix, n_inputs, n_outputs):
    """Shapes of a dense layer's weights."""
    return {f"{prefix}.kernel": (n_inputs, n_outputs), f"{prefix}.bias": (n_outputs,)}


def time_weight_shapes(config):
    """Shapes of all weights of a time-recurrent autoencoder, in the order in which they are initialised."""
    shapes = {}
    for part, directions in (("encoder", config.encoder_directions), ("decoder", config.decoder_directions)):
        for direction in directions:
            for layer in range(config.n_layers):
                n_inputs = config.n_units if layer else config.n_features
                shapes |= layer_shapes(config, f"{part}.{direction}.{layer}", n_inputs)
        if part == "encoder":
            shapes |= dense_shapes("representation", config.encoder_state_size, config.embedding_dim)
    n_outputs = len(config.decoder_directions) * config.n_units
    if not config.bidirectional_decoder:
        # what a decoder says is first brought to the size of its input, so that it can hear itself
        shapes |= dense_shapes("feedback", n_outputs, config.n_features)
        n_outputs = config.n_features
    return shapes | dense_shapes("reconstruction", n_outputs, config.n_features)


def initial_weights(config, seed):
    """Draw initial weights as stock Keras layers would: Glorot kernels, orthogonal recurrences, zero biases.

    The bias of the LSTM's forget gate is one.

    Returns
    -------
    dict of str to ndarray of float32
        By name; the same for the same `config` and `seed`.
    """
    random, weights = np.random.RandomState(seed), {}
    for name, shape in time_weight_shapes(config).items():
        weight_seed = int(random.randint(np.iinfo(np.int32).max))
        if name.endswith("recurrent_kernel"):
            value = keras.initializers.Orthogonal(seed=weight_seed)(shape)
        elif name.endswith("kernel"):
            value = keras.initializers.GlorotUniform(seed=weight_seed)(shape)
        else:
            value = np.zeros(shape, np.float32)
            if config.cell == "lstm" and ".bias" in name and name.split(".")[0] in ("encoder", "decoder"):
                value[config.n_units : 2 * config.n_units] = 1
        weights[name] = np.array(value, np.float32)
    return weights


class TimeAutoencoder(NetworkMixin, keras.Model):
    """Recurrent sequence-to-sequence autoencoder over time (t-rae)."""

    def __init__(self, config):
        super().__init__(name="time_autoencoder")
        self.config = config
        self.cell = cell_kernel(config.cell, config.reset_after)
        # what cuDNN cannot compute is fused on a GPU as well
        stock = self.cell is not GRUResetBefore and tf.config.list_logical_devices("GPU")
        self.recur = recur_on_gpu if stock else recur
        self.add_parameters(time_weight_shapes(config))

    # --- what the estimator calls: traced once for equal and once for ragged lengths ---

    def train_batch(self, x, lengths, rates, clip_value, seed):
        """One update of the weights; gives the batch's loss before it."""
        signature = (
            tf.TensorSpec([3], tf.float32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([2], tf.int32),
        )
        return self._call("train", self._train_batch, x, lengths, signature, rates, clip_value, seed)

    def evaluate_batch(self, x, lengths):
        """Sum of squared errors and number of bins, without dropout and noise."""
        return self._call("evaluate", self._squared_errors, x, lengths)

    def encode(self, x, lengths):
        """Representation of each sequence, (B, embedding_dim)."""
        return self._call("encode", self._representation, x, lengths)

    def state_statistics(self, x, lengths):
        """Mean, std, max, min and delta over time of the encoder's outputs, (5, B, layers * directions * units)."""
        return self._call("statistics", self._state_statistics, x, lengths)

    def reconstruct(self, x, lengths):
        """Teacher-forced reconstruction in the order of the input, (B, T, F)."""
        return self._call("reconstruct", self._reconstruct, x, lengths)

    def generate(self, z, n_steps):
        """What the decoder says on its own, from embeddings alone, in the order of the input, (B, T, F)."""
        signature = (tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32))
        return self.call_traced("generate", self._generate, signature, z, n_steps)

    def _call(self, name, function, x, lengths, signature=(), *arguments):
        if lengths is None:
            return self.call_traced(
                (name, "equal"),
                lambda x, *rest: function(self._time_major(x), None, *rest),
                (SEQUENCES, *signature),
                x,
                *arguments,
            )
        return self.call_traced(
            (name, "ragged"),
            lambda x, lengths, *rest: function(self._time_major(x), lengths, *rest),
            (SEQUENCES, LENGTHS, *signature),
            x,
            lengths,
            *arguments,
        )

    def _time_major(self, x):
        return tf.transpose(tf.ensure_shape(x, [None, None, self.config.n_features]), [1, 0, 2])

    # --- training ---

    def _train_batch(self, x, lengths, rates, clip_value, seed):
        with tf.GradientTape() as tape:
            errors, n_bins = self._squared_errors(x, lengths, _Noise(self.config, rates, seed))
            # the floor keeps the gradient of the root finite where a reconstruction is exact
            loss = tf.sqrt(tf.maximum(errors / n_bins, 1e-24))
        self.apply_gradients(tape, loss, clip_value)
        return loss

    def _squared_errors(self, x, lengths, noise=None):
        mask = _mask(x, lengths)
        z, _ = self._encode(x if noise is None else noise.input(x), mask, noise)
        outputs = self._decode(z, x, mask, noise)
        # again two cores: the halves in time
        halves = zip(*(_halves(values, axis=0) for values in (x, mask, *outputs)), strict=True)
        parts = [self._errors_of_part(*half) for half in halves]
        errors, n_bins = (tf.add_n(terms) for terms in zip(*parts, strict=True))
        return errors, tf.maximum(n_bins, 1)

    def _errors_of_part(self, x, mask, *outputs):
        errors = tf.math.squared_difference(x, self._project_outputs(outputs))
        weight = mask
        if self.config.mask_silence:
            heard = tf.cast(x != -1, tf.float32)
            weight = heard if mask is None else heard * mask
        if weight is None:
            return tf.reduce_sum(errors), tf.cast(tf.size(x), tf.float32)
        return tf.reduce_sum(errors * weight), tf.reduce_sum(tf.broadcast_to(weight, tf.shape(x)))

    # --- encoder ---

    def _representation(self, x, lengths):
        return self._encode(x, _mask(x, lengths))[0]

    def _encode(self, x, mask, noise=None):
        """Representation, and the outputs of all layers (by layer, then direction) in the order of the input."""
        zeros = tf.zeros([tf.shape(x)[1], self.config.n_units])
        initial = [[(zeros,) * self.cell.n_states] * self.config.n_layers] * len(self.config.encoder_directions)
        outputs, finals = self._stacks("encoder", x, initial, mask, noise)
        z = tf.tanh(self._dense("representation", _state_vector(finals)))
        return z, [layers[i] for i in range(self.config.n_layers) for layers in outputs]

    def _state_statistics(self, x, lengths):
        mask = _mask(x, lengths)
        _, outputs = self._encode(x, mask)
        return tf.concat([_statistics(h, mask) for h in outputs], axis=-1)

    # --- decoder ---

    def _decode(self, z, x, mask, noise=None):
        """Outputs of the decoder, which is told the representation and, from the end of x on, the step after each."""
        expected = tf.concat([x[1:], tf.zeros_like(x[:1])], axis=0)
        initial = self._split_state(z)
        if noise is not None and self.config.feed_previous:
            expected = reverse_steps(expected, mask)
            outputs = self._step_by_step(initial[0], tf.shape(x)[0], expected, mask, noise)
            return [reverse_steps(outputs, mask)]
        outputs, _ = self._stacks("decoder", expected, initial, mask, noise)
        return [layers[-1] if noise is None else noise.dropout(layers[-1]) for layers in outputs]

    def _project_outputs(self, outputs):
        """From the decoder's outputs, by direction, to the reconstruction."""
        if not self.config.bidirectional_decoder:
            outputs = [tf.tanh(project(outputs[0], *self._weights("feedback")))]
        kernel, bias = self._weights("reconstruction")
        first, *others = tf.split(kernel, len(outputs))  # which saves a copy of both directions side by side
        return tf.tanh(tf.add_n([project(outputs[0], first, bias), *map(multiply, outputs[1:], others)]))

    def _reconstruct(self, x, lengths):
        mask = _mask(x, lengths)
        z, _ = self._encode(x, mask)
        reconstruction = self._project_outputs(self._decode(z, x, mask))
        return tf.transpose(reconstruction if mask is None else reconstruction * mask, [1, 0, 2])

    def _generate(self, z, n_steps):
        z.set_shape([None, self.config.embedding_dim])
        outputs = self._step_by_step(self._split_state(z)[0], n_steps)
        return tf.transpose(tf.reverse(self._project_outputs([outputs]), [0]), [1, 0, 2])

    def _step_by_step(self, states, n_steps, expected=None, mask=None, noise=None):
        """Run a unidirectional decoder that hears itself: always, or by chance per step where `noise` is given."""
        config = self.config
        n_sequences = tf.shape(states[0][0])[0]
        if noise is not None:
            hears_itself = noise.feed(n_steps, n_sequences)
            n_inputs = [config.n_features] + [config.n_units] * config.n_layers
            scales = noise.scales(n_steps, n_sequences, n_inputs)
        layers = [self._layer_weights(f"decoder.forward.{layer}") for layer in range(config.n_layers)]
        layers = [split_gates(self.cell, *weights) for weights in layers]

        def body(t, states, previous, outputs):
            x = tf.where(t > 0, tf.tanh(self._dense("feedback", previous)), tf.zeros([n_sequences, config.n_features]))
            if noise is not None:
                x = tf.where(hears_itself[t], x, expected[t]) * scales[0][t]
            new_states = []
            for layer, (inputs, recurrent) in enumerate(layers):
                gates = [x @ kernel + bias for kernel, bias in inputs]
                new, _ = self.cell.step(gates, states[layer], *recurrent)
                if mask is not None:
                    new = tuple(tf.where(mask[t] > 0, a, b) for a, b in zip(new, states[layer], strict=True))
                new_states.append(new)
                x = new[0] if noise is None else new[0] * scales[layer + 1][t]
            return t + 1, tuple(new_states), x, outputs.write(t, x)

        start = tf.zeros([n_sequences, config.n_units])
        outputs = tf.TensorArray(tf.float32, n_steps, element_shape=(None, config.n_units))
        loop = (0, tuple(tuple(layer) for layer in states), start, outputs)
        *_, outputs = tf.while_loop(lambda t, *_: t < n_steps, body, loop, maximum_iterations=n_steps)
        return outputs.stack()

    # --- building blocks ---

    def _stacks(self, part, x, initial, mask, noise):
        """Run the stacks of encoder or decoder side by side, so that two cores have a loop each.

        Both directions are independent of each other; where there is only one, so are the halves of the batch.
        Gives outputs by direction and layer, and final states likewise.
        """
        directions = self.config.encoder_directions if part == "encoder" else self.config.decoder_directions
        names = [f"{part}.{direction}" for direction in directions]
        # sequences are spelt from their end: what the decoder calls forward is backwards in time
        backwards = [(direction == "backward") != (part == "decoder") for direction in directions]
        if len(names) == 2 or self.recur is recur_on_gpu or self.config.n_units < MIN_UNITS_TO_HALVE:
            runs = [
                self._stack(name, x, states, mask, noise, turned)
                for name, states, turned in zip(names, initial, backwards, strict=True)
            ]
            return zip(*runs, strict=True)
        states = (_halves(state, axis=0) for state in tf.nest.flatten(initial[0]))
        runs = []
        for half_x, half_mask, *half_states in zip(_halves(x, axis=1), _halves(mask, axis=1), *states, strict=True):
            half_initial = tf.nest.pack_sequence_as(initial[0], half_states)
            runs.append(self._stack(names[0], half_x, half_initial, half_mask, noise, backwards[0]))
        outputs, finals = zip(*runs, strict=True)
        outputs = tf.nest.map_structure(lambda *halves: tf.concat(halves, axis=1), *outputs)
        return [outputs], [tf.nest.map_structure(lambda *halves: tf.concat(halves, axis=0), *finals)]

    def _stack(self, prefix, x, initial, mask, noise, backwards):
        """Run the layers of one direction; gives the outputs and the final states of each."""
        outputs, finals = [], []
        if noise is not None:
            x = noise.dropout(x)
        for layer, states in enumerate(initial):
            if layer and noise is not None:
                x = noise.dropout(x, times=2)
            weights = self._layer_weights(f"{prefix}.{layer}")
            differentiable = noise is not None
            x, final = self.recur(
                self.cell, x, states, weights, mask, backwards=backwards, differentiable=differentiable
            )
            outputs.append(x)
            finals.append(final)
        return outputs, finals

    def _layer_weights(self, prefix):
        """Kernel, recurrent kernel and bias of a recurrent layer."""
        return self._weights(prefix, ("kernel", "recurrent_kernel", "bias"))

    def _weights(self, prefix, names=("kernel", "bias")):
        """Weights of a layer as tensors."""
        return tuple(tf.convert_to_tensor(self.parameters[f"{prefix}.{name}"].value) for name in names)

    def _dense(self, prefix, x):
        kernel, bias = self._weights(prefix)
        return x @ kernel + bias

    def _split_state(self, z):
        """Cut a representation into the decoder's initial states: one list of layers per direction."""
        n_directions, n_states = len(self.config.decoder_directions), self.cell.n_states
        pieces = tf.split(z, self.config.n_layers * n_directions * n_states, axis=-1)
        cells = [tuple(reversed(pieces[i : i + n_states])) for i in range(0, len(pieces), n_states)]
        return [cells[direction::n_directions] for direction in range(n_directions)]


class _Noise:
    """Everything random in one training step, drawn from its seed alone."""

    def __init__(self, config, rates, seed):
        self.config = config
        self.dropout_rate, self.input_rate, self.feed_rate = tf.unstack(rates, num=3)
        self.seed = seed
        self.n_drawn = 0

    def _uniform(self, shape):
        self.n_drawn += 1
        seed = tf.random.experimental.stateless_fold_in(self.seed, self.n_drawn, alg="philox")
        return tf.random.stateless_uniform(shape, seed, alg="philox")

    def _dropout_factors(self, shape, times):
        """A function that gives the factors, 0 or above 1; it remembers a byte for each."""
        keep = (1 - self.dropout_rate) ** times
        kept = self._uniform(shape) < keep
        return lambda: tf.cast(kept, tf.float32) / keep

    def dropout(self, x, times=1):
        """Drop each value of x; `times=2` stands for the output of one cell and the input of the next."""
        if not self.config.dropout:
            return x
        factors = self._dropout_factors(tf.shape(x), times)
        return tf.custom_gradient(lambda x: (x * factors(), lambda d: d * factors()))(x)

    def input(self, x):
        """Zero whole time steps."""
        if not self.config.input_noise:
            return x
        shape = tf.shape(x)
        return x * tf.cast(self._uniform([shape[0], shape[1], 1]) >= self.input_rate, tf.float32)

    def feed(self, n_steps, n_sequences):
        """Whether a decoder hears itself, per step and sequence."""
        return self._uniform([n_steps, n_sequences, 1]) < self.feed_rate

    def scales(self, n_steps, n_sequences, sizes):
        """Dropout factors of a decoder's input and of each layer's output, for all steps at once.

        A layer's output is the next layer's input as well, hence dropped twice, but for the last one's.
        """
        if not self.config.dropout:
            return [tf.ones([n_steps, 1, 1])] * len(sizes)
        times = [1] + [2] * (len(sizes) - 2) + [1]
        return [self._dropout_factors([n_steps, n_sequences, n], k)() for n, k in zip(sizes, times, strict=True)]


def _halves(x, axis):
    """Cut a tensor in two; nothing in two nothings."""
    if x is None:
        return None, None
    n = tf.shape(x)[axis]
    return tf.split(x, [n // 2, n - n // 2], axis)


def _mask(x, lengths):
    """1 for real steps and 0 for padding, (T, B, 1)."""
    if lengths is None:
        return None
    return tf.transpose(tf.sequence_mask(lengths, tf.shape(x)[0], tf.float32))[:, :, None]


def _state_vector(directions):
    """One vector per sequence: by layer, forward then backward, for an LSTM c then h."""
    layers = zip(*directions, strict=True)
    return tf.concat([s for cells in layers for states in cells for s in reversed(states)], axis=-1)


def _statistics(h, mask):
    """Mean, std, max, min and mean absolute change over the real steps: (T, B, n) -> (5, B, n)."""
    mask = tf.ones_like(h[:, :, :1]) if mask is None else mask
    n = tf.reduce_sum(mask, axis=0)
    mean = tf.reduce_sum(h * mask, axis=0) / n
    std = tf.sqrt(tf.reduce_sum(tf.square(h - mean) * mask, axis=0) / n)
    largest = tf.reduce_max(tf.where(mask > 0, h, -np.inf), axis=0)
    smallest = tf.reduce_min(tf.where(mask > 0, h, np.inf), axis=0)
    delta = tf.reduce_sum(tf.abs(h[1:] - h[:-1]) * mask[1:], axis=0) / tf.maximum(n - 1, 1)
    return tf.stack([mean, std, largest, smallest, delta])
