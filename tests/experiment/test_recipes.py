"""The recipes: every number of the paper, and each of them run on a tiny corpus of its layout."""

import json

import numpy as np
import pytest

from skaudeep import StatisticsPooling, make_embedding
from skaudeep.cli import main
from skaudeep.datasets import make_sound_scenes
from skaudeep.experiment._config import read_experiment
from skaudeep.experiment._recipes import list_recipes, read_recipe
from skaudeep.experiment.stages import digest
from skaudeep.io import read_netcdf

# what the paper says of all experiments, and of each; typed from there and not from the recipes
ALL = {"kind": "t-rae", "n_layers": 2, "n_units": 256, "cell": "gru", "dropout": 0.2, "learning_rate": 1e-3}
ESC = {"window_width": 0.08, "window_overlap": 0.04, "n_mels": 128, "fixed_length": 5, "center_fixed": True}
PAPER = {
    "esc-10": {
        "spectrograms": {**ESC, "clip_below": [-30, -45, -60, -75], "channels": "mean", "chunk_length": None},
        "autoencoder": {**ALL, "bidirectional_encoder": False, "bidirectional_decoder": True},
        "training": (64, 64),
        "folds": None,
        "majority_vote": False,
        "parser": "esc",
    },
    "esc-50": {
        "spectrograms": {**ESC, "clip_below": [-30, -45, -60, -75], "channels": "mean", "chunk_length": None},
        "autoencoder": {**ALL, "bidirectional_encoder": True, "bidirectional_decoder": False},
        "training": (64, 64),
        "folds": None,
        "majority_vote": False,
        "parser": "esc",
    },
    "gtzan": {
        "spectrograms": {
            "window_width": 0.08,
            "window_overlap": 0.04,
            "n_mels": 320,
            "clip_below": [-30, -45, -60, -75, None],
            "channels": "mean",
            "fixed_length": 31,
            "chunk_length": 2,
            "chunk_count": 15,
        },
        "autoencoder": {**ALL, "bidirectional_encoder": True, "bidirectional_decoder": False},
        "training": (40, 512),
        "folds": 5,
        "majority_vote": True,
        "parser": "folder",
    },
    "tut-as-2017": {
        "spectrograms": {
            "window_width": 0.16,
            "window_overlap": 0.08,
            "n_mels": 320,
            "clip_below": None,
            "channels": ["mean", "diff", "left", "right"],
            "fixed_length": 10,
            "chunk_length": None,
        },
        "autoencoder": {**ALL, "bidirectional_encoder": False, "bidirectional_decoder": True},
        "training": (40, 512),
        "folds": None,
        "majority_vote": False,
        "parser": "dcase",
    },
}
MLP = {"hidden_layer_sizes": [150, 150], "dropout": 0.4, "learning_rate": 1e-3, "max_epochs": 400, "repeats": 5}
#: the recipes with contrastive features, and what of `make_embedding` their spectrograms are
CONTRASTIVE = {
    "esc-10-contrastive": "scenes",
    "esc-50-contrastive": "scenes",
    "gtzan-contrastive": "scenes",
    "tut-as-2017-contrastive": "scenes",
    "fsdd-contrastive": "speech",
    "speech-emotion-contrastive": "speech",
    "sound-scenes-contrastive": "speech",
}
TINY = [
    *("spectrograms.n_mels=6", "autoencoders.n_layers=1", "autoencoders.n_units=2", "autoencoders.batch_size=8"),
    *("autoencoders.max_epochs=1", "classifiers.mlp.hidden_layer_sizes=[2]", "classifiers.mlp.max_epochs=2"),
    "classifiers.repeats=1",
]


def test_there_are_the_experiments_of_the_paper_and_the_quick_start():
    assert list_recipes() == sorted([*PAPER, *CONTRASTIVE, "quickstart"])


@pytest.mark.parametrize("name", PAPER)
def test_settings_are_those_of_the_paper(name):
    experiment, paper = read_experiment(name), PAPER[name]
    for key, value in paper["spectrograms"].items():
        assert experiment.spectrograms[key] == value, key
    for key in ("clip_above", "pre_emphasis", "f_max", "sample_rate"):
        assert experiment.spectrograms[key] is None
    assert (experiment.spectrograms["filterbank"], experiment.spectrograms["scale"]) == ("audeep", "minmax")
    (autoencoder,) = experiment.autoencoders
    for key, value in paper["autoencoder"].items():
        assert autoencoder[key] == value, key
    assert (autoencoder["max_epochs"], autoencoder["batch_size"]) == paper["training"]
    assert (autoencoder["output"], autoencoder["clip_value"]) == ("bottleneck", 2.0)
    assert (autoencoder["input_noise"], autoencoder["feed_previous_prob"], autoencoder["mask_silence"]) == (0, 0, False)
    assert experiment.corpus["folds"] == paper["folds"]
    assert experiment.corpus["parser"] == paper["parser"]
    assert experiment.evaluation["majority_vote"] == paper["majority_vote"]
    assert not experiment.evaluation["upsample"]
    assert experiment.evaluation["train"] is experiment.evaluation["test"] is None


@pytest.mark.parametrize("name", PAPER)
def test_classifiers_are_those_of_the_paper_and_two_linear_ones(name):
    classifiers = {entry["name"]: entry for entry in read_experiment(name).classifiers}
    assert list(classifiers) == ["mlp", "svm", "linearsvc"]
    for key, value in MLP.items():
        assert classifiers["mlp"][key] == value, key
    assert classifiers["mlp"]["batch_size"] is None, "all at once"
    assert classifiers["svm"]["C"] == classifiers["linearsvc"]["C"] == 0.01


@pytest.mark.parametrize("name", CONTRASTIVE)
def test_networks_and_spectrograms_are_those_that_are_recommended(name):
    experiment = read_experiment(name)
    (spectrogram, *_), embedding = experiment.make_transformers(), make_embedding(CONTRASTIVE[name], random_state=0)
    own = ["fixed_length", "channels"]
    if name == "fsdd-contrastive":  # recordings of 8 kHz
        own += ["sample_rate", "n_mels"]
    expected = {key: value for key, value in embedding["spectrogram"].get_params().items() if key not in own}
    assert {key: value for key, value in spectrogram.get_params().items() if key not in own} == expected
    members = embedding["features"].named_transformers
    assert [entry["name"] for entry in experiment.autoencoders] == ["contrastive", "random"]
    for entry in experiment.autoencoders:
        embedder, recommended = experiment.make_embedder(entry), members[entry["name"]]
        assert type(embedder) is type(recommended)
        assert digest(embedder.get_params()) == digest(recommended.get_params())
    assert experiment.fusion["statistics"]
    assert members["statistics"].get_params() == StatisticsPooling().get_params(), "as the stage has them"
    assert experiment.evaluation["controls"]


@pytest.mark.parametrize("name", [*PAPER, *CONTRASTIVE])
def test_what_it_is_where_to_get_it_and_how_it_looks(name):
    experiment = read_experiment(name)
    assert experiment.title
    assert experiment.about
    assert all(experiment.corpus[key] for key in ("name", "about", "layout"))
    assert "http" in experiment.corpus["about"]
    assert experiment.corpus["path"] is None


@pytest.mark.parametrize("name", ["esc10", "", "../esc-10", "zzz"])
def test_unknown_recipes(name):
    with pytest.raises(ValueError, match="is not a recipe; (did you mean esc-10|there are esc-10, esc-10-contrastive)"):
        read_recipe(name)


def esc_10(write, folder):
    """Class folders, file names that begin with the fold."""
    return write(folder, [(f"00{c + 1} - class {c}/{f}-{f}{c}-A.ogg", c) for c in range(2) for f in range(1, 6)])


def esc_50(write, folder):
    """A table beside the folder audio/."""
    rows = [(f"{f}-{f}{c}-A-{c}.wav", f, c) for c in range(2) for f in range(1, 6)]
    write(folder, [(f"audio/{name}", c) for name, _, c in rows])
    (folder / "meta").mkdir()
    table = ["filename,fold,target,category,esc10,src_file,take"]
    table += [f"{name},{fold},{c},class_{c},True,{fold}{c},A" for name, fold, c in rows]
    (folder / "meta" / "esc50.csv").write_text("\n".join(table) + "\n")
    return folder


def gtzan(write, folder):
    """A folder for each genre."""
    names = [(f"genres/{genre}/{genre}.0000{i}.au", c) for c, genre in enumerate(["blues", "rock"]) for i in range(5)]
    return write(folder, names, seconds=30) / "genres"


def tut_as_2017(write, folder):
    """Stereo recordings, a table, and lists of the folds."""
    scenes = [(f"audio/{scene}{i}.wav", scene, c) for c, scene in enumerate(["beach", "bus"]) for i in range(4)]
    write(folder, [(name, c) for name, _, c in scenes], seconds=1, channels=2)
    lines = [f"{name}\t{scene}" for name, scene, _ in scenes]
    (folder / "meta.txt").write_text("".join(f"{line}\ts{i}\n" for i, line in enumerate(lines)))
    setup = folder / "evaluation_setup"
    setup.mkdir()
    for fold in range(4):
        test = [i % 4 == fold for i in range(8)]
        for part, chosen in (("train", False), ("evaluate", True)):
            text = "\n".join(line for line, tested in zip(lines, test, strict=True) if tested == chosen)
            (setup / f"fold{fold + 1}_{part}.txt").write_text(text + "\n")
    return folder


RUNS = {
    "esc-10": (esc_10, ["30dB", "45dB", "60dB", "75dB"], 10, (124, 6), 4, 5),
    "esc-50": (esc_50, ["30dB", "45dB", "60dB", "75dB"], 10, (124, 6), 2, 5),
    "gtzan": (gtzan, ["30dB", "45dB", "60dB", "75dB", "unclipped"], 150, (50, 6), 2, 5),
    "tut-as-2017": (tut_as_2017, ["mean", "diff", "left", "right"], 8, (124, 6), 4, 4),
}


@pytest.mark.parametrize("name", RUNS)
def test_runs_on_a_corpus_of_its_layout(name, tmp_path, write_sounds, capsys):
    make, settings, n, shape, n_generated, n_folds = RUNS[name]
    corpus, out = make(write_sounds, tmp_path / "corpus"), tmp_path / "out"
    arguments = ["run", name, "--corpus", str(corpus), "--output", str(out), "--json", "--set", *TINY]
    assert main([*arguments, "--n-jobs", "2"]) == 0
    results = json.loads(capsys.readouterr().out)
    expected = [(s, c) for s in [*settings, "fused"] for c in ("mlp", "svm", "linearsvc")]
    assert [(r["features"], r["classifier"]) for r in results["results"]] == expected
    assert {r["n_splits"] for r in results["results"]} == {n_folds}
    for setting in settings:
        assert read_netcdf(out / f"spectrograms/{setting}.nc").features.shape == (n, *shape)
    fused = read_netcdf(out / "features/fused.nc")
    assert fused.features.shape == (n, len(settings) * n_generated)
    assert np.isfinite(fused.features).all()
    text = json.loads((out / "evaluations/fused-svm.json").read_text())
    assert np.sum(text["confusion"]) == len(set(fused.filename.values)), "each recording is tested once"
    assert (out / "report.html").is_file()
    if name == "gtzan":
        for filename in set(fused.filename.values):
            assert len(np.unique(fused.cv_folds.values[fused.filename.values == filename], axis=0)) == 1
    assert main([*arguments, "--dry-run"]) == 0
    assert not any(stage["runs"] for stage in json.loads(capsys.readouterr().out))


def fsdd(write, folder):
    """Digit, speaker and take in the names."""
    names = [(f"recordings/{digit}_{who}_0.wav", digit) for digit in range(2) for who in ("ann", "bob", "eve", "max")]
    write(folder, names, rate=16000)
    return folder / "recordings"


def speech_emotion(write, folder):
    """A table with emotions and speakers."""
    rows = [(f"{c}{who}.wav", c, who) for c in range(2) for who in "abcd"]
    write(folder, [(name, c) for name, c, _ in rows], rate=16000)
    lines = ["path,emotion,speaker,age", *(f"{name},{'joy' if c else 'fear'},{who},30" for name, c, who in rows)]
    (folder / "metadata.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.mark.parametrize(("name", "make"), [("fsdd-contrastive", fsdd), ("speech-emotion-contrastive", speech_emotion)])
def test_contrastive_recipes_run_and_keep_speakers_together(name, make, tmp_path, write_sounds, capsys):
    corpus, out = make(write_sounds, tmp_path / "corpus"), tmp_path / "out"
    changes = ["corpus.folds=4", "spectrograms.n_mels=8", "spectrograms.fixed_length=0.5", "embedders.n_units=2"]
    network = ["conv_channels=[2]", "conv_strides=[2,2]", "projection_dim=3", "max_epochs=1"]
    changes += [f"embedders.contrastive.{change}" for change in network]
    changes += ["classifiers=[{kind='linearsvc'}]", "report.enabled=false"]
    arguments = ["run", name, "--corpus", str(corpus), "--output", str(out), "--json", "--set", *changes]
    assert main(arguments) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    names = [f"spectrograms-{what}" for what in ("contrastive", "contrastive-untrained", "random", "statistics")]
    assert [result["features"] for result in results] == [*names, "fused", "fused-untrained"]
    parts = [read_netcdf(out / f"features/{name}.nc") for name in (names[0], names[2], names[3], "fused")]
    n_features = [part.features.shape[1] for part in parts]
    assert n_features[-1] == sum(n_features[:-1])
    # no speaker is on both sides of a split
    for column in parts[-1].cv_folds.values.T:
        tested = set(parts[-1].group.values[column == 1])
        assert len(tested) == 1
        assert not tested & set(parts[-1].group.values[column == 0])


def test_the_recipe_of_annotated_recordings_runs(tmp_path, capsys):
    make_sound_scenes(
        tmp_path / "scenes",
        **{"n_speakers": 2, "n_per_speaker": 1, "n_raters": 4, "n_folds": 2, "min_seconds": 12.0, "max_seconds": 12.0},
        random_state=0,
    )
    network = ["conv_channels=[2]", "conv_strides=[2,2]", "projection_dim=3", "max_epochs=1"]
    changes = ["spectrograms.n_mels=8", "embedders.n_units=2", "report.enabled=false"]
    changes += [f"embedders.contrastive.{change}" for change in network]
    out = tmp_path / "out"
    arguments = [
        "run",
        "sound-scenes-contrastive",
        "--corpus",
        str(tmp_path / "scenes"),
        "--output",
        str(out),
        "--json",
    ]
    assert main([*arguments, "--set", *changes]) == 0
    results = json.loads(capsys.readouterr().out)["results"]
    assert {result["features"] for result in results} >= {"fused", "fused-untrained", "spectrograms-statistics"}
    assert {result["regressor"] for result in results} == {"ridge", "svm"}
    assert [result["target"] for result in results[:3]] == ["loudness", "pitch", "rate"]
    ds = read_netcdf(out / "features/fused.nc")
    assert ds.sizes["instance"] == 2 * 7  # of 12 s the raters have said nothing about the first two
    assert set(ds.group.values[ds.cv_folds.values[:, 0] == 1]) == {"speaker-01"}
