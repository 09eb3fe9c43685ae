"""Files that appear whole or not at all."""

import contextlib
import glob
import hashlib
import os
import secrets
import socket
from pathlib import Path

try:
    import fcntl
except ImportError:  # there are no such locks on Windows
    fcntl = None


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path beside `path`, moved onto it only when the block ends well.

    Whatever ends the block early (an exception, Ctrl-C, a full disk) leaves an earlier file at `path` as it
    was and no debris beside it. A process that is killed cannot clean up: its temporary file is removed by the next one
    that writes to `path`. What is moved is on disk, lest a loss of power leave neither file.

    Parameters
    ----------
    path : path-like
        The file to be written. A symbolic link stays one, and the file that it points to is replaced; a file keeps
        its permissions.

    Yields
    ------
    pathlib.Path
        Where to write.
    """
    check_target(path)
    target = Path(os.path.realpath(path))
    temporary = _make_temporary(target)
    try:
        yield temporary
        _sync(temporary)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def claim(folder, message):
    """Let no other process that claims it work in a folder meanwhile; the second one gets an `OSError`, `message`.

    Where the file system has no locks, nothing is claimed.
    """
    descriptor = None if fcntl is None else os.open(folder, os.O_RDONLY)
    try:
        if descriptor is not None:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise OSError(message) from error
            except OSError:  # a file system without locks
                pass
        yield
    finally:
        if descriptor is not None:
            os.close(descriptor)


def check_path(path, parameter="path", kind="file"):
    """Raise a `TypeError` that names the parameter if it is no path at all."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{parameter}={path!r}: give the path of a {kind}, as text or pathlib.Path")


def check_target(path, inputs=None):
    """Raise an error that names `path` if a file can never be written there, or if something is read from it.

    Parameters
    ----------
    path : path-like
        The file to be written.
    inputs : dict of str to path-like, iterable of path-like or None, default=None
        Files that are read and must not be replaced, by what messages call them. Those that are none are passed over.

    Raises
    ------
    OSError
        If no file can be written there.
    ValueError
        If it is one of the inputs, by whatever name: spelt otherwise, a link to it, or a second name of the same file.
    """
    check_path(path)
    path, target = Path(path), Path(os.path.realpath(path))
    if target.is_dir():
        raise IsADirectoryError(f"cannot write {str(path)!r}: it is a folder; give the name of a file")
    check_no_input(path, inputs or {})
    if not target.parent.is_dir():
        raise FileNotFoundError(
            f"cannot write {str(path)!r}: the folder {str(target.parent)!r} does not exist; create it first"
        )
    if target.exists() and not target.is_file():  # to be replaced would be its end
        raise OSError(f"cannot write {str(path)!r}: it is a device, pipe or socket; give the name of a file")


def check_no_input(path, inputs):
    """Raise a `ValueError` if a file that would be replaced is one of the inputs, given as for `check_target`."""
    status = _stat(path)
    if status is None:  # there is nothing to be replaced
        return
    for what, files in inputs.items():
        for file in [files] if files is None or isinstance(files, str | os.PathLike) else files:
            other = _stat(file)
            if other is not None and os.path.samestat(status, other):
                name = "" if os.fspath(file) == os.fspath(path) else f" ({os.fspath(file)})"
                raise ValueError(
                    f"cannot write {os.fspath(path)!r}: it is {what}{name}, which would be lost: give another file"
                )


def _stat(path):
    """The identity of a file; None if there is none, or no path."""
    if isinstance(path, str | os.PathLike):
        with contextlib.suppress(OSError, ValueError):
            return os.stat(path)
    return None


def _make_temporary(target):
    """Make an empty file beside a target, with its permissions; remove those of processes that have died."""
    temporary = _name_temporary(target)
    _sweep(target.parent, _prefix(target), target.suffix)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
    try:
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o777)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _name_temporary(target):
    """A name beside a target that no other file has."""
    return target.with_name(f"{_prefix(target)}{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")


def _prefix(target):
    # long names are cut, so that what is added still fits into the 255 bytes of a file name
    return f".{target.stem[:60]}-{_machine()}-"


def _sync(path):
    """Wait until a file is on disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _machine():
    """What distinguishes the processes of this machine, or container, from those of others that share its disk."""
    identity = [socket.gethostname()]
    with contextlib.suppress(OSError):  # where there is no such file system
        identity.append(Path("/proc/sys/kernel/random/boot_id").read_text())
        identity.append(os.readlink("/proc/self/ns/pid"))
    return hashlib.blake2b("\n".join(identity).encode(), digest_size=6).hexdigest()


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
