"""Instances and recordings of a data set as arrays: what belongs together, what must not be used."""

import logging

import numpy as np
import pytest

from skaudeep.datasets import make_dataset, set_labels
from skaudeep.evaluation._samples import balance, check_same_features, gather, get_classes, join_folds, join_targets
from skaudeep.exceptions import DataSetError


def chunked(files, chunk_nr, **more):
    """A data set whose one feature is 10 times the place of the file in the alphabet, plus the number of the chunk."""
    numbers = [[10 * (ord(file) - ord("a")) + chunk] for file, chunk in zip(files, chunk_nr, strict=True)]
    return make_dataset(numbers, list(files), chunk_nr=chunk_nr, **more)


def everything(ds):
    return np.arange(ds.sizes["instance"])


def test_instances_stay_as_they_are():
    ds = chunked("bab", [0, 0, 1])
    samples = gather(ds, np.array([0, 2]), by_file=False)
    assert samples.X.tolist() == [[10], [11]]
    assert samples.filenames.tolist() == ["b", "b"]


def test_recordings_have_their_chunks_in_order():
    ds = chunked("bacbac", [1, 0, 0, 0, 1, 1])
    samples = gather(ds, everything(ds), by_file=True)
    assert samples.filenames.tolist() == ["a", "b", "c"]
    assert samples.X.tolist() == [[[0], [1]], [[10], [11]], [[20], [21]]]
    assert ds.filename.values[samples.rows].tolist() == ["a", "b", "c"]


def test_recordings_may_have_unequal_numbers_of_chunks():
    ds = chunked("bacbb", [1, 0, 0, 0, 2])
    samples = gather(ds, everything(ds), by_file=True)
    assert [chunks.tolist() for chunks in samples.X] == [[[0]], [[10], [11], [12]], [[20]]]


def test_several_axes_become_one_with_a_note(caplog):
    features = np.arange(12).reshape(2, 2, 3)
    with caplog.at_level(logging.INFO, "skaudeep"):
        samples = gather(make_dataset(features, ["a", "b"]), np.array([1, 0]), by_file=False)
    assert samples.X.tolist() == [[6, 7, 8, 9, 10, 11], [0, 1, 2, 3, 4, 5]]
    assert "2 time x 3 freq: flattened to 6 numbers" in caplog.text


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_features_that_are_not_finite_are_named(value):
    ds = chunked("aab", [0, 1, 0])
    ds.features[1, 0] = value
    with pytest.raises(DataSetError, match=r"NaN or infinity in those of a, chunk 1 \(1 of 3 instances"):
        gather(ds, everything(ds), by_file=False)
    assert gather(ds, np.array([0, 2]), by_file=True).X.shape == (2, 1, 1)


def test_no_instances():
    ds = chunked("a", [0])
    with pytest.raises(DataSetError, match="test_ds: there are no instances"):
        gather(ds, np.array([], int), by_file=False, source="test_ds")


def test_folds_of_recordings_are_those_of_their_chunks():
    ds = chunked("baba", [0, 0, 1, 1])
    folds = np.array([[0, np.nan], [1, 0], [0, 1], [np.nan, 0]])
    expected = {True: [[1, 0], [0, 1]], False: folds}
    for by_file, joined in expected.items():
        np.testing.assert_array_equal(join_folds(gather(ds, everything(ds), by_file), folds), joined)


@pytest.mark.parametrize("by_file", [False, True])
@pytest.mark.parametrize(
    ("folds", "where"),
    [
        ([[0], [0], [0], [1]], "the split"),
        ([[0, 0], [0, 1], [0, 0], [1, 1]], "fold 1"),
        ([[0, 1], [0, 0], [0, 1], [0, 1]], "fold 2"),
    ],
)
def test_a_recording_on_both_sides_is_refused(by_file, folds, where):
    ds = chunked("abab", [0, 0, 1, 1])
    with pytest.raises(DataSetError, match=rf"of b are in .* of {where} \(1 of 2 recordings"):
        join_folds(gather(ds, everything(ds), by_file), np.array(folds, dtype=float))


@pytest.mark.parametrize("by_file", [False, True])
def test_a_copy_on_the_other_side_is_refused(by_file):
    ds = make_dataset([[0.0], [1.0], [1.0]], ["a.wav", "b.wav", "b.wav.upsampled.1"])
    with pytest.raises(DataSetError, match=r"Chunks, or copies, of b.wav are in .* \(1 of 2 recordings"):
        join_folds(gather(ds, everything(ds), by_file), np.array([[1.0], [0.0], [1.0]]))


def test_classes_of_recordings_are_those_of_their_chunks():
    ds = chunked("baba", [0, 0, 1, 1])
    samples = gather(ds, everything(ds), by_file=True)
    assert join_targets(samples, np.array(["x", "y", "x", "y"])).tolist() == ["y", "x"]
    with pytest.raises(DataSetError, match="Chunks of b differ in their class, 'x' and 'z'; a majority vote"):
        join_targets(samples, np.array(["x", "y", "z", "y"]))
    instances = gather(ds, everything(ds), by_file=False)
    assert join_targets(instances, np.array(["x", "y", "z", "y"])).tolist() == ["x", "y", "z", "y"]


def test_classes_by_name_or_number():
    ds = make_dataset(
        np.zeros((3, 1)), list("abc"), label_nominal=["rain", "", "dog"], label_map={"rain": 0, "dog": 1, "sea": 7}
    )
    assert get_classes(ds, "ds").tolist() == ["rain", "", "dog"]
    ds = ds.assign(label_numeric=("instance", [0, 7, 1]))
    assert get_classes(ds, "ds").tolist() == ["rain", "sea", "dog"]


def test_no_classes():
    ds = make_dataset(np.zeros((2, 1)), ["a", "b"])
    with pytest.raises(DataSetError, match=r"^ds has no class names.*set_labels"):
        get_classes(ds, "ds")
    with pytest.raises(DataSetError, match="has numbers as targets, but no class names"):
        get_classes(set_labels(ds, label_numeric=[0.5, 2.0]), "ds")
    with pytest.raises(DataSetError, match="lacks filename"):
        get_classes(ds.drop_vars("filename"), "ds")


def test_features_must_be_the_same():
    one = make_dataset(np.zeros((2, 3)), ["a", "b"], feature_names=list("xyz"))
    check_same_features(one, make_dataset(np.zeros((1, 3)), ["a"]))
    check_same_features(one, one)
    with pytest.raises(DataSetError, match=r"their names are \['x', 'y', 'z'\] in train_ds, but \['z', 'y', 'x'\]"):
        check_same_features(one, make_dataset(np.zeros((1, 3)), ["a"], feature_names=list("zyx")))
    with pytest.raises(DataSetError, match=r"train_ds has 3 of them for each instance, test_ds 4 x 3"):
        check_same_features(one, make_dataset(np.zeros((1, 4, 3)), ["a"]))


@pytest.mark.parametrize("by_file", [False, True])
def test_copies_balance_recordings_within_the_training_part(by_file):
    files = [file for file in "abcdefgh" for _ in range(2)]
    label = np.repeat(list("xxxxxyyz"), 2)
    ds = chunked(files, [0, 1] * 8, label_nominal=label)
    samples = gather(ds, everything(ds), by_file)
    y = join_targets(samples, label)
    training = np.flatnonzero(~np.isin(samples.filenames, ["a", "b"]))
    rows = balance(ds, samples, y, training, np.random.RandomState(0))
    assert set(rows) == set(training)
    assert rows[: len(training)].tolist() == training.tolist()
    per_recording = 1 if by_file else 2
    assert dict(zip(*np.unique(y[rows], return_counts=True), strict=True)) == dict.fromkeys("xyz", 3 * per_recording)
    for recording in "fgh":
        times = np.bincount(rows, minlength=len(y))[samples.filenames == recording]
        assert len(set(times)) == 1  # all chunks of a recording are copied together
