"""Find recordings below a folder, and those that a table names, and say which of them cannot be read.

Names tell what is audio; only of a file whose name tells nothing are the first bytes read.
"""

import os
from collections import Counter
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from skaudeep.corpora._formats import BROKEN_LINK, NO_FILE, find_obstacle, is_archive, is_audio, suffix_of
from skaudeep.exceptions import DataSetError, param

_MOST_NAMED = 5  # folders and suffixes in a message


class Recordings(NamedTuple):
    """What lies below a folder: names are paths below it with forward slashes, sorted."""

    names: list
    #: why recordings cannot be read, by their names
    unreadable: dict
    #: what cannot be read, but is there in a format that can, in the same folder
    copies: list
    #: archives without a folder of the same name beside them
    archives: list

    @property
    def notes(self):
        """What a description has to say of files that are left out."""
        notes = []
        if self.unreadable:
            lost = _lost_folders(self.names, self.unreadable)
            nothing = f"; nothing is left of {_some(lost)}" if lost else ""
            kinds = _count_suffixes(self.unreadable)
            notes.append(f"without {len(self.unreadable)} that cannot be read ({kinds}{nothing})")
        if self.copies:
            notes.append(f"without {len(self.copies)} copies in other formats ({_count_suffixes(self.copies)})")
        if self.archives:
            notes.append(f"without what is in {len(self.archives)} archives ({_some(self.archives)})")
        return tuple(notes)


def find_recordings(folder, on_unreadable="raise", listed=()):
    """Find all recordings below a folder, and refuse or leave out those that cannot be read.

    Parameters
    ----------
    folder : path-like
        Where to look.
    on_unreadable : {"raise", "skip"}, default="raise"
        What to do about recordings that cannot be read.
    listed : collection of str, default=()
        Names of files that are not missing whatever they are, as a table lists them.

    Returns
    -------
    Recordings
        What was found; `unreadable` is what was left out.

    Raises
    ------
    DataSetError
        If recordings cannot be read and are not to be skipped, or none of them can; a folder cannot be read, or a
        name is not valid text.
    """
    found = scan(folder)
    known = set(listed)
    unreadable = {name: why for name, why in found.unreadable.items() if name not in known}
    if unreadable and (on_unreadable == "raise" or not (found.names or known)):
        raise _refusal(folder, found.names, unreadable)
    return found._replace(unreadable=unreadable)


def index_names(names):
    """Find out which recordings a name may mean, with or without what is behind its last dot.

    Parameters
    ----------
    names : iterable of str
        Names of recordings, with forward slashes.

    Returns
    -------
    dict of str to list of int
        Places in `names`.
    """
    places = {}
    for place, name in enumerate(names):
        for known in {name, PurePosixPath(name).with_suffix("").as_posix()}:
            places.setdefault(known, []).append(place)
    return places


def find_audio(folder):
    """Find all audio files below a folder that libsndfile may read; hidden files and folders are left out.

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
    found = scan(folder)
    broken = [name for name, why in found.unreadable.items() if why is BROKEN_LINK and is_audio(name)]
    if broken:
        raise DataSetError(
            f"{len(broken)} audio files in {folder} are links that lead nowhere, the first is {min(broken)}; fetch "
            "or remove them."
        )
    return found.names


def scan(folder):
    """Sort out what lies below a folder.

    Parameters
    ----------
    folder : path-like
        Where to look.

    Returns
    -------
    Recordings
        All that there is.

    Raises
    ------
    DataSetError
        If a folder cannot be read, or a name is not valid text.
    """
    names, copies, archives, odd, unreadable = [], [], [], [], {}
    for prefix, entries, folders in _walk(folder):
        readable, obstacles, packed = _sort_out(entries)
        twins = _copies(obstacles, readable)
        names += [prefix + name for name in readable]
        unreadable |= {prefix + name: why for name, why in obstacles.items() if name not in twins}
        copies += [prefix + name for name in twins]
        archives += [prefix + name for name in packed if not any(name.startswith(f"{folder}.") for folder in folders)]
        odd += [prefix + name for name in folders if is_audio(name)]
    empty = [name for name in odd if not any(file.startswith(f"{name}/") for file in (*names, *unreadable))]
    unreadable |= dict.fromkeys(empty, NO_FILE)
    _check_text([*names, *unreadable], folder)
    return Recordings(sorted(names), dict(sorted(unreadable.items())), sorted(copies), sorted(archives))


def holds_audio(folder, *, readable=False):
    """Say whether there is a recording below a folder; found out with as little reading as possible.

    Parameters
    ----------
    folder : path-like
        Where to look.
    readable : bool, default=False
        Whether only those count that libsndfile may read.

    Returns
    -------
    bool
        Whether there is one.
    """
    others = []
    for _, entries, _ in _walk(folder):
        if any(is_audio(entry.name) and (_is(entry, "file") or entry.is_symlink()) for entry in entries):
            return True
        others += entries
    return not readable and any(_obstacle(entry, _is(entry, "file")) is not None for entry in others)


def describe_nothing(folder):
    """Say what there is below a folder without recordings, as in "no audio files, but the archive x.zip"."""
    archives = scan(folder).archives
    return f"no audio files, but archives to be unpacked ({_some(archives)})," if archives else "no audio files"


def unlisted_beside(paths):
    """Find the recordings that lie in the same folders as others.

    Parameters
    ----------
    paths : iterable of str
        Files, such as those that a table names.

    Returns
    -------
    list of str
        Paths of further files that are recordings by their names, readable or not, sorted.
    """
    listed = {os.path.normcase(path) for path in paths}
    found = []
    for parent in sorted({os.path.dirname(path) for path in paths}):
        for name in sorted(_files(parent)):
            path = os.path.join(parent, name)
            is_recording = is_audio(name) or find_obstacle(name) is not None
            if is_recording and not name.startswith(".") and os.path.normcase(path) not in listed:
                found.append(path)
    return found


def note_unlisted(n_others, where=""):
    """Say in a note, if there is something to say, how many files a table does not name."""
    if not n_others:
        return ()
    plural = "s" * (n_others > 1)
    return (f"without {n_others} file{plural}{where} that the table does not name",)


def parents_of(name):
    """Return the folders below the first one that a file is in, the uppermost first."""
    parts = name.split("/")[:-1]
    return ["/".join(parts[:end]) for end in range(1, len(parts) + 1)]


def check_folder_not_file(path):
    """Refuse a recording or an archive in place of a corpus; any other file may be a table."""
    name = os.path.basename(path)
    if is_archive(name):
        raise DataSetError(f"{path} is an archive; unpack it and give the folder.")
    if is_audio(name) or find_obstacle(name) is not None:
        raise DataSetError(f"{path} is a recording; give the folder of the corpus, or a table of recordings.")


def subfolders(folder):
    """Return names of the folders directly in a folder, sorted; hidden ones left out."""
    return sorted(entry.name for entry in _entries(folder) if _is(entry, "dir"))


def fitting_folder(folder, fits, layout):
    """Return a folder as a path, after a check that it exists and has a layout.

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


def reasons_below(folder, found):
    """Say why files are left out, by their paths.

    Parameters
    ----------
    folder : path-like
        Where they are.
    found : Recordings
        What is in it.

    Returns
    -------
    dict of str to str
        As `make_bunch` takes it.
    """
    paths = paths_below(folder, found.unreadable)
    reasons = [f"{why.reason}; {why.remedy}" for why in found.unreadable.values()]
    return dict(zip(paths, reasons, strict=True))


def paths_below(folder, names):
    """Return paths of the names of files below a folder, as the operating system writes them."""
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
    """Yield each folder: its path below the first one (with a slash at its end), the files, and names of folders."""
    seen = set()
    folders, linked = [("", os.fspath(folder), os.path.realpath(folder))], []
    while folders or linked:
        if not folders:
            linked.sort(reverse=True)
        prefix, path, real = folders.pop() if folders else linked.pop()
        if real in seen:
            continue
        seen.add(real)
        files, below = [], []
        for entry in _entries(path):
            if not _is(entry, "dir"):
                files.append(entry)
                continue
            below.append(entry.name)
            is_link = _is(entry, "symlink") or _is(entry, "junction")
            inner = os.path.realpath(entry.path) if is_link else os.path.join(real, entry.name)
            (linked if is_link else folders).append((f"{prefix}{entry.name}/", entry.path, inner))
        yield prefix, files, below


def _sort_out(entries):
    """Sort names of files into recordings, those that cannot be read (with the reasons), and archives."""
    readable, obstacles, archives = [], {}, []
    for entry in entries:
        is_file = _is(entry, "file")
        if is_file and is_audio(entry.name):
            readable.append(entry.name)
            continue
        why = _obstacle(entry, is_file)
        if why is not None:
            obstacles[entry.name] = why
        elif is_archive(entry.name):
            archives.append(entry.name)
    return readable, obstacles, archives


def _obstacle(entry, is_file):
    """Say why a recording, which is not a file that can be read, cannot be; None if it is none."""
    why = NO_FILE if is_audio(entry.name) else find_obstacle(entry.name, entry.path if is_file else None)
    return BROKEN_LINK if why is not None and not is_file and entry.is_symlink() else why


def _copies(obstacles, readable):
    """Say which of the files that cannot be read are there in a format that can: a.m4a beside a.wav or a.m4a.wav."""
    if not obstacles:
        return set()
    known = {form for name in readable for form in (name, os.path.splitext(name)[0])}
    return {name for name in obstacles if name in known or os.path.splitext(name)[0] in known}


def _check_text(names, folder):
    """Refuse names of files that are not valid text."""
    try:
        "".join(names).encode()
    except UnicodeEncodeError as error:
        wrong = min(name for name in names if name != name.encode(errors="replace").decode())
        raise DataSetError(f"The file name {wrong!r} in {folder} is not valid text; rename the file.") from error


def _refusal(folder, names, unreadable):
    """Return the error for recordings that cannot be read."""
    first, why = next(iter(unreadable.items()))
    n, total = len(unreadable), len(unreadable) + len(names)
    lost = _lost_folders(names, unreadable)
    remedies = "; ".join(dict.fromkeys(why.remedy for why in unreadable.values()))
    skip = f" Or leave them out with {param('on_unreadable', 'skip')}." if names else ""
    return DataSetError(
        f"{n} of the {total} recordings in {folder} cannot be read ({_count_suffixes(unreadable)}); the first is "
        f"{first}, which {why.reason}."
        + f" Without them nothing is left of {_some(lost)}." * bool(lost)
        + f" {remedies[0].upper()}{remedies[1:]}.{skip}"
    )


def _lost_folders(names, unreadable):
    """Return the uppermost folders of which nothing is left without what cannot be read."""
    kept = {folder for name in names for folder in parents_of(name)}
    lost = []
    for name in unreadable:
        lost += [folder for folder in parents_of(name) if folder not in kept][:1]
    return list(dict.fromkeys(lost))


def _count_suffixes(names):
    """Say how many names end in which suffix, the most frequent first."""
    counts = Counter(suffix_of(name) or "without a suffix" for name in names)
    return _some([f"{n} {suffix}" for suffix, n in counts.most_common()])


def _some(words):
    """Return a list in words, shortened."""
    rest = len(words) - _MOST_NAMED
    return ", ".join(words) if rest <= 0 else f"{', '.join(words[:_MOST_NAMED])} and {rest} more"


def _entries(folder):
    """Say what is directly in a folder, hidden files left out."""
    try:
        with os.scandir(folder) as entries:
            return [entry for entry in entries if not entry.name.startswith(".")]
    except OSError as error:
        raise DataSetError(f"Cannot read the folder {folder} ({error.strerror}); check its permissions.") from error


def _files(folder):
    """Return names of the files directly in a folder; none if there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name for entry in entries if _is(entry, "file")}
    except OSError:
        return set()


def _is(entry, what):
    """Say whether a directory entry is a "file", "dir", "symlink" or "junction"; a link in a circle is but a link."""
    try:
        return getattr(entry, f"is_{what}")()
    except (OSError, AttributeError):  # Python 3.11 does not know junctions
        return False
