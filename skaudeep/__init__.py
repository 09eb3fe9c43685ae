"""Unsupervised representation learning from audio, as scikit-learn estimators.

The flow, and where each part lives::

    files, tables, waveforms          skaudeep.datasets (find them), skaudeep.audio (read them)
        |  SpectrogramTransformer     skaudeep.spectrogram
    spectrograms (n, T, F)
        |  Seq2SeqAutoencoderEmbedder skaudeep.embedding      (two relatives; ChunkwiseTransformer for chunks)
    features (n, D)
        |  make_fusion                skaudeep.fusion         (several of the above, side by side)
    fused features
        |  KerasMLPClassifier, LiblinearClassifier, any other classifier: skaudeep.classification
    labels

    from files to files: skaudeep.experiment runs these steps or all of them, skaudeep.pages shows what came out,
    and skaudeep.cli is the command line

    save, load: any of these estimators, or a pipeline of them, in a file without code

Every name below is imported from its module when it is first used; ``import skaudeep`` alone is light.
"""

import importlib

from skaudeep._version import __version__

_HOMES = {
    "SpectrogramTransformer": "skaudeep.spectrogram",
    "FrequencyAutoencoderEmbedder": "skaudeep.embedding",
    "FrequencyTimeAutoencoderEmbedder": "skaudeep.embedding",
    "Seq2SeqAutoencoderEmbedder": "skaudeep.embedding",
    "StatisticsPooling": "skaudeep.embedding",
    "AudioFeatureUnion": "skaudeep.fusion",
    "ChunkwiseTransformer": "skaudeep.fusion",
    "make_fusion": "skaudeep.fusion",
    "KerasMLPClassifier": "skaudeep.classification",
    "KerasMLPRegressor": "skaudeep.classification",
    "LiblinearClassifier": "skaudeep.classification",
    "LiblinearRegressor": "skaudeep.classification",
    "MajorityVoteClassifier": "skaudeep.classification",
    "save": "skaudeep._persistence",
    "load": "skaudeep._persistence",
    "set_threads": "skaudeep._engine",
}
_MODULES = (
    "evaluation",
    "audio",
    "classification",
    "datasets",
    "embedding",
    "exceptions",
    "experiment",
    "fusion",
    "io",
    "pages",
    "plotting",
    "spectrogram",
)

__all__ = ["__version__", *_HOMES, *_MODULES]  # noqa: PLE0604


def __getattr__(name):
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"skaudeep.{name}")
    raise AttributeError(f"module 'skaudeep' has no attribute {name!r}")


def __dir__():
    return sorted(__all__)
