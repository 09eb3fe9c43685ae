"""Checkpoints of a training: which file, and what is in it already."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np

from skaudeep._training import TrainingState

#: parameters that are not part of what a checkpoint belongs to: they change how long and how loudly an embedder
#: learns, and what is made of it then, not what it learns
FREE_PARAMETERS = (
    "max_epochs",
    "checkpoint_dir",
    "log_dir",
    "verbose",
    "output",
    "statistics",
    "warm_start",
)


def find_checkpoint(embedder, sequences, state):
    """File to keep this training in (None: in none), and where it stands by what is in that file already."""
    n_epochs = state.n_epochs + embedder.max_epochs
    if embedder.checkpoint_dir is None or embedder.max_epochs == 0:
        return None, state
    path = _checkpoint_path(embedder, sequences, state)
    if not path.exists():
        return path, state
    try:
        stored = TrainingState.load(path)
    except ValueError as error:
        raise ValueError(f"the checkpoint {str(path)!r} is damaged: delete it to train anew ({error})") from error
    if _shapes(stored.weights) != _shapes(state.weights):
        raise ValueError(f"the checkpoint {str(path)!r} is of another network: delete it to train anew")
    # one of more epochs than asked for is neither used nor overwritten
    return (None, state) if stored.n_epochs > n_epochs else (path, stored)


def _shapes(weights):
    return {name: array.shape for name, array in (weights or {}).items()}


def make_folder(path, parameter):
    """Make the folder that a parameter names, unless it is there."""
    try:
        Path(path).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(f"{parameter}={os.fspath(path)!r} cannot be made a folder ({error.strerror})") from error
    return Path(path)


def _checkpoint_path(embedder, sequences, state):
    """File of this very training: the same parameters, seed, first weights and data lead to the same name."""
    folder = make_folder(embedder.checkpoint_dir, "checkpoint_dir")
    parameters = {k: v for k, v in embedder.get_params().items() if k not in FREE_PARAMETERS}
    parameters["random_state"] = None if embedder.random_state is None else state.seed
    digest = hashlib.blake2b(json.dumps(parameters, sort_keys=True, default=str).encode(), digest_size=10)
    if state.n_steps:  # not from fresh weights, which follow from the seed
        for name in sorted(state.weights):
            digest.update(state.weights[name].tobytes())
    digest.update(np.asarray(sequences.lengths, np.int64).tobytes())
    rows = np.arange(len(sequences))
    if sequences.lazy:  # a sample tells data sets apart without reading one that is larger than memory
        rows = np.unique(np.linspace(0, len(sequences) - 1, 64).astype(int))
    for i in range(0, len(rows), 64):
        digest.update(np.ascontiguousarray(sequences.take(rows[i : i + 64])[0]).tobytes())
    return folder / f"training-{digest.hexdigest()}.npz"
