"""Apply a trained autoencoder to a data set in a file."""

import copy
import hashlib
import itertools
import os
from pathlib import Path

import numpy as np

from skaudeep._engine import prefetch
from skaudeep._files import check_path, check_target
from skaudeep._messages import Message, param
from skaudeep._progress import progress
from skaudeep._provenance import PROVENANCE, decode_provenance, encode_provenance
from skaudeep._validation import Integral, Interval, StrOptions, check_is_fitted, validate_params
from skaudeep.exceptions import DataSetError, ParameterError
from skaudeep.experiment._inputs import check_spectrograms, check_trained_provenance, open_lazily, require_finite
from skaudeep.experiment._train import AUTOENCODERS, kind_of, list_checkpoints, load_checkpoint
from skaudeep.io._netcdf import write_blocks

_ROWS = 500  # instances that are read at a time


@validate_params(
    {
        "model_dir": "no_validation",
        "kind": [StrOptions(set(AUTOENCODERS)), None],
        "step": [Interval(Integral, 0, None, closed="left"), None],
        "window_overlap": [Interval(Integral, 0, None, closed="left"), None],
    },
    prefer_skip_nested_validation=True,
)
def load_autoencoder(model_dir, *, kind=None, step=None, window_overlap=None):
    """Read a trained autoencoder, one of ours or of the original auDeep.

    Parameters
    ----------
    model_dir : path-like
        Folder of a run, its folder ``logs``, or one checkpoint: a file of ``train_autoencoder`` or
        :func:`skaudeep.save`, or the original's ``model-STEP.index``, with or without its ending.
    kind : {"t-rae", "f-rae", "ft-rae"}, default=None
        What is expected; None: any.
    step : int, default=None
        Which checkpoint of a run, by the number of training steps; None: the newest.
    window_overlap : int, default=None
        For a few sizes of the original's models that are recurrent in frequency, whose checkpoints leave it open; the
        error says so then.

    Returns
    -------
    Seq2SeqAutoencoderEmbedder, FrequencyAutoencoderEmbedder or FrequencyTimeAutoencoderEmbedder
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
    generate_features : Applies the autoencoder to a file.

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
        found = _kind_of_original(path)
        embedder_class = AUTOENCODERS[found]
    if kind not in (None, found):
        raise ValueError(Message(f"{str(path)!r} is a model of {found}, not of {kind}: use {param('kind', found)}"))
    if embedder_class is not None:
        parameters = {} if window_overlap is None else {"window_overlap": window_overlap}
        embedder = embedder_class.from_audeep(path.with_suffix(""), **parameters)
    return embedder


def find_checkpoint(model_dir, step=None):
    """File of the wanted checkpoint, with the ending ``.skaudeep`` or ``.index``."""
    check_path(model_dir, "model_dir", "folder")
    place = Path(model_dir)
    if not place.is_dir():
        files = [place, *(place.with_name(f"{place.name}{ending}") for ending in (".skaudeep", ".index"))]
        found = [path for path in files if path.is_file() and path.suffix in (".skaudeep", ".index")]
        if not found:
            raise FileNotFoundError(
                f"{str(place)!r}: there is no such folder and no such checkpoint; give the folder of a run, its folder "
                "logs, or a file model-STEP.skaudeep or model-STEP.index"
            )
        if step is not None and found[0].stem != f"model-{step}":
            raise ParameterError(
                "step", step, f", but {str(place)!r} is one checkpoint: give its folder, or leave {param.step} out"
            )
        return found[0]
    ours, originals = list_checkpoints(place), list_checkpoints(place, "index")
    if not ours and not originals:
        raise FileNotFoundError(
            f"{str(place)!r} holds no checkpoint, that is no model-STEP.skaudeep and no model-STEP.index, and neither "
            "does its folder logs: train an autoencoder first"
        )
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


def _kind_of_original(path):
    from skaudeep.embedding._audeep import find_kind

    found = find_kind(path.with_suffix(""))
    return next(kind for kind, embedder_class in AUTOENCODERS.items() if embedder_class._kind == found)


@validate_params(
    {
        "embedder": "no_validation",
        "input": [str, os.PathLike],
        "output": [str, os.PathLike],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "check_settings": ["boolean"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def generate_features(embedder, input, output, *, batch_size=None, check_settings=True, verbose=0):
    """Write the features that a trained autoencoder has learned to see in a data set of spectrograms.

    Parameters
    ----------
    embedder : Seq2SeqAutoencoderEmbedder, FrequencyAutoencoderEmbedder or FrequencyTimeAutoencoderEmbedder
        Fitted.
    input : path-like
        Data set with spectrograms, a NetCDF file; it is read piece by piece, and may be larger than memory.
    output : path-like
        File to write, in one step or not at all: the features, and all that `input` says of its instances. They have
        the dimension ``generated``, or ``generated_0`` and ``generated_1`` for one representation of each frame.
    batch_size : int, default=None
        Instances to have in memory at a time; None: 500. The features do not depend on it.
    check_settings : bool, default=True
        Whether to refuse spectrograms that say that they were made with other settings than those that the autoencoder
        was trained on by :func:`train_autoencoder`.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    dict of str to int
        The dimensions of the features written, and their sizes.

    Raises
    ------
    DataSetError
        If `input` cannot be read, has no spectrograms, others than the autoencoder takes or was trained on, or values
        that are not finite.
    ValueError
        If `output` is `input`.
    OSError
        If `output` cannot be written.

    See Also
    --------
    load_autoencoder : Reads the autoencoder.

    Examples
    --------
    >>> import os, tempfile
    >>> import numpy as np
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.experiment import generate_features
    >>> from skaudeep.io import write_netcdf
    >>> X = np.sin(np.arange(6)[:, None, None] + np.arange(8)[:, None] * np.arange(1, 4))
    >>> embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, random_state=0).fit(X)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     paths = [os.path.join(folder, name) for name in ("spectrograms.nc", "features.nc")]
    ...     write_netcdf(make_dataset(X, [f"{i}.wav" for i in range(6)]), paths[0])
    ...     generate_features(embedder, *paths)
    {'instance': 6, 'generated': 4}
    """
    kind_of(embedder)
    check_is_fitted(embedder)
    check_target(output, {"the input": input})
    with open_lazily(input) as ds:
        source = os.fspath(input)
        check_spectrograms(ds, source)
        n_features = ds["features"].shape[2]
        if n_features != embedder.n_features_in_:
            raise DataSetError(
                f"{source} has {n_features} features in a frame, and the autoencoder was trained on "
                f"{embedder.n_features_in_}: extract spectrograms with the settings of the training"
            )
        provenance = decode_provenance(ds.attrs, source)
        if check_settings:
            check_trained_provenance(embedder, provenance, source)
        with progress("Generating features", ds.sizes["instance"], enabled=bool(verbose), unit="instances") as advance:
            blocks = _embed_blocks(embedder, ds, source, batch_size or _ROWS, advance)
            start, first = next(blocks)
            result = _with_features(ds, first.shape[1:])
            result.attrs[PROVENANCE] = encode_provenance([_describe_features(embedder, provenance)])
            blocks = itertools.chain([(start, first)], blocks)
            write_blocks(result, output, blocks, compression=0, chunk_size=None)
    return dict(result["features"].sizes)


def _describe_features(embedder, provenance):
    """What the provenance of features says of the network that made them."""
    digest = hashlib.blake2b(digest_size=10)
    for name in sorted(embedder.weights_):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(embedder.weights_[name]).tobytes())
    features = {"kind": kind_of(embedder), "output": embedder.output}
    if embedder.output == "states":
        features["statistics"] = list(embedder.statistics)
    return {"features": features | {"digest of the weights": digest.hexdigest()}, "input": provenance}


def _embed_blocks(embedder, ds, source, n_rows, advance):
    """Pairs of a first instance and the features from there on."""

    def load(start):
        block = np.ascontiguousarray(ds["features"][start : start + n_rows].values, dtype=np.float32)
        require_finite(block, start, ds, source)
        return block

    embedder = copy.copy(embedder)
    embedder.batch_size = n_rows
    starts = range(0, ds.sizes["instance"], n_rows)
    for start, block in zip(starts, prefetch(load, starts, n_ahead=1), strict=True):
        yield start, np.asarray(embedder.transform(block))  # scikit-learn may be set to tables
        advance(len(block))


def _with_features(ds, shape):
    """The data set with other features, of which there is only the shape."""
    dims = ("generated",) if len(shape) == 1 else tuple(f"generated_{axis}" for axis in range(len(shape)))
    others = ds.drop_dims(ds["features"].dims[1:])
    features = np.broadcast_to(np.float32(0), (ds.sizes["instance"], *shape))
    return others.assign(features=(("instance", *dims), features))
