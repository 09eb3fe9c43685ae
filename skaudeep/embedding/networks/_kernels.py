"""Fused recurrences: GRU and LSTM layers over whole sequences, with hand-written gradients.

Weights have the layout of the stock Keras layers (gate order z, r, h and i, f, c, o), tensors are time-major. What
makes these layers cheaper than differentiating through a loop step by step: the input projection of all steps is one
product per gate before the loop; gates are tensors of their own from there on, so that no step cuts or joins any;
the backward loop carries only the gradient of the states; all weight gradients are single large products after it;
and a layer that reads backwards, or padded sequences, moves no data, it only visits the steps in another order.

On a GPU, where starting an operation costs more than the operation, `recur_on_gpu` leaves the work to the stock layers
and through them to cuDNN.
"""

import functools

import keras
import tensorflow as tf


class GRUResetAfter:
    """``h' = z h + (1 - z) tanh(x_h + r (h U_h + b_h))``: the reset gate acts after the product (cuDNN's form)."""

    n_gates = 3
    n_states = 1
    n_saved = 4
    n_kept = 4
    two_biases = True
    #: for each gate's recurrent kernel: what it multiplies (None: h), and the gradient of the product, among what
    #: `step_back` keeps
    products = ((None, 0), (None, 1), (None, 3))

    @staticmethod
    def step(x, states, kernels, bias):
        """One step; gives the new states and what the backward step needs."""
        (h,) = states
        z, r = tf.sigmoid(x[0] + h @ kernels[0]), tf.sigmoid(x[1] + h @ kernels[1])
        remembered = h @ kernels[2] + bias
        candidate = tf.tanh(x[2] + r * remembered)
        return (candidate + z * (h - candidate),), (z, r, candidate, remembered)

    @staticmethod
    def step_back(d_states, h, saved, transposed):
        """Summands of the gradients of the earlier states, and what to keep: first the gradients of the gates."""
        (d_h,), (z, r, candidate, remembered) = d_states, saved
        d_kept = d_h * z
        d_z = _sigmoid_back(z, d_h * (h - candidate))
        d_candidate = _tanh_back(candidate, d_h - d_kept)
        d_remembered = d_candidate * r
        d_r = _sigmoid_back(r, d_candidate * remembered)
        products = [d @ kernel for d, kernel in zip((d_z, d_r, d_remembered), transposed, strict=True)]
        return ([d_kept, *products],), (d_z, d_r, d_candidate, d_remembered)


class GRUResetBefore:
    """``h' = z h + (1 - z) tanh(x_h + (r h) U_h)``: the reset gate acts before the product (the original's form)."""

    n_gates = 3
    n_states = 1
    n_saved = 3
    n_kept = 4
    two_biases = False
    products = ((None, 0), (None, 1), (3, 2))

    @staticmethod
    def step(x, states, kernels, bias):
        """One step; gives the new states and what the backward step needs."""
        (h,) = states
        z, r = tf.sigmoid(x[0] + h @ kernels[0]), tf.sigmoid(x[1] + h @ kernels[1])
        candidate = tf.tanh(x[2] + (r * h) @ kernels[2])
        return (candidate + z * (h - candidate),), (z, r, candidate)

    @staticmethod
    def step_back(d_states, h, saved, transposed):
        """Summands of the gradients of the earlier states, and what to keep: first the gradients of the gates."""
        (d_h,), (z, r, candidate) = d_states, saved
        d_kept = d_h * z
        d_z = _sigmoid_back(z, d_h * (h - candidate))
        d_candidate = _tanh_back(candidate, d_h - d_kept)
        d_reset = d_candidate @ transposed[2]
        d_r = _sigmoid_back(r, d_reset * h)
        return ([d_kept, d_reset * r, d_z @ transposed[0], d_r @ transposed[1]],), (d_z, d_r, d_candidate, r * h)


class LSTM:
    """``c' = f c + i g``, ``h' = o tanh(c')``; states (h, c)."""

    n_gates = 4
    n_states = 2
    n_saved = 6
    n_kept = 4
    two_biases = False
    products = ((None, 0), (None, 1), (None, 2), (None, 3))

    @staticmethod
    def step(x, states, kernels, bias):
        """One step; gives the new states and what the backward step needs."""
        h, c = states
        i, f, g, o = (x_gate + h @ kernel for x_gate, kernel in zip(x, kernels, strict=True))
        i, f, g, o = tf.sigmoid(i), tf.sigmoid(f), tf.tanh(g), tf.sigmoid(o)
        new_c = f * c + i * g
        squashed = tf.tanh(new_c)
        return (o * squashed, new_c), (c, i, f, g, o, squashed)

    @staticmethod
    def step_back(d_states, h, saved, transposed):
        """Summands of the gradients of the earlier states, and what to keep: first the gradients of the gates."""
        (d_h, d_c), (c, i, f, g, o, squashed) = d_states, saved
        d_c = d_c + _tanh_back(squashed, d_h * o)
        d_gates = (
            _sigmoid_back(i, d_c * g),
            _sigmoid_back(f, d_c * c),
            _tanh_back(g, d_c * i),
            _sigmoid_back(o, d_h * squashed),
        )
        return ([d @ kernel for d, kernel in zip(d_gates, transposed, strict=True)], [d_c * f]), d_gates


def _sigmoid_back(y, dy):
    """Gradient of the sigmoid from its value, in one operation."""
    return tf.raw_ops.SigmoidGrad(y=y, dy=dy)


def _tanh_back(y, dy):
    """Gradient of the hyperbolic tangent from its value, in one operation."""
    return tf.raw_ops.TanhGrad(y=y, dy=dy)


def cell_kernel(cell, reset_after):
    """Give the recurrence of a cell by name ("gru" or "lstm")."""
    if cell == "lstm":
        return LSTM
    return GRUResetAfter if reset_after else GRUResetBefore


def multiply(x, kernel):
    """Product of every step with a matrix: (T, B, n) @ (n, m), as one product."""
    return _as_one(lambda flat: flat @ kernel, x, kernel.shape[-1])


def project(x, kernel, bias):
    """Apply a dense layer to every step: (T, B, n) -> (T, B, m), as one product."""
    return _as_one(lambda flat: tf.nn.bias_add(flat @ kernel, bias), x, kernel.shape[-1])


def _as_one(function, x, n_outputs):
    shape = tf.shape(x)
    return tf.reshape(function(tf.reshape(x, [-1, x.shape[-1]])), [shape[0], shape[1], n_outputs])


def split_gates(cell, kernel, recurrent_kernel, bias):
    """Cut the weights of a layer into those of its gates.

    Parameters
    ----------
    cell : class
        One of the recurrences of this module.
    kernel, recurrent_kernel, bias : tensors
        In Keras's layout.

    Returns
    -------
    inputs : list of (kernel, bias)
        Of the projection of the input. A recurrent bias that is merely added to a gate is in here.
    recurrent : (list of kernels, bias)
        Arguments of the step; the bias is that of a candidate that is reset after its product.
    """
    recurrent_bias = None
    if cell.two_biases:
        n_added = 2 * recurrent_kernel.shape[0]
        recurrent_bias = bias[1, n_added:]
        bias = bias[0] + tf.concat([bias[1, :n_added], tf.zeros_like(recurrent_bias)], axis=0)
    kernels, biases = (tf.split(weights, cell.n_gates, axis=-1) for weights in (kernel, bias))
    return list(zip(kernels, biases, strict=True)), (tf.split(recurrent_kernel, cell.n_gates, axis=-1), recurrent_bias)


def recur(cell, x, initial, weights, mask=None, *, backwards=False, differentiable=True):
    """Run a recurrent layer over time.

    Parameters
    ----------
    cell : class
        One of the recurrences of this module.
    x : tensor of shape (T, B, n_inputs)
        Input of all steps.
    initial : tuple of tensors of shape (B, n_units)
        States before the first step.
    weights : tuple of tensors
        Kernel, recurrent kernel and bias, in Keras's layout.
    mask : tensor of shape (T, B, 1), optional
        1 for real steps, 0 for padding at the end, which leaves the states alone.
    backwards : bool, default=False
        Whether to read from the last step to the first; outputs are in the order of the input.
    differentiable : bool, default=True
        Whether to keep what the gradient needs.

    Returns
    -------
    outputs : tensor of shape (T, B, n_units)
    states : tuple of tensors of shape (B, n_units)
        States after the last real step that was read.
    """
    if not differentiable:
        inputs, recurrent = split_gates(cell, *weights)
        outputs, final, _ = _forward(cell, x, initial, inputs, recurrent, mask, backwards, n_saved=0)
        return outputs, final

    @tf.custom_gradient
    def run(x, kernel, recurrent_kernel, bias, *initial):
        inputs, recurrent = split_gates(cell, kernel, recurrent_kernel, bias)
        outputs, final, saved = _forward(cell, x, initial, inputs, recurrent, mask, backwards, cell.n_saved)

        def gradient(d_outputs, *d_final):
            first = initial[0][None]
            with tf.control_dependencies([d_outputs]):  # a copy, not made before it is needed
                h = tf.concat([outputs[1:], first] if backwards else [first, outputs[:-1]], axis=0)
            transposed = [tf.transpose(gate) for gate in recurrent[0]]
            d_initial, kept = _backward(cell, d_outputs, d_final, h, saved, transposed, mask, backwards)
            d_weights = _weight_gradients(cell, x, h, kept)
            with tf.control_dependencies(d_weights):  # before the layer below begins to use memory
                d_x = [multiply(d, tf.transpose(gate)) for d, (gate, _) in zip(kept, inputs, strict=False)]
            return tf.add_n(d_x), *d_weights, *d_initial

        return (outputs, *final), gradient

    outputs, *states = run(x, *weights, *initial)
    return outputs, tuple(states)


def recur_on_gpu(cell, x, initial, weights, mask=None, *, backwards=False, differentiable=True):
    """Run a recurrent layer by the stock layer of Keras, which takes cuDNN where that can compute it.

    Parameters and results are those of `recur`; outputs of padded steps are undefined.
    """
    reverse = reverse_steps if backwards else lambda x, mask: x
    x = tf.transpose(reverse(x, mask), [1, 0, 2])
    layer = _stock_layer(cell, weights[0].shape[0], weights[1].shape[0])
    others = [variable.value for variable in layer.non_trainable_variables]
    mask_of_layer = None if mask is None else tf.transpose(mask[:, :, 0] > 0)
    (outputs, *states), _ = layer.stateless_call(
        list(weights), others, x, initial_state=list(initial), mask=mask_of_layer
    )
    return reverse(tf.transpose(outputs, [1, 0, 2]), mask), tuple(states)


@functools.lru_cache
def _stock_layer(cell, n_inputs, n_units):
    """A layer of Keras whose own weights nobody uses."""
    options = {"return_sequences": True, "return_state": True, "dtype": "float32"}
    with tf.init_scope():
        layer = keras.layers.LSTM(n_units, **options)
        if cell is not LSTM:
            layer = keras.layers.GRU(n_units, reset_after=cell is GRUResetAfter, **options)
        layer.build((None, None, n_inputs))
    return layer


def reverse_steps(x, mask):
    """Reverse the real steps in time: (T, B, n), with a mask as of `recur`."""
    if mask is None:
        return tf.reverse(x, [0])
    return tf.reverse_sequence(x, tf.cast(tf.reduce_sum(mask, axis=[0, 2]), tf.int32), seq_axis=0, batch_axis=1)


def _forward(cell, x, initial, inputs, recurrent, mask, backwards, n_saved):
    n_steps, n_units = tf.shape(x)[0], initial[0].shape[-1]
    gates = [project(x, kernel, bias) for kernel, bias in inputs]

    def body(i, states, outputs, saved):
        t = n_steps - 1 - i if backwards else i
        new, keep = cell.step([gate[t] for gate in gates], states, *recurrent)
        if mask is not None:
            real = mask[t] > 0
            new = tuple(tf.where(real, a, b) for a, b in zip(new, states, strict=True))
        saved = tuple(_push(stack, value) for stack, value in zip(saved, keep[:n_saved], strict=True))
        return i + 1, new, outputs.write(t, new[0]), saved

    outputs = tf.TensorArray(tf.float32, n_steps, element_shape=(None, n_units))
    saved = tuple(_stack(n_units) for _ in range(n_saved))
    _, final, outputs, saved = tf.while_loop(
        lambda i, *_: i < n_steps, body, (0, tuple(initial), outputs, saved), maximum_iterations=n_steps
    )
    return outputs.stack(), final, saved


def _backward(cell, d_outputs, d_final, h, saved, transposed, mask, backwards):
    n_steps, n_units = tf.shape(d_outputs)[0], d_final[0].shape[-1]

    def body(i, d_states, saved, kept):
        t = i if backwards else n_steps - 1 - i
        saved, values = zip(*(_pop(stack, d_final[0].shape) for stack in saved), strict=True)
        d_states = (d_states[0] + d_outputs[t], *d_states[1:])
        d_real = d_states if mask is None else tuple(d * mask[t] for d in d_states)
        summands, keep = cell.step_back(d_real, h[t], values, transposed)
        if mask is not None:  # what does not concern a padded step passes it by; all that comes of zero is zero
            passing = 1 - mask[t]
            summands = [[*terms, d * passing] for terms, d in zip(summands, d_states, strict=True)]
        d_previous = tuple(tf.add_n(terms) for terms in summands)
        return i + 1, d_previous, saved, tuple(array.write(t, value) for array, value in zip(kept, keep, strict=True))

    kept = tuple(tf.TensorArray(tf.float32, n_steps, element_shape=(None, n_units)) for _ in range(cell.n_kept))
    _, d_initial, _, kept = tf.while_loop(
        lambda i, *_: i < n_steps, body, (0, tuple(d_final), saved, kept), maximum_iterations=n_steps
    )
    return d_initial, [array.stack() for array in kept]


def _weight_gradients(cell, x, h, kept):
    """Gradients of kernel, recurrent kernel and bias."""
    d_gates = kept[: cell.n_gates]
    d_kernel = tf.concat([_product_over_steps(x, d) for d in d_gates], axis=-1)
    d_recurrent = [
        _product_over_steps(h if operand is None else kept[operand], kept[gradient])
        for operand, gradient in cell.products
    ]
    ones = tf.ones_like(x[:, :, :1])  # sums over steps as products: the fast way to read so much
    sums = [_product_over_steps(ones, d)[0] for d in kept]
    d_bias = tf.concat(sums[: cell.n_gates], axis=0)
    if cell.two_biases:
        d_bias = tf.stack([d_bias, tf.concat([sums[gradient] for _, gradient in cell.products], axis=0)])
    return d_kernel, tf.concat(d_recurrent, axis=-1), d_bias


# What a step leaves for its gradient lies on stacks: the gradient takes it in the opposite order, and each tensor is
# freed where it was needed last, so that the backward loop needs no memory beside that of the forward loop.


def _stack(n_units):
    return tf.raw_ops.EmptyTensorList(element_shape=[-1, n_units], max_num_elements=-1, element_dtype=tf.float32)


def _push(stack, value):
    return tf.raw_ops.TensorListPushBack(input_handle=stack, tensor=value)


def _pop(stack, shape):
    """The stack without its last tensor, and that tensor."""
    element_shape = [-1, shape[-1]]
    stack, value = tf.raw_ops.TensorListPopBack(
        input_handle=stack, element_shape=element_shape, element_dtype=tf.float32
    )
    value.set_shape(shape)
    return stack, value


def _product_over_steps(a, b):
    """Sum of the outer products of all steps and sequences: (T, B, n), (T, B, m) -> (n, m)."""
    return tf.matmul(tf.reshape(a, [-1, a.shape[-1]]), tf.reshape(b, [-1, b.shape[-1]]), transpose_a=True)
