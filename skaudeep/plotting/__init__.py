"""Pictures of spectrograms, reconstructions, training and features, in the manner of scikit-learn's display classes.

A class method computes and draws, `plot` draws again (into given axes), and the result stays reachable as
`ax_` and `figure_`. Nothing is shown and no setting of Matplotlib is changed. `ConfusionDisplay` differs from
:class:`sklearn.metrics.ConfusionMatrixDisplay` in that colours are shares of each class while numbers are counts, and
in that fifty classes can be read.
"""

from skaudeep.plotting._amplitudes import AmplitudeDisplay
from skaudeep.plotting._confusion import ConfusionDisplay
from skaudeep.plotting._embedding import EmbeddingDisplay
from skaudeep.plotting._loss import LossCurveDisplay
from skaudeep.plotting._reconstruction import ReconstructionDisplay
from skaudeep.plotting._spectrogram import SpectrogramDisplay

__all__ = [
    "AmplitudeDisplay",
    "ConfusionDisplay",
    "EmbeddingDisplay",
    "LossCurveDisplay",
    "ReconstructionDisplay",
    "SpectrogramDisplay",
]
