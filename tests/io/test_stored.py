"""NetCDF files that are read, each open once."""

import gc
import os
import pickle
import subprocess
import sys

import netCDF4
import numpy as np
import pytest

from skaudeep._files import descriptors_of
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import _stored, read_netcdf, write_netcdf
from skaudeep.io._library import LIBRARY


@pytest.fixture
def ds():
    return make_dataset(np.arange(40.0).reshape(20, 2), [f"{i}.wav" for i in range(20)], label_nominal=["x", "y"] * 10)


@pytest.fixture
def path(ds, tmp_path):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    yield path
    assert not _stored._open_files and not _stored._abandoned


# each of them ended the process in HDF5 where a file was opened more than once
ENDED = """
import faulthandler, gc, sys
import netCDF4, numpy as np, xarray as xr
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

faulthandler.enable()
p = sys.argv[1]
ds = make_dataset(np.ones((100, 5)), [f"{i}" for i in range(100)])
write_netcdf(ds, p)

x = read_netcdf(p, chunks=10)
del x
gc.collect()
read_netcdf(p)
with read_netcdf(p, chunks=10) as x:
    assert float(x.features.mean()) == 1

with read_netcdf(p, chunks=10) as x:
    for _ in range(5):
        assert read_netcdf(p).identical(ds)
        with read_netcdf(p, chunks=7) as y:
            assert y.compute().identical(ds)
    assert x.compute().identical(ds)

x = read_netcdf(p, chunks=10)
y = x.copy()
x.close()
for _ in range(5):
    assert read_netcdf(p).identical(ds)
assert y.compute().identical(ds)

with xr.open_dataset(p) as x, netCDF4.Dataset(p) as y:
    for _ in range(5):
        assert read_netcdf(p).identical(ds)
        with read_netcdf(p, chunks=10) as z:
            assert z.compute().identical(ds)
        y["filename"][:]
"""


def test_many_readers_of_one_file(tmp_path):
    command = [sys.executable, "-c", ENDED, str(tmp_path / "features.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_a_file_is_open_once_and_until_the_last_reader_is_closed(ds, path):
    one, other = read_netcdf(path, chunks=3), read_netcdf(path, chunks=7)
    assert len(descriptors_of(path)) == 1
    one.close()
    one.close()
    assert other.compute().identical(ds)
    other.close()
    assert descriptors_of(path) == []


@pytest.mark.parametrize("busy", [False, True])
def test_garbage_is_closed(ds, path, busy):
    lazy = read_netcdf(path, chunks=3)
    if busy:  # in the midst of something
        with LIBRARY:
            del lazy
            gc.collect()
            assert len(descriptors_of(path)) == 1
        assert read_netcdf(path).identical(ds)
    else:
        del lazy
        gc.collect()
    assert descriptors_of(path) == []


def test_a_closed_data_set_opens_its_file_again(ds, path):
    lazy = read_netcdf(path, chunks=3)
    lazy.close()
    assert lazy.compute().identical(ds)
    assert len(descriptors_of(path)) == 1
    del lazy
    gc.collect()
    assert descriptors_of(path) == []


@pytest.mark.parametrize("pickled", [False, True])
def test_another_file_in_its_place_is_not_taken_for_it(ds, path, pickled):
    lazy = read_netcdf(path, chunks=3)
    write_netcdf(ds.assign(features=ds.features + 1), path)
    assert lazy.compute().identical(ds)  # it is open
    copy = pickle.loads(pickle.dumps(lazy)) if pickled else lazy
    assert copy.compute().identical(ds)
    lazy.close()
    copy.close()
    with pytest.raises(DataSetError, match=r"features\.nc: it has been replaced since it was opened; read it anew"):
        copy.compute()


def test_a_file_that_is_removed_can_be_read_until_it_is_closed(ds, path):
    with read_netcdf(path, chunks=3) as lazy:
        path.unlink()
        assert lazy.compute().identical(ds)
    with pytest.raises(FileNotFoundError, match=r"features\.nc"):
        lazy.compute()


def test_a_file_that_is_changed_in_its_place_is_read_as_it_is_now(ds, path):
    with read_netcdf(path, chunks=3) as lazy:
        lazy.compute()
        changed = ds.assign(features=ds.features + 1)
        write_netcdf(changed, path.with_name("other.nc"))
        with open(path, "r+b") as file:
            file.write(path.with_name("other.nc").read_bytes())
        os.utime(path, (0, 0))
        assert read_netcdf(path).identical(changed)


def test_what_others_have_open_is_read_from_memory(ds, path):
    with netCDF4.Dataset(path) as other:
        with read_netcdf(path, chunks=3) as lazy:
            assert len(descriptors_of(path)) == 1
            assert lazy.compute().identical(ds)
        assert other["features"][0, 1] == 1


def test_a_file_that_is_replaced_while_it_is_opened(ds, path, monkeypatch):
    moments = iter([(1, 1, 1, 1), (1, 2, 2, 2)])
    identify = _stored._identify
    monkeypatch.setattr(_stored, "_identify", lambda path: next(moments, None) or identify(path))
    assert read_netcdf(path).identical(ds)
