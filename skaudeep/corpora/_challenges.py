"""Corpora of the challenges DCASE and ComParE."""

import re
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from skaudeep._validation import StrOptions, validate_params
from skaudeep.corpora._bunch import encode_labels, make_bunch, number_classes
from skaudeep.corpora._table import check_different, read_header, read_lines, read_table, typed
from skaudeep.corpora.find import find_recordings, fitting_folder, locate, paths_below, reasons_below
from skaudeep.datamodel import PARTITIONS
from skaudeep.exceptions import DataSetError, param

DCASE_LAYOUT = (
    "Expected the folder audio/, the table meta.txt (lines 'audio/NAME.wav<TAB>LABEL') or meta.csv (with the columns "
    "filename and scene_label) and, for folds, evaluation_setup/fold1_train.txt (or .csv), fold1_evaluate.txt, "
    "fold2_train.txt and so on."
)
COMPARE_LAYOUT = (
    "Expected the folder wav/ with files whose names begin with train, devel or test, and the folder lab/ with a table "
    "of labels, such as lab/labels.csv, lab/train.csv or lab/ComParE2018_Crying.tsv."
)

_FOLD_LIST = re.compile(r"fold(\d+)_(train|evaluate|test)\.(txt|csv)")
# the tables of the DCASE challenges, and what their columns are called where they have a header
_META = ("meta.txt", "meta.csv")
_META_COLUMNS = {
    "file": ("filename", "file"),
    "label": ("scene_label", "label", "event_label"),
    "group": ("identifier", "location"),
}
_CONFIDENTIAL = ("_confidential", ".confidential", "")


class _Task(NamedTuple):
    """How the challenges of one kind name their tables and columns."""

    names: tuple
    tables: tuple  # below lab/
    file: str  # the column of file names
    labels: tuple  # the columns of labels, the default first

    @property
    def separator(self):
        return "\t" if self.tables[0].endswith(".tsv") else ","


_TASKS = (
    *(
        _Task((name,), (f"ComParE2018_{name}.tsv",), "file_name", (label,))
        for name, label in {
            "AtypicalAffect": "emotion",
            "Crying": "label",
            "Heartbeat": "label",
            "SelfAssessedAffect": "Valence",
        }.items()
    ),
    _Task(
        ("BabySounds", "ContinuousSleepiness", "OrcaActivity", "StyrianDialects", "Mask"),
        ("labels.csv",),
        "file_name",
        ("label",),
    ),
    _Task(("Elderly",), ("labels.csv",), "filename_audio", ("V_cat", "A_cat")),
    _Task(
        ("Cough", "Speech", "Escalation", "Primates"), ("train.csv", "devel.csv", "test.csv"), "filename", ("label",)
    ),
)


@validate_params(
    {"folder": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]}, prefer_skip_nested_validation=True
)
def load_dcase(folder, *, on_unreadable="raise"):
    r"""Find the recordings of DCASE task 1 of 2016 to 2022 (acoustic scenes) and others of this layout.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set: `audio/`, `meta.txt` with a path, a label and perhaps a location or session in each
        line, and in `evaluation_setup/` for each fold the list `foldN_train.txt`. The recordings that a fold is
        validated on are those in `foldN_evaluate.txt`; without it those in `foldN_test.txt`; without
        both all that are not trained on. Without `evaluation_setup/` there are no folds.
        Since 2018 (TUT and TAU Urban Acoustic Scenes) the table is `meta.csv`, with a header and the columns
        `filename`, `scene_label`, `identifier` (city and location) and `source_label` (the device), and lists
        may end in `.csv` and have a header, too.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that no table names and that cannot be read as they are, such as .m4a files or audio in files
        without a suffix, are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`: classes in sorted order; `groups` are the locations or sessions;
        `filenames` are paths below `folder`, as in the table. Files in `audio/` that the table does not name
        have no label. Recordings that no list of a fold names are in neither part of it.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, a table cannot be read, names a recording twice or one
        that is not there, or recordings cannot be read.

    See Also
    --------
    load_table : Recordings that a table of your own lists.

    References
    ----------
    .. [1] A. Mesaros, T. Heittola, A. Diment, B. Elizalde, A. Shah, E. Vincent, B. Raj and T. Virtanen, "DCASE 2017
       Challenge Setup: Tasks, Datasets and Baseline System", Proceedings of the DCASE Workshop, 2017.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_dcase
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["audio/a.wav", "audio/b.wav", "audio/c.wav", "evaluation_setup/fold1_train.txt"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(parents=True, exist_ok=True)
    ...         _ = file.write_text("audio/b.wav\tbus\n")
    ...     _ = pathlib.Path(folder, "meta.txt").write_text("audio/a.wav\tbeach\tx1\naudio/b.wav\tbus\tx2\n")
    ...     corpus = load_dcase(folder)
    >>> corpus.target, corpus.groups.tolist()
    (array([ 0.,  1., nan]), ['x1', 'x2', 'audio/c.wav'])
    >>> [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()]
    [([1], [0])]
    """
    folder = fitting_folder(folder, fits_dcase, DCASE_LAYOUT)
    table = _meta_table(folder)
    frame = _read_meta(table)
    frame["file"] = _in_audio(frame["file"])
    check_different(locate(frame["file"], folder, table), frame["file"], table)
    listed = frame["file"].str.removeprefix("audio/")
    found = find_recordings(folder / "audio", on_unreadable, listed)
    n_listed = len(frame)
    frame = _with_unlabelled(frame, "file", ["audio/" + name for name in found.names])
    target, target_names = number_classes(frame["label"])
    groups = frame["group"]
    return make_bunch(
        paths_below(folder, frame["file"]),
        frame["file"],
        target=target,
        target_names=target_names,
        folds=_dcase_folds(folder, pd.Index(frame["file"]), (frame["label"] != "").to_numpy()),
        groups=groups.where(groups != "", frame["file"]) if (groups != "").any() else None,
        frame=frame,
        notes=(*_unlisted_note(len(frame) - n_listed, table.name), *found.notes),
        unreadable=reasons_below(folder / "audio", found),
    )


@validate_params(
    {
        "folder": "no_validation",
        "task": [str, None],
        "label": [str, None],
        "regression": ["boolean", None],
        "on_unreadable": [StrOptions({"raise", "skip"})],
    },
    prefer_skip_nested_validation=True,
)
def load_compare(folder, *, task=None, label=None, regression=False, on_unreadable="raise"):
    """Find the recordings of a Computational Paralinguistics Challenge (ComParE) of 2018 to 2021.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set: audio in `wav/` and tables of labels in `lab/`.
    task : str, default=None
        The sub-challenge, where `lab/` holds the tables of several: AtypicalAffect, Crying, Heartbeat or
        SelfAssessedAffect (2018), BabySounds, ContinuousSleepiness, OrcaActivity or StyrianDialects (2019), Mask or
        Elderly (2020), Cough, Speech, Escalation or Primates (2021). By default that whose tables are there.
    label : str, default=None
        The column of labels where a table has several: V_cat (valence, the default) or A_cat (arousal) of Elderly.
    regression : bool or None, default=False
        Whether labels are numbers to be predicted, such as the degrees 1 to 9 of ContinuousSleepiness, and not
        classes. None: they are if all of them are numbers and not all are whole.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that no table names and that cannot be read as they are, such as .m4a files or audio in files
        without a suffix, are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`: classes in sorted order; partitions as the file names begin;
        `filenames` are paths below `wav/`, as in the tables. A recording that no table names, or with the label `?`,
        has none. Tables called `confidential`, which hold the labels of the test partition, are preferred.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, a table cannot be read, names a recording twice or one
        that is not there, or recordings cannot be read.

    See Also
    --------
    load_partitioned : Recordings in folders for partitions and classes.

    References
    ----------
    .. [1] B. W. Schuller et al., "The INTERSPEECH 2018 Computational Paralinguistics Challenge: Atypical &
       Self-Assessed Affect, Crying & Heart Beats", Proceedings of Interspeech, 2018 (and the later years).

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_compare
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["wav/train_1.wav", "wav/devel_1.wav", "wav/test_1.wav", "lab/labels.csv"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     _ = file.write_text("file_name,label\\ntrain_1.wav,mask\\ndevel_1.wav,clear\\ntest_1.wav,?\\n")
    ...     corpus = load_compare(folder)
    >>> corpus.filenames.tolist()
    ['devel_1.wav', 'test_1.wav', 'train_1.wav']
    >>> corpus.target, corpus.partition
    (array([ 0., nan,  1.]), array([1., 2., 0.]))
    """
    folder = fitting_folder(folder, fits_compare, COMPARE_LAYOUT)
    kind, tables = _compare_task(folder / "lab", task)
    label = kind.labels[0] if label is None else label
    if label not in kind.labels:
        raise DataSetError(
            f"{param('label', label)}: the labels of {' or '.join(kind.names)} are in {' or '.join(kind.labels)}."
        )
    frames = []
    for table in tables:
        frame = read_table(table, (kind.file, label), separator=kind.separator)
        frames.append(frame.set_axis([f"{line} of {table.name}" for line in frame.index]))
    frame = pd.concat(frames)
    frame[kind.file] = _normal(frame[kind.file])
    check_different(locate(frame[kind.file], folder / "wav", folder / "lab"), frame[kind.file], folder / "lab")
    found = find_recordings(folder / "wav", on_unreadable, frame[kind.file])
    n_listed = len(frame)
    frame = _with_unlabelled(frame, kind.file, found.names)
    names = frame[kind.file]
    labels = frame[label].where(frame[label] != "?", "")
    labels.index = pd.Index(names, name="recording")
    target, target_names = encode_labels(labels, regression=regression, source=str(folder / "lab"))
    return make_bunch(
        paths_below(folder / "wav", names),
        names,
        target=target,
        target_names=target_names,
        partition=_compare_partition(names, folder),
        frame=typed(frame),
        notes=(*_unlisted_note(len(frame) - n_listed, "lab"), *found.notes),
        unreadable=reasons_below(folder / "wav", found),
    )


def fits_dcase(folder):
    """Say why a folder is not of the layout of DCASE task 1, or None if it is."""
    table = _meta_table(folder)
    if table is None:
        return "no table meta.txt or meta.csv"
    if not (folder / "audio").is_dir():
        return f"no folder audio beside {table.name}"
    return None if table.name == "meta.txt" or _is_headed(table) else "no columns filename and scene_label in meta.csv"


def fits_compare(folder):
    """Say why a folder is none of the ComParE challenges, or None if it is one."""
    lacks = [name for name in ("wav", "lab") if not (folder / name).is_dir()]
    if lacks:
        return f"no folder {' and no folder '.join(lacks)}"
    if any(_find_tables(folder / "lab", task) for task in _TASKS):
        return None
    return "no table of a known challenge in the folder lab"


def _meta_table(folder):
    """Return the table of a corpus of DCASE, or None."""
    return next((folder / name for name in _META if (folder / name).is_file()), None)


def _is_headed(table):
    """Say whether a table has the columns of DCASE; others call tables of theirs meta.csv as well."""
    try:
        return bool(_header_columns(read_header(table, _separator_of(table))))
    except DataSetError:
        return False


def _separator_of(table):
    """Return what separates columns in a table or list of DCASE: tabs, but commas in some copies of .csv files."""
    if table.suffix == ".txt":
        return "\t"
    first = read_header(table, "\t")
    return "," if len(first) == 1 and "," in first[0] else "\t"


def _header_columns(fields):
    """Say which column of a header holds what; empty if the fields are those of a recording and not of a header."""
    names = list(map(str.lower, fields))
    known = {}
    for what, forms in _META_COLUMNS.items():
        at = next((names.index(form) for form in forms if form in names), None)
        if at is not None:
            known[what] = at
    is_header = {"file", "label"} <= known.keys() or (len(names) == 1 and "file" in known)
    return known if is_header else {}


def _read_meta(table):
    """Read file, label and group of every recording that a table of DCASE names, and what else a header names."""
    separator = _separator_of(table)
    lines = read_lines(table, separator)
    columns = _header_columns(lines[0][1]) if lines else {}
    if columns:
        frame = read_table(table, separator=separator)
        known = {at: what for what, at in columns.items()}
        # other columns may not be called as ours are
        others = [f"{name}_" if name in _META_COLUMNS else name for name in frame]
        frame.columns = [known.get(at, name) for at, name in enumerate(others)]
        lacks = [name for name in _META_COLUMNS if name not in frame]
        return frame.assign(**dict.fromkeys(lacks, ""))
    lines = [(line, [*fields, "", ""][:3]) for line, fields in lines]
    index = pd.Index([line for line, _ in lines], name="line")
    return pd.DataFrame([fields for _, fields in lines], index=index, columns=list(_META_COLUMNS), dtype=str)


def _in_audio(names):
    """Return names as paths below the folder of a corpus of DCASE; some copies leave out the folder audio."""
    names = _normal(names)
    return names if names.str.startswith("audio/").any() else "audio/" + names


def _unlisted_note(n, table):
    """Make the note on recordings that no table names."""
    return (f"{n} that {table} does not name",) if n else ()


def _normal(names):
    """Return paths of a table with forward slashes and without ./ at their start."""
    return names.str.replace("\\", "/").str.removeprefix("./")


def _with_unlabelled(frame, column, found):
    """Return the rows of a table and, with empty fields, those for other recordings, sorted by their names."""
    others = sorted(set(found) - set(frame[column]))
    frame = pd.concat([frame, pd.DataFrame({column: others}, dtype=str)]).fillna("")
    return frame.sort_values(column, ignore_index=True)


def _dcase_folds(folder, names, labelled):
    """Return one column for each fold, as the lists in evaluation_setup say; None without lists."""
    lists, setup = {}, folder / "evaluation_setup"
    for path in setup.iterdir() if setup.is_dir() else ():
        found = _FOLD_LIST.fullmatch(path.name)
        if found is not None:
            given = lists.setdefault(int(found[1]), {}).setdefault(found[2], path)
            if given != path:
                raise DataSetError(f"{setup} holds {given.name} and {path.name}; remove one of them.")
    columns = []
    for number, paths in sorted(lists.items()):
        if "train" not in paths:
            raise DataSetError(f"{setup} has no fold{number}_train.txt or .csv. {DCASE_LAYOUT}")
        train = _listed(paths["train"], names)
        validation = next((_listed(paths[kind], names) for kind in ("evaluate", "test") if kind in paths), None)
        if validation is None:
            validation = labelled & ~train
        both = train & validation
        if both.any():
            raise DataSetError(
                f"{setup}: fold {number} trains on {names[np.argmax(both)]} and is validated on it; correct its lists."
            )
        columns.append(np.select([validation, train], [1.0, 0.0], np.nan))
    return np.column_stack(columns) if columns else None


def _listed(path, names):
    """Say which recordings a list names."""
    lines = read_lines(path, _separator_of(path))
    columns = _header_columns(lines[0][1]) if lines else {}
    at = columns.get("file", 0)
    lines = lines[1:] if columns else lines
    rows = names.get_indexer(_in_audio(pd.Series([fields[at] for _, fields in lines], dtype=str)))
    if (rows < 0).any():
        line, fields = lines[np.argmax(rows < 0)]
        raise DataSetError(
            f"{path}, line {line}: {fields[at]} is neither in the table of the corpus nor in audio/. Unpack "
            "the data set again."
        )
    listed = np.zeros(len(names), dtype=bool)
    listed[rows] = True
    return listed


def _find_tables(folder, task):
    """Find those tables of a task that there are, the confidential one of each if there is one."""
    found = []
    for table in map(Path, task.tables):
        forms = [folder / f"{table.stem}{suffix}{table.suffix}" for suffix in _CONFIDENTIAL]
        found += list(filter(Path.is_file, forms))[:1]
    return found


def _compare_task(folder, name):
    """Return the kind of challenge whose tables a folder holds, and these tables."""
    known = [task_name for task in _TASKS for task_name in task.names]
    if name is not None and name not in known:
        raise DataSetError(f"task={name!r} is unknown; expected one of {', '.join(known)}.")
    found = [(task, tables) for task in _TASKS if (tables := _find_tables(folder, task))]
    headers = {tables[0]: read_header(tables[0], task.separator) for task, tables in found}
    fitting = [(task, tables) for task, tables in found if task.file in headers[tables[0]]]
    chosen = [(task, tables) for task, tables in fitting if name is None or name in task.names]
    if len(chosen) == 1:
        return chosen[0]
    if chosen:
        names = ", ".join(task.names[0] for task, _ in chosen)
        raise DataSetError(f"{folder} holds the tables of several tasks; choose one of {names} with task=.")
    if fitting:
        names = ", ".join(task_name for task, _ in fitting for task_name in task.names)
        raise DataSetError(f"{folder} holds no table of task={name!r}, but one of {names}.")
    expected = " or ".join(sorted({task.file for task, _ in found}))
    table, header = next(iter(headers.items()))
    raise DataSetError(
        f"Cannot read {table} (it has the columns {', '.join(map(repr, header))}); expected the column {expected}, "
        f"{'tab' if table.suffix == '.tsv' else 'comma'}-separated. {COMPARE_LAYOUT}"
    )


def _compare_partition(names, folder):
    """Return numbers of partitions, from the beginnings of file names."""
    files = names.str.lower().str.replace(r".*/", "", regex=True)
    numbers = np.full(len(files), np.nan)
    for number, part in enumerate(PARTITIONS):
        numbers[files.str.startswith(part).to_numpy(dtype=bool)] = number
    if np.isnan(numbers).any():
        raise DataSetError(
            f"The name of {names.iloc[np.argmax(np.isnan(numbers))]} in {folder / 'wav'} begins with none of "
            f"{', '.join(PARTITIONS)}. {COMPARE_LAYOUT}"
        )
    return numbers
