"""Files that appear whole or not at all."""

import contextlib
import errno
import glob
import hashlib
import os
import secrets
import socket
from pathlib import Path

from skaudeep._interrupts import deferred
from skaudeep.exceptions import Message, param

try:
    import fcntl
except ImportError:  # there are no such locks on Windows
    fcntl = None

#: What stands in the file that marks others as not whole.
_MARK = "The files of this name, here and in folders, are not whole: they were being replaced. Write them again.\n"
#: What the system says of a disk that is full, of a file that is too large, and of what somebody may use up.
_FULL = [getattr(errno, name) for name in ("ENOSPC", "EFBIG", "EDQUOT") if hasattr(errno, name)]


@contextlib.contextmanager
def atomic_path(path):
    """Give a temporary path beside `path`, moved onto it only when the block ends well.

    Whatever ends the block early (an exception, Ctrl-C, a full disk) leaves an earlier file at `path` as it
    was and no debris beside it. A process that is killed cannot clean up: its temporary file is removed by the next one
    that writes to `path`. What is moved is on disk, so that a loss of power never leaves neither file.

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
    with contextlib.ExitStack() as stack, naming(path):
        with deferred():
            temporary = _make_temporary(target)
            stack.callback(_remove, temporary)
        yield temporary
        with deferred():
            _sync(temporary)
            os.replace(temporary, target)


@contextlib.contextmanager
def naming(path):
    """Let errors of a disk that takes no more say which file they are about."""
    try:
        yield
    except OSError as error:
        named = error.filename is not None or os.fspath(path) in str(error)
        if error.errno not in _FULL or named:
            raise
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _remove(temporary):
    """Remove what was not moved, and free its room even if a library has left it open."""
    with deferred(), contextlib.suppress(FileNotFoundError):
        for descriptor in descriptors_of(temporary):
            redirect(descriptor, in_memory=False)
        temporary.unlink()


@contextlib.contextmanager
def atomic_paths(paths, mark, *, check=None):
    """Give temporary paths for files that belong together; they never stand among files that they are to replace.

    When the block ends well the older files are moved away, all of them, and then the new ones to their places.
    Meanwhile there is the file `mark`, which says that what stands there is not whole. If the process is killed, it
    stays until the files are written again. Whatever else ends the block, or the moves, leaves the older files as they
    were, and no debris. Several processes that have the same mark move their files one after the other.

    Parameters
    ----------
    paths : sequence of path-like
        The files to be written, as in :func:`atomic_path`.
    mark : path-like
        The file that says so, in a folder that is there; readers of these files have to look for it.
    check : callable, default=None
        Called without arguments before anything is moved, while no other process moves; what it raises ends all. It
        returns further files that are to be gone, those of an older state which the new one does not have.

    Yields
    ------
    list of pathlib.Path
        Where to write each.
    """
    targets = _different(paths)
    temporaries = []
    with contextlib.ExitStack() as stack:
        for target in targets:
            with deferred(), naming(target):
                temporaries.append(_make_temporary(target))
                stack.callback(_remove, temporaries[-1])
            _sweep(Path(mark).parent, _prefix(target), target.suffix)
        yield temporaries
        for target, temporary in zip(targets, temporaries, strict=True):
            with naming(target):
                _sync(temporary)
        with _locked(Path(mark)):
            obsolete = [] if check is None else check()
            with deferred(), naming(mark):
                _replace_together(dict(zip(targets, temporaries, strict=True)), obsolete, Path(mark))


def is_marked(mark):
    """Whether a file that `atomic_paths` makes says that others are not whole; before it says so, it is empty."""
    return mark.is_file() and mark.stat().st_size > 0


def _different(paths):
    """Find where files will be written in the end; refuse two that are the same one."""
    targets = {}
    for path in paths:
        check_target(path)
        target = Path(os.path.realpath(path))
        if target in targets:
            other = str(targets[target])
            raise OSError(f"cannot write {str(path)!r} and {other!r}: links make them one file; write elsewhere")
        targets[target] = path
    return list(targets)


def _replace_together(moves, obsolete, mark):
    """Move files, by their targets, to their places after all older ones have been moved away; see `atomic_paths`.

    What has been done is read from the disk and not from variables, for Ctrl-C may come between the two.
    """
    if len(moves) == 1 and not obsolete:  # one file is replaced in one step
        ((target, temporary),) = moves.items()
        os.replace(temporary, target)
        mark.unlink()
        return
    olds = {target: _name_temporary(target) for target in moves}
    # beside the mark, where the next process will find them if this one is killed
    olds |= {path: _name_temporary(mark.with_name(path.name)) for path in obsolete}
    was_marked = is_marked(mark)
    try:
        if not was_marked:
            mark.write_text(_MARK, encoding="utf-8")
            _sync(mark)
        for target, old in olds.items():
            with contextlib.suppress(FileNotFoundError):  # there is no older one
                os.replace(target, old)
        for target, temporary in moves.items():
            os.replace(temporary, target)
        mark.unlink()  # from here on the new files count
    except BaseException:
        if mark.exists():
            _put_back(moves, olds)
            if not was_marked:
                mark.unlink()
        raise
    finally:
        if not mark.exists():
            for old in olds.values():
                old.unlink(missing_ok=True)


def _put_back(moves, olds):
    """Remove all new files that are in their places, and then move the older ones back there."""
    for target, temporary in moves.items():
        if not temporary.exists():
            target.unlink(missing_ok=True)
    for target, old in olds.items():
        if old.exists() or old.is_symlink():
            os.replace(old, target)


@contextlib.contextmanager
def _locked(mark):
    """Wait until no other process has a file, which is made, locked; it does not stay if it stays empty."""
    descriptor = _lock(mark)
    try:
        yield
    finally:
        with contextlib.suppress(FileNotFoundError):
            if mark.stat().st_size == 0:
                mark.unlink()
        if descriptor is not None:
            os.close(descriptor)


def _lock(mark):
    """Make and lock a file, and give its descriptor; None where there are no locks."""
    while True:
        descriptor = os.open(mark, os.O_RDWR | os.O_CREAT, 0o666)
        if fcntl is None:
            os.close(descriptor)
            return None
        try:
            with contextlib.suppress(OSError):  # a file system without locks
                fcntl.flock(descriptor, fcntl.LOCK_EX)
            there = _stat(mark)
            # a process that came before has removed the file, if it is another one by now
            if there is not None and os.path.samestat(os.fstat(descriptor), there):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


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


def state_of(path):
    """Give the size in bytes and the time of the last change in ns of a file; None if it is missing."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def descriptors_of(path):
    """All descriptors with which this process has a file open; none where they cannot be listed, such as on Windows."""
    if not os.path.isdir("/dev/fd"):
        return []
    status, found = os.stat(path), []
    for descriptor in map(int, os.listdir("/dev/fd")):
        with contextlib.suppress(OSError):  # that of the list itself
            if os.path.samestat(os.fstat(descriptor), status):
                found.append(descriptor)
    return found


def redirect(descriptor, *, in_memory):
    """Let what is still written to a file that nobody can close go to memory, or nowhere; its room is free then."""
    if in_memory and hasattr(os, "memfd_create"):
        other = os.memfd_create("redirected")
    else:
        other = os.open(os.devnull, os.O_RDWR)
    try:
        os.dup2(other, descriptor, inheritable=False)
    finally:
        os.close(other)


def check_path(path, parameter="path", kind="file"):
    """Raise a `TypeError` that names the parameter if it is not a path."""
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"{parameter}={path!r}: give the path of a {kind}, as text or pathlib.Path")


def check_target(path, inputs=None):
    """Raise an error that names `path` if a file can never be written there, or if something is read from it.

    Parameters
    ----------
    path : path-like
        The file to be written.
    inputs : dict of str to path-like, iterable of path-like or None, default=None
        Files that are read and must not be replaced, by what messages call them; what is not there is passed over.

    Raises
    ------
    OSError
        If no file can be written there.
    ValueError
        If it is one of the inputs, by whatever name: written otherwise, a link to it, or a second name of the file.
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
                    Message(
                        f"cannot write {os.fspath(path)!r}: it is {what}{name}, which would be lost: give another file"
                    )
                )


def _stat(path):
    """Give the identity of a file; None if there is none, or the path is not one."""
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
    """Make up a name beside a target that no other file has."""
    return target.with_name(f"{_prefix(target)}{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")


def _prefix(target):
    # long names are cut, so that what is added still fits into the 255 bytes of a file name
    return f".{target.stem[:60]}-{_machine()}-"


def _sync(path):
    """Wait until a file is on disk."""
    with open(path, "rb+") as file:
        os.fsync(file.fileno())


def _machine():
    """Tell what distinguishes the processes of this machine, or container, from those of others that share its disk."""
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
        except (OSError, OverflowError):  # it lives and is another user's; or the file is not ours
            continue


def make_folder(path, parameter):
    """Make the folder that a parameter names, unless it is there."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"{param(parameter, os.fspath(path))} cannot be made a folder ({error.strerror})"
        raise OSError(Message(message)) from error
    return Path(path)
