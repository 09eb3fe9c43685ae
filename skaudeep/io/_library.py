"""The NetCDF library, which must be called by one thread at a time."""

import os
import threading

from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from skaudeep import _interrupts


class _Lock:
    """Has all methods of a lock, as xarray needs them; re-entrant, and to be pickled.

    Whoever holds it is not interrupted; who waits for it is.

    Parameters
    ----------
    name : str
        The name under which it stands in this module.
    own : threading.RLock
        The lock itself.
    others : sequence of lock
        Those that are taken with it, once.
    """

    def __init__(self, name, own, others=()):
        self._name, self._own, self._others = name, own, others
        self._depth = 0

    def acquire(self, blocking=True, timeout=-1):
        """Take the lock; give whether it was taken, which may fail only where `blocking` or `timeout` set limits."""
        left = timeout if timeout >= 0 else float("inf")
        while True:
            wait = min(left, _interrupts.WAIT_SECONDS) if blocking else 0
            _interrupts.hold()
            if self._take(wait):
                return True
            _interrupts.let_go()  # and here, Ctrl-C ends the waiting
            left -= wait
            if not blocking or left <= 0:
                return False

    def release(self):
        """Give the lock back, and answer signals that have come meanwhile."""
        self._depth -= 1
        if not self._depth:
            for lock in reversed(self._others):
                lock.release()
        self._own.release()
        _interrupts.let_go()

    def locked(self):
        """Say whether a thread holds it, this one included."""
        return self._depth > 0

    def _take(self, wait):
        taken = []
        for lock in (self._own, *self._others):
            if taken and self._depth:  # the others have been taken before
                break
            if not lock.acquire(timeout=wait):
                for one in reversed(taken):
                    one.release()
                return False
            taken.append(lock)
        self._depth += 1
        return True

    def __enter__(self):
        self.acquire()
        return self

    def __exit__(self, *error):
        self.release()

    def __reduce__(self):
        return self._name


_own = threading.RLock()
#: To be held around every call of the library, directly or by xarray. It takes the locks of xarray in their order.
LIBRARY = _Lock("LIBRARY", _own, tuple(NETCDF4_PYTHON_LOCK.locks))
#: The same where xarray takes its own locks, which are not re-entrant.
LIBRARY_FOR_XARRAY = _Lock("LIBRARY_FOR_XARRAY", _own)


def _begin_anew():
    """Make the locks anew in the child of a fork, where threads of the parent that held them are gone."""
    if LIBRARY._own._is_owned():  # the thread that has forked holds them itself, and gives them back
        return
    own = threading.RLock()
    for lock in (LIBRARY, LIBRARY_FOR_XARRAY):
        lock._own, lock._depth = own, 0
    for lock in NETCDF4_PYTHON_LOCK.locks:
        lock.lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)
