"""What a file is, by its name and, where that does not tell, by its first bytes."""

import os
import re
from typing import NamedTuple

from skaudeep._signatures import CONVERT, HEAD_BYTES, foreign_kind

#: What libsndfile reads by itself. Left out: .raw, which says nothing about its content, and .mat, which is
#: rarely audio.
AUDIO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("aif", "aifc", "aiff", "au", "avr", "caf", "fap", "flac", "htk", "iff", "mp1", "mp2", "mp3", "mpc"),
        *("nist", "oga", "ogg", "opus", "paf", "pvf", "rf64", "sd2", "sds", "sf", "snd", "sph", "svx", "voc"),
        *("w64", "wav", "wave", "wve", "xi"),
    )
)
#: Archives, which may hold a corpus or a class of it.
ARCHIVE_SUFFIXES = frozenset((".zip", ".tar", ".tgz", ".tbz2", ".txz", ".7z", ".rar"))

#: Audio, and video with sound, that libsndfile does not read.
_FOREIGN_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("3ga", "3g2", "3gp", "aac", "aax", "ac3", "adts", "adx", "amr", "ape", "asf", "at3", "avi", "awb"),
        *("dff", "ds2", "dsf", "dss", "dts", "dvf", "eac3", "ec3", "f4a", "f4v", "flv", "g722", "g723", "g726", "g729"),
        *("gsm", "ivs", "m2ts", "m4a", "m4b", "m4p", "m4r", "m4v", "mka", "mkv", "mlp", "mov", "mp4", "mpeg", "mpg"),
        *("msv", "mts", "ofr", "ogm", "ogv", "ogx", "oma", "qcp", "ra", "ram", "rm", "rmvb", "shn", "silk"),
        *("spx", "tak", "thd", "tta", "vob", "vqf", "weba", "webm", "wma", "wmv", "wv", "xma", "xwma"),
    )
)
_HEADERLESS_SUFFIXES = frozenset((".raw", ".pcm", ".ul", ".ulaw", ".mulaw", ".al", ".alaw", ".vox", ".sln"))
_COMPRESSED_SUFFIXES = frozenset((".gz", ".bz2", ".xz", ".zst", ".z", ".zip"))
#: Files that often lie beside recordings and are none: nobody needs to look into them.
_OTHER_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("txt", "md", "rst", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "log", "lst", "pdf"),
        *("lab", "textgrid", "eaf", "trs", "stm", "ctm", "rttm", "phn", "wrd", "mlf", "srt", "vtt", "mid", "midi"),
        *("png", "jpg", "jpeg", "gif", "svg", "htm", "html", "py", "ipynb", "sh", "m", "r", "npy", "npz", "mat"),
        *("h5", "hdf5", "nc", "pkl", "arff", "doc", "docx", "xls", "xlsx", "ods", "db", "sqlite", "gz", "bz2", "xz"),
    )
)

_MPEG_RATES = bytes(byte for byte in range(0x10, 0xF0) if byte & 0x0C != 0x0C)  # bit rate and sample rate of a frame

#: How files begin in a format that libsndfile reads, its name, and a suffix for it.
_BEGINNINGS = tuple(
    (re.compile(pattern, re.DOTALL), name, suffix)
    for pattern, name, suffix in (
        (rb"(RIFF|RIFX|RF64|BW64).{4}WAVE", "WAV", ".wav"),
        (rb"riff\x2e\x91\xcf\x11", "W64", ".w64"),
        (rb"FORM.{4}(AIFF|AIFC)", "AIFF", ".aiff"),
        (rb"FORM.{4}(8SVX|16SV)", "SVX", ".svx"),
        (rb"fLaC", "FLAC", ".flac"),
        (rb"OggS", "OGG", ".ogg"),
        (rb"ID3[\x02-\x04]", "MP3", ".mp3"),
        (rb"\xff[\xe2\xe3\xf2-\xf5\xfa-\xfd][" + re.escape(_MPEG_RATES) + rb"]", "MP3", ".mp3"),
        (rb"\.snd\x00", "AU", ".au"),
        (rb"caff\x00", "CAF", ".caf"),
        (rb"NIST_1A", "NIST", ".sph"),
        (rb"Creative Voice File", "VOC", ".voc"),
    )
)


class Obstacle(NamedTuple):
    """Why a recording cannot be read, and what helps."""

    reason: str
    remedy: str


BROKEN_LINK = Obstacle("is a link that leads nowhere", "fetch or remove what links that lead nowhere stand for")
NO_FILE = Obstacle("is called as a recording, but is not a file", "rename or remove what is not a file")
_FOREIGN = Obstacle(
    "is in a format that libsndfile does not read",
    "convert what libsndfile does not read, for example by ffmpeg -i NAME.m4a NAME.wav",
)
_HEADERLESS = Obstacle(
    "has no header that tells its sample rate",
    "convert what has no header, for example by ffmpeg -f s16le -ar 16000 -ac 1 -i NAME.raw NAME.wav",
)
_UNTOLD = "is {}, which its name does not tell"
_COMPRESSED = Obstacle("is compressed", "unpack what is compressed")


def is_audio(name):
    """Say whether a name ends as those of the formats that libsndfile reads, in either case."""
    return suffix_of(name) in AUDIO_SUFFIXES


def is_archive(name):
    """Say whether a name ends as those of archives."""
    return name.lower().endswith((*ARCHIVE_SUFFIXES, ".tar.gz", ".tar.bz2", ".tar.xz", ".tar.zst"))


def find_obstacle(name, path=None):
    """Say why a file holds a recording that cannot be read as it is.

    Parameters
    ----------
    name : str
        Its name, which does not end as those of `AUDIO_SUFFIXES`.
    path : path-like, default=None
        Where the beginning of a file is to be read whose name does not tell what it is; by default only the name
        counts.

    Returns
    -------
    Obstacle or None
        None if it is not a recording.
    """
    suffix = suffix_of(name)
    if suffix in _OTHER_SUFFIXES and suffix not in _COMPRESSED_SUFFIXES:
        return None
    if suffix in _FOREIGN_SUFFIXES:
        return _FOREIGN
    if suffix in _HEADERLESS_SUFFIXES:
        return _HEADERLESS
    inner = suffix_of(os.path.splitext(name)[0])
    if suffix in _COMPRESSED_SUFFIXES and inner in AUDIO_SUFFIXES | _FOREIGN_SUFFIXES:
        return _COMPRESSED
    if path is None or suffix in _OTHER_SUFFIXES or is_archive(name):
        return None
    return _look_into(path)


def suffix_of(name):
    """Return the end of a name that tells its format, in lower case, such as ".wav"."""
    return os.path.splitext(name)[1].lower()


def _look_into(path):
    """Say why a file is unreadable whose name says nothing, or None if it does not begin as audio does."""
    try:
        with open(path, "rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return None
    for pattern, name, suffix in _BEGINNINGS:
        if pattern.match(head):
            return Obstacle(_UNTOLD.format(name), f"let the names of {name} files end in {suffix}")
    kind, remedy = foreign_kind(head) or (None, None)
    return Obstacle(_UNTOLD.format(kind), _FOREIGN.remedy) if remedy == CONVERT else None
