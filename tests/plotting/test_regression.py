"""Predicted numbers beside the true ones."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from matplotlib import pyplot as plt
from sklearn.metrics import PredictionErrorDisplay, root_mean_squared_error

from skaudeep.evaluation import concordance_correlation_coefficient
from skaudeep.plotting import RegressionDisplay


@pytest.fixture
def y(rng):
    """True and predicted numbers."""
    y_true = rng.normal(size=60)
    return y_true, 0.5 * y_true + rng.normal(0, 0.2, 60)


@pytest.mark.parametrize("kind", ["actual_vs_predicted", "residual_vs_predicted"])
def test_points_are_those_of_scikit_learn(y, kind, drawn):
    display = RegressionDisplay.from_predictions(*y, kind=kind)
    expected = PredictionErrorDisplay.from_predictions(*y, kind=kind)
    np.testing.assert_allclose(display.points_.get_offsets(), expected.scatter_.get_offsets())
    drawn(display.figure_)
    (low, high), (bottom, top) = display.ax_.get_xlim(), display.ax_.get_ylim()
    x, points = display.points_.get_offsets().T
    assert low < x.min() < x.max() < high
    assert bottom < points.min() < points.max() < top


def test_the_line_is_where_all_is_right(y, drawn):
    display = RegressionDisplay.from_predictions(*y)
    assert display.line_.get_slope() == 1
    assert display.ax_.get_xlim() == display.ax_.get_ylim()
    assert display.line_.get_xy1() == (display.ax_.get_xlim()[0],) * 2
    residuals = RegressionDisplay.from_predictions(*y, kind="residual_vs_predicted")
    assert set(residuals.line_.get_ydata()) == {0}
    # also where no prediction is right
    off = RegressionDisplay.from_predictions(y[0], y[0] - 5, kind="residual_vs_predicted")
    assert off.ax_.get_ylim()[0] < 0 < 5 < off.ax_.get_ylim()[1]


def test_measures_are_those_of_the_evaluation(y):
    display = RegressionDisplay.from_predictions(*y, name="level", unit="dB", title="Ridge")
    assert display.ccc == pytest.approx(concordance_correlation_coefficient(*y))
    assert display.rmse == pytest.approx(root_mean_squared_error(*y))
    expected = f"Ridge\nCCC {display.ccc:.2f}, RMSE {display.rmse:.3g} dB, 60 predictions"
    assert display.ax_.get_title() == expected
    assert display.ax_.get_xlabel() == "Predicted level (dB)"
    assert display.ax_.get_ylabel() == "True level (dB)"


@pytest.mark.parametrize("kind", ["actual_vs_predicted", "residual_vs_predicted"])
def test_many_points_are_a_density(rng, kind, drawn):
    y_true = rng.normal(size=4000)
    y_pred = y_true + rng.normal(size=4000)
    display = RegressionDisplay.from_predictions(y_true, y_pred, kind=kind)
    assert display.points_.get_array().sum() == 4000
    assert display.figure_.axes[1].get_ylabel() == "Predictions"
    drawn(display.figure_)
    few = RegressionDisplay.from_predictions(y_true[:1500], y_pred[:1500], kind=kind)
    assert len(few.points_.get_offsets()) == 1500
    assert len(few.figure_.axes) == 1


@pytest.mark.parametrize("kind", ["actual_vs_predicted", "residual_vs_predicted"])
@pytest.mark.parametrize("n", [1, 3, 2000])
def test_what_says_nothing_is_said(kind, n, drawn):
    same = np.full(n, 0.5)
    display = RegressionDisplay.from_predictions(same, same, kind=kind)
    predictions = f"{n:,} prediction{'s' * (n > 1)}"
    expected = f"CCC not defined, RMSE 0, {predictions}\nall true values are 0.5"
    assert display.ax_.get_title() == expected
    drawn(display.figure_)
    other = RegressionDisplay.from_predictions(same, same + 1, kind=kind)
    assert other.ax_.get_title() == f"CCC 0.00, RMSE 1, {predictions}\nall true values are 0.5"


def test_names_are_no_formulas(drawn):
    display = RegressionDisplay.from_predictions([1, 2], [1, 2], name="$\\frac{", unit="_$x$")
    drawn(display.figure_)
    assert display.ax_.get_xlabel() == "Predicted $\\frac{ (_$x$)"


def test_given_axes_are_used(y):
    figure, ax = plt.subplots()
    display = RegressionDisplay.from_predictions(*y, ax=ax)
    assert display.figure_ is figure
    assert display.plot(kind="residual_vs_predicted").ax_ is not ax


def test_an_evaluation(rng):
    from skaudeep.datasets import add_folds, make_dataset
    from skaudeep.evaluation import evaluate_dataset, make_regressor

    X = rng.normal(size=(30, 3))
    ds = make_dataset(X, [f"{i}.wav" for i in range(30)], label_numeric=X @ [1, 2, 3])
    evaluation = evaluate_dataset(add_folds(ds, 3, random_state=0), make_regressor("ridge"))
    display = RegressionDisplay.from_evaluation(evaluation, title="All")
    assert display.ccc == pytest.approx(evaluation.pooled["ccc"].item())
    np.testing.assert_array_equal(np.sort(display.y_true), np.sort(ds["label_numeric"].values))
    assert display.ax_.get_xlabel() == "Predicted value"


@pytest.fixture
def several():
    """What an evaluation of two targets looks like."""
    table = pd.DataFrame({"target": ["arousal", "valence"] * 3, "label": range(6), "prediction": range(1, 7)})
    return SimpleNamespace(predictions=table)


def test_one_of_several_targets(several):
    display = RegressionDisplay.from_evaluation(several, "valence", kind="residual_vs_predicted")
    assert display.y_true.tolist() == [1, 3, 5]
    assert display.ax_.get_xlabel() == "Predicted valence"
    assert display.ax_.get_ylabel() == "Residual, true - predicted"
    assert RegressionDisplay.from_evaluation(several, "valence", name="V").ax_.get_xlabel() == "Predicted V"
    with pytest.raises(ValueError, match="target=None: choose one of 'arousal', 'valence'"):
        RegressionDisplay.from_evaluation(several)
    with pytest.raises(ValueError, match="target='joy': there is 'arousal', 'valence'"):
        RegressionDisplay.from_evaluation(several, "joy")
    without = SimpleNamespace(predictions=several.predictions.drop(columns="target"))
    assert len(RegressionDisplay.from_evaluation(without).y_true) == 6
    with pytest.raises(ValueError, match="target='joy': .* leave it out"):
        RegressionDisplay.from_evaluation(without, "joy")
    # the name of a target that has none
    single = SimpleNamespace(predictions=several.predictions.assign(target="label"))
    assert RegressionDisplay.from_evaluation(single, "label").ax_.get_xlabel() == "Predicted value"


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        ([1, 2], [1], r"y_true has shape \(2,\), y_pred has shape \(1,\): expected a number for each sample"),
        ([], [], r"shape \(0,\)"),
        ([[1]], [[1]], r"shape \(1, 1\)"),
        ([1, np.nan, np.nan], [1, 2, 3], r"y_true\[1\] is nan, and 2 in all are not finite: leave"),
        ([1, 2], [1, np.inf], r"y_pred\[1\] is inf, and 1 in all"),
        (["a"], [1], "could not convert"),
    ],
)
def test_errors_say_what_is_expected(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        RegressionDisplay.from_predictions(y_true, y_pred)


def test_an_unknown_kind():
    with pytest.raises(ValueError, match="'kind' parameter"):
        RegressionDisplay.from_predictions([1], [1], kind="scatter")
    assert not plt.get_fignums()
