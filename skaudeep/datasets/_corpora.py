"""Recognise collections of recordings on disk; only names and tables are read, never the audio."""

import os
import re
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import Bunch

from skaudeep.exceptions import DataSetError

#: What libsndfile reads by itself. Left out: .raw, which says nothing about its content, and .mat, which is
#: rarely audio.
AUDIO_SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("aif", "aifc", "aiff", "au", "avr", "caf", "fap", "flac", "htk", "iff", "mp1", "mp2", "mp3", "mpc"),
        *("nist", "oga", "ogg", "opus", "paf", "pvf", "rf64", "sd2", "sds", "sf", "snd", "sph", "svx", "voc"),
        *("w64", "wav", "wave", "wve", "xi"),
    )
)

_ESC_FOLDER = re.compile(r"(\d{3}) - (.+)")
_ESC_FILE = re.compile(r"(?P<fold>\d)-(?P<clip>[^-]+)(-.+)?")
_ESC_LAYOUTS = (
    "Expected class folders 'NNN - Name' holding files 'FOLD-CLIP-TAKE.ogg' (for example "
    "'001 - Dog bark/1-100032-A.ogg'), or the table meta/esc50.csv beside the folder audio/."
)
_FOLDER_LAYOUT = "Expected a folder of audio files for every class (CLASS/NAME.wav) or audio files only (NAME.wav)."


def load_folder(folder):
    """Find the recordings in a plain folder, or in one folder per class.

    Parameters
    ----------
    folder : str or path-like
        A folder with a subfolder for every class, whose name becomes the name of the class, or with audio
        files directly in it, which then have no class. Subfolders of a class belong to the class. Any
        format that libsndfile reads is found by its suffix; hidden files are left out.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of str of shape (n_files,)
            Paths, sorted.
        target : ndarray of int of shape (n_files,) or None
            Class numbers.
        target_names : ndarray of str of shape (n_classes,) or None
            Class names, sorted; `target` counts them.
        cv : None
            The folder says nothing about folds.
        groups : None
            Nor about which files belong together.
        filenames : ndarray of str of shape (n_files,)
            Paths below `folder`, with forward slashes.
        DESCR : str
            What was found.

    Raises
    ------
    DataSetError
        If `folder` is missing, is a file, holds no audio, or mixes both layouts.

    See Also
    --------
    load_esc : Recordings with the folds of ESC-10 or ESC-50.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_folder
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["rain/1.wav", "dog/2.flac", "dog/1.WAV"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(exist_ok=True)
    ...         file.touch()
    ...     corpus = load_folder(folder)
    >>> corpus.filenames.tolist()
    ['dog/1.WAV', 'dog/2.flac', 'rain/1.wav']
    >>> corpus.target
    array([0, 0, 1])
    """
    folder = _existing(folder, _FOLDER_LAYOUT)
    files = _find_audio(folder)
    if not files:
        raise DataSetError(f"No audio files in {folder}. {_FOLDER_LAYOUT}")
    names = [file.relative_to(folder).as_posix() for file in files]
    flat = [name for name in names if "/" not in name]
    if not flat:
        classes, target = np.unique([name.split("/")[0] for name in names], return_inverse=True)
        return make_bunch(files, names, target=target, target_names=classes)
    if len(flat) == len(names):
        return make_bunch(files, names)
    nested = next(name for name in names if "/" in name)
    raise DataSetError(
        f"{folder} holds audio both directly ({flat[0]}) and in subfolders ({nested}), so it is not clear "
        f"whether subfolders are classes. {_FOLDER_LAYOUT}"
    )


def load_esc(folder):
    """Find the recordings of ESC-10 or ESC-50, with their classes, folds and sources.

    Parameters
    ----------
    folder : str or path-like
        The unpacked data set, in the layout with class folders (`001 - Dog bark/1-100032-A.ogg`) or in the
        newer one with `meta/esc50.csv` and `audio/`.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of str of shape (n_files,)
            Paths, sorted.
        target : ndarray of int of shape (n_files,)
            Class numbers from 0, in the order of the data set's own numbers.
        target_names : ndarray of str of shape (n_classes,)
            Class names.
        cv : :class:`~sklearn.model_selection.PredefinedSplit`
            The given folds.
        groups : ndarray of str of shape (n_files,)
            The Freesound clip that a recording was cut from; takes A, B, ... share it.
        filenames : ndarray of str of shape (n_files,)
            File names without folders, which are unique in ESC.
        DESCR : str
            What was found.

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
    folder = _existing(folder, _ESC_LAYOUTS)
    table = folder / "meta" / "esc50.csv"
    frame = _esc_from_table(folder, table) if table.is_file() else _esc_from_folders(folder)
    frame = frame.sort_values("path", key=lambda paths: paths.map(str))
    numbers, target = np.unique(frame["number"], return_inverse=True)
    names = frame.drop_duplicates("number").set_index("number")["name"]
    return make_bunch(
        frame["path"],
        [path.name for path in frame["path"]],
        target=target,
        target_names=names[numbers],
        folds=frame["fold"],
        groups=frame["clip"],
    )


def make_bunch(files, names, *, target=None, target_names=None, folds=None, groups=None, **others):
    """What every loader returns: lists become arrays, fold numbers a splitter, counts a description."""
    counts = [f"{len(names)} recordings"]
    if target is not None:
        counts.append(f"{len(target_names)} classes ({', '.join(target_names)})")
    if folds is not None:
        counts.append(f"{len(set(folds))} given folds")
    if groups is not None:
        counts.append(f"{len(set(groups))} groups of recordings that belong together")
    return Bunch(
        data=np.array([str(file) for file in files]),
        target=target,
        target_names=None if target_names is None else np.array(target_names, dtype=str),
        cv=None if folds is None else PredefinedSplit(folds),
        groups=None if groups is None else np.array(groups, dtype=str),
        filenames=np.array(names, dtype=str),
        DESCR=f"Audio: {', '.join(counts)}.",
        **others,
    )


def _existing(folder, layout):
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataSetError(f"The folder {folder} {what}. {layout}")
    return folder


def _find_audio(folder):
    """All audio files below a folder, hidden ones left out, in an order that no file system changes."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(parent, name) for name in files if not name.startswith(".")]
    return sorted((file for file in found if file.suffix.lower() in AUDIO_SUFFIXES), key=str)


def _esc_from_folders(folder):
    """Path, class number and name, fold and clip of every recording in the layout with class folders."""
    rows = []
    for subfolder in folder.iterdir():
        named = _ESC_FOLDER.fullmatch(subfolder.name)
        for file in _find_audio(subfolder) if named else ():
            parts = _ESC_FILE.fullmatch(file.stem)
            if parts is None:
                raise DataSetError(f"The name of {file} does not start with fold and clip. {_ESC_LAYOUTS}")
            rows.append((file, int(named[1]), named[2], int(parts["fold"]), parts["clip"]))
    if not rows:
        raise DataSetError(f"No recordings of ESC-10 or ESC-50 in {folder}. {_ESC_LAYOUTS}")
    return pd.DataFrame(rows, columns=["path", "number", "name", "fold", "clip"])


def _esc_from_table(folder, table):
    """The same from the layout with a table."""
    columns = {"filename": "path", "target": "number", "category": "name", "fold": "fold", "src_file": "clip"}
    try:
        frame = pd.read_csv(table, usecols=list(columns), dtype={"filename": str, "src_file": str})
    except (ValueError, UnicodeError) as error:
        raise DataSetError(
            f"Cannot read {table} ({error}); expected the comma-separated columns {', '.join(columns)}."
        ) from error
    audio = folder / "audio"
    present = {file.name for file in audio.iterdir()} if audio.is_dir() else set()
    absent = [name for name in frame["filename"] if name not in present]
    if absent:
        raise DataSetError(
            f"{len(absent)} of the {len(frame)} files that {table} names are not in {audio}, the first is "
            f"{absent[0]}. Unpack the data set again."
        )
    if frame.empty:
        raise DataSetError(f"{table} names no recordings. {_ESC_LAYOUTS}")
    return frame.rename(columns=columns).assign(path=[audio / name for name in frame["filename"]])
