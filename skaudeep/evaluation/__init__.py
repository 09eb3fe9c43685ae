"""How well features tell classes apart.

This is where the data side and the estimator side meet: `_folds` judges a classifier on arrays, `_datasets` on data
sets, where it also predicts.
"""

from skaudeep.evaluation._datasets import (
    DatasetEvaluation,
    evaluate_dataset,
    make_classifier,
    predict_dataset,
    summarise,
)
from skaudeep.evaluation._folds import FoldEvaluation, evaluate_folds

__all__ = [
    "DatasetEvaluation",
    "FoldEvaluation",
    "evaluate_dataset",
    "evaluate_folds",
    "make_classifier",
    "predict_dataset",
    "summarise",
]
