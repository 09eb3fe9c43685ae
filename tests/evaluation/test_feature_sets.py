"""Comparisons of data sets against comparisons of their arrays."""

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import LinearSVC

from skaudeep.datasets import add_folds, add_partitions, make_dataset
from skaudeep.evaluation import compare, compare_datasets
from skaudeep.exceptions import DataSetError

SVM = LinearSVC(random_state=0)
LABELS = np.repeat(["dog", "rain", "sea"], 8)
CHUNKS = np.tile([0, 1], 12)
FILES = np.array([f"{i // 2:02}.wav" for i in range(24)])


def make(strength, n_features=3, order=slice(None), **options):
    noise = np.random.default_rng(0).normal(size=(24, n_features))
    X = noise + strength * (LABELS == "dog")[:, None]
    ds = make_dataset(X[order], FILES[order], chunk_nr=CHUNKS[order], label_nominal=LABELS[order], **options)
    return ds


@pytest.fixture(scope="module")
def datasets():
    """The second one has another order, and neither labels nor folds that count."""
    order = np.random.default_rng(1).permutation(24)
    return {"good": add_folds(make(2.0), 3, random_state=0), "poor": make(0.1, 2, order)}


def test_as_arrays(datasets):
    result = compare_datasets(datasets, controls=["poor"], classifier=SVM)
    folds = datasets["good"]["cv_folds"].values
    splits = [(np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)) for fold in folds.T]
    good, poor = datasets["good"]["features"].values, make(0.1, 2)["features"].values
    candidates = {"good": FunctionTransformer(), "poor": FunctionTransformer(lambda X: poor)}
    expected = compare(candidates, good, LABELS, cv=splits, groups=FILES, seeds=1, classifier=SVM)
    for measure in ("recall", "accuracy", "fold", "name"):
        pd.testing.assert_series_equal(result.scores[measure], expected.scores[measure])
    assert (result.predictions["group"] == FILES[result.predictions["row"]]).all()
    assert (result.scores["protocol"] == "as given").all()
    assert result.controls == {"good": ("poor", "majority")}
    assert list(result.about) == ["poor", "majority"]
    assert result.table()["is_control"].tolist() == [False, True, True]
    assert result.differences(method="bootstrap")["reference"].tolist() == ["poor", "majority"]


def test_partitions_and_groups():
    ds = add_partitions(make(2.0, groups=[f"g{i // 4}" for i in range(24)]), ["train", "test"], random_state=0)
    result = compare_datasets({"a": ds}, classifier=SVM)
    tested = ds["filename"].values[ds["partition"].values == 2]
    assert sorted(FILES[result.predictions["row"].unique()]) == sorted(tested)
    assert set(result.predictions["group"]) == {f"g{np.flatnonzero(name == FILES)[0] // 4}" for name in tested}


def test_recordings_that_stand_alone_are_no_groups(datasets):
    alone = datasets["good"].isel(instance=CHUNKS == 0)
    assert "group" not in compare_datasets({"a": alone}, classifier=SVM).predictions


def test_errors(datasets):
    good, poor = datasets.values()
    with pytest.raises(ValueError, match="datasets={}: there is nothing to compare"):
        compare_datasets({})
    with pytest.raises(ValueError, match="controls='x': the data sets are 'good', 'poor'"):
        compare_datasets(datasets, controls=["x"])
    with pytest.raises(DataSetError, match=r"poor lacks 4 instances of good, such as chunk \d of \d+.wav"):
        compare_datasets({"good": good, "poor": poor.isel(instance=slice(20))})
    twice = poor.isel(instance=[*range(24), 0])
    with pytest.raises(DataSetError, match="poor has an instance twice"):
        compare_datasets({"good": good, "poor": twice})
    with pytest.raises(DataSetError, match="poor has NaN or infinity"):
        compare_datasets({"good": good, "poor": poor.assign(features=poor["features"] * np.nan)})
    with pytest.raises(DataSetError, match="no folds and no partitions"):
        compare_datasets({"poor": poor})
