"""The lock around the NetCDF library."""

import pickle
import signal
import threading

import pytest
from xarray.backends.netCDF4_ import NETCDF4_PYTHON_LOCK

from skaudeep.io._library import LIBRARY, LIBRARY_FOR_XARRAY


def in_another_thread(function, *arguments, **options):
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **options)))
    thread.start()
    thread.join()
    return results[0]


def test_it_has_the_methods_of_a_lock():
    assert LIBRARY.acquire() is True
    assert LIBRARY.acquire(False) is True  # once more, as xarray calls it
    assert LIBRARY.locked()
    assert in_another_thread(LIBRARY.acquire, blocking=False) is False
    assert in_another_thread(LIBRARY.acquire, timeout=0.01) is False
    assert in_another_thread(LIBRARY_FOR_XARRAY.acquire, blocking=False) is False
    LIBRARY.release()
    assert LIBRARY.locked()
    LIBRARY.release()
    assert not LIBRARY.locked()
    with LIBRARY:
        assert LIBRARY.locked()
    assert not LIBRARY.locked()


def test_it_takes_the_locks_of_xarray():
    with LIBRARY, LIBRARY:
        assert all(lock.locked() for lock in NETCDF4_PYTHON_LOCK.locks)
    assert not NETCDF4_PYTHON_LOCK.locked()
    with LIBRARY_FOR_XARRAY, NETCDF4_PYTHON_LOCK:
        pass
    for lock in NETCDF4_PYTHON_LOCK.locks:  # of which some may be taken
        with lock:
            assert in_another_thread(LIBRARY.acquire, blocking=False) is False
        assert not NETCDF4_PYTHON_LOCK.locked() and not LIBRARY.locked()


def test_there_is_one_in_each_process():
    assert pickle.loads(pickle.dumps(LIBRARY)) is LIBRARY


def test_ctrl_c_waits_until_it_is_released():
    done = []
    with pytest.raises(KeyboardInterrupt), LIBRARY:
        signal.raise_signal(signal.SIGINT)
        done.append(True)
    assert done and not LIBRARY.locked()


def test_ctrl_c_ends_waiting_for_it():
    taken, end = threading.Event(), threading.Event()

    def hold():
        with LIBRARY:
            taken.set()
            signal.raise_signal(signal.SIGINT)
            end.wait()

    thread = threading.Thread(target=hold)
    with pytest.raises(KeyboardInterrupt):
        thread.start()
        LIBRARY.acquire()
    end.set()
    thread.join()
    with LIBRARY:  # nobody has it any more
        pass
