import numpy as np
import pytest
from matplotlib import pyplot as plt

from skaudeep.plotting import ReconstructionDisplay


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


def test_reconstruction_of_an_estimator(spectrogram, halving):
    display = ReconstructionDisplay.from_estimator(halving.fit(None), spectrogram, level_label="Level (dB)")
    np.testing.assert_array_equal(display.reconstruction, spectrogram / 2)
    assert display.level_label == "Level (dB)"
    assert display.ax_[1].get_title().startswith("Reconstruction (teacher-forced)")
    alone = ReconstructionDisplay.from_estimator(halving.fit(None), spectrogram, free_running=True)
    np.testing.assert_array_equal(alone.reconstruction, spectrogram / 4)
    assert alone.ax_[1].get_title().startswith("Reconstruction (free-running)")


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda S: ReconstructionDisplay.from_spectrograms(S, S[:3]), r"\(3, 32\), expected \(50, 32\)"),
        (lambda S: ReconstructionDisplay.from_spectrograms(S, S, ax=[plt.gca()]), r"expected 3 axes"),
    ],
)
def test_errors_say_what_is_expected(spectrogram, draw, message):
    with pytest.raises(ValueError, match=message):
        draw(spectrogram)
