"""The recordings that a page plays: found below a folder, and linked or inside of the page."""

import io
import logging
import os
import re
import urllib.parse
from pathlib import Path

import numpy as np
import soundfile

from skaudeep._progress import progress
from skaudeep.audio import audio_info, mix_channels, read_audio, resample
from skaudeep.corpora.find import find_audio
from skaudeep.datamodel import original_names
from skaudeep.exceptions import AudioError, DataSetError, param
from skaudeep.pages._assets import data_uri

#: Seconds of a recording inside of a page.
MAX_SECONDS = 30.0

# Sample rates of MPEG audio up to what is enough to tell sounds apart, in Hz.
_RATES = (8000, 11025, 12000, 16000, 22050, 24000)
_QUALITY = 0.5  # of a variable bit rate, from 0 (best) to 1
_SEGMENT = re.compile(r"#t=(?P<start>[0-9]+(?:\.[0-9]+)?)?(?:,(?P<end>[0-9]+(?:\.[0-9]+)?))?\Z")

_log = logging.getLogger(__name__)


def list_recordings(folder):
    """List the paths of all recordings below a folder."""
    return [os.path.join(folder, path) for path in find_audio(folder)]


def link_sounds(filenames, folder, page):
    """Find the recordings of a data set below a folder, for a page that plays them from where they are.

    Gives the address of each recording that is there, from the folder of the page, by its name; if none is, an error.
    """
    # links are left as they are: the browser, too, goes by the names of folders
    start = os.path.dirname(os.path.abspath(page))
    return {
        name: _address(os.path.abspath(path), start) + fragment
        for name, (path, fragment) in _located(filenames, folder).items()
    }


def embed_sounds(filenames, folder, max_bytes, *, verbose=0):
    """Encode the recordings of a data set small enough for the inside of a page (MP3, one channel).

    Gives by its name an address that holds the first `MAX_SECONDS` of each recording that could be read and fits: where
    `max_bytes` are too few for all, those that are taken are spread over the data set.
    """
    located = _located(filenames, folder)
    names = list(located)
    sounds, n_bytes = {}, 0
    with progress("Encoding sounds", len(names), enabled=bool(verbose)) as advance:
        for i in np.random.RandomState(0).permutation(len(names)):
            path, fragment = located[names[i]]
            try:
                sound = data_uri(_encode(path, *_bounds(fragment)), "audio/mpeg")
            except AudioError as error:
                _log.warning("A sound is left out: %s", error)
                continue
            finally:
                advance()
            n_bytes += len(sound)
            if n_bytes > max_bytes:
                _log.warning(
                    "%d of %d sounds are left out, as the page may hold %g MB of sounds; allow more, or link them.",
                    *(len(names) - len(sounds), len(names), max_bytes / 1e6),
                )
                break
            sounds[names[i]] = sound
    return sounds


def _located(filenames, folder):
    """Find the path and the segment ("#t=...") of every recording below a folder."""
    below = {}
    for path in find_audio(folder):
        below.setdefault(path.rpartition("/")[2], []).append(path)
    found, several = {}, []
    for name, original in zip(filenames, original_names(filenames), strict=True):
        recording = _SEGMENT.sub("", original)
        for candidate, fragment in ((original, ""), (recording, original[len(recording) :])):
            wanted = candidate.replace("\\", "/").removeprefix("./")
            paths = below.get(wanted.rpartition("/")[2], [])
            paths = [path for path in paths if path == wanted] or [p for p in paths if f"/{p}".endswith(f"/{wanted}")]
            if len(paths) == 1:
                found[name] = os.path.join(folder, paths[0]), fragment
                break
        else:
            several += [name] * (len(paths) > 1)
    if not found:
        why = f"{several[0]} is there more than once" if several else f"there is no {next(iter(filenames))!r}"
        raise DataSetError(
            f"{param('audio', os.fspath(folder))}: holds none of the {len(filenames)} recordings of the data set; for "
            f"example, {why}. Give the folder that they are in, at any depth."
        )
    missing = len(filenames) - len(found)
    if missing:
        more = f" ({len(several)} because there is more than one of the name)" if several else ""
        _log.warning("%d of %d recordings are not found below %s%s.", missing, len(filenames), folder, more)
    return found


def _address(path, start):
    """Give the address of a file for a page in the folder `start`."""
    try:
        relative = os.path.relpath(path, start)
    except ValueError:  # on another drive
        return Path(path).as_uri()
    # "./" lest a colon in the first name looks like a protocol
    return urllib.parse.quote("./" + relative.replace(os.sep, "/"), errors="surrogateescape")


def _bounds(fragment):
    """Give start and end of a segment in seconds."""
    match = _SEGMENT.match(fragment)
    return (float(match["start"] or 0), match["end"] and float(match["end"])) if match else (None, None)


def _encode(path, start, end):
    """Encode a recording, or a segment of it, as a small MP3 file."""
    first = start or 0.0
    length = audio_info(path).duration if end is None else end
    if length is not None and length - first > MAX_SECONDS:
        end = first + MAX_SECONDS
    samples, rate = read_audio(path, start=start, end=end, tolerance=MAX_SECONDS)  # as much as there is
    new_rate = next((r for r in _RATES if r >= rate), _RATES[-1])
    mono = resample(mix_channels(samples)[np.newaxis], rate, new_rate)[0]
    stream = io.BytesIO()
    options = {"format": "MP3", "bitrate_mode": "VARIABLE", "compression_level": _QUALITY}
    soundfile.write(stream, np.clip(mono, -1, 1), new_rate, **options)
    return stream.getvalue()
