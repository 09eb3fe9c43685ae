"""What inspecting a corpus or a data set results in: counts that print as a table."""

import math
from dataclasses import dataclass, fields
from textwrap import dedent

import pandas as pd

from skaudeep._provenance import is_known

_MOST_LINES = 20  # of a long list in the printed form; the attributes hold all


class _Info:
    """Counts that print as a table of headings and lines."""

    def __repr__(self):
        sections = [(heading, lines) for heading, lines in self._sections() if lines]
        width = 2 + max(len(heading) for heading, _ in sections)
        return "\n".join(
            f"{'' if number else heading:<{width}}{_printable(line)}"
            for heading, lines in sections
            for number, line in enumerate(lines)
        )

    def to_dict(self):
        """Give the same as plain Python values.

        Returns
        -------
        dict
            What :func:`json.dumps` takes: the attributes by name, tables as lists with a dict for each row, keys as
            strings, None for a number that is not finite.
        """
        return {field.name: _plain(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, eq=False, repr=False)
class CorpusInfo(_Info):
    """What :func:`inspect_corpus` finds; printing it shows it as a table.

    Parameters
    ----------
    n_recordings : int
        Number of recordings, which are files or segments of files.
    n_files : int
        Number of different files.
    n_groups : int or None
        Number of groups of recordings that belong together; None where nothing is known of groups.
    labels : dict of str to int
        The number of recordings of each class, in the order of the class numbers; empty without classes.
    n_unlabelled : int
        Number of recordings of which neither class nor target is known.
    targets : dict of str to float, or None
        `min`, `mean` and `max` of continuous targets.
    folds : DataFrame of shape (n_folds, 3)
        For each fold, from 1, the number of recordings in `training`, `validation` and `neither`.
    partitions : dict of str to int
        The number of recordings in `train`, `devel`, `test` and `none` of these; empty without partitions.
    durations : dict of str to float, or None
        `total`, `mean`, `min`, `q05`, `q25`, `median`, `q75`, `q95` and `max` of the recordings that can be read,
        in seconds; None if there are none.
    n_unknown_durations : int
        Number of recordings that can be read and do not say how long they are; they are not part of `durations`.
    sample_rates : dict of int to int
        The number of files of each sample rate in Hz, the most frequent first.
    channels : dict of int to int
        The number of files of each number of channels, the most frequent first.
    formats : dict of str to int
        The number of files of each format and encoding, such as `"WAV/PCM_16"`, the most frequent first.
    unreadable : DataFrame of shape (n_unreadable, 2)
        The columns `file` and `reason` of what cannot be read: files, and segments that are not inside their file.
        Files in a format that libsndfile does not read, and audio whose names do not tell that, are among them, but
        not among the recordings.
    unused_columns : tuple of str, default=()
        Names of the columns of a table of recordings that nobody uses.
    notes : tuple of str, default=()
        What else the loader of the corpus has to say, such as how many files a table does not name.

    See Also
    --------
    inspect_corpus : With an example.

    Examples
    --------
    >>> import tempfile, numpy as np, soundfile
    >>> from skaudeep.datasets import inspect_corpus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     soundfile.write(f"{folder}/a.wav", np.zeros(4000), 8000)
    ...     info = inspect_corpus([f"{folder}/a.wav"])
    >>> info
    recordings   1 in 1 file
    duration     0.5 s in total
                 min 0.5 s, 5 % 0.5 s, median 0.5 s, 95 % 0.5 s, max 0.5 s
    sample rate  8,000 Hz (1 file)
    channels     1 (1 file)
    format       WAV/PCM_16 (1 file)
    labels       none
    folds        none
    partitions   none
    unreadable   none
    """

    n_recordings: int
    n_files: int
    n_groups: int | None
    labels: dict
    n_unlabelled: int
    targets: dict | None
    folds: pd.DataFrame
    partitions: dict
    durations: dict | None
    n_unknown_durations: int
    sample_rates: dict
    channels: dict
    formats: dict
    unreadable: pd.DataFrame
    unused_columns: tuple = ()
    notes: tuple = ()

    def _sections(self):
        groups = [] if self.n_groups is None else [_number(self.n_groups, "group")]
        yield "recordings", [", ".join([f"{self.n_recordings:,} in {_number(self.n_files, 'file')}", *groups])]
        yield "duration", _duration_lines(self.durations, self.n_unknown_durations)
        yield "sample rate", _count_lines({f"{rate:,} Hz": count for rate, count in self.sample_rates.items()})
        yield "channels", _count_lines(self.channels)
        yield "format", _count_lines(self.formats)
        yield from _shared_sections(self)
        failed = [f"{file}: {reason}" for file, reason in self.unreadable.itertuples(index=False)]
        yield "unreadable", [f"{len(failed):,}", *_shortened(failed)] if failed else ["none"]
        if self.unused_columns:
            yield "not used", [f"columns {', '.join(name or repr(name) for name in self.unused_columns)}"]
        yield "notes", list(self.notes)


@dataclass(frozen=True, eq=False, repr=False)
class DatasetInfo(_Info):
    """What :func:`inspect_dataset` finds; printing it shows it as a table.

    Parameters
    ----------
    n_instances : int
        Number of instances, which are recordings or chunks of recordings.
    n_files : int
        Number of different recordings.
    chunks_per_file : dict of int to int
        The number of recordings with each number of chunks.
    feature_shape : dict of str to int
        The sizes of one instance by the names of its dimensions.
    dtype : str
        The type of the features.
    n_bytes : int
        The size of the features in memory.
    labels : dict of str to int
        The number of instances of each class, sorted by name, 0 where there is none; empty without class names.
    n_unlabelled : int
        Number of instances without a class name or, in a data set without class names, without a number.
    targets : dict of str to float, or None
        `min`, `mean` and `max` of `label_numeric` in a data set without class names.
    folds : DataFrame of shape (n_folds, 3)
        For each fold, from 1, the number of instances in `training`, `validation` and `neither`.
    partitions : dict of str to int
        The number of instances in `train`, `devel`, `test` and `none` of these; empty without partitions.
    values : dict or None
        None unless asked for: `min`, `max` and `mean` of the finite features (None if there are none), the numbers
        `n_nan`, `n_infinite` and `n_instances_with_nan`, and `constant`, the names of the features that have the
        same value in all instances, or no value in any.
    provenance : list of dict
        How the features were made, as :func:`get_provenance` tells it.

    See Also
    --------
    inspect_dataset : With an example.

    Examples
    --------
    >>> from skaudeep.datasets import inspect_dataset, make_dataset
    >>> info = inspect_dataset(make_dataset([[0.5, 1]], ["a.wav"], label_nominal=["Rain"]))
    >>> info.feature_shape, info.labels
    ({'generated': 2}, {'Rain': 1})
    """

    n_instances: int
    n_files: int
    chunks_per_file: dict
    feature_shape: dict
    dtype: str
    n_bytes: int
    labels: dict
    n_unlabelled: int
    targets: dict | None
    folds: pd.DataFrame
    partitions: dict
    values: dict | None
    provenance: list

    def _sections(self):
        yield "instances", [f"{self.n_instances:,} of {_number(self.n_files, 'file')}"]
        yield (
            "chunks",
            [
                f"{chunks:,} per file" + (f" ({_number(files, 'file')})" if len(self.chunks_per_file) > 1 else "")
                for chunks, files in self.chunks_per_file.items()
            ],
        )
        shape = " x ".join(f"{size:,} ({dim})" for dim, size in self.feature_shape.items())
        yield "features", [f"{shape}, {self.dtype}, {_size(self.n_bytes)}"]
        if self.values is not None:
            yield "values", _value_lines(self.values)
        if is_known(self.provenance):
            yield "made", _provenance_lines(self.provenance)
        yield from _shared_sections(self)


def _provenance_lines(provenance):
    """Give a line for each step that the features were made by, the last one first."""
    lines = []
    for part in provenance:
        if not part:
            lines.append("in a way that is not known")
        elif "spectrogram" in part:
            lines.append(f"as spectrograms: {_settings_in_words(part['spectrogram'])}")
        else:
            lines.append(f"as features: {_settings_in_words(part['features'])}")
            lines += [f"  of {line.removeprefix('as ')}" for line in _provenance_lines(part["input"])]
    return lines


def _settings_in_words(settings):
    known = {name: value for name, value in settings.items() if value is not None and value is not False}
    return ", ".join(f"{name} {_listed(value)}" for name, value in known.items())


def _listed(value):
    return " ".join(map(str, value)) if isinstance(value, list) else value


def _plain(value):
    """A value as JSON knows it."""
    if isinstance(value, pd.DataFrame):
        named = value.reset_index() if value.index.name else value
        return named.to_dict("records")
    if isinstance(value, list) and any(isinstance(inner, dict) for inner in value):
        return [_plain(inner) for inner in value]
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, tuple):
        return list(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _shared_sections(info):
    """Labels, targets, folds and partitions, which both kinds of counts have."""
    unlabelled = [f"{info.n_unlabelled:,} unlabelled"] if info.n_unlabelled else []
    if info.labels:
        width = max(len(name) for name in info.labels)
        digits = max(len(f"{count:,}") for count in info.labels.values())
        lines = [f"{name:<{width}}  {count:>{digits},}" for name, count in info.labels.items()]
        yield "labels", [", ".join([_number(len(info.labels), "class", "es"), *unlabelled]), *_shortened(lines)]
    elif info.targets:
        ranged = "{min:g} to {max:g}, mean {mean:.6g}".format(**info.targets)
        yield "targets", [", ".join([ranged, *unlabelled])]
    else:
        yield "labels", ["none"]
    yield "folds", dedent(info.folds.reset_index().to_string(index=False)).splitlines() if len(info.folds) else ["none"]
    yield "partitions", [", ".join(f"{name} {n:,}" for name, n in info.partitions.items()) or "none"]


def _duration_lines(durations, n_unknown):
    unknown = [f"unknown for {n_unknown:,}"] if n_unknown else []
    if durations is None:
        return unknown
    shown = {name: f"{durations[name]:.4g} s" for name in ("min", "q05", "median", "q95", "max")}
    names = {"q05": "5 %", "q95": "95 %"}
    return [
        f"{_clock(durations['total'])} in total",
        ", ".join(f"{names.get(name, name)} {text}" for name, text in shown.items()),
        *unknown,
    ]


def _clock(seconds):
    """Seconds as hours, minutes and seconds."""
    if seconds < 60:
        return f"{seconds:.4g} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {seconds:02d} s" if hours else f"{minutes} min {seconds:02d} s"


def _printable(text):
    """Text without what breaks lines or cannot be printed, such as bytes in file names that are no UTF-8."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def _number(count, noun, plural="s"):
    """A number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else plural}"


def _size(n_bytes):
    """Bytes in the unit that suits them."""
    if n_bytes < 1000:
        return f"{n_bytes} bytes"
    power = min(4, int(math.log10(n_bytes) / 3))
    return f"{n_bytes / 1000**power:.3g} {('', 'kB', 'MB', 'GB', 'TB')[power]}"


def _count_lines(counts):
    return _shortened([f"{value} ({_number(count, 'file')})" for value, count in counts.items()])


def _value_lines(values):
    ranged = "no finite value" if values["min"] is None else "{min:g} to {max:g}, mean {mean:.6g}".format(**values)
    gaps = f"{values['n_nan']:,} NaN in {_number(values['n_instances_with_nan'], 'instance')}"
    lines = [f"{ranged}; {gaps if values['n_nan'] else 'no NaN'}, {values['n_infinite'] or 'none'} infinite"]
    if values["constant"]:
        few = ", ".join(values["constant"][:3]) + (", ..." if len(values["constant"]) > 3 else "")
        lines.append(f"{len(values['constant']):,} constant: {few}")
    return lines


def _shortened(lines):
    """The first of many lines, and how many more there are."""
    rest = len(lines) - _MOST_LINES
    return lines if rest <= 0 else [*lines[:_MOST_LINES], f"... and {rest:,} more"]
