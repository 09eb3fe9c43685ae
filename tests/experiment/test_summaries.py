"""Summaries as TensorBoard reads them."""

import io
import types

import matplotlib
import matplotlib.image
import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from skaudeep import Seq2SeqAutoencoderEmbedder
from skaudeep.experiment._summaries import EVENT_FILES, Summaries

X = np.random.default_rng(0).uniform(-1, 1, (5, 6, 4)).astype(np.float32)


class Embedder(types.SimpleNamespace):
    """What summaries need of an embedder; its reconstruction is the target, turned round."""

    output = "bottleneck"

    @property
    def history_(self):
        return {"loss": [3.0, self.loss_], "val_loss": [4.0, 2 * self.loss_]}

    def transform(self, X):
        return X.reshape(len(X), -1)[:, :10]

    def reconstruct(self, X):
        return -X


def read(folder):
    events = EventAccumulator(str(folder), size_guidance={"images": 0, "histograms": 0, "scalars": 0})
    return events.Reload()


@pytest.fixture
def events(tmp_path):
    with Summaries(tmp_path, X) as summaries:
        assert not list(tmp_path.iterdir())  # nothing before the first epoch
        for epoch in (1, 2):
            summaries.write(Embedder(loss_=1 / epoch), 7 * epoch, 0.5 * epoch)
    return read(tmp_path)


def test_scalars(events):
    assert [(e.step, e.value) for e in events.Scalars("loss")] == [(7, 1.0), (14, 0.5)]
    assert [(e.step, e.value) for e in events.Scalars("seconds")] == [(7, 0.5), (14, 1.0)]
    assert [(e.step, e.value) for e in events.Scalars("val_loss")] == [(7, 2.0), (14, 1.0)]
    times = [e.wall_time for e in events.Scalars("loss")]
    assert times[0] <= times[1]


def test_histogram(events):
    first, _ = events.Histograms("representation")
    values = X.reshape(len(X), -1)[:, :10].astype(float)
    histogram = first.histogram_value
    assert histogram.num == sum(histogram.bucket) == values.size
    assert (histogram.min, histogram.max) == (values.min(), values.max())
    np.testing.assert_allclose([histogram.sum, histogram.sum_squares], [values.sum(), np.square(values).sum()])
    below = np.searchsorted(np.sort(values.ravel()), histogram.bucket_limit[9], side="left")
    assert sum(histogram.bucket[:10]) == below


def test_images(events):
    assert events.Tags()["images"] == [f"target and reconstruction/{i}" for i in range(3)]
    colours = matplotlib.colormaps["viridis"]
    for i, row in enumerate([0, 2, 4]):
        image = events.Images(f"target and reconstruction/{i}")[1]
        pixels = matplotlib.image.imread(io.BytesIO(image.encoded_image_string))
        assert pixels.shape == (image.height, image.width, 4) == (4, 6 + 4 + 6, 4)
        for first, target in ((0, X[row]), (10, -X[row])):
            # time from left to right, frequency from bottom to top, colours from -1 to 1
            expected = colours((target.T[::-1] + 1) / 2)
            np.testing.assert_allclose(pixels[:, first : first + 6], expected, atol=1.5 / 255)
        assert not pixels[:, 6:10, 3].any()


def test_epochs_that_come_again_replace_those_of_an_interrupted_training(tmp_path):
    with Summaries(tmp_path, X) as summaries:
        for epoch in (1, 2, 3):
            summaries.write(Embedder(loss_=epoch), 7 * epoch, 1.0)
    with Summaries(tmp_path, X, step=14) as summaries:  # the third epoch was not saved
        for epoch in (3, 4):
            summaries.write(Embedder(loss_=10 * epoch), 7 * epoch, 1.0)
    assert len(list(tmp_path.glob(EVENT_FILES))) == 2
    assert [(e.step, e.value) for e in read(tmp_path).Scalars("loss")] == [(7, 1), (14, 2), (21, 30), (28, 40)]


def test_one_sequence_and_values_that_are_all_equal(tmp_path):
    with Summaries(tmp_path, np.zeros((1, 3, 2), np.float32)) as summaries:
        summaries.write(Embedder(loss_=0.0), 1, 1.0)
    events = read(tmp_path)
    assert events.Tags()["images"] == ["target and reconstruction/0"]
    assert events.Histograms("representation")[0].histogram_value.num == 6


def test_the_representation_is_shown_whatever_transform_gives(tmp_path):
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=3, max_epochs=1, output="states", random_state=0).fit(X)
    with Summaries(tmp_path, X) as summaries:
        summaries.write(embedder, 1, 1.0)
    assert embedder.output == "states"
    assert read(tmp_path).Histograms("representation")[0].histogram_value.num == 5 * 3


def test_what_does_not_reconstruct_shows_no_reconstructions(tmp_path):
    class Encoder(Embedder):
        reconstruct = property()

    with Summaries(tmp_path, X) as summaries:
        summaries.write(Encoder(loss_=1.0), 1, 1.0)
    tags = read(tmp_path).Tags()
    assert not tags["images"]
    assert tags["histograms"] == ["representation"]


def test_a_folder_that_is_gone(tmp_path):
    with pytest.raises(FileNotFoundError, match="gone"), Summaries(tmp_path / "gone", X) as summaries:
        summaries.write(Embedder(loss_=0.0), 1, 1.0)
