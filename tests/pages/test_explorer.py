"""The explorer: what its page holds."""

import errno
import html.parser
import json
import pathlib
import re

import numpy as np
import pandas as pd
import pytest
import soundfile

from skaudeep._projection import project
from skaudeep.datasets import make_dataset, set_labels
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf, write_netcdf
from skaudeep.pages import write_explorer

FILES = [f"{i}.wav" for i in range(6)]


@pytest.fixture
def X(rng):
    return rng.normal(size=(6, 4))


@pytest.fixture
def write(tmp_path):
    """Write a page of PCA alone, and give what was returned, and what the page holds."""

    def write_page(ds, **options):
        page = write_explorer(ds, tmp_path / "page.html", **{"methods": ["pca"], **options})
        return page, read_page(tmp_path / "page.html")

    return write_page


def read_page(path):
    text = path.read_text(encoding="utf-8")
    (content,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(content) | {"text": text}


def colours(content):
    """The values of every field of words, by its name."""
    return {
        field["name"]: [field["values"][code] if code >= 0 else None for code in field["codes"]]
        for field in content["fields"]
        if "codes" in field
    }


def test_points_are_those_of_the_projection(X, write, tmp_path):
    page, content = write(make_dataset(X, FILES), methods=["tsne", "pca", "tsne"], random_state=4, perplexity=1.5)
    assert page.methods == ["tsne", "pca"]
    assert [projection["name"] for projection in content["projections"]] == ["t-SNE", "PCA"]
    tsne, pca = content["projections"]
    seed = np.random.RandomState(4).randint(2**31 - 1)
    X = X.astype(np.float32)
    points = project(X, "tsne", perplexity=1.5, random_state=seed)
    np.testing.assert_allclose(np.transpose([tsne["x"], tsne["y"]]), points, rtol=1e-4)
    points = project(X)
    np.testing.assert_allclose(np.transpose([pca["x"], pca["y"]]), points, rtol=1e-4)
    share = 100 * points[:, 0].var() / 4
    assert pca["axes"][0] == f"Component 1 ({share:.0f}% of the variance)"
    assert content["files"] == FILES
    assert page.n_bytes == (tmp_path / "page.html").stat().st_size
    assert page.n_points == 6


def test_an_integer_seed_gives_the_same_page(X, tmp_path):
    ds = make_dataset(X, FILES, label_nominal=list("aabbcc"))
    pages = [tmp_path / f"{i}.html" for i in range(2)]
    for path in pages:
        write_explorer(ds, path, methods="tsne", random_state=1)
    assert pages[0].read_bytes() == pages[1].read_bytes()


def test_everything_known_is_a_colour(X, write):
    ds = make_dataset(
        X,
        FILES,
        label_nominal=["b", "a", "", "b", "a", "b"],
        partition=["train", "test", "devel", None, "train", "train"],
        cv_folds=np.array([1, 2, 10, 10, 1, 2])[:, None] == np.arange(1, 11),
        groups=list("xxyyzz"),
    )
    page, content = write(ds, predictions={"0.wav": "b", "1.wav": "b", "2.wav": "a", "3.wav": "c"})
    assert page.colours == ["Label", "Partition", "Fold", "Group", "Prediction", "Right or wrong"]
    assert colours(content) == {
        "Label": ["b", "a", None, "b", "a", "b"],
        "Partition": ["train", "test", "devel", None, "train", "train"],
        "Fold": ["1", "2", "10", "10", "1", "2"],
        "Group": list("xxyyzz"),
        "Prediction": ["b", "b", "a", "c", None, None],
        "Right or wrong": ["right", "wrong", None, "wrong", None, None],
    }
    values = {field["name"]: field["values"] for field in content["fields"]}
    assert values["Partition"] == ["train", "devel", "test"]
    assert values["Fold"] == ["1", "2", "10"]


def test_folds_that_overlap_are_colours_of_their_own(X, write):
    folds = np.array([[1, 1], [0, 1], [0, 0], [1, np.nan], [0, 0], [0, 0]])
    _, content = write(make_dataset(X, FILES, cv_folds=folds))
    split = {1: "validation", 0: "training"}
    assert colours(content) == {f"Fold {i + 1}": [split.get(value) for value in folds[:, i]] for i in range(2)}


def test_numbers_are_a_scale(X, write):
    _, content = write(make_dataset(X, FILES, label_numeric=[0.5, np.nan, 3, 4, 5, 1 / 3]))
    assert content["fields"] == [{"name": "Label", "numbers": [0.5, None, 3, 4, 5, 0.333333]}]
    # few and whole ones too: what classes are has names
    _, content = write(make_dataset(X, FILES, label_numeric=[10, 9, np.nan, 9, 10, 9]))
    assert content["fields"] == [{"name": "Label", "numbers": [10, 9, None, 9, 10, 9]}]
    _, content = write(make_dataset(X, FILES))
    assert content["fields"] == []


def test_several_targets_are_several_scales(X, write):
    values = np.column_stack([np.arange(6.0), [0.5, np.nan, 1, 2, 3, 4], np.full(6, np.nan)])
    ds = make_dataset(X, FILES, partition=[0, 1] * 3).assign(targets=(("instance", "target"), values))
    ds = ds.assign_coords(target=["arousal", "valence", "joy"])
    page, content = write(ds)
    assert page.colours == ["arousal", "valence", "Partition"]
    assert content["fields"][1]["numbers"] == [0.5, None, 1, 2, 3, 4]
    page, content = write(ds, target="valence")
    assert page.colours == ["valence", "arousal", "Partition"]
    with pytest.raises(DataSetError, match="target='joy': the data set has no such numbers"):
        write(ds, target="joy")
    targets = dict(zip(["arousal", "valence", "joy"], values.T, strict=True))
    classes = set_labels(ds, label_nominal=list("aabbcc"), targets=targets)
    assert write(classes)[0].colours == ["Label", "arousal", "valence", "Partition"]
    assert write(classes, target="valence")[0].colours == ["valence", "arousal", "Label", "Partition"]


def test_predicted_numbers_are_a_scale_with_their_error(X, write):
    ds = make_dataset(X, FILES, label_numeric=[0.5, np.nan, 3, 4, 5, 6])
    predictions = {"0.wav": "0.25", "1.wav": 7, "2.wav": "5"}
    _, content = write(ds, predictions=predictions)
    assert content["fields"][1:] == [
        {"name": "Prediction", "numbers": [0.25, 7, 5, None, None, None]},
        {"name": "Absolute error", "numbers": [0.25, None, 2, None, None, None]},
    ]
    page, _ = write(make_dataset(X, FILES), predictions=predictions)
    assert page.colours == ["Prediction"]
    # names are classes, also where no label is known
    page, content = write(ds, predictions={"0.wav": "0.25", "1.wav": "dog"})
    assert page.colours == ["Label", "Prediction"]
    assert colours(content)["Prediction"][:3] == ["0.25", "dog", None]


def test_chunks(X, write):
    ds = make_dataset(X, ["a", "a", "a", "b", "b", "b"], chunk_nr=[0, 1, 2] * 2, label_nominal=list("xxxyyy"))
    predictions = pd.Series(["x", "x", "y", "y"], index=["a", "a", "a", "b"])
    _, content = write(ds, predictions=predictions)
    assert content["chunks"] == [0, 1, 2, 0, 1, 2]
    assert colours(content)["Right or wrong"] == ["right", "right", "wrong", "right", "right", "right"]
    assert "6 instances of 2 files with 4 features." in content["text"]


def test_rows_that_are_not_finite_are_left_out(X, write, caplog):
    X[1, 2], X[4, 0] = np.nan, np.inf
    page, content = write(make_dataset(X, FILES, label_nominal=list("abcdef")), spectrograms=None)
    assert (page.n_points, page.n_left_out) == (4, 2)
    assert content["files"] == ["0.wav", "2.wav", "3.wav", "5.wav"]
    assert colours(content)["Label"] == list("acdf")
    assert "2 of 6 instances are left out" in caplog.text
    assert "2 more left out" in content["text"]


def test_spectrograms_belong_to_their_file_and_chunk(X, write, rng, caplog):
    ds = make_dataset(X, ["a", "a", "b", "b", "c", "c"], chunk_nr=[0, 1] * 3)
    spectrograms = make_dataset(rng.normal(size=(5, 3, 4)), ["b", "d", "a", "b", "a"], chunk_nr=[1, 0, 1, 0, 0])
    page, content = write(ds, spectrograms=spectrograms)
    # rows 0, 2, 3 and 4 are drawn, in this order
    assert content["sheets"]["places"] == [3, 1, 2, 0, -1, -1]
    assert page.n_thumbnails == 4
    assert "2 of 6 instances have no spectrogram" in caplog.text


@pytest.mark.parametrize("lazy", [False, True])
def test_features_with_more_axes(lazy, rng, write):
    values = rng.normal(size=(6, 5, 3))
    values[2, 1, 1] = np.nan
    ds = make_dataset(values, FILES)
    if lazy:
        pytest.importorskip("dask", reason="dask is not installed")
        ds = ds.chunk({"instance": 4})
    page, content = write(ds)
    table = np.delete(np.concatenate([values.mean(axis=1), values.std(axis=1)], axis=1), 2, axis=0)
    points = np.transpose([content["projections"][0][axis] for axis in "xy"])
    np.testing.assert_allclose(points, project(table.astype(np.float32)), rtol=1e-3)
    # spectrograms show themselves
    assert page.n_thumbnails == 5
    assert "with 5 x 3 features" in content["text"]
    _, content = write(make_dataset(values, FILES, feature_dims=["generated_0", "generated_1"]))
    assert content["sheets"] is None


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_instances(n, X, tmp_path):
    page = write_explorer(make_dataset(X[:n], FILES[:n]), tmp_path / "page.html", random_state=0)
    assert page.n_points == n
    assert page.methods == ["pca", "tsne"]
    assert f"{n} instance{'s' * (n > 1)} with" in (tmp_path / "page.html").read_text()


def test_constant_features(tmp_path, caplog):
    write_explorer(make_dataset(np.ones((6, 4)), FILES), tmp_path / "page.html")
    assert "All features are constant" in caplog.text
    assert read_page(tmp_path / "page.html")["projections"][0]["x"] == [0] * 6


def test_hostile_text_stays_text(X, write):
    bad = [
        "</script><script>alert(1)</script>",
        "<!--",
        '"><img src=x onerror=alert(1)>',
        "{{ 7 * 7 }}",
        "é😀",
        "\u2028",
    ]
    _, content = write(make_dataset(X, [f"{text}.wav" for text in bad], label_nominal=bad), title=bad[0])
    assert colours(content)["Label"] == bad
    elements = Elements(content["text"])
    assert elements.count("script") == 3
    assert "img" not in elements
    assert elements.title == bad[0]


class Elements(list):
    """Names of the elements of a page, as a parser of HTML sees them."""

    def __init__(self, text):
        super().__init__()
        parser = html.parser.HTMLParser()
        parser.handle_starttag = lambda name, attributes: self.append(name)
        parser.handle_data = self.note
        parser.feed(text)

    def note(self, text):
        if self[-1:] == ["title"]:
            self.title = text
            self.append("after the title")


def test_wrong_data(X, tmp_path):
    path = tmp_path / "page.html"
    ds = make_dataset(X, FILES)
    with pytest.raises(DataSetError, match="all have a feature that is NaN"):
        write_explorer(make_dataset(X * np.nan, FILES), path)
    with pytest.raises(DataSetError, match="there are none"):
        write_explorer(make_dataset(X[:0], []), path)
    with pytest.raises(DataSetError, match="there are none"):
        write_explorer(make_dataset(X[:, :0], FILES), path)
    with pytest.raises(DataSetError, match="ds is not a data set"):
        write_explorer(ds.drop_vars("partition"), path)
    with pytest.raises(DataSetError, match="spectrograms: the features have the sizes"):
        write_explorer(ds, path, spectrograms=ds)
    with pytest.raises(DataSetError, match="spectrograms: none is of a file and chunk .* has '0.wav'.* have 'x.wav'"):
        write_explorer(ds, path, spectrograms=make_dataset(np.zeros((1, 2, 2)), ["x.wav"]))
    with pytest.raises(DataSetError, match="two instances have the same file and chunk"):
        write_explorer(ds, path, spectrograms=make_dataset(np.zeros((2, 2, 2)), ["0.wav"] * 2))
    with pytest.raises(DataSetError, match="predictions: none of the 1 files"):
        write_explorer(ds, path, predictions={"x.wav": "a"})
    with pytest.raises(DataSetError, match="Cannot read the folder"):
        write_explorer(ds, path, audio=tmp_path / "none")
    assert not list(tmp_path.iterdir())


def test_wrong_parameters(X, tmp_path):
    path = tmp_path / "page.html"
    ds = make_dataset(X, FILES)
    for options, message in (
        ({"methods": ["pca", "isomap"]}, "expected one or more of pca, tsne, umap"),
        ({"methods": []}, "expected one or more"),
        ({"perplexity": 6}, "perplexity=6 must be less than the number of instances"),
        ({"perplexity": -1}, "'perplexity' parameter"),
        ({"max_audio_mb": 0}, "'max_audio_mb' parameter"),
        ({"predictions": [1]}, "'predictions' parameter"),
    ):
        with pytest.raises(ValueError, match=message):
            write_explorer(ds, path, **options)
    with pytest.raises(IsADirectoryError):
        write_explorer(ds, tmp_path)
    with pytest.raises(FileNotFoundError):
        write_explorer(ds, tmp_path / "none" / "page.html")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("lazy", [None, 2])
def test_nothing_that_is_shown_is_replaced(X, tmp_path, lazy):
    folder = tmp_path / "sounds"
    folder.mkdir()
    soundfile.write(folder / FILES[0], np.zeros(800), 8000)
    for name in ("features.nc", "spectrograms.nc"):
        write_netcdf(make_dataset(X, FILES), tmp_path / name)
    (tmp_path / "link.html").symlink_to(tmp_path / "features.nc")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*.*")}
    with (
        read_netcdf(tmp_path / "features.nc", chunks=lazy) as ds,
        read_netcdf(tmp_path / "spectrograms.nc", chunks=lazy) as other,
    ):
        for name, what in (
            ("link.html", "the file of ds"),
            ("spectrograms.nc", "the file of spectrograms"),
            (f"sounds/{FILES[0]}", "a recording in audio"),
        ):
            with pytest.raises(ValueError, match=f"{name}': it is {what}.*, which would be lost"):
                write_explorer(ds, tmp_path / name, spectrograms=other, audio=folder, methods=["pca"])
    assert {path: path.read_bytes() for path in before} == before


def test_a_full_disk_leaves_nothing(X, tmp_path, monkeypatch):
    def fail(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", fail)
    with pytest.raises(OSError, match="page.html: cannot be written"):
        write_explorer(make_dataset(X, FILES), tmp_path / "page.html", methods="pca")
    assert not list(tmp_path.iterdir())


def test_progress(X, tmp_path, capsys):
    ds = make_dataset(X, FILES)
    write_explorer(ds, tmp_path / "page.html", methods="pca", verbose=1)
    assert "Projecting: 1 projections" in capsys.readouterr().err
    write_explorer(ds, tmp_path / "page.html", methods="pca")
    assert capsys.readouterr() == ("", "")
