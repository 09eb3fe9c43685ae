"""Evaluations of predicted numbers in files."""

import numpy as np
import pytest

from skaudeep.results.evaluation import REGRESSION_MEASURES
from skaudeep.results.regression import parse_regression, read_regression


def record_of(targets=("arousal", "valence"), **more):
    """What an evaluation of two repeats of two folds writes."""
    scores = {name: [[0.5, None], [0.7, 0.9]] for name in REGRESSION_MEASURES}
    pooled = {name: [0.6, 0.8] for name in REGRESSION_MEASURES}
    control = {name: [0.0, None] for name in REGRESSION_MEASURES}
    record = {"features": "fused", "classifier": "ridge", "splits": ["fold 1", "fold 2"], "targets": list(targets)}
    tables = {"scores": scores, "pooled": pooled, "mean_predictor": control}
    return record | {key: dict.fromkeys(targets, table) for key, table in tables.items()} | more


def test_a_record_and_its_summary(write):
    record = read_regression(write("e.json", record_of(seconds=2)))
    assert (record.name, record.seconds, record.targets) == ("fused, ridge", 2, ["arousal", "valence"])
    np.testing.assert_array_equal(record.scores["valence"]["ccc"], [[0.5, np.nan], [0.7, 0.9]])
    # the second fold does not define it in all repeats
    mean, spread = record.summary("ccc", "arousal")
    assert (mean, spread) == (pytest.approx(0.6), pytest.approx(0.1))
    np.testing.assert_allclose(record.by_split("rmse", "arousal"), [0.6, np.nan])
    assert record.control("ccc", "arousal") == 0
    assert record.pooled["arousal"]["mae"].tolist() == [0.6, 0.8]


def test_what_no_split_defines_is_nan():
    nothing = {name: [[None, None]] for name in REGRESSION_MEASURES}
    control = {name: [None, None] for name in REGRESSION_MEASURES}
    record = parse_regression(record_of(["label"], scores={"label": nothing}, mean_predictor={"label": control}))
    mean, spread = record.summary("ccc", "label")
    assert np.isnan(mean) and spread is None
    assert np.isnan(record.control("ccc", "label"))


def test_what_an_evaluation_of_this_version_gives_is_read(rng):
    from skaudeep.datasets import add_folds, make_dataset
    from skaudeep.evaluation import evaluate_dataset, make_regressor

    X = rng.normal(size=(30, 3))
    ds = make_dataset(X, [f"{i}.wav" for i in range(30)], label_numeric=X @ [1, 2, 3])
    evaluation = evaluate_dataset(add_folds(ds, 3, random_state=0), make_regressor("ridge"))
    result = evaluation.to_dict()
    record = parse_regression(result)
    assert record.name == "predictions"
    assert record.summary("rmse", "label") == pytest.approx(evaluation.summary("rmse"))


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"targets": None}, "it lacks targets"),
        ({"splits": []}, "there are no splits"),
        ({"targets": ["arousal", "joy"]}, "scores of 'joy' has no numbers for ccc"),
        ({"pooled": {"arousal": {"ccc": ["x"]}}}, "pooled of 'arousal' has no numbers for ccc"),
        ({"splits": ["test"]}, r"scores of 'arousal' has an array of shape \(2, 2\) for ccc"),
        ({"mean_predictor": {"arousal": {"ccc": []}}}, r"mean_predictor of 'arousal' has an array of shape \(0,\)"),
    ],
)
def test_damaged_records(write, more, message):
    with pytest.raises(ValueError, match=f"e.json' is damaged .*{message}"):
        read_regression(write("e.json", record_of() | more))
