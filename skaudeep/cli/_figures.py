"""Where the figures of the commands go: to a file, or to a window."""

import contextlib
import os

#: What a figure can be saved as, by suffix, with what keeps the time of day out of the file.
_FORMATS = {".png": {}, ".svg": {"Date": None}, ".pdf": {"CreationDate": None}}


@contextlib.contextmanager
def prepare_figure(path, option="--output", inputs=None):
    """Make sure that a figure can be shown or saved, before the work to draw it; make the folder for it.

    A folder that was made is removed if the block fails.

    Parameters
    ----------
    path : str or None
        The file to write, or None for a window.
    option : str, default="--output"
        The option that names the file, for the message.
    inputs : dict, default=None
        Files that must not be replaced, as for `prepare_output`.

    Raises
    ------
    ValueError
        If figures are not saved with that suffix, no window can be opened, or the file is one of the inputs.
    OSError
        If the file can never be written.
    """
    from skaudeep.cli._outputs import prepare_output

    if path is None:
        _check_window(option)
    elif os.path.splitext(path)[1].lower() not in _FORMATS:
        *most, last = _FORMATS
        raise ValueError(f"cannot save a figure as {path!r}: the name must end in {', '.join(most)} or {last}")
    with prepare_output(path, inputs=inputs):
        yield


def show_or_save(figure, path, option="--output"):
    """Save a figure, or show it in a window until that is closed.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        The figure; for a window it must be one of `matplotlib.pyplot`, as the displays make them.
    path : str or None
        The file to write, of the format that its suffix names; None for a window.
    option : str, default="--output"
        The option that names the file, for messages.

    Raises
    ------
    ValueError
        If figures are not saved with that suffix, or no window can be opened.
    OSError
        If the file cannot be written.
    """
    import matplotlib.pyplot as plt

    from skaudeep._files import atomic_path
    from skaudeep.plotting.drawing import repeatable

    try:
        with prepare_figure(path, option), repeatable():
            if path is None:
                plt.show()
                return
            suffix = os.path.splitext(path)[1].lower()
            with atomic_path(path) as temporary:
                figure.savefig(temporary, format=suffix[1:], dpi=150, metadata=_FORMATS[suffix])
    finally:
        plt.close(figure)


def _check_window(option):
    import matplotlib
    from matplotlib.backends import BackendFilter, backend_registry

    backend = matplotlib.get_backend().lower()
    if backend not in [name.lower() for name in backend_registry.list_builtin(BackendFilter.INTERACTIVE)]:
        raise ValueError(f"no window can be opened here (Matplotlib draws with {backend}); give {option} FILE.png")
