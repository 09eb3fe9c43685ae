"""The frame of the command line: help, versions, exit statuses, errors in one line."""

import argparse
import re
import signal
import subprocess
import sys

import pytest

import skaudeep
from skaudeep import _engine
from skaudeep.cli import main, make_parser, quickstart
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


def all_commands(parser=None, words=()):
    """Words of every command, found as the parser has them."""
    actions = [a for a in (parser or make_parser())._actions if isinstance(a, argparse._SubParsersAction)]
    if not actions:
        yield words
    for action in actions:
        for name, command in action.choices.items():
            yield from all_commands(command, (*words, name))


COMMANDS = list(all_commands())

#: commands and options that scripts for the original use
REFERENCE = {
    "inspect raw": "--basedir --parser",
    "inspect netcdf": "--input --instance --detailed-folds",
    "preprocess": "--basedir --parser --output --window-width --window-overlap --mel-spectrum --chunk-length "
    "--chunk-count --clip-above --clip-below --channels --fixed-length --center-fixed --pretend",
    "export": "--input --output --format --labels-last --name",
    "import": "--basedir --name --output --filename-attribute --chunk-nr-attribute --label-nominal-attribute "
    "--label-numeric-attribute",
    "upsample": "--input --partitions --output",
    "modify": "--input --output --add-cv-setup --remove-cv-setup --add-partitioning --remove-partitioning",
    "fuse": "--input --dimension --output",
    "validate": "--input --detailed",
    "visualize tsne": "--input --perplexity --learning-rate",
}
for kind in ("t", "f", "ft"):
    one = (
        "--num-layers --num-units --bidirectional-encoder --bidirectional-decoder --encoder-noise --feed-previous-prob"
    )
    two = " ".join(
        f"--num-{x}-layers --num-{x}-units --bidirectional-{x}-encoder --bidirectional-{x}-decoder --{x}-encoder-noise "
        f"--{x}-feed-previous-prob"
        for x in "ft"
    )
    REFERENCE[f"{kind}-rae train"] = (
        "--input --run-name --batch-size --num-epochs --learning-rate --checkpoints-to-keep --tempdir --continue "
        "--mask-silence --keep-prob --cell " + (two if kind == "ft" else one)
    ) + ("" if kind == "t" else " --freq-window-width --freq-window-overlap")
    REFERENCE[f"{kind}-rae generate"] = "--model-dir --input --output --batch-size --steps"
for kind, own in (
    ("svm", "--complexity"),
    ("mlp", "--num-epochs --learning-rate --num-layers --num-units --keep-prob --shuffle"),
):
    REFERENCE[f"{kind} evaluate"] = (
        f"--input --cross-validate --train-partitions --eval-partitions --repeat --upsample --majority-vote {own}"
    )
    REFERENCE[f"{kind} predict"] = (
        "--train-input --train-partitions --eval-input --eval-partitions --upsample --majority-vote --output " + own
    )


def test_commands_and_options_of_the_original_are_there(capsys):
    for command, options in REFERENCE.items():
        with pytest.raises(SystemExit):
            main([*command.split(), "--help"])
        # as words: those that argparse takes for abbreviations do not count
        words = set(re.findall(r"--[a-z-]+", capsys.readouterr().out))
        assert set(options.split()) <= words, command


def test_help_is_light():
    """Of all commands: what this process would import for help, another one does without anything heavy."""
    code = f"""
import contextlib, io, sys
from skaudeep.cli import main
for words in {[["--help"], [], *([*words, "--help"] for words in COMMANDS)]!r}:
    with contextlib.redirect_stdout(io.StringIO()) as out:
        try:
            status = main(words)
        except SystemExit as end:
            status = end.code
    assert status == 0 and "usage: skaudeep" in out.getvalue().lower(), words
heavy = {{"tensorflow", "keras", "matplotlib", "librosa", "sklearn", "numpy", "pandas", "xarray", "plotly", "jinja2"}}
assert not heavy & set(sys.modules), heavy & set(sys.modules)
"""
    done = in_a_process(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


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
        (MemoryError(), "error: unexpected MemoryError: (--debug shows where it comes from)"),
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


@pytest.mark.parametrize("moment", ["threads", "argparse"])
def test_interruption_before_the_command_begins(monkeypatch, capsys, moment):
    def interrupt(*arguments):
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(sys, "argv", ["skaudeep", "quickstart"])
    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    if moment == "argparse":
        monkeypatch.setattr(argparse.ArgumentParser, "parse_known_args", interrupt)
    else:
        monkeypatch.setattr(_engine, "claim_threads", interrupt)
    assert main() == 130
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
