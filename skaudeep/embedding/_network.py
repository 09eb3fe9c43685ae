"""The three networks: architecture as a function of a frozen config, on top of the blocks.

Tensors are batch-major at the border, ``(B, T, F)``, and time-major inside, ``(T, B, F)``.
"""

import tensorflow as tf

from skaudeep.embedding._blocks import Noise, RecurrentNetwork, halves, real_steps, statistics_over_time
from skaudeep.embedding._config import FrequencyConfig, FrequencyTimeConfig, TimeConfig

SEQUENCES = tf.TensorSpec([None, None, None], tf.float32)
LENGTHS = tf.TensorSpec([None], tf.int32)

#: outputs of the layers of a frequency network for the frames that it learns at once: enough for large products
VALUES_OF_A_SLICE = 2**18


class Autoencoder(RecurrentNetwork):
    """What the estimators call; a subclass says what it represents and how it spells that.

    Its methods `_represent`, `_layer_outputs`, `_decode` and `_spell` work on (T, B, F) sequences and the mask of
    their real steps.
    """

    # --- what the estimator calls: traced once for equal and once for ragged lengths ---

    def train_batch(self, x, lengths, rates, clip_value, seed):
        """One update of the weights; gives the batch's loss before it."""
        signature = (
            tf.TensorSpec([len(self.config.noises)], tf.float32),
            tf.TensorSpec([], tf.float32),
            tf.TensorSpec([2], tf.int32),
        )
        return self._call("train", self._train_batch, x, lengths, signature, rates, clip_value, seed)

    def evaluate_batch(self, x, lengths):
        """Sum of squared errors and number of bins of each sequence, (2, B), without dropout and noise."""
        return self._call("evaluate", lambda x, mask: tf.stack(self._squared_errors(x, mask)), x, lengths)

    def encode(self, x, lengths):
        """Representation of each sequence."""
        return self._call("encode", self._represent, x, lengths)

    def state_statistics(self, x, lengths):
        """Mean, std, max, min and delta over time of the encoders' outputs, (5, B, n_layer_outputs)."""
        return self._call("statistics", self._state_statistics, x, lengths)

    def reconstruct(self, x, lengths):
        """Teacher-forced reconstruction in the order of the input, (B, T, F)."""
        return self._call("reconstruct", self._reconstruct, x, lengths)

    def reconstruct_alone(self, x, lengths):
        """What the decoder makes of the representation alone, in the order of the input, (B, T, F)."""
        return self._call("reconstruct alone", lambda x, mask: self._reconstruct(x, mask, alone=True), x, lengths)

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
            (SEQUENCES, LENGTHS, *signature),
            x,
            lengths,
            *arguments,
        )

    def _time_major(self, x):
        return tf.transpose(tf.ensure_shape(x, [None, None, self.config.n_features]), [1, 0, 2])

    # --- training ---

    def _train_batch(self, x, mask, rates, clip_value, seed):
        with tf.GradientTape() as tape:
            errors, n_bins = self._squared_errors(x, mask, Noise(self.config.noises, rates, seed))
            # the floor keeps the gradient of the root finite where a reconstruction is exact
            loss = tf.sqrt(tf.maximum(tf.reduce_sum(errors) / tf.maximum(tf.reduce_sum(n_bins), 1), 1e-24))
        self.apply_gradients(tape, loss, clip_value)
        return loss

    def _squared_errors(self, x, mask, noise=None):
        """Sum of squared errors and number of bins, by sequence."""
        decoded = self._decode(x, mask, noise)
        # again two cores: the halves in time
        parts = zip(*(halves(values, axis=0) for values in (x, mask, *decoded)), strict=True)
        parts = [self._errors_of_part(noise, *part) for part in parts]
        return tuple(tf.add_n(terms) for terms in zip(*parts, strict=True))

    def _errors_of_part(self, noise, x, mask, *decoded):
        errors = tf.math.squared_difference(x, self._spell(x, decoded, noise))
        weight = mask
        if self.config.mask_silence:
            heard = tf.cast(x != -1, tf.float32)
            weight = heard if mask is None else heard * mask
        if weight is None:
            n_bins = tf.fill(tf.shape(x)[1:2], tf.cast(tf.shape(x)[0] * tf.shape(x)[2], tf.float32))
            return tf.reduce_sum(errors, axis=[0, 2]), n_bins
        n_bins = tf.reduce_sum(tf.broadcast_to(weight, tf.shape(x)), axis=[0, 2])
        return tf.reduce_sum(errors * weight, axis=[0, 2]), n_bins

    # --- using ---

    def _state_statistics(self, x, mask):
        return tf.concat([statistics_over_time(h, mask) for h in self._layer_outputs(x, mask)], axis=-1)

    def _reconstruct(self, x, mask, alone=False):
        parts = zip(*(halves(values, axis=0) for values in (x, *self._decode(x, mask, alone=alone))), strict=True)
        reconstruction = tf.concat([self._spell(x, decoded, alone=alone) for x, *decoded in parts], axis=0)
        return tf.transpose(reconstruction if mask is None else reconstruction * mask, [1, 0, 2])


class TimeAutoencoder(Autoencoder):
    """Recurrent sequence-to-sequence autoencoder over time (t-rae)."""

    def generate(self, z, n_steps):
        """What the decoder says on its own, from embeddings alone, in the order of the input, (B, T, F)."""
        signature = (tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32))
        return self.call_traced("generate", self._generate, signature, z, n_steps)

    def _generate(self, z, n_steps):
        z.set_shape([None, self.config.embedding_dim])
        decoded = self.run_decoder_alone(self._decoder, z, n_steps)
        return tf.transpose(self._spell(None, decoded, alone=True), [1, 0, 2])

    @property
    def _encoder(self):
        return self.config.encoder

    @property
    def _decoder(self):
        return self.config.decoder

    def _steps(self, x, mask, noise=None):
        """What the recurrence over time reads, zero where there is padding, and outputs of layers below it."""
        return x, []

    def _represent_steps(self, steps, mask, noise=None):
        state, outputs, _ = self.run_encoder(self._encoder, steps, mask, noise)
        return tf.tanh(self.dense("representation", state)), outputs

    def _represent(self, x, mask):
        return self._represent_steps(self._steps(x, mask)[0], mask)[0]

    def _layer_outputs(self, x, mask):
        steps, below = self._steps(x, mask)
        return [*below, *self._represent_steps(steps, mask)[1]]

    def _decode(self, x, mask, noise=None, alone=False):
        steps, _ = self._steps(x, mask, noise)
        z, _ = self._represent_steps(steps, mask, noise)
        if alone:
            return self.run_decoder_alone(self._decoder, z, tf.shape(x)[0], mask)
        return self.run_decoder(self._decoder, z, steps, mask, noise)

    def _spell(self, x, decoded, noise=None, alone=False):
        """From the decoder's outputs, by direction, to the reconstruction."""
        return tf.tanh(self.dense_on_parts("reconstruction", self.speak(self._decoder, decoded)))


class _FrameAutoencoder(Autoencoder):
    """Recurrences over the windows of every frame, all frames side by side."""

    def _windows(self, x):
        """Overlapping windows of frames: (T, B, F) -> (W, T * B, width)."""
        starts, width = self.config.window_starts, self.config.window_width
        frames = tf.reshape(x, [-1, self.config.n_features])
        return tf.stack([frames[:, start : start + width] for start in starts])

    def _encode_frames(self, stacks, x, noise=None):
        """State vectors of the frames, (T, B, n), and their last outputs of every layer, likewise."""
        state, _, last = self.run_encoder(stacks, self._windows(x), noise=noise, halve=False)
        return [_unflatten(rows, x) for rows in (state, *last)]

    def _decode_frames(self, stacks, state, x, noise=None, alone=False):
        """Spell frames from their state vectors, (T, B, n) -> (T, B, F)."""
        rows = tf.reshape(state, [-1, stacks.state_size])
        if alone:
            outputs = self.run_decoder_alone(stacks, rows, len(self.config.window_starts))
        else:
            outputs = self.run_decoder(stacks, rows, self._windows(x), noise=noise, halve=False)
        by_direction = [tf.unstack(x, num=len(self.config.window_starts)) for x in self.speak(stacks, outputs)]
        spoken = tf.concat([x for window in zip(*by_direction, strict=True) for x in window], axis=-1)
        return _unflatten(tf.tanh(self.dense("reconstruction", spoken)), state)


class FrequencyAutoencoder(_FrameAutoencoder):
    """Recurrent sequence-to-sequence autoencoder over the frequencies of single frames (f-rae)."""

    def _train_batch(self, x, mask, rates, clip_value, seed):
        """As that of sequences, slice by slice, so that memory does not grow with their number of frames.

        The gradient of ``sqrt(errors / n_bins)`` is that of the errors, which add up over slices, divided by
        ``2 * loss * n_bins``.
        """
        n_frames = VALUES_OF_A_SLICE // (self.config.n_layers * self.config.n_units)
        size = tf.maximum(2, n_frames // tf.shape(x)[1])

        def body(start, errors, n_bins, gradients):
            part = slice(start, start + size)
            own_seed = tf.random.experimental.stateless_fold_in(seed, start, alg="philox")
            noise = Noise(self.config.noises, rates, own_seed)
            with tf.GradientTape() as tape:
                part_errors, part_bins = self._squared_errors(x[part], None if mask is None else mask[part], noise)
                total = tf.reduce_sum(part_errors)
            new = self.gradients(tape, total)
            gradients = [old + more for old, more in zip(gradients, new, strict=True)]
            return start + size, errors + total, n_bins + tf.reduce_sum(part_bins), gradients

        zeros = [tf.zeros(variable.shape) for variable in self.parameters.values()]
        loop = (0, 0.0, 0.0, zeros)
        _, errors, n_bins, gradients = tf.while_loop(
            lambda start, *_: start < tf.shape(x)[0], body, loop, parallel_iterations=1
        )
        n_bins = tf.maximum(n_bins, 1)
        loss = tf.sqrt(tf.maximum(errors / n_bins, 1e-24))
        self.update([gradient / (2 * loss * n_bins) for gradient in gradients], clip_value)
        return loss

    def generate(self, z):
        """What the decoder says on its own, from the embeddings of frames alone, (B, T, F)."""
        return self.call_traced("generate", self._generate, (SEQUENCES,), z)

    def _generate(self, z):
        z.set_shape([None, None, self.config.embedding_dim])
        return self._decode_frames(self.config.decoder, z, None, alone=True)

    def _represent(self, x, mask):
        return tf.transpose(_in_halves(self._embed, x), [1, 0, 2])

    def _embed(self, x, noise=None):
        state, *_ = self._encode_frames(self.config.encoder, x, noise)
        return tf.tanh(self.dense_on_parts("representation", [state]))

    def _layer_outputs(self, x, mask):
        return _in_halves(lambda part: self._encode_frames(self.config.encoder, part)[1:], x)

    def _decode(self, x, mask, noise=None, alone=False):
        return ()  # frames have nothing to do with each other

    def _spell(self, x, decoded, noise=None, alone=False):
        return self._decode_frames(self.config.decoder, self._embed(x, noise), x, noise, alone)


class FrequencyTimeAutoencoder(_FrameAutoencoder, TimeAutoencoder):
    """Recurrences over frequency below recurrences over time (ft-rae).

    The original feeds its decoder of frames windows whose inside is reversed, unlike that of an f-rae; with the weights
    turned round (rows of its kernel, columns of its feedback layer, rows of the reconstruction) that is this network.
    """

    @property
    def _encoder(self):
        return self.config.time_encoder

    @property
    def _decoder(self):
        return self.config.time_decoder

    def _steps(self, x, mask, noise=None):
        """State vectors of frames, zero where there is padding, and their last outputs of every layer."""
        encoder = self.config.frequency_encoder
        states, *last = _in_halves(lambda part: self._encode_frames(encoder, part, noise), x)
        return (states if mask is None else states * mask), last

    def _spell(self, x, decoded, noise=None, alone=False):
        state = tf.tanh(self.dense_on_parts("frequency_state", self.speak(self._decoder, decoded)))
        return self._decode_frames(self.config.frequency_decoder, state, x, noise, alone)


def _in_halves(function, x):
    """Apply a function of frames, which gives one or several tensors, to halves in time, side by side."""
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *map(function, halves(x, axis=0)))


def _unflatten(rows, like):
    """Rows of frames as (T, B, n), as many as in another tensor."""
    return tf.reshape(rows, [tf.shape(like)[0], tf.shape(like)[1], rows.shape[-1]])


NETWORKS = {
    TimeConfig: TimeAutoencoder,
    FrequencyConfig: FrequencyAutoencoder,
    FrequencyTimeConfig: FrequencyTimeAutoencoder,
}
