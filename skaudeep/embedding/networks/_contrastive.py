"""The network of a contrastive objective: an encoder, augmented views of sequences, and a head to compare them."""

import tensorflow as tf

from skaudeep.embedding._statistics import largest, mean
from skaudeep.embedding.networks._augmentation import (
    SILENCE,
    add_noise,
    change_gain,
    crop,
    fade,
    mask_frequency,
    mask_time,
    mix_power,
    resize_and_shift,
    tilt_spectrum,
)
from skaudeep.embedding.networks._encoder import OPERATIONS, EncoderNetwork
from skaudeep.embedding.networks._recurrent import Noise, mask_or_ones

#: stretches of time, and bands of frequency, that a view has masked
N_MASKS = 2
#: what the views of a validation follow from, the same in every epoch
VALIDATION_SEED = (0, 0)


class ContrastiveNetwork(EncoderNetwork):
    """An encoder that learns to tell augmented sequences apart; it runs a `ContrastiveConfig`."""

    def weight_shapes(self):
        """Shapes of all weights by name: those of the encoder, the head, and a vector of each sequence if asked for."""
        shapes = super().weight_shapes()
        if self.config.n_instances:
            shapes["instances.kernel"] = (self.config.n_instances, self.config.head_dim)
        return shapes

    def pool(self, last, mask, state):
        """Give the representation: mean and maximum of the last layer over time."""
        real = mask_or_ones(mask, last)
        return tf.concat([mean(OPERATIONS, last, real), largest(OPERATIONS, last, real)], axis=-1)

    def objective(self, x, mask, noise=None):
        """Give the loss, cross-entropy, and how often the right one among the sequences is found."""
        if self.config.objective == "instance":
            return self._find(self._compare_with_vectors(x, mask, noise), noise.rows)
        return self._find(*self._compare_views(x, mask, noise))

    def evaluate_views(self, x, lengths, rates):
        """Compare two views of each sequence, which follow from a seed that is always the same, without learning."""
        signature = (tf.TensorSpec([len(self.config.noises)], tf.float32),)
        return self._call("evaluate views", self._evaluate_views, x, lengths, signature, rates)

    def _evaluate_views(self, x, mask, rates):
        noise = Noise(self.config.noises, rates, tf.constant(VALIDATION_SEED, tf.int32))
        return self._find(*self._compare_views(x, mask, noise, learns=False))

    def _compare_with_vectors(self, x, mask, noise):
        """Similarities of a view of each sequence with the vectors of all: (B, n_instances)."""
        heads = self._head(*self.make_view(x, mask, noise), noise)
        vectors = tf.math.l2_normalize(self.parameters["instances.kernel"].value, axis=-1)
        return tf.matmul(heads, vectors, transpose_b=True)

    def _compare_views(self, x, mask, noise, *, learns=True):
        """Similarities of two views of each sequence with all views, (2 B, 2 B), and which are of the same one."""
        views, masks = zip(*(self.make_view(x, mask, noise.part(number)) for number in range(2)), strict=True)
        mask = None if mask is None else tf.concat(masks, axis=1)
        heads = self._head(tf.concat(views, axis=1), mask, noise if learns else None)
        similarities = tf.matmul(heads, heads, transpose_b=True)
        # no view is to find itself
        similarities = tf.linalg.set_diag(similarities, tf.fill([tf.shape(heads)[0]], -1e9))
        n_sequences = tf.shape(x)[1]
        numbers = tf.range(n_sequences)
        return similarities, tf.concat([numbers + n_sequences, numbers], axis=0)

    def _head(self, x, mask, noise):
        """Directions, of length 1, in which views are compared: (B, head_dim)."""
        return tf.math.l2_normalize(self.dense("head", self.represent(x, mask, noise)), axis=-1)

    def _find(self, similarities, right):
        logits = similarities / self.config.temperature
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(right, logits)
        found = tf.equal(tf.argmax(logits, axis=-1, output_type=tf.int32), right)
        return {"loss": tf.reduce_mean(losses), "accuracy": tf.reduce_mean(tf.cast(found, tf.float32))}

    def make_view(self, x, mask, noise):
        """Change each sequence by chance, as the estimator's parameters say; those that are zero change nothing.

        Parameters
        ----------
        x : tensor of shape (T, B, F)
            Sequences.
        mask : tensor of shape (T, B, 1) or None
            Their real steps.
        noise : Noise
            The origin of chance, with the values of the parameters.

        Returns
        -------
        x : tensor of shape (T', B, F)
            What an encoder is to recognise; T' is `crop_length`, or T if that is less.
        mask : tensor of shape (T', B, 1) or None
            Its real steps; None if there was no mask.
        """
        x, mask = crop(x, noise.next_seed(), self.config.crop_length, mask)
        if mask is not None:
            x = tf.where(mask > 0, x, SILENCE)
        rates = noise.rates

        def change(x, name, function, parameter, **settings):
            if name not in rates:
                return x
            return function(x, noise.next_seed(), **{parameter: rates[name]}, **settings)

        x = change(x, "max_mix", mix_power, "max_share")
        for axis, name in ((0, "time"), (2, "frequency")):
            stretch, shift = rates.get(f"max_{name}_stretch", 0.0), rates.get(f"max_{name}_shift", 0.0)
            if f"max_{name}_stretch" in rates or f"max_{name}_shift" in rates:
                x = resize_and_shift(x, noise.next_seed(), axis=axis, max_stretch=stretch, max_shift=shift)
        x = change(x, "max_gain", change_gain, "max_gain")
        x = change(x, "max_fade", fade, "max_fade")
        x = change(x, "max_tilt", tilt_spectrum, "max_tilt")
        x = change(x, "noise", add_noise, "deviation")
        for _ in range(N_MASKS):
            x = change(x, "max_time_mask", mask_time, "max_share")
            x = change(x, "max_frequency_mask", mask_frequency, "max_share")
        return (x if mask is None else x * mask), mask
