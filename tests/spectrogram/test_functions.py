"""Each step against a re-computation that shares no code with it."""

import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import (
    clip_db,
    mel_filterbank,
    mel_frequencies,
    mel_spectrogram,
    power_spectrogram,
    power_to_db,
    scale_minmax,
    split_chunks,
)

POWERS = st.one_of(st.just(0.0), st.floats(1e-30, 1e6))
SPECTROGRAMS = hnp.arrays(np.float64, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=POWERS)


def naive_power(y, frame_length, hop_length):
    """The definition, one frame and one bin at a time."""
    rows = []
    for begin in range(0, len(y) - frame_length + 1, hop_length):
        frame = y[begin : begin + frame_length] - np.mean(y[begin : begin + frame_length])
        n = np.arange(frame_length)
        frame = frame * (0.5 - 0.5 * np.cos(2 * np.pi * n / frame_length))
        bins = range(1 + frame_length // 2)
        rows.append([abs(np.sum(frame * np.exp(-2j * np.pi * k * n / frame_length))) ** 2 for k in bins])
    return np.array(rows)


@pytest.mark.parametrize(("frame_length", "hop_length"), [(20, 10), (21, 7), (16, 16), (16, 20)])
def test_power_is_the_definition(rng, frame_length, hop_length):
    y = rng.standard_normal(100) + 3
    power = power_spectrogram(y, frame_length=frame_length, hop_length=hop_length)
    np.testing.assert_allclose(power, naive_power(y, frame_length, hop_length), rtol=1e-9, atol=1e-9)


def test_power_is_scipys(rng):
    y = rng.standard_normal(4000)
    _, _, magnitude = scipy.signal.spectrogram(
        y, window="hann", nperseg=400, noverlap=150, detrend="constant", mode="magnitude"
    )
    power = power_spectrogram(y, frame_length=400, hop_length=250)
    np.testing.assert_allclose(power / power.max(), (magnitude**2 / (magnitude**2).max()).T, atol=1e-12)


@pytest.mark.parametrize("pre_emphasis", [None, 0.95])
def test_blocks_are_joined(monkeypatch, rng, pre_emphasis):
    y = rng.standard_normal(1000)
    arguments = {"frame_length": 60, "hop_length": 25, "pre_emphasis": pre_emphasis}
    whole = power_spectrogram(y, **arguments)
    monkeypatch.setattr("skaudeep.spectrogram._functions._BLOCK", 130)
    np.testing.assert_allclose(power_spectrogram(y, **arguments), whole, rtol=1e-12)


def test_pre_emphasis(rng):
    y = rng.standard_normal(300)
    filtered = scipy.signal.lfilter([1, -0.95], [1], y)
    arguments = {"frame_length": 50, "hop_length": 20}
    np.testing.assert_allclose(
        power_spectrogram(y, pre_emphasis=0.95, **arguments),
        power_spectrogram(filtered, **arguments),
        rtol=1e-9,
    )


@pytest.mark.parametrize("frequency", [440, 1000, 3500])
def test_peak_of_a_tone(frequency):
    y = np.sin(2 * np.pi * frequency * np.arange(8000) / 8000)
    peaks = power_spectrogram(y, frame_length=800, hop_length=400).argmax(axis=1)
    np.testing.assert_array_equal(peaks, frequency // 10)


def test_shorter_than_a_window():
    with pytest.raises(AudioError, match="9 samples are shorter than one window of 10; pad with fixed_length"):
        power_spectrogram(np.zeros(9), frame_length=10, hop_length=5)


@pytest.mark.parametrize("shape", [(2, 640), (640, 2)])
def test_several_channels(shape):
    with pytest.raises(AudioError, match=r"y has the shape .*640.*one channel.*mix_channels"):
        power_spectrogram(np.zeros(shape), frame_length=64, hop_length=32)


@pytest.mark.parametrize("n_mels", [10, 40, 128])
@pytest.mark.parametrize(("sample_rate", "n_fft"), [(44100, 3528), (16000, 1279), (8000, 320)])
def test_audeep_filters_are_the_recipe(sample_rate, n_fft, n_mels):
    mels = np.linspace(0, 2595 * np.log10(1 + sample_rate / 2 / 700), n_mels + 2)
    corners = [int((n_fft + 1) * 700 * (10 ** (mel / 2595) - 1) / sample_rate) for mel in mels]
    expected = np.zeros((n_mels, 1 + n_fft // 2))
    for m, (left, center, right) in enumerate(zip(corners, corners[1:], corners[2:], strict=False)):
        for k in range(left, center):
            expected[m, k] = (k - left) / (center - left)
        for k in range(center, right):
            expected[m, k] = (right - k) / (right - center)
    filters = mel_filterbank(sample_rate=sample_rate, n_fft=n_fft, n_mels=n_mels)
    np.testing.assert_allclose(filters.toarray(), expected, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Empty filters:UserWarning")
@pytest.mark.parametrize("kind", ["htk", "slaney"])
@pytest.mark.parametrize(("f_min", "f_max"), [(0, None), (50, 7000), (1500, 3000)])
@pytest.mark.parametrize(("sample_rate", "n_fft"), [(44100, 3528), (16000, 511)])
def test_filters_are_librosas(kind, sample_rate, n_fft, f_min, f_max):
    bands = {"n_mels": 64, "htk": kind == "htk", "fmin": f_min}
    expected = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, fmax=f_max, dtype=np.float64, **bands)
    filters = mel_filterbank(kind, sample_rate=sample_rate, n_fft=n_fft, n_mels=64, f_min=f_min, f_max=f_max)
    np.testing.assert_allclose(filters.toarray(), expected, atol=1e-12)
    bands["n_mels"] += 2
    centers = librosa.mel_frequencies(fmax=f_max or sample_rate / 2, **bands)[1:-1]
    frequencies = mel_frequencies(kind, n_mels=64, f_min=f_min, f_max=f_max or sample_rate / 2)
    np.testing.assert_allclose(frequencies, centers, rtol=1e-9)


def test_audeep_filters_respect_the_range():
    filters = mel_filterbank(sample_rate=16000, n_fft=1600, n_mels=20, f_min=1000, f_max=4000).toarray()
    hertz = np.flatnonzero(filters.sum(axis=0)) * 10
    assert 990 <= hertz.min() <= 1040
    assert 3950 <= hertz.max() < 4000


def test_mel_of_a_waveform_and_of_its_power(rng):
    y, framing = rng.standard_normal(2000), {"frame_length": 320, "hop_length": 160}
    filters = mel_filterbank(sample_rate=8000, n_fft=320, n_mels=20)
    power = power_spectrogram(y, **framing)
    expected = power @ filters.toarray().T
    np.testing.assert_allclose(mel_spectrogram(y, filters=filters, **framing), expected, rtol=1e-10)
    np.testing.assert_allclose(mel_spectrogram(power=power, filters=filters), expected, rtol=1e-10)


@given(SPECTROGRAMS)
def test_db_is_librosas(power):
    level = power_to_db(power)
    if power.max() == 0:
        np.testing.assert_array_equal(level, 0)
        return
    floor = power[power > 0].min()
    expected = librosa.power_to_db(power, ref=np.max, amin=floor, top_db=None)
    np.testing.assert_allclose(level, expected, atol=1e-9)
    assert level.max() == 0


@given(SPECTROGRAMS, st.floats(-100, -50), st.floats(-50, 0))
def test_clip_is_numpys(power, below, above):
    level = power_to_db(power)
    np.testing.assert_array_equal(clip_db(level, below=below, above=above), np.clip(level, below, above))
    np.testing.assert_array_equal(clip_db(level, above=above), np.clip(level, None, above))
    assert clip_db(level) is level


@given(SPECTROGRAMS)
def test_scale_can_be_undone(spectrogram):
    scaled = scale_minmax(spectrogram)
    low, high = spectrogram.min(), spectrogram.max()
    if low == high:
        np.testing.assert_array_equal(scaled, 0)
        return
    assert scaled.min() == -1
    assert scaled.max() == 1
    np.testing.assert_allclose((scaled + 1) / 2 * (high - low) + low, spectrogram, rtol=1e-9, atol=1e-9 * high)


def test_scale_treats_chunks_apart(rng):
    chunks = np.concatenate([rng.standard_normal((3, 5, 4)), np.full((1, 5, 4), 7.0)])
    expected = np.stack([scale_minmax(chunk) for chunk in chunks])
    np.testing.assert_array_equal(scale_minmax(chunks), expected)
    np.testing.assert_array_equal(expected[3], 0)


@given(st.integers(0, 30), st.integers(1, 8), st.one_of(st.none(), st.integers(1, 6)))
def test_chunks_are_slices(n, n_frames, n_chunks):
    spectrogram = np.arange(n * 2).reshape(n, 2)
    chunks = split_chunks(spectrogram, n_frames=n_frames, n_chunks=n_chunks)
    starts = list(range(0, n - n_frames + 1, n_frames))[:n_chunks]
    assert chunks.shape == (len(starts), n_frames, 2)
    for chunk, start in zip(chunks, starts, strict=True):
        np.testing.assert_array_equal(chunk, spectrogram[start : start + n_frames])


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_power_that_is_not_finite(value):
    with pytest.raises(AudioError, match=r"not finite, .*scale them to \[-1, 1\]"):
        power_to_db(np.array([[1.0, value]]))
