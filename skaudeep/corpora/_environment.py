"""Corpora of environmental sounds: ESC-10, ESC-50 and UrbanSound8K."""

import os
import re
from collections import Counter

import numpy as np
import pandas as pd

from skaudeep._validation import StrOptions, validate_params
from skaudeep.corpora._bunch import make_bunch
from skaudeep.corpora._table import check_different, read_table, typed, whole_numbers
from skaudeep.corpora.find import (
    find_recordings,
    fitting_folder,
    holds_audio,
    locate,
    note_unlisted,
    paths_below,
    reasons_below,
    scan,
    subfolders,
)
from skaudeep.exceptions import DataSetError

ESC_LAYOUT = (
    "Expected class folders 'NNN - Name' holding files 'FOLD-CLIP-TAKE.ogg' (for example "
    "'001 - Dog bark/1-100032-A.ogg'), or the table meta/esc50.csv (or esc50.csv) beside the folder audio/."
)
URBANSOUND8K_LAYOUT = (
    "Expected the table metadata/UrbanSound8K.csv and the folders audio/fold1 to audio/fold10, or UrbanSound8K.csv "
    "beside fold1 to fold10."
)

_ESC_FOLDER = re.compile(r"(\d{3}) - (.+)")
_ESC_FILE = re.compile(r"(?P<fold>\d)-(?P<clip>[^-]+)(-.+)?")
# where the data sets have their tables, and where copies of them do
_ESC_TABLES = ("meta/esc50.csv", "esc50.csv")
_URBANSOUND8K_TABLES = ("metadata/UrbanSound8K.csv", "UrbanSound8K.csv")


@validate_params(
    {"folder": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]}, prefer_skip_nested_validation=True
)
def load_esc(folder, *, on_unreadable="raise"):
    """Find the recordings of ESC-10 or ESC-50, with their classes, folds and sources.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set, in the layout with class folders (`001 - Dog bark/1-100032-A.ogg`) or in the
        newer one with `meta/esc50.csv` and `audio/`. In copies the table may be `esc50.csv`, and the audio in
        another folder.
    on_unreadable : {"raise", "skip"}, default="raise"
        With class folders: whether recordings that cannot be read as they are, such as .m4a files or audio in files
        without a suffix, are an error, or left out and listed in `unreadable`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`: classes in the order of the data set's own numbers; `groups` are the
        Freesound clips that recordings were cut from, which takes A, B, ... share; `filenames` are file names
        without folders, which are unique in ESC.

    Raises
    ------
    DataSetError
        If `folder` is missing, is a file, or has neither layout, a file name does not start with the fold,
        or the table names files that are not there.

    See Also
    --------
    load_folder : Recordings without given folds.

    References
    ----------
    .. [1] K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", Proceedings of the 23rd ACM
       International Conference on Multimedia, 2015.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_esc
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["002 - Rain/1-17-A.ogg", "001 - Dog bark/2-90-A.ogg", "001 - Dog bark/1-30-A.ogg"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     esc = load_esc(folder)
    >>> esc.target_names[esc.target].tolist()
    ['Dog bark', 'Dog bark', 'Rain']
    >>> [test.tolist() for train, test in esc.cv.split()]
    [[0, 2], [1]]
    """
    folder = fitting_folder(folder, fits_esc, ESC_LAYOUT)
    table = _find_table(folder, _ESC_TABLES)
    if table is None:
        recordings = find_recordings(folder, on_unreadable)
        found = _esc_from_folders(folder, recordings.names)
        left_out = reasons_below(folder, recordings)
        return _make_bunch(folder, found, notes=recordings.notes, unreadable=left_out)
    frame = read_table(table, ("filename", "target", "category", "fold", "src_file"), separator=",")
    found = pd.DataFrame(
        {
            "path": frame["filename"],
            "number": whole_numbers(frame["target"], table),
            "name": frame["category"],
            "fold": whole_numbers(frame["fold"], table),
            "clip": frame["src_file"],
        }
    )
    return _bunch_of_table(folder, found, table, frame)


def load_urbansound8k(folder):
    """Find the recordings of UrbanSound8K, with their classes, folds and sources.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set, with `metadata/UrbanSound8K.csv` and `audio/fold1` to `audio/fold10`; in copies
        `UrbanSound8K.csv` may be beside `fold1` to `fold10`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for `load_corpus`: classes in sorted order, which is that of the data set's own numbers;
        `groups` are the Freesound recordings that slices were cut from; `filenames` are file names without
        folders, which are unique in UrbanSound8K.

    Raises
    ------
    DataSetError
        If `folder` is missing or has another layout, or the table cannot be read or names files that are not there.

    See Also
    --------
    load_esc : Recordings of another collection from the same source.

    References
    ----------
    .. [1] J. Salamon, C. Jacoby and J. P. Bello, "A Dataset and Taxonomy for Urban Sound Research", Proceedings of
       the 22nd ACM International Conference on Multimedia, 2014.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_urbansound8k
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["audio/fold1/7-3-0-0.wav", "audio/fold2/9-1-0-0.wav", "metadata/UrbanSound8K.csv"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(parents=True, exist_ok=True)
    ...         file.touch()
    ...     header = "slice_file_name,fsID,fold,class"
    ...     _ = file.write_text(header + "\\n7-3-0-0.wav,7,1,dog_bark\\n9-1-0-0.wav,9,2,car_horn\\n")
    ...     corpus = load_urbansound8k(folder)
    >>> corpus.filenames.tolist(), corpus.target.tolist(), corpus.cv.test_fold.tolist()
    (['7-3-0-0.wav', '9-1-0-0.wav'], [1, 0], [1, 2])
    """
    folder = fitting_folder(folder, fits_urbansound8k, URBANSOUND8K_LAYOUT)
    table = _find_table(folder, _URBANSOUND8K_TABLES)
    frame = read_table(table, ("slice_file_name", "fold", "class"), separator=",")
    fold = whole_numbers(frame["fold"], table)
    found = pd.DataFrame(
        {
            "path": "fold" + pd.Series(fold.astype(str), frame.index) + "/" + frame["slice_file_name"],
            "number": pd.factorize(frame["class"].where(frame["class"] != ""), sort=True)[0],
            "name": frame["class"],
            "fold": fold,
        }
    )
    if "fsID" in frame:
        found["clip"] = frame["fsID"]
    return _bunch_of_table(folder, found, table, frame)


def fits_esc(folder):
    """Say why a folder is not ESC-10 or ESC-50, or None if it is."""
    if _has_table(folder, _ESC_TABLES) or any(map(_ESC_FOLDER.fullmatch, subfolders(folder))):
        return None
    return f"no class folders 'NNN - Name' and no table {' or '.join(_ESC_TABLES)}"


def fits_urbansound8k(folder):
    """Say why a folder is not UrbanSound8K, or None if it is."""
    return None if _has_table(folder, _URBANSOUND8K_TABLES) else f"no table {' or '.join(_URBANSOUND8K_TABLES)}"


def _find_table(folder, names):
    """Find the path of the first of some tables that there is, or None."""
    paths = (folder / name for name in names)
    return next((path for path in paths if path.is_file()), None)


def _has_table(folder, names):
    """Say whether there is one of some tables; one beside nothing belongs to the corpus in the folder above."""
    table = _find_table(folder, names)
    return table is not None and (table.parent != folder or holds_audio(folder))


def _audio_folder(folder, names):
    """Return the folder below that of a corpus, "" or with a slash at its end, in which the files of its table are."""
    if (folder / "audio" / names.iloc[0]).is_file():
        return "audio/"
    listed, depth = set(names), names.iloc[0].count("/") + 1
    counts = Counter()
    for path in scan(folder).names:
        parts = path.split("/")
        if "/".join(parts[-depth:]) in listed:
            counts["/".join([*parts[:-depth], ""])] += 1
    most = [below for below, count in counts.items() if count == max(counts.values())]
    depth = min((below.count("/") for below in most), default=0)
    uppermost = [below for below in most if below.count("/") == depth]
    if len(uppermost) > 1:
        raise DataSetError(
            f"{folder} holds the recordings of its table more than once, in {' and in '.join(sorted(uppermost))}; "
            "remove all but one of these folders."
        )
    return uppermost[0] if uppermost else "audio/"


def _bunch_of_table(folder, found, table, frame):
    """Return a Bunch of the recordings of a table, whose paths start in the folder of the audio."""
    names = found["path"]
    below = _audio_folder(folder, names) if len(names) else "audio/"
    root = folder / below
    check_different(locate(names, root, table), names, table)
    recordings = scan(root)
    n_others = len({*recordings.names, *recordings.unreadable} - set(names))
    return _make_bunch(folder, found.assign(path=below + names), frame, note_unlisted(n_others))


def _esc_from_folders(folder, paths):
    """Return path, class number and name, fold and clip of every recording in class folders."""
    rows = []
    for path in paths:
        top, _, below = path.partition("/")
        named = _ESC_FOLDER.fullmatch(top) if below else None
        if named is None:
            raise DataSetError(f"{folder} holds {path} outside of the class folders. {ESC_LAYOUT}")
        parts = _ESC_FILE.fullmatch(os.path.splitext(path.rpartition("/")[2])[0])
        if parts is None:
            raise DataSetError(f"The name of {folder / path} does not start with fold and clip. {ESC_LAYOUT}")
        rows.append((path, int(named[1]), named[2], int(parts["fold"]), parts["clip"]))
    if not rows:
        raise DataSetError(f"No recordings of ESC-10 or ESC-50 in {folder}. {ESC_LAYOUT}")
    return pd.DataFrame(rows, columns=["path", "number", "name", "fold", "clip"])


def _make_bunch(folder, found, frame=None, notes=(), unreadable=None):
    """Make a Bunch from path, class number and name, fold and perhaps clip of every recording, ordered by paths."""
    order = np.argsort(found["path"].to_numpy(dtype=object), kind="stable")
    found = found.iloc[order]
    labelled = (found["name"] != "").to_numpy()
    classes = found[labelled].drop_duplicates(["number", "name"])
    for column in ("number", "name"):
        clash = classes[classes[column].duplicated(keep=False)][["number", "name"]]
        if len(clash):
            pairs = " and ".join(f"{number} {name!r}" for number, name in clash[:2].to_numpy().tolist())
            raise DataSetError(f"{folder} has the classes {pairs}; expected one name for each number, correct them.")
    numbers = np.unique(classes["number"])
    return make_bunch(
        paths_below(folder, found["path"]),
        [path.rpartition("/")[2] for path in found["path"]],
        target=np.where(labelled, np.searchsorted(numbers, found["number"]), -1),
        target_names=classes.set_index("number")["name"][numbers],
        folds=found["fold"],
        groups=found.get("clip"),
        frame=None if frame is None else typed(frame.iloc[order]),
        notes=notes,
        unreadable=unreadable,
    )
