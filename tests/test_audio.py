"""Reading recordings, against what was written and against NumPy and soxr."""

import numpy as np
import pytest
import soundfile
import soxr
from hypothesis import assume, given
from hypothesis import strategies as st

from skaudeep.audio import audio_info, fit_length, mix_channels, read_audio, resample
from skaudeep.exceptions import AudioError

RATE = 8000


@pytest.fixture
def ramp(rng):
    """Two smooth channels that lossy formats keep."""
    time = np.arange(RATE) / RATE
    return 0.5 * np.sin(2 * np.pi * np.outer(time, [300, 450])).astype(np.float32)


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [
        ("a.wav", "PCM_U8", 1e-2),
        ("a.wav", "PCM_16", 4e-5),
        ("a.wav", "PCM_24", 2e-7),
        ("a.wav", "PCM_32", 1e-7),
        ("a.wav", "FLOAT", 0),
        ("a.wav", "DOUBLE", 0),
        ("a.flac", "PCM_16", 4e-5),
        ("a.flac", "PCM_24", 2e-7),
        ("a.ogg", "VORBIS", 5e-2),
        ("a.mp3", "MPEG_LAYER_III", 5e-2),
    ],
)
def test_formats(make_recording, ramp, name, subtype, tolerance):
    path = make_recording(name, samples=ramp, rate=RATE, subtype=subtype)
    samples, rate = read_audio(path)
    assert rate == RATE
    assert samples.dtype == np.float32
    np.testing.assert_allclose(samples, ramp.T, rtol=0, atol=tolerance)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@pytest.mark.parametrize(("start", "end"), [(0.25, 0.75), (None, 0.5), (0.5, None), (0, 1)])
def test_segment_is_a_slice_of_the_whole(make_recording, ramp, name, start, end):
    path = make_recording(name, samples=ramp, rate=RATE)
    whole, _ = read_audio(path)
    segment, _ = read_audio(path, start=start, end=end)
    stop = RATE if end is None else int(end * RATE)
    np.testing.assert_array_equal(segment, whole[:, int((start or 0) * RATE) : stop])


def test_blocks_are_joined(monkeypatch, make_recording, ramp):
    monkeypatch.setattr("skaudeep._decoding._BLOCK", 1000)
    path = make_recording("a.flac", samples=ramp, rate=RATE, subtype="PCM_24")
    samples, _ = read_audio(path, start=0.3, end=0.9)
    np.testing.assert_allclose(samples, ramp[2400:7200].T, rtol=0, atol=2e-7)


def test_stream_of_unknown_length(make_recording, ramp):
    path = make_recording("a.flac", samples=ramp, rate=RATE, subtype="PCM_24")
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data[21] &= 0xF0  # the 36 bits of STREAMINFO that hold the number of samples
        data[22:26] = bytes(4)
        file.seek(0)
        file.write(data)
    assert audio_info(path).n_samples is None
    assert audio_info(path).duration is None
    assert read_audio(path)[0].shape == (2, RATE)
    assert read_audio(path, start=0.5, end=1)[0].shape == (2, RATE // 2)
    with pytest.raises(AudioError, match="which is 1 s long"):
        read_audio(path, start=0.5, end=1.5)


def test_info(make_recording):
    info = audio_info(make_recording("a.flac", 0.25, rate=RATE, channels=3))
    assert (info.sample_rate, info.n_channels, info.n_samples) == (RATE, 3, 2000)
    assert info.duration == 0.25


@pytest.mark.parametrize(
    ("what", "message"),
    [
        ("directory", "is a directory; list the audio files"),
        ("text", "cannot be decoded: it is text, not a sound file .*; download"),
        ("no bytes", r"cannot be decoded: it is empty \(0 bytes\); replace it"),
        ("no samples", "holds no samples; leave it out"),
        ("not finite", "not finite; repair"),
        ("truncated", "cannot be decoded|is truncated or corrupt"),
    ],
)
def test_bad_recording(bad_recordings, what, message):
    path = bad_recordings[what]
    with pytest.raises(AudioError, match=message) as info:
        read_audio(path)
    assert str(info.value).startswith(path)


def test_missing_recording(bad_recordings):
    with pytest.raises(FileNotFoundError, match=r"missing\.wav: there is no such file; check the path"):
        read_audio(bad_recordings["missing"])


def test_headerless_format(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(bytes(100))
    with pytest.raises(AudioError, match=r"a\.raw: cannot be decoded"):
        read_audio(path)


def test_lossy_stream_with_a_hole(tmp_path, make_recording):
    with open(make_recording("whole.ogg", 10), "rb") as file:
        data = bytearray(file.read())
    middle = len(data) // 2
    data[middle : middle + 600] = bytes(600)
    path = tmp_path / "hole.ogg"
    path.write_bytes(data)
    with pytest.raises(AudioError, match=r"is truncated or corrupt, \d\.\d+ s of 10 s can be decoded; replace"):
        read_audio(path)


def test_truncated_wav(make_recording):
    path = make_recording("cut.wav", 2)
    with open(path, "rb") as file:
        content = file.read()
    with open(path, "wb") as file:
        file.write(content[: len(content) // 2])
    with pytest.raises(AudioError, match=r"cut\.wav: is truncated, \d+ bytes .* are missing; replace"):
        read_audio(path)
    assert read_audio(path, end=0.5)[0].shape == (1, 4000)  # what is there may be used
    # written to a pipe: the length is the largest there is
    with open(path, "wb") as file:
        file.write(content[:40] + b"\xff\xff\xff\xff" + content[44:])
    assert read_audio(path)[0].shape == (1, 16000)


@pytest.mark.parametrize(("start", "end"), [(0.2, 0.6), (0.5, None), (0.6, None), (0.3, 0.3), (0.3, 0.2), (-0.1, 0.2)])
@pytest.mark.parametrize("name", ["a.wav", "a.mp3"])
def test_segment_outside(make_recording, name, start, end):
    with pytest.raises(AudioError, match=rf"{name}: the segment from {start} s to .* 0\.5 s long; correct"):
        read_audio(make_recording(name, 0.5), start=start, end=end)


def test_resample(make_recording, ramp):
    samples, rate = read_audio(make_recording(samples=ramp, rate=RATE, subtype="FLOAT"), sample_rate=16000)
    assert rate == 16000
    assert samples.dtype == np.float32
    np.testing.assert_array_equal(samples, soxr.resample(ramp, RATE, 16000).T)
    # A tone is the same tone at any rate.
    expected = 0.5 * np.sin(2 * np.pi * 300 * np.arange(16000) / 16000)
    np.testing.assert_allclose(samples[0, 1000:-1000], expected[1000:-1000], atol=1e-3)
    assert resample(samples, 16000, 16000) is samples


def test_mix_channels(rng):
    x = rng.standard_normal((3, 10)).astype(np.float32)
    np.testing.assert_allclose(mix_channels(x, "mean"), (x[0] + x[1] + x[2]) / 3, rtol=1e-5)
    np.testing.assert_array_equal(mix_channels(x, "left"), x[0])
    np.testing.assert_array_equal(mix_channels(x, "right"), x[1])
    np.testing.assert_array_equal(mix_channels(x, "diff"), x[0] - x[1])
    assert mix_channels(x).dtype == np.float32


@pytest.mark.parametrize("policy", ["mean", "left"])
def test_mix_one_channel(policy):
    np.testing.assert_array_equal(mix_channels(np.array([[1.0, 2.0]]), policy), [1, 2])


@pytest.mark.parametrize("policy", ["right", "diff"])
def test_mix_needs_two_channels(policy):
    with pytest.raises(AudioError, match=rf"channels='{policy}' needs two channels and there is 1; use"):
        mix_channels(np.zeros((1, 5)), policy)


@given(n=st.integers(0, 20), wanted=st.integers(0, 20), center=st.booleans(), channels=st.integers(1, 2))
def test_fit_length(n, wanted, center, channels):
    assume(n == 0 or n >= channels)
    samples = np.arange(1, 1 + channels * n).reshape(channels, n)
    fitted = fit_length(samples, wanted, center=center)
    expected = np.zeros((channels, wanted), samples.dtype)
    for i in range(wanted):
        source = i + (n - wanted) // 2 if n > wanted else i - (wanted - n) // 2
        source = source if center else i
        if 0 <= source < n:
            expected[:, i] = samples[:, source]
    np.testing.assert_array_equal(fitted, expected)


@given(n=st.integers(0, 20), more=st.integers(0, 20), center=st.booleans())
def test_cutting_undoes_padding(n, more, center):
    samples = np.arange(n)
    padded = fit_length(samples, n + 2 * more, center=center)
    np.testing.assert_array_equal(fit_length(padded, n, center=center), samples)


def test_soundfile_agrees(shared):
    path = sorted((shared / "data" / "ESC-10").glob("*/*.ogg"))[0]
    samples, rate = read_audio(path)
    expected, expected_rate = soundfile.read(path, dtype="float32")
    assert rate == expected_rate
    np.testing.assert_array_equal(samples[0], expected)


@pytest.mark.parametrize(("rate", "new_rate"), [(1, 8000), (8000, 2e7), (8000, 1e300)])
def test_resampling_beyond_reason(rate, new_rate):
    with pytest.raises(AudioError, match=r"cannot resample from \d+ Hz to .* Hz, more than 256 times as much"):
        resample(np.zeros((1, 10), np.float32), rate, new_rate)


@pytest.mark.parametrize(
    "function",
    [mix_channels, lambda x: resample(x, 8000, 4000), lambda x: fit_length(x, 200)],
    ids=["mix_channels", "resample", "fit_length"],
)
def test_channels_last(function):
    with pytest.raises(AudioError, match=r"samples has the shape \(100, 2\): .*100 channels of 2 samples.*pass x\.T"):
        function(np.zeros((100, 2)))
    assert function(np.zeros((100, 100))).shape[-1] in (50, 100, 200)


def test_a_waveform_without_an_axis_of_channels():
    with pytest.raises(AudioError, match=r"samples has the shape \(100,\); .*pass x\[None\]"):
        mix_channels(np.zeros(100))
    assert resample(np.zeros(100), 8000, 4000).shape == (50,)


def test_recordings_may_have_many_channels(make_recording):
    samples, _ = read_audio(make_recording(samples=np.zeros((200, 64))))
    assert mix_channels(samples).shape == (200,)
