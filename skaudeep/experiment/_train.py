"""Train an embedder on data sets in files, with a checkpoint after every epoch."""

import concurrent.futures
import contextlib
import copy
import itertools
import logging
import os
import time
from pathlib import Path

import numpy as np
import orjson
from sklearn.base import clone

from skaudeep._files import atomic_path, check_target, claim, make_folder
from skaudeep._interrupts import result_of, submit
from skaudeep._progress import on_terminal, progress
from skaudeep._provenance import is_known
from skaudeep._validation import Integral, Interval, draw_seed, validate_params
from skaudeep._version import __version__
from skaudeep.embedding import identify_training
from skaudeep.embedding.runs import kind_of, list_checkpoints, load_checkpoint, parameters_of_use
from skaudeep.exceptions import DataSetError, Message, ParameterError, param
from skaudeep.experiment._inputs import check_trained_provenance, common_provenance, gather, open_inputs
from skaudeep.experiment._summaries import EVENT_FILES, Summaries
from skaudeep.results.files import FORMAT, TRAINING_FILE

_N_SUMMARISED = 16  # instances of which summaries tell
_REFUSED_PARAMETERS = ("checkpoint_dir", "log_dir")

_log = logging.getLogger(__name__)


@validate_params(
    {
        "embedder": "no_validation",
        "inputs": "no_validation",
        "run_dir": [str, os.PathLike],
        "resume": ["boolean"],
        "overwrite": ["boolean"],
        "checkpoints_to_keep": [Interval(Integral, 0, None, closed="left"), None],
        "check_settings": ["boolean"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def train_autoencoder(
    embedder,
    inputs,
    run_dir,
    *,
    resume=False,
    overwrite=False,
    checkpoints_to_keep=5,
    check_settings=True,
    verbose=0,
):
    """Train an embedder on the spectrograms of data sets, with a checkpoint after every epoch.

    Parameters
    ----------
    embedder : embedder
        What to train, an autoencoder or another one of `list_embedders`, for `max_epochs` epochs in total, or fewer
        with `early_stopping`, which keeps the weights of the best epoch. It is not changed: a copy is trained from the
        beginning. Where its `random_state` is not a number, one is drawn, which the copy has and the record of the run
        names.
    inputs : path-like, xarray.Dataset, or sequence of these
        Data sets with features of equal shape (T, F) for each instance, NetCDF files as a rule, which are taken
        together. Up to 2 GiB of features are read into memory; more stay on disk, and are read batch by batch.
    run_dir : path-like
        Folder of the run. Checkpoints are ``logs/model-STEP.skaudeep`` in it, named by the number of training steps
        so far, beside summaries for TensorBoard; ``training.json`` records parameters, losses and times.
    resume : bool, default=False
        Whether to go on from the newest checkpoint of the run, if there is one, as if it had never been stopped.
    overwrite : bool, default=False
        Whether to replace the checkpoints, summaries and record of an earlier run, which are removed when the first
        new checkpoint is made.
    checkpoints_to_keep : int or None, default=5
        How many of the newest checkpoints to keep; 0 or None: all.
    check_settings : bool, default=True
        Whether to refuse data sets that say that they were made with different settings of spectrograms, or with others
        than those that a run was trained on so far.
    verbose : int, default=0
        Whether to show a progress bar on a terminal. Elsewhere one line for each epoch is logged in any case.

    Returns
    -------
    embedder
        Fitted. If the data sets say how they were made, its attribute `provenance_` does too, as
        :func:`skaudeep.datasets.get_provenance` tells it.

    Raises
    ------
    DataSetError
        If a data set cannot be read, has no spectrograms, others than the first one, or values that are not finite.
    FileExistsError
        If there are checkpoints, and neither `resume` nor `overwrite` says what to do.
    TrainingError
        When the loss is not finite; the checkpoints before are kept.
    ValueError
        If training cannot go on from a checkpoint, of other parameters or damaged, or an input would be replaced.
    OSError
        If the run cannot be written, or another process is at work in its folder.

    See Also
    --------
    generate_features : Applies what was trained.
    load_autoencoder : Reads a checkpoint.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.experiment import train_autoencoder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 4))
    >>> ds = make_dataset(X, [f"{i}.wav" for i in range(6)])
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     embedder = train_autoencoder(embedder, ds, folder)
    ...     sorted(name for name in os.listdir(os.path.join(folder, "logs")) if name.startswith("model"))
    ['model-1.skaudeep', 'model-2.skaudeep']
    """
    if resume and overwrite:
        raise ParameterError(
            "overwrite", True, ", and resume=True: an earlier run can be continued or replaced, not both"
        )
    kind_of(embedder)
    seeded = isinstance(embedder.random_state, Integral)
    embedder = _prepared(embedder)
    with _claimed(Path(run_dir)) as run, contextlib.ExitStack() as stack:
        old = _find_old(run, resume, overwrite)
        record = _read_record(run) if old else {}
        before = _load_to_go_on(run, old, embedder, seeded) if old else None
        if before is not None:
            before.set_params(**parameters_of_use(embedder))
        if before is not None and before.n_iter_ >= embedder.max_epochs and not before._pools_covariances:
            _log.info("%s has %d epochs already: nothing to do", run, before.n_iter_)
            return before
        datasets, sources = open_inputs(inputs, stack)
        provenance = common_provenance(datasets, sources, check=check_settings)
        if before is not None and check_settings:
            check_trained_provenance(before, provenance, sources[0])
        for path in _earlier(run):
            check_target(path, {"an input": sources})
        X, data = gather(datasets, sources)
        if before is not None:
            _check_same_data(run, before, data, record, sources[0])
            _log.info("%s: going on after epoch %d", run, before.n_iter_)
            embedder = before.set_params(max_epochs=embedder.max_epochs)
        seconds = record.get("seconds_per_epoch")
        seconds = seconds if isinstance(seconds, list) else []  # the record may be lost or damaged
        record = {"inputs": sources, "data": data, "provenance": provenance, "seconds_per_epoch": seconds}
        n_done = 0 if before is None else before.n_iter_
        with _Saver(run, record, checkpoints_to_keep, clear=overwrite, n_epochs=n_done) as saver:
            return _train(embedder, X, provenance, run, saver, verbose)


def _prepared(embedder):
    """An unfitted copy, with a seed that can be written down."""
    for name in _REFUSED_PARAMETERS:
        if getattr(embedder, name):
            remedy = ": train_autoencoder keeps everything in run_dir; leave it as it is by default, or use fit"
            raise ParameterError(name, getattr(embedder, name), remedy)
    embedder = clone(embedder)
    embedder._check_parameters()
    if not isinstance(embedder.random_state, Integral):
        embedder.random_state = draw_seed(embedder.random_state)
    return embedder.set_params(verbose=0)


# --- the folder of a run ---


@contextlib.contextmanager
def _claimed(run):
    """Make the folder of a run, which no other process may train in; it does not stay if it stays empty."""
    new = [folder for folder in (run / "logs", run) if not folder.exists()]
    make_folder(run / "logs", "run_dir")
    busy = f"{param('run_dir', str(run))}: another process trains in it; wait for its end, stop it, or give another"
    try:
        with claim(run, Message(busy)):
            for debris in (run / "logs").glob(".model-*.skaudeep"):  # of a process that was killed
                debris.unlink(missing_ok=True)
            yield run
    finally:
        for folder in new:
            with contextlib.suppress(OSError):  # it is not empty
                folder.rmdir()


def _earlier(run):
    """What a training that begins anew removes, or replaces."""
    return [*list_checkpoints(run / "logs").values(), *(run / "logs").glob(EVENT_FILES), run / TRAINING_FILE]


def _find_old(run, resume, overwrite):
    """Our checkpoints that are there to go on from."""
    if list_checkpoints(run, "index"):
        raise FileExistsError(
            Message(
                f"{param('run_dir', str(run))} holds checkpoints of the original auDeep, which are not mixed with "
                "ours: give another folder"
            )
        )
    found = list_checkpoints(run)
    if found and not resume and not overwrite:
        raise FileExistsError(
            Message(
                f"{param('run_dir', str(run))} holds a trained network ({found[max(found)].name}): go on with it "
                f"({param('resume', True)}), replace it ({param('overwrite', True)}), or give another "
                f"{param.run_dir}"
            )
        )
    return {} if overwrite else found


def _load_to_go_on(run, old, embedder, seeded):
    """The newest checkpoint, if it is of the same parameters."""
    path = old[max(old)]
    before = load_checkpoint(path)
    if type(before) is not type(embedder):
        raise ValueError(
            Message(
                f"{str(path)!r} is of {kind_of(before)}, and cannot be continued as {kind_of(embedder)}: give another "
                f"{param.run_dir}"
            )
        )
    there, here = before.get_params(), embedder.get_params()
    compared = identify_training(before).keys() | identify_training(embedder).keys()
    if not seeded:
        compared.discard("random_state")
    names = [name for name in there if name in compared and there[name] != here[name]]
    differing = [f"{param(name, there[name])}, not {here[name]!r}" for name in names]
    if differing:
        raise ValueError(
            Message(
                f"{str(path)!r} was trained with {'; '.join(differing)}: go on with the same parameters, or give "
                f"another {param.run_dir}"
            )
        )
    return before


def _check_same_data(run, before, data, record, source):
    n_features = data["shape"][-1]
    if before.n_features_in_ != n_features:
        raise DataSetError(
            f"{source} has {n_features} features in a frame, and the network in {run} was trained on "
            f"{before.n_features_in_}: give spectrograms of the same settings"
        )
    if record.get("data", data) != data:
        _log.warning("%s goes on with other data than those that it was trained on so far", run)


def _read_record(run):
    """What there is of the record of a run; it only tells, and is not needed to go on."""
    with contextlib.suppress(OSError, ValueError):
        record = orjson.loads((run / TRAINING_FILE).read_bytes())
        if isinstance(record, dict):
            return record
    return {}


# --- epochs ---


def _train(embedder, X, provenance, run, saver, verbose):
    """Run the epochs that are left."""
    n_done, n_epochs = saver.n_epochs, embedder.max_epochs
    if n_done >= n_epochs:  # the untrained control, or nothing is left but the directions of covariances
        embedder.fit(X, resume=True)
        _set_provenance(embedder, provenance)
        saver.make_room()
        saver.save(embedder, None)
        return embedder
    rows = np.unique(np.linspace(0, len(X) - 1, _N_SUMMARISED).astype(int))
    n_steps = embedder._training_state.n_steps if n_done else 0
    shown = bool(verbose) and on_terminal()
    try:
        with (
            Summaries(run / "logs", np.asarray(X[rows], np.float32), n_steps) as summaries,
            progress(f"Training {run}", n_epochs - n_done, enabled=shown, unit="epochs") as advance,
        ):
            after_epoch = _AfterEpoch(saver, summaries, provenance, advance, logging.DEBUG if shown else logging.INFO)
            embedder.fit(X, after_epoch=after_epoch, resume=True)
    except BaseException as error:
        if not isinstance(error, Exception) and saver.n_epochs:  # stopped by the user
            note = Message(f"%s holds epoch %d of %d; {param('resume', True)} goes on")
            _log.warning(note, run, saver.n_epochs, n_epochs)
        raise
    if embedder.early_stopping:
        _log.info("%s: epoch %d of %d is the best one", run, best_epoch(embedder), embedder.n_iter_)
        saver.save(embedder, None)  # the weights of the best epoch, in the place of those of the last one
    return embedder


def best_epoch(embedder):
    """Give the number of the epoch with the lowest validation loss."""
    return 1 + int(np.nanargmin(embedder.history_["val_loss"]))


class _AfterEpoch:
    """What is done with an embedder after every epoch: summaries, a checkpoint, a line."""

    def __init__(self, saver, summaries, provenance, advance, level):
        self._saver = saver
        self._summaries = summaries
        self._provenance = provenance
        self._advance = advance
        self._level = level
        self._start = time.perf_counter()

    def __call__(self, embedder):
        """Keep the epoch."""
        _set_provenance(embedder, self._provenance)
        seconds = time.perf_counter() - self._start
        try:
            self._saver.make_room()
            with _errors_naming(self._saver.logs):
                self._summaries.write(embedder, embedder._training_state.n_steps, seconds)
        finally:  # a finished epoch is not lost; before, the thread that saves would delay the summaries
            self._saver.save(embedder, seconds)
        losses = "  ".join(f"{name} {values[-1]:.4f}" for name, values in embedder.history_.items())
        self._advance(note=losses)
        _log.log(self._level, "epoch %d/%d  %s  %.1f s", embedder.n_iter_, embedder.max_epochs, losses, seconds)
        self._start = time.perf_counter()


def _set_provenance(embedder, provenance):
    """Let a trained embedder say how the spectrograms were made, where that is known."""
    if is_known(provenance):
        embedder.provenance_ = provenance


@contextlib.contextmanager
def _errors_naming(path):
    try:
        yield
    except OSError as error:
        raise OSError(f"{path}: cannot be written ({error.strerror or error}); epochs saved before are kept") from error


class _Saver:
    """Writes checkpoints and the record of a run in a thread, one at a time, while the next epoch runs.

    Parameters
    ----------
    run : pathlib.Path
        Folder of the run.
    record : dict
        What the record holds beside what the embedder knows.
    n_kept : int or None
        How many checkpoints to keep.
    clear : bool
        Whether to remove an earlier run before the first checkpoint.
    n_epochs : int
        How many there are in the newest checkpoint so far.

    Attributes
    ----------
    logs : pathlib.Path
        Folder of the checkpoints.
    n_epochs : int
        How many there are in the newest checkpoint, which may be under way.
    """

    def __init__(self, run, record, n_kept, clear, n_epochs):
        self._run, self._record, self._n_kept, self._clear = run, record, n_kept, clear
        self._seconds = list(record["seconds_per_epoch"])
        self._pool = concurrent.futures.ThreadPoolExecutor(1)
        self._pending = None
        self.logs = run / "logs"
        self.n_epochs = n_epochs

    def make_room(self):
        """Remove the earlier run, if it is to be replaced; to be called before anything is written."""
        for path in _earlier(self._run) if self._clear else ():
            path.unlink(missing_ok=True)
        self._clear = False

    def save(self, embedder, seconds):
        """Begin to save an epoch; an error of the last one is raised here."""
        self._wait()
        if seconds is not None:
            # of earlier epochs the record may be lost
            known = itertools.islice(itertools.chain(self._seconds, itertools.repeat(None)), embedder.n_iter_ - 1)
            self._seconds = [*known, round(seconds, 3)]
        # later epochs replace what the embedder holds and change none of it
        self._pending = submit(self._pool, self._write, copy.copy(embedder), list(self._seconds))
        self.n_epochs = embedder.n_iter_

    def _write(self, embedder, seconds):
        path = self.logs / f"model-{embedder._training_state.n_steps}.skaudeep"
        with _errors_naming(path):
            embedder.save(path)
        record = {
            "format": FORMAT,
            "skaudeep": __version__,
            "kind": kind_of(embedder),
            **self._record,
            "parameters": embedder.get_params(),
            "history": {"loss": [], **embedder.history_},
            "seconds_per_epoch": seconds,
        }
        path = self._run / TRAINING_FILE
        with _errors_naming(path), atomic_path(path) as temporary:
            temporary.write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY))
        if self._n_kept:
            for old in list(list_checkpoints(self.logs).values())[: -self._n_kept]:
                old.unlink(missing_ok=True)

    def _wait(self):
        if self._pending is not None:
            pending, self._pending = self._pending, None
            result_of(pending)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        try:
            self._wait()
        finally:
            self._pool.shutdown()
