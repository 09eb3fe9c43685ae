"""Ctrl-C, answered where nothing is left half done.

Python calls the handler of a signal in the main thread, between any two of its instructions. An exception that comes
from there between the taking of a lock and the block that releases it leaves the lock taken for ever. So whatever must
be done whole stands in a block of `deferred`, at whose end the signals that have come meanwhile are answered. Long
computations within such a block are the items of `each`, and are interrupted at once.
"""

import concurrent.futures
import os
import signal
import sys
import threading

#: Signals whose handlers raise exceptions: of Ctrl-C, of service managers, and of time limits.
_SIGNALS = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGBREAK")
    if hasattr(signal, name)
]
#: Seconds between two looks at whether there is something to answer while waiting.
WAIT_SECONDS = 0.1


class _State:
    """Holds what is going on in the main thread, which alone calls handlers."""

    def __init__(self):
        self.depth = 0  # blocks that defer signals, one within the other
        self.handlers = {}  # those that were there before, by signal
        self.arrived = []  # signals to be answered

    def forget(self):
        """Begin anew, in a forked process: the thread that deferred signals may not be in it."""
        self.depth, self.arrived = 0, []


_state = _State()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_state.forget)


class deferred:  # noqa: N801, as those of contextlib
    """Let handlers of signals, such as that of Ctrl-C, wait for the end of a block.

    Only handlers in Python are deferred; a signal that is ignored, or ends the process, goes on to do so. Threads other
    than the main one are never interrupted, and nothing happens there.

    Examples
    --------
    >>> import signal
    >>> from skaudeep._interrupts import deferred
    >>> try:
    ...     with deferred():
    ...         signal.raise_signal(signal.SIGINT)
    ...         print("to the end")
    ... except KeyboardInterrupt:
    ...     print("and then stopped")
    to the end
    and then stopped
    """

    def __enter__(self):
        hold()

    def __exit__(self, *error):
        let_go()


def hold():
    """Begin to defer; to be followed by `let_go`, with nothing between that could raise another exception."""
    if not _in_main_thread():
        return
    try:
        if not _state.depth:
            _install()
        _state.depth += 1  # from here on; before, `_note` passes everything on
    except BaseException:  # from a handler
        _put_back()
        raise


def let_go():
    """End what `hold` has begun; the outermost one answers what has come, which may raise an exception."""
    if not _in_main_thread():
        return
    try:
        _state.depth = max(_state.depth - 1, 0)  # 0 before where a second signal has come in the midst of `each`
        if _state.depth:
            return
        _put_back()
    except BaseException:  # from a handler
        _put_back()
        raise
    _answer()


def each(iterable):
    """Iterate within a block of `deferred`; what computes the items is interrupted at once.

    Parameters
    ----------
    iterable : iterable
        Of anything.

    Yields
    ------
    object
        Its items.
    """
    iterator, end = iter(iterable), object()
    while True:
        depth = _state.depth if _in_main_thread() else 0
        try:
            if depth:
                _state.depth = 0
                _put_back()
                _answer()
            item = next(iterator, end)
        finally:
            if depth:
                _install()
                _state.depth = depth
        if item is end:
            return
        yield item


def submit(pool, function, *arguments):
    """Give a pool of threads something to do, as its own method does."""
    with deferred():
        return pool.submit(function, *arguments)


def result_of(future):
    """Wait for the result of a future.

    Its own method, interrupted at a bad moment, leaves the lock taken under which the other thread is to give it.

    Parameters
    ----------
    future : concurrent.futures.Future
        What a pool of threads is doing.

    Returns
    -------
    object
        What it has returned; an exception of it is raised.
    """
    while True:
        with deferred():
            if concurrent.futures.wait([future], WAIT_SECONDS).done:
                return future.result()


def _in_main_thread():
    return threading.current_thread() is threading.main_thread()


def _install():
    """Put `_note` in the place of every handler."""
    for signum in _SIGNALS:
        handler = signal.getsignal(signum)
        if callable(handler) and handler is not _note:
            _state.handlers[signum] = handler
            signal.signal(signum, _note)


def _note(signum, frame):
    if _state.depth:
        _state.arrived.append(signum)
    else:  # just before handlers are put back, or just after they were replaced
        _state.arrived = [other for other in _state.arrived if other != signum]
        _state.handlers[signum](signum, frame)


def _put_back():
    for signum, handler in _state.handlers.items():
        if signal.getsignal(signum) is _note:
            signal.signal(signum, handler)


def _answer():
    """Let handlers answer what has come."""
    arrived, _state.arrived = _state.arrived, []
    for signum in dict.fromkeys(arrived):
        _state.handlers[signum](signum, sys._getframe())
