"""The files that a folder of results is known by, and JSON objects in files."""

import json
import math
from pathlib import Path

from skaudeep._files import atomic_path
from skaudeep.exceptions import Message

EXPERIMENT_FILE, CORPUS_FILE, REPORT_FILE = "experiment.json", "corpus.json", "report.html"
#: What records a training run, in its folder.
TRAINING_FILE = "training.json"
#: Version of the form of all records.
FORMAT = 1


def find_kind(folder):
    """Say whether a folder is of an experiment or of a training run, which may also be its folder ``logs``.

    Gives `EXPERIMENT_FILE` or `TRAINING_FILE`, and the folder which has that file.
    """
    folder = Path(folder)
    for kind in (EXPERIMENT_FILE, TRAINING_FILE):
        if (folder / kind).is_file():
            return kind, folder
    whole = folder.absolute()
    if whole.name == "logs" and (whole.parent / TRAINING_FILE).is_file():
        return TRAINING_FILE, whole.parent
    if not folder.is_dir():
        what = "is a file" if folder.exists() else "does not exist"
        raise FileNotFoundError(f"{str(folder)!r} {what}; give the folder of `skaudeep run` or of a training run")
    raise FileNotFoundError(
        f"{str(folder)!r} holds neither {EXPERIMENT_FILE}, which `skaudeep run` writes, nor {TRAINING_FILE} of a "
        "training run; give the folder of one of these"
    )


def read_json(path, types=None, *, remedy="have it written again"):
    """Read a file that holds a JSON object of this version, with keys of some types.

    `remedy` is what to do about a damaged file, for the message.
    """
    path = Path(path)
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise FileNotFoundError(f"{str(path)!r} {what}, expected a JSON file")
    try:
        record = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise damaged(path, "not JSON", remedy) from error
    if not isinstance(record, dict):
        raise damaged(path, "not a JSON object", remedy)
    version = record.get("format", FORMAT)
    if version != FORMAT:
        by = f" of skaudeep {record['skaudeep']}" if "skaudeep" in record else ""
        raise ValueError(f"{str(path)!r}{by} has format {version!r} and this version reads {FORMAT}; update skaudeep")
    lacking = [key for key, kind in (types or {}).items() if not isinstance(record.get(key), kind)]
    if lacking:
        raise damaged(path, f"it lacks {', '.join(lacking)}", remedy)
    return record


def write_json(value, path):
    """Write a value as JSON, whole or not at all."""
    with atomic_path(path) as temporary:
        temporary.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def damaged(path, why, remedy="have it written again"):
    """Make the error of a file that holds something else."""
    return ValueError(Message(f"{str(path)!r} is damaged or something else than expected ({why}); {remedy}"))


def number_or_none(value):
    """Give a finite number as a float, and None for anything else."""
    good = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if good else None


def value_or_empty(kind, value):
    """Give a value of a type, and an empty one for anything else."""
    return value if isinstance(value, kind) else kind()
