"""What the first bytes of a file say."""

import struct

import numpy as np
import pytest
import soundfile

from skaudeep._signatures import HEAD_BYTES, SampleBytes, foreign_kind, is_chained_ogg, sample_bytes, text_kind


def reader(content):
    return lambda offset, n: content[offset : offset + n]


@pytest.mark.parametrize(
    ("head", "kind", "remedy"),
    [
        (b"<!DOCTYPE html><html>", "a web page (HTML)", "download"),
        (b"\xef\xbb\xbf\n  <HTML lang='en'>", "a web page (HTML)", "download"),
        ("<html>".encode("utf-16"), "a web page (HTML)", "download"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "XML", "download"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:",
            "a pointer of Git LFS in place of the file",
            "lfs",
        ),
        (b"%PDF-1.7", "a PDF document", "download"),
        (b"PK\x03\x04\x14\0", "a ZIP archive", "unpack"),
        (b"\x1f\x8b\x08\0", "compressed with gzip", "unpack"),
        (bytes(257) + b"ustar\x0000", "a tar archive", "unpack"),
        (b"\x89PNG\r\n\x1a\n", "an image (PNG)", "leave it out"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "an image (JPEG)", "leave it out"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "an image (WebP)", "leave it out"),
        (b"RIFF\0\0\0\0AVI LIST", "a film (AVI)", "convert"),
        (b"\0\0\0\x20ftypM4A \0", "MPEG-4 (M4A, MP4, 3GP, MOV)", "ffmpeg"),
        (b"\x1a\x45\xdf\xa3\x9f", "Matroska or WebM", "ffmpeg"),
        (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11\xa6\xd9", "ASF (WMA, WMV)", "ffmpeg"),
        (b"#!AMR\n", "AMR", "ffmpeg"),
        (b"\xff\xf1\x50\x80\x04\x3f\xfc", "AAC (ADTS)", "ffmpeg"),
        (b"OggS\0\x02" + bytes(22) + b"Speex   1.2", "Speex in Ogg", "ffmpeg"),
        (b"\x00\x05\x16\x07\0\x02", "what macOS notes about another file (AppleDouble)", "leave it out"),
        (b"\x93NUMPY\x01\0", "an array of NumPy", "numpy.load"),
        (b"\x89HDF\r\n\x1a\n", "HDF5 or NetCDF", "pass recordings"),
    ],
)
def test_foreign_kinds(head, kind, remedy):
    found, advice = foreign_kind(head[:HEAD_BYTES])
    assert found == kind
    assert remedy in advice


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b'{"error": "not found"}', "text (JSON)"),
        (b"[1, 2]", "text (JSON)"),
        ("Über den Wolken\r\n".encode(), "text"),
        ("Über".encode("utf-16"), "text"),
        (("x" * (HEAD_BYTES - 1) + "ü").encode()[:HEAD_BYTES], "text"),
        (bytes(100), "nothing but zeros, as after a transfer that was interrupted"),
        (bytes(range(256)), None),
    ],
)
def test_text(head, kind):
    found = text_kind(head)
    assert (found and found[0]) == kind


@pytest.mark.parametrize("name", soundfile.available_formats())
def test_nothing_that_libsndfile_writes_is_foreign(tmp_path, name):
    if name in ("RAW", "SD2"):  # without a header, or with it in another file
        return
    path = tmp_path / f"a.{name.lower()}"
    rate = 44100 if name == "MPC2K" else 8000
    soundfile.write(path, np.linspace(-0.5, 0.5, 8000), rate, format=name)
    assert foreign_kind(path.read_bytes()[:HEAD_BYTES]) is None


@pytest.mark.parametrize("name", ["WAV", "WAVEX", "RF64", "W64", "AIFF", "CAF", "AU"])
def test_sample_bytes(tmp_path, name):
    path = tmp_path / "a"
    soundfile.write(path, np.arange(1, 1001, dtype=np.int16), 8000, format=name, subtype="PCM_16")
    content = path.read_bytes()
    found = sample_bytes(reader(content), len(content))
    order = ">" if name in ("AIFF", "CAF", "AU") else "<"
    samples = struct.unpack(f"{order}1000h", content[found.offset : found.offset + 2000])
    assert samples == tuple(range(1, 1001))
    assert found == SampleBytes(found.offset, 2000, 0, 0)
    cut = content[: found.offset + 500]
    assert sample_bytes(reader(cut), len(cut)).n_missing == 1500


def test_bytes_that_belong_to_nothing():
    head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(16) + b"data"
    noise = b"\x01\xf0" * 50

    def unannounced(size, after):
        content = head + struct.pack("<I", size) + after
        return sample_bytes(reader(content), len(content)).n_unannounced

    assert unannounced(0, noise) == 100
    assert unannounced(10, noise) == 90
    assert unannounced(100, noise) == 0
    assert unannounced(100, noise + b"LIST\x04\0\0\0abcd") == 0
    assert unannounced(99, noise[:-1] + b"LIST\x04\0\0\0abcd") == 0  # not padded
    assert unannounced(0xFFFFFFFF, noise) == 0
    assert unannounced(0x7FFFF000, noise) == 0


@pytest.mark.parametrize("content", [b"", b"RIFF", b"RIFF\0\0\0\0WAVE", b"fLaC" + bytes(50), b"caff" + b"\xff" * 50])
def test_no_samples_are_found(content):
    assert sample_bytes(reader(content), len(content)) is None


def test_chained_ogg():
    one, other = (b"OggS\0\0" + bytes(8) + serial + bytes(100) for serial in (b"abcd", b"efgh"))
    assert not is_chained_ogg(reader(one), len(one))
    assert not is_chained_ogg(reader(one * 3), 3 * len(one))
    assert is_chained_ogg(reader(one + other), 2 * len(one))
    assert not is_chained_ogg(reader(b"RIFF" + other), 4 + len(other))
