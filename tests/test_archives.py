"""Zip archives that are whole, and no larger than they may be."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

from skaudeep._archives import (
    Allowance,
    ArchiveSizeError,
    check_digests,
    check_npy,
    digest,
    from_npy,
    read_members,
    to_npy,
    write_members,
)

MEMBERS = {"one": b"first", "two": b"", "three": bytes(1000)}


def archive(members, compressed=()):
    buffer = io.BytesIO()
    write_members(buffer, members.items(), compressed)
    return buffer.getvalue()


def contents(data, size=10**6):
    return {name: bytes(content) for name, content in read_members(data, Allowance(size)).items()}


@pytest.mark.parametrize("compressed", [(), ("three",), tuple(MEMBERS)])
def test_members_come_back(compressed):
    data = archive(MEMBERS, compressed)
    assert contents(data) == MEMBERS
    assert data == archive(MEMBERS, compressed)


def test_archives_of_numpy_are_read():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.arange(3))
    np.testing.assert_array_equal(from_npy(contents(buffer.getvalue())["a.npy"]), np.arange(3))


@pytest.mark.parametrize("compressed", [(), ("three",)])
def test_archives_beyond_four_gigabytes_are_read(compressed, monkeypatch):
    """Their sizes and places are elsewhere; here they are from ten bytes on."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 10)
    data = archive(MEMBERS, compressed)
    assert b"PK\6\6" in data
    assert contents(data) == MEMBERS


def assert_same_or_refused(read, whole, data):
    """That what a changed archive gives is an error, or what the whole one gives; count the former."""
    n_refused = 0
    for place in range(len(data)):
        for bits in (1, 255):
            changed = data[:place] + bytes([data[place] ^ bits]) + data[place + 1 :]
            try:
                found = read(changed)
            except Exception:
                n_refused += 1
            else:
                assert found == whole, (place, bits)
    return n_refused


@pytest.mark.parametrize("compressed", [(), ("one", "three")])
def test_no_flipped_byte_changes_what_is_read(compressed):
    """Not even one in the directory that lets it skip over a member."""
    data = archive(MEMBERS, compressed)
    assert assert_same_or_refused(contents, MEMBERS, data) > len(data)


def test_truncated_and_extended_archives_are_refused():
    data = archive(MEMBERS)
    for size in range(len(data)):
        with pytest.raises(zipfile.BadZipFile, match="not a zip file"):
            contents(data[:size])
    with pytest.raises(zipfile.BadZipFile, match="gaps at 'one'"):
        contents(b"before" + data)


def test_members_that_repeat_overlap_or_are_missing_are_refused():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("one", b"first")
        with pytest.warns(UserWarning, match="Duplicate"):
            file.writestr("one", b"second")
    with pytest.raises(zipfile.BadZipFile, match="repeat"):
        contents(buffer.getvalue())
    data = archive(MEMBERS)
    # the entry of the second member leads to the first one
    second = data.index(b"PK\1\2", data.index(b"PK\1\2") + 1)
    with pytest.raises(zipfile.BadZipFile, match="overlap"):
        contents(data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :])
    # the comment of the first entry is the second entry
    first = data.index(b"PK\1\2")
    swallowing = data[: first + 32] + struct.pack("<H", 46 + len("two")) + data[first + 34 :]
    assert zipfile.ZipFile(io.BytesIO(swallowing)).namelist() == ["one", "three"]
    with pytest.raises(zipfile.BadZipFile, match="gaps at 'three'"):
        contents(swallowing)


@pytest.mark.parametrize("kind", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(kind):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr("one", b"first")
    with pytest.raises(zipfile.BadZipFile, match="unknown way"):
        contents(buffer.getvalue())


# --- sizes ---


def test_what_is_compressed_has_a_limit():
    data = archive(MEMBERS, ("three",))
    assert contents(data, 1000) == MEMBERS
    with pytest.raises(ArchiveSizeError, match="takes 1000 bytes"):
        contents(data, 999)
    with pytest.raises(ArchiveSizeError, match="takes 2000 bytes"):
        read_members(data, Allowance(1999), weights={"three": 2})
    allowance = Allowance(1500)
    read_members(data, allowance)
    with pytest.raises(ArchiveSizeError, match="takes 2000 bytes"):
        read_members(data, allowance)
    assert contents(archive(MEMBERS), 0) == MEMBERS
    with pytest.raises(ArchiveSizeError):
        read_members(archive(MEMBERS), Allowance(9), weights={"one": 2})


def test_a_size_that_is_a_lie_takes_no_memory():
    """Neither where the checksum is that of all there is, nor where it is that of the beginning."""
    size, told = 2**26, 1000
    data = archive({"zeros": bytes(size)}, ("zeros",))
    entry = data.index(b"PK\1\2")
    for checksum in (data[entry + 16 : entry + 20], struct.pack("<I", zlib.crc32(bytes(told)))):
        lie = data[: entry + 16] + checksum + data[entry + 20 : entry + 24] + struct.pack("<I", told)
        lie += data[entry + 28 :]
        tracemalloc.start()
        with pytest.raises(zipfile.BadZipFile, match="'zeros' has another size"):
            contents(lie)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < size / 8


# --- checksums and arrays ---


def test_checksums_tell_members_apart():
    digests = {name: digest(content) for name, content in MEMBERS.items()}
    check_digests(MEMBERS, digests)
    check_digests(MEMBERS, None)
    swapped = MEMBERS | {"one": MEMBERS["two"], "two": MEMBERS["one"]}
    fewer = {name: MEMBERS[name] for name in ("one", "two")}
    for members in (swapped, fewer, MEMBERS | {"four": b""}):
        with pytest.raises(zipfile.BadZipFile, match="not those that were written together"):
            check_digests(members, digests)


@pytest.mark.parametrize("array", [np.arange(6.0).reshape(2, 3), np.array("text"), np.zeros((0, 5)), np.float32(1)])
def test_arrays_come_back(array):
    np.testing.assert_array_equal(from_npy(to_npy(array)), array)


def test_shapes_that_are_a_lie_are_refused():
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f8", "fortran_order": False, "shape": (10**11,)})
    with pytest.raises(ValueError, match=r"\(100000000000,\) and type float64 has 8 bytes"):
        check_npy(header.getvalue() + bytes(8))
    with pytest.raises(ValueError, match="has 9 bytes"):
        check_npy(bytes(to_npy(np.zeros(1))) + b"x")
