"""What the commands say: results to standard output, everything else to standard error."""

import contextlib
import logging
import sys
import warnings

from skaudeep.cli._names import RewordingFilter, reword
from skaudeep.cli._outputs import check_log_file


def print_results(arguments, *, data, show, brief=None):
    """Print the results of a command in the form that its options ask for.

    Parameters
    ----------
    arguments : argparse.Namespace
        With `quiet` and, where the command has it, `json`.
    data : object
        What ``--json`` prints: dictionaries, lists, numbers, text, NumPy arrays; NaN becomes null.
    show : str, rich renderable or list of these
        For people; text is printed as it is.
    brief : str, optional
        What ``-q`` prints; None for nothing.
    """
    if getattr(arguments, "json", False):
        import orjson

        options = orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
        print(orjson.dumps(data, default=str, option=options).decode())
    elif arguments.quiet:
        if brief is not None:
            print(brief)
    else:
        for part in show if isinstance(show, list) else [show]:
            print(part if isinstance(part, str) else _render(part))


def make_table(columns, rows, *, title=None):
    """Make a table for `print_results`.

    Parameters
    ----------
    columns : sequence of str
        Their names.
    rows : iterable of sequences
        Text, which is not interpreted, or numbers, which make a column flush right if all of it is numbers; None is
        an empty cell.
    title : str, optional
        Written above.

    Returns
    -------
    rich.table.Table
        The table.
    """
    from rich.table import Table
    from rich.text import Text

    rows = [list(row) for row in rows]
    table = Table(title=title and Text(title), title_justify="left", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for i, name in enumerate(columns):
        # what float() understands lines up on the right, such as figures with a fixed number of digits
        numbers = rows and all(_is_number(row[i]) for row in rows)
        table.add_column(Text(name), justify="right" if numbers else "left", header_style="bold", overflow="fold")
    for row in rows:
        table.add_row(*(Text("" if cell is None else str(cell)) for cell in row))
    return table


def verbosity(arguments):
    """Tell how much the steps of a command say of their progress, as their parameter `verbose`."""
    return 0 if arguments.quiet else 1


@contextlib.contextmanager
def logging_to_stderr(arguments):
    """Show what the package logs, and its warnings, on standard error, and keep it in a file if asked for."""
    check_log_file(arguments)
    logger = logging.getLogger("skaudeep")
    handlers = [_StandardError()]
    handlers[0].setFormatter(_Formatter())
    handlers[0].setLevel(_level(arguments))
    if arguments.log_file is not None:
        try:
            handlers.append(logging.FileHandler(arguments.log_file, encoding="utf-8", delay=False))
        except OSError as error:
            raise OSError(f"--log-file {arguments.log_file} cannot be written ({error.strerror})") from error
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
        handlers[1].setLevel(min(logging.INFO, _level(arguments)))
    before = logger.level, logger.propagate, warnings.showwarning
    logger.setLevel(min(handler.level for handler in handlers))
    logger.propagate = False
    for handler in handlers:
        handler.addFilter(RewordingFilter(arguments))
        logger.addHandler(handler)
    warnings.showwarning = lambda warning, *place, **more: logger.warning("%s", reword(arguments, warning))
    try:
        yield
    finally:
        logger.level, logger.propagate, warnings.showwarning = before
        logger.setLevel(before[0])
        for handler in handlers:
            logger.removeHandler(handler)
            handler.close()


def _level(arguments):
    return logging.DEBUG if arguments.verbose else logging.WARNING if arguments.quiet else logging.INFO


class _StandardError(logging.Handler):
    """Writes to what is standard error at that moment, which a progress bar may have replaced."""

    def emit(self, record):
        try:
            print(self.format(record), file=sys.stderr, flush=True)
        except Exception:
            self.handleError(record)


class _Formatter(logging.Formatter):
    """Writes messages as they are, warnings and errors with what they are, in one line."""

    def formatMessage(self, record):  # noqa: N802
        if record.levelno < logging.WARNING:
            return record.message
        return f"skaudeep: {record.levelname.lower()}: {' '.join(record.message.split())}"


def _is_number(cell):
    try:
        float(cell)
    except (TypeError, ValueError):
        return cell is None
    return True


def _render(renderable):
    """Write a rich renderable as text: in colours on a terminal, elsewhere as wide as it needs."""
    from rich.console import Console

    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100_000)
    with console.capture() as capture:
        console.print(renderable, end="")
    return "\n".join(line.rstrip() for line in capture.get().rstrip("\n").split("\n"))
