import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import config_context
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep.classification import ChunkMeanRegressor, LiblinearClassifier, MajorityVoteClassifier

LABELS = np.array(["bark", "hum", "tick"])


class Reader(ClassifierMixin, BaseEstimator):
    """Read the class off the largest feature; the features are what it knows of the classes."""

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return self.classes_[np.argmax(X, axis=1)]


class ReaderWithProbabilities(Reader):
    def predict_proba(self, X):
        return np.asarray(X) / np.sum(X, axis=1, keepdims=True)


class ReaderWithDecisions(Reader):
    def decision_function(self, X):
        return np.asarray(X)


def fitted(estimator):
    return MajorityVoteClassifier(estimator).fit(np.ones((3, 2, 3)), LABELS)


def chunks(seed=0, n_files=24):
    """Files of three classes, each of 4 chunks of 5 noisy features."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_files) % 3
    return rng.normal(size=(n_files, 4, 5)) + y[:, np.newaxis, np.newaxis], LABELS[y]


def ragged(X, seed=1):
    counts = np.random.default_rng(seed).integers(1, X.shape[1] + 1, size=len(X))
    return [rows[:count] for rows, count in zip(X, counts, strict=True)]


def test_majority_wins():
    X = [[[0.9, 0.1, 0.0], [0.4, 0.6, 0.0], [0.4, 0.6, 0.0]], [[0.0, 0.0, 1.0]]]
    X = [np.array(rows) for rows in X]
    for estimator in (Reader(), ReaderWithProbabilities(), ReaderWithDecisions()):
        np.testing.assert_array_equal(fitted(estimator).predict(X), ["hum", "tick"])


@pytest.mark.parametrize(
    ("estimator", "winner"),
    [(Reader(), "bark"), (ReaderWithProbabilities(), "tick"), (ReaderWithDecisions(), "tick")],
)
def test_a_tie_goes_to_the_more_confident_class_or_the_first(estimator, winner):
    X = np.array([[[0.5, 0.3, 0.2], [0.0, 0.1, 0.9]]])
    assert fitted(estimator).predict(X) == [winner]


def test_a_confident_class_without_the_votes_does_not_win_a_tie():
    X = np.array([[[0.40, 0.25, 0.35], [0.25, 0.40, 0.35]]])  # "tick" has the highest sum, but no vote
    assert fitted(ReaderWithProbabilities()).predict(X) == ["bark"]


def test_a_tie_between_two_classes_with_one_decision_value():
    X = np.array([[[-1.0], [3.0]], [[-3.0], [1.0]]])
    vote = MajorityVoteClassifier(LiblinearClassifier()).fit(np.array([[-1.0], [1.0]]), ["dog", "sea"])
    np.testing.assert_array_equal(vote.predict(X), ["sea", "dog"])


def test_probabilities_are_means_or_shares_of_the_votes():
    X = np.array([[[0.9, 0.1, 0.0], [0.4, 0.6, 0.0], [0.4, 0.6, 0.0]]])
    np.testing.assert_allclose(
        fitted(ReaderWithProbabilities()).predict_proba(X), [[1.7 / 3, 1.3 / 3, 0.0]], atol=1e-12
    )
    np.testing.assert_allclose(fitted(Reader()).predict_proba(X), [[1 / 3, 2 / 3, 0.0]])


def test_fit_repeats_the_label_of_a_file_for_its_chunks():
    X, y = chunks()
    files = ragged(X)
    vote = MajorityVoteClassifier(KNeighborsClassifier(1)).fit(files, y)
    reference = KNeighborsClassifier(1).fit(
        np.concatenate(files), [label for rows, label in zip(files, y, strict=True) for _ in rows]
    )
    new, _ = chunks(seed=2)
    for rows, label in zip(ragged(new), vote.predict(ragged(new)), strict=True):
        votes = reference.predict(rows).tolist()
        assert votes.count(label) == max(map(votes.count, votes))


@pytest.mark.parametrize("as_type", [list, tuple, lambda rows: np.fromiter(rows, object, len(rows))])
def test_containers_of_ragged_files(as_type):
    X, y = chunks()
    vote = MajorityVoteClassifier(LogisticRegression())
    expected = vote.fit(ragged(X), y).predict_proba(ragged(X))
    np.testing.assert_array_equal(vote.fit(as_type(ragged(X)), y).predict_proba(as_type(ragged(X))), expected)
    assert vote.n_features_in_ == 5


def test_one_chunk_is_the_classifier_itself():
    X, y = chunks()
    vote = MajorityVoteClassifier(LogisticRegression()).fit(X[:, 0], y)
    alone = LogisticRegression().fit(X[:, 0], y)
    np.testing.assert_array_equal(vote.predict(X[:, 1]), alone.predict(X[:, 1]))
    np.testing.assert_array_equal(vote.predict_proba(X[:, 1]), alone.predict_proba(X[:, 1]))
    np.testing.assert_array_equal(vote.predict(X[:, 1:2]), alone.predict(X[:, 1]))


@pytest.mark.parametrize("routing", [False, True])
def test_sample_weight_of_a_file_is_that_of_its_chunks(routing):
    X, y = chunks()
    weight = np.tile([0.0, 1.0, 1.0, 1.0], len(X) // 4)
    with config_context(enable_metadata_routing=routing):
        estimator = LogisticRegression(tol=1e-8)
        if routing:
            estimator.set_fit_request(sample_weight=True)
        vote = MajorityVoteClassifier(estimator).fit(X, y, sample_weight=weight)
    reference = LogisticRegression(tol=1e-8).fit(X[weight > 0].reshape(-1, 5), np.repeat(y[weight > 0], X.shape[1]))
    np.testing.assert_allclose(vote.estimator_.coef_, reference.coef_, atol=1e-4)


def test_metadata_that_nobody_requested_is_an_error():
    X, y = chunks()
    with (
        config_context(enable_metadata_routing=True),
        pytest.raises(ValueError, match="sample_weight"),
    ):
        MajorityVoteClassifier(LogisticRegression()).fit(X, y, sample_weight=np.ones(len(X)))


def test_grid_search_over_a_nested_parameter():
    X, y = chunks()
    vote = MajorityVoteClassifier(make_pipeline(StandardScaler(), LiblinearClassifier()))
    search = GridSearchCV(vote, {"estimator__liblinearclassifier__C": [1e-3, 1.0]}, cv=2).fit(X, y)
    assert search.best_estimator_.estimator_[-1].C in (1e-3, 1.0)
    assert search.best_score_ > 0.6


def test_fit_leaves_the_given_classifier_alone_and_forgets_the_last_fit():
    X, y = chunks()
    estimator = LogisticRegression()
    vote = MajorityVoteClassifier(estimator).fit(X, y)
    vote.fit(X[:, :, :2], y)
    assert vote.n_features_in_ == 2
    assert not hasattr(estimator, "coef_")


def test_pickle():
    X, y = chunks()
    vote = MajorityVoteClassifier(LiblinearClassifier()).fit(X, y)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(vote)).predict(X), vote.predict(X))


def test_a_file_without_chunks_is_named():
    X, y = chunks()
    files = ragged(X)
    files[7] = files[7][:0]
    with pytest.raises(ValueError, match=r"X\[7\] has no chunk"):
        MajorityVoteClassifier(LogisticRegression()).fit(files, y)


def test_labels_must_be_those_of_the_files():
    X, y = chunks()
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        MajorityVoteClassifier(LogisticRegression()).fit(X, np.repeat(y, 4))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.lists(st.integers(0, 2), min_size=1, max_size=6), min_size=1, max_size=5))
def test_winner_and_shares_are_those_of_a_count(files):
    X = [np.eye(3)[votes] for votes in files]
    vote = fitted(Reader())
    counts = np.array([[votes.count(index) for index in range(3)] for votes in files])
    np.testing.assert_array_equal(vote.predict(X), LABELS[counts.argmax(axis=1)])
    np.testing.assert_allclose(vote.predict_proba(X), counts / counts.sum(axis=1, keepdims=True))


class TestChunkMeanRegressor:
    def test_it_predicts_the_mean_over_the_chunks_of_a_file(self):
        X, labels = chunks()
        y = np.unique(labels, return_inverse=True)[1] + 0.5
        for files in (X, ragged(X)):
            flat, counts = np.concatenate(list(files)), [len(rows) for rows in files]
            ridge = Ridge().fit(flat, np.repeat(y, counts))
            expected = [ridge.predict(rows).mean() for rows in files]
            np.testing.assert_allclose(ChunkMeanRegressor(Ridge()).fit(files, y).predict(files), expected)

    def test_several_targets_and_weights_of_files(self):
        X, _ = chunks()
        y, weights = np.random.default_rng(0).normal(size=(24, 2)), np.arange(24) + 1
        regressor = ChunkMeanRegressor(Ridge()).fit(X, y, sample_weight=weights)
        expected = Ridge().fit(X.reshape(-1, 5), np.repeat(y, 4, axis=0), sample_weight=np.repeat(weights, 4))
        means = expected.predict(X.reshape(-1, 5)).reshape(24, 4, 2).mean(axis=1)
        np.testing.assert_allclose(regressor.predict(X), means)

    @pytest.mark.parametrize(
        ("y", "message"), [([1, 2], "inconsistent numbers"), (["a"] * 24, "convert|numeric"), ([np.nan] * 24, "NaN")]
    )
    def test_refusals(self, y, message):
        with pytest.raises(ValueError, match=message):
            ChunkMeanRegressor(Ridge()).fit(chunks()[0], y)
