"""Which recordings a command works on: ``--basedir`` and ``--parser``."""

import argparse
import contextlib
import os
import sys

from skaudeep.cli._arguments import UsageError

#: What the class paths of the original contain, without underscores and in lower case, and the kind; the first counts.
_CLASSES = {
    **dict.fromkeys(
        (
            *("compare", "affect", "crying", "heartbeat", "babysounds", "sleepiness", "orca", "dialects"),
            *("mask", "elderly", "cough", "speech", "escalation", "primates"),
        ),
        "compare",
    ),
    "esc": "esc",
    "urbansound": "urbansound8k",
    "dcase": "dcase",
    "partitioned": "partitioned",
    "crossvalidated": "cross_validated",
    "nometadata": "none",
    "meta": "auto",
}


def add_corpus(parser):
    """Add ``--basedir``, ``--parser`` and ``--columns``.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of a command.
    """
    parser.add_argument(
        "--basedir", metavar="DIR", required=True, help="folder of the corpus, or a table of recordings (CSV)"
    )
    parser.add_argument(
        "--parser",
        metavar="KIND",
        dest="kind",
        default="auto",
        help="layout of the corpus: auto (the one that fits), esc, urbansound8k, dcase2017, dcase2018, compare, "
        "speech_commands, partitioned, cross_validated, table, folder, none (audio without labels), the name of "
        "a plug-in, a class path of auDeep, or module:function, which returns what "
        "skaudeep.datasets.make_bunch makes (default: auto)",
    )
    parser.add_argument(
        "--columns",
        metavar="WHAT=NAME",
        nargs="+",
        action="extend",
        type=_column,
        help="the columns of a table that have other names: path=, label=, start=, end=, duration=, group=, fold= or "
        "partition= and the name, or none to have none; and targets= with the names of one or more columns of numbers "
        "to be predicted, with commas between",
    )


def load(arguments, *, on_unreadable="raise"):
    """Find the recordings that the options of `add_corpus` name.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `basedir`, `kind` and `columns`.
    on_unreadable : {"raise", "skip"}, default="raise"
        As for :func:`skaudeep.datasets.load_corpus`.

    Returns
    -------
    Bunch
        As :func:`skaudeep.datasets.load_corpus` returns it.

    Raises
    ------
    UsageError
        If there is no such kind of corpus.
    DataSetError
        If the folder holds no such corpus, recordings cannot be read, or a function cannot be imported or fails.
    """
    from skaudeep._columns import ROLES
    from skaudeep.datasets import load_corpus

    columns = dict(arguments.columns or ())
    words = {"classes=False": "--parser none", "on_unreadable": "--on-error"}
    for role in ROLES:
        words |= {role: f"--columns {role}", f"{role}=False": f"--columns {role}=none"}
    words["targets"] = "--columns targets"
    arguments.words = words | getattr(arguments, "words", {})
    with _working_directory_on_path():
        kind, options = _resolve(arguments.kind)
        return load_corpus(arguments.basedir, kind, on_unreadable=on_unreadable, **options, **columns)


def _column(text):
    """Read a value of ``--columns``: what a column tells, and its name, or False for none."""
    from skaudeep._columns import ROLES

    role, sign, name = text.partition("=")
    role = role.strip().lower()
    if role not in (*ROLES, "targets") or not sign or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is not WHAT=NAME, with WHAT one of {', '.join(ROLES)} or targets")
    if role == "targets":
        return role, [each.strip() for each in name.split(",")]
    return role, False if name.lower() in ("none", "false") else name


def recordings(corpus):
    """List the files of all recordings of a corpus, wherever they are."""
    data = corpus["data"]
    return list(data["file"] if hasattr(data, "columns") else data)


def corpus_files(arguments, outputs):
    """List the files of a corpus that commands must not replace, as `prepare_output` takes them.

    All in its folder are, recordings and tables, but data sets, which an earlier run may have left there.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `basedir`.
    outputs : iterable of str or None
        What will be written; where all of it is new or a data set there is nothing to protect, and nothing is listed.

    Returns
    -------
    dict of str to list of str
        By what messages call them.
    """
    from skaudeep.cli._datasets import is_dataset

    files = []
    if any(path is not None and os.path.isfile(path) and not is_dataset(path) for path in outputs):
        folders = os.walk(arguments.basedir)
        files = [os.path.join(folder, name) for folder, _, names in folders for name in names]
    return {"--basedir": arguments.basedir, "a file of the corpus": [file for file in files if not is_dataset(file)]}


def _resolve(text):
    """Give what `load_corpus` calls the kind of corpus that the user has named, and options for it."""
    from skaudeep.corpora.kinds import list_plugins

    if ":" in text:
        return _import(text), {}
    kinds = _kinds()
    known = {_plain(name): kind for name, kind in kinds.items()}.get(_plain(text))
    if known is None:
        plugin = _plugin(text)
        if plugin is not None:
            return plugin, {}
        known = _kind_of_class(text)
    if known is None:
        names = ", ".join([*kinds, *list_plugins()])
        raise UsageError(
            f"--parser {text}: there is no such kind of corpus; choose from {names}, or give module:function"
        )
    return ("folder", {"classes": False}) if known == "none" else (known, {})


def _plain(text):
    return text.lower().replace("-", "").replace("_", "")


def _kinds():
    """Find the kinds of `load_corpus` by the names that ``--parser`` takes, "-" and "_" and case being left out."""
    from skaudeep.corpora.kinds import LAYOUTS

    kinds = dict.fromkeys(("auto", "automatic"), "auto")
    for kind, layout in LAYOUTS.items():
        kinds |= dict.fromkeys((kind, *layout.aliases), kind)
    return kinds | dict.fromkeys(("none", "no_metadata"), "none")


def _plugin(text):
    """Find the name of a plug-in as it is written, or the only one that differs from it in case."""
    from skaudeep.corpora.kinds import list_plugins

    names = list_plugins()
    alike = [name for name in names if name.lower() == text.lower()]
    return text if text in names else alike[0] if len(alike) == 1 else None


def _kind_of_class(path):
    """Find the kind of corpus of a parser of the original by the name of its class or module; None if unknown."""
    package, *parts = _plain(path).split(".")
    if package != "audeep":
        return None
    for part in parts[:-3:-1]:
        kind = next((kind for pattern, kind in _CLASSES.items() if pattern in part), None)
        if kind is not None:
            return kind
    return None


def _import(text):
    """Import the loader that ``module:function`` names."""
    import importlib

    from skaudeep.exceptions import DataSetError

    module_name, _, name = text.partition(":")
    parts = [*module_name.split("."), *name.split(".")]
    if module_name.endswith(".py") or not all(part.isidentifier() for part in parts):
        raise UsageError(f"--parser {text}: expected module:function, such as mycorpus:load (without .py)")
    try:
        function = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{module_name}.".startswith(f"{error.name}."):
            raise DataSetError(f"--parser {text}: {module_name} imports {error.name}, which is not there.") from error
        raise DataSetError(
            f"--parser {text}: there is no module {error.name}, neither installed nor in {os.getcwd()}."
        ) from error
    except Exception as error:
        raise DataSetError(
            f"--parser {text}: {module_name} cannot be imported ({type(error).__name__}: {error})."
        ) from error
    for part in name.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        raise DataSetError(f"--parser {text}: {module_name} has no function {name}.")
    return function


@contextlib.contextmanager
def _working_directory_on_path():
    """Find modules in the working directory first, as Python does for a script there."""
    before = sys.path[:]
    sys.path.insert(0, os.getcwd())
    try:
        yield
    finally:
        sys.path[:] = before
