"""``skaudeep inspect raw`` and ``skaudeep inspect netcdf``."""

import json

import numpy as np
import pytest

from skaudeep.datasets import inspect_corpus, inspect_dataset, load_folder, make_dataset
from skaudeep.io import read_netcdf, write_netcdf


@pytest.fixture
def sounds(make_recording, tmp_path):
    for name in ("rain", "dog [x]"):
        (tmp_path / "sounds" / name).mkdir(parents=True)
        make_recording(f"sounds/{name}/1.wav", 0.5)
    return tmp_path / "sounds"


def test_raw(skaudeep, sounds, bad_recordings):
    (sounds / "rain" / "text.wav").write_text("This is not audio.")
    done = skaudeep("inspect", "raw", "--basedir", sounds)
    assert done.status == 0
    assert done.out == f"{inspect_corpus(load_folder(sounds))}\n"
    assert "text.wav: cannot be decoded" in done.out
    assert done.err.startswith("Reading headers: 3 files")
    done = skaudeep("inspect", "raw", "--basedir", sounds, "--json", "--n-jobs", "2", "-q")
    assert (done.status, done.err) == (0, "")
    assert done.json == json.loads(json.dumps(inspect_corpus(load_folder(sounds)).to_dict()))
    assert skaudeep("inspect", "raw", "--basedir", sounds, "-q").out == (
        "recordings\t3\nfiles\t3\nunreadable\t1\nclasses\t2\nunlabelled\t0\nfolds\t0\n"
    )


def test_raw_tells_what_is_left_out(skaudeep, sounds):
    for name in ("cat/1.m4a", "cat/2.WMA", "rain/1.m4a", "rain/.DS_Store"):
        (sounds / name).parent.mkdir(exist_ok=True)
        (sounds / name).touch()
    (sounds / "dog [x]" / "2").write_bytes((sounds / "rain" / "1.wav").read_bytes())
    (sounds / "LICENSE").write_text("MIT")
    done = skaudeep("inspect", "raw", "--basedir", sounds)
    assert done.status == 0
    lines = done.out.splitlines()
    assert lines[lines.index("unreadable   3") :] == [
        "unreadable   3",
        *(
            f"             {sounds / 'cat' / name}: is in a format that libsndfile does not read; convert what "
            "libsndfile does not read, for example by ffmpeg -i NAME.m4a NAME.wav"
            for name in ("1.m4a", "2.WMA")
        ),
        f"             {sounds / 'dog [x]' / '2'}: is WAV, which its name does not tell; let the names of WAV "
        "files end in .wav",
        "notes        without 3 that cannot be read (1 .m4a, 1 .wma, 1 without a suffix; nothing is left of cat)",
        "             without 1 copies in other formats (1 .m4a)",
    ]
    assert "unreadable\t3\n" in skaudeep("inspect", "raw", "--basedir", sounds, "-q").out
    data = skaudeep("inspect", "raw", "--basedir", sounds, "--json", "-q").json
    assert len(data["unreadable"]) == 3 and len(data["notes"]) == 2


def test_brief_counts_of_a_data_set(skaudeep, dataset):
    words = dict(line.split("\t") for line in skaudeep("inspect", "netcdf", "--input", dataset, "-q").out.splitlines())
    assert {name: int(words[name]) for name in ("instances", "files", "classes", "unlabelled", "folds", "devel")} == {
        **{"instances": 6, "files": 6, "classes": 4, "unlabelled": 1, "folds": 2, "devel": 1}
    }


def test_raw_takes_parsers(skaudeep, sounds):
    assert "labels       none" in skaudeep("inspect", "raw", "--basedir", sounds, "--parser", "none").out
    done = skaudeep("inspect", "raw", "--basedir", sounds, "--parser", "nothing")
    assert (done.status, done.out) == (2, "") and "--parser nothing: there is no such kind" in done.err


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: path, "does not exist"),
        (lambda path: path.mkdir(), "No layout fits"),
        (lambda path: path.write_text("no table"), "column path"),
    ],
)
def test_raw_without_a_corpus(skaudeep, tmp_path, make, message):
    make(tmp_path / "nothing")
    done = skaudeep("inspect", "raw", "--basedir", tmp_path / "nothing")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("skaudeep: error: ") and done.err.count("\n") == 1
    assert message in done.err


@pytest.fixture
def dataset(tmp_path):
    """A data set with everything that there can be."""
    ds = make_dataset(
        np.arange(24, dtype=np.float32).reshape(6, 2, 2),
        ["a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"],
        label_nominal=["rain", "dog", "rain", "dog", "", "[b]"],
        label_map={"[b]": 0, "dog": 1, "rain": 2, "wind": 3},
        cv_folds=[[0, 1], [1, 0], [1, np.nan], [0, 0], [0, 1], [0, 0]],
        partition=[0, 1, 2, None, 0, 0],
        groups=list("xxyyzz"),
    )
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    return path


def test_netcdf(skaudeep, dataset):
    ds = read_netcdf(dataset)
    done = skaudeep("inspect", "netcdf", "--input", dataset)
    assert (done.status, done.out, done.err) == (0, f"{inspect_dataset(ds)}\n", "")
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--values")
    assert done.out == f"{inspect_dataset(ds, values=True)}\n"
    assert skaudeep("inspect", "netcdf", "--input", dataset, "--json").json == inspect_dataset(ds).to_dict()
    assert skaudeep("inspect", "netcdf", "--input", dataset, "-q").out.startswith("instances\t6\nfiles\t6\n")


def test_netcdf_counts_classes_in_folds(skaudeep, dataset):
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--detailed-folds")
    lines = [line.split() for line in done.out.splitlines()[-6:]]
    assert lines == [
        ["class", "fold", "1", "fold", "2"],
        ["[b]", "1", "/", "0", "1", "/", "0"],
        ["dog", "1", "/", "1", "2", "/", "0"],
        ["rain", "1", "/", "1", "0", "/", "1"],
        ["wind", "0", "/", "0", "0", "/", "0"],
        ["(no", "label)", "1", "/", "0", "0", "/", "1"],
    ]
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--detailed-folds", "--json")
    assert done.json["classes_in_folds"] == [
        {
            "fold": 1,
            "training": {"[b]": 1, "dog": 1, "rain": 1, "wind": 0, "(no label)": 1},
            "validation": {"[b]": 0, "dog": 1, "rain": 1, "wind": 0},
        },
        {
            "fold": 2,
            "training": {"[b]": 1, "dog": 2, "rain": 0, "wind": 0},
            "validation": {"[b]": 0, "dog": 0, "rain": 1, "wind": 0, "(no label)": 1},
        },
    ]


def test_netcdf_without_folds(skaudeep, write_dataset):
    done = skaudeep("inspect", "netcdf", "--input", write_dataset(), "--detailed-folds")
    assert done.status == 0 and done.out.endswith("There are no folds.\n")


def test_netcdf_shows_an_instance(skaudeep, dataset):
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--instance", "2")
    shown = dict(line.split(maxsplit=1) for line in done.out.splitlines()[-15:] if len(line.split()) > 1)
    assert shown["instance"] == "2"
    assert (shown["filename"], shown["label_nominal"], shown["partition"], shown["group"]) == (
        *("c.wav", "rain", "test", "y"),
    )
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--instance", "2", "--json")
    assert done.json["instance"] == {
        **{"filename": "c.wav", "chunk_nr": 0, "label_nominal": "rain", "label_numeric": 2.0, "partition": "test"},
        **{"group": "y", "training in folds": None, "validation in folds": "1", "features": "2 time x 2 freq"},
        **{"min": 8.0, "max": 11.0, "mean": 9.5, "n_nan": 0, "n_infinite": 0},
    }
    unknown = skaudeep("inspect", "netcdf", "--input", dataset, "--instance", "4", "--json").json["instance"]
    assert unknown["label_nominal"] is None and unknown["label_numeric"] is None
    assert unknown["training in folds"] == "1" and unknown["validation in folds"] == "2"
    assert (
        skaudeep("inspect", "netcdf", "--input", dataset, "--instance", "3", "--json").json["instance"]["partition"]
        is None
    )


@pytest.mark.parametrize(("instance", "message"), [("6", "counted from 0 to 5"), ("-1", "'-1'"), ("x", "'x'")])
def test_netcdf_without_such_an_instance(skaudeep, dataset, instance, message):
    done = skaudeep("inspect", "netcdf", "--input", dataset, "--instance", instance)
    assert (done.status, done.out) == (2, "") and message in done.err


def test_netcdf_of_unlabelled_instances(skaudeep, write_dataset):
    path = write_dataset(label_nominal=None, cv_folds=np.ones((12, 1)))
    done = skaudeep("inspect", "netcdf", "--input", path, "--detailed-folds", "--instance", "0")
    assert done.status == 0 and "0 / 12" in done.out


def test_netcdf_of_bad_files(skaudeep, bad_dataset):
    path, message = bad_dataset
    done = skaudeep("inspect", "netcdf", "--input", path)
    assert (done.status, done.out) == (1, "")
    assert message in done.err and str(path) in done.err and done.err.count("\n") == 1
