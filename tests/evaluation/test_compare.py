"""Comparisons against loops by hand with scikit-learn."""

import copy
import itertools
from typing import ClassVar

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from scipy import sparse, stats
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    LeaveOneGroupOut,
    PredefinedSplit,
    StratifiedGroupKFold,
    StratifiedKFold,
    cross_val_predict,
    cross_validate,
)
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from skaudeep import LiblinearClassifier, Seq2SeqAutoencoderEmbedder, StatisticsPooling
from skaudeep.evaluation import compare
from skaudeep.evaluation._compare import _InnerFolds

SVM = make_pipeline(StandardScaler(), LinearSVC(C=0.1, random_state=0))
EMBEDDER = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=1, batch_size=8)
GROUPS = np.arange(30) % 3
CLASSES = np.repeat(["dog", "rain", "sea"], 10)
LOUDNESS = (CLASSES == "dog") * 0.8 - (CLASSES == "sea") * 0.3


def make(shape, seed=0):
    return np.random.default_rng(seed).normal(LOUDNESS.reshape(-1, *[1] * len(shape)), 0.8, (30, *shape))


X = make((6, 3))
TORN = list(StratifiedKFold(3).split(CLASSES, CLASSES))
FLAT = make((5,))


class Counting(TransformerMixin, BaseEstimator):
    """The mean and noise; remembers on what it was fitted."""

    calls: ClassVar = []

    def __init__(self, random_state=None, fails=False):
        self.random_state, self.fails = random_state, fails

    def fit(self, X, y=None):
        if self.fails:
            raise RuntimeError("stopped")
        assert y is None
        self.calls.append((len(X), self.random_state))
        return self

    def transform(self, X):
        noise = np.random.default_rng(self.random_state).normal(size=(len(X), 2))
        return np.column_stack([X.mean(axis=1), noise])


@pytest.fixture
def calls(monkeypatch):
    monkeypatch.setattr(Counting, "calls", [])
    return Counting.calls


@pytest.fixture(scope="module")
def comparison():
    """Both protocols, two seeds, folds by groups."""
    protocols = ("transductive", "inductive")
    return compare({"t-rae": EMBEDDER}, X, CLASSES, groups=GROUPS, seeds=(3, 5), protocols=protocols, classifier=SVM)


def scores_of(comparison, name, protocol, seed):
    scores = comparison.scores
    chosen = scores["name"].eq(name) & scores["protocol"].eq(protocol)
    return scores[chosen & (scores["seed"].isna() if seed is None else scores["seed"].eq(seed))]


@pytest.mark.parametrize("seed", [3, 5])
@pytest.mark.parametrize("name", ["t-rae", "t-rae, untrained"])
def test_by_hand(comparison, name, seed):
    max_epochs = 1 if name == "t-rae" else 0
    embedder = clone(EMBEDDER).set_params(random_state=seed, max_epochs=max_epochs)
    scoring = {"recall": "balanced_accuracy", "accuracy": "accuracy"}
    options = {"cv": LeaveOneGroupOut(), "groups": GROUPS, "scoring": scoring}
    found = scores_of(comparison, name, "transductive", seed)
    expected = cross_validate(SVM, embedder.fit_transform(X), CLASSES, **options)
    for measure in scoring:
        np.testing.assert_allclose(found[measure], expected[f"test_{measure}"])
    found = scores_of(comparison, name, "inductive", seed)
    expected = cross_validate(make_pipeline(embedder, SVM), X, CLASSES, **options)
    for measure in scoring:
        np.testing.assert_allclose(found[measure], expected[f"test_{measure}"])
    assert found["fold"].tolist() == [0, 1, 2]
    assert (found["n_train"] == 20).all() and (found["n_test"] == 10).all()


def test_statistics_by_hand_once(comparison):
    expected = cross_val_predict(
        SVM, StatisticsPooling().fit_transform(X), CLASSES, cv=LeaveOneGroupOut(), groups=GROUPS
    )
    for protocol in ("transductive", "inductive"):
        assert len(scores_of(comparison, "statistics", protocol, None)) == 3
        predictions = comparison.predictions.query("name == 'statistics' and protocol == @protocol")
        np.testing.assert_array_equal(predictions["prediction"], expected[predictions["row"]])
        np.testing.assert_array_equal(predictions["label"], CLASSES[predictions["row"]])
        np.testing.assert_array_equal(predictions["group"], GROUPS[predictions["row"]])
    majority = comparison.scores.query("name == 'majority'")
    assert majority["seed"].isna().all() and len(majority) == 6
    np.testing.assert_allclose(majority["recall"], 1 / 3)


def test_table_by_hand(comparison):
    table = comparison.table().set_index(["name", "protocol"])
    names = ["t-rae", "t-rae, untrained", "statistics", "majority"]
    assert table.index.tolist() == [(name, p) for p in ("transductive", "inductive") for name in names]
    each = [scores_of(comparison, "t-rae", "inductive", seed)["recall"].to_numpy() for seed in (3, 5)]
    row = table.loc[("t-rae", "inductive")]
    assert row["recall"] == pytest.approx(np.mean(each))
    assert row["recall_std_seeds"] == pytest.approx(np.std(np.mean(each, axis=1)))
    assert row["recall_std_folds"] == pytest.approx(np.std(np.mean(each, axis=0)))
    assert np.isnan(table.loc[("statistics", "inductive"), "accuracy_std_seeds"])
    assert table["is_control"].tolist() == [False, True, True, True] * 2


def test_t_by_hand(comparison):
    found = comparison.differences("statistics", measure="accuracy").set_index("protocol").loc["transductive"]
    one = np.mean([scores_of(comparison, "t-rae", "transductive", s)["accuracy"] for s in (3, 5)], axis=0)
    two = scores_of(comparison, "statistics", "transductive", None)["accuracy"].to_numpy()
    d = one - two
    error = np.sqrt((1 / 3 + 10 / 20) * np.var(d, ddof=1))
    interval = stats.t(2, d.mean(), error).interval(0.95)
    np.testing.assert_allclose(found[["difference", "low", "high"]].astype(float), [d.mean(), *interval])
    assert found["p"] == pytest.approx(2 * stats.t(2).sf(abs(d.mean()) / error))


def test_bootstrap_of_groups(comparison):
    found = comparison.differences("statistics", "bootstrap", n_resamples=2000).iloc[0]
    predictions = comparison.predictions.query("protocol == 'transductive'")
    recalls = []  # of the 27 draws of three groups, of both
    for name in ("t-rae", "statistics"):
        of_seeds = [runs for _, runs in predictions[predictions["name"] == name].groupby("seed", dropna=False)]
        for draw in itertools.product(range(3), repeat=3):
            drawn = [pd.concat([runs[runs["group"] == group] for group in draw]) for runs in of_seeds]
            recalls.append(np.mean([balanced_accuracy_score(d["label"], d["prediction"]) for d in drawn]))
    differences = np.subtract(*np.split(np.array(recalls), 2))
    whole = next(i for i, draw in enumerate(itertools.product(range(3), repeat=3)) if draw == (0, 1, 2))
    assert found["difference"] == pytest.approx(differences[whole])
    # the ends are draws that happen; 2.5 % is less than 1/27, so the extremes are among them
    assert found["low"] == pytest.approx(differences.min())
    assert found["high"] == pytest.approx(differences.max())
    again = comparison.differences("statistics", "bootstrap", n_resamples=2000).iloc[0]
    pd.testing.assert_series_equal(found, again)


def test_differences_from_all_controls(comparison):
    found = comparison.differences()
    assert found["reference"].tolist() == ["t-rae, untrained", "statistics", "majority"] * 2
    assert (found["name"] == "t-rae").all()
    with pytest.raises(ValueError, match=r"reference='x': choose one of 't-rae', 't-rae, untrained'"):
        comparison.differences("x")
    with pytest.raises(ValueError, match="The 'method' parameter of"):
        comparison.differences(method="z")


def test_prints(comparison):
    text = str(comparison)
    assert repr(comparison) == "<Comparison: 1 candidate, 3 controls, 2 seeds, 3 folds>"
    assert "mean over 2 seeds and 3 folds" in text
    assert (comparison.n_seeds, comparison.n_folds) == (2, 3)
    row = next(line for line in text.splitlines() if line.startswith("statistics *"))
    values = comparison.table().query("name == 'statistics' and protocol == 'transductive'").iloc[0]
    recall, accuracy = ([f"{100 * values[key]:.1f}" for key in (m, f"{m}_std_folds")] for m in ("recall", "accuracy"))
    assert row.split()[3:] == [recall[0], "-", recall[1], accuracy[0], "-", accuracy[1]]


@pytest.mark.parametrize("strength", [0, 1])
def test_says_where_controls_win(strength):
    y = np.array(["a"] * 20 + ["b"] * 10)
    features = strength * (y == "a")[:, None] * np.ones((30, 2))
    text = str(compare([FunctionTransformer()], features, y, cv=3, seeds=1, classifier=SVM))
    lines = text.splitlines()
    if strength:
        assert lines[-1] == "No control is ahead of a candidate, or equal to one."
        assert lines[-3].split() == [
            "FunctionTransformer",
            "majority",
            "+50.0",
            "+50.0",
            "to",
            "+50.0",
            "0.000",
            "above",
        ]
    else:
        assert lines[-2:] == [
            "Controls that are ahead of a candidate, or equal to it:", "- FunctionTransformer: majority"
        ]  # fmt: skip
        assert lines[-4].endswith("not told apart")


# --- what is fitted, and on what ---


def test_what_is_fitted_on_what(calls):
    compare([Counting()], FLAT, CLASSES, cv=3, seeds=2, protocols="transductive", classifier=SVM)
    assert calls == [(30, 0), (30, 1)]
    calls.clear()
    given = Counting(random_state=9)
    compare([given], FLAT, CLASSES, cv=3, seeds=[4], protocols=["inductive"], classifier=SVM)
    assert calls == [(20, 4)] * 3
    assert given.random_state == 9


def test_features_are_kept(calls, tmp_path):
    options = {"cv": 3, "seeds": 2, "classifier": SVM, "protocols": ("transductive", "inductive")}
    embedders = {"a": Counting(), "b": Counting(fails=True)}
    with pytest.raises(RuntimeError, match="stopped"):
        compare(embedders, FLAT, CLASSES, memory=tmp_path, **options)
    assert len(calls) == 2
    calls.clear()
    embedders = {"a": Counting(), "c": PCA(2)}
    result = compare(embedders, FLAT, CLASSES, memory=joblib.Memory(str(tmp_path), verbose=0), **options)
    assert len(calls) == 2 * 3  # in each fold; not again on the whole
    fresh = compare(embedders, FLAT, CLASSES, **options)
    pd.testing.assert_frame_equal(result.scores, fresh.scores)
    pd.testing.assert_frame_equal(result.predictions, fresh.predictions)


def test_classifiers_by_chance_get_the_seeds():
    forest = RandomForestClassifier(3)
    result = compare([StatisticsPooling()], X, CLASSES, cv=3, seeds=2, classifier=forest)
    for seed in range(2):
        expected = cross_val_predict(
            clone(forest).set_params(random_state=seed), StatisticsPooling().fit_transform(X), CLASSES, cv=3
        )
        predictions = result.predictions.query("name == 'StatisticsPooling' and seed == @seed")
        np.testing.assert_array_equal(predictions["prediction"], expected[predictions["row"]])
    assert (result.scores.query("name == 'majority'")["seed"].isna()).all()


@pytest.mark.parametrize("routing", [False, True])
def test_the_default_classifier_by_hand(routing):
    """Its C is chosen within the training part, by groups."""
    groups = np.repeat(np.arange(15), 2)
    splitter = GroupKFold(3)
    with sklearn.config_context(enable_metadata_routing=routing):
        result = compare([StandardScaler()], FLAT, CLASSES, groups=groups, cv=splitter, seeds=1)
    svm = make_pipeline(StandardScaler(), LiblinearClassifier(random_state=0))
    grid = {"liblinearclassifier__C": [0.001, 0.01, 0.1, 1.0]}
    features = StandardScaler().fit_transform(FLAT)
    found = result.predictions[result.predictions["name"] == "StandardScaler"]
    for fold, (training, test) in enumerate(splitter.split(FLAT, CLASSES, groups)):
        part = features[training], CLASSES[training]
        inner = list(StratifiedGroupKFold(3).split(*part, groups[training]))
        search = GridSearchCV(svm, grid, cv=inner, scoring="balanced_accuracy").fit(*part)
        of_fold = found[found["fold"] == fold]
        np.testing.assert_array_equal(of_fold["prediction"], search.predict(features[test]))
        assert of_fold["row"].tolist() == test.tolist()


def test_searches_get_groups_if_they_want_them():
    groups = np.repeat(np.arange(15), 2)
    options = {"groups": groups, "cv": GroupKFold(3), "seeds": 1}
    for cv in (GroupKFold(2), 2):  # the second would warn of groups
        search = GridSearchCV(LiblinearClassifier(), {"C": [0.01, 1]}, cv=cv)
        result = compare([PCA(2)], FLAT, CLASSES, classifier=search, **options)
        assert len(result.scores) == 6


@pytest.mark.parametrize(
    ("y", "groups", "expected"),
    [
        (list("aaabbb"), [0, 1, 2, 0, 1, 2], "groups"),
        (list("aaabbb"), [0, 0, 0, 1, 1, 1], "classes"),  # by groups there would be a single class
        (list("aaabbb"), [0] * 6, "classes"),
        (list("aaabbb"), None, "classes"),
        (list("ab"), [0, 1], "whole"),
        (list("aab"), None, "some"),
    ],
)
def test_inner_folds_of_small_parts(y, groups, expected):
    y, groups = np.array(y), None if groups is None else np.array(groups)
    splits = _InnerFolds().split(np.zeros((len(y), 1)), y, groups)
    assert _InnerFolds().get_n_splits(np.zeros((len(y), 1)), y, groups) == len(splits)
    for training, test in splits:
        assert len(set(y[training])) == 2 and len(test)
        assert (len(set(training) & set(test)) == 0) == (expected != "whole")
        if expected == "groups":
            assert not set(groups[training]) & set(groups[test])
    if expected == "classes":
        wanted = list(StratifiedKFold(3).split(y, y))
        assert [test.tolist() for _, test in splits] == [test.tolist() for _, test in wanted]


# --- folds ---


@pytest.mark.parametrize(("n_groups", "n_folds"), [(4, 4), (10, 10), (15, 10)])
def test_folds_of_groups(n_groups, n_folds):
    groups = [f"g{i % n_groups}" for i in range(30)]
    result = compare([PCA(1)], FLAT, CLASSES, groups=groups, seeds=1, classifier=SVM)
    folds = result.predictions.groupby("group")["fold"].nunique()
    assert len(folds) == n_groups and (folds == 1).all()
    assert result.scores["fold"].nunique() == n_folds


def test_given_folds_with_groups():
    """The splitter of a corpus has no use for groups, and would warn of them; draws and inner folds have."""
    cv = PredefinedSplit(GROUPS)
    result = compare([PCA(1)], FLAT, CLASSES, groups=GROUPS, cv=cv, seeds=1, classifier=SVM)
    by_groups = compare([PCA(1)], FLAT, CLASSES, groups=GROUPS, seeds=1, classifier=SVM)
    pd.testing.assert_frame_equal(result.predictions, by_groups.predictions)


def test_folds_without_groups():
    result = compare([PCA(1)], FLAT, CLASSES, seeds=1, classifier=SVM)
    expected = [test.tolist() for _, test in StratifiedKFold(5).split(FLAT, CLASSES)]
    found = result.predictions.query("name == 'PCA'").groupby("fold")["row"].apply(list).tolist()
    assert found == expected
    assert "group" not in result.predictions
    # samples are drawn where there are no groups
    drawn = result.differences(method="bootstrap", n_resamples=200).iloc[0]
    assert drawn["low"] < drawn["difference"] < drawn["high"]


def test_a_single_split():
    split = [(np.arange(30) % 2 == 0, np.arange(30) % 2 == 1)]
    result = compare([PCA(1)], FLAT, CLASSES, cv=split, seeds=1, classifier=SVM)
    assert result.scores["n_test"].tolist() == [15, 15]
    with pytest.raises(ValueError, match="method='t' needs two folds or more, and there is one; choose 'bootstrap'"):
        result.differences()
    assert "bootstrap of the test samples" in str(result)


def test_samples_without_a_label_are_embedded(calls):
    y = CLASSES.astype(object)
    y[::5] = None
    rows = np.flatnonzero(pd.notna(y))
    folds = [(rows[rows % 2 == 0], rows[rows % 2 == 1]), (rows[rows % 2 == 1], rows[rows % 2 == 0])]
    options = {"seeds": 1, "classifier": SVM, "protocols": ("transductive", "inductive")}
    result = compare([Counting()], FLAT, y, cv=folds, **options)
    assert [n for n, _ in calls] == [30, 12, 12]
    assert set(result.predictions["row"]) == set(rows)
    with pytest.raises(ValueError, match=r"y has no label for 6 samples of fold 0, the first is y\[\d+\]=None"):
        compare([Counting()], FLAT, y, **options)


def test_other_kinds_of_features():
    frozen = FrozenEstimator(PCA(2).fit(FLAT))
    embedders = {
        "sparse": FunctionTransformer(sparse.csr_array),
        "dense": FunctionTransformer(),
        "pandas": FunctionTransformer(pd.DataFrame),
        "frozen": frozen,
    }
    svm = LinearSVC(random_state=0)
    result = compare(embedders, FLAT, CLASSES, cv=3, seeds=1, protocols=("transductive", "inductive"), classifier=svm)
    table = result.table().set_index(["protocol", "name"])["accuracy"]
    for protocol in ("transductive", "inductive"):
        assert table[protocol]["sparse"] == table[protocol]["dense"] == table[protocol]["pandas"]
    assert table["transductive"]["frozen"] == table["inductive"]["frozen"]


def test_lists_of_sequences():
    ragged = [sequence[: 3 + i % 3] for i, sequence in enumerate(X)]
    result = compare([StatisticsPooling()], ragged, CLASSES, cv=3, seeds=1, protocols="inductive", classifier=SVM)
    expected = cross_validate(
        make_pipeline(StatisticsPooling(), SVM), ragged, CLASSES, cv=3, scoring="balanced_accuracy"
    )
    np.testing.assert_allclose(result.scores["recall"][:3], expected["test_score"])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"protocols": "both"}, "The 'protocols' parameter of compare"),
        ({"protocols": ["both"]}, r"protocols=\['both'\]: give one or both of 'transductive', 'inductive'"),
        ({"protocols": []}, r"protocols=\[\]"),
        ({"seeds": []}, r"seeds=\[\]: give how many, or different whole numbers"),
        ({"seeds": [1, 1]}, r"seeds=\[1, 1\]"),
        ({"seeds": [-1]}, r"seeds=\[-1\]"),
        ({"seeds": 0}, "The 'seeds' parameter of compare"),
        ({"y": CLASSES[:-1]}, "inconsistent numbers of samples"),
        ({"groups": [0, 1]}, "inconsistent numbers of samples"),
        ({"groups": [7] * 30}, "groups has the single value 7"),
        ({"groups": [None] + [1, 2] * 14 + [1]}, r"groups has no value for 1 samples, the first is groups\[0\]=None"),
        (
            {"groups": np.arange(30) // 2, "cv": list(StratifiedKFold(3).split(FLAT, CLASSES))},
            "cv has .* groups on both sides of fold 0, such as",
        ),
        ({"y": FLAT[:, 0], "cv": 3}, "Unknown label type"),
        ({"cv": [(range(10), range(10, 30))]}, "fold 0: all 10 samples to train on are of the class 'dog'"),
        ({"embedders": [FunctionTransformer(np.ravel)]}, r"gives features of shape \(150,\) for 30 samples"),
        ({"embedders": [FunctionTransformer(lambda x: x[:3])]}, r"gives features of shape \(3, 5\) for 30 samples"),
        ({"embedders": {}}, "nothing to compare"),
    ],
)
def test_errors(change, message):
    arguments = {"embedders": [FunctionTransformer()], "X": FLAT, "y": CLASSES, "classifier": SVM, "seeds": 1} | change
    with pytest.raises(ValueError, match=message):
        compare(**arguments)


def test_a_class_that_is_tested_only():
    rows = np.arange(30)
    with pytest.warns(UserWarning, match="fold 0: no sample of sea is trained on, but 10 .* all classes") as warned:
        compare([PCA(1)], FLAT, CLASSES, cv=[(rows[:15], rows[15:])], seeds=1, classifier=SVM)
    assert warned[0].filename == __file__


def test_folds_of_one_class():
    groups = np.arange(30) // 5  # two of each class
    with pytest.warns(UserWarning, match="6 of 6 folds test one class alone, the first is fold 0") as warned:
        result = compare([PCA(1)], FLAT, CLASSES, groups=groups, seeds=1, classifier=SVM)
    assert warned[0].filename == __file__
    # the class that is left out is never the most frequent one
    assert result.table().set_index("name").loc["majority", "recall"] == 0


def test_progress(capsys):
    compare([PCA(1)], FLAT, CLASSES, cv=3, seeds=2, classifier=SVM, verbose=1)
    assert "Comparing: 9 fits in" in capsys.readouterr().err  # two seeds and the majority


def test_a_comparison_can_be_copied(comparison):
    again = copy.deepcopy(comparison)
    assert str(again) == str(comparison)
