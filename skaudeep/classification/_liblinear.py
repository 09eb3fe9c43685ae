"""Linear classifiers and regressors trained by LIBLINEAR itself, as plain scikit-learn estimators."""

import warnings
from typing import ClassVar

import numpy as np
from scipy.special import log_expit, logsumexp
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.metaestimators import available_if

from skaudeep._training import unchanged_by_failure
from skaudeep._validation import (
    Interval,
    Real,
    StrOptions,
    check_class_labels,
    check_is_fitted,
    draw_seed,
    fit_context,
    require_finite_results,
    validate_data,
)
from skaudeep._versions import VersionedMixin
from skaudeep.classification._liblinear_c import train
from skaudeep.exceptions import TrainingError

__all__ = ["LiblinearClassifier", "LiblinearRegressor"]

# The names and numbers of the solvers in LIBLINEAR's own documentation.
_CLASSIFICATION_SOLVERS = {
    "l2r_lr": 0,
    "l2r_l2loss_svc_dual": 1,
    "l2r_l2loss_svc": 2,
    "l2r_l1loss_svc_dual": 3,
    "mcsvm_cs": 4,
    "l1r_l2loss_svc": 5,
    "l1r_lr": 6,
    "l2r_lr_dual": 7,
}
_REGRESSION_SOLVERS = {
    "l2r_l2loss_svr": 11,
    "l2r_l2loss_svr_dual": 12,
    "l2r_l1loss_svr_dual": 13,
}
_SOLVERS = _CLASSIFICATION_SOLVERS | _REGRESSION_SOLVERS
_LOGISTIC_SOLVERS = ("l2r_lr", "l1r_lr", "l2r_lr_dual")
_FREE_INTERCEPT_SOLVERS = ("l2r_lr", "l2r_l2loss_svc", "l1r_l2loss_svc", "l1r_lr", "l2r_l2loss_svr")

# C starts every process as if srand(1) had been called, and LIBLINEAR's own programs never call it.
_C_SEED = 1


class _Liblinear(VersionedMixin, BaseEstimator):
    """What the classifier and the regressor share: options, training, the decision function."""

    _parameter_constraints: ClassVar[dict] = {
        "C": [Interval(Real, 0, None, closed="neither")],
        "tol": [Interval(Real, 0, None, closed="neither"), None],
        "fit_intercept": ["boolean"],
        "intercept_scaling": [Interval(Real, 0, None, closed="neither")],
        "regularize_intercept": ["boolean"],
        "random_state": ["random_state"],
    }

    def _options(self):
        options = ["-q", "-s", str(_SOLVERS[self.solver]), "-c", str(float(self.C))]
        if self.tol is not None:
            options += ["-e", str(float(self.tol))]
        if not self.fit_intercept:
            return options
        options += ["-B", str(float(self.intercept_scaling))]
        if self.regularize_intercept:
            return options
        if self.solver not in _FREE_INTERCEPT_SOLVERS or self.intercept_scaling != 1:
            raise ValueError(
                f"regularize_intercept=False was given with solver={self.solver!r} and "
                f"intercept_scaling={self.intercept_scaling!r}; it needs intercept_scaling=1 and one of "
                f"the solvers {', '.join(s for s in _FREE_INTERCEPT_SOLVERS if s in self._solvers)}."
            )
        return [*options, "-R"]

    def _fit_weights(self, X, y, options):
        """Train, and return the coefficients and intercepts of the models, and LIBLINEAR's labels."""
        seed = _C_SEED if self.random_state is None else draw_seed(self.random_state)
        weights, labels, converged = train(X, y, options, seed)
        if not converged:
            warnings.warn(
                f"The solver {self.solver!r} reached LIBLINEAR's limit of iterations, tol={self.tol!r}. "
                "Scale the features, decrease C or increase tol.",
                ConvergenceWarning,
                stacklevel=5,  # where fit, with its two decorators, was called
            )
        if not np.isfinite(weights).all():
            raise TrainingError(
                f"LIBLINEAR's solver {self.solver!r} gave weights that are not finite: scale the features (and a "
                f"target of numbers) to about [-1, 1], and lower C={self.C}"
            )
        if not self.fit_intercept:
            return weights, np.zeros(len(weights)), labels
        return np.ascontiguousarray(weights[:, :-1]), weights[:, -1] * self.intercept_scaling, labels

    def _linear(self, X):
        """Evaluate ``X @ coef_.T + intercept_``."""
        check_is_fitted(self)
        X = validate_data(self, X, accept_sparse="csr", reset=False)
        with np.errstate(over="ignore", invalid="ignore"):
            outputs = X @ self.coef_.T + self.intercept_
        return require_finite_results(outputs, f"a {type(self).__name__}")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _has_probabilities(classifier):
    if classifier.solver in _LOGISTIC_SOLVERS:
        return True
    raise AttributeError(
        f"Probabilities need one of the solvers {', '.join(_LOGISTIC_SOLVERS)}; got {classifier.solver!r}."
    )


class LiblinearClassifier(ClassifierMixin, _Liblinear):
    """Linear support vector machine or logistic regression trained by LIBLINEAR.

    All multi-class solvers of LIBLINEAR [1]_ under their own names. More than two classes are handled one
    against the rest, except by the solver of Crammer and Singer. Training is reproducible to the last bit,
    whatever ran before in the process; prediction is a matrix product and needs no LIBLINEAR.

    Parameters
    ----------
    solver : str, default="l2r_l2loss_svc_dual"
        What is minimised (L2- or L1-regularised) and how:

        - ``"l2r_l2loss_svc_dual"``, ``"l2r_l2loss_svc"``: squared hinge loss, in the dual or the primal;
        - ``"l2r_l1loss_svc_dual"``: hinge loss, in the dual;
        - ``"l1r_l2loss_svc"``: squared hinge loss with sparse coefficients;
        - ``"l2r_lr_dual"``, ``"l2r_lr"``: logistic regression, in the dual or the primal;
        - ``"l1r_lr"``: logistic regression with sparse coefficients;
        - ``"mcsvm_cs"``: the multi-class machine of Crammer and Singer.
    C : float, default=1.0
        Weight of the loss; a smaller value regularises more.
    tol : float or None, default=None
        Tolerance of the solver's stopping criterion, None for LIBLINEAR's default: 0.1 for a solver in the
        dual and ``"mcsvm_cs"``, 0.01 for the others.
    class_weight : dict, "balanced" or None, default=None
        Factors of `C` for each class, as everywhere in scikit-learn.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    intercept_scaling : float, default=1.0
        Value of the constant feature whose coefficient becomes the intercept. The larger it is, the less
        the intercept is regularised.
    regularize_intercept : bool, default=True
        Whether the intercept is regularised like a coefficient. False needs ``intercept_scaling=1`` and one
        of the solvers ``"l2r_lr"``, ``"l2r_l2loss_svc"``, ``"l1r_l2loss_svc"`` and ``"l1r_lr"``.
    random_state : int, RandomState instance or None, default=None
        Seed of the order in which a solver visits samples or features. None gives the result of LIBLINEAR's
        own program, the same in every fit.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The labels, sorted.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        Coefficients; a single row, for ``classes_[1]``, if there are two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        Intercepts.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` has names.

    See Also
    --------
    LiblinearRegressor : Support vector regression.
    sklearn.svm.LinearSVC : An older LIBLINEAR, with sample weights and two of the solvers.

    References
    ----------
    .. [1] R.-E. Fan, K.-W. Chang, C.-J. Hsieh, X.-R. Wang and C.-J. Lin, "LIBLINEAR: A library for large
       linear classification", Journal of Machine Learning Research 9, 1871-1874, 2008.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skaudeep.classification import LiblinearClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = LiblinearClassifier(solver="l2r_lr", C=10.0).fit(X, y)
    >>> round(classifier.score(X, y), 2)
    0.97
    >>> classifier.predict_proba(X[:2]).shape
    (2, 3)
    """

    _solvers = _CLASSIFICATION_SOLVERS

    _parameter_constraints: ClassVar[dict] = {
        **_Liblinear._parameter_constraints,
        "solver": [StrOptions(set(_CLASSIFICATION_SOLVERS))],
        "class_weight": [dict, StrOptions({"balanced"}), None],
    }

    def __init__(
        self,
        *,
        solver="l2r_l2loss_svc_dual",
        C=1.0,
        tol=None,
        class_weight=None,
        fit_intercept=True,
        intercept_scaling=1.0,
        regularize_intercept=True,
        random_state=None,
    ):
        self.solver = solver
        self.C = C
        self.tol = tol
        self.class_weight = class_weight
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.regularize_intercept = regularize_intercept
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("coef_")
    def fit(self, X, y):
        """Train on labelled samples.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples. A CSR matrix is the cheapest form.
        y : array-like of shape (n_samples,)
            Labels of at least two classes.

        Returns
        -------
        LiblinearClassifier
            The fitted classifier.

        Raises
        ------
        ValueError
            If a sample has no label (NaN, None or empty text), there is only one class, or `regularize_intercept`
            does not go with the solver.
        TrainingError
            If LIBLINEAR finds weights that are not finite; the classifier is left as it was.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64)
        check_class_labels(y)
        self.classes_, indices = np.unique(y, return_inverse=True)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs at least 2 classes, but y holds 1 class only: "
                f"{self.classes_[0]}. Give it samples of another class too."
            )
        options = self._options()
        class_weight = compute_class_weight(self.class_weight, classes=self.classes_, y=y)
        for index, weight in enumerate(class_weight):
            options += [f"-w{index}", str(float(weight))]
        coef, intercept, labels = self._fit_weights(X, indices, options)
        if len(labels) > 2:
            order = np.argsort(labels)
            self.coef_, self.intercept_ = coef[order], intercept[order]
            return self
        if len(coef) == 2:  # only the difference of Crammer and Singer's two models matters
            coef, intercept = coef[:1] - coef[1:], intercept[:1] - intercept[1:]
        sign = 1.0 if labels[0] == 1 else -1.0
        self.coef_, self.intercept_ = sign * coef, sign * intercept
        return self

    def decision_function(self, X):
        """Score each sample for each class, with the sign of the decision.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_classes)
            One column for each class; with two classes one value, positive for ``classes_[1]``.
        """
        scores = self._linear(X)
        return scores.ravel() if scores.shape[1] == 1 else scores

    def predict(self, X):
        """Predict the most confident class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Labels.
        """
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]

    @available_if(_has_probabilities)
    def predict_log_proba(self, X):
        """Compute the logarithm of `predict_proba`, exact for tiny probabilities too.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Natural logarithms of the probabilities.
        """
        scores = self.decision_function(X)
        if scores.ndim == 1:
            scores = np.column_stack([-scores, scores])
        log_odds_won = log_expit(scores)
        return log_odds_won - logsumexp(log_odds_won, axis=1, keepdims=True)

    @available_if(_has_probabilities)
    def predict_proba(self, X):
        """Compute the probabilities of the classes, for the solvers of logistic regression only.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
            Probabilities; of more than two classes those of one class against the rest, scaled to sum to 1.
        """
        return np.exp(self.predict_log_proba(X))


class LiblinearRegressor(RegressorMixin, _Liblinear):
    """Linear support vector regression trained by LIBLINEAR.

    All regression solvers of LIBLINEAR [1]_ under their own names, reproducible to the last bit like
    `LiblinearClassifier`.

    Parameters
    ----------
    solver : str, default="l2r_l2loss_svr"
        What is minimised, with L2 regularisation, and how:

        - ``"l2r_l2loss_svr"``, ``"l2r_l2loss_svr_dual"``: squared loss outside the tube, in the primal or
          the dual;
        - ``"l2r_l1loss_svr_dual"``: absolute loss outside the tube, in the dual.
    C : float, default=1.0
        Weight of the loss; a smaller value regularises more.
    epsilon : float, default=0.1
        Half the width of the tube around the prediction without loss, in units of `y`.
    tol : float or None, default=None
        Tolerance of the solver's stopping criterion, None for LIBLINEAR's default: 0.1 in the dual, 0.0001
        in the primal.
    fit_intercept : bool, default=True
        Whether the model has an intercept.
    intercept_scaling : float, default=1.0
        Value of the constant feature whose coefficient becomes the intercept. The larger it is, the less
        the intercept is regularised.
    regularize_intercept : bool, default=True
        Whether the intercept is regularised like a coefficient. False needs ``intercept_scaling=1`` and the
        solver ``"l2r_l2loss_svr"``.
    random_state : int, RandomState instance or None, default=None
        Seed of the order in which a solver in the dual visits the samples. None gives the result of
        LIBLINEAR's own program, the same in every fit.

    Attributes
    ----------
    coef_ : ndarray of shape (n_features,)
        Coefficients.
    intercept_ : float
        Intercept.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, if `X` has names.

    See Also
    --------
    LiblinearClassifier : Classification.

    References
    ----------
    .. [1] C.-H. Ho and C.-J. Lin, "Large-scale linear support vector regression", Journal of Machine
       Learning Research 13, 3323-3348, 2012.

    Examples
    --------
    >>> import numpy as np
    >>> from skaudeep.classification import LiblinearRegressor
    >>> X = np.linspace(0.0, 1.0, 20)[:, np.newaxis]
    >>> regressor = LiblinearRegressor(C=1e3, epsilon=0.0).fit(X, 3.0 * X[:, 0] + 1.0)
    >>> regressor.predict([[2.0]]).round(2)
    array([7.])
    """

    _solvers = _REGRESSION_SOLVERS

    _parameter_constraints: ClassVar[dict] = {
        **_Liblinear._parameter_constraints,
        "solver": [StrOptions(set(_REGRESSION_SOLVERS))],
        "epsilon": [Interval(Real, 0, None, closed="left")],
    }

    def __init__(
        self,
        *,
        solver="l2r_l2loss_svr",
        C=1.0,
        epsilon=0.1,
        tol=None,
        fit_intercept=True,
        intercept_scaling=1.0,
        regularize_intercept=True,
        random_state=None,
    ):
        self.solver = solver
        self.C = C
        self.epsilon = epsilon
        self.tol = tol
        self.fit_intercept = fit_intercept
        self.intercept_scaling = intercept_scaling
        self.regularize_intercept = regularize_intercept
        self.random_state = random_state

    @fit_context(prefer_skip_nested_validation=True)
    @unchanged_by_failure("coef_")
    def fit(self, X, y):
        """Train on samples and their targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples. A CSR matrix is the cheapest form.
        y : array-like of shape (n_samples,)
            Targets.

        Returns
        -------
        LiblinearRegressor
            The fitted regressor.

        Raises
        ------
        ValueError
            If `regularize_intercept` does not go with the solver.
        TrainingError
            If LIBLINEAR finds weights that are not finite; the regressor is left as it was.
        """
        X, y = validate_data(self, X, y, accept_sparse="csr", dtype=np.float64, y_numeric=True)
        options = [*self._options(), "-p", str(float(self.epsilon))]
        coef, intercept, _ = self._fit_weights(X, y, options)
        self.coef_, self.intercept_ = coef[0], float(intercept[0])
        return self

    def predict(self, X):
        """Predict the targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Samples.

        Returns
        -------
        ndarray of shape (n_samples,)
            Targets.
        """
        return self._linear(X)
