"""What every loader of recordings returns, made from what it found."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skaudeep._columns import segment_table
from skaudeep._decoding import is_file_like
from skaudeep._splits import find_labelled, find_splitter, mark_unlabelled
from skaudeep._validation import safe_indexing, validate_params
from skaudeep.datamodel import PARTITIONS
from skaudeep.exceptions import DataSetError

#: What every loader has to return, in this order; `make_bunch` adds `targets`, `unused_columns`, `unreadable`, `notes`.
KEYS = (
    *("data", "target", "target_names", "cv", "cv_folds", "partition", "groups", "filenames"),
    *("frame", "metadata", "DESCR"),
)
_MOST_NAMES = 10  # in a line
#: The numbers of partitions by what others call them (`PARTITIONS` has our names).
PARTITION_NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            ("train", "training"),
            ("devel", "dev", "development", "val", "valid", "validation"),
            ("test", "testing", "eval", "evaluation"),
        )
    )
    for name in names
}


def make_bunch(
    files,
    names,
    *,
    target=None,
    target_names=None,
    targets=None,
    folds=None,
    partition=None,
    groups=None,
    frame=None,
    unused_columns=None,
    notes=(),
    unreadable=None,
):
    """Give what is known about recordings the form that all loaders return.

    Parameters
    ----------
    files : array-like of path-like or file-like of shape (n_files,) or DataFrame
        Paths or open files, or segments in the columns file (or path), start and end (in seconds).
    names : array-like of str of shape (n_files,)
        What identifies the recordings, all different.
    target : array-like of shape (n_files,), default=None
        Class numbers that count `target_names`, with NaN, None or -1 where a recording has no label; without
        `target_names` a continuous target, with NaN where it is missing.
    target_names : array-like of str of shape (n_classes,), default=None
        Class names.
    targets : DataFrame of shape (n_files, n_targets), default=None
        Several continuous targets, with NaN where one is missing; `target` has them too, unless there are classes.
    folds : array-like of shape (n_files,) or (n_files, n_folds), default=None
        The fold in which a recording is validated, as a whole number from 0, NaN where none is known; or, for
        folds that overlap, for each fold 1 (validation), 0 (training) or NaN (neither).
    partition : array-like of shape (n_files,), default=None
        0 training, 1 development, 2 test, NaN where not known.
    groups : array-like of str of shape (n_files,), default=None
        Recordings of the same group belong together.
    frame : DataFrame of shape (n_files, n_columns), default=None
        The table of the corpus, in the order of the recordings.
    unused_columns : sequence of str, default=None
        Names of those columns of the table of which nothing is made.
    notes : sequence of str, default=()
        What else is to be said in the description.
    unreadable : dict of str to str, default=None
        Recordings that are left out because they cannot be read: their paths, and why.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for :func:`load_corpus`.

    Raises
    ------
    DataSetError
        If two recordings have the same name, or a table has no column of paths.

    Examples
    --------
    >>> from skaudeep.datasets import make_bunch
    >>> corpus = make_bunch(["/x/a.wav", "/x/b.wav"], ["a.wav", "b.wav"], target=[0, 1], target_names=["dog", "rain"])
    >>> corpus.DESCR
    'Audio: 2 recordings, 2 classes (dog, rain).'
    """
    names = np.array(names, dtype=str)
    repeated = pd.Index(names).duplicated()
    if repeated.any():
        raise DataSetError(
            f"Two recordings have the name {str(names[np.argmax(repeated)])!r}, but names identify recordings; "
            "rename or remove one of them."
        )
    if target_names is not None and not len(target_names):
        target = target_names = None
    target_names = None if target_names is None else np.array(target_names, dtype=str)
    if targets is not None:
        targets = pd.DataFrame(targets, dtype=np.float64).reset_index(drop=True)
        target = targets.to_numpy() if target is None else target
    target = mark_unlabelled(target, target_names)
    partition = None if partition is None else np.array(partition, dtype=np.float64)
    if partition is not None and np.isnan(partition).all():
        partition = None
    groups = None if groups is None else np.array(groups, dtype=str)
    files = _as_files(files)
    labelled = find_labelled(target, len(names))
    cv_folds, numbers = _fold_columns(folds)
    cv, reason = find_splitter(cv_folds, numbers, partition, labelled)
    unused = [f"columns not used: {_shorten(unused_columns)}"] if unused_columns else []
    told = (*reason, *unused, *notes)
    return Bunch(
        data=files,
        target=target,
        target_names=target_names,
        cv=cv,
        cv_folds=cv_folds,
        partition=partition,
        groups=groups,
        filenames=names,
        frame=frame,
        metadata={
            "filenames": names,
            **_label_metadata(target, target_names, labelled),
            "targets": targets,
            "cv_folds": cv_folds,
            "partition": partition,
            "groups": groups,
        },
        DESCR=_describe(target, target_names, targets, labelled, cv_folds, partition, groups, told),
        unused_columns=None if unused_columns is None else list(unused_columns),
        targets=targets,
        unreadable=pd.DataFrame((unreadable or {}).items(), columns=["file", "reason"], dtype=object),
        notes=tuple(notes),
    )


@validate_params({"corpus": [Bunch]}, prefer_skip_nested_validation=True)
def drop_unlabelled(corpus):
    """Keep the recordings of a corpus that have a label.

    Parameters
    ----------
    corpus : :class:`~sklearn.utils.Bunch`
        What a loader, or :func:`make_bunch`, has returned.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        The same with the labelled recordings only, so that all class numbers in `target` are integers. `cv` has the
        same splits, counted anew.

    Raises
    ------
    DataSetError
        If `corpus` is not what a loader returns, or no recording has a label.

    See Also
    --------
    select : The same for data sets, with ``labelled=True``.

    Examples
    --------
    >>> from skaudeep.datasets import drop_unlabelled, make_bunch
    >>> corpus = make_bunch(["/x/a.wav", "/x/b.wav"], ["a.wav", "b.wav"], target=[None, 0], target_names=["dog"])
    >>> corpus.target
    array([nan,  0.])
    >>> labelled = drop_unlabelled(corpus)
    >>> labelled.filenames.tolist(), labelled.target
    (['b.wav'], array([0]))
    """
    lacks = [key for key in KEYS if key not in corpus]
    if lacks:
        raise DataSetError(f"corpus: it lacks {' and '.join(lacks)}; give what a loader has returned.")
    target = mark_unlabelled(corpus["target"], corpus["target_names"])
    if target is None or np.isnan(target).all():
        raise DataSetError("corpus: no recording has a label, so nothing would be left.")
    rows = np.flatnonzero(find_labelled(target, len(target)))

    def kept(name):
        return None if corpus.get(name) is None else safe_indexing(corpus[name], rows)

    given = {name: kept(name) for name in ("partition", "groups", "frame", "targets")}
    frame = given.pop("frame")
    labelled = make_bunch(
        _renumbered(kept("data")),
        kept("filenames"),
        target=target[rows],
        target_names=corpus["target_names"],
        folds=kept("cv_folds"),
        frame=_renumbered(frame),
        unused_columns=corpus.get("unused_columns"),
        notes=corpus.get("notes") or (),
        **given,
    )
    labelled["unreadable"] = corpus.get("unreadable", labelled["unreadable"])
    return Bunch(**corpus | labelled)


def _renumbered(rows):
    """Return rows of a table counted from 0 again; arrays as they are."""
    return rows.reset_index(drop=True) if isinstance(rows, pd.DataFrame) else rows


def _as_array(files):
    """Return paths as text, and with them file-like objects as they are."""
    if not any(map(is_file_like, files)):
        return np.array(list(map(str, files)), dtype=str)
    recordings = np.empty(len(files), dtype=object)
    recordings[:] = [file if is_file_like(file) else str(file) for file in files]
    return recordings


def number_classes(labels):
    """Number class names in sorted order.

    Parameters
    ----------
    labels : array-like of str of shape (n_files,)
        Class names, "" where a recording has no label.

    Returns
    -------
    target : ndarray of int of shape (n_files,) or None
        Class numbers, -1 without a label; None if there is no label at all.
    target_names : ndarray of str of shape (n_classes,) or None
        The names, sorted.
    """
    labels = np.asarray(labels, dtype=object)
    target, names = pd.factorize(np.where(labels == "", None, labels), sort=True)
    return (target, names.astype(str)) if len(names) else (None, None)


def encode_labels(labels, *, regression=None, source="label", remedy="give regression=False for classes"):
    """Turn the labels of a table into class numbers or a continuous target.

    Parameters
    ----------
    labels : Series of str of shape (n_files,)
        Labels, "" where missing; its index says where each of them stands.
    regression : bool, default=None
        Whether labels are numbers to be predicted. By default they are if all of them are numbers and not all are
        whole; whole numbers are names of classes, as words are.
    source : str, default="label"
        Where the labels stand, for messages.
    remedy : str, default="give regression=False for classes"
        What to do about what is no number, other than correcting the table.

    Returns
    -------
    target : ndarray of shape (n_files,) or None
        Class numbers (-1 without a label), or floats (NaN without); None if there is no label at all.
    target_names : ndarray of str of shape (n_classes,) or None
        Class names, sorted (whole numbers by their value); None without classes.

    Raises
    ------
    DataSetError
        If `regression` is true and a label is not a number.
    """
    numbers = pd.to_numeric(labels, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
    # from 2**53 on a float merges whole numbers that differ
    numeric = np.abs(numbers, out=np.full(len(numbers), np.inf), where=np.isfinite(numbers)) < 2**53
    known = (labels != "").to_numpy(dtype=bool)
    words = known & ~numeric
    if words.any() and numeric.any() and labels[words].str.lower().isin(["nan", "na"]).all():
        # a number that another program found missing
        known, words = numeric, np.zeros(len(numeric), dtype=bool)
    if not known.any():
        return None, None
    if words.any() and regression:
        at = np.argmax(words)
        where = f"{source}, {labels.index.name} {labels.index[at]}"
        raise DataSetError(
            f"{where}: {labels.iloc[at]!r} is not a finite number, such as 1.5, and numbers are asked for; correct the "
            f"table, or {remedy}."
        )
    if words.any():
        return number_classes(labels.where(known, ""))
    numbers = np.where(known, numbers, np.nan)
    whole = not np.mod(numbers[known], 1).any()
    if regression or (regression is None and not whole):
        return numbers, None
    # names as they are written, which may be more than their numbers say (007), in the order of their numbers; but
    # whole numbers got their .0 from a program that found some missing
    names = labels.where(known, "").str.replace(r"^(-?\d+)\.0+$", r"\1", regex=True).to_numpy(dtype=object)
    order = {name: (number, name) for name, number in zip(names[known], numbers[known], strict=True)}
    target_names = np.array(sorted(order, key=order.get), dtype=str)
    return pd.Index(target_names, dtype=object).get_indexer(names), target_names


def _fold_columns(folds):
    """Return folds as one column for each (1 validation, 0 training, NaN neither) and the numbers of the columns."""
    if folds is None:
        return None, None
    folds = np.asarray(folds, dtype=np.float64)
    if folds.ndim == 2:
        return folds, np.arange(1, folds.shape[1] + 1)
    numbers = np.unique(folds[~np.isnan(folds)])
    if not numbers.size:
        return None, None
    columns = np.where(np.isnan(folds)[:, np.newaxis], np.nan, folds[:, np.newaxis] == numbers)
    return columns, numbers.astype(np.int64)


def _shorten(names):
    """List names in one line, the first ten of many."""
    shown = [name or "''" for name in names[:_MOST_NAMES]]
    more = [f"{len(names) - _MOST_NAMES} more"] if len(names) > _MOST_NAMES else []
    return ", ".join([*shown, *more])


def _as_files(files):
    """Return paths as text, or a table of segments with the paths in the column `file`."""
    if not isinstance(files, pd.DataFrame):
        return _as_array(files)
    if "file" in files:
        return files
    table = segment_table(files, "files")
    if table is None:
        raise DataSetError(f"files: got a table with the columns {list(files.columns)}; call that of the paths 'file'.")
    return table


def _label_metadata(target, target_names, labelled):
    """Return labels as make_dataset takes them."""
    if target_names is None:
        single = target if target is not None and np.ndim(target) == 1 else None
        return {"label_nominal": None, "label_numeric": single, "label_map": None}
    nominal = target_names[np.where(labelled, target, 0).astype(np.intp)]
    return {
        # None, which cannot be sorted among names and so is not a class of any classifier
        "label_nominal": nominal if labelled.all() else np.where(labelled, nominal, None),
        "label_numeric": None,
        "label_map": {str(name): number for number, name in enumerate(target_names)},
    }


def _describe(target, target_names, targets, labelled, cv_folds, partition, groups, notes):
    """Say in one sentence what was found."""
    counts = [f"{len(labelled)} recording{'s' * (len(labelled) != 1)}"]
    if target_names is not None:
        counts.append(f"{len(target_names)} class{'es' * (len(target_names) != 1)} ({', '.join(target_names)})")
    elif target is not None and targets is None:
        counts.append("a continuous target")
    if targets is not None:
        counts.append(f"{targets.shape[1]} continuous targets ({', '.join(targets)})")
    if not labelled.all():
        counts.append(f"{(~labelled).sum()} without a label")
    if cv_folds is not None:
        counts.append(f"{cv_folds.shape[1]} given folds")
    if partition is not None:
        sizes = [f"{(partition == number).sum()} in {name}" for number, name in enumerate(PARTITIONS)]
        counts.append(f"partitions ({', '.join(sizes)})")
    if groups is not None:
        counts.append(f"{len(set(groups))} groups of recordings that belong together")
    return f"Audio: {', '.join([*counts, *notes])}."
