"""Keep libraries in C from writing to standard error."""

import contextlib
import ctypes
import os
import platform
import threading

__all__ = ["quiet_libraries"]


class _Stderr:
    """Stands for the variable `stderr` of the C library, which leads nowhere as long as somebody wants it to."""

    def __init__(self):
        self._lock = threading.Lock()
        self._n_users = 0
        self._variable = self._real = self._null = None
        # elsewhere the variable may be constant, or another one for each library
        if platform.libc_ver()[0] == "glibc":
            library = ctypes.CDLL(None)
            library.fopen.restype = ctypes.c_void_p
            self._null = library.fopen(os.devnull.encode(), b"w")
            self._variable = ctypes.c_void_p.in_dll(library, "stderr")
            self._real = self._variable.value

    def silence(self):
        """Lead nowhere from now on."""
        if not self._null:
            return
        with self._lock:
            self._n_users += 1
            self._variable.value = self._null

    def restore(self):
        """Undo one call of `silence`; the last one makes it what it was."""
        if not self._null:
            return
        with self._lock:
            self._n_users -= 1
            if self._n_users == 0:
                self._variable.value = self._real

    def begin_anew(self):
        """Undo, in a child process, what other threads of its parent were in the middle of."""
        self._lock = threading.Lock()
        self._n_users = 0
        if self._null:
            self._variable.value = self._real


_stderr = _Stderr()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_stderr.begin_anew)


@contextlib.contextmanager
def quiet_libraries():
    """Drop what C code writes to `stderr` meanwhile; Python's own messages and other processes are not affected.

    libmpg123, inside of libsndfile, comments on damaged frames and cannot be told from outside to be quiet. The file
    descriptor stays as it is, as all of the process and its children write to it: only the variable `stderr` of the C
    library is another stream meanwhile. Where that cannot be done (other C libraries than glibc), nothing is dropped.

    Yields
    ------
    None
        Nothing.
    """
    _stderr.silence()
    try:
        yield
    finally:
        _stderr.restore()
