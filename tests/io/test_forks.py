"""Reading in the child of a fork."""

import os
import subprocess
import sys

import pytest


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_a_child_reads_lazily_like_its_parent(tmp_path):
    pytest.importorskip("dask")
    code = f"""
import os, signal, sys, threading
import numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

path = {str(tmp_path / "file.nc")!r}
write_netcdf(make_dataset(np.arange(40.0).reshape(20, 2), [f"{{i}}.wav" for i in range(20)]), path)
with read_netcdf(path, chunks=3) as ds:
    total = ds.features.sum().values

    def fork():
        child = os.fork()
        if not child:
            signal.alarm(60)
            with read_netcdf(path, chunks=3) as again:
                # what the parent had opened already, and what is opened only here
                os._exit(not (ds.features.sum().values == again.features.sum().values == total))
        print(os.waitpid(child, 0)[1])

    fork()
    thread = threading.Thread(target=fork)
    thread.start()
    thread.join()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == ["0", "0"], done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a system without fork")
def test_locks_that_other_threads_held_are_free_in_the_child(tmp_path):
    code = f"""
import os, signal, threading
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf
from skaudeep.io._library import LIBRARY

path = {str(tmp_path / "file.nc")!r}
ds = make_dataset([[1.0]], ["a.wav"])
write_netcdf(ds, path)


def child():
    signal.alarm(60)
    write_netcdf(ds, path + ".new")
    os._exit(not read_netcdf(path).identical(ds))


taken, free = threading.Event(), threading.Event()


def hold():
    with LIBRARY:
        taken.set()
        free.wait()


thread = threading.Thread(target=hold)
thread.start()
taken.wait()
held_by_another = os.fork() or child()
print(os.waitpid(held_by_another, 0)[1])
free.set()
thread.join()
with LIBRARY:
    held_by_this_thread = os.fork()
if not held_by_this_thread:
    child()
print(os.waitpid(held_by_this_thread, 0)[1])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=100, check=True)
    assert done.stdout.split() == ["0", "0"], done.stderr
