"""Places for what commands write."""

import contextlib
import os
import re
from pathlib import Path

from skaudeep.cli._arguments import FILES, FOLDERS

#: Options, by where their values are kept, whose files and folders are written.
_WRITTEN = ("output", "predictions_output", "figure", "log_file", "run_name", "tempdir")
#: How the lines of a log file begin.
_LOGGED = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")


def files_read(arguments):
    """List the files and folders that a command is to read, as its options name them, by what messages call them.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `parser`, that of the command.

    Returns
    -------
    dict of str to list of str
        What `prepare_output` takes as `inputs`.
    """
    found = {}
    for action in arguments.parser._actions:
        if action.metavar in (*FILES, *FOLDERS) and action.dest not in _WRITTEN:
            values = getattr(arguments, action.dest, None) or []
            found[_called(action)] = values if isinstance(values, list) else [values]
    return found


def _called(action):
    """Give what the user calls an option, or an argument without a name."""
    return action.option_strings[-1] if action.option_strings else action.metavar


def check_log_file(arguments):
    """Raise an `OSError` if messages would be added to what the command reads or writes, or to what is not text."""
    from skaudeep._files import check_no_input

    path = arguments.log_file
    if path is None or not hasattr(arguments, "parser"):
        return
    inputs = files_read(arguments)
    try:
        check_no_input(path, inputs)
    except ValueError as error:
        raise OSError(f"--log-file: {error}") from error
    for name in ("output", "figure"):
        values = getattr(arguments, name, None) or []
        for value in values if isinstance(values, list) else [values]:
            if os.path.realpath(value) == os.path.realpath(path):
                raise OSError(f"--log-file {path} is also --{name}: give another file")
    if not os.path.isfile(path):
        return
    with contextlib.suppress(PermissionError), open(path, "rb") as file:
        start = file.read(1024)
        if b"\0" in start:
            raise OSError(f"--log-file {path} is not text, to which messages could be added: give another file")
        folders = [Path(os.path.realpath(value)) for values in inputs.values() for value in values]
        if start and not _LOGGED.match(start) and set(folders) & set(Path(os.path.realpath(path)).parents):
            raise OSError(
                f"--log-file {path} lies in a folder that is read, and was not made by --log-file: give another file"
            )


@contextlib.contextmanager
def prepare_output(*paths, inputs=None):
    """Make sure that files can be written before any work is done; make folders for them, if there are none.

    Folders that were made are removed if the block fails and has left nothing in them.

    Parameters
    ----------
    *paths : str or None
        The files; None for one that is not written.
    inputs : dict of str to str, sequence of str or None, default=None
        Files that must not be replaced, by what messages call them, such as those of `files_read`.

    Raises
    ------
    OSError
        If a file can never be written there.
    ValueError
        If a file is one of the inputs.
    """
    from skaudeep._files import check_target

    made = []
    try:
        for path in paths:
            if path is not None:
                if not Path(path).exists():
                    _make_folder(path, made)
                check_target(path, inputs)
        yield
    except BaseException:
        for folder in reversed(made):
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()
        raise


def _make_folder(path, made):
    """Make the folder of a file, and add to `made` what had to be made, outer ones first."""
    folder = Path(path).parent
    missing = [place for place in (folder, *folder.parents) if not place.exists()]
    try:
        for place in reversed(missing):
            place.mkdir(exist_ok=True)
            made.append(place)
        folder.mkdir(exist_ok=True)  # which fails if a file is there
    except OSError as error:
        raise OSError(f"cannot make the folder of {str(path)!r} ({error.strerror}); give another file") from error
