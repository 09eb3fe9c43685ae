"""Results, messages, warnings, and where each of them goes."""

import argparse
import json
import logging
import warnings

import numpy as np
import pytest

from skaudeep.cli._printing import logging_to_stderr, make_table, print_results, verbosity


def arguments(**options):
    return argparse.Namespace(**{"verbose": False, "quiet": False, "log_file": None, "json": False} | options)


def test_results(capsys):
    def printed(**options):
        print_results(
            arguments(**options), data={"a": np.array([1, 2]), "b": np.nan}, brief="x\ty", show=["one", "two"]
        )
        return capsys.readouterr().out

    assert printed() == "one\ntwo\n"
    assert printed(quiet=True) == "x\ty\n"
    assert json.loads(printed(json=True)) == json.loads(printed(json=True, quiet=True)) == {"a": [1, 2], "b": None}
    print_results(arguments(quiet=True), data={}, show="much")
    assert capsys.readouterr().out == ""


def test_tables_are_plain_and_whole_where_there_is_no_terminal(capsys):
    table = make_table(["name", "n", "%"], [["[b]x[/b]" + 200 * "y", 5, "1.5"], ["z", 500, None]], title="[i]A title")
    print_results(arguments(), data=None, show=table)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "[i]A title"
    assert lines[1].split() == ["name", "n", "%"]
    assert lines[2].startswith("[b]x[/b]yyy") and lines[2].split()[1:] == ["5", "1.5"]
    assert lines[3].split() == ["z", "500"] and lines[3] == lines[3].rstrip()
    assert lines[2].index(" 5 ") + 1 == lines[3].index("500") + 2  # numbers are flush right


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, ["note", "skaudeep: warning: careful now", "skaudeep: error: bad"]),
        ({"quiet": True}, ["skaudeep: warning: careful now", "skaudeep: error: bad"]),
        ({"verbose": True}, ["detail", "note", "skaudeep: warning: careful now", "skaudeep: error: bad"]),
    ],
)
def test_messages_go_to_standard_error(capsys, options, expected):
    logger = logging.getLogger("skaudeep.some.module")
    with logging_to_stderr(arguments(**options)):
        logger.debug("detail")
        logger.info("note")
        logger.warning("careful\nnow")
        logger.error("bad")
    output = capsys.readouterr()
    assert output.out == "" and output.err.splitlines() == expected
    logger.info("after")
    assert capsys.readouterr().err == ""
    assert logging.getLogger("skaudeep").handlers == [] and logging.getLogger("skaudeep").propagate


def test_warnings_are_messages(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with logging_to_stderr(arguments()):
            warnings.warn("few bins", UserWarning, stacklevel=1)
    assert capsys.readouterr().err == "skaudeep: warning: few bins\n"


def test_log_file(tmp_path, capsys):
    path = tmp_path / "log"
    path.write_text("before\n")
    with logging_to_stderr(arguments(log_file=path, quiet=True)):
        logging.getLogger("skaudeep.x").info("note")
    assert capsys.readouterr().err == ""
    before, line = path.read_text().splitlines()
    assert before == "before" and line.endswith("INFO skaudeep.x: note")
    with (
        pytest.raises(OSError, match="--log-file .* cannot be written"),
        logging_to_stderr(arguments(log_file=tmp_path)),
    ):
        pass


def test_verbosity():
    assert verbosity(arguments()) == 1 and verbosity(arguments(quiet=True)) == 0
