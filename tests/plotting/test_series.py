"""Predicted numbers of a recording over time."""

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep.plotting import SeriesDisplay

NAN = np.nan


def test_lines_have_gaps_and_what_is_alone_is_a_point(drawn):
    times = np.arange(100) / 4
    y_true, y_pred = np.sin(times), np.cos(times)
    y_true[[10, 11, 20, 22]] = NAN
    display = SeriesDisplay.from_predictions(times, y_true, y_pred, name="arousal", unit="V", title="a.wav")
    drawn(display.figure_)
    true, predicted = display.lines_
    np.testing.assert_array_equal(true.get_xydata(), np.transpose([times, y_true]))
    np.testing.assert_array_equal(predicted.get_xydata(), np.transpose([times, y_pred]))
    assert true.get_markevery() == [21]
    assert predicted.get_markevery() == []
    assert display.ax_.get_title(loc="left") == "a.wav"
    assert display.ax_.get_xlabel() == "Time (s)"
    assert display.ax_.get_ylabel() == "arousal (V)"


def test_few_numbers_are_points_too():
    display = SeriesDisplay.from_predictions([0, 1], [1, NAN], [NAN, 2], time_label="Chunk")
    assert [line.get_markevery() for line in display.lines_] == [[0, 1]] * 2
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Chunk", "Value")


def test_given_axes_are_used():
    figure, ax = plt.subplots()
    display = SeriesDisplay.from_predictions([0], [1], [2], ax=ax)
    assert display.figure_ is figure
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(
    ("times", "y_true", "y_pred", "message"),
    [
        ([], [], [], r"times has shape \(0,\)"),
        ([0, 1], [0, 1], [0], r"y_pred has shape \(1,\): expected a number for each sample in all"),
        ([0, NAN], [0, 1], [0, 1], r"times\[1\] is nan"),
        ([0, 1], [0, np.inf], [0, 1], r"y_true\[1\] is inf"),
        ([0, 2, 1.5], [0] * 3, [0] * 3, r"times\[2\] is 1.5 after 2: give .* ascending"),
        ([0, 0], [0] * 2, [0] * 2, r"times\[1\] is 0 after 0"),
    ],
)
def test_errors_say_what_is_expected(times, y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        SeriesDisplay.from_predictions(times, y_true, y_pred)
