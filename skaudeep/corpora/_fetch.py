"""Public corpora: downloaded once, checked, unpacked, then loaded from a folder like any other."""

import contextlib
import hashlib
import inspect
import lzma
import os
import shutil
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PureWindowsPath
from types import SimpleNamespace

import pandas as pd

from skaudeep._progress import progress
from skaudeep._validation import validate_params
from skaudeep.corpora._environment import load_esc, load_urbansound8k
from skaudeep.exceptions import DataSetError

_MEGABYTE = 10**6
_BLOCK = 2**20  # bytes copied at a time

# what the standard library says of damaged archives
_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
)


@dataclass(frozen=True)
class _Corpus:
    """Where a corpus comes from and how to tell that all of it has come."""

    name: str
    url: str
    archive: str
    n_bytes: int  # of the archive
    checksum: str | None  # of the archive, as "algorithm:hex"
    table: str
    table_checksum: str | None
    load: Callable
    n_files: int
    n_classes: int
    licence: str
    part_of: str | None = None


# A commit pins what is in an archive of GitHub but not its bytes, which may be compressed anew some day: there the
# checksum is that of the table, the table names all files, and ZIP has a checksum of its own for every file.
_ESC50 = _Corpus(
    name="ESC-50",
    url="https://github.com/karolpiczak/ESC-50/archive/33c8ce9eb2cf0b1c2f8bcf322eb349b6be34dbb6.zip",
    archive="ESC-50.zip",
    n_bytes=645_832_161,
    checksum=None,
    table="meta/esc50.csv",
    table_checksum="sha256:ca660da60191a97de289983a05821c9382d852a38a2ba8428980816b68cf6246",
    load=load_esc,
    n_files=2000,
    n_classes=50,
    licence="CC BY-NC 3.0",
)
_CORPORA = {
    "esc50": _ESC50,
    "esc10": replace(_ESC50, name="ESC-10", n_files=400, n_classes=10, licence="CC BY", part_of="esc50"),
    "urbansound8k": _Corpus(
        name="UrbanSound8K",
        url="https://zenodo.org/records/1203745/files/UrbanSound8K.tar.gz?download=1",
        archive="UrbanSound8K.tar.gz",
        n_bytes=6_023_741_708,
        checksum="md5:9aa69802bbf37fb986f71ec1483a196e",
        table="metadata/UrbanSound8K.csv",
        table_checksum=None,
        load=load_urbansound8k,
        n_files=8732,
        n_classes=10,
        licence="CC BY-NC 3.0",
    ),
}
_SHARED = """Parameters
----------
data_home : str or path-like, default=None
    The folder to keep corpora in. By default the one that the environment variable `SKAUDEEP_DATA` names, or
    else the folder `skaudeep` where the operating system keeps caches.
url : str, default=None
    Another address of the archive, such as that of a mirror.
download_if_missing : bool, default=True
    Whether to download what is not there, or to raise an error.
verbose : int, default=0
    Whether to show progress.

Returns
-------
:class:`~sklearn.utils.Bunch`
    What :func:`{load}` gives.

Raises
------
OSError
    If it cannot be downloaded or stored, or is not there and `download_if_missing` is False.
DataSetError
    If what was downloaded, or what is in the folder, is damaged or something else.
"""


def _fetcher(function):
    """Check the arguments of a function that fetches a corpus, and complete its documentation."""
    load = _CORPORA[function.__name__.removeprefix("fetch_")].load
    shared = _SHARED.format(load=load.__name__)
    own = inspect.cleandoc(function.__doc__ or "") + "\n"
    function.__doc__ = own.replace("(sections as in all fetchers)\n", shared)
    parameters = {
        "data_home": [str, os.PathLike, None],
        "url": [str, None],
        "download_if_missing": ["boolean"],
        "verbose": ["verbose"],
    }
    return validate_params(parameters, prefer_skip_nested_validation=True)(function)


@_fetcher
def fetch_esc10(data_home=None, *, url=None, download_if_missing=True, verbose=0):
    """Load ESC-10, 400 recordings of environmental sounds in 10 classes and 5 folds, and download it first.

    These are the recordings that the table of ESC-50 marks as ESC-10: WAV files of 5 s at 44.1 kHz. The separate,
    older ESC-10 has the same sounds as OGG files under other names; :func:`load_esc` loads that too. All of
    ESC-50 (0.65 GB) is downloaded, unpacked and kept, so that :func:`fetch_esc50` has it too; ESC-10 is a folder
    of links to its files. The licence of these recordings is CC BY; the file LICENSE names their authors.

    (sections as in all fetchers)

    See Also
    --------
    fetch_esc50 : All 50 classes, with notes on what is checked.
    load_esc : Load a folder with the recordings of ESC.

    References
    ----------
    .. [1] K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", Proceedings of the 23rd ACM
       International Conference on Multimedia, 2015. https://github.com/karolpiczak/ESC-50

    Examples
    --------
    >>> from skaudeep.datasets import fetch_esc10
    >>> fetch_esc10().data.shape  # doctest: +SKIP
    (400,)
    """
    return _fetch("esc10", data_home, url, download_if_missing, verbose)


@_fetcher
def fetch_esc50(data_home=None, *, url=None, download_if_missing=True, verbose=0):
    """Load ESC-50, 2000 recordings of environmental sounds in 50 classes and 5 folds, and download it first.

    The recordings are WAV files of 5 s at 44.1 kHz; download 0.65 GB, unpacked 0.9 GB. The licence is CC BY-NC 3.0.

    (sections as in all fetchers)

    See Also
    --------
    fetch_esc10 : The 10 classes with a freer licence.
    load_esc : Load a folder with the recordings of ESC.

    Notes
    -----
    The corpus appears in `data_home` only when it is complete, so a later call finds all of it, without the network,
    or nothing. An archive that lies there under the name `ESC-50.zip` is unpacked in place of a download; one whose
    unpacking was interrupted is kept there. The address is that of one commit of the corpus. As GitHub does not
    promise the same bytes for its archives for ever, there is no checksum of the archive: the checksum is that of
    the table, the table must name 2000 files in 50 classes that are all there, and each file has the checksum that
    the archive holds for it.

    References
    ----------
    .. [1] K. J. Piczak, "ESC: Dataset for Environmental Sound Classification", Proceedings of the 23rd ACM
       International Conference on Multimedia, 2015. https://github.com/karolpiczak/ESC-50

    Examples
    --------
    >>> from skaudeep.datasets import fetch_esc50
    >>> fetch_esc50().data.shape  # doctest: +SKIP
    (2000,)
    """
    return _fetch("esc50", data_home, url, download_if_missing, verbose)


@_fetcher
def fetch_urbansound8k(data_home=None, *, url=None, download_if_missing=True, verbose=0):
    """Load UrbanSound8K, 8732 recordings of city sounds in 10 classes and 10 folds, and download it first.

    The recordings are WAV files of up to 4 s with various sample rates and numbers of channels; the download has
    6.0 GB and needs more than twice as much room while it is unpacked. The licence is CC BY-NC 3.0.

    (sections as in all fetchers)

    See Also
    --------
    load_urbansound8k : Load a folder with these recordings.

    Notes
    -----
    The corpus appears in `data_home` only when it is complete, so a later call finds all of it, without the network,
    or nothing. An archive that lies there under the name `UrbanSound8K.tar.gz` is unpacked in place of a
    download; one whose unpacking was interrupted is kept there. The MD5 of the archive is checked, and after
    unpacking the number of files and classes.

    References
    ----------
    .. [1] J. Salamon, C. Jacoby and J. P. Bello, "A Dataset and Taxonomy for Urban Sound Research", Proceedings of
       the 22nd ACM International Conference on Multimedia, 2014. https://zenodo.org/records/1203745

    Examples
    --------
    >>> from skaudeep.datasets import fetch_urbansound8k
    >>> fetch_urbansound8k().data.shape  # doctest: +SKIP
    (8732,)
    """
    return _fetch("urbansound8k", data_home, url, download_if_missing, verbose)


def _fetch(key, data_home, url, download_if_missing, verbose):
    """Fetch a corpus, from the data home or, failing that, from the network."""
    corpus, home = _CORPORA[key], _find_home(data_home)
    bunch = _load(corpus, _provide(corpus, home, url, download_if_missing, verbose))
    bunch.DESCR += f" {corpus.name}, {corpus.licence}, from {corpus.url}."
    return bunch


def _find_home(data_home):
    home = data_home or os.environ.get("SKAUDEEP_DATA")
    if not home:
        home = _import_pooch("give data_home or set SKAUDEEP_DATA").os_cache("skaudeep")
    return Path(home).expanduser().absolute()


def _import_pooch(remedy):
    try:
        import pooch
    except ImportError as error:
        raise ImportError(f"Downloads need pooch: pip install pooch. Without it: {remedy}") from error
    return pooch


def _provide(corpus, home, url, download_if_missing, verbose):
    """Return the folder of a corpus below `home`, filled first where it is missing."""
    folder = home / corpus.name
    if folder.exists():
        return folder
    archive = home / corpus.archive
    remedy = (
        f"download {corpus.url} by hand and put it at {archive}, to be unpacked from there, or unpack it anywhere and "
        f"use {corpus.load.__name__}(folder)."
    )
    if corpus.part_of:
        whole = _CORPORA[corpus.part_of]
        source = _provide(whole, home, url, download_if_missing, verbose)
        _load(whole, source)
    elif not download_if_missing and not archive.is_file():
        raise FileNotFoundError(
            f"{corpus.name} is not in {home} and download_if_missing is False; set it to True, or {remedy}"
        )
    with _storing(corpus, home, remedy):
        home.mkdir(parents=True, exist_ok=True)
        # Complete under another name before it appears under its own: what is interrupted leaves no half corpus.
        with tempfile.TemporaryDirectory(dir=home, prefix=f".{corpus.name}-") as scratch:
            if corpus.part_of:
                made = _take_esc10(source, Path(scratch, "content"))
            else:
                made = _obtain(corpus, archive, Path(scratch), url or corpus.url, remedy, verbose)
            _put_in_place(made, folder)
    return folder


def _obtain(corpus, archive, scratch, url, remedy, verbose):
    """Unpack the archive below `scratch`, after its download where it is missing; gives the folder, checked."""
    if archive.is_file():
        again = f"Delete {archive} and call again, or {remedy}"
        made = _unpack(corpus, archive, scratch / "content", again, verbose)
    else:
        again = f"Call again, or {remedy}"
        downloaded = _download(corpus, url, scratch / archive.name, remedy, verbose)
        try:
            made = _unpack(corpus, downloaded, scratch / "content", again, verbose)
        except DataSetError:
            raise
        except BaseException:  # no room, or Ctrl-C: nothing is wrong with what took so long to come
            os.replace(downloaded, archive)
            raise
    _load(corpus, made, again)
    return made


@contextlib.contextmanager
def _storing(corpus, home, remedy):
    """Say of a full disk or a missing permission what was to be stored, and where."""
    try:
        yield
    except ConnectionError:
        raise
    except OSError as error:
        raise OSError(
            f"Cannot store {corpus.name} in {home} ({error}). Make room or get permission to write there, name another "
            f"folder with data_home or SKAUDEEP_DATA, or {remedy}"
        ) from error


def _download(corpus, url, path, remedy, verbose):
    """Bring the archive from the network to `path`."""
    pooch = _import_pooch(remedy)
    import requests  # what pooch downloads with

    needed, free = 2 * corpus.n_bytes, shutil.disk_usage(path.parent).free
    if free < needed:
        raise OSError(f"at least {needed / 1e9:.2f} GB are needed, {free / 1e9:.2f} GB are free")
    n_megabytes = corpus.n_bytes // _MEGABYTE
    with (
        progress(f"Downloading {corpus.name}", n_megabytes, enabled=verbose, unit="MB") as advance,
        open(path, "wb") as file,
    ):

        def write(block):
            before = file.tell()
            file.write(block)
            advance(file.tell() // _MEGABYTE - before // _MEGABYTE)

        try:
            pooch.HTTPDownloader(chunk_size=_BLOCK)(url, SimpleNamespace(write=write, flush=file.flush), None)
        except requests.RequestException as error:
            raise ConnectionError(
                f"Cannot download {corpus.name} from {url} to {path.parent.parent} ({error}). Try again later, or "
                f"{remedy}"
            ) from error
    return path


def _unpack(corpus, archive, folder, remedy, verbose):
    """Check the archive, unpack it below `folder`, and give the folder in it that holds the table."""
    _check_sum(archive, corpus.checksum, remedy)
    try:
        with progress(f"Unpacking {corpus.name}", corpus.n_files, enabled=verbose) as advance:
            for name, opened in _members(archive):
                _copy(name, opened, folder, archive)
                advance(name.endswith(".wav"))
    except DataSetError:
        raise
    except _DAMAGED as error:
        # the decompressors' own complaints have no number, those of the operating system do
        if getattr(error, "errno", None) is not None:
            raise
        reason = str(error).partition("\n")[0].rstrip(":") or type(error).__name__
        raise DataSetError(f"{archive.name} is damaged, or no archive ({reason}). {remedy}") from error
    folders = [folder, *(sorted(folder.iterdir()) if folder.is_dir() else ())]
    made = next((inner for inner in folders if (inner / corpus.table).is_file()), None)
    if made is None:
        raise DataSetError(f"{archive.name} is not {corpus.name}: it holds no {corpus.table}. {remedy}")
    _check_sum(made / corpus.table, corpus.table_checksum, remedy)
    return made


def _check_sum(path, expected, remedy):
    """Compare the checksum of a file with one written as "algorithm:hex"; None fits all."""
    if expected is None:
        return
    algorithm, _, value = expected.partition(":")
    with open(path, "rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != value:
        raise DataSetError(
            f"{path.name} has the {algorithm.upper()} checksum {found}, expected {value}: it is damaged or another "
            f"version. {remedy}"
        )


def _members(archive):
    """Yield name and opener of every regular file in a ZIP or tar archive; links and devices are left out."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as file:
            for info in file.infolist():
                if not info.is_dir():
                    yield info.filename, partial(file.open, info)
        return
    with tarfile.open(archive) as file:
        for info in file:
            if info.isreg():
                yield info.name, partial(file.extractfile, info)


def _copy(name, opened, folder, archive):
    """Write a member of an archive below `folder`, wherever its name would have it."""
    path = PureWindowsPath(name)  # knows drives, and both kinds of slashes
    if path.anchor or ".." in path.parts or not path.parts:
        raise DataSetError(
            f"{archive.name} is not to be trusted: it holds the name {name!r}, which leads out of its folder. Get the "
            "archive from somewhere else."
        )
    target = folder.joinpath(*path.parts)
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened() as source, open(target, "wb") as file:
        shutil.copyfileobj(source, file, _BLOCK)


def _take_esc10(whole, folder):
    """Return a folder like that of ESC-50 with the files of ESC-10 only: the same files, in a second place."""
    for name in ("meta", "audio"):
        (folder / name).mkdir(parents=True)
    table = pd.read_csv(whole / "meta" / "esc50.csv", dtype=str)
    table = table[table["esc10"] == "True"]
    table.to_csv(folder / "meta" / "esc50.csv", index=False, lineterminator="\n")
    others = [name for name in ("LICENSE", "README.md") if (whole / name).is_file()]
    for name in [*others, *(f"audio/{file}" for file in table["filename"])]:
        try:
            os.link(whole / name, folder / name)
        except OSError:  # not every file system has links
            shutil.copy2(whole / name, folder / name)
    return folder


def _put_in_place(made, folder):
    """Move a complete folder to its place, unless another process was faster: its copy is as good."""
    try:
        os.replace(made, folder)
    except OSError:
        if not folder.is_dir():
            raise


def _load(corpus, folder, remedy=None):
    """Load the Bunch of an unpacked corpus; refuses a folder that does not hold all of it."""
    try:
        bunch = corpus.load(folder)
        n_files, n_classes = len(bunch.filenames), len(bunch.target_names)
        if (n_files, n_classes) != (corpus.n_files, corpus.n_classes):
            raise DataSetError(
                f"{n_files} recordings in {n_classes} classes were found, but {corpus.name} has {corpus.n_files} in "
                f"{corpus.n_classes}."
            )
    except DataSetError as error:
        remedy = remedy or f"Delete the folder {folder} and call again to fetch it anew."
        raise DataSetError(f"{error} {remedy}") from error
    return bunch
