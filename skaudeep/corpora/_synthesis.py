"""What synthetic corpora are made with: generators, waves, rooms, and folders that are complete or absent."""

import contextlib
import filecmp
import tempfile
from pathlib import Path

import numpy as np
from scipy import signal

from skaudeep.exceptions import DataSetError


@contextlib.contextmanager
def complete_folder(directory):
    """Give a new folder to write a corpus to, which gets its own name when all is written.

    An interrupted call leaves no half corpus. The same corpus that is already there is left as it is.

    Parameters
    ----------
    directory : path-like
        The name that the folder gets in the end.

    Yields
    ------
    pathlib.Path
        Where to write.

    Raises
    ------
    DataSetError
        If `directory` is a file, or holds anything else than what was written.
    """
    directory = Path(directory).absolute()
    if directory.exists() and not directory.is_dir():
        raise DataSetError(f"{directory} is a file; give the name of a new or empty folder.")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=directory.parent, prefix=".sounds-") as scratch:
        made = Path(scratch, directory.name)
        made.mkdir()
        yield made
        _put_in_place(made, directory)


def _put_in_place(made, directory):
    """Move a finished folder to where it belongs, unless the same one is already there."""
    if directory.is_dir() and any(directory.iterdir()):
        if not _same_files(made, directory):
            raise DataSetError(
                f"directory: {directory} is not empty and does not hold this corpus. Give a new or empty "
                "folder, or the parameters (with an integer random_state) that made the corpus in it."
            )
        return
    if directory.is_dir():
        directory.rmdir()  # renaming onto an empty folder does not work on every system
    made.rename(directory)


def _same_files(one, other):
    """Say whether two folders hold files of the same names and content, and nothing else."""
    names, others = ({path.relative_to(root) for path in root.rglob("*")} for root in (one, other))
    files = [name for name in names if (one / name).is_file()]
    return names == others and not any(filecmp.cmpfiles(one, other, files, shallow=False)[1:])


def write_wave(path, wave, rate):
    """Write a wave between -1 and 1 as a WAV file of 16 bits."""
    import soundfile

    soundfile.write(path, np.round(wave * 32767).astype(np.int16), rate, subtype="PCM_16")


def generator(key):
    """Return a generator of its own for every tuple of integers, of the kind whose stream NumPy keeps for ever."""
    return np.random.RandomState(np.random.MT19937(np.random.SeedSequence(key)))


def room(random, seconds, rate):
    """Return what a room answers to an impulse: noise that dies down by the factor e within `seconds`."""
    decay = np.exp(-np.arange(int(3 * seconds * rate)) / (seconds * rate))
    return decay * random.standard_normal(len(decay))


def record(dry, tail, echo, tilt, noise, noise_db, peak):
    """Let a sound be heard in a room, with background noise, through a microphone.

    Parameters
    ----------
    dry : ndarray of shape (n_samples,)
        The sound.
    tail : ndarray of shape (n_tail,)
        What the room answers to an impulse, as of `room`.
    echo : float
        Level of what the room answers, relative to the sound.
    tilt : float
        Coefficient of the microphone: more than 0 lowers bass, less than 0 treble.
    noise : ndarray of shape (n_samples,)
        Background noise.
    noise_db : float
        Its level relative to the sound in the room, in dB.
    peak : float
        Largest absolute value of the result.

    Returns
    -------
    ndarray of shape (n_samples,)
        The recording.
    """
    answer = signal.fftconvolve(dry, tail)[: len(dry)]
    wave = signal.lfilter([1.0, -tilt], 1.0, scale_to_unit(dry) + echo * scale_to_unit(answer))
    wave = scale_to_unit(wave) + 10 ** (noise_db / 20) * scale_to_unit(noise)
    return peak * wave / np.abs(wave).max()


def scale_to_unit(wave):
    """Return `wave` scaled to a root mean square of 1."""
    return wave / (np.sqrt(np.mean(wave**2)) + 1e-12)


def coloured_noise(random, n, exponent):
    """Return noise whose power falls with frequency to the power of `exponent`: 0 is white, 1 is pink."""
    spectrum = np.fft.rfft(random.standard_normal(n))
    spectrum *= np.maximum(np.arange(len(spectrum)), 1.0) ** (-exponent / 2)
    return np.fft.irfft(spectrum, n)


def resonate(wave, frequency, seconds, rate):
    """Return `wave` through a resonance at `frequency` in Hz that dies down within `seconds`."""
    radius = np.exp(-1 / (seconds * rate))
    poles = [1, -2 * radius * np.cos(2 * np.pi * frequency / rate), radius**2]
    return signal.lfilter([1 - radius], poles, wave)


def tone(frequency, rate, harmonics=(1.0,)):
    """Return harmonics, of the given strengths, of a fundamental whose frequency in Hz is given at every sample."""
    phase = 2 * np.pi * np.cumsum(frequency) / rate
    return sum(strength * np.sin((i + 1) * phase) for i, strength in enumerate(harmonics))
