"""Convolutions over time and frequency that stand before, or in the place of, recurrent layers.

Each is followed by batch normalisation: in training with the moments of the batch, otherwise with moving ones, which
are measured on data before the training and follow its batches. Padding of maps is always zero and as wide on either
side as the kernel asks for, whatever the length: a sequence gives the same alone and beside longer ones.
"""

import tensorflow as tf

#: added to variances, as Keras does
EPSILON = 1e-3
#: part of the moments of a batch of the training in the moving ones
SHARE_OF_BATCH = 0.1


def convolution_shapes(config):
    """Shapes of the weights of the convolutions by name: kernels, then those of the normalisation."""
    shapes, n_inputs = {}, 1
    for layer, n_channels in enumerate(config.conv_channels):
        shapes[f"convolution.{layer}.kernel"] = (*config.conv_kernel, n_inputs, n_channels)
        shapes |= {f"convolution.{layer}.{name}": (n_channels,) for name in ("scale", "offset", "mean", "variance")}
        n_inputs = n_channels
    return shapes


def convolve(config, parameters, x, mask=None, share=None):
    """Apply the convolutions, each followed by batch normalisation and a ReLU.

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
    share : float, default=None
        Normalise by the moments of this batch, and let them be this part of the moving ones from now on; None:
        normalise by the moving ones.

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
    for layer, strides in enumerate(config.conv_strides):
        names = ("kernel", "scale", "offset", "mean", "variance")
        own = {name: parameters[f"convolution.{layer}.{name}"] for name in names}
        x = tf.nn.conv2d(tf.pad(x, padding), own["kernel"].value, strides, "VALID")
        real = None if real is None else real[:, :: strides[0]]
        x = tf.nn.relu(_normalise_channels(own, x, real, share))
        x = x if real is None else x * real
        maps.append((x, real))
    return *as_steps(x, real), maps


def _normalise_channels(own, x, real, share):
    """Batch normalisation of a map (B, T, F, C), without its ReLU; `own` are the weights of the layer."""
    scale, offset = own["scale"].value, own["offset"].value
    if share is None:
        return _scale_channels(x, own["mean"].value, own["variance"].value, scale, offset)
    if real is None:
        normalised, mean, variance = _normalise_equal(x, scale, offset)
    else:
        mean, variance = batch_moments(x, real)
        normalised = _scale_channels(x, mean, variance, scale, offset)
    own["mean"].assign_add(share * (mean - own["mean"]))
    own["variance"].assign_add(share * (variance - own["variance"]))
    return normalised


def _scale_channels(x, mean, variance, scale, offset):
    scale = scale * tf.math.rsqrt(variance + EPSILON)
    return x * scale + (offset - mean * scale)


def _normalise_equal(x, scale, offset):
    """Normalise by the moments of all steps, in one operation; gives these as well."""
    normalised, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
        x=x, scale=scale, offset=offset, mean=[], variance=[], epsilon=EPSILON
    )
    # the operation divides by the number of values less one
    n_values = tf.cast(tf.size(x) / x.shape[-1], tf.float32)
    return normalised, mean, variance * ((n_values - 1) / n_values)


def batch_moments(x, real):
    """Mean and variance of each channel of a map (B, T, F, C) over the real ones of its steps."""
    n_values = tf.reduce_sum(real) * tf.cast(tf.shape(x)[2], tf.float32)
    mean = tf.reduce_sum(x * real, axis=[0, 1, 2]) / n_values
    return mean, tf.reduce_sum(tf.square(x - mean) * real, axis=[0, 1, 2]) / n_values


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
    """Bring the values of each step to mean 0 and variance 1."""
    mean, variance = tf.nn.moments(x, axes=[-1], keepdims=True)
    return (x - mean) * tf.math.rsqrt(variance + EPSILON)
