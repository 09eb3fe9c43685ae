"""``skaudeep run``: what it prints, what its options do, and how it ends. The runs themselves: ``tests/experiment``."""

import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys

import numpy as np
import pytest
import soundfile

import skaudeep as skaudeep_package

CONFIG = """
[corpus]
path = "corpus"
[spectrograms]
n_mels = 6
[[autoencoders]]
kind = "t-rae"
n_layers = 1
n_units = 2
max_epochs = 1
batch_size = 4
[[classifiers]]
kind = "svm"
C = 0.01
[report]
enabled = false
"""
STAGES = ["extract", "train spectrograms", "generate spectrograms", "evaluate spectrograms svm"]


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a corpus of two folds and a configuration."""
    folder = tmp_path_factory.mktemp("run")
    rng = np.random.default_rng(0)
    for name in ("fold_1/rain/1.wav", "fold_1/dog/2.wav", "fold_2/rain/3.wav", "fold_2/dog/4.wav"):
        path = folder / "corpus" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, rng.uniform(-0.5, 0.5, 4000), 8000)
    (folder / "small.toml").write_text(CONFIG)
    return folder


@pytest.fixture(scope="module")
def finished(place):
    from skaudeep.experiment._config import read_experiment
    from skaudeep.experiment._run import run_experiment

    run_experiment(read_experiment(place / "small.toml"), place / "finished")
    return place / "finished"


@pytest.fixture
def out(finished, tmp_path):
    return shutil.copytree(finished, tmp_path / "out")


@pytest.fixture
def run(skaudeep, place, monkeypatch, tmp_path):
    """Run the configuration, in a working directory of its own."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: skaudeep("run", place / "small.toml", *arguments)


def test_prints_results_and_one_line_for_each_stage(run, tmp_path):
    done = run()
    assert done.status == 0
    assert (tmp_path / "small" / "experiment.json").is_file(), "called like the configuration"
    assert re.search(r"features +classifier +accuracy +UAR\nspectrograms +svm +[\d.]+ \+/- [\d.]+ +[\d.]+", done.out)
    assert re.search(r"stage +seconds\nextract +[\d.]+\ntrain spectrograms +[\d.]+\n", done.out)
    assert done.out.endswith("\nResults are in small\n")
    lines = [line for line in done.err.split("\n") if re.match(r"\d/4 .*: [\d.]+ s", line)]
    assert [re.match(r"\d/4 (.*?): ", line)[1] for line in lines] == STAGES
    assert re.search(r"4/4 evaluate spectrograms svm: [\d.]+ s, accuracy 0\.\d", done.err)


def test_says_what_is_skipped(run, out):
    done = run("--output", out)
    assert done.err == "".join(f"{i}/4 {name}: skipped, unchanged\n" for i, name in enumerate(STAGES, 1))


def test_results_for_machines(run, out):
    done = run("--output", out, "-q")
    features, classifier, *numbers = done.out.rstrip("\n").split("\t")
    assert (features, classifier, len(numbers)) == ("spectrograms", "svm", 4)
    assert done.err == ""
    text = run("--output", out, "--json").json
    (result,) = text["results"]
    assert [f"{result[key]:.6f}" for key in ("accuracy", "accuracy_std", "recall", "recall_std")] == numbers
    assert [stage["name"] for stage in text["stages"]] == STAGES


def test_dry_run_touches_nothing(run, tmp_path):
    done = run("--dry-run")
    assert done.status == 0
    assert done.err == ""
    assert re.search(r"^extract +corpus\.json, spectrograms/spectrograms\.nc +run +not done yet$", done.out, re.M)
    assert list(tmp_path.iterdir()) == []


def test_dry_run_says_what_would_run_and_why(run, out):
    before = (out / "experiment.json").read_bytes()
    done = run("--output", out, "--dry-run", "-q", "--set", "classifiers.C=0.5")
    rows = [line.split("\t") for line in done.out.splitlines()]
    assert [row[0] for row in rows] == STAGES
    assert [row[2:] for row in rows] == 3 * [["skip", "unchanged"]] + [["run", "its options have changed"]]
    stages = run("--output", out, "--dry-run", "--json", "--seed", "7").json
    assert [stage["runs"] for stage in stages] == [False, True, True, True]
    assert stages[1]["writes"] == ["models/spectrograms"]
    assert (out / "experiment.json").read_bytes() == before


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--from", "evaluate"], [False, False, False, True]),
        (["--from", "GENERATE"], [False, False, True, True]),
        (["--set", "classifiers.C=1", "autoencoders.n_units=3"], [False, True, True, True]),
        (["--set", "classifiers.C=1", "--set", "spectrograms.n_mels=7"], [True, True, True, True]),
        (["--seed", "0"], [False] * 4),
    ],
)
def test_options(run, out, options, expected):
    assert [stage["runs"] for stage in run("--output", out, "--dry-run", "--json", *options).json] == expected


def test_corpus_is_from_the_working_directory(run, place, tmp_path):
    shutil.copytree(place / "corpus", tmp_path / "other")
    (tmp_path / "other/fold_1/dog/2.wav").rename(tmp_path / "other/fold_1/dog/5.wav")
    assert run("--corpus", "other", "--dry-run").status == 0
    missing = run("--corpus", "nowhere")
    assert missing.status == 1
    assert f"The folder {tmp_path / 'nowhere'} does not exist" in missing.err
    assert [path.name for path in tmp_path.iterdir()] == ["other"]


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--set", "n_units"], 2, "--set 'n_units': write KEY=VALUE"),
        (["--set"], 2, "expected at least one argument"),
        (["--set", "autoencoders.n_unit=3"], 1, "'n_unit' is unknown; did you mean 'n_units'?"),
        (["--seed", "x"], 2, "'x' is not a whole number"),
        (["--from", "midle"], 2, "'midle' is unknown"),
        (["--sed", "1"], 2, "did you mean --se"),
        (["--output", "small.toml"], 1, "is a file; give a folder"),
        (["--set", "corpus.folds=5", "corpus.parser=folder"], 1, "4 files, too few for"),
    ],
)
def test_wrong_usage(run, tmp_path, arguments, status, message):
    (tmp_path / "small.toml").touch()
    done = run(*arguments)
    assert done.status == status
    assert message in done.err
    assert done.out == ""
    assert status == 2 or len(done.err.splitlines()) == 1


def test_wrong_configurations(skaudeep, tmp_path):
    (tmp_path / "broken.toml").write_text("[corpus")
    for path, message in {
        tmp_path / "broken.toml": "is not TOML",
        tmp_path: "is a folder; give a configuration",
        "esc-11": "neither a file nor a recipe; did you mean esc-10?",
        "esc-10": "the corpus is missing; give its folder with --corpus",
    }.items():
        done = skaudeep("run", path, "--output", tmp_path / "out")
        assert done.status == 1
        assert message in done.err
        assert len(done.err.splitlines()) == 1
    assert skaudeep("run").status == 2
    assert not (tmp_path / "out").exists()


def test_recordings_that_fail_are_named_with_the_remedy(run, place, tmp_path):
    shutil.copytree(place / "corpus", tmp_path / "other")
    for i in range(11):
        (tmp_path / f"other/fold_1/dog/on_error='x'{i}.wav").write_text("This is no audio.\n")
    done = run("--corpus", "other")
    assert done.status == 1
    *named, error = done.err.splitlines()
    assert sum(line.startswith("skaudeep: warning: ") and "cannot be decoded" in line for line in named) == 11
    assert error.startswith("skaudeep: error: 11 of 15 recordings cannot be analysed: ")
    assert "/on_error='x'0.wav: cannot be decoded" in error, "the name of a file is left as it is"
    assert "or leave them out with --set spectrograms.on_error=skip. What" in error
    done = run("--corpus", "other", "--set", "spectrograms.on_error=skip")
    assert done.status == 0
    assert "Going on: 4 of 15 recordings have been extracted before." in done.err
    assert re.search(r"^1/4 extract: [\d.]+ s, 11 recordings left out$", done.err, re.M)


def test_errors_of_the_corpus_name_keys(run, place, tmp_path):
    shutil.copytree(place / "corpus", tmp_path / "above" / "corpus")
    for dry in ([], ["--dry-run"]):
        done = run("--corpus", "above", *dry)
        assert done.status == 1
        assert "Give that folder, or --set corpus.parser=folder if" in done.err
    (tmp_path / "above/corpus/fold_1/dog/x.m4a").touch()
    done = run("--corpus", "above/corpus", "--dry-run")
    assert done.status == 1 and "leave them out with --set spectrograms.on_error=skip." in done.err
    done = run("--corpus", "above/corpus", "--dry-run", "--set", "spectrograms.on_error=skip")
    assert done.status == 0
    assert "warning: Audio: 4 recordings" in done.err and "without 1 that cannot be read (1 .m4a)" in done.err


def test_a_folder_of_others_is_left_alone(run, tmp_path):
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis/chapter.tex").touch()
    done = run("--output", "thesis")
    assert done.status == 1
    assert "thesis holds other files and no experiment" in done.err
    assert [path.name for path in (tmp_path / "thesis").iterdir()] == ["chapter.tex"]


@pytest.mark.slow
def test_a_process_that_is_stopped_or_killed_goes_on(run, place, tmp_path):
    command = [sys.executable, "-m", "skaudeep", "run", str(place / "small.toml"), "--output", str(tmp_path / "out")]
    command += ["--set", "autoencoders.max_epochs=100000"]
    env = os.environ | {"PYTHONPATH": str(pathlib.Path(skaudeep_package.__file__).parents[1])}
    for how, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=env)
        epochs = 0
        for line in process.stderr:
            epochs += line.startswith("epoch ")
            if epochs == 3:  # the first one is on disk by then
                process.send_signal(how)
                break
        out, err = process.communicate(timeout=120)
        assert process.returncode == status, err
        assert out == ""
        assert "Traceback" not in err
    stages = run("--output", "out", "--dry-run", "--json", "--set", "autoencoders.max_epochs=100000").json
    assert [stage["reason"] for stage in stages[:2]] == ["unchanged", "not done yet; goes on from its last epoch"]
