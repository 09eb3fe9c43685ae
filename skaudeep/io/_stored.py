"""NetCDF files that are read: each is open once, however many data sets read it.

HDF5 cannot be trusted with a file that it has open twice: where one of the two has read texts and was closed, opening
the file once more may end the process (the types of its texts refer to the one that is gone). So all readers share one
open file, and a file that something else in this process has open is read from a copy in memory.
"""

import collections
import contextlib
import itertools
import os
import weakref
from pathlib import Path

import netCDF4
from xarray.backends import FileManager

from skaudeep._files import descriptors_of
from skaudeep.exceptions import DataSetError
from skaudeep.io._library import LIBRARY

_numbers = itertools.count(1)


class _Shared:
    """An open file and how many readers it has."""

    def __init__(self, file, identity):
        self.file, self.identity = file, identity
        self.n_readers = 0


#: The files that are open, by their identity.
_open_files = {}
#: Files whose readers have been collected as garbage, once for each.
_abandoned = collections.deque()


class StoredFile(FileManager):
    """What reads one file, as xarray needs it; opens it when it is needed, and again after it was closed.

    Parameters
    ----------
    path : path-like
        The file.
    identity : tuple, default=None
        What `_identify` gave for the file when it was first opened. Another file in its place is refused.
    """

    def __init__(self, path, identity=None):
        self._path, self._identity = os.path.abspath(path), identity
        self._shared = self._finalizer = None

    def acquire(self, needs_lock=True):
        """Give the open file, a `netCDF4.Dataset`; to be used while `LIBRARY` is held."""
        with LIBRARY:
            if self._shared is None:
                self._shared = _take(self._path, self._identity)
                self._identity = self._shared.identity
                self._finalizer = weakref.finalize(self, _abandon, self._shared)
                self._finalizer.atexit = False
            return self._shared.file

    @contextlib.contextmanager
    def acquire_context(self, needs_lock=True):
        """Give the open file to a ``with`` block, which leaves it open."""
        yield self.acquire(needs_lock)

    def close(self, needs_lock=True):
        """Let go of the file, which is closed if nothing else reads it."""
        with LIBRARY:
            if self._shared is not None:
                shared, self._shared = self._shared, None
                self._finalizer.detach()
                _give_back(shared)

    def __getstate__(self):
        return self._path, self._identity

    def __setstate__(self, state):
        self.__init__(*state)


def _take(path, expected):
    """Return the shared file of a path, or of the file that was there before, with one reader more."""
    _close_abandoned()
    shared = _open_files.get(expected) or _open(path, expected)
    shared.n_readers += 1
    return shared


def _open(path, expected):
    while True:
        identity = _identify(path)
        if expected is not None and identity[2:] != expected[2:]:
            raise DataSetError(f"Cannot read {path}: it has been replaced since it was opened; read it anew.")
        if identity in _open_files:
            return _open_files[identity]
        if descriptors_of(path):
            # names tell files in memory apart
            file = netCDF4.Dataset(f"{path} ({next(_numbers)})", memory=Path(path).read_bytes())
        else:
            file = netCDF4.Dataset(path)
        if identity == _identify(path):
            break
        file.close()  # of another, which was put in its place just now
    return _open_files.setdefault(identity, _Shared(file, identity))


def _identify(path):
    """Say what tells files apart, those that were changed included; the last two also on another machine."""
    status = os.stat(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _give_back(shared):
    """Take note that a file has one reader less, and close it after the last one."""
    _close_abandoned()
    _drop_reader(shared)


def _drop_reader(shared):
    shared.n_readers -= 1
    if not shared.n_readers:
        del _open_files[shared.identity]
        shared.file.close()


def _abandon(shared):
    """Give back what a reader had that is garbage now; called in any thread, in the midst of anything."""
    _abandoned.append(shared)
    # not while anybody is at work with the files, this thread included; the next one to open or close a file does it
    if not LIBRARY.locked() and LIBRARY.acquire(blocking=False):
        try:
            _close_abandoned()
        finally:
            LIBRARY.release()


def _close_abandoned():
    while _abandoned:
        _drop_reader(_abandoned.popleft())
