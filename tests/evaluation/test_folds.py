"""Classifiers over folds against scikit-learn's own cross-validation, statistics against a loop over bins."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.dummy import DummyClassifier
from sklearn.metrics import confusion_matrix
from sklearn.model_selection import GroupKFold, PredefinedSplit, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep.evaluation import evaluate_folds


@pytest.fixture(scope="module")
def iris():
    X, y = load_iris(return_X_y=True)
    return X, np.array(["setosa", "versicolor", "virginica"])[y], np.arange(len(y)) % 7


@pytest.fixture
def classifier():
    return make_pipeline(StandardScaler(), LinearSVC(random_state=0))


def test_agrees_with_scikit_learn(iris, classifier):
    X, y, groups = iris
    cv = PredefinedSplit(groups)
    result = evaluate_folds(classifier, X, y, cv=cv)
    np.testing.assert_array_equal(result.accuracy, cross_val_score(classifier, X, y, cv=cv))
    np.testing.assert_allclose(result.recall, cross_val_score(classifier, X, y, cv=cv, scoring="balanced_accuracy"))
    pooled = cross_val_predict(classifier, X, y, cv=cv)
    np.testing.assert_array_equal(result.predictions, pooled[result.rows])
    np.testing.assert_array_equal(result.folds, groups[result.rows])
    np.testing.assert_array_equal(result.confusion, confusion_matrix(y, pooled))
    assert result.classes.tolist() == ["setosa", "versicolor", "virginica"]


def test_groups_stay_whole(iris, classifier):
    X, y, groups = iris
    result = evaluate_folds(classifier, X, y, cv=GroupKFold(3), groups=groups)
    folds_of_group = pd.Series(result.folds).groupby(groups[result.rows]).nunique()
    assert (folds_of_group == 1).all()
    assert sorted(result.rows) == list(range(len(y)))


@pytest.mark.parametrize("container", [list, pd.DataFrame])
def test_other_containers_give_the_same(iris, classifier, container):
    X, y, groups = iris
    cv = PredefinedSplit(groups)
    expected = evaluate_folds(classifier, X, y, cv=cv)
    result = evaluate_folds(classifier, container(X), list(y), cv=cv)
    np.testing.assert_array_equal(result.predictions, expected.predictions)


def test_a_class_without_samples_in_a_fold_does_not_count_in_its_recall():
    y = np.array(["a", "b", "a", "a"])
    result = evaluate_folds(DummyClassifier(), np.zeros((4, 1)), y, cv=PredefinedSplit([0, 0, 1, 1]))
    # trained on "a" only, then on "a" and "b" alike, where the first in the alphabet wins
    assert result.recall.tolist() == [0.5, 1.0]
    assert result.confusion.tolist() == [[3, 0], [1, 0]]


def test_overlapping_folds_count_a_sample_each_time(iris, classifier):
    X, y, _ = iris
    rows = np.arange(len(y))
    folds = [(rows[::2], rows[1::2]), (rows[1::2], rows[::2]), (rows[::2], rows[1::2])]
    result = evaluate_folds(classifier, X, y, cv=folds)
    assert result.confusion.sum() == 225
    assert result.accuracy[0] == result.accuracy[2]


def test_prints_as_one_line():
    y = np.array(["a", "b", "a", "a"])
    folds = [([0, 1], [2, 3]), ([2, 3], [0, 1]), ([0, 1], [2, 3])]
    result = evaluate_folds(DummyClassifier(), np.zeros((4, 1)), y, cv=folds)
    # 1, 1/2 and 1 in the folds: mean 5/6, deviation 1/6 * sqrt(2); the sample tested twice counts once
    line = "accuracy 0.83 +/- 0.24, UAR 0.83 +/- 0.24 over 3 folds, 4 samples"
    assert str(result) == line
    assert repr(result) == f"<FoldEvaluation: {line}>"


def test_the_classifier_is_not_fitted_itself(iris, classifier):
    X, y, groups = iris
    evaluate_folds(classifier, X, y, cv=PredefinedSplit(groups))
    assert not hasattr(classifier[-1], "coef_")


def test_lengths_must_agree(iris, classifier):
    X, y, _ = iris
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        evaluate_folds(classifier, X[:-1], y, cv=3)


NUMBERS = [0, 1, np.nan, 0, 1, np.nan]
NAMES = ["a", "b", "", "a", "b", ""]


@pytest.mark.parametrize("y", [NUMBERS, NAMES, [name or None for name in NAMES]])
def test_samples_without_a_label_are_in_no_fold(y):
    X = np.array([[0.0], [1.0], [5.0], [0.1], [1.1], [6.0]])
    folds = [([0, 1], [3, 4]), ([3, 4], [0, 1])]
    result = evaluate_folds(LinearSVC(), X, y, cv=folds)
    assert result.accuracy.tolist() == [1, 1]
    assert result.confusion.tolist() == [[2, 0], [0, 2]]
    assert np.array(["a", "b"])[result.classes].tolist() == ["a", "b"] if y is NUMBERS else ["a", "b"]
    for wrong in (([0, 1, 2], [3, 4]), ([0, 1], [3, 4, 5])):
        with pytest.raises(
            ValueError, match=r"y has no label for 1 samples of fold 1, the first is y\[[25]\]=.*drop_un"
        ):
            evaluate_folds(LinearSVC(), X, y, cv=[folds[0], wrong])


def test_an_unlabelled_sample_is_found_before_anything_is_fitted():
    with pytest.raises(ValueError, match="no label for 3 samples of fold 0"):
        evaluate_folds(
            None, np.zeros((4, 1)), ["a", "", "", ""], cv=[(slice(0, 2), np.array([False, False, True, True]))]
        )


@pytest.mark.parametrize("missing", [None, np.nan])
@pytest.mark.parametrize("cv", [2, PredefinedSplit([0, 1, 2] * 5), None])
def test_missing_labels_among_texts(missing, cv):
    y = np.array(["a", "b", missing] * 5, dtype=object)
    with pytest.raises(ValueError, match=r"y has no label for 5 samples of fold 0, the first is y\[\d+\]=(None|nan);"):
        evaluate_folds(DummyClassifier(), np.zeros((15, 1)), y, cv=cv)
