"""``skaudeep explore``."""

import json
import subprocess
import sys

import numpy as np
import pytest

from skaudeep import pages
from skaudeep.cli import main
from skaudeep.datasets import make_dataset
from skaudeep.io import write_netcdf

FILES = ["a.wav", "b.wav", "c.wav", "d.wav"]


@pytest.fixture
def features(tmp_path, rng, monkeypatch):
    """The file of a small data set, in the working directory."""
    monkeypatch.chdir(tmp_path)
    write_netcdf(make_dataset(rng.normal(size=(4, 3)), FILES, label_nominal=list("xxyy")), "features.nc")
    return "features.nc"


@pytest.fixture
def refuse(features, capsys):
    """Run a command that fails; give the exit status and the last line of standard error, which is all it leaves."""

    def run(*arguments):
        try:
            status = main(["explore", features, "-o", "page.html", *arguments])
        except SystemExit as end:
            status = end.code
        out, err = capsys.readouterr()
        assert out == ""
        return status, err.splitlines()[-1]

    return run


def test_a_page_with_everything(features, tmp_path, rng, make_recording, capsys):
    write_netcdf(make_dataset(rng.normal(size=(3, 5, 6)), FILES[:3]), "spectrograms.nc")
    for name in FILES[1:]:
        make_recording(name)
    (tmp_path / "predictions.tsv").write_text("a.wav\tx\nb.wav\ty\n")
    options = ["--spectrograms", "spectrograms.nc", "--audio", ".", "--predictions", "predictions.tsv", "--seed", "1"]
    arguments = ["explore", features, *options, "--methods", "PCA", "tsne", "--perplexity", "1.5", "--title", "<Title>"]
    assert main([*arguments, "--output", "new/page.html"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("new/page.html: 4 points (PCA, t-SNE), 3 spectrograms, 3 sounds linked, ")
    assert "1 of 4 instances have no spectrogram" in err
    text = (tmp_path / "new" / "page.html").read_text()
    assert "<title>&lt;Title&gt;</title>" in text
    assert '"./../b.wav"' in text
    assert main([*arguments, "--embed-audio", "--max-audio-mb", "1", "--json", "-q", "--output", "again.html"]) == 0
    out, err = capsys.readouterr()
    result = json.loads(out)
    assert result["n_sounds"] == result["n_thumbnails"] == 3
    assert result["colours"] == ["Label", "Prediction", "Right or wrong"]
    assert result["n_bytes"] == (tmp_path / "again.html").stat().st_size
    assert "data:audio/mpeg;base64," in (tmp_path / "again.html").read_text()


def test_a_page_with_little(features, tmp_path, capsys):
    assert main(["-q", "explore", features, "-o", "page.html"]) == 0
    assert capsys.readouterr() == ("page.html\n", "")
    assert "<title>features</title>" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--embed-audio"], "--embed-audio needs --audio DIR"),
        (["--audio", ".", "--max-audio-mb", "3"], "--max-audio-mb needs --embed-audio"),
        (["--methods", "pca", "--perplexity", "3"], "--perplexity is for t-SNE"),
        (["--methods", "tnse"], "'tnse' is unknown; did you mean tsne?"),
        (["--max-audio-mb", "0"], "'0' is not a number above 0"),
        (["--perplexity", "nan"], "'nan' is not a number above 0"),
        (["--sound", "x"], "unrecognized arguments: --sound x"),
    ],
)
def test_wrong_usage(refuse, tmp_path, arguments, message):
    status, line = refuse(*arguments)
    assert status == 2
    assert message in line
    assert not (tmp_path / "page.html").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--spectrograms", "none.nc"], "Cannot read none.nc: there is no such file."),
        (["--spectrograms", "features.nc"], "--spectrograms: the features have the sizes"),
        (["--predictions", "none.tsv"], "Cannot read none.tsv: there is no such file."),
        (["--predictions", "features.nc"], "features.nc, line 1:"),
        (["--audio", "none"], "Cannot read the folder none"),
        (["--audio", "."], "--audio .: holds none of the 4 recordings"),
        (["--perplexity", "4"], "--perplexity 4 must be less than the number of instances, which is 4"),
        (["-o", "features.nc/page.html"], "cannot make the folder"),
        (["-o", "."], "is a folder"),
    ],
)
def test_what_fails_leaves_nothing(refuse, tmp_path, arguments, message):
    status, line = refuse(*arguments)
    assert status == 1
    assert line.startswith("skaudeep: error: ")
    assert message in line
    assert [path.name for path in tmp_path.iterdir()] == ["features.nc"]


@pytest.mark.parametrize("content", [None, b"", b"no NetCDF"])
def test_input_that_is_no_data_set(content, tmp_path, capsys):
    path = tmp_path / "input.nc"
    if content is not None:
        path.write_bytes(content)
    assert main(["explore", str(path), "-o", str(tmp_path / "page.html")]) == 1
    assert f"skaudeep: error: Cannot read {path}" in capsys.readouterr().err
    assert not (tmp_path / "page.html").exists()


def test_interrupted(refuse, tmp_path, monkeypatch):
    def interrupt(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(pages._explorer, "project", interrupt)
    assert refuse() == (130, "skaudeep: interrupted")
    assert [path.name for path in tmp_path.iterdir()] == ["features.nc"]


def test_help_is_light():
    code = """
import sys
from skaudeep.cli import main
try:
    main(["explore", "--help"])
except SystemExit as end:
    heavy = {"numpy", "pandas", "xarray", "sklearn", "plotly", "jinja2"} & set(sys.modules)
    assert not heavy, heavy
    sys.exit(end.code)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "--spectrograms FILE" in done.stdout


def test_data_sets_larger_than_memory_stay_on_disk(features, monkeypatch):
    pytest.importorskip("dask", reason="dask is not installed")
    seen = []

    def write_explorer(ds, path, **options):
        seen.append(ds["features"].chunks is not None)
        raise ValueError("enough")

    monkeypatch.setattr(pages, "write_explorer", write_explorer)
    assert main(["explore", features, "-o", "page.html"]) == 1
    assert seen == [True]


def test_features_of_a_frequency_autoencoder(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    values = np.random.default_rng(0).normal(size=(5, 6, 4))
    write_netcdf(make_dataset(values, [f"{i}" for i in range(5)], feature_dims=["generated_0", "generated_1"]), "f.nc")
    assert main(["explore", "f.nc", "-o", "page.html", "--methods", "pca"]) == 0
    assert "mean and standard deviation over the first axis, generated_0" in capsys.readouterr().err
