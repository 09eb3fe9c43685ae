"""Errors that skaudeep raises, and warnings that it gives, on top of the built-in ones."""

from skaudeep._messages import Message, param

__all__ = ["AudioError", "DataSetError", "ParameterError", "TrainingError", "VersionWarning"]


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
    """A recording cannot be read or analysed; the message names it and the remedy."""

    def __init__(self, message=""):
        super().__init__(Message(message))


class DataSetError(ValueError):
    """A data set or its file breaks the data model; the message names what and where."""

    def __init__(self, message=""):
        super().__init__(Message(message))


class TrainingError(ArithmeticError):
    """Training produced a value that is not finite; the message says what to change."""


class VersionWarning(UserWarning):
    """A file or pickle is of another version of skaudeep; the message names both."""
