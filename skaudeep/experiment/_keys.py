"""Keys of a configuration: their defaults, and what their values can be."""

import dataclasses
import math
from collections.abc import Callable

PARTITIONS = ("train", "devel", "test")
SWITCH = ["boolean"]


@dataclasses.dataclass(frozen=True)
class Key:
    """A key of a table: its default, and what values can be, as scikit-learn has it.

    `check(value)` says what a value should have been that fits the constraints and is not None, or gives None; with
    `is_list`, a word alone is a list of one.
    """

    default: object
    constraints: list
    check: Callable | None = None
    is_list: bool = False


def words_among(known, *, may_be_none=False):
    """Make a check for lists of words, each of them at most once."""

    def check(value):
        wrong = any(word not in known or value.count(word) > 1 for word in value)
        if wrong or (not value and not may_be_none):
            return f"a list of {', '.join(map(repr, known))}, each at most once"
        return None

    return check


def check_shares(value):
    """Say what shares of partitions should be, if they are not that."""
    good = value and all(part in PARTITIONS and is_number(share) and share > 0 for part, share in value.items())
    if good:
        return None
    return f"a table with shares of {', '.join(PARTITIONS)}, such as {{train = 0.8, test = 0.2}}"


def is_number(value, kind=(int, float)):
    """Say whether a value is a finite number, and not True or False."""
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
