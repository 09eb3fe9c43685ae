"""The coefficient that pictures show is that of the evaluation."""

import math

import numpy as np
import pytest

from skaudeep._concordance import concordance
from skaudeep.evaluation import concordance_correlation_coefficient


def test_it_is_that_of_the_evaluation(rng):
    for n in (2, 3, 50):
        y_true = rng.normal(5, 2, n)
        for y_pred in (y_true, y_true + 1, -y_true, 0.3 * y_true, rng.normal(size=n), np.full(n, 7.3)):
            expected = concordance_correlation_coefficient(y_true, y_pred)
            assert concordance(y_true, y_pred) == pytest.approx(expected, abs=1e-12)


def test_it_follows_from_covariance_and_means(rng):
    y_true, y_pred = rng.normal(size=(2, 30))
    (a, b), (_, c) = np.cov(y_true, y_pred, ddof=0)
    expected = 2 * b / (a + c + (y_true.mean() - y_pred.mean()) ** 2)
    assert concordance(y_true, y_pred) == pytest.approx(expected)


def test_constants():
    constant = np.full(7, 0.1)
    assert concordance(constant, np.arange(7.0)) == concordance(np.arange(7.0), constant) == 0
    assert concordance(constant, constant + 1) == 0
    assert math.isnan(concordance(constant, constant))
