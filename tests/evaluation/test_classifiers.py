"""The classifiers by their kind."""

import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep.classification import KerasMLPClassifier, LiblinearClassifier
from skaudeep.evaluation import make_classifier


@pytest.mark.parametrize(
    ("kind", "options", "expected"),
    [
        ("svm", {"C": 0.01}, LiblinearClassifier(C=0.01, random_state=4)),
        ("linearsvc", {"C": 0.01}, LinearSVC(C=0.01, random_state=4)),
        ("mlp", {"max_epochs": 3}, KerasMLPClassifier(max_epochs=3, random_state=4)),
    ],
)
def test_make_classifier(kind, options, expected):
    pipeline = make_classifier(kind, random_state=4, **options)
    assert isinstance(pipeline[0], StandardScaler)
    assert type(pipeline[-1]) is type(expected)
    assert pipeline[-1].get_params() == expected.get_params()


def test_make_classifier_refuses():
    with pytest.raises(ValueError, match="complexity=1: LiblinearClassifier, which is 'svm', has .* it has C, "):
        make_classifier("svm", complexity=1)
    with pytest.raises(ValueError, match="kind"):
        make_classifier("forest")
