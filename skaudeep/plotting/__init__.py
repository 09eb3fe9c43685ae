"""Pictures of spectrograms, training, features and predictions, in the manner of scikit-learn's display classes.

A class method computes and draws, `plot` draws again (into given axes), and the result stays reachable as
`ax_` and `figure_`. Nothing is shown and no setting of Matplotlib is changed. `ConfusionDisplay` differs from
:class:`sklearn.metrics.ConfusionMatrixDisplay` in that colours are shares of each class while numbers are counts, and
in that fifty classes can be read. `plot_comparison` is a function, which gives the axes.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_amplitudes": ("AmplitudeDisplay",),
    "_comparison": ("plot_comparison",),
    "_confusion": ("ConfusionDisplay",),
    "_embedding": ("EmbeddingDisplay",),
    "_loss": ("LossCurveDisplay",),
    "_reconstruction": ("ReconstructionDisplay",),
    "_regression": ("RegressionDisplay",),
    "_series": ("SeriesDisplay",),
    "_spectrogram": ("SpectrogramDisplay",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
