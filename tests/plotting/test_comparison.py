"""Drawings of comparisons of what needs no training."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import FunctionTransformer

from skaudeep.embedding import StatisticsPooling
from skaudeep.evaluation import compare
from skaudeep.plotting import plot_comparison


@pytest.fixture(scope="module")
def comparison():
    """Two candidates in two protocols; the only control is the majority, as there is no embedder."""
    rng = np.random.default_rng(0)
    y = np.repeat(["a", "b"], [18, 12])
    X = rng.normal((y == "a")[:, None, None], 1.0, (30, 5, 2))
    candidates = {"$\\frac{": StatisticsPooling(statistics=("mean",)), "first": FunctionTransformer(lambda x: x[:, 0])}
    protocols = ("transductive", "inductive")
    return compare(candidates, X, y, cv=3, seeds=2, protocols=protocols, classifier=GaussianNB())


def one_protocol(comparison):
    scores = comparison.scores
    return dataclasses.replace(comparison, scores=scores[scores["protocol"] == "inductive"])


def test_rows(comparison, drawn):
    ax = plot_comparison(one_protocol(comparison))
    drawn(ax.figure)  # no name is taken for a formula
    assert [label.get_text() for label in ax.get_yticklabels()] == ["$\\frac{", "first", "majority *"]
    table = one_protocol(comparison).table()
    points = [c.get_offsets() for c in ax.collections if isinstance(c, PathCollection)]
    means = [point[0] for point in points if len(point) == 1]
    np.testing.assert_allclose(means, np.column_stack([100 * table["recall"], range(3)]))
    folds = [point for point in points if len(point) == 3]
    scores = one_protocol(comparison).scores
    np.testing.assert_allclose(folds[1][:, 0], 100 * scores.loc[scores["name"] == "first", "recall"])
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == ["mean", "fold (mean over seeds)", "seed (mean over folds)", "best control"]
    assert ax.yaxis.get_inverted()
    assert "recall" in ax.get_xlabel()


def test_seeds_are_ticks(comparison):
    scores = one_protocol(comparison).scores
    first = scores[scores["name"] == "first"]
    other = first.assign(seed=1, recall=first["recall"] / 2)
    several = dataclasses.replace(comparison, scores=pd.concat([first.assign(seed=0), other, scores.iloc[-3:]]))
    ax = plot_comparison(several)
    (ticks,) = [c.get_offsets() for c in ax.collections if len(c.get_offsets()) == 2]
    expected = 100 * first["recall"].mean() * np.array([1, 0.5])
    np.testing.assert_allclose(ticks[:, 0], expected)


def test_protocols_are_blocks(comparison):
    figure = Figure()
    ax = figure.subplots()
    assert plot_comparison(comparison, measure="accuracy", ax=ax) is ax
    labels = [label.get_text() for label in ax.get_yticklabels()]
    names = ["$\\frac{", "first", "majority *"]
    assert labels == ["transductive:", *names, "inductive:", *names]
    # the majority is right for 18 of 30, and nothing else is a control
    dashed = [c for c in ax.collections if c.get_linestyle()[0][1] is not None]
    assert [c.get_segments()[0][0, 0] for c in dashed] == pytest.approx([60, 60])
    assert [c.get_segments()[0][:, 1].tolist() for c in dashed] == [[0.5, 3.5], [4.5, 7.5]]
    assert ax.get_xlabel().startswith("Accuracy (%)")


def test_an_unknown_measure_is_an_error(comparison):
    with pytest.raises(ValueError, match="measure='loss': choose one of 'recall', 'accuracy'"):
        plot_comparison(comparison, measure="loss")
