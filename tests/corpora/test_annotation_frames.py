"""Annotations at the times of frames."""

import numpy as np
import pandas as pd
import pytest
from scipy.interpolate import interp1d
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_predict

from skaudeep import FramewiseRegressor, SpectrogramTransformer
from skaudeep.datasets import annotation_frames
from skaudeep.evaluation import concordance_correlation_coefficient
from skaudeep.exceptions import DataSetError, ParameterError

HALVES = {"window_width": 0.5, "window_overlap": 0.25}


def annotate(times, values, file="a"):
    return pd.DataFrame({"file": file, "time": times, "value": values})


def test_linear_between_annotations_and_nan_outside():
    rng = np.random.default_rng(0)
    times, values = np.sort(rng.uniform(1, 5, 9)), rng.normal(size=9)
    found = annotation_frames(annotate(times, values), ["a"], 80, window_width=0.1, window_overlap=0.02)
    at = 0.05 + 0.08 * np.arange(80)
    np.testing.assert_allclose(found, interp1d(times, values, bounds_error=False)(at)[None])
    assert np.isnan(found).any() and np.isfinite(found).any()


def test_delay_and_start_move_the_times():
    seconds = np.arange(50.0)
    heard = annotate(seconds, seconds)
    for delay, start in ((0, 0), (2.5, 0), (-1, 2), (0.5, 3)):
        found = annotation_frames(heard, ["a"], 20, start=start, delay=delay, **HALVES)
        expected = start + 0.25 + 0.25 * np.arange(20) + delay
        expected[expected < 0] = np.nan
        np.testing.assert_allclose(found[0], expected)
    both = annotation_frames(heard, ["a", "a"], 3, start=[0, 10], **HALVES)
    np.testing.assert_allclose(both[1] - both[0], 10)


def test_unequal_lengths_several_targets_and_recordings_without_annotations():
    heard = pd.concat([annotate([0.0, 9.0], [0.0, 9.0], "b"), annotate([0.0, 9.0], [1.0, 1.0])])
    heard["other"] = -heard["value"]
    found = annotation_frames(heard, ["a", "silent", "b"], [4, 2, 3], **HALVES)
    assert found.dtype == object and [own.shape for own in found] == [(4, 2), (2, 2), (3, 2)]
    np.testing.assert_allclose(found[0], np.tile([1.0, -1.0], (4, 1)))
    assert np.isnan(found[1]).all()
    np.testing.assert_allclose(found[2][:, 0], [0.25, 0.5, 0.75])
    assert annotation_frames(heard, ["a", "b"], [4, 4], **HALVES).shape == (2, 4, 2)


def test_gaps():
    heard = annotate([0.0, 0.5, 1.0, 3.0, 3.5], range(5))
    found = annotation_frames(heard, ["a"], 13, max_gap=0.5, **HALVES)[0]
    at = 0.25 + 0.25 * np.arange(13)
    np.testing.assert_array_equal(np.isnan(found), (at > 1) & (at < 3))
    assert np.isfinite(annotation_frames(heard, ["a"], 13, **HALVES)).all()


def test_a_frame_has_the_number_of_its_time(make_recording):
    """Loudness that is annotated, late, as it is, is predicted from the spectrogram if the delay is known."""
    rng, rate, paths, parts = np.random.default_rng(0), 8000, [], []
    for number in range(4):
        seconds = np.arange(4 * rate) / rate
        level = np.interp(seconds, np.arange(9) / 2, rng.uniform(0.02, 1, 9))
        paths.append(make_recording(f"{number}.wav", samples=level * rng.normal(0, 0.1, len(seconds)), rate=rate))
        parts.append(annotate(seconds[::400] + 1, 20 * np.log10(level[::400]), paths[-1]))
    heard = pd.concat(parts)
    X = SpectrogramTransformer(n_mels=8, scale=None).fit_transform(paths)
    y = {delay: annotation_frames(heard, paths, X.shape[1], delay=delay) for delay in (0, 1)}
    predicted = cross_val_predict(FramewiseRegressor(Ridge()), X, y[1], cv=4)
    known = np.isfinite(y[0]) & np.isfinite(y[1])
    assert concordance_correlation_coefficient(y[1][known], predicted[known]) > 0.9
    assert concordance_correlation_coefficient(y[0][known], predicted[known]) < 0.6


@pytest.mark.parametrize(
    ("files", "parameters", "error", "message"),
    [
        (["a.wav"], {}, DataSetError, "none of the 1 files is annotated: the first is 'a.wav', .* one 'a'"),
        (["a"], {"n_frames": [3, 4]}, ParameterError, r"n_frames=\(2,\): that is its shape, and there are 1 files"),
        (["a"], {"start": [3, 4]}, ParameterError, r"start=\(2,\)"),
        (["a"], {"window_overlap": 0.1, "window_width": 0.1}, ParameterError, "windows have to move on"),
        (["a"], {"max_gap": 0}, ValueError, "'max_gap' parameter"),
    ],
)
def test_refusals(files, parameters, error, message):
    with pytest.raises(error, match=message):
        annotation_frames(annotate([0.0, 1.0], [1.0, 2.0]), files, **({"n_frames": 3} | parameters))


def test_times_out_of_order():
    with pytest.raises(DataSetError, match="not in order"):
        annotation_frames(annotate([1.0, 0.0], [1.0, 2.0]), ["a"], 3)


@pytest.mark.parametrize(
    ("files", "n_frames", "options", "name"),
    [
        ([], 3, {}, "files"),
        (pd.DataFrame({"file": ["a"]}), 3, {}, "files"),
        (["a"], [-3], {}, "n_frames"),
        (["a"], 3.7, {}, "n_frames"),
        (["a"], np.nan, {}, "n_frames"),
        (["a"], 3, {"start": [np.nan]}, "start"),
        (["a"], 3, {"delay": np.nan}, "delay"),
    ],
)
def test_numbers_that_are_none_are_refused(files, n_frames, options, name):
    heard = pd.DataFrame({"file": "a", "time": [0.0, 1.0], "arousal": [0.0, 10.0]})
    with pytest.raises(ValueError, match=name):
        annotation_frames(heard, files, n_frames, **options)
