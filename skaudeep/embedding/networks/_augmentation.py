"""Augmentations of spectrograms: changes that leave what is heard the same, by chance, as pure functions.

All take sequences x of shape (T, B, F), scaled to [-1, 1] over a range of decibels, and a seed (two int32, as of
`Noise.next_seed`) from which every draw follows; each sequence has draws of its own. Levels are in the units of x: of a
range of 60 dB 0.2 is 6 dB. Padding of ragged sequences is changed like the rest: multiply by the mask afterwards where
it must be zero.
"""

import math

import tensorflow as tf

SILENCE, LOUDEST = -1.0, 1.0


def draw(seed, shape):
    """Draw numbers between 0 and 1, all that a function needs at once."""
    return tf.random.stateless_uniform(shape, seed, alg="philox")


def change_gain(x, seed, *, max_gain=0.2):
    """Make each sequence louder or softer, by up to `max_gain`; what leaves the range is clipped."""
    return _clip(x + _draw_levels(x, seed, max_gain))


def fade(x, seed, *, max_fade=0.2):
    """Let each sequence become louder or softer from its beginning to its end, by up to `max_fade` either side."""
    slope = tf.linspace(-1.0, 1.0, tf.shape(x)[0])[:, None, None]
    return _clip(x + _draw_levels(x, seed, max_fade) * slope)


def tilt_spectrum(x, seed, *, max_tilt=0.2):
    """Raise one end of the spectrum and lower the other, by up to `max_tilt`."""
    return _clip(x + _draw_levels(x, seed, max_tilt) * tf.linspace(-1.0, 1.0, tf.shape(x)[2]))


def add_noise(x, seed, *, deviation=0.05):
    """Add normal noise of a standard deviation to all values."""
    return _clip(x + deviation * tf.random.stateless_normal(tf.shape(x), seed, alg="philox"))


def _draw_levels(x, seed, largest):
    """Draw a number between -largest and largest for each sequence: (1, B, 1)."""
    return _between(-largest, largest, draw(seed, [1, tf.shape(x)[1], 1]))


def _between(low, high, drawn):
    return low + (high - low) * drawn


def _clip(x):
    return tf.clip_by_value(x, SILENCE, LOUDEST)


def mix_power(x, seed, *, max_share=0.4, range_db=60.0):
    """Mix each sequence with another one of the batch, in the power domain.

    The other one, drawn by a permutation, gets a share of up to `max_share`.
    """
    drawn = draw(seed, [2, tf.shape(x)[1]])
    order, share = tf.argsort(drawn[0]), max_share * drawn[1][None, :, None]
    # from [-1, 1] to decibels below the loudest, to powers, whose logarithms are natural
    scale = math.log(10) / 10 * range_db / 2
    powers = tf.exp((x - 1) * scale)
    mixed = (1 - share) * powers + share * tf.gather(powers, order, axis=1)
    return _clip(tf.math.log(mixed) / scale + 1)


def resize_and_shift(x, seed, *, axis, max_stretch=0.3, max_shift=0.1):
    """Stretch and shift each sequence along one axis, with linear interpolation.

    Parameters
    ----------
    x : tensor of shape (T, B, F)
        Sequences.
    seed : tensor of two int32
        The origin of chance.
    axis : {0, 2}
        That of time or of frequency.
    max_stretch : float, default=0.3
        Factors are between ``1 / (1 + max_stretch)`` and ``1 + max_stretch``, their logarithms equally likely.
    max_shift : float, default=0.1
        Largest shift, as a share of the size of the axis.

    Returns
    -------
    tensor of shape (T, B, F)
        Silence where something comes from outside.
    """
    size = tf.cast(tf.shape(x)[axis], tf.float32)
    limit = tf.math.log1p(tf.cast(max_stretch, tf.float32))
    for_stretch, for_shift = tf.unstack(draw(seed, [2, tf.shape(x)[1], 1]))
    stretch = tf.exp(_between(-limit, limit, for_stretch))
    shift = _between(-max_shift, max_shift, for_shift) * size
    center = (size - 1) / 2
    return _interpolate(x, (tf.range(size)[None] - center) / stretch + center + shift, axis)


def _interpolate(x, positions, axis):
    """Values of x, (T, B, F), at positions (B, n) of an axis, between its neighbours."""
    rows = tf.transpose(x, [1, axis, 2 - axis])
    last = tf.shape(rows)[1] - 1
    before = tf.cast(tf.floor(positions), tf.int32)
    weight = (positions - tf.floor(positions))[..., None]

    def values(places):
        inside = tf.cast((places >= 0) & (places <= last), tf.float32)[..., None]
        found = tf.gather(rows, tf.clip_by_value(places, 0, last), batch_dims=1)
        return inside * found + (1 - inside) * SILENCE

    rows = (1 - weight) * values(before) + weight * values(before + 1)
    order = [1, 0, 2] if axis == 0 else [2, 0, 1]
    return tf.transpose(rows, order)


def mask_time(x, seed, *, max_share=0.2, value=SILENCE):
    """Overwrite a stretch of frames, of up to `max_share` of all, by `value`."""
    masked = _draw_stretch(seed, tf.shape(x)[0], tf.shape(x)[1], max_share)
    return tf.where(tf.transpose(masked)[:, :, None], value, x)


def mask_frequency(x, seed, *, max_share=0.2, value=SILENCE):
    """Overwrite a band of features, of up to `max_share` of all, by `value`."""
    masked = _draw_stretch(seed, tf.shape(x)[2], tf.shape(x)[1], max_share)
    return tf.where(masked[None], value, x)


def _draw_stretch(seed, size, n_sequences, max_share):
    """Whether each of `size` places is in a stretch of random length and start: (n_sequences, size)."""
    size = tf.cast(size, tf.float32)
    for_length, for_start = tf.unstack(draw(seed, [2, n_sequences, 1]))
    length = max_share * for_length * size
    start = for_start * (size - length)
    places = tf.range(size)[None]
    return (places >= tf.floor(start)) & (places < tf.floor(start) + tf.round(length))


def crop(x, seed, n_steps, mask=None):
    """Cut `n_steps` frames out of each sequence, from a random start.

    Parameters
    ----------
    x : tensor of shape (T, B, F)
        Sequences.
    seed : tensor of two int32
        The origin of chance.
    n_steps : int
        Number of frames to keep; all are kept if there are fewer.
    mask : tensor of shape (T, B, 1), default=None
        Real steps of ragged sequences: the crop is among them. A shorter sequence is kept whole.

    Returns
    -------
    x : tensor of shape (T', B, F)
        T' is the smaller one of `n_steps` and T. Of shorter sequences the rest is zero.
    mask : tensor of shape (T', B, 1) or None
        The real steps; None if there was no mask.
    """
    n_steps = tf.minimum(n_steps, tf.shape(x)[0])
    lengths = tf.shape(x)[0] if mask is None else tf.cast(tf.reduce_sum(mask, axis=0)[:, 0], tf.int32)
    room = tf.cast(tf.maximum(lengths - n_steps, 0), tf.float32)
    start = tf.cast(tf.floor(draw(seed, [tf.shape(x)[1]]) * (room + 1)), tf.int32)
    places = start[:, None] + tf.range(n_steps)[None]

    def cut(values):
        return tf.transpose(tf.gather(tf.transpose(values, [1, 0, 2]), places, batch_dims=1), [1, 0, 2])

    if mask is None:
        return cut(x), None
    mask = cut(mask)
    return cut(x) * mask, mask
