"""Errors that skaudeep raises, and warnings that it gives, on top of the built-in ones."""

__all__ = ["AudioError", "DataSetError", "TrainingError", "VersionWarning"]


class AudioError(ValueError):
    """A recording cannot be read or analysed; the message names it and the remedy."""


class DataSetError(ValueError):
    """A data set or its file breaks the data model; the message names what and where."""


class TrainingError(ArithmeticError):
    """Training produced a value that is not finite; the message says what to change."""


class VersionWarning(UserWarning):
    """A file or pickle is of another version of skaudeep; the message names both."""
