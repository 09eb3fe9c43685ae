"""The estimator that turns recordings into spectrograms."""

import dataclasses
import warnings
from typing import ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone

from skaudeep._containers import RowNamesMixin, with_row_names
from skaudeep._validation import Integral, Interval, Real, StrOptions, check_is_fitted, fit_context, validate_params
from skaudeep._versions import VersionedMixin
from skaudeep.audio import CHANNELS
from skaudeep.exceptions import AudioError, Message, ParameterError, marked, param
from skaudeep.spectrogram._extraction import FrequencyAxis
from skaudeep.spectrogram._functions import FILTERBANKS
from skaudeep.spectrogram._inversion import INVERSION_CONSTRAINTS, Inversion, invert
from skaudeep.spectrogram.extraction import FrontEnd, SpectrogramCollector, SpectrogramConfig, axes_at, extract
from skaudeep.spectrogram.inputs import as_sources
from skaudeep.spectrogram.settings import describe_settings

_POSITIVE = Interval(Real, 0, None, closed="neither")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_COUNT = Interval(Integral, 1, None, closed="left")


class SpectrogramTransformer(
    RowNamesMixin, VersionedMixin, TransformerMixin, BaseEstimator, auto_wrap_output_keys=None
):
    """Turn recordings into spectrograms on a decibel scale, as the first step of a pipeline.

    Each recording is decoded, mixed to one channel, cut into Hann windows whose mean is removed, Fourier
    transformed, summed to mel bands, expressed in dB relative to its loudest bin, clipped, and scaled to
    [-1, 1] by its own minimum and maximum [1]_.

    What becomes of unusual recordings: digital silence and constant signals become all zeros (0 dB where
    `scale` is None). Recordings that are missing, corrupt, truncated, empty, not finite, shorter than one
    window, without the channel or the number of chunks asked for, of another frequency axis than the recording
    that the estimator was fitted on, or beyond reason (see the user guide) are errors, which `on_error` turns
    into rows of NaN.

    Parameters
    ----------
    sample_rate : float, default=None
        For paths: the rate to resample to, in Hz; None keeps that of each file. For waveforms: their rate.
    window_width : float, default=0.08
        Length of a window, in seconds.
    window_overlap : float, default=0.04
        Overlap of two windows, in seconds.
    n_mels : int, default=128
        Number of mel bands; None keeps the bins of the Fourier transform.
    f_min : float, default=0.0
        Lowest frequency, in Hz.
    f_max : float, default=None
        Highest frequency, in Hz; None is half the sample rate.
    filterbank : {"audeep", "htk", "slaney"}, default="audeep"
        The mel filters, see `mel_filterbank`; ignored where `n_mels` is None.
    clip_below, clip_above : float, default=None
        Levels to clip at, in dB relative to the loudest bin, hence negative, for example -60.
    channels : {"mean", "left", "right", "diff"}, default="mean"
        The channel to analyse, see `skaudeep.audio.mix_channels`.
    pre_emphasis : float, default=None
        Coefficient ``a`` of the filter ``y[t] - a * y[t - 1]``, for example 0.95; None for no filter.
    fixed_length : float, default=None
        Length to cut or pad all recordings to, in seconds.
    center_fixed : bool, default=False
        Whether to cut and pad half at the beginning and half at the end, instead of all at the end.
    chunk_length : float, default=None
        Length of the chunks to cut each spectrogram into, in seconds; each is scaled by itself.
    chunk_count : int, default=None
        Number of chunks, from the beginning; None for all that are full.
    scale : {"minmax"}, default="minmax"
        Scale to [-1, 1]; None keeps levels in dB.
    on_error : {"raise", "warn", "skip"}, default="raise"
        What to do with a recording that cannot be analysed: raise an error that names it, or give a row
        of NaN and an entry in `errors_`, with or without one warning for all. Embedders refuse rows of NaN:
        drop these rows before, or, inside a pipeline, leave it at "raise".
    n_jobs : int, default=None
        Number of threads, as in joblib.
    verbose : int, default=0
        Whether to show progress.

    Attributes
    ----------
    sample_rate_ : float
        Rate of the spectrograms, in Hz: `sample_rate`, or that of the first file that could be read.
    frequencies_ : ndarray of shape (n_bins,)
        Centres of the frequency bins, in Hz.
    settings_ : dict
        All that spectrograms depend on, by the names of the parameters, with the rate in Hz and `f_max` as they are:
        what `skaudeep.datasets.make_dataset` keeps with spectrograms.
    errors_ : DataFrame
        The rows of the last `transform` that could not be analysed, with columns "row", "file", "reason".
    n_features_in_ : int
        Number of samples of a waveform; only if fitted on waveforms of equal length.

    Raises
    ------
    AudioError
        If a recording cannot be analysed and `on_error` is "raise", or if none can.

    References
    ----------
    .. [1] M. Freitag, S. Amiriparian, S. Pugachevskiy, N. Cummins, B. Schuller, "auDeep: Unsupervised
       Learning of Representations from Audio with Deep Recurrent Neural Networks", JMLR 18(173), 2017.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import SpectrogramTransformer
    >>> time = np.arange(16000) / 8000
    >>> tones = np.sin(2 * np.pi * np.array([[440], [880]]) * time)
    >>> transformer = SpectrogramTransformer(sample_rate=8000, n_mels=40, clip_below=-60)
    >>> spectrograms = transformer.fit_transform(tones)
    >>> spectrograms.shape, spectrograms.dtype
    ((2, 49, 40), dtype('float32'))
    """

    _parameter_constraints: ClassVar[dict] = {
        "sample_rate": [_POSITIVE, None],
        "window_width": [_POSITIVE],
        "window_overlap": [_NOT_NEGATIVE],
        "n_mels": [_COUNT, None],
        "f_min": [_NOT_NEGATIVE],
        "f_max": [_POSITIVE, None],
        "filterbank": [StrOptions(set(FILTERBANKS))],
        "clip_below": [Interval(Real, None, 0, closed="neither"), None],
        "clip_above": [Interval(Real, None, 0, closed="right"), None],
        "channels": [StrOptions(set(CHANNELS))],
        "pre_emphasis": [Interval(Real, 0, 1, closed="both"), None],
        "fixed_length": [_POSITIVE, None],
        "center_fixed": ["boolean"],
        "chunk_length": [_POSITIVE, None],
        "chunk_count": [_COUNT, None],
        "scale": [StrOptions({"minmax"}), None],
        "on_error": [StrOptions({"raise", "warn", "skip"})],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        sample_rate=None,
        window_width=0.08,
        window_overlap=0.04,
        n_mels=128,
        f_min=0.0,
        f_max=None,
        filterbank="audeep",
        clip_below=None,
        clip_above=None,
        channels="mean",
        pre_emphasis=None,
        fixed_length=None,
        center_fixed=False,
        chunk_length=None,
        chunk_count=None,
        scale="minmax",
        on_error="raise",
        n_jobs=None,
        verbose=0,
    ):
        self.sample_rate = sample_rate
        self.window_width = window_width
        self.window_overlap = window_overlap
        self.n_mels = n_mels
        self.f_min = f_min
        self.f_max = f_max
        self.filterbank = filterbank
        self.clip_below = clip_below
        self.clip_above = clip_above
        self.channels = channels
        self.pre_emphasis = pre_emphasis
        self.fixed_length = fixed_length
        self.center_fixed = center_fixed
        self.chunk_length = chunk_length
        self.chunk_count = chunk_count
        self.scale = scale
        self.on_error = on_error
        self.n_jobs = n_jobs
        self.verbose = verbose

    @fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn the frequency axis from the first recording that can be read.

        Parameters
        ----------
        X : list, array, Series, DataFrame or MultiIndex of length n
            Paths or open files; or a table with columns or index levels "file" (or "path"), "start" and "end" (seconds
            or timedeltas; missing = from the beginning, to the end; an end up to one window too late is the end; other
            columns are ignored); or waveforms: an array of shape (n, n_samples) or (n, n_channels, n_samples), or a
            list of arrays of shape (n_samples,) or (n_channels, n_samples). `soundfile.read` gives (n_samples,
            n_channels): pass x.T.
        y : object, default=None
            Ignored.

        Returns
        -------
        SpectrogramTransformer
            The fitted estimator.

        Raises
        ------
        AudioError
            If a recording cannot be analysed (see `on_error`); whatever `on_error` is, if a waveform has more
            channels than samples, or more than 64.
        """
        axes = self._fit_axes(X.X if isinstance(X, SharedSpectrograms) else X)
        n_empty = axes.n_empty_bins()
        if n_empty:
            warnings.warn(
                Message(
                    f"{n_empty} of {self.n_mels} mel bands are empty, as the Fourier transform has only "
                    f"{1 + axes.frame_length // 2} bins; decrease {param.n_mels}, or increase "
                    f"{param.window_width} or {param.f_min}"
                ),
                UserWarning,
                stacklevel=2,
            )
        return self

    def transform(self, X):
        """Turn recordings into spectrograms.

        Parameters
        ----------
        X : list, array, Series, DataFrame or MultiIndex of length n
            Recordings, in any form that `fit` accepts.

        Returns
        -------
        ndarray of shape (n, n_frames, n_bins) or (n, n_chunks, n_frames, n_bins), float32
            The spectrograms; where their shapes differ, an object array of shape (n,) of arrays of shape
            (n_frames, n_bins) or (n_chunks, n_frames, n_bins). A row that failed is NaN, in an object
            array one frame of NaN. Where pandas output is asked for and X has an index, a Series with that
            index of such arrays.
        """
        check_is_fitted(self)
        stored = None
        if isinstance(X, SharedSpectrograms):
            stored, X = X.get(self), X.X
        if stored is None:
            return with_row_names(self, extract_branches([self], X)[0], X)
        spectrograms, errors = stored
        self._record(errors)
        return with_row_names(self, spectrograms, X)

    @validate_params(INVERSION_CONSTRAINTS, prefer_skip_nested_validation=True)
    def inverse_transform(self, S, *, n_iter=32, db_range=None, random_state=None):
        """Turn spectrograms into waveforms to listen to, such as what an embedder reconstructs.

        A spectrogram lacks phases, the bins within a mel band, and how loud it was: bands are spread evenly over
        their bins, `librosa.griffinlim` finds phases that agree with the magnitudes, and pre-emphasis is undone.
        What has the level `clip_below` becomes silent, as does a constant spectrogram.

        Parameters
        ----------
        S : array of shape (n, n_frames, n_bins) or (n, n_chunks, n_frames, n_bins), or list of arrays
            Spectrograms as `transform` gives them; lengths in a list or object array may differ. With `scale`
            "minmax", values beyond [-1, 1] are clipped. Rows of NaN are refused.
        n_iter : int, default=32
            Number of iterations for the phases; more come closer to the spectrogram and take longer.
        db_range : float, default=None
            The range of levels that [-1, 1] stands for, in dB, as spectrograms do not tell. None is from
            `clip_below` to `clip_above` (or 0), and 80 without `clip_below`. Ignored where `scale` is None.
        random_state : int, RandomState instance or None, default=None
            For the phases to begin with; an int for equal results.

        Returns
        -------
        ndarray of shape (n, n_samples) or (n, n_chunks, n_samples), float32
            The channel that `channels` says, at the rate `sample_rate_`, each row and chunk with a peak of 1 and
            as long as its windows together; where lengths differ, an object array of shape (n,).

        Examples
        --------
        >>> import numpy as np
        >>> from skaudeep.spectrogram import SpectrogramTransformer
        >>> tone = np.sin(2 * np.pi * 440 * np.arange(8000) / 8000)
        >>> transformer = SpectrogramTransformer(sample_rate=8000, n_mels=None, clip_below=-60)
        >>> waveforms = transformer.inverse_transform(transformer.fit_transform([tone]), random_state=0)
        >>> waveforms.shape, waveforms.dtype, float(np.abs(waveforms).max())
        ((1, 8000), dtype('float32'), 1.0)
        """
        check_is_fitted(self)
        axes = axes_at(self._front_end(), self.sample_rate_)
        self._reference.check(self.sample_rate_, axes.frequencies)
        own = {name: getattr(self, name) for name in ("scale", "clip_below", "clip_above", "pre_emphasis")}
        inversion = Inversion(axes, **own, db_range=db_range, n_iter=n_iter)
        return invert(inversion, S, random_state=random_state, n_jobs=self.n_jobs, verbose=self.verbose)

    @property
    def settings_(self):
        check_is_fitted(self)
        return describe_settings(self)

    def get_feature_names_out(self, input_features=None):
        """Name the frequency bins.

        Parameters
        ----------
        input_features : list of str, default=None
            Ignored.

        Returns
        -------
        ndarray of shape (n_bins,), object
            Names "mel0", "mel1", ..., or "bin0", ... where `n_mels` is None.
        """
        check_is_fitted(self)
        kind = "bin" if self.n_mels is None else "mel"
        return np.array([f"{kind}{i}" for i in range(len(self.frequencies_))], dtype=object)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = True
        tags.input_tags.three_d_array = True
        tags.transformer_tags.preserves_dtype = ["float32"]
        return tags

    def __getstate__(self):
        state = super().__getstate__()
        if "errors_" in state:  # as plain values, which every file can hold
            state["errors_"] = list(self.errors_.itertuples(index=False, name=None))
        return state

    def __setstate__(self, state):
        super().__setstate__(state)
        if "errors_" in state:
            rows = SpectrogramCollector(0)
            rows.failed = state["errors_"]
            self.errors_ = rows.errors()

    def _fit_axes(self, X):
        """Set the fitted attributes from the first recording that can be read; return its axes."""
        self._check_combinations()
        # A fit on paths must not keep what a fit on waveforms has learned.
        vars(self).pop("n_features_in_", None)
        vars(self).pop("feature_names_in_", None)
        sources = as_sources(self, X, reset=True)
        name, native_rate = self._first_readable(sources)
        self.sample_rate_ = self.sample_rate or native_rate
        axes = axes_at(self._front_end(), self.sample_rate_)
        self.frequencies_ = axes.frequencies
        self._reference = FrequencyAxis(name, self.sample_rate_, axes.frequencies)
        self.errors_ = SpectrogramCollector(0).errors()
        return axes

    def _check_combinations(self):
        """Check what no single parameter can tell."""
        if self.window_overlap >= self.window_width:
            raise ParameterError(
                "window_overlap", self.window_overlap, f" must be less than {param('window_width', self.window_width)}"
            )
        if self.chunk_count is not None and self.chunk_length is None:
            raise ParameterError("chunk_count", self.chunk_count, f" needs a {param.chunk_length}, in seconds")
        if None not in (self.clip_below, self.clip_above) and self.clip_below >= self.clip_above:
            raise ParameterError(
                "clip_below", self.clip_below, f" must be less than {param('clip_above', self.clip_above)}"
            )

    def _first_readable(self, sources):
        """Return name and rate of the first source with a readable header."""
        first_error = None
        for source in sources:
            try:
                return source.name, source.sample_rate()
            except (AudioError, OSError) as error:
                if self.on_error == "raise":
                    raise
                first_error = first_error or error
        raise AudioError(f"none of {len(sources)} recordings can be read; the first: {marked(first_error)}")

    def _front_end(self):
        return FrontEnd(**{field.name: getattr(self, field.name) for field in dataclasses.fields(FrontEnd)})

    def _config(self, reference):
        """Say what the extraction must know; equal ones give equal spectrograms."""
        own = {field.name for field in dataclasses.fields(SpectrogramConfig)} - {"front_end", "reference"}
        return SpectrogramConfig(
            front_end=self._front_end(), reference=reference, **{name: getattr(self, name) for name in own}
        )

    def _record(self, errors):
        """Remember the failed rows; untouched attributes otherwise, as `transform` should not change them."""
        if not self.errors_.equals(errors):
            self.errors_ = errors


class SharedSpectrograms:
    """Recordings together with their spectrograms for several transformers, from one pass over the files.

    Given to `SpectrogramTransformer.fit`, it stands for `X`. Given to `transform`, it returns the stored
    spectrograms of a transformer with the same parameters and frequency axis, and for any other transformer
    those computed from `X`.

    Parameters
    ----------
    X : list, array, Series, DataFrame or MultiIndex of length n
        Recordings, in any form that `SpectrogramTransformer.fit` accepts.
    transformers : list of SpectrogramTransformer
        Those that are not fitted are fitted on `X` (a copy, they stay as they are). `n_jobs` is that of the
        first.

    Attributes
    ----------
    X : list, array, Series, DataFrame or MultiIndex of length n
        The recordings.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.base import clone
    >>> from skaudeep.spectrogram import SharedSpectrograms, SpectrogramTransformer
    >>> transformer = SpectrogramTransformer(sample_rate=8000, n_mels=40)
    >>> branches = [clone(transformer).set_params(clip_below=level) for level in (-30, -60)]
    >>> noise = np.random.default_rng(0).standard_normal((3, 8000))
    >>> shared = SharedSpectrograms(noise, branches)
    >>> [branch.fit_transform(shared).shape for branch in branches]
    [(3, 24, 40), (3, 24, 40)]
    """

    def __init__(self, X, transformers):
        self.X = X
        fitted = [_fitted(transformer, X) for transformer in transformers]
        self._stored = {
            transformer._config(None): (transformer.frequencies_, result)
            for transformer, result in zip(fitted, _extract(fitted, X), strict=True)
        }

    def __len__(self):
        return len(self.X)

    def __iter__(self):
        return iter(self.X)

    def __getitem__(self, rows):
        return self.X[rows]

    def __array__(self, dtype=None, copy=None):
        return np.array(self.X, dtype=dtype, copy=copy)

    def get(self, transformer):
        """Look up what is stored for a fitted transformer.

        Parameters
        ----------
        transformer : SpectrogramTransformer
            A fitted transformer.

        Returns
        -------
        tuple of (ndarray, DataFrame) or None
            Its spectrograms and its table of failed rows; None if there are none for its parameters.
        """
        frequencies, result = self._stored.get(transformer._config(None), (None, None))
        return result if np.array_equal(frequencies, transformer.frequencies_) else None


def extract_branches(transformers, X):
    """Turn recordings into the spectrograms of several transformers, decoding each recording once.

    What transformers have in common beyond that, up to the level in dB, is computed once as well.

    Parameters
    ----------
    transformers : list of SpectrogramTransformer
        Those that are not fitted are fitted on `X` (a copy, they stay as they are). `n_jobs` is that of the
        first.
    X : list, array, Series, DataFrame or MultiIndex of length n
        Recordings, in any form that `SpectrogramTransformer.fit` accepts.

    Returns
    -------
    list of ndarray
        For each transformer what its `transform` returns.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.spectrogram import SpectrogramTransformer, extract_branches
    >>> branches = [SpectrogramTransformer(sample_rate=8000, n_mels=n) for n in (20, 40)]
    >>> noise = np.random.default_rng(0).standard_normal((3, 8000))
    >>> [spectrograms.shape for spectrograms in extract_branches(branches, noise)]
    [(3, 24, 20), (3, 24, 40)]
    """
    fitted = [_fitted(transformer, X) for transformer in transformers]
    results = _extract(fitted, X)
    for transformer, (_, errors) in zip(fitted, results, strict=True):
        transformer._record(errors)
    return [spectrograms for spectrograms, _ in results]


def _fitted(transformer, X):
    """Return the transformer itself if it is fitted, else a copy fitted on X, without its warnings."""
    if hasattr(transformer, "frequencies_"):
        return transformer
    transformer = clone(transformer)
    transformer._validate_params()
    transformer._fit_axes(X)
    return transformer


def _extract(transformers, X):
    """Return pairs of spectrograms and failed rows, one per fitted transformer."""
    # Every transformer compares the shape of waveforms; the sources are the same for all.
    sources, *_ = [as_sources(transformer, X, reset=False) for transformer in transformers]
    branches = [transformer._config(transformer._reference) for transformer in transformers]
    verbose = max(transformer.verbose for transformer in transformers)
    return extract(branches, sources, n_jobs=transformers[0].n_jobs, verbose=verbose)
