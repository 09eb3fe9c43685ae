"""Synthetic recordings in which loudness, pitch and the rate of events wander, annotated by raters who lag."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import signal
from scipy.fft import next_fast_len
from scipy.interpolate import PchipInterpolator

from skaudeep._validation import Integral, Interval, Real, draw_seed, validate_params
from skaudeep.corpora._annotations import load_annotations
from skaudeep.corpora._bunch import make_bunch
from skaudeep.corpora._synthesis import (
    coloured_noise,
    complete_folder,
    generator,
    record,
    resonate,
    room,
    scale_to_unit,
    write_wave,
)
from skaudeep.exceptions import ParameterError, param

#: What wanders, in the order of the columns.
TARGETS = ("loudness", "pitch", "rate")
#: From so many raters on, the last of these is not to be trusted.
_UNRELIABLE = 3
_SECONDS_PER_STEP = 2.0
_OCTAVES = 0.5
_EVENTS_PER_SECOND = 2.5
_DECIBELS = 10.0
# What a generator is for: the first number of its key, after that of the corpus.
_VOICE, _CURVES, _SOUND, _RATER, _RATING = 1, 2, 3, 4, 5

_COUNT = [Interval(Integral, 1, None, closed="left")]
_SECONDS = [Interval(Real, 1, None, closed="left")]
_NOT_NEGATIVE = [Interval(Real, 0, None, closed="left")]


@validate_params(
    {
        "directory": "no_validation",
        "n_speakers": _COUNT,
        "n_per_speaker": _COUNT,
        "n_raters": _COUNT,
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "sample_rate": [Interval(Integral, 8000, None, closed="left")],
        "min_seconds": _SECONDS,
        "max_seconds": _SECONDS,
        "delay": _NOT_NEGATIVE,
        "rater_noise": _NOT_NEGATIVE,
        "annotation_rate": [Interval(Real, 0, None, closed="neither")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_sound_scenes(
    directory,
    *,
    n_speakers=8,
    n_per_speaker=4,
    n_raters=4,
    n_folds=4,
    sample_rate=16000,
    min_seconds=20.0,
    max_seconds=60.0,
    delay=2.0,
    rater_noise=0.3,
    annotation_rate=10.0,
    random_state=None,
):
    """Write a small corpus of synthetic recordings whose loudness, pitch and rate of events were annotated over time.

    A voice without words utters syllables. How loud, how high and how fast it does so wanders over seconds, each by
    itself, from -1 to 1: by 10 dB, by half an octave and by a factor of two to either side of what is usual for this
    speaker or, for the rate, of 2.5 syllables per second. Speakers have their own height, timbre and length of
    syllables, recordings their own room, microphone, background noise and gain, so that a level or a frequency alone
    does not tell the number; a louder voice is a brighter one, too.

    Raters follow each of the three with a `delay`, and with a level, a range and errors of their own. The third of
    them mostly follows something else.

    Parameters
    ----------
    directory : str or path-like
        Where to write `SPEAKER/RECORDING.wav`, the table `metadata.csv` (path, group, fold) and, for each recording,
        `annotations/SPEAKER/RECORDING.csv`. It must be new, empty, or hold this very corpus from an earlier call,
        which is then left as it is.
    n_speakers : int, default=8
        Number of speakers, who are the groups.
    n_per_speaker : int, default=4
        Number of recordings of each.
    n_raters : int, default=4
        Number of raters, who all have rated all recordings.
    n_folds : int, default=4
        Number of folds over which the speakers are dealt out.
    sample_rate : int, default=16000
        In Hz.
    min_seconds, max_seconds : float, default=20.0 and 60.0
        Between which the lengths of the recordings vary, in seconds.
    delay : float, default=2.0
        By how many seconds raters come later than what they hear.
    rater_noise : float, default=0.3
        Standard deviation of the errors of a rater, which change over a second or two.
    annotation_rate : float, default=10.0
        Annotations per second, in Hz.
    random_state : int, RandomState instance or None, default=None
        With an integer the files are the same, bit for bit, in every call, and more speakers or more recordings of
        each change nothing in the recordings and annotations that a smaller corpus has; more raters only add columns.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of str of shape (n_files,)
            Paths, sorted.
        cv : :class:`~sklearn.model_selection.PredefinedSplit`
            The stored folds, of whole speakers.
        groups : ndarray of str of shape (n_files,)
            The speaker of each recording.
        filenames : ndarray of str of shape (n_files,)
            Paths below `directory`, with forward slashes.
        annotations : DataFrame of shape (n_annotations, 2 + 3 * n_raters)
            What :func:`load_annotations` reads from ``directory / "annotations"``: `file`, the path as in `data`,
            `time` in seconds, and `loudness_1`, `loudness_2`, ..., `pitch_1`, ..., `rate_1`, ..., one for each rater.
        truth : DataFrame of shape (n_annotations, 5)
            The columns `file`, `time`, `loudness`, `pitch` and `rate`: what is heard at these times, without raters.
        target, target_names, cv_folds, partition, metadata
            As described for :func:`load_corpus`; there is no target, as none is that of a whole recording.
        frame : DataFrame of shape (n_files, 3)
            The table: path, group and fold (from 1).
        DESCR : str
            What was made.

    Raises
    ------
    ParameterError
        If there are fewer speakers than folds, or recordings would be shorter than `min_seconds`.
    DataSetError
        If `directory` holds anything else than this corpus.

    See Also
    --------
    make_sound_events : Sounds of several classes.
    combine_raters, annotation_windows : What to do with the annotations.

    Examples
    --------
    >>> import tempfile
    >>> from skaudeep.datasets import make_sound_scenes
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     scenes = make_sound_scenes(
    ...         folder, n_speakers=2, n_per_speaker=2, n_raters=2, n_folds=2, max_seconds=20.0, random_state=0
    ...     )
    >>> scenes.filenames.tolist()
    ['speaker-01/01.wav', 'speaker-01/02.wav', 'speaker-02/01.wav', 'speaker-02/02.wav']
    >>> scenes.annotations.columns[2:].tolist()
    ['loudness_1', 'loudness_2', 'pitch_1', 'pitch_2', 'rate_1', 'rate_2']
    >>> scenes.truth.columns.tolist()
    ['file', 'time', 'loudness', 'pitch', 'rate']
    """
    if min_seconds > max_seconds:
        raise ParameterError("min_seconds", min_seconds, f": that is more than {param('max_seconds', max_seconds)}")
    if n_speakers < n_folds:
        raise ParameterError(
            "n_speakers",
            n_speakers,
            f": each of {param('n_folds', n_folds)} needs one; make more speakers or fewer folds",
        )
    directory, seed = Path(directory).absolute(), draw_seed(random_state)
    rows, truths = [], []
    with complete_folder(directory) as made:
        for speaker in range(n_speakers):
            name = f"speaker-{speaker + 1:02d}"
            (made / name).mkdir()
            (made / "annotations" / name).mkdir(parents=True)
            for number in range(n_per_speaker):
                scene = _Scene(seed, speaker, number, (min_seconds, max_seconds))
                file = f"{name}/{number + 1:02d}"
                write_wave(made / f"{file}.wav", scene.sound(sample_rate), sample_rate)
                times = np.arange(max(1, int(scene.seconds * annotation_rate))) / annotation_rate
                _write_table(scene.ratings(times, n_raters, delay, rater_noise), made / "annotations" / f"{file}.csv")
                rows.append((f"{file}.wav", name, speaker % n_folds + 1))
                truths.append(scene.truth(str(directory / f"{file}.wav"), times))
        frame = pd.DataFrame(rows, columns=["path", "group", "fold"])
        _write_table(frame, made / "metadata.csv")
    return _make_bunch(directory, frame, truths)


def _make_bunch(directory, frame, truths):
    """Give the corpus, as it is now on disk, the form that loaders return, with annotations and truth."""
    paths = [str(directory / path) for path in frame["path"]]
    corpus = make_bunch(paths, frame["path"], folds=frame["fold"], groups=frame["group"], frame=frame)
    corpus.annotations = load_annotations(directory / "annotations", audio=directory)
    corpus.truth = pd.concat(truths, ignore_index=True)
    return corpus


def _write_table(table, path):
    table.to_csv(path, index=False, lineterminator="\n", float_format="%.4f")


class _Voice(NamedTuple):
    """What a speaker brings along: frequencies in Hz, lengths in seconds."""

    pitch: float
    formants: tuple
    ringing: float
    syllable: float
    held: float
    brightness: float


def _draw_voice(random):
    pitch = 150 * 2 ** random.uniform(-0.3, 0.3)
    size = random.uniform(0.85, 1.2)
    formants = (500 * size, 1500 * size * random.uniform(0.9, 1.1), 2600 * size)
    ringing, syllable = random.uniform(0.003, 0.006), random.uniform(0.08, 0.16)
    return _Voice(pitch, formants, ringing, syllable, random.uniform(0.02, 0.15), random.uniform(-0.4, 0.4))


class _Scene:
    """A recording: three curves, a voice that follows them, and raters who follow the voice."""

    def __init__(self, seed, speaker, number, lengths):
        self.seed, self.key = seed, (speaker, number)
        random = generator((seed, _CURVES, *self.key))
        self.seconds = random.uniform(*lengths)
        self.curves = {name: _wander(random, self.seconds) for name in TARGETS}

    def truth(self, file, times):
        """Give the values of the curves at `times`, in seconds."""
        values = {name: curve(times) for name, curve in self.curves.items()}
        return pd.DataFrame({"file": file, "time": times} | values)

    def ratings(self, times, n_raters, delay, noise):
        """Give what raters write down at `times` for each of the curves."""
        columns = {"time": times}
        heard = np.maximum(times - delay, 0.0)
        for target, (name, curve) in enumerate(self.curves.items()):
            for rater in range(1, n_raters + 1):
                habits = generator((self.seed, _RATER, rater, target))
                shift, spread = habits.uniform(-0.15, 0.15), habits.uniform(0.7, 1.0)
                random = generator((self.seed, _RATING, *self.key, rater, target))
                followed = curve(heard)
                if rater == _UNRELIABLE:
                    followed = 0.2 * followed + 0.8 * _wander(random, self.seconds)(times)
                rating = shift + spread * followed + noise * _errors(random, times)
                columns[f"{name}_{rater}"] = np.clip(rating, -1, 1)
        return pd.DataFrame(columns)

    def sound(self, rate):
        """Give the waveform."""
        voice = _draw_voice(generator((self.seed, _VOICE, self.key[0])))
        random = generator((self.seed, _SOUND, *self.key))
        times = np.arange(int(self.seconds * rate)) / rate
        loudness, pitch, tempo = (curve(times) for curve in self.curves.values())
        dry = _sing(voice, voice.pitch * 2 ** (_OCTAVES * pitch), loudness, rate)
        dry *= _syllables(random, voice, _EVENTS_PER_SECOND * 2**tempo, rate)
        dry *= 10 ** (_DECIBELS * loudness / 20)

        tail = room(random, random.uniform(0.02, 0.1), rate)
        noise = coloured_noise(random, next_fast_len(len(dry), real=True), 1.0)[: len(dry)]
        noise *= 10 ** (_DECIBELS * _wander(random, self.seconds)(times) / 20)
        echo, tilt, noise_db = random.uniform(0, 0.3), random.uniform(-0.3, 0.5), random.uniform(-30, -12)
        return record(dry, tail, echo, tilt, noise, noise_db, random.uniform(0.1, 0.9))


def _wander(random, seconds):
    """Return a smooth random walk between -1 and 1, a function of times from 0 to `seconds`."""
    n_steps = int(seconds / _SECONDS_PER_STEP) + 2
    noise = random.standard_normal(n_steps)
    walk = signal.lfilter([0.8], [1.0, -0.6], noise, zi=[0.6 * random.standard_normal()])[0]
    return PchipInterpolator(np.arange(n_steps) * _SECONDS_PER_STEP, np.tanh(walk))


def _errors(random, times):
    """Return errors of a rater, of variance 1 at each time, which change over a second or two."""
    steps = random.standard_normal(int(times[-1]) + 3)
    place = times % 1.0
    before, after = steps[times.astype(int)], steps[times.astype(int) + 1]
    return (before * (1 - place) + after * place) / np.sqrt((1 - place) ** 2 + place**2)


def _sing(voice, frequency, loudness, rate):
    """Return a tone through the formants of a voice, whose harmonics are stronger where it is louder."""
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    soft, loud = np.zeros(len(phase)), np.zeros(len(phase))
    n_harmonics = min(24, int(0.45 * rate / frequency.max()))
    # sin(k x) = 2 cos(x) sin((k - 1) x) - sin((k - 2) x), so that no sine is computed but the first
    before, wave, twice_cosine = np.zeros(len(phase)), np.sin(phase), 2 * np.cos(phase)
    for harmonic in range(1, n_harmonics + 1):
        soft += harmonic ** -(2.0 - voice.brightness) * wave
        loud += harmonic ** -(1.3 - voice.brightness) * wave
        before, wave = wave, twice_cosine * wave - before
    effort = (loudness + 1) / 2
    wave = (1 - effort) * soft + effort * loud
    formed = sum(scale_to_unit(resonate(wave, formant, voice.ringing, rate)) for formant in voice.formants)
    return scale_to_unit(wave) + formed


def _syllables(random, voice, tempo, rate):
    """Return how strong a voice is at each sample: `tempo` syllables per second, and something held between them."""
    count = np.cumsum(tempo) / rate + random.uniform()
    onsets = np.searchsorted(count, np.arange(1, int(count[-1]) + 1) + random.uniform(-0.15, 0.15, int(count[-1])))
    strokes = np.zeros(len(tempo))
    strokes[np.minimum(onsets, len(tempo) - 1)] = random.uniform(0.7, 1.0, len(onsets))
    length = int(3 * voice.syllable * rate)
    position = np.arange(length) / (voice.syllable * rate)
    envelope = np.minimum(position / 0.1, 1.0) * np.exp(-position)
    return voice.held + signal.fftconvolve(strokes, envelope)[: len(tempo)]
