"""The classifiers and regressors that features are evaluated with, by their kind."""

from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC, LinearSVR

from skaudeep._validation import StrOptions, validate_params
from skaudeep.classification import KerasMLPClassifier, KerasMLPRegressor, LiblinearClassifier, LiblinearRegressor

#: The classifiers by their kind.
CLASSIFIERS = {"mlp": KerasMLPClassifier, "svm": LiblinearClassifier, "linearsvc": LinearSVC}
#: The regressors by their kind.
REGRESSORS = {"mlp": KerasMLPRegressor, "svm": LiblinearRegressor, "linearsvr": LinearSVR, "ridge": Ridge}


@validate_params(
    {"kind": [StrOptions(set(CLASSIFIERS))], "random_state": ["random_state"]}, prefer_skip_nested_validation=True
)
def make_classifier(kind, *, random_state=None, **options):
    """Make a classifier that standardises its features first, by the statistics of what it is fitted on.

    Parameters
    ----------
    kind : {"svm", "linearsvc", "mlp"}
        `LiblinearClassifier`, scikit-learn's `LinearSVC`, or `KerasMLPClassifier`.
    random_state : int, RandomState instance or None, default=None
        That of the classifier.
    **options : dict
        Further parameters of the classifier.

    Returns
    -------
    sklearn.pipeline.Pipeline
        A `StandardScaler` and the classifier.

    Raises
    ------
    ValueError
        If the kind is unknown, or the classifier has no such parameter.

    See Also
    --------
    make_regressor : The same for numbers as targets.

    Examples
    --------
    >>> from skaudeep.evaluation import make_classifier
    >>> make_classifier("svm", C=0.01)[-1]
    LiblinearClassifier(C=0.01)
    """
    return _after_scaling(CLASSIFIERS, kind, random_state, options)


@validate_params(
    {"kind": [StrOptions(set(REGRESSORS))], "random_state": ["random_state"]}, prefer_skip_nested_validation=True
)
def make_regressor(kind, *, random_state=None, **options):
    """Make a regressor that standardises features and targets first, by the statistics of what it is fitted on.

    Parameters
    ----------
    kind : {"svm", "linearsvr", "ridge", "mlp"}
        `LiblinearRegressor`, scikit-learn's `LinearSVR` or `Ridge`, or `KerasMLPRegressor`.
    random_state : int, RandomState instance or None, default=None
        That of the regressor.
    **options : dict
        Further parameters of the regressor. What is in units of the targets, such as `epsilon`, is in units of their
        standard deviation.

    Returns
    -------
    sklearn.compose.TransformedTargetRegressor
        A `StandardScaler` of the targets around one of the features and the regressor; predictions are in the units
        of the targets.

    Raises
    ------
    ValueError
        If the kind is unknown, or the regressor has no such parameter.

    See Also
    --------
    make_classifier : The same for classes.

    Examples
    --------
    >>> from skaudeep.evaluation import make_regressor
    >>> make_regressor("ridge", alpha=10.0).regressor[-1]
    Ridge(alpha=10.0)
    """
    pipeline = _after_scaling(REGRESSORS, kind, random_state, options)
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler(), check_inverse=False)


def _after_scaling(makers, kind, random_state, options):
    make = makers[kind]
    known = set(make().get_params()) - {"random_state"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(
            f"{unknown[0]}={options[unknown[0]]!r}: {make.__name__}, which is {kind!r}, has no such parameter; "
            f"it has {', '.join(sorted(known))}."
        )
    return make_pipeline(StandardScaler(), make(random_state=random_state, **options))
