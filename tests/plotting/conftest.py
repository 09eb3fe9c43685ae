"""Fixtures of the displays: drawing into memory, without leaving a trace."""

import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot as plt
from sklearn.base import BaseEstimator


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
    """Levels in dB, 50 frames of 32 bins."""
    return rng.uniform(-60, 0, (50, 32))


class Halving(BaseEstimator):
    """An autoencoder that gives half of its input, and a quarter when it runs freely."""

    def fit(self, X):
        self.history_ = {"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.5]}
        return self

    def reconstruct(self, X, free_running):
        return X / 4 if free_running else X / 2


@pytest.fixture
def halving():
    """An autoencoder that is not fitted yet."""
    return Halving()


def drawn(figure):
    """The picture as an array of colours, of shape (height, width, 4), after everything was really drawn."""
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba())


@pytest.fixture(name="drawn")
def drawn_fixture():
    """Function that draws a figure and gives its pixels."""
    return drawn
