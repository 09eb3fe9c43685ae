"""Tests of differences against SciPy, and against distributions that are known."""

import numpy as np
import pytest
from scipy import stats

from skaudeep.evaluation._differences import corrected_t_test, paired_bootstrap


def test_t_by_hand(rng):
    differences = rng.normal(0.05, 0.1, 10)
    mean, low, high, p = corrected_t_test(differences, 1 / 9)
    # resampling 1/k without the correction is the ordinary test; the correction makes the error larger by a factor
    ordinary = stats.ttest_1samp(differences, 0)
    factor = np.sqrt((1 / 10 + 1 / 9) / (1 / 10))
    assert mean == pytest.approx(differences.mean())
    assert p == pytest.approx(2 * stats.t.cdf(-abs(ordinary.statistic) / factor, 9))
    interval = ordinary.confidence_interval(0.95)
    assert high - mean == pytest.approx(factor * (interval.high - differences.mean()))
    assert mean - low == pytest.approx(high - mean)
    uncorrected = corrected_t_test(differences, 0.0)
    np.testing.assert_allclose(uncorrected, [mean, interval.low, interval.high, ordinary.pvalue])


def test_t_of_differences_that_do_not_vary():
    assert corrected_t_test(np.full(3, 0.25), 0.5) == (0.25, 0.25, 0.25, 0.0)
    # what differs by rounding does not differ
    assert corrected_t_test(np.array([0.0, 1e-17, -1e-17]), 0.5) == (0.0, 0.0, 0.0, 1.0)


def test_bootstrap_of_accuracy_is_binomial():
    # the one is right where the other is wrong in 30 of 100 samples, and never the other way round
    right = np.arange(100) < 30
    correct = np.stack([right, np.zeros(100)])[:, :, None].astype(float)
    found, low, high, p = paired_bootstrap(
        100, correct, np.ones((100, 1)), "accuracy", 20_000, np.random.RandomState(0)
    )
    assert found == 0.3
    expected = stats.binom(100, 0.3)
    assert 100 * low == pytest.approx(expected.ppf(0.025), abs=1)
    assert 100 * high == pytest.approx(expected.ppf(0.975), abs=1)
    assert p == 2 / 20_001  # no draw is without one of the 30


def test_bootstrap_p_of_no_difference():
    # +1 and -1 in one sample each: as many draws are above as below 0
    correct = np.array([[[1.0], [0.0]], [[0.0], [1.0]]])
    found, low, high, p = paired_bootstrap(2, correct, np.ones((2, 1)), "accuracy", 1000, np.random.RandomState(0))
    assert (found, low, high, p) == (0, -1, 1, 1)


def test_bootstrap_of_recall_counts_the_classes_that_are_drawn():
    # two groups of one class each, of unequal sizes: drawn are a and a, a and b, or b and b
    total = np.array([[8.0, 0.0], [0.0, 2.0]])
    correct = np.stack([total / 2, np.zeros((2, 2))])
    correct[0, 1, 1] = 2
    drawn = paired_bootstrap(2, correct, total, "recall", 4000, np.random.RandomState(1))
    # 1/2 of a, all of b: 1/2, 3/4 or 1, with the probabilities 1/4, 1/2 and 1/4
    assert drawn[:3] == (0.75, 0.5, 1.0)
    assert paired_bootstrap(2, correct, total, "accuracy", 10, np.random.RandomState(1))[0] == 0.6


def test_draws_in_blocks_are_all_used(monkeypatch):
    monkeypatch.setattr("skaudeep.evaluation._differences._BLOCK", 30)
    correct = np.stack([np.ones((10, 1)), np.zeros((10, 1))])
    assert paired_bootstrap(10, correct, np.ones((10, 1)), "recall", 7, np.random.RandomState(0)) == (1, 1, 1, 2 / 8)
