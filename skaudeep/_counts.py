"""What inspecting a corpus or a data set results in: counts that print as a table."""

import math
from dataclasses import fields
from textwrap import dedent

import numpy as np
import pandas as pd

_MOST_LINES = 20  # of a long list in the printed form; the attributes hold all


class Counts:
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


def shared_sections(info):
    """Labels, targets, folds and partitions, which both kinds of counts have."""
    unlabelled = [f"{info.n_unlabelled:,} unlabelled"] if info.n_unlabelled else []
    if info.labels:
        width = max(len(name) for name in info.labels)
        digits = max(len(f"{count:,}") for count in info.labels.values())
        lines = [f"{name:<{width}}  {count:>{digits},}" for name, count in info.labels.items()]
        yield "labels", [", ".join([number_of(len(info.labels), "class", "es"), *unlabelled]), *shortened(lines)]
    elif info.targets:
        several = info.targets if "min" not in info.targets else {"": info.targets}
        lines = [f"{name} {_ranged(target)}".strip() for name, target in several.items()]
        yield "targets", [", ".join([lines[0], *unlabelled]), *shortened(lines[1:])]
    else:
        yield "labels", ["none"]
    yield "folds", dedent(info.folds.reset_index().to_string(index=False)).splitlines() if len(info.folds) else ["none"]
    yield "partitions", [", ".join(f"{name} {n:,}" for name, n in info.partitions.items()) or "none"]


def _ranged(target):
    return "{min:g} to {max:g}, mean {mean:.6g}".format(**target) if target else "not known"


def clock(seconds):
    """Seconds as hours, minutes and seconds."""
    if seconds < 60:
        return f"{seconds:.4g} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {seconds:02d} s" if hours else f"{minutes} min {seconds:02d} s"


def _printable(text):
    """Text without what breaks lines or cannot be printed, such as bytes in file names that are no UTF-8."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "?" for char in text)


def number_of(count, noun, plural="s"):
    """A number of things in words."""
    return f"{count:,} {noun}{'' if count == 1 else plural}"


def shortened(lines):
    """The first of many lines, and how many more there are."""
    rest = len(lines) - _MOST_LINES
    return lines if rest <= 0 else [*lines[:_MOST_LINES], f"... and {rest:,} more"]


def count_targets(numbers):
    """Range of continuous targets, None if there are none, and how many are not known."""
    numbers = np.asarray(numbers, dtype=np.float64)
    known = numbers[~np.isnan(numbers)]
    targets = {"min": known.min(), "mean": known.mean(), "max": known.max()} if known.size else None
    return targets and {name: float(value) for name, value in targets.items()}, numbers.size - known.size


def count_several_targets(targets):
    """Range of each of several continuous targets by its name, and how many instances have none of them."""
    ranges = {name: count_targets(numbers)[0] for name, numbers in targets.items()}
    return ranges, int(targets.isna().all(axis=1).sum())


def count_folds(folds):
    """A table with the sizes of the splits of each fold, counted from 1."""
    sizes = {"training": (folds == 0).sum(axis=0), "validation": (folds == 1).sum(axis=0)}
    sizes["neither"] = np.isnan(folds).sum(axis=0)
    return pd.DataFrame(sizes, index=pd.RangeIndex(1, folds.shape[1] + 1, name="fold"))


def count_partitions(numbers, names):
    """Count how many there are in each of the named partitions; empty where nothing is known of partitions."""
    numbers = np.array([]) if numbers is None else np.asarray(numbers, dtype=np.float64)
    if np.isnan(numbers).all():
        return {}
    sizes = {name: int((numbers == number).sum()) for number, name in enumerate(names)}
    return sizes | {"none": int(np.isnan(numbers).sum())}
