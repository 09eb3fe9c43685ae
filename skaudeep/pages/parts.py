"""Parts of data sets that pictures show: one spectrogram, a sample of them, a table, colours of points."""

import contextlib
import logging
import math
import os

import numpy as np

from skaudeep._columns import name_of_target
from skaudeep._provenance import spectrogram_settings
from skaudeep.datamodel import PARTITIONS, TARGETS, get_targets, get_texts
from skaudeep.datasets import get_provenance
from skaudeep.exceptions import AudioError, DataSetError, param
from skaudeep.io.blocks import feature_blocks
from skaudeep.io.netcdf import open_lazily
from skaudeep.spectrogram import spectrogram_axes

_log = logging.getLogger(__name__)

#: instances that are read at a time, as only a few are
_ROWS_OF_A_READ = 4


def open_spectrograms(path):
    """Open a data set of spectrograms, whose values stay on disk where that can be; to be closed."""
    ds = open_lazily(path, chunks=_ROWS_OF_A_READ)
    shape = ds["features"].shape
    if len(shape) != 3 or 0 in shape:
        ds.close()
        sizes = " x ".join(map(str, shape))
        raise DataSetError(
            f"{path} holds no spectrograms: its features have the shape {sizes}; give what preprocess wrote"
        )
    return ds


def read_instance(path, number):
    """Read the spectrogram of one instance of a file, by its number from 0.

    Gives the values, of shape (n_frames, n_bins); which recording and chunk it is of, and its class; and its axes, as
    `axes_of` does.
    """
    with contextlib.closing(open_spectrograms(path)) as ds:
        n = ds.sizes["instance"]
        if number >= n:
            raise DataSetError(f"there is no instance {number}: {path} has {n}, from 0 to {n - 1}")
        name, chunk = ds["filename"].values[number], ds["chunk_nr"].values[number]
        label = get_texts(ds, "label_nominal")[number]
        spectrogram = ds["features"][number].values
        axes = axes_of(ds)
    if not np.isfinite(spectrogram).all():
        raise DataSetError(
            f"instance {number} of {path} ({name}) has values that are NaN or infinite: its extraction failed; give "
            "another one"
        )
    return spectrogram, name_instance(name, chunk) + (f" ({label})" if label else ""), axes


def axes_of(ds):
    """Find out the axes of the spectrograms of a data set.

    Gives `frequencies`, the centres of the bins in Hz, and `hop`, from one frame to the next in seconds; an empty dict
    where the data set does not say how its spectrograms were made.
    """
    settings = spectrogram_settings(get_provenance(ds))
    if settings is None:
        return {}
    try:
        frequencies, hop = spectrogram_axes(settings)
    except (KeyError, TypeError, AudioError):  # settings that somebody else has written
        return {}
    if len(frequencies) != ds["features"].shape[2]:
        return {}
    return {"frequencies": frequencies, "hop": hop}


def read_sample(path, most):
    """Read `most` spectrograms, evenly over the file if it has more, and say which file and how many these are."""
    with contextlib.closing(open_spectrograms(path)) as ds:
        n = ds.sizes["instance"]
        chosen = np.unique(np.linspace(0, n - 1, min(n, most)).astype(int))
        spectrograms = ds["features"][chosen].values
    of = "" if len(chosen) == n else f"{len(chosen)} of "
    return spectrograms, f"{os.path.basename(path)}, {of}{n} instances"


def name_instance(filename, chunk):
    """Name the recording, and the chunk where it is not the first."""
    return f"{filename}, chunk {chunk}" if chunk else str(filename)


def as_table(ds):
    """Read the features of all instances that are finite as a table, block by block, and which these are."""
    n, *shape = ds["features"].shape
    if len(shape) > 1 and n:
        _log.info(
            "An instance has %s numbers: their mean and standard deviation over the first axis, %s, are shown.",
            *(" x ".join(map(str, shape)), ds["features"].dims[1]),
        )
    rows, kept = [], np.zeros(n, dtype=bool)
    for start, block in feature_blocks(ds["features"]):
        finite = np.isfinite(block).all(axis=tuple(range(1, block.ndim)))
        kept[start : start + len(block)] = finite
        block = block[finite]
        if len(shape) > 1:
            statistics = [block.mean(axis=1, dtype=np.float64), block.std(axis=1, dtype=np.float64)]
            block = np.stack(statistics, axis=1)
        rows.append(block.reshape(len(block), math.prod(block.shape[1:])))
    if not kept.any() or 0 in shape:
        what = "there are none, or no features" if not n or 0 in shape else "all have a feature that is NaN or infinite"
        raise DataSetError(f"ds: there are no instances to show, as {what}.")
    if not kept.all():
        _log.warning("%d of %d instances are left out, as a feature is NaN or infinite.", (~kept).sum(), n)
    return np.concatenate(rows), kept


def targets_of(ds, target=None):
    """Give the numbers that a data set has as targets, by their names; NaN where not known.

    They are those of several targets, or `label_numeric`, called "label", where these are no numbers of classes.
    Targets of which no number is known are left out; what `target` names comes first.
    """
    has_classes = (get_texts(ds, "label_nominal") != "").any()
    targets = {} if has_classes and TARGETS not in ds else get_targets(ds)
    targets = {name: numbers.to_numpy() for name, numbers in targets.items() if numbers.notna().any()}
    if target is None:
        return targets
    if target not in targets:
        names = ", ".join(map(repr, targets)) or "none"
        raise DataSetError(f"{param('target', target)}: the data set has no such numbers; its targets are: {names}.")
    return {target: targets.pop(target)} | targets


def colours_of(ds, what, target=None):
    """Find out the labels, partitions or folds that the points of a data set can be coloured by.

    Gives what they are in a word; and names, empty where there is none, or numbers where a data set has no class names:
    those of `target`, by default of the first. None where no label is known. Folds are those that test an instance, the
    first of them if there are several.
    """
    if what == "partition":
        names = np.array([*PARTITIONS, ""])[np.nan_to_num(ds["partition"].values, nan=len(PARTITIONS)).astype(int)]
    elif what == "fold":
        tests = np.pad(ds["cv_folds"].values == 1, ((0, 0), (1, 0)))
        folds = tests.argmax(axis=1)
        names = np.where(folds > 0, folds.astype(str), "")
    else:
        return _labels_of(ds, target)
    if not (names != "").any():
        raise DataSetError(f"the data set has no {what}s to colour by; colour by label")
    return what.capitalize(), names


def _labels_of(ds, target):
    """Give class names or the numbers of a target; classes come first unless a target is asked for."""
    names = get_texts(ds, "label_nominal")
    if target is None and (names != "").any():
        return "Label", names
    targets = targets_of(ds, target)
    if not targets:
        return "Label", None
    name, numbers = next(iter(targets.items()))
    return title_of(name), numbers


def title_of(target):
    """Give what a picture calls a target: its name, or that it is the label."""
    return name_of_target(target) or "Label"
