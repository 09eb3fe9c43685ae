"""Apply a trained embedder to a data set in a file."""

import copy
import hashlib
import itertools
import os

import numpy as np

from skaudeep._engine import prefetch
from skaudeep._files import check_target
from skaudeep._progress import progress
from skaudeep._provenance import PROVENANCE, decode_provenance, encode_provenance
from skaudeep._validation import Integral, Interval, check_is_fitted, validate_params
from skaudeep.embedding.runs import kind_of
from skaudeep.exceptions import DataSetError
from skaudeep.experiment._inputs import check_spectrograms, check_trained_provenance, open_lazily, require_finite
from skaudeep.io.netcdf import write_blocks

_ROWS = 500  # instances that are read at a time


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
    """Write the features that a trained embedder gives of a data set of spectrograms.

    Parameters
    ----------
    embedder : embedder
        Fitted, an autoencoder or another one of `list_embedders`.
    input : path-like
        Data set with spectrograms, a NetCDF file; it is read piece by piece, and may be larger than memory.
    output : path-like
        File to write, in one step or not at all: the features, and all that `input` says of its instances. They have
        the dimension ``generated``, or ``generated_0`` and ``generated_1`` for one representation of each frame.
    batch_size : int, default=None
        Instances to have in memory at a time; None: 500. The features do not depend on it.
    check_settings : bool, default=True
        Whether to refuse spectrograms that say that they were made with other settings than those that the embedder
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
        If `input` cannot be read, has no spectrograms, others than the embedder takes or was trained on, or values
        that are not finite.
    ValueError
        If `output` is `input`.
    OSError
        If `output` cannot be written.

    See Also
    --------
    load_autoencoder : Reads the embedder.

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
                f"{source} has {n_features} features in a frame, and the network was trained on "
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
    """Describe features and the network that made them, for their provenance."""
    digest = hashlib.blake2b(digest_size=10)
    for name in sorted(embedder.weights_):
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(embedder.weights_[name]).tobytes())
    features = {"kind": kind_of(embedder), "output": embedder.output}
    if embedder.output == "states":
        features["statistics"] = list(embedder.statistics)
        if "covariance" in embedder.statistics:
            features["n_components"] = embedder.n_components
    return {"features": features | {"digest of the weights": digest.hexdigest()}, "input": provenance}


def _embed_blocks(embedder, ds, source, n_rows, advance):
    """Yield pairs of a first instance and the features from there on."""

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
    """Give the data set with other features, of which there is only the shape."""
    dims = ("generated",) if len(shape) == 1 else tuple(f"generated_{axis}" for axis in range(len(shape)))
    others = ds.drop_dims(ds["features"].dims[1:])
    features = np.broadcast_to(np.float32(0), (ds.sizes["instance"], *shape))
    return others.assign(features=(("instance", *dims), features))
