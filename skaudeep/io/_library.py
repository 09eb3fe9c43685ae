"""The NetCDF library, which must be called by one thread at a time."""

import threading

from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK


class _Lock:
    """Re-entrant, unlike the lock under which xarray calls the library, which it takes too; it can be pickled."""

    def __init__(self):
        self.own = threading.RLock()
        self._depth = 0

    def __enter__(self):
        self.own.acquire()
        self._depth += 1
        if self._depth == 1:
            NETCDF4_PYTHON_LOCK.acquire()
        return self

    def __exit__(self, *error):
        self._depth -= 1
        if self._depth == 0:
            NETCDF4_PYTHON_LOCK.release()
        self.own.release()

    def __reduce__(self):
        return _get_lock, ()


def _get_lock():
    return LIBRARY


#: To be held around every call of the library, directly or by xarray; where xarray takes its own lock, which is not
#: re-entrant, `LIBRARY.own`.
LIBRARY = _Lock()
