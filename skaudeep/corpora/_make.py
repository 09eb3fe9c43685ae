"""A small corpus of synthetic sounds: something to hear, learn from and test with, without a download."""

import functools
from pathlib import Path

import numpy as np
import pandas as pd
from scipy import signal

from skaudeep._validation import Integral, Interval, Real, draw_seed, validate_params
from skaudeep.corpora._bunch import make_bunch
from skaudeep.corpora._synthesis import (
    coloured_noise,
    complete_folder,
    generator,
    record,
    resonate,
    room,
    scale_to_unit,
    tone,
    write_wave,
)


@validate_params(
    {
        "directory": "no_validation",
        "n_classes": [Interval(Integral, 2, 12, closed="both")],
        "n_per_class": [Interval(Integral, 1, None, closed="left")],
        "n_takes": [Interval(Integral, 1, None, closed="left")],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "sample_rate": [Interval(Integral, 8000, None, closed="left")],
        "min_seconds": [Interval(Real, 0.5, None, closed="left")],
        "max_seconds": [Interval(Real, 0.5, None, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def make_sound_events(
    directory,
    *,
    n_classes=6,
    n_per_class=30,
    n_takes=3,
    n_folds=5,
    sample_rate=16000,
    min_seconds=1.0,
    max_seconds=3.0,
    random_state=None,
):
    """Write a small corpus of synthetic sound events as WAV files.

    Every file is one take of a recording. The takes of a recording share its hidden properties (the pitch and
    speed of the source, background noise, room, microphone, level) and differ in length and in
    what happens when. Classifiers that have seen one take of a recording therefore recognise the others too
    easily, which is why all takes of a recording lie in one fold.

    Parameters
    ----------
    directory : str or path-like
        Where to write `CLASS/RECORDING-TAKE.wav` and the table `metadata.csv`. It must be new, empty, or hold
        this very corpus from an earlier call, which is then left as it is.
    n_classes : int, default=6
        Number of classes, at most 12, in the order chirp_up, bark, rain, tick, hum, siren, chirp_down,
        crackle, drip, wind, bell, engine.
    n_per_class : int, default=30
        Number of files per class.
    n_takes : int, default=3
        Number of files per recording.
    n_folds : int, default=5
        Number of folds over which the recordings of each class are dealt out.
    sample_rate : int, default=16000
        In Hz.
    min_seconds, max_seconds : float, default=1.0 and 3.0
        Between which the lengths of the files vary, in seconds.
    random_state : int, RandomState instance or None, default=None
        With an integer the files are the same, bit for bit, in every call, and more classes or more files
        per class change nothing in the files that a smaller corpus has.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of str of shape (n_files,)
            Paths, sorted.
        target : ndarray of int of shape (n_files,)
            Class numbers.
        target_names : ndarray of str of shape (n_classes,)
            Class names, sorted.
        cv : :class:`~sklearn.model_selection.PredefinedSplit`
            The stored folds.
        groups : ndarray of str of shape (n_files,)
            The recording that a file is a take of.
        filenames : ndarray of str of shape (n_files,)
            Paths below `directory`, with forward slashes.
        cv_folds, partition, metadata
            As described for :func:`load_corpus`.
        frame : DataFrame of shape (n_files, 5)
            The table: file, label, recording, fold (from 1) and length in seconds.
        DESCR : str
            What was made.

    Raises
    ------
    DataSetError
        If `directory` holds anything else than this corpus.

    See Also
    --------
    load_folder : Find recordings of your own.

    Examples
    --------
    >>> import tempfile
    >>> from skaudeep.datasets import make_sound_events
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sounds = make_sound_events(
    ...         folder, n_classes=2, n_per_class=4, n_takes=2, n_folds=2, max_seconds=1.5, random_state=0
    ...     )
    >>> sounds.filenames[:3].tolist()
    ['bark/01-1.wav', 'bark/01-2.wav', 'bark/02-1.wav']
    >>> sounds.frame.columns.tolist()
    ['file', 'label', 'recording', 'fold', 'seconds']
    """
    if min_seconds > max_seconds:
        raise ValueError(f"min_seconds={min_seconds} is more than max_seconds={max_seconds}.")
    if -(-n_per_class // n_takes) < n_folds:
        raise ValueError(
            f"n_per_class={n_per_class} files in takes of n_takes={n_takes} are fewer recordings than "
            f"n_folds={n_folds}; each fold needs a recording of each class."
        )
    lengths = int(min_seconds * sample_rate), int(max_seconds * sample_rate)
    seed = draw_seed(random_state)
    rows = []
    with complete_folder(directory) as made:
        for number, label in enumerate(list(_SOUNDS)[:n_classes]):
            (made / label).mkdir()
            for index in range(n_per_class):
                recording, take = divmod(index, n_takes)
                wave = _make_take(label, (seed, number, recording), take, lengths, sample_rate)
                file = f"{label}/{recording + 1:02d}-{take + 1}.wav"
                write_wave(made / file, wave, sample_rate)
                seconds = len(wave) / sample_rate
                rows.append((file, label, f"{label}-{recording + 1:02d}", recording % n_folds + 1, seconds))
        frame = pd.DataFrame(rows, columns=["file", "label", "recording", "fold", "seconds"])
        frame = frame.sort_values("file", ignore_index=True)
        frame.to_csv(made / "metadata.csv", index=False, lineterminator="\n")
    directory = Path(directory).absolute()
    classes, target = np.unique(frame["label"], return_inverse=True)
    return make_bunch(
        [directory / file for file in frame["file"]],
        frame["file"],
        target=target,
        target_names=classes,
        folds=frame["fold"],
        groups=frame["recording"],
        frame=frame,
    )


def _make_take(label, key, take, lengths, rate):
    """Make one file: a sound in its room, with its microphone, background noise and level."""
    # Started anew for every take, the recording's generator gives all of them the same hidden properties.
    recording, take = generator(key), generator((*key, take + 1))
    hidden = recording.uniform
    n = take.randint(lengths[0], lengths[1] + 1)
    tilt, echo, echo_seconds = hidden(-0.3, 0.6), hidden(0.0, 0.4), hidden(0.02, 0.15)
    noise_db, colour, peak = hidden(-27, -6), hidden(0.3, 1.5), hidden(0.1, 0.9)

    dry = _SOUNDS[label](recording, take, n, rate)
    tail = room(recording, echo_seconds, rate)
    noise = coloured_noise(take, n, colour)
    return record(dry, tail, echo, tilt, noise, noise_db + take.uniform(-2, 2), peak)


def _starts(take, n, spacing, jitter):
    """Return sample positions about `spacing` apart; the first one early enough that something is heard."""
    steps = spacing * (1 + jitter * take.uniform(-1, 1, int(n / spacing / (1 - jitter)) + 2))
    positions = np.cumsum(steps) - steps[0] + take.uniform(0, min(spacing, n / 3))
    return positions[positions < n].astype(int)


def _impulses(take, n, spacing, jitter):
    """Return impulses of varying strength about `spacing` samples apart."""
    wave = np.zeros(n)
    starts = _starts(take, n, spacing, jitter)
    wave[starts] = take.uniform(0.5, 1.0, len(starts))
    return wave


def _repeat(event, starts, n):
    """Add `event()`, made anew each time, at each of the positions `starts`."""
    wave = np.zeros(n)
    for start in starts:
        piece = event()[: n - start]
        wave[start : start + len(piece)] += piece
    return wave


def _chirp(recording, take, n, rate, *, upward):
    low, octaves = recording.uniform(400, 700), recording.uniform(1.2, 2.0)
    length = int(recording.uniform(0.15, 0.5) * rate)
    spacing = length * recording.uniform(1.2, 2.5)
    position = np.linspace(0, 1, length)

    def event():
        frequency = low * take.uniform(0.9, 1.1) * 2 ** (octaves * (position if upward else position[::-1]))
        return tone(frequency, rate, (1.0, 0.3)) * np.sin(np.pi * position) ** 0.5

    return _repeat(event, _starts(take, n, spacing, 0.2), n)


def _bark(recording, take, n, rate):
    pitch, formant = recording.uniform(300, 500), recording.uniform(800, 1300)
    length = int(recording.uniform(0.08, 0.2) * rate)
    spacing = recording.uniform(0.25, 0.7) * rate
    position = np.linspace(0, 1, length)

    def event():
        frequency = pitch * take.uniform(0.9, 1.1) * (0.7 + 0.5 * np.sin(np.pi * position**0.7))
        voice = tone(frequency, rate, 1 / np.arange(1, 6)) + 0.5 * take.standard_normal(length)
        return resonate(voice, formant, 0.001, rate) * np.sin(np.pi * position**0.5) ** 2

    return _repeat(event, _starts(take, n, spacing, 0.4), n)


def _rain(recording, take, n, rate):
    low, drops = recording.uniform(300, 1500), recording.uniform(0.2, 2.0)
    spacing = rate / recording.uniform(60, 400)
    hiss = signal.lfilter(*signal.butter(2, low, "highpass", fs=rate), take.standard_normal(n))
    patter = resonate(_impulses(take, n, spacing, 0.9), recording.uniform(1500, 3500), 0.002, rate)
    return scale_to_unit(hiss) + drops * scale_to_unit(patter)


def _tick(recording, take, n, rate):
    spacing, pitch = recording.uniform(0.12, 0.4) * rate, recording.uniform(1600, 3200)
    return resonate(_impulses(take, n, spacing, 0.01), pitch, recording.uniform(0.002, 0.01), rate)


def _hum(recording, take, n, rate):
    pitch, strengths = recording.uniform(45, 180), recording.uniform(0.1, 1.0, 10) / np.arange(1, 11) ** 0.5
    throb, depth = recording.uniform(0.5, 6.0), recording.uniform(0.0, 0.4)
    swell = 1 + depth * np.sin(2 * np.pi * (throb * np.arange(n) / rate + take.uniform()))
    return swell * tone(np.full(n, pitch * take.uniform(0.98, 1.02)), rate, strengths)


def _siren(recording, take, n, rate):
    centre, octaves = recording.uniform(700, 1100), recording.uniform(0.3, 0.6)
    speed = recording.uniform(0.6, 2.5)
    sweep = np.sin(2 * np.pi * (speed * np.arange(n) / rate + take.uniform()))
    return tone(centre * 2 ** (octaves * sweep), rate, (1.0, 0.4, 0.2))


def _crackle(recording, take, n, rate):
    spacing, pitch = rate / recording.uniform(20, 60), recording.uniform(1200, 3000)
    snaps = _impulses(take, n, spacing, 0.95) ** 3
    return resonate(snaps * take.standard_normal(n), pitch, recording.uniform(0.0005, 0.004), rate)


def _drip(recording, take, n, rate):
    pitch, rise = recording.uniform(900, 1500), recording.uniform(1.4, 2.2)
    length = int(recording.uniform(0.03, 0.09) * rate)
    spacing = recording.uniform(0.15, 0.6) * rate
    position = np.linspace(0, 1, length)
    envelope = position**0.2 * np.exp(-4 * position)

    def event():
        return tone(pitch * take.uniform(0.8, 1.25) * rise**position, rate) * envelope

    return _repeat(event, _starts(take, n, spacing, 0.7), n)


def _wind(recording, take, n, rate):
    low, gusts = recording.uniform(80, 300), recording.uniform(0.3, 1.5)
    band = signal.butter(1, (low, low * recording.uniform(2, 6)), "bandpass", fs=rate)
    strength = 1.2 + np.sin(2 * np.pi * (gusts * np.arange(n) / rate + take.uniform()))
    return strength * signal.lfilter(*band, take.standard_normal(n))


def _bell(recording, take, n, rate):
    pitch, seconds = recording.uniform(350, 600), recording.uniform(0.25, 0.6)
    strokes = _impulses(take, n, recording.uniform(0.5, 1.5) * rate, 0.2)
    partials = (1.0, 2.0, 2.76, 5.4)
    waves = [resonate(strokes, partial * pitch, seconds / partial, rate) for partial in partials]
    return sum(scale_to_unit(wave) / partial for wave, partial in zip(waves, partials, strict=True))


def _engine(recording, take, n, rate):
    firing, pitch = recording.uniform(12, 40), recording.uniform(100, 400)
    spacing = rate / firing / take.uniform(0.9, 1.1)
    thumps = resonate(_impulses(take, n, spacing, 0.05), pitch, recording.uniform(0.005, 0.02), rate)
    return scale_to_unit(thumps) + recording.uniform(0.1, 0.4) * scale_to_unit(coloured_noise(take, n, 1.0))


#: The first classes are those of a small corpus. The two directions of a chirp differ only in the order of
#: what happens, which no statistic over time can see and a recurrent network can.
_SOUNDS = {
    "chirp_up": functools.partial(_chirp, upward=True),
    "bark": _bark,
    "rain": _rain,
    "tick": _tick,
    "hum": _hum,
    "siren": _siren,
    "chirp_down": functools.partial(_chirp, upward=False),
    "crackle": _crackle,
    "drip": _drip,
    "wind": _wind,
    "bell": _bell,
    "engine": _engine,
}
