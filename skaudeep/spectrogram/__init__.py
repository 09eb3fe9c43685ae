"""Spectrograms: the functions, the estimator, and one pass over the files for several estimators."""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_functions": (
        "clip_db",
        "mel_filterbank",
        "mel_frequencies",
        "mel_spectrogram",
        "power_spectrogram",
        "power_to_db",
        "scale_minmax",
        "split_chunks",
    ),
    "settings": ("spectrogram_axes",),
    "_transformer": ("SharedSpectrograms", "SpectrogramTransformer", "extract_branches"),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
