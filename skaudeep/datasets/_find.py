"""Find audio files below a folder, and those that a table names; the audio itself is never read."""

import os
from pathlib import Path

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


def find_audio(folder):
    """Find all audio files below a folder; hidden files and folders are left out.

    Links are followed, but every folder is entered once, by its own name where it has one, so that links in a
    circle end and no recording is found twice.

    Parameters
    ----------
    folder : path-like
        Where to look.

    Returns
    -------
    list of str
        Paths below `folder` with forward slashes, sorted whatever the file system's order is.

    Raises
    ------
    DataSetError
        If a folder cannot be read, a link leads nowhere, or a name is not valid text.
    """
    names, broken = [], []
    for prefix, files, links in _walk(folder):
        names += [prefix + name for name in files]
        broken += [prefix + name for name in links]
    if broken:
        raise DataSetError(
            f"{len(broken)} audio files in {folder} are links that lead nowhere, the first is {min(broken)}; fetch "
            "or remove them."
        )
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        wrong = min(name for name in names if name != name.encode(errors="replace").decode())
        raise DataSetError(f"The file name {wrong!r} in {folder} is not valid text; rename the file.") from error
    return sorted(names)


def holds_audio(folder):
    """Whether there is an audio file below a folder; found out with as little reading as possible."""
    return any(files or links for _, files, links in _walk(folder))


def subfolders(folder):
    """Names of the folders directly in a folder, sorted; hidden ones left out."""
    return sorted(entry.name for entry in _entries(folder) if _is(entry, "dir"))


def fitting_folder(folder, fits, layout):
    """A folder as a path, after a check that it exists and has a layout.

    Parameters
    ----------
    folder : str or path-like
        The folder.
    fits : callable
        Returns None if a folder has the layout, otherwise what is wrong, as in "no audio files".
    layout : str
        The layout in words.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    DataSetError
        If not; the message says what is wrong and what the layout is.
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise DataSetError(f"The folder {folder} {what}. {layout}")
    reason = fits(folder)
    if reason is not None:
        raise DataSetError(f"{reason[0].upper()}{reason[1:]} in {folder}. {layout}")
    return folder


def paths_below(folder, names):
    """Paths of the names of files below a folder, as the operating system writes them."""
    return [os.path.join(folder, name.replace("/", os.sep)) for name in names]


def locate(names, root, table):
    """Find the files that a table names.

    Parameters
    ----------
    names : Series of str
        Paths, absolute or below `root`; the index holds the lines of the table.
    root : path-like
        Where relative paths start.
    table : path-like
        For messages.

    Returns
    -------
    list of str
        Normalised paths.

    Raises
    ------
    DataSetError
        If a file is not there, or there are no names.
    """
    if names.empty:
        raise DataSetError(f"{table} names no recordings; expected a line for each.")
    root = os.fspath(root)
    paths = [os.path.normpath(os.path.join(root, name)) for name in names]
    listings, absent = {}, []
    for at, path in enumerate(paths):
        parent, name = os.path.split(path)
        if parent not in listings:
            listings[parent] = _files(parent)
        # the file system may know better than a comparison of names, as where case does not matter
        if name not in listings[parent] and not os.path.isfile(path):
            # a table from Windows
            paths[at] = os.path.normpath(os.path.join(root, names.iloc[at].replace("\\", "/")))
            if not os.path.isfile(paths[at]):
                absent.append(at)
    if absent:
        raise DataSetError(
            f"{len(absent)} of the {len(names)} files that {table} names are not in {root}, the first is "
            f"{names.iloc[absent[0]]} (line {names.index[absent[0]]}). Unpack the data set again, or correct the table."
        )
    return paths


def _walk(folder):
    """For each folder: its path below the first one (with a slash at its end), audio files, and broken links."""
    seen = set()
    folders, linked = [("", os.fspath(folder), os.path.realpath(folder))], []
    while folders or linked:
        if not folders:
            linked.sort(reverse=True)
        prefix, path, real = folders.pop() if folders else linked.pop()
        if real in seen:
            continue
        seen.add(real)
        files, broken = [], []
        for entry in _entries(path):
            if _is(entry, "dir"):
                is_link = _is(entry, "symlink") or _is(entry, "junction")
                below = os.path.realpath(entry.path) if is_link else os.path.join(real, entry.name)
                (linked if is_link else folders).append((f"{prefix}{entry.name}/", entry.path, below))
            elif os.path.splitext(entry.name)[1].lower() in AUDIO_SUFFIXES:
                if _is(entry, "file"):
                    files.append(entry.name)
                elif entry.is_symlink():
                    broken.append(entry.name)
        yield prefix, files, broken


def _entries(folder):
    """What is directly in a folder, hidden files left out."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise DataSetError(f"Cannot read the folder {folder} ({error.strerror}); check its permissions.") from error


def _files(folder):
    """Names of the files directly in a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if _is(entry, "file")}
    except OSError:
        return set()


def _is(entry, what):
    """Whether a directory entry is a "file", "dir", "symlink" or "junction"; a link in a circle is but a link."""
    try:
        return getattr(entry, f"is_{what}")()
    except (OSError, AttributeError):  # Python 3.11 does not know junctions
        return False
