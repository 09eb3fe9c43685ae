"""The networks: their noise, ways to run, and how often they are traced."""

import dataclasses

import numpy as np
import pytest

from skaudeep.embedding._config import TimeConfig

CONFIG = TimeConfig(
    n_features=128,
    n_layers=1,
    n_units=32,
    cell="gru",
    bidirectional_encoder=False,
    bidirectional_decoder=False,
    reset_after=False,
    noises=("feed_previous_prob",),
    mask_silence=False,
)


@pytest.fixture(scope="module")
def noise():
    from skaudeep.embedding.networks._recurrent import Noise

    rates = np.array([0.25, 0.3, 0.2], np.float32)
    names = ("dropout", "input_noise", "feed_previous_prob")
    return lambda seed: Noise(names, rates, np.array([7, seed], np.int32))


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
        noisy = noise(0).input(np.ones((100, 50, 4), np.float32), CONFIG.encoder).numpy()
        steps = noisy.all(axis=2)
        assert (steps == noisy.any(axis=2)).all()
        assert steps.mean() == pytest.approx(0.7, abs=0.03)

    def test_scheduled_sampling_is_drawn_per_step_and_sequence(self, noise):
        sampled = noise(0).sample_own_output(CONFIG.decoder, 100, 50).numpy()
        assert sampled.mean() == pytest.approx(0.2, abs=0.03)
        assert sampled.mean(axis=(1, 2)).std() > 0 and sampled.mean(axis=(0, 2)).std() > 0

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
        from skaudeep.embedding.networks._reconstruction import TimeAutoencoder

        config = dataclasses.replace(CONFIG, n_features=3, n_layers=2, n_units=4, reset_after=True, noises=())
        weights = TimeAutoencoder(config).initial_weights(0)
        x = np.random.default_rng(0).uniform(-1, 1, (5, 6, 3)).astype(np.float32)
        padded = x * (np.arange(6) < cls.LENGTHS[:, None])[:, :, None]

        def compute(change=lambda network: None):
            network = TimeAutoencoder(config)
            change(network)
            found = {}
            for name, batch in (("equal", (x, None)), ("ragged", (padded, cls.LENGTHS)), ("one", (x[:1], None))):
                network.load_weights_dict(weights)
                network.prepare_training(1e-2)
                for method in ("encode", "reconstruct"):
                    found[name, method] = getattr(network, method)(*batch)
                rates, seed = np.zeros(0, np.float32), np.zeros(2, np.int32)
                rows = np.arange(len(batch[0]))
                found[name, "loss"] = network.train_batch(*batch, rows, rates, 0.1, 0.0, seed)["loss"]
                # first moments: gradients, clipped, with no division by their size
                found |= {(name, key): a for key, a in network.read_optimizer().items() if "momentum" in key}
            return found

        return compute(), compute

    def assert_equal(self, results, others):
        assert results.keys() == others.keys() and len(results) > 30
        for name, expected in results.items():
            np.testing.assert_allclose(others[name], expected, rtol=1e-4, atol=1e-6, err_msg=str(name))

    def test_halves(self, results, monkeypatch):
        from skaudeep.embedding.networks import _recurrent

        monkeypatch.setattr(_recurrent, "MIN_UNITS_TO_HALVE", 1)
        expected, compute = results
        self.assert_equal(expected, compute())

    def test_layers_for_a_gpu(self, results):
        from skaudeep.embedding.networks._kernels import recur_on_gpu

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
        assert traced == [("train", "equal"), ("encode", "equal"), ("errors", "equal")]
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
