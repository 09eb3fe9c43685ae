import numpy as np
import pytest
from matplotlib import colors
from matplotlib import pyplot as plt

from skaudeep.plotting import EmbeddingDisplay


def legend_of(display):
    legend = display.ax_.get_legend()
    return [] if legend is None else [text.get_text() for text in legend.get_texts()]


def look_of(points):
    """Colour and marker of a class."""
    return colors.to_hex(points.get_facecolor()[0]), points.get_paths()[0].vertices.tobytes()


def test_pca_of_features_by_class(rng, drawn):
    X = rng.normal(size=(30, 5))
    X[:10] += 100
    y = np.repeat(["b", "a", "c"], 10)
    display = EmbeddingDisplay.from_features(X, y, method="pca", label_title="Sound")
    assert legend_of(display) == ["a", "b", "c"]
    assert display.ax_.get_legend().get_title().get_text() == "Sound"
    assert display.ax_.get_title() == "PCA"
    for name, points in zip("abc", display.points_, strict=True):
        np.testing.assert_array_equal(points.get_offsets(), display.projection[y == name])
    # the class that lies far away also does so in the picture
    far, others = display.projection[:10, 0], display.projection[10:, 0]
    assert abs(far.mean() - others.mean()) > 3 * others.std()
    drawn(display.figure_)


def test_tsne_depends_on_its_options_and_seed_alone(rng):
    X = rng.normal(size=(20, 5))
    options = {"method": "tsne", "perplexity": 5, "random_state": 0}
    first, again = (EmbeddingDisplay.from_features(X, **options).projection for _ in range(2))
    np.testing.assert_array_equal(first, again)
    other = EmbeddingDisplay.from_features(X, **options | {"perplexity": 3})
    assert not np.array_equal(first, other.projection)
    assert other.ax_.get_title() == "t-SNE"
    assert legend_of(other) == []


def test_fifty_classes_all_look_different_and_fit(rng, drawn):
    names = [f"class {i:02}" for i in range(50)]
    display = EmbeddingDisplay.from_projection(rng.normal(size=(500, 2)), np.tile(names, 10))
    assert legend_of(display) == names
    assert len({look_of(points) for points in display.points_}) == 50
    drawn(display.figure_)
    box = display.ax_.get_legend().get_window_extent()
    width, height = display.figure_.canvas.get_width_height()
    assert 0 <= box.x0 < box.x1 <= width
    assert 0 <= box.y0 < box.y1 <= height
    assert display.ax_.get_window_extent().width > width / 3


def test_more_classes_than_looks(rng, drawn):
    display = EmbeddingDisplay.from_projection(rng.normal(size=(130, 2)), np.arange(130))
    assert len(display.points_) == 130
    assert legend_of(display)[::99] == ["0", "and 31 more"]
    drawn(display.figure_)


def test_samples_without_a_class_are_grey_and_behind(drawn):
    labels = np.array(["x", "", None, "$\\frac{", "_y"], dtype=object)
    display = EmbeddingDisplay.from_projection(np.arange(10.0).reshape(5, 2), labels)
    assert legend_of(display) == ["(none)", "$\\frac{", "_y", "x"]
    np.testing.assert_array_equal(display.points_[0].get_offsets(), [[2, 3], [4, 5]])
    drawn(display.figure_)


def test_numbers_get_a_colour_scale(drawn):
    targets = np.array([0.5, np.nan, 2.5])
    display = EmbeddingDisplay.from_projection(np.eye(3)[:, :2], targets, label_title="Sleepiness")
    unknown, known = display.points_
    assert len(unknown.get_offsets()) == 1
    assert known.get_clim() == (0.5, 2.5)
    assert display.figure_.axes[1].get_ylabel() == "Sleepiness"
    drawn(display.figure_)


def test_whole_numbers_are_classes_in_their_order():
    display = EmbeddingDisplay.from_projection(np.zeros((3, 2)), [10, 9, 1])
    assert legend_of(display) == ["1", "9", "10"]


def test_given_axes_are_used_and_plot_draws_again():
    figure, ax = plt.subplots()
    display = EmbeddingDisplay.from_projection(np.eye(2), title="Mine", ax=ax)
    assert display.figure_ is figure
    assert ax.get_title() == "Mine"
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: EmbeddingDisplay.from_projection(np.eye(3)), r"shape \(3, 3\)"),
        (lambda: EmbeddingDisplay.from_projection(np.eye(2), ["a"]), "length 1, expected 2"),
        (lambda: EmbeddingDisplay.from_features(np.eye(4), ["a"]), "length 1, expected 4"),
    ],
)
def test_errors_say_what_is_expected(draw, message):
    with pytest.raises(ValueError, match=message):
        draw()
