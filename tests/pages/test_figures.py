import base64
import io
import xml.etree.ElementTree

import matplotlib
import numpy as np
import pytest
from PIL import Image

from skaudeep.pages._figures import draw_confusion, draw_losses, draw_scores, draw_spectrograms
from skaudeep.results.evaluation import Evaluation
from skaudeep.results.training import Training

HOSTILE = ["<b>x</b>", "$\\frac{", "_hidden", "\N{DOG FACE}", "x" * 200]


def content(uri, kind):
    head, _, data = uri.partition(",")
    assert head == f"data:image/{kind};base64"
    return base64.b64decode(data)


def evaluation_of(classes, features="30dB", classifier="svm", accuracy=((0.5, 0.7),)):
    accuracy = np.array(accuracy)
    confusion = np.arange(len(classes) ** 2).reshape(len(classes), -1)
    return Evaluation(features, classifier, {}, classes, ["fold 1", "fold 2"], accuracy, accuracy, confusion, 1.0)


def training_of(name):
    return Training("run", name, "t-rae", [], {}, {"loss": [0.5, 0.4]}, [1.0, 1.0], "")


def test_levels_share_one_scale_and_frequency_runs_upwards(rng):
    spectrograms = [rng.uniform(-1, 0, (5, 3)), rng.uniform(0, 1, (7, 3))]
    low, high = spectrograms[0].min(), spectrograms[1].max()
    for uri, spectrogram in zip(draw_spectrograms(spectrograms), spectrograms, strict=True):
        image = Image.open(io.BytesIO(content(uri, "png")))
        shares = (spectrogram.T[::-1] - low) / (high - low)
        # the colours are Matplotlib's, by another way
        expected = matplotlib.colormaps["magma"](np.rint(shares * 255).astype(int), bytes=True)[..., :3]
        np.testing.assert_array_equal(np.asarray(image.convert("RGB")), expected)


def test_large_spectrograms_become_small_pictures(rng):
    (uri,) = draw_spectrograms([rng.uniform(size=(2000, 300))])
    assert Image.open(io.BytesIO(content(uri, "png"))).size == (256, 256)
    (uri,) = draw_spectrograms([np.full((3, 2), np.nan)])
    assert Image.open(io.BytesIO(content(uri, "png"))).size == (3, 2)


@pytest.mark.parametrize(
    "draw",
    [
        lambda: draw_losses([training_of(name) for name in HOSTILE]),
        lambda: draw_scores([evaluation_of(["a"], *pair) for pair in zip(HOSTILE, HOSTILE[::-1], strict=True)], 0.1),
        lambda: draw_confusion(evaluation_of(HOSTILE)),
        lambda: draw_scores([evaluation_of(["a"], accuracy=[[0.5, np.nan]])], 0.5),
    ],
    ids=["losses", "scores", "confusion", "nan"],
)
def test_drawings_of_hostile_names_are_whole_and_always_the_same(draw):
    uri = draw()
    assert xml.etree.ElementTree.fromstring(content(uri, "svg+xml")).tag.endswith("svg")
    assert draw() == uri


def test_many_classes_are_pixels_in_nearly_true_colours():
    uri = draw_confusion(evaluation_of([f"class {i}" for i in range(50)]))
    image = content(uri, "png")
    assert len(image) < 150_000
    assert min(Image.open(io.BytesIO(image)).size) > 900
    assert draw_confusion(evaluation_of([f"class {i}" for i in range(50)])) == uri
