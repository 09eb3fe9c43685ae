"""The width of a median filter, by training recordings."""

import numpy as np
import pandas as pd
import pytest
from scipy.ndimage import median_filter

from skaudeep.evaluation import concordance_correlation_coefficient, fit_median_filter
from skaudeep.exceptions import ParameterError


def make(n=200, noise=0.5):
    start = np.arange(float(n))
    windows = pd.DataFrame({"file": "a.wav", "start": start, "end": start + 1})
    truth = np.sin(start / 8)
    rng = np.random.default_rng(0)
    return windows, truth, truth + noise * rng.standard_t(2, size=n)


def test_the_best_width_is_found():
    windows, truth, predicted = make()
    widths = {0.0: 1, 2.0: 3, 4.0: 5, 8.0: 9, 16.0: 17, 40.0: 41}
    scores = {}
    for width, size in widths.items():
        smooth = median_filter(predicted, size=size)
        scores[width] = concordance_correlation_coefficient(truth[20:-20], smooth[20:-20])
    best = fit_median_filter(windows, truth, predicted, widths=list(widths))
    assert best == max(scores, key=scores.get)
    assert 0 < best < 40


def test_smooth_predictions_stay_and_the_smallest_of_equals_is_taken():
    windows, truth, _ = make()
    assert fit_median_filter(windows, truth, truth) == 0.0
    assert fit_median_filter(windows, truth, np.zeros(200), widths=[8.0, 4.0]) == 4.0


def test_one_width_for_several_targets():
    windows, truth, predicted = make()
    both = fit_median_filter(windows, np.c_[truth, truth], np.c_[predicted, predicted])
    assert both == fit_median_filter(windows, truth, predicted)


def test_recordings_do_not_mix():
    """Two recordings, each constant, of opposite sign: a filter across their border would do harm."""
    windows, *_ = make(20)
    windows["file"] = np.repeat(["a.wav", "b.wav"], 10)
    windows["start"] -= np.repeat([0, 10], 10)
    windows["end"] = windows["start"] + 1
    truth = np.repeat([1.0, -1.0], 10)
    predicted = truth.copy()
    predicted[5] = -1
    assert fit_median_filter(windows, truth, predicted, widths=[0.0, 18.0]) == 18.0


def test_refusals():
    windows, truth, predicted = make()
    with pytest.raises(ParameterError, match=r"y_true=0\.5: all of a target are the same"):
        fit_median_filter(windows, np.c_[truth, np.full(200, 0.5)], np.c_[predicted, predicted])
    with pytest.raises(ParameterError, match=r"widths=\[\]: give a width or more"):
        fit_median_filter(windows, truth, predicted, widths=[])
    with pytest.raises(ParameterError, match="none less than 0"):
        fit_median_filter(windows, truth, predicted, widths=[-1.0])
    with pytest.raises(ParameterError, match="there are 200 windows"):
        fit_median_filter(windows, truth[:-1], predicted)
