"""Data sets as directories of CSV or ARFF files, one for every fold and partition, as auDeep exports them."""

import contextlib
import os
import re
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr

from skaudeep._files import check_no_input, is_marked
from skaudeep._validation import StrOptions, validate_params
from skaudeep.datamodel import PARTITIONS, TARGET_PREFIX, instance_index
from skaudeep.exceptions import DataSetError, param
from skaudeep.io.formats import FORMATS, LAYOUTS, load_format
from skaudeep.io.netcdf import source_files
from skaudeep.io.tables import (
    COLUMN_OPTIONS,
    IDENTIFIERS,
    LABELS,
    Table,
    check_writable,
    join_blocks,
    to_dataset,
    write_tables,
)

_FOLD = re.compile(r"fold_(\d{1,6})")
_SUFFIXES = " nor ".join(f".{name}" for name in FORMATS)
_EXPECTED = (
    f"Expected one file {' or '.join(f'NAME.{name}' for name in FORMATS)}, or files of the same name in fold_1, "
    "fold_2, ..., in train, devel, test, or in folds within partitions (train/fold_1, ...)."
)


@validate_params(
    {
        "ds": [xr.Dataset],
        "directory": [str, os.PathLike],
        "format": [StrOptions(set(FORMATS))],
        "name": [str],
        "labels_last": ["boolean"],
        "layout": [StrOptions(set(LAYOUTS))],
        "single_file": ["boolean"],
        "guard_formulas": ["boolean"],
        "overwrite": ["boolean"],
    },
    prefer_skip_nested_validation=True,
)
def export_dataset(
    ds,
    directory,
    *,
    format="csv",
    name="features",
    labels_last=False,
    layout="audeep",
    single_file=False,
    guard_formulas=False,
    overwrite=False,
):
    """Write a data set to a directory with a file for every fold and partition.

    The files are

    - `fold_1/NAME.csv`, `fold_2/NAME.csv`, ... if the data set has folds: the validation split of each,
    - `train/NAME.csv`, `devel/NAME.csv`, `test/NAME.csv` if it has partitions,
    - `train/fold_1/NAME.csv`, ... if it has both,
    - `NAME.csv` if it has neither, or with `single_file`.

    When all are complete, older ones are moved away and these to their places; whatever goes wrong leaves the older
    ones. Only if the process is killed in this moment, some files are missing. Then ``NAME.csv.incomplete`` stays
    there, with which :func:`import_dataset` refuses them, until the data set is exported again. Old and new files never
    stand together. Other files in the directory are left alone.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it. Lazy features are computed in blocks, each once.
    directory : str or path-like
        Where to write; made if it does not exist.
    format : {"csv", "arff"}, default="csv"
        The format of the files, which is also their suffix.
    name : str, default="features"
        The name of the files, without the suffix.
    labels_last : bool, default=False
        Whether the labels come after the features.
    layout : {"audeep", "weka"}, default="audeep"
        Which columns there are. "audeep": identifiers, both labels and the features, as auDeep exports them. "weka":
        what a program may learn from that takes every column but the last for a feature, such as Weka: the features,
        and last `label_nominal`, or `label_numeric` where there are no class names, or several targets.
    single_file : bool, default=False
        Whether to write all instances, each once, to one file, whatever their folds and partitions, which no column
        tells: to a program that learns it would be one more feature.
    guard_formulas : bool, default=False
        For CSV files, whether to put an apostrophe before names and labels that a spreadsheet would run as formulas.
    overwrite : bool, default=False
        Whether to remove files of an older export of the same name that would be taken for a part of this one, such as
        those of further folds. Files that have the same places are replaced in any case.

    Raises
    ------
    DataSetError
        If an instance would be in no file or cannot be told from another, if what the data set says of folds cannot be
        told by files, or if `directory` has files that would be taken for a part of this export and `overwrite` is
        False. Nothing is written then.
    ValueError
        If a file would replace the one that `ds` has been read from, or formulas are to be guarded in ARFF files.

    See Also
    --------
    import_dataset : Read the directory again.
    write_csv : Write one CSV file.
    write_arff : Write one ARFF file.

    Notes
    -----
    A fold without instances gets a file without rows, so that the number of folds is kept. All ARFF files declare all
    classes of the label map in the same order, as Weka wants it of training and test files; data sets that are exported
    one by one need the same label map for that. What the files hold and leave out, :func:`write_csv` and
    :func:`write_arff` say.

    Without identifiers, instances that :func:`import_dataset` reads are recordings of their own, named after the file,
    and classes are numbered in sorted order.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.io import export_dataset, import_dataset
    >>> ds = make_dataset([[0.5], [0.1]], ["a.wav", "b.wav"], label_nominal=["Rain", "Sea"], cv_folds=[[1, 0], [0, 1]])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     export_dataset(ds, folder, format="arff")
    ...     print(sorted(file.relative_to(folder).as_posix() for file in pathlib.Path(folder).glob("*/*")))
    ...     again = import_dataset(folder)
    ['fold_1/features.arff', 'fold_2/features.arff']
    >>> again.identical(ds)
    True
    """
    directory, file = Path(directory), f"{name}.{format}"
    if name[:1] in ("", ".") or Path(file).name != file or "\0" in name:
        raise DataSetError(
            f"{param('name', name)}: expected the name of a file, without folders and not hidden by a dot."
        )
    check_writable(ds)
    plan = load_format(format).plan(ds, labels_last=labels_last, layout=layout, guard_formulas=guard_formulas)
    splits = {(): np.ones(ds.sizes["instance"], dtype=bool)} if single_file else _splits(ds)
    targets = {directory.joinpath(*parts, file): rows for parts, rows in splits.items()}
    _obsolete(directory, file, targets, overwrite, ds)
    for target in targets:
        if target.is_dir():
            raise DataSetError(f"{target} is a folder; choose another directory or name.")
    with contextlib.ExitStack() as stack:
        for target in targets:
            stack.enter_context(_made(target.parent))
        write_tables(
            ds,
            targets,
            *plan,
            mark=_mark(directory / file),
            check=lambda: _obsolete(directory, file, targets, overwrite, ds),
        )


@validate_params(
    {
        "path": [str, os.PathLike],
        "name": [str, None],
        "format": [StrOptions(set(FORMATS)), None],
        **COLUMN_OPTIONS,
    },
    prefer_skip_nested_validation=True,
)
def import_dataset(
    path,
    *,
    name=None,
    format=None,
    filename="filename",
    chunk_nr="chunk_nr",
    label_nominal="label_nominal",
    label_numeric="label_numeric",
    targets=(),
):
    """Read a data set from a directory of CSV or ARFF files, or from one file.

    Parameters
    ----------
    path : str or path-like
        A file, or a directory as :func:`export_dataset` or the original auDeep makes it: with one file, or with a file
        for every fold (`fold_1`, `fold_2`, ...), partition (`train`, `devel`, `test`), or fold of a partition.
    name : str, default=None
        The name of the files in the directory, without the suffix. By default the only one there is.
    format : {"csv", "arff"}, default=None
        The format of the files. By default what their suffix says.
    filename, chunk_nr, label_nominal, label_numeric : str
        The columns that hold these variables, as in :func:`read_csv`. By default those of the same names.
    targets : sequence of str, default=()
        The columns of several continuous targets, beside those that are called `target:NAME`.

    Returns
    -------
    xarray.Dataset
        The data set, in memory, with folds and partitions. An instance that is in several folds is there once. The
        label map has the classes of all files.

    Raises
    ------
    DataSetError
        If the directory has another layout, a file cannot be read, files have different features, or an
        instance is in two partitions or has different values in two folds; if an export to it was killed and left it
        incomplete, or is made while it is read. The message names the files.

    See Also
    --------
    export_dataset : Write such a directory, with an example of both.
    read_csv : What a CSV file may look like.
    read_arff : What an ARFF file may look like.

    Notes
    -----
    Instances are in the order of the files: partitions as above, folds by their numbers. In each fold, all instances
    that are not in its file are training instances.

    Examples
    --------
    >>> from skaudeep.io import import_dataset
    >>> import_dataset("no-such-directory")
    Traceback (most recent call last):
        ...
    skaudeep.exceptions.DataSetError: Cannot read no-such-directory: there is no such file or directory.
    """
    options = {
        "filename": filename,
        "chunk_nr": chunk_nr,
        "label_nominal": label_nominal,
        "label_numeric": label_numeric,
        "targets": targets,
    }
    path = Path(path)
    if not path.exists():
        raise DataSetError(f"Cannot read {path}: there is no such file or directory.")
    files = _find_files(path, name, format) if path.is_dir() else {(None, None): path}
    before = _states(files)
    tables = []
    for file in files.values():
        kind = format or file.suffix[1:].lower()
        if kind not in FORMATS:
            raise DataSetError(f"{file}: its suffix is neither {_SUFFIXES}; rename it, or give {param.format}.")
        prefix = file.relative_to(path).with_suffix("").as_posix() if path.is_dir() else None
        tables.append(load_format(kind).read_table(file, prefix=prefix, **options))
    if path.is_dir() and _states(_find_files(path, name, format)) != before:
        raise DataSetError(f"{path} has been exported anew while it was read. Read it again.")
    return _merge(tables, files)


def list_tables(directory):
    """Return all files of a directory that may belong to a data set in it; none of what is not a directory."""
    return [path for *_, path in _candidates(Path(directory))]


def _splits(ds):
    """Return the rows of every file by the folders it is in; refuses what files cannot tell."""
    index = instance_index(ds)
    every = np.ones(ds.sizes["instance"], dtype=bool)
    partition, folds = ds["partition"].values, ds["cv_folds"].values
    splits = {(): every}
    if not np.isnan(partition).all():
        chosen = {(word,): partition == number for number, word in enumerate(PARTITIONS)}
        splits = {parts: rows for parts, rows in chosen.items() if rows.any()}
    if folds.shape[1]:
        if np.isnan(folds).any():
            row = np.argmax(np.isnan(folds).any(axis=1))
            raise DataSetError(
                f"{param.ds}: the instance {_name(index[row])} is in neither split of a fold. Files cannot tell: each "
                "holds the validation split of a fold, and all others are its training split. Leave such instances "
                "out, remove the folds, or write a NetCDF file."
            )
        splits = {
            (*parts, f"fold_{fold}"): rows & (folds[:, fold - 1] == 1)
            for parts, rows in splits.items()
            for fold in range(1, folds.shape[1] + 1)
        }
    lost = ~np.logical_or.reduce(list(splits.values()))
    if lost.any():
        why = "have no partition or are in no validation split" if folds.shape[1] else "have no partition"
        raise DataSetError(
            f"{param.ds}: {lost.sum()} instances would be in no file, first {_name(index[np.argmax(lost)])}: they "
            f"{why}. Leave them out, remove folds or partitions, or write one file or a NetCDF file."
        )
    return splits


def _name(pair):
    filename, chunk_nr = pair
    return f"{str(filename)!r}, chunk {chunk_nr}"


def _obsolete(directory, file, targets, overwrite, ds):
    """Find files of an older export that would be read with the new ones; refuse them unless to be removed."""
    if directory.exists() and not directory.is_dir():
        raise DataSetError(f"{directory} is a file; expected a directory.")
    stale = sorted({path for *_, path in _candidates(directory) if path.name == file} - set(targets))
    if stale and not overwrite:
        raise DataSetError(
            f"{directory} has {len(stale)} files that would be read together with this export, such as {stale[0]}. "
            f"Have them removed ({param('overwrite', True)}), or choose another directory or name."
        )
    for path in stale:
        check_no_input(path, {param("the file of ds"): source_files(ds)})
    return stale


def _mark(file):
    """Name the file that stands beside the files of an export, or above their folders, until they are complete."""
    return file.with_name(f"{file.name}.incomplete")


def _refuse_incomplete(directory, name, format):
    """Refuse a directory, or a part of one, in which an export was stopped among its files."""
    places = [Path(os.path.abspath(directory))]
    while _FOLD.fullmatch(places[-1].name) or places[-1].name in PARTITIONS:
        places.append(places[-1].parent)
    for mark in (mark for place in places for mark in sorted(place.glob("*.incomplete"))):
        file = mark.with_suffix("")
        if name in (None, file.stem) and format in (None, file.suffix[1:].lower()) and is_marked(mark):
            raise DataSetError(
                f"{directory}: the export of {file.name} was stopped, or is being made, and some of its files are "
                f"missing ({mark} says so). Export the data set again."
            )


def _states(files):
    """Say what changes when files are replaced."""
    states = {place: os.stat(file) for place, file in files.items()}
    return {place: (state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns) for place, state in states.items()}


@contextlib.contextmanager
def _made(folder):
    """Make a folder, and take it away again if the block fails."""
    missing = [parent for parent in (folder, *folder.parents) if not parent.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    try:
        yield
    except BaseException:
        for parent in missing:
            with contextlib.suppress(OSError):  # it holds something else by now
                parent.rmdir()
        raise


def _candidates(folder, partition=None, fold=None):
    """Yield all tables where the layout has files, as (partition, fold, path), None for what the folders do not say."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        name = entry.name
        if entry.is_dir():
            match = _FOLD.fullmatch(name)
            if match and fold is None:
                yield from _candidates(entry, partition, int(match[1]))
            elif name in PARTITIONS and partition is None and fold is None:
                yield from _candidates(entry, PARTITIONS.index(name), None)
        elif entry.suffix[1:].lower() in FORMATS and not name.startswith("."):
            yield partition, fold, entry


def _folders(folder):
    return list(filter(Path.is_dir, folder.iterdir()))


def _find_files(directory, name, format):
    """Find the files of a data set by their partition and fold, sorted by both."""
    _refuse_incomplete(directory, name, format)
    found = {}
    for *place, path in _candidates(directory):
        if name in (None, path.stem) and format in (None, path.suffix[1:].lower()):
            found.setdefault(path.name, []).append((tuple(place), path))
    if len(found) != 1:
        wanted = f" called {name}" * (name is not None) + f" in the format {format}" * (format is not None)
        if found:
            raise DataSetError(
                f"{directory} has files called {', '.join(sorted(found))}; choose by {param.name} or {param.format}."
            )
        shown = sorted(entry.name + "/" * entry.is_dir() for entry in directory.iterdir())
        raise DataSetError(
            f"{directory} has no data set{wanted}. {_EXPECTED} Found: {', '.join(shown[:5]) or 'nothing'}"
            + (", ..." if len(shown) > 5 else ".")
        )
    ((name, pairs),) = found.items()
    folders = _folders(directory)
    folders += [inner for folder in folders for inner in _folders(folder)]
    strange = sorted({folder / name for folder in folders if (folder / name).is_file()} - {path for _, path in pairs})
    if strange:
        raise DataSetError(
            f"{strange[0]} is where no file of a data set should be, and would be left out. {_EXPECTED} Rename its "
            "folder, or move it elsewhere."
        )
    files = {}
    for place, path in sorted(pairs, key=lambda pair: tuple(-1 if part is None else part for part in pair[0])):
        first, one = next(iter(files.items()), (place, path))
        if place in files or [part is None for part in place] != [part is None for part in first]:
            raise DataSetError(f"{files.get(place, one)} and {path} cannot both belong to a data set. {_EXPECTED}")
        files[place] = path
    folds = sorted({fold for _, fold in files if fold is not None})
    if folds and (folds[0] > 1 or folds != list(range(folds[0], folds[0] + len(folds)))):
        raise DataSetError(f"{directory} has the folds {', '.join(map(str, folds))}; some are missing. {_EXPECTED}")
    return files


def _merge(tables, files):
    """Put the tables of all partitions and folds together; instances that are in several folds are there once."""
    _check_columns("features", [table.feature_names for table in tables], list(files.values()))
    targets = [[name for name in table.frame if name.startswith(TARGET_PREFIX)] for table in tables]
    _check_columns("targets", targets, list(files.values()))
    names, classes = tables[0].feature_names, sorted({label for table in tables for label in table.classes})
    places = np.array(list(files), dtype=np.float64)  # None becomes NaN
    sizes = [len(table.frame) for table in tables]
    frame = pd.concat([table.frame for table in tables], ignore_index=True)
    frame["partition"], fold = np.repeat(places, sizes, axis=0).T
    # rows of the same instance have the same code, which is its row in the result
    codes, _ = pd.factorize(pd.MultiIndex.from_frame(frame[[*IDENTIFIERS]]))
    first = np.flatnonzero(~frame.duplicated([*IDENTIFIERS]))
    for variable in ("partition", *LABELS, *targets[0]):
        values = pd.factorize(frame[variable])[0]
        _refuse_difference(frame, codes, first, values != values[first][codes], variable)
    features = _join_features(tables, frame, codes, first)

    folds = sorted({fold for _, fold in files if fold is not None})
    cv_folds = np.zeros((len(first), len(folds)), dtype=np.int64)
    inside = ~np.isnan(fold)
    cv_folds[codes[inside], np.searchsorted(folds, fold[inside])] = 1
    result = frame.iloc[first].reset_index(drop=True)
    return to_dataset(
        Table(result, features, names, classes),
        cv_folds=cv_folds if len(folds) else None,
        partition=result["partition"].to_numpy(),
    )


def _check_columns(what, names, files):
    """Refuse files whose features, or targets, have different names."""
    for others, file in zip(names, files, strict=True):
        if others != names[0]:
            one, other = next(pair for pair in zip_longest(names[0], others) if pair[0] != pair[1])
            raise DataSetError(
                f"{files[0]} and {file} have different {what}: {one!r} in the one, {other!r} in the other."
            )


def _join_features(tables, frame, codes, first):
    """Join the features of all instances; the list of tables is empty afterwards, to save memory."""
    if len(first) == len(frame):
        blocks = [table.features for table in tables]
        tables.clear()
        return join_blocks(blocks)
    features = np.empty((len(first), tables[0].features.shape[1]), dtype=np.float32)
    is_first = np.zeros(len(frame), dtype=bool)
    is_first[first] = True
    start, tables[:] = 0, tables[::-1]
    while tables:
        block = tables.pop().features
        rows = np.arange(start, start + len(block))
        new, again = is_first[rows], rows[~is_first[rows]]
        features[codes[rows[new]]] = block[new]
        one, other = block[~new], features[codes[again]]
        same = ((one == other) | (np.isnan(one) & np.isnan(other))).all(axis=1)
        _refuse_difference(frame, codes, first, np.isin(np.arange(len(frame)), again[~same]), "features")
        start += len(block)
    return features


def _refuse_difference(frame, codes, first, wrong, variable):
    """Raise an error about the first row that differs from an earlier one of the same instance."""
    if wrong.any():
        row, before = frame.iloc[np.argmax(wrong)], frame.iloc[first[codes[np.argmax(wrong)]]]
        raise DataSetError(
            f"{row.source}, line {row.line}: the {variable} of {_name(row[[*IDENTIFIERS]])} are not those "
            f"that it has in {before.source}, line {before.line}. Instances may be in several folds, but only with the "
            "same values, and in one partition only."
        )
