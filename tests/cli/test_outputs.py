"""Places for what commands write; what fails leaves neither folders nor debris, and the old file."""

import shutil
import signal

import numpy as np
import pytest
import soundfile

from skaudeep.cli._outputs import prepare_output
from skaudeep.io import read_netcdf


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


#: what would replace a file that it reads: the command, with OUT for the other name of that file, and what it reads
REPLACING = {
    "svm evaluate --cross-validate --complexity 1 --input f.nc --output OUT": "f.nc",
    "mlp evaluate --cross-validate --input f.nc --output OUT": "f.nc",
    "svm predict --train-input f.nc --eval-input g.nc --complexity 1 --output OUT": "f.nc",
    "mlp predict --train-input g.nc --eval-input f.nc --output OUT": "f.nc",
    "fuse --input f.nc g.nc --output OUT": "g.nc",
    "t-rae generate --model-dir run --input s.nc --output OUT": "s.nc",
    "t-rae generate --model-dir run/logs --input s.nc --output OUT": "run/logs/model-1.skaudeep",
    "t-rae generate --model-dir run/logs/model-1 --input s.nc --output OUT": "run/logs/model-1.skaudeep",
    "t-rae generate --model-dir ./run/logs --input s.nc --output OUT": "run/training.json",
    "import --basedir f.csv --output OUT": "f.csv",
    "import --basedir . --name f --output OUT": "f.csv",
    "preprocess --basedir sounds --fixed-length 1 --output OUT": "sounds/dog/a.wav",
    "preprocess --basedir sounds/table.csv --fixed-length 1 --output OUT": "sounds/table.csv",
    "preprocess --basedir sounds/table.csv --on-error skip --fixed-length 1 --output OUT": "sounds/dog/a.wav",
    "preprocess --basedir sounds --parser none --fixed-length 1 --output OUT": "sounds/table.csv",
    "explore f.nc -o OUT": "f.nc",
    "explore f.nc --spectrograms s.nc -o OUT": "s.nc",
    "explore f.nc --predictions p.tsv -o OUT": "p.tsv",
    "explore f.nc --audio sounds -o OUT": "sounds/dog/a.wav",
    "report run -o OUT": "run/training.json",
    "report ./run -o OUT": "run/logs/model-1.skaudeep",
    "validate --input f.nc --log-file OUT": "f.nc",
    "inspect raw --basedir sounds --log-file OUT": "sounds/dog/a.wav",
    "inspect raw --basedir sounds/table.csv --log-file OUT": "sounds/table.csv",
    "t-rae train --input s.nc --run-name new --log-file OUT": "s.nc",
    "export --input f.nc --output new --log-file OUT": "f.nc",
}


def spelt(path):
    return path.parent / ".." / path.parent.name / path.name


def symbolic_link(path):
    link = path.with_name(f"symbolic-{path.name}")
    link.symlink_to(path)
    return link


def hard_link(path):
    link = path.with_name(f"hard-{path.name}")
    link.hardlink_to(path)
    return link


@pytest.fixture
def inputs(folder, tmp_path, monkeypatch):
    """A copy of what commands read, in the working directory, with a corpus."""
    inputs = tmp_path / "inputs"
    shutil.copytree(folder, inputs)
    for name in ("dog/a.wav", "dog/b.wav", "cat/c.wav"):
        path = inputs / "sounds" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(path, np.linspace(-0.5, 0.5, 800), 800)
    (inputs / "sounds" / "table.csv").write_text("path,label\ndog/a.wav,dog\ndog/b.wav,dog\n")
    (inputs / "p.tsv").write_text("a\tx\n")
    monkeypatch.chdir(inputs)
    return inputs


@pytest.mark.parametrize("command", REPLACING)
def test_no_input_is_replaced_or_added_to(skaudeep, inputs, command):
    read = inputs / REPLACING[command]
    for output in (read, spelt(read), symbolic_link(read), hard_link(read)):
        before = contents(inputs)
        done = skaudeep(*[output if word == "OUT" else word for word in command.split()])
        assert (done.status, done.out) == (1, "")
        assert "which would be lost" in done.err or "--log-file" in done.err
        assert str(output) in done.err and "give another file" in done.err
        assert contents(inputs) == before


@pytest.mark.parametrize(
    ("command", "read"),
    [
        ("plot embedding --input f.nc --method pca", "f.nc"),
        ("preprocess --basedir sounds --pretend 0", "sounds/table.csv"),
        ("preprocess --basedir elsewhere.csv --pretend 0", "sounds/dog/b.wav"),
        ("plot spectrogram --input sounds/dog/a.wav", "sounds/dog/a.wav"),
        ("plot loss --model-dir run", "run/training.json"),
        ("plot reconstruction --model-dir run --input s.nc", "run/logs/model-1.skaudeep"),
        ("visualize tsne --input f.nc --perplexity 2", "f.nc"),
    ],
)
def test_no_input_is_replaced_by_a_figure(skaudeep, inputs, command, read):
    (inputs / "link.png").symlink_to(read)
    (inputs / "elsewhere.csv").write_text("path,label\nsounds/dog/a.wav,dog\nsounds/dog/b.wav,dog\n")
    before = contents(inputs)
    done = skaudeep(*command.split(), "--figure" if "--pretend" in command else "--output", "link.png")
    assert done.status == 1 and "which would be lost" in done.err
    assert contents(inputs) == before


def test_the_message_says_which_input_it_is(skaudeep, inputs):
    done = skaudeep("preprocess", "--basedir", "sounds", "--output", "sounds/dog/a.wav")
    assert "cannot write 'sounds/dog/a.wav': it is a file of the corpus, which would be lost" in done.err
    hard_link(inputs / "p.tsv")
    done = skaudeep("explore", "f.nc", "--predictions", "p.tsv", "-o", "hard-p.tsv")
    assert "cannot write 'hard-p.tsv': it is --predictions (p.tsv), which would be lost" in done.err


def test_data_sets_in_the_folder_of_a_corpus_are_replaced(skaudeep, inputs):
    words = ["preprocess", "--basedir", "sounds", "--fixed-length", "0.5", "--output", "sounds/spectrograms.nc"]
    for _ in range(2):
        assert skaudeep(*words).status == 0


#: what replaces the data set that it reads, if --output says so
IN_PLACE = [
    "modify --input f.nc --add-cv-setup 2 --seed 0",
    "modify --input f.nc --remove-partitioning",
    "upsample --input f.nc --seed 0",
    "fuse chunks --input f.nc",
]


@pytest.mark.parametrize("command", IN_PLACE)
def test_in_place_only_by_the_same_name(skaudeep, inputs, command):
    assert skaudeep(*command.split(), "--output", "new.nc").status == 0
    for rename in (symbolic_link, hard_link):
        before = contents(inputs)
        done = skaudeep(*command.split(), "--output", rename(inputs / "f.nc").name)
        assert done.status == 1 and "it is --input (f.nc), which would be lost" in done.err
        assert contents(inputs).items() >= before.items()
    assert skaudeep(*command.split(), "--output", "./f.nc").status == 0
    assert read_netcdf("f.nc").identical(read_netcdf("new.nc"))


@pytest.mark.parametrize(
    ("command", "default"),
    [
        ("modify --add-cv-setup 2 --input", "modified.nc"),
        ("upsample --input", "upsampled.nc"),
        ("fuse chunks --input", "fused.nc"),
        ("fuse --input f.nc", "fused.nc"),
    ],
)
def test_the_default_replaces_no_input(skaudeep, inputs, command, default):
    shutil.copy("g.nc", default)
    before = contents(inputs)
    done = skaudeep(*command.split(), default)
    assert done.status == 1 and f"cannot write '{default}': it is --input, which would be lost" in done.err
    assert contents(inputs) == before


def test_fusing_onto_an_input_takes_a_switch(skaudeep, inputs):
    done = skaudeep(*["fuse", "--input", "f.nc", "g.nc", "--output", "g.nc", "--overwrite"])
    assert done.status == 0
    assert read_netcdf("g.nc").sizes["generated"] == 4


def test_a_log_goes_on_in_a_folder_that_is_read(skaudeep, inputs):
    log = inputs / "sounds" / "log.txt"
    for text, status in (("", 0), ("2026-11-26 12:00:00,123 INFO skaudeep: begun\n", 0), ("dog/a.wav,dog\n", 1)):
        log.write_text(text)
        assert skaudeep("inspect", "raw", "--basedir", "sounds", "--log-file", log).status == status
        assert log.read_text() == text


def test_a_log_is_no_output(skaudeep, inputs):
    words = ["modify", "--input", "f.nc", "--add-cv-setup", "2", "--output", "new.nc"]
    done = skaudeep(*words, "--log-file", "./new.nc")
    assert done.status == 1 and "--log-file ./new.nc is also --output: give another file" in done.err
    assert not (inputs / "new.nc").exists()
