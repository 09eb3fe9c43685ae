"""What CSV and ARFF files have in common: instances as lines of text, and lines as instances."""

import contextlib
import itertools
import math
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from skaudeep._columns import guess_role, is_plain
from skaudeep._files import atomic_path, atomic_paths, check_no_input, naming
from skaudeep._interrupts import deferred, each
from skaudeep.datamodel import (
    TARGET_PREFIX,
    TARGETS,
    check_layout,
    check_text,
    default_names,
    get_feature_names,
    get_label_map,
    get_texts,
    instance_index,
    make_dataset,
    narrow,
    take_targets,
    target_columns,
)
from skaudeep.exceptions import DataSetError, Message, ParameterError, param
from skaudeep.io._numbers import format_rows, parse_field, parse_number, parse_row
from skaudeep.io.blocks import feature_blocks
from skaudeep.io.netcdf import source_files

#: The variables that become columns of their own.
IDENTIFIERS = ("filename", "chunk_nr")
LABELS = ("label_nominal", "label_numeric")
#: What the options of readers may be.
COLUMN_OPTIONS = {variable: [str] for variable in IDENTIFIERS + LABELS} | {"targets": ["array-like"]}
#: Bytes of float64 that become text, or that text becomes, at a time.
BLOCK_BYTES = 1 << 22
#: Up to here, float64 tells whole numbers apart; chunk and class numbers and targets go no further.
LARGEST_INTEGER = 2**53


class TextFormat(NamedTuple):
    """How a format writes what all formats have."""

    quote: callable  # a name as text
    missing: str  # what stands for a missing value
    dtype: type  # numbers have as many digits as tell values of this type apart


class Columns(NamedTuple):
    """Where the columns of a file go."""

    names: list
    metadata: dict  # variable -> number of its column
    features: list  # numbers of all other columns
    start: int  # the longest run of neighbouring features has the columns [start, stop)
    stop: int


class Table(NamedTuple):
    """What was read from one file."""

    frame: pd.DataFrame  # filename, chunk_nr, label_nominal ("" = missing), label_numeric, targets, source and line
    features: np.ndarray
    feature_names: list
    classes: list  # those that the file declares, with and without instances


# ---------------------------------------------------------------------------------------------------- writing


def write_tables(ds, targets, text_format, columns, header, **together):
    """Write instances of a data set to one file, or to several that appear together when all of them are complete.

    Every block of features is computed once, however many files its rows go to.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set that :func:`check_writable` has passed.
    targets : dict of path-like to ndarray of bool of shape (n_instances,)
        Which instances each file gets.
    text_format : TextFormat
        The format.
    columns : tuple of tuple of str
        Variables before and after the features.
    header : str
        What every file starts with.
    **together : dict
        Of an export: `mark` and `check`, as for :func:`skaudeep._files.atomic_paths`.

    Raises
    ------
    ValueError
        If one of the files is the one that `ds` has been read from.
    """
    for path in targets:
        check_no_input(path, {param("the file of ds"): source_files(ds)})
    heads, tails = (_metadata_texts(ds, names, text_format) for names in columns)
    before, after = (b"," * bool(names) for names in columns)
    missing = text_format.missing.encode()
    with deferred(), contextlib.ExitStack() as stack:  # Ctrl-C is answered between blocks
        if together:
            paths = stack.enter_context(atomic_paths(targets, **together))
        else:
            paths = [stack.enter_context(atomic_path(path)) for path in targets]
        files = list(zip(targets, paths, targets.values(), strict=True))
        for path, file, _ in files:
            with naming(path):
                file.write_bytes(header.encode())
        for rows, block in each(_blocks(ds["features"])):
            numbers = format_rows(block.astype(text_format.dtype, copy=False), missing)
            lines = [
                b"%b%b%b%b%b\n" % (head.encode(), before, text, after, tail.encode())
                for head, text, tail in zip(heads[rows], numbers, tails[rows], strict=True)
            ]
            for path, file, chosen in files:
                with naming(path), open(file, "ab") as stream:
                    stream.writelines(itertools.compress(lines, chosen[rows].tolist()))


def _blocks(features):
    """Yield slices of instances, small enough for their text to be in memory, with a row of numbers for each."""
    width = math.prod(features.shape[1:])
    step = max(1, BLOCK_BYTES // (8 * width))
    for first, block in feature_blocks(features):
        for start in range(0, len(block), step):
            part = block[start : start + step]
            yield slice(first + start, first + start + len(part)), part.reshape(len(part), width)


def check_writable(ds):
    """Raise a `DataSetError` unless every value of a data set has a place in a table of text."""
    check_layout(ds, param.ds)
    feature_names = get_feature_names(ds).tolist()
    if not feature_names:
        raise DataSetError(f"{param.ds}: has no features, and a table without them cannot be read again.")
    if TARGETS in ds and not class_names(ds) and not np.isnan(ds["label_numeric"].values).all():
        raise DataSetError(f"{param.ds}: has label_numeric beside targets, and could not be read again; take one away.")
    others = (*IDENTIFIERS, *LABELS, *target_columns(ds))
    alike = [name for name in feature_names if name.startswith(TARGET_PREFIX)]
    if alike:
        raise DataSetError(f"{param.ds}: the feature {alike[0]!r} would be read as a target; rename it.")
    if len({*feature_names, *others}) < len(feature_names) + len(others):
        raise DataSetError(
            f"{param.ds}: all feature names must differ, also from {', '.join(others)}, which are columns of their "
            "own; rename the features."
        )
    filenames = get_texts(ds, "filename")
    if (filenames == "").any():
        raise DataSetError(
            f"{param.ds}: instance {np.argmax(filenames == '')} has no filename, but every instance needs one."
        )
    index = instance_index(ds)
    if index.has_duplicates:
        filename, chunk_nr = index[index.duplicated()][0]
        raise DataSetError(
            f"{param.ds}: chunk {chunk_nr} of {filename!r} is there twice, and could not be read again; number or name "
            "it otherwise."
        )
    if (np.abs(ds["label_numeric"].values) > LARGEST_INTEGER).any():
        raise DataSetError(
            f"{param.ds}: label_numeric is infinite or beyond 2**53, where float64 does not tell integers apart."
        )
    names = {"filename": filenames, "label_nominal": class_names(ds), "features": feature_names}
    for variable, values in names.items():
        check_text(values, variable)


def class_names(ds):
    """Return all classes of a data set, sorted: those of its label map, and any others that its instances have."""
    return sorted({*get_label_map(ds), *get_texts(ds, "label_nominal").tolist()} - {""})


def answers(ds):
    """Return what a program is to learn: class names or, without them, numbers; nothing if unlabelled."""
    if class_names(ds):
        return ("label_nominal",)
    if TARGETS in ds:
        return tuple(target_columns(ds))
    return () if np.isnan(ds["label_numeric"].values).all() else ("label_numeric",)


def whole(numbers):
    """Say whether all known numbers can be written as integers."""
    return bool((np.isnan(numbers) | (numbers == np.round(numbers))).all())


def _metadata_texts(ds, variables, text_format):
    """Return the values of some variables for every instance, with commas between."""
    columns = [_texts(ds, name, text_format) for name in variables]
    return list(map(",".join, zip(*columns, strict=True))) if columns else [""] * ds.sizes["instance"]


def _texts(ds, variable, text_format):
    """Return the texts of the values of one variable."""
    quote, missing, _ = text_format
    if variable in ("filename", "label_nominal"):
        return [quote(name) if name else missing for name in get_texts(ds, variable).tolist()]
    values = target_columns(ds)[variable] if variable.startswith(TARGET_PREFIX) else ds[variable].values
    write = (lambda value: str(int(value))) if values.dtype.kind == "f" and whole(values) else str
    return [missing if value != value else write(value) for value in values.tolist()]


# ---------------------------------------------------------------------------------------------------- reading


def read_lines(path):
    """Yield the lines of a text file with their numbers from 1, as bytes, without a byte order mark."""
    try:
        with open(path, "rb") as stream:
            for number, line in enumerate(stream, 1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if b"\0" in line:
                    raise DataSetError(f"{path}, line {number}: holds a NUL byte; expected text in UTF-8.")
                yield number, line
    except OSError as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else error.strerror or error
        raise DataSetError(f"Cannot read {path}: {reason}.") from error


def decode(text, where):
    """Return bytes as text, with an error that says where they stand."""
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        bad = text[max(error.start - 10, 0) : error.end + 10]
        raise DataSetError(f"{where}: {bad!r} is not UTF-8 ({error.reason}); convert the file to it.") from None


def find_columns(names, source, options, *, blanks=False):
    """Find out which columns hold what.

    Parameters
    ----------
    names : list of str
        Names of all columns.
    source : str
        The file, for errors.
    options : dict of str to str, and of `targets` to sequence of str
        The name of the column of each variable; one that is not the variable's own name must be there. `targets` are
        names of columns, which must be there; those that begin with `TARGET_PREFIX` are targets anyway.
    blanks : bool, default=False
        Whether blanks around the name of a variable do not matter.

    Returns
    -------
    Columns
        Where they go.
    """
    if "" in names:
        raise DataSetError(
            f"{source}: column {names.index('') + 1} has no name; name it or leave it out (the index of a data frame "
            "with to_csv(index=False), a comma at the ends of lines)."
        )
    again = pd.Index(names, dtype=object).duplicated()
    if again.any():
        raise DataSetError(f"{source}: two columns are called {names[np.argmax(again)]!r}; rename one.")
    wrong = [name for name in options["targets"] if not isinstance(name, str)]
    if wrong or isinstance(options["targets"], str):
        raise ParameterError("targets", options["targets"], ": give a list of names of columns")
    targets = dict.fromkeys(name for name in names if name.strip().startswith(TARGET_PREFIX))
    targets |= dict.fromkeys(options["targets"])
    options = {variable: name for variable, name in options.items() if variable != "targets"}
    for name in targets:
        variable = f"{TARGET_PREFIX}{name.strip().removeprefix(TARGET_PREFIX)}"
        if variable in options:
            raise DataSetError(f"{source}: {options[variable]!r} and {name!r} hold the same target; rename one.")
        options[variable] = name
    if len(set(options.values())) < len(options):
        raise DataSetError(
            f"{', '.join(param(key, name) for key, name in options.items())}: expected a different column for "
            "each variable."
        )
    places = {name.strip(): i for i, name in enumerate(names)} if blanks else {}
    places.update({name: i for i, name in enumerate(names)})
    for variable, name in options.items():
        if name != variable and name not in places:
            shown = ", ".join(map(repr, names[:6])) + ", ..." * (len(names) > 6)
            asked = param("targets", [name]) if variable.startswith(TARGET_PREFIX) else param(variable, name)
            raise DataSetError(f"{source}: {asked}: there is no such column, only {shown}.")
    metadata = {variable: places[name] for variable, name in options.items() if name in places}
    features = sorted(set(range(len(names))) - set(metadata.values()))
    _warn_of_features([names[i] for i in features], metadata, source)
    if not features:
        raise DataSetError(f"{source}: no column is left for features; there are only {', '.join(map(repr, names))}.")
    run = max(np.split(features, np.flatnonzero(np.diff(features) != 1) + 1), key=len)
    return Columns(names, metadata, features, int(run[0]), int(run[-1]) + 1)


def _warn_of_features(names, metadata, source):
    """Say which features may be something else, such as the label, from which a classifier would learn all."""
    roles = {"label", "start", "end", "group", "fold", "partition"}
    if not metadata.keys().isdisjoint(LABELS) or any(name.startswith(TARGET_PREFIX) for name in metadata):
        roles.remove("label")
    alike = [name for name in names if guess_role(name) in roles and is_plain(name)]
    if alike:
        warnings.warn(
            Message(
                f"{source}: {', '.join(map(repr, alike))} may not be features, but are taken for some; take them out "
                f"of the table, or, if they are the labels, pass {param('label_nominal', alike[0])}."
            ),
            UserWarning,
            stacklevel=6,
        )


def collect(rows, columns, source, *, prefix, classes=()):
    """Gather the rows of a file; features go straight into blocks of float32.

    Parameters
    ----------
    rows : iterable of tuple of (int, list of str or None, bytes)
        Line number, the fields before and after the run of features (None = missing), and the run itself.
    columns : Columns
        Where the columns go.
    source : str
        The file, for errors.
    prefix : str
        What names are generated from where the file has none.
    classes : list of str, default=()
        The classes that the file declares.

    Returns
    -------
    Table
        What the file holds.
    """
    names = [columns.names[i] for i in columns.features]
    outside = [*range(columns.start), *range(columns.stop, len(columns.names))]
    texts = {variable: [] for variable in columns.metadata}
    appends = [(outside.index(i), texts[variable].append) for variable, i in columns.metadata.items()]
    # where in a row of features the run is, and where in the fields outside it the other features are
    first = columns.features.index(columns.start)
    run = slice(first, first + columns.stop - columns.start)
    others = [(k, outside.index(i)) for k, i in enumerate(columns.features) if not run.start <= k < run.stop]

    lines, blocks, at = [], [], 0
    block = np.empty((max(1, BLOCK_BYTES // (8 * len(names))), len(names)))
    for line, fields, text in rows:
        where = f"{source}, line {line}"
        numbers = parse_row(text, names[run], where)
        if len(numbers) != run.stop - run.start:
            raise wrong_width(len(fields) + len(numbers), columns, where)
        if at == len(block):
            blocks.append(_float32(block, lines[-at:], names, source))
            at = 0
        block[at, run] = numbers
        for k, i in others:
            block[at, k] = parse_field(fields[i] or "", names[k], where)
        for i, append in appends:
            append(fields[i] or "")
        lines.append(line)
        at += 1
    blocks.append(_float32(block[:at], lines[len(lines) - at :], names, source))
    del block
    if not lines and not columns.metadata:
        raise DataSetError(
            f"{source}: there are no instances, and none of the columns {', '.join((*IDENTIFIERS, *LABELS))}; this "
            "is not a table of features."
        )
    frame = _frame(texts, lines, source, prefix)
    if classes and "label_nominal" in texts:
        undeclared = ~frame["label_nominal"].isin({"", *classes})
        _refuse(frame, undeclared, "the class {label_nominal!r} is not among those that the header declares.")
    return Table(frame, join_blocks(blocks), names, sorted({*classes} - {""}))


def wrong_width(got, columns, where):
    """Return the error for a row of the wrong length."""
    return DataSetError(f"{where}: got {got} values, expected {len(columns.names)}, one for each column.")


def join_blocks(blocks):
    """Join the rows of many arrays, whose memory is given back on the way: the list is empty afterwards."""
    if len(blocks) == 1:
        return blocks.pop()
    joined = np.empty((sum(map(len, blocks)), blocks[0].shape[1]), dtype=np.float32)
    stop = len(joined)
    while blocks:
        block = blocks.pop()
        joined[stop - len(block) : stop] = block
        stop -= len(block)
    return joined


def _float32(block, lines, names, source):
    """Return a block of float64 as a new one of float32; refuses finite numbers that would become infinite."""
    values, lost = narrow(block)
    if lost.any():
        row, feature = np.argwhere(lost)[0]
        raise DataSetError(
            f"{source}, line {lines[row]}: {block[row, feature]:g} in the column {names[feature]!r} is beyond the "
            "range of float32; rescale it."
        )
    return values


def _frame(texts, lines, source, prefix):
    """Return the metadata of all rows, checked, with defaults for what the file does not say."""
    n = len(lines)
    names = texts.get("filename", [f"{prefix}-{i}" for i in range(n)])
    frame = pd.DataFrame({"source": source, "line": np.array(lines, dtype=np.int64)})
    frame["filename"] = np.array(names, dtype=object)
    frame["label_nominal"] = np.array(texts.get("label_nominal", [""] * n), dtype=object)
    _refuse(frame, frame["filename"] == "", "the file name is missing, but every instance needs one.")
    targets = [name for name in texts if name.startswith(TARGET_PREFIX)]
    for name in ("label_numeric", "chunk_nr", *targets):
        frame[name] = _number_column(texts.get(name, [""] * n), frame, name)
    beyond = frame["label_numeric"].abs() > LARGEST_INTEGER
    _refuse(frame, beyond, "the label_numeric {label_numeric:g} is beyond 2**53, the largest that can be told apart.")
    if "chunk_nr" in texts:
        numbers = frame["chunk_nr"]
        good = (numbers >= 0) & (numbers <= LARGEST_INTEGER) & (numbers == np.round(numbers))
        _refuse(frame, ~good, "expected a whole number from 0 as number of the chunk, got {chunk_nr:g}.")
    else:
        frame["chunk_nr"] = frame.groupby("filename").cumcount()
    frame["chunk_nr"] = frame["chunk_nr"].astype(np.int64)
    again = frame.duplicated(["filename", "chunk_nr"])
    _refuse(frame, again, "chunk {chunk_nr} of {filename!r} is there a second time; number or name it otherwise.")
    return frame


def _refuse(frame, wrong, message):
    """Raise an error about the first row that is wrong."""
    if wrong.any():
        row = frame[wrong].iloc[0].to_dict()
        raise DataSetError(f"{row['source']}, line {row['line']}: {message.format(**row)}")


def _number_column(texts, frame, variable):
    """Return texts as float64, NaN where missing."""
    codes, distinct = pd.factorize(np.array(texts, dtype=object))
    stripped = list(map(str.strip, distinct))
    numbers = [math.nan if text in ("", "?") else parse_number(text) for text in stripped]
    if None in numbers:
        bad = numbers.index(None)
        _refuse(frame.assign(text=texts), codes == bad, f"expected a number as {variable}, got {{text!r:.60}}.")
    return np.array(numbers, dtype=np.float64)[codes]


def to_dataset(table, **folds):
    """Make a data set of what was read, with a number for every class.

    A class has the number that the rows give it, else the lowest that is free, in sorted order of the names.
    """
    frame, features, feature_names, classes = table
    targets = take_targets(dict(frame.items()))
    default = feature_names == default_names(len(feature_names)).tolist()
    return make_dataset(
        features,
        frame["filename"].to_numpy(dtype=object),
        label_nominal=frame["label_nominal"].to_numpy(dtype=object),
        label_numeric=frame["label_numeric"].to_numpy(),
        targets=targets,
        chunk_nr=frame["chunk_nr"].to_numpy(),
        feature_names=None if default else feature_names,
        label_map=_label_map(frame, classes) or None,
        **folds,
    )


def _label_map(frame, classes):
    known = frame[frame["label_nominal"] != ""]
    pairs = known.dropna(subset="label_numeric").drop_duplicates(["label_nominal", "label_numeric"])
    _refuse(
        pairs,
        pairs["label_numeric"] % 1 != 0,
        "the class {label_nominal!r} has the number {label_numeric:g}, which is not whole.",
    )
    for key in ("label_nominal", "label_numeric"):
        again = pairs.duplicated(key)
        if again.any():
            row = pairs[again].iloc[0]
            first = pairs[pairs[key] == row[key]].iloc[0]
            raise DataSetError(
                f"{row.source}, line {row.line}: the class {row.label_nominal!r} has the number {row.label_numeric:g}, "
                f"but in {first.source}, line {first.line}, the class {first.label_nominal!r} has the number "
                f"{first.label_numeric:g}. Each class needs one number of its own."
            )
    label_map = dict(zip(pairs["label_nominal"], pairs["label_numeric"].astype(np.int64).tolist(), strict=True))
    taken = set(frame["label_numeric"].dropna())
    free = (number for number in itertools.count() if number not in taken)
    return label_map | dict(zip(sorted({*classes, *known["label_nominal"]} - set(label_map)), free, strict=False))
