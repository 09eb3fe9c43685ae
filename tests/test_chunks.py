import numpy as np
import pandas as pd
import pytest
from scipy.sparse import csr_array

from skaudeep._chunks import flatten_chunks


@pytest.mark.parametrize("as_type", [np.asarray, pd.DataFrame, csr_array])
def test_a_table_is_one_chunk_for_each_row_and_returned_as_it_is(as_type):
    X = as_type(np.eye(3))
    chunks, counts = flatten_chunks(X)
    assert chunks is X
    np.testing.assert_array_equal(counts, [1, 1, 1])


def test_an_array_is_flattened_without_a_copy():
    X = np.zeros((2, 3, 5, 4))
    chunks, counts = flatten_chunks(X)
    assert chunks.shape == (6, 5, 4)
    assert np.shares_memory(chunks, X)
    np.testing.assert_array_equal(counts, [3, 3])


@pytest.mark.parametrize("as_type", [list, tuple, pd.Series])
def test_a_sequence_of_arrays_of_unequal_length(as_type):
    files = [np.zeros((2, 5, 4)), np.ones((1, 5, 4))]
    chunks, counts = flatten_chunks(as_type(files))
    np.testing.assert_array_equal(chunks, np.concatenate(files))
    np.testing.assert_array_equal(counts, [2, 1])


def test_a_list_of_lists_of_numbers_is_a_table():
    chunks, counts = flatten_chunks([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(chunks, [[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(counts, [1, 1])


@pytest.mark.parametrize("X", [np.zeros((2, 0, 4)), [np.zeros((0, 4)), np.zeros((1, 4))]])
def test_a_file_without_chunks(X):
    with pytest.raises(ValueError, match=r"X\[0\] has no chunk"):
        flatten_chunks(X)


def test_chunks_of_unequal_length():
    with pytest.raises(ValueError, match=r"X\[1\] has chunks of shape \(6, 4\), but X\[0\] of shape \(5, 4\)"):
        flatten_chunks([np.zeros((2, 5, 4)), np.zeros((3, 6, 4))])
