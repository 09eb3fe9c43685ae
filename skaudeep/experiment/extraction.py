"""From the recordings of a corpus to spectrograms in NetCDF files, in batches that survive a crash."""

import contextlib
import hashlib
import json
import logging
import os
import time

import numpy as np
import pandas as pd
from sklearn.base import clone

from skaudeep._decoding import length_is_exact
from skaudeep._files import atomic_path, check_target, state_of
from skaudeep._progress import progress
from skaudeep._provenance import PROVENANCE, encode_provenance
from skaudeep._validation import Integral, StrOptions, safe_indexing, validate_params
from skaudeep._version import __version__
from skaudeep.corpora.headers import read_headers
from skaudeep.exceptions import AudioError, DataSetError, Message, marked, message_of, param
from skaudeep.io import NetCDFWriter
from skaudeep.io.writer import parts_folder
from skaudeep.spectrogram import SpectrogramTransformer, extract_branches
from skaudeep.spectrogram.extraction import axes_at, extract_rows
from skaudeep.spectrogram.inputs import FileSource, as_sources
from skaudeep.spectrogram.settings import material_parameters, spectrogram_axes

_log = logging.getLogger(__name__)

#: What is in memory before it is appended to the files: so many bytes, or the work of so many seconds.
_BATCH_BYTES, _BATCH_SECONDS = 2**25, 10.0
_SAMPLE = 50  # recordings whose headers are read to find out about the sample rates of a corpus
#: Sizes and times of the recordings, among the parts that have been made of them.
_STATES = "recordings.json"


def setting_names(transformers):
    """Name the settings of spectrograms of one corpus after what they differ in.

    Parameters
    ----------
    transformers : list of SpectrogramTransformer
        Settings that differ in `clip_below`, `channels` or both, and in nothing else.

    Returns
    -------
    list of str
        Names such as "30dB" and "unclipped", "mean" and "left", or "30dB-left"; "spectrograms" where there is but one.

    Raises
    ------
    ValueError
        If two settings are the same, or differ in another parameter.

    Examples
    --------
    >>> from skaudeep import SpectrogramTransformer
    >>> from skaudeep.experiment.extraction import setting_names
    >>> setting_names([SpectrogramTransformer(clip_below=level) for level in (-30, -45.5, None)])
    ['30dB', '45.5dB', 'unclipped']
    """
    settings = [material_parameters(transformer) for transformer in transformers]
    differing = []
    for name in settings[0]:
        values = [setting[name] for setting in settings]
        if values.count(values[0]) < len(values):
            differing.append(name)
            if name not in ("clip_below", "channels"):
                values = ", ".join(map(str, values))
                raise ValueError(f"{name}={values}: settings of one corpus may differ in clip_below and channels only.")
    names = []
    for setting in settings:
        name = _name(setting, differing)
        if name in names:
            both = ", ".join(param(parameter, setting[parameter]) for parameter in ("clip_below", "channels"))
            raise ValueError(Message(f"Two settings are the same ({both}); drop one."))
        names.append(name)
    return names


def _name(setting, differing):
    """Name a setting after its values of what differs."""
    parts = []
    if "clip_below" in differing:
        level = setting["clip_below"]
        parts.append("unclipped" if level is None else f"{-level:g}dB")
    if "channels" in differing:
        parts.append(setting["channels"])
    return "-".join(parts) or "spectrograms"


@validate_params(
    {
        "corpus": [dict],
        "outputs": [dict],
        "on_error": [StrOptions({"raise", "skip"})],
        "n_jobs": [Integral, None],
        "resume": ["boolean"],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=False,  # parameters of the transformers are checked as well
)
def extract_spectrograms(corpus, outputs, *, on_error="raise", n_jobs=None, resume=True, verbose=0):
    """Extract spectrograms of all recordings of a corpus to one NetCDF file for each setting.

    Each recording is decoded once for all files, and what settings have in common is computed once. What has been
    extracted stays on disk when a recording fails or the process ends (in a folder `NAME.nc.part` beside each file);
    the next call with the same settings and corpus goes on from there, unless a recording that has been extracted is
    no longer the same file (by size and time): then all are extracted anew. A file takes its place when it is
    complete; until then an older one is left as it is.

    Parameters
    ----------
    corpus : Bunch
        What :func:`skaudeep.datasets.load_corpus` returns, of `n` recordings.
    outputs : dict of path-like to SpectrogramTransformer
        The files to write, and the setting of each. The `on_error`, `n_jobs` and `verbose` of the transformers do not
        count.
    on_error : {"raise", "skip"}, default="raise"
        What to do about recordings that cannot be analysed. All others are extracted in any case; then "raise" raises
        an error and writes no file, and "skip" leaves them out of all files. The error names the first one, and each
        has a warning of the logger of this module.
    n_jobs : int, default=None
        Number of threads, as in joblib.
    resume : bool, default=True
        Whether to go on with what an earlier call has left; otherwise that is removed.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    DataFrame of shape (n_failed, 2)
        The columns `file` and `reason` of the recordings that were left out.

    Raises
    ------
    AudioError
        If recordings cannot be analysed and `on_error` is "raise", or if none can; if recordings have different sample
        rates or lengths, and the settings do not make them equal.
    DataSetError
        If an earlier call has left parts of other settings or of another corpus.
    OSError
        If a file cannot be written there, for instance because its folder does not exist or the disk is full.

    See Also
    --------
    skaudeep.spectrogram.extract_branches : The same for arrays in memory.

    Notes
    -----
    Files are in the order of the corpus, except that recordings which failed at first and were mended stand at the end.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skaudeep import SpectrogramTransformer
    >>> from skaudeep.datasets import make_sound_events
    >>> from skaudeep.experiment import extract_spectrograms
    >>> from skaudeep.io import read_netcdf
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sounds = make_sound_events(f"{folder}/x", n_classes=2, n_per_class=4, n_takes=2, n_folds=2, random_state=0)
    ...     path = pathlib.Path(folder, "spectrograms.nc")
    ...     failed = extract_spectrograms(sounds, {path: SpectrogramTransformer(n_mels=40, fixed_length=2)})
    ...     ds = read_netcdf(path)
    >>> len(failed), dict(ds.sizes)
    (0, {'instance': 8, 'fold': 2, 'time': 49, 'freq': 40})
    """
    _check_outputs(outputs)
    metadata = _metadata(corpus)
    transformers = [_fitted(transformer, corpus["data"]) for transformer in outputs.values()]
    sources = as_sources(transformers[0], corpus["data"], reset=False)
    _check_sources(sources, metadata["filenames"])
    _check_recordings(outputs, sources)
    _check_alike(transformers, sources, on_error, n_jobs)
    names = metadata["filenames"].tolist()
    with contextlib.ExitStack() as stack:
        fitted = dict(zip(outputs, transformers, strict=True))
        writers = _open_writers(stack, fitted, sources, metadata, resume)
        there = [row for row, name in enumerate(names) if all(name in writer.filenames for writer in writers)]
        if there:
            _log.info("Going on: %d of %d recordings have been extracted before.", len(there), len(names))
        batch = _Batch(writers, metadata, [transformer.chunk_length is not None for transformer in transformers])
        rows = np.setdiff1d(np.arange(len(names)), there).tolist()
        failed = _extract(transformers, sources, rows, batch, n_jobs, verbose)
        _check_failures(failed, names, writers, on_error)
        for writer in writers:
            writer.complete()
    return pd.DataFrame([(name, str(reason)) for name, reason, _ in failed], columns=["file", "reason"])


def preview_spectrograms(corpus, transformers, index):
    """Extract the spectrograms of the recording `index` of a corpus in dB, whole and not scaled, to look at.

    Gives for each transformer an array of shape (n_frames, n_bins), and a tuple of the centres of the bins in Hz and
    the seconds from one frame to the next.
    """
    n = len(corpus["filenames"])
    if not 0 <= index < n:
        raise IndexError(f"index={index}: the corpus has the recordings 0 to {n - 1}.")
    recording = safe_indexing(corpus["data"], [index])
    plain = {"scale": None, "chunk_length": None, "chunk_count": None, "on_error": "raise"}
    fitted = [clone(transformer).set_params(**plain).fit(recording) for transformer in transformers]
    spectrograms = [rows[0] for rows in extract_branches(fitted, recording)]
    return spectrograms, [spectrogram_axes(transformer.settings_) for transformer in fitted]


def _check_outputs(outputs):
    """Raise an error unless there is a transformer, and a place to write, for each of several different files."""
    if not outputs:
        raise ValueError("outputs={}: give a path and its transformer.")
    for path, transformer in outputs.items():
        check_target(path)
        if not isinstance(transformer, SpectrogramTransformer):
            raise TypeError(f"outputs[{str(path)!r}] is {transformer!r}; expected a SpectrogramTransformer.")
    real = [os.path.realpath(path) for path in outputs]
    for path in real:
        if real.count(path) > 1:
            raise ValueError(f"outputs: two of the files are {path}; give each a name of its own.")


def _metadata(corpus):
    """Collect what `make_dataset` is to know of the recordings, as arrays."""
    lacks = [key for key in ("data", "metadata") if key not in corpus]
    if lacks:
        raise DataSetError(f"corpus: it lacks {' and '.join(lacks)}; give what load_corpus has returned.")
    known = {}
    for name, values in corpus["metadata"].items():
        if values is not None:
            known[name] = values if name in ("label_map", "targets") else np.asarray(values)
    return known


def _fitted(transformer, data):
    """Fit a copy of a transformer that marks what fails instead of raising an error."""
    return clone(transformer).set_params(on_error="skip", n_jobs=None, verbose=0).fit(data)


def _check_sources(sources, names):
    if not all(isinstance(source, FileSource) for source in sources):
        raise DataSetError("corpus: data are waveforms; give paths, or segments of files.")
    if len(sources) != len(names):
        raise DataSetError(f"corpus: metadata are of {len(names)} recordings, data of {len(sources)}.")


def _check_recordings(outputs, sources):
    """Raise a `ValueError` if one of the files to write is a recording."""
    for path in outputs:
        check_target(path, {"a recording of the corpus": {source.file for source in sources}})


def _check_alike(transformers, sources, on_error, n_jobs):
    """Raise an `AudioError` if headers show that spectrograms would have unequal frequencies or lengths."""
    lengths_left = [t for t in transformers if t.fixed_length is None and None in (t.chunk_length, t.chunk_count)]
    # recordings of other rates are left out otherwise, or resampled
    rates_matter = on_error == "raise" and any(transformer.sample_rate is None for transformer in transformers)
    if lengths_left:
        headers = _sizes_of(sources, n_jobs)
    elif rates_matter:
        # reading all takes time, and if only a few have another rate, they are among those that fail
        headers = _sizes_of(sources[:: 1 + len(sources) // _SAMPLE], n_jobs)
    else:
        return
    rates = headers.groupby("rate")["name"].agg(["size", "first"]).sort_values("size", ascending=False)
    if rates_matter and len(rates) > 1:
        found = " and ".join(f"{rate:,} Hz (such as {name})" for rate, _, name in rates.itertuples())
        raise AudioError(
            f"Recordings of different sample rates cannot be in one file: there are {found}. Resample all with "
            f"{param('sample_rate', min(rates.index))}, or leave the others out with {param('on_error', 'skip')}."
        )
    for transformer in lengths_left:
        n_frames = _expected_frames(transformer, headers)
        if len(n_frames) and n_frames.min() < n_frames.max():
            shortest, longest = headers.iloc[n_frames.argmin()], headers.iloc[n_frames.argmax()]
            raise _unequal(shortest["name"], _seconds(shortest), longest["name"], _seconds(longest))


def _seconds(header):
    return f"{header['n_samples'] / header['rate']:g} s"


def _unequal(name, size, other_name, other_size):
    """Make the error of two recordings whose spectrograms differ in size."""
    return AudioError(
        f"Recordings of unequal length cannot be in one file: {name} has {size} and {other_name} has {other_size}. "
        f"Cut or pad all with {param.fixed_length}, or cut chunks with {param.chunk_length} and "
        f"{param.chunk_count}."
    )


def _sizes_of(sources, n_jobs):
    """Tabulate the sources whose headers can be read: name, rate in Hz, and n_samples, NaN where not sure."""
    files = np.empty(len(sources), dtype=object)
    files[:] = [source.file for source in sources]
    codes, files = pd.factorize(files)
    headers = read_headers(files, n_jobs, 0).iloc[codes]
    start, end = (np.array([getattr(s, end) for s in sources], dtype=float) for end in ("start", "end"))
    rate = headers["sample_rate"].to_numpy(float)
    # the length of an MP3 may be an estimate
    length = np.where(headers["format"].map(length_is_exact), headers["n_samples"].to_numpy(float), np.nan)
    first = np.nan_to_num(np.round(start * rate))
    # an end may lie a little behind that of the recording
    n_samples = np.where(np.isnan(end), length, np.fmin(np.round(end * rate), length)) - first
    table = pd.DataFrame({"name": [source.name for source in sources], "rate": rate, "n_samples": n_samples})
    return table[~np.isnan(rate)].astype({"rate": int})


def _expected_frames(transformer, headers):
    """Count frames, or chunks, of the recordings; those too short count as the longest, as they fail anyway."""
    n_frames = np.full(len(headers), np.nan)
    for rate in headers["rate"].unique():
        target = transformer.sample_rate or rate
        axes = axes_at(transformer._front_end(), target)
        here = (headers["rate"] == rate).to_numpy()
        n_samples = np.round(headers["n_samples"].to_numpy()[here] * target / rate)
        n_frames[here] = 1 + (n_samples - axes.frame_length) // axes.hop_length
        if transformer.chunk_length is not None:
            n_frames[here] //= max(int(target * transformer.chunk_length) // axes.hop_length, 1)
    usable = n_frames >= 1
    return np.where(usable, n_frames, n_frames[usable].max(initial=0))


def _open_writers(stack, outputs, sources, metadata, resume):
    """Open a writer for each file; what they collect is of these settings and of recordings as they are now."""
    states = {name: _state(source.file) for name, source in zip(metadata["filenames"], sources, strict=True)}
    writers = _make_writers(stack, outputs, sources, metadata, resume)
    for writer in writers:
        changed = _changed(writer, states)
        if changed:
            _log.warning("%s has changed since it was extracted: beginning anew.", changed[0])
            stack.close()
            writers = _make_writers(stack, outputs, sources, metadata, False)
            break
    for writer in writers:
        with atomic_path(_states_path(writer)) as temporary:
            temporary.write_text(json.dumps(states), encoding="utf-8")
    return writers


def _changed(writer, states):
    """Find recordings that have been appended and are other files now."""
    before = {}
    with contextlib.suppress(OSError, ValueError):  # what is not known to be the same may have changed
        stored = json.loads(_states_path(writer).read_text(encoding="utf-8"))
        before = stored if isinstance(stored, dict) else {}
    return [name for name in writer.filenames if before.get(name, "unknown") != states[name]]


def _states_path(writer):
    return parts_folder(writer.path) / _STATES


def _state(file):
    """Give the state of a file; of an object nobody knows whether it holds what it held before."""
    return state_of(file) if isinstance(file, str) else [time.time_ns()]


def _path_of(source):
    return os.path.abspath(source.file) if isinstance(source.file, str) else source.label


def _make_writers(stack, outputs, sources, metadata, resume):
    """Make a writer for each file, which the stack closes."""
    identity = [[_path_of(source), source.start, source.end] for source in sources]
    identity += [[name, _listed(values)] for name, values in metadata.items()]
    corpus = hashlib.blake2b(json.dumps(identity, sort_keys=True, default=str).encode(), digest_size=10).hexdigest()
    writers = []
    for path, transformer in outputs.items():
        settings = {"skaudeep": __version__, "digest of the corpus": corpus, **material_parameters(transformer)}
        writer = NetCDFWriter(
            path,
            feature_dims=("time", "freq"),
            label_map=metadata.get("label_map"),
            settings=settings,
            attributes={PROVENANCE: encode_provenance([{"spectrogram": transformer.settings_}])},
            resume=resume,
        )
        writers.append(stack.enter_context(contextlib.closing(writer)))
    return writers


def _listed(values):
    """Return what is known of all recordings as JSON has it."""
    if isinstance(values, dict):
        return values
    return values.to_dict("list") if isinstance(values, pd.DataFrame) else values.tolist()


def _extract(transformers, sources, rows, batch, n_jobs, verbose):
    """Extract the sources of some rows and append them; give a triple of name, reason and row of those that failed."""
    branches = [transformer._config(transformer._reference) for transformer in transformers]
    failed, start = [], time.perf_counter()
    results = extract_rows(branches, sources, rows, n_jobs=n_jobs)
    with (
        contextlib.closing(results),
        progress("Extracting spectrograms", len(rows), enabled=bool(verbose)) as advance,
    ):
        try:
            for n, (row, spectrograms) in enumerate(zip(rows, results, strict=True), 1):
                error = next((result for result in spectrograms if isinstance(result, Exception)), None)
                if error is None:
                    batch.add(row, sources[row].name, spectrograms)
                else:
                    source = sources[row]
                    reason = message_of(error).removeprefix(f"{source.name}: ").removeprefix(f"{source.file}: ")
                    failed.append((source.name, reason, row))
                advance(note=f"{n / (time.perf_counter() - start):.0f} per second")
        except BaseException as error:
            if not isinstance(error, Exception):  # stopped by the user
                batch.append()
                _log.warning("what has been extracted is kept; the same call goes on from there")
            raise
        batch.append()
    return failed


class _Batch:
    """Collect spectrograms, and append them to the files when they are many or the last time is long ago.

    There is a writer for each setting, and whether its spectrograms are cut into `chunked`; `metadata` are the
    arguments of `make_dataset` for all recordings.
    """

    def __init__(self, writers, metadata, chunked):
        self._writers = writers
        self._metadata = {name: values for name, values in metadata.items() if name != "label_map"}
        self._chunked = chunked
        self._first = None
        self._clear()

    def add(self, row, name, spectrograms):
        """Add the spectrograms of a recording, one for each file."""
        shapes = [spectrogram.shape for spectrogram in spectrograms]
        if self._first is None:
            self._first = name, shapes
        if shapes != self._first[1]:  # of MP3 files, and others whose headers do not tell
            first, first_shapes = self._first
            raise _unequal(first, f"spectrograms of shape {first_shapes}", name, f"spectrograms of shape {shapes}")
        self._collected.append((row, spectrograms))  # at once: Ctrl-C must not come in between
        self._n_bytes += sum(spectrogram.nbytes for spectrogram in spectrograms)
        if self._n_bytes >= _BATCH_BYTES or time.monotonic() - self._since >= _BATCH_SECONDS:
            self.append()

    def append(self):
        """Append what has been collected to the files."""
        names = self._metadata["filenames"]
        collected = [row for row, _ in self._collected]
        by_setting = zip(*(spectrograms for _, spectrograms in self._collected), strict=True)
        for writer, chunked, spectrograms in zip(self._writers, self._chunked, by_setting, strict=False):
            # a process that was killed may have got as far as one file and not the other
            new = [at for at, row in enumerate(collected) if names[row] not in writer.filenames]
            if not new:
                continue
            rows = np.array(collected)[new]
            more = {}
            if chunked:
                counts = [len(spectrograms[at]) for at in new]
                rows, more["chunk_nr"] = np.repeat(rows, counts), np.concatenate([np.arange(n) for n in counts])
            features = (np.concatenate if chunked else np.stack)([spectrograms[at] for at in new])
            own = {name: safe_indexing(values, rows) for name, values in self._metadata.items()}
            writer.append(features, **own, **more)
        self._clear()

    def _clear(self):
        self._collected = []
        self._n_bytes, self._since = 0, time.monotonic()


def _check_failures(failed, names, writers, on_error):
    """Raise an error if recordings failed that are not to be left out, or cannot be."""
    n, n_bad = len(names), len(failed)
    if n_bad == n or (failed and on_error == "raise"):
        for name, reason, _ in failed:
            _log.warning("%s: %s", name, reason)
        first = f"{failed[0][0]}: {marked(failed[0][1])}"
        if n_bad == n:
            raise AudioError(f"none of {n} recordings can be analysed; the first: {first}")
        more = f", and {n_bad - 1} more, each of which has a warning" if n_bad > 1 else ""
        kept = parts_folder(writers[0].path)
        raise AudioError(
            f"{n_bad} of {n} recordings cannot be analysed: {first}{more}. Replace these files, or leave them out with "
            f"{param('on_error', 'skip')}. What has been extracted of the other {n - n_bad} is kept (in {kept}), and "
            "the next call goes on from there."
        )
    for writer in writers:
        gone = [names[row] for _, _, row in failed if names[row] in writer.filenames]
        if gone:
            raise DataSetError(
                f"{gone[0]} has been extracted to {writer.path} before and cannot be analysed any more; begin anew "
                f"with {param('resume', False)}."
            )
