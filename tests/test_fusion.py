import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import config_context
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils import get_tags

from skaudeep.classification import MajorityVoteClassifier
from skaudeep.fusion import ChunkwiseTransformer

IDENTITY = FunctionTransformer()


class MeanOverTime(TransformerMixin, BaseEstimator):
    """Stands for an embedder: spectrograms (n, T, F) in, vectors (n, F) out."""

    def fit(self, X, y=None, callbacks=None):
        self.seen_, self.callbacks_ = X, callbacks
        return self

    def transform(self, X):
        return np.asarray(X).mean(axis=1)


def spectrograms(dtype=np.float32):
    """Six files, each of 3 chunks of 8 frames of 4 bins."""
    return np.random.default_rng(0).normal(size=(6, 3, 8, 4)).astype(dtype)


def ragged(X):
    return np.fromiter((rows[: 1 + i % X.shape[1]] for i, rows in enumerate(X)), object, len(X))


def test_concatenated_chunks_equal_those_of_the_original_toolkit(shared):
    xarray = pytest.importorskip("xarray")
    with xarray.open_dataset(shared / "reference/datasets/chunks-rep.nc", engine="netcdf4") as data:
        chunks = data.load()
    with xarray.open_dataset(shared / "reference/datasets/chunks-fused.nc", engine="netcdf4") as data:
        fused = data.load()
    names = fused["filename"].values
    X = np.stack([chunks["features"].values[chunks["filename"].values == name] for name in names])
    result = ChunkwiseTransformer(IDENTITY).fit_transform(X)
    np.testing.assert_array_equal(result, fused["features"].values)


def test_pooling_of_equal_numbers_of_chunks():
    X = spectrograms()
    embedded = X.mean(axis=2)
    for pooling, expected in {
        "concatenate": embedded.reshape(6, 12),
        "mean": embedded.mean(axis=1),
        "max": embedded.max(axis=1),
        None: embedded,
    }.items():
        result = ChunkwiseTransformer(MeanOverTime(), pooling=pooling).fit_transform(X)
        np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-7)
        assert result.dtype == np.float32


@pytest.mark.parametrize("pooling", ["mean", "max"])
def test_pooling_of_unequal_numbers_of_chunks(pooling):
    files = ragged(spectrograms())
    result = ChunkwiseTransformer(MeanOverTime(), pooling=pooling).fit_transform(files)
    expected = [getattr(rows.mean(axis=1), pooling)(axis=0) for rows in files]
    np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-7)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.integers(1, 4), min_size=1, max_size=5).flatmap(
        lambda counts: st.tuples(*[arrays(np.float64, (count, 3), elements=st.floats(-9, 9)) for count in counts])
    )
)
def test_without_pooling_the_files_come_back(files):
    result = ChunkwiseTransformer(IDENTITY, pooling=None).fit_transform(list(files))
    assert len(result) == len(files)
    for rows, expected in zip(result, files, strict=True):
        np.testing.assert_array_equal(rows, expected)


def test_the_transformer_is_fitted_on_the_chunks_of_all_files():
    X = spectrograms()[:, :, 0]
    transformer = ChunkwiseTransformer(StandardScaler(), pooling=None).fit(X)
    np.testing.assert_allclose(transformer.transformer_.mean_, X.mean(axis=(0, 1)), atol=1e-6)
    assert transformer.n_features_in_ == 4
    assert transformer.n_chunks_ == 3


def test_labels_are_repeated_for_a_supervised_transformer():
    X, y = spectrograms()[:, :, 0], np.arange(6) % 2
    X[:, :, 2] += 10 * y[:, np.newaxis]
    transformer = ChunkwiseTransformer(SelectKBest(k=1)).fit(X, y)
    assert transformer.transformer_.get_support().tolist() == [False, False, True, False]


def test_two_dimensions_are_one_chunk():
    X = spectrograms()[:, 0, 0]
    np.testing.assert_array_equal(
        ChunkwiseTransformer(StandardScaler()).fit_transform(X), StandardScaler().fit_transform(X)
    )


def test_lazy_arrays_reach_the_transformer_lazy():
    dask_array = pytest.importorskip("dask.array")
    X = dask_array.from_array(spectrograms(), chunks=(2, 3, 8, 4))
    transformer = ChunkwiseTransformer(MeanOverTime(), pooling="mean").fit(X)
    assert isinstance(transformer.transformer_.seen_, dask_array.Array)
    np.testing.assert_allclose(transformer.transform(X), spectrograms().mean(axis=(1, 2)), rtol=1e-5)


@pytest.mark.parametrize("callbacks", [[object()], [object(), object()], None])
def test_fit_parameters_reach_the_transformer_as_they_are(callbacks):
    transformer = ChunkwiseTransformer(MeanOverTime()).fit(spectrograms()[:1], callbacks=callbacks)
    assert transformer.transformer_.callbacks_ is callbacks


def test_metadata_routing():
    X, weight = spectrograms()[:, :, 0], np.array([0.0, 1, 1, 1, 1, 1])
    with config_context(enable_metadata_routing=True):
        inner = StandardScaler().set_fit_request(sample_weight=True)
        transformer = ChunkwiseTransformer(inner).fit(X, sample_weight=weight)
        with pytest.raises(ValueError, match="sample_weight"):
            ChunkwiseTransformer(StandardScaler()).fit(X, sample_weight=weight)
    np.testing.assert_allclose(transformer.transformer_.mean_, X[1:].mean(axis=(0, 1)), atol=1e-6)


def test_a_transformer_without_tags():
    class Bare(BaseEstimator):
        def fit(self, X, y=None):
            return self

        def transform(self, X):
            return X.sum(axis=1)

    transformer = ChunkwiseTransformer(Bare(), pooling="max")
    assert get_tags(transformer).transformer_tags.preserves_dtype == ["float64"]
    X = spectrograms()
    np.testing.assert_allclose(transformer.fit_transform(X), X.sum(axis=2).max(axis=1), rtol=1e-5)


def test_a_frozen_transformer_is_not_fitted_again():
    X = spectrograms()[:, :, 0]
    frozen = FrozenEstimator(StandardScaler().fit(X[0]))
    result = ChunkwiseTransformer(frozen, pooling=None).fit_transform(X)
    np.testing.assert_allclose(result[0], StandardScaler().fit_transform(X[0]), atol=1e-6)


def test_names_number_the_chunks():
    X = spectrograms()[:, :2, 0, :2]
    concatenated = ChunkwiseTransformer(PCA(1)).fit(X)
    assert concatenated.get_feature_names_out().tolist() == ["chunk0_pca0", "chunk1_pca0"]
    mean = ChunkwiseTransformer(StandardScaler(), pooling="mean").fit(X)
    assert mean.get_feature_names_out(["low", "high"]).tolist() == ["low", "high"]


def test_tables():
    X = spectrograms()[:, :2, 0, :2]
    table = ChunkwiseTransformer(StandardScaler()).set_output(transform="pandas").fit_transform(X)
    assert table.columns.tolist() == ["chunk0_x0", "chunk0_x1", "chunk1_x0", "chunk1_x1"]
    with config_context(transform_output="pandas"):
        assert ChunkwiseTransformer(StandardScaler(), pooling="max").fit_transform(X).shape == (6, 2)


@pytest.mark.parametrize("transformer", [StandardScaler(), MeanOverTime()])
def test_what_is_no_table_stays_an_array(transformer):
    X = spectrograms() if isinstance(transformer, MeanOverTime) else spectrograms()[:, :, 0]
    chunkwise = ChunkwiseTransformer(transformer, pooling=None).set_output(transform="pandas")
    with config_context(transform_output="pandas"):
        assert chunkwise.fit_transform(X).shape == (6, 3, 4)
    assert not hasattr(chunkwise, "get_feature_names_out")


def test_data_frame_keeps_its_index_and_names():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"low": [0.0, 1.0], "high": [2.0, 5.0]}, index=["dog", "rain"])
    transformer = ChunkwiseTransformer(StandardScaler(), pooling="mean").set_output(transform="pandas")
    table = transformer.fit_transform(frame)
    assert table.index.tolist() == ["dog", "rain"]
    assert table.columns.tolist() == transformer.feature_names_in_.tolist() == ["low", "high"]


def test_vote_over_the_features_of_chunks():
    X, y = spectrograms(), np.array(["dog", "rain"])[np.arange(6) % 2]
    X[1::2] += 3.0
    pipeline = make_pipeline(
        ChunkwiseTransformer(MeanOverTime(), pooling=None), MajorityVoteClassifier(LogisticRegression())
    )
    for files in (X, ragged(X)):
        np.testing.assert_array_equal(pipeline.fit(files, y).predict(files), y)


def test_nested_parameters_clone_and_pickle():
    X, y = spectrograms()[:, :, 0], np.arange(6) % 2
    pipeline = make_pipeline(ChunkwiseTransformer(PCA(1)), LogisticRegression())
    grid = {
        "chunkwisetransformer__transformer__n_components": [1, 2],
        "chunkwisetransformer__pooling": ["concatenate", "mean"],
    }
    best = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(X, y).best_estimator_
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(best)).predict(X), best.predict(X))
    assert clone(best[0]).get_params()["pooling"] == best[0].pooling


def test_concatenation_needs_equal_numbers_of_chunks():
    X = spectrograms()
    with pytest.raises(ValueError, match=r"needs 1 chunk\(s\) in each file.*X\[1\] has 2.*pooling=\"mean\""):
        ChunkwiseTransformer(MeanOverTime()).fit(ragged(X))
    with pytest.raises(ValueError, match=r"needs 3 chunk\(s\) in each file.*X\[0\] has 2"):
        ChunkwiseTransformer(MeanOverTime()).fit(X).transform(X[:, :2])


def test_a_transformer_that_does_not_make_vectors_is_an_error():
    with pytest.raises(ValueError, match=r"FunctionTransformer gave an array of shape \(18, 8, 4\) for 18 chunks"):
        ChunkwiseTransformer(IDENTITY).fit_transform(spectrograms())
