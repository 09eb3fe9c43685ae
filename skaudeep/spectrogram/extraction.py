"""One pass over recordings for one or several sets of parameters, sharing what they have in common."""

import collections
import contextlib
import functools
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import joblib
import numpy as np
import pandas as pd

from skaudeep import audio
from skaudeep._interrupts import deferred, result_of, submit
from skaudeep._progress import progress
from skaudeep.exceptions import AudioError, Message, marked, message_of, param
from skaudeep.spectrogram import _functions as spectral
from skaudeep.spectrogram._extraction import FrequencyAxis
from skaudeep.spectrogram._reading import plan

_MAX_BATCH = 16  # rows per task: long enough to hide the cost of a task, short enough to share the work

# What is beyond reason, and would take the memory of a machine before it failed.
_MAX_WINDOW = 2**20  # samples; 22 s at 48 kHz
_MAX_LENGTH = 2**30  # samples; 6 hours at 48 kHz
_MAX_FILTERS = 2**25  # bands times bins of the Fourier transform; 128 bands of 5 s at 96 kHz
_MAX_VALUES = 2**30  # of one spectrogram; 93 hours of the default settings

# Of results that wait for their turn.
_WAITING_BYTES = 2**28
_MIN_WAITING = 16


@dataclass(frozen=True)
class Axes:
    """Frames and frequency bins at one sample rate.

    Attributes
    ----------
    frame_length, hop_length : int
        In samples.
    bins : slice or sparse array of shape (1 + frame_length // 2, n_bins)
        The bins of the Fourier transform to keep, or the transposed filter bank.
    frequencies : ndarray of shape (n_bins,)
        Centres of the bins, in Hz.
    """

    frame_length: int
    hop_length: int
    bins: object
    frequencies: np.ndarray

    def n_empty_bins(self):
        """Return number of filters that hold no bin of the Fourier transform."""
        return 0 if isinstance(self.bins, slice) else int((self.bins.sum(axis=0) == 0).sum())


@dataclass(frozen=True)
class FrontEnd:
    """The parameters up to the level in dB: what several configs can have in common."""

    window_width: float
    window_overlap: float
    n_mels: int | None
    f_min: float
    f_max: float | None
    filterbank: str
    channels: str
    pre_emphasis: float | None
    fixed_length: float | None
    center_fixed: bool

    def level(self, samples, sample_rate):
        """Return the level in dB, of shape (n_frames, n_bins), of samples of shape (n_channels, n_samples)."""
        axes = axes_at(self, sample_rate)
        with np.errstate(over="ignore"):  # `power_to_db` refuses what overflows
            signal = audio.mix_channels(samples, self.channels)
        if self.fixed_length is not None:
            n_samples = _in_samples(self.fixed_length, sample_rate, "fixed_length")
            signal = audio.fit_length(signal, n_samples, center=self.center_fixed)
        n_frames = 1 + (len(signal) - axes.frame_length) // axes.hop_length
        if n_frames * len(axes.frequencies) > _MAX_VALUES:
            raise AudioError(
                f"{n_frames:,} windows of {len(axes.frequencies):,} bins are more than {_MAX_VALUES:,} values; "
                f"decrease {param.window_overlap}, {param.n_mels} or {param.fixed_length}, or analyse segments"
            )
        power = spectral.power_spectrogram(
            signal,
            frame_length=axes.frame_length,
            hop_length=axes.hop_length,
            pre_emphasis=self.pre_emphasis,
            bins=axes.bins,
        )
        return spectral.power_to_db(power)


@functools.lru_cache(maxsize=64)
def axes_at(front_end, sample_rate):
    """Return frames and frequency bins of a `FrontEnd` at a sample rate in Hz."""
    frame_length, hop_length = _framing(front_end, sample_rate)
    f_min, f_max = front_end.f_min, front_end.f_max or sample_rate / 2
    if not f_min < f_max <= sample_rate / 2:
        raise AudioError(
            f"f_min={f_min:g} Hz and f_max={f_max:g} Hz must be in order and not above half the sample "
            f"rate, {sample_rate / 2:g} Hz; change them, or resample with {param.sample_rate}"
        )
    if front_end.n_mels is None:
        frequencies = np.fft.rfftfreq(frame_length, 1 / sample_rate)
        bins = slice(*np.searchsorted(frequencies, [f_min, np.nextafter(f_max, np.inf)]))
        if bins.start == bins.stop:
            raise AudioError(
                f"f_min={f_min:g} Hz and f_max={f_max:g} Hz have no bin of the Fourier transform between them, which "
                f"are {frequencies[1]:g} Hz apart; widen them, or increase {param.window_width}"
            )
        return Axes(frame_length, hop_length, bins, frequencies[bins])
    if front_end.n_mels * (1 + frame_length // 2) > _MAX_FILTERS:
        raise AudioError(
            f"{param('n_mels', front_end.n_mels)} bands of windows of {frame_length:,} samples "
            f"({param('window_width', front_end.window_width)} s at {sample_rate:g} Hz) are beyond reason; decrease "
            f"{param.n_mels} or {param.window_width}"
        )
    kind, bands = front_end.filterbank, {"n_mels": front_end.n_mels, "f_min": f_min, "f_max": f_max}
    filters = spectral.mel_filterbank(kind, sample_rate=sample_rate, n_fft=frame_length, **bands)
    return Axes(frame_length, hop_length, filters.T.tocsr(), spectral.mel_frequencies(kind, **bands))


def _framing(front_end, sample_rate):
    """Return length and distance of frames in samples."""
    width_s, overlap_s, length_s = front_end.window_width, front_end.window_overlap, front_end.fixed_length
    width = _in_samples(width_s, sample_rate, "window_width", _MAX_WINDOW)
    overlap = _in_samples(overlap_s, sample_rate, "window_overlap", _MAX_WINDOW)
    if not overlap < width:
        raise AudioError(
            f"{param('window_width', width_s)} s and {param('window_overlap', overlap_s)} s are {width} and {overlap} "
            f"samples at {sample_rate:g} Hz; the overlap must be shorter than the width"
        )
    if length_s is not None:
        n_samples = _in_samples(length_s, sample_rate, "fixed_length")
        if n_samples < width:
            raise AudioError(
                f"{param('fixed_length', length_s)} s is shorter than {param('window_width', width_s)} s; increase it"
            )
        # Seconds fix the number of frames; where samples round to another, the overlap gives way.
        expected = int((length_s - overlap_s) / (width_s - overlap_s))
        n_frames = (n_samples - overlap) // (width - overlap)
        adjusted = overlap - (n_frames > expected) + (n_frames < expected)
        overlap = min(max(adjusted, 0), width - 1)
    return width, width - overlap


def _in_samples(seconds, sample_rate, name, limit=_MAX_LENGTH):
    """Return the value of a parameter in samples, rounded down; an error if that is beyond reason."""
    n_samples = sample_rate * seconds
    if n_samples > limit:
        raise AudioError(
            f"{param(name, seconds)} s is {n_samples:,.0f} samples at {sample_rate:g} Hz, more than "
            f"{limit:,}; decrease it or the sample rate"
        )
    return int(n_samples)


@dataclass(frozen=True)
class SpectrogramConfig:
    """What turns a recording into one spectrogram."""

    sample_rate: float | None
    front_end: FrontEnd
    reference: FrequencyAxis
    clip_below: float | None
    clip_above: float | None
    chunk_length: float | None
    chunk_count: int | None
    scale: str | None
    on_error: str

    def finish(self, level, sample_rate):
        """Clip, cut and scale: float32 of shape (n_frames, n_bins) or (n_chunks, n_frames, n_bins)."""
        if self.chunk_length is not None:
            level = self._chunks(level, sample_rate)
        level = spectral.clip_db(level, below=self.clip_below, above=self.clip_above)
        if self.scale == "minmax":
            level = spectral.scale_minmax(level)
        return level.astype(np.float32)

    def check_end(self, seconds_past_end, sample_rate):
        """Refuse a segment that ends more than one window after its recording, which another config may take."""
        if seconds_past_end <= 0:
            return
        if seconds_past_end > self.front_end.window_width + 1 / sample_rate:  # times are rounded to samples
            raise AudioError(
                f"the segment ends {seconds_past_end:g} s after the recording, more than one window "
                f"({param('window_width', self.front_end.window_width)} s); correct its end"
            )

    def _chunks(self, level, sample_rate):
        hop_length = axes_at(self.front_end, sample_rate).hop_length
        n_frames = _in_samples(self.chunk_length, sample_rate, "chunk_length") // hop_length
        if n_frames == 0:
            raise AudioError(
                f"{param('chunk_length', self.chunk_length)} s is shorter than the distance of two windows, "
                f"{hop_length / sample_rate:g} s; increase it"
            )
        held, wanted = len(level) // n_frames, self.chunk_count or 1
        if held < wanted:
            raise AudioError(
                f"holds {held} chunks of {self.chunk_length:g} s ({len(level)} windows), not {wanted}; "
                f"pad with {param.fixed_length}, decrease {param.chunk_count} or {param.chunk_length}, or leave it out"
            )
        return spectral.split_chunks(level, n_frames=n_frames, n_chunks=self.chunk_count)


def extract(configs, sources, *, n_jobs=None, verbose=0):
    """Turn every source into one spectrogram per config, decoding each source once.

    Parameters
    ----------
    configs : list of SpectrogramConfig
        What to compute.
    sources : list of FileSource or WaveformSource
        What to read.
    n_jobs : int, default=None
        Number of threads, as in joblib.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    list of (ndarray, DataFrame)
        For each config its spectrograms, one per source, and the table of failed rows.
    """
    n_threads = joblib.effective_n_jobs(n_jobs)
    size = max(1, min(_MAX_BATCH, len(sources) // (4 * n_threads)))
    readers, _ = plan(sources, range(len(sources)), _tolerance(configs))
    batches = [readers[first : first + size] for first in range(0, len(readers), size)]
    outputs = [SpectrogramCollector(len(sources)) for _ in configs]
    extract_next = functools.partial(_extract_next, configs)
    parallel = joblib.Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")
    with progress("Extracting spectrograms", len(sources), enabled=verbose) as advance:
        tasks = (joblib.delayed(list)(map(extract_next, batch)) for batch in batches)
        for results in parallel(tasks):
            for row, of_configs in results:
                for output, result in zip(outputs, of_configs, strict=True):
                    output.add(row, sources[row], result)
            advance(len(results))
    results = [(output.spectrograms(), output.errors()) for output in outputs]
    wanted = [output for config, output in zip(configs, outputs, strict=True) if config.on_error == "warn"]
    # Configs that fail on the same recordings say so once.
    for message in dict.fromkeys(output.summary() for output in wanted if output.failed):
        warnings.warn(message, UserWarning, stacklevel=5)
    return results


def _tolerance(configs):
    """Say how many seconds a segment may end after its recording: one window."""
    return max(config.front_end.window_width for config in configs)


def extract_rows(configs, sources, rows, *, n_jobs=None):
    """Turn sources into spectrograms one after the other, a few ahead, decoding each file once where that can be.

    Segments of a file whose rows are not in the order of time are read in that order all the same, as long as the
    spectrograms that wait for their turn are small; else a file is decoded once for each window of rows.

    Parameters
    ----------
    configs : list of SpectrogramConfig
        What to compute.
    sources : list of FileSource or WaveformSource
        What to read.
    rows : list of int
        Which of them.
    n_jobs : int, default=None
        Number of threads, as in joblib.

    Yields
    ------
    list of ndarray or Exception
        For each of the rows the spectrogram of each config, or the error it failed with.
    """
    n_threads = joblib.effective_n_jobs(n_jobs)
    tolerance = _tolerance(configs)
    extract_next = functools.partial(_extract_next, configs)
    in_order = plan(sources, rows, tolerance)[1] == rows  # then nothing has to wait
    size, largest, done = len(rows) if in_order else _MIN_WAITING, 1, 0
    while done < len(rows):
        window = rows[done : done + size]
        readers, _ = plan(sources, window, tolerance)
        with contextlib.closing(_ahead(extract_next, readers, n_threads)) as found:
            for results in _in_order(found, window):
                yield results
                largest = max(largest, sum(getattr(result, "nbytes", 0) for result in results))
        done += len(window)
        size = max(_MIN_WAITING, _WAITING_BYTES // largest)


def _in_order(found, rows):
    """Yield results in the order of the rows, from pairs of row and results in any order."""
    waiting = {}
    for row in rows:
        while row not in waiting:
            other, results = next(found)
            waiting[other] = results
        yield waiting.pop(row)


def _ahead(function, items, n_threads):
    """Yield results in the order of the items, computed by threads that are only a few items ahead."""
    with ThreadPoolExecutor(n_threads) as pool:
        pending = collections.deque()
        try:
            for item in items:
                pending.append(submit(pool, function, item))
                if len(pending) > 4 * n_threads:
                    yield result_of(pending.popleft())
            while pending:
                yield result_of(pending.popleft())
        finally:
            with deferred():
                for future in pending:
                    future.cancel()


def _extract_next(configs, reader):
    """Return the row that a reader gives next, and the spectrogram of each config or the error it failed with."""
    row, source, found = reader.take()
    if not isinstance(found, Exception):
        return row, _extract_one(configs, source, *found)
    if any(config.on_error == "raise" for config in configs):
        raise found
    return row, [found] * len(configs)


def _extract_one(configs, source, samples, native_rate):
    resample = functools.cache(lambda rate: audio.resample(samples, native_rate or rate, rate))
    level = functools.cache(lambda front_end, rate: front_end.level(resample(rate), rate))
    past_end = source.seconds_past_end(samples.shape[-1], native_rate)
    results = []
    for config in configs:
        rate = config.sample_rate or native_rate
        try:
            config.check_end(past_end, native_rate)
            config.reference.check(rate, axes_at(config.front_end, rate).frequencies)
            results.append(config.finish(level(config.front_end, rate), rate))
        except AudioError as error:
            named = AudioError(f"{source.name}: {marked(error)}")
            if config.on_error == "raise":
                raise named from error
            results.append(named)
    return results


class SpectrogramCollector:
    """Collect spectrograms: in one array while their shapes agree, else one by one.

    Parameters
    ----------
    n_rows : int
        The number of rows to come.
    """

    def __init__(self, n_rows):
        self.n_rows = n_rows
        self.failed = []
        self._array = None
        self._done = []  # rows of the array
        self._list = []

    def add(self, row, source, result):
        """Add the spectrogram of a source, or the error it failed with; rows come in any order."""
        if isinstance(result, Exception):
            self.failed.append((row, getattr(source, "label", source.name), message_of(result)))
            return
        if self._array is None and not self._list:
            self._array = np.empty((self.n_rows, *result.shape), np.float32)
        if self._array is not None and result.shape != self._array.shape[1:]:
            self._list = [(i, self._array[i].copy()) for i in self._done]
            self._array = None
        if self._array is None:
            self._list.append((row, result))
        else:
            self._array[row] = result
            self._done.append(row)

    def spectrograms(self):
        """Return the output: an array of all rows or an object array of one array per row; NaN where failed."""
        self.failed.sort()
        failed = [row for row, _, _ in self.failed]
        if len(failed) == self.n_rows:
            first = marked(self.failed[0][2])
            raise AudioError(f"none of {self.n_rows} recordings could be analysed; the first: {first}")
        if self._array is not None:
            self._array[failed] = np.nan
            return self._array
        rows = np.empty(self.n_rows, dtype=object)
        missing = self._list[0][1].shape
        for row in failed:
            rows[row] = np.full((1, *missing[1:]), np.nan, np.float32)
        for row, spectrogram in self._list:
            rows[row] = spectrogram
        return rows

    def errors(self):
        """Return the failed rows as a table."""
        failed = [(row, file, str(reason)) for row, file, reason in self.failed]
        return pd.DataFrame(failed, columns=["row", "file", "reason"])

    def summary(self):
        """Return one sentence on the failed rows."""
        return Message(
            f"{len(self.failed)} of {self.n_rows} recordings could not be analysed and are NaN, see errors_; "
            f"the first: {marked(self.failed[0][2])}"
        )
