"""Messages in the words of the command line."""

import argparse

import pytest

from skaudeep.cli._names import reword
from skaudeep.exceptions import AudioError, Message, ParameterError, param


@pytest.fixture
def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--input", nargs="+")
    parser.add_argument("--fixed-length")
    parser.add_argument("--mel-spectrum", dest="n_mels")
    parser.add_argument("--on-error")
    parser.add_argument("--restart", dest="resume", action="store_false")
    parser.add_argument("--folds", dest="folds", nargs="+")
    words = {"kind": "--parser", "label": "--columns label", "label=False": "--columns label=none"}
    return parser.parse_args(["--input", "one.nc", "two.nc"], argparse.Namespace(parser=parser, words=words))


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (f"pad with {param.fixed_length}", "pad with --fixed-length"),
        (f"{param('fixed_length', 5.0)} s; {param('n_mels', 3)}", "--fixed-length 5 s; --mel-spectrum 3"),
        (f"leave out with {param('on_error', 'skip')}.", "leave out with --on-error skip."),
        (f"begin anew with {param('resume', False)}", "begin anew with --restart"),
        (f"{param('folds', ['a', 'b'])}: none", "--folds a b: none"),
        (f"{param('kind', None)}", "--parser none"),
        (f"{param('label', 'class')} or {param('label', False)}", "--columns label=class or --columns label=none"),
        (f"{param('datasets[1]')} and {param('datasets[10]')}", "two.nc and datasets[10]"),
        (f"use {param.add_folds}", "use `modify --add-cv-setup`"),
        (f"{param('other', 'x')} of fixed_length", "other='x' of fixed_length"),
        ("fixed_length=3 in on_error.wav", "fixed_length=3 in on_error.wav"),
    ],
)
def test_parameters_become_options(arguments, message, expected):
    assert reword(arguments, Message(message)) == expected
    assert reword(arguments, AudioError(message)) == reword(arguments, UserWarning(Message(message))) == expected


def test_errors_without_names_stay_as_they_are(arguments):
    assert reword(arguments, OSError(2, "fixed_length")) == str(OSError(2, "fixed_length"))
    assert reword(arguments, ParameterError("n_mels", 0, ": too few")) == "--mel-spectrum 0: too few"


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("upsample --partitions devel", "--partitions devel"),
        (
            "svm evaluate --complexity 1 --train-partitions train --eval-partitions devel",
            "--eval-partitions devel: no ",
        ),
        ("export --output . --name a/b", "--name a/b: expected"),
        ("plot embedding --perplexity 99 --output x.png", "--perplexity 99 must be less"),
        ("modify --add-partitioning train --output no.nc", "take them away with --remove-partitioning first"),
    ],
)
def test_commands_speak_of_options(skaudeep, write_dataset, tmp_path, monkeypatch, command, message):
    monkeypatch.chdir(tmp_path)
    path = write_dataset(partition=[0, 2] * 6, chunks=1, n=12)
    done = skaudeep(*command.split(), "--input", path)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert message in done.err


def test_going_on_with_other_options(skaudeep, tmp_path):
    from skaudeep.datasets import make_dataset
    from skaudeep.io import write_netcdf

    write_netcdf(make_dataset([[[0.5, 0.1]] * 3] * 4, list("abcd")), tmp_path / "s.nc")
    words = ["t-rae", "train", "--input", tmp_path / "s.nc", "--run-name", tmp_path / "run", "--num-epochs", 0, "-q"]
    assert skaudeep(*words, "--num-units", 2).status == 0
    done = skaudeep(*words, "--num-units", 3, "--keep-prob", 1, "--continue")
    assert done.status == 1
    assert "--num-units 2, not 3" in done.err and "dropout (1 - --keep-prob) 0.2, not 0.0" in done.err
    assert done.err.endswith("or give another --run-name\n")
