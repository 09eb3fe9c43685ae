"""Features of data sets beside one another, on the folds that these have."""

import dataclasses

import numpy as np
import pandas as pd
from sklearn.preprocessing import FunctionTransformer

from skaudeep._validation import HasMethods, validate_params
from skaudeep.datamodel import GROUP, original_names
from skaudeep.datasets import cv_splits
from skaudeep.evaluation._compare import compare
from skaudeep.evaluation._samples import gather, get_classes, join_folds
from skaudeep.exceptions import DataSetError, ParameterError

_ABOUT = "features that were given as a control"
_PROTOCOL = "as given"


@validate_params(
    {
        "datasets": [dict],
        "controls": "no_validation",
        "classifier": [HasMethods(["fit", "predict", "get_params"]), None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def compare_datasets(datasets, *, controls=(), classifier=None, verbose=0):
    """Compare the features of several data sets of the same instances, on the folds that the first one has.

    Controls cannot be made of features: give features of an untrained network, and statistics of the spectrograms, and
    name them in `controls`. The most frequent class is always a control.

    Parameters
    ----------
    datasets : dict of str to xarray.Dataset
        The data sets by names to call them, with the same instances (`filename` and `chunk_nr`) in any order. Class
        names and folds, or partitions to train and to test on, are those of the first one.
    controls : sequence of str, default=()
        Names of those that the others are compared with.
    classifier : classifier, default=None
        As in :func:`compare`.
    verbose : bool or int, default=0
        Whether to show progress.

    Returns
    -------
    Comparison
        As that of :func:`compare`, with the protocol "as given": data sets do not say whether the networks behind them
        have heard the test parts. The bootstrap draws groups, or else recordings with all their chunks.

    Raises
    ------
    DataSetError
        If the data sets differ in their instances; there are no classes, or neither folds nor partitions; chunks of a
        recording are on both sides of a fold; features are not finite.
    ValueError
        If there is no data set, or `controls` has the name of none.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.datasets import add_folds, make_dataset
    >>> from skaudeep.evaluation import compare_datasets
    >>> rng = np.random.default_rng(0)
    >>> label = np.repeat(["dog", "rain"], 20)
    >>> names = [f"{i}.wav" for i in range(40)]
    >>> good = make_dataset(rng.normal(size=(40, 3)) + 2 * (label == "dog")[:, None], names, label_nominal=label)
    >>> noise = make_dataset(rng.normal(size=(40, 2)), names, label_nominal=label)
    >>> sets = {"good": add_folds(good, 4, random_state=0), "noise": noise}
    >>> comparison = compare_datasets(sets, controls=["noise"])
    >>> comparison.differences()[["name", "reference", "verdict"]].values.tolist()
    [['good', 'noise', 'above'], ['good', 'majority', 'above']]
    """
    if not datasets:
        raise ParameterError("datasets", datasets, ": there is nothing to compare; give one data set or more")
    controls = list(controls)
    unknown = [name for name in controls if name not in datasets]
    if unknown:
        raise ParameterError("controls", unknown[0], f": the data sets are {', '.join(map(repr, datasets))}")
    (first, ds), *others = datasets.items()
    labels, folds = get_classes(ds, first), cv_splits(ds).cv_folds
    rows = np.flatnonzero(~np.isnan(folds).all(axis=1))
    samples = gather(ds, rows, False, first)
    folds = join_folds(samples, folds[rows])
    features = {first: samples.X}
    for name, other in others:
        features[name] = gather(other, _find_rows(ds, other, first, name)[rows], False, name).X
    ends = np.cumsum([part.shape[1] for part in features.values()])
    candidates = {}
    for name, start, stop in zip(features, [0, *ends[:-1]], ends, strict=True):
        candidates[name] = FunctionTransformer(_take_columns, kw_args={"start": int(start), "stop": int(stop)})
    comparison = compare(
        candidates,
        np.concatenate(list(features.values()), axis=1),
        labels[rows],
        groups=_groups(ds, samples),
        cv=[(np.flatnonzero(fold == 0), np.flatnonzero(fold == 1)) for fold in folds.T],
        seeds=1,
        classifier=classifier,
        verbose=verbose,
    )
    return _with_controls(comparison, controls)


def _take_columns(X, start, stop):
    return X[:, start:stop]


def _find_rows(ds, other, name, other_name):
    """Give the row of another data set for each instance."""
    here, there = (
        pd.MultiIndex.from_arrays([each["filename"].values.astype(str), each["chunk_nr"].values])
        for each in (ds, other)
    )
    if not there.is_unique:
        raise DataSetError(f"{other_name} has an instance twice, {there[there.duplicated()][0]}; leave one out.")
    rows = there.get_indexer(here)
    missing = here[rows < 0]
    if len(missing):
        raise DataSetError(
            f"{other_name} lacks {len(missing)} instances of {name}, such as chunk {missing[0][1]} of {missing[0][0]}; "
            "compare features of the same recordings."
        )
    return rows


def _groups(ds, samples):
    """Give what belongs together: groups, or else the recording and its copies; None where all stand alone."""
    if GROUP in ds:
        groups = ds[GROUP].values[samples.rows].astype(str)
        groups = np.where(groups == "", samples.filenames, groups)
    else:
        groups = original_names(samples.filenames)
    return groups if len(np.unique(groups)) < len(groups) else None


def _with_controls(comparison, controls):
    """Make controls of some candidates."""
    (majority,) = comparison.about
    tables = {}
    for key in ("scores", "predictions"):
        tables[key] = getattr(comparison, key).assign(protocol=_PROTOCOL)
    is_control = tables["scores"]["name"].isin([*controls, majority])
    tables["scores"] = tables["scores"].assign(is_control=is_control)
    return dataclasses.replace(
        comparison,
        **tables,
        controls={name: (*controls, majority) for name in comparison.controls if name not in controls},
        about=dict.fromkeys(controls, _ABOUT) | comparison.about,
    )
