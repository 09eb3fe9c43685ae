"""What the first bytes of a file say: kinds of files that are not recordings, and where the samples of one lie."""

import struct
from dataclasses import dataclass

__all__ = ["CONVERT", "HEAD_BYTES", "SampleBytes", "foreign_kind", "is_chained_ogg", "sample_bytes", "text_kind"]

#: How much of a file `foreign_kind` and `text_kind` are to see.
HEAD_BYTES = 512

_DOWNLOAD = "download the recording again"
_UNPACK = "unpack it"
#: What to do with a recording of a kind that libsndfile does not read.
CONVERT = "convert it to WAV or FLAC, for instance with ffmpeg"
_LEAVE = "leave it out"

# pictures in the container of MPEG-4
_PICTURES = (b"heic", b"heix", b"hevc", b"heim", b"mif1", b"msf1", b"avif", b"avis", b"crx ", b"jp2 ", b"jpx ")

# offset, first bytes there, what it is, remedy; nothing that libsndfile reads begins so
_FOREIGN = (
    (0, b"version https://git-lfs", "a pointer of Git LFS in place of the file", "fetch the file with git lfs pull"),
    (0, b"\x00\x05\x16\x07", "what macOS notes about another file (AppleDouble)", _LEAVE),
    (0, b"%PDF-", "a PDF document", _DOWNLOAD),
    (0, b"PK\x03\x04", "a ZIP archive", _UNPACK),
    (0, b"PK\x05\x06", "a ZIP archive", _UNPACK),
    (0, b"\x1f\x8b\x08", "compressed with gzip", _UNPACK),
    (0, b"BZh", "compressed with bzip2", _UNPACK),
    (0, b"\xfd7zXZ\x00", "compressed with xz", _UNPACK),
    (0, b"(\xb5/\xfd", "compressed with Zstandard", _UNPACK),
    (0, b"7z\xbc\xaf'\x1c", "a 7z archive", _UNPACK),
    (0, b"Rar!\x1a\x07", "a RAR archive", _UNPACK),
    (257, b"ustar", "a tar archive", _UNPACK),
    (0, b"\x89PNG\r\n", "an image (PNG)", _LEAVE),
    (0, b"\xff\xd8\xff", "an image (JPEG)", _LEAVE),
    (0, b"GIF8", "an image (GIF)", _LEAVE),
    (8, b"WEBPVP8", "an image (WebP)", _LEAVE),
    (8, b"AVI LIST", "a film (AVI)", CONVERT),
    *((4, b"ftyp" + brand, "an image (HEIF)", _LEAVE) for brand in _PICTURES),
    (4, b"ftyp", "MPEG-4 (M4A, MP4, 3GP, MOV)", CONVERT),
    (0, b"\x1a\x45\xdf\xa3", "Matroska or WebM", CONVERT),
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "ASF (WMA, WMV)", CONVERT),
    (0, b"FLV\x01", "a film (Flash)", CONVERT),
    (0, b"\x00\x00\x01\xba", "a film (MPEG)", CONVERT),
    (0, b".RMF", "RealMedia", CONVERT),
    (0, b".ra\xfd", "RealAudio", CONVERT),
    (0, b"#!AMR", "AMR", CONVERT),
    (0, b"#!SILK", "SILK", CONVERT),
    (1, b"#!SILK", "SILK", CONVERT),
    (0, b"ADIF", "AAC", CONVERT),
    (0, b"wvpk", "WavPack", CONVERT),
    (0, b"TTA1", "True Audio", CONVERT),
    (0, b"MPCK", "Musepack", CONVERT),
    (0, b"MP+", "Musepack", CONVERT),
    (0, b"ajkg", "compressed with Shorten", CONVERT),
    (0, b"DSD ", "DSD", CONVERT),
    (0, b"FRM8", "DSD (DSDIFF)", CONVERT),
    (0, b"MThd", "notes (MIDI)", "render it as WAV"),
    (8, b"RMIDdata", "notes (MIDI)", "render it as WAV"),
    (0, b"\x93NUMPY", "an array of NumPy", "load it with numpy.load and pass the waveform"),
    (0, b"\x89HDF\r\n", "HDF5 or NetCDF", "pass recordings, not features"),
    (0, b"CDF\x01", "NetCDF", "pass recordings, not features"),
    (0, b"CDF\x02", "NetCDF", "pass recordings, not features"),
    (0, b"SQLite format 3", "a database (SQLite)", _LEAVE),
    (28, b"Speex   ", "Speex in Ogg", CONVERT),
    (29, b"theora", "a film (Theora)", CONVERT),
)

_MARKUP = (
    (b"<!doctype html", "a web page (HTML)"),
    (b"<html", "a web page (HTML)"),
    (b"<head", "a web page (HTML)"),
    (b"<body", "a web page (HTML)"),
    (b"<?xml", "XML"),
    (b"<svg", "an image (SVG)"),
    (b"<error", "XML"),
)
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))


def foreign_kind(head):
    """Recognise a file that is not a recording, or one of a kind that libsndfile does not read.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_BYTES` bytes.

    Returns
    -------
    tuple of (str, str) or None
        What it is and what to do; None for what may be a recording.
    """
    for offset, signature, kind, remedy in _FOREIGN:
        if head.startswith(signature, offset):
            return kind, remedy
    if _is_adts(head):
        return "AAC (ADTS)", CONVERT
    if head.startswith(b"MAC ") and head[5:6] == b"\x0f":  # the version of the format; else it may be text
        return "Monkey's Audio", CONVERT
    start = _decoded(head).lstrip().lower().encode()
    for signature, kind in _MARKUP:
        if start.startswith(signature):
            return kind, _DOWNLOAD
    return None


def text_kind(head):
    """Recognise what else a file may be that cannot be decoded.

    Parameters
    ----------
    head : bytes
        Its first `HEAD_BYTES` bytes.

    Returns
    -------
    tuple of (str, str) or None
        What it is and what to do; None if nobody knows.
    """
    if not head.strip(b"\0"):
        return "nothing but zeros, as after a transfer that was interrupted", "copy or " + _DOWNLOAD
    text = _decoded(head)
    if not text or not all(char.isprintable() or char in "\r\n\t\f" for char in text):
        return None
    if text.lstrip()[:1] in ("{", "["):
        return "text (JSON)", _DOWNLOAD
    return "text", _DOWNLOAD


def _is_adts(head):
    """Tell whether AAC frames begin here: the two bits of the layer, which are never 0 in MP3, are 0."""
    return len(head) > 6 and head[0] == 0xFF and head[1] & 0xF6 == 0xF0 and (head[2] >> 2) & 0xF < 13


def _decoded(head):
    """Read bytes as text; empty if they are not."""
    for mark, encoding in _BYTE_ORDER_MARKS:
        if head.startswith(mark):
            return head[len(mark) :].decode(encoding, errors="ignore")
    try:
        return head.decode("utf-8")
    except UnicodeDecodeError as error:
        # the last character may be cut in two
        return head[: error.start].decode("utf-8") if error.start >= len(head) - 3 > 0 else ""


@dataclass(frozen=True)
class SampleBytes:
    """Where the samples of a recording lie, as its header says.

    Attributes
    ----------
    offset : int
        The first byte of the samples.
    n_announced : int or None
        How many bytes the header announces; None where it says that it does not know.
    n_missing : int
        How many of them the file lacks.
    n_unannounced : int
        How many bytes follow them that belong to nothing.
    """

    offset: int
    n_announced: int | None
    n_missing: int
    n_unannounced: int


@dataclass(frozen=True)
class _Chunks:
    """Describes how the chunks of a format are written.

    Attributes
    ----------
    first : int
        Where the first one begins.
    head : str
        Name and size, as for `struct`.
    samples : bytes
        The beginning of the name of the one that holds samples.
    before : int
        Bytes before the first sample in that one.
    counts_head : bool
        Whether sizes include the name and the size.
    align : int
        Each begins at a multiple of so many bytes.
    """

    first: int
    head: str
    samples: bytes
    before: int = 0
    counts_head: bool = False
    align: int = 2


_W64_GUID = bytes.fromhex("f3acd3118cd100c04f8edb8a")  # what follows the name of a chunk of W64
_FORMATS = {
    b"RIFF": _Chunks(12, "<4sI", b"data"),
    b"RIFX": _Chunks(12, ">4sI", b"data"),
    b"RF64": _Chunks(12, "<4sI", b"data"),
    b"FORM": _Chunks(12, ">4sI", b"SSND", before=8),
    b"caff": _Chunks(8, ">4sQ", b"data", before=4, align=1),
    b"riff": _Chunks(40, "<16sQ", b"data" + _W64_GUID, counts_head=True, align=8),
}
_OGG_SERIAL = slice(14, 18)  # in the head of a page
_OGG_PAGE = 2**16  # bytes; none is longer

# a writer that cannot know the length announces these or more
_UNKNOWN = {"I": 0x7FFFF000, "Q": 2**63 - 1}
_MAX_CHUNKS = 1000


def sample_bytes(at, n_bytes):
    """Find where the samples of a WAV, RF64, W64, AIFF, CAF or AU file lie.

    Parameters
    ----------
    at : callable
        ``at(offset, n)`` gives up to n bytes from there on.
    n_bytes : int
        Size of the file.

    Returns
    -------
    SampleBytes or None
        None for other formats and where no samples are found.
    """
    magic = at(0, 4)
    if magic in (b".snd", b"dns."):
        order = ">" if magic == b".snd" else "<"
        offset, announced = struct.unpack(order + "II", at(4, 8).ljust(8, b"\0"))
        known = None if announced >= _UNKNOWN["I"] else announced
        return _compare(offset, known, n_bytes, max(n_bytes - offset - announced, 0))
    chunks = _FORMATS.get(magic)
    found = chunks and _find_samples(at, chunks)
    if not found:
        return None
    offset, announced = found
    if magic == b"RF64" and announced == 0xFFFFFFFF:
        announced = _size_in_ds64(at)
    if announced is None or announced >= _UNKNOWN[chunks.head[-1]]:
        return _compare(offset, None, n_bytes, 0)
    return _compare(offset, announced, n_bytes, _bytes_of_nothing(at, chunks, offset + announced, n_bytes))


def is_chained_ogg(at, n_bytes):
    """Recognise several Ogg streams one after the other, of which libsndfile reads the first.

    Parameters
    ----------
    at : callable
        ``at(offset, n)`` gives up to n bytes from there on.
    n_bytes : int
        Size of the file.

    Returns
    -------
    bool
        Whether the last page belongs to another stream than the first.
    """
    first = at(0, _OGG_SERIAL.stop)
    if not first.startswith(b"OggS"):
        return False
    end = at(max(n_bytes - _OGG_PAGE, 0), _OGG_PAGE)
    last = end[max(end.rfind(b"OggS\0"), 0) :]
    return last.startswith(b"OggS") and len(last) >= _OGG_SERIAL.stop and last[_OGG_SERIAL] != first[_OGG_SERIAL]


def _compare(offset, announced, n_bytes, n_unannounced):
    missing = 0 if announced is None else max(offset + announced - n_bytes, 0)
    return SampleBytes(offset, announced, missing, 0 if announced is None else n_unannounced)


def _find_samples(at, chunks):
    """Find offset and size of the samples; None if there are none."""
    position, n_head = chunks.first, struct.calcsize(chunks.head)
    for _ in range(_MAX_CHUNKS):
        head = at(position, n_head)
        if len(head) < n_head:
            return None
        name, size = struct.unpack(chunks.head, head)
        content = size - n_head if chunks.counts_head else size
        begin = position + n_head
        if name == chunks.samples:
            return begin + chunks.before, max(content - chunks.before, 0)
        position = _aligned(begin + max(content, 0), chunks)
    return None


def _size_in_ds64(at):
    """Read the size of the samples of an RF64 file; None if it does not say."""
    head = at(12, 24)
    if len(head) < 24 or not head.startswith(b"ds64"):
        return None
    return struct.unpack("<Q", head[16:24])[0]


def _aligned(position, chunks):
    return -(-position // chunks.align) * chunks.align


def _bytes_of_nothing(at, chunks, end, n_bytes):
    """Count the bytes that follow the samples without being chunks themselves."""
    # some writers do not pad samples of an odd number of bytes
    for position in (_aligned(end, chunks), end):
        head = at(position, struct.calcsize(chunks.head))
        if _is_chunk(head, chunks, n_bytes - position):
            return 0
    return max(n_bytes - end, 0)


def _is_chunk(head, chunks, n_left):
    """Tell whether a chunk with a name in letters that fits into the file begins here."""
    if len(head) < struct.calcsize(chunks.head):
        return False
    name, size = struct.unpack(chunks.head, head)
    letters = name[:4]
    return size <= n_left and all(32 <= byte < 127 or byte == 0xA9 for byte in letters)
