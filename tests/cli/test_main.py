"""The frame of the command line: help, versions, exit statuses, errors in one line."""

import subprocess
import sys

import pytest

import skaudeep
from skaudeep import _engine
from skaudeep.cli import main, quickstart
from skaudeep.exceptions import DataSetError

MAIN = "import sys; from skaudeep.cli import main; sys.exit(main())"


@pytest.fixture
def failing(monkeypatch):
    """Let the command fail in a given way."""

    def fail(error):
        def run(arguments):
            raise error

        monkeypatch.setattr(quickstart, "run", run)

    return fail


def in_a_process(code, *arguments):
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize("arguments", [["--help"], ["quickstart", "--help"], []])
def test_help_is_light(arguments):
    code = f"""
import sys
from skaudeep.cli import main
try:
    status = main({arguments!r})
except SystemExit as end:
    status = end.code
heavy = {{"tensorflow", "keras", "matplotlib", "librosa", "sklearn", "numpy", "pandas", "xarray"}} & set(sys.modules)
assert not heavy, heavy
sys.exit(status)
"""
    done = in_a_process(code)
    assert done.returncode == 0, done.stderr
    assert "quickstart" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(("argv", "expected"), [(None, ["claimed", "ran"]), (["quickstart"], ["ran"])])
def test_threads_are_claimed_in_a_process_of_its_own_only(argv, expected, monkeypatch):
    done = []
    monkeypatch.setattr(_engine, "claim_threads", lambda: done.append("claimed"))
    monkeypatch.setattr(quickstart, "run", lambda arguments: done.append("ran"))
    monkeypatch.setattr(sys, "argv", ["skaudeep", "quickstart"])
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    assert main(argv) == 0
    assert done == expected


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    assert capsys.readouterr().out == f"skaudeep {skaudeep.__version__}\n"


@pytest.mark.parametrize(
    "arguments", [["quick-start"], ["quickstart", "--epochs", "3"], ["quickstart", "--seed", "-1"]]
)
def test_wrong_usage(arguments):
    done = in_a_process(MAIN, *arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "usage: skaudeep" in done.stderr.lower()
    assert arguments[-1] in done.stderr


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (DataSetError("x.nc holds\nno features"), "error: x.nc holds no features"),
        (
            FileNotFoundError(2, "No such file or directory", "a.wav"),
            "error: [Errno 2] No such file or directory: 'a.wav'",
        ),
        (KeyError("filename"), "error: unexpected KeyError: 'filename' (--debug shows where it comes from)"),
        (MemoryError(), "error: unexpected MemoryError:  (--debug shows where it comes from)"),
    ],
)
def test_an_error_is_one_line(failing, capsys, error, message):
    failing(error)
    assert main(["quickstart"]) == 1
    output = capsys.readouterr()
    assert output.err == f"skaudeep: {message}\n"
    assert output.out == ""


@pytest.mark.parametrize("arguments", [["--debug", "quickstart"], ["quickstart", "--debug"]])
def test_debug_shows_where(failing, arguments):
    failing(DataSetError("no features"))
    with pytest.raises(DataSetError, match="no features"):
        main(arguments)


def test_interruption(failing, capsys):
    failing(KeyboardInterrupt())
    assert main(["quickstart"]) == 130
    assert capsys.readouterr().err == "skaudeep: interrupted\n"


def test_a_reader_that_has_seen_enough():
    code = f"""
from skaudeep.cli import quickstart
quickstart.run = lambda arguments: print("much\\n" * 100_000)
{MAIN}
"""
    with subprocess.Popen(
        [sys.executable, "-c", code, "quickstart"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "much\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(timeout=60) == 1
