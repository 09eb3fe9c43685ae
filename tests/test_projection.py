"""Projections: against NumPy and scikit-learn, repeatable, and with too little to project."""

import builtins
import importlib.metadata
import sys
import types

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from skaudeep._projection import available_methods, project, standardise, tsne_perplexity

#: The fewest steps that t-SNE can do.
SHORT = {"max_iter": 250}


@pytest.fixture
def X(rng):
    """Three clouds of points in 6 dimensions, of which the last has large numbers."""
    centres = rng.normal(size=(3, 6)) * 4
    return (np.repeat(centres, 20, axis=0) + rng.normal(size=(60, 6))) * [1, 1, 1, 1, 1, 1000]


def svd_components(X, n):
    """Principal components of standardised features by the definition."""
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    _, _, axes = np.linalg.svd(Z, full_matrices=False)
    return Z @ axes[:n].T


@pytest.mark.parametrize("shape", [(60, 6), (20, 50), (1100, 1050)])
def test_pca_is_the_svd_of_standardised_features(shape, rng):
    X = rng.normal(size=shape) * rng.uniform(0.1, 10, size=shape[1])
    X[:, :2] += rng.normal(size=(shape[0], 1)) * [20, -15]  # components that stand apart
    X[:, 2:5] += rng.normal(size=(shape[0], 1)) * 30
    expected, points = svd_components(X, 2), project(X)
    signs = np.sign((expected * points).sum(axis=0))
    np.testing.assert_allclose(points, expected * signs, atol=1e-6)


def test_tsne_is_that_of_scikit_learn(X):
    Z = (X - X.mean(axis=0)) / X.std(axis=0)
    expected = TSNE(perplexity=(len(X) - 1) / 3, random_state=3).fit_transform(Z)
    np.testing.assert_array_equal(project(X, "tsne", random_state=3), expected)
    options = {"perplexity": 7, "learning_rate": 50, **SHORT}
    expected = TSNE(random_state=3, **options).fit_transform(Z)
    np.testing.assert_array_equal(project(X, "tsne", random_state=3, **options), expected)


def test_wide_features_are_reduced_before_tsne(rng):
    X = rng.normal(size=(70, 120))
    expected = TSNE(perplexity=23, random_state=0).fit_transform(
        PCA(50, svd_solver="full").fit_transform(standardise(X))
    )
    np.testing.assert_array_equal(project(X, "tsne", random_state=0), expected)


def test_clouds_stay_together(X):
    points = project(X, "tsne", random_state=0)
    distances = np.linalg.norm(points[:, None] - points, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) // 20 == np.arange(60) // 20).all()


@pytest.mark.parametrize("method", ["pca", "tsne"])
def test_an_integer_seed_gives_the_same_bits(method, X):
    options = SHORT if method == "tsne" else {}
    first = project(X, method, random_state=5, **options)
    np.testing.assert_array_equal(first, project(X.tolist(), method, random_state=5, **options))
    assert first.shape == (60, 2)
    assert first.dtype == np.float64


def test_standardise_leaves_out_what_is_constant():
    X = np.array([[1.0, 5.0, 1e9], [3.0, 5.0, 1e9 + 1], [5.0, 5.0, 1e9]])
    np.testing.assert_allclose(standardise(X), np.array([[-1], [0], [1]]) * np.sqrt(1.5))


@pytest.mark.parametrize("method", ["pca", "tsne"])
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("n_features", [1, 3])
def test_few_instances(method, n, n_features, rng):
    options = SHORT if method == "tsne" else {}
    points = project(rng.normal(size=(n, n_features)), method, random_state=0, **options)
    assert points.shape == (n, 2)
    assert np.isfinite(points).all()
    assert len(np.unique(points, axis=0)) == n


@pytest.mark.parametrize("method", ["pca", "tsne", "umap"])
def test_constant_features_give_one_place(method):
    np.testing.assert_array_equal(project(np.full((4, 3), 7.0), method), np.zeros((4, 2)))


def test_duplicates(rng):
    X = np.repeat(rng.normal(size=(2, 3)), 10, axis=0)
    points = project(X, "tsne", random_state=0, **SHORT)
    assert np.isfinite(points).all()


@pytest.mark.parametrize(
    ("n", "wanted", "expected"), [(2, None, 1), (40, None, 13), (91, None, 30), (5000, None, 30), (60, 59.5, 59.5)]
)
def test_perplexity(n, wanted, expected):
    assert tsne_perplexity(n, wanted) == expected


def test_wrong_values(X):
    with pytest.raises(ValueError, match="perplexity=60 must be less than the number of instances, which is 60"):
        project(X, "tsne", perplexity=60)
    with pytest.raises(ValueError, match="NaN"):
        project(np.where(X > 0, X, np.nan))
    with pytest.raises(ValueError, match="'method' parameter of project must be"):
        project(X, "isomap")
    with pytest.raises(ValueError, match="takes no options, got perplexity"):
        project(X, "pca", perplexity=3)
    with pytest.raises(ValueError, match="2D"):
        project(X[0])


class FakeUMAP:
    """Notes its options, and puts points at what it is given."""

    def __init__(self, **options):
        FakeUMAP.options = options

    def fit_transform(self, X):
        return X[:, :2].astype(np.float32)


def test_options_of_umap(monkeypatch, rng):
    monkeypatch.setitem(sys.modules, "umap", types.SimpleNamespace(UMAP=FakeUMAP))
    X = rng.normal(size=(10, 70))
    assert project(X, "umap", random_state=1).dtype == np.float64
    seed = FakeUMAP.options.pop("random_state")
    assert isinstance(seed, int)
    assert FakeUMAP.options == {"n_neighbors": 9, "init": "random", "n_jobs": 1}
    project(rng.normal(size=(40, 70)), "umap", min_dist=0.3)
    assert FakeUMAP.options == {"n_neighbors": 15, "init": "spectral", "min_dist": 0.3}
    with pytest.raises(ValueError, match="at least 4 instances, got 3"):
        project(X[:3], "umap")


def test_umap_that_is_not_installed(monkeypatch, X):
    real = builtins.__import__

    def refuse(name, *args, **kwargs):
        if name == "umap":
            raise ImportError("no umap here")
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(ImportError, match=r"umap-learn \(no umap here\): pip install umap-learn"):
        project(X, "umap")


@pytest.mark.parametrize("installed", [True, False])
def test_available_methods(installed, monkeypatch):
    def version(name):
        if not installed:
            raise importlib.metadata.PackageNotFoundError(name)
        return "0.5"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert available_methods() == ["pca", "tsne", "umap"][: 2 + installed]


def test_umap_itself(X):
    pytest.importorskip("umap", reason="umap-learn is not installed")
    first = project(X, "umap", random_state=0)
    np.testing.assert_array_equal(first, project(X, "umap", random_state=0))
    distances = np.linalg.norm(first[:, None] - first, axis=2)
    np.fill_diagonal(distances, np.inf)
    assert (distances.argmin(axis=1) // 20 == np.arange(60) // 20).all()
