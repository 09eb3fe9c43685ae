"""Classifiers and regressors for learned features, a vote over the chunks of a file, and a number for every frame."""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_framewise": ("FramewiseRegressor",),
    "_liblinear": ("LiblinearClassifier", "LiblinearRegressor"),
    "_mlp": ("KerasMLPClassifier", "KerasMLPRegressor"),
    "_vote": ("ChunkMeanRegressor", "MajorityVoteClassifier"),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
