"""Measures of predicted numbers against NumPy, scipy and closed cases."""

import hypothesis.extra.numpy as hnp
import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import assume, given
from scipy import stats
from sklearn.linear_model import LinearRegression
from sklearn.metrics import r2_score
from sklearn.model_selection import cross_val_predict, cross_val_score

from skaudeep.evaluation import concordance_correlation_coefficient, concordance_scorer
from skaudeep.evaluation._metrics import regression_scores

Y = np.array([1.0, 2.0, 4.0, 8.0, 5.0])


def by_definition(one, two):
    covariance = np.cov(one, two, bias=True)
    return 2 * covariance[0, 1] / (covariance[0, 0] + covariance[1, 1] + (np.mean(one) - np.mean(two)) ** 2)


class TestConcordance:
    def test_closed_cases(self):
        variance = Y.var()
        assert concordance_correlation_coefficient(Y, Y) == pytest.approx(1)
        assert concordance_correlation_coefficient(Y, 2 * Y.mean() - Y) == pytest.approx(-1)
        assert concordance_correlation_coefficient(Y, np.full(5, 7.0)) == 0
        assert concordance_correlation_coefficient(np.full(5, 7.0), Y) == 0
        shifted = concordance_correlation_coefficient(Y, Y + 3)
        assert shifted == pytest.approx(2 * variance / (2 * variance + 9))
        scaled = concordance_correlation_coefficient(Y, Y.mean() + 2 * (Y - Y.mean()))
        assert scaled == pytest.approx(4 / 5)
        assert isinstance(shifted, float)

    @given(hnp.arrays(np.float64, (2, 7), elements=st.floats(-1e3, 1e3)))
    def test_definition(self, pair):
        one, two = pair
        assume(np.ptp(one) > 1e-3 and np.ptp(two) > 1e-3)
        assert concordance_correlation_coefficient(one, two) == pytest.approx(by_definition(one, two), abs=1e-9)

    def test_several_targets_have_one_each(self):
        rng = np.random.default_rng(0)
        one, two = rng.normal(size=(2, 9, 3))
        expected = [by_definition(*columns) for columns in zip(one.T, two.T, strict=True)]
        np.testing.assert_allclose(concordance_correlation_coefficient(one, two), expected)

    @pytest.mark.parametrize("value", [0.1, 3.0])
    def test_one_constant_is_not_defined(self, value):
        with pytest.warns(UserWarning, match="is not defined"):
            assert np.isnan(concordance_correlation_coefficient([value] * 3, [value] * 3))
        assert concordance_correlation_coefficient([value] * 3, [0.7] * 3) == 0

    @pytest.mark.parametrize(
        ("y_true", "y_pred", "message"),
        [
            ([1, 2], [1, 2, 3], r"the shape \(2,\) and y_pred \(3,\)"),
            ([], [], "a number"),
            ([1, np.nan], [1, 2], r"y_true\[1\] is nan"),
            ([1, 2], [np.inf, 2], r"y_pred\[0\] is inf"),
        ],
    )
    def test_refusals(self, y_true, y_pred, message):
        with pytest.raises(ValueError, match=message):
            concordance_correlation_coefficient(y_true, y_pred)

    def test_it_scores_in_scikit_learn(self):
        rng = np.random.default_rng(0)
        X = rng.normal(size=(30, 2))
        y = X @ [1, 2] + rng.normal(size=30)
        scores = cross_val_score(LinearRegression(), X, y, scoring=concordance_scorer, cv=3)
        predicted = cross_val_predict(LinearRegression(), X, y, cv=3)
        expected = [by_definition(y[i : i + 10], predicted[i : i + 10]) for i in (0, 10, 20)]
        np.testing.assert_allclose(scores, expected)
        both = cross_val_score(LinearRegression(), X, np.column_stack([y, y]), scoring=concordance_scorer, cv=3)
        np.testing.assert_allclose(both, expected)


def test_other_measures_are_those_of_scipy_and_scikit_learn():
    rng = np.random.default_rng(1)
    one, two = rng.normal(size=(2, 20)).round(1)
    scores = regression_scores(one, two)
    assert scores["pearson"] == pytest.approx(stats.pearsonr(one, two)[0])
    assert scores["spearman"] == pytest.approx(stats.spearmanr(one, two)[0])
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean((one - two) ** 2)))
    assert scores["mae"] == pytest.approx(np.mean(np.abs(one - two)))
    assert scores["r2"] == pytest.approx(r2_score(one, two))
    assert scores["ccc"] == pytest.approx(by_definition(one, two))


def test_correlations_with_a_constant_are_not_defined():
    scores = regression_scores(Y, np.full(5, 0.1))
    assert np.isnan([scores["pearson"], scores["spearman"]]).all() and scores["ccc"] == 0
    scores = regression_scores(np.full(5, 0.1), Y)
    assert np.isnan([scores["pearson"], scores["spearman"], scores["r2"]]).all() and np.isfinite(scores["rmse"])
