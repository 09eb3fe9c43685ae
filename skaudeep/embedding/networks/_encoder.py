"""Networks behind embedders: what an estimator calls, and an encoder for objectives that need no decoder.

Tensors are batch-major at the border, ``(B, T, F)``, and time-major inside, ``(T, B, F)``.
"""

import types

import tensorflow as tf

from skaudeep.embedding._statistics import FORMULAS, average_bands, covariance, mean, moments, project
from skaudeep.embedding.networks._convolution import (
    SHARE_OF_BATCH,
    as_steps,
    convolution_shapes,
    convolve,
    normalise,
)
from skaudeep.embedding.networks._recurrent import Noise, RecurrentNetwork, mask_or_ones, real_steps

SEQUENCES = tf.TensorSpec([None, None, None], tf.float32)
VECTOR = tf.TensorSpec([None], tf.int32)
PAIR = tf.TensorSpec([2], tf.int32)
SCALAR = tf.TensorSpec([], tf.float32)
#: a mean and principal components of outputs of a layer
DIRECTIONS = (tf.TensorSpec([None], tf.float64), tf.TensorSpec([None, None], tf.float64))

#: TensorFlow's operations under the names of NumPy, for formulas that are written once for both
OPERATIONS = types.SimpleNamespace(
    abs=tf.abs,
    max=tf.reduce_max,
    maximum=tf.maximum,
    min=tf.reduce_min,
    reshape=tf.reshape,
    sqrt=tf.sqrt,
    square=tf.square,
    stack=tf.stack,
    sum=tf.reduce_sum,
    tensordot=tf.tensordot,
    transpose=tf.transpose,
    where=tf.where,
)


class EmbeddingNetwork(RecurrentNetwork):
    """A network behind an embedder; a subclass says what represents sequences and what training minimises.

    It implements `represent`, `layer_outputs`, `last_outputs` and `objective`, which get sequences x of shape
    (T, B, F), the mask of their real steps, (T, B, 1) or None where all are real, and in training `noise`, the origin
    of all chance.
    """

    #: whether there are weights that are measured on data before any training, see `measure_batch` of `EncoderNetwork`
    measures = False

    def represent(self, x, mask, noise=None):
        """Give the representation of each sequence, (B, embedding_dim)."""
        raise NotImplementedError

    def layer_outputs(self, x, mask):
        """Give the outputs of all encoder layers, a list of pairs.

        Each is of an output (T', B, n) and the mask (T', B, 1) of its real steps, or None where all are real. T' may
        differ from layer to layer.
        """
        raise NotImplementedError

    def last_outputs(self, x, mask):
        """Give the outputs (T', B, n_outputs) of the last encoder layer, both directions side by side.

        T' is T divided by the `time_stride` of the config, rounded up.
        """
        raise NotImplementedError

    def objective(self, x, mask, noise=None):
        """Give the losses of a batch, a dictionary of scalars.

        "loss" is minimised; the others are shown beside it. The weights of a group of `groups` minimise "loss_GROUP" if
        there is one. Two calls of `represent` give two views of a batch, `noise.next_seed()` a seed for an
        augmentation, `noise.rows` the row numbers of the sequences.
        """
        raise NotImplementedError

    # --- what the estimator calls: traced once for equal and once for ragged lengths ---

    def train_batch(self, x, lengths, rows, rates, clip_value, weight_decay, seed):
        """Update the weights once; gives the losses before that."""
        rates_of_noises = tf.TensorSpec([len(self.config.noises)], tf.float32)
        signature, arguments = (VECTOR, rates_of_noises, SCALAR, PAIR), (rows, rates, clip_value, seed)
        if weight_decay:
            signature, arguments = (*signature, SCALAR), (*arguments, weight_decay)
        name = "train with weight decay" if weight_decay else "train"
        return self._call(name, self._train, x, lengths, signature, *arguments)

    def evaluate_batch(self, x, lengths):
        """Losses without noise."""
        return self._call("evaluate", self.objective, x, lengths)

    def encode(self, x, lengths):
        """Representation of each sequence."""
        return self._call("encode", self.represent, x, lengths)

    def encode_frames(self, x, lengths):
        """Outputs of the last encoder layer, (B, T', n_outputs), whatever where there is padding."""
        return self._call("frames", self._batch_major_frames, x, lengths)

    def state_statistics(self, x, lengths):
        """Mean, std, max, min and delta over time of the encoders' outputs, (5, B, n_layer_outputs)."""
        return self._call("statistics", self._state_statistics, x, lengths)

    def state_covariances(self, x, lengths, directions):
        """The same, and covariances of the outputs of each layer in k directions, a list of (B, k, k)."""
        arguments = [array for of_layer in directions for array in (of_layer.mean, of_layer.components)]
        return self._call("covariances", self._state_covariances, x, lengths, DIRECTIONS * len(directions), *arguments)

    def state_moments(self, x, lengths):
        """Number, mean and summed products of deviations of the outputs of each layer, of all steps together."""
        return self._call("moments", self._state_moments, x, lengths)

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
            lambda x, lengths, *rest: function(self._time_major(x), real_steps(lengths, tf.shape(x)[1]), *rest),
            (SEQUENCES, VECTOR, *signature),
            x,
            lengths,
            *arguments,
        )

    def _time_major(self, x):
        return tf.transpose(tf.ensure_shape(x, [None, None, self.config.n_features]), [1, 0, 2])

    def _train(self, x, mask, rows, rates, clip_value, seed, weight_decay=None):
        losses, gradients = self.losses_and_gradients(x, mask, Noise(self.config.noises, rates, seed, rows))
        self.update(gradients, clip_value, weight_decay)
        return losses

    def losses_and_gradients(self, x, mask, noise):
        """Compute the losses of a batch and the gradients of all weights, by name."""
        return self.gradients(self.objective, x, mask, noise)

    def _batch_major_frames(self, x, mask):
        return tf.transpose(self.last_outputs(x, mask), [1, 0, 2])

    def _state_statistics(self, x, mask):
        return _statistics_of(self._steps_of_layers(x, mask))

    def _state_covariances(self, x, mask, *directions):
        layers = self._steps_of_layers(x, mask)
        covariances = []
        for (output, real), center, components in zip(layers, directions[::2], directions[1::2], strict=True):
            projected = project(OPERATIONS, tf.cast(output, tf.float64), center, components)
            covariances.append(covariance(OPERATIONS, projected, tf.cast(real, tf.float64)))
        return _statistics_of(layers), covariances

    def _state_moments(self, x, mask):
        found = []
        for output, real in self._steps_of_layers(x, mask):
            found.append(moments(OPERATIONS, tf.cast(output, tf.float64), tf.cast(real, tf.float64)))
        return found

    def _steps_of_layers(self, x, mask):
        """Outputs of all layers, each with a tensor that says which of its steps are real."""
        return [(output, mask_or_ones(real, output)) for output, real in self.layer_outputs(x, mask)]


def _statistics_of(layers):
    by_layer = []
    for output, real in layers:
        by_layer.append(tf.stack([formula(OPERATIONS, output, real) for formula in FORMULAS.values()]))
    return tf.concat(by_layer, axis=-1)


class EncoderNetwork(EmbeddingNetwork):
    """An encoder: convolutions over time and frequency, if any, then a recurrent stack, if any, then a dense layer.

    It runs an `EncoderConfig`; a subclass adds an objective, and layers for it, if need be, by `denses` of its config
    or by `weight_shapes`.
    """

    def weight_shapes(self):
        """Shapes of all weights by name, in the order in which they are initialised."""
        return convolution_shapes(self.config) | super().weight_shapes()

    def run_layers(self, x, mask, noise=None, share=None):
        """Run all layers.

        Returns
        -------
        maps : list of pairs
            Output (B, T', F', C) of each convolution and the real ones of its steps, (B, T', 1, 1) or None.
        outputs : list of tensors of shape (T', B, n)
            Outputs of the dense layer and of the recurrent layers by direction, as far as there are such.
        last : tensor of shape (T', B, n_outputs)
            Output of the last layer.
        mask : tensor of shape (T', B, 1) or None
            The real steps of these. With strides in time T' is less than T.
        state : tensor of shape (B, state_size) or None
            The final state of the recurrent stack.
        """
        config = self.config
        x, mask, maps = convolve(config, self.parameters, x, mask, share)
        outputs, state = [], None
        if config.projects:
            x = tf.nn.relu(normalise(self.dense("projection", x)))
            outputs.append(x)
        if config.n_layers:
            state, by_layer, _ = self.run_encoder(config.encoder, x, mask, noise)
            outputs += by_layer
            x = tf.concat(by_layer[-len(config.encoder.directions) :], axis=-1)
        return maps, outputs, x, mask, state

    def encode_steps(self, x, mask, noise=None):
        """Encode sequences.

        Returns
        -------
        z : tensor of shape (B, embedding_dim)
            Their representations.
        last : tensor of shape (T', B, n_outputs)
            Outputs of the last layer over the steps. With strides in time T' is less than T.
        mask : tensor of shape (T', B, 1) or None
            The real ones of these steps.
        """
        share = None if noise is None else SHARE_OF_BATCH
        _, _, last, mask, state = self.run_layers(x, mask, noise, share)
        return self.pool(last, mask, state), last, mask

    def pool(self, last, mask, state):
        """Give the representation (B, embedding_dim) of sequences, of what `run_layers` gives for them."""
        if state is None:
            state = mean(OPERATIONS, last, mask_or_ones(mask, last))
        return tf.tanh(self.dense("representation", state))

    def represent(self, x, mask, noise=None):
        """Give the representation of each sequence, (B, embedding_dim)."""
        return self.encode_steps(x, mask, noise)[0]

    def last_outputs(self, x, mask):
        """Give the outputs (T', B, n_outputs) of the last layer."""
        return self.run_layers(x, mask)[2]

    def layer_outputs(self, x, mask):
        """Give the outputs (T', B, n) of all encoder layers, each with the mask of its steps.

        Those of convolutions, which come first, are averaged to `n_bands` bands of frequency.
        """
        maps, outputs, _, mask, _ = self.run_layers(x, mask)
        layers = [as_steps(average_bands(OPERATIONS, values, self.config.n_bands), real) for values, real in maps]
        return layers + [(output, mask) for output in outputs]

    # --- what is measured and not learned: the moments of batch normalisation ---

    @property
    def measures(self):
        """Whether there are weights that are measured on data before any training."""
        return bool(self.config.conv_channels)

    def measure_batch(self, x, lengths, share):
        """Let the moments of a batch be a part of those that are measured."""
        return self._call("measure", self._measure, x, lengths, (SCALAR,), share)

    def _measure(self, x, mask, share):
        convolve(self.config, self.parameters, x, mask, share)
        return share
