"""The command line, ``skaudeep``: one module for each command.

A module of a command has ``add_parser(commands)``, which adds the parser of the command and returns it, and
``run(arguments)``, which does the work. Results go to standard output, everything else to standard error.
"""

import argparse
import os
import sys

from skaudeep._version import __version__
from skaudeep.cli import quickstart
from skaudeep.exceptions import AudioError, DataSetError, TrainingError

__all__ = ["main"]

_COMMANDS = (quickstart,)

# their messages say what went wrong and what to do; those of other errors need their kind to make sense
_SELF_EXPLAINING = (AudioError, DataSetError, TrainingError, OSError, ValueError, ImportError)


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
    debug = False
    try:
        parser = _make_parser()
        arguments = parser.parse_args(argv)
        debug = arguments.debug
        if arguments.command is None:
            parser.print_help()
        else:
            if argv is None and "tensorflow" not in sys.modules:  # this process is ours
                from skaudeep._engine import claim_threads

                claim_threads()
            arguments.run(arguments)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read our output, such as ``head``, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt as interruption:
        return _complain(str(interruption) or "interrupted", 130)
    except Exception as error:
        if debug:
            raise
        return _complain(_explain(error), 1)
    return 0


def _make_parser():
    from rich_argparse import RichHelpFormatter

    parser = argparse.ArgumentParser(
        prog="skaudeep",
        description="Unsupervised representation learning from audio with recurrent autoencoders.",
        epilog="New here? Run: skaudeep quickstart",
        formatter_class=RichHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    parser.add_argument("--debug", action="store_true", help="show where an error comes from")
    commands = parser.add_subparsers(
        title="commands",
        dest="command",
        metavar="COMMAND",
        parser_class=lambda **options: argparse.ArgumentParser(formatter_class=RichHelpFormatter, **options),
    )
    for module in _COMMANDS:
        command = module.add_parser(commands)
        # also understood after the name of the command, where it must not undo the one before it
        command.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help="show where an error comes from"
        )
        command.set_defaults(run=module.run)
    return parser


def _explain(error):
    message = " ".join(str(error).splitlines())
    if message and isinstance(error, _SELF_EXPLAINING):
        return f"error: {message}"
    return f"error: unexpected {type(error).__name__}: {message} (--debug shows where it comes from)"


def _complain(message, status):
    print(f"skaudeep: {message}", file=sys.stderr)
    return status
