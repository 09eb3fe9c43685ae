"""What was made in different ways is not used together without a word: all commands, from recordings on."""

import json
import re

import numpy as np
import pytest
import soundfile

from skaudeep.datasets import get_provenance
from skaudeep.io import read_netcdf, write_netcdf


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Eight noises of two classes, at 8 kHz and at 44.1 kHz."""
    folder = tmp_path_factory.mktemp("corpus")
    rng = np.random.default_rng(0)
    for rate in (8000, 44100):
        for i in range(8):
            path = folder / str(rate) / "ab"[i % 2] / f"{i}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, rng.uniform(-0.5, 0.5, rate // 2), rate)
    return folder


@pytest.fixture(scope="module")
def files(corpus, tmp_path_factory):
    """Spectrograms of several settings, and an autoencoder trained on those of 8 kHz."""
    from skaudeep.cli import main

    folder = tmp_path_factory.mktemp("files")

    def run(*arguments):
        assert main([str(argument) for argument in arguments]) == 0

    for name, rate, *options in (
        ("8k", 8000),
        ("44k", 44100),
        ("30dB", 8000, "--clip-below", -30),
        ("plain", 8000, "--pre-emphasis", 0),
    ):
        output = folder / f"{name}.nc"
        run("preprocess", "--basedir", corpus / str(rate), "--mel-spectrum", 16, *options, "--output", output)
    write_netcdf(without_provenance(read_netcdf(folder / "8k.nc")), folder / "silent.nc")
    train = ["t-rae", "train", "--num-units", 4, "--num-epochs", 1, "--seed", 0, "--input", folder / "8k.nc"]
    run(*train, "--run-name", folder / "run")
    run("t-rae", "generate", "--model-dir", folder / "run", "--input", folder / "8k.nc", "--output", folder / "f8k.nc")
    return folder


def without_provenance(ds):
    ds.attrs.pop("provenance")
    return ds


def generate(skaudeep, files, name, output, *options):
    return skaudeep(
        "t-rae",
        "generate",
        "--model-dir",
        files / "run" / "logs",
        "--input",
        files / name,
        "--output",
        output,
        *options,
    )


def test_preprocess_stores_the_settings(files):
    (part,) = get_provenance(read_netcdf(files / "30dB.nc"))
    settings = part["spectrogram"]
    assert (settings["sample_rate"], settings["f_max"], settings["clip_below"]) == (8000, 4000, -30)
    assert (settings["n_mels"], settings["window_width"], settings["pre_emphasis"]) == (16, 0.04, 0.95)
    record = json.loads((files / "run" / "training.json").read_text())
    assert record["provenance"] == get_provenance(read_netcdf(files / "8k.nc"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("44k.nc", "sample_rate 8000 and 44100"),
        ("30dB.nc", "clip_below None and -30"),
        ("plain.nc", "pre_emphasis 0.95 and None"),
    ],
)
def test_generate_refuses_other_settings(skaudeep, files, tmp_path, name, message):
    done = generate(skaudeep, files, name, tmp_path / "x.nc")
    assert done.status != 0
    assert message in done.err
    assert "--allow-other-settings" in done.err
    assert not (tmp_path / "x.nc").exists()
    assert generate(skaudeep, files, name, tmp_path / "x.nc", "--allow-other-settings").status == 0


def test_generate_without_knowledge_says_so(skaudeep, files, tmp_path):
    done = generate(skaudeep, files, "silent.nc", tmp_path / "x.nc")
    assert done.status == 0
    assert "silent.nc does not say how its spectrograms were made" in done.err


def test_features_tell_what_made_them(skaudeep, files):
    (part,) = get_provenance(read_netcdf(files / "f8k.nc"))
    assert part["features"]["kind"] == "t-rae"
    assert part["input"] == get_provenance(read_netcdf(files / "8k.nc"))
    done = skaudeep("inspect", "netcdf", "--input", files / "f8k.nc")
    assert re.search(r"as features: kind t-rae, output bottleneck, digest of the weights \w+\n", done.out)
    assert re.search(r"of spectrograms: sample_rate 8000, window_width 0.04, .*n_mels 16", done.out)
    assert skaudeep("inspect", "netcdf", "--input", files / "f8k.nc", "--json").json["provenance"] == [part]


def test_predict_refuses_features_of_another_network_or_of_other_spectrograms(skaudeep, files, tmp_path):
    settings = ["--complexity", "1", "--seed", 0, "--output", tmp_path / "p.tsv", "--train-input", files / "f8k.nc"]
    generate(skaudeep, files, "30dB.nc", tmp_path / "30.nc", "--allow-other-settings")
    generate(skaudeep, files, "8k.nc", tmp_path / "states.nc")
    ds = read_netcdf(tmp_path / "states.nc")
    ds.attrs["provenance"] = re.sub(r'weights": "\w+"', 'weights": "0"', ds.attrs["provenance"])
    write_netcdf(ds, tmp_path / "other.nc")
    for name, message in (("30.nc", "clip_below None and -30"), ("other.nc", "digest of the weights")):
        done = skaudeep("svm", "predict", *settings, "--eval-input", tmp_path / name)
        assert done.status != 0
        assert message in done.err
        assert f"{tmp_path / name} was not made like {files / 'f8k.nc'}" in done.err
        allowed = skaudeep("svm", "predict", *settings, "--eval-input", tmp_path / name, "--allow-other-settings")
        assert allowed.status == 0
    assert skaudeep("svm", "predict", *settings, "--eval-input", files / "f8k.nc").status == 0


def test_fuse_takes_levels_and_refuses_other_spectrograms(skaudeep, files, tmp_path):
    names = {"30dB.nc": tmp_path / "30.nc", "plain.nc": tmp_path / "plain.nc"}
    for name, output in names.items():
        generate(skaudeep, files, name, output, "--allow-other-settings")
    fused = tmp_path / "fused.nc"
    assert skaudeep("fuse", "--input", files / "f8k.nc", names["30dB.nc"], "--output", fused).status == 0
    assert [part["input"][0]["spectrogram"]["clip_below"] for part in get_provenance(read_netcdf(fused))] == [None, -30]
    done = skaudeep("fuse", "--input", files / "f8k.nc", names["plain.nc"], "--output", fused)
    assert done.status != 0
    assert f"{names['plain.nc']} was not made like {files / 'f8k.nc'}: pre_emphasis 0.95 and None" in done.err
    options = ["--output", fused, "--allow-other-settings"]
    assert skaudeep("fuse", "--input", files / "f8k.nc", names["plain.nc"], *options).status == 0


def test_train_refuses_several_settings(skaudeep, files, tmp_path):
    train = ["t-rae", "train", "--num-units", 2, "--num-epochs", 1, "--run-name", tmp_path / "run"]
    train += ["--input", files / "8k.nc", files / "30dB.nc"]
    done = skaudeep(*train)
    assert done.status != 0
    assert "clip_below None and -30" in done.err
    assert not (tmp_path / "run").exists()
    assert skaudeep(*train, "--allow-other-settings").status == 0


def test_continue_refuses_other_settings(skaudeep, files, tmp_path):
    train = ["t-rae", "train", "--num-units", 2, "--seed", 0, "--run-name", tmp_path / "run"]
    assert skaudeep(*train, "--num-epochs", 1, "--input", files / "8k.nc").status == 0
    more = [*train, "--num-epochs", 2, "--continue", "--input"]
    done = skaudeep(*more, files / "plain.nc")
    assert done.status != 0
    assert "pre_emphasis 0.95 and None" in done.err
    assert skaudeep(*more, files / "plain.nc", "--allow-other-settings").status == 0
    assert skaudeep(*train, "--num-epochs", 3, "--continue", "--input", files / "plain.nc").status == 0


def test_plots_show_hertz_and_seconds(skaudeep, files, tmp_path, monkeypatch):
    from skaudeep.cli import plot

    shown = []
    monkeypatch.setattr(plot, "show_or_save", lambda figure, output: shown.append(figure.axes[0]))
    for name in ("8k.nc", "silent.nc"):
        skaudeep("plot", "spectrogram", "--input", files / name, "-o", tmp_path / "x.png")
    skaudeep(
        "plot", "reconstruction", "--model-dir", files / "run", "--input", files / "8k.nc", "-o", tmp_path / "x.png"
    )
    assert [ax.get_xlabel() for ax in shown] == ["Time (s)", "Frame", "Time (s)"]
    assert shown[0].get_ylabel() == "Frequency (kHz)"
