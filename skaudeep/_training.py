"""The training loop, once, for every network: epochs, early stopping, callbacks, checkpoints, interruption."""

import collections
import contextlib
import dataclasses
import functools
import json
import math
import os
import warnings
from pathlib import Path

import numpy as np
from sklearn.model_selection import train_test_split

from skaudeep._archives import Allowance, check_digests, digest, from_npy, read_members, to_npy, write_members
from skaudeep._engine import prefetch
from skaudeep._files import atomic_path
from skaudeep._progress import progress
from skaudeep._sequences import cut, cut_by_length
from skaudeep._versions import Storable
from skaudeep.exceptions import TrainingError

#: the product of two larger weights is infinite in single precision
_LARGEST_WEIGHT = float(np.sqrt(np.finfo(np.float32).max))

_HEADER, _DIGESTS = "header.npy", "digests"  # a member of a file of arrays, and what its header calls the checksums

#: of a learning rate with one cycle: the part of all steps in which it rises, and the factor that it starts from
WARM_UP, START = 0.3, 1 / 25

BATCHES_IN_POOL = 8  # batches among which sequences are sorted by length


@dataclasses.dataclass
class TrainingState(Storable):
    """Where training stands after its last finished epoch; everything needed to go on from there.

    Attributes
    ----------
    weights, optimizer : dict of str to ndarray
        The network's weights and its optimizer's state (None before the first epoch).
    seed : int
        With the epoch and step, the origin of all randomness in training.
    n_epochs, n_steps : int
        Finished so far.
    history : dict of str to list of float
        "loss" and, with validation, "val_loss" of each epoch.
    best_weights : dict of str to ndarray or None
        Weights of the epoch with the lowest validation loss.
    best_loss : float
        That loss; NaN for what is still to be found out of `best_weights`.
    n_stalled : int
        Epochs since then.
    """

    weights: dict
    seed: int
    optimizer: dict | None = None
    n_epochs: int = 0
    n_steps: int = 0
    history: dict = dataclasses.field(default_factory=dict)
    best_weights: dict | None = None
    best_loss: float = np.inf
    n_stalled: int = 0

    _ARRAYS = ("weights", "optimizer", "best_weights")
    _NUMBERS = ("seed", "n_epochs", "n_steps", "history", "best_loss", "n_stalled")

    def save(self, path):
        """Write the state to one file, atomically."""
        save_arrays(path, {name: getattr(self, name) for name in self._NUMBERS}, self.to_arrays())

    @classmethod
    def load(cls, path):
        """Read what `save` wrote; a `ValueError` names the file if it is damaged or something else."""
        header, arrays = load_arrays(path)
        try:
            return cls.from_arrays(header, arrays)
        except (KeyError, TypeError) as error:
            raise ValueError(f"{os.fspath(path)!r} holds arrays that are not the state of a training") from error

    def to_arrays(self):
        """All arrays under one name each, for a file."""
        groups = {group: getattr(self, group) or {} for group in self._ARRAYS}
        return {f"{group}/{name}": array for group, arrays in groups.items() for name, array in arrays.items()}

    @classmethod
    def from_arrays(cls, header, arrays):
        """Inverse of `to_arrays`, with the numbers of a file's header."""
        groups = {group: {} for group in cls._ARRAYS}
        for key, array in arrays.items():
            group, _, name = key.partition("/")
            groups[group][name] = array
        numbers = {name: header[name] for name in cls._NUMBERS if name in header}
        return cls(**numbers, **{group: values or None for group, values in groups.items()})


@dataclasses.dataclass(frozen=True)
class Schedule:
    """How long and how fast to train.

    Attributes
    ----------
    max_epochs : int
        Total number of epochs, those of an earlier run included.
    learning_rate : float
        Of Adam; the highest one where it changes.
    learning_rate_schedule : {"constant", "cosine", "one-cycle"}
        How it changes from step to step, see `learning_rate_at`.
    first_epoch : int
        Where the schedule of the learning rate begins.
    n_iter_no_change : int or None
        Stop after so many epochs without a lower validation loss; None: never.
    verbose : bool
        Show progress.
    description : str
        What is trained, for the progress bar.
    keep_epochs : bool
        Copy weights and optimizer after every epoch, so that an interruption falls back on a finished one.
    remedy : str
        What to do about a loss that is not finite.
    """

    max_epochs: int
    learning_rate: float
    learning_rate_schedule: str = "constant"
    first_epoch: int = 0
    n_iter_no_change: int | None = None
    verbose: bool = False
    description: str = "Training"
    keep_epochs: bool = True
    remedy: str = "lower `learning_rate`"

    def learning_rate_at(self, epoch, share):
        """Give the learning rate of a step.

        Parameters
        ----------
        epoch : int
            The number of the epoch, from 0.
        share : float
            The part of the epoch's steps that is done, in [0, 1).

        Returns
        -------
        float
            Constant; or falling to zero with the cosine; or rising from a 25th over the first 30 % of all steps, and
            falling to zero after them, with the cosine both.
        """
        done = min(1, (epoch + share - self.first_epoch) / max(1, self.max_epochs - self.first_epoch))
        if self.learning_rate_schedule == "constant":
            factor = 1
        elif self.learning_rate_schedule == "cosine":
            factor = (1 + math.cos(math.pi * done)) / 2
        elif done < WARM_UP:
            factor = START + (1 - START) * (1 - math.cos(math.pi * done / WARM_UP)) / 2
        else:
            factor = (1 + math.cos(math.pi * (done - WARM_UP) / (1 - WARM_UP))) / 2
        return self.learning_rate * factor


class Task:
    """What is trained: a network, where its batches come from, and what a step and a validation are.

    Attributes
    ----------
    network : NetworkMixin
        Borrowed; gets the weights of the state of the training.
    validates : bool
        Whether there is a split to validate on.
    """

    network = None
    validates = False

    def batches(self, epoch):
        """Give the batches of an epoch, a sequence of arrays of row numbers."""
        raise NotImplementedError

    def load(self, rows):
        """Give the arrays of a batch; called in a thread, ahead of their use."""
        raise NotImplementedError

    def train_batch(self, arrays, seed):
        """Update the weights once, with an int32 pair as seed; give the losses before that, by name, "loss" first."""
        raise NotImplementedError

    def validate(self):
        """Give the losses on the validation split, by name."""
        raise NotImplementedError


def train(task, state, schedule, *, callbacks=(), checkpoint=None, after_epoch=None):
    """Train a borrowed network from `state` on, updating `state` after each finished epoch.

    Parameters
    ----------
    task : Task
        The network and its data.
    state : TrainingState
        Changed in place.
    schedule : Schedule
        How long and how fast.
    callbacks : sequence of keras.callbacks.Callback
        As for ``keras.Model.fit``.
    checkpoint : path-like, optional
        File to write after every epoch.
    after_epoch : callable, optional
        Called with no argument after every epoch, when `state` is up to date.

    Raises
    ------
    TrainingError
        When a loss, a weight or the optimizer's state is not finite; `state` then holds the last finished epoch.
    KeyboardInterrupt
        Only before the end of the first epoch, or where `after_epoch` has kept what there is; else the last finished
        epoch is kept and a warning given.
    """
    n_before = state.n_epochs
    try:
        if n_before < schedule.max_epochs and not _has_stalled(state, schedule):
            task.network.load_weights_dict(state.weights)
            task.network.prepare_training(schedule.learning_rate, state.optimizer)
            if task.validates and np.isnan(state.best_loss):
                state.best_loss = task.validate()["loss"]
            _run_epochs(task, state, schedule, callbacks, checkpoint, after_epoch)
    except KeyboardInterrupt:
        if state.n_epochs == n_before or not schedule.keep_epochs or after_epoch is not None:
            raise
        kept = "the best finished one" if task.validates else f"epoch {state.n_epochs}, the last finished one"
        warnings.warn(f"training was interrupted; the result is that of {kept}", stacklevel=2)
    finally:
        if task.validates and state.best_weights is not None:
            state.weights = state.best_weights


def _run_epochs(task, state, schedule, callbacks, checkpoint, after_epoch):
    n_left = schedule.max_epochs - state.n_epochs
    keep = schedule.keep_epochs or checkpoint is not None
    with (
        progress(schedule.description, n_left, enabled=schedule.verbose, unit="epochs") as advance,
        _callback_list(task.network, schedule, callbacks) as hooks,
    ):
        for epoch in range(state.n_epochs, schedule.max_epochs):
            hooks.on_epoch_begin(epoch)
            logs, n_steps = _run_epoch(task, state, schedule, epoch, hooks)
            _finish_epoch(task.network, state, schedule, n_steps, logs, keep)
            if checkpoint is not None:
                state.save(checkpoint)
            if after_epoch is not None:
                after_epoch()
            hooks.on_epoch_end(epoch, logs)
            advance(note="  ".join(f"{name} {value:.4f}" for name, value in logs.items()))
            if task.network.stop_training or _has_stalled(state, schedule):
                break
    # callbacks may have put other weights into the network, as Keras's EarlyStopping does
    if callbacks or not keep:
        state.weights, state.optimizer = _read(task.network, schedule, state.n_epochs)


def _read(network, schedule, n_epochs):
    """Read weights and optimizer after an epoch, whose last update no loss has seen yet; refuse what has diverged."""
    weights, optimizer = network.read_weights(), network.read_optimizer()
    for kind, arrays, limit in (
        ("a weight", weights, _LARGEST_WEIGHT),
        ("a number of the optimizer's state", optimizer, np.finfo(np.float32).max),
    ):
        for array in arrays.values():
            largest = max(array.max(), -array.min())
            if not largest <= limit:  # also NaN
                raise TrainingError(
                    f"{kind} became {largest:g} in epoch {n_epochs}, too large to compute with: {schedule.remedy}"
                )
    return weights, optimizer


def _run_epoch(task, state, schedule, epoch, hooks):
    """Pass over the data once; gives the losses, means weighted by batch size, and the number of steps."""
    totals, rows = collections.Counter(), task.batches(epoch)
    for i, arrays in enumerate(prefetch(task.load, rows)):
        hooks.on_train_batch_begin(i)
        if schedule.learning_rate_schedule != "constant":
            task.network.set_learning_rate(schedule.learning_rate_at(epoch, i / len(rows)))
        seed = np.array([state.seed, state.n_steps + i], np.int32)
        losses = {name: float(loss) for name, loss in task.train_batch(arrays, seed).items()}
        for name, loss in losses.items():
            if not np.isfinite(loss):
                what = "the loss" if name == "loss" else name
                raise TrainingError(f"{what} became {loss} in epoch {epoch + 1}, batch {i + 1}: {schedule.remedy}")
            totals[name] += loss * len(rows[i])
        hooks.on_train_batch_end(i, losses)
    n_rows = sum(map(len, rows))
    logs = {name: total / n_rows for name, total in totals.items()}
    if task.validates:
        logs |= {f"val_{name}": loss for name, loss in task.validate().items()}
        if not np.isfinite(logs["val_loss"]):
            raise TrainingError(
                f"the validation loss became {logs['val_loss']} in epoch {epoch + 1}: {schedule.remedy}"
            )
    return logs, len(rows)


def _finish_epoch(network, state, schedule, n_steps, logs, keep):
    # an epoch without validation, as of partial_fit, has no validation loss: all lists stay as long as there are epochs
    names = [*logs, *(name for name in state.history if name not in logs)]
    unknown = [np.nan] * state.n_epochs
    history = {name: [*state.history.get(name, unknown), logs.get(name, np.nan)] for name in names}
    better = logs.get("val_loss", np.inf) < state.best_loss
    new = {
        "n_epochs": state.n_epochs + 1,
        "n_steps": state.n_steps + n_steps,
        "history": history,
        "n_stalled": 0 if better else state.n_stalled + 1,
    }
    if keep:
        new["weights"], new["optimizer"] = _read(network, schedule, state.n_epochs + 1)
    if better:
        new["best_loss"] = logs["val_loss"]
        new["best_weights"] = new["weights"] if keep else network.read_weights()
    vars(state).update(new)  # at once: Ctrl-C must not come in between


def _has_stalled(state, schedule):
    return schedule.n_iter_no_change is not None and state.n_stalled >= schedule.n_iter_no_change


@contextlib.contextmanager
def _callback_list(network, schedule, callbacks):
    """Keras callbacks between their ``on_train_begin`` and ``on_train_end``, which comes also after a failure."""
    import keras

    hooks = keras.callbacks.CallbackList(
        list(callbacks), model=network, add_history=False, epochs=schedule.max_epochs, verbose=int(schedule.verbose)
    )
    hooks.on_train_begin()
    try:
        yield hooks
    finally:
        hooks.on_train_end()


def unchanged_by_failure(learned):
    """Decorate a method that fits, so that the estimator stays as it was where that fails.

    Parameters
    ----------
    learned : str
        The attribute that is set when something has been learned, if only the first epochs of many; from then on the
        estimator keeps what it has.

    Returns
    -------
    callable
        The decorator.
    """

    def decorate(method):
        @functools.wraps(method)
        def wrapper(self, *args, **kwargs):
            before = dict(vars(self))
            try:
                return method(self, *args, **kwargs)
            except BaseException:
                if vars(self).get(learned) is before.get(learned):
                    vars(self).clear()
                    vars(self).update(before)
                raise

        return wrapper

    return decorate


def check_callbacks(callbacks):
    """Check what `fit` was given as callbacks of Keras."""
    if callbacks is None:
        return
    if not isinstance(callbacks, (list, tuple)):
        raise TypeError(f"callbacks={callbacks!r}: give a list of Keras callbacks")
    for callback in callbacks:
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(f"callbacks={callbacks!r}: {callback!r} is not a Keras callback")
        if getattr(callback, "save_weights_only", True) is False:
            raise ValueError(
                f"{type(callback).__name__} in callbacks needs save_weights_only=True; to save models, use "
                "checkpoint_dir, or skaudeep.save after fit"
            )


def split_rows(estimator, n_samples, seed, stratify=None):
    """Split rows into those to train on and those to validate on, as the estimator's parameters say.

    Parameters
    ----------
    estimator : estimator
        With parameters `early_stopping` and `validation_fraction`.
    n_samples, seed : int
        Number of rows; the origin of chance.
    stratify : ndarray of shape (n_samples,), optional
        Labels, to keep their shares in both splits where there are enough of each.

    Returns
    -------
    training : ndarray of int
    validation : ndarray of int or None
        None without early stopping.
    """
    rows = np.arange(n_samples)
    if not estimator.early_stopping:
        return rows, None
    fraction = estimator.validation_fraction
    n_validation = max(1, round(fraction * n_samples))
    if n_validation >= n_samples:
        raise ValueError(
            f"early_stopping=True with validation_fraction={fraction} leaves none of the n_samples={n_samples} for "
            "training: lower validation_fraction or give more data"
        )
    if stratify is not None:
        counts = np.bincount(stratify)
        if counts.min() < 2 or min(n_validation, n_samples - n_validation) < len(counts):
            stratify = None
    training, validation = train_test_split(rows, test_size=n_validation, random_state=seed, stratify=stratify)
    return np.sort(training), np.sort(validation)


def shuffled_batches(rows, batch_size, seed, epoch, lengths=None):
    """Cut the rows of one epoch into batches by chance.

    Sequences of unequal length are sorted by it within pools of several batches: little of a batch is padding then
    (at most a tenth for lengths uniform between 1 and 4), and still its sequences are others in each epoch.

    Parameters
    ----------
    rows : ndarray of int
        The rows to train on.
    batch_size : int or None
        Rows of a batch; None: all in one.
    seed, epoch : int
        The origin of chance.
    lengths : ndarray of int, optional
        Length of every sequence of the data, where these are not all equal.

    Returns
    -------
    list of ndarray of int
        Row numbers; every row once.
    """
    if batch_size is None or batch_size >= len(rows):
        return [rows]
    random = np.random.RandomState([seed, epoch])
    rows = random.permutation(rows)
    if lengths is None:
        return cut(rows, batch_size)
    pools = cut(rows, batch_size * BATCHES_IN_POOL)
    batches = [batch for pool in pools for batch in cut_by_length(pool, lengths, batch_size)]
    return [batches[i] for i in random.permutation(len(batches))]


def save_arrays(path, header, arrays):
    """Write named arrays and a JSON header to one ``.npz`` file, atomically, with a checksum of each array.

    Parameters
    ----------
    path : path-like
        The file; an earlier one is replaced only when the new one is complete.
    header : dict
        JSON-serialisable.
    arrays : dict of str to ndarray
        No object arrays.
    """
    members = {f"{name}.npy": to_npy(array) for name, array in arrays.items()}
    digests = {name: digest(content) for name, content in members.items()}
    header = to_npy(np.array(json.dumps(header | {_DIGESTS: digests})))
    with atomic_path(path) as temporary:
        write_members(temporary, [(_HEADER, header), *members.items()])


def load_arrays(path):
    """Read what `save_arrays` wrote; nothing in the file is executed.

    Returns
    -------
    header : dict
    arrays : dict of str to ndarray

    Raises
    ------
    ValueError
        If the file is damaged, at whatever place, or something else.
    """
    data = Path(path).read_bytes()
    try:
        members = read_members(data, Allowance(0))
        header = json.loads(str(from_npy(members.pop(_HEADER))))
        check_digests(members, header.pop(_DIGESTS, None))
        return header, {name.removesuffix(".npy"): from_npy(content) for name, content in members.items()}
    except Exception as error:  # a damaged file can make anything fail
        raise ValueError(
            f"{os.fspath(path)!r} is not a file that skaudeep wrote, or it is damaged ({error})"
        ) from error
