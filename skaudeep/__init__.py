"""Unsupervised representation learning from audio, as scikit-learn estimators.

The flow, and where each part lives::

    files, tables, waveforms          skaudeep.corpora (find them), skaudeep.audio (read them)
        |  SpectrogramTransformer     skaudeep.spectrogram
    spectrograms (n, T, F)
        |  ContrastiveEmbedder,       skaudeep.embedding      (two more; ChunkwiseTransformer for chunks)
        |  Seq2SeqAutoencoderEmbedder
    features (n, D)
        |  make_fusion                skaudeep.fusion         (several of the above, side by side)
    fused features
        |  KerasMLPClassifier, LiblinearClassifier, any other classifier: skaudeep.classification
    labels

    any of these as data sets     skaudeep.datasets (what they are: skaudeep.datamodel), skaudeep.io (their files)

    from files to files: skaudeep.experiment runs these steps or all of them, skaudeep.pages shows what came out,
    and skaudeep.cli is the command line

    make_embedding: the recommended way from files to features, as one of these estimators
    save, load: any of these estimators, or a pipeline of them, in a file without code

Every name below is imported from its module when it is first used; ``import skaudeep`` alone is light.
"""

from skaudeep._lazy import export_lazily
from skaudeep._version import __version__

_HOMES = {
    "skaudeep.spectrogram": ("SpectrogramTransformer",),
    "skaudeep.embedding": (
        "FrequencyAutoencoderEmbedder",
        "FrequencyTimeAutoencoderEmbedder",
        "ContrastiveEmbedder",
        "Seq2SeqAutoencoderEmbedder",
        "StatisticsPooling",
    ),
    "skaudeep.fusion": ("AudioFeatureUnion", "ChunkwiseTransformer", "make_fusion"),
    "skaudeep.classification": (
        "ChunkMeanRegressor",
        "FramewiseRegressor",
        "KerasMLPClassifier",
        "KerasMLPRegressor",
        "LiblinearClassifier",
        "LiblinearRegressor",
        "MajorityVoteClassifier",
    ),
    "skaudeep._recommended": ("make_embedding",),
    "skaudeep._persistence": ("load", "save"),
    "skaudeep._engine": ("set_threads",),
}
_MODULES = (
    "evaluation",
    "audio",
    "classification",
    "corpora",
    "datamodel",
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
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES, _MODULES)
__all__ += ["__version__"]
