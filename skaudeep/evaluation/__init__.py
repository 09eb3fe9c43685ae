"""How well features tell classes apart.

This is where the data side and the estimator side meet: `_folds` evaluates a classifier on arrays, `_datasets` on
data sets, where it also predicts; `classifiers` makes one. `_compare` judges embedders beside controls, which
`_candidates` makes; `_comparison` is what came out, tested by `_differences`.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_compare": ("compare",),
    "_comparison": ("Comparison",),
    "_datasets": ("DatasetEvaluation", "evaluate_dataset", "predict_dataset"),
    "_feature_sets": ("compare_datasets",),
    "_folds": ("FoldEvaluation", "evaluate_folds"),
    "classifiers": ("make_classifier",),
    "skaudeep.results.evaluation": ("summarise",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
