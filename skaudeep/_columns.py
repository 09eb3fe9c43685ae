"""What the columns of a table are called that tell files, segments, labels and folds, and times as tables write them.

The one place that knows names: tables of recordings and the tables that `SpectrogramTransformer` takes both look here.
"""

import datetime
import re

import numpy as np
import pandas as pd

__all__ = [
    "PATH_NAMES",
    "ROLES",
    "SINGLE_TARGET",
    "guess_role",
    "is_plain",
    "name_of_target",
    "segment_table",
    "split_fragment",
    "to_seconds",
]

#: What the only continuous target of recordings, which has no name, is called where targets have names.
SINGLE_TARGET = "label"
#: What columns tell.
ROLES = ("path", "label", "start", "end", "duration", "group", "fold", "partition")

#: Names of the column of paths; where there are several of them, the first counts.
PATH_NAMES = ("path", "file", "filename", "file_name")

_SEGMENT = ("file", "start", "end")

# the words by which others call a column, by what it tells
_WORDS = {
    "path": "path file filename fname filepath pathname wav audio recording clip",
    "label": (
        "label class category categories emotion emo species genre scene target tag event sound instrument language "
        "dialect accent gender sex diagnosis disease bird keyword word command digit phoneme annotation valence "
        "arousal dominance rating mood taxon condition y"
    ),
    "start": "start begin beginning onset from tmin xmin tstart",
    "end": "end stop offset finish to tmax xmax tend tstop",
    "duration": "duration dur length len",
    "group": (
        "group speaker spk subject participant patient person actor singer artist user client session location "
        "individual"
    ),
    "fold": "fold kfold cvfold cv",
    "partition": "partition split set subset",
}
_ROLES = {word: role for role, words in _WORDS.items() for word in words.split()}
# what is behind such a word in names written together, as in starttime, classname and speakerid
_ENDINGS = ("time", "name", "id", "sec", "s")
# the last word of a column of something else, as in start_date and end_freq
_OTHERS = frozenset(
    ["date", "day", "year", "freq", "frequency", "hz", "khz", "rate", "sr", "count", "size", "weight", "confidence"]
)

_MISSING = frozenset(["", "nan", "na", "nat", "none", "null"])
_CLOCK = re.compile(r"(?:(?P<hours>\d+):(?P<of_hour>[0-5]\d)|(?P<minutes>\d+)):(?P<seconds>[0-5]\d(?:\.\d*)?)")
_DAYS = re.compile(r"(?P<days>-?\d+) days?(?:,? \+?(?P<clock>\S+))?")
_FRAGMENT = re.compile(r"(?P<file>.*)#t=(?P<start>\d+\.?\d*)?(?:,(?P<end>\d+\.?\d*))?", re.DOTALL)
_ISO = re.compile(
    r"P(?:(?P<days>\d+)D)?(?:T(?=\d)(?:(?P<hours>\d+)H)?(?:(?P<minutes>\d+)M)?(?:(?P<seconds>\d+(?:[.,]\d*)?)S)?)?"
)


def guess_role(name):
    """Guess what a column tells by its name.

    As in English, the last word decides: `audio_duration` is a duration, `Begin File` a path.

    Parameters
    ----------
    name : object
        The name of a column, in either case, with words joined in any way, and perhaps a unit in brackets.

    Returns
    -------
    str or None
        "path", "label", "start", "end", "duration", "group", "fold" or "partition", or None.

    Examples
    --------
    >>> from skaudeep._columns import guess_role
    >>> [guess_role(name) for name in ("Begin Time (s)", "startTime", "scene_label", "speakerid", "start_date")]
    ['start', 'start', 'label', 'group', None]
    """
    for word in reversed(_split(name)):
        if word in _OTHERS:
            return None
        role = _role_of_word(word)
        if role is not None:
            return role
    return None


def is_plain(name):
    """Whether a name holds nothing but words for what a column tells, unlike `F0_offset` or `voiced_length`.

    Parameters
    ----------
    name : object
        The name of a column.

    Returns
    -------
    bool
        True for such as `class`, `speaker_id` and `Scene Label`.
    """
    # letters such as x and y are names of features
    known = [word in _ENDINGS or (len(word) > 1 and _role_of_word(word)) for word in _split(name)]
    return guess_role(name) is not None and all(known)


def _split(name):
    """Part a name into its words, in lower case."""
    parted = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", str(name))
    return re.findall(r"[a-z]+", parted.lower())


def _role_of_word(word):
    """Find what a single word tells, also with an ending such as id or time."""
    if word in _ROLES:
        return _ROLES[word]
    stems = [word.removesuffix(ending) for ending in _ENDINGS if word.endswith(ending)]
    return next((_ROLES[stem] for stem in stems if stem in _ROLES), None)


def segment_table(X, name="X"):
    """Bring a table of files, or of segments of files, to the names `file`, `start` and `end`.

    Parameters
    ----------
    X : DataFrame, MultiIndex or anything else
        A table with a column, or level, of one of `PATH_NAMES`; or what has such an index.
    name : str, default="X"
        What to call it in messages.

    Returns
    -------
    DataFrame or None
        The columns `file` and, if they are there, `start` and `end`, with what they hold; None if X has no paths.

    Raises
    ------
    ValueError
        If it is not clear which column has the paths, or times have other names.

    Examples
    --------
    >>> import pandas as pd
    >>> from skaudeep._columns import segment_table
    >>> segment_table(pd.DataFrame({"path": ["a.wav"], "start": [0.5], "label": ["dog"]})).columns.tolist()
    ['file', 'start']
    """
    table = _with_paths(X)
    if table is None:
        return None
    if "path" in table and "file" in table and (table["path"] != table["file"]).any():
        raise ValueError(f"{name} has the columns 'path' and 'file', which differ; drop the one without the paths")
    others = [column for column in table if column not in _SEGMENT and _is_time(column, table)]
    if others:
        raise ValueError(
            f"{name} has the columns {others}: segments are taken from 'start' and 'end', in seconds or as timedeltas; "
            "rename them, or drop them to take whole files"
        )
    paths = next(column for column in ("file", *PATH_NAMES) if column in table)
    times = [column for column in ("start", "end") if column in table]
    return pd.DataFrame({"file": table[paths]} | {column: table[column] for column in times})


def _with_paths(X):
    """Find the columns, or levels of the index, of which one has paths; None if there are none."""
    index = X if isinstance(X, pd.Index) else getattr(X, "index", None)
    levels = index.names if isinstance(index, pd.MultiIndex) else []
    in_index = any(name in levels for name in PATH_NAMES)
    in_columns = isinstance(X, pd.DataFrame) and any(name in X for name in PATH_NAMES)
    # beside such an index, a column that is called path may be about something else
    if in_columns and ("file" in X or not in_index):
        return X
    return index.to_frame(index=False) if in_index else None


def _is_time(column, table):
    """Tell whether a column seems to hold times of segments."""
    role = guess_role(column)
    if role == "duration":
        return str(column).lower() == "duration" or ("start" in table and "end" not in table)
    return role in ("start", "end")


def name_of_target(target):
    """Give the name of a target for people; None if it is the only one, which has none.

    Examples
    --------
    >>> from skaudeep._columns import SINGLE_TARGET, name_of_target
    >>> name_of_target("arousal"), name_of_target(SINGLE_TARGET)
    ('arousal', None)
    """
    return None if target == SINGLE_TARGET else target


def split_fragment(name):
    """Part the name of a segment into that of its recording and the times that it says.

    Parameters
    ----------
    name : str
        Such as `a.wav#t=1.5,3`, a media fragment.

    Returns
    -------
    file : str
        The recording.
    start, end : float
        In seconds; NaN where the name does not say.

    Examples
    --------
    >>> from skaudeep._columns import split_fragment
    >>> split_fragment("a.wav#t=1.5,3"), split_fragment("a.wav")
    (('a.wav', 1.5, 3.0), ('a.wav', nan, nan))
    """
    found = _FRAGMENT.fullmatch(name)
    if found is None:
        return name, np.nan, np.nan
    return found["file"], *(float(found[part] or "nan") for part in ("start", "end"))


def to_seconds(time):
    """Read a time.

    Parameters
    ----------
    time : float, timedelta or str
        Seconds, or a timedelta, or one of them as text: `1.5`, `0 days 00:00:01.5` as pandas writes it, `0:00:01.5` or
        `0:01.5` (minutes and seconds), or `PT1.5S`. None, NaN, NaT, and as text also NA, null and nothing, are missing.

    Returns
    -------
    float
        Seconds, NaN if missing. It may be negative or infinite.

    Raises
    ------
    ValueError
        If it is not a time.

    Examples
    --------
    >>> from skaudeep._columns import to_seconds
    >>> [to_seconds(time) for time in ("1.5", "0 days 00:00:00.25", "1:02.5", "PT1M2.5S", "NaT")]
    [1.5, 0.25, 62.5, 62.5, nan]
    """
    if isinstance(time, str):
        return _read_time(time.strip())
    if pd.isna(time):
        return np.nan
    if isinstance(time, (datetime.timedelta, np.timedelta64)):
        return pd.Timedelta(time).total_seconds()
    return float(time)


def _read_time(text):
    """Read the time that a text says, in seconds."""
    if text.lower() in _MISSING:
        return np.nan
    for read in (_read_number, _read_clock, _read_days, _read_iso):
        seconds = read(text)
        if seconds is not None:
            return seconds
    raise ValueError(f"{text!r} is not a time")


def _read_number(text):
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def _read_clock(text):
    """Read hours, minutes and seconds, or minutes and seconds."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return None
    minutes = int(found["minutes"] or 60 * int(found["hours"] or 0) + int(found["of_hour"] or 0))
    return 60 * minutes + float(found["seconds"])


def _read_days(text):
    """Read what pandas and Python write for a timedelta."""
    found = _DAYS.fullmatch(text)
    if found is None:
        return None
    clock = 0.0 if found["clock"] is None else _read_clock(found["clock"])
    return None if clock is None else 86400 * int(found["days"]) + clock


def _read_iso(text):
    """Read a duration of ISO 8601 in days and smaller units."""
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    seconds = float((found["seconds"] or "0").replace(",", "."))
    return 86400 * int(found["days"] or 0) + 3600 * int(found["hours"] or 0) + 60 * int(found["minutes"] or 0) + seconds
