"""Statistics over time: those of NumPy for each sequence alone, whatever stands beside it."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.linalg import logm
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skaudeep.embedding import _pooling
from skaudeep.embedding._pooling import StatisticsPooling, pool_statistics
from skaudeep.embedding._statistics import STATISTICS
from skaudeep.fusion import ChunkwiseTransformer
from skaudeep.spectrogram import SpectrogramTransformer


def expected(sequence, statistics=STATISTICS):
    """The statistics of one sequence (T, D), in the words of their definitions."""
    x = np.asarray(sequence, dtype=np.float64)
    change = np.abs(x[1:] - x[:-1])
    values = {
        "mean": np.mean(x, axis=0),
        "std": np.std(x, axis=0),
        "max": np.max(x, axis=0),
        "min": np.min(x, axis=0),
        "delta": np.mean(change, axis=0) if len(x) > 1 else np.zeros(x.shape[1]),
    }
    return np.concatenate([values[name] for name in statistics])


def assert_statistics(result, sequences, statistics=STATISTICS):
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, [expected(x, statistics) for x in sequences], rtol=1e-6, atol=1e-6)


@pytest.fixture
def ragged(rng):
    return [rng.uniform(-1, 1, (n, 3)).astype(np.float32) for n in (7, 1, 12, 2, 7)]


def test_sequences_of_one_length(rng):
    X = rng.uniform(-1, 1, (5, 40, 3)).astype(np.float32)
    assert_statistics(StatisticsPooling().fit_transform(X), X)


@pytest.mark.parametrize("statistics", [("delta",), ["max", "mean"], np.array(["min", "std"])])
def test_statistics_come_in_the_order_asked_for(rng, statistics):
    X = rng.uniform(-1, 1, (5, 40, 3)).astype(np.float32)
    pooling = StatisticsPooling(statistics=statistics)
    assert_statistics(pooling.fit_transform(X), X, statistics)
    names = [f"{statistic}_x{i}" for statistic in statistics for i in range(3)]
    assert pooling.get_feature_names_out().tolist() == names


def test_ragged_sequences(ragged):
    assert_statistics(StatisticsPooling().fit_transform(ragged), ragged)
    as_objects = np.empty(len(ragged), object)
    as_objects[:] = ragged
    assert_statistics(StatisticsPooling().fit_transform(as_objects), ragged)


@given(data=st.data())
def test_padding_does_not_count(data):
    """Ragged sequences, padded to any length with anything, give what each gives alone."""
    lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
    n_steps = max(lengths) + data.draw(st.integers(0, 3))
    values = st.floats(-10, 10, width=32)
    x = data.draw(hnp.arrays(np.float32, (len(lengths), n_steps, 2), elements=values))
    padding = data.draw(st.floats(-1000, 1000, width=32))
    x[np.arange(n_steps) >= np.array(lengths)[:, None]] = padding
    real = [sequence[:n] for sequence, n in zip(x, lengths, strict=True)]
    batch = pool_statistics(x, np.array(lengths))
    together = np.concatenate([batch[name] for name in STATISTICS], axis=1)
    alone = [StatisticsPooling().fit_transform(sequence[None])[0] for sequence in real]
    np.testing.assert_allclose(together, alone, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(StatisticsPooling().fit_transform(real), alone)


def test_large_offsets_do_not_hide_small_changes(rng):
    X = (1000 + 1e-2 * rng.uniform(-1, 1, (2, 5000, 3))).astype(np.float32)
    assert_statistics(StatisticsPooling().fit_transform(X), X)


def test_sequences_of_numbers(rng):
    X = rng.uniform(-1, 1, (5, 9))
    pooling = StatisticsPooling()
    assert_statistics(pooling.fit_transform(X), X.astype(np.float32)[:, :, None])
    assert pooling.get_feature_names_out().tolist() == list(STATISTICS)
    unequal = [X[0], X[1, :4]]
    assert_statistics(pooling.fit_transform(unequal), [x.astype(np.float32)[:, None] for x in unequal])


def test_batches_are_small(rng, ragged, monkeypatch):
    """Padding counts, and a sequence that is too long is a batch; rows stay where they are."""
    sizes = []

    def spy(x, *arguments):
        sizes.append(x.size)
        return pool_statistics(x, *arguments)

    monkeypatch.setattr(_pooling, "_BLOCK", 80)
    monkeypatch.setattr(_pooling, "pool_statistics", spy)
    assert_statistics(StatisticsPooling().fit_transform(ragged), ragged)
    assert max(sizes) <= 80
    sizes.clear()
    long = rng.uniform(-1, 1, (3, 30, 4)).astype(np.float32)
    assert_statistics(StatisticsPooling().fit_transform(long), long)
    assert sizes == [120, 120, 120]


def test_a_lazy_array_is_read_batch_by_batch(rng, monkeypatch):
    da = pytest.importorskip("dask.array")
    X = rng.uniform(-1, 1, (6, 10, 4)).astype(np.float32)
    monkeypatch.setattr(_pooling, "_BLOCK", 2 * 10 * 4)
    largest = []

    def look(block):
        largest.append(len(block))
        return block

    chunked = da.from_array(X, chunks=(2, 10, 4)).map_blocks(look, dtype=X.dtype, meta=X[:0])
    array = xr.DataArray(chunked, dims=("instance", "time", "freq"))
    assert_statistics(StatisticsPooling().fit_transform(array), X)
    assert max(largest) == 2


def test_a_fitted_one_takes_other_lengths_but_not_other_features(rng, ragged):
    pooling = StatisticsPooling().fit(ragged)
    other = rng.uniform(-1, 1, (2, 30, 3)).astype(np.float32)
    assert_statistics(pooling.transform(other), other)
    with pytest.raises(ValueError, match="X has 4 features, but StatisticsPooling is expecting 3"):
        pooling.transform(np.zeros((2, 5, 4)))
    with pytest.raises(ValueError, match="NaN or infinity in 1 sequences"):
        pooling.transform([ragged[0], np.full((1, 3), np.nan)])
    with pytest.raises(NotFittedError):
        StatisticsPooling().transform(ragged)


@pytest.mark.parametrize("statistics", [(), ("mean", "median"), ("mean", "mean"), "mean", None])
def test_wrong_statistics_are_named(statistics):
    with pytest.raises(ValueError, match="statistics"):
        StatisticsPooling(statistics=statistics).fit(np.zeros((2, 5, 3)))
    pooling = StatisticsPooling().fit(np.zeros((2, 5, 3)))
    if statistics and not isinstance(statistics, str):
        with pytest.raises(ValueError, match="choose one or more of mean, std, max, min, delta"):
            pooling.set_params(statistics=statistics).transform(np.zeros((2, 5, 3)))


def test_clones_pickles_and_tables(ragged):
    pooling = StatisticsPooling(statistics=("mean", "delta")).set_output(transform="pandas")
    table = clone(pooling).fit_transform(ragged)
    assert isinstance(table, pd.DataFrame)
    assert list(table.columns) == ["mean_x0", "mean_x1", "mean_x2", "delta_x0", "delta_x1", "delta_x2"]
    again = pickle.loads(pickle.dumps(pooling.fit(ragged))).transform(ragged)
    pd.testing.assert_frame_equal(again, table)


def test_of_spectrograms_in_a_pipeline(rng):
    X = rng.uniform(-1, 1, (3, 8000))
    spectrograms = SpectrogramTransformer(sample_rate=8000, n_mels=4)
    pipeline = make_pipeline(spectrograms, StatisticsPooling(statistics=("max", "std")))
    assert_statistics(pipeline.fit_transform(X), spectrograms.fit_transform(X), ("max", "std"))
    assert pipeline.get_feature_names_out()[[0, 7]].tolist() == ["max_mel0", "std_mel3"]


def test_of_chunks(rng):
    X = rng.uniform(-1, 1, (3, 2, 10, 4)).astype(np.float32)
    features = ChunkwiseTransformer(StatisticsPooling(), pooling=None).fit_transform(X)
    assert_statistics(features.reshape(6, 20), X.reshape(6, 10, 4))


@pytest.mark.parametrize("statistics", [{"mean", "std"}, {"mean": 1}, [["mean"]]], ids=["set", "dict", "list of lists"])
def test_statistics_have_an_order(statistics):
    with pytest.raises((TypeError, ValueError), match="statistics"):
        StatisticsPooling(statistics=statistics).fit(np.zeros((2, 5, 3)))


def test_statistics_that_overflow():
    X = [[[0.0], [1.0]], [[3e38], [-3e38]]]
    with pytest.raises(ValueError, match=r"a StatisticsPooling gives NaN or infinity for 1 of 2 rows.* row 1: "):
        StatisticsPooling().fit_transform(X)


class TestBands:
    @pytest.mark.parametrize(("n_bands", "widths"), [(1, [7]), (3, [3, 2, 2]), (6, [2, 1, 1, 1, 1, 1])])
    def test_they_are_means_of_neighbours(self, rng, n_bands, widths):
        X = [rng.uniform(-1, 1, (n, 7)).astype(np.float32) for n in (9, 4)]
        ends = np.cumsum(widths)[:-1]
        bands = [np.stack([part.mean(axis=1) for part in np.split(x, ends, axis=1)], axis=1) for x in X]
        pooling = StatisticsPooling(n_bands=n_bands)
        assert_statistics(pooling.fit_transform(X), bands)
        names = [f"{statistic}_band{band}" for statistic in STATISTICS for band in range(n_bands)]
        assert pooling.get_feature_names_out().tolist() == names

    @pytest.mark.parametrize("n_bands", [None, 3, 100])
    def test_as_many_as_features_change_nothing(self, ragged, n_bands):
        pooling = StatisticsPooling(n_bands=n_bands)
        assert_statistics(pooling.fit_transform(ragged), ragged)
        assert pooling.get_feature_names_out()[0] == "mean_x0"

    def test_of_numbers_there_is_one(self, rng):
        pooling = StatisticsPooling(n_bands=4).fit(rng.uniform(-1, 1, (5, 9)))
        assert pooling.get_feature_names_out().tolist() == list(STATISTICS)

    def test_covariances_are_those_of_bands(self, rng):
        X = rng.normal(size=(4, 9, 6))
        pooling = StatisticsPooling(statistics=("covariance",), n_bands=3)
        bands = X.reshape(4, 9, 3, 2).mean(axis=-1)
        expected = StatisticsPooling(statistics=("covariance",)).fit_transform(bands)
        np.testing.assert_allclose(pooling.fit_transform(X), expected, rtol=1e-4, atol=1e-5)
        with pytest.raises(ValueError, match="n_bands=2: .* learned at fit for 3 values of each step, not 2; fit"):
            pooling.set_params(n_bands=2).transform(X)


class TestCovariance:
    """The logarithm of the covariance in the directions in which steps vary most."""

    @pytest.fixture
    def sequences(self, rng):
        """Sequences of several lengths, of features that depend on each other."""
        mixing = rng.normal(size=(5, 5))
        return [(rng.normal(size=(n, 5)) @ mixing + 3).astype(np.float32) for n in (40, 9, 17, 1, 40, 2)]

    @staticmethod
    def expected(pooling, sequence, n_components):
        pca = PCA(n_components, svd_solver="full").fit(pooling.steps)
        signs = np.sign(np.sum(pca.components_ * pooling.components_, axis=1))
        projected = pca.transform(sequence) * signs
        matrix = np.cov(projected.T, bias=True).reshape(n_components, n_components)
        variances = pca.explained_variance_ * (1 - 1 / len(pooling.steps))
        floor = 1e-6 * variances.mean()
        matrix = 0.99 * matrix + (0.01 * np.trace(matrix) / n_components + floor) * np.eye(n_components)
        logarithm = logm(matrix)
        entries = []
        for i in range(n_components):
            entries += [logarithm[i, j] * (1 if i == j else np.sqrt(2)) for j in range(i, n_components)]
        return np.array(entries)

    @pytest.mark.parametrize("n_components", [1, 3, 64])
    def test_scipy_and_scikit_learn_give_the_same(self, sequences, n_components):
        pooling = StatisticsPooling(statistics=("covariance",), n_components=n_components).fit(sequences)
        pooling.steps = np.concatenate(sequences).astype(np.float64)
        k = min(n_components, 5)
        assert pooling.components_.shape == (k, 5)
        np.testing.assert_allclose(pooling.mean_, pooling.steps.mean(axis=0))
        np.testing.assert_allclose(pooling.explained_variance_.sum(), self.variance(pooling), rtol=1e-9)
        result = pooling.transform(sequences)
        assert result.shape == (6, k * (k + 1) // 2) and result.dtype == np.float32
        for row, x in zip(result, sequences, strict=True):
            np.testing.assert_allclose(row, self.expected(pooling, x.astype(np.float64), k), rtol=1e-5, atol=1e-5)

    @staticmethod
    def variance(pooling):
        return np.square((pooling.steps - pooling.steps.mean(axis=0)) @ pooling.components_.T).mean(axis=0).sum()

    def test_distances_are_those_of_the_logarithms(self, rng):
        X = rng.normal(size=(2, 30, 4))
        pooling = StatisticsPooling(statistics=("covariance",)).fit(X)
        vectors = pooling.transform(X)
        logarithms = []
        for vector in vectors:
            matrix = np.zeros((4, 4))
            matrix[np.triu_indices(4)] = vector
            beside = np.triu(matrix, 1) / np.sqrt(2)
            logarithms.append(np.diag(np.diag(matrix)) + beside + beside.T)
        distance = np.linalg.norm(logarithms[0] - logarithms[1])
        assert np.linalg.norm(vectors[0] - vectors[1]) == pytest.approx(distance, rel=1e-6)
        assert distance > 0.5

    def test_columns_and_names(self, sequences):
        pooling = StatisticsPooling(statistics=("max", "covariance", "mean"), n_components=2).fit(sequences)
        result = pooling.transform(sequences)
        names = pooling.get_feature_names_out().tolist()
        assert names[5:8] == ["covariance_0_0", "covariance_0_1", "covariance_1_1"]
        assert names[0] == "max_x0" and names[-1] == "mean_x4" and result.shape == (6, 13)
        assert_statistics(np.delete(result, [5, 6, 7], axis=1), sequences, ("max", "mean"))

    def test_default_statistics_have_none(self, sequences):
        pooling = StatisticsPooling(statistics=("covariance",)).fit(sequences)
        assert StatisticsPooling().fit_transform(sequences).shape == (6, 25)
        assert not hasattr(pooling.set_params(statistics=("mean",)).fit(sequences), "components_")
        with pytest.raises(ValueError, match="learned at fit, and were not asked for then; fit again"):
            pooling.set_params(statistics=("covariance",)).transform(sequences)
        with pytest.raises(ValueError, match="fit again"):
            pooling.get_feature_names_out()

    @pytest.mark.parametrize("X", [np.zeros((3, 4, 2)), np.full((2, 1, 2), 1e-30), [[[5.0]], [[5.0], [5.0]]]])
    def test_what_does_not_vary_is_finite(self, X):
        pooling = StatisticsPooling(statistics=("covariance",)).fit(X)
        assert pooling.components_.shape[0] == 1
        np.testing.assert_allclose(pooling.transform(X), np.log(1e-6), rtol=1e-6)

    def test_silent_and_short_ones_among_others(self, sequences):
        pooling = StatisticsPooling(statistics=("covariance",)).fit(sequences)
        silent = pooling.transform([np.full((20, 5), -1.0), np.full((1, 5), -1.0)])
        diagonal = np.log(1e-6 * pooling.explained_variance_.mean()) * np.eye(5)[np.triu_indices(5)]
        np.testing.assert_allclose(silent, [diagonal, diagonal], rtol=1e-6, atol=1e-6)

    def test_sequences_of_numbers(self, rng):
        X = rng.normal(size=(5, 9)).astype(np.float32)
        pooling = StatisticsPooling(statistics=("covariance", "mean"))
        result = pooling.fit_transform(X)
        assert pooling.get_feature_names_out().tolist() == ["covariance_0_0", "mean"]
        np.testing.assert_allclose(result[:, 0], np.log(X.var(axis=1) + 1e-6 * X.var()), rtol=1e-5)

    def test_of_a_lazy_array_batch_by_batch(self, rng, monkeypatch):
        da = pytest.importorskip("dask.array")
        X = rng.uniform(-1, 1, (6, 10, 4)).astype(np.float32)
        pooling = StatisticsPooling(statistics=("covariance", "std"))
        expected = pooling.fit_transform(X)
        monkeypatch.setattr(_pooling, "_BLOCK", 2 * 10 * 4)
        array = xr.DataArray(da.from_array(X, chunks=(2, 10, 4)), dims=("instance", "time", "freq"))
        np.testing.assert_allclose(pooling.fit_transform(array), expected, rtol=1e-5, atol=1e-6)

    @given(data=st.data())
    def test_neighbours_do_not_matter(self, data):
        lengths = data.draw(st.lists(st.integers(1, 6), min_size=1, max_size=4))
        values = st.floats(-10, 10, width=32)
        X = [data.draw(hnp.arrays(np.float32, (n, 2), elements=values)) for n in lengths]
        rng = np.random.default_rng(0)
        pooling = StatisticsPooling(statistics=("covariance",)).fit(rng.normal(size=(2, 9, 2)))
        together = pooling.transform(X)
        assert np.isfinite(together).all()
        alone = [pooling.transform(x[None])[0] for x in X]
        np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-5)

    def test_signs_and_directions_are_the_same_each_time(self, sequences):
        first = StatisticsPooling(statistics=("covariance",)).fit(sequences)
        again = pickle.loads(pickle.dumps(clone(first).fit(sequences[::-1])))
        np.testing.assert_allclose(first.components_, again.components_, atol=1e-6)
        largest = np.abs(first.components_).argmax(axis=1)
        assert (first.components_[np.arange(5), largest] > 0).all()
        np.testing.assert_allclose(first.components_ @ first.components_.T, np.eye(5), atol=1e-12)

    def test_directions_in_which_nothing_varies_are_left_out(self, rng):
        X = rng.normal(size=(4, 20, 3)).astype(np.float32)
        X[:, :, 1] = 7
        assert StatisticsPooling(statistics=("covariance",)).fit(X).components_.shape == (2, 3)
