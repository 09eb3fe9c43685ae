"""Pictures from the command line; what they show is tested with the displays."""

import json

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep import Seq2SeqAutoencoderEmbedder
from skaudeep.cli import _figures
from skaudeep.experiment._train import train_autoencoder

EVALUATION = {
    "features": "fused",
    "classifier": "svm",
    "classes": ["$\\frac{", "b"],
    "splits": ["fold 1"],
    "accuracy": [[0.75]],
    "recall": [[0.7]],
    "confusion": [[2, 1], [0, 1]],
}


@pytest.fixture(autouse=True)
def drawn(monkeypatch):
    """Keep the figures that were drawn."""
    plt.switch_backend("Agg")
    figures = []
    close = plt.close
    monkeypatch.setattr(plt, "close", figures.append)
    yield figures
    close("all")


@pytest.fixture
def write_spectrograms(tmp_path, rng):
    """Write a data set of five spectrograms and return its path."""
    from skaudeep.datasets import make_dataset
    from skaudeep.io import write_netcdf

    def write(name="spectrograms.nc", X=None, **options):
        X = rng.uniform(-1, 1, (5, 6, 4)) if X is None else X
        files = ["0.wav", "1.wav", "$\\frac{2.wav", "3.wav", "4.wav"][: len(X)]
        write_netcdf(make_dataset(X, files, label_nominal=list("aabba")[: len(X)], **options), tmp_path / name)
        return tmp_path / name

    return write


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """Folder of a tiny training run."""
    folder = tmp_path_factory.mktemp("runs") / "run-1"
    from skaudeep.datasets import make_dataset

    X = np.random.default_rng(0).uniform(-1, 1, (4, 6, 4))
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, max_epochs=2, random_state=0)
    train_autoencoder(embedder, make_dataset(X, list("abcd")), folder)
    return folder


def test_a_spectrogram_of_a_data_set(skaudeep, write_spectrograms, tmp_path, drawn):
    path = write_spectrograms()
    done = skaudeep("plot", "spectrogram", "--input", path, "--instance", 2, "--output", tmp_path / "x.png")
    assert (done.status, done.out, done.err) == (0, f"{tmp_path / 'x.png'}\n", "")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")
    done = skaudeep("plot", "spectrogram", "--input", path, "--output", tmp_path / "x.png", "--json", "-q")
    assert done.json == {"output": str(tmp_path / "x.png")}
    (ax, _) = drawn[0].axes
    assert ax.get_title() == "\\$\\frac{2.wav (b)"  # shown as $\frac{2.wav
    assert ax.get_xlabel() == "Frame"


def test_a_spectrogram_of_a_recording_is_that_of_the_estimator(skaudeep, make_recording, tmp_path, drawn):
    from skaudeep import SpectrogramTransformer

    path = make_recording(seconds=0.5, rate=8000, channels=2)
    options = ["--window-width", 0.05, "--window-overlap", 0.025, "--mel-spectrum", 8, "--clip-below", -40]
    done = skaudeep("plot", "spectrogram", "--input", path, *options, "--channels", "LEFT", "-o", tmp_path / "x.svg")
    assert (done.status, done.err) == (0, "")
    own = {"window_width": 0.05, "window_overlap": 0.025, "n_mels": 8, "clip_below": -40, "channels": "left"} | {
        "pre_emphasis": 0.95
    }
    expected = SpectrogramTransformer(**own, scale=None).fit_transform([path])[0]
    ax = drawn[0].axes[0]
    np.testing.assert_array_equal(ax.images[0].get_array(), expected.T)
    assert ax.get_xlabel() == "Time (s)"
    assert drawn[0].axes[1].get_ylabel() == "Level (dB)"


def test_a_spectrogram_of_a_recording_is_that_of_preprocess(skaudeep, make_recording, tmp_path, drawn):
    from skaudeep.io import read_netcdf

    (tmp_path / "sounds").mkdir()
    path, output = make_recording("sounds/a.wav", seconds=0.5, rate=8000), tmp_path / "s.nc"
    for options in ([], ["--mel-spectrum", 8, "--sample-rate", 4000, "--pre-emphasis", "none", "--clip-below", -50]):
        options = [*options, "--fixed-length", 1, "--center-fixed", "--window-width", 0.05]
        for what in ("spectrogram", "amplitudes"):
            assert skaudeep("plot", what, "--input", path, *options, "-o", tmp_path / "x.png").status == 0
        done = skaudeep(
            "preprocess", "--basedir", tmp_path / "sounds", "--parser", "none", *options, "--output", output
        )
        assert done.status == 0
        written = read_netcdf(output)["features"].values[0]
        levels = drawn[-2].axes[0].images[0].get_array().T
        low, high = levels.min(), levels.max()
        np.testing.assert_allclose(2 * (levels - low) / (high - low) - 1, written, atol=1e-5)


def test_amplitudes_of_a_recording_an_instance_and_a_data_set(
    skaudeep, make_recording, write_spectrograms, tmp_path, drawn
):
    path, output = write_spectrograms(), tmp_path / "x.png"
    assert skaudeep("plot", "amplitudes", "--input", make_recording(), "-o", output).status == 0
    assert skaudeep("plot", "amplitudes", "--input", path, "--instance", 1, "-o", output).status == 0
    assert skaudeep("-q", "plot", "amplitudes", "--input", path, "-o", output).out == f"{output}\n"
    titles = [figure.axes[0].get_title() for figure in drawn]
    assert titles == ["noise.wav", "1.wav (a)", "spectrograms.nc, 5 instances"]
    assert drawn[0].axes[0].get_xlabel() == "Level (dB)"


@pytest.mark.parametrize("free", [False, True])
def test_a_reconstruction_is_that_of_the_checkpoint(skaudeep, write_spectrograms, run, tmp_path, drawn, free):
    from skaudeep.embedding.runs import load_autoencoder
    from skaudeep.io import read_netcdf

    path = write_spectrograms()
    arguments = ["--model-dir", run / "logs", "--input", path, "--instance", 3, "-o", tmp_path / "x.png"]
    assert skaudeep("plot", "reconstruction", *arguments, *["--free-running"] * free).status == 0
    expected = load_autoencoder(run).reconstruct(read_netcdf(path).features.values[3:4], free_running=free)[0]
    np.testing.assert_array_equal(drawn[0].axes[1].images[0].get_array(), expected.T)
    assert drawn[0].get_suptitle() == "3.wav (b)"


def test_losses_of_several_runs(skaudeep, run, tmp_path, drawn):
    twin = tmp_path / "other" / run.name
    twin.mkdir(parents=True)
    (twin / "training.json").write_text(json.dumps({"history": {"loss": [3.0, None, 1.0]}}))
    output = tmp_path / "x.pdf"
    assert skaudeep("plot", "loss", "--model-dir", run / "logs", twin, "-o", output).status == 0
    first, second = drawn[0].axes[0].get_lines()
    recorded = json.loads((run / "training.json").read_text())["history"]["loss"]
    np.testing.assert_array_equal(first.get_ydata(), recorded)
    np.testing.assert_array_equal(second.get_ydata(), [3, np.nan, 1])
    # folders of the same name are told apart
    assert [first.get_label(), second.get_label()] == [f"{run.parent.name}/run-1", "other/run-1"]


def test_features_by_class_fold_and_partition(skaudeep, write_dataset, tmp_path, drawn):
    folds = np.repeat([[1, 0], [0, 1], [0, 0]], 4, axis=0)
    path, output = write_dataset(cv_folds=folds, partition=[0] * 10 + [2] * 2), tmp_path / "x.png"
    for what, names in (("label", ["dog", "rain"]), ("FOLD", ["(none)", "1", "2"]), ("Partition", ["test", "train"])):
        done = skaudeep("plot", "embedding", "--input", path, "--method", "PCA", "--color", what, "-o", output)
        assert (done.status, done.err) == (0, "")
        legend = drawn[-1].axes[0].get_legend()
        assert [text.get_text() for text in legend.get_texts()] == names
        assert legend.get_title().get_text() == what.capitalize()


def test_the_same_seed_gives_the_same_picture(skaudeep, write_dataset, tmp_path):
    arguments = ["plot", "embedding", "--input", write_dataset(), "--perplexity", 3, "--seed", 1]
    for name in ("x.svg", "y.svg"):
        assert skaudeep(*arguments, "-o", tmp_path / name).status == 0
    assert (tmp_path / "x.svg").read_bytes() == (tmp_path / "y.svg").read_bytes()


def test_a_confusion_matrix(skaudeep, tmp_path, drawn):
    (tmp_path / "e.json").write_text(json.dumps(EVALUATION))
    assert skaudeep("plot", "confusion", "--input", tmp_path / "e.json", "-o", tmp_path / "x.png").status == 0
    ax = drawn[0].axes[0]
    assert ax.get_title() == "fused, svm: 75.0 % correct"
    np.testing.assert_allclose(ax.images[0].get_array(), [[2 / 3, 1 / 3], [0, 1]])


@pytest.fixture
def write_predictions(tmp_path):
    """Write a table of predictions of two targets and return its path."""

    def write(name="p.csv", targets=("arousal", "$x$")):
        rows = [f"{target},{i},{i + 1}" for target in targets for i in range(4)]
        (tmp_path / name).write_text("\n".join(["target,label,prediction", *rows]) + "\n")
        return tmp_path / name

    return write


def test_predicted_numbers_of_several_targets(skaudeep, write_predictions, tmp_path, drawn):
    output = tmp_path / "x.png"
    done = skaudeep("plot", "regression", "--input", write_predictions(), "--unit", "dB", "-o", output)
    assert (done.status, done.out, done.err) == (0, f"{output}\n", "")
    first, second = drawn[0].axes
    assert first.get_title() == second.get_title() == "p\nCCC 0.71, RMSE 1 dB, 4 predictions"
    assert [ax.get_xlabel() for ax in (first, second)] == ["Predicted arousal (dB)", "Predicted $x$ (dB)"]
    np.testing.assert_array_equal(first.collections[0].get_offsets(), [[1, 0], [2, 1], [3, 2], [4, 3]])


def test_predicted_numbers_of_several_files(skaudeep, write_predictions, tmp_path, drawn):
    files = [write_predictions(f"{name}.csv", ["arousal"]) for name in "abcde"]
    files.append(write_predictions("f$.csv"))
    arguments = ["--input", *files, "--target", "arousal", "--kind", "residual_vs_predicted"]
    assert skaudeep("plot", "regression", *arguments, "-o", tmp_path / "x.svg").status == 0
    titles = [ax.get_title().splitlines()[0] for ax in drawn[0].axes]
    assert titles == ["a", "b", "c", "d", "e", "f\\$"]
    assert {ax.get_ylabel() for ax in drawn[0].axes} == {"Residual, true - predicted"}
    assert {ax.get_subplotspec().colspan.start for ax in drawn[0].axes} == {0, 1, 2, 3}
    one = tmp_path / "one.csv"
    one.write_text("label,prediction\n1,1\n2,2\n")
    assert skaudeep("plot", "regression", "--input", one, "-o", tmp_path / "x.png").status == 0
    assert drawn[-1].axes[0].get_xlabel() == "Predicted value"


def test_wrong_predicted_numbers(skaudeep, write_predictions, write_dataset, tmp_path):
    output = tmp_path / "x.png"
    path = write_predictions()
    (tmp_path / "e.json").write_text(json.dumps(EVALUATION))
    for arguments, message in (
        ([path, "--target", "joy"], f"{path} has no target 'joy', but 'arousal', '$x$'"),
        ([tmp_path / "e.json"], "e.json is JSON, which has measures and no predictions"),
        ([write_dataset()], "is not text in UTF-8"),
    ):
        done = skaudeep("plot", "regression", "--input", *arguments, "-o", output)
        assert (done.status, message in done.err) == (1, True), done.err
    (tmp_path / "table.png").write_bytes(path.read_bytes())
    done = skaudeep("plot", "regression", "--input", tmp_path / "table.png", "-o", tmp_path / "table.png")
    assert (done.status, "would be lost" in done.err) == (1, True)
    assert not output.exists()


KINDS = ("spectrogram", "amplitudes", "reconstruction", "loss", "embedding", "confusion", "regression")


def arguments_for(kind, path):
    inputs = {"loss": ["--model-dir", path], "reconstruction": ["--model-dir", path, "--input", path]}
    return ["plot", kind, *inputs.get(kind, ["--input", path])]


@pytest.mark.parametrize("kind", KINDS)
def test_bad_inputs_end_in_one_line_that_names_them(skaudeep, tmp_path, kind):
    (tmp_path / "empty").mkdir()
    for name, content in (("text.wav", b"no audio" * 99), ("text.nc", b"no data"), ("text.json", b"[}")):
        (tmp_path / name).write_bytes(content)
    for name in ("missing.wav", "missing.nc", "empty", "text.wav", "text.nc", "text.json"):
        done = skaudeep(*arguments_for(kind, tmp_path / name), "-o", tmp_path / "x.png")
        assert done.status == 1, name
        assert done.err.startswith("skaudeep: error: ")
        assert name in done.err
        assert done.err.count("\n") == 1
        assert done.out == ""
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("output", "message"), [([], "give --output FILE.png"), (["-o", "x.gif"], "must end in .png, .svg or .pdf")]
)
def test_outputs_are_checked_first(skaudeep, tmp_path, kind, output, message):
    done = skaudeep(*arguments_for(kind, tmp_path / "missing"), *output)
    assert (done.status, message in done.err) == (1, True)


def test_a_window(skaudeep, write_spectrograms, monkeypatch):
    shown = []
    monkeypatch.setattr(_figures, "_check_window", lambda option: None)
    monkeypatch.setattr(plt, "show", lambda: shown.append(True))
    done = skaudeep("plot", "spectrogram", "--input", write_spectrograms())
    assert (done.status, done.out, shown) == (0, "", [True])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["spectrogram", "--clip-below", "-60"], "--clip-below is for recordings"),
        (["amplitudes", "--mel-spectrum", "8"], "--mel-spectrum is for recordings"),
        (["embedding", "--method", "pca", "--perplexity", "5"], "--perplexity needs --method tsne"),
        (["embedding", "--method", "pcaa"], "did you mean pca?"),
        (["spectrogram", "--instance", "-1"], "not a whole number of at least 0"),
        (["spectrogram", "--instnce", "1"], "did you mean --instance?"),
        (["spectrogam"], "did you mean spectrogram?"),
    ],
)
def test_wrong_usage(skaudeep, write_spectrograms, tmp_path, arguments, message):
    done = skaudeep("plot", *arguments, "--input", write_spectrograms(), "-o", tmp_path / "x.png")
    assert (done.status, message in done.err) == (2, True)


def test_other_wrong_inputs(skaudeep, write_spectrograms, make_recording, run, tmp_path):
    path, output = write_spectrograms(), tmp_path / "x.png"
    holed = write_spectrograms("holed.nc", np.full((2, 6, 4), np.nan))
    wide = write_spectrograms("wide.nc", np.zeros((2, 6, 5)))
    for arguments, status, message in (
        (["spectrogram", "--input", path, "--instance", 5], 1, "has 5, from 0 to 4"),
        (["spectrogram", "--input", holed], 1, "NaN or infinite"),
        (["amplitudes", "--input", holed], 1, "no finite values"),
        (["embedding", "--input", holed], 1, "NaN or infinite"),
        (["embedding", "--input", path, "--color", "fold"], 1, "no folds to colour by"),
        (["spectrogram", "--input", make_recording(), "--instance", 0], 2, "--instance is for data sets"),
        (["spectrogram", "--input", make_recording(seconds=0.01)], 1, "noise.wav"),
        (["reconstruction", "--model-dir", run, "--input", wide], 1, "5 features"),
    ):
        done = skaudeep("plot", *arguments, "-o", output)
        assert (done.status, message in done.err) == (status, True), (arguments, done.err)
    assert not output.exists()
