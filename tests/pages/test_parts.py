import numpy as np
import pytest

from skaudeep import SpectrogramTransformer
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import write_netcdf
from skaudeep.pages.parts import colours_of, open_spectrograms, read_instance, read_sample, targets_of


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
    for what, expected in {
        "label": ["x", "", "y", ""],
        "fold": ["", "1", "2", "1"],
        "partition": ["train", "test", "", "devel"],
    }.items():
        title, names = colours_of(ds, what)
        assert (title, names.tolist()) == (what.capitalize(), expected)
    numbers = make_dataset(np.zeros((2, 1)), list("ab"), label_numeric=[3, 0.5])
    title, values = colours_of(numbers, "label")
    assert (title, values.tolist()) == ("Label", [3.0, 0.5])
    assert colours_of(numbers, "label", "label")[1].tolist() == [3.0, 0.5]
    nothing = make_dataset(np.zeros((2, 1)), list("ab"))
    assert colours_of(nothing, "label") == ("Label", None)
    for what in ("fold", "partition"):
        with pytest.raises(DataSetError, match=f"no {what}s to colour by"):
            colours_of(nothing, what)


def with_targets(**options):
    """A data set of three instances with several targets, of one of which nothing is known."""
    ds = make_dataset(np.zeros((3, 1)), list("abc"), **options)
    values = [[1, 0.5, np.nan], [2, np.nan, np.nan], [3, 0.25, np.nan]]
    return ds.assign(targets=(("instance", "target"), values), target=["arousal", "valence", "joy"])


def test_several_targets():
    ds = with_targets()
    assert {name: numbers.tolist()[::2] for name, numbers in targets_of(ds).items()} == {
        "arousal": [1, 3],
        "valence": [0.5, 0.25],
    }
    assert list(targets_of(ds, "valence")) == ["valence", "arousal"]
    assert colours_of(ds, "label")[0] == "arousal"
    title, numbers = colours_of(ds, "label", "valence")
    assert title == "valence"
    np.testing.assert_array_equal(numbers, [0.5, np.nan, 0.25])
    with pytest.raises(DataSetError, match="target='joy': .* its targets are: 'arousal', 'valence'"):
        colours_of(ds, "label", "joy")


def test_classes_before_numbers_unless_these_are_asked_for():
    classes = make_dataset(np.zeros((2, 1)), list("ab"), label_nominal=["x", "y"])
    assert targets_of(classes) == {}  # their numbers count the classes
    with pytest.raises(DataSetError, match="its targets are: none"):
        colours_of(classes, "label", "label")
    both = with_targets(label_nominal=["x", "y", "y"])
    assert colours_of(both, "label")[1].tolist() == ["x", "y", "y"]
    assert colours_of(both, "label", "arousal")[1].tolist() == [1, 2, 3]
