"""The corpus of an experiment, and how its files are dealt out."""

import logging
import os

import numpy as np

from skaudeep.datamodel import get_targets
from skaudeep.datasets import (
    add_folds,
    add_partitions,
    annotation_windows,
    combine_raters,
    cv_splits,
    load_annotations,
    load_corpus,
    make_dataset,
    segment_corpus,
)
from skaudeep.exceptions import DataSetError, Message, param

_log = logging.getLogger(__name__)


def load_corpus_of(experiment):
    """Load the corpus of an experiment, if it has what is asked of it.

    That is classes for classifiers, numbers for regressors, and ways to evaluate.

    Recordings that cannot be read are left out if `on_error` of its spectrograms is "skip".
    """
    corpus, evaluation = experiment.corpus, experiment.evaluation
    if corpus["path"] is None:
        words = [corpus[key] for key in ("about", "layout") if corpus[key]]
        layout = f" ({'; '.join(words)})" if words else ""
        remedy = f"give its folder with {param('corpus.path')}{layout}"
        raise ValueError(Message(f"{experiment.name}: the corpus is missing; {remedy}"))
    found = _load(experiment)
    if len(found.get("unreadable", ())):
        _log.warning("%s", found["DESCR"])
    if corpus["folds"] and found["cv_folds"] is not None:
        _log.info("the corpus has folds of its own, which are used instead of folds = %d", corpus["folds"])
    if not experiment.classifiers and not experiment.regressors:
        return found
    ds = make_dataset(np.zeros((len(found["filenames"]), 1), np.float32), **found["metadata"])
    has_classes = (ds["label_nominal"].values.astype(str) != "").any() and found["target_names"] is not None
    if experiment.classifiers and not has_classes:
        raise DataSetError(
            f"{corpus['path']} has no classes, and there are [[classifiers]]; leave these out, or predict numbers "
            f"with {param('labels.task', 'regression')}"
        )
    only_classes = found["target_names"] is not None and found.get("targets") is None
    if experiment.regressors and (only_classes or not get_targets(ds).notna().any(axis=None)):
        raise DataSetError(
            f"{corpus['path']} has no numbers as labels, and there are [[regressors]]; name columns of numbers by "
            f"{param('labels.targets')}, or say that labels are numbers by {param('labels.task', 'regression')}"
        )
    ds = deal(ds, folds=corpus["folds"], partitions=corpus["partitions"], seed=experiment.seed)
    what = "classifiers" if experiment.classifiers else "regressors"
    if evaluation["train"] is None and evaluation["test"] is None and not ds.sizes["fold"] and _has_no_partition(ds):
        raise DataSetError(
            f"{corpus['path']} has neither folds nor partitions to evaluate [[{what}]] by; deal its files out, "
            f"for example with {param('corpus.folds', 5)}"
        )
    cv_splits(ds, train=evaluation["train"], test=evaluation["test"])
    return found


def _load(experiment):
    """Load the recordings with the labels that are asked for."""
    corpus, labels = experiment.corpus, experiment.labels
    options = {"on_unreadable": experiment.spectrograms["on_error"]} | corpus["options"]
    if labels["annotations"] is not None:
        return segment_corpus(load_corpus(corpus["path"], corpus["parser"], **options), _make_windows(corpus, labels))
    if labels["targets"] is not None:
        options["targets"] = labels["targets"]
    found = load_corpus(corpus["path"], corpus["parser"], **options)
    if labels["task"] == "regression" and found["target_names"] is not None and found.get("targets") is None:
        # whole numbers are names of classes unless somebody says that they are not
        options["regression"] = True
        found = load_corpus(corpus["path"], corpus["parser"], **options)
    return found


def _make_windows(corpus, labels):
    """Make windows with numbers of the annotations of a corpus."""
    folder = corpus["path"] if os.path.isdir(corpus["path"]) else os.path.dirname(corpus["path"])
    annotations = load_annotations(os.path.join(folder, labels["annotations"]))
    for target, raters in labels["raters"].items():
        annotations = combine_raters(annotations, raters, method=labels["rater_weights"], name=target)
    targets = labels["targets"]
    if targets is not None:
        lacks = [name for name in targets if name not in annotations]
        if lacks:
            known = ", ".join(map(repr, annotations.columns[2:]))
            raise DataSetError(f"{param('labels.targets', lacks[0])}: the annotations have the columns {known}")
        annotations = annotations[["file", "time", *targets]]
    settings = {key: labels[key] for key in ("width", "hop", "delay", "statistic")}
    return annotation_windows(annotations, **settings)


def deal(ds, *, folds, partitions, seed):
    """Deal out the files of a data set where it has no folds or partitions and some are wanted.

    `folds` is their number, `partitions` the share of each.
    """
    if folds and not ds.sizes["fold"]:
        ds = add_folds(ds, folds, random_state=seed)
    if partitions and _has_no_partition(ds):
        ds = add_partitions(ds, partitions, random_state=seed)
    return ds


def _has_no_partition(ds):
    return bool(np.isnan(ds["partition"].values).all())
