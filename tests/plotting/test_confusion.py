import itertools

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep.plotting import ConfusionDisplay


def test_colours_are_shares_and_numbers_are_counts(drawn):
    counts = np.array([[8, 2, 0], [0, 0, 0], [1, 0, 3]])
    display = ConfusionDisplay.from_counts(counts, ["a", "b", "c"], title="Best")
    np.testing.assert_allclose(display.image_.get_array(), [[0.8, 0.2, 0], [0, 0, 0], [0.25, 0, 0.75]])
    assert display.image_.get_clim() == (0, 1)
    # rows are true classes: a count lies at x = predicted, y = true
    placed = {text.get_text(): text.get_position() for text in display.texts_}
    assert placed == {"8": (0, 0), "2": (1, 0), "1": (0, 2), "3": (2, 2)}
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Predicted class", "True class")
    drawn(display.figure_)


def test_fifty_classes_have_names_that_do_not_overlap(rng, drawn):
    names = [f"Class number {i} with a name that is rather long" for i in range(50)]
    display = ConfusionDisplay.from_counts(rng.integers(0, 40, (50, 50)), names)
    drawn(display.figure_)
    assert display.texts_ == []
    for labels, side in ((display.ax_.get_yticklabels(), "y"), (display.ax_.get_xticklabels(), "x")):
        boxes = [label.get_window_extent() for label in labels]
        ends = sorted((getattr(box, f"{side}0"), getattr(box, f"{side}1")) for box in boxes)
        assert len(ends) == 50
        assert all(first[1] <= second[0] + 1 for first, second in itertools.pairwise(ends))
    width, height = display.figure_.canvas.get_width_height()
    boxes = [label.get_window_extent() for label in display.ax_.get_yticklabels() + display.ax_.get_xticklabels()]
    assert all(box.x0 >= 0 and box.y0 >= 0 and box.x1 <= width and box.y1 <= height for box in boxes)


def test_names_are_no_formulas(drawn):
    display = ConfusionDisplay.from_counts(np.eye(2, dtype=int), ["$\\frac{", "_x$y$"])
    drawn(display.figure_)
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == ["$\\frac{", "_x$y$"]


def test_classes_are_numbers_by_default_and_given_axes_are_used():
    figure, ax = plt.subplots()
    display = ConfusionDisplay.from_counts([[1]], ax=ax)
    assert display.figure_ is figure
    assert display.classes == ["0"]
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(
    ("counts", "classes", "message"),
    [
        (np.ones((2, 3)), None, r"shape \(2, 3\)"),
        (np.ones(2), None, r"shape \(2,\)"),
        (np.empty((0, 0)), None, r"shape \(0, 0\)"),
        ([["a"]], None, "type <U1"),
        ([[-1]], None, "matrix of counts"),
        ([[np.nan]], None, "matrix of counts"),
        (np.eye(2), ["a"], "1 names, expected 2"),
    ],
)
def test_errors_say_what_is_expected(counts, classes, message):
    with pytest.raises(ValueError, match=message):
        ConfusionDisplay.from_counts(counts, classes)
