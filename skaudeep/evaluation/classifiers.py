"""The classifiers that features are evaluated with, by their kind."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep._validation import StrOptions, validate_params
from skaudeep.classification import KerasMLPClassifier, LiblinearClassifier

#: The classifiers by their kind.
CLASSIFIERS = {"mlp": KerasMLPClassifier, "svm": LiblinearClassifier, "linearsvc": LinearSVC}


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

    Examples
    --------
    >>> from skaudeep.evaluation import make_classifier
    >>> make_classifier("svm", C=0.01)[-1]
    LiblinearClassifier(C=0.01)
    """
    make = CLASSIFIERS[kind]
    known = set(make().get_params()) - {"random_state"}
    unknown = sorted(set(options) - known)
    if unknown:
        raise ValueError(
            f"{unknown[0]}={options[unknown[0]]!r}: {make.__name__}, which is {kind!r}, has no such parameter; "
            f"it has {', '.join(sorted(known))}."
        )
    return make_pipeline(StandardScaler(), make(random_state=random_state, **options))
