"""Recordings cut into the windows of a table, each a segment with targets of its own."""

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skaudeep._validation import validate_params
from skaudeep.corpora._annotations import check_windows
from skaudeep.corpora._bunch import make_bunch
from skaudeep.corpora._table import fragments
from skaudeep.corpora.find import index_names
from skaudeep.corpora.headers import read_headers
from skaudeep.exceptions import DataSetError, ParameterError, param

# Seconds by which a window may end after its recording: what a codec adds or leaves out.
_TOLERANCE = 0.02


@validate_params({"corpus": [Bunch], "windows": [pd.DataFrame]}, prefer_skip_nested_validation=True)
def segment_corpus(corpus, windows):
    """Cut the recordings of a corpus into the windows of a table, each of which becomes a segment with its targets.

    Parameters
    ----------
    corpus : :class:`~sklearn.utils.Bunch`
        What a loader has returned, of whole recordings. Its labels are not used.
    windows : pandas.DataFrame
        The columns `file`, `start` and `end` in seconds, and one or more of numbers, as of :func:`annotation_windows`.
        `file` is the path of a recording, or its name in `filenames`, with or without what is behind its last dot.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        As described for :func:`load_corpus`, in the order of the windows. Each has the folds, the partition and the
        group of its recording, which by itself is a group where the corpus has none. A single column of numbers is
        `target`, several are `targets`. Recordings without a window, and windows that end after their recording, are
        left out; `notes` counts both.

    Raises
    ------
    DataSetError
        If a recording is not in the corpus or cannot be read, or no window is left.
    ParameterError
        If the corpus consists of segments, or the windows lack a column.

    See Also
    --------
    annotation_windows : Makes such windows.
    join_windows : Makes a series of what is predicted for them.

    Examples
    --------
    >>> import tempfile
    >>> import pandas as pd
    >>> from skaudeep.datasets import make_sound_events, segment_corpus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     sounds = make_sound_events(folder, n_classes=2, n_per_class=2, n_takes=1, n_folds=2, random_state=0)
    ...     windows = pd.DataFrame({"file": "bark/01-1", "start": [0, 0.5], "end": [0.5, 1], "arousal": [0.1, 0.4]})
    ...     segments = segment_corpus(sounds, windows)
    >>> segments.filenames.tolist(), segments.groups.tolist(), segments.target.tolist()
    (['bark/01-1.wav#t=0,0.5', 'bark/01-1.wav#t=0.5,1'], ['bark-01', 'bark-01'], [0.1, 0.4])
    """
    starts, ends = check_windows(windows)
    if (starts < 0).any():
        raise ParameterError("windows", float(starts.min()), ": a window cannot start before its recording")
    if isinstance(corpus["data"], pd.DataFrame):
        raise ParameterError("corpus", "segments", ": only whole recordings can be cut into windows")
    rows = _find_recordings(corpus, windows["file"])
    segments = pd.DataFrame({"file": np.asarray(corpus["data"])[rows]})
    segments["start"], segments["end"] = starts, ends
    inside = segments["end"].to_numpy() <= _lengths(corpus, rows) + _TOLERANCE
    if not inside.any():
        raise DataSetError(
            f"{param.windows}: all {len(windows)} windows end after their recordings; are these others, or are times "
            "not in seconds?"
        )
    rows, segments = rows[inside], segments[inside].reset_index(drop=True)
    names = corpus["filenames"][rows]
    targets = _take_targets(windows[inside])
    kept = {name: _take(corpus.get(name), rows) for name in ("partition", "groups", "cv_folds")}
    return make_bunch(
        segments,
        names + fragments(segments),
        target=targets.iloc[:, 0].to_numpy() if targets.shape[1] == 1 else None,
        targets=targets if targets.shape[1] > 1 else None,
        folds=kept["cv_folds"],
        partition=kept["partition"],
        groups=names if kept["groups"] is None else kept["groups"],
        frame=windows[inside].reset_index(drop=True),
        notes=_count_left_out(corpus, rows, inside),
    )


def _take_targets(windows):
    """Give the columns of numbers; NaN where one is missing."""
    targets = {}
    for name in windows.columns.drop(["file", "start", "end"]):
        numbers = pd.to_numeric(windows[name], errors="coerce").to_numpy(np.float64)
        wrong = np.isinf(numbers) | (np.isnan(numbers) & windows[name].notna().to_numpy())
        if wrong.any():
            value = windows[name].tolist()[int(np.argmax(wrong))]
            raise DataSetError(f"{param.windows}: the column {name!r} has {value!r}, which is no finite number.")
        targets[name] = numbers
    return pd.DataFrame(targets)


def _find_recordings(corpus, files):
    """Give the row of the recording of each window."""
    rows = index_names(corpus["filenames"].tolist())
    for row, path in enumerate(map(str, corpus["data"])):
        if row not in rows.setdefault(path, []):
            rows[path].append(row)
    for file in pd.unique(files):
        found = rows.get(str(file), [])
        if len(found) != 1:
            what = "is not in the corpus" if not found else f"may be each of {len(found)} recordings of the corpus"
            raise DataSetError(
                f"{param.windows}: {file} {what}; recordings are called such as {corpus['filenames'][0]}."
            )
    return np.array([rows[str(file)][0] for file in files], dtype=np.intp)


def _lengths(corpus, rows):
    """Give the length of the recording of each window, in seconds."""
    wanted, window_of = np.unique(rows, return_inverse=True)
    headers = read_headers(np.asarray(corpus["data"])[wanted], None, False)
    broken = headers[headers["reason"] != ""]
    if len(broken):
        raise DataSetError(f"{broken['file'].iloc[0]}: {broken['reason'].iloc[0]}")
    return (headers["n_samples"] / headers["sample_rate"]).to_numpy()[window_of]


def _take(values, rows):
    return None if values is None else np.asarray(values)[rows]


def _count_left_out(corpus, rows, inside):
    """Say what is no part of the segments."""
    notes = list(corpus.get("notes") or ())
    without = len(corpus["filenames"]) - len(np.unique(rows))
    if without:
        notes.append(f"without {without} recordings that have no window")
    if not inside.all():
        notes.append(f"without {(~inside).sum()} windows that end after their recording")
    return notes
