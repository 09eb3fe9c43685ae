"""Features in two dimensions, for pictures of how instances lie to one another."""

import contextlib
import importlib.metadata

import numpy as np
from sklearn.utils import check_array

from skaudeep._validation import Integral, StrOptions, draw_seed, validate_params
from skaudeep.exceptions import Message, ParameterError, param

#: The projections that there are, and what they are called in pictures.
METHODS = {"pca": "PCA", "tsne": "t-SNE", "umap": "UMAP"}

_N_COMPONENTS = 50  # of a PCA before methods that look for neighbours; more cost time and change little
_FEW = 1000  # rows or columns up to which all components are computed
_LEAST_FOR_UMAP = 4  # below, its graph of neighbours has nothing to tell


def available_methods():
    """Names of the projections that can be computed here; "umap" is among them where umap-learn is installed.

    Returns
    -------
    list of str
        Keys of `METHODS`, in its order.
    """
    # by what is installed: other packages, and folders at hand, may be called umap, too
    try:
        importlib.metadata.version("umap-learn")
    except importlib.metadata.PackageNotFoundError:
        return [name for name in METHODS if name != "umap"]
    return list(METHODS)


@validate_params(
    {"X": ["array-like"], "method": [StrOptions(set(METHODS))], "random_state": ["random_state"]},
    prefer_skip_nested_validation=True,
)
def project(X, method="pca", *, random_state=None, **options):
    """Place instances in a plane.

    Features are standardised first, so that those with large numbers do not decide alone; constant ones do not count.
    Where all are constant, as with a single instance, every point is at (0, 0).

    Parameters
    ----------
    X : array-like of shape (n_instances, n_features)
        Features, finite.
    method : {"pca", "tsne", "umap"}, default="pca"
        The first two principal components; t-SNE, which keeps neighbours together, of scikit-learn; or
        UMAP, which needs the package umap-learn. The last two work on the first 50 principal components of wider
        features.
    random_state : int, RandomState instance or None, default=None
        Seed of t-SNE and UMAP. An integer gives the same coordinates each time.
    **options : dict
        Passed on to :class:`sklearn.manifold.TSNE` or ``umap.UMAP``. By default the `perplexity` of t-SNE is
        that of :func:`tsne_perplexity`; `n_neighbors` of UMAP is 15, or as many as there are.

    Returns
    -------
    ndarray of shape (n_instances, 2), float64
        Coordinates. Those of PCA are in units of standardised features: their variances add up to at most the number
        of features that are not constant.

    Raises
    ------
    ValueError
        If X is not a table of finite numbers, an option has a value that the method does not take, or PCA gets one.
    ImportError
        If umap-learn is asked for and is not installed.

    See Also
    --------
    skaudeep.pages.write_explorer : A page to look at projections and listen to them.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skaudeep._projection import project
    >>> X, _ = load_iris(return_X_y=True)
    >>> project(X).shape
    (150, 2)
    >>> project(X).var(axis=0).round(2).tolist()
    [2.92, 0.91]
    """
    if method == "pca" and options:
        raise ParameterError(
            "method", method, f" takes no options, got {', '.join(options)}; they are for 'tsne' or 'umap'."
        )
    X = standardise(X)
    if len(X) == 1 or X.shape[1] == 0:
        return np.zeros((len(X), 2))
    if method == "pca":
        return _components(X, 2)
    if X.shape[1] > _N_COMPONENTS:
        X = _components(X, min(_N_COMPONENTS, len(X)))
    function = {"tsne": _tsne, "umap": _umap}[method]
    return np.asarray(function(X, random_state, options), np.float64)  # scikit-learn may be set to tables


def tsne_perplexity(n_instances, perplexity=None):
    """The perplexity of t-SNE: about how many neighbours of a point count.

    Parameters
    ----------
    n_instances : int
        Number of points, at least 2.
    perplexity : float, default=None
        The one wanted; by default 30, and a third of the neighbours there are for fewer than 91 points.

    Returns
    -------
    float
        The perplexity.

    Raises
    ------
    ValueError
        If there are too few points for the one wanted.
    """
    if perplexity is None:
        return max(1.0, min(30.0, (n_instances - 1) / 3))
    if perplexity >= n_instances:
        raise ParameterError(
            "perplexity",
            perplexity,
            f" must be less than the number of instances, which is {n_instances}; give a smaller one, or leave it out.",
        )
    return perplexity


def standardise(X):
    """Features with mean 0 and variance 1, without those that are constant.

    Parameters
    ----------
    X : array-like of shape (n_instances, n_features)
        Features, finite.

    Returns
    -------
    ndarray of shape (n_instances, n_varying), float64
        What varies of them.
    """
    X = check_array(X, dtype=np.float64, input_name="X")
    # what single precision cannot tell apart is rounding
    scale = X.std(axis=0)
    varying = scale > np.abs(X).max(axis=0) * 1e-6
    return (X[:, varying] - X[:, varying].mean(axis=0)) / scale[varying]


def _components(X, n_components):
    """Compute the first principal components of standardised features, followed by zeros where there are fewer."""
    from sklearn.decomposition import PCA

    n = min(n_components, *X.shape)
    # both are exact; the signs are such that the largest loading is positive
    solver = "full" if min(X.shape) <= max(_FEW, n) else "arpack"
    components = PCA(n, svd_solver=solver, random_state=0).fit_transform(X)
    return np.pad(components, [(0, 0), (0, max(n_components - n, 0))])


def _tsne(X, random_state, options):
    from sklearn.manifold import TSNE

    options["perplexity"] = tsne_perplexity(len(X), options.get("perplexity"))
    X = np.pad(X, [(0, 0), (0, max(2 - X.shape[1], 0))])  # a start from two components needs as many columns
    with _repeatable(random_state):
        return TSNE(random_state=random_state, **options).fit_transform(X)


def _umap(X, random_state, options):
    try:
        from umap import UMAP
    except ImportError as error:
        remedy = f"needs the package umap-learn ({error}): pip install umap-learn"
        raise ImportError(Message(f"{param('method', 'umap')} {remedy}")) from error

    if len(X) < _LEAST_FOR_UMAP:
        raise ParameterError("method", "umap", f" needs at least {_LEAST_FOR_UMAP} instances, got {len(X)}; use 'pca'.")
    options.setdefault("n_neighbors", min(15, len(X) - 1))
    # the spectrum of a small graph has too few vectors to start from
    options.setdefault("init", "spectral" if len(X) > 15 else "random")
    seed = {} if random_state is None else {"random_state": draw_seed(random_state), "n_jobs": 1}
    return UMAP(**seed, **options).fit_transform(X)


@contextlib.contextmanager
def _repeatable(random_state):
    """With an integer seed, let at most two threads work, whose sums do not depend on which of them ends first."""
    if not isinstance(random_state, Integral):
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="openmp"):
        yield
