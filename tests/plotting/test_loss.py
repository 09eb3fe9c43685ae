import numpy as np
import pytest
from sklearn.exceptions import NotFittedError

from skaudeep.plotting import LossCurveDisplay


def test_loss_curves_of_an_estimator(halving):
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(halving)
    display = LossCurveDisplay.from_estimator(halving.fit(None), title="Small")
    train, validation = display.lines_
    np.testing.assert_array_equal(train.get_xydata(), [[1, 3.0], [2, 2.0], [3, 1.5]])
    np.testing.assert_array_equal(validation.get_ydata(), [3.5, 2.5, 2.5])
    assert [entry.get_text() for entry in display.ax_.get_legend().get_texts()] == ["Training", "Validation"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Epoch", "Loss")
    assert all(tick == round(tick) for tick in display.ax_.get_xticks())


def test_loss_without_validation_has_no_legend():
    display = LossCurveDisplay.from_history({"loss": [0.5], "val_loss": []})
    assert len(display.lines_) == 1
    assert display.ax_.get_legend() is None


def test_runs_in_one_picture_are_told_apart_by_name(drawn):
    names = ["30 dB", "_hidden", "$\\frac{"]
    ax = None
    for name in names:
        display = LossCurveDisplay.from_history({"loss": [2.0, 1.0], "val_loss": [2.5, 1.5]}, name=name, ax=ax)
        ax = display.ax_
        assert display.lines_[0].get_color() == display.lines_[1].get_color()
    drawn(display.figure_)  # no name is taken for a formula
    shown = [text.get_text() for text in ax.get_legend().get_texts()]
    assert shown == [text for name in names for text in (name, f"{name}, validation")]
    assert len({line.get_color() for line in ax.get_lines()}) == 3


def test_lines_of_others_stay_out_of_the_legend(drawn):
    display = LossCurveDisplay.from_history({"loss": [2.0, 1.0]}, name="mine")
    display.ax_.axhline(1.5)
    again = LossCurveDisplay.from_history({"loss": [3.0, 1.0]}, name="other", ax=display.ax_)
    assert [text.get_text() for text in again.ax_.get_legend().get_texts()] == ["mine", "other"]


def test_a_history_without_losses_is_an_error():
    with pytest.raises(ValueError, match="no values under 'loss'"):
        LossCurveDisplay.from_history({})
