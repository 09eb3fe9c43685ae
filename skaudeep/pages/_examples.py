"""Examples for a report: spectrograms of some classes, and what autoencoders make of them."""

import contextlib
import logging
from pathlib import Path

import numpy as np

from skaudeep.datamodel import get_texts, instance_index
from skaudeep.exceptions import DataSetError, TrainingError
from skaudeep.pages._figures import draw_spectrograms
from skaudeep.pages.parts import axes_of, name_instance, open_spectrograms

_MOST_EXAMPLES = 10
_MOST_RECONSTRUCTIONS = 3
_UNREADABLE = (OSError, ValueError, DataSetError, TrainingError)

_logger = logging.getLogger(__name__)


def show_spectrograms(paths):
    """Draw the same few recordings of different classes from several files; None where there are no files.

    Gives `columns`, the names of the settings; `rows`, each with a label, a file and for each setting a picture or
    None; `instances`, the pairs of file name and chunk number; `shape`, frames and bins in words; `problems`, what
    could not be read.
    """
    if not paths:
        return None
    instances, rows, columns, problems, shapes = [], [], [], [], []
    for path in paths:
        try:
            with contextlib.closing(open_spectrograms(path)) as ds:
                if not instances:
                    instances = _choose(ds)
                    rows = [{"label": label, "file": name_instance(*one), "pictures": []} for label, one in instances]
                spectrograms = _read(ds, instances)
        except _UNREADABLE as error:
            problems.append(str(error))
            continue
        shapes.append(_shape_in_words(ds))
        columns.append(path.stem)
        for row, spectrogram in zip(rows, spectrograms, strict=True):
            row["pictures"].append(None if spectrogram is None else draw_spectrograms([spectrogram])[0])
    return {
        "columns": columns,
        "rows": rows,
        "instances": instances,
        "shape": "; ".join(dict.fromkeys(shapes)),
        "problems": problems,
    }


def show_reconstructions(trainings, folder, examples):
    """Draw a few spectrograms beside what trained autoencoders make of them.

    `folder` is where to look for their data sets before the places that the records name; `examples`, from
    `show_spectrograms`, has the recordings to choose from. Gives for each run its `name`, `pairs` of the pictures of
    input and reconstruction with label, file and error, and `problem`, why there are none.
    """
    picked = _spread(examples["instances"], _MOST_RECONSTRUCTIONS) if examples else []
    result = []
    for training in trainings:
        try:
            pairs, problem = _reconstruct(training, folder, picked), None
            if pairs is None:
                problem = f"networks of the kind {training.kind} make none"
        except _UNREADABLE as error:
            pairs, problem = [], str(error)
            _logger.warning("%s: no reconstructions: %s", training.folder, error)
        result.append({"name": training.name, "pairs": pairs, "problem": problem})
    return result


def _spread(items, most):
    """Pick as many of a list, evenly over it, or all."""
    places = np.linspace(0, len(items) - 1, min(most, len(items)))
    return [items[place] for place in places.astype(int)]


def _reconstruct(training, folder, instances):
    """Give pairs of pictures, or None where the network does not reconstruct."""
    from skaudeep.embedding.runs import load_autoencoder

    embedder = load_autoencoder(training.folder)
    if not hasattr(embedder, "reconstruct"):
        return None
    pairs = []
    with contextlib.closing(open_spectrograms(_find_input(training, folder))) as ds:
        instances = instances or _choose(ds)[:_MOST_RECONSTRUCTIONS]
        spectrograms = _read(ds, instances)
    for (label, instance), spectrogram in zip(instances, spectrograms, strict=True):
        if spectrogram is None:
            continue
        reconstruction = np.asarray(embedder.reconstruct(spectrogram[np.newaxis])[0])
        error = float(np.sqrt(np.mean((spectrogram - reconstruction) ** 2)))
        pictures = draw_spectrograms([spectrogram, reconstruction])
        pairs.append({"label": label, "file": name_instance(*instance), "pictures": pictures, "error": f"{error:.3f}"})
    return pairs


def _find_input(training, folder):
    """Find the first data set that an autoencoder was trained on and that is there."""
    for name in training.inputs:
        if folder is not None and (folder / Path(name).name).is_file():
            return folder / Path(name).name
        if Path(name).is_file():
            return Path(name)
    raise FileNotFoundError(f"the spectrograms that it was trained on ({', '.join(training.inputs)}) are not there")


def _choose(ds):
    """Choose an instance of each class, or of different recordings without classes; give labels and identities."""
    labels, identities = get_texts(ds, "label_nominal"), instance_index(ds).tolist()
    names = labels if (labels != "").any() else ds["filename"].values
    different, at = np.unique(names.astype(str), return_index=True)
    first = at[different != ""].tolist()
    return [(str(names[place]), identities[place]) for place in _spread(first, _MOST_EXAMPLES)]


def _read(ds, instances):
    """Read the spectrograms of instances, None where there is none."""
    places = {}
    for place, identity in enumerate(instance_index(ds)):
        places.setdefault(identity, place)
    spectrograms = []
    for _, identity in instances:
        values = ds["features"][places[identity]].values if identity in places else np.array(np.nan)
        is_whole = values.size > 0 and np.isfinite(values).all()
        spectrograms.append(values if is_whole else None)
    return spectrograms


def _shape_in_words(ds):
    frames, bins = ds["features"].shape[1:]
    words = f"{frames} frames by {bins} bins"
    axes = axes_of(ds)
    if not axes:
        return words
    return f"{words}, {frames * axes['hop']:.3g} s by {axes['frequencies'][-1] / 1000:.3g} kHz"
