"""Augmentations against NumPy, with the draws that they have made."""

import numpy as np
import pytest
from scipy.stats import kstest, norm

SEED = np.array([5, 6], np.int32)
X = np.random.default_rng(0).uniform(-1, 1, (9, 4, 7)).astype(np.float32)


@pytest.fixture(scope="module")
def module():
    from skaudeep._engine import start_tensorflow

    start_tensorflow()
    from skaudeep.embedding.networks import _augmentation

    return _augmentation


@pytest.fixture
def draw(module):
    """What a function drew from the seed."""
    return lambda *shape: module.draw(SEED, shape).numpy().astype(np.float64)


def changed(change):
    return np.clip(X.astype(np.float64) + change, -1, 1)


def test_gain(module, draw):
    gain = 0.5 * (2 * draw(1, 4, 1) - 1)
    np.testing.assert_allclose(module.change_gain(X, SEED, max_gain=0.5), changed(gain), atol=1e-5)
    assert len(np.unique(gain)) == 4


def test_fade(module, draw):
    change = 0.5 * (2 * draw(1, 4, 1) - 1) * np.linspace(-1, 1, 9)[:, None, None]
    np.testing.assert_allclose(module.fade(X, SEED, max_fade=0.5), changed(change), atol=1e-5)


def test_tilt(module, draw):
    change = 0.5 * (2 * draw(1, 4, 1) - 1) * np.linspace(-1, 1, 7)
    np.testing.assert_allclose(module.tilt_spectrum(X, SEED, max_tilt=0.5), changed(change), atol=1e-5)


def test_noise_is_normal(module):
    added = module.add_noise(np.zeros((50, 40, 10), np.float32), SEED, deviation=0.1).numpy()
    assert kstest(added.ravel(), norm(scale=0.1).cdf).pvalue > 0.01
    same = module.add_noise(np.zeros_like(X), SEED, deviation=0.1)
    np.testing.assert_allclose(module.add_noise(X, SEED, deviation=0.1), changed(same), atol=1e-6)


def test_mixing_adds_powers(module, draw):
    drawn = draw(2, 4)
    order, share = np.argsort(drawn[0]), 0.4 * drawn[1][:, None]
    power = 10 ** (60 * (X.astype(np.float64) - 1) / 2 / 10)
    mixed = 10 * np.log10((1 - share) * power + share * power[:, order])
    np.testing.assert_allclose(module.mix_power(X, SEED), np.clip(2 * mixed / 60 + 1, -1, 1), atol=1e-4)
    assert sorted(order) == [0, 1, 2, 3] and list(order) != [0, 1, 2, 3]


def interpolated(values, positions):
    known = np.concatenate([[-1.0], values, [-1.0]])
    return np.interp(positions, np.arange(-1, len(values) + 1), known, left=-1, right=-1)


@pytest.mark.parametrize("axis", [0, 2])
def test_resizing_and_shifting(module, draw, axis):
    expected, size = X.astype(np.float64), X.shape[axis]
    drawn = 2 * draw(2, 4, 1) - 1
    stretch, shift = 1.5 ** drawn[0], 0.2 * drawn[1] * size
    positions = (np.arange(size) - (size - 1) / 2) / stretch + (size - 1) / 2 + shift
    for row in range(4):
        expected[:, row] = np.apply_along_axis(interpolated, axis // 2, expected[:, row], positions[row])
    resized = module.resize_and_shift(X, SEED, axis=axis, max_stretch=0.5, max_shift=0.2)
    np.testing.assert_allclose(resized, expected, atol=1e-5)
    still = module.resize_and_shift(X, SEED, axis=axis, max_stretch=0.0, max_shift=0.0)
    np.testing.assert_allclose(still, X, atol=1e-5)
    assert stretch.min() < 1 < stretch.max() and (expected == -1).any()


@pytest.mark.parametrize("axis", [0, 2])
def test_masks_overwrite_one_stretch(module, draw, axis):
    size = X.shape[axis]
    drawn = draw(2, 4, 1)
    length = 0.6 * drawn[0] * size
    start = np.floor(drawn[1] * (size - length))
    places = np.arange(size)
    masked = (places >= start) & (places < start + np.round(length))
    masked = masked.T[:, :, None] if axis == 0 else masked[None]
    function = module.mask_time if axis == 0 else module.mask_frequency
    np.testing.assert_array_equal(function(X, SEED, max_share=0.6, value=0.5), np.where(masked, np.float32(0.5), X))
    assert 0 < masked.mean() < 0.6


def test_crops_are_among_the_real_steps(module, draw):
    lengths = np.array([9, 4, 2, 6])
    mask = (np.arange(9)[:, None] < lengths)[:, :, None].astype(np.float32)
    starts = np.floor(draw(4) * (np.maximum(lengths - 4, 0) + 1)).astype(int)
    cut, real = (part.numpy() for part in module.crop(X, SEED, 4, mask))
    for row, (start, length) in enumerate(zip(starts, lengths, strict=True)):
        n = min(4, length)
        np.testing.assert_array_equal(cut[:n, row], X[start : start + n, row])
        assert (cut[n:, row] == 0).all() and real[:, row, 0].tolist() == [1] * n + [0] * (4 - n)
    for n_steps in (9, 20):
        whole, no_mask = module.crop(X, SEED, n_steps)
        np.testing.assert_array_equal(whole, X)
        assert no_mask is None
    cut, _ = module.crop(X, SEED, 4)
    for row, start in enumerate(np.floor(draw(4) * 6).astype(int)):
        np.testing.assert_array_equal(cut[:, row], X[start : start + 4, row])


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("add_noise", {}),
        ("change_gain", {}),
        ("fade", {}),
        ("mask_frequency", {}),
        ("mask_time", {}),
        ("mix_power", {}),
        ("resize_and_shift", {"axis": 0}),
        ("resize_and_shift", {"axis": 2}),
        ("tilt_spectrum", {}),
    ],
)
def test_chance_follows_from_the_seed(module, name, settings):
    function = getattr(module, name)
    once, again, other = (function(X, seed, **settings).numpy() for seed in (SEED, SEED, SEED + 1))
    np.testing.assert_array_equal(once, again)
    assert (once != other).any() and once.min() >= -1 and once.max() <= 1
