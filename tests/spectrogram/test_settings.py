"""Settings of spectrograms as plain values."""

import json

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skaudeep import SpectrogramTransformer
from skaudeep.spectrogram import spectrogram_axes

NOISE = [np.random.default_rng(0).standard_normal(8000).astype(np.float32)]


def settings(**parameters):
    return SpectrogramTransformer(**{"sample_rate": 8000, "n_mels": 20} | parameters).fit(NOISE).settings_


@pytest.mark.parametrize(
    "parameters",
    [
        {"f_max": 4000},
        {"f_max": np.float32(4000)},
        {"sample_rate": 8000.0},
        {"window_width": np.float64(0.08)},
        {"n_mels": np.int64(20)},
        {"pre_emphasis": 0.0},
        {"center_fixed": True},
        {"on_error": "skip", "n_jobs": 2, "verbose": 1},
    ],
)
def test_equal_spectrograms_have_equal_settings(parameters):
    assert settings(**parameters) == settings()
    one, other = (
        SpectrogramTransformer(**{"sample_rate": 8000, "n_mels": 20, **p}).fit_transform(NOISE)
        for p in (parameters, {})
    )
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "parameters",
    [
        {"sample_rate": 16000},
        {"window_width": 0.1},
        {"window_overlap": 0.02},
        {"n_mels": 21},
        {"f_min": 50},
        {"f_max": 3000},
        {"filterbank": "slaney"},
        {"clip_below": -60},
        {"clip_above": -3},
        {"channels": "left"},
        {"pre_emphasis": 0.95},
        {"fixed_length": 0.5},
        {"chunk_length": 0.5},
        {"chunk_length": 0.25, "chunk_count": 2},
        {"scale": None},
    ],
)
def test_every_parameter_that_changes_spectrograms_counts(parameters):
    assert settings(**parameters) != settings()
    assert json.loads(json.dumps(settings(**parameters))) == settings(**parameters)


def test_linear_bins_have_no_filterbank():
    assert settings(n_mels=None, filterbank="slaney") == settings(n_mels=None)


def test_the_rate_is_that_of_the_file(make_recording):
    transformer = SpectrogramTransformer(n_mels=20).fit([make_recording(rate=16000)])
    assert (transformer.settings_["sample_rate"], transformer.settings_["f_max"]) == (16000, 8000)


def test_not_before_fit():
    with pytest.raises(NotFittedError):
        _ = SpectrogramTransformer().settings_
    assert not hasattr(SpectrogramTransformer(), "settings_")


@pytest.mark.parametrize("n_mels", [20, None])
def test_axes(n_mels):
    transformer = SpectrogramTransformer(sample_rate=8000, n_mels=n_mels, fixed_length=1, window_overlap=0.03)
    transformer.fit(NOISE)
    frequencies, hop = spectrogram_axes(json.loads(json.dumps(transformer.settings_)))
    np.testing.assert_array_equal(frequencies, transformer.frequencies_)
    assert hop == 0.05
