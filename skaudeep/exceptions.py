"""Errors that skaudeep raises, and warnings that it gives, on top of the built-in ones.

Their messages know which parameters they name, so that each face of the package calls these by its own names: they are
written as f-strings with `param`, ``f"pad with {param.fixed_length}"``.
"""

import ast
import contextlib
from typing import NamedTuple

__all__ = ["AudioError", "DataSetError", "ParameterError", "TrainingError", "VersionWarning"]

_MARK = "\0"  # around what is named; neither a path nor a label holds it


class Mention(NamedTuple):
    """A parameter, function or data set that a message names.

    Parameters
    ----------
    text : str
        Name and value, or the name alone, as Python writes them.
    name : str
        The name.
    value : object
        The value of the parameter; what is not plain is its text.
    """

    text: str
    name: str
    value: object


class Message(str):
    """Text in the words of Python that knows what it names.

    Parameters
    ----------
    text : str
        With the marks that `param` and `marked` give.
    """

    def __new__(cls, text):
        """Take the marks out of the text."""
        text = text.marked if isinstance(text, Message) else text
        message = super().__new__(cls, text.replace(_MARK, ""))
        message.marked = text
        return message

    def __getnewargs__(self):
        return (self.marked,)

    def removeprefix(self, prefix):
        """Remove what the message begins with, as for any text."""
        return Message(self.marked.removeprefix(prefix))

    def reword(self, call):
        """Write the message with ``call(mention)`` in place of each mention."""
        parts = self.marked.split(_MARK)
        parts[1::2] = [call(_read(part)) for part in parts[1::2]]
        return "".join(parts)


class _Param:
    """Marks what messages name."""

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        return f"{_MARK}{name}{_MARK}"

    def __call__(self, name, value=...):
        return f"{_MARK}{name}{_MARK}" if value is ... else f"{_MARK}{name}={_show(value)}{_MARK}"


#: ``param.this`` names a parameter, a function or a data set, and ``param("this", value)`` a parameter with its value
param = _Param()


def message_of(error):
    """Give the message of an error or a warning, with its mentions."""
    if len(error.args) == 1 and isinstance(error.args[0], Message):
        return error.args[0]
    return Message(str(error))


def marked(text):
    """Give an error or a message with its marks, to be part of another message."""
    return (text if isinstance(text, Message) else message_of(text)).marked


def _show(value):
    """Write a value as Python does, whole numbers without a point."""
    short = f"{value:g}" if isinstance(value, float) else ""
    return short if short and float(short) == value else repr(value)


def _read(text):
    """Take what was marked apart."""
    name, _, value = text.partition("=")
    with contextlib.suppress(ValueError, SyntaxError):  # of what is not plain, such as an estimator
        value = ast.literal_eval(value)
    return Mention(text, name, value)


class ParameterError(ValueError):
    """A parameter has a value that goes neither with the others nor with the data.

    Parameters
    ----------
    parameter : str
        The name of the parameter.
    value : object
        Its value.
    remedy : str
        What is wrong and what to do; the message is this behind name and value.
    """

    def __init__(self, parameter, value, remedy):
        super().__init__(Message(f"{param(parameter, value)}{remedy}"))
        self.parameter, self.value, self.remedy = parameter, value, remedy

    def __reduce__(self):
        return type(self), (self.parameter, self.value, self.remedy)


class AudioError(ValueError):
    """A recording cannot be read or analysed.

    Parameters
    ----------
    message : str, default=""
        Names the recording and the remedy.
    """

    def __init__(self, message=""):
        super().__init__(Message(message))


class DataSetError(ValueError):
    """A data set or its file breaks the data model.

    Parameters
    ----------
    message : str, default=""
        Names what and where.
    """

    def __init__(self, message=""):
        super().__init__(Message(message))


class TrainingError(ArithmeticError):
    """Training produced a value that is not finite; the message says what to change."""


class VersionWarning(UserWarning):
    """A file or pickle is of another version of skaudeep; the message names both."""
