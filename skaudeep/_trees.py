"""How large what skops makes of a tree becomes."""

import json

from skaudeep._archives import check_npy, read_members


class _Node(dict):
    """A table of the tree that knows how many tables there are in it, itself included."""

    __slots__ = ("size",)


def check_sizes(tree, members, allowance):
    """Raise an error if a tree of skops leads to more than its text and its files hold.

    Whatever has a number is written in full wherever it occurs, but of everything with the same number skops looks at
    the first only. Hence all of them have to be equally large, lest small ones stand for a large one, level upon
    level. Besides, a file has to be of one thing, and the arrays in it of the size that their headers say.

    Parameters
    ----------
    tree : bytes
        The tree as JSON.
    members : dict of str to bytes-like
        The files that it refers to.
    allowance : Allowance
        What compressed files, of sparse matrices, may take.
    """
    sizes, owners = {}, {}

    def check(table):
        node = _Node(table)
        node.size = 1 + _count(node.values())
        number, file = node.get("__id__"), node.get("file")
        # the entries of a dictionary may have these names too, and are tables
        if number and not isinstance(number, dict) and sizes.setdefault(number, node.size) != node.size:
            raise ValueError(f"there are several things of number {number}")
        if isinstance(file, str) and isinstance(node.get("__loader__"), str):
            owner = number or object()  # without a number it would be read again for each
            if owners.setdefault(file, owner) != owner:
                raise ValueError(f"several things are in {file}")
            _check_file(members[file], node["__loader__"], allowance)
        return node

    json.loads(tree, object_hook=check)


def _count(values):
    """Number of tables in values."""
    count = 0
    for value in values:
        if isinstance(value, _Node):
            count += value.size
        elif isinstance(value, list):
            count += _count(value)
    return count


def _check_file(content, loader, allowance):
    """Check that the arrays in a member are as large as their headers say."""
    if loader == "NdArrayNode":
        check_npy(content)
    elif loader == "SparseMatrixNode":
        for part in read_members(content, allowance).values():
            check_npy(part)
