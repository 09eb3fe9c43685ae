"""``skaudeep {t,f,ft}-rae generate``."""

import numpy as np
import pytest

from skaudeep import Seq2SeqAutoencoderEmbedder
from skaudeep.datasets import make_dataset
from skaudeep.experiment._train import train_autoencoder
from skaudeep.io import read_netcdf, write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (8, 5, 6)).astype(np.float32)


@pytest.fixture(scope="module")
def spectrograms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "spectrograms.nc"
    write_netcdf(make_dataset(X, [f"{i}.wav" for i in range(len(X))]), path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, spectrograms):
    """A run with checkpoints of the steps 2 and 4."""
    run = tmp_path_factory.mktemp("run")
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, batch_size=4, max_epochs=2, random_state=0)
    train_autoencoder(embedder, spectrograms, run)
    return run


@pytest.fixture
def generate(skaudeep, run, spectrograms):
    def generate(*options, kind="t-rae", model_dir=run / "logs", input=spectrograms):
        return skaudeep(kind, "generate", "--model-dir", model_dir, "--input", input, "--output", *options)

    return generate


@pytest.mark.parametrize("kind", ["t-rae", "f-rae", "ft-rae"])
def test_as_the_original(generate, shared, tmp_path, kind):
    folder = shared / "reference" / "models" / f"{kind}-gru"
    spectrograms = shared / "reference" / "datasets" / "esc20-mel128.nc"
    done = generate(tmp_path / "x.nc", "-q", kind=kind, model_dir=folder / "logs", input=spectrograms)
    assert (done.status, done.out, done.err) == (0, f"{tmp_path / 'x.nc'}\n", "")
    found, expected = read_netcdf(tmp_path / "x.nc"), read_netcdf(folder / "representation.nc")
    np.testing.assert_allclose(found.features, expected.features, rtol=0, atol=2e-6)
    assert found.attrs.pop("provenance")  # which the original does not know
    assert found.drop_vars("features").identical(expected.drop_vars("features"))


def test_results(generate, tmp_path, run):
    outputs = tmp_path / "2.nc", tmp_path / "4.nc"
    done = generate(*outputs, "--steps", 2, 4, "--batch-size", 3)
    assert done.status == 0
    assert [line.split()[0] for line in done.out.splitlines()[1:]] == [str(path) for path in outputs]
    assert "8 instance x 3 generated" in done.out
    assert done.err.count("Generating features: 8 instances") == 2
    early, late = (read_netcdf(path).features for path in outputs)
    assert not np.array_equal(early, late)
    done = generate(tmp_path / "x.nc", "--json")
    np.testing.assert_allclose(read_netcdf(tmp_path / "x.nc").features, late, rtol=0, atol=1e-6)
    sizes = {"instance": 8, "generated": 3}
    expected = {"output": str(tmp_path / "x.nc"), "checkpoint": str(run / "logs" / "model-4.skaudeep"), "sizes": sizes}
    assert done.json == {"kind": "t-rae", "outputs": [expected]}


def test_states(generate, tmp_path):
    assert generate(tmp_path / "x.nc", "--states", "--json").json["outputs"][0]["sizes"]["generated"] == 15


def test_frames(generate, tmp_path):
    sizes = generate(tmp_path / "x.nc", "--frames", "--json").json["outputs"][0]["sizes"]
    assert sizes == {"instance": 8, "generated_0": 5, "generated_1": 3}
    assert "not allowed with" in generate(tmp_path / "y.nc", "--frames", "--states").err


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["a.nc", "b.nc"], "--output names 2 files: give one, or as many --steps"),
        (["a.nc", "b.nc", "--steps", 2], "--output names 2 and --steps 1"),
        (["a.nc", "a.nc", "--steps", 2, 4], "the same file twice"),
        (["a.nc", "--steps", "last"], "--steps"),
        (["a.nc", "--batch-size", 0], "--batch-size"),
        ([], "--output"),
    ],
)
def test_wrong_usage(generate, options, message):
    done = generate(*options)
    assert (done.status, done.out) == (2, "")
    assert message in done.err


def test_errors_before_anything_is_written(generate, tmp_path, bad_dataset):
    bad, message = bad_dataset
    for options, kind, others, expected in (
        (["--steps", 3], "t-rae", {}, "error: --steps 3: "),
        (["--steps", 3], "t-rae", {}, "the steps there are 2, 4"),
        ([], "f-rae", {}, "is a model of t-rae, not of f-rae: use skaudeep t-rae generate\n"),
        ([], "t-rae", {"model_dir": tmp_path}, f"error: --model-dir {tmp_path} holds no checkpoint"),
        ([], "t-rae", {"model_dir": tmp_path / "gone"}, "no such folder"),
        ([], "t-rae", {"input": bad}, message),
    ):
        done = generate(tmp_path / "x.nc", *options, kind=kind, **others)
        assert (done.status, done.out) == (1, "")
        assert done.err.startswith("skaudeep: error: ")
        assert expected in done.err
        assert done.err.count("\n") == 1
    (tmp_path / "file").touch()
    done = generate(tmp_path / "x.nc", tmp_path / "file" / "y.nc", "--steps", 2, 4)
    assert (done.status, done.out) == (1, "")
    assert not list(tmp_path.glob("x.nc"))
