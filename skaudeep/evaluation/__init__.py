"""How well features tell classes apart, or numbers are predicted from them.

This is where the data side and the estimator side meet: `_folds` evaluates a classifier on arrays, `_datasets` any
estimator on data sets, where it also predicts, `_regression` with numbers as targets, by `_metrics`; `_smoothing` fits
what is done to predictions over time; `estimators` makes one. `_compare` judges embedders beside controls, which
`_candidates` makes; `_comparison` is what came out, tested by `_differences`.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_compare": ("compare",),
    "_comparison": ("Comparison",),
    "_datasets": ("DatasetEvaluation", "evaluate_dataset", "predict_dataset"),
    "_feature_sets": ("compare_datasets",),
    "_folds": ("FoldEvaluation", "evaluate_folds"),
    "_metrics": ("concordance_correlation_coefficient", "concordance_scorer"),
    "_regression": ("RegressionEvaluation",),
    "_samples": ("find_task",),
    "_smoothing": ("fit_median_filter",),
    "estimators": ("make_classifier", "make_regressor"),
    "skaudeep.results.evaluation": ("summarise",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
