"""Open recordings: segments in order, each sample decoded once; objects, limits, headers that lie."""

import io
import os
import pathlib
import platform
import socket
import struct
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from skaudeep import _decoding
from skaudeep._decoding import Recording, is_file_like, name_of
from skaudeep.audio import audio_info, read_audio
from skaudeep.exceptions import AudioError

RATE = 8000
SEGMENTS = [(None, 0.5), (0.25, 1.5), (0.3, 0.4), (0.3, 2.75), (1.0, 1.5), (2.5, None), (2.75, 3.0)]


@pytest.fixture
def n_decoded(monkeypatch):
    """How many samples libsndfile was asked for."""
    counts, read = [], soundfile.SoundFile.read

    def count(file, *args, **kwargs):
        block = read(file, *args, **kwargs)
        counts.append(len(block))
        return block

    monkeypatch.setattr(soundfile.SoundFile, "read", count)
    return counts


# --- segments in order ---


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@pytest.mark.parametrize("block", [700, 2**22])
def test_segments_equal_those_read_alone(monkeypatch, make_recording, n_decoded, name, block):
    monkeypatch.setattr(_decoding, "_BLOCK", block)
    path = make_recording(name, 3, channels=2)
    expected = [read_audio(path, start=start, end=end)[0] for start, end in SEGMENTS]
    n_decoded.clear()
    with Recording(path) as recording:
        for (start, end), samples in zip(SEGMENTS, expected, strict=True):
            np.testing.assert_array_equal(recording.read(start, end), samples)
    assert sum(n_decoded) == 3 * RATE


def test_what_is_not_needed_is_forgotten(make_recording):
    with Recording(make_recording("a.flac", 20)) as recording:
        for start in range(20):
            recording.read(start, start + 1)
            assert sum(block.nbytes for block in recording._blocks) == RATE * 4


def test_errors_between_segments(make_recording):
    with Recording(make_recording("a.flac", 1)) as recording:
        recording.read(0, 0.5)
        for start, end in [(0.25, 2), (0.5, 0.5), (0.75, 0.5), (3, 4)]:
            with pytest.raises(AudioError, match="is empty or not inside the recording, which is 1 s long"):
                recording.read(start, end)
        assert recording.read(0.5, 1).shape == (1, 4000)


def test_damage_in_the_middle(make_recording):
    path = make_recording("a.flac", 10)
    with open(path, "r+b") as file:
        file.seek(os.path.getsize(path) // 2)
        file.write(bytes(3000))
    with Recording(path) as recording:
        recording.read(0, 4)
        assert not recording.is_doubtful(4)
        with pytest.raises(AudioError, match=r"a\.flac: (cannot be decoded|is truncated or corrupt)"):
            recording.read(3, 7)
        assert recording.read(3.5, 4).shape == (1, RATE // 2)
        # a shorter segment that begins there may still end before the damage
        assert recording.is_doubtful(4)
        assert not recording.is_doubtful(8)
        with pytest.raises(AudioError, match=r"a\.flac: (cannot be decoded|is truncated or corrupt)"):
            recording.read(8, 9)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
@pytest.mark.parametrize(("end", "tolerance"), [(1.08, 0.08), (1.01, 0.08), (5, np.inf)])
def test_end_within_the_tolerance_is_the_end(make_recording, name, end, tolerance):
    path = make_recording(name, 1)
    samples, _ = read_audio(path, start=0.5, end=end, tolerance=tolerance)
    np.testing.assert_array_equal(samples, read_audio(path, start=0.5)[0])


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.mp3"])
@pytest.mark.parametrize(("start", "end"), [(0.5, 1.081), (1.0, 1.05), (1.01, 1.05)])
def test_end_beyond_the_tolerance(make_recording, name, start, end):
    with pytest.raises(AudioError, match=rf"{name}: the segment from .* 1 s long; correct start and end"):
        read_audio(make_recording(name, 1), start=start, end=end, tolerance=0.08)


def test_truncated_recording_does_not_end_early_within_the_tolerance(make_recording):
    path = make_recording("a.wav", 1)
    os.truncate(path, os.path.getsize(path) - 100)
    with pytest.raises(AudioError, match="is truncated, 100 bytes"):
        read_audio(path, start=0.5, end=1, tolerance=0.08)


@pytest.mark.parametrize("bounds", [{"start": np.nan}, {"end": np.inf}, {"start": -np.inf}])
def test_bounds_are_numbers(make_recording, bounds):
    with pytest.raises(ValueError, match=r"(start|end)=(nan|inf|-inf) of .*a\.wav: give seconds, or None"):
        read_audio(make_recording("a.wav", 1), **bounds)


# --- file-like objects ---


class OnlyReadAndSeek:
    """The least that a file-like object has."""

    def __init__(self, content):
        self._file = io.BytesIO(content)

    def read(self, n):
        return self._file.read(n)

    def seek(self, offset, whence=os.SEEK_SET):
        return self._file.seek(offset, whence)


@pytest.mark.parametrize("name", ["a.wav", "a.flac", "a.ogg", "a.mp3"])
@pytest.mark.parametrize("kind", [io.BytesIO, OnlyReadAndSeek, "file"])
def test_file_like_objects(make_recording, name, kind):
    path = make_recording(name, 1, channels=2)
    expected, rate = read_audio(path, start=0.25, end=0.75)
    with open(path, "rb") as opened:
        source = opened if kind == "file" else kind(opened.read())
        source.seek(0, os.SEEK_END)  # it is read from the beginning wherever it stands
        for _ in range(2):
            samples, found = read_audio(source, start=0.25, end=0.75)
            np.testing.assert_array_equal(samples, expected)
            assert found == rate
        assert audio_info(source) == audio_info(path)
        assert source.read(1) in (b"", *(bytes([value]) for value in range(256))), "it is still open"


def test_names(make_recording):
    path = make_recording("a.wav")
    with open(path, "rb") as file:
        assert name_of(file) == path
    assert name_of(io.BytesIO()) == "<BytesIO>"
    assert name_of(OnlyReadAndSeek(b"")) == "<OnlyReadAndSeek>"
    assert [is_file_like(item) for item in (io.BytesIO(), path, np.zeros(3), None)] == [True, False, False, False]


class Failing(io.BytesIO):
    """It fails after some bytes."""

    error = OSError("the connection is gone")

    def read(self, n=-1):
        if self.tell() > 4000:
            raise self.error
        return super().read(n)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (io.StringIO("text"), r"<StringIO>: cannot be read \(TypeError: .*give a binary file that is open"),
        (io.BytesIO(), r"<BytesIO>: cannot be decoded: it is empty"),
        (io.BytesIO(b"<html>"), r"<BytesIO>: cannot be decoded: it is a web page"),
        (io.BytesIO(b"\1\2\3" * 100), r"<BytesIO>: cannot be decoded \("),
    ],
)
def test_bad_objects(source, message):
    with pytest.raises(AudioError, match=message):
        read_audio(source)


def test_errors_of_objects(make_recording, capfd):
    with open(make_recording("a.flac", 2), "rb") as file:
        content = file.read()
    with pytest.raises(AudioError, match=r"<Failing>: cannot be read \(OSError: the connection is gone\)"):
        read_audio(Failing(content))
    stopped = Failing(content)
    stopped.error = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        read_audio(stopped)
    closed = io.BytesIO(content)
    closed.close()
    with pytest.raises(AudioError, match="that is open"):
        read_audio(closed)
    assert capfd.readouterr() == ("", "")


# --- what is not a file, or not a recording ---


def test_what_may_never_end_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe.wav")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket.wav"))
        for path in (tmp_path / "pipe.wav", tmp_path / "socket.wav", "/dev/zero", "/dev/null"):
            with pytest.raises(AudioError, match=f"{path}: is a pipe, a device or a socket, not a file; save what"):
                read_audio(path)


@pytest.mark.parametrize("name", ["a.mp3", "a.wav", "a"])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>404 not found</html>", r"it is a web page \(HTML\), .*; download the recording again"),
        (b"%PDF-1.5" + bytes(2000), "it is a PDF document"),
        (b"ID3\x04\0\0\0\0\0\x05tags!\xff\xf1\x50\x80\x04\x3f\xfc" + bytes(1000), r"it is AAC \(ADTS\)"),
        (b"\0\0\0\x18ftypisom" + bytes(1000), r"it is MPEG-4 \(M4A, MP4, 3GP, MOV\), .*; convert it to WAV or FLAC"),
        (b'{"message": "rate limit exceeded"}', r"it is text \(JSON\)"),
        (bytes(5000), "it is nothing but zeros"),
    ],
)
def test_what_is_no_recording(tmp_path, capfd, name, content, message):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(AudioError, match=f"{name}: cannot be decoded: {message}"):
        read_audio(path)
    assert capfd.readouterr() == ("", "")


def test_case_of_a_web_page(shared, capfd):
    with pytest.raises(AudioError, match=r"html\.mp3: cannot be decoded: it is a web page \(HTML\)"):
        read_audio(shared / "cases" / "html.mp3")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="nothing is dropped with other C libraries")
def test_damaged_mp3_says_nothing(tmp_path, make_recording):
    """libmpg123 comments on each of these."""
    with open(make_recording("whole.mp3", 2), "rb") as file:
        whole = file.read()
    middle = len(whole) // 2
    contents = {
        "hole": whole[:middle] + bytes(300) + whole[middle + 300 :],
        "before": b"some other text " * 20 + whole,
        "behind": whole + b"APETAGEX" + b"x" * 500,
        "cut": whole[: middle + 7],
        "noise": np.random.default_rng(0).bytes(5000),
    }
    for name, content in contents.items():
        (tmp_path / f"{name}.mp3").write_bytes(content)
    program = (
        "import sys\nfrom skaudeep.audio import read_audio\nfrom skaudeep.exceptions import AudioError\n"
        "for path in sys.argv[1:]:\n    try:\n        print(read_audio(path)[0].shape[1] > 8000)\n"
        "    except AudioError:\n        print('error')\n"
    )
    paths = [str(tmp_path / f"{name}.mp3") for name in contents]
    command = [sys.executable, "-c", program, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stderr == ""
    assert done.stdout.split() == ["True", "True", "True", "False", "error"]


# --- headers that lie ---


def test_case_of_a_sample_rate(shared):
    for function in (audio_info, read_audio):
        with pytest.raises(
            AudioError, match=r"rate_989_MHz\.wav: its header .* 989,871,744 Hz, more than 10,000,000 Hz"
        ):
            function(shared / "cases" / "rate_989_MHz.wav")


@pytest.mark.parametrize("rate", [1, 96_000, 500_000, 10_000_000])
def test_sample_rates(make_recording, rate):
    assert read_audio(make_recording("a.wav", samples=np.zeros(100), rate=rate))[1] == rate


@pytest.mark.parametrize(("form", "position"), [("WAV", 24), ("AU", 16), ("RF64", 60)])
def test_sample_rate_beyond_reason(tmp_path, form, position):
    path = tmp_path / "a"
    soundfile.write(path, np.zeros(100), RATE, format=form, subtype="PCM_16")
    order = ">" if form == "AU" else "<"
    content = bytearray(path.read_bytes())
    assert struct.unpack_from(order + "I", content, position) == (RATE,)
    struct.pack_into(order + "I", content, position, 10_000_001)
    path.write_bytes(content)
    with pytest.raises(AudioError, match="a sample rate of 10,000,001 Hz, more than 10,000,000 Hz; it is damaged"):
        read_audio(path)


def test_channels(make_recording):
    assert read_audio(make_recording("a.wav", samples=np.zeros((10, 64))))[0].shape == (64, 10)
    with pytest.raises(AudioError, match=r"b\.wav: its header announces 65 channels, more than 64; it is damaged"):
        read_audio(make_recording("b.wav", samples=np.zeros((10, 65))))


def test_more_samples_than_the_bytes_hold(make_recording):
    path = make_recording("a.flac", 1)
    with open(path, "r+b") as file:
        file.seek(22)  # the last four of the five bytes that hold the number of samples
        file.write(b"\xff\xff\xff\xff")
    with pytest.raises(
        AudioError, match=r"a\.flac: its header announces 4,294,967,295 samples, more than its [\d,]+ bytes"
    ):
        audio_info(path)


def test_silence_of_an_hour_is_no_lie(make_recording):
    path = make_recording("a.flac", samples=np.zeros(3600 * RATE, np.float32))
    assert audio_info(path).duration == 3600


def test_case_of_a_recorder_that_was_interrupted(shared):
    message = (
        r"size0\.wav: announces 0 bytes of samples in its header, and 16,000 bytes more follow, .*; write the header"
    )
    for function in (audio_info, read_audio):
        with pytest.raises(AudioError, match=message):
            function(shared / "cases" / "size0.wav")


@pytest.mark.parametrize(
    ("form", "subtype", "head"),
    [
        ("WAV", "PCM_16", b"data____"),
        ("WAV", "ULAW", b"data____"),
        ("WAV", "IMA_ADPCM", b"data____"),
        ("WAVEX", "FLOAT", b"data____"),
        ("AU", "PCM_16", b".snd\0\0\0\x18____"),
        ("CAF", "PCM_16", b"data________"),
    ],
)
def test_samples_that_are_not_announced(tmp_path, rng, form, subtype, head):
    path = tmp_path / "a"
    soundfile.write(path, rng.uniform(-1, 1, RATE), RATE, subtype, format=form)
    content = bytearray(path.read_bytes())
    n_size = head.count(b"_")
    at = content.index(head.rstrip(b"_")) + len(head) - n_size
    content[at : at + n_size] = bytes(n_size)
    path.write_bytes(content)
    with pytest.raises(
        AudioError, match=r"announces 0 bytes of samples in its header, and [\d,]{4,} bytes more follow"
    ):
        read_audio(path)


def test_fewer_samples_announced_than_there_are(make_recording):
    path = make_recording("a.wav", 1)
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(struct.pack("<I", 1000))
    with pytest.raises(
        AudioError, match="announces 1,000 bytes of samples in its header, and 15,000 bytes more follow"
    ):
        read_audio(path)


@pytest.mark.parametrize("form", ["RF64", "W64", "AIFF", "AU", "CAF"])
def test_truncated_containers(tmp_path, rng, form):
    path = tmp_path / "a"
    soundfile.write(path, rng.uniform(-1, 1, RATE), RATE, "PCM_16", format=form)
    os.truncate(path, os.path.getsize(path) // 2)
    with pytest.raises(AudioError, match=r"is truncated, \d{4,} bytes of the samples"):
        read_audio(path)
    if form != "CAF":  # which libsndfile does not open
        assert audio_info(path).n_missing_bytes > 7000
        assert read_audio(path, end=0.2)[0].shape == (1, 1600)  # what is there may be used


def test_case_of_mp3_in_wav(shared):
    path = shared / "cases" / "mp3_in_wav.wav"
    samples, rate = read_audio(path)
    assert rate == 44100
    assert samples.shape[1] / rate == pytest.approx(3.03, abs=0.01)
    assert np.abs(samples).max() > 0.01
    np.testing.assert_array_equal(read_audio(path, start=1, end=2)[0], samples[:, 44100:88200])
    with pytest.raises(AudioError, match="is empty or not inside the recording, which is 3.03"):
        read_audio(path, start=1, end=3.2)


@pytest.mark.parametrize(
    ("form", "subtype"),
    [
        ("WAV", "ULAW"),
        ("WAV", "GSM610"),
        ("WAV", "IMA_ADPCM"),
        ("WAV", "MS_ADPCM"),
        ("WAV", "G721_32"),
        ("WAVEX", "PCM_24"),
        ("RF64", "FLOAT"),
        ("W64", "PCM_16"),
        ("AIFF", "ALAW"),
        ("CAF", "ALAC_16"),
    ],
)
def test_containers(tmp_path, form, subtype):
    path = tmp_path / "a"
    wave = 0.5 * np.sin(2 * np.pi * 300 * np.arange(RATE) / RATE)
    soundfile.write(path, wave, RATE, subtype, format=form)
    samples, _ = read_audio(path)
    assert RATE <= samples.shape[1] < RATE + 1000  # some codecs fill their last block
    np.testing.assert_allclose(samples[0, 200:RATE], wave[200:], rtol=0, atol=0.08)


def test_tags_before_and_behind(make_recording):
    tags = b"ID3\x04\0\0\0\0\x01\x00" + bytes(128)
    for name in ("a.wav", "a.flac", "a.mp3"):
        path = make_recording(name, 1)
        expected, _ = read_audio(path)
        with open(path, "rb") as file:
            content = file.read()
        with open(path, "wb") as file:
            file.write(tags + content)
        np.testing.assert_array_equal(read_audio(path)[0], expected)
        with open(path, "wb") as file:
            file.write(content + b"TAG" + bytes(125))
        np.testing.assert_array_equal(read_audio(path)[0], expected)


def test_chained_ogg(make_recording):
    first, second = (make_recording(name, 1) for name in ("a.ogg", "b.ogg"))
    with open(first, "ab") as file, open(second, "rb") as more:
        file.write(more.read())
    with pytest.raises(AudioError, match=r"a\.ogg: holds several streams one after the other"):
        read_audio(first)


class _InPieces(io.BytesIO):
    """Gives seven bytes at a time, as a raw stream may."""

    def read(self, n_bytes=-1):
        return super().read(min(n_bytes, 7) if n_bytes >= 0 else 7)


def test_objects_that_give_less_at_a_time(make_recording):
    path = make_recording()
    with Recording(_InPieces(pathlib.Path(path).read_bytes())) as recording:
        np.testing.assert_array_equal(recording.read(), read_audio(path)[0])
