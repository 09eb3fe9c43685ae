"""Damaged NetCDF files with which the NetCDF library never comes to an end."""

import subprocess
import sys

import numpy as np
import pytest

from skaudeep.cli import main
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import _damage, read_netcdf, write_netcdf
from skaudeep.io.netcdf import check_file


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "features.nc"
    names = [f"recording number {i}.wav" for i in range(30)]
    write_netcdf(make_dataset(np.ones((30, 2)), names, label_nominal=["x", "y"] * 15), path)
    return path


@pytest.fixture
def refused(monkeypatch):
    """Paths that another process was to read, without waiting for it."""
    paths = []

    def refuse(path):
        paths.append(path)
        raise DataSetError(f"{path} is damaged")

    monkeypatch.setattr(_damage, "check_readable", refuse)
    return paths


def objects(content):
    """Where the objects of all heaps begin; heaps are told by a walk of our own."""
    for found in _damage._HEAP.finditer(content):
        start, at = found.start(), found.start() + 16
        size = int.from_bytes(content[start + 8 : start + 16], "little")
        while at + 16 <= start + size:
            yield at
            length = int.from_bytes(content[at + 8 : at + 16], "little")
            at += 16 + -(-length // 8) * 8 if content[at : at + 2] != b"\0\0" else length


def test_files_that_are_sound_are_not_suspected(path, refused, shared):
    for sound in (path, *sorted((shared / "reference" / "datasets").glob("*.nc"))):
        _damage.check_heaps(sound)
    assert refused == []


@pytest.mark.parametrize("which", [0, 1, 20, -2, -1])
def test_an_object_of_size_zero_is_suspected_wherever_it_is(path, refused, which):
    content = bytearray(path.read_bytes())
    at = list(objects(content))[which]
    content[at : at + 16] = bytes(16)
    path.write_bytes(content)
    with pytest.raises(DataSetError, match=r"features\.nc is damaged"):
        read_netcdf(path)
    assert refused == [path]


def test_a_size_that_leads_backwards_is_suspected(path, refused):
    content = bytearray(path.read_bytes())
    at = list(objects(content))[3]
    content[at + 8 : at + 16] = (2**64 - 16).to_bytes(8, "little")
    path.write_bytes(content)
    with pytest.raises(DataSetError, match="is damaged"):
        _damage.check_heaps(path)


def test_heaps_that_are_cut_off_or_mere_text_end(path, refused):
    content = path.read_bytes()
    start = _damage._HEAP.search(content).start()
    for text in (content[: start + 12], content[: start + 40], b"GCOL\x01\0\0\0", b"GCOL" * 100, b""):
        path.write_bytes(text)
        _damage.check_heaps(path)
    assert refused == []


def test_what_looks_endless_and_can_be_read_is_read(path, monkeypatch):
    checked = []
    monkeypatch.setattr(_damage, "_is_endless", lambda content, start: not checked.append(start))
    assert read_netcdf(path).sizes["instance"] == 30
    assert len(checked) == 1  # one is enough to try


def test_a_file_that_never_opens_is_refused(shared, monkeypatch, capsys):
    path = shared / "cases" / "damaged_never_opens.nc"
    if not path.exists():
        pytest.skip("the damaged file is not there")
    monkeypatch.setattr(_damage, "_SECONDS", 1)
    message = r"damaged_never_opens\.nc: .* damaged \(the library does not come to an end with it\). Write it again"
    with pytest.raises(DataSetError, match=message):
        read_netcdf(path, chunks=2)
    for command in (["validate", "--input"], ["inspect", "netcdf", "--input"]):
        assert main([*command, str(path)]) == 1
        assert "damaged_never_opens.nc" in capsys.readouterr().err


def test_texts_of_absurd_lengths_take_no_memory(path):
    content = bytearray(path.read_bytes())
    heap = _damage._HEAP.search(content).start()
    length = len("recording number 0.wav") + 1
    at = content.index(length.to_bytes(4, "little") + heap.to_bytes(8, "little"))  # what stands for the text
    content[at : at + 4] = (2**32 - 1).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(DataSetError, match=r"features\.nc: .* damaged \(.*HDF error"):
        check_file(path)


def test_what_is_no_file_has_its_own_message(tmp_path):
    with pytest.raises(DataSetError, match="there is no such file"):
        check_file(tmp_path / "missing.nc")
    text = tmp_path / "text.nc"
    text.write_text("text")
    check_file(text)  # the error is that of reading
    with pytest.raises(DataSetError, match="it is not a NetCDF-4 file, or it is damaged"):
        read_netcdf(text)


def test_where_no_process_can_be_started_nothing_is_checked(path, monkeypatch):
    def fail(*arguments, **options):
        raise AssertionError

    monkeypatch.setattr(subprocess, "run", fail)
    monkeypatch.setattr(sys, "executable", "")
    check_file(path)


def test_a_process_that_takes_too_long_in_all(path, monkeypatch):
    monkeypatch.setattr(_damage, "_SECONDS_IN_ALL", 0.001)
    with pytest.raises(DataSetError, match=r"reading it did not end in 0\.001 s"):
        check_file(path)
