"""Evaluations in files."""

import numpy as np
import pytest

from skaudeep.results.evaluation import read_evaluation, summarise

EVALUATION = {
    "features": "fused",
    "classifier": "svm",
    "classes": ["a", "b"],
    "splits": ["fold 1", "fold 2"],
    "accuracy": [[0.5, 1.0], [0.7, 0.8]],
    "recall": [[0.4, 0.9], [0.6, 0.7]],
    "confusion": [[3, 1], [0, 4]],
    "seconds": 2.5,
}


def test_an_evaluation_and_its_summary(write):
    evaluation = read_evaluation(write("e.json", EVALUATION))
    assert (evaluation.features, evaluation.classifier, evaluation.seconds) == ("fused", "svm", 2.5)
    # repeats are averaged first: 0.6 and 0.9
    assert evaluation.summary() == (pytest.approx(0.75), pytest.approx(0.15))
    assert evaluation.summary("recall") == (pytest.approx(0.65), pytest.approx(0.15))
    np.testing.assert_array_equal(evaluation.confusion, [[3, 1], [0, 4]])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([[0.5, 0.7], [0.7, 0.9]], (0.7, 0.1)),  # of the means of repeats, 0.6 and 0.8
        ([[0.5], [0.7]], (0.6, 0.1)),
        ([[0.5]], (0.5, None)),
    ],
)
def test_mean_and_spread(values, expected):
    assert summarise(values) == pytest.approx(expected)


@pytest.mark.parametrize(
    "changes",
    [
        {"accuracy": [0.5, 1.0]},
        {"accuracy": [["x", "y"]]},
        {"accuracy": [[0.5]]},
        {"accuracy": [[0.5, 1.0], [0.5]]},
        {"accuracy": []},
        {"recall": [[0.5, 1.0]]},
        {"confusion": [[1, 2]]},
        {"confusion": [[1, -2], [0, 0]]},
        {"confusion": [[1, None], [0, 0]]},
        {"classes": []},
        {"splits": None},
    ],
    ids=str,
)
def test_what_is_no_evaluation_is_refused_by_name(write, changes):
    with pytest.raises(ValueError, match=r"e.json' is damaged or something else"):
        read_evaluation(write("e.json", EVALUATION | changes))
