"""Framing, the frequency axis, one pass for several branches, and the collection of rows."""

import threading

import numpy as np
import pandas as pd
import pytest
import soundfile

from skaudeep import audio
from skaudeep.exceptions import AudioError
from skaudeep.spectrogram import SharedSpectrograms, SpectrogramTransformer, extract_branches
from skaudeep.spectrogram.extraction import SpectrogramCollector, _ahead, axes_at, extract_rows
from skaudeep.spectrogram.inputs import FileSource, as_sources


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
        ({"window_width": 200}, r"window_width=200 s is 1,600,000 samples at 8000 Hz, more than 1,048,576; decrease"),
        ({"window_width": 1e308}, r"window_width=1e\+308 s is inf samples"),
        ({"fixed_length": 1e9}, r"fixed_length=1e\+09 s is 8,000,000,000,000 samples at 8000 Hz, more than"),
        ({"n_mels": 10**9}, "n_mels=1000000000 bands of windows of 640 samples .* decrease n_mels or window_width"),
        ({"n_mels": 10**9, "filterbank": "slaney"}, "n_mels=1000000000 bands"),
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
    """A collector filled with one array per shape; None is a row that failed."""
    rows = SpectrogramCollector(len(shapes))
    for i, shape in enumerate(shapes):
        result = AudioError("no") if shape is None else np.full(shape, i, np.float32)
        rows.add(i, FileSource(f"{i}.wav"), result)
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


def test_threads_are_only_a_few_recordings_ahead():
    started, lock = [], threading.Lock()

    def work(item):
        with lock:
            started.append(item)
        return -item

    results = _ahead(work, range(100), 2)
    assert [next(results) for _ in range(3)] == [0, -1, -2]
    results.close()
    assert len(started) <= 3 + 4 * 2
    assert list(_ahead(work, range(30), 3)) == [-i for i in range(30)]


def test_values_beyond_reason(make_recording):
    parameters = {"window_width": 0.5, "window_overlap": 0.4999, "n_mels": 600}
    transformer = SpectrogramTransformer(fixed_length=1e4, **parameters)
    with pytest.raises(
        AudioError, match=r"a\.wav: [\d,]+ windows of 600 bins are more than .* decrease window_overlap"
    ):
        transformer.fit_transform([make_recording("a.wav")])
    with pytest.raises(AudioError, match=r"a\.wav: chunk_length=1e\+10 s is 80,000,000,000,000 samples"):
        SpectrogramTransformer(n_mels=8, chunk_length=1e10).fit_transform([make_recording("a.wav")])


# --- segments ---


@pytest.fixture
def n_samples_decoded(monkeypatch):
    """How many samples libsndfile was asked for, of each file."""
    counts, read = {}, soundfile.SoundFile.read

    def count(file, *args, **kwargs):
        block = read(file, *args, **kwargs)
        counts[file.name] = counts.get(file.name, 0) + len(block)
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", count)
    return counts


@pytest.fixture
def segments(make_recording):
    """Rows of two compressed recordings in disorder, some of which overlap."""
    files = [make_recording("a.flac", 3), make_recording("b.mp3", 2)]
    start = [1.0, 0.2, 0.5, 0.0, 0.7, 1.5, 2.5, 0.3]
    rows = {"file": [files[i] for i in (0, 1, 0, 1, 0, 1, 0, 0)], "start": start, "end": np.add(start, 0.5)}
    return pd.DataFrame(rows)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_segments_are_decoded_once(segments, n_samples_decoded, n_jobs):
    transformer = SpectrogramTransformer(n_mels=20, n_jobs=n_jobs)
    spectrograms = transformer.fit_transform(segments)
    assert list(n_samples_decoded.values()) == [3 * 8000, 2 * 8000]
    for row in range(len(segments)):
        alone = transformer.transform(segments.iloc[[row]])
        np.testing.assert_array_equal(spectrograms[row], alone[0])


@pytest.mark.parametrize("n_jobs", [None, 3])
@pytest.mark.parametrize("n_bytes", [1, 2**28])
def test_rows_come_in_order_whatever_the_order_of_reading(monkeypatch, segments, n_samples_decoded, n_bytes, n_jobs):
    monkeypatch.setattr("skaudeep.spectrogram.extraction._WAITING_BYTES", n_bytes)
    monkeypatch.setattr("skaudeep.spectrogram.extraction._MIN_WAITING", 3)
    transformer = SpectrogramTransformer(n_mels=20)
    expected = transformer.fit_transform(segments)
    n_samples_decoded.clear()
    sources = as_sources(transformer, segments, reset=False)
    branch = transformer._config(transformer._reference)
    rows = [7, 0, 1, 2, 3, 4, 5, 6]
    for row, (spectrogram,) in zip(rows, extract_rows([branch], sources, rows, n_jobs=n_jobs), strict=True):
        np.testing.assert_array_equal(spectrogram, expected[row])
    in_order = segments.sort_values(["file", "start"], ignore_index=True)
    n_samples_decoded.clear()
    sources = as_sources(transformer, in_order, reset=False)
    assert len(list(extract_rows([branch], sources, list(range(8)), n_jobs=n_jobs))) == 8
    assert list(n_samples_decoded.values()) == [3 * 8000, 2 * 8000]


def test_errors_keep_their_rows(segments):
    bad = segments.assign(end=segments["end"].where(segments.index != 3, 9.0))
    bad.loc[6, "start"] = 3.5
    transformer = SpectrogramTransformer(n_mels=20, on_error="skip")
    spectrograms = transformer.fit_transform(bad)
    assert transformer.errors_["row"].tolist() == [3, 6]
    assert transformer.errors_["file"].tolist() == bad["file"][[3, 6]].tolist()
    assert "from 0 s to 9 s" in transformer.errors_["reason"][0]
    assert "from 3.5 s to 3 s" in transformer.errors_["reason"][1]
    assert np.isnan(spectrograms).all(axis=(1, 2)).tolist() == [row in (3, 6) for row in range(8)]


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
def test_end_up_to_one_window_late_is_the_end(make_recording, name):
    path = make_recording(name, 1)
    transformer = SpectrogramTransformer(n_mels=20)
    expected = transformer.fit_transform(pd.DataFrame({"file": [path], "start": 0.5, "end": 1.0}))
    for end in (1.001, 1.08):
        late = transformer.transform(pd.DataFrame({"file": [path], "start": 0.5, "end": end}))
        np.testing.assert_array_equal(late, expected)
    with pytest.raises(AudioError, match=r"the segment from 0.5 s to 1.09 s is .* not inside the recording"):
        transformer.transform(pd.DataFrame({"file": [path], "start": 0.5, "end": 1.09}))


def test_each_branch_has_its_own_window(make_recording):
    X = pd.DataFrame({"file": [make_recording("a.wav", 1)] * 2, "start": 0.5, "end": [1.0, 1.05]})
    wide, narrow = (
        SpectrogramTransformer(n_mels=8, window_width=width, window_overlap=0, on_error="skip") for width in (0.1, 0.04)
    )
    wide.fit(X)
    narrow.fit(X)
    extract_branches([wide, narrow], X)
    assert len(wide.errors_) == 0
    assert narrow.errors_["row"].tolist() == [1]
    reason = narrow.errors_["reason"][0]
    assert "the segment ends 0.05 s after the recording, more than one window (window_width=0.04 s)" in reason


def test_headers_that_lie_are_skipped(shared, make_recording):
    names = ["rate_989_MHz.wav", "size0.wav", "html.mp3"]
    paths = [*(str(shared / "cases" / name) for name in names), make_recording("a.wav", 1)]
    transformer = SpectrogramTransformer(n_mels=20, on_error="skip")
    spectrograms = transformer.fit_transform(paths)
    assert transformer.errors_["row"].tolist() == [0, 1, 2]
    assert np.isfinite(spectrograms[3]).all()


def test_times_of_slow_recordings_are_rounded(make_recording):
    path = make_recording("a.wav", samples=np.sin(np.arange(200)), rate=100)
    X = pd.DataFrame({"file": [path], "start": 0.004, "end": 2.0849})
    assert SpectrogramTransformer(n_mels=None, window_overlap=0).fit_transform(X).shape == (1, 25, 5)
