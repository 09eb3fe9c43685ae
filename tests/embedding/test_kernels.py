"""The fused recurrences against the stock Keras layers: outputs, states and gradients."""

import numpy as np
import pytest


@pytest.fixture(scope="module")
def tf():
    from skaudeep._engine import start_tensorflow

    start_tensorflow()
    import tensorflow

    return tensorflow


def stock_layer(cell, reset_after, n_inputs, n_units, rng):
    import keras

    common = {"return_sequences": True, "return_state": True}
    layer = keras.layers.LSTM(n_units, **common)
    if cell == "gru":
        layer = keras.layers.GRU(n_units, reset_after=reset_after, **common)
    layer.build((None, None, n_inputs))
    layer.set_weights([0.7 * rng.standard_normal(w.shape) for w in layer.weights])
    return layer


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(("cell", "reset_after"), [("gru", True), ("gru", False), ("lstm", False)])
@pytest.mark.parametrize("shape", [(7, 5, 3, 4), (1, 3, 2, 1), (12, 1, 1, 6), (2, 4, 5, 3)])
def test_equal_to_stock_layers(tf, cell, reset_after, ragged, shape):
    from skaudeep.embedding._kernels import cell_kernel, project, recur

    n_steps, n_sequences, n_inputs, n_units = shape
    rng = np.random.default_rng([*shape, ragged])
    layer = stock_layer(cell, reset_after, n_inputs, n_units, rng)
    lengths = rng.integers(1, n_steps + 1, n_sequences) if ragged else np.full(n_sequences, n_steps)
    mask = np.arange(n_steps) < lengths[:, None]

    def draw(*shape):
        return tf.constant(rng.standard_normal(shape), tf.float32)

    x = draw(n_sequences, n_steps, n_inputs)
    kernel = cell_kernel(cell, reset_after)
    initial = [draw(n_sequences, n_units) for _ in range(kernel.n_states)]
    # any loss will do that weighs all real outputs and all final states differently
    weights = [draw(n_sequences, n_steps, n_units) * mask[:, :, None], *[draw(n_sequences, n_units) for _ in initial]]

    def loss_of(outputs, states):
        return sum(tf.reduce_sum(a * b) for a, b in zip([outputs, *states], weights, strict=True))

    variables = [w.value for w in layer.weights]
    with tf.GradientTape() as tape:
        tape.watch([x, *initial])
        expected, *expected_states = layer(x, mask=tf.constant(mask) if ragged else None, initial_state=initial)
        loss = loss_of(expected, expected_states)
    expected_gradients = tape.gradient(loss, [x, *initial, *variables])

    with tf.GradientTape() as tape:
        tape.watch([x, *initial])
        w, u, b = (tf.convert_to_tensor(v) for v in variables)
        input_bias, recurrent = (b[0], (u, b[1])) if len(b.shape) == 2 else (b, (u,))
        projected = project(tf.transpose(x, [1, 0, 2]), w, input_bias)
        step_mask = tf.constant(mask.T[:, :, None], tf.float32) if ragged else None
        outputs, states = recur(kernel, projected, tuple(initial), recurrent, step_mask)
        outputs = tf.transpose(outputs, [1, 0, 2])
        loss = loss_of(outputs, states)
    gradients = tape.gradient(loss, [x, *initial, *variables])

    real = mask[:, :, None]
    np.testing.assert_allclose(outputs * real, expected * real, atol=2e-6)
    for ours, stock in zip([*states, *gradients], [*expected_states, *expected_gradients], strict=True):
        np.testing.assert_allclose(ours, stock, rtol=1e-5, atol=1e-5)
    plain, plain_states = recur(kernel, projected, tuple(initial), recurrent, step_mask, differentiable=False)
    np.testing.assert_array_equal(tf.transpose(plain, [1, 0, 2]), outputs)
    for ours, other in zip(plain_states, states, strict=True):
        np.testing.assert_array_equal(ours, other)
