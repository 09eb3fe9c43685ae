"""Zip archives that are whole, and no larger than they may be: checked in full before anything is made of them.

An archive says where its members lie, and how large they are, more than once, and its readers believe one place or the
other. What is accepted here is what is written here: members one after another that fill the file, each with the
checksum that its entry names, of the size that its entry names.
"""

import hashlib
import io
import math
import struct
import zipfile
import zlib

import numpy as np

_LOCAL_HEADER = struct.Struct("<4s22xHH")  # signature, and the lengths of the name and of what follows it
_NAME_IS_UTF8 = 0x800


class Allowance:
    """Bytes that compressed members may take when they are unpacked, all together.

    Parameters
    ----------
    size : int
        Number of bytes.
    """

    def __init__(self, size):
        self._size = self._left = size

    def spend(self, size):
        """Take off what is about to be unpacked."""
        self._left -= size
        if self._left < 0:
            raise ArchiveSizeError(self._size - self._left)


class ArchiveSizeError(ValueError):
    """An archive takes more than it may when it is unpacked.

    Parameters
    ----------
    size : int
        Number of bytes that it takes at least.
    """

    def __init__(self, size):
        super().__init__(f"it takes {size} bytes or more")
        self.size = size


def write_members(path, members, compressed=()):
    """Write an archive, the same bytes for the same members.

    Parameters
    ----------
    path : path-like
        The file.
    members : iterable of tuple of (str, bytes-like)
        Names and contents.
    compressed : sequence of str, default=()
        Names of the members to compress.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members:
            entry = zipfile.ZipInfo(name)  # with a fixed date
            entry.compress_type = zipfile.ZIP_DEFLATED if name in compressed else zipfile.ZIP_STORED
            archive.writestr(entry, content)


def read_members(data, allowance, weights=None):
    """Unpack an archive of which every byte that matters is as it was written.

    Parameters
    ----------
    data : bytes
        The archive.
    allowance : Allowance
        What may be unpacked. Nothing is before it is known to be enough.
    weights : dict of str to int, optional
        Members that count too if they are not compressed, each of their bytes as several.

    Returns
    -------
    dict of str to bytes-like
        Contents by name.

    Raises
    ------
    ArchiveSizeError
        If the members together take more than they may.
    zipfile.BadZipFile, and others
        If the archive is damaged, or was not written by `write_members` or NumPy.
    """
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries, end = archive.infolist(), archive.start_dir
    for entry in entries:
        weight = (weights or {}).get(entry.filename, entry.compress_type != zipfile.ZIP_STORED)
        allowance.spend(entry.file_size * weight)
    members, place, view = {}, 0, memoryview(data)
    for entry in entries:
        if entry.header_offset != place or entry.filename in members:
            raise zipfile.BadZipFile(f"its members overlap, repeat or leave gaps at {entry.filename!r}")
        signature, n_name, n_extra = _LOCAL_HEADER.unpack_from(view, place)
        name_start = place + _LOCAL_HEADER.size
        name_end = name_start + n_name
        encoding = "utf-8" if entry.flag_bits & _NAME_IS_UTF8 else "cp437"
        if signature != b"PK\3\4" or view[name_start:name_end] != entry.orig_filename.encode(encoding):
            raise zipfile.BadZipFile(f"there is no member {entry.filename!r} where it should be")
        start = name_end + n_extra
        place = start + entry.compress_size
        members[entry.filename] = _unpack(view[start:place], entry)
    if place != end:
        raise zipfile.BadZipFile("members are missing")
    return members


def _unpack(content, entry):
    """Unpack the content of a member; never more than its entry says."""
    if entry.compress_type == zipfile.ZIP_DEFLATED:
        inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        content = inflater.decompress(content, entry.file_size + 1)
        if not inflater.eof or inflater.unused_data:
            raise zipfile.BadZipFile(f"the member {entry.filename!r} has another size than its entry says")
    elif entry.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"the member {entry.filename!r} is compressed in an unknown way")
    if len(content) != entry.file_size or zlib.crc32(content) != entry.CRC:
        raise zipfile.BadZipFile(f"the member {entry.filename!r} is not what was written")
    return content


def digest(content):
    """Checksum of a content."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def check_digests(members, digests):
    """Check that members, by name, are those of which `digest` once gave checksums; None: there were none yet."""
    if digests is not None and digests != {name: digest(content) for name, content in members.items()}:
        raise zipfile.BadZipFile("its members are not those that were written together")


def to_npy(array):
    """An array in NumPy's format."""
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getbuffer()


def check_npy(content):
    """Check that a content is one array in NumPy's format, whose header promises what there is."""
    stream = io.BytesIO(content)
    read_header = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    shape, _, dtype = read_header[np.lib.format.read_magic(stream)](stream)
    n_bytes = math.prod(shape) * dtype.itemsize
    if not dtype.hasobject and n_bytes != len(content) - stream.tell():
        raise ValueError(f"an array of shape {shape} and type {dtype} has {len(content) - stream.tell()} bytes")


def from_npy(content):
    """The array that `to_npy` wrote; nothing in it is executed."""
    check_npy(content)
    return np.load(io.BytesIO(content), allow_pickle=False)
