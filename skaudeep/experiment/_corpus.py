"""The corpus of an experiment, and how its files are dealt out."""

import logging

import numpy as np

from skaudeep.datasets import add_folds, add_partitions, cv_splits, load_corpus, make_dataset
from skaudeep.exceptions import DataSetError, Message, param

_log = logging.getLogger(__name__)


def load_corpus_of(experiment):
    """Load the corpus of an experiment, if it has what is asked of it: classes for classifiers, and ways to evaluate.

    Recordings that cannot be read are left out if `on_error` of its spectrograms is "skip".
    """
    corpus, evaluation = experiment.corpus, experiment.evaluation
    if corpus["path"] is None:
        words = [corpus[key] for key in ("about", "layout") if corpus[key]]
        layout = f" ({'; '.join(words)})" if words else ""
        remedy = f"give its folder with {param('corpus.path')}{layout}"
        raise ValueError(Message(f"{experiment.name}: the corpus is missing; {remedy}"))
    options = {"on_unreadable": experiment.spectrograms["on_error"]} | corpus["options"]
    found = load_corpus(corpus["path"], corpus["parser"], **options)
    if len(found.get("unreadable", ())):
        _log.warning("%s", found["DESCR"])
    if corpus["folds"] and found["cv_folds"] is not None:
        _log.info("the corpus has folds of its own, which are used instead of folds = %d", corpus["folds"])
    if not experiment.classifiers:
        return found
    ds = make_dataset(np.zeros((len(found["filenames"]), 1), np.float32), **found["metadata"])
    if not (ds["label_nominal"].values.astype(str) != "").any() or found["target_names"] is None:
        raise DataSetError(f"{corpus['path']} has no classes, and there are [[classifiers]]; leave these out")
    ds = deal(ds, folds=corpus["folds"], partitions=corpus["partitions"], seed=experiment.seed)
    if evaluation["train"] is None and evaluation["test"] is None and not ds.sizes["fold"] and _has_no_partition(ds):
        raise DataSetError(
            f"{corpus['path']} has neither folds nor partitions to evaluate [[classifiers]] by; deal its files out, "
            f"for example with {param('corpus.folds', 5)}"
        )
    cv_splits(ds, train=evaluation["train"], test=evaluation["test"])
    return found


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
