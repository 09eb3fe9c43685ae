"""The folder of an experiment: whose it is, and what has been done in it."""

import contextlib
import dataclasses

from skaudeep._files import claim
from skaudeep.exceptions import Message, param
from skaudeep.results.experiment import ExperimentRecord, read_experiment_record
from skaudeep.results.files import EXPERIMENT_FILE


@contextlib.contextmanager
def claim_folder(out):
    """Make the output folder, in which no other run may be at work."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OSError(
            Message(f"cannot make the folder {str(out)!r} ({error.strerror}); give another {param.out}")
        ) from error
    busy = Message(f"{out}: another run is at work in it; wait for its end, stop it, or give another {param.out}")
    with claim(out, busy):
        yield


def read_record(out):
    """Read what earlier runs have recorded in a folder, which may be new."""
    if (out / EXPERIMENT_FILE).exists():
        return read_experiment_record(out)
    if out.exists() and not out.is_dir():
        raise NotADirectoryError(Message(f"{out} is a file; give a folder as {param.out}"))
    if out.is_dir() and any(not entry.name.startswith(".") for entry in out.iterdir()):
        remedy = f"give a folder that is new, empty or an experiment's as {param.out}"
        raise ValueError(Message(f"{out} holds other files and no experiment; {remedy}"))
    return ExperimentRecord()


def without_others(record, stage):
    """Give the record of a stage without files that it no longer writes."""
    if not stage.parts:
        return record
    kept = {path: file for path, file in zip(record.outputs, record.files, strict=True) if path in stage.writes}
    return dataclasses.replace(
        record,
        outputs=list(kept),
        files=list(kept.values()),
        parts=stage.parts,
        own=stage.own,
        needs=stage.needs,
        digest=stage.digest,
    )
