"""Statistics over time: those of NumPy for each sequence alone, whatever stands beside it."""

import pickle

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline

from skaudeep.embedding import _pooling
from skaudeep.embedding._pooling import STATISTICS, StatisticsPooling, pool_statistics
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

    def spy(x, lengths):
        sizes.append(x.size)
        return pool_statistics(x, lengths)

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
