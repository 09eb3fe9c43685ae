"""Recordings as libsndfile decodes them: from files and file-like objects, forwards, and within limits."""

import collections
import contextlib
import os
import stat
from dataclasses import dataclass

import numpy as np
import soundfile

from skaudeep._signatures import HEAD_BYTES, SampleBytes, foreign_kind, is_chained_ogg, sample_bytes, text_kind
from skaudeep._silence import quiet_libraries
from skaudeep.exceptions import AudioError

__all__ = ["MAX_CHANNELS", "MAX_SAMPLE_RATE", "Recording", "is_file_like", "name_of"]

MAX_SAMPLE_RATE = 10_000_000  # Hz; recorders of bats and of ultrasound in water stay below
MAX_CHANNELS = 64

_NO_RECORDING = "cannot be decoded: it is {}, not a sound file of a kind that libsndfile reads; {}"
_TRUNCATED = (
    "is truncated, {} bytes of the samples that its header announces are missing; replace the file or leave it out"
)

# FLAC, which needs the fewest bytes for silence, has at most 65,535 samples in a frame of 11 bytes or more.
_MAX_SAMPLES_PER_BYTE = 8192

# libsndfile announces the greatest 64-bit integer when a stream does not say how long it is.
_UNKNOWN_LENGTH = np.iinfo(np.int64).max
_BLOCK = 2**22  # samples decoded at a time, of all channels: bounds the memory of what is skipped
_SAMPLE_WIDTHS = {
    "PCM_S8": 1,
    "PCM_U8": 1,
    "PCM_16": 2,
    "PCM_24": 3,
    "PCM_32": 4,
    "FLOAT": 4,
    "DOUBLE": 8,
    "ULAW": 1,
    "ALAW": 1,
}  # bytes


def is_file_like(item):
    """Say whether an object can be read like a binary file that is open."""
    return callable(getattr(item, "read", None)) and callable(getattr(item, "seek", None))


def name_of(recording):
    """Say what to call a path or a file-like object in messages."""
    if not is_file_like(recording):
        return os.fspath(recording)
    name = getattr(recording, "name", None)
    return name if isinstance(name, str) and name else f"<{type(recording).__name__}>"


class Recording:
    """An open recording, of which segments are read in the order of their beginnings.

    What has been decoded stays in memory as long as a later segment may need it, so that segments may overlap and
    each sample is decoded once. Memory is bounded by the longest segment.

    Parameters
    ----------
    file : str, path-like or file-like
        An audio file, or an open one in binary mode.

    Attributes
    ----------
    sample_rate : int
        In Hz.
    n_channels : int
        Number of channels.
    n_samples : int or None
        Samples per channel; None where the stream does not say.
    format : str
        Format and encoding in the words of libsndfile.
    n_missing_bytes : int
        Of the samples that the header announces, how many bytes the file lacks.
    """

    def __init__(self, file):
        self.name = name_of(file)
        self._stream, self._source, self.n_missing_bytes = _open(file, self.name)
        self.sample_rate = self._stream.samplerate
        self.n_channels = self._stream.channels
        self.n_samples = None if self._stream.frames == _UNKNOWN_LENGTH else self._stream.frames
        self.format = f"{self._stream.format}/{self._stream.subtype}"
        self._blocks = collections.deque()  # of shape (n_samples, n_channels)
        self._begin = self._position = 0  # of the first block, and after the last one
        self._failure = None  # the error that ended it, and up to where it was to read then
        self._failed_at = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Close the file, but not a file-like object, and forget what has been decoded."""
        self._blocks.clear()
        self._stream.close()

    def read(self, start=None, end=None, tolerance=0.0):
        """Decode a segment.

        Parameters
        ----------
        start, end : float, default=None
            In seconds; None is the beginning and the end. No segment begins before the one read last.
        tolerance : float, default=0.0
            How many seconds `end` may lie behind the end of the recording, which it then is.

        Returns
        -------
        ndarray of shape (n_channels, n_samples), float32
            The samples.
        """
        first, stop = self._bounds(start, end, tolerance)
        samples = self._decode(first, stop - first)
        missing = stop - first - samples.shape[-1]
        if self.has_exact_length and missing:
            raise AudioError(
                f"{self.name}: is truncated or corrupt, {self._position / self.sample_rate:g} s of "
                f"{self.n_samples / self.sample_rate:g} s can be decoded; replace the file or leave it out"
            )
        too_late = end is not None and missing > _tolerated(tolerance, self.sample_rate)
        if too_late or samples.shape[-1] == 0:
            raise self.outside(start, end, self._position)
        if not np.isfinite(samples).all():
            raise AudioError(f"{self.name}: holds a sample that is not finite; repair the file or leave it out")
        return samples

    def is_doubtful(self, start):
        """Say whether a segment from `start` seconds on begins in what could not be decoded."""
        return self._failed_at > 0 and round((start or 0) * self.sample_rate) < self._failed_at

    @property
    def has_exact_length(self):
        """Whether the header tells exactly how long the recording is."""
        return self.n_samples is not None and length_is_exact(self.format)

    def outside(self, start, end, n_samples):
        """Make the error for a segment that is not inside the recording, of so many samples."""
        return AudioError(
            f"{self.name}: the segment from {0 if start is None else start:g} s to "
            f"{'its end' if end is None else f'{end:g} s'} is empty or not inside the recording, which is "
            f"{n_samples / self.sample_rate:g} s long; correct start and end (missing = the whole recording)"
        )

    def _bounds(self, start, end, tolerance):
        """Return the first sample of a segment and the one after its last."""
        for name, time in (("start", start), ("end", end)):
            if time is not None and not np.isfinite(time):
                raise ValueError(f"{name}={time} of {self.name}: give seconds, or None for the whole recording")
        first = 0 if start is None else round(start * self.sample_rate)
        stop = self._stream.frames if end is None else round(end * self.sample_rate)
        if self.n_samples == 0:
            raise AudioError(f"{self.name}: holds no samples; leave it out")
        past = stop - self.n_samples if self.has_exact_length else 0
        if self.n_missing_bytes and (end is None or past > 0):
            raise AudioError(f"{self.name}: {_TRUNCATED.format(self.n_missing_bytes)}")
        if 0 < past <= _tolerated(tolerance, self.sample_rate):
            stop, past = self.n_samples, 0
        if not 0 <= first < stop or past > 0:
            raise self.outside(start, end, self._position if self.n_samples is None else self.n_samples)
        return first, stop

    def _decode(self, first, n_samples):
        """Return up to `n_samples` from `first` on, as (n_channels, n_samples)."""
        while self._blocks and self._begin + len(self._blocks[0]) <= first:
            self._begin += len(self._blocks.popleft())
        stop = first + n_samples
        self._advance(first, stop)
        parts = [np.empty((self.n_channels, 0), np.float32)]
        begin = self._begin
        for block in self._blocks:
            part = block[max(first - begin, 0) : max(stop - begin, 0)]
            parts.append(part.T)
            begin += len(block)
        return np.concatenate(parts, axis=1)

    def _advance(self, first, stop):
        """Decode up to `stop`; what lies before `first` is not kept."""
        if self._failure is not None and stop > self._position:
            raise self._failure
        try:
            if first > self._position:
                self._skip(first - self._position)
            if not self._blocks:
                self._begin = self._position
            while self._position < stop and len(block := self._read_block(stop - self._position)):
                self._blocks.append(block)
                self._position += len(block)
        except AudioError as error:
            self._failure, self._failed_at = error, stop
            raise

    def _skip(self, n_samples):
        """Go forward; only where samples have one size is this a seek, as FLAC can hang in it."""
        stop = self._position + n_samples
        if self._stream.format != "FLAC" and self._stream.subtype.startswith(("PCM_", "FLOAT", "DOUBLE")):
            with _named_errors(self._source, self.name):
                self._position = self._stream.seek(stop)
            return
        while self._position < stop and (n_read := len(self._read_block(stop - self._position))):
            self._position += n_read

    def _read_block(self, n_samples):
        """Decode some of the next `n_samples`, as (n_samples, n_channels); none at the end."""
        n_samples = min(n_samples, max(_BLOCK // self.n_channels, 1))
        quiet = quiet_libraries() if "MPEG" in self._stream.subtype else contextlib.nullcontext()
        with quiet, _named_errors(self._source, self.name):
            return self._stream.read(n_samples, dtype="float32", always_2d=True)


def length_is_exact(form):
    """Say whether recordings of a format say exactly how long they are: where there is MPEG, it may be an estimate.

    Parameters
    ----------
    form : str
        Format and encoding in the words of libsndfile.

    Returns
    -------
    bool
        Whether the number of samples counts.
    """
    return "MPEG" not in form


def _tolerated(seconds, sample_rate):
    """Return samples in so many seconds, which may be rounded; infinite where the seconds are."""
    return seconds * sample_rate + 0.5


class _Stream(soundfile.SoundFile):
    """A file to read in order: soundfile seeks after every read, which loses samples of an MP3 and can hang
    in a truncated FLAC."""

    def seekable(self):
        return False


class _Bytes:
    """A file-like object for libsndfile, which must not see what it raises.

    soundfile calls it from C, where an exception ends as a text on standard error: it is kept in `error` instead.

    Parameters
    ----------
    file : file-like
        It has to have `read` and `seek`; where `seek` does not say where it has got to, `tell` as well.
    """

    def __init__(self, file):
        self._file = file
        self.error = None

    def read(self, n_bytes):
        """Read up to `n_bytes`; nothing after an error."""
        try:
            found = b""
            while len(found) < n_bytes:  # an object may give less at a time
                wanted = n_bytes - len(found)
                more = bytes(memoryview(self._file.read(wanted) or b"")[:wanted])
                if not more:
                    break
                found += more
            return found
        except BaseException as error:  # Ctrl-C as well
            self.error = self.error or error
            return b""

    def seek(self, offset, whence=os.SEEK_SET):
        """Go to a place and return it."""
        try:
            place = self._file.seek(offset, whence)
            return self._file.tell() if place is None else place
        except BaseException as error:  # Ctrl-C as well
            self.error = self.error or error
            return 0

    def tell(self):
        """Return the present place."""
        return self.seek(0, os.SEEK_CUR)

    def close(self):
        """Leave the object open: it belongs to the caller."""


@contextlib.contextmanager
def _named_errors(source, name, explain=lambda: None):
    """Name the recording in what libsndfile complains about, or in what a file-like object has raised."""
    failure = None
    try:
        yield
    # soundfile raises TypeError for headerless formats, which it would need more arguments for.
    except (soundfile.LibsndfileError, TypeError) as error:
        failure = error
    _check_source(source, name)
    if failure is not None:
        explanation = explain() if isinstance(failure, soundfile.LibsndfileError) else None
        reason = getattr(failure, "error_string", str(failure)).strip()
        undecodable = f"cannot be decoded ({reason}); convert it to WAV, FLAC, OGG or MP3, or leave it out"
        raise AudioError(f"{name}: {explanation or undecodable}") from failure


def _check_source(source, name):
    """Raise what a file-like object has raised."""
    error = getattr(source, "error", None)
    if error is None:
        return
    if not isinstance(error, Exception):  # stopped by the user
        raise error
    kind = type(error).__name__
    raise AudioError(f"{name}: cannot be read ({kind}: {error}); give a binary file that is open") from error


@dataclass(frozen=True)
class _Contents:
    """What the bytes of a file say before anything is decoded.

    Attributes
    ----------
    n_bytes : int
        Size of the file.
    head : bytes
        Its beginning.
    samples : SampleBytes or None
        Where the samples lie.
    """

    n_bytes: int
    head: bytes
    samples: SampleBytes | None

    def lost_samples(self, n_decoded=0):
        """Describe samples that the header does not announce and are more than those it does; else None."""
        found = self.samples
        if found is None or found.n_unannounced <= n_decoded:
            return None
        return (
            f"announces {found.n_announced:,} bytes of samples in its header, and {found.n_unannounced:,} bytes more "
            "follow, as a recorder leaves it that was interrupted; write the header anew (sox --ignore-length, "
            "ffmpeg -ignore_length 1), or leave it out"
        )

    def explanation(self):
        """Describe why it cannot be decoded; None if nobody knows."""
        lost = self.lost_samples()
        kind = text_kind(self.head)
        if lost is None and kind is not None:
            return _NO_RECORDING.format(*kind)
        if self.samples is not None and self.samples.n_missing:
            return _TRUNCATED.format(self.samples.n_missing)
        return lost


def _open(file, name):
    """Open a recording and check what its header announces: the stream, its source, and how many bytes it lacks."""
    if is_file_like(file):
        source = _Bytes(file)
        contents = _look(source, name)
        source.seek(0)
    else:
        source = os.fspath(file)
        with _open_regular(source, name) as opened:
            contents = _look(opened, name)
    with quiet_libraries(), _named_errors(source, name, contents.explanation):
        stream = _Stream(source)
    try:
        _check_header(stream, name, contents)
    except AudioError:
        stream.close()
        raise
    return stream, source, contents.samples.n_missing if contents.samples else 0


def _open_regular(path, name):
    """Open a file for its bytes, unless it may never end or never begin."""
    if not os.path.exists(path):
        raise FileNotFoundError(f"{name}: there is no such file; check the path (it may be relative)")
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise AudioError(f"{name}: is a directory; list the audio files in it")
    if not stat.S_ISREG(mode):
        raise AudioError(f"{name}: is a pipe, a device or a socket, not a file; save what comes from it to a file")
    try:
        return open(path, "rb", buffering=0)
    except OSError as error:
        raise AudioError(f"{name}: cannot be opened ({error.strerror}); check its permissions") from error


def _look(file, name):
    """Read the beginning of a file; an error if it is not a recording."""
    n_bytes = file.seek(0, os.SEEK_END)

    def at(offset, count):
        if not 0 <= begin + offset < n_bytes:
            return b""
        file.seek(begin + offset)
        return file.read(count)

    begin = 0
    begin = _end_of_tags(at(0, 10))
    head = at(0, HEAD_BYTES)
    samples = sample_bytes(at, n_bytes - begin)
    chained = is_chained_ogg(at, n_bytes - begin)
    _check_source(file, name)
    if n_bytes == 0:
        raise AudioError(f"{name}: cannot be decoded: it is empty (0 bytes); replace it or leave it out")
    kind = foreign_kind(head)
    if kind is not None:
        raise AudioError(f"{name}: {_NO_RECORDING.format(*kind)}")
    if chained:
        raise AudioError(
            f"{name}: holds several streams one after the other (chained OGG), of which only the first would be read; "
            "convert it to WAV or FLAC, for instance with ffmpeg"
        )
    return _Contents(n_bytes, head, samples)


def _end_of_tags(head):
    """Say where the file begins in truth: after ID3 tags, whose size is written with seven bits per byte."""
    if not head.startswith(b"ID3") or len(head) < 10:
        return 0
    size = 0
    for byte in head[6:10]:
        size = size * 128 + (byte & 0x7F)
    return len(head) + size


def _check_header(stream, name, contents):
    """Refuse what is beyond reason, before memory is taken for it."""
    rate, n_channels, n_samples = stream.samplerate, stream.channels, stream.frames
    announces, remedy = f"{name}: its header announces", "it is damaged: repair the file or leave it out"
    if not 0 < rate <= MAX_SAMPLE_RATE:
        raise AudioError(f"{announces} a sample rate of {rate:,} Hz, more than {MAX_SAMPLE_RATE:,} Hz; {remedy}")
    if not 0 < n_channels <= MAX_CHANNELS:
        raise AudioError(f"{announces} {n_channels} channels, more than {MAX_CHANNELS}; {remedy}")
    if n_samples != _UNKNOWN_LENGTH and n_samples > _MAX_SAMPLES_PER_BYTE * contents.n_bytes:
        raise AudioError(f"{announces} {n_samples:,} samples, more than its {contents.n_bytes:,} bytes hold; {remedy}")
    width = _SAMPLE_WIDTHS.get(stream.subtype)
    lost = contents.lost_samples(n_samples * n_channels * (width or 0)) if width or n_samples == 0 else None
    if lost is not None:
        raise AudioError(f"{name}: {lost}")
