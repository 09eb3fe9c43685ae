"""In which order recordings are read: segments of one file together, each file decoded once."""

import threading

from skaudeep._decoding import Recording
from skaudeep.exceptions import AudioError
from skaudeep.spectrogram.inputs import FileSource


class Reader:
    """Sources of one file, read in the order of their beginnings by whichever thread comes next.

    Several threads may hold it: each call of `take` gives the next segment, whoever calls, so that the file is decoded
    once and spectrograms are computed by all threads. Between calls, only what later segments need is in memory.

    Parameters
    ----------
    sources : dict of int to FileSource or WaveformSource
        The sources by row, in the order in which they are read.
    tolerance : float
        How many seconds a segment may end after the recording.
    """

    def __init__(self, sources, tolerance):
        self._waiting = list(sources.items())[::-1]
        self._shared = len(sources) > 1
        self._tolerance = tolerance
        self._recording = None
        self._lock = threading.Lock()

    def take(self):
        """Read the next source.

        Returns
        -------
        row : int
            Its row.
        source : FileSource or WaveformSource
            The source.
        found : tuple of (ndarray of shape (n_channels, n_samples), float) or Exception
            Its samples and their rate in Hz, None for waveforms; or why it cannot be read.
        """
        with self._lock:
            row, source = self._waiting.pop()
            try:
                found = self._read(source) if self._shared else source.read(self._tolerance)
            except (AudioError, OSError) as error:
                found = error
            if not self._waiting and self._recording is not None:
                self._recording.close()
        return row, source, found

    def _read(self, source):
        """Read samples of the next segment, and their rate."""
        if self._recording is None:
            self._recording = Recording(source.file)
        recording = self._recording
        if recording.is_doubtful(source.start):
            # it may lie before the damage that an earlier, longer segment has run into
            return source.read(self._tolerance)
        return recording.read(source.start, source.end, self._tolerance), recording.sample_rate


def plan(sources, rows, tolerance):
    """Put rows into the order in which they are read.

    Parameters
    ----------
    sources : list of FileSource or WaveformSource
        All sources.
    rows : iterable of int
        Those to read.
    tolerance : float
        How many seconds a segment may end after the recording.

    Returns
    -------
    readers : list of Reader
        One entry per row, the same one for all rows of a file: files in the order of their first rows.
    order : list of int
        The rows, in the order in which they will have been taken.
    """
    of_file = {}
    for row in rows:
        of_file.setdefault(_file_of(sources[row]), []).append(row)
    readers, order = [], []
    for together in of_file.values():
        together.sort(key=lambda row: getattr(sources[row], "start", None) or 0)
        reader = Reader({row: sources[row] for row in together}, tolerance)
        readers += [reader] * len(together)
        order += together
    return readers, order


def _file_of(source):
    """Say what the segments of one file have in common."""
    return source.file if isinstance(source, FileSource) else id(source)
