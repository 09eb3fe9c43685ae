"""``skaudeep svm evaluate`` and ``mlp evaluate``: what they print, write and refuse."""

import json
import os
import re
import signal

import numpy as np
import pytest

from skaudeep.classification import LiblinearClassifier
from skaudeep.cli import evaluate, main, make_parser
from skaudeep.datasets import add_folds, add_partitions, make_dataset
from skaudeep.evaluation import evaluate_dataset, make_classifier, make_regressor
from skaudeep.io import read_netcdf, write_netcdf

SVM = ["svm", "evaluate", "--complexity", "0.1"]
MLP = ["mlp", "evaluate", "--num-epochs", "2", "--num-units", "4"]


@pytest.fixture(scope="module")
def make_file(tmp_path_factory):
    """Write a data set of noisy chunks, of classes whose numbers do not go by the alphabet; give its path."""

    def make(n_classes=3, folds=3, partitions=("train", "devel", "test"), n_files=8, n_chunks=2):
        rng = np.random.default_rng(0)
        y = np.repeat(np.arange(n_classes), n_files * n_chunks)
        names = np.array([f"class {n_classes - i:02}" for i in range(n_classes)])
        ds = make_dataset(
            rng.normal(size=(len(y), 4)) + y[:, None],
            [f"{i:03}.wav" for i in range(n_classes * n_files) for _ in range(n_chunks)],
            chunk_nr=np.tile(np.arange(n_chunks), n_classes * n_files),
            label_nominal=names[y],
            label_map={name: number for number, name in enumerate(names.tolist())},
        )
        ds = add_folds(ds, folds, random_state=0) if folds else ds
        ds = add_partitions(ds, partitions, random_state=0) if partitions else ds
        path = tmp_path_factory.mktemp("data") / "features.nc"
        write_netcdf(ds, path)
        return str(path)

    return make


@pytest.fixture(scope="module")
def features(make_file):
    return make_file()


def run_json(capsys, *arguments):
    assert main([*arguments, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_prints_the_evaluation(features, capsys):
    expected = evaluate_dataset(read_netcdf(features), make_classifier("svm", C=0.1))
    assert main([*SVM, "--input", features, "--cross-validate"]) == 0
    out, err = capsys.readouterr()
    assert f"svm on {features}: 48 instances tested\n" in out
    for i, name in enumerate(expected.splits):
        accuracy, recall = 100 * expected.accuracy[0, i], 100 * expected.recall[0, i]
        assert re.search(rf"^{name} +{accuracy:.2f} +{recall:.2f}$", out, re.MULTILINE)
    values = 100 * expected.accuracy
    assert f"accuracy {values.mean():.2f} % +/- {2 * values.std():.2f}, UAR" in out
    assert "(mean +/- 2 std over 3 folds)" in out
    # rows by the alphabet, each with its own figures
    for i, (name, row) in enumerate(zip(["class 01", "class 02", "class 03"], expected.confusion, strict=True), 1):
        assert re.search(rf"^{i} {name} +{' +'.join(map(str, row))}$", out, re.MULTILINE)
    assert "Evaluating: 3 fits" in err


@pytest.mark.parametrize("classifier", [SVM, MLP])
def test_quiet_is_two_numbers(features, capsys, classifier):
    command = [*classifier, "--input", features, "--cross-validate", "--seed", "1"]
    results = run_json(capsys, *command)
    assert main([*command, "-q"]) == 0
    out, err = capsys.readouterr()
    assert out == f"{np.mean(results['accuracy']):.6f},{np.mean(results['recall']):.6f}\n"
    assert err == ""


@pytest.mark.parametrize("spelling", [str.lower, str.upper])
def test_partitions_in_either_case(features, capsys, spelling):
    parts = ["--train-partitions", spelling("train"), spelling("devel"), "--eval-partitions", spelling("test")]
    results = run_json(capsys, *SVM, "--input", features, *parts)
    expected = evaluate_dataset(
        read_netcdf(features), make_classifier("svm", C=0.1), train=["train", "devel"], test="test"
    )
    for name, values in expected.to_dict().items():
        assert results[name] == values
    assert results["settings"]["eval_partitions"] == ["test"]
    assert main([*SVM, "--input", features, *parts]) == 0
    out = capsys.readouterr().out
    accuracy, recall = 100 * expected.accuracy[0, 0], 100 * expected.recall[0, 0]
    assert f"\naccuracy {accuracy:.2f} %, UAR {recall:.2f} %\n" in out


def test_the_file_holds_what_json_prints(features, capsys, tmp_path):
    output = tmp_path / "evaluation.json"
    command = [*SVM, "--input", features, "--cross-validate", "--repeat", "2", "--seed", "3", "--majority-vote"]
    printed = run_json(capsys, *command, "--upsample", "--output", str(output))
    assert json.loads(output.read_text()) == printed
    assert printed["features"] == "features"
    assert printed["classifier"] == "svm"
    assert printed["settings"] == {
        "C": 0.1,
        "cross_validate": True,
        "upsample": True,
        "majority_vote": True,
        "repeat": 2,
        "seed": 3,
    }
    assert printed["splits"] == ["fold 1", "fold 2", "fold 3"]
    assert np.shape(printed["accuracy"]) == np.shape(printed["recall"]) == (2, 3)
    assert np.sum(printed["confusion"]) == 2 * 24
    assert printed["seconds"] > 0
    assert main([*command, "--output", str(output)]) == 0
    assert "24 recordings tested" in (out := capsys.readouterr().out)
    assert "(mean +/- 2 std over 3 folds, of means of 2 repeats)" in out


def test_options_reach_the_classifier():
    def read(*arguments):
        return evaluate.read_parameters(make_parser().parse_args(arguments))

    assert read("svm", "evaluate", "--input", "x", "--complexity", "1e-3") == {"C": 0.001}
    defaults = {"hidden_layer_sizes": [150, 150], "dropout": 0.4, "learning_rate": 1e-3, "max_epochs": 400}
    assert read("mlp", "evaluate", "--input", "x", "--shuffle") == defaults
    options = ["--num-epochs=5", "--learning-rate=0.1", "--num-layers=3", "--num-units=7", "--keep-prob=0.9"]
    changed = {"hidden_layer_sizes": [7, 7, 7], "dropout": 0.1, "learning_rate": 0.1, "max_epochs": 5}
    assert read("mlp", "evaluate", "--input", "x", *options) == changed
    make_classifier("mlp", **changed)


def test_the_mlp_with_a_seed(features, capsys):
    first, again, other = (
        run_json(capsys, *MLP, "--input", features, "--cross-validate", "--repeat", "2", "--seed", seed)
        for seed in ("1", "1", "2")
    )
    for results in (first, again, other):
        del results["seconds"], results["settings"]["seed"]
    assert first == again
    assert first["confusion"] != other["confusion"]
    assert first["accuracy"][0] != first["accuracy"][1]


def test_many_classes_are_readable_in_a_file(make_file, capsys):
    path = make_file(n_classes=30, n_files=3, n_chunks=1)
    assert main([*SVM, "--input", path, "--cross-validate"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [line.split() for line in lines if re.match(r"\d+ class ", line)]
    assert len(rows) == 30
    assert all(len(row) == 33 for row in rows)
    assert sum(int(number) for row in rows for number in row[3:]) == 90


def test_many_classes_are_readable_on_a_terminal(make_file, capsys, monkeypatch):
    path = make_file(n_classes=30, n_files=3, n_chunks=1)
    monkeypatch.setattr("shutil.get_terminal_size", lambda: os.terminal_size((60, 24)))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    assert main([*SVM, "--input", path, "--cross-validate"]) == 0
    rows = [line for line in capsys.readouterr().out.splitlines() if re.match(r"(\x1b\S*)?\d+ class ", line)]
    assert len(rows) == 90  # three tables
    assert max(map(len, rows)) <= 60


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "give --cross-validate, or --train-partitions and --eval-partitions"),
        (["--train-partitions", "train"], "--train-partitions needs --eval-partitions"),
        (["--eval-partitions", "test"], "--eval-partitions needs --train-partitions"),
        (["--cross-validate", "--eval-partitions", "test"], "--cross-validate does not go together"),
        (["--train-partitions", "train", "test", "--eval-partitions", "TEST"], "test is in --train-partitions and in"),
        (["--train-partitions", "trian", "--eval-partitions", "test"], "'trian' is unknown; did you mean train?"),
        (["--cross-validate", "--repeat", "0"], "'0' is not a whole number of at least 1"),
        (["--cross-validate", "--complexity", "0"], "'0' is not a number above 0"),
        (["--cross-validate", "--complexity", "much"], "'much' is not a number"),
        (["--cross-validate", "--seed", "-1"], "--seed"),
        (["--cross-validate", "--num-epochs", "3"], "--num-epochs"),
    ],
)
def test_wrong_usage(features, capsys, arguments, message):
    with pytest.raises(SystemExit) as end:
        main([*SVM, "--input", features, *arguments])
    assert end.value.code == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in " ".join(err.split())


@pytest.mark.parametrize("missing", ["--complexity", "--input"])
def test_what_is_required(features, capsys, missing):
    given = {"--complexity": "1", "--input": features}
    del given[missing]
    with pytest.raises(SystemExit) as end:
        main(["svm", "evaluate", "--cross-validate", *next(iter(given.items()))])
    assert end.value.code == 2
    assert f"required: {missing}" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option", [["--keep-prob", "0"], ["--keep-prob", "1.5"], ["--num-layers", "0"], ["--learning-rate", "nan"]]
)
def test_wrong_options_of_the_mlp(features, capsys, option):
    with pytest.raises(SystemExit) as end:
        main([*MLP, "--input", features, "--cross-validate", *option])
    assert end.value.code == 2
    assert option[0] in capsys.readouterr().err


def test_data_sets_that_lack_something(make_file, capsys):
    bare = make_file(folds=None, partitions=None)
    parts = ["--train-partitions", "train", "--eval-partitions", "test"]
    for arguments, remedy in ((["--cross-validate"], "--add-cv-setup 5"), (parts, "--add-partitioning train")):
        assert main([*SVM, "--input", bare, *arguments]) == 1
        assert f"skaudeep modify --input {bare} {remedy}" in capsys.readouterr().err
    some = make_file(folds=None, partitions=("train", "devel"))
    assert main([*SVM, "--input", some, *parts]) == 1
    assert "no instance is there; the data set has instances in 'train', 'devel'" in capsys.readouterr().err


@pytest.mark.parametrize("what", ["missing", "folder", "text", "other"])
def test_inputs_that_are_no_data_set(tmp_path, capsys, what):
    path = tmp_path / "features.nc"
    if what == "folder":
        path.mkdir()
    if what == "text":
        path.write_text("no data set\n" * 100)
    if what == "other":
        make_dataset([[0.0]], ["a"]).drop_vars("filename").to_netcdf(path, engine="netcdf4")
    assert main([*SVM, "--input", str(path), "--cross-validate"]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert str(path) in err
    assert err.count("\n") == 1


def test_features_that_are_not_finite(features, tmp_path, capsys):
    ds = read_netcdf(features)
    ds.features[5, 0] = np.nan
    path = tmp_path / "nan.nc"
    write_netcdf(ds, path)
    assert main([*SVM, "--input", str(path), "--cross-validate"]) == 1
    assert f"{path}: features: {path} has NaN or infinity in those of 002.wav, chunk 1" in capsys.readouterr().err


@pytest.mark.filterwarnings("default:fold 1")
def test_a_class_that_is_not_trained_on_is_a_warning(features, tmp_path, capsys):
    ds = read_netcdf(features)
    folds = (ds.label_nominal.values == "class 02").astype(int)[:, None]
    path = tmp_path / "unfair.nc"
    write_netcdf(ds.drop_vars("cv_folds").assign(cv_folds=(("instance", "fold"), folds)), path)
    assert main([*SVM, "--input", str(path), "--cross-validate", "-q"]) == 0
    out, err = capsys.readouterr()
    assert out == "0.000000,0.000000\n"
    assert err.startswith("skaudeep: warning: fold 1: no sample of class 02 is trained on, but 16 are tested on")


def test_a_place_that_cannot_be_written_is_found_before_the_work(features, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(LiblinearClassifier, "fit", lambda *_: pytest.fail("worked in vain"))
    file = tmp_path / "file"
    file.touch()
    for output in (tmp_path, file / "evaluation.json"):
        assert main([*SVM, "--input", features, "--cross-validate", "--output", str(output)]) == 1
        assert str(output) in capsys.readouterr().err


def test_the_folder_of_the_file_is_made(features, tmp_path):
    output = tmp_path / "new" / "evaluation.json"
    assert main([*SVM, "--input", features, "--cross-validate", "--output", str(output)]) == 0
    assert json.loads(output.read_text())["classifier"] == "svm"


@pytest.mark.parametrize("failure", ["interruption", "error"])
def test_what_fails_leaves_the_old_file(features, tmp_path, capsys, monkeypatch, failure):
    output = tmp_path / "evaluation.json"
    output.write_text("old")
    fit, n_fits = LiblinearClassifier.fit, []

    def fail(self, X, y):
        n_fits.append(1)
        if len(n_fits) == 2 and failure == "error":
            raise ValueError("no more")
        if len(n_fits) == 2:
            os.kill(os.getpid(), signal.SIGINT)
        return fit(self, X, y)

    monkeypatch.setattr(LiblinearClassifier, "fit", fail)
    status = main([*SVM, "--input", features, "--cross-validate", "--output", str(output)])
    assert status == {"interruption": 130, "error": 1}[failure]
    out, err = capsys.readouterr()
    assert out == ""
    assert {"interruption": "skaudeep: interrupted\n", "error": "skaudeep: error: no more\n"}[failure] in err
    assert [path.name for path in tmp_path.iterdir()] == [output.name]
    assert output.read_text() == "old"


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    """A data set whose targets are numbers, with folds and partitions."""
    rng = np.random.default_rng(0)
    y = np.repeat(rng.normal(size=24), 2)
    files, chunk_nr = np.repeat([f"{i:02}.wav" for i in range(24)], 2), np.tile([0, 1], 24)
    ds = make_dataset(rng.normal(size=(48, 3)) + 2 * y[:, None], files, chunk_nr=chunk_nr, label_numeric=y)
    ds = add_partitions(add_folds(ds, 3, random_state=0), ["train", "devel", "test"], random_state=0)
    path = tmp_path_factory.mktemp("numbers") / "features.nc"
    write_netcdf(ds, path)
    return str(path)


def test_numbers_as_targets(numbers, tmp_path, capsys):
    command = [*SVM, "--input", numbers, "--cross-validate", "--majority-vote"]
    expected = evaluate_dataset(read_netcdf(numbers), make_regressor("svm", C=0.1), majority_vote=True)
    output = tmp_path / "results.json"
    assert main([*command, "--output", str(output)]) == 0
    out = capsys.readouterr().out
    assert f"svm on {numbers}: numbers predicted for 24 recordings\n" in out
    lines = {
        line.rsplit(maxsplit=6)[0].strip(): line.split()[-6:] for line in out.splitlines() if len(line.split()) > 6
    }
    table = expected.table()
    for name in table.index[:-1]:
        np.testing.assert_allclose([float(cell) for cell in lines[name]], table.loc[name], rtol=0.01, atol=1e-3)
    control = table.loc["predicting the mean"]
    written = [f"{control['ccc']:.3f}", f"{control['rmse']:#.3g}", f"{control['mae']:#.3g}", f"{control['r2']:.3f}"]
    assert [line.split() for line in out.splitlines() if "predicting" in line] == [
        ["predicting", "the", "mean", *written]
    ]
    written = json.loads(output.read_text())
    assert written["task"] == "regression" and written["scores"] == expected.to_dict()["scores"]
    assert run_json(capsys, *command)["pooled"] == expected.to_dict()["pooled"]
    assert main([*command, "-q"]) == 0
    brief = [float(part) for part in capsys.readouterr().out.split(",")]
    np.testing.assert_allclose(brief, [expected.summary("ccc")[0], expected.summary("rmse")[0]], atol=1e-6)


def test_the_task_can_be_forced(features, numbers, capsys):
    assert (
        run_json(capsys, *SVM, "--input", features, "--cross-validate", "--task", "regression")["task"] == "regression"
    )
    partitions = ["--train-partitions", "train", "--eval-partitions", "devel", "test"]
    found = run_json(capsys, *MLP, "--input", numbers, *partitions, "--repeat", "2")
    assert np.shape(found["scores"]["label"]["ccc"]) == (2, 1) and len(found["pooled"]["label"]["rmse"]) == 2
    assert main([*SVM, "--input", numbers, *partitions, "--upsample"]) == 1
    assert "--upsample: there are no classes to balance" in capsys.readouterr().err
