"""Fitted networks that are used elsewhere: as models of stock Keras layers, in files, on another corpus."""

import dataclasses
import random
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.svm import LinearSVC

from skaudeep import (
    ContrastiveEmbedder,
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
)
from skaudeep.datasets import make_sound_events
from skaudeep.embedding import BaseEmbedder

X = np.random.default_rng(1).uniform(-1, 1, (4, 6, 7)).astype(np.float32)
#: of other sizes than X: other sequences, a single frame, more frames
OTHERS = (X, X[:2, :1], np.tile(X[:1], (1, 3, 1)))

WINDOWS = {"window_width": 3, "window_overlap": 1}
EMBEDDERS = {
    "time, gru": Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=3, bidirectional_encoder=True),
    "time, lstm": Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=3, cell="lstm", bidirectional_decoder=True),
    "frequency, gru": FrequencyAutoencoderEmbedder(
        n_layers=2, n_units=3, reset_after=False, bidirectional_decoder=True, **WINDOWS
    ),
    "frequency, lstm": FrequencyAutoencoderEmbedder(
        n_layers=1, n_units=3, cell="lstm", bidirectional_encoder=True, **WINDOWS
    ),
    "frequency-time, gru": FrequencyTimeAutoencoderEmbedder(
        frequency_n_units=2, time_n_layers=1, time_n_units=3, frequency_bidirectional_encoder=True, **WINDOWS
    ),
    "frequency-time, lstm": FrequencyTimeAutoencoderEmbedder(
        frequency_n_layers=2,
        frequency_n_units=2,
        frequency_bidirectional_decoder=True,
        time_n_units=3,
        time_bidirectional_encoder=True,
        time_bidirectional_decoder=True,
        cell="lstm",
        **WINDOWS,
    ),
}


class Untrained(BaseEmbedder):
    """An embedder of an `EncoderConfig`."""

    @staticmethod
    def _build_network(config):
        from skaudeep.embedding.networks import EncoderNetwork

        return EncoderNetwork(config)


CONVOLUTIONS = {"conv_channels": (2, 3), "conv_kernel": (3, 4), "conv_strides": ((2, 1), (1, 2))}
CONTRASTIVE = {"projection_dim": 4, "n_units": 3, "head_dim": 2, "output": "bottleneck"} | CONVOLUTIONS
#: embedders without a decoder
ENCODERS = {
    "contrastive, convolutions": ContrastiveEmbedder(**CONTRASTIVE | {"n_layers": 0, "projection_dim": 0}),
    "contrastive, gru": ContrastiveEmbedder(**CONTRASTIVE),
    "contrastive, lstm": ContrastiveEmbedder(**CONTRASTIVE, cell="lstm", n_layers=2, bidirectional_encoder=True),
    "contrastive, no convolutions": ContrastiveEmbedder(**CONTRASTIVE | {"conv_channels": (), "conv_strides": (1, 2)}),
    "own, convolutions": Untrained(n_layers=0, embedding_dim=3, **CONVOLUTIONS),
    "own, lstm": Untrained(n_units=3, embedding_dim=2, cell="lstm", bidirectional_encoder=True, **CONVOLUTIONS),
}


def make(name):
    """An embedder with weights of every size, biases too, that were drawn instead of learned."""
    embedder = clone((EMBEDDERS | ENCODERS)[name]).set_params(max_epochs=0, random_state=0).fit(X)
    rng = np.random.default_rng(2)
    for name, value in embedder.weights_.items():
        embedder.weights_[name] = rng.normal(0, 0.5, value.shape).astype(np.float32)
        if name.endswith(".variance"):
            embedder.weights_[name] = np.abs(embedder.weights_[name])
    return embedder


@pytest.fixture(scope="module", params=EMBEDDERS)
def embedder(request):
    return make(request.param)


@pytest.fixture(scope="module")
def models(embedder):
    return embedder.to_keras()


class TestModels:
    def test_equal_to_transform_and_reconstruct(self, embedder, models):
        encoder, autoencoder = models
        assert encoder.output_shape[-1] == embedder.embedding_dim_
        assert autoencoder.output_shape == (None, None, 7)
        for data in OTHERS:
            np.testing.assert_allclose(encoder(data), embedder.transform(data), atol=1e-5)
            np.testing.assert_allclose(autoencoder(data), embedder.reconstruct(data), atol=1e-5)

    def test_only_stock_layers_with_the_names_of_the_weights(self, embedder, models):
        import keras

        encoder, autoencoder = models
        stock = (keras.layers.InputLayer, keras.layers.Dense, keras.layers.GRU, keras.layers.LSTM)
        assert {type(layer) for layer in autoencoder.layers} <= set(stock)
        assert {type(operation).__module__.partition(".")[0] for operation in autoencoder.operations} == {"keras"}
        names = {
            f"{layer.name.replace('-', '.')}.{weight.name}" for layer in autoencoder.layers for weight in layer.weights
        }
        assert names == set(embedder.weights_)
        # Keras on PyTorch takes no other names
        assert not any("." in layer.name for layer in autoencoder.layers)
        assert all(layer is autoencoder.get_layer(layer.name) for layer in encoder.layers)
        # what is traced on a machine with a GPU must run on one without
        assert not any(layer.use_cudnn for layer in autoencoder.layers if isinstance(layer, stock[2:]))

    def test_a_clone_of_the_model_can_learn(self, models):
        """It is drawn as Keras draws its layers, where zeros would learn nothing."""
        import keras

        anew = keras.models.clone_model(models[0])
        kernels = [weight for weight in anew.weights if weight.name.endswith("kernel")]
        assert len({np.asarray(kernel).tobytes() for kernel in kernels}) == len(kernels)
        assert np.std(anew(X)) > 0.01


class TestStates:
    """The encoder gives statistics of the outputs of all layers."""

    @pytest.mark.parametrize("name", [*EMBEDDERS, *ENCODERS])
    def test_equal_to_transform(self, name):
        embedder = make(name).set_params(output="states", statistics=("delta", "max", "std", "mean", "min"))
        encoder, autoencoder = embedder.to_keras(output="states")
        assert (autoencoder is None) == (name in ENCODERS)
        for data in OTHERS:
            expected = embedder.transform(data)
            assert encoder.output_shape == (None, expected.shape[1])
            np.testing.assert_allclose(encoder(data), expected, rtol=1e-4, atol=1e-5)

    @pytest.mark.parametrize("n_bands", [1, 3, 9])
    def test_bands_of_maps(self, n_bands):
        embedder = make("contrastive, gru").set_params(output="states", statistics=("mean",), n_bands=n_bands)
        encoder, _ = embedder.to_keras(output="states")
        np.testing.assert_allclose(encoder(X), embedder.transform(X), rtol=1e-4, atol=1e-5)

    def test_covariances_are_refused(self):
        embedder = make("time, gru").set_params(statistics=("mean", "covariance"))
        assert embedder.to_keras()[0].output_shape == (None, embedder.embedding_dim_)
        with pytest.raises(ValueError, match=r"statistics=.*covariance.*set_params\(statistics=...\) with others"):
            embedder.to_keras(output="states")
        with pytest.raises(ValueError, match="'output' parameter of .*to_keras must be"):
            embedder.to_keras(output="outputs")


class TestFrames:
    """The encoder gives the outputs of the last layer for each frame."""

    @pytest.mark.parametrize("name", [*EMBEDDERS, *ENCODERS])
    def test_equal_to_transform(self, name):
        embedder = make(name).set_params(output="frames")
        encoder, autoencoder = embedder.to_keras(output="frames")
        assert (autoencoder is None) == (name in ENCODERS)
        for data in OTHERS:
            expected = embedder.transform(data)
            assert encoder.output_shape == (None, None, expected.shape[2])
            np.testing.assert_allclose(encoder(data), expected, rtol=1e-4, atol=1e-5)

    def test_a_head_learns_a_number_for_each_frame_that_has_one(self):
        import keras

        known = np.random.default_rng(3).random((4, 6)) < 0.5
        weights = []
        for unknown in (0, 9):
            encoder, _ = make("contrastive, convolutions").to_keras(output="frames")
            encoder.trainable = False
            model = keras.Sequential([encoder, keras.layers.Dense(1, kernel_initializer="zeros")])
            model.compile(optimizer=keras.optimizers.SGD(0.1), loss="mse")
            y = np.where(known, X.mean(axis=2), unknown)
            model.fit(X, y[..., None], sample_weight=known.astype(float), batch_size=4, verbose=0)
            weights.append(model.layers[-1].get_weights()[0])
        assert np.any(weights[0])
        np.testing.assert_allclose(*weights, rtol=1e-4, atol=1e-7)


@pytest.fixture(scope="module", params=ENCODERS)
def pair(request):
    """An embedder without a decoder, and what it gives."""
    embedder = make(request.param)
    return embedder, embedder.to_keras()


class TestEncodersAlone:
    def test_equal_to_transform(self, pair):
        embedder, (encoder, nothing) = pair
        assert nothing is None
        assert encoder.input_shape == (None, None, 7) and encoder.output_shape == (None, embedder.embedding_dim_)
        for data in OTHERS:
            np.testing.assert_allclose(encoder(data), embedder.transform(data), rtol=1e-4, atol=1e-5)

    def test_only_stock_layers_that_hold_all_weights_of_the_encoder(self, pair):
        embedder, (encoder, _) = pair
        assert {type(operation).__module__.partition(".")[0] for operation in encoder.operations} == {"keras"}
        names = {"gamma": "scale", "beta": "offset", "moving_mean": "mean", "moving_variance": "variance"}
        held = set()
        for layer in encoder.layers:
            prefix = layer.name.removesuffix("-normalisation").replace("-", ".")
            held |= {f"{prefix}.{names.get(weight.name, weight.name)}" for weight in layer.weights}
        assert held == {name for name in embedder.weights_ if not name.startswith(("head.", "instances."))}
        assert not any("." in layer.name for layer in encoder.layers)

    def test_training_in_keras_moves_the_moments_as_our_own_does(self):
        import keras

        embedder = make("contrastive, convolutions")
        encoder, _ = embedder.to_keras()
        values = keras.Model(encoder.input, encoder.get_layer("convolution-0").output)(X).numpy()
        encoder(X, training=True)
        moved = encoder.get_layer("convolution-0-normalisation").moving_mean
        expected = 0.9 * embedder.weights_["convolution.0.mean"] + 0.1 * values.mean(axis=(0, 1, 2))
        np.testing.assert_allclose(moved, expected, atol=1e-5)


# Keras says so of the whole encoder; its recurrent layers do get the mask
@pytest.mark.filterwarnings("ignore:Layer 'encoder' .* does not support masking:UserWarning")
@pytest.mark.parametrize(
    "parameters", [{"n_layers": 2}, {"n_layers": 1, "bidirectional_encoder": True}, {"n_layers": 2, "cell": "lstm"}]
)
def test_unequal_lengths_behind_a_masking_layer(parameters):
    import keras

    ragged = [X[0], X[1, :2], X[2, :5]]
    embedder = Seq2SeqAutoencoderEmbedder(n_units=3, max_epochs=0, random_state=0, **parameters).fit(ragged)
    masked = keras.Sequential([keras.layers.Masking(mask_value=9.0), embedder.to_keras()[0]])
    padded = np.full((3, 6, 7), 9, np.float32)
    for row, x in enumerate(ragged):
        padded[row, : len(x)] = x
    np.testing.assert_allclose(masked(padded), embedder.transform(ragged), atol=1e-5)


@pytest.mark.parametrize("name", ["time, gru", "frequency, gru", "frequency-time, lstm"])
def test_the_decoder_of_the_original(name):
    """One way and both ways, in time and in frequency."""
    embedder = make(name)
    expected = embedder.reconstruct(X)
    embedder._config = dataclasses.replace(embedder._config, audeep_decoder=True)
    _, autoencoder = embedder.to_keras()
    assert np.abs(autoencoder(X) - expected).max() > 1e-3
    for data in OTHERS:
        np.testing.assert_allclose(autoencoder(data), embedder.reconstruct(data), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "embedder_class"),
    [
        ("t-rae-gru", Seq2SeqAutoencoderEmbedder),
        ("f-rae-gru", FrequencyAutoencoderEmbedder),
        ("ft-rae-gru", FrequencyTimeAutoencoderEmbedder),
    ],
)
def test_networks_of_the_original(name, embedder_class, shared):
    from skaudeep.io import read_netcdf

    folder = shared / "reference" / "models" / name
    encoder, autoencoder = embedder_class.from_audeep(folder).to_keras()
    reference = np.load(folder / "reference.npz")
    X = read_netcdf(shared / "reference/datasets/esc20-mel128.nc").features.values[:8]
    np.testing.assert_allclose(encoder(X), reference["rep_fp0"], atol=1e-5)
    loss = np.sqrt(np.mean(np.square(autoencoder(X) - X)))
    assert loss == pytest.approx(float(reference["loss_fp0"]), abs=1e-5)


class TestTheStateOfKeras:
    @pytest.mark.parametrize("policy", ["mixed_float16", "float64"])
    def test_float32_whatever_the_policy(self, policy):
        import keras

        embedder, before = make("frequency-time, gru"), keras.config.dtype_policy()
        try:
            keras.config.set_dtype_policy(policy)
            encoder, autoencoder = embedder.to_keras()
            z, reconstruction = encoder(X), autoencoder(X)
            assert keras.config.dtype_policy().name == policy
        finally:
            keras.config.set_dtype_policy(before)
        assert {weight.dtype for weight in autoencoder.weights} == {"float32"} == {z.dtype.name}
        np.testing.assert_allclose(z, embedder.transform(X), atol=1e-5)
        np.testing.assert_allclose(reconstruction, embedder.reconstruct(X), atol=1e-5)

    def test_left_alone(self):
        import keras
        import tensorflow as tf

        def number_of_next_layer():
            return int(keras.layers.Dense(1).name.removeprefix("dense").removeprefix("_") or 0)

        embedder, mine = make("time, lstm"), keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
        expected = mine(np.ones((1, 2))).numpy()
        tf.random.set_seed(3)
        drawn = tf.random.uniform([3]).numpy()
        tf.random.set_seed(3)
        number, before = number_of_next_layer(), (random.getstate(), np.random.get_state()[1].tolist())
        embedder.to_keras()
        assert (random.getstate(), np.random.get_state()[1].tolist()) == before
        assert number_of_next_layer() == number + 1
        np.testing.assert_array_equal(tf.random.uniform([3]), drawn)
        np.testing.assert_array_equal(mine(np.ones((1, 2))), expected)

    def test_two_encoders_in_one_model(self, tmp_path):
        import keras

        embedders, x = (make("time, gru"), make("frequency-time, gru")), keras.Input((None, 7))
        encoders = [embedder.to_keras()[0] for embedder in embedders]
        for number, encoder in enumerate(encoders):
            encoder.name = f"encoder_{number}"
        fused = keras.Model(x, keras.layers.concatenate([encoder(x) for encoder in encoders]))
        fused.save(tmp_path / "fused.keras")
        expected = np.concatenate([embedder.transform(X) for embedder in embedders], axis=1)
        np.testing.assert_allclose(keras.models.load_model(tmp_path / "fused.keras")(X), expected, atol=1e-5)


# --- files, in a process that has no skaudeep ---

#: and what `transform` gives, or `reconstruct` for None
EXPORTED = (
    ("time, gru", "bottleneck"),
    ("frequency, lstm", None),
    ("frequency-time, gru", "bottleneck"),
    ("contrastive, gru", "bottleneck"),
    ("contrastive, lstm", "states"),
    ("own, lstm", "bottleneck"),
    ("contrastive, convolutions", "frames"),
    ("time, lstm", "frames"),
)

WITHOUT_SKAUDEEP = """
import importlib.abc, pathlib, sys

class Nothing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "skaudeep":
            raise ImportError("there is no skaudeep here")

sys.meta_path.insert(0, Nothing())
import numpy as np

folder = pathlib.Path(sys.argv[1])
inputs, results = np.load(folder / "inputs.npz"), {}
for path in sorted(folder.glob(sys.argv[2])):
    model = load(path)
    for name, x in inputs.items():
        results[f"{path.name} {name}"] = np.asarray(model(x))
assert not any(name.partition(".")[0] in absent for name in sys.modules)
np.savez(folder / "results.npz", **results)
"""

LOADERS = {
    "*.keras": "from keras.models import load_model as load; absent = {'skaudeep'}",
    "*.saved": """
import tensorflow as tf
absent = {"skaudeep"}
def load(path):
    model = tf.saved_model.load(path)
    return lambda x: model.serve(x)
""",
    "*.onnx": """
import onnxruntime
absent = {"skaudeep", "keras", "tensorflow"}
def load(path):
    session = onnxruntime.InferenceSession(path)
    return lambda x: session.run(None, {"sequence": x})[0]
""",
}


def read_elsewhere(folder, pattern):
    """What models in files make of all inputs in a process without skaudeep, by file and input."""
    np.savez(folder / "inputs.npz", **{str(number): data for number, data in enumerate(OTHERS)})
    code = LOADERS[pattern] + WITHOUT_SKAUDEEP
    command = [sys.executable, "-I", "-c", code, str(folder), pattern]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return dict(np.load(folder / "results.npz"))


def check_elsewhere(folder, pattern, export):
    """Export models, and compare what they say elsewhere with what the embedder says here."""
    expected = {}
    for name, output in EXPORTED:
        embedder = make(name).set_params(output=output or "bottleneck", statistics=("mean", "std", "max", "delta"))
        path = folder / f"{name}{pattern[1:]}"
        encoder, autoencoder = embedder.to_keras(output or "bottleneck")
        export(encoder if output else autoencoder, path)
        function = embedder.transform if output else embedder.reconstruct
        expected |= {f"{path.name} {number}": function(data) for number, data in enumerate(OTHERS)}
    results = read_elsewhere(folder, pattern)
    assert results.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_allclose(results[name], value, atol=1e-5, err_msg=name)


class TestFiles:
    def test_keras(self, tmp_path):
        check_elsewhere(tmp_path, "*.keras", lambda model, path: model.save(path))

    def test_saved_model(self, tmp_path):
        check_elsewhere(tmp_path, "*.saved", lambda model, path: model.export(path, verbose=False))

    def test_onnx(self, tmp_path, monkeypatch):
        monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")  # as tf2onnx does, which leaves it so
        for module in ("onnx", "tf2onnx", "onnxruntime"):
            pytest.importorskip(module, reason="ONNX comes with the extra skaudeep[onnx]")
        # for tf2onnx, Keras gives NumPy the alias that it has lost, and NumPy warns of the question whether it is there
        monkeypatch.setitem(vars(np), "object", object)
        check_elsewhere(tmp_path, "*.onnx", lambda model, path: model.export(path, format="onnx", verbose=False))


# --- training goes on: in Keras, in a search, on another corpus ---


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora of three kinds of sound."""
    size = {"n_classes": 3, "n_per_class": 12, "n_takes": 2, "n_folds": 2, "sample_rate": 8000}
    return [
        make_sound_events(
            tmp_path_factory.mktemp("corpus") / "sounds", **size, min_seconds=0.5, max_seconds=0.9, random_state=seed
        )
        for seed in range(2)
    ]


@pytest.fixture(scope="module")
def transformer():
    return SpectrogramTransformer(n_mels=20, clip_below=-60, fixed_length=0.6)


@pytest.fixture(scope="module")
def spectrograms(corpora, transformer):
    return [transformer.fit_transform(corpus.data) for corpus in corpora]


@pytest.fixture(scope="module")
def pretrained(spectrograms):
    embedder = Seq2SeqAutoencoderEmbedder(
        n_layers=1, n_units=16, dropout=0.0, learning_rate=0.02, batch_size=12, max_epochs=6, random_state=0
    )
    return embedder.fit(spectrograms[0])


def test_fine_tuning_in_keras(pretrained, spectrograms, corpora):
    """A head upon the frozen encoder learns first, then both do, and the embedder stays what it is."""
    import keras

    X, y, before = spectrograms[1], corpora[1].target, pretrained.transform(spectrograms[1])
    training, test = next(corpora[1].cv.split())
    encoder, _ = pretrained.to_keras()
    model = keras.Sequential(
        [
            encoder,
            keras.layers.Dropout(0.2, seed=0),
            keras.layers.Dense(3, "softmax", kernel_initializer=keras.initializers.GlorotUniform(0)),
        ]
    )

    def learn(learning_rate, epochs):
        optimizer = keras.optimizers.Adam(learning_rate)
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy")
        losses = model.fit(X[training], y[training], batch_size=len(X), epochs=epochs, verbose=0).history["loss"]
        accuracy = np.mean(np.argmax(model(X[test]), axis=1) == y[test])
        return losses, accuracy, [weight.numpy() for weight in encoder.weights]

    encoder.trainable = False
    first_losses, _, frozen = learn(0.05, 40)
    names = [f"{layer.name.replace('-', '.')}.{weight.name}" for layer in encoder.layers for weight in layer.weights]
    for name, value in zip(names, frozen, strict=True):
        np.testing.assert_array_equal(value, pretrained.weights_[name])
    encoder.trainable = True
    losses, accuracy, tuned = learn(0.003, 15)
    assert all((one != other).any() for one, other in zip(frozen, tuned, strict=True))
    assert losses[-1] < losses[0] < first_losses[0]
    assert accuracy > 0.6, "1/3 is chance"
    np.testing.assert_array_equal(pretrained.transform(X), before)


def test_frozen_in_a_search(pretrained, transformer, corpora):
    weights, n_epochs = pretrained.weights_, pretrained.n_iter_
    pipeline = Pipeline([("spectrogram", transformer), ("embedder", FrozenEstimator(pretrained)), ("svm", LinearSVC())])
    search = GridSearchCV(pipeline, {"svm__C": [0.01, 1.0]}, cv=corpora[1].cv).fit(corpora[1].data, corpora[1].target)
    found = search.best_estimator_["embedder"].estimator
    assert found is pretrained and found.weights_ is weights and found.n_iter_ == n_epochs
    assert search.best_score_ > 0.6, "1/3 is chance"


class TestAnotherCorpus:
    def test_training_goes_on_from_the_weights_of_the_first(self, pretrained, spectrograms):
        scratch = clone(pretrained).set_params(max_epochs=2).fit(spectrograms[1])
        moved = clone(pretrained).fit(spectrograms[0])
        moved.set_params(warm_start=True, max_epochs=2, learning_rate=0.01).fit(spectrograms[1])
        assert moved.n_iter_ == 8 == len(moved.history_["loss"])
        assert moved.history_["loss"][:6] == pretrained.history_["loss"]
        assert moved.history_["loss"][6] < 0.9 * scratch.history_["loss"][0]
        assert moved.score(spectrograms[1]) > max(scratch.score(spectrograms[1]), pretrained.score(spectrograms[1]))

    def test_another_number_of_mel_bands_is_refused(self, pretrained, spectrograms):
        moved = clone(pretrained).set_params(max_epochs=0).fit(spectrograms[0]).set_params(warm_start=True)
        weights = moved.weights_
        with pytest.raises(ValueError, match=r"X has 12 features, but Seq2SeqAutoencoderEmbedder is expecting 20"):
            moved.fit(spectrograms[1][:, :, :12])
        assert moved.weights_ is weights and moved.n_features_in_ == 20
