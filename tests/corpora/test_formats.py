import io

import numpy as np
import pytest
import soundfile

from skaudeep.corpora._formats import AUDIO_SUFFIXES, find_obstacle, is_archive, is_audio

FOREIGN = (
    *("m4a", "M4A", "aac", "wma", "webm", "amr", "mp4", "mka", "3gp", "m4b", "mov", "avi", "mkv", "wv", "ape", "spx"),
    *("flv", "wmv", "mpg", "ac3", "dts", "tta", "dsf", "weba", "gsm", "awb", "ra", "shn"),
)
# the beginnings of files of formats that libsndfile does not write
BEGINNINGS = {
    "MP4": b"\x00\x00\x00\x20ftypM4A \x00\x00\x02\x00",
    "Matroska or WebM": b"\x1aE\xdf\xa3\x9fB\x86\x81",
    "WMA": bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c"),
    "AMR": b"#!AMR\n\x3c",
    "AAC": b"\xff\xf1\x50\x80\x02\x1f\xfc",
    "AVI": b"RIFF\x00\x10\x00\x00AVI LIST",
    "WavPack": b"wvpk\x00\x00\x00\x00",
    "SILK": b"\x02#!SILK_V3",
}
OTHERS = {
    "text": b"MIT License\n\nCopyright (c)",
    "text in UTF-16": b"\xff\xfel\x00i\x00c\x00",
    "a list of addresses": b"MAC address\tname\n",
    "a picture": b"\xff\xd8\xff\xe0\x00\x10JFIF",
    "a picture of a phone": b"\x00\x00\x00\x18ftypheic\x00\x00",
    "a picture in RIFF": b"RIFF\x00\x10\x00\x00WEBPVP8 ",
    "an archive": b"PK\x03\x04\x14\x00",
    "nothing": b"",
}


@pytest.mark.parametrize("suffix", FOREIGN)
def test_audio_and_video_that_is_not_read_is_known_by_its_name(suffix):
    why = find_obstacle(f"a.{suffix}")
    assert "a format that libsndfile does not read" in why.reason and "ffmpeg -i" in why.remedy


@pytest.mark.parametrize("name", ["a.raw", "a.PCM", "a.ulaw"])
def test_samples_without_a_header_need_to_be_described(name):
    assert "ffmpeg -f s16le -ar" in find_obstacle(name).remedy


@pytest.mark.parametrize("name", ["a.wav.gz", "a.flac.bz2", "a.m4a.zip", "a.SPH.Z"])
def test_compressed_recordings_are_to_be_unpacked(name):
    assert find_obstacle(name) == ("is compressed", "unpack what is compressed")


@pytest.mark.parametrize("name", ["a.txt", "a.csv", "a.TextGrid", "a.png", "a.tar.gz", "a.zip", "Thumbs.db", "a.json"])
def test_the_usual_files_beside_recordings_are_not_opened(name, tmp_path):
    (tmp_path / name).write_bytes(BEGINNINGS["AMR"])
    assert find_obstacle(name, tmp_path / name) is None


@pytest.mark.parametrize("format_", ["WAV", "FLAC", "OGG", "MP3", "AIFF", "AU", "CAF", "W64", "RF64", "NIST", "VOC"])
@pytest.mark.parametrize("name", ["recording", "a.2021", "a.wav_"])
def test_the_content_of_other_files_tells_what_libsndfile_reads(tmp_path, format_, name):
    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros(4000, np.float32), 8000, format=format_)
    (tmp_path / name).write_bytes(buffer.getvalue())
    why = find_obstacle(name, tmp_path / name)
    expected = "WAV" if format_ == "RF64" else format_
    assert why.reason == f"is {expected}, which its name does not tell"
    suffix = why.remedy.rpartition(" ")[2]
    assert suffix in AUDIO_SUFFIXES and why.remedy.startswith(f"let the names of {expected} files end in ")


@pytest.mark.parametrize("format_", BEGINNINGS)
def test_the_content_of_other_files_tells_what_is_not_read(tmp_path, format_):
    (tmp_path / "recording").write_bytes(BEGINNINGS[format_])
    why = find_obstacle("recording", tmp_path / "recording")
    assert format_ in why.reason and why.reason.endswith(", which its name does not tell") and "ffmpeg" in why.remedy


@pytest.mark.parametrize("kind", OTHERS)
def test_what_is_no_audio_is_left_alone(tmp_path, kind):
    (tmp_path / "README").write_bytes(OTHERS[kind])
    assert find_obstacle("README", tmp_path / "README") is None


def test_a_file_that_cannot_be_opened_is_left_alone(tmp_path):
    assert find_obstacle("README", tmp_path / "no-such") is None


def test_names():
    assert is_audio("a.WAV") and not is_audio("wav") and not is_audio("a.wav.txt") and not is_audio("a.m4a")
    assert all(map(is_archive, ("a.zip", "A.TAR", "a.tar.gz", "a.7z", "a.rar", "a.tgz")))
    assert not is_archive("zip") and not is_archive("a.csv.gz")
