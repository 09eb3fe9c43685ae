"""A NetCDF file that is written batch by batch, and goes on after a crash."""

import contextlib
import glob
import json
import math
import os
import secrets
import shutil
import threading
from pathlib import Path

import numpy as np

from skaudeep._archives import digest
from skaudeep._files import check_target, naming
from skaudeep._interrupts import deferred
from skaudeep._validation import validate_params
from skaudeep.datamodel import (
    GROUP,
    TARGET_PREFIX,
    VARIABLES,
    instance_index,
    make_dataset,
    take_targets,
    target_columns,
    to_numbers,
)
from skaudeep.exceptions import DataSetError, param
from skaudeep.io.blocks import rows_per_block
from skaudeep.io.netcdf import LAYOUT_CONSTRAINTS, write_blocks

try:
    import fcntl
except ImportError:  # there are no such locks on Windows
    fcntl = None

#: The arguments of `make_dataset` that a batch may have, and the variables that they become.
_METADATA = {name: name for name in VARIABLES[1:-1]} | {"groups": GROUP}
_NUMBERS = ("cv_folds", "chunk_nr", "partition", "label_numeric")
_MULTIPLE = "targets"  # several columns, each called "target:" and its name in a batch
#: Checksums in a journal: of a line, and of the features of a batch.
_DIGEST, _FEATURES_DIGEST = "digest", "digest of features"
#: What the first line of a journal says, and how errors call it.
_HEADER = {
    "version": "version",
    "settings": "settings",
    "label_map": "label_map",
    "feature_dims": "feature_dims",
    "feature_names": "feature_names",
    "shape": "features of shape (n, ...) with ...",
    "metadata": "the arguments",
    "n_folds": "n_folds",
}


def parts_folder(path):
    """Say where the batches of a file are until it is complete."""
    path = Path(path)
    return path.with_name(f"{path.name}.part")


class NetCDFWriter:
    """Write a data set to a NetCDF-4 file batch by batch; what was appended survives a crash.

    Batches are collected in the folder `NAME.nc.part` beside the file, each on disk before `append` returns.
    `complete` makes the file from them, in one step or not at all, and removes the folder; until then an older file is
    left as it is. A `with` block completes the file at its end, unless an exception ends it. A writer that is made
    again for the same path goes on where the last one, or a process that was killed, ended.

    Parameters
    ----------
    path : str or path-like
        The file to write, usually ending in `.nc`.
    feature_dims : sequence of str, default=None
        Names of the axes of one instance, as in :func:`skaudeep.datasets.make_dataset`.
    feature_names : array-like of str, default=None
        Names along the last axis of the features, all different.
    label_map : dict of str to int, default=None
        The number of every class name; by default made from the labels of all batches.
    settings : dict, default=None
        What the features depend on, as values that JSON knows, such as the parameters of an extraction. Batches that
        were collected with other settings, names, dimensions or numbers of classes are refused rather than mixed with
        new ones.
    attributes : dict of str, default=None
        Further attributes of the data set.
    resume : bool, default=True
        Whether to go on with batches that are there already; otherwise they are removed.
    compression, chunk_size : int
        As in :func:`write_netcdf`.

    Attributes
    ----------
    path : pathlib.Path
        The file to write.
    filenames : set-like of str
        Recordings of which instances have been appended.
    n_instances : int
        How many instances have been appended.

    Raises
    ------
    DataSetError
        If there are batches that do not fit: of other settings, or damaged.
    FileNotFoundError
        If the folder of `path` does not exist.
    OSError
        If another writer is at work on the same file.

    See Also
    --------
    write_netcdf : Write a data set that is there already.

    Notes
    -----
    Until it is complete the data set takes its size on disk once, and while it is completed twice. In memory are one
    batch and the names of the recordings, and in the end all metadata. Threads may share a writer.

    Examples
    --------
    >>> import tempfile, os
    >>> from skaudeep.io import NetCDFWriter, read_netcdf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = os.path.join(folder, "features.nc")
    ...     with NetCDFWriter(path) as writer:
    ...         writer.append([[0.0, 1.0]], ["a.wav"], label_nominal=["Rain"])
    ...         writer.append([[2.0, 3.0], [4.0, 5.0]], ["b.wav", "c.wav"], label_nominal=["Dog", "Rain"])
    ...     ds = read_netcdf(path)
    >>> ds.features.values[:, 0], ds.label_numeric.values
    (array([0., 2., 4.], dtype=float32), array([1, 0, 1]))
    """

    @validate_params(
        {
            "self": "no_validation",
            "path": [str, os.PathLike],
            "feature_dims": "no_validation",
            "feature_names": "no_validation",
            "label_map": [dict, None],
            "settings": [dict, None],
            "attributes": [dict, None],
            "resume": ["boolean"],
            **LAYOUT_CONSTRAINTS,
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(
        self,
        path,
        *,
        feature_dims=None,
        feature_names=None,
        label_map=None,
        settings=None,
        attributes=None,
        resume=True,
        compression=0,
        chunk_size=None,
    ):
        check_target(path)
        self.path = Path(path)
        self._arguments = {
            "feature_dims": None if feature_dims is None else list(feature_dims),
            "feature_names": None if feature_names is None else list(feature_names),
            "label_map": label_map,
        }
        self._layout = {"compression": compression, "chunk_size": chunk_size}
        self._settings = _plain(settings, "settings")
        self._attributes = attributes or {}
        self._chunks = {}  # the number of the chunk that is there, or a set of them, by the name of the recording
        self._classes = {}  # numbers that were given with names
        self._n, self._header = 0, None
        self._folder = parts_folder(self.path)
        self._mutex = threading.RLock()
        with deferred():
            self._journal, self._features = self._open()
            try:
                if not resume:
                    self._cut(0, 0)
                self._recover()
            except BaseException:
                self.close()
                raise

    @property
    def filenames(self):
        return self._chunks.keys()

    @property
    def n_instances(self):
        return self._n

    def append(self, features, filenames, **metadata):
        """Add instances; when this returns, they are on disk.

        Parameters
        ----------
        features : array-like of shape (n_instances, ...)
            All batches must agree in all but the first axis, and in the names of columns if they are data frames.
        filenames : array-like of str of shape (n_instances,)
            The recording that each instance was made from.
        **metadata : dict
            `label_nominal`, `label_numeric`, `targets`, `chunk_nr`, `cv_folds`, `partition` and `groups` as in
            :func:`skaudeep.datasets.make_dataset`; the same ones for all batches.

        Raises
        ------
        DataSetError
            If a value does not fit, the batch does not fit those before, or an instance is there already.
        OSError
            If the disk is full; the batches before are kept.
        """
        known = {*_METADATA, _MULTIPLE}
        unknown = sorted(set(metadata) - known)
        if unknown:
            raise TypeError(f"append() got an unexpected argument {unknown[0]!r}; expected {', '.join(sorted(known))}.")
        given = {name: value for name, value in metadata.items() if value is not None}
        ds = make_dataset(features, filenames, **self._arguments, **given)
        dims = ds["features"].dims[1:]
        header = {
            "version": 1,
            "settings": self._settings,
            "label_map": self._arguments["label_map"],
            "feature_dims": dims,
            "feature_names": ds[dims[-1]].values.tolist() if dims[-1] in ds.coords else None,
            "shape": ds["features"].shape[1:],
            "metadata": [],
            "n_folds": ds.sizes["fold"],
        }
        columns = {name: ds[_METADATA[name]].values for name in given if name != _MULTIPLE}
        columns |= target_columns(ds)
        header["metadata"] = sorted(columns)
        batch = {"filenames": ds["filename"].values.tolist()}
        batch |= {name: values.tolist() for name, values in columns.items()}
        if "label_numeric" in given:  # only these, and none that were made of the names in the batch
            batch["label_numeric"] = to_numbers(given["label_numeric"], ds["filename"].shape, "label_numeric").tolist()
        header = _plain(header, "label_map")
        with deferred(), self._mutex:  # what is on disk and what is known of it change together
            self._check_open()
            self._append(header, batch, ds)

    def _append(self, header, batch, ds):
        self._check_fit(header, batch, instance_index(ds))
        places = self._journal.seek(0, os.SEEK_END), self._features.seek(0, os.SEEK_END)
        try:
            features = np.ascontiguousarray(ds["features"].values, dtype="<f4").tobytes()
            _write_through(self._features, features)
            batch = batch | {_FEATURES_DIGEST: digest(features)}
            lines = [batch] if self._header else [header, batch]
            _write_through(self._journal, "".join(map(_to_line, lines)).encode())
        except BaseException:
            self._cut(*places)
            raise
        self._header = header
        self._note(batch)

    def complete(self):
        """Make the file from all that has been appended, remove the folder of parts, and close the writer.

        Raises
        ------
        DataSetError
            If nothing has been appended.
        OSError
            If the disk is full; the folder of parts stays, and a new writer may complete the file.
        """
        with deferred(), self._mutex:  # Ctrl-C is answered between blocks
            self._check_open()
            if self._header is None:
                raise DataSetError(f"Cannot complete {self.path}: nothing has been appended.")
            shape = (self._n, *self._header["shape"])
            # mapped, but never read: the blocks, which are, come from the file itself, lest all of it become resident
            features = np.memmap(self._features.name, "<f4", "r", shape=shape) if np.prod(shape) else np.empty(shape)
            arguments = {name: self._header[name] for name in self._arguments}
            ds = make_dataset(features, **self._read_metadata(), **arguments).assign_attrs(self._attributes)
            write_blocks(ds, self.path, self._blocks(shape), **self._layout)
            del features, ds
            self._remove()

    def close(self):
        """Close the writer without completing the file; a new one can go on."""
        with deferred(), self._mutex:
            if self._journal.closed:
                return
            if any(file.seek(0, os.SEEK_END) for file in (self._journal, self._features)):
                self._close_files()
            else:
                self._remove()

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None and not self._journal.closed:
                self.complete()
        finally:
            self.close()

    def _open(self):
        """Return the journal and the file of features, which no other writer has open."""
        for gone in self.path.parent.glob(f".{glob.escape(self._folder.name)}-*"):
            shutil.rmtree(gone, ignore_errors=True)  # that of a writer that was killed at its very end
        while True:
            with contextlib.suppress(FileExistsError):
                os.mkdir(self._folder)
            files = []
            try:
                for name in ("journal.jsonl", "features.f32"):
                    # without buffers: what the disk had no room for must not be written later
                    files.append((self._folder / name).open("a+b", buffering=0))
                if fcntl is not None:
                    fcntl.flock(files[0], fcntl.LOCK_EX | fcntl.LOCK_NB)
                if all(os.path.samestat(os.fstat(file.fileno()), os.stat(file.name)) for file in files):
                    return files
                error = None
            except OSError as failure:
                error = failure
            for file in files:
                file.close()
            # another writer that has just come to its end takes its folder away: try again
            if error is not None and not isinstance(error, FileNotFoundError):
                busy = isinstance(error, BlockingIOError)
                reason = "another writer is at work on it; wait for its end, or stop it" if busy else str(error)
                raise OSError(f"{self.path}: {reason}.") from error

    def _remove(self):
        """Take the folder away and close."""
        if fcntl is None:  # where files that are open cannot be moved, and none are locked
            self._close_files()
        # moved first: to a folder that is still in its place another writer could add files meanwhile
        gone = self._folder.with_name(f".{self._folder.name}-{secrets.token_hex(4)}")
        os.rename(self._folder, gone)
        self._close_files()
        shutil.rmtree(gone, ignore_errors=True)

    def _close_files(self):
        self._journal.close()
        self._features.close()

    def _check_open(self):
        if self._journal.closed:
            raise ValueError(f"The writer of {self.path} is closed; make a new one.")

    def _recover(self):
        """Note what was appended before, and cut off what a crash left unfinished."""
        present = self._features.seek(0, os.SEEK_END)
        end = row_bytes = 0
        with open(self._journal.name, "rb") as lines:
            for line in lines:
                record = self._parse(line)
                if self._header is None and record is not None:
                    self._header = record
                    self._check_arguments()
                    row_bytes = 4 * math.prod(record["shape"])
                elif record is None or (self._n + len(record["filenames"])) * row_bytes > present:
                    break  # the last batch of a process that died before it was on disk
                else:
                    self._check_features(record, row_bytes)
                    self._note(record)
                end += len(line)
        if not self._n:
            self._header, end = None, 0
        self._cut(end, self._n * row_bytes)

    def _parse(self, line):
        """Say what a line of the journal holds; None for a line that was not finished."""
        if not line.endswith(b"\n"):
            return None
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        needed = _HEADER.keys() if self._header is None else {"filenames", *self._header["metadata"]}
        if isinstance(record, dict) and _is_whole(record) and needed <= record.keys() and record.get("version", 1) == 1:
            return record
        raise DataSetError(
            f"Cannot go on with the batches in {self._folder}: {self._journal.name} is damaged, or of another version "
            f"of skaudeep. Begin anew with {param('resume', False)}, or remove the folder."
        )

    def _check_features(self, record, row_bytes):
        """Raise a `DataSetError` if the features of a batch are not those that were appended."""
        self._features.seek(self._n * row_bytes)
        features = np.fromfile(self._features, np.uint8, len(record["filenames"]) * row_bytes)
        found = digest(features)
        if record.get(_FEATURES_DIGEST, found) != found:  # there were none once
            raise DataSetError(
                f"Cannot go on with the batches in {self._folder}: the features of {record['filenames'][0]} in "
                f"{self._features.name} are damaged. Begin anew with {param('resume', False)}, or remove the folder."
            )

    def _check_arguments(self):
        """Raise a `DataSetError` if batches were made with other arguments than those of this writer."""
        arguments = {name: value for name, value in _plain(self._arguments, "label_map").items() if value is not None}
        arguments |= {"settings": self._settings, "label_map": _plain(self._arguments["label_map"], "label_map")}
        for name, value in arguments.items():
            before = self._header[name]
            if before == value:
                continue
            if name == "settings" and before and value:  # most of them may be the same
                keys = [key for key in before | value if before.get(key) != value.get(key)]
                before, value = ({key: settings.get(key) for key in keys} for settings in (before, value))
            raise DataSetError(
                f"Cannot go on with the batches in {self._folder}: they were made with {name}={before!r}, and not with "
                f"{value!r}. Use the former, or begin anew with {param('resume', False)}."
            )

    def _check_fit(self, header, batch, index):
        """Raise a `DataSetError` unless a batch fits those before and brings new instances."""
        for key, name in _HEADER.items() if self._header else ():
            if header[key] != self._header[key]:
                raise DataSetError(
                    f"{self.path}: the batch has {name} = {header[key]}, but those before have {self._header[key]}."
                )
        again = next((pair for pair in index if self._has(*pair)), None)
        if again is None and index.has_duplicates:
            again = index[index.duplicated()][0]
        if again is not None:
            raise DataSetError(
                f"{self.path}: chunk {again[1]} of {again[0]} is there already; append only what is not among "
                "`filenames`."
            )
        names = {number: name for name, number in self._classes.items()}
        for name, number in _pairs(batch).items():
            if self._classes.get(name, number) != number or names.get(number, name) != name:
                other = f"{name!r} has {self._classes[name]}" if name in self._classes else f"{names[number]!r} has it"
                raise DataSetError(
                    f"{self.path}: the class {name!r} has the number {number} in this batch, but before {other}."
                )

    def _has(self, filename, chunk):
        present = self._chunks.get(filename)
        return chunk in present if isinstance(present, set) else chunk == present

    def _note(self, batch):
        """Remember what was appended."""
        filenames = batch["filenames"]
        for filename, chunk in zip(filenames, batch.get("chunk_nr", [0] * len(filenames)), strict=True):
            present = self._chunks.setdefault(filename, chunk)
            if isinstance(present, set):
                present.add(chunk)
            elif present != chunk:
                self._chunks[filename] = {present, chunk}
        self._classes |= _pairs(batch)
        self._n += len(filenames)

    def _read_metadata(self):
        """Read the arguments of `make_dataset` for all batches together."""
        columns = {name: [] for name in ("filenames", *self._header["metadata"])}
        with open(self._journal.name, "rb") as lines:
            next(lines)
            for line in lines:
                batch = json.loads(line)
                for name, parts in columns.items():
                    dtype = np.float64 if name in _NUMBERS or name.startswith(TARGET_PREFIX) else object
                    parts.append(np.array(batch[name], dtype=dtype))
        metadata = {name: np.concatenate(parts) for name, parts in columns.items()}
        metadata[_MULTIPLE] = take_targets(metadata)
        if "cv_folds" in metadata:  # which an empty batch has none of
            metadata["cv_folds"] = metadata["cv_folds"].reshape(self._n, self._header["n_folds"])
        return metadata

    def _cut(self, journal_bytes, feature_bytes):
        self._journal.truncate(journal_bytes)
        self._features.truncate(feature_bytes)

    def _blocks(self, shape):
        """Yield the features in blocks of rows, each read from disk when its turn comes."""
        step = rows_per_block(np.empty((0, *shape[1:])), self._layout["chunk_size"] or 1)
        self._features.seek(0)
        for start in range(0, self._n, step):
            rows = min(step, self._n - start)
            block = np.fromfile(self._features, "<f4", rows * math.prod(shape[1:]))
            yield start, block.reshape(rows, *shape[1:])


def _to_line(record):
    """Return a line of the journal, with its checksum."""
    return json.dumps(record | {_DIGEST: digest(json.dumps(record).encode())}) + "\n"


def _is_whole(record):
    """Say whether a line says what was written, as far as it has a checksum, which is taken from it."""
    expected = record.pop(_DIGEST, None)
    return expected is None or expected == digest(json.dumps(record).encode())


def _write_through(file, content):
    """Write and wait until it is on disk."""
    content = memoryview(content)
    with naming(file.name):
        while content:
            content = content[file.write(content) :]
        os.fsync(file.fileno())


def _pairs(batch):
    """Return the numbers that were given with names."""
    pairs = zip(batch.get("label_nominal", ()), batch.get("label_numeric", ()), strict=False)
    return {name: number for name, number in pairs if name and number == number and name == name}


def _plain(values, argument):
    """Return values as JSON gives them back; NumPy's numbers and paths as numbers and strings."""

    def convert(value):
        if isinstance(value, np.generic | np.ndarray):
            return value.tolist()
        if isinstance(value, os.PathLike):
            return os.fspath(value)
        raise TypeError(f"{value!r} is none of them")

    try:
        return json.loads(json.dumps(values, default=convert))
    except (TypeError, ValueError) as error:
        raise DataSetError(f"{argument}={values!r}: expected a dict of values that JSON knows ({error}).") from error
