"""Places for what commands write; what fails leaves neither folders nor debris, and the old file."""

import signal

import numpy as np
import pytest

from skaudeep.cli._outputs import prepare_output


def test_folders_are_made_and_stay(tmp_path):
    target = tmp_path / "a" / "b" / "x.nc"
    with prepare_output(str(target), None):
        assert target.parent.is_dir()
    assert target.parent.is_dir()


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_folders_of_what_fails_go_if_they_are_new_and_empty(tmp_path, error):
    (tmp_path / "old").mkdir()
    places = "old/x.nc", "a/b/x.nc", "a/c/x.nc", "kept/x.nc"
    with pytest.raises(error), prepare_output(*(tmp_path / place for place in places)):
        (tmp_path / "kept" / "part").touch()
        raise error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "old"]


def test_a_place_that_cannot_be(tmp_path):
    (tmp_path / "file").touch()
    for target, message in (("file/x.nc", "cannot make the folder"), ("file/a/x.nc", "cannot make"), (".", "a folder")):
        with pytest.raises(OSError, match=message), prepare_output(tmp_path / "new" / "x.nc", tmp_path / target):
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


#: commands, and the work in which they are interrupted; with an --output also as they put the file in its place
COMMANDS = {
    "t-rae generate --model-dir run --input s.nc --output old": "skaudeep.experiment._generate._embed_blocks",
    "fuse --input f.nc g.nc --output old": "skaudeep.datasets.fuse",
    "fuse chunks --input f.nc --output old": "skaudeep.datasets.fuse_chunks",
    "export --input f.nc --output .": "skaudeep.io.export_dataset",
    "import --basedir f.csv --output old": "skaudeep.io.import_dataset",
    "modify --input f.nc --add-cv-setup 2 --output old": "skaudeep.datasets.add_folds",
    "upsample --input f.nc --output old": "skaudeep.datasets.upsample",
    "plot embedding --input f.nc --method pca --output old.png": "matplotlib.figure.Figure.savefig",
    "visualize tsne --input f.nc --perplexity 2 --output old.png": "skaudeep.plotting.EmbeddingDisplay.from_features",
    "report run --output old": "skaudeep.pages.write_report",
    "explore f.nc --methods pca --output old": "skaudeep.pages.write_explorer",
    "validate --input f.nc": "skaudeep.datasets.validate_dataset",
    "inspect netcdf --input f.nc": "skaudeep.datasets.inspect_dataset",
    "inspect raw --basedir .": "skaudeep.datasets.inspect_corpus",
}
MOMENTS = list(COMMANDS.items())
MOMENTS += [(command, "os.replace") for command in COMMANDS if "--output" in command]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """What the commands read, and an old file where they write."""
    from skaudeep import Seq2SeqAutoencoderEmbedder
    from skaudeep.datasets import make_dataset
    from skaudeep.experiment._train import train_autoencoder
    from skaudeep.io import export_dataset, write_netcdf

    folder = tmp_path_factory.mktemp("folder")
    values, files = np.random.default_rng(0).uniform(-1, 1, (6, 3, 2)), list("abcdef")
    ds = make_dataset(values[:, 0], files, label_nominal=list("xxxyyy"))
    for name in ("f.nc", "g.nc"):
        write_netcdf(ds, folder / name)
    export_dataset(ds, folder, name="f")
    spectrograms = make_dataset(values, files)
    write_netcdf(spectrograms, folder / "s.nc")
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=1, random_state=0)
    train_autoencoder(embedder, spectrograms, folder / "run")
    for name in ("old", "old.png", "a.wav"):
        (folder / name).write_bytes(b"old")
    return folder


def contents(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.mark.parametrize(("command", "moment"), MOMENTS)
def test_interrupted(skaudeep, folder, monkeypatch, command, moment):
    from matplotlib import pyplot as plt

    plt.switch_backend("Agg")
    monkeypatch.chdir(folder)
    before, calls = contents(folder), []

    def interrupted(*_, **__):
        calls.append(moment)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(moment, interrupted)
    new = command.replace("--output old", "--output new/folder/old").replace("--output .", "--output new/folder")
    for words in (command, new):
        done = skaudeep(*words.split())
        assert (done.status, done.out) == (130, "")
        assert done.err.endswith("skaudeep: interrupted\n")
        assert contents(folder) == before
    assert len(calls) == 2


FAILING = {
    "fuse --input no.nc no.nc": "no.nc",
    "modify --add-cv-setup 2 --input no.nc": "no.nc",
    "upsample --input no.nc": "no.nc",
    "import --basedir no": "no",
    "t-rae generate --model-dir no --input no.nc": "no",
    "svm evaluate --complexity 1 --cross-validate --input no.nc": "no.nc",
    "svm predict --complexity 1 --train-input no.nc --eval-input no.nc": "no.nc",
    "preprocess --basedir no": "no",
    "explore no.nc": "no.nc",
    "report no": "no",
    "plot embedding --input no.nc": "no.nc",
    "visualize tsne --input no.nc": "no.nc",
}


@pytest.mark.parametrize("command", FAILING)
def test_no_folders_for_nothing(skaudeep, tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    done = skaudeep(*command.split(), "--output", "new/folder/x.png")
    assert done.status == 1 and FAILING[command] in done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "words",
    [
        "svm evaluate --cross-validate --complexity 1 --input IN --output IN",
        "mlp evaluate --cross-validate --input IN --output IN",
        "svm predict --train-input IN --eval-input OTHER --complexity 1 --output IN",
        "svm predict --train-input OTHER --eval-input IN --complexity 1 --output IN",
        "explore IN -o IN",
    ],
)
def test_no_input_is_replaced_by_something_else(skaudeep, write_dataset, words):
    path, other = write_dataset(), write_dataset("other.nc")
    before = path.read_bytes()
    done = skaudeep(*[{"IN": path, "OTHER": other}.get(word, word) for word in words.split()])
    assert done.status == 1 and done.out == ""
    assert "is an input, which would be lost" in done.err
    assert path.read_bytes() == before
