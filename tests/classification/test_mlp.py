"""The MLP estimators against NumPy, scikit-learn and themselves."""

import copy
import pickle
import subprocess
import sys

import numpy as np
import pytest
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.model_selection import cross_val_score
from sklearn.neural_network import MLPClassifier

from skaudeep import KerasMLPClassifier, KerasMLPRegressor
from skaudeep.exceptions import TrainingError

X, y = make_classification(120, 8, n_informative=5, n_classes=3, random_state=0)
X = X.astype(np.float32)


def make(**parameters):
    defaults = {"hidden_layer_sizes": (5, 4), "max_epochs": 3, "learning_rate": 0.01, "random_state": 0}
    return KerasMLPClassifier(**(defaults | parameters))


@pytest.fixture(scope="module")
def fitted():
    return make(max_epochs=100, dropout=0.1).fit(X, y)


def layers_of(mlp):
    return [w.astype(float) for pair in zip(mlp.coefs_, mlp.intercepts_, strict=True) for w in pair]


def gradients_in_numpy(layers, X, y, n_classes):
    """Cross-entropy and its gradients by the textbook."""
    activations = [X.astype(float)]
    for i in range(0, len(layers), 2):
        z = activations[-1] @ layers[i] + layers[i + 1]
        activations.append(np.maximum(z, 0) if i + 2 < len(layers) else z)
    loss = -log_softmax(activations[-1], axis=1)[np.arange(len(y)), y].mean()
    delta = (softmax(activations[-1], axis=1) - np.eye(n_classes)[y]) / len(y)
    gradients = []
    for i in range(len(layers) - 2, -1, -2):
        a = activations[i // 2]
        gradients[:0] = [a.T @ delta, delta.sum(axis=0)]
        delta = (delta @ layers[i].T) * (a > 0)
    return loss, gradients


def test_training_equal_to_adam_in_numpy():
    layers = layers_of(make(learning_rate=1e-30, max_epochs=1).fit(X, y))
    trained = make(dropout=0, max_epochs=4).fit(X, y)
    m, v = ([np.zeros_like(w) for w in layers] for _ in range(2))
    for step in range(1, 5):
        loss, gradients = gradients_in_numpy(layers, X, y, 3)
        assert trained.history_["loss"][step - 1] == pytest.approx(loss, abs=1e-5)
        rate = 0.01 * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
        m = [0.9 * a + 0.1 * g for a, g in zip(m, gradients, strict=True)]
        v = [0.999 * a + 0.001 * g**2 for a, g in zip(v, gradients, strict=True)]
        layers = [w - rate * a / (np.sqrt(b) + 1e-8) for w, a, b in zip(layers, m, v, strict=True)]
    for ours, expected in zip(layers_of(trained), layers, strict=True):
        assert np.mean(np.abs(ours - expected) < 1e-4) > 0.98


def test_as_good_as_scikit_learns_network():
    mlp = make(hidden_layer_sizes=(30,), dropout=0, max_epochs=150)
    stock = MLPClassifier((30,), max_iter=150, batch_size=96, learning_rate_init=0.01, random_state=0, tol=0)
    with pytest.warns(UserWarning, match="Maximum iterations"):
        expected = cross_val_score(stock, X, y).mean()
    assert cross_val_score(mlp, X, y).mean() > expected - 0.05 > 0.5


def test_probabilities(fitted):
    probabilities = fitted.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_allclose(np.log(probabilities), fitted.predict_log_proba(X))
    np.testing.assert_array_equal(fitted.predict(X), probabilities.argmax(axis=1))
    assert fitted.score(X, y) > 0.8


def test_probabilities_may_be_tiny(fitted):
    assert np.isfinite(fitted.predict_log_proba(X * 1e5)).all()


def test_a_failed_refit_leaves_the_old_one(fitted):
    mlp = copy.deepcopy(fitted)
    with pytest.raises(TrainingError, match="scale the features"):
        mlp.fit(X * 1e30, y % 2)
    np.testing.assert_array_equal(mlp.predict(X), fitted.predict(X))


def test_any_labels():
    names = np.array(["rain", "Dog", "é"])[y]
    mlp = make().fit(X, names)
    np.testing.assert_array_equal(mlp.classes_, ["Dog", "rain", "é"])
    assert set(mlp.predict(X)) <= set(names)
    with pytest.raises(ValueError, match="continuous"):
        make().fit(X, np.linspace(0, 1, len(X)))


def test_bit_equal_whatever_ran_before():
    first = make(batch_size=32, dropout=0.3).fit(X, y)
    make(random_state=5, batch_size=32, dropout=0.3).fit(X[:60], y[:60])
    again = clone(first).fit(X, y)
    assert first.history_ == again.history_
    for ours, expected in zip(layers_of(again), layers_of(first), strict=True):
        np.testing.assert_array_equal(ours, expected)
    assert make(batch_size=32, dropout=0.3, random_state=1).fit(X, y).history_ != first.history_


def test_dropout_changes_training_and_not_prediction(fitted):
    assert make(dropout=0.5).fit(X, y).history_ != make(dropout=0).fit(X, y).history_
    np.testing.assert_array_equal(fitted.predict_proba(X), fitted.predict_proba(X))


def test_mini_batches_see_every_sample_once():
    mlp = make(batch_size=7, learning_rate=1e-30, dropout=0, max_epochs=2).fit(X, y)
    full = make(learning_rate=1e-30, dropout=0, max_epochs=2).fit(X, y)
    np.testing.assert_allclose(mlp.history_["loss"], full.history_["loss"], rtol=1e-5)


def test_early_stopping_restores_the_best_epoch():
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 3, len(y))
    mlp = make(early_stopping=True, validation_fraction=0.4, n_iter_no_change=5, max_epochs=500, learning_rate=0.1)
    mlp.set_params(dropout=0, hidden_layer_sizes=(50,)).fit(X, noise)
    val_loss = mlp.history_["val_loss"]
    assert mlp.n_iter_ == int(np.argmin(val_loss)) + 1 + 5 < 500
    shorter = clone(mlp).set_params(max_epochs=int(np.argmin(val_loss)) + 1).fit(X, noise)
    for ours, expected in zip(layers_of(mlp), layers_of(shorter), strict=True):
        np.testing.assert_array_equal(ours, expected)


@pytest.mark.parametrize("sizes", [(), 7, [3], np.array([4, 2])])
def test_hidden_layers_as_scikit_learn_takes_them(sizes):
    mlp = make(hidden_layer_sizes=sizes).fit(X, y)
    assert [w.shape[1] for w in mlp.coefs_] == [*np.atleast_1d(np.array(sizes, int)), 3]


@pytest.mark.parametrize("sizes", [(0,), (2.5,), "many", [[3]]])
def test_wrong_hidden_layers(sizes):
    with pytest.raises(ValueError, match="hidden_layer_sizes"):
        make(hidden_layer_sizes=sizes).fit(X, y)


def test_a_pickle_predicts_without_tensorflow(fitted, tmp_path):
    path = tmp_path / "mlp.pickle"
    path.write_bytes(pickle.dumps((fitted, X, fitted.predict_proba(X))))
    code = f"""
import pickle, sys
mlp, X, expected = pickle.load(open({str(path)!r}, "rb"))
assert (mlp.predict_proba(X) == expected).all()
assert "tensorflow" not in sys.modules and "keras" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=100)


class TestRegressor:
    def test_one_and_several_targets(self):
        for n_targets in (1, 3):
            A, b = make_regression(80, 4, n_targets=n_targets, random_state=0)
            b = b / b.std(axis=0)
            mlp = KerasMLPRegressor(
                hidden_layer_sizes=(30,), dropout=0, learning_rate=0.02, max_epochs=300, random_state=0
            ).fit(A, b)
            assert mlp.predict(A).shape == b.shape and mlp.n_outputs_ == n_targets
            assert mlp.score(A, b) > 0.98

    def test_loss_is_the_mean_squared_error(self):
        A, b = make_regression(50, 3, n_targets=2, random_state=0)
        mlp = KerasMLPRegressor(dropout=0, learning_rate=1e-30, max_epochs=1, random_state=0).fit(A, b)
        assert mlp.loss_ == pytest.approx(np.mean((mlp.predict(A) - b) ** 2), rel=1e-5)

    def test_one_column_stays_one(self):
        A, b = make_regression(20, 3, random_state=0)
        assert KerasMLPRegressor(max_epochs=1).fit(A, b[:, None]).predict(A).shape == (20, 1)


@pytest.mark.parametrize("MLP", [KerasMLPClassifier, KerasMLPRegressor])
@pytest.mark.parametrize("parameters", [{}, {"early_stopping": True}])
def test_weights_beyond_single_precision(MLP, parameters):
    """One update is the last one here: no loss is computed with its weights."""
    X, y = np.random.default_rng(0).uniform(-1, 1, (12, 3)), np.arange(12) % 2
    mlp = MLP(hidden_layer_sizes=(3,), learning_rate=1e30, max_epochs=1, random_state=0, **parameters)
    with pytest.raises(TrainingError, match=r"became .* in epoch 1.*lower `learning_rate`"):
        mlp.fit(X, y)
    assert not [name for name in vars(mlp) if name.endswith("_")]


def test_outputs_that_overflow():
    X = np.random.default_rng(0).uniform(0.5, 1, (12, 1))
    regressor = KerasMLPRegressor(hidden_layer_sizes=(9, 9), max_epochs=1, random_state=0).fit(X, X[:, 0])
    regressor.coefs_ = [np.full_like(coef, 9.0) for coef in regressor.coefs_]
    with pytest.raises(ValueError, match=r"a KerasMLPRegressor gives NaN or infinity for 1 of 2 rows.*row 1: .*scale"):
        regressor.predict([[1.0], [1e307]])
