"""``skaudeep svm predict`` and ``mlp predict``: the file that they write, and what they refuse."""

import errno
import json
import os
import signal

import numpy as np
import pytest

from skaudeep.classification import LiblinearClassifier
from skaudeep.cli import main
from skaudeep.datasets import add_partitions, make_dataset, remove_labels, remove_partitions, select, set_labels
from skaudeep.evaluation import make_classifier, make_regressor, predict_dataset
from skaudeep.io import read_netcdf, write_netcdf

SVM = ["svm", "predict", "--complexity", "0.1"]
MLP = ["mlp", "predict", "--num-epochs", "2", "--num-units", "4"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Three data sets: one with labels and partitions, in no order, one without either, one with other features."""
    folder, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    y = np.repeat([0, 1, 2], [16, 12, 8])
    order = rng.permutation(36)
    ds = make_dataset(
        (rng.normal(size=(36, 4)) + y[:, None])[order],
        np.array([f"folder/{i // 2:02} x.wav" for i in range(36)])[order],
        chunk_nr=np.tile([0, 1], 18)[order],
        label_nominal=np.array(["wind & rain", "dog", "Zebra"])[y[order]],
    )
    ds = add_partitions(ds, ["train", "test"], random_state=0)
    write_netcdf(ds, folder / "known.nc")
    write_netcdf(remove_partitions(remove_labels(ds)), folder / "new.nc")
    write_netcdf(make_dataset(np.zeros((2, 9)), ["a", "b"]), folder / "other.nc")
    return folder


@pytest.fixture
def command(folder, tmp_path):
    """The command line to predict one file from another."""

    def make(*options, train="known.nc", new="new.nc", output="predictions.tsv", classifier=SVM):
        files = {"--train-input": folder / train, "--eval-input": folder / new, "--output": tmp_path / output}
        return [*classifier, *(str(part) for pair in files.items() for part in pair), *options]

    return make


def test_lines_of_file_and_class(folder, command, tmp_path, capsys):
    assert main(command("--majority-vote")) == 0
    text = (tmp_path / "predictions.tsv").read_bytes().decode()
    known, new = (read_netcdf(folder / name) for name in ("known.nc", "new.nc"))
    expected = predict_dataset(known, new, make_classifier("svm", C=0.1), majority_vote=True)
    assert text == "".join(f"{name}\t{label}\n" for name, label in expected.items())
    names = [line.partition("\t")[0] for line in text.splitlines()]
    assert names == sorted(names)
    assert len(names) == 18
    out, err = capsys.readouterr()
    assert "the predicted classes of 18 recordings" in out
    assert "wind & rain" in out
    assert "18 of 18 samples to predict for are also trained on" in err


def test_without_a_vote_every_chunk_has_a_line(command, tmp_path, capsys):
    assert main(command()) == 0
    names = [line.partition("\t")[0] for line in (tmp_path / "predictions.tsv").read_text().splitlines()]
    assert names == sorted(names)
    assert len(names) == 36
    assert "36 instances" in capsys.readouterr().out


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_partitions_in_either_case(folder, command, tmp_path, spelling):
    parts = ["--train-partitions", spelling("train"), "--eval-partitions", spelling("test")]
    assert main(command(*parts, new="known.nc")) == 0
    ds = read_netcdf(folder / "known.nc")
    train, test = (select(ds, partition=name) for name in ("train", "test"))
    expected = predict_dataset(train, test, make_classifier("svm", C=0.1))
    lines = [line.split("\t") for line in (tmp_path / "predictions.tsv").read_text().splitlines()]
    assert lines == [list(pair) for pair in expected.items()]


def test_json_and_quiet(command, tmp_path, capsys):
    assert main(command("--json", "--upsample", "--seed", "3")) == 0
    results = json.loads(capsys.readouterr().out)
    text = (tmp_path / "predictions.tsv").read_text()
    assert text == "".join(f"{one['filename']}\t{one['label']}\n" for one in results["predictions"])
    assert main(command("-q", "--upsample", "--seed", "3")) == 0
    assert capsys.readouterr() == (f"{tmp_path / 'predictions.tsv'}\n", "")
    assert (tmp_path / "predictions.tsv").read_text() == text


def test_the_mlp_with_a_seed(command, tmp_path):
    texts = []
    for seed in ("1", "1", "2"):
        assert main(command("--seed", seed, "--shuffle", classifier=MLP)) == 0
        texts.append((tmp_path / "predictions.tsv").read_text())
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("missing", ["--train-input", "--eval-input", "--output", "--complexity"])
def test_what_is_required(command, capsys, missing):
    arguments = command()
    at = arguments.index(missing)
    with pytest.raises(SystemExit) as end:
        main(arguments[:at] + arguments[at + 2 :])
    assert end.value.code == 2
    assert missing in capsys.readouterr().err


@pytest.mark.parametrize(
    ("files", "options", "message"),
    [
        ({"train": "nothing.nc"}, [], "nothing.nc: there is no such file"),
        ({"new": "nothing.nc"}, [], "nothing.nc: there is no such file"),
        ({"train": "new.nc"}, [], "new.nc has no labels, neither class names nor numbers"),
        ({"new": "other.nc"}, [], "other.nc 9; make both with the same model"),
        ({"train": "new.nc"}, ["--train-partitions", "train"], "--add-partitioning train devel test"),
        ({"new": "new.nc"}, ["--eval-partitions", "train"], "--add-partitioning train devel test"),
        ({"new": "known.nc"}, ["--eval-partitions", "devel"], "known.nc: --eval-partitions devel: fits none"),
        ({"output": "."}, [], "it is a folder"),
    ],
)
def test_errors(command, tmp_path, capsys, files, options, message):
    assert main(command(*options, **files)) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_names_that_would_break_the_lines(folder, command, tmp_path, capsys):
    write_netcdf(make_dataset(np.zeros((2, 4)), ["a", "b\tc"]), folder / "tab.nc")
    assert main(command(new="tab.nc")) == 1
    assert "'b\\tc' has a tabulator or line break" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", ["interruption", "full disk"])
def test_what_fails_leaves_the_old_file(command, tmp_path, capsys, monkeypatch, failure):
    output = tmp_path / "predictions.tsv"
    output.write_text("old")
    if failure == "interruption":

        def fit(self, *_):
            signal.raise_signal(signal.SIGINT)
            return self

        monkeypatch.setattr(LiblinearClassifier, "fit", fit)
    else:

        def write(*_, **__):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("pathlib.Path.write_text", write)
    assert main(command()) == {"interruption": 130, "full disk": 1}[failure]
    expected = {"interruption": "interrupted", "full disk": "No space left on device"}[failure]
    assert expected in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    assert output.read_bytes() == b"old"


def test_the_originals_files_and_format(shared, tmp_path, capsys):
    """Of its predictions only the classes may differ, as its training data are not known: see test_datasets."""
    golden = (shared / "reference" / "exports" / "svm-predictions.tsv").read_bytes()
    names = [line.partition("\t")[0] for line in golden.decode().splitlines()]
    ds = read_netcdf(shared / "reference" / "datasets" / "rep32-400.nc")
    rest = np.flatnonzero(~np.isin(ds.filename.values.astype(str), names))
    write_netcdf(ds.isel(instance=rest), tmp_path / "rest.nc")
    write_netcdf(select(ds, filename=names), tmp_path / "tested.nc")
    files = [f"--train-input={tmp_path / 'rest.nc'}", f"--eval-input={tmp_path / 'tested.nc'}"]
    assert main(["svm", "predict", "--complexity", "0.01", *files, "--output", str(tmp_path / "predictions.tsv")]) == 0
    pairs = zip(golden.splitlines(True), (tmp_path / "predictions.tsv").read_bytes().splitlines(True), strict=True)
    n_equal = 0
    for theirs, ours in pairs:
        n_equal += ours == theirs
        assert ours.partition(b"\t")[:2] == theirs.partition(b"\t")[:2]
        assert ours.endswith(b"\n")
    assert n_equal / len(names) > 0.7


def test_numbers_as_targets(folder, command, tmp_path, capsys):
    known = read_netcdf(folder / "known.nc")
    totals = {name: float(known.features.values[known.filename == name].sum()) for name in known.filename.values}
    numbers = [totals[name] for name in known.filename.values]
    with_numbers = set_labels(remove_labels(known), label_numeric=numbers)
    write_netcdf(with_numbers, folder / "numbers.nc")
    assert main(command(train="numbers.nc")) == 0
    out = capsys.readouterr().out
    assert "the predicted numbers of 36 instances" in out and "mean" in out
    lines = [line.split("\t") for line in (tmp_path / "predictions.tsv").read_text().splitlines()]
    expected = predict_dataset(with_numbers, read_netcdf(folder / "new.nc"), make_regressor("svm", C=0.1))
    assert [name for name, _ in lines] == expected.index.tolist()
    np.testing.assert_array_equal([float(number) for _, number in lines], expected)
    assert main(command("--task", "classification", "--json", train="numbers.nc")) == 0
    assert isinstance(json.loads(capsys.readouterr().out)["predictions"][0]["label"], str)
