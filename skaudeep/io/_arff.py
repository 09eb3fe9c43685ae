"""Data sets in ARFF files (Weka's format), laid out as auDeep exports them."""

import os
import re
from pathlib import Path

import numpy as np
import xarray as xr

from skaudeep._validation import StrOptions, validate_params
from skaudeep.datamodel import get_feature_names, target_columns
from skaudeep.exceptions import DataSetError, ParameterError
from skaudeep.io.formats import LAYOUTS
from skaudeep.io.tables import (
    COLUMN_OPTIONS,
    TextFormat,
    answers,
    check_text,
    check_writable,
    class_names,
    collect,
    decode,
    find_columns,
    read_lines,
    to_dataset,
    whole,
    write_tables,
    wrong_width,
)

_RELATION = "auDeep exported data set"

# Writing: what needs no quotes, and what a backslash must stand for between them.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_.-]+")
_PLAIN_NAME = re.compile(r"[^\s\x00-\x1f\x7f{},%'\"]+")
_ESCAPED = re.compile(r"[\\'\x00-\x1f\x7f]")
_ESCAPED_IN_NAME = re.compile(r"[\\\n\r]")
_ESCAPES = {"\\": "\\\\", "'": "\\'", "\n": "\\n", "\r": "\\r", "\t": "\\t"}

# Reading: a value between quotes, in which a backslash protects the next character, or anything without quotes. No
# pattern goes back on what it has matched (*+), so none takes long on lines that do not fit.
_QUOTED = rb"""'([^'\\]*+(?:\\.[^'\\]*+)*+)'|"([^"\\]*+(?:\\.[^"\\]*+)*+)\""""
_VALUE = rb"(?:(?:" + _QUOTED + rb""")\s*+|([^,'"]*+)),"""
_FIELD = re.compile(rb"\s*+" + _VALUE, re.DOTALL)
_SPARSE_FIELD = re.compile(rb"\s*+(\d{1,9})\s++" + _VALUE, re.DOTALL)
_KEYWORD = re.compile(rb"@(relation|attribute|data)(?!\w)", re.I)
_ATTRIBUTE = re.compile(rb"@attribute\s++(?:" + _QUOTED + rb"""|([^\s,{}%'"][^\s,{}%]*+))\s*+(.*)""", re.DOTALL | re.I)
_NOMINAL = re.compile(rb"\{((?:" + _QUOTED + rb"""|[^}'"])*+)\}\s*+(?:%.*)?""", re.DOTALL)
_SIMPLE = re.compile(rb"(numeric|real|integer|string)\s*+(?:[\[%].*)?", re.DOTALL | re.I)
_ESCAPE = re.compile(r"\\(?:([0-3][0-7]{2}|[0-7]{1,2})|u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_LETTERS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}


@validate_params(
    {
        "ds": [xr.Dataset],
        "path": [str, os.PathLike],
        "labels_last": ["boolean"],
        "relation": [str],
        "identifiers": ["boolean"],
        "layout": [StrOptions(set(LAYOUTS))],
    },
    prefer_skip_nested_validation=True,
)
def write_arff(ds, path, *, labels_last=False, relation=_RELATION, identifiers=True, layout="audeep"):
    """Write a data set to an ARFF file, in one step or not at all.

    The attributes are `filename`, `chunk_nr`, `label_nominal`, `label_numeric` and one for each feature, or with
    `layout="weka"` the features and one label. Several targets come last, as `target:NAME`. Folds and partitions have
    no attributes; :func:`export_dataset` turns them into folders.

    Parameters
    ----------
    ds : xarray.Dataset
        A data set as :func:`skaudeep.datasets.make_dataset` makes it. Lazy features are computed in blocks.
    path : str or path-like
        The file to write, usually ending in `.arff`; an existing file is replaced.
    labels_last : bool, default=False
        Whether the labels come after the features.
    relation : str, default="auDeep exported data set"
        The name of the relation.
    identifiers : bool, default=True
        Whether to write `filename` and `chunk_nr`. Most classifiers of Weka and :func:`scipy.io.arff.loadarff` take
        no attributes of type STRING, which `filename` is.
    layout : {"audeep", "weka"}, default="audeep"
        Which attributes there are. "audeep": all, as auDeep exports them; a program that learns from `label_numeric` or
        `filename` is always right, and has learned nothing. "weka": the features, and as the last one, which Weka takes
        for the class, `label_nominal`, or `label_numeric` where there are no class names, or the last ones, of several
        targets; neither identifiers nor class numbers, whatever `identifiers` says. All numbers are NUMERIC, which also
        R reads.

    Raises
    ------
    DataSetError
        If `ds` is not a data set, has no features, or a name in it cannot be written.
    ValueError
        If `path` is the file that `ds` has been read from.
    FileNotFoundError
        If the folder of `path` does not exist.

    See Also
    --------
    read_arff : Read the file again.
    export_dataset : Write a file for every fold and partition.

    Notes
    -----
    Numbers have as many digits as tell float64 values apart, a missing value is `?`, an infinite one `inf`, which
    Weka cannot read. Several feature dimensions become one, in C order, and further variables are left out. All classes
    of the label map are declared, sorted, so that the files of all folds declare the same. `label_nominal` is left out
    where there are no classes, and `label_numeric` where there are no numbers either; it is INTEGER or, if any number
    is not whole, REAL.

    Names that are not made of letters, digits and `_.-` alone stand between quotes, with a backslash before quotes,
    backslashes and control characters, as Weka and liac-arff read them. liac-arff takes names of attributes literally:
    it gets wrong those that have both a backslash and a blank, comma, brace or percent sign, both kinds of quotes, a
    quote at an end, or a line end. :func:`scipy.io.arff.loadarff` takes no quotes in data unless they are in the first
    row too, no backslash, and ASCII only; class names of letters, digits and `_.-` are safe.

    References
    ----------
    .. [1] I. H. Witten, E. Frank, M. A. Hall and C. J. Pal, "Data Mining: Practical Machine Learning Tools and
       Techniques", 4th edition, Morgan Kaufmann, 2016.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import make_dataset
    >>> from skaudeep.io import write_arff
    >>> ds = make_dataset([[0.5], [0.1]], ["a.wav", "b.wav"], label_nominal=["Rain", "Dog bark"])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_arff(ds, pathlib.Path(folder, "features.arff"), layout="weka")
    ...     print(pathlib.Path(folder, "features.arff").read_text())
    @RELATION "auDeep exported data set"
    <BLANKLINE>
    @ATTRIBUTE feature_0 NUMERIC
    @ATTRIBUTE label_nominal {'Dog bark', Rain}
    <BLANKLINE>
    @DATA
    0.5,Rain
    0.10000000149011612,'Dog bark'
    """
    check_writable(ds)
    every = np.ones(ds.sizes["instance"], dtype=bool)
    options = {"labels_last": labels_last, "relation": relation, "identifiers": identifiers, "layout": layout}
    write_tables(ds, {path: every}, *plan(ds, **options))


@validate_params({"path": [str, os.PathLike], **COLUMN_OPTIONS}, prefer_skip_nested_validation=True)
def read_arff(
    path,
    *,
    filename="filename",
    chunk_nr="chunk_nr",
    label_nominal="label_nominal",
    label_numeric="label_numeric",
    targets=(),
):
    """Read a data set from an ARFF file.

    Attributes are found by their names; every attribute that does not hold one of the four variables below is a
    feature and must be NUMERIC, REAL or INTEGER.

    Parameters
    ----------
    path : str or path-like
        A file that :func:`write_arff`, the original auDeep, Weka or another program has written, in UTF-8. Rows may be
        sparse.
    filename : str, default="filename"
        The attribute that names the recordings. Without it, every row is a recording of its own, named after the
        file: `features-0`, `features-1`, ...
    chunk_nr : str, default="chunk_nr"
        The attribute of chunk numbers. Without it, the rows of a recording are counted.
    label_nominal : str, default="label_nominal"
        The attribute of class names, nominal or STRING.
    label_numeric : str, default="label_numeric"
        The attribute of class numbers or continuous targets. Without it, class names are numbered in sorted order.
    targets : sequence of str, default=()
        The attributes of several continuous targets; those that are called `target:NAME` need not be given.

    Returns
    -------
    xarray.Dataset
        The data set, in memory, without folds and partitions. Its label map has all classes that the file
        declares; those whose number no row tells have the lowest free ones, in sorted order.

    Raises
    ------
    DataSetError
        If the file cannot be read, is malformed, has an attribute that is neither known nor numeric, or has an
        instance twice, or if an attribute that was named otherwise than its variable is not there. The message names
        file and line.

    See Also
    --------
    write_arff : Write such a file.
    import_dataset : Read the files of folds and partitions.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.io import read_arff
    >>> text = "@relation r\\n@attribute pitch real\\n@attribute class {dog, rain}\\n@data\\n440,rain\\n?,rain\\n"
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     file = pathlib.Path(folder, "table.arff")
    ...     _ = file.write_text(text)
    ...     ds = read_arff(file, label_nominal="class")
    >>> ds.filename.values.tolist()
    ['table-0', 'table-1']
    >>> ds.features.values.tolist()
    [[440.0], [nan]]
    >>> ds.label_map
    '[["dog", 0], ["rain", 1]]'
    """
    columns = {"filename": filename, "chunk_nr": chunk_nr, "targets": targets}
    return to_dataset(read_table(path, label_nominal=label_nominal, label_numeric=label_numeric, **columns))


def plan(ds, *, labels_last, relation=_RELATION, identifiers=True, layout="audeep", guard_formulas=False):
    """Say how values are written, the variables before and after the features, and the header."""
    if guard_formulas:
        raise ParameterError(
            "guard_formulas", True, ": spreadsheets read no ARFF files; leave it out, or write CSV files."
        )
    numbers, classes = ds["label_numeric"].values, class_names(ds)
    types = {"filename": "STRING", "chunk_nr": "INTEGER"} if identifiers else {}
    labels = {"label_nominal": f"{{{', '.join(map(_quote, classes))}}}"} if classes else {}
    if classes or not np.isnan(numbers).all():
        labels["label_numeric"] = "INTEGER" if whole(numbers) else "REAL"
    kind = "REAL"
    targets = dict.fromkeys(target_columns(ds), kind)
    if layout == "weka":
        kind, types, labels_last, targets = "NUMERIC", {}, True, {}
        labels = {name: labels[name] if name == "label_nominal" else kind for name in answers(ds)}
    features = dict.fromkeys(map(_quote_name, get_feature_names(ds).tolist()), kind)
    before, after = (types, labels) if labels_last else (types | labels, {})
    after |= targets
    check_text([relation], "relation")
    relation = _quote_name(relation, '"')
    attributes = [f"@ATTRIBUTE {name} {kind}" for name, kind in _declared(before, features, after)]
    header = "\n".join([f"@RELATION {relation}", "", *attributes, "", "@DATA", ""])
    return TextFormat(_quote, "?", np.float64), (tuple(before), tuple(after)), header


def _declared(before, features, after):
    """Return the quoted names and the types of all attributes, in order."""
    before, after = ({_quote_name(name): kind for name, kind in types.items()} for types in (before, after))
    return (before | features | after).items()


def _quote(text):
    """Return a value, between quotes if it needs them."""
    if _PLAIN_VALUE.fullmatch(text):
        return text
    return "'" + _ESCAPED.sub(lambda match: _ESCAPES.get(match[0]) or f"\\{ord(match[0]):03o}", text) + "'"


def _quote_name(text, quote="'"):
    """Return the name of an attribute, with as few backslashes as can be, for liac-arff takes them literally."""
    if _PLAIN_NAME.fullmatch(text):
        return text
    quote = quote if quote not in text else {"'": '"', '"': "'"}[quote]
    if quote in text:
        return _quote(text)
    return quote + _ESCAPED_IN_NAME.sub(lambda match: _ESCAPES[match[0]], text) + quote


def read_table(path, *, prefix=None, **options):
    """Read what a file holds; `prefix` is what generated file names start with."""
    lines = read_lines(path)
    types = _read_header(lines, path)
    columns = find_columns(list(types), path, options)
    for i in columns.features:
        if types[columns.names[i]] not in ("numeric", "real", "integer"):
            kind = types[columns.names[i]]
            raise DataSetError(
                f"{path}: the attribute {columns.names[i]!r} is {kind if isinstance(kind, str) else 'nominal'}, but "
                "features are numeric; if it holds file names, chunk numbers or labels, say so by its name."
            )
    label = columns.metadata.get("label_nominal")
    declared = types[columns.names[label]] if label is not None else ()
    rows = _rows(lines, columns, list(types.values()), path)
    prefix = prefix or Path(path).stem
    return collect(rows, columns, path, prefix=prefix, classes=() if isinstance(declared, str) else declared)


def _read_header(lines, path):
    """Read the types of the attributes by their names: a word, or a list of names."""
    types = {}
    for number, line in lines:
        line, where = line.strip(), f"{path}, line {number}"
        keyword = _KEYWORD.match(line)
        if keyword is None and line and not line.startswith(b"%"):
            raise DataSetError(f"{where}: expected @relation, @attribute or @data, got {line[:40]!r}.")
        keyword = keyword[1].lower() if keyword else None
        if keyword == b"data":
            return types
        if keyword == b"attribute":
            name, kind = _parse_attribute(line, where)
            if name in types:
                raise DataSetError(f"{where}: a second attribute is called {name!r}; rename one.")
            types[name] = kind
    raise DataSetError(f"{path} is not an ARFF file, or its end is missing: there is no line @data.")


def _parse_attribute(line, where):
    """Parse name and type of an attribute."""
    match = _ATTRIBUTE.fullmatch(line)
    if match is None:
        raise DataSetError(f"{where}: expected @attribute NAME TYPE, got {line[:60]!r}; quote names with blanks.")
    *name, kind = match.groups()
    name = decode(name[2], where) if name[2] is not None else _unquote(name, where)
    simple, nominal = _SIMPLE.fullmatch(kind), _NOMINAL.fullmatch(kind)
    if simple:
        return name, simple[1].decode().lower()
    values = _split(nominal[1] + b",", where) if nominal else None
    if values is None:
        raise DataSetError(
            f"{where}: the attribute {name!r} has the type {kind[:40].decode(errors='replace')!r}; expected NUMERIC, "
            "REAL, INTEGER, STRING or {NAME, 'OTHER NAME', ...}; dates and relations are not read."
        )
    return name, [value for value in values if value]


def _rows(lines, columns, types, path):
    """Yield line number, the fields beside the run of features, and the run itself, for every row."""
    start, stop, width = columns.start, columns.stop, len(columns.names)
    for number, line in lines:
        line, where = line.strip(), f"{path}, line {number}"
        if not line or line.startswith(b"%"):
            continue
        if line.startswith(b"{"):
            fields = _sparse(line, types, where)
        else:
            line += b","
            parts = _split_fast(line, start, stop, width, where)
            if parts:
                yield number, *parts
                continue
            fields = _split(line, where)
        if fields is None:
            raise DataSetError(
                f"{where}: expected values with commas between them; those with quotes or commas quoted."
            )
        if len(fields) != width:
            raise wrong_width(len(fields), columns, where)
        run = ",".join("?" if field is None else field for field in fields[start:stop]).encode()
        yield number, fields[:start] + fields[stop:], run


def _split_fast(line, start, stop, width, where):
    """Return the fields before and after the run of features, and the run, if nothing in it is quoted; else None."""
    head, begin = _take(line, 0, start, where)
    if head is None:
        return None
    # up to the next quote, commas separate fields
    quotes = [at for at in (line.find(b"'", begin), line.find(b'"', begin)) if at >= 0]
    unquoted = line[begin : min(quotes, default=len(line))]
    surplus = (unquoted.count(b",") if stop < width or quotes else stop - start) - (stop - start)
    if surplus < 0 or surplus > width - stop:
        return None
    run = unquoted.rsplit(b",", surplus + 1)[0]
    tail, end = _take(line, begin + len(run) + 1, width - stop, where)
    return (head + tail, run) if tail is not None and end == len(line) else None


def _take(line, at, count, where):
    """Return a number of fields from a place on, and where they end; None if there are not so many."""
    fields = []
    for _ in range(count):
        match = _FIELD.match(line, at)
        if match is None:
            return None, at
        fields.append(_unquote(match.groups(), where))
        at = match.end()
    return fields, at


def _split(line, where):
    """Return all fields of a line that ends in a comma, or None if it cannot be split."""
    fields, at = [], 0
    while at < len(line):
        match = _FIELD.match(line, at)
        if match is None:
            return None
        fields.append(_unquote(match.groups(), where))
        at = match.end()
    return fields


def _sparse(line, types, where):
    """Return all fields of a row {NUMBER VALUE, ...}; what is left out is 0, the first class, or a missing string."""
    fields = ["0" if kind in ("numeric", "real", "integer") else None for kind in types]
    fields = [kind[0] if isinstance(kind, list) and kind else field for kind, field in zip(types, fields, strict=True)]
    inner = line[1:-1].strip()
    if not line.endswith(b"}"):
        return None
    at, text, seen = 0, inner + b"," if inner else b"", set()
    while at < len(text):
        match = _SPARSE_FIELD.match(text, at)
        if match is None or int(match[1]) >= len(types) or int(match[1]) in seen:
            raise DataSetError(
                f"{where}: expected {{NUMBER VALUE, ...}} with each of the numbers 0 to {len(types) - 1} at most once."
            )
        seen.add(int(match[1]))
        fields[int(match[1])] = _unquote(match.groups()[1:], where)
        at = match.end()
    return fields


def _unquote(groups, where):
    """Return the text of a match: between single or double quotes, where it has escapes, or bare; None if missing."""
    single, double, bare = groups
    if bare is not None:
        bare = bare.strip()
        return None if bare in (b"", b"?") else decode(bare, where)
    text = decode(single if double is None else double, where)
    if "\\" not in text:
        return text
    text = _ESCAPE.sub(_unescape, text)
    try:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16")  # two escapes \u can make one character
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise DataSetError(f"{where}: a value holds an escaped character that is not text.")
    return text


def _unescape(match):
    octal, code, other = match.groups()
    if other:
        return _LETTERS.get(other, other)
    return chr(int(octal, 8) if octal else int(code, 16))
