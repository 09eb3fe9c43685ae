import subprocess
import sys

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator
from sklearn.exceptions import NotFittedError

from skaudeep.plotting import LossCurveDisplay, ReconstructionDisplay, SpectrogramDisplay


@pytest.fixture(autouse=True)
def agg():
    """Draw into memory, and check that nothing is shown or changed for others."""
    plt.switch_backend("Agg")
    settings = dict(matplotlib.rcParams)
    yield
    plt.close("all")
    assert dict(matplotlib.rcParams) == settings


@pytest.fixture
def spectrogram(rng):
    return rng.uniform(-60, 0, (50, 32))


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


def test_reconstruction_shares_its_colours_and_shows_the_error(spectrogram):
    reconstruction = spectrogram * 1.5
    display = ReconstructionDisplay.from_spectrograms(spectrogram, reconstruction, hop=0.04)
    first, second, error = display.images_
    np.testing.assert_array_equal(first.get_array(), spectrogram.T)
    np.testing.assert_array_equal(second.get_array(), reconstruction.T)
    np.testing.assert_allclose(error.get_array(), np.abs(spectrogram.T / 2))
    assert first.get_clim() == second.get_clim() == (reconstruction.min(), spectrogram.max())
    assert error.get_clim()[0] == 0
    rmse = np.linalg.norm(spectrogram / 2) / np.sqrt(spectrogram.size)
    assert f"RMSE {rmse:.3g}" in display.ax_[1].get_title()


class Halving(BaseEstimator):
    def fit(self, X):
        self.history_ = {"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.5]}
        return self

    def reconstruct(self, X, free_running):
        return X / 4 if free_running else X / 2


def test_reconstruction_of_an_estimator(spectrogram):
    display = ReconstructionDisplay.from_estimator(Halving().fit(None), spectrogram, level_label="Level (dB)")
    np.testing.assert_array_equal(display.reconstruction, spectrogram / 2)
    assert display.level_label == "Level (dB)"
    assert display.ax_[1].get_title().startswith("Reconstruction (teacher-forced)")
    alone = ReconstructionDisplay.from_estimator(Halving().fit(None), spectrogram, free_running=True)
    np.testing.assert_array_equal(alone.reconstruction, spectrogram / 4)
    assert alone.ax_[1].get_title().startswith("Reconstruction (free-running)")


def test_loss_curves_of_an_estimator():
    display = LossCurveDisplay.from_estimator(Halving().fit(None), title="Small")
    train, validation = display.lines_
    np.testing.assert_array_equal(train.get_xydata(), [[1, 3.0], [2, 2.0], [3, 1.5]])
    np.testing.assert_array_equal(validation.get_ydata(), [3.5, 2.5, 2.5])
    assert [entry.get_text() for entry in display.ax_.get_legend().get_texts()] == ["Training", "Validation"]
    assert (display.ax_.get_xlabel(), display.ax_.get_ylabel()) == ("Epoch", "Loss")
    assert all(tick == round(tick) for tick in display.ax_.get_xticks())
    with pytest.raises(NotFittedError):
        LossCurveDisplay.from_estimator(Halving())


def test_loss_without_validation_has_no_legend():
    display = LossCurveDisplay.from_history({"loss": [0.5], "val_loss": []})
    assert len(display.lines_) == 1
    assert display.ax_.get_legend() is None


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda S: SpectrogramDisplay.from_spectrogram(S[None]), r"spectrogram has shape \(1, 50, 32\)"),
        (lambda S: SpectrogramDisplay.from_spectrogram(S, frequencies=[1, 2]), r"expected 32 ascending values"),
        (lambda S: SpectrogramDisplay.from_spectrogram(S, frequencies=np.zeros(32)), r"ascending"),
        (lambda S: ReconstructionDisplay.from_spectrograms(S, S[:3]), r"\(3, 32\), expected \(50, 32\)"),
        (lambda S: ReconstructionDisplay.from_spectrograms(S, S, ax=[plt.gca()]), r"expected 3 axes"),
        (lambda S: LossCurveDisplay.from_history({}), r"no values under 'loss'"),
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
