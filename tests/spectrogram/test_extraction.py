"""Framing, the frequency axis, one pass for several branches, and the collection of rows."""

import numpy as np
import pytest

from skaudeep import audio
from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import SharedSpectrograms, SpectrogramTransformer, extract_branches
from skaudeep.spectrogram._extraction import Rows, axes_at
from skaudeep.spectrogram._inputs import FileSource


def axes(sample_rate, **parameters):
    return axes_at(SpectrogramTransformer(**parameters)._front_end(), sample_rate)


@pytest.fixture
def recordings(make_recording):
    return [make_recording(f"{i}.wav", 0.3 + 0.1 * i, channels=2) for i in range(3)]


@pytest.fixture
def n_decoded(monkeypatch):
    """How often each file was decoded."""
    counts, read_audio = {}, audio.read_audio

    def count(path, **segment):
        counts[path] = counts.get(path, 0) + 1
        return read_audio(path, **segment)

    monkeypatch.setattr(audio, "read_audio", count)
    return counts


@pytest.mark.parametrize("fixed_length", [None, 1, 5, 31])
@pytest.mark.parametrize("sample_rate", [8000, 11025, 22050, 44100])
@pytest.mark.parametrize(("width", "overlap"), [(0.08, 0.04), (0.025, 0.0101), (0.0333, 0.0111)])
def test_framing(sample_rate, width, overlap, fixed_length):
    """The recipe, literally: round to samples, then correct the overlap by one sample if frames differ."""
    wanted_width, wanted_overlap = int(sample_rate * width), int(sample_rate * overlap)
    if fixed_length is not None:
        expected = int((fixed_length - overlap) / (width - overlap))
        frames = (int(fixed_length * sample_rate) - wanted_overlap) // (wanted_width - wanted_overlap)
        if frames > expected:
            wanted_overlap -= 1
        elif frames < expected:
            wanted_overlap += 1
    got = axes(sample_rate, window_width=width, window_overlap=overlap, n_mels=8, fixed_length=fixed_length)
    assert (got.frame_length, got.hop_length) == (wanted_width, wanted_width - wanted_overlap)


@pytest.mark.parametrize(
    ("sample_rate", "window_overlap", "fixed_length", "n_frames"),
    [(22050, 0.01, 1, 66), (8000, 0.0101, 2, 133), (8000, 0.015, 1, 98)],
)
def test_fixed_length_fixes_the_number_of_frames(rng, sample_rate, window_overlap, fixed_length, n_frames):
    """Worked by hand; in samples alone the first two would be one frame short."""
    transformer = SpectrogramTransformer(
        sample_rate=sample_rate,
        window_width=0.025,
        window_overlap=window_overlap,
        n_mels=None,
        fixed_length=fixed_length,
    )
    assert transformer.fit_transform(rng.standard_normal((1, 100))).shape[1] == n_frames


def test_linear_bins():
    got = axes(8000, n_mels=None, window_width=0.01, window_overlap=0, f_min=150, f_max=1000)
    np.testing.assert_allclose(got.frequencies, [200, 300, 400, 500, 600, 700, 800, 900, 1000])
    assert got.bins == slice(2, 11)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"f_max": 5000}, "f_max=5000 Hz must be in order and not above half the sample rate, 4000 Hz"),
        ({"f_min": 600, "f_max": 500}, "f_min=600 Hz and f_max=500 Hz must be in order"),
        ({"fixed_length": 0.05}, r"fixed_length=0\.05 s is shorter than window_width=0\.08 s; increase"),
        ({"window_width": 1e-4, "window_overlap": 0}, "are 0 and 0 samples at 8000 Hz; the overlap must be"),
    ],
)
def test_impossible_axes(parameters, message):
    with pytest.raises(AudioError, match=message):
        axes(8000, **parameters)


BRANCHES = [
    {"clip_below": -30},
    {"clip_below": -60, "chunk_length": 0.1, "chunk_count": 2},
    {"channels": "diff"},
    {"sample_rate": 4000, "scale": None},
    {"filterbank": "slaney"},
]


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_branches_equal_transform(recordings, n_decoded, n_jobs):
    branches = [SpectrogramTransformer(n_mels=20, n_jobs=n_jobs).set_params(**branch) for branch in BRANCHES]
    outputs = extract_branches(branches, recordings)
    assert n_decoded == dict.fromkeys(recordings, 1)
    for branch, output in zip(branches, outputs, strict=True):
        for got, expected in zip(output, branch.fit_transform(recordings), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_front_end_is_shared(monkeypatch, recordings):
    calls, power = [], audio.mix_channels
    monkeypatch.setattr(audio, "mix_channels", lambda samples, policy: calls.append(policy) or power(samples, policy))
    branches = [SpectrogramTransformer(n_mels=20, clip_below=level) for level in (-30, -45, -60)]
    extract_branches([*branches, SpectrogramTransformer(n_mels=20, channels="diff")], recordings)
    assert sorted(calls) == ["diff"] * 3 + ["mean"] * 3


def test_branches_remember_their_own_errors(recordings, make_recording):
    mono = make_recording("mono.wav", 0.4)
    parameters = {"n_mels": 20, "on_error": "skip"}
    mean, diff = SpectrogramTransformer(**parameters), SpectrogramTransformer(channels="diff", **parameters)
    mean.fit(recordings)
    diff.fit(recordings)
    extract_branches([mean, diff], [*recordings, mono])
    assert len(mean.errors_) == 0
    assert diff.errors_["row"].tolist() == [3]


def test_branches_of_waveforms_have_their_own_rate(rng):
    X = rng.standard_normal((2, 4000))
    branches = [SpectrogramTransformer(sample_rate=rate, n_mels=20) for rate in (8000, 4000)]
    for branch, output in zip(branches, extract_branches(branches, X), strict=True):
        np.testing.assert_array_equal(output, branch.fit_transform(X))


def test_one_warning_for_all_branches(recordings, bad_recordings):
    branches = [SpectrogramTransformer(n_mels=20, clip_below=-level, on_error="warn") for level in (30, 60)]
    with pytest.warns(UserWarning, match="1 of 4 recordings could not be analysed") as record:
        SharedSpectrograms([*recordings, bad_recordings["text"]], branches)
    assert len(record) == 1


def rows_of(*shapes):
    """Rows filled with one array per shape; None is a row that failed."""
    rows = Rows(len(shapes))
    for i, shape in enumerate(shapes):
        result = AudioError("no") if shape is None else np.full(shape, i, np.float32)
        rows.append(FileSource(f"{i}.wav"), result)
    return rows


def test_equal_rows_are_one_array():
    spectrograms = rows_of(None, (2, 3), (2, 3), None).spectrograms()
    assert spectrograms.dtype == np.float32
    np.testing.assert_array_equal(spectrograms[1:3], [np.full((2, 3), 1), np.full((2, 3), 2)])
    assert np.isnan(spectrograms[[0, 3]]).all()


@pytest.mark.parametrize("shapes", [[(2, 3), None, (2, 3), (1, 3), (2, 3)], [None, (4, 3), (1, 3)]])
def test_unequal_rows_are_an_object_array(shapes):
    rows = rows_of(*shapes)
    spectrograms = rows.spectrograms()
    assert spectrograms.dtype == object
    for i, (shape, got) in enumerate(zip(shapes, spectrograms, strict=True)):
        expected = np.full((1, 3), np.nan) if shape is None else np.full(shape, i)
        np.testing.assert_array_equal(got, expected)
    failed = [i for i, shape in enumerate(shapes) if shape is None]
    assert rows.errors().to_dict("list") == {
        "row": failed,
        "file": [f"{i}.wav" for i in failed],
        "reason": ["no"] * len(failed),
    }


def test_no_row_is_an_error():
    with pytest.raises(AudioError, match="none of 2 recordings could be analysed; the first: no"):
        rows_of(None, None).spectrograms()
