"""What the networks are built of: weights, stacks of recurrent layers, teacher-forced and free-running decoders, noise.

Tensors are time-major, ``(T, B, n)``: steps, sequences, features. For a frequency network the steps are the windows of
a frame and the sequences are frames.
"""

import keras
import numpy as np
import tensorflow as tf

from skaudeep._engine import NetworkMixin
from skaudeep.embedding.networks._kernels import (
    GRUResetBefore,
    cell_kernel,
    multiply,
    project,
    recur,
    recur_on_gpu,
    reverse_steps,
    split_gates,
)

#: below, a step costs as much for half the sequences as for all of them
MIN_UNITS_TO_HALVE = 128


def weight_shapes(config):
    """Shapes of all weights of an architecture, in the order in which they are initialised.

    Recurrent layers have the layout of the stock Keras layers.
    """
    shapes = {}
    for stacks in config.stacks:
        for name, n_inputs in stacks.layers:
            shapes |= _layer_shapes(config, name, n_inputs, stacks.n_units)
        for name in stacks.projections:
            shapes |= _dense_shapes(name, stacks.n_units, stacks.n_inputs)
    for name, sizes in config.denses.items():
        shapes |= _dense_shapes(name, *sizes)
    return shapes


def _layer_shapes(config, prefix, n_inputs, n_units):
    n_gates = cell_kernel(config.cell, config.reset_after).n_gates
    two_biases = config.cell == "gru" and config.reset_after
    return {
        f"{prefix}.kernel": (n_inputs, n_gates * n_units),
        f"{prefix}.recurrent_kernel": (n_units, n_gates * n_units),
        f"{prefix}.bias": (2, n_gates * n_units) if two_biases else (n_gates * n_units,),
    }


def _dense_shapes(prefix, n_inputs, n_outputs):
    return {f"{prefix}.kernel": (n_inputs, n_outputs), f"{prefix}.bias": (n_outputs,)}


class RecurrentNetwork(NetworkMixin, keras.Model):
    """Stacks of recurrent layers and dense layers that run as encoders and decoders."""

    #: what the names of the optimizer's variables, which are kept in files, begin with
    keras_name = "network"

    def __init__(self, config):
        super().__init__(name=self.keras_name, dtype="float32")
        self.config = config
        self.cell = cell_kernel(config.cell, config.reset_after)
        # what cuDNN cannot compute is fused on a GPU as well
        stock = self.cell is not GRUResetBefore and tf.config.list_logical_devices("GPU")
        self.recur = recur_on_gpu if stock else recur
        self.add_parameters(self.weight_shapes())

    # --- weights ---

    def weight_shapes(self):
        """Shapes of all weights by name, in the order in which they are initialised."""
        return weight_shapes(self.config)

    def initial_weights(self, seed):
        """Draw initial weights as stock Keras layers would: Glorot kernels, orthogonal recurrences, zero biases.

        The bias of the LSTM's forget gate is one, as is what is called "scale" or "variance".

        Parameters
        ----------
        seed : int
            The origin of chance.

        Returns
        -------
        dict of str to ndarray of float32
            By name; the same for the same config and `seed`.
        """
        random, shapes = np.random.RandomState(seed), self.weight_shapes()
        weights = {}
        for name, shape in shapes.items():
            weight_seed = int(random.randint(np.iinfo(np.int32).max))
            weights[name] = np.array(self._initial_weight(name, shape, weight_seed), np.float32)
            recurrent = shapes.get(name.removesuffix("bias") + "recurrent_kernel")
            if self.config.cell == "lstm" and recurrent and name.endswith("bias"):
                weights[name][recurrent[0] : 2 * recurrent[0]] = 1
        return weights

    def _initial_weight(self, name, shape, seed):
        if name.endswith("recurrent_kernel"):
            return keras.initializers.Orthogonal(seed=seed)(shape, "float32")
        if name.endswith("kernel"):
            return keras.initializers.GlorotUniform(seed=seed)(shape, "float32")
        return np.ones(shape) if name.endswith(("scale", "variance")) else np.zeros(shape)

    # --- encoder ---

    def run_encoder(self, stacks, x, mask=None, noise=None, *, halve=True):
        """Encode sequences; gives their state vectors and, by layer and then direction, outputs and final outputs.

        `halve` is False where the caller runs halves of the batch side by side itself.
        """
        if noise is not None:
            x = noise.input(x, stacks)
        zeros = tf.zeros([tf.shape(x)[1], stacks.n_units])
        initial = [[(zeros,) * self.cell.n_states] * stacks.n_layers] * len(stacks.directions)
        inputs = [x] * len(stacks.directions)
        backwards = [direction == "backward" for direction in stacks.directions]
        outputs, finals = self._run(stacks, inputs, initial, mask, noise, backwards, halve)
        by_layer = [layers[i] for i in range(stacks.n_layers) for layers in outputs]
        last = [layers[i][0] for i in range(stacks.n_layers) for layers in finals]
        return _state_vector(finals), by_layer, last

    # --- decoder: it generates sequences from their end; outputs are in the order of the input ---

    def decode(self, stacks, state, x, mask=None, noise=None, *, halve=True):
        """Decode with teacher forcing: the true steps are at hand; gives the outputs by direction.

        Parameters
        ----------
        stacks : Stacks
            The decoder.
        state : tensor of shape (B, stacks.state_size)
            Its initial state.
        x : tensor of shape (T, B, stacks.n_inputs)
            The true sequence; its padding is zero.
        mask, noise, halve
            As everywhere; in scheduled sampling some steps get the decoder's own output instead of x.
        """
        initial = self._split_state(stacks, state)
        quirky = self.config.audeep_decoder and stacks.projection is not None
        # the input of a step is the true step that comes after it in time
        shift = 2 if quirky else 1
        true = tf.concat([x[shift:], tf.zeros_like(x[:shift])], axis=0)
        samples = noise is not None and noise.rate(stacks, "feed_previous_prob") is not None
        if samples and not stacks.bidirectional:
            true = reverse_steps(true, mask)
            outputs = self._decode_stepwise(stacks, initial[0], tf.shape(x)[0], true, mask, noise)
            return [reverse_steps(outputs, mask)]
        inputs = [true] * len(stacks.directions)
        if quirky and stacks.bidirectional:
            inputs[1] = tf.concat([tf.zeros_like(x[:1]), x[1:]], axis=0)
        # what the decoder calls forward is backwards in time
        backwards = [direction == "forward" for direction in stacks.directions]
        outputs, _ = self._run(stacks, inputs, initial, mask, noise, backwards, halve)
        outputs = [layers[-1] if noise is None else noise.dropout(layers[-1]) for layers in outputs]
        if quirky and stacks.bidirectional:
            outputs[1] = reverse_steps(outputs[1], mask)
        return outputs

    def decode_free_running(self, stacks, state, n_steps, mask=None):
        """Decode from a state vector alone (autoregressively); gives the outputs of the only direction."""
        outputs = self._decode_stepwise(stacks, self._split_state(stacks, state)[0], n_steps)
        return [reverse_steps(outputs, mask)]

    def project_outputs(self, stacks, outputs):
        """Bring a decoder's outputs to the size of its input, where it has output projections."""
        if not stacks.projection:
            return outputs
        layers = zip(outputs, stacks.projections, strict=True)
        return [tf.tanh(project(x, *self._weights(layer))) for x, layer in layers]

    def _decode_stepwise(self, stacks, states, n_steps, true=None, mask=None, noise=None):
        """Run a unidirectional decoder step by step, for its own output may be its next input.

        It always is in free running; with `noise` (scheduled sampling) it is by chance, and `true` is the input
        elsewhere.
        """
        n_sequences, n_units = tf.shape(states[0][0])[0], stacks.n_units
        if noise is not None:
            uses_own = noise.sample_own_output(stacks, n_steps, n_sequences)
            n_inputs = [stacks.n_inputs] + [n_units] * stacks.n_layers
            scales = noise.scales(n_steps, n_sequences, n_inputs)
        layers = [self._layer_weights(f"{stacks.name}.forward.{layer}") for layer in range(stacks.n_layers)]
        layers = [split_gates(self.cell, *weights) for weights in layers]

        def body(t, states, previous, outputs):
            own = tf.tanh(self.dense(f"{stacks.projection}.forward", previous))
            x = tf.where(t > 0, own, tf.zeros([n_sequences, stacks.n_inputs]))
            if noise is not None:
                x = tf.where(uses_own[t], x, true[t]) * scales[0][t]
            new_states = []
            for layer, (inputs, recurrent) in enumerate(layers):
                gates = [x @ kernel + bias for kernel, bias in inputs]
                new, _ = self.cell.step(gates, states[layer], *recurrent)
                if mask is not None:
                    new = tuple(tf.where(mask[t] > 0, a, b) for a, b in zip(new, states[layer], strict=True))
                new_states.append(new)
                x = new[0] if noise is None else new[0] * scales[layer + 1][t]
            return t + 1, tuple(new_states), x, outputs.write(t, x)

        start = tf.zeros([n_sequences, n_units])
        outputs = tf.TensorArray(tf.float32, n_steps, element_shape=(None, n_units))
        loop = (0, tuple(tuple(layer) for layer in states), start, outputs)
        *_, outputs = tf.while_loop(lambda t, *_: t < n_steps, body, loop, maximum_iterations=n_steps)
        return outputs.stack()

    # --- layers ---

    def dense(self, prefix, x):
        """A dense layer without its activation, on rows."""
        kernel, bias = self._weights(prefix)
        return x @ kernel + bias

    def dense_on_parts(self, prefix, parts):
        """A dense layer without its activation on (T, B, n) parts of a step, side by side but never copied there."""
        kernel, bias = self._weights(prefix)
        first, *others = tf.split(kernel, [part.shape[-1] for part in parts])
        return tf.add_n([project(parts[0], first, bias), *map(multiply, parts[1:], others)])

    def _run(self, stacks, inputs, initial, mask, noise, backwards, halve):
        """Run the stacks side by side, so that two cores have a loop each.

        Both directions are independent of each other; where there is only one, so are the halves of the batch.
        Gives outputs by direction and layer, and final states likewise.
        """
        names = [f"{stacks.name}.{direction}" for direction in stacks.directions]
        halve = halve and len(names) == 1 and stacks.n_units >= MIN_UNITS_TO_HALVE
        if not halve or self.recur is recur_on_gpu:
            runs = []
            for name, x, states, turned in zip(names, inputs, initial, backwards, strict=True):
                runs.append(self._stack(name, x, states, mask, noise, turned))
            return zip(*runs, strict=True)
        states = (halves(state, axis=0) for state in tf.nest.flatten(initial[0]))
        runs = []
        for half_x, half_mask, *half_states in zip(
            halves(inputs[0], axis=1), halves(mask, axis=1), *states, strict=True
        ):
            half_initial = tf.nest.pack_sequence_as(initial[0], half_states)
            runs.append(self._stack(names[0], half_x, half_initial, half_mask, noise, backwards[0]))
        outputs, finals = zip(*runs, strict=True)
        outputs = tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=1), *outputs)
        return [outputs], [tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *finals)]

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

    def _split_state(self, stacks, state):
        """Cut a state vector into initial states: one list of layers per direction."""
        n_directions, n_states = len(stacks.directions), self.cell.n_states
        pieces = tf.split(state, stacks.n_layers * n_directions * n_states, axis=-1)
        states = [[] for _ in stacks.directions]
        # the vector has the directions of a layer side by side, and of an LSTM c before h
        for number, start in enumerate(range(0, len(pieces), n_states)):
            cell = pieces[start : start + n_states]
            states[number % n_directions].append(tuple(reversed(cell)))
        return states


class Noise:
    """Everything random in one training step, drawn from its seed alone.

    Parameters
    ----------
    names : sequence of str
        Parameters of the estimator that bring chance.
    rates : tensor of shape (len(names),)
        Their values.
    seed : tensor of two int32
        The origin of chance.
    rows : tensor of int32 of shape (B,), optional
        Row numbers of the sequences in the data, for objectives that need them.
    """

    def __init__(self, names, rates, seed, rows=None):
        self.names = names
        self.rates = dict(zip(names, tf.unstack(rates, num=len(names)), strict=True))
        self.seed = tf.random.experimental.stateless_fold_in(seed, 0, alg="philox")
        self.rows = rows
        self.n_drawn = 0

    def part(self, number):
        """Give the noise of a part of the step, which has a seed of its own."""
        return Noise(self.names, [self.rates[name] for name in self.names], self._seed_of(number), self.rows)

    def rate(self, stacks, name):
        """Value of a parameter of these stacks; None where it is switched off."""
        return self.rates.get(stacks.parameter(name))

    def next_seed(self):
        """Give a seed, another one at each call, for `tf.random.stateless_*` and the augmentations."""
        self.n_drawn += 1
        return self._seed_of(self.n_drawn)

    def _seed_of(self, number):
        """Give what folding the number into the seed would, without the cost of doing so again and again."""
        return tf.stack([self.seed[0], number])

    def uniform(self, shape):
        """Draw numbers between 0 and 1."""
        return tf.random.stateless_uniform(shape, self.next_seed(), alg="philox")

    def _dropout_factors(self, shape, times):
        """A function that gives the factors, 0 or above 1; it remembers a byte for each."""
        keep = (1 - self.rates["dropout"]) ** times
        kept = self.uniform(shape) < keep
        return lambda: tf.cast(kept, tf.float32) / keep

    def dropout(self, x, times=1):
        """Drop each value of x; `times=2` stands for the output of one cell and the input of the next."""
        if "dropout" not in self.rates:
            return x
        factors = self._dropout_factors(tf.shape(x), times)
        return tf.custom_gradient(lambda x: (x * factors(), lambda d: d * factors()))(x)

    def input(self, x, stacks):
        """Zero whole steps of an encoder's input."""
        rate = self.rate(stacks, "input_noise")
        if rate is None:
            return x
        shape = tf.shape(x)
        return x * tf.cast(self.uniform([shape[0], shape[1], 1]) >= rate, tf.float32)

    def sample_own_output(self, stacks, n_steps, n_sequences):
        """Draw whether a decoder's input is its own output (scheduled sampling), per step and sequence."""
        return self.uniform([n_steps, n_sequences, 1]) < self.rate(stacks, "feed_previous_prob")

    def scales(self, n_steps, n_sequences, sizes):
        """Dropout factors of a decoder's input and of each layer's output, for all steps at once.

        A layer's output is the next layer's input as well, hence dropped twice, but for the last one's.
        """
        if "dropout" not in self.rates:
            return [tf.ones([n_steps, 1, 1])] * len(sizes)
        times = [1] + [2] * (len(sizes) - 2) + [1]
        return [self._dropout_factors([n_steps, n_sequences, n], k)() for n, k in zip(sizes, times, strict=True)]


def halves(x, axis):
    """Cut a tensor in two; nothing in two nothings."""
    if x is None:
        return None, None
    n = tf.shape(x)[axis]
    return tf.split(x, [n // 2, n - n // 2], axis)


def real_steps(lengths, n_steps):
    """1 for real steps and 0 for padding, (T, B, 1); None where all lengths are equal."""
    if lengths is None:
        return None
    return tf.transpose(tf.sequence_mask(lengths, n_steps, tf.float32))[:, :, None]


def mask_or_ones(mask, x):
    """Give the mask of the steps of x, (T, B, n): ones where there is none, for all are real."""
    return tf.ones_like(x[:, :, :1]) if mask is None else mask


def _state_vector(directions):
    """One vector per sequence: by layer, forward then backward, for an LSTM c then h."""
    states = []
    for cells in zip(*directions, strict=True):
        for cell in cells:
            states.extend(reversed(cell))
    return tf.concat(states, axis=-1)
