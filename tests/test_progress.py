"""Progress: plain lines in logs, a bar on a terminal, nothing unless asked."""

import sys

import pytest
from rich.console import Console

from skaudeep._progress import progress


def run(enabled):
    with progress("Working", 3, enabled=enabled, unit="steps") as advance:
        for i in range(3):
            advance(note=f"loss {i}")


def test_silent_by_default(capfd):
    run(False)
    assert capfd.readouterr() == ("", "")


def test_one_plain_line_where_there_is_no_terminal(capfd):
    run(True)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("Working: 3 steps in ") and err.endswith("s, loss 2\n")


def test_an_early_end_is_told(capfd):
    with progress("Training", 50, enabled=True, unit="epochs") as advance:
        advance()
    assert "Training: 1 of 50 epochs in" in capfd.readouterr().err


def test_a_failure_is_not_reported_as_done(capfd):
    with pytest.raises(RuntimeError), progress("Working", 3, enabled=True):
        raise RuntimeError
    assert "Working" not in capfd.readouterr().err


def test_a_bar_on_a_terminal(monkeypatch, capfd):
    monkeypatch.setattr(
        "rich.console.Console", lambda **kwargs: Console(file=sys.stderr, force_terminal=True, width=100)
    )
    run(True)
    out, err = capfd.readouterr()
    assert out == "" and "Working" in err and "3/3" in err and "loss 2" in err
