"""Checkpoints of training runs, ours and the original's, and the autoencoders in them."""

import shutil

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

import skaudeep
from skaudeep import FrequencyAutoencoderEmbedder, FrequencyTimeAutoencoderEmbedder, Seq2SeqAutoencoderEmbedder
from skaudeep.embedding import list_embedders
from skaudeep.embedding.runs import find_checkpoint, list_checkpoints, load_autoencoder

X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 6)).astype(np.float32)
ORIGINALS = ["t-rae", "f-rae", "ft-rae"]


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run with checkpoints of the steps 3 and 6."""
    run = tmp_path_factory.mktemp("run")
    (run / "logs").mkdir()
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, batch_size=4, max_epochs=2, random_state=0)
    for step in (3, 6):
        embedder.partial_fit(X).save(run / "logs" / f"model-{step}.skaudeep")
    return run


@pytest.fixture(scope="module")
def embedder(run):
    return load_autoencoder(run)


def test_kinds_are_those_of_the_command_line():
    expected = [Seq2SeqAutoencoderEmbedder, FrequencyAutoencoderEmbedder, FrequencyTimeAutoencoderEmbedder]
    assert list(list_embedders().values())[:3] == expected


class TestLoad:
    def test_newest_or_a_step(self, run):
        assert load_autoencoder(run).n_iter_ == load_autoencoder(str(run / "logs"), kind="t-rae").n_iter_ == 2
        assert load_autoencoder(run, step=3).n_iter_ == 1

    @pytest.mark.parametrize("name", ["model-3.skaudeep", "model-3"])
    def test_one_checkpoint(self, run, name):
        assert load_autoencoder(run / "logs" / name).n_iter_ == 1
        assert load_autoencoder(run / "logs" / name, step=3).n_iter_ == 1
        with pytest.raises(ValueError, match="step=6, but .* is one checkpoint"):
            load_autoencoder(run / "logs" / name, step=6)

    def test_a_file_of_any_name(self, embedder, tmp_path):
        skaudeep.save(embedder, tmp_path / "rain.skaudeep")
        assert load_autoencoder(tmp_path / "rain.skaudeep").n_iter_ == 2

    def test_a_step_that_is_not_there(self, run):
        with pytest.raises(ValueError, match=r"step=4: .* has no such checkpoint; the steps there are 3, 6"):
            load_autoencoder(run, step=4)

    @pytest.mark.parametrize("wrong", [StandardScaler(), Seq2SeqAutoencoderEmbedder()])
    def test_something_else(self, tmp_path, wrong):
        skaudeep.save(wrong, tmp_path / "model-1.skaudeep")
        with pytest.raises(ValueError, match="not a trained embedder"):
            load_autoencoder(tmp_path)

    def test_a_damaged_checkpoint(self, tmp_path):
        (tmp_path / "model-1.skaudeep").write_text("text")
        with pytest.raises(ValueError, match=r"model-1\.skaudeep' is damaged.* choose another one by its step"):
            load_autoencoder(tmp_path)

    def test_nothing_there(self, tmp_path):
        with pytest.raises(FileNotFoundError, match=r"holds no checkpoint.*train"):
            load_autoencoder(tmp_path)
        (tmp_path / "notes.txt").touch()
        for place in (tmp_path / "gone", tmp_path / "notes.txt"):
            with pytest.raises(FileNotFoundError, match="no such folder and no such checkpoint"):
                load_autoencoder(place)

    def test_another_kind(self, run):
        for kind in ("f-rae", "rae"):
            with pytest.raises(ValueError, match=f"is a model of t-rae, not of {kind}: use kind='t-rae'"):
                load_autoencoder(run, kind=kind)

    @pytest.mark.parametrize("arguments", [{"kind": 3}, {"step": -1}, {"step": 1.5}])
    def test_wrong_arguments(self, run, arguments):
        with pytest.raises(ValueError, match=f"'{next(iter(arguments))}'"):
            load_autoencoder(run, **arguments)
        with pytest.raises(TypeError, match="model_dir=3"):
            load_autoencoder(3)

    @pytest.mark.parametrize("kind", ORIGINALS)
    def test_of_the_original(self, shared, kind):
        folder = shared / "reference" / "models" / f"{kind}-gru"
        for place in (folder, folder / "logs", folder / "logs" / "model-12", folder / "logs" / "model-12.index"):
            assert type(load_autoencoder(place)) is type(load_autoencoder(place, kind=kind, step=12))
        other = "t-rae" if kind == "f-rae" else "f-rae"
        with pytest.raises(ValueError, match=f"is a model of {kind}, not of {other}: use kind='{kind}'"):
            load_autoencoder(folder, kind=other)
        with pytest.raises(ValueError, match="step=3: .* the steps there are 12"):
            load_autoencoder(folder, step=3)

    def test_windows_of_the_original(self, shared):
        folder = shared / "reference" / "models" / "f-rae-gru"
        assert load_autoencoder(folder, window_overlap=24).window_overlap == 24
        with pytest.raises(ValueError, match="window_overlap=3"):
            load_autoencoder(folder, window_overlap=3)

    def test_both_in_one_folder(self, run, shared, tmp_path):
        for path in [*(run / "logs").glob("model*"), *(shared / "reference/models/t-rae-gru/logs").iterdir()]:
            shutil.copy(path, tmp_path)
        with pytest.raises(
            ValueError, match=r"of skaudeep and of the original auDeep \(model-6\.skaudeep and model-12"
        ):
            load_autoencoder(tmp_path)
        assert find_checkpoint(tmp_path, 3).name == "model-3.skaudeep"
        assert find_checkpoint(tmp_path, 12).name == "model-12.index"


class TestListCheckpoints:
    def test_places(self, run):
        found = list_checkpoints(run)
        assert found == list_checkpoints(str(run / "logs"))
        assert found == {step: run / "logs" / f"model-{step}.skaudeep" for step in (3, 6)}

    def test_order_and_foreign_names(self, tmp_path):
        for name in ("model-10.skaudeep", "model-9.skaudeep", "model-09.skaudeep", "model-1.index", "model.skaudeep"):
            (tmp_path / name).touch()
        assert list(list_checkpoints(tmp_path)) == [9, 10]
        assert list(list_checkpoints(tmp_path, "index")) == [1]

    def test_no_folder(self, tmp_path):
        assert list_checkpoints(tmp_path) == {}
        with pytest.raises(FileNotFoundError, match="model_dir="):
            list_checkpoints(tmp_path / "gone")
        with pytest.raises(TypeError, match="model_dir=None"):
            list_checkpoints(None)
