"""The sequence of commands of an auDeep experiment, as a shell script, on 40 recordings of ESC-10."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import skaudeep as package
from skaudeep.datasets import load_corpus, upsample
from skaudeep.io import read_netcdf

SCRIPT = Path(__file__).with_name("sequence.sh")
# one process for all of them, which imports and traces once
COMMANDS = """
import sys
from skaudeep.cli import main

for line in open(sys.argv[1]):
    if main(line.split("\\t")[:-1]):
        sys.exit(line)
"""


@pytest.fixture(scope="module")
def experiment(shared, tmp_path_factory):
    """Run the commands of the script; give its folder and what they printed."""
    folder = tmp_path_factory.mktemp("sequence")
    for kind in sorted((shared / "data" / "ESC-10").glob("[0-9]*")):
        # of every class the first of three folds and the last of one
        files = [path for fold in "1234" for path in sorted(kind.glob(f"{fold}-*"))[:1]]
        (folder / "ESC-10" / kind.name).mkdir(parents=True)
        for path in files:
            shutil.copy(path, folder / "ESC-10" / kind.name)
    (folder / "tmp").mkdir()
    (folder / "tmp" / "mine.txt").touch()
    program = folder / "bin" / "skaudeep"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\t" "$@" >>"{folder}/commands"\necho >>"{folder}/commands"\n')
    program.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "MPLBACKEND": "Agg",
    }
    common = {"cwd": folder, "env": environment, "capture_output": True, "text": True}
    subprocess.run(["sh", SCRIPT, folder / "ESC-10"], check=True, **common)
    done = subprocess.run([sys.executable, "-c", COMMANDS, folder / "commands"], timeout=580, check=False, **common)
    assert done.returncode == 0, done.stderr[-3000:]
    return folder, done


@pytest.mark.slow
def test_sequence(experiment):
    folder, done = experiment
    assert "Traceback" not in done.stderr and "warning" not in done.stderr.lower()
    corpus = load_corpus(folder / "ESC-10")
    fused = read_netcdf(folder / "output" / "fused.nc")
    assert fused["features"].shape == (40, 4 * 16)
    assert sorted(fused["filename"].values) == sorted(corpus.filenames)
    assert fused.sizes["fold"] == 4


@pytest.mark.slow
def test_spectrograms_are_those_of_the_estimator(experiment):
    from skaudeep import SpectrogramTransformer

    folder, _ = experiment
    corpus = load_corpus(folder / "ESC-10")
    transformer = SpectrogramTransformer(fixed_length=5.0, center_fixed=True, clip_below=-45.0, pre_emphasis=0.95)
    ds = read_netcdf(folder / "spectrograms" / "esc-10-45.nc")
    np.testing.assert_array_equal(ds["features"].values, transformer.fit_transform(corpus.data))
    np.testing.assert_array_equal(ds["label_numeric"].values, corpus.target)


@pytest.mark.slow
def test_what_is_printed(experiment):
    _, done = experiment
    accuracy, recall = re.search(r"^([\d.]+),([\d.]+)$", done.stdout, re.MULTILINE).groups()
    assert 0 <= float(accuracy) <= 1 and float(accuracy) == pytest.approx(float(recall), abs=1e-3)
    assert done.stdout.count("is valid: 40 instances obey all rules") == 2
    assert len(re.findall("confusion", done.stdout, re.IGNORECASE)) == 4
    for name in ("Dog bark", "Fire crackling"):
        assert name in done.stdout


@pytest.mark.slow
def test_files(experiment):
    folder, _ = experiment
    output = folder / "output"
    fused, imported = read_netcdf(output / "fused.nc"), read_netcdf(output / "imported.nc")
    for other in (imported, read_netcdf(output / "imported-arff.nc")):
        other = other.sortby("filename")
        np.testing.assert_array_equal(other["features"].values, fused.sortby("filename")["features"].values)
    balanced = read_netcdf(output / "balanced.nc")
    assert balanced.sizes == upsample(read_netcdf(output / "partitioned.nc"), partitions=["train"]).sizes
    tested = balanced["filename"].values[balanced["partition"].values == 2]
    for name in ("predictions", "predictions-mlp"):
        rows = [line.split("\t") for line in (output / f"{name}.tsv").read_text().splitlines()]
        assert [row[0] for row in rows] == sorted(tested)
        assert {row[1] for row in rows} <= set(fused["label_nominal"].values)
    logs = output / "esc-10-60" / "t-1x8-x-b" / "logs"
    assert [path.name for path in logs.glob("model-*")] == ["model-6.skaudeep"]  # 3 batches in each of 2 epochs
    assert list(logs.glob("*tfevents*"))
    assert (folder / "tmp" / "mine.txt").exists()
    chunks = read_netcdf(output / "chunks" / "first.nc")
    assert chunks.sizes["instance"] == 160 and read_netcdf(output / "chunks" / "fused.nc").sizes["instance"] == 40
    assert (output / "tsne.png").read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
