"""Rows keep their names from X to features, and rows of two tables are never mistaken for each other."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skaudeep import (
    ChunkwiseTransformer,
    FrequencyAutoencoderEmbedder,
    MajorityVoteClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
    make_fusion,
)
from skaudeep._containers import align_rows, name_rows, row_names
from skaudeep.fusion import AudioFeatureUnion

N = 5
FIXED = SpectrogramTransformer(n_mels=6, fixed_length=0.3)
RAGGED = SpectrogramTransformer(n_mels=6)
CHUNKS = SpectrogramTransformer(n_mels=6, chunk_length=0.12)
EMBEDDER = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=0, random_state=0)
FRAMES = FrequencyAutoencoderEmbedder(
    window_width=2, window_overlap=1, n_layers=1, n_units=2, max_epochs=0, random_state=0
)
AGE = ColumnTransformer([("age", StandardScaler(), ["age"])])


class Nameless(TransformerMixin, BaseEstimator):
    """Gives vectors, and no names of features."""

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.stack([np.asarray(x).mean(axis=0) for x in X])

    def __sklearn_is_fitted__(self):
        return True


def numbers(X):
    return np.arange(len(X))[:, np.newaxis]


def name_of_numbers(transformer, names):
    return ["number"]


PIPELINES = {
    "equal lengths": make_pipeline(FIXED, EMBEDDER),
    "ragged": make_pipeline(RAGGED, EMBEDDER),
    "states": make_pipeline(RAGGED, clone(EMBEDDER).set_params(output="states")),
    "statistics": make_pipeline(RAGGED, StatisticsPooling()),
    "frames": make_pipeline(RAGGED, FRAMES, StatisticsPooling()),
    "states of frames": make_pipeline(FIXED, clone(FRAMES).set_params(output="states"), StandardScaler()),
    "chunks": make_pipeline(CHUNKS, ChunkwiseTransformer(EMBEDDER, pooling="mean")),
    "chunks without names": make_pipeline(CHUNKS, ChunkwiseTransformer(Nameless(), pooling="mean"), StandardScaler()),
    "union inside": make_pipeline(FIXED, FeatureUnion([("one", EMBEDDER), ("other", StatisticsPooling())])),
    "fusion": make_fusion(FIXED, StatisticsPooling(), clip_below=[-30, -60]),
}


@pytest.fixture
def files(make_recording):
    return [make_recording(f"{i}.wav", 0.5 + i / 10) for i in range(N)]


@pytest.fixture
def inputs(files):
    """X by kind, each with the index that must come out."""
    table = pd.DataFrame({"file": files, "end": 0.4, "age": range(N)}, index=list("edcba"))
    start, end = pd.to_timedelta([0.0] * N, "s"), pd.to_timedelta([0.4] * N, "s")
    segments = pd.MultiIndex.from_arrays([files, start, end], names=["file", "start", "end"])
    series = pd.Series(files, index=pd.Index([3, 4, 1, 0, 2], name="number"))  # the numbers of other rows
    return {
        "list": (files, pd.RangeIndex(N)),
        "Series": (series, series.index),
        "DataFrame": (table, table.index),
        "MultiIndex": (segments, segments),
        "indexed DataFrame": (pd.DataFrame({"age": range(N)}, index=segments), segments),
    }


KINDS = ["list", "Series", "DataFrame", "MultiIndex", "indexed DataFrame"]


def assert_named(pipeline, X, index):
    """The index in is the index out, with the numbers that arrays have; whatever way pandas output is asked for."""
    expected = clone(pipeline).fit_transform(X)
    assert isinstance(expected, np.ndarray)
    with config_context(transform_output="pandas"):
        tables = [clone(pipeline).fit_transform(X)]
    fitted = clone(clone(pipeline).set_output(transform="pandas")).fit(X)
    tables.append(pickle.loads(pickle.dumps(fitted)).transform(X))
    for table in tables:
        pd.testing.assert_index_equal(table.index, index)
        np.testing.assert_allclose(table.to_numpy(), expected, atol=1e-5)


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize("kind", ["Series", "MultiIndex"])
def test_pipelines(name, kind, inputs):
    assert_named(PIPELINES[name], *inputs[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_inputs(kind, inputs):
    assert_named(PIPELINES["statistics"], *inputs[kind])


@pytest.mark.parametrize("kind", ["DataFrame", "indexed DataFrame"])
@pytest.mark.parametrize("name", ["equal lengths", "states of frames", "chunks without names", "fusion"])
@pytest.mark.parametrize("Union", [FeatureUnion, AudioFeatureUnion])
def test_union_with_another_transformer(Union, name, kind, inputs):
    branches = [("age", AGE), ("sound", PIPELINES[name]), ("more", PIPELINES["statistics"])]
    assert_named(Union(branches), *inputs[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_union_with_a_branch_that_loses_the_names(kind, inputs):
    ends = FunctionTransformer(numbers, feature_names_out=name_of_numbers)
    assert_named(AudioFeatureUnion([("number", ends), ("sound", PIPELINES["statistics"])]), *inputs[kind])
    branches = [("number", ends), ("sound", PIPELINES["statistics"]), ("more", PIPELINES["statistics"])]
    assert_named(AudioFeatureUnion(branches), *inputs[kind])


def test_columns(inputs):
    X, index = inputs["DataFrame"]
    assert_named(ColumnTransformer([("sound", PIPELINES["ragged"], ["file", "end"]), ("age", AGE, ["age"])]), X, index)


def test_spectrograms_are_a_series_of_arrays(inputs):
    X, index = inputs["Series"]
    arrays = clone(RAGGED).fit_transform(X)
    series = clone(RAGGED).set_output(transform="pandas").fit_transform(X)
    pd.testing.assert_index_equal(series.index, index)
    for found, expected in zip(series, arrays, strict=True):
        np.testing.assert_array_equal(found, expected)
    for container in ("default", "polars"):
        assert isinstance(clone(RAGGED).set_output(transform=container).fit_transform(X), np.ndarray)
    transformer = clone(RAGGED).fit(X)
    np.testing.assert_array_equal(
        transformer.inverse_transform(series, n_iter=1, random_state=0)[1],
        transformer.inverse_transform(arrays, n_iter=1, random_state=0)[1],
    )


def test_rows_that_failed(inputs, bad_recordings):
    X, _ = inputs["Series"]
    X = X.copy()
    X.iloc[1] = bad_recordings["text"]
    transformer = clone(RAGGED).set_params(on_error="skip").set_output(transform="pandas")
    series = transformer.fit_transform(X)
    good = series.drop(series.index[transformer.errors_["row"]])
    assert StatisticsPooling().set_output(transform="pandas").fit_transform(good).index.tolist() == [3, 1, 0, 2]


def test_cross_validation(inputs):
    X, _ = inputs["DataFrame"]
    y = [0, 1, 0, 1, 0]
    union = FeatureUnion([("sound", PIPELINES["statistics"]), ("age", AGE)])
    pipeline = make_pipeline(union, LogisticRegression())
    vote = make_pipeline(
        CHUNKS, ChunkwiseTransformer(StatisticsPooling(), pooling=None), MajorityVoteClassifier(LogisticRegression())
    )
    for classifier in (pipeline, vote):
        expected = cross_val_score(classifier, X, y, cv=2, error_score="raise")
        with config_context(transform_output="pandas"):
            found = cross_val_score(classifier, X, y, cv=2, error_score="raise")
        np.testing.assert_array_equal(found, expected)


def test_row_names():
    assert row_names(["a.wav"]) is row_names(pd.Index(["a.wav"])) is row_names(np.zeros((1, 2))) is None
    table = pd.DataFrame({"x": [1, 2]})
    assert name_rows(table, pd.Series([0, 0], index=["a", "b"])).index.tolist() == ["a", "b"]
    named = table.set_axis(["c", "d"])
    assert name_rows(named, pd.Series([0, 0], index=["a", "b"])) is named
    assert name_rows(table, [0, 0]) is table


def test_tables_of_other_rows_are_not_joined():
    table = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    with pytest.raises(ValueError, match=r"different indexes, \['a', 'b'\], ... and \['b', 'a'\], \.\.\.: let each"):
        align_rows([table, np.zeros((2, 1)), table[::-1]])
    array, numbered = np.zeros((2, 1)), pd.DataFrame({"y": [3, 4]})
    first, second, third = align_rows([numbered, array, table])
    assert first.index.tolist() == third.index.tolist() == ["a", "b"] and second is array
    assert align_rows([numbered, array])[0] is numbered
