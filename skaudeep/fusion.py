"""Several representations of a file made one: the chunks of a recording, the branches of a fusion."""

from typing import ClassVar

import numpy as np
import pandas as pd
from sklearn.base import TransformerMixin, clone
from sklearn.model_selection import ParameterGrid
from sklearn.pipeline import FeatureUnion, Pipeline
from sklearn.utils import get_tags
from sklearn.utils.metaestimators import available_if

from skaudeep._chunks import ChunkwiseEstimator, flatten_chunks
from skaudeep._containers import RowNamesMixin, align_rows, name_rows, with_row_names
from skaudeep._validation import HasMethods, StrOptions, check_is_fitted, fit_context
from skaudeep._versions import VersionedMixin
from skaudeep.spectrogram import SharedSpectrograms, SpectrogramTransformer

__all__ = ["AudioFeatureUnion", "ChunkwiseTransformer", "make_fusion"]


def _has_columns(transformer):
    """Whether the output is a table and its columns have names."""
    return transformer.pooling is not None and hasattr(transformer.transformer, "get_feature_names_out")


class ChunkwiseTransformer(RowNamesMixin, TransformerMixin, ChunkwiseEstimator):
    """Transform each chunk of a file and pool the features of the chunks.

    A transformer, such as an embedder, is fitted on the chunks of all files, so that a file weighs as much
    as it has chunks. The number of samples stays the number of files.

    Parameters
    ----------
    transformer : transformer
        What turns a chunk into one vector; a clone is fitted.
    pooling : {"concatenate", "mean", "max"} or None, default="concatenate"
        How the vectors of the chunks of a file become one: joined end to end (all files need the same number
        of chunks), their mean or their maximum. None leaves them apart, as `MajorityVoteClassifier` wants
        them.

    Attributes
    ----------
    transformer_ : transformer
        The fitted clone.
    n_chunks_ : int or None
        Number of chunks of each file at `fit`, None if they differed.
    n_features_in_ : int
        Number of features of a chunk, the length of its last axis.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `transformer_` knows them.

    See Also
    --------
    skaudeep.classification.MajorityVoteClassifier : Pools the decisions rather than the features.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skaudeep.fusion import ChunkwiseTransformer
    >>> X = np.arange(24.0).reshape(2, 3, 4)  # 2 files, 3 chunks, 4 features
    >>> ChunkwiseTransformer(StandardScaler()).fit_transform(X).shape
    (2, 12)
    >>> ChunkwiseTransformer(StandardScaler(), pooling="mean").fit_transform(X).shape
    (2, 4)
    """

    _role = "transformer"

    _parameter_constraints: ClassVar[dict] = {
        "transformer": [HasMethods(["fit", "transform"])],
        "pooling": [StrOptions({"concatenate", "mean", "max"}), None],
    }

    def __init__(self, transformer, *, pooling="concatenate"):
        self.transformer = transformer
        self.pooling = pooling

    # The transformer's own parameters are not validated yet.
    @fit_context(prefer_skip_nested_validation=False)
    def fit(self, X, y=None, **params):
        """Fit the transformer on the chunks of all files.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, ...), sequence of n_files arrays of shape \
                (n_chunks_i, ...), or array-like of shape (n_files, n_features)
            Chunks: spectrograms for an embedder, vectors for a transformer of vectors. Two dimensions mean
            one chunk for each file.
        y : array-like of shape (n_files,), default=None
            Labels of the files, for a transformer that wants them.
        **params : dict
            Passed to the `fit` of `transformer`, by metadata routing if that is enabled. An array with one
            entry for each file, such as ``sample_weight``, is repeated for the chunks.

        Returns
        -------
        ChunkwiseTransformer
            The fitted transformer.

        Raises
        ------
        ValueError
            If a file has no chunk, or the files differ in their number of chunks and are to be concatenated.
        """
        chunks, counts = flatten_chunks(X)
        n_chunks = counts[0] if len(counts) else 1
        if self.pooling == "concatenate":
            _check_counts(counts, n_chunks)
        self._fit_chunks(chunks, counts, y, params)
        self.n_chunks_ = int(n_chunks) if (counts == n_chunks).all() else None
        return self

    def transform(self, X):
        """Transform each chunk and pool.

        Parameters
        ----------
        X : array-like of shape (n_files, n_chunks, ...), sequence of n_files arrays of shape \
                (n_chunks_i, ...), or array-like of shape (n_files, n_features)
            Chunks.

        Returns
        -------
        ndarray of shape (n_files, n_chunks * n_outputs), (n_files, n_outputs) or \
                (n_files, n_chunks, n_outputs)
            Features for the pooling "concatenate", "mean" or "max", and None; with None and unequal numbers
            of chunks an object array of n_files arrays of shape (n_chunks_i, n_outputs). With pandas output, a
            DataFrame, or with None, if X has an index, a Series of arrays with that index.

        Raises
        ------
        ValueError
            If the number of chunks is not that of `fit` and they are to be concatenated.
        """
        check_is_fitted(self)
        chunks, counts = flatten_chunks(X)
        if self.pooling == "concatenate":
            _check_counts(counts, self.n_chunks_)
        features = np.asarray(self.transformer_.transform(chunks))
        if features.ndim != 2:
            raise ValueError(
                f"{type(self.transformer_).__name__} gave an array of shape {features.shape} for "
                f"{counts.sum()} chunks; ChunkwiseTransformer needs one that makes a vector of each chunk."
            )
        return with_row_names(self, _pool(features, counts, self.pooling), X)

    @available_if(_has_columns)
    def get_feature_names_out(self, input_features=None):
        """Name the output features.

        Parameters
        ----------
        input_features : array-like of str or None, default=None
            Names of the features of a chunk.

        Returns
        -------
        ndarray of str objects
            The names that the transformer gives, with the number of the chunk in front if the chunks are
            concatenated.
        """
        check_is_fitted(self)
        names = self.transformer_.get_feature_names_out(input_features)
        if self.pooling != "concatenate":
            return names
        return np.array([f"chunk{i}_{name}" for i in range(self.n_chunks_) for name in names], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        inner = get_tags(self.transformer)
        tags.target_tags.required = inner.target_tags.required
        if inner.transformer_tags is not None:
            tags.transformer_tags.preserves_dtype = inner.transformer_tags.preserves_dtype
        return tags


def _check_counts(counts, n_chunks):
    """Check that each file has the number of chunks that the first one, or `fit`, had."""
    wrong = np.flatnonzero(counts != n_chunks)
    if len(wrong):
        raise ValueError(
            f'pooling="concatenate" needs {n_chunks} chunk(s) in each file, as many as the first file given to '
            f'fit has, but X[{wrong[0]}] has {counts[wrong[0]]}. Choose pooling="mean" or "max", or cut all '
            "files into the same number of chunks."
        )


def _pool(features, counts, pooling):
    """Pool the features (sum of counts, n_outputs) of the chunks into those of the files."""
    starts = np.cumsum(counts) - counts
    if pooling == "max":
        return np.maximum.reduceat(features, starts, axis=0)
    if pooling == "mean":
        return np.add.reduceat(features, starts, axis=0) / counts[:, np.newaxis].astype(features.dtype)
    if (counts == counts[0]).all():
        per_file = features.reshape(len(counts), counts[0], -1)
        return per_file if pooling is None else per_file.reshape(len(counts), -1)
    return np.fromiter(np.split(features, starts[1:]), dtype=object, count=len(counts))


def make_fusion(spectrogram, embedder, *, n_jobs=None, verbose=False, **varied):
    """Build a union of spectrogram -> embedder branches that differ in parameters of the spectrogram.

    Parameters
    ----------
    spectrogram : SpectrogramTransformer
        Template of the first step of every branch.
    embedder : transformer
        Template of what follows it: an embedder, a `ChunkwiseTransformer`, a pipeline.
    n_jobs : int, default=None
        Number of branches to fit and apply at the same time, in processes.
    verbose : bool, default=False
        Whether to say how long each branch took.
    **varied : sequence
        Parameters of `spectrogram` with the values they take; one branch for each combination.

    Returns
    -------
    AudioFeatureUnion
        A `sklearn.pipeline.FeatureUnion` with branches such as ``"clip_below=-30"``, each a pipeline with the steps
        "spectrogram" and "embedder"; every recording is decoded once for all of them.

    Raises
    ------
    ValueError
        If no parameter is varied, or `spectrogram` has none of that name.

    Examples
    --------
    >>> from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, make_fusion
    >>> fusion = make_fusion(
    ...     SpectrogramTransformer(fixed_length=5), Seq2SeqAutoencoderEmbedder(n_units=64), clip_below=[-30, -60]
    ... )
    >>> [name for name, _ in fusion.transformer_list]
    ['clip_below=-30', 'clip_below=-60']
    """
    known = spectrogram.get_params(deep=False)
    unknown = sorted(set(varied) - set(known))
    if unknown or not varied:
        given = f"{', '.join(unknown)} is not a parameter of it" if unknown else "none was given"
        raise ValueError(
            f"make_fusion varies parameters of {type(spectrogram).__name__}, for example clip_below=[-30, -60]; {given}"
        )
    for name, values in varied.items():
        if isinstance(values, str) or not np.iterable(values) or not len(values) or len(set(values)) < len(values):
            raise ValueError(f"{name}={values!r}: give a list of different values of {name}, one for each branch")
    branches = []
    # in the order given: scikit-learn's grid is sorted by name, and so are the names of its branches
    for values in ParameterGrid({name: list(values) for name, values in varied.items()}):
        name = ",".join(f"{key}={value}" for key, value in values.items())
        steps = [("spectrogram", clone(spectrogram).set_params(**values)), ("embedder", clone(embedder))]
        branches.append((name, Pipeline(steps)))
    return AudioFeatureUnion(branches, n_jobs=n_jobs, verbose=verbose)


class AudioFeatureUnion(VersionedMixin, FeatureUnion):
    """A union of branches whose spectrograms come from one pass over the recordings.

    Everything is as in `sklearn.pipeline.FeatureUnion`, but where several branches are, or begin with, a
    `SpectrogramTransformer`, each recording is decoded once and not once per branch, and what the spectrograms have
    in common is computed once. The results are the same.

    Parameters
    ----------
    transformer_list : list of (str, transformer)
        Names and branches.
    n_jobs : int, default=None
        Number of branches to fit and apply at the same time, in processes.
    transformer_weights : dict of str to float, default=None
        Factors for the features of a branch.
    verbose : bool, default=False
        Whether to say how long each branch took.
    verbose_feature_names_out : bool, default=True
        Whether to put the name of the branch before that of a feature.

    See Also
    --------
    make_fusion : Builds one from a template.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import FunctionTransformer
    >>> from skaudeep.fusion import AudioFeatureUnion
    >>> from skaudeep.spectrogram import SpectrogramTransformer
    >>> mean = FunctionTransformer(np.mean, kw_args={"axis": 1})  # over time
    >>> union = AudioFeatureUnion(
    ...     [
    ...         ("left", make_pipeline(SpectrogramTransformer(sample_rate=8000, n_mels=20, channels="left"), mean)),
    ...         ("diff", make_pipeline(SpectrogramTransformer(sample_rate=8000, n_mels=30, channels="diff"), mean)),
    ...     ]
    ... )
    >>> stereo = np.random.default_rng(0).standard_normal((3, 2, 8000))
    >>> union.fit_transform(stereo).shape
    (3, 50)
    """

    def fit(self, X, y=None, **fit_params):
        """Fit all branches.

        Parameters
        ----------
        X : sequence of length n
            Recordings, in any form that `SpectrogramTransformer` accepts.
        y : array-like of shape (n,), default=None
            Targets, for branches that need them.
        **fit_params : dict
            As in `sklearn.pipeline.FeatureUnion`.

        Returns
        -------
        AudioFeatureUnion
            The fitted union.
        """
        return super().fit(self._share(X, fitted=False), y, **fit_params)

    def fit_transform(self, X, y=None, **params):
        """Fit all branches and join their features.

        Parameters
        ----------
        X : sequence of length n
            Recordings, in any form that `SpectrogramTransformer` accepts.
        y : array-like of shape (n,), default=None
            Targets, for branches that need them.
        **params : dict
            As in `sklearn.pipeline.FeatureUnion`.

        Returns
        -------
        ndarray of shape (n, n_features)
            The features of all branches side by side.
        """
        return name_rows(super().fit_transform(self._share(X, fitted=False), y, **params), X)

    def transform(self, X, **params):
        """Apply all branches and join their features.

        Parameters
        ----------
        X : sequence of length n
            Recordings, in any form that `SpectrogramTransformer` accepts.
        **params : dict
            As in `sklearn.pipeline.FeatureUnion`.

        Returns
        -------
        ndarray of shape (n, n_features)
            The features of all branches side by side.
        """
        return name_rows(super().transform(self._share(X, fitted=True), **params), X)

    def _hstack(self, outputs):
        """Join the features of all branches, as the base class does, without mistaking one row for another."""
        return super()._hstack(align_rows(outputs))

    def _share(self, X, fitted):
        """The recordings together with the spectrograms of all branches."""
        first_steps = [_first_step(branch) for _, branch in self.transformer_list]
        spectrograms = [step for step in first_steps if isinstance(step, SpectrogramTransformer)]
        if len(spectrograms) < 2 or isinstance(X, SharedSpectrograms):
            return X
        if isinstance(X, pd.DataFrame) and len(spectrograms) < len(first_steps):
            return X  # the other branches want its columns
        # before a fit, what an earlier one has learned must not count
        return SharedSpectrograms(X, spectrograms if fitted else [clone(step) for step in spectrograms])


def _first_step(transformer):
    while isinstance(transformer, Pipeline):
        transformer = transformer.steps[0][1]
    return transformer
