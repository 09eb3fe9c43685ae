import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep.plotting import AmplitudeDisplay


def test_shares_are_those_of_the_values(spectrogram, drawn):
    display = AmplitudeDisplay.from_spectrogram(spectrogram, n_intervals=20)
    assert display.n_clipped == 0
    assert display.counts.sum() == spectrogram.size
    assert (display.edges[0], display.edges[-1]) == (spectrogram.min(), spectrogram.max())
    shares = [100 * (spectrogram <= edge).mean() for edge in display.edges[1:]]
    np.testing.assert_allclose(display.line_.get_ydata()[1:], shares, atol=1e-9)
    assert display.line_.get_ydata()[0] == 0
    np.testing.assert_allclose(display.bars_.get_data().values, np.diff([0, *shares]), atol=1e-9)
    assert display.ax_.get_xlabel() == "Level (dB)"
    drawn(display.figure_)


def test_what_is_clipped_is_told_and_not_drawn(spectrogram):
    clipped = np.maximum(spectrogram, -45)
    display = AmplitudeDisplay.from_spectrogram(clipped)
    assert display.n_clipped == (spectrogram <= -45).sum()
    assert display.counts.sum() + display.n_clipped == clipped.size
    share = 100 * (spectrogram <= -45).mean()
    assert display.line_.get_ydata()[0] == pytest.approx(share)
    assert [text.get_text() for text in display.share_ax_.texts] == [
        f"not in the bars: {share:.1f} % at the lowest level, -45"
    ]
    assert display.bars_.get_data().values.max() < 5


@pytest.mark.parametrize(
    "pack", [np.array, list, lambda S: [S[0][:3], S[0][3:], S[1]]], ids=["stack", "list", "ragged"]
)
def test_several_spectrograms_are_counted_together(rng, pack):
    stack = rng.uniform(-1, 1, (2, 10, 4))
    display = AmplitudeDisplay.from_spectrogram(pack(stack), n_intervals=10)
    np.testing.assert_array_equal(display.counts, np.histogram(stack, 10)[0])
    assert display.ax_.get_xlabel() == "Level (scaled to [-1, 1])"


def test_an_object_array_and_chunks(rng):
    ragged = np.empty(2, dtype=object)
    ragged[:] = [rng.uniform(size=(3, 4)), rng.uniform(size=(5, 4))]
    assert AmplitudeDisplay.from_spectrogram(ragged).counts.sum() == 32
    assert AmplitudeDisplay.from_spectrogram(rng.uniform(size=(2, 3, 4, 5))).counts.sum() == 120


def test_what_is_not_finite_does_not_count(spectrogram):
    holed = np.concatenate([spectrogram, np.full((3, 32), np.nan), np.full((3, 32), -np.inf)])
    expected = AmplitudeDisplay.from_spectrogram(spectrogram)
    np.testing.assert_array_equal(AmplitudeDisplay.from_spectrogram(holed).counts, expected.counts)


def test_a_constant_spectrogram_is_one_bar(drawn):
    display = AmplitudeDisplay.from_spectrogram(np.zeros((4, 3)))
    assert display.counts.max() == 12
    assert display.n_clipped == 0
    drawn(display.figure_)


def test_given_axes_are_used_and_plot_draws_again(spectrogram):
    figure, ax = plt.subplots()
    display = AmplitudeDisplay.from_spectrogram(spectrogram, ax=ax, level_label="Power (dB)", title="Rain")
    assert display.figure_ is figure
    assert (ax.get_xlabel(), ax.get_title()) == ("Power (dB)", "Rain")
    assert display.plot().ax_ is not ax


@pytest.mark.parametrize(
    ("spectrogram", "message"),
    [
        (np.full((3, 4), np.nan), "no finite values"),
        ([], r"shape \(0,\)"),
        (np.zeros(5), r"shape \(5,\)"),
        ([np.zeros((2, 3)), np.zeros(4)], r"shape \(4,\)"),
        ([["a", "b"]], "type <U1"),
    ],
)
def test_errors_say_what_is_expected(spectrogram, message):
    with pytest.raises(ValueError, match=message):
        AmplitudeDisplay.from_spectrogram(spectrogram)
    with pytest.raises(ValueError, match="n_intervals"):
        AmplitudeDisplay.from_spectrogram(np.eye(2), n_intervals=0)
