"""Places for what commands write."""

from pathlib import Path


def prepare_output(path):
    """Make sure that a file can be written at a place before any work is done; make its folder if there is none.

    Parameters
    ----------
    path : str
        The file.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    OSError
        If a file can never be written there.
    """
    from skaudeep._files import check_target

    path = Path(path)
    if not path.is_dir():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OSError(f"cannot make the folder of {str(path)!r} ({error.strerror}); give another file") from error
    check_target(path)
    return path
