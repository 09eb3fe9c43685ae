import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.model_selection import StratifiedGroupKFold

from skaudeep.datasets._deal import deal


def table(parts, classes, n_parts):
    """How many files of each class each part has, of shape (n_classes, n_parts)."""
    counts = np.zeros((classes.max() + 1, n_parts))
    np.add.at(counts, (classes, parts), 1)
    return counts


@st.composite
def problems(draw, n_files=40):
    """Classes, shares and a seed."""
    n_parts = draw(st.integers(1, 6))
    n_classes = draw(st.integers(1, 12))
    classes = np.array(draw(st.lists(st.integers(0, n_classes - 1), min_size=n_parts, max_size=n_files)))
    shares = np.array(draw(st.lists(st.integers(1, 9), min_size=n_parts, max_size=n_parts)), dtype=float)
    if draw(st.booleans()):
        shares[:] = 1
    return classes, shares / shares.sum(), draw(st.integers(0, 99))


@given(problems())
def test_shares_of_single_files_are_kept_in_all_and_in_each_class(problem):
    classes, shares, seed = problem
    parts = deal(np.arange(len(classes)), classes, shares, np.random.RandomState(seed))
    counts = table(parts, classes, len(shares))
    assert (counts.sum(axis=0) > 0).all()
    if (shares * len(classes) >= 1).all():  # otherwise a part has got a file more than its share
        assert np.abs(counts - np.outer(counts.sum(axis=1), shares)).max() < 1
        assert np.abs(counts.sum(axis=0) - shares * len(classes)).max() <= 1


@given(problems(), st.integers(1, 25))
def test_units_are_kept_together_and_no_part_is_empty(problem, n_units):
    classes, shares, seed = problem
    n_parts, rng = len(shares), np.random.RandomState(seed)
    others = rng.randint(max(n_units, n_parts), size=len(classes) - n_parts)
    units = 3 * rng.permutation([*range(n_parts), *others]) - 7
    parts = deal(units, classes, shares, np.random.RandomState(seed))
    assert set(parts) == set(range(n_parts))
    assert all(len(set(parts[units == unit])) == 1 for unit in units)
    np.testing.assert_array_equal(parts, deal(units, classes, shares, np.random.RandomState(seed)))


@pytest.mark.parametrize("seed", range(10))
def test_a_class_of_which_a_part_wants_a_whole_number(seed):
    classes, shares = np.repeat([0, 1, 2, 3], [3, 2, 3, 2]), np.array([0.5, 0.25, 0.25])
    counts = table(deal(np.arange(10), classes, shares, np.random.RandomState(seed)), classes, 3)
    assert counts[[1, 3], 0].tolist() == [1, 1]


def test_small_shares_of_small_classes():
    # of each class, 0.1 files are wanted in the two small parts: they get their share of all files nevertheless
    parts = deal(np.arange(100), np.arange(100) // 2, np.array([0.9, 0.05, 0.05]), np.random.RandomState(0))
    assert np.bincount(parts).tolist() == [90, 5, 5]
    # and so in groups of two
    units = np.arange(200) // 2
    parts = deal(units, units // 2, np.array([0.9, 0.05, 0.05]), np.random.RandomState(0))
    assert np.abs(np.bincount(parts) - [180, 10, 10]).max() <= 6


def test_what_files_get_where_depends_on_the_seed():
    def first_files(n_seeds=200):
        for seed in range(n_seeds):
            yield deal(np.arange(8), np.arange(8) // 4, np.full(2, 0.5), np.random.RandomState(seed))

    frequencies = np.mean(list(first_files()), axis=0)
    assert (np.abs(frequencies - 0.5) < 0.15).all()  # more than 4 standard deviations


@pytest.mark.filterwarnings("ignore:The least populated class")  # says scikit-learn
@pytest.mark.parametrize("pure", [True, False], ids=["one class for each group", "mixed groups"])
def test_groups_are_dealt_out_as_well_as_scikit_learn_does(rng, pure):
    ours, theirs = [], []
    for seed in range(20):
        n_folds = rng.integers(2, 7)
        groups = rng.integers(40, size=150)
        classes = rng.integers(5, size=40)[groups] if pure else rng.integers(5, size=150)
        parts = deal(groups, classes, np.full(n_folds, 1 / n_folds), np.random.RandomState(seed))
        splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
        reference = np.empty_like(parts)
        for fold, (_, test) in enumerate(splitter.split(classes, classes, groups)):
            reference[test] = fold
        for found, name in ((ours, parts), (theirs, reference)):
            counts = table(name, classes, n_folds)
            found.append([np.std(counts.sum(axis=0)), np.mean(np.std(counts, axis=1))])
    assert (np.mean(ours, axis=0) <= 1.05 * np.mean(theirs, axis=0)).all()


def test_a_group_larger_than_a_part():
    units = np.array([0] * 60 + list(range(1, 41)))
    classes = np.arange(100) % 2
    parts = deal(units, classes, np.full(4, 0.25), np.random.RandomState(0))
    counts = table(parts, classes, 4)
    giant = parts[0]
    assert counts[:, giant].tolist() == [30, 30]
    others = np.delete(counts, giant, axis=1)
    assert others.max() - others.min() <= 1
