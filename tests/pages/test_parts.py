import numpy as np
import pytest

from skaudeep import SpectrogramTransformer
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import write_netcdf
from skaudeep.pages.parts import colours_of, open_spectrograms, read_instance, read_sample


@pytest.fixture
def write(tmp_path):
    """Write a data set of four chunks of two files and return its path."""

    def write_features(features, **options):
        ds = make_dataset(features, ["a.wav", "a.wav", "b.wav", "b.wav"], chunk_nr=[0, 1, 0, 1], **options)
        write_netcdf(ds, tmp_path / "x.nc")
        return tmp_path / "x.nc"

    return write_features


def test_an_instance_and_its_name(write, rng):
    X = rng.normal(size=(4, 5, 3)).astype(np.float32)
    path = write(X, label_nominal=["dog", "dog", "", ""])
    for number, title in enumerate(["a.wav (dog)", "a.wav, chunk 1 (dog)", "b.wav", "b.wav, chunk 1"]):
        spectrogram, shown, axes = read_instance(path, number)
        assert axes == {}
        np.testing.assert_array_equal(spectrogram, X[number])
        assert shown == title
    with pytest.raises(DataSetError, match=r"no instance 4: .*x.nc has 4, from 0 to 3"):
        read_instance(path, 4)


SETTINGS = SpectrogramTransformer(sample_rate=8000, n_mels=3).fit([np.ones(8000)]).settings_


@pytest.mark.parametrize(
    ("settings", "known"),
    [
        (SETTINGS, True),
        (SETTINGS | {"n_mels": 4}, False),
        (SETTINGS | {"window_overlap": 1}, False),
        (SETTINGS | {"window_width": None}, False),
        ({"sample_rate": 8000}, False),
    ],
)
def test_axes_as_far_as_settings_tell(write, settings, known):
    _, _, axes = read_instance(write(np.zeros((4, 5, 3)), spectrogram_settings=settings), 0)
    if not known:
        assert axes == {}
        return
    highest = 2595 * np.log10(1 + 4000 / 700)  # in mel
    np.testing.assert_allclose(axes["frequencies"], 700 * (10 ** (highest * np.arange(1, 4) / 4 / 2595) - 1))
    assert axes["hop"] == 0.04


def test_an_instance_without_values_is_refused(write):
    X = np.zeros((4, 5, 3))
    X[2] = np.nan
    with pytest.raises(DataSetError, match=r"instance 2 of .*x.nc \(b.wav\) has values that are NaN"):
        read_instance(write(X), 2)


def test_a_sample_is_spread_evenly(write, rng):
    X = rng.normal(size=(4, 5, 3)).astype(np.float32)
    path = write(X)
    few, title = read_sample(path, 2)
    np.testing.assert_array_equal(few, X[[0, 3]])
    assert title == "x.nc, 2 of 4 instances"
    everything, title = read_sample(path, 200)
    np.testing.assert_array_equal(everything, X)
    assert title == "x.nc, 4 instances"


@pytest.mark.parametrize("shape", [(4, 3), (4, 2, 3, 1), (4, 0, 3)])
def test_features_are_no_spectrograms(write, shape):
    with pytest.raises(DataSetError, match="holds no spectrograms: its features have the shape 4 x"):
        open_spectrograms(write(np.zeros(shape)))


def test_colours(write):
    known = {"cv_folds": [[0, 0], [1, 0], [0, 1], [1, 1]], "partition": [0, 2, np.nan, 1]}
    ds = make_dataset(np.zeros((4, 1)), list("abcd"), label_nominal=["x", "", "y", ""], **known)
    assert colours_of(ds, "label").tolist() == ["x", "", "y", ""]
    assert colours_of(ds, "fold").tolist() == ["", "1", "2", "1"]
    assert colours_of(ds, "partition").tolist() == ["train", "test", "", "devel"]
    numbers = make_dataset(np.zeros((2, 1)), list("ab"), label_numeric=[3, 0.5])
    assert colours_of(numbers, "label").tolist() == [3.0, 0.5]
    nothing = make_dataset(np.zeros((2, 1)), list("ab"))
    assert colours_of(nothing, "label") is None
    for what in ("fold", "partition"):
        with pytest.raises(DataSetError, match=f"no {what}s to colour by"):
            colours_of(nothing, what)
