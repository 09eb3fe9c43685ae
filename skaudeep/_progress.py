"""The one place that shows progress: a bar on a terminal, a plain line elsewhere."""

import contextlib
import sys
import time


def on_terminal():
    """Whether somebody sees a bar, so that lines for each step would be too many."""
    return sys.stderr is not None and sys.stderr.isatty()


@contextlib.contextmanager
def progress(description, total, *, enabled, unit="files"):
    """Show how far a loop has come, on standard error.

    Parameters
    ----------
    description : str
        What is being done, for example ``"Extracting spectrograms"``.
    total : int
        The number of steps to expect.
    enabled : bool
        Whether to show anything at all.
    unit : str, default="files"
        What one step is, for the plain line.

    Yields
    ------
    callable
        ``advance(n=1, note="")``, to be called after each step.
    """
    if not enabled:
        yield lambda n=1, note="": None
        return
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield from _plain(description, total, unit)
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(description, total=total, note="")
        yield lambda n=1, note="": bar.update(task, advance=n, note=note)


def _plain(description, total, unit):
    """Write one line at the end, for logs and pipes."""
    start, last = time.perf_counter(), {"done": 0, "note": ""}

    def advance(n=1, note=""):
        last.update(done=last["done"] + n, note=note)

    yield advance
    seconds = time.perf_counter() - start
    note = f", {last['note']}" if last["note"] else ""
    done = last["done"] if last["done"] == total else f"{last['done']} of {total}"
    print(f"{description}: {done} {unit} in {seconds:.1f} s{note}", file=sys.stderr)
