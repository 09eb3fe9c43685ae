"""Convolutions over time and frequency that stand before, or in the place of, recurrent layers.

Padding is always zero and as wide on either side as the kernel asks for, whatever the length: a sequence gives the same
alone and beside longer ones.
"""

import tensorflow as tf

_SMALLEST_VARIANCE = 1e-6


def convolution_shapes(config):
    """Shapes of the weights of the convolutions by name: kernels, then scales and offsets of the normalisation."""
    shapes, n_inputs = {}, 1
    for layer, n_channels in enumerate(config.conv_channels):
        shapes[f"convolution.{layer}.kernel"] = (*config.conv_kernel, n_inputs, n_channels)
        shapes[f"convolution.{layer}.scale"] = (n_channels,)
        shapes[f"convolution.{layer}.offset"] = (n_channels,)
        n_inputs = n_channels
    return shapes


def convolve(config, parameters, x, mask=None):
    """Apply the convolutions, each followed by a normalisation over its channels and a ReLU.

    Parameters
    ----------
    config : EncoderConfig
        Channels, kernel and strides.
    parameters : dict of str to Variable
        The weights.
    x : tensor of shape (T, B, F)
        Sequences.
    mask : tensor of shape (T, B, 1), default=None
        Their real steps; None if all are.

    Returns
    -------
    x : tensor of shape (T', B, n)
        All channels of all remaining features, 0 where there is padding; T' is T divided by all strides, rounded up.
    mask : tensor of shape (T', B, 1) or None
        The real steps.
    maps : list of pairs
        For each convolution its output, a tensor of shape (B, T', F', C), and the real ones of its steps, a tensor of
        shape (B, T', 1, 1) or None.
    """
    maps = []
    if not config.conv_channels:
        return x, mask, maps
    x = tf.transpose(x, [1, 0, 2])[..., None]
    real = None if mask is None else tf.transpose(mask, [1, 0, 2])[..., None]
    # what is before and after, in time and in frequency
    padding = [[0, 0], *([(size - 1) // 2, size // 2] for size in config.conv_kernel), [0, 0]]
    for layer in range(len(config.conv_channels)):
        kernel, scale, offset = (
            parameters[f"convolution.{layer}.{name}"].value for name in ("kernel", "scale", "offset")
        )
        x = tf.nn.conv2d(tf.pad(x, padding), kernel, config.conv_strides, "VALID")
        x = tf.nn.relu(normalise(x) * scale + offset)
        if real is not None:
            real = real[:, :: config.conv_strides[0]]
            x = x * real
        maps.append((x, real))
    return *as_steps(x, real), maps


def as_steps(x, real):
    """Turn a map into steps.

    Parameters
    ----------
    x : tensor of shape (B, T, F, C)
        Channels of features.
    real : tensor of shape (B, T, 1, 1) or None
        Its real steps.

    Returns
    -------
    x : tensor of shape (T, B, F * C)
        All channels of the first feature, then of the second, and so on.
    mask : tensor of shape (T, B, 1) or None
        The real steps.
    """
    n_sequences, n_steps, n_values = tf.shape(x)[0], tf.shape(x)[1], x.shape[2] * x.shape[3]
    x = tf.reshape(tf.transpose(x, [1, 0, 2, 3]), [n_steps, n_sequences, n_values])
    return x, None if real is None else tf.transpose(real[..., 0], [1, 0, 2])


def normalise(x):
    """Bring the channels of each position to mean 0 and variance 1."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) / tf.sqrt(variance + _SMALLEST_VARIANCE)
