"""Which column of a table tells what: path, label, start, end, duration, group, fold and partition."""

import warnings

from skaudeep._columns import PATH_NAMES, guess_role
from skaudeep.exceptions import DataSetError, Message, param

#: What columns tell that are not missed before something is evaluated.
_WHAT = {"group": "groups of recordings that belong together", "fold": "folds", "partition": "partitions"}
_WITHOUT_START = (
    f"the column duration is not used, as there is no start; pass {param('duration', 'duration')} to take so much from "
    f"the beginning of each file, or {param('duration', False)}."
)


def choose_columns(frame, given, table, layout, taken=()):
    """Choose the column for each role, and complain of those that seem to be meant and have no name that is known.

    Parameters
    ----------
    frame : DataFrame
        A table.
    given : dict of str to (str, False or None)
        For each role the name of its column, False to have none, or None for that of the standard name.
    table : path-like
        For messages.
    layout : str
        What was expected, for messages.
    taken : sequence of str, default=()
        Columns of which it is known what they tell.

    Returns
    -------
    dict of str to str
        The name of the column of each role that has one.

    Raises
    ------
    DataSetError
        If a column that is asked for is missing, there are no paths, or it is not clear which column is meant.

    Warns
    -----
    UserWarning
        If groups, folds or partitions, or durations without a start, seem to be there and are not used.
    """
    chosen = {role: _choose(frame, role, name, table) for role, name in given.items()}
    chosen = {role: name for role, name in chosen.items() if name is not None}
    if "duration" in chosen and "end" in chosen:
        _end_counts(chosen, given, table)
    rest = [name for name in frame if name not in (*chosen.values(), *taken)]
    missing = [role for role in given if role not in chosen and given[role] is not False]
    problems = _path_problems(frame, chosen, given, layout)
    problems = problems or [*_label_problems(missing, rest), *_time_problems(chosen, missing, rest)]
    if problems:
        raise DataSetError(f"{table} {' It '.join(problems)}")
    hints = _hints(missing, rest)
    if "duration" in chosen and "start" not in chosen and given["duration"] is None:
        del chosen["duration"]
        hints += [_WITHOUT_START] * (given["start"] is None)
    for hint in hints:
        warnings.warn(Message(f"{table}: {hint}"), UserWarning, stacklevel=4)
    return chosen


def choose_targets(frame, names, chosen, table):
    """Choose the columns of several targets, each of which must be there and tell nothing else."""
    if not all(isinstance(name, str) for name in names):
        raise DataSetError(f"{param('targets', list(names))}: expected names of columns of {table}.")
    found = [_choose(frame, "targets", name, table) for name in names]
    for name in found:
        role = next((role for role, column in chosen.items() if column == name), None)
        if role is not None or found.count(name) > 1:
            used = f"is the {role} too" if role is not None else "is there twice"
            raise DataSetError(f"{param('targets', list(names))}: the column {name} of {table} {used}; leave it out.")
    return found


def _choose(frame, role, name, table):
    """Return the column of a role, None if there is none."""
    if name is False:
        return None
    known = {column.lower(): column for column in frame}
    if name is None:
        standard = PATH_NAMES if role == "path" else (role,)
        return next((known[each] for each in standard if each in known), None)
    found = name if name in frame else known.get(name.strip().lower())
    if found is None:
        raise DataSetError(f"{param(role, name)}: {table} has no such column; its header has {_listed(frame)}.")
    return found


def _end_counts(chosen, given, table):
    """Leave a duration aside where there is an end too, unless it was asked for."""
    if given["duration"] is not None:
        raise DataSetError(
            f"{param('duration', given['duration'])}: {table} also has the column {chosen['end']}, which says where "
            f"segments end; pass {param('end', False)} or {param('duration', False)}."
        )
    del chosen["duration"]


def _path_problems(frame, chosen, given, layout):
    if "path" not in chosen:
        alike = _alike("path", frame)
        column = param("path", alike[0]) if alike else param.path
        remedy = f"pass {column} if that has the paths" if alike else f"pass {column} with the name of its column"
        return [f"has no column path (or file, or filename); its header has {_listed(frame)}. {layout} Or {remedy}."]
    known = {name.lower(): name for name in frame}
    if given["path"] is None and {"path", "file"} <= known.keys():
        one, other = known["path"], known["file"]
        if (frame[one] != frame[other]).any():
            return [
                f"has the columns {one} and {other}, which differ; pass {param('path', one)} or {param('path', other)}."
            ]
    return []


def _label_problems(missing, rest):
    """Complain of labels under another name; what tells speakers may be labels as well."""
    alike = _alike("label", rest) or _alike("group", rest)
    if "label" not in missing or not alike:
        return []
    looks = f"{alike[0]!r} looks like it" if len(alike) == 1 else f"{_listed(alike)} look like it"
    remedy = f"pass {param('label', alike[0])}, or {param('label', False)} to do without labels"
    return [f"has no column label, but {looks}; {remedy}."]


def _time_problems(chosen, missing, rest):
    """Complain of times of segments under other names."""
    needs_start = "start" in missing
    needs_end = "end" in missing and "duration" not in chosen
    starts = _alike("start", rest) if needs_start else []
    ends = _alike("end", rest) if needs_end or (needs_start and "end" in missing) else []
    lengths = _alike("duration", rest) if needs_end and "duration" in missing and (starts or "start" in chosen) else []
    if not starts and "duration" in chosen:
        starts, ends = ends, []  # as librosa calls the start an offset
    found = {"start": starts, "end": ends, "duration": lengths}
    meant = [param(role, names[0]) for role, names in found.items() if names]
    if not meant:
        return []
    without = [param(role, False) for role in ("start", "end") if role in missing]
    return [
        f"seems to have times of segments in {_listed([*starts, *ends, *lengths])}, but these are taken from the "
        f"columns start, end and duration; pass {', '.join(meant)} if these are times in seconds, or "
        f"{', '.join(without or [param('end', False)])} to do without."
    ]


def _hints(missing, rest):
    """Say which columns look like those that only an evaluation misses."""
    hints = []
    for role, what in _WHAT.items():
        alike = _alike(role, rest)
        if role in missing and alike:
            hint = f"{_listed(alike)} may tell {what} and is not used"
            hints.append(f"{hint}; pass {param(role, alike[0])} to use it, or {param(role, False)}.")
    return hints


def _alike(role, names):
    return [name for name in names if guess_role(name) == role]


def _listed(names):
    return ", ".join(map(repr, names))
