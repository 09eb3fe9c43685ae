"""Trained embedders: the checkpoints of a training run, and what is in one of them."""

import glob
import re
from pathlib import Path

from skaudeep._files import check_path
from skaudeep._persistence import load
from skaudeep._validation import Integral, Interval, validate_params
from skaudeep.embedding import BaseEmbedder, list_embedders
from skaudeep.embedding._checkpoints import USE_PARAMETERS
from skaudeep.embedding.audeep import find_kind
from skaudeep.exceptions import Message, ParameterError, param
from skaudeep.results.files import TRAINING_FILE


def kind_of(embedder):
    """Give the kind that an embedder is, such as "t-rae"."""
    if isinstance(embedder, BaseEmbedder) and hasattr(embedder, "kind"):
        return embedder.kind
    names = ", ".join(embedder_class.__name__ for embedder_class in list_embedders().values())
    raise TypeError(f"embedder={embedder!r:.200}: give one of {names}")


def parameters_of_use(embedder):
    """Give the parameters that only decide what is made of a trained network."""
    parameters = embedder.get_params(deep=False)
    return {name: parameters[name] for name in USE_PARAMETERS if name in parameters}


def list_checkpoints(model_dir, ending="skaudeep"):
    """List the checkpoints of a run, by the number of training steps: ours, or the original's ("index").

    `model_dir` is the folder of the run, or its folder ``logs``.
    """
    check_path(model_dir, "model_dir", "folder")
    folder = Path(model_dir)
    if not folder.is_dir():
        raise FileNotFoundError(Message(f"{param('model_dir', str(folder))}: there is no such folder"))
    pattern = re.compile(rf"model-(0|[1-9]\d*)\.{ending}")
    for place in (folder, folder / "logs"):
        matches = [pattern.fullmatch(path.name) for path in place.iterdir()] if place.is_dir() else []
        found = {int(match[1]): place / match[0] for match in matches if match}
        if found:
            return dict(sorted(found.items()))
    return {}


def model_files(model_dir):
    """List the files that make a model, or several of a run: checkpoints, and the record of the training."""
    place = Path(model_dir)
    if not place.is_dir():  # one checkpoint, whose ending may be left out, and which may be in several files
        return sorted(place.parent.glob(f"{glob.escape(place.stem)}*"))
    folders = [place, place / "logs"]
    if place.absolute().name == "logs":
        folders.append(place.absolute().parent)
    return sorted(file for folder in folders for pattern in ("model-*", TRAINING_FILE) for file in folder.glob(pattern))


def load_checkpoint(path):
    """Read one of our checkpoints, a fitted embedder."""
    try:
        embedder = load(path)
    except ValueError as error:
        raise ValueError(
            f"the checkpoint {str(path)!r} is damaged, or not a file of skaudeep ({error}); choose another one by its "
            "step, or remove it to go on from the one before it"
        ) from error
    if not isinstance(embedder, BaseEmbedder) or not hasattr(embedder, "weights_"):
        raise ValueError(f"{str(path)!r} holds a {type(embedder).__name__}, not a trained embedder")
    return embedder


@validate_params(
    {
        "model_dir": "no_validation",
        "kind": [str, None],
        "step": [Interval(Integral, 0, None, closed="left"), None],
        "window_overlap": [Interval(Integral, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def load_autoencoder(model_dir, *, kind=None, step=None, window_overlap=None):
    """Read a trained embedder, one of ours, autoencoder or not, or an autoencoder of the original auDeep.

    Parameters
    ----------
    model_dir : path-like
        Folder of a run, its folder ``logs``, or one checkpoint: a file of ``train_autoencoder`` or
        :func:`skaudeep.save`, or the original's ``model-STEP.index``, with or without its ending.
    kind : str, default=None
        What is expected, such as "t-rae" (see `list_embedders`); None: any.
    step : int, default=None
        Which checkpoint of a run, by the number of training steps; None: the newest.
    window_overlap : int, default=None
        For a few sizes of the original's models that are recurrent in frequency, whose checkpoints leave it open; the
        error says so then.

    Returns
    -------
    embedder
        Fitted.

    Raises
    ------
    FileNotFoundError
        If there is no checkpoint.
    ValueError
        If the checkpoint is damaged, or of another kind, or there is none of that step.

    See Also
    --------
    train_autoencoder : Makes runs.
    generate_features : Applies it to a file.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.experiment import load_autoencoder, train_autoencoder
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 4))
    >>> ds = make_dataset(X, [f"{i}.wav" for i in range(6)])
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, random_state=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     trained = train_autoencoder(embedder, ds, folder)
    ...     again = load_autoencoder(folder)
    >>> bool((again.transform(X) == trained.transform(X)).all())
    True
    """
    path = find_checkpoint(model_dir, step)
    embedder_class = None
    if path.suffix == ".skaudeep":
        embedder = load_checkpoint(path)
        found = kind_of(embedder)
    else:
        found = find_kind(path.with_suffix(""))
        embedder_class = list_embedders()[found]
    if kind not in (None, found):
        raise ValueError(Message(f"{str(path)!r} is a model of {found}, not of {kind}: use {param('kind', found)}"))
    if embedder_class is not None:
        parameters = {} if window_overlap is None else {"window_overlap": window_overlap}
        embedder = embedder_class.from_audeep(path.with_suffix(""), **parameters)
    return embedder


def find_checkpoint(model_dir, step=None):
    """Find the file of a checkpoint, with the ending ``.skaudeep`` or ``.index``."""
    check_path(model_dir, "model_dir", "folder")
    place = Path(model_dir)
    if not place.is_dir():
        files = [place, *(place.with_name(f"{place.name}{ending}") for ending in (".skaudeep", ".index"))]
        found = [path for path in files if path.is_file() and path.suffix in (".skaudeep", ".index")]
        if not found:
            remedy = "give the folder of a run, its folder logs, or a file model-STEP.skaudeep or model-STEP.index"
            missing = f"{param('model_dir', str(place))}: there is no such folder and no such checkpoint"
            raise FileNotFoundError(Message(f"{missing}; {remedy}"))
        if step is not None and found[0].stem != f"model-{step}":
            remedy = f", but {str(place)!r} is one checkpoint: give its folder, or leave {param.step} out"
            raise ParameterError("step", step, remedy)
        return found[0]
    ours, originals = list_checkpoints(place), list_checkpoints(place, "index")
    if not ours and not originals:
        missing = f"{param('model_dir', str(place))} holds no checkpoint, and neither does its folder logs"
        remedy = "train a network first"
        raise FileNotFoundError(Message(f"{missing}, that is no model-STEP.skaudeep and no model-STEP.index: {remedy}"))
    candidates = [found for found in (ours, originals) if found and (step is None or step in found)]
    if not candidates:
        steps = ", ".join(map(str, sorted({*ours, *originals})))
        raise ParameterError("step", step, f": {str(place)!r} has no such checkpoint; the steps there are {steps}")
    if len(candidates) > 1:
        names = " and ".join(found[max(found) if step is None else step].name for found in candidates)
        raise ValueError(
            f"{str(place)!r} holds checkpoints of skaudeep and of the original auDeep ({names}): give the one that is "
            "meant"
        )
    return candidates[0][max(candidates[0]) if step is None else step]
