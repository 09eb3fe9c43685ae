"""Errors of the package in the words of the command line."""

import contextlib
import re
import warnings

#: What the functions that messages name are called on the command line.
_FUNCTIONS = {
    "add_folds": "`modify --add-cv-setup`",
    "remove_folds": "`modify --remove-cv-setup`",
    "add_partitions": "`modify --add-partitioning`",
    "remove_partitions": "`modify --remove-partitioning`",
    "validate_dataset": "`validate`",
    "set_labels": "skaudeep.datasets.set_labels in Python",
    "drop_vars": "drop_vars of xarray in Python",
    "resume=False": "--restart",
    "resume=True": "--continue",
    "overwrite=True": "--overwrite",
    "check_settings=False": "--allow-other-settings",
}
_NO_PATH_BEFORE = r"(?<![\w/\\.'-])"
_NO_PATH_BEHIND = r"(?![\w/\\=-]|\.\w)"


@contextlib.contextmanager
def option_names(phrases=None, /, **names):
    """Let errors and warnings of the block speak of options where they speak of parameters.

    Parameters
    ----------
    phrases : dict of str, optional
        What to say instead, by words of the message, such as the name of a file by that of a data set.
    **names : dict of str
        The option, without its dashes, by the name of the parameter.

    Raises
    ------
    ValueError
        Or `AudioError`, `DataSetError`, `ImportError` or an `OSError`, as in the block. Errors of the system stay as
        they are.
    """
    from skaudeep.exceptions import AudioError, DataSetError

    own = phrases or {}  # first, as they may hold words that are replaced otherwise
    phrases = own | {text: instead for text, instead in _FUNCTIONS.items() if text not in own}
    show = warnings.showwarning

    def show_translated(message, *place, **more):
        show(_translate(str(message), phrases, names), *place, **more)

    warnings.showwarning = show_translated
    try:
        yield
    except UnicodeError:
        raise
    except (ValueError, ImportError, OSError) as error:
        if isinstance(error, OSError) and (error.errno is not None or not error.args):
            raise
        kind = (
            ValueError if isinstance(error, ValueError) and not isinstance(error, AudioError | DataSetError) else None
        )
        message = _translate(str(error), phrases, names)
        if message == str(error):
            raise
        raise (kind or type(error))(message) from error
    finally:
        warnings.showwarning = show


def _translate(message, phrases, names):
    for text, instead in phrases.items():
        before = _NO_PATH_BEFORE if re.match(r"\w", text) else ""
        behind = _NO_PATH_BEHIND if re.search(r"[\w\]]$", text) else ""
        message = re.sub(before + re.escape(text) + behind, lambda _, instead=instead: instead, message)
    for name, option in names.items():
        message = re.sub(
            rf"{_NO_PATH_BEFORE}{name}=\[([^\[\]]*)\]", lambda m, o=option: f"--{o} {_words(m[1])}", message
        )
        message = re.sub(rf"{_NO_PATH_BEFORE}{name}=(?=[\w'-])", f"--{option} ", message)
        # a word of English without the sign, or part of a path, is no parameter
        bare = rf"|{_NO_PATH_BEHIND}" if "_" in name else ""
        message = re.sub(rf"{_NO_PATH_BEFORE}{name}(?:={bare})", f"--{option}", message)
    return message


def _words(listed):
    """Values of an option as they are typed, of those of a list."""
    return " ".join(word.strip().strip("'") for word in listed.split(","))
