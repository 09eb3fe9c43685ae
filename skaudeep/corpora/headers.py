"""What the headers of audio files say, for many files."""

import joblib
import numpy as np
import pandas as pd

from skaudeep._decoding import name_of
from skaudeep._progress import progress
from skaudeep.audio import audio_info
from skaudeep.exceptions import AudioError

_MAX_BATCH = 64  # files per task: long enough to hide the cost of a task, short enough to share the work


def read_headers(files, n_jobs, verbose):
    """Read a table with one row per file: what its header says, or the reason why it cannot be read."""
    size = max(1, min(_MAX_BATCH, len(files) // (4 * joblib.effective_n_jobs(n_jobs))))
    batches = [files[first : first + size] for first in range(0, len(files), size)]
    parallel = joblib.Parallel(n_jobs=n_jobs, require="sharedmem", return_as="generator")
    rows = []
    with progress("Reading headers", len(files), enabled=verbose) as advance:
        for found in parallel(joblib.delayed(list)(map(_read_header, batch)) for batch in batches):
            rows += found
            advance(len(found))
    return pd.DataFrame(rows, columns=["file", "sample_rate", "channels", "n_samples", "format", "reason"])


def _read_header(file):
    path = name_of(file)
    nothing = (path, np.nan, np.nan, np.nan, "")
    try:
        info = audio_info(file)
    except (AudioError, OSError, ValueError) as error:
        return *nothing, str(error).removeprefix(f"{path}: ")
    if info.n_samples == 0:
        return *nothing, "holds no samples; leave it out"
    if info.n_missing_bytes:
        announced = f"{info.n_missing_bytes} bytes of the samples that its header announces"
        return *nothing, f"is truncated, {announced} are missing"
    return path, info.sample_rate, info.n_channels, info.n_samples, info.format, ""
