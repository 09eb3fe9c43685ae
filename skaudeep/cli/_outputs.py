"""Places for what commands write."""

import contextlib
from pathlib import Path


@contextlib.contextmanager
def prepare_output(*paths, inputs=()):
    """Make sure that files can be written before any work is done; make folders for them, if there are none.

    Folders that were made are removed if the block fails and has left nothing in them.

    Parameters
    ----------
    *paths : str or None
        The files; None for one that is not written.
    inputs : sequence of str or None
        Files that must not be replaced.

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
                _check(Path(path), inputs)
                if not Path(path).is_dir():
                    _make_folder(path, made)
                check_target(path)
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


def _check(path, inputs):
    for other in inputs:
        if other is not None and path.exists() and Path(other).exists() and path.samefile(other):
            raise ValueError(f"--output {path} is an input, which would be lost: give another file")
