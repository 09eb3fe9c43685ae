"""The three autoencoders: networks as functions of a frozen config.

Tensors are batch-major at the border, ``(B, T, F)``, and time-major inside, ``(T, B, F)``.
"""

import tensorflow as tf

from skaudeep.embedding.networks._encoder import SEQUENCES, EmbeddingNetwork
from skaudeep.embedding.networks._recurrent import halves

#: below it a mean squared error counts as this
SMALLEST_MEAN = 1e-24

#: outputs of the layers of a frequency network for the frames that it learns at once: enough for large products
VALUES_OF_A_SLICE = 2**18


class Autoencoder(EmbeddingNetwork):
    """A network that reconstructs its input; a subclass says how.

    Its methods `represent`, `layer_outputs`, `decode_steps` and `output` work on (T, B, F) sequences and the mask of
    their real steps.
    """

    keras_name = "autoencoder"

    @property
    def _encoder(self):
        """Stacks whose state is represented."""
        return self.config.encoder

    def last_outputs(self, x, mask):
        """Give the outputs (T, B, n_outputs) of the last encoder layer, both directions side by side."""
        n_directions = 2 if self._encoder.bidirectional else 1
        return tf.concat([output for output, _ in self.layer_outputs(x, mask)[-n_directions:]], axis=-1)

    def decode_steps(self, x, mask, noise=None, free_running=False):
        """Give what the decoder makes of sequences, as a sequence of tensors with time first."""
        raise NotImplementedError

    def output(self, x, decoded, noise=None, free_running=False):
        """Give the reconstruction of the steps of x from what `decode_steps` gave for them."""
        raise NotImplementedError

    # --- what the estimator calls ---

    def squared_errors(self, x, lengths):
        """Sum of squared errors and number of bins of each sequence, (2, B), without dropout and noise."""
        return self._call("errors", lambda x, mask: tf.stack(self._squared_errors(x, mask)), x, lengths)

    def reconstruct(self, x, lengths):
        """Teacher-forced reconstruction in the order of the input, (B, T, F)."""
        return self._call("reconstruct", self._reconstruct, x, lengths)

    def reconstruct_free_running(self, x, lengths):
        """Reconstruction from the representation alone, in the order of the input, (B, T, F)."""
        return self._call("reconstruct free-running", self._reconstruct_free_running, x, lengths)

    # --- training ---

    def objective(self, x, mask, noise=None):
        """Give the root mean squared error of the teacher-forced reconstruction."""
        errors, n_bins = self._squared_errors(x, mask, noise)
        return {"loss": root_mean(tf.reduce_sum(errors), tf.reduce_sum(n_bins))}

    def _squared_errors(self, x, mask, noise=None):
        """Sum of squared errors and number of bins, by sequence."""
        decoded = self.decode_steps(x, mask, noise)
        # again two cores: the halves in time
        parts = zip(*(halves(values, axis=0) for values in (x, mask, *decoded)), strict=True)
        parts = [self._errors_of_part(noise, *part) for part in parts]
        return tuple(tf.add_n(terms) for terms in zip(*parts, strict=True))

    def _errors_of_part(self, noise, x, mask, *decoded):
        errors = tf.math.squared_difference(x, self.output(x, decoded, noise))
        weight = mask
        if self.config.mask_silence:
            audible = tf.cast(x != -1, tf.float32)
            weight = audible if mask is None else audible * mask
        if weight is None:
            n_bins = tf.fill(tf.shape(x)[1:2], tf.cast(tf.shape(x)[0] * tf.shape(x)[2], tf.float32))
            return tf.reduce_sum(errors, axis=[0, 2]), n_bins
        n_bins = tf.reduce_sum(tf.broadcast_to(weight, tf.shape(x)), axis=[0, 2])
        return tf.reduce_sum(errors * weight, axis=[0, 2]), n_bins

    # --- using ---

    def _reconstruct(self, x, mask, free_running=False):
        decoded = self.decode_steps(x, mask, free_running=free_running)
        parts = zip(*(halves(values, axis=0) for values in (x, *decoded)), strict=True)
        outputs = [self.output(x, decoded, free_running=free_running) for x, *decoded in parts]
        reconstruction = tf.concat(outputs, axis=0)
        return tf.transpose(reconstruction if mask is None else reconstruction * mask, [1, 0, 2])

    def _reconstruct_free_running(self, x, mask):
        return self._reconstruct(x, mask, free_running=True)


def root_mean(errors, n_bins):
    """Root mean squared error from sums; the floor keeps its gradient finite where a reconstruction is exact."""
    return tf.sqrt(tf.maximum(errors / tf.maximum(n_bins, 1), SMALLEST_MEAN))


class TimeAutoencoder(Autoencoder):
    """Recurrent sequence-to-sequence autoencoder over time (t-rae)."""

    def generate(self, z, n_steps):
        """Sequences from representations alone (free running), in the order of the input, (B, T, F)."""
        signature = (tf.TensorSpec([None, None], tf.float32), tf.TensorSpec([], tf.int32))
        return self.call_traced("generate", self._generate, signature, z, n_steps)

    def _generate(self, z, n_steps):
        z.set_shape([None, self.config.embedding_dim])
        decoded = self.decode_free_running(self._decoder, z, n_steps)
        return tf.transpose(self.output(None, decoded, free_running=True), [1, 0, 2])

    @property
    def _decoder(self):
        return self.config.decoder

    def _steps(self, x, mask, noise=None):
        """What the recurrence over time reads, zero where there is padding, and outputs of layers below it."""
        return x, []

    def _represent_steps(self, steps, mask, noise=None):
        state, outputs, _ = self.run_encoder(self._encoder, steps, mask, noise)
        return tf.tanh(self.dense("representation", state)), outputs

    def represent(self, x, mask, noise=None):
        """Give the representation of each sequence, (B, embedding_dim)."""
        return self._represent_steps(self._steps(x, mask, noise)[0], mask, noise)[0]

    def layer_outputs(self, x, mask):
        """Give the outputs (T, B, n) of all encoder layers, each with the mask of its steps."""
        steps, below = self._steps(x, mask)
        return [(output, mask) for output in (*below, *self._represent_steps(steps, mask)[1])]

    def decode_steps(self, x, mask, noise=None, free_running=False):
        """Give the decoder's outputs, by direction."""
        steps, _ = self._steps(x, mask, noise)
        z, _ = self._represent_steps(steps, mask, noise)
        if free_running:
            return self.decode_free_running(self._decoder, z, tf.shape(x)[0], mask)
        return self.decode(self._decoder, z, steps, mask, noise)

    def output(self, x, decoded, noise=None, free_running=False):
        """Give the reconstruction from the decoder's outputs, by direction."""
        return tf.tanh(self.dense_on_parts("reconstruction", self.project_outputs(self._decoder, decoded)))


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

    def _decode_frames(self, stacks, state, x, noise=None, free_running=False):
        """Reconstruct frames from their state vectors, (T, B, n) -> (T, B, F)."""
        rows = tf.reshape(state, [-1, stacks.state_size])
        n_windows = len(self.config.window_starts)
        if free_running:
            outputs = self.decode_free_running(stacks, rows, n_windows)
        else:
            outputs = self.decode(stacks, rows, self._windows(x), noise=noise, halve=False)
        by_direction = [tf.unstack(x, num=n_windows) for x in self.project_outputs(stacks, outputs)]
        windows = tf.concat([x for window in zip(*by_direction, strict=True) for x in window], axis=-1)
        return _unflatten(tf.tanh(self.dense("reconstruction", windows)), state)


class FrequencyAutoencoder(_FrameAutoencoder):
    """Recurrent sequence-to-sequence autoencoder over the frequencies of single frames (f-rae)."""

    def losses_and_gradients(self, x, mask, noise):
        """Compute them slice by slice, so that memory does not grow with the number of frames.

        The gradient of ``sqrt(errors / n_bins)`` is that of the errors, which add up over slices, divided by
        ``2 * loss * n_bins``.
        """
        n_frames = VALUES_OF_A_SLICE // (self.config.n_layers * self.config.n_units)
        size = tf.maximum(2, n_frames // tf.shape(x)[1])

        def body(start, errors, n_bins, gradients):
            part = slice(start, start + size)
            part_mask = None if mask is None else mask[part]
            sums, new = self.gradients(self._sum_errors, x[part], part_mask, noise.part(start))
            gradients = {name: gradients[name] + gradient for name, gradient in new.items()}
            return start + size, errors + sums["loss"], n_bins + sums["n_bins"], gradients

        zeros = {name: tf.zeros(variable.shape) for name, variable in self.parameters.items()}
        _, errors, n_bins, gradients = tf.while_loop(
            lambda start, *_: start < tf.shape(x)[0], body, (0, 0.0, 0.0, zeros), parallel_iterations=1
        )
        n_bins = tf.maximum(n_bins, 1)
        loss = root_mean(errors, n_bins)
        return {"loss": loss}, {name: gradient / (2 * loss * n_bins) for name, gradient in gradients.items()}

    def _sum_errors(self, x, mask, noise):
        errors, n_bins = self._squared_errors(x, mask, noise)
        return {"loss": tf.reduce_sum(errors), "n_bins": tf.reduce_sum(n_bins)}

    def generate(self, z):
        """Frames from their representations alone (free running), (B, T, F)."""
        return self.call_traced("generate", self._generate, (SEQUENCES,), z)

    def _generate(self, z):
        z.set_shape([None, None, self.config.embedding_dim])
        return self._decode_frames(self.config.decoder, z, None, free_running=True)

    def represent(self, x, mask, noise=None):
        """Give the representation of each frame, (B, T, embedding_dim)."""
        return tf.transpose(_in_halves(lambda part: self._embed(part, noise), x), [1, 0, 2])

    def _embed(self, x, noise=None):
        state, *_ = self._encode_frames(self.config.encoder, x, noise)
        return tf.tanh(self.dense_on_parts("representation", [state]))

    def layer_outputs(self, x, mask):
        """Give the last outputs (T, B, n) of every layer for all frames, each with the mask of these."""
        outputs = _in_halves(lambda part: self._encode_frames(self.config.encoder, part)[1:], x)
        return [(output, mask) for output in outputs]

    def decode_steps(self, x, mask, noise=None, free_running=False):
        """Give nothing: frames have nothing to do with each other, and `output` makes each from itself."""
        return ()

    def output(self, x, decoded, noise=None, free_running=False):
        """Give the reconstruction of frames."""
        return self._decode_frames(self.config.decoder, self._embed(x, noise), x, noise, free_running)


class FrequencyTimeAutoencoder(_FrameAutoencoder, TimeAutoencoder):
    """Recurrences over frequency below recurrences over time (ft-rae).

    The original feeds its decoder of frames windows whose inside is reversed, unlike that of an f-rae; with reversed
    weights (rows of its kernel, columns of its output projection, rows of the reconstruction) that is this network.
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

    def output(self, x, decoded, noise=None, free_running=False):
        """Give the reconstruction from the outputs of the decoder over time, by direction."""
        projected = self.project_outputs(self._decoder, decoded)
        state = tf.tanh(self.dense_on_parts("frequency_state", projected))
        return self._decode_frames(self.config.frequency_decoder, state, x, noise, free_running)


def _in_halves(function, x):
    """Apply a function of frames, which gives one or several tensors, to halves in time, side by side."""
    return tf.nest.map_structure(lambda *parts: tf.concat(parts, axis=0), *map(function, halves(x, axis=0)))


def _unflatten(rows, like):
    """Rows of frames as (T, B, n), as many as in another tensor."""
    return tf.reshape(rows, [tf.shape(like)[0], tf.shape(like)[1], rows.shape[-1]])
