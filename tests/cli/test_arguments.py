"""Types of options and what wrong ones are told."""

import argparse

import pytest

from skaudeep.cli._arguments import Parser, add_command, add_jobs, choice, integer, real


@pytest.mark.parametrize(
    ("convert", "text", "expected"),
    [
        (integer(1), "3", 3),
        (integer(-1), "-1", -1),
        (real(0, 1), "1", 1.0),
        (real(high=0, open_high=True), "-30", -30.0),
        (choice("gru", "lstm"), "GRU", "gru"),
    ],
)
def test_values(convert, text, expected):
    value = convert(text)
    assert value == expected and type(value) is type(expected)


@pytest.mark.parametrize(
    ("convert", "text", "message"),
    [
        (integer(1), "0", "'0' is not a whole number of at least 1"),
        (integer(0, 9), "ten", "'ten' is not a whole number from 0 to 9"),
        (integer(1), "2.5", "'2.5' is not a whole number of at least 1"),
        (real(0, 1, open_high=True), "1", "'1' is not a number of at least 0 and below 1"),
        (real(0, open_low=True), "nan", "'nan' is not a number above 0"),
        (real(), "inf", "'inf' is not a number"),
        (choice("gru", "lstm"), "lst", "'lst' is unknown; did you mean lstm?"),
        (choice("gru", "lstm"), "x", "'x' is unknown; choose from gru, lstm"),
    ],
)
def test_wrong_values(convert, text, message):
    with pytest.raises(argparse.ArgumentTypeError) as error:
        convert(text)
    assert str(error.value) == message


@pytest.fixture
def parser():
    """A parser with one command."""
    parser = Parser(prog="program")
    commands = parser.add_subparsers(parser_class=Parser)
    command = add_command(commands, "train", print, help="learn", description="Learn.", examples=["train --input a.nc"])
    command.add_argument("--input", metavar="FILE", nargs="+")
    use = add_command(commands, "use", print, help="use")
    use.add_argument("--input", required=True)
    use.add_argument("-o", "--output", required=True)
    use.add_argument("--model", nargs="?")
    add_jobs(use)
    return parser


def test_examples_keep_their_lines(parser, capsys):
    with pytest.raises(SystemExit) as end:
        parser.parse_args(["train", "--help"])
    assert end.value.code == 0
    assert "Examples:\n  skaudeep train --input a.nc\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], "'trian' is not a command of program; did you mean train?"),
        (["xyz"], "'xyz' is not a command of program; choose from train, use"),
        (["train", "--inptu", "a"], "unrecognized arguments: --inptu a; did you mean --input?"),
        (["train", "rest"], "unrecognized arguments: rest"),
        (
            ["use", "--inptu", "a", "--model=x"],
            "the following arguments are required: --input, -o/--output; did you mean --input by --inptu?",
        ),
        (
            ["use", "--input", "a", "--outptu=x"],
            "the following arguments are required: -o/--output; did you mean --output by --outptu?",
        ),
        (["use", "--input", "a", "--model"], "the following arguments are required: -o/--output"),
        (
            ["use", "--n-jobs", "0"],
            "argument --n-jobs: '0' is not a number of jobs: give 1 or more, or -1 for one per core",
        ),
    ],
)
def test_what_may_have_been_meant(parser, capsys, words, message):
    with pytest.raises(SystemExit) as end:
        arguments, rest = parser.parse_known_args(words)
        arguments.parser.check_rest(rest)
    assert end.value.code == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith(f"error: {message}")


def test_global_options_before_and_after_the_command(parser):
    from skaudeep.cli._arguments import add_global_options

    add_global_options(parser)
    for words in (["-q", "train"], ["train", "-q"]):
        arguments = parser.parse_args(words)
        assert arguments.quiet and not arguments.verbose and arguments.log_file is None
