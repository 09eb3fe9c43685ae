"""``skaudeep quickstart``: what it prints, and that what it proposes works."""

import os
import pathlib
import re
import shlex
import signal
import subprocess
import sys

import pytest

import skaudeep as skaudeep_package
from skaudeep import _training
from skaudeep.experiment import quickstart

SOUNDS = quickstart.SOUNDS | {"n_classes": 2, "n_per_class": 6, "n_folds": 2, "min_seconds": 1.0, "max_seconds": 1.0}
TINY = {"autoencoders.n_units": 4, "autoencoders.max_epochs": 2, "autoencoders.conv_channels": [2, 2, 2]}
NETWORKS = ("autoencoder", "contrastive")


#: Without what takes long.
QUICK = {"classifiers": [{"kind": "linearsvc"}], "evaluation.controls": False, "report.enabled": False}


@pytest.fixture
def run(skaudeep, monkeypatch):
    """Run the command with sounds and networks as small as can be, and changes of the recipe."""
    run_quickstart = quickstart.run_quickstart

    def run(folder, *options, **changes):
        def tiny(folder, *, overrides, verbose):
            return run_quickstart(folder, overrides=TINY | changes | overrides, sounds=SOUNDS, verbose=verbose)

        monkeypatch.setattr(quickstart, "run_quickstart", tiny)
        return skaudeep("quickstart", "--output", folder, *options)

    return run


def test_results_files_and_what_to_try_next(run, skaudeep, tmp_path):
    folder = tmp_path / "first"
    done = run(folder)
    assert done.status == 0
    assert "Making synthetic sounds" in done.err
    assert re.search(r"^34/34 report: ", done.err, re.M)
    assert ", accuracy" not in done.err.partition("evaluate")[0]

    # figures, and what they say of learning
    figures = dict(re.findall(r"^(\S+) +linearsvc +([\d.]+) \+/- ", done.out, re.M))
    networks = [f"{setting}-{name}" for setting in ("30dB", "60dB") for name in NETWORKS]
    untrained = {f"{name}-untrained" for name in [*networks, "fused"]}
    assert set(figures) == {*networks, *untrained, "30dB-statistics", "60dB-statistics", "fused"}
    shown = re.findall(r"^  (\S+) +([+-][\d.]+) against (\w+)", done.out, re.M)
    assert [name for name, _, _ in shown] == [name for name in networks for _ in range(2)] + ["fused"]
    for name, gain, control in shown:
        other = f"{name}-untrained" if control == "untrained" else f"{name[:4]}-statistics"
        assert float(gain) == pytest.approx(float(figures[name]) - float(figures[other]), abs=0.11)

    # files
    listed = re.findall(r"^(\S+)  +", done.out.partition("Files in")[2].partition("Start Python")[0], re.M)
    assert len(listed) == 5
    assert all((folder / name).exists() for name in listed)
    assert {path.name for path in folder.iterdir()} == {"corpus", "results", "pipeline.joblib"}

    # code, also where the package is not installed
    code = done.out.partition("and paste:\n")[2].partition("Or look at")[0]
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(skaudeep_package.__file__).parents[1])}
    command = [sys.executable, "-c", code]
    pasted = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert pasted.returncode == 0, pasted.stderr
    assert pasted.stdout.splitlines()[0].strip("[]'") in ("bark", "chirp_up")

    # commands
    commands = [shlex.split(line) for line in done.out.splitlines() if line.startswith("skaudeep ")]
    explore, recipe, mine, _ = commands
    assert skaudeep(*explore[1:-1], tmp_path / "sounds.html", "--methods", "pca").status == 0
    (tmp_path / "mine.toml").write_text(skaudeep(*recipe[1:3]).out)
    options = [word.replace("FOLDER", str(folder / "corpus")) for word in mine[3:]]
    assert skaudeep("run", tmp_path / "mine.toml", *options, "--output", tmp_path / "mine", "--dry-run").status == 0


def test_ctrl_c_in_training_and_the_same_again(run, tmp_path, monkeypatch):
    run_epoch, epochs = _training._run_epoch, []

    def stopped_in_the_second_epoch(*arguments):
        epochs.append(1)
        if len(epochs) == 2:
            signal.raise_signal(signal.SIGINT)
        return run_epoch(*arguments)

    monkeypatch.setattr(_training, "_run_epoch", stopped_in_the_second_epoch)
    done = run(tmp_path, "--seed", "1", **QUICK)
    assert done.status == 130
    assert done.out == ""
    last = f"skaudeep: interrupted; {tmp_path} holds what is finished, and the same command goes on from there"
    assert done.err.splitlines()[-1] == last
    again = run(tmp_path, "--seed", "1", "--json", **QUICK)
    assert again.status == 0
    assert len(epochs) == 2 + 1 + 3 * 2, "one more of the first network, two of the others"
    results = again.json["results"]
    features = [f"{setting}-{name}" for setting in ("30dB", "60dB") for name in (*NETWORKS, "statistics")]
    assert [(r["features"], r["n_splits"]) for r in results] == [(name, 2) for name in [*features, "fused"]]
