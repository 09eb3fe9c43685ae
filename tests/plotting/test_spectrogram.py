import subprocess
import sys

import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep.plotting import LossCurveDisplay, ReconstructionDisplay, SpectrogramDisplay


def ticks(ax):
    """Labels of the visible y ticks and their positions."""
    low, high = ax.get_ylim()
    visible = [(t.get_text(), p) for t, p in zip(ax.get_yticklabels(), ax.get_yticks(), strict=True)]
    return [(label, position) for label, position in visible if low <= position <= high]


@pytest.mark.parametrize(("lowest", "label"), [(-1, "Level (scaled to [-1, 1])"), (-60, "Level (dB)")])
def test_the_level_says_what_it_is(lowest, label):
    display = SpectrogramDisplay.from_spectrogram(np.linspace(lowest, 0, 12).reshape(4, 3))
    assert display.colorbar_.ax.get_ylabel() == label


def test_spectrogram_in_seconds_and_kilohertz(spectrogram):
    display = SpectrogramDisplay.from_spectrogram(
        spectrogram, frequencies=np.arange(32) * 250.0, hop=0.04, level_label="Level (dB)", title="Rain"
    )
    display.figure_.canvas.draw()
    np.testing.assert_array_equal(display.image_.get_array(), spectrogram.T)
    assert display.image_.origin == "lower"
    assert display.image_.get_extent()[:2] == [0, pytest.approx(2.0)]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Time (s)", "Frequency (kHz)")
    assert display.colorbar_.ax.get_ylabel() == "Level (dB)"
    assert display.ax_.get_title() == "Rain"
    assert ticks(display.ax_) == [(str(k), 4 * k) for k in range(8)]


def test_mel_bands_have_equal_heights_and_true_ticks(rng):
    mel = np.linspace(100, 3500, 64)
    frequencies = 700 * (10 ** (mel / 2595) - 1)
    display = SpectrogramDisplay.from_spectrogram(rng.normal(size=(10, 64)), frequencies=frequencies)
    labels, positions = zip(*ticks(display.ax_), strict=True)
    assert len(labels) >= 4
    assert np.diff(positions).min() >= 5
    # Independent of interpolation: the closed form of the mel axis, within half a band.
    expected = (2595 * np.log10(1 + np.array(labels, dtype=float) * 1000 / 700) - 100) / 3400 * 63
    np.testing.assert_allclose(positions, expected, atol=0.5)


def test_spectrogram_without_units_counts_frames_and_bins(spectrogram):
    display = SpectrogramDisplay.from_spectrogram(spectrogram.tolist())
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Frame", "Bin")
    assert display.image_.get_extent() == [-0.5, 49.5, -0.5, 31.5]


def test_given_axes_are_used(spectrogram):
    figure, axes = plt.subplots(1, 5)
    assert SpectrogramDisplay.from_spectrogram(spectrogram, ax=axes[0]).figure_ is figure
    assert LossCurveDisplay.from_history({"loss": [1]}, ax=axes[1]).ax_ is axes[1]
    display = ReconstructionDisplay.from_spectrograms(spectrogram, spectrogram, ax=axes[2:])
    assert list(display.ax_) == list(axes[2:])
    assert plt.get_fignums() == [figure.number]


def test_plot_draws_again(spectrogram):
    display = SpectrogramDisplay.from_spectrogram(spectrogram, title="Rain")
    first = display.ax_
    assert display.plot() is display
    assert display.ax_ is not first
    assert display.ax_.get_title() == "Rain"


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda S: SpectrogramDisplay.from_spectrogram(S[None]), r"spectrogram has shape \(1, 50, 32\)"),
        (lambda S: SpectrogramDisplay.from_spectrogram(S, frequencies=[1, 2]), r"expected 32 ascending values"),
        (lambda S: SpectrogramDisplay.from_spectrogram(S, frequencies=np.zeros(32)), r"ascending"),
    ],
)
def test_errors_say_what_is_expected(spectrogram, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(spectrogram)


def test_matplotlib_is_imported_late_and_missed_clearly():
    code = (
        "import sys\n"
        "from skaudeep.plotting import LossCurveDisplay\n"
        "assert 'matplotlib' not in sys.modules\n"
        "sys.modules['matplotlib'] = None\n"
        "try:\n"
        "    LossCurveDisplay.from_history({'loss': [1.0]})\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "Plotting needs Matplotlib: pip install matplotlib"
