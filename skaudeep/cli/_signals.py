"""Ctrl-C that nothing takes for the wish to go on with what there is."""

import contextlib
import signal
import threading


class Stopped(BaseException):
    """Ctrl-C; unlike `KeyboardInterrupt`, no training keeps the result of its last epoch then and goes on."""


@contextlib.contextmanager
def stopped_by_interrupt():
    """Let Ctrl-C raise `Stopped`, unless the process does not listen to it anyway.

    Yields
    ------
    list
        Empty until Ctrl-C: code that is not Python, in whose midst it comes, may make another error of it.
    """
    seen = []

    def stop(signum, frame):
        seen.append(signum)
        raise Stopped

    before = signal.getsignal(signal.SIGINT)
    if before is not signal.default_int_handler or threading.current_thread() is not threading.main_thread():
        yield seen
        return
    signal.signal(signal.SIGINT, stop)
    try:
        yield seen
    finally:
        signal.signal(signal.SIGINT, before)
