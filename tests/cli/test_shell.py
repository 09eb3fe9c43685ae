"""The prompt of the program without arguments."""

import os
import pty
import subprocess
import sys

import pytest

from skaudeep.cli import make_parser
from skaudeep.cli._shell import Shell


@pytest.fixture
def shell():
    """A shell that notes what it would run."""
    ran = []
    shell = Shell(make_parser(), ran.append)
    shell.ran = ran
    return shell


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("validate --input 'my file.nc'", ["validate", "--input", "my file.nc"]),
        ("skaudeep fuse chunks", ["fuse", "chunks"]),
        ("help", ["--help"]),
        ("help t-rae train", ["t-rae", "train", "--help"]),
        ("t-rae --help", ["t-rae", "--help"]),
    ],
)
def test_lines_are_commands(shell, line, expected):
    shell.onecmd(line)
    assert shell.ran == [expected]


def test_lines_that_do_nothing(shell, capsys):
    shell.onecmd("")
    shell.onecmd("validate --input 'x")
    assert shell.ran == []
    assert "No closing quotation" in capsys.readouterr().err


@pytest.mark.parametrize("line", ["exit", "quit", "EOF"])
def test_the_end(shell, line):
    assert shell.onecmd(line) is True


def test_errors_do_not_end_it(capsys):
    def main(argv):
        raise {"wrong": SystemExit(2), "debug": ValueError("here")}[argv[0]]

    shell = Shell(make_parser(), main)
    assert not shell.onecmd("wrong") and not shell.onecmd("debug")
    assert "ValueError: here" in capsys.readouterr().err


def test_completion(shell, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "features.nc").touch()
    (tmp_path / "folder").mkdir()

    def complete(line):
        text = line.rpartition(" ")[2]
        found = shell.completedefault(text, line, len(line) - len(text), len(line)) if " " in line else None
        return shell.completenames(text) if found is None else found

    assert complete("prep") == ["preprocess "]
    assert complete("inspect n") == ["netcdf "]
    assert complete("modify --add-c") == ["--add-cv-setup "]
    assert sorted(complete("validate --input f")) == ["features.nc ", "folder/"]


def test_on_a_terminal():
    code = "import sys; from skaudeep.cli import main; sys.exit(main())"
    terminal, end = pty.openpty()
    environment = os.environ | {"TERM": "dumb"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=end,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as process:
        os.close(end)
        os.write(terminal, b"validate --input no.nc\nfalse\nexit\n")
        out, err = process.communicate(timeout=60)
        os.close(terminal)
    assert process.returncode == 0
    assert out.count("skaudeep> ") == 3 and "exit or Ctrl-D" in out
    assert "Cannot read no.nc" in err and "'false' is not a command" in err


def test_elsewhere_there_is_help():
    code = "import sys; from skaudeep.cli import main; sys.exit(main())"
    done = subprocess.run(
        [sys.executable, "-c", code], input="exit\n", capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0
    assert "usage: skaudeep" in done.stdout.lower() and "skaudeep>" not in done.stdout
