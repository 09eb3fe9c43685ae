"""Data sets on disk and the command line, for the tests of commands."""

import dataclasses
import json

import numpy as np
import pytest

from skaudeep.cli import main
from skaudeep.datasets import make_dataset
from skaudeep.io import write_netcdf


@dataclasses.dataclass
class Done:
    """What a command gave: its exit status and what it printed."""

    status: int
    out: str
    err: str

    @property
    def json(self):
        return json.loads(self.out)


@pytest.fixture
def skaudeep(capsys):
    """Run the command line in this process; paths may be given as such."""

    def run(*arguments):
        capsys.readouterr()
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as end:
            status = end.code
        return Done(status, *capsys.readouterr())

    return run


@pytest.fixture
def write_dataset(tmp_path):
    """Write a data set of `n` files with two chunks each and return its path."""

    def write(name="features.nc", n=6, chunks=2, **options):
        rows = np.arange(n * chunks)
        labels = np.array(["rain", "dog", "rain"], dtype=object)[rows // chunks % 3]
        ds = make_dataset(
            np.random.default_rng(0).standard_normal((len(rows), 3)).astype(np.float32),
            [f"{i // chunks}.wav" for i in rows],
            **{"chunk_nr": rows % chunks, "label_nominal": labels} | options,
        )
        path = tmp_path / name
        write_netcdf(ds, path)
        return path

    return write


#: what reading one data set must survive, as pairs of the content of the file (None: no file) and a part of the message
BAD_FILES = {
    "missing": (None, "there is no such file"),
    "empty": (b"", "Cannot read"),
    "text": (b"filename,label\na.wav,rain\n" * 50, "Cannot read"),
}


@pytest.fixture(params=BAD_FILES)
def bad_dataset(request, tmp_path):
    """Path of a file that is not a data set, and a part of the message about it."""
    content, message = BAD_FILES[request.param]
    path = tmp_path / "bad.nc"
    if content is not None:
        path.write_bytes(content)
    return path, message
