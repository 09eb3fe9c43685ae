"""``skaudeep preprocess``: the options of the original and their numbers, several settings at once, what goes wrong."""

import itertools
import signal

import numpy as np
import pytest
import xarray as xr

from skaudeep import SpectrogramTransformer
from skaudeep.datasets import load_folder, make_dataset
from skaudeep.experiment import extraction
from skaudeep.io import NetCDFWriter, read_netcdf

ORIGINAL = {"window_width": 0.04, "window_overlap": 0.02, "n_mels": None, "pre_emphasis": 0.95}


@pytest.fixture
def sounds(make_recording, tmp_path):
    """A folder with four recordings of two classes."""
    for i in range(4):
        (tmp_path / "sounds" / "ab"[i % 2]).mkdir(parents=True, exist_ok=True)
        make_recording(f"sounds/{'ab'[i % 2]}/{i}.wav", 0.3, channels=2)
    return tmp_path / "sounds"


@pytest.fixture
def preprocess(skaudeep, sounds, tmp_path, monkeypatch):
    """Run the command on `sounds`, in a working directory for its files."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")

    def run(*options, basedir=sounds):
        return skaudeep("preprocess", "--basedir", basedir, *options)

    return run


@pytest.fixture
def left(tmp_path, preprocess):
    """Names of the files that there are in the working directory."""
    return lambda: sorted(path.name for path in (tmp_path / "work").iterdir())


def expected(sounds, **parameters):
    corpus = load_folder(sounds)
    transformer = SpectrogramTransformer(**ORIGINAL | parameters)
    spectrograms = transformer.fit_transform(corpus.data)
    return make_dataset(spectrograms, **corpus.metadata, spectrogram_settings=transformer.settings_)


# --- what it writes ---


def test_golden_file(skaudeep, shared, tmp_path):
    golden = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")
    for name in golden["filename"].values:
        source = next((shared / "data" / "ESC-10").glob(f"*/{name}"))
        (tmp_path / "corpus" / source.parent.name).mkdir(parents=True, exist_ok=True)
        (tmp_path / "corpus" / source.parent.name / name).symlink_to(source)
    options = "--window-width 0.08 --window-overlap 0.04 --mel-spectrum 128 --fixed-length 5 --center-fixed"
    options += " --clip-below -60 --parser audeep.backend.parsers.esc.ESCParser"
    path = tmp_path / "spectrograms.nc"
    done = skaudeep("preprocess", "--basedir", tmp_path / "corpus", *options.split(), "--output", path)
    assert done.status == 0, done.err
    ds = read_netcdf(path)
    rows = [ds["filename"].values.tolist().index(name) for name in golden["filename"].values]
    ds = ds.isel(instance=rows)
    np.testing.assert_allclose(ds["features"], golden["features"], rtol=0, atol=1e-5)
    assert ds.attrs.pop("provenance")  # which the original does not know
    xr.testing.assert_identical(ds.drop_vars(["features", "group"]), golden.drop_vars("features"))


def test_defaults_are_those_of_the_original(preprocess, left, sounds):
    done = preprocess()
    assert done.status == 0
    assert left() == ["spectrograms.nc"]
    xr.testing.assert_identical(read_netcdf("spectrograms.nc"), expected(sounds))


@pytest.mark.parametrize(
    ("options", "parameters"),
    [
        ("--window-width 0.05 --window-overlap 0.01 --mel-spectrum 8", {"window_width": 0.05, "window_overlap": 0.01}),
        ("--mel-spectrum 8 --clip-below -9 --clip-above -2", {"clip_below": -9, "clip_above": -2}),
        ("--mel-spectrum 8 --channels DIFF --pre-emphasis none", {"channels": "diff", "pre_emphasis": None}),
        ("--mel-spectrum 8 --fixed-length 0.4 --center-fixed", {"fixed_length": 0.4, "center_fixed": True}),
        ("--mel-spectrum 8 --sample-rate 4000 --pre-emphasis 0.5", {"sample_rate": 4000, "pre_emphasis": 0.5}),
    ],
)
def test_options_are_parameters(preprocess, sounds, options, parameters):
    assert preprocess(*options.split(), "--n-jobs", "2").status == 0
    xr.testing.assert_identical(read_netcdf("spectrograms.nc"), expected(sounds, n_mels=8, **parameters))


def test_chunks(preprocess, sounds):
    assert preprocess("--mel-spectrum", 8, "--chunk-length", 0.1, "--chunk-count", 2).status == 0
    ds = read_netcdf("spectrograms.nc")
    assert ds.sizes["instance"] == 8 and ds["chunk_nr"].values.tolist() == [0, 1] * 4
    chunks = SpectrogramTransformer(**ORIGINAL | {"n_mels": 8}, chunk_length=0.1, chunk_count=2)
    np.testing.assert_array_equal(ds["features"][2:4], chunks.fit_transform([load_folder(sounds).data[1]])[0])


def test_combinations_are_extracted_at_once(preprocess, left, sounds):
    done = preprocess("--mel-spectrum", 8, "--clip-below", -3, "NONE", "--channels", "left", "Mean", "--output", "s.nc")
    assert done.status == 0
    combinations = {"3dB-left": (-3, "left"), "3dB-mean": (-3, "mean")}
    combinations |= {"unclipped-left": (None, "left"), "unclipped-mean": (None, "mean")}
    assert left() == sorted(f"s-{name}.nc" for name in combinations)
    for name, (clip, channels) in combinations.items():
        ds = expected(sounds, n_mels=8, clip_below=clip, channels=channels)
        xr.testing.assert_identical(read_netcdf(f"s-{name}.nc"), ds)


@pytest.mark.parametrize(
    ("outputs", "written"),
    [
        (["x.y"], ["x.y-3dB", "x.y-6dB"]),
        (["new/x.nc"], ["new/x-3dB.nc", "new/x-6dB.nc"]),
        (["one.nc", "two"], ["one.nc", "two"]),
    ],
)
def test_names_of_several_files(preprocess, outputs, written):
    done = preprocess("--mel-spectrum", 8, "--clip-below", -3, -6, "-q", "--output", *outputs)
    assert (done.status, done.err) == (0, "")
    assert done.out.splitlines() == written
    for path in written:
        read_netcdf(path)


# --- what it says ---


def test_results_for_people(preprocess):
    done = preprocess("--mel-spectrum", 8, "--clip-below", -3, -6)
    lines = done.out.splitlines()
    assert lines[:3] == [
        "Audio: 4 recordings, 2 classes (a, b).",
        "spectrograms-3dB.nc: 4 instance x 14 time x 8 freq",
        "spectrograms-6dB.nc: 4 instance x 14 time x 8 freq",
    ]
    assert lines[3].startswith("4 of 4 recordings in ")
    (progress,) = done.err.splitlines()
    assert progress.startswith("Extracting spectrograms: 4 files in ") and progress.endswith(" per second")


def test_results_for_programs(preprocess, bad_recordings, sounds):
    (sounds / "b" / "text.wav").write_text("This is not audio.")
    done = preprocess("--mel-spectrum", 8, "--json", "-q", "--on-error", "SKIP")
    assert done.status == 0
    result = done.json
    assert result["outputs"] == ["./spectrograms.nc"] and result["recordings"] == 5 and result["seconds"] > 0
    assert result["sizes"] == {"instance": 4, "time": 14, "freq": 8}
    (failure,) = result["failed"]
    assert failure["file"].endswith("text.wav") and failure["reason"].startswith("cannot be decoded")


# --- recordings that fail ---


@pytest.fixture
def broken(sounds, make_recording):
    """Two recordings that cannot be analysed."""
    (sounds / "a" / "text.wav").write_text("This is not audio.")
    make_recording("sounds/b/nan.wav", samples=np.array([0, np.nan, 0]), subtype="FLOAT")
    return sounds


def test_failures_are_named_and_can_be_left_out_later(preprocess, left, broken):
    done = preprocess("--mel-spectrum", 8)
    assert (done.status, done.out) == (1, "")
    assert left() == ["spectrograms.nc.part"]
    message = done.err.splitlines()[-1]
    assert message.startswith("skaudeep: error: 2 of 6 recordings cannot be analysed: ")
    assert "and 1 more" in message and "--on-error" in message
    for part in ("text.wav: cannot be decoded", "nan.wav: holds a sample that is not finite"):
        assert part in done.err
    done = preprocess("--mel-spectrum", 8, "--on-error", "skip")
    assert done.status == 0 and left() == ["spectrograms.nc"]
    assert "Going on: 4 of 6" in done.err
    assert "2 left out, as they cannot be analysed:" in done.out
    assert "text.wav" in done.out and "cannot be decoded" in done.out
    assert read_netcdf("spectrograms.nc").sizes["instance"] == 4


def test_formats_that_are_not_read_are_failures_before_anything_is_done(preprocess, left, broken):
    (broken / "b" / "x.m4a").touch()
    (broken / "c").mkdir()
    (broken / "c" / "y.amr").touch()
    done = preprocess("--mel-spectrum", 8)
    assert (done.status, done.out, left()) == (1, "", [])
    assert done.err.startswith(f"skaudeep: error: 2 of the 8 recordings in {broken} cannot be read (1 .m4a, 1 .amr);")
    assert "nothing is left of c." in done.err and "leave them out with --on-error skip" in done.err
    done = preprocess("--mel-spectrum", 8, "--on-error", "skip")
    assert done.status == 0
    assert "without 2 that cannot be read (1 .m4a, 1 .amr; nothing is left of c)" in done.out
    assert "4 of 8 recordings in" in done.out and "4 left out, as they cannot be analysed:" in done.out
    assert "y.amr" in done.out and "is in a format that libsndfile does not read" in done.out
    assert read_netcdf("spectrograms.nc").sizes["instance"] == 4


def test_quiet_is_not_silent_about_failures(preprocess, broken):
    done = preprocess("--mel-spectrum", 8, "--on-error", "skip", "-q")
    assert (done.status, done.out) == (0, "./spectrograms.nc\n")
    assert done.err == "skaudeep: warning: 2 of 6 recordings were left out, as they cannot be analysed\n"


def test_ctrl_c_and_on_again(preprocess, left, sounds, monkeypatch):
    monkeypatch.setattr(extraction, "_BATCH_BYTES", 1)
    append, calls = NetCDFWriter.append, itertools.count()

    def interrupted(writer, *arguments, **metadata):
        if next(calls) == 2:
            signal.raise_signal(signal.SIGINT)
        append(writer, *arguments, **metadata)

    with monkeypatch.context() as patch:
        patch.setattr(NetCDFWriter, "append", interrupted)
        done = preprocess("--mel-spectrum", 8)
    assert (done.status, done.out) == (130, "") and done.err.endswith("interrupted\n")
    assert left() == ["spectrograms.nc.part"]
    done = preprocess("--mel-spectrum", 9)
    assert done.status == 1 and "n_mels" in done.err and "Use the former, or begin anew with --restart." in done.err
    assert left() == ["spectrograms.nc.part"]
    done = preprocess("--mel-spectrum", 8)
    assert done.status == 0 and "Going on: 3 of 4" in done.err
    xr.testing.assert_identical(read_netcdf("spectrograms.nc"), expected(sounds, n_mels=8))


def test_restart(preprocess, left, broken):
    assert preprocess("--mel-spectrum", 8).status == 1
    done = preprocess("--mel-spectrum", 9, "--restart", "--on-error", "skip")
    assert done.status == 0 and left() == ["spectrograms.nc"]
    assert read_netcdf("spectrograms.nc").sizes["freq"] == 9


# --- to look at ---


@pytest.mark.parametrize("options", [[], ["--clip-below", "-3", "none", "--channels", "left", "mean"]])
def test_pretend_saves_a_figure_and_nothing_else(preprocess, left, options):
    pytest.importorskip("matplotlib").use("Agg")
    done = preprocess("--pretend", 1, "--figure", "look.png", "--mel-spectrum", 8, *options)
    assert (done.status, done.err) == (0, "")
    assert left() == ["look.png"]
    lines = done.out.splitlines()
    assert lines[0].startswith("a/2.wav: 14 time x 8 freq") and len(lines) == (4 if options else 1)


def test_pretend_without_a_display(preprocess, left):
    pytest.importorskip("matplotlib").use("Agg")
    done = preprocess("--pretend", 0)
    assert done.status == 1 and "--figure" in done.err and left() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--pretend", "4"], "the recordings are counted from 0 to 3"),
        (["--pretend", "-1"], "'-1'"),
        (["--figure", "x.png"], "add --pretend INDEX"),
        (["--chunk-count", "2"], "--chunk-count needs --chunk-length"),
        (["--clip-below", "60"], "'60'"),
        (["--clip-below", "nothing"], "'nothing'"),
        (["--clip-above", "3"], "'3'"),
        (["--channels", "middle"], "'middle' is unknown"),
        (["--window-width", "0"], "'0'"),
        (["--window-width", "nan"], "'nan'"),
        (["--mel-spectrum", "0"], "'0'"),
        (["--pre-emphasis", "2"], "'2'"),
        (["--parser", "nothing"], "--parser nothing: there is no such kind"),
        (["--clip-below", "-3", "-6", "--output", "a", "b", "c"], "--output has 3 names, but there are 2 combinations"),
        (["--windows-width", "1"], "did you mean --window-width?"),
    ],
)
def test_wrong_usage(preprocess, left, options, message):
    pytest.importorskip("matplotlib").use("Agg")
    if options[0] == "--pretend":
        options = [*options, "--figure", "x.png"]
    done = preprocess(*options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err.replace("\n", " ")
    assert left() == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--window-overlap", "0.04"], "--window-overlap 0.04 must be less than --window-width 0.04"),
        (["--clip-below", "-3", "--clip-above", "-6"], "--clip-below -3 must be less than --clip-above -6"),
        (["--clip-below", "-3", "-3"], "Two settings are the same (--clip-below -3, --channels mean); drop one"),
        (["--fixed-length", "0.01"], "--fixed-length 0.01 s is shorter than --window-width 0.04 s"),
        (["--output", "."], "is a folder"),
        (["--output", "../sounds/a/0.wav/x.nc"], "x.nc"),
        (["--parser", "esc"], "Expected class folders"),
        (["--pretend", "0", "--figure", "x.txt"], "x.txt"),
    ],
)
def test_errors_in_the_words_of_options(preprocess, left, options, message):
    pytest.importorskip("matplotlib").use("Agg")
    done = preprocess(*options)
    assert (done.status, done.out) == (1, "")
    assert message in done.err
    assert done.err.count("\n") == 1 and left() == []


def test_lengths_that_differ(preprocess, make_recording):
    make_recording("sounds/b/long.wav", 1)
    done = preprocess("--mel-spectrum", 8)
    assert done.status == 1
    assert (
        "has 0.3 s and" in done.err
        and "Cut or pad all with --fixed-length, or cut chunks with --chunk-length and" in done.err
    )
    assert preprocess("--mel-spectrum", 8, "--fixed-length", 0.5).status == 0


@pytest.mark.parametrize("make", [None, "folder", "text"])
def test_without_a_corpus(preprocess, left, tmp_path, make):
    nothing = tmp_path / "nothing"
    if make == "folder":
        nothing.mkdir()
    elif make == "text":
        nothing.write_text("This is no table.")
    done = preprocess(basedir=nothing)
    assert (done.status, done.out) == (1, "")
    assert str(nothing) in done.err and done.err.count("\n") == 1 and left() == []


def test_nothing_but_text_named_wav(preprocess, left, tmp_path):
    (tmp_path / "text").mkdir()
    (tmp_path / "text" / "a.wav").write_text("This is not audio.")
    for policy in ("raise", "skip"):
        done = preprocess("--on-error", policy, basedir=tmp_path / "text")
        assert done.status == 1 and "a.wav: cannot be decoded" in done.err and left() == []
