"""Spectrograms: the functions, the estimator, and one pass over the files for several estimators."""

from skaudeep.spectrogram._functions import (
    clip_db,
    mel_filterbank,
    mel_frequencies,
    mel_spectrogram,
    power_spectrogram,
    power_to_db,
    scale_minmax,
    split_chunks,
)
from skaudeep.spectrogram._settings import spectrogram_axes
from skaudeep.spectrogram._transformer import SharedSpectrograms, SpectrogramTransformer, extract_branches

__all__ = [
    "SharedSpectrograms",
    "SpectrogramTransformer",
    "clip_db",
    "extract_branches",
    "mel_filterbank",
    "mel_frequencies",
    "mel_spectrogram",
    "power_spectrogram",
    "power_to_db",
    "scale_minmax",
    "spectrogram_axes",
    "split_chunks",
]
