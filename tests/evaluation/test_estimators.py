"""The classifiers and regressors by their kind."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

import skaudeep
from skaudeep.classification import KerasMLPClassifier, KerasMLPRegressor, LiblinearClassifier, LiblinearRegressor
from skaudeep.evaluation import make_classifier, make_regressor


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("svm", {"C": 0.01}, LiblinearClassifier(C=0.01, random_state=4)),
        ("linearsvc", {"C": 0.01}, LinearSVC(C=0.01, random_state=4)),
        ("mlp", {"max_epochs": 3}, KerasMLPClassifier(max_epochs=3, random_state=4)),
    ],
)
def test_make_classifier(kind, options, expected):
    pipeline = make_classifier(kind, random_state=4, **options)
    assert isinstance(pipeline[0], StandardScaler)
    assert type(pipeline[-1]) is type(expected)
    assert pipeline[-1].get_params() == expected.get_params()


def test_make_classifier_refuses():
    with pytest.raises(ValueError, match="complexity=1: LiblinearClassifier, which is 'svm', has .* it has C, "):
        make_classifier("svm", complexity=1)
    with pytest.raises(ValueError, match="kind"):
        make_classifier("forest")


@pytest.mark.parametrize(
    ("kind", "expected"), [("svm", LiblinearRegressor), ("ridge", Ridge), ("mlp", KerasMLPRegressor)]
)
def test_make_regressor_standardises_features_and_targets(kind, expected):
    regressor = make_regressor(kind, random_state=4)
    scaler, last = regressor.regressor
    assert isinstance(scaler, StandardScaler) and isinstance(last, expected) and last.random_state == 4
    assert isinstance(regressor.transformer, StandardScaler)


def test_make_regressor_predicts_in_units_of_the_targets_and_can_be_saved(tmp_path):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(30, 2))
    y = 1000 + 100 * X[:, 0]
    regressor = make_regressor("ridge").fit(X, y)
    scaled = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = y.mean() + y.std() * Ridge().fit(scaled, (y - y.mean()) / y.std()).predict(scaled)
    np.testing.assert_allclose(regressor.predict(X), expected)
    skaudeep.save(regressor, tmp_path / "regressor.skaudeep")
    np.testing.assert_array_equal(skaudeep.load(tmp_path / "regressor.skaudeep").predict(X), regressor.predict(X))


def test_make_regressor_refuses():
    with pytest.raises(ValueError, match="LiblinearRegressor, which is 'svm', has no such parameter"):
        make_regressor("svm", complexity=1)
    with pytest.raises(ValueError, match="kind"):
        make_regressor("linearsvc")
