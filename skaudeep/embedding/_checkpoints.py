"""Checkpoints of a training: which file, and what is in it already."""

import hashlib
import json

import numpy as np

from skaudeep._files import make_folder
from skaudeep._training import TrainingState

#: parameters of later versions, with the values that leave a training as it was before them
ADDED_PARAMETERS = {"learning_rate_schedule": "constant", "weight_decay": 0.0}

#: parameters that only decide what is made of a trained network
USE_PARAMETERS = ("output", "statistics", "n_bands", "n_components")

#: parameters that are not part of what a checkpoint belongs to: they change how long and how loudly an embedder
#: learns, and what is made of it then, not what it learns
FREE_PARAMETERS = (
    "max_epochs",
    "checkpoint_dir",
    "log_dir",
    "verbose",
    "warm_start",
    *USE_PARAMETERS,
)


def identify_training(embedder):
    """Give the parameters that decide what an embedder learns from given data.

    Parameters
    ----------
    embedder : BaseEmbedder
        Fitted or not.

    Returns
    -------
    dict
        Values by name: not of those that decide where and how loudly it learns, what is made of it then, or, unless the
        learning rate depends on it, how long it learns.

    Examples
    --------
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> from skaudeep.embedding import identify_training
    >>> sorted(identify_training(Seq2SeqAutoencoderEmbedder()))[:3]
    ['batch_size', 'bidirectional_decoder', 'bidirectional_encoder']
    """
    free = FREE_PARAMETERS
    if embedder.learning_rate_schedule != "constant":  # each step depends on the last one
        free = tuple(name for name in free if name != "max_epochs")
    parameters = {}
    for name, value in embedder.get_params(deep=False).items():
        is_as_before = name in ADDED_PARAMETERS and value == ADDED_PARAMETERS[name]
        if name not in free and not is_as_before:
            parameters[name] = value
    return parameters


def find_checkpoint(embedder, sequences, state, n_epochs):
    """File to keep this training in (None: in none), and where it stands by what is in that file already.

    `n_epochs` is where the training is to end.
    """
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


def _checkpoint_path(embedder, sequences, state):
    """File of this very training: the same parameters, seed, first weights and data lead to the same name."""
    folder = make_folder(embedder.checkpoint_dir, "checkpoint_dir")
    parameters = identify_training(embedder)
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
