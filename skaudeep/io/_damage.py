"""Damaged NetCDF files with which the NetCDF library never comes to an end.

The library keeps texts in heaps, lists of objects that it walks through by their sizes, and of which it has no check
sum. An object of size zero where only free space may be lets it walk on the spot for ever. `check_heaps` walks first,
quickly. What looks endless is not refused for that alone, as heaps that are no longer in use may hold anything: another
process tries to read the file, with limits.
"""

import re
import signal
import struct
import subprocess
import sys

from skaudeep.exceptions import DataSetError

#: How many bytes are searched for heaps at a time.
_BLOCK = 1 << 21
#: How a heap begins; before each object, as before the heap, its number, which is 0 for free space, and its size.
_HEAP = re.compile(rb"GCOL\x01\0\0\0(?=.{8})", re.DOTALL)
_OBJECT, _HEADER = struct.Struct("<H6xQ"), 16
_BACKWARDS = 1 << 63  # from here on, sizes lead there in the arithmetic of the library
_LARGEST_HEAP = 1 << 20  # of the library; few are larger than 64 kB
#: Seconds of computing that a file may take, and more for its size; seconds in all where those are not counted.
_SECONDS, _BYTES_PER_SECOND, _SECONDS_IN_ALL = 10, 20_000_000, 300
#: Bytes of memory that reading may take beside what is in the file.
_MEMORY = 1 << 30

#: What the process ends with if it is ended: by the limit of time, which may come as either signal, or in the library.
_KILLED = [-getattr(signal, name) for name in ("SIGXCPU", "SIGKILL", "SIGSEGV", "SIGABRT") if hasattr(signal, name)]

_READ = """
import sys
import netCDF4
path, seconds, memory = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
try:
    import resource
except ImportError:  # on Windows
    resource = None
if resource is not None:
    used = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    resource.setrlimit(resource.RLIMIT_CPU, (int(used) + seconds,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        pages = int(open("/proc/self/statm").read().split()[0])
        resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + memory,) * 2)
    except OSError:
        pass
try:
    with netCDF4.Dataset(path) as file:
        for name, variable in file.variables.items():
            if name != "features":
                variable[:]
except (RuntimeError, MemoryError, ValueError) as error:
    print(error or "it needs too much memory")
    sys.exit(3)
except Exception:
    pass  # such as what is not a NetCDF file at all; it has a better message where it is read
"""


def check_heaps(path):
    """Raise a `DataSetError` if the library would never come to an end with a file, a `pathlib.Path`."""
    content = _read_texts(path)
    heaps = (found.start() for found in _HEAP.finditer(content))
    if any(_is_endless(content, start) for start in heaps):
        check_readable(path)


def _read_texts(path):
    """Read the beginning of a file, to where there are no more heaps; texts come before the features."""
    content = bytearray()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            content += block
            if b"GCOL" not in block:
                break
    return content


def check_readable(path):
    """Let another process open a file and read all but the features, within limits of time and memory.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Raises
    ------
    DataSetError
        If it cannot be read, or not within the limits.
    """
    if not sys.executable or getattr(sys, "frozen", False):  # no Python to be started
        return
    size = path.stat().st_size
    limits = [str(_SECONDS + size // _BYTES_PER_SECOND), str(_MEMORY + 4 * size)]
    command = [sys.executable, "-c", _READ, str(path), *limits]
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS_IN_ALL, check=False
        )
    except subprocess.TimeoutExpired:
        reason = f"reading it did not end in {_SECONDS_IN_ALL} s"
    else:
        if done.returncode not in (3, *_KILLED):
            return
        reason = done.stdout.decode(errors="replace").strip() or "the library does not come to an end with it"
    raise DataSetError(
        f"Cannot read {path}: it is not a NetCDF-4 file, or it is damaged ({reason}). Write it again, or fetch it "
        "again from where it came."
    )


def _is_endless(content, start):
    """Say whether the walk through the heap that begins at `start` may stay at an object, or go back from it."""
    _, size = _OBJECT.unpack_from(content, start)
    end, at = min(start + min(size, _LARGEST_HEAP), len(content)) - _HEADER, start + _HEADER
    unpack = _OBJECT.unpack_from
    while at <= end:
        index, length = unpack(content, at)
        if index:  # its header is not counted, and what follows begins at a multiple of 8 bytes
            length += _HEADER + -length % 8
        if not 0 < length < _BACKWARDS:
            return True
        at += length
    return False
