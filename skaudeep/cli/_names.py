"""Messages of the package in the words of the command line: options where Python has parameters."""

import logging
import shlex

from skaudeep.exceptions import Message, message_of

#: What commands do not have an option for, by its name in Python.
_ELSEWHERE = {
    "add_folds": "`modify --add-cv-setup`",
    "remove_folds": "`modify --remove-cv-setup`",
    "add_partitions": "`modify --add-partitioning`",
    "remove_partitions": "`modify --remove-partitioning`",
    "validate_dataset": "`validate`",
    "set_labels": "skaudeep.datasets.set_labels in Python",
    "drop_vars": "drop_vars of xarray in Python",
    "random_state": "--seed",
}


def reword(arguments, error):
    """Write an error, a warning or a message in the words of a command.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `parser`, that of the command, and perhaps `words`: what the command calls what its parser does not name,
        by the name in Python, or by name and value such as "resume=False".
    error : Exception or Message
        What is to be said.

    Returns
    -------
    str
        The text.
    """
    message = error if isinstance(error, Message) else message_of(error)
    names = _ELSEWHERE | _inputs(arguments) | _options(arguments) | getattr(arguments, "words", {})

    def call(mention):
        if mention.text in names:
            return names[mention.text]
        if mention.name not in names:
            return mention.text
        option = names[mention.name]
        sign = "=" if option.startswith("--") and " " in option else " "
        return f"{option}{sign}{_as_typed(mention.value)}"

    return message.reword(call)


class RewordingFilter(logging.Filter):
    """Lets messages of the log speak as those of errors do."""

    def __init__(self, arguments):
        super().__init__()
        self._arguments = arguments

    def filter(self, record):
        """Let every record pass, in the words of the command."""
        if isinstance(record.msg, Message):
            record.msg = reword(self._arguments, record.msg)
        return True


def _inputs(arguments):
    """List files that are data sets in Python, by what these are called there."""
    given = getattr(arguments, "input", None)
    if isinstance(given, list):
        return {f"datasets[{i}]": path for i, path in enumerate(given)}
    return {} if given is None else {"ds": given}


def _options(arguments):
    """List options by the parameters that they are for."""
    names = {}
    actions = arguments.parser._actions if hasattr(arguments, "parser") else ()
    for action in actions:
        if action.option_strings:
            name = action.dest if action.const is None else f"{action.dest}={action.const}"
            names[name] = action.option_strings[-1]
    return names


def _as_typed(value, between=" "):
    if isinstance(value, list | tuple):
        return between.join(_as_typed(item, between=",") for item in value)
    if value is None or isinstance(value, bool):
        return str(value).lower()
    return shlex.quote(value) if isinstance(value, str) else f"{value}"
