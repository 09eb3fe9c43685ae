"""Fused recurrences: GRU and LSTM layers over whole sequences, with hand-written gradients.

Weights have the layout of the stock Keras layers (gate order z, r, h and i, f, c, o), tensors are time-major.
Three things make these loops cheaper than differentiating through a loop step by step: the input projection of
all steps is one product before the loop; the backward loop carries only the gradient of the state and keeps the
gradients of the gates; all weight gradients are single large products after it.
"""

import tensorflow as tf


class GRUResetAfter:
    """``h' = z h + (1 - z) tanh(x_h + r (h U_h + b_h))``: the reset gate acts after the product (cuDNN's form)."""

    n_gates = 3
    n_states = 1
    n_saved = 4

    @staticmethod
    def step(x, states, weights):
        """One step; gives the new states and what the backward step needs."""
        (h,), (kernel, bias) = states, weights
        x_z, x_r, x_h = tf.split(x, 3, axis=-1)
        h_z, h_r, h_h = tf.split(h @ kernel + bias, 3, axis=-1)
        z, r = tf.sigmoid(x_z + h_z), tf.sigmoid(x_r + h_r)
        candidate = tf.tanh(x_h + r * h_h)
        return (candidate + z * (h - candidate),), (z, r, candidate, h_h)

    @staticmethod
    def step_back(d_states, states, saved, transposed):
        """Gradient of one step: with respect to its earlier states and to its projected input."""
        (d_h,), (h,), (z, r, candidate, h_h) = d_states, states, saved
        d_candidate = d_h * (1 - z) * (1 - candidate * candidate)
        d_z = d_h * (h - candidate) * z * (1 - z)
        d_r = d_candidate * h_h * r * (1 - r)
        d_recurrent = tf.concat([d_z, d_r, d_candidate * r], axis=-1)
        return (d_h * z + d_recurrent @ transposed[0],), tf.concat([d_z, d_r, d_candidate], axis=-1)

    @staticmethod
    def weight_gradients(d_x, h, saved, weights):
        """Gradients of (kernel, bias) from the gate gradients of all steps."""
        d_z, d_r, d_candidate = tf.split(d_x, 3, axis=-1)
        d_recurrent = tf.concat([d_z, d_r, d_candidate * saved[1]], axis=-1)
        return _product_over_steps(h, d_recurrent), tf.reduce_sum(d_recurrent, axis=[0, 1])


class GRUResetBefore:
    """``h' = z h + (1 - z) tanh(x_h + (r h) U_h)``: the reset gate acts before the product (the original's form)."""

    n_gates = 3
    n_states = 1
    n_saved = 3

    @staticmethod
    def step(x, states, weights):
        """One step; gives the new states and what the backward step needs."""
        (h,), (kernel,) = states, weights
        n = h.shape[-1]
        z, r = tf.split(tf.sigmoid(x[:, : 2 * n] + h @ kernel[:, : 2 * n]), 2, axis=-1)
        candidate = tf.tanh(x[:, 2 * n :] + (r * h) @ kernel[:, 2 * n :])
        return (candidate + z * (h - candidate),), (z, r, candidate)

    @staticmethod
    def step_back(d_states, states, saved, transposed):
        """Gradient of one step: with respect to its earlier states and to its projected input."""
        (d_h,), (h,), (z, r, candidate) = d_states, states, saved
        n = h.shape[-1]
        kernel_t = transposed[0]
        d_candidate = d_h * (1 - z) * (1 - candidate * candidate)
        d_reset = d_candidate @ kernel_t[2 * n :]
        d_gates = tf.concat([d_h * (h - candidate) * z * (1 - z), d_reset * h * r * (1 - r)], axis=-1)
        d_previous = d_h * z + d_reset * r + d_gates @ kernel_t[: 2 * n]
        return (d_previous,), tf.concat([d_gates, d_candidate], axis=-1)

    @staticmethod
    def weight_gradients(d_x, h, saved, weights):
        """Gradient of (kernel,) from the gate gradients of all steps."""
        n = h.shape[-1]
        d_gates = _product_over_steps(h, d_x[:, :, : 2 * n])
        d_candidate = _product_over_steps(saved[1] * h, d_x[:, :, 2 * n :])
        return (tf.concat([d_gates, d_candidate], axis=-1),)


class LSTM:
    """``c' = f c + i g``, ``h' = o tanh(c')``; states (h, c)."""

    n_gates = 4
    n_states = 2
    n_saved = 6

    @staticmethod
    def step(x, states, weights):
        """One step; gives the new states and what the backward step needs."""
        (h, c), (kernel,) = states, weights
        i, f, g, o = tf.split(x + h @ kernel, 4, axis=-1)
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_c = f * c + i * g
        squashed = tf.tanh(new_c)
        return (o * squashed, new_c), (i, f, g, o, c, squashed)

    @staticmethod
    def step_back(d_states, states, saved, transposed):
        """Gradient of one step: with respect to its earlier states and to its projected input."""
        (d_h, d_c), (i, f, g, o, c, squashed) = d_states, saved
        d_c = d_c + d_h * o * (1 - squashed * squashed)
        d_gates = tf.concat(
            [
                d_c * g * i * (1 - i),
                d_c * c * f * (1 - f),
                d_c * i * (1 - g * g),
                d_h * squashed * o * (1 - o),
            ],
            axis=-1,
        )
        return (d_gates @ transposed[0], d_c * f), d_gates

    @staticmethod
    def weight_gradients(d_x, h, saved, weights):
        """Gradient of (kernel,) from the gate gradients of all steps."""
        return (_product_over_steps(h, d_x),)


def cell_kernel(cell, reset_after):
    """Give the recurrence of a cell by name ("gru" or "lstm")."""
    if cell == "lstm":
        return LSTM
    return GRUResetAfter if reset_after else GRUResetBefore


def project(x, kernel, bias):
    """Apply a dense layer to every step: (T, B, n) -> (T, B, m), as one product."""
    shape = tf.shape(x)
    flat = tf.reshape(x, [-1, x.shape[-1]]) @ kernel + bias
    return tf.reshape(flat, [shape[0], shape[1], kernel.shape[-1]])


def recur(kernel, x, initial, weights, mask=None, *, differentiable=True):
    """Run a recurrent layer over time.

    Parameters
    ----------
    kernel : class
        One of the recurrences of this module.
    x : tensor of shape (T, B, n_gates * n_units)
        Projected input of all steps, input bias included.
    initial : tuple of tensors of shape (B, n_units)
        States before the first step.
    weights : tuple of tensors
        The recurrent kernel and, for a cell that has one, the recurrent bias.
    mask : tensor of shape (T, B, 1), optional
        1 for real steps, 0 for padding at the end, which leaves the states alone.
    differentiable : bool, default=True
        Whether to keep what the gradient needs.

    Returns
    -------
    outputs : tensor of shape (T, B, n_units)
    states : tuple of tensors of shape (B, n_units)
        States after the last real step of each sequence.
    """
    if not differentiable:
        outputs, final, _ = _forward(kernel, x, initial, weights, mask, n_saved=0)
        return outputs, final
    n_states = len(initial)

    @tf.custom_gradient
    def run(x, *tensors):
        initial, weights = tensors[:n_states], tensors[n_states:]
        outputs, final, saved = _forward(kernel, x, initial, weights, mask, kernel.n_saved)

        def gradient(d_outputs, *d_final):
            h = tf.concat([initial[0][None], outputs[:-1]], axis=0)
            d_initial, d_x = _backward(kernel, d_outputs, d_final, h, saved, weights, mask)
            return d_x, *d_initial, *kernel.weight_gradients(d_x, h, saved, weights)

        return (outputs, *final), gradient

    outputs, *states = run(x, *initial, *weights)
    return outputs, tuple(states)


def _forward(kernel, x, initial, weights, mask, n_saved):
    n_steps = tf.shape(x)[0]
    x, mask = _per_step(x), None if mask is None else _per_step(mask)

    def body(t, states, outputs, saved):
        new, keep = kernel.step(x.read(t), states, weights)
        if mask is not None:
            real = mask.read(t) > 0
            new = tuple(tf.where(real, a, b) for a, b in zip(new, states, strict=True))
        saved = tuple(array.write(t, value) for array, value in zip(saved, keep[:n_saved], strict=True))
        return t + 1, new, outputs.write(t, new[0]), saved

    arrays = tuple(tf.TensorArray(tf.float32, n_steps, element_shape=initial[0].shape) for _ in range(n_saved + 1))
    _, final, outputs, saved = tf.while_loop(
        lambda t, *_: t < n_steps,
        body,
        (0, tuple(initial), arrays[0], arrays[1:]),
        maximum_iterations=n_steps,
    )
    return outputs.stack(), final, tuple(array.stack() for array in saved)


def _backward(kernel, d_outputs, d_final, h, saved, weights, mask):
    n_steps = tf.shape(h)[0]
    transposed = (tf.transpose(weights[0]),)
    d_outputs, h, mask = _per_step(d_outputs), _per_step(h), None if mask is None else _per_step(mask)
    saved = tuple(_per_step(value) for value in saved)
    n_units = d_final[0].shape[-1]

    def body(t, d_states, d_x):
        d_states = (d_states[0] + d_outputs.read(t), *d_states[1:])
        d_previous, d_step = kernel.step_back(d_states, (h.read(t),), tuple(a.read(t) for a in saved), transposed)
        if mask is not None:
            real = mask.read(t)
            d_previous = tuple(tf.where(real > 0, a, b) for a, b in zip(d_previous, d_states, strict=True))
            d_step = d_step * real
        return t - 1, d_previous, d_x.write(t, d_step)

    array = tf.TensorArray(tf.float32, n_steps, element_shape=(None, kernel.n_gates * n_units))
    _, d_initial, d_x = tf.while_loop(
        lambda t, *_: t >= 0, body, (n_steps - 1, tuple(d_final), array), maximum_iterations=n_steps
    )
    return d_initial, d_x.stack()


def _per_step(x):
    return tf.TensorArray(tf.float32, tf.shape(x)[0], element_shape=x.shape[1:]).unstack(x)


def _product_over_steps(a, b):
    """Sum of the outer products of all steps and sequences: (T, B, n), (T, B, m) -> (n, m)."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)
