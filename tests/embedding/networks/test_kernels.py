"""The fused recurrences against the stock Keras layers: outputs, states and gradients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

CELLS = [("gru", True), ("gru", False), ("lstm", False)]


@pytest.fixture(scope="module")
def tf():
    from skaudeep._engine import start_tensorflow

    start_tensorflow()
    import tensorflow

    return tensorflow


class Problem:
    """A layer of random weights and what it is to do: sequences, lengths, first states, and weights of a loss."""

    def __init__(self, tf, cell, reset_after, shape, ragged, seed):
        from skaudeep.embedding.networks._kernels import cell_kernel

        n_steps, n_sequences, n_inputs, n_units = shape
        rng = np.random.default_rng(seed)
        self.tf = tf
        self.layer = self._stock_layer(cell, reset_after, n_inputs, n_units, rng)
        self.cell = cell_kernel(cell, reset_after)
        lengths = rng.integers(1, n_steps + 1, n_sequences) if ragged else np.full(n_sequences, n_steps)
        self.lengths = lengths if ragged else None
        self.real = np.arange(n_steps) < lengths[:, None]

        def draw(*shape):
            return tf.constant(rng.standard_normal(shape), tf.float32)

        self.x = draw(n_sequences, n_steps, n_inputs) * self.real[:, :, None]
        self.initial = [draw(n_sequences, n_units) for _ in range(self.cell.n_states)]
        # any loss will do that weighs all real outputs and all final states differently
        self.loss_weights = [draw(n_sequences, n_steps, n_units) * self.real[:, :, None]]
        self.loss_weights += [draw(n_sequences, n_units) for _ in self.initial]
        self.weights = tuple(tf.convert_to_tensor(w.value) for w in self.layer.weights)

    @staticmethod
    def _stock_layer(cell, reset_after, n_inputs, n_units, rng):
        import keras

        common = {"return_sequences": True, "return_state": True}
        layer = keras.layers.LSTM(n_units, **common)
        if cell == "gru":
            layer = keras.layers.GRU(n_units, reset_after=reset_after, **common)
        layer.build((None, None, n_inputs))
        # small enough for the recurrence not to be chaotic, which would blow round-off up
        scale = min(0.7, 1.2 / np.sqrt(n_units))
        layer.set_weights([scale * rng.standard_normal(w.shape) for w in layer.weights])
        return layer

    def _reverse(self, x):
        if self.lengths is None:
            return self.tf.reverse(x, [1])
        return self.tf.reverse_sequence(x, self.lengths, seq_axis=1, batch_axis=0)

    def by_keras(self, backwards):
        """Outputs, states and gradients of inputs, initial states and weights."""

        def run():
            mask = None if self.lengths is None else self.tf.constant(self.real)
            x = self._reverse(self.x) if backwards else self.x
            outputs, *states = self.layer(x, mask=mask, initial_state=self.initial)
            return (self._reverse(outputs) if backwards else outputs), states

        return self._differentiate(run, [w.value for w in self.layer.weights])

    def by_us(self, recur, backwards):
        """The same by a function of skaudeep."""

        def run():
            mask = None if self.lengths is None else self.tf.constant(self.real.T[:, :, None], self.tf.float32)
            x = self.tf.transpose(self.x, [1, 0, 2])
            outputs, states = recur(self.cell, x, tuple(self.initial), self.weights, mask, backwards=backwards)
            return self.tf.transpose(outputs, [1, 0, 2]), states

        return self._differentiate(run, list(self.weights))

    def _differentiate(self, run, weights):
        with self.tf.GradientTape() as tape:
            tape.watch([self.x, *self.initial, *weights])
            outputs, states = run()
            terms = zip([outputs, *states], self.loss_weights, strict=True)
            loss = sum(self.tf.reduce_sum(a * b) for a, b in terms)
        return [outputs * self.real[:, :, None], *states, *tape.gradient(loss, [self.x, *self.initial, *weights])]


def assert_all_close(ours, stock, **tolerances):
    for a, b in zip(ours, stock, strict=True):
        np.testing.assert_allclose(a, b, **tolerances)


@pytest.mark.parametrize(("cell", "reset_after"), CELLS)
@given(
    shape=st.tuples(st.integers(1, 12), st.integers(1, 6), st.integers(1, 5), st.integers(1, 20)),
    ragged=st.booleans(),
    backwards=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
@settings(max_examples=15, deadline=None)
def test_equal_to_stock_layers(tf, cell, reset_after, shape, ragged, backwards, seed):
    from skaudeep.embedding.networks._kernels import recur

    problem = Problem(tf, cell, reset_after, shape, ragged, seed)
    assert_all_close(problem.by_us(recur, backwards), problem.by_keras(backwards), rtol=1e-4, atol=2e-5)


@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(("cell", "reset_after"), CELLS)
def test_equal_in_a_traced_function_and_without_gradients(tf, cell, reset_after, ragged):
    from skaudeep.embedding.networks._kernels import recur

    problem = Problem(tf, cell, reset_after, (40, 16, 8, 32), ragged, seed=0)
    ours = tf.function(lambda: problem.by_us(recur, backwards=True), autograph=False)()
    assert_all_close(ours, problem.by_keras(backwards=True), rtol=1e-4, atol=1e-4)
    mask = None if problem.lengths is None else tf.constant(problem.real.T[:, :, None], tf.float32)
    arguments = (problem.cell, tf.transpose(problem.x, [1, 0, 2]), tuple(problem.initial), problem.weights, mask)
    outputs, states = recur(*arguments)
    plain, plain_states = recur(*arguments, differentiable=False)
    np.testing.assert_array_equal(plain, outputs)
    for a, b in zip(plain_states, states, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize("ragged", [False, True])
@pytest.mark.parametrize(("cell", "reset_after"), CELLS)
def test_the_layers_for_a_gpu_are_the_same(tf, cell, reset_after, ragged, backwards):
    """Runs on a GPU where there is one; elsewhere the same code finds Keras without cuDNN."""
    from skaudeep.embedding.networks._kernels import recur, recur_on_gpu

    problem = Problem(tf, cell, reset_after, (11, 5, 3, 7), ragged, seed=1)
    ours, stock = problem.by_us(recur, backwards), problem.by_us(recur_on_gpu, backwards)
    assert_all_close(ours, stock, rtol=1e-4, atol=1e-4)
