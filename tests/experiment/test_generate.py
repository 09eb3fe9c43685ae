"""Trained autoencoders, ours and the original's, and the features that they write."""

import copy

import numpy as np
import pytest
import xarray as xr
from sklearn.exceptions import NotFittedError
from sklearn.preprocessing import StandardScaler

from skaudeep import FrequencyAutoencoderEmbedder, FrequencyTimeAutoencoderEmbedder, Seq2SeqAutoencoderEmbedder
from skaudeep.datasets import make_dataset
from skaudeep.embedding.runs import load_autoencoder
from skaudeep.exceptions import DataSetError
from skaudeep.experiment._generate import generate_features
from skaudeep.experiment._train import train_autoencoder
from skaudeep.io import read_netcdf, write_netcdf

X = np.random.default_rng(0).uniform(-1, 1, (10, 5, 6)).astype(np.float32)
ORIGINALS = ["t-rae", "f-rae", "ft-rae"]


def dataset(X=X):
    """All metadata that there can be, with gaps."""
    rows = np.arange(len(X))
    return make_dataset(
        X,
        [f"{i // 2}.wav" for i in rows],
        chunk_nr=rows % 2,
        label_nominal=np.array(["rain", "dog", "", "rain", "dog"], object)[rows // 2],
        label_map={"dog": 3, "rain": 1, "sea": 7},
        cv_folds=np.eye(5, 3)[rows // 2],
        partition=np.array(["train", "devel", "test", None, "train"], object)[rows // 2],
        groups=[f"speaker {i // 4}" for i in rows],
    ).assign_attrs(note="mine")


@pytest.fixture(scope="module")
def spectrograms(tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "spectrograms.nc"
    write_netcdf(dataset(), path)
    return path


@pytest.fixture(scope="module")
def run(tmp_path_factory, spectrograms):
    """A run with checkpoints of the steps 3 and 6."""
    run = tmp_path_factory.mktemp("run")
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, batch_size=4, max_epochs=2, random_state=0)
    train_autoencoder(embedder, spectrograms, run)
    return run


@pytest.fixture(scope="module")
def embedder(run):
    return load_autoencoder(run)


@pytest.fixture(scope="module")
def frames():
    """An autoencoder whose features have two dimensions."""
    return FrequencyAutoencoderEmbedder(
        n_layers=1, n_units=2, window_width=3, window_overlap=1, max_epochs=1, random_state=0
    ).fit(X)


class TestGenerate:
    def test_features_and_all_that_is_known_of_the_instances(self, embedder, spectrograms, tmp_path):
        sizes = generate_features(embedder, spectrograms, tmp_path / "features.nc")
        assert sizes == {"instance": 10, "generated": 3}
        found, given = read_netcdf(tmp_path / "features.nc"), read_netcdf(spectrograms)
        np.testing.assert_array_equal(found.features, embedder.transform(X))
        xr.testing.assert_identical(found.drop_vars("features").drop_attrs(), given.drop_vars("features").drop_attrs())
        assert list(found.data_vars) == list(given.data_vars)
        assert found.attrs.pop("provenance").startswith('[{"features": {"kind": "t-rae", "output": "bottleneck"')
        assert found.attrs == given.attrs | {"feature_dims": '["generated"]'}
        # and on disk, types and order
        with (
            xr.open_dataset(tmp_path / "features.nc", engine="netcdf4") as found,
            xr.open_dataset(spectrograms, engine="netcdf4") as given,
        ):
            assert {n: v.dtype for n, v in found.variables.items()} == {n: v.dtype for n, v in given.variables.items()}

    def test_one_representation_of_each_frame(self, frames, spectrograms, tmp_path):
        sizes = generate_features(frames, spectrograms, tmp_path / "features.nc", batch_size=3)
        assert sizes == {"instance": 10, "generated_0": 5, "generated_1": 2}
        found = read_netcdf(tmp_path / "features.nc")
        np.testing.assert_allclose(found.features, frames.transform(X), rtol=0, atol=1e-6)
        assert found.attrs["feature_dims"] == '["generated_0", "generated_1"]'
        # of which another autoencoder can learn
        second = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, max_epochs=1, random_state=0)
        second = train_autoencoder(second, tmp_path / "features.nc", tmp_path / "second")
        assert generate_features(second, tmp_path / "features.nc", tmp_path / "x.nc") == {
            "instance": 10,
            "generated": 3,
        }

    def test_states(self, frames, spectrograms, tmp_path):
        frames = copy.copy(frames).set_params(output="states")
        sizes = generate_features(frames, spectrograms, tmp_path / "features.nc")
        assert sizes == {"instance": 10, "generated": frames.transform(X).shape[1]}

    @pytest.mark.parametrize("batch_size", [1, 3, 10, None])
    def test_pieces(self, embedder, spectrograms, tmp_path, batch_size, monkeypatch):
        whole, seen = embedder.transform(X), []
        original = Seq2SeqAutoencoderEmbedder.transform

        def transform(self, X):
            seen.append(len(X))
            return original(self, X)

        monkeypatch.setattr(Seq2SeqAutoencoderEmbedder, "transform", transform)
        generate_features(embedder, spectrograms, tmp_path / "features.nc", batch_size=batch_size)
        np.testing.assert_allclose(read_netcdf(tmp_path / "features.nc").features, whole, rtol=0, atol=1e-6)
        assert max(seen) == min(batch_size or 10, 10)
        assert sum(seen) == 10
        assert embedder.batch_size == 4

    @pytest.mark.parametrize("kind", ORIGINALS)
    def test_as_the_original(self, shared, tmp_path, kind):
        folder = shared / "reference" / "models" / f"{kind}-gru"
        spectrograms = shared / "reference" / "datasets" / "esc20-mel128.nc"
        generate_features(load_autoencoder(folder), spectrograms, tmp_path / "features.nc", batch_size=7)
        found, expected = read_netcdf(tmp_path / "features.nc"), read_netcdf(folder / "representation.nc")
        np.testing.assert_allclose(found.features, expected.features, rtol=0, atol=2e-6)
        assert found.attrs.pop("provenance")  # which the original does not know
        assert found.drop_vars("features").identical(expected.drop_vars("features"))
        assert found.features.dims == expected.features.dims

    def test_progress(self, embedder, spectrograms, tmp_path, capsys):
        generate_features(embedder, spectrograms, tmp_path / "features.nc", verbose=1)
        assert "Generating features: 10 instances" in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (X[..., :4], "has 4 features in a frame, and the network was trained on 6"),
            (X[:, 0], "has features of 1 dimension"),
            (X[:0], "is empty"),
            (np.where(np.arange(10)[:, None, None] == 8, np.nan, X), r"instance 8 \(4\.wav\) are NaN or infinite"),
        ],
    )
    def test_wrong_data_leave_an_older_file_as_it_was(self, embedder, tmp_path, wrong, message):
        write_netcdf(dataset(wrong), tmp_path / "wrong.nc")
        (tmp_path / "features.nc").write_text("older")
        with pytest.raises(DataSetError, match=rf"wrong\.nc.*{message}"):
            generate_features(embedder, tmp_path / "wrong.nc", tmp_path / "features.nc", batch_size=3)
        assert (tmp_path / "features.nc").read_text() == "older"
        assert len(list(tmp_path.iterdir())) == 2

    @pytest.mark.parametrize("stop", [KeyboardInterrupt, OSError(28, "No space left on device")])
    def test_nothing_half_written(self, embedder, spectrograms, tmp_path, stop, monkeypatch):
        original, calls = Seq2SeqAutoencoderEmbedder.transform, []

        def transform(self, X):
            calls.append(1)
            if len(calls) == 3:
                raise stop
            return original(self, X)

        monkeypatch.setattr(Seq2SeqAutoencoderEmbedder, "transform", transform)
        with pytest.raises((KeyboardInterrupt, OSError)):
            generate_features(embedder, spectrograms, tmp_path / "features.nc", batch_size=3)
        assert list(tmp_path.iterdir()) == []

    def test_wrong_places(self, embedder, spectrograms, tmp_path):
        with pytest.raises(DataSetError, match="there is no such file"):
            generate_features(embedder, tmp_path / "gone.nc", tmp_path / "features.nc")
        with pytest.raises(FileNotFoundError, match="does not exist; create it first"):
            generate_features(embedder, spectrograms, tmp_path / "gone" / "features.nc")
        with pytest.raises(IsADirectoryError, match="it is a folder"):
            generate_features(embedder, spectrograms, tmp_path)
        (tmp_path / "link.nc").symlink_to(spectrograms)
        (tmp_path / "second.nc").hardlink_to(spectrograms)
        for other in ("link.nc", "second.nc"):
            with pytest.raises(ValueError, match=f"{other}': it is the input .*which would be lost"):
                generate_features(embedder, spectrograms, tmp_path / other)

    def test_wrong_embedders(self, spectrograms, tmp_path):
        with pytest.raises(TypeError, match="embedder="):
            generate_features(StandardScaler(), spectrograms, tmp_path / "features.nc")
        with pytest.raises(NotFittedError, match="not fitted"):
            generate_features(FrequencyTimeAutoencoderEmbedder(), spectrograms, tmp_path / "features.nc")
