"""Rows of numbers as text and back again, at the speed of a JSON library and with the exactness of Python."""

import itertools
import math
import re

import numpy as np
import orjson

from skaudeep.exceptions import DataSetError

#: What stands for a missing number in files from anywhere.
MISSING = frozenset(("", "?", "NA", "null"))

_MINUS_ZERO = re.compile(rb"-0\s*+(?:,|\Z)")


def format_rows(block, missing):
    """Yield the numbers of every row, comma-separated, each as short as its type allows and as Python writes it.

    orjson writes them so but for very small and very large ones, and writes null for NaN and the infinities. So
    all of these are handed to it as NaN, and what Python writes takes the place of null.

    Parameters
    ----------
    block : ndarray of float32 or float64 of shape (n_rows, n_columns)
        The numbers.
    missing : bytes
        What stands for NaN.

    Yields
    ------
    bytes
        One row.
    """
    size = np.abs(block)
    # its limits are 1e-4 and, for float32, 1e13; to send some more the long way is safe
    odd = ~((size == 0) | ((size > 1.01e-4) & (size < 1e12)))
    counts = np.count_nonzero(odd, axis=1).tolist()
    replacements = iter(_format_odd(block[odd], missing))
    for row, count in zip(np.where(odd, block.dtype.type(np.nan), block), counts, strict=True):
        text = orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY)[1:-1]
        if count:
            pieces = [b""] * (2 * count + 1)
            pieces[::2] = text.split(b"null")
            pieces[1::2] = itertools.islice(replacements, count)
            text = b"".join(pieces)
        yield text


def parse_row(text, names, where):
    """Parse the numbers of a row, exactly those that `float` gives for each field.

    Parameters
    ----------
    text : bytes
        Comma-separated numbers.
    names : list of str
        The columns that are expected.
    where : str
        File and line, for errors.

    Returns
    -------
    list of float or ndarray of float64
        One number per column, NaN where missing; as many as there are fields where these are not as many as columns.
    """
    values = _parse_json(text)
    if values is None:  # most often because of missing numbers
        filled = b",%b," % text.replace(b"?", b"null")
        for _ in range(2):  # twice: neighbours share a comma
            filled = filled.replace(b",,", b",null,")
        values = _parse_json(filled[1:-1], nulls=True)
    if values is None or len(values) != len(names):
        fields = text.split(b",")
        if len(fields) != len(names):
            return [math.nan] * len(fields)
        values = [
            parse_field(field.decode(errors="backslashreplace"), name, where)
            for field, name in zip(fields, names, strict=True)
        ]
    return values


def parse_field(text, column, where):
    """Parse one number of a column of features, NaN where missing."""
    text = text.strip()
    number = math.nan if text in MISSING else parse_number(text)
    if number is None:
        raise DataSetError(
            f"{where}: {text[:40]!r} in the column {column!r} is not a number. All columns but those of the file name, "
            "the chunk number and the labels are features; name the columns that are not, or take this one out."
        )
    return number


def parse_number(text):
    """Parse a number that is written as one, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    # Python reads 1_000 and the digits of other scripts too, and takes 1e999 for an infinity.
    if "_" in text or not text.isascii() or (math.isinf(number) and "inf" not in text.lower()):
        return None
    return number


def _format_odd(values, missing):
    """Say what Python writes for single numbers; the digits, which differ between float32 and float64, are orjson's."""
    special = {"nan": missing, "inf": b"inf", "-inf": b"-inf"}
    digits = orjson.loads(orjson.dumps(values, option=orjson.OPT_SERIALIZE_NUMPY))
    return [
        special[repr(value)] if number is None else repr(number).encode()
        for number, value in zip(digits, values.tolist(), strict=True)
    ]


def _parse_json(text, *, nulls=False):
    """Parse numbers (and, on request, nulls as NaN) as JSON has them, or None if the text is anything else."""
    # letters of true, false and null, and of strings, which NumPy would take for numbers
    if b'"' in text or (b"r" in text or b"s" in text if nulls else b"u" in text or b"l" in text):
        return None
    try:
        values = np.array(orjson.loads(b"[%b]" % text), dtype=np.float64)
    except (ValueError, TypeError):  # no JSON, or lists and objects in it
        return None
    # -0 is a whole number in JSON, and those lose the sign
    if values.ndim != 1 or (not values.all() and _MINUS_ZERO.search(text)):
        return None
    return values
