"""A number for every frame: what is fitted, what is left out, in pipelines and searches."""

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import FramewiseRegressor, Seq2SeqAutoencoderEmbedder

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(6, 9, 3))
Y = X @ [1.0, -2.0, 0.5] + RANDOM.normal(0, 0.1, (6, 9))
LENGTHS = (9, 2, 5, 1, 7, 4)
RAGGED = [x[:length] for x, length in zip(X, LENGTHS, strict=True)]
RAGGED_Y = [y[:length] for y, length in zip(Y, LENGTHS, strict=True)]


def test_equal_lengths_are_one_regression_of_all_frames():
    expected = Ridge().fit(X.reshape(-1, 3), Y.ravel())
    regressor = FramewiseRegressor(Ridge()).fit(X, Y)
    np.testing.assert_allclose(regressor.predict(X), expected.predict(X.reshape(-1, 3)).reshape(6, 9))
    assert regressor.score(X, Y) == pytest.approx(r2_score(Y.ravel(), expected.predict(X.reshape(-1, 3))))
    assert regressor.n_features_in_ == 3


@pytest.mark.parametrize("as_type", [list, tuple, pd.Series])
def test_unequal_lengths(as_type):
    frames, targets = np.concatenate(RAGGED), np.concatenate(RAGGED_Y)
    expected = Ridge().fit(frames, targets)
    regressor = FramewiseRegressor(Ridge()).fit(as_type(RAGGED), as_type(RAGGED_Y))
    predicted = regressor.predict(as_type(RAGGED))
    assert predicted.dtype == object and [len(own) for own in predicted] == list(LENGTHS)
    np.testing.assert_allclose(np.concatenate(list(predicted)), expected.predict(frames))
    assert regressor.score(as_type(RAGGED), as_type(RAGGED_Y)) == pytest.approx(expected.score(frames, targets))


def test_frames_without_a_target_are_left_out():
    gaps = [y.copy() for y in RAGGED_Y]
    gaps[0][2:6] = np.nan
    gaps[3][:] = np.nan  # a sequence that nobody has annotated
    known = ~np.isnan(np.concatenate(gaps))
    frames, targets = np.concatenate(RAGGED)[known], np.concatenate(gaps)[known]
    regressor = FramewiseRegressor(LinearRegression()).fit(RAGGED, gaps)
    np.testing.assert_allclose(regressor.estimator_.coef_, LinearRegression().fit(frames, targets).coef_)
    assert regressor.score(RAGGED, gaps) == pytest.approx(regressor.estimator_.score(frames, targets))
    assert np.isfinite(regressor.predict(RAGGED)[3]).all()


def test_several_targets():
    both = np.stack([Y, -Y], axis=-1)
    both[0, 0, 1] = np.nan  # the whole frame
    regressor = FramewiseRegressor(Ridge()).fit(X, both)
    expected = Ridge().fit(X.reshape(-1, 3)[1:], both.reshape(-1, 2)[1:])
    np.testing.assert_allclose(regressor.predict(X).reshape(-1, 2), expected.predict(X.reshape(-1, 3)))
    assert regressor.predict(RAGGED)[1].shape == (2, 2)
    table = FramewiseRegressor(Ridge()).fit(X[:, 0], both[:, 1])
    assert table.predict(X[:, 0]).shape == (6, 2)


def test_weights_of_sequences_and_of_frames():
    weights = np.arange(1.0, 7)
    of_frames = [np.full(length, weight) for length, weight in zip(LENGTHS, weights, strict=True)]
    frames, targets = np.concatenate(RAGGED), np.concatenate(RAGGED_Y)
    expected = Ridge().fit(frames, targets, sample_weight=np.concatenate(of_frames))
    for given in (weights, of_frames):
        regressor = FramewiseRegressor(Ridge()).fit(RAGGED, RAGGED_Y, sample_weight=given)
        np.testing.assert_allclose(regressor.estimator_.coef_, expected.coef_)
        score = expected.score(frames, targets, sample_weight=np.concatenate(of_frames))
        assert regressor.score(RAGGED, RAGGED_Y, sample_weight=given) == pytest.approx(score)


def test_behind_an_embedder_in_a_search():
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=8, output="frames", max_epochs=0, random_state=0)
    pipeline = make_pipeline(embedder, FramewiseRegressor(make_pipeline(StandardScaler(), Ridge())))
    search = GridSearchCV(pipeline, {"framewiseregressor__estimator__ridge__alpha": [1e-3, 1e6]}, cv=3).fit(X, Y)
    assert search.best_params_ == {"framewiseregressor__estimator__ridge__alpha": 1e-3}
    assert search.best_score_ > 0.5
    predicted = cross_val_predict(search.best_estimator_, X, Y, cv=3)
    scores = cross_val_score(search.best_estimator_, X, Y, cv=3)
    assert predicted.shape == Y.shape
    assert scores[0] == pytest.approx(r2_score(Y[:2].ravel(), predicted[:2].ravel()))
    assert len(cross_val_score(pipeline, RAGGED, RAGGED_Y, cv=3)) == 3


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (X, Y[:5], "inconsistent numbers of samples: 6 and 5"),
        (X[:, 0], Y[:5, 0], "inconsistent numbers of samples: 6 and 5"),
        (X, Y[:, :8], r"y\[0\] has shape \(8,\), but X\[0\] has 9 frames: give a number for each frame"),
        (X, Y[:, 0], r"y\[0\] has shape \(\), but"),
        (RAGGED, [*RAGGED_Y[:5], Y[5]], r"y\[5\] has shape \(9,\), but X\[5\] has 4 frames"),
        (X, np.full((6, 9), np.nan), "y is NaN for every frame"),
        (X, np.full((6, 9), np.inf), "y contains infinity"),
        ([*RAGGED[:5], RAGGED[5][:, :2]], RAGGED_Y, r"X\[5\] has frames of shape \(2,\).*Give all as many features"),
        ([*RAGGED[:5], RAGGED[5][:0]], RAGGED_Y, r"X\[5\] has no frame"),
        (X, None, "requires y to be passed"),
    ],
)
def test_refusals(X, y, message):
    with pytest.raises(ValueError, match=message):
        FramewiseRegressor(Ridge()).fit(X, y)
