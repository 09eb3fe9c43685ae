"""Files that appear whole or not at all."""

import contextlib
import glob
import os
import re
import socket
import tempfile
from pathlib import Path


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path beside `path`, moved onto it only when the block ends well.

    Whatever ends the block early (an exception, Ctrl-C, a full disk) leaves an earlier file at `path` as it
    was and no debris beside it. A process that is killed cannot clean up: its temporary file is removed by the next one
    that writes to `path`.

    Parameters
    ----------
    path : path-like
        The file to be written.

    Yields
    ------
    pathlib.Path
        Where to write.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {str(path)!r}: the folder {str(path.parent)!r} does not exist; create it first"
        )
    # long names are cut, so that what is added still fits into the 255 bytes of a file name
    prefix = f".{path.stem[:60]}-{re.sub('[^A-Za-z0-9]', '', socket.gethostname())[:30]}-"
    _sweep(path.parent, prefix, path.suffix)
    handle, name = tempfile.mkstemp(prefix=f"{prefix}{os.getpid()}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _sweep(folder, prefix, suffix):
    """Remove temporary files of processes of this machine that have died."""
    if os.name != "posix":  # where a process cannot be asked whether it lives without harm
        return
    for debris in folder.glob(f"{glob.escape(prefix)}*-*{glob.escape(suffix)}"):
        process = debris.name[len(prefix) :].partition("-")[0]
        if not process.isdecimal():
            continue
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            debris.unlink(missing_ok=True)
        except (OSError, OverflowError):  # it lives and is another user's; or this is no file of ours
            continue
