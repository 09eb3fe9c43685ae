"""How large what skops makes of a tree becomes."""

import io
import json

import numpy as np
import pytest
import scipy.sparse

from skaudeep._archives import Allowance, ArchiveSizeError, to_npy
from skaudeep._trees import check_sizes

ARRAY = to_npy(np.zeros(3))


def check(tree, size=10**6, **members):
    files = {name.replace("_", "."): content for name, content in members.items()}
    check_sizes(json.dumps(tree).encode(), files, Allowance(size))


def array(number=None):
    return {"__loader__": "NdArrayNode", "file": "0.npy"} | ({} if number is None else {"__id__": number})


def node(number, *content):
    return {"__loader__": "ListNode", "__id__": number, "content": list(content)}


def test_what_is_written_in_full_is_fine():
    shared = node(2, node(3), {"__loader__": "JsonNode"})
    check(node(1, shared, array(4), shared, array(4)), **{"0_npy": ARRAY})
    # entries of a dictionary
    check(node(1, {"content": {"__id__": node(5), "file": node(6)}}, {"content": {"__id__": node(7, node(8))}}))


@pytest.mark.parametrize("reference", [{"__id__": 2}, node(2), {"__loader__": "ListNode", "__id__": 2}])
def test_what_stands_for_something_larger_is_refused(reference):
    with pytest.raises(ValueError, match="several things of number 2"):
        check(node(1, node(2, node(3), node(4)), reference))


def test_what_is_a_part_of_itself_is_refused():
    with pytest.raises(ValueError, match="several things of number 1"):
        check(node(1, node(2, node(1))))


def test_levels_that_multiply_are_refused():
    """Twenty lines that would be a million things."""
    tree = node(1)
    for number in range(2, 22):
        tree = node(number, tree, {"__id__": number - 1})
    with pytest.raises(ValueError, match="several things of number"):
        check(tree)


@pytest.mark.parametrize("numbers", [(None, None), (0, 0), (5, 6), (5, None)])
def test_a_file_is_of_one_thing(numbers):
    with pytest.raises(ValueError, match=r"several things are in 0\.npy"):
        check(node(1, *map(array, numbers)), **{"0_npy": ARRAY})


def test_arrays_are_as_large_as_they_say():
    with pytest.raises(ValueError, match=r"shape \(3,\) and type float64 has 23 bytes"):
        check(array(1), **{"0_npy": bytes(ARRAY)[:-1]})


def test_sparse_matrices_have_a_limit():
    buffer = io.BytesIO()
    scipy.sparse.save_npz(buffer, scipy.sparse.csr_array(np.ones((100, 100))))
    matrix = {"__loader__": "SparseMatrixNode", "file": "0.npz", "__id__": 1}
    check(matrix, **{"0_npz": buffer.getvalue()})
    with pytest.raises(ArchiveSizeError):
        check(matrix, size=10**5, **{"0_npz": buffer.getvalue()})
