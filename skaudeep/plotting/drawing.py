"""What the displays share: where to draw, what to check, how a spectrogram gets its axes."""

import contextlib
import warnings

import numpy as np

#: Colours of classes that people with colour blindness can tell apart (M. A. Petroff, arXiv:2107.02270), the two greys
#: at the end.
COLOURS = (
    "#3f90da", "#ffa90e", "#bd1f01", "#832db6", "#92dadd", "#a96b59", "#e76300", "#b9ac70", "#717581", "#94a4a2",
)  # fmt: skip
#: Markers of classes: after all colours were used with the first, they are used with the second, and so on.
MARKERS = ("o", "^", "s", "X", "D", "v", "P", "*", "<", ">")


def pyplot():
    """Import Matplotlib's module of that name when something is drawn."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError("Plotting needs Matplotlib: pip install matplotlib") from error
    return plt


@contextlib.contextmanager
def repeatable():
    """Let the same figure give the same file; characters in names that the font lacks become boxes without a word."""
    import matplotlib

    with matplotlib.rc_context({"svg.hashsalt": "skaudeep"}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def level_label(spectrogram):
    """Say what the levels of a spectrogram are, from their range."""
    # NaN is no reason to think of decibels
    return "Level (dB)" if (np.abs(spectrogram) > 1).any() else "Level (scaled to [-1, 1])"


def shortened(text, length=28):
    """Return a name that fits into a picture."""
    text = str(text)
    return text if len(text) <= length else f"{text[: length - 1]}\N{HORIZONTAL ELLIPSIS}"


def add_legend(ax, handles, labels, **options):
    """Add a legend of names as they are: neither formulas between dollars, nor hidden for an underscore."""
    legend = ax.legend(handles, [""] * len(labels), **options)
    for text, label in zip(legend.get_texts(), labels, strict=True):
        text.set_parse_math(False)
        text.set_text(label)
    return legend


def with_unit(text, unit):
    """Add the unit of a quantity in brackets, where there is one."""
    return f"{text} ({unit})" if unit else text


def check_numbers(*, gaps=(), **arrays):
    """Return arrays of a number for each sample, or raise a `ValueError` that names the argument.

    The arrays that `gaps` names may have NaN.
    """
    arrays = {name: np.asarray(values, dtype=np.float64) for name, values in arrays.items()}
    shapes = [values.shape for values in arrays.values()]
    if len(set(shapes)) > 1 or len(shapes[0]) != 1 or not shapes[0][0]:
        got = ", ".join(f"{name} has shape {values.shape}" for name, values in arrays.items())
        raise ValueError(f"{got}: expected a number for each sample in all of them, and one sample or more.")
    for name, values in arrays.items():
        wrong = np.isinf(values) if name in gaps else ~np.isfinite(values)
        if wrong.any():
            at = np.argmax(wrong)
            raise ValueError(
                f"{name}[{at}] is {values[at]}, and {wrong.sum()} in all are not finite: leave these samples out."
            )
    return list(arrays.values())


def check_spectrogram(values, name):
    """Return one spectrogram as an array, or raise a `ValueError` that names the argument."""
    values = np.asarray(values)
    if values.ndim != 2 or values.dtype == np.dtype(object):
        raise ValueError(
            f"{name} has shape {values.shape}, expected one spectrogram of shape (n_frames, n_bins); "
            "pick one of several, for example X[0]."
        )
    return values


def check_frequencies(frequencies, n_bins):
    """Return centres of the bins as an array, or None where there are none to be had."""
    if frequencies is None:
        return None
    frequencies = np.asarray(frequencies, dtype=float)
    if frequencies.shape != (n_bins,) or (np.diff(frequencies) <= 0).any():
        raise ValueError(
            f"frequencies has shape {frequencies.shape}, expected {n_bins} ascending values in Hz, "
            "one for each bin of the spectrogram."
        )
    return frequencies


def draw_spectrogram(ax, spectrogram, frequencies, hop, colours, **scale):
    """Draw one image with its axes; every bin gets the same height, however far apart the frequencies are."""
    n_frames, n_bins = spectrogram.shape
    left, right = (-0.5, n_frames - 0.5) if hop is None else (0.0, n_frames * hop)
    image = ax.imshow(
        spectrogram.T,
        origin="lower",
        aspect="auto",
        interpolation="nearest",
        cmap=colours,
        extent=(left, right, -0.5, n_bins - 0.5),
        **scale,
    )
    ax.set_xlabel("Frame" if hop is None else "Time (s)")
    ax.set_ylabel("Bin" if frequencies is None else "Frequency (kHz)")
    if frequencies is not None:
        ticks = _frequency_ticks(frequencies)
        ax.set_yticks(np.interp(ticks, frequencies, np.arange(n_bins)), [f"{tick / 1000:g}" for tick in ticks])
    return image


def _frequency_ticks(frequencies):
    """Find round frequencies in Hz that lie well apart on an axis of equally high bins."""
    if np.allclose(np.diff(frequencies), frequencies[1] - frequencies[0]):
        steps = [step * 10.0**power for power in range(6) for step in (1, 2, 5)]
        step = next(step for step in steps if (frequencies[-1] - frequencies[0]) / step <= 8)
        return np.arange(np.ceil(frequencies[0] / step), frequencies[-1] // step + 1) * step
    chosen = []
    # From the top down: low bands are so narrow in Hz that ticks must be left out there rather than above.
    for tick in (step * 10.0**power for power in range(5, -1, -1) for step in (5, 2, 1)):
        apart = np.diff(np.interp([tick, *chosen[:1]], frequencies, np.arange(len(frequencies))))
        if frequencies[0] <= tick <= frequencies[-1] and (apart >= len(frequencies) / 12).all():
            chosen.insert(0, tick)
    return np.array(chosen)
