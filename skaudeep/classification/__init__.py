"""Classifiers and regressors for learned features, and a vote over the chunks of a file."""

from skaudeep.classification._liblinear import LiblinearClassifier, LiblinearRegressor
from skaudeep.classification._mlp import KerasMLPClassifier, KerasMLPRegressor
from skaudeep.classification._vote import MajorityVoteClassifier

__all__ = [
    "KerasMLPClassifier",
    "KerasMLPRegressor",
    "LiblinearClassifier",
    "LiblinearRegressor",
    "MajorityVoteClassifier",
]
