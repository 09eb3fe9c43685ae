"""From spectrograms back to sounds: they have the spectrogram that was asked for, and its length, tones and levels."""

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import SpectrogramTransformer, mel_filterbank, power_spectrogram
from skaudeep.spectrogram._inversion import de_emphasize, spread_bands
from skaudeep.spectrogram.extraction import Axes, axes_at

RATE = 8000


def make_transformer(**parameters):
    return SpectrogramTransformer(**{"sample_rate": RATE, "n_mels": 40, "clip_below": -60} | parameters)


def tones(frequencies, levels=0.0):
    """One second of tones together, at levels in dB."""
    amplitudes = 10 ** (np.broadcast_to(levels, len(frequencies)) / 20)
    return amplitudes @ np.sin(2 * np.pi * np.multiply.outer(frequencies, np.arange(RATE) / RATE))


def level_at(samples, frequency):
    """Level of one second of a waveform within 20 Hz of a frequency, in dB."""
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / RATE) - frequency) < 20
    return 10 * np.log10(power[near].sum())


def assert_close(S, T, *, correlation, error):
    for one, other in zip(S, T, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] > correlation
        assert np.abs(one - other).mean() < error


@pytest.fixture(scope="module")
def sounds():
    """A chirp; two tones that come and go; noise that comes and goes."""
    time = np.arange(RATE) / RATE
    chirp = np.sin(2 * np.pi * (200 * time + 1500 * time**2))
    noise = np.random.default_rng(0).standard_normal(RATE)
    return np.stack([chirp, *np.stack([tones([440, 1760]), noise]) * np.sin(4 * np.pi * time) ** 2])


@pytest.fixture(scope="module")
def fitted(sounds):
    """A transformer, and the spectrograms of the sounds."""
    transformer = make_transformer()
    return transformer, transformer.fit_transform(sounds)


@pytest.mark.parametrize(
    "parameters", [{}, {"filterbank": "slaney"}, {"n_mels": None}, {"pre_emphasis": 0.95}, {"window_overlap": 0.06}]
)
def test_recordings_come_back_with_their_spectrograms(shared, parameters):
    folder = shared / "data" / "ESC-10"
    paths = [folder / "001 - Dog bark" / "1-30344-A.ogg", folder / "009 - Rooster" / "1-34119-B.ogg"]
    transformer = SpectrogramTransformer(clip_below=-60, fixed_length=5, **parameters)
    S = transformer.fit_transform(paths)
    waveforms = transformer.inverse_transform(S, random_state=0)
    assert waveforms.dtype == np.float32
    listener = SpectrogramTransformer(clip_below=-60, sample_rate=transformer.sample_rate_, **parameters)
    assert_close(S, listener.fit_transform(waveforms), correlation=0.995, error=0.012)


@pytest.mark.parametrize("filterbank", ["audeep", "htk", "slaney"])
@pytest.mark.parametrize("scale", ["minmax", None])
def test_sounds_come_back_with_their_spectrograms(sounds, filterbank, scale):
    transformer = make_transformer(filterbank=filterbank, scale=scale)
    S = transformer.fit_transform(sounds)
    again = transformer.transform(transformer.inverse_transform(S, random_state=0))
    unit = 1 if scale == "minmax" else 30  # dB
    assert_close(S[:2], again[:2], correlation=0.95, error=0.06 * unit)
    assert_close(S[2:], again[2:], correlation=0.99, error=0.12 * unit)


def test_more_iterations_come_closer(fitted):
    transformer, S = fitted
    errors = [
        np.abs(transformer.transform(transformer.inverse_transform(S, n_iter=n, random_state=0)) - S).mean()
        for n in (1, 10, 100)
    ]
    assert errors[0] > errors[1] > errors[2]


@pytest.mark.parametrize(
    ("parameters", "tolerance"),
    [({"n_mels": None}, 3), ({}, 45), ({"filterbank": "htk"}, 45), ({"filterbank": "slaney"}, 45)],
)
def test_a_tone_comes_back_at_its_frequency(parameters, tolerance):
    """With linear bins almost to the Hz, else somewhere in the two bands that hold it."""
    transformer = make_transformer(**parameters)
    waveform = transformer.inverse_transform(transformer.fit_transform([tones([1000])]), random_state=0)[0]
    assert np.abs(np.fft.rfft(waveform)).argmax() == pytest.approx(1000, abs=tolerance)


@pytest.mark.parametrize("kind", ["audeep", "slaney"])
def test_bands_are_spread_so_that_their_sums_agree(rng, kind):
    filters = mel_filterbank(kind, sample_rate=RATE, n_fft=256, n_mels=24, f_min=300, f_max=3000)
    axes = Axes(256, 128, filters.T.tocsr(), np.zeros(24))
    truth = 10 ** rng.uniform(-3, 0, (300, 129))
    spectrum = spread_bands(truth @ axes.bins, axes, n_iter=200)
    np.testing.assert_allclose(spectrum @ axes.bins, truth @ axes.bins, rtol=0.05)
    assert spectrum.min() >= 0
    assert not spectrum[:, filters.sum(axis=0) == 0].any()


def test_empty_bands_are_no_obstacle(rng):
    with pytest.warns(UserWarning, match="mel bands are empty"):
        transformer = make_transformer(n_mels=120, window_width=0.02, window_overlap=0.01).fit([tones([500])])
    S = transformer.transform([rng.standard_normal(RATE)])
    waveforms = transformer.inverse_transform(S, random_state=0)
    assert_close(S, transformer.transform(waveforms), correlation=0.97, error=0.1)


def test_there_are_no_clicks_at_the_ends(fitted):
    transformer, _ = fitted
    noise = np.random.default_rng(1).uniform(-1, 1, (3, RATE))
    waveforms = transformer.inverse_transform(transformer.transform(noise), random_state=0)
    assert np.abs(waveforms[:, 100:-100]).max(axis=1).min() > 0.5
    assert np.abs(waveforms[:, [0, 1, 2, -2, -1]]).max() < 0.1


@pytest.mark.parametrize("rate", [8000, 11025, 22050.5])
@pytest.mark.parametrize("parameters", [{}, {"fixed_length": 0.99}, {"window_overlap": 0}, {"window_width": 0.0701}])
def test_a_waveform_is_as_long_as_its_windows_together(rng, rate, parameters):
    """It has their number of frames, and one sample less has one frame less."""
    transformer = make_transformer(sample_rate=rate, n_mels=None, **parameters)
    S = transformer.fit_transform(list(rng.uniform(-1, 1, (1, 22051))))
    (waveform,) = transformer.inverse_transform(S, n_iter=1)
    axes = axes_at(transformer._front_end(), rate)
    framing = {"frame_length": axes.frame_length, "hop_length": axes.hop_length}
    n_frames = [len(power_spectrogram(samples, **framing)) for samples in (waveform[:-1], waveform)]
    assert n_frames == [S.shape[1] - 1, S.shape[1]]


def test_ragged_spectrograms(fitted):
    transformer, S = fitted
    ragged = [S[0], S[1][:10], S[2][:1]]
    waveforms = transformer.inverse_transform(ragged, random_state=0)
    assert waveforms.shape == (3,)
    assert [len(waveform) for waveform in waveforms] == [8000, 3520, 640]
    np.testing.assert_array_equal(waveforms[0], transformer.inverse_transform(S, random_state=0)[0])
    as_objects = np.empty(3, object)
    as_objects[:] = ragged
    for one, other in zip(waveforms, transformer.inverse_transform(as_objects, random_state=0), strict=True):
        np.testing.assert_array_equal(one, other)


def test_chunks_are_waveforms_of_their_own(sounds):
    transformer = make_transformer(chunk_length=0.4)
    S = transformer.fit_transform(sounds)
    waveforms = transformer.inverse_transform(S, random_state=0)
    assert (S.shape, waveforms.shape) == ((3, 2, 10, 40), (3, 2, 3520))
    np.testing.assert_array_equal(np.abs(waveforms).max(axis=2), 1)
    alone = transformer.inverse_transform(S[:, 1], random_state=0)
    np.testing.assert_array_equal(waveforms[:, 1], alone)
    ragged = transformer.inverse_transform([S[0], S[1][:1]], random_state=0)
    assert [waveform.shape for waveform in ragged] == [(2, 3520), (1, 3520)]


def test_an_integer_random_state_gives_equal_results(fitted):
    transformer, S = fitted
    first = transformer.inverse_transform(S, random_state=0)
    np.testing.assert_array_equal(first, transformer.inverse_transform(S, random_state=0))
    np.testing.assert_array_equal(first[:2], transformer.inverse_transform(S[:2], random_state=0))
    np.testing.assert_array_equal(
        first, make_transformer(n_jobs=2).fit([tones([1])]).inverse_transform(S, random_state=0)
    )
    assert not np.allclose(first, transformer.inverse_transform(S, random_state=1), atol=0.1)


@pytest.mark.parametrize("offset", [0, 4096])
def test_levels_come_back(offset):
    """Levels in dB are relative, whatever to."""
    transformer = make_transformer(n_mels=None, clip_below=None, scale=None)
    S = transformer.fit_transform([tones([500, 2500], [0, -20])])
    (waveform,) = transformer.inverse_transform(S + offset, random_state=0)
    assert level_at(waveform, 500) - level_at(waveform, 2500) == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize(("share", "difference"), [(1, 20), (0.5, 10)])
def test_the_range_of_levels_is_that_of_db_range(share, difference):
    sound = tones([500, 2500], [0, -20]) + 1e-3 * np.random.default_rng(0).standard_normal(RATE)
    levels = make_transformer(n_mels=None, clip_below=None, scale=None).fit_transform([sound])
    transformer = make_transformer(n_mels=None, clip_below=None)
    S = transformer.fit_transform([sound])
    (waveform,) = transformer.inverse_transform(S, db_range=share * float(np.ptp(levels)), random_state=0)
    assert level_at(waveform, 500) - level_at(waveform, 2500) == pytest.approx(difference, abs=1)


@pytest.mark.parametrize(
    ("clipping", "db_range"),
    [
        ({"clip_below": -45, "clip_above": -5}, 40),
        ({"clip_below": -45}, 45),
        ({"clip_below": None}, 80),
        ({"clip_below": None, "clip_above": -30}, 80),
    ],
)
def test_the_range_of_levels_is_that_of_the_clipping_if_there_is_one(fitted, clipping, db_range):
    _, S = fitted
    transformer = make_transformer(**clipping).fit([tones([500])])
    by_default, by_range = (transformer.inverse_transform(S, db_range=r, random_state=0) for r in (None, db_range))
    np.testing.assert_array_equal(by_default, by_range)
    assert not np.allclose(by_default, transformer.inverse_transform(S, db_range=20, random_state=0), atol=0.1)


@pytest.mark.parametrize("scale", ["minmax", None])
def test_what_was_clipped_away_is_silent(scale):
    sound = tones([500]) * (np.arange(RATE) < RATE / 2)
    transformer = make_transformer(scale=scale, clip_below=np.float64(-30.3))
    (waveform,) = transformer.inverse_transform(transformer.fit_transform([sound]), random_state=0)
    assert np.abs(waveform[-RATE // 3 :]).max() < 1e-3
    assert np.abs(waveform[: RATE // 3]).max() > 0.5


@pytest.mark.parametrize("scale", ["minmax", None])
def test_silence_comes_back_silent(scale):
    transformer = make_transformer(scale=scale)
    waveforms = transformer.inverse_transform(transformer.fit_transform(np.zeros((2, RATE))))
    np.testing.assert_array_equal(waveforms, np.zeros((2, RATE)))


def test_values_beyond_the_scale_are_clipped(fitted):
    transformer, S = fitted
    beyond = transformer.inverse_transform(1.5 * S, random_state=0)
    np.testing.assert_array_equal(beyond, transformer.inverse_transform(np.clip(1.5 * S, -1, 1), random_state=0))


@pytest.mark.parametrize("pre_emphasis", [None, 0.95, 1])
def test_pre_emphasis_is_undone(pre_emphasis):
    transformer = make_transformer(n_mels=None, pre_emphasis=pre_emphasis)
    S = transformer.fit_transform([tones([200, 3000])])
    (waveform,) = transformer.inverse_transform(S, random_state=0)
    assert level_at(waveform, 200) - level_at(waveform, 3000) == pytest.approx(0, abs=1)
    assert level_at(waveform, 0) < level_at(waveform, 3000) - 20


def test_de_emphasis_is_the_inverse_of_pre_emphasis(rng):
    y = rng.uniform(-1, 1, 1000)
    emphasized = y - 0.95 * np.concatenate([[0], y[:-1]])
    np.testing.assert_allclose(de_emphasize(emphasized, 0.95), y, atol=1e-12)


def test_a_fit_on_files_knows_their_rate(make_recording):
    path = make_recording(samples=0.5 * tones([1000])[:, None])
    transformer = SpectrogramTransformer(n_mels=None, clip_below=-60)
    (waveform,) = transformer.inverse_transform(transformer.fit_transform([path]), random_state=0)
    assert np.abs(np.fft.rfft(waveform)).argmax() == pytest.approx(1000, abs=3)


def test_a_channel_comes_back(rng):
    left = rng.uniform(-1, 1, RATE)
    stereo = np.stack([left, left - 0.1 * tones([1000])])
    transformer = make_transformer(n_mels=None, channels="diff")
    (waveform,) = transformer.inverse_transform(transformer.fit_transform(stereo[None]), random_state=0)
    assert np.abs(np.fft.rfft(waveform)).argmax() == pytest.approx(1000, abs=3)


def test_progress_is_shown(fitted, capsys):
    transformer, S = fitted
    make_transformer(verbose=1).fit([tones([500])]).inverse_transform(S, n_iter=1)
    assert "Inverting spectrograms" in capsys.readouterr().err
    transformer.inverse_transform(S, n_iter=1)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda S: S[0], r"spectrogram 0 of S has shape \(40,\).*put a single spectrogram into a list"),
        (lambda S: S[:, :, 1:], r"has shape \(24, 39\); expected \(n_frames, 40\)"),
        (lambda S: [S[0], S[1][:0]], r"spectrogram 1 of S has shape \(0, 40\)"),
        (lambda S: S[None, None], r"has shape \(1, 3, 24, 40\)"),
        (lambda S: 1.0, r"has shape \(\)"),
        (lambda S: [], "S holds no spectrogram"),
        (lambda S: [S[0], np.full((1, 40), np.nan), S[1] * np.inf], r"NaN or infinity in 2 spectrograms \(rows 1, 2\)"),
        (lambda S: np.full((8, 2, 40), np.nan), r"in 8 spectrograms \(rows 0, 1, 2, 3, 4, \.\.\.\).*`errors_`"),
    ],
)
def test_what_is_no_spectrogram_is_refused(fitted, change, message):
    transformer, S = fitted
    with pytest.raises(ValueError, match=message):
        transformer.inverse_transform(change(S))


@pytest.mark.parametrize(
    ("parameter", "value"), [("n_iter", 0), ("n_iter", 1.5), ("db_range", 0), ("db_range", -80), ("random_state", "a")]
)
def test_wrong_arguments_are_named(fitted, parameter, value):
    transformer, S = fitted
    with pytest.raises(ValueError, match=f"The '{parameter}' parameter of .*inverse_transform must be"):
        transformer.inverse_transform(S, **{parameter: value})


def test_only_what_is_fitted_can_be_inverted(fitted):
    _, S = fitted
    with pytest.raises(NotFittedError):
        make_transformer().inverse_transform(S)
    for parameters in ({"n_mels": 20}, {"f_min": 100}):
        changed = make_transformer().fit([tones([500])]).set_params(**parameters)
        with pytest.raises(AudioError, match="changed since fit; fit again"):
            changed.inverse_transform(S)
