"""The contrastive embedder as an estimator: what it learns, its controls, going on, files."""

import pickle

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import skaudeep
from skaudeep import ContrastiveEmbedder

RANDOM = np.random.default_rng(0)
X = RANDOM.uniform(-1, 1, (10, 12, 6)).astype(np.float32)
RAGGED = [x[:length] for x, length in zip(X, [12, 5, 9, 1, 12, 7, 3, 10, 12, 6], strict=True)]
SMALL = {
    "conv_channels": (2, 3),
    "conv_strides": ((2, 1), (1, 2)),
    "projection_dim": 4,
    "n_units": 3,
    "head_dim": 4,
    "crop_length": 6,
    "batch_size": 4,
    "max_epochs": 3,
    "statistics": ("mean", "std", "max", "delta"),
    "random_state": 0,
}


def make(**parameters):
    return ContrastiveEmbedder(**(SMALL | parameters))


@pytest.fixture(scope="module")
def instance():
    return make(objective="instance").fit(X)


@pytest.fixture(scope="module")
def nt_xent():
    return make(objective="nt_xent").fit(X)


def test_the_objective_follows_from_the_number_of_sequences(monkeypatch, instance, nt_xent):
    from skaudeep.embedding import _contrastive

    assert make(max_epochs=0).fit(X).objective_ == "instance" == instance.objective_
    monkeypatch.setattr(_contrastive, "MOST_INSTANCES", 9)
    assert make(max_epochs=0).fit(X).objective_ == "nt_xent" == nt_xent.objective_


@pytest.mark.parametrize("name", ["instance", "nt_xent"])
def test_history_has_loss_and_accuracy(name, request):
    embedder = request.getfixturevalue(name)
    assert set(embedder.history_) == {"loss", "accuracy"}
    assert len(embedder.history_["loss"]) == 3 and all(0 <= value <= 1 for value in embedder.history_["accuracy"])


def test_states_are_of_every_layer_and_the_bottleneck_is_mean_and_maximum(nt_xent):
    # maps of 6 and 3 features in 4 and 3 bands, the projection, the recurrent layer; four statistics
    assert nt_xent.transform(X).shape == (10, 4 * (4 * 2 + 3 * 3 + 4 + 3))
    states = make(max_epochs=0, statistics=("mean", "max")).fit(X)
    means, largest = np.split(states.transform(X), 2, axis=1)
    bottleneck = states.set_params(output="bottleneck").transform(X)
    np.testing.assert_allclose(bottleneck, np.hstack([means[:, -3:], largest[:, -3:]]), atol=1e-6)
    assert states.embedding_dim_ == 6 == len(states.get_feature_names_out())


@pytest.mark.parametrize("parameters", [{}, {"bidirectional_encoder": True, "cell": "lstm"}, {"n_layers": 0}])
@pytest.mark.parametrize("output", ["states", "bottleneck"])
def test_a_sequence_gives_the_same_alone_and_among_longer_ones(output, parameters):
    embedder = make(output=output, max_epochs=1, objective="nt_xent", **parameters).fit(RAGGED)
    together = embedder.transform(RAGGED)
    for row in (1, 3):
        np.testing.assert_allclose(embedder.transform(RAGGED[row][None])[0], together[row], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("output", ["states", "bottleneck"])
def test_the_order_of_sequences_does_not_matter(output, instance):
    embedder, order = pickle.loads(pickle.dumps(instance)).set_params(output=output), [3, 0, 9, 7, 1, 2, 8, 5, 4, 6]
    np.testing.assert_allclose(embedder.transform(X[order]), embedder.transform(X)[order], atol=1e-6)


def test_untrained_moments_are_those_of_the_data(tmp_path):
    embedder = make(max_epochs=0, conv_channels=(2,), conv_strides=(1, 1), conv_kernel=(1, 1)).fit(X)
    weights = embedder.weights_
    maps = X[..., None] * weights["convolution.0.kernel"].reshape(2)
    # the rows are looked at in one batch
    np.testing.assert_allclose(weights["convolution.0.mean"], maps.mean(axis=(0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(weights["convolution.0.variance"], maps.var(axis=(0, 1, 2)), rtol=1e-4)


def test_the_same_seed_gives_the_same(instance):
    again = make(objective="instance").fit(X)
    assert again.history_ == instance.history_
    for name, weights in again.weights_.items():
        np.testing.assert_array_equal(weights, instance.weights_[name])


def test_a_stopped_training_goes_on_as_if_it_had_not_been(tmp_path):
    parameters = {"objective": "nt_xent", "learning_rate_schedule": "constant", "checkpoint_dir": tmp_path}
    make(max_epochs=2, **parameters).fit(RAGGED)
    resumed = make(max_epochs=4, **parameters).fit(RAGGED)
    whole = make(max_epochs=4, **(parameters | {"checkpoint_dir": None})).fit(RAGGED)
    assert resumed.history_ == whole.history_
    np.testing.assert_array_equal(resumed.transform(RAGGED), whole.transform(RAGGED))


def test_files_keep_it(instance, tmp_path):
    instance.save(tmp_path / "embedder.skaudeep")
    for copy in (pickle.loads(pickle.dumps(instance)), skaudeep.load(tmp_path / "embedder.skaudeep")):
        np.testing.assert_array_equal(copy.transform(X), instance.transform(X))
        assert copy.objective_ == "instance" and copy.get_params() == instance.get_params()


def test_instances_are_of_the_data_of_the_fit(instance):
    copy = pickle.loads(pickle.dumps(instance))
    with pytest.raises(ValueError, match='X has 4 sequences, and there is a vector for each of the 10.*"nt_xent"'):
        copy.partial_fit(X[:4])
    assert copy.partial_fit(X).n_iter_ == 4
    any_number = make(objective="nt_xent", max_epochs=1).fit(X)
    assert any_number.partial_fit(X[:4]).n_iter_ == 2


@pytest.mark.parametrize("objective", ["instance", "nt_xent"])
def test_early_stopping_compares_views_that_stay_the_same(objective):
    settings = {"early_stopping": True, "validation_fraction": 0.4, "n_iter_no_change": 2, "learning_rate": 1e-12}
    # without convolutions there are no moments of normalisation, which move also where nothing is learned
    embedder = make(objective=objective, conv_channels=(), conv_strides=(), **settings).fit(X)
    values = embedder.history_["val_loss"]
    assert np.ptp(values) < 1e-4 and {"loss", "accuracy", "val_loss", "val_accuracy"} == set(embedder.history_)


def test_it_learns_what_statistics_do_not_show():
    """Rising and falling tones have the same statistics of each band; a trained network tells them apart."""
    random = np.random.default_rng(1)
    n, steps = 40, np.arange(16)
    rising = np.arange(n) % 2 == 0
    start = random.uniform(2, 10, n)
    center = start[:, None] + np.where(rising, 1, -1)[:, None] * 0.3 * (steps - 7.5)
    tones = 2 * np.exp(-np.square(np.arange(12) - center[:, :, None])) - 1 + random.normal(0, 0.1, (n, 16, 12))
    embedder = ContrastiveEmbedder(
        conv_channels=(8,), conv_strides=(2, 2), projection_dim=0, n_units=16, max_epochs=30, random_state=0
    ).fit(tones)
    assert embedder.history_["accuracy"][-1] > 2 * embedder.history_["accuracy"][0]
    classifier = make_pipeline(StandardScaler(), LogisticRegression(C=0.1))
    assert cross_val_score(classifier, embedder.transform(tones), rising, cv=5).mean() > 0.8


def test_it_is_a_step_of_a_pipeline_that_is_searched():
    pipeline = make_pipeline(make(max_epochs=1), StandardScaler(), LogisticRegression())
    grid = {"contrastiveembedder__max_gain": [0.0, 0.2], "contrastiveembedder__output": ["states", "bottleneck"]}
    search = GridSearchCV(pipeline, grid, cv=2).fit(X, np.arange(10) % 2)
    assert search.predict(X).shape == (10,)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"conv_strides": ((1, 1), (1, 2), (2, 2))}, r"conv_strides=.*or 2 such pairs, one for each of conv_channels"),
        ({"conv_strides": (0, 2)}, "conv_strides=.*at least 1"),
        ({"n_layers": 0, "conv_channels": ()}, "an encoder needs recurrent layers or convolutions"),
        ({"objective": "byol"}, "'objective' parameter.*'nt_xent'"),
        ({"max_time_mask": 1.5}, "'max_time_mask' parameter"),
        ({"temperature": 0}, "'temperature' parameter"),
    ],
)
def test_wrong_parameters(parameters, message):
    with pytest.raises(ValueError, match=message):
        make(**parameters).fit(X)
