"""Multi-layer perceptrons with dropout, trained by Keras and applied by NumPy."""

import dataclasses
import itertools
from typing import ClassVar

import numpy as np
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin, MultiOutputMixin, RegressorMixin

from skaudeep._engine import borrow
from skaudeep._training import (
    Schedule,
    Task,
    TrainingState,
    shuffled_batches,
    split_rows,
    train,
    unchanged_by_failure,
)
from skaudeep._validation import (
    Integral,
    Interval,
    Real,
    check_class_labels,
    check_is_fitted,
    draw_seed,
    fit_context,
    require_finite_results,
    validate_data,
)
from skaudeep._versions import Storable, VersionedMixin


@dataclasses.dataclass(frozen=True)
class DenseConfig(Storable):
    """Architecture of a dense network.

    Attributes
    ----------
    n_features, n_outputs : int
        Inputs and outputs.
    hidden_layer_sizes : tuple of int
        Units of each hidden layer.
    classify : bool
        Softmax cross-entropy if true, else mean squared error.
    dropout : bool
        Whether training uses it at all.
    """

    n_features: int
    n_outputs: int
    hidden_layer_sizes: tuple
    classify: bool
    dropout: bool

    @property
    def layer_shapes(self):
        """Inputs and outputs of each layer."""
        sizes = (self.n_features, *self.hidden_layer_sizes, self.n_outputs)
        return list(itertools.pairwise(sizes))


def _build_network(config):
    """Make the network of a config; imports TensorFlow."""
    from skaudeep.classification._network import DenseNetwork

    return DenseNetwork(config)


class _TableTask(Task):
    """The training of an MLP on a table."""

    def __init__(self, estimator, network, X, y, seed, training, validation):
        self.network = network
        self.validates = validation is not None
        self._estimator = estimator
        self._X, self._y = X, y
        self._seed = seed
        self._training = training
        self._validation = validation

    def batches(self, epoch):
        """Give the batches of an epoch, arrays of row numbers."""
        return shuffled_batches(self._training, self._estimator.batch_size, self._seed, epoch)

    def load(self, rows):
        """Give the features and targets of a batch."""
        return self._X[rows], self._y[rows]

    def train_batch(self, arrays, seed):
        """Update the weights once."""
        return self.network.train_batch(*arrays, self._estimator.dropout, seed)

    def validate(self):
        """Give the losses of the samples that are held out."""
        losses = self.network.evaluate_batch(*self.load(self._validation))
        return {name: float(loss) for name, loss in losses.items()}


class BaseKerasMLP(VersionedMixin, BaseEstimator):
    """Base class of the MLP estimators; a subclass prepares y and reads the outputs."""

    _parameter_constraints: ClassVar[dict] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "learning_rate": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [Interval(Integral, 1, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left"), None],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        *,
        hidden_layer_sizes=(150, 150),
        dropout=0.4,
        learning_rate=1e-3,
        max_epochs=400,
        batch_size=None,
        early_stopping=False,
        validation_fraction=0.1,
        n_iter_no_change=10,
        random_state=None,
        verbose=0,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.dropout = dropout
        self.learning_rate = learning_rate
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.random_state = random_state
        self.verbose = verbose

    def _fit(self, X, y, n_outputs, classify):
        sizes = np.atleast_1d(np.asarray(self.hidden_layer_sizes))
        if sizes.ndim != 1 or (sizes.size and sizes.dtype.kind not in "iu") or (sizes < 1).any():
            raise ValueError(f"hidden_layer_sizes={self.hidden_layer_sizes!r}: give positive integers")
        config = DenseConfig(
            n_features=X.shape[1],
            n_outputs=n_outputs,
            hidden_layer_sizes=tuple(int(n) for n in sizes),
            classify=classify,
            dropout=self.dropout > 0,
        )
        seed = draw_seed(self.random_state)
        training, validation = split_rows(self, len(X), seed, y if classify else None)
        schedule = Schedule(
            max_epochs=self.max_epochs,
            learning_rate=self.learning_rate,
            n_iter_no_change=self.n_iter_no_change if self.early_stopping else None,
            verbose=bool(self.verbose),
            description=type(self).__name__,
            keep_epochs=False,
            remedy="lower `learning_rate`, and scale the features (and a target of numbers) to about [-1, 1]",
        )
        with borrow(config, _build_network) as network:
            state = TrainingState(network.initial_weights(seed), seed)
            train(_TableTask(self, network, X, y, seed, training, validation), state, schedule)
        self.coefs_ = [state.weights[f"{layer}.kernel"] for layer in range(len(config.layer_shapes))]
        self.intercepts_ = [state.weights[f"{layer}.bias"] for layer in range(len(config.layer_shapes))]
        self.history_ = state.history
        self.n_iter_ = state.n_epochs
        self.loss_ = state.history["loss"][-1]
        self.n_outputs_ = n_outputs
        return self

    def _outputs(self, X):
        """Outputs of the last layer, before any softmax; plain NumPy."""
        check_is_fitted(self)
        x = validate_data(self, X, dtype=np.float64, reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            for kernel, bias in zip(self.coefs_[:-1], self.intercepts_[:-1], strict=True):
                x = np.maximum(x @ kernel + bias, 0)
            outputs = x @ self.coefs_[-1] + self.intercepts_[-1]
        return require_finite_results(outputs, f"a {type(self).__name__}")


class KerasMLPClassifier(ClassifierMixin, BaseKerasMLP):
    """Classify with a multi-layer perceptron with dropout.

    ReLU hidden layers, softmax output, cross-entropy loss, Adam; by default on the full batch, as the original
    toolkit does. Standardise the features first.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(150, 150)
        Units of each hidden layer.
    dropout : float, default=0.4
        Share of each hidden layer's outputs to drop in training.
    learning_rate : float, default=1e-3
        Step size of Adam.
    max_epochs : int, default=400
        Passes over the data.
    batch_size : int, default=None
        Samples of a training step; None: all of them.
    early_stopping : bool, default=False
        Stop when the loss on a split of the data stops falling, and restore the weights of its best epoch.
    validation_fraction : float, default=0.1
        Share of the samples for that split.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    random_state : int, RandomState instance or None, default=None
        An integer gives bit-equal results on CPU.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Labels in sorted order.
    coefs_, intercepts_ : list of ndarray
        Kernels (inputs, outputs) and biases of each layer.
    history_ : dict of str to list of float
        "loss" of each epoch, and "val_loss" with early stopping.
    n_iter_ : int
        Number of epochs run.
    loss_ : float
        Loss of the last epoch.
    n_features_in_ : int
        Number of features.

    See Also
    --------
    KerasMLPRegressor : The same for continuous targets.
    LiblinearClassifier : Linear models.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skaudeep import KerasMLPClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> mlp = make_pipeline(StandardScaler(), KerasMLPClassifier(max_epochs=100, random_state=0)).fit(X, y)
    >>> mlp.score(X, y) > 0.9
    True
    """

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("coefs_")
    def fit(self, X, y):
        """Train on labelled samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,)
            Labels.

        Returns
        -------
        self : object
            Fitted classifier.

        Raises
        ------
        ValueError
            If a sample has no label (NaN, None or empty text), or labels are not finite numbers.
        TrainingError
            When the loss or a weight is not finite; the classifier is left as it was.
        """
        X, y = validate_data(self, X, y, dtype=np.float32)
        check_class_labels(y)
        classes, labels = np.unique(y, return_inverse=True)
        self._fit(X, labels.astype(np.int32), len(classes), classify=True)
        self.classes_ = classes
        return self

    def predict_proba(self, X):
        """Give the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return softmax(self._outputs(X), axis=1)

    def predict_log_proba(self, X):
        """Give the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return log_softmax(self._outputs(X), axis=1)

    def predict(self, X):
        """Give the most probable label.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        outputs = self._outputs(X)
        return self.classes_[outputs.argmax(axis=1)]


class KerasMLPRegressor(RegressorMixin, MultiOutputMixin, BaseKerasMLP):
    """Predict continuous targets with a multi-layer perceptron with dropout.

    ReLU hidden layers, linear output, mean squared error, Adam; by default on the full batch. Standardise the
    features first.

    Parameters
    ----------
    hidden_layer_sizes : array-like of int, default=(150, 150)
        Units of each hidden layer.
    dropout : float, default=0.4
        Share of each hidden layer's outputs to drop in training.
    learning_rate : float, default=1e-3
        Step size of Adam.
    max_epochs : int, default=400
        Passes over the data.
    batch_size : int, default=None
        Samples of a training step; None: all of them.
    early_stopping : bool, default=False
        Stop when the loss on a split of the data stops falling, and restore the weights of its best epoch.
    validation_fraction : float, default=0.1
        Share of the samples for that split.
    n_iter_no_change : int, default=10
        Epochs without a lower validation loss before training stops.
    random_state : int, RandomState instance or None, default=None
        An integer gives bit-equal results on CPU.
    verbose : bool or int, default=0
        Show a progress bar.

    Attributes
    ----------
    coefs_, intercepts_ : list of ndarray
        Kernels (inputs, outputs) and biases of each layer.
    history_ : dict of str to list of float
        "loss" of each epoch, and "val_loss" with early stopping.
    n_iter_ : int
        Number of epochs run.
    loss_ : float
        Loss of the last epoch.
    n_features_in_ : int
        Number of features.
    n_outputs_ : int
        Number of targets.

    See Also
    --------
    KerasMLPClassifier : The same for labels.
    LiblinearRegressor : Linear models.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep import KerasMLPRegressor
    >>> X = np.random.RandomState(0).uniform(-1, 1, (100, 3))
    >>> mlp = KerasMLPRegressor(dropout=0, learning_rate=0.01, max_epochs=200, random_state=0)
    >>> mlp.fit(X, X[:, 0] * X[:, 1]).score(X, X[:, 0] * X[:, 1]) > 0.9
    True
    """

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("coefs_")
    def fit(self, X, y):
        """Train on samples with targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Targets.

        Returns
        -------
        self : object
            Fitted regressor.

        Raises
        ------
        TrainingError
            When the loss or a weight is not finite; the regressor is left as it was.
        """
        X, y = validate_data(self, X, y, dtype=np.float32, multi_output=True, y_numeric=True)
        self._one_target = y.ndim == 1
        y = y.reshape(len(y), -1).astype(np.float32)
        return self._fit(X, y, y.shape[1], classify=False)

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            As y in `fit`.
        """
        outputs = self._outputs(X)
        return outputs[:, 0] if self._one_target else outputs
