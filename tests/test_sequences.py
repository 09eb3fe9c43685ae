"""Every form of input gives the same batches."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator

from skaudeep._sequences import check_sequences, nearest_steps

X = np.random.default_rng(0).uniform(-1, 1, (6, 4, 3))


class Estimator(BaseEstimator):
    """Something that remembers its number of features."""


def check(X, estimator=None, reset=True):
    return check_sequences(estimator or Estimator(), X, reset=reset)


def memmap(path, X):
    array = np.memmap(path, X.dtype, "w+", shape=X.shape)
    array[:] = X
    return array


class TestEqualLengths:
    def test_arrays_and_lists_of_arrays(self):
        for same in (X, X.astype(np.float32), X.tolist(), list(X), tuple(X)):
            estimator = Estimator()
            sequences = check(same, estimator)
            batch, lengths = sequences.take(np.array([4, 1]))
            assert batch.dtype == np.float32 and lengths is None and not sequences.ragged
            np.testing.assert_allclose(batch, X[[4, 1]], rtol=1e-6)
            assert len(sequences) == 6 and sequences.n_features == estimator.n_features_in_ == 3

    def test_arrays_larger_than_memory_are_read_by_batch(self, tmp_path):
        da = pytest.importorskip("dask.array")
        import xarray as xr

        lazy = [memmap(tmp_path / "x.dat", X), da.from_array(X, chunks=(2, 4, 3)), xr.DataArray(X)]
        for array in lazy:
            batch, lengths = check(array).take(np.array([5, 0, 3]))
            np.testing.assert_allclose(batch, X[[5, 0, 3]], rtol=1e-6)
            assert lengths is None and batch.dtype == np.float32

    def test_lazy_arrays_are_not_read_at_once(self):
        da = pytest.importorskip("dask.array")
        read = []

        def block(block_info=None):
            ((first, last), *_) = block_info[None]["array-location"]
            read.append(first)
            return X[first:last]

        array = da.map_blocks(block, chunks=((1,) * 6, (4,), (3,)), dtype=float, meta=np.empty((0, 0, 0)))
        sequences = check(array)
        read.clear()
        sequences.take(np.array([2, 4]))
        assert sorted(read) == [2, 4]

    def test_numbers(self):
        estimator = Estimator()
        batch, _ = check(X[:, :, 0], estimator).take(np.arange(2))
        assert batch.shape == (2, 4, 1) and estimator.n_features_in_ == 4


class TestRagged:
    @given(st.lists(st.integers(1, 7), min_size=1, max_size=9), st.integers(1, 4), st.randoms(use_true_random=False))
    def test_round_trip(self, lengths, n_features, random):
        rng = np.random.default_rng(random.randint(0, 99))
        ragged = [rng.uniform(-1, 1, (n, n_features)).astype(np.float32) for n in lengths]
        as_objects = np.empty(len(ragged), object)
        as_objects[:] = ragged
        for form in (ragged, as_objects):
            sequences = check(form)
            rows = np.array(random.sample(range(len(lengths)), len(lengths)))
            batch, batch_lengths = sequences.take(rows)
            for padded, row in zip(batch, rows, strict=True):
                np.testing.assert_array_equal(padded[: lengths[row]], ragged[row])
                assert not padded[lengths[row] :].any()
            assert (batch_lengths is None) == (len(set(lengths)) == 1)
            if batch_lengths is not None:
                np.testing.assert_array_equal(batch_lengths, np.array(lengths)[rows])

    def test_batches_hold_every_row_once_and_neighbours_in_length(self):
        lengths = np.random.default_rng(0).integers(1, 50, 100)
        batches = check([np.zeros((n, 2)) for n in lengths]).batches(16)
        np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(100))
        assert [len(rows) for rows in batches] == [16] * 6 + [4]
        assert all(lengths[a].max() <= lengths[b].min() for a, b in itertools.pairwise(batches))

    def test_numbers(self):
        batch, lengths = check([[1.0, 2.0], [3.0]]).take(np.arange(2))
        np.testing.assert_array_equal(batch[:, :, 0], [[1, 2], [3, 0]])
        np.testing.assert_array_equal(lengths, [2, 1])


class TestOfAnyLength:
    def test_numbers_that_were_ragged_in_fit(self):
        estimator = Estimator()
        check([[1.0, 2.0], [3.0]], estimator)
        for rows in ([[1.0, 2.0, 4.0]], [[1.0, 2.0], [3.0, 4.0]]):
            batch, _ = check(rows, estimator, reset=False).take(np.arange(len(rows)))
            np.testing.assert_array_equal(batch[:, :, 0], rows)

    def test_a_column_of_a_table(self):
        pd = pytest.importorskip("pandas")
        column = pd.Series([x[: 2 + i % 3] for i, x in enumerate(X)])
        batch, lengths = check(column).take(np.array([2, 1]))
        np.testing.assert_array_equal(lengths, [4, 3])
        np.testing.assert_allclose(batch[0], X[2], rtol=1e-6)


class TestWrongInput:
    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            (np.zeros((2, 3, 4, 5)), r"\(2, 3, 4, 5\).*ChunkwiseTransformer"),
            (np.zeros((2, 0, 3)), "at least one step"),
            (np.zeros(3), "Expected 2D array"),
            ([np.zeros((2, 3)), np.zeros((0, 3))], r"sequence 1 of X has no steps"),
            ([np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((4, 2))], r"sequence 2 of X has another number of features"),
            ([np.zeros((2, 3)), np.zeros(4)], "1, 2"),
            ([np.zeros((2, 3, 1)), np.zeros((4, 3, 1))], "dimensions"),
            ([], "Expected 2D array|0 sample"),
            (np.zeros((0, 4, 3)), "0 sample"),
            (csr_matrix((3, 4)), "[Ss]parse"),
            (["a.wav", "b.wav"], "text such as 'a.wav'.*put a SpectrogramTransformer before it"),
            (np.array(["a.wav", "b.wav"]), "text such as 'a.wav'"),
            ("a text", "scalar|string"),
        ],
    )
    def test_is_refused(self, wrong, message):
        with pytest.raises((ValueError, TypeError), match=message):
            check(wrong)

    @pytest.mark.parametrize("value", [np.nan, np.inf])
    def test_rows_that_are_not_finite_are_named(self, value, tmp_path):
        wrong = X.copy()
        wrong[[1, 4], 2, 0] = value
        for form in (wrong, [x[: 2 + i] for i, x in enumerate(wrong[:, ::-1])]):
            with pytest.raises(ValueError, match=r"NaN or infinity in 2 sequences \(rows 1, 4\)"):
                check(form)
        sequences = check(memmap(tmp_path / "x.dat", wrong))
        with pytest.raises(ValueError, match=r"rows 4\)"):
            sequences.take(np.array([0, 4, 2]))

    def test_other_features_than_in_fit(self, tmp_path):
        estimator = Estimator()
        check(X, estimator)
        for other in (X[:, :, :2], [X[0, :3, :2], X[1, :, :2]], memmap(tmp_path / "x.dat", X[:, :, :2])):
            with pytest.raises(ValueError, match="2 features"):
                check(other, estimator, reset=False)
        assert len(check(X[:2], estimator, reset=False)) == 2

    def test_numbers_are_not_vectors(self):
        estimator = Estimator()
        check(X[:, :, 0], estimator)
        with pytest.raises(ValueError, match=r"looks like \(n, T, F\).*fitted on \(n, T\)"):
            check(np.zeros((2, 5, 4)), estimator, reset=False)


@pytest.mark.parametrize("stride", [1, 2, 3, 4, 6])
def test_nearest_steps(stride):
    for n_steps in range(1, 20):
        steps, centers = np.arange(n_steps), np.arange(0, n_steps, stride)
        expected = np.abs(steps[:, None] - centers).argmin(axis=1)  # the first of those that are as near
        np.testing.assert_array_equal(np.arange(len(centers))[nearest_steps(n_steps, stride)], expected)
