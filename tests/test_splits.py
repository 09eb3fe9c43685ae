import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import (
    GridSearchCV,
    PredefinedSplit,
    StratifiedKFold,
    check_cv,
    cross_val_predict,
    cross_val_score,
    cross_validate,
)
from sklearn.tree import DecisionTreeClassifier

from skaudeep._splits import PredefinedFolds
from skaudeep.exceptions import DataSetError

NAN = np.nan


def test_folds_that_do_not_overlap_are_those_of_scikit_learn(rng):
    numbers = np.array([0, 1, 2, -1, 2, 0, 1, -1, 0])
    folds = (numbers[:, None] == np.arange(3)).astype(float)
    for ours, theirs in zip(PredefinedFolds(folds).split(), PredefinedSplit(numbers).split(), strict=True):
        np.testing.assert_array_equal(ours[0], theirs[0])
        np.testing.assert_array_equal(ours[1], theirs[1])


@given(
    folds=st.lists(st.lists(st.sampled_from([0, 1, NAN]), min_size=3, max_size=3), min_size=2, max_size=8),
)
def test_splits_give_back_the_folds(folds):
    folds = np.array(folds)
    if not ((folds == 0).any(axis=0) & (folds == 1).any(axis=0)).all():
        with pytest.raises(DataSetError, match=r"Fold \d of 3 has no instance in its (training|validation) split"):
            PredefinedFolds(folds)
        return
    again = np.full(folds.shape, NAN)
    for column, (train, test) in enumerate(PredefinedFolds(folds).split()):
        again[train, column], again[test, column] = 0, 1
    np.testing.assert_array_equal(again, folds)


def test_scikit_learn_takes_predefined_folds(rng):
    y = np.arange(40) % 2
    X = rng.normal(size=(40, 3)) + y[:, None]
    reference = StratifiedKFold(4)
    folds = np.zeros((40, 4))
    for number, (_, test) in enumerate(reference.split(X, y)):
        folds[test, number] = 1
    ours = PredefinedFolds(folds)
    tree = DecisionTreeClassifier(random_state=0)
    assert check_cv(ours) is ours
    np.testing.assert_array_equal(cross_val_score(tree, X, y, cv=ours), cross_val_score(tree, X, y, cv=reference))
    np.testing.assert_array_equal(cross_val_predict(tree, X, y, cv=ours), cross_val_predict(tree, X, y, cv=reference))
    searches = [GridSearchCV(tree, {"max_depth": [1, 3]}, cv=cv).fit(pd.DataFrame(X), y) for cv in (ours, reference)]
    assert searches[0].n_splits_ == 4
    np.testing.assert_array_equal(*(search.cv_results_["mean_test_score"] for search in searches))
    nested = cross_validate(searches[0], X, y, cv=[(np.arange(40), np.arange(40))], error_score="raise")
    assert len(nested["test_score"]) == 1, "a search is cloned together with its splitter"


def test_folds_may_overlap_and_leave_instances_out(rng):
    folds = [[0, 1, NAN], [1, 1, NAN], [0, 0, 0], [NAN, 0, 1], [1, NAN, 0]]
    scores = cross_val_score(DummyClassifier(), np.zeros((5, 1)), [0, 1, 0, 1, 0], cv=PredefinedFolds(folds))
    assert scores.tolist() == [0.5, 0.5, 0.0]


def test_a_wrong_number_of_rows_is_an_error():
    folds = PredefinedFolds([[0], [1], [1]])
    for X in (np.zeros((4, 2)), [[0]] * 4, pd.DataFrame(np.zeros((4, 2)))):
        with pytest.raises(ValueError, match="X has 4 rows, but these folds are those of 3 instances"):
            next(folds.split(X))
    with pytest.raises(ValueError, match="X has 4 rows"):
        cross_val_score(DummyClassifier(), np.zeros((4, 1)), [0, 1, 0, 1], cv=folds)


@pytest.mark.parametrize(
    ("folds", "message"),
    [
        ([0, 1], r"got shape \(2,\), expected \(n_instances, n_folds\)"),
        (np.empty((3, 0)), r"got shape \(3, 0\), .* at least one fold"),
        (np.empty((0, 2)), r"Fold 1 of 2 has no instance in its training split"),
        (None, r"got shape \(\)"),
        ([[0], [2]], r"expected 0 \(training\), 1 \(validation\) or NaN \(neither\) everywhere"),
        ([[0, 0], [1, 0]], r"Fold 2 of 2 has no instance in its validation split; leave it out"),
        ([[0, 1], [1, 1]], r"Fold 2 of 2 has no instance in its training split"),
        ([["a"], ["b"]], r"cv_folds: expected a table of numbers, got \[\['a'\], \['b'\]\]"),
        ([[0], [0, 1]], r"cv_folds: expected a table of numbers"),
    ],
)
def test_what_are_no_folds(folds, message):
    with pytest.raises(DataSetError, match=message):
        PredefinedFolds(folds)


def test_predefined_folds_are_plain_values():
    given_folds = np.array([[0.0, 1.0], [1.0, 0.0]])
    folds = PredefinedFolds(given_folds)
    for again in (copy.deepcopy(folds), pickle.loads(pickle.dumps(folds))):
        np.testing.assert_array_equal(again.cv_folds, folds.cv_folds)
    assert repr(folds) == "PredefinedFolds(2 folds of 2 instances)"
    assert repr(PredefinedFolds([[0], [1]])) == "PredefinedFolds(1 fold of 2 instances)"
