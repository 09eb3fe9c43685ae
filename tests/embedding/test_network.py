"""The network against the original's golden files, and its noise."""

import dataclasses

import numpy as np
import pytest

from skaudeep._engine import borrow
from skaudeep.embedding._config import TimeConfig

# the original's trained network: one layer of 32 units
CONFIG = TimeConfig(
    n_features=128,
    n_layers=1,
    n_units=32,
    cell="gru",
    bidirectional_encoder=False,
    bidirectional_decoder=False,
    reset_after=False,
    feed_previous=True,
    dropout=False,
    input_noise=False,
    mask_silence=False,
)


def original_weights(reader):
    """Weights of the original's one-layer GRU checkpoint in the layout of ours."""

    def tensor(name):
        return reader.get_tensor(f"model/{name}")

    def cell(part, n_inputs):
        prefix = f"{part}/rnn_output_and_state/rnn/multi_rnn_cell/cell_0/gru_cell"
        gates, candidate = tensor(f"{prefix}/gates/kernel"), tensor(f"{prefix}/candidate/kernel")
        gate_bias, candidate_bias = tensor(f"{prefix}/gates/bias"), tensor(f"{prefix}/candidate/bias")

        def keras_order(gates, candidate):
            r, u = np.split(gates, 2, axis=-1)
            return np.concatenate([u, r, candidate], axis=-1)

        return {
            f"{part}.forward.0.kernel": keras_order(gates[:n_inputs], candidate[:n_inputs]),
            f"{part}.forward.0.recurrent_kernel": keras_order(gates[n_inputs:], candidate[n_inputs:]),
            f"{part}.forward.0.bias": keras_order(gate_bias, candidate_bias),
        }

    def dense(ours, theirs):
        return {f"{ours}.kernel": tensor(f"{theirs}/weights"), f"{ours}.bias": tensor(f"{theirs}/bias")}

    return {
        **cell("encoder", 128),
        **cell("decoder", 128),
        **dense("representation", "representation/linear"),
        **dense("feedback", "decoder/rnn_output_and_state"),
        **dense("reconstruction", "reconstruction/time_dist_linear/linear"),
    }


@pytest.fixture(scope="module")
def golden(shared):
    """The original's trained 1x32 network as config and weights, its input, and what it made of it."""
    import tensorflow as tf

    from skaudeep.io import read_netcdf

    reader = tf.train.load_checkpoint(str(shared / "reference/models/t-rae-gru/logs/model-12"))
    spectrograms = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")["features"].values
    reference = dict(np.load(shared / "reference/models/t-rae-gru/reference.npz"))
    reference["representations"] = read_netcdf(shared / "reference/models/t-rae-gru/representation.nc")[
        "features"
    ].values
    return CONFIG, original_weights(reader), spectrograms, reference


class TestGoldenFiles:
    def test_representation(self, golden):
        config, weights, spectrograms, reference = golden
        with borrow(config, weights) as network:
            z = network.encode(spectrograms, None).numpy()
        np.testing.assert_allclose(z[:8], reference["rep_fp0"], atol=1e-5)
        np.testing.assert_allclose(z, reference["representations"], atol=1e-5)

    def test_reconstruction_by_a_decoder_that_hears_itself(self, golden):
        config, weights, _, reference = golden
        with borrow(config, weights) as network:
            generated = network.generate(reference["rep_fp1"], 124).numpy()
        # the original's is reversed in time, and time-major
        np.testing.assert_allclose(generated[:, ::-1].transpose(1, 0, 2), reference["reconstruction_fp1"], atol=1e-5)

    def test_loss_where_the_decoder_always_hears_itself(self, golden):
        config, weights, spectrograms, reference = golden
        with borrow(config, weights) as network:
            network.prepare_training(1e-3)
            rates, seed = np.array([0, 0, 1], np.float32), np.array([0, 0], np.int32)
            loss = network.train_batch(spectrograms[:8], None, rates, np.float32(2), seed)
        assert float(loss) == pytest.approx(float(reference["loss_fp1"]), abs=1e-6)


def test_training_step(golden, shared):
    """One step from the original's weights and moments: gradients through time, clipping and Adam."""
    import tensorflow as tf

    from skaudeep.embedding._network import TimeAutoencoder

    class Original(TimeAutoencoder):
        """Its decoder sees the target of two steps before."""

        def _decode(self, z, x, mask, noise=None):
            expected = tf.concat([x[2:], tf.zeros_like(x[:2])], axis=0)
            initial = self._split_state(z)[0]
            layers, _ = self._stack("decoder.forward", expected, initial, mask, noise, backwards=True)
            return [layers[-1]]

    class Slots:
        """The optimizer's variables of a checkpoint under the names of the weights."""

        def __init__(self, suffix):
            self.suffix = suffix

        def get_tensor(self, name):
            return reader.get_tensor(f"model/optimizer/{name}{self.suffix}")

    class After:
        def get_tensor(self, name):
            return reference[f"after1step/{name}"]

    config, weights, spectrograms, reference = golden
    reader = tf.train.load_checkpoint(str(shared / "reference/models/t-rae-gru/logs/model-12"))
    network = Original(dataclasses.replace(config, feed_previous=False))
    network.load_weights_dict(weights)
    network.prepare_training(1e-3)
    moments = {"momentum": original_weights(Slots("/Adam")), "velocity": original_weights(Slots("/Adam_1"))}
    n_steps = round(np.log(reader.get_tensor("model/optimizer/beta1_power")) / np.log(0.9)) - 1
    state = {"iteration": np.int64(n_steps)}
    for name in network.read_optimizer():
        if name != "iteration":
            weight, _, moment = name.rpartition("_")
            (ours,) = [key for key in weights if weight.endswith(key.replace(".", "_")) or weight.endswith(key)]
            state[name] = moments[moment][ours]
    network.prepare_training(1e-3, state)
    rates, seed = np.zeros(3, np.float32), np.zeros(2, np.int32)
    loss = network.train_batch(spectrograms[:8], None, rates, np.float32(2), seed)
    assert float(loss) == pytest.approx(float(reference["loss_fp0"]), abs=1e-6)
    after, expected = network.read_weights(), original_weights(After())
    for name in weights:
        np.testing.assert_allclose(after[name], expected[name], atol=1e-6, err_msg=name)
        if "feedback" not in name:
            assert np.abs(expected[name] - weights[name]).max() > 1e-5


@pytest.fixture(scope="module")
def noise():
    from skaudeep.embedding._network import _Noise

    config = dataclasses.replace(CONFIG, dropout=True, input_noise=True)
    return lambda seed: _Noise(config, np.array([0.25, 0.3, 0.2], np.float32), np.array([7, seed], np.int32))


class TestNoise:
    def test_dropout_keeps_the_mean_and_is_fresh_at_every_step(self, noise):
        x = np.ones((40, 30, 50), np.float32)
        for times in (1, 2):
            dropped = noise(0).dropout(x, times).numpy()
            keep = 0.75**times
            np.testing.assert_allclose(np.unique(dropped), [0, 1 / keep], rtol=1e-6)
            assert (dropped == 0).mean() == pytest.approx(1 - keep, abs=0.01)
            assert dropped.mean() == pytest.approx(1, abs=0.02)
            assert not (dropped[0] == dropped[1]).all()

    def test_input_noise_zeroes_whole_steps(self, noise):
        noisy = noise(0).input(np.ones((100, 50, 4), np.float32)).numpy()
        steps = noisy.all(axis=2)
        assert (steps == noisy.any(axis=2)).all()
        assert steps.mean() == pytest.approx(0.7, abs=0.03)

    def test_feeding_back_is_drawn_per_step_and_sequence(self, noise):
        feed = noise(0).feed(100, 50).numpy()
        assert feed.mean() == pytest.approx(0.2, abs=0.03)
        assert feed.mean(axis=(1, 2)).std() > 0 and feed.mean(axis=(0, 2)).std() > 0

    def test_a_seed_gives_the_same_noise_and_another_seed_other_noise(self, noise):
        x = np.ones((5, 4, 3), np.float32)
        first, same, other = (noise(seed).dropout(x).numpy() for seed in (0, 0, 1))
        np.testing.assert_array_equal(first, same)
        assert (first != other).any()


class TestWaysToRun:
    """The halves of a batch side by side, and the layers for a GPU, give what one fused loop gives."""

    LENGTHS = np.array([6, 2, 5, 1, 6], np.int32)

    @pytest.fixture(scope="class")
    @classmethod
    def results(cls):
        """Everything the plain network computes, and a function to compute the same by another one."""
        from skaudeep.embedding import _network

        config = dataclasses.replace(CONFIG, n_features=3, n_layers=2, n_units=4, reset_after=True, feed_previous=False)
        weights = config.initial_weights(0)
        x = np.random.default_rng(0).uniform(-1, 1, (5, 6, 3)).astype(np.float32)
        padded = x * (np.arange(6) < cls.LENGTHS[:, None])[:, :, None]

        def compute(change=lambda network: None):
            network = _network.TimeAutoencoder(config)
            change(network)
            found = {}
            for name, batch in (("equal", (x, None)), ("ragged", (padded, cls.LENGTHS)), ("one", (x[:1], None))):
                network.load_weights_dict(weights)
                network.prepare_training(1e-2)
                for method in ("encode", "reconstruct"):
                    found[name, method] = getattr(network, method)(*batch)
                rates, seed = np.zeros(3, np.float32), np.zeros(2, np.int32)
                found[name, "loss"] = network.train_batch(*batch, rates, np.float32(0.1), seed)
                # first moments: gradients, clipped, with no division by their size
                found |= {(name, key): a for key, a in network.read_optimizer().items() if "momentum" in key}
            return found

        return compute(), compute

    def assert_equal(self, results, others):
        assert results.keys() == others.keys() and len(results) > 30
        for name, expected in results.items():
            np.testing.assert_allclose(others[name], expected, rtol=1e-4, atol=1e-6, err_msg=str(name))

    def test_halves(self, results, monkeypatch):
        from skaudeep.embedding import _network

        monkeypatch.setattr(_network, "MIN_UNITS_TO_HALVE", 1)
        expected, compute = results
        self.assert_equal(expected, compute())

    def test_layers_for_a_gpu(self, results):
        from skaudeep.embedding._kernels import recur_on_gpu

        expected, compute = results
        self.assert_equal(expected, compute(lambda network: setattr(network, "recur", recur_on_gpu)))


class TestTracing:
    """Tracing takes seconds: it must happen once for an architecture, whatever the data."""

    @pytest.fixture
    def traced(self, monkeypatch):
        """Names of what is traced from here on."""
        from skaudeep import _engine

        names, trace = [], _engine.NetworkMixin._trace

        def count(self, key, function, signature):
            names.append(key)
            return trace(self, key, function, signature)

        monkeypatch.setattr(_engine.NetworkMixin, "_trace", count)
        return names

    def test_once_for_all_fits_lengths_and_batches(self, traced):
        from sklearn.base import clone
        from sklearn.model_selection import GridSearchCV

        from skaudeep import Seq2SeqAutoencoderEmbedder

        def draw(*shape):
            return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)

        # an architecture that no other test uses
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=7, max_epochs=1, batch_size=4, random_state=0)
        embedder.fit(draw(10, 5, 3)).transform(draw(10, 5, 3))  # two full batches and a partial one
        assert traced == [("train", "equal"), ("encode", "equal")]
        embedder.fit(draw(7, 9, 3)).transform(draw(1, 2, 3))  # other lengths, other batches
        clone(embedder).set_params(random_state=1, dropout=0.4, learning_rate=0.1, batch_size=3).fit(draw(8, 5, 3))
        grid = {"learning_rate": [1e-3, 1e-2], "dropout": [0.1, 0.3]}
        GridSearchCV(embedder, grid, cv=2, refit=False).fit(draw(8, 5, 3))
        assert traced == [("train", "equal"), ("encode", "equal"), ("evaluate", "equal")]
        del traced[:]
        for lengths in ([2, 5, 3, 4, 1], [20, 3, 8, 30, 2, 2, 7]):
            ragged = [draw(length, 3) for length in lengths]
            embedder.fit(ragged).transform(ragged)
        assert traced == [("train", "ragged"), ("encode", "ragged")]

    def test_once_for_all_folds_of_an_mlp(self, traced):
        from skaudeep import KerasMLPClassifier

        rng = np.random.default_rng(0)
        for fold, n in enumerate((20, 21, 30)):
            KerasMLPClassifier(hidden_layer_sizes=(3, 5), max_epochs=2, batch_size=8, random_state=fold).fit(
                rng.standard_normal((n, 11)), np.arange(n) % 3
            )
        assert traced == ["train"]
