"""A NetCDF file that is written batch by batch, and goes on after a crash."""

import json
import math
import os
import shutil
from pathlib import Path

import numpy as np

from skaudeep._validation import validate_params
from skaudeep.datasets._model import VARIABLES, instance_index, make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io._blocks import rows_per_block
from skaudeep.io._netcdf import LAYOUT_CONSTRAINTS, write_blocks

try:
    import fcntl
except ImportError:  # there are no such locks on Windows
    fcntl = None

#: The arguments of `make_dataset` that a batch may have; each has the name of the variable that it becomes.
_METADATA = VARIABLES[1:-1]
#: What the first line of a journal says.
_HEADER = {"version", "settings", "shape", "metadata", "n_folds"}


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
        were collected with other settings are refused rather than mixed with new ones.
    resume : bool, default=True
        Whether to go on with batches that are there already; otherwise they are removed.
    compression, chunk_size : int
        As in :func:`write_netcdf`.

    Attributes
    ----------
    path : pathlib.Path
        The file to write.
    filenames : set of str
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
    batch, and the names of the recordings.

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
        resume=True,
        compression=0,
        chunk_size=None,
    ):
        self.path = Path(path)
        self._arguments = {"feature_dims": feature_dims, "feature_names": feature_names, "label_map": label_map}
        self._layout = {"compression": compression, "chunk_size": chunk_size}
        self._settings = json.loads(json.dumps(settings))
        self._chunks = {}  # numbers of the chunks that are there, by the name of their recording
        self._n, self._header, self._locked = 0, None, False
        self._folder = self.path.with_name(f"{self.path.name}.part")
        if not self.path.parent.is_dir():
            raise FileNotFoundError(
                f"cannot write {path}: the folder {self.path.parent} does not exist; create it first"
            )
        self._folder.mkdir(exist_ok=True)
        # without buffers: what the disk had no room for must not be written later
        self._journal, self._features = (
            (self._folder / name).open("a+b", buffering=0) for name in ("journal.jsonl", "features.f32")
        )
        try:
            self._lock()
            if not resume:
                self._cut(0, 0)
            self._recover()
        except BaseException:
            self.close()
            raise

    @property
    def filenames(self):
        return set(self._chunks)

    @property
    def n_instances(self):
        return self._n

    def append(self, features, filenames, **metadata):
        """Add instances; when this returns, they are on disk.

        Parameters
        ----------
        features : array-like of shape (n_instances, ...)
            All batches must agree in all but the first axis.
        filenames : array-like of str of shape (n_instances,)
            The recording that each instance was made from.
        **metadata : dict
            `label_nominal`, `label_numeric`, `chunk_nr`, `cv_folds` and `partition` as in
            :func:`skaudeep.datasets.make_dataset`; the same ones for all batches.

        Raises
        ------
        DataSetError
            If a value does not fit, the batch does not fit those before, or an instance is there already.
        OSError
            If the disk is full; the batches before are kept.
        """
        unknown = sorted(set(metadata) - set(_METADATA))
        if unknown:
            raise TypeError(f"append() got an unexpected argument {unknown[0]!r}; expected {', '.join(_METADATA)}.")
        given = {name: value for name, value in metadata.items() if value is not None}
        ds = make_dataset(features, filenames, **self._arguments, **given)
        header = {
            "version": 1,
            "settings": self._settings,
            "shape": ds["features"].shape[1:],
            "metadata": sorted(given),
            "n_folds": ds.sizes["fold"],
        }
        header = json.loads(json.dumps(header))  # as a later writer reads it
        self._check_fit(header, ds)
        batch = {"filenames": ds["filename"].values.tolist()} | {name: ds[name].values.tolist() for name in given}
        places = self._journal.seek(0, os.SEEK_END), self._features.seek(0, os.SEEK_END)
        try:
            _write_through(self._features, np.ascontiguousarray(ds["features"].values, dtype="<f4").tobytes())
            lines = [batch] if self._header else [header, batch]
            _write_through(self._journal, "".join(json.dumps(line) + "\n" for line in lines).encode())
        except BaseException:
            self._cut(*places)
            raise
        self._header = header
        self._note(batch["filenames"], ds["chunk_nr"].values.tolist())

    def complete(self):
        """Make the file from all that has been appended, remove the folder of parts, and close the writer.

        Raises
        ------
        DataSetError
            If nothing has been appended, or the labels of the batches contradict each other.
        OSError
            If the disk is full; the folder of parts stays, and a new writer may complete the file.
        """
        if self._header is None:
            raise DataSetError(f"Cannot complete {self.path}: nothing has been appended.")
        columns = {name: [] for name in ("filenames", *self._header["metadata"])}
        with open(self._journal.name, "rb") as lines:
            next(lines)
            for line in lines:
                for name, values in json.loads(line).items():
                    columns[name] += values
        if "cv_folds" in columns:
            columns["cv_folds"] = np.reshape(columns["cv_folds"], (self._n, self._header["n_folds"]))
        shape = (self._n, *self._header["shape"])
        # mapped, but never read: the blocks, which are, come from the file itself, lest all of it become resident
        features = np.memmap(self._features.name, "<f4", "r", shape=shape) if np.prod(shape) else np.empty(shape)
        ds = make_dataset(features, columns.pop("filenames"), **columns, **self._arguments)
        write_blocks(ds, self.path, self._blocks(shape), **self._layout)
        del features, ds
        self.close()
        shutil.rmtree(self._folder)

    def close(self):
        """Close the writer without completing the file; a new one can go on."""
        files = self._journal, self._features
        empty = self._locked and not any(file.closed or file.seek(0, os.SEEK_END) for file in files)
        for file in files:
            file.close()
        if empty:
            shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, traceback):
        try:
            if kind is None:
                self.complete()
        finally:
            self.close()

    def _lock(self):
        try:
            if fcntl is not None:
                fcntl.flock(self._journal, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise OSError(f"{self.path}: another writer is at work on it; wait for its end, or stop it.") from error
        self._locked = True

    def _recover(self):
        """Note what was appended before, and cut off what a crash left unfinished."""
        present = self._features.seek(0, os.SEEK_END)
        end = rows = row_bytes = 0
        with open(self._journal.name, "rb") as lines:
            for line in lines:
                record = self._parse(line)
                if self._header is None and record is not None:
                    self._header = record
                    self._check_settings()
                    row_bytes = 4 * math.prod(record["shape"])
                elif record is None or (rows + len(record["filenames"])) * row_bytes > present:
                    break  # the last batch of a process that died before it was on disk
                else:
                    rows += len(record["filenames"])
                    self._note(record["filenames"], record.get("chunk_nr"))
                end += len(line)
        if not rows:
            self._header, end = None, 0
        self._cut(end, rows * row_bytes)

    def _parse(self, line):
        """What a line of the journal holds; None for a line that was not finished."""
        if not line.endswith(b"\n"):
            return None
        try:
            record = json.loads(line)
            expected = (
                {"version", "settings", "shape", "metadata", "n_folds"} if self._header is None else {"filenames"}
            )
            if expected <= set(record) and record.get("version", 1) == 1:
                return record
        except ValueError:
            pass
        raise DataSetError(
            f"Cannot go on with the batches in {self._folder}: {self._journal.name} is damaged, or of another version "
            "of skaudeep. Begin anew with resume=False, or remove the folder."
        )

    def _check_settings(self):
        if self._header["settings"] != self._settings:
            raise DataSetError(
                f"Cannot go on with the batches in {self._folder}: they were made with settings="
                f"{self._header['settings']!r}, and not with {self._settings!r}. Use the former, or begin anew with "
                "resume=False."
            )

    def _check_fit(self, header, ds):
        """Raise a `DataSetError` unless a batch fits those before and brings new instances."""
        names = {"shape": "features of shape (n, ...) with ... =", "metadata": "the arguments", "n_folds": "n_folds ="}
        for key, name in names.items() if self._header else ():
            if header[key] != self._header[key]:
                raise DataSetError(
                    f"{self.path}: the batch has {name} {header[key]}, but those before have {self._header[key]}."
                )
        index = instance_index(ds)
        again = next((pair for pair in index if pair[1] in self._chunks.get(pair[0], ())), None)
        if again is None and index.has_duplicates:
            again = index[index.duplicated()][0]
        if again is not None:
            raise DataSetError(
                f"{self.path}: chunk {again[1]} of {again[0]} is there already; append only what is not among "
                "`filenames`."
            )

    def _note(self, filenames, chunks=None):
        for filename, chunk in zip(filenames, chunks or [0] * len(filenames), strict=True):
            self._chunks[filename] = (*self._chunks.get(filename, ()), chunk)
        self._n += len(filenames)

    def _cut(self, journal_bytes, feature_bytes):
        self._journal.truncate(journal_bytes)
        self._features.truncate(feature_bytes)

    def _blocks(self, shape):
        """The features in blocks of rows, each read from disk when its turn comes."""
        step = rows_per_block(np.empty((0, *shape[1:])), self._layout["chunk_size"] or 1)
        self._features.seek(0)
        for start in range(0, self._n, step):
            rows = min(step, self._n - start)
            block = np.fromfile(self._features, "<f4", rows * math.prod(shape[1:]))
            yield start, block.reshape(rows, *shape[1:])


def _write_through(file, content):
    """Write and wait until it is on disk."""
    content = memoryview(content)
    while content:
        content = content[file.write(content) :]
    os.fsync(file.fileno())
