"""Errors in the words of the command line."""

import pytest

from skaudeep.cli._names import option_names
from skaudeep.exceptions import AudioError, DataSetError


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("set fixed_length, or more", "set --fixed-length, or more"),
        ("pad with fixed_length.", "pad with --fixed-length."),
        ("fixed_length=5 s is short; window_width=-1", "--fixed-length 5 s is short; --window-width -1"),
        ("leave out with on_error='skip'.", "leave out with --on-error 'skip'."),
        ("resample with sample_rate=8000, or", "resample with --sample-rate 8000, or"),
        ("begin anew with resume=False.", "begin anew with --restart."),
        ("choose with kind=.", "choose with --parser."),
        ("no option of kind='esc'; (kind= does)", "no option of --parser 'esc'; (--parser does)"),
        ("channels='right' needs two channels", "--channels 'right' needs two channels"),
        ("this kind of file", "this kind of file"),
        ("/data/fixed_length/a.wav: in fixed_length.wav", "/data/fixed_length/a.wav: in fixed_length.wav"),
        ("x/sample_rate=8000/a.wav, 'n_mels': 3", "x/sample_rate=8000/a.wav, 'n_mels': 3"),
        ("The 'n_mels' parameter", "The 'n_mels' parameter"),
        ("on_error=['a', 'b']: none", "--on-error a b: none"),
        ("cv_folds of ds[1] and ds[10] differ", "cv_folds of one.nc and ds[10] differ"),
        ("use add_folds, or remove_folds.", "use `modify --add-cv-setup`, or `modify --remove-cv-setup`."),
        ("/add_folds/a.nc, add_folds.nc", "/add_folds/a.nc, add_folds.nc"),
    ],
)
@pytest.mark.parametrize("kind", [AudioError, DataSetError, ValueError, FileNotFoundError, ImportError])
def test_parameters_become_options(message, expected, kind):
    names = ("fixed_length", "window_width", "on_error", "sample_rate", "channels")
    with (
        pytest.raises(kind) as caught,
        option_names(
            {"ds[1]": "one.nc"},
            **{name: name.replace("_", "-") for name in names},
            n_mels="mel-spectrum",
            kind="parser",
        ),
    ):
        raise kind(message)
    assert type(caught.value) is kind and str(caught.value) == expected


def test_other_errors_stay_as_they_are():
    for error in (
        UnicodeDecodeError("utf-8", b"x", 0, 1, "wrong"),
        KeyError("fixed_length"),
        OSError(2, "fixed_length"),
    ):
        with pytest.raises(type(error)) as caught, option_names(fixed_length="fixed-length"):
            raise error
        assert caught.value is error


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("upsample --partitions devel", "--partitions devel"),
        (
            "svm evaluate --complexity 1 --train-partitions train --eval-partitions devel",
            "--eval-partitions devel: no ",
        ),
        ("export --output . --name a/b", "--name 'a/b': expected"),
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
