"""What the parsers of all commands have in common."""

import argparse
import difflib
import math
import re
import sys
import textwrap

from rich_argparse import RichHelpFormatter

_EXAMPLES = "Examples:\n"

#: what options call the files and the folders that are their values
FILES = ("FILE", "CONFIG", "FEATURES")
FOLDERS = ("DIR", "RUN", "RUN/logs")


class UsageError(Exception):
    """Options that do not go together; the command ends as it does for an unknown option."""


class _Formatter(RichHelpFormatter):
    """Writes help in colours, with examples that keep their lines."""

    help_markup = text_markup = False

    def _rich_fill_text(self, text, width, indent):
        if not text.plain.startswith(_EXAMPLES):
            return super()._rich_fill_text(text, width, indent)
        lines = text.split()
        for line in lines:
            line.end = ""
        return type(text)("\n").join(lines) + "\n\n"


class Parser(argparse.ArgumentParser):
    """A parser that proposes what may have been meant."""

    def __init__(self, **options):
        self._words = []
        super().__init__(**{"formatter_class": _Formatter, **options})

    def _check_value(self, action, value):
        if action.choices is None or value in action.choices:
            return
        known = [str(choice) for choice in action.choices]
        kind = "command" if isinstance(action, argparse._SubParsersAction) else "choice"
        close = difflib.get_close_matches(str(value), known, n=1)
        meant = f"did you mean {close[0]}?" if close else f"choose from {', '.join(known)}"
        raise argparse.ArgumentError(None, f"{value!r} is not a {kind} of {self.prog}; {meant}")

    def parse_known_args(self, args=None, namespace=None):
        """Parse, and keep the words for messages."""
        self._words = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def error(self, message):
        """End the program; if an option is missing, propose which of the words was to be it."""
        if "are required: " in message:
            missing = [option for option in re.split(r"[,/ ]+", message) if option.startswith("--")]
            unknown = [word.partition("=")[0] for word in self._words if word.startswith("--")]
            for word in unknown:
                close = difflib.get_close_matches(word, missing, n=1)
                if close and not self._get_option_tuples(word) and word not in self._option_string_actions:
                    message += f"; did you mean {close[0]} by {word}?"
        super().error(message)

    def check_rest(self, rest):
        """End the program if there are arguments that the parser of the command does not know."""
        if not rest:
            return
        known = [option for option in self._option_string_actions if option.startswith("--")]
        close = difflib.get_close_matches(rest[0].partition("=")[0], known, n=1) if rest[0].startswith("-") else []
        meant = f"; did you mean {close[0]}?" if close else ""
        self.error(f"unrecognized arguments: {' '.join(rest)}{meant}")


def add_command(commands, name, run, *, help, description=None, examples=(), words=None):
    """Add the parser of a command.

    Parameters
    ----------
    commands : argparse subparsers
        All commands, or those of a group.
    name : str
        What the user types.
    run : callable
        ``run(arguments)`` does the work.
    help : str
        One line for the list of commands.
    description : str, optional
        What the command does, for its own help; by default the same line.
    examples : sequence of str
        Command lines without the name of the program.
    words : dict of str to str, optional
        What messages call what the options do not name, by the name in Python (see `skaudeep.cli._names`).

    Returns
    -------
    Parser
        The parser, to add the options of the command to.
    """
    epilog = _EXAMPLES + "\n".join(f"  skaudeep {example}" for example in examples) if examples else None
    text = description or f"{help[0].upper()}{help[1:]}."
    parser = commands.add_parser(name, help=help, description=textwrap.dedent(text), epilog=epilog)
    add_global_options(parser, default=argparse.SUPPRESS)
    parser.set_defaults(run=run, parser=parser, words=words or {})
    return parser


def add_group(commands, name, *, help):
    """Add a word with commands of its own, such as ``inspect`` with ``raw`` and ``netcdf``; give their subparsers."""
    parser = commands.add_parser(name, help=help, description=f"{help[0].upper()}{help[1:]}.")
    add_global_options(parser, default=argparse.SUPPRESS)
    return parser.add_subparsers(title="commands", metavar="COMMAND", required=True, parser_class=Parser)


def add_global_options(parser, default=None):
    """Add the options that every command has; a command's own must not undo those before its name."""
    group = parser.add_argument_group("options of all commands")
    switch = False if default is None else default
    group.add_argument("-v", "--verbose", action="store_true", default=switch, help="say more about what goes on")
    group.add_argument(
        "-q", "--quiet", action="store_true", default=switch, help="say nothing but warnings and errors; short results"
    )
    group.add_argument("--log-file", metavar="FILE", default=default, help="also append all messages to this file")
    group.add_argument("--debug", action="store_true", default=switch, help="show where an error comes from")


def add_seed(parser, what="all chance"):
    """Add ``--seed``."""
    parser.add_argument(
        "--seed",
        metavar="N",
        type=integer(0, 2**32 - 1),
        help=f"seed of {what}: the same one gives the same result (default: another one each time)",
    )


def add_jobs(parser, what="files"):
    """Add ``--n-jobs``."""
    parser.add_argument(
        "--n-jobs", metavar="N", type=_jobs, help=f"{what} to work on at a time; -1 for one per core (default: 1)"
    )


def add_json(parser):
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print the results as JSON")


def add_settings_check(parser):
    """Add ``--allow-other-settings``."""
    parser.add_argument(
        "--allow-other-settings",
        dest="check_settings",
        action="store_false",
        help="also use together what says that it was made with different settings of spectrograms, or by different "
        "networks, which is refused otherwise",
    )


def _jobs(text):
    """Read a number of jobs."""
    if text != "-1" and not (text.isdecimal() and int(text)):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of jobs: give 1 or more, or -1 for one per core")
    return int(text)


def integer(low, high=None):
    """Make the type of an option that is a whole number between two bounds."""

    def convert(text):
        try:
            value = int(text)
        except ValueError:
            value = None
        if value is None or value < low or (high is not None and value > high):
            bounds = f"of at least {low}" if high is None else f"from {low} to {high}"
            raise argparse.ArgumentTypeError(f"{text!r} is not a whole number {bounds}")
        return value

    return convert


def real(low=None, high=None, *, open_low=False, open_high=False):
    """Make the type of an option that is a number between two bounds, which it may equal unless they are open."""

    def convert(text):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        below = low is not None and (value <= low if open_low else value < low)
        above = high is not None and (value >= high if open_high else value > high)
        if not math.isfinite(value) or below or above:
            parts = [] if low is None else [f"{'above' if open_low else 'of at least'} {low}"]
            parts += [] if high is None else [f"{'below' if open_high else 'of at most'} {high}"]
            raise argparse.ArgumentTypeError(f"{text!r} is not {' '.join(['a number', ' and '.join(parts)]).strip()}")
        return value

    return convert


def choice(*values):
    """Make the type of an option that is one of several words, in either case."""

    def convert(text):
        if text.lower() not in values:
            close = difflib.get_close_matches(text.lower(), values, n=1)
            meant = f"did you mean {close[0]}?" if close else f"choose from {', '.join(values)}"
            raise argparse.ArgumentTypeError(f"{text!r} is unknown; {meant}")
        return text.lower()

    convert.values = values  # for shells that complete them
    return convert


class ParameterType:
    """Reads the value of an option that is a parameter of an estimator, as the constraints of that demand.

    Parameters
    ----------
    estimator : callable
        Gives the class, which is imported when there is a value to read.
    name : str
        The parameter.
    """

    def __init__(self, estimator, name):
        self._estimator, self._name = estimator, name

    def __call__(self, text):
        """Read a value."""
        constraints = self._constraints
        if None in constraints and text.lower() == "none":
            return None
        return self._convert(constraints)(text)

    @property
    def values(self):
        """The words that it may be, for shells; an `AttributeError` where it is a number."""
        return self._convert(self._constraints).values

    @property
    def _constraints(self):
        return self._estimator()._parameter_constraints[self._name]

    @staticmethod
    def _convert(constraints):
        from skaudeep._validation import Integral, Interval, StrOptions

        for constraint in constraints:
            if isinstance(constraint, StrOptions):
                return choice(*sorted(constraint.options))
            if isinstance(constraint, Interval) and constraint.type is Integral:
                return integer(constraint.left, constraint.right)
            if isinstance(constraint, Interval):
                open_low, open_high = (constraint.closed in (side, "neither") for side in ("right", "left"))
                return real(constraint.left, constraint.right, open_low=open_low, open_high=open_high)


#: type of a partition's name
partition = choice("train", "devel", "test")
