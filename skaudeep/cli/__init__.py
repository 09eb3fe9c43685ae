"""The command line, ``skaudeep``: one module for each command.

A module of a command has ``add_parser(commands)``, which adds the parser of the command, and ``run(arguments)``, which
does the work: it turns options into arguments of a function elsewhere, and what that returns into text. `_arguments`
and `_printing` hold what they share. Results go to standard output, everything else to standard error.
"""

import importlib
import logging
import os
import sys

from skaudeep._version import __version__
from skaudeep.cli._arguments import Parser, UsageError, add_global_options, add_group
from skaudeep.cli._names import reword
from skaudeep.cli._printing import logging_to_stderr
from skaudeep.cli._signals import Stopped, stopped_by_interrupt
from skaudeep.exceptions import AudioError, DataSetError, TrainingError

__all__ = ["main"]

# their messages say what went wrong and what to do; those of other errors need their kind to make sense
_SELF_EXPLAINING = (AudioError, DataSetError, TrainingError, OSError, ValueError, ImportError)

_log = logging.getLogger("skaudeep")


def main(argv=None):
    """Run the command line.

    Parameters
    ----------
    argv : list of str, default=None
        Arguments, by default those of the process.

    Returns
    -------
    int
        Exit status: 0 done, 1 the run failed, 130 interrupted by Ctrl-C. Wrong usage, ``--help`` and
        ``--version`` end in `SystemExit` (2, 0 and 0), as `argparse` does it.

    Examples
    --------
    >>> import tempfile
    >>> from skaudeep.cli import main
    >>> with tempfile.NamedTemporaryFile() as file:  # a file where a folder should be: an error
    ...     main(["quickstart", "--output", file.name])
    1
    """
    try:
        parser = make_parser()
        arguments, rest = parser.parse_known_args(argv)
    except KeyboardInterrupt:  # before there is anything to do
        return _interrupted()
    getattr(arguments, "parser", parser).check_rest(rest)
    if hasattr(arguments, "run"):
        return _run(arguments, own_process=argv is None)
    if argv is None and sys.stdin.isatty():
        from skaudeep.cli._shell import Shell

        Shell(parser, main).cmdloop()
    else:
        parser.print_help()
    return 0


def make_parser():
    """Make the parser of the whole command line.

    Returns
    -------
    argparse.ArgumentParser
        The parser, of which completions and the pages of the guide are made, too.
    """
    parser = Parser(
        prog="skaudeep",
        description="Unsupervised representation learning from audio: recurrent autoencoders, contrastive networks.",
        epilog="New here? Run: skaudeep quickstart",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    add_global_options(parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
    for name in _FIRST:
        _module(name).add_parser(commands)
    for kind, network in _EMBEDDERS.items():
        group = add_group(commands, kind, help=f"train {network}, and use it")
        for name in ("train", "generate"):
            _module(name).add_parser(group, kind)
    for kind, classifier in _CLASSIFIERS.items():
        group = add_group(commands, kind, help=f"classify features with {classifier}")
        for name in ("evaluate", "predict"):
            _module(name).add_parser(group, kind)
    group = add_group(commands, "evaluate", help="judge features")
    _module("compare").add_parser(group)
    for name in _LAST:
        _module(name).add_parser(commands)
    return parser


#: commands by their modules, in the order in which a newcomer meets them; groups are in between
_FIRST = ("quickstart", "run", "recipes", "inspect", "preprocess")
_LAST = (
    "fuse",
    "validate",
    "modify",
    "upsample",
    "export",
    "import_",
    "report",
    "explore",
    "plot",
    "visualize",
    "completion",
)
_EMBEDDERS = {
    "t-rae": "an autoencoder that is recurrent in time",
    "f-rae": "an autoencoder that is recurrent in frequency",
    "ft-rae": "an autoencoder that is recurrent in frequency and time",
    "contrastive": "an embedder that tells recordings apart",
}
_CLASSIFIERS = {"svm": "a linear support vector machine", "mlp": "a multi-layer perceptron"}


def _module(name):
    return importlib.import_module(f"skaudeep.cli.{name}")


def _run(arguments, own_process):
    """Run a command, with its messages and errors where they belong; give the exit status."""
    try:
        with logging_to_stderr(arguments):
            return _run_guarded(arguments, own_process)
    except OSError as error:  # of the log file
        print(f"skaudeep: error: {_explain(arguments, error)}", file=sys.stderr)
        return 1


def _run_guarded(arguments, own_process):
    interruptions = []
    try:
        with stopped_by_interrupt() as interruptions:
            if own_process and "tensorflow" not in sys.modules:
                from skaudeep._engine import claim_backend, claim_threads

                claim_backend()
                claim_threads()
            status = arguments.run(arguments)
        sys.stdout.flush()
        return status or 0
    except BrokenPipeError:  # whoever read our output, such as ``head``, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except UsageError as error:
        arguments.parser.error(str(error))
    except (KeyboardInterrupt, Stopped) as interruption:
        return _interrupted(str(interruption))
    except Exception as error:
        if interruptions:  # TensorFlow has made an error of its own of it
            return _interrupted()
        _log.debug("", exc_info=True)
        if arguments.debug:
            raise
        _log.error("%s", _explain(arguments, error))
        return 1


def _interrupted(message=""):
    """Say that Ctrl-C has ended the command; give the exit status."""
    print(f"skaudeep: {message or 'interrupted'}", file=sys.stderr)
    return 130


def _explain(arguments, error):
    message = " ".join(reword(arguments, error).splitlines())
    if message and isinstance(error, _SELF_EXPLAINING):
        return message
    return f"unexpected {type(error).__name__}: {message} (--debug shows where it comes from)"
