import pickle
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from scipy.sparse import csr_array, csr_matrix
from sklearn.base import clone
from sklearn.datasets import make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import LinearSVC, LinearSVR

from skaudeep.classification import LiblinearClassifier, LiblinearRegressor, _liblinear
from skaudeep.exceptions import TrainingError

SVC = {"C": 0.01, "tol": 1e-10, "max_iter": 100_000}
LOGISTIC = {**SVC, "solver": "liblinear"}
# The same objectives in scikit-learn, whose LIBLINEAR is an older one with changes of its own.
CLASSIFIERS = {
    "l2r_lr": LogisticRegression(**LOGISTIC),
    "l2r_l2loss_svc_dual": LinearSVC(dual=True, **SVC),
    "l2r_l2loss_svc": LinearSVC(dual=False, **SVC),
    "l2r_l1loss_svc_dual": LinearSVC(loss="hinge", dual=True, **SVC),
    "mcsvm_cs": LinearSVC(multi_class="crammer_singer", **SVC),
    "l1r_l2loss_svc": LinearSVC(penalty="l1", dual=False, **SVC),
    "l1r_lr": LogisticRegression(l1_ratio=1, **{**LOGISTIC, "C": 0.1}),
    "l2r_lr_dual": LogisticRegression(dual=True, **LOGISTIC),
}
REGRESSORS = {
    "l2r_l2loss_svr": LinearSVR(loss="squared_epsilon_insensitive", dual=False, **SVC),
    "l2r_l2loss_svr_dual": LinearSVR(loss="squared_epsilon_insensitive", dual=True, **SVC),
    "l2r_l1loss_svr_dual": LinearSVR(loss="epsilon_insensitive", dual=True, **SVC),
}
LOGISTIC_SOLVERS = ["l2r_lr", "l2r_lr_dual", "l1r_lr"]


def sounds(n_classes, n_samples=80):
    X, indices = make_classification(n_samples, 6, n_informative=5, n_redundant=0, n_classes=n_classes, random_state=0)
    return X, np.array(["siren", "dog", "rain", "clock"])[indices]


def same_bits(first, second):
    return first.coef_.tobytes() == second.coef_.tobytes() and np.array_equal(first.intercept_, second.intercept_)


@pytest.fixture
def c_rand():
    """The `rand` of the process, for others to call between two fits."""
    from liblinear.liblinear import liblinear

    return liblinear.rand


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("solver", CLASSIFIERS)
def test_classifier_finds_the_optimum_that_scikit_learn_finds(solver, n_classes):
    X, y = sounds(n_classes)
    reference = clone(CLASSIFIERS[solver])
    classifier = LiblinearClassifier(solver=solver, C=reference.C, tol=1e-7).fit(X, y)
    if solver in LOGISTIC_SOLVERS and n_classes > 2:
        models = OneVsRestClassifier(reference).fit(X, y).estimators_
        coef = np.vstack([model.coef_ for model in models])
        intercept = np.hstack([model.intercept_ for model in models])
    else:
        reference.fit(X, y)
        coef, intercept = reference.coef_, reference.intercept_
    np.testing.assert_allclose(classifier.coef_, coef, atol=1e-6)
    np.testing.assert_allclose(classifier.intercept_, intercept, atol=1e-6)
    np.testing.assert_array_equal(classifier.classes_, np.unique(y))


@pytest.mark.parametrize("solver", REGRESSORS)
def test_regressor_finds_the_optimum_that_scikit_learn_finds(solver):
    X, y = make_regression(80, 6, noise=3.0, random_state=0)
    y = y / y.std() + 1.0
    reference = clone(REGRESSORS[solver]).set_params(epsilon=0.2).fit(X, y)
    regressor = LiblinearRegressor(solver=solver, C=0.01, epsilon=0.2, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(regressor.coef_, reference.coef_, atol=1e-6)
    assert regressor.intercept_ == pytest.approx(float(np.squeeze(reference.intercept_)), abs=1e-6)
    np.testing.assert_allclose(regressor.predict(X), reference.predict(X), atol=1e-5)


@pytest.mark.parametrize("scaling", [0.5, 10.0])
def test_intercept_scaling(scaling):
    X, y = sounds(3)
    reference = LinearSVC(dual=False, intercept_scaling=scaling, **SVC).fit(X + 1.0, y)
    classifier = LiblinearClassifier(solver="l2r_l2loss_svc", C=0.01, tol=1e-7, intercept_scaling=scaling)
    np.testing.assert_allclose(classifier.fit(X + 1.0, y).intercept_, reference.intercept_, atol=1e-6)


def test_without_intercept():
    X, y = sounds(3)
    reference = LinearSVC(dual=False, fit_intercept=False, **SVC).fit(X, y)
    classifier = LiblinearClassifier(solver="l2r_l2loss_svc", C=0.01, tol=1e-7, fit_intercept=False).fit(X, y)
    np.testing.assert_allclose(classifier.coef_, reference.coef_, atol=1e-6)
    np.testing.assert_array_equal(classifier.intercept_, np.zeros(3))


def test_intercept_free_of_regularisation_is_that_of_lbfgs():
    X, y = sounds(2)
    reference = LogisticRegression(C=0.01, tol=1e-10).fit(X + 5.0, y)
    classifier = LiblinearClassifier(solver="l2r_lr", C=0.01, tol=1e-9, regularize_intercept=False)
    np.testing.assert_allclose(classifier.fit(X + 5.0, y).intercept_, reference.intercept_, rtol=1e-4)


@pytest.mark.parametrize("wrong", [{"solver": "l2r_lr_dual"}, {"solver": "l2r_lr", "intercept_scaling": 2.0}])
def test_intercept_that_must_be_regularised(wrong):
    classifier = LiblinearClassifier(regularize_intercept=False, **wrong)
    with pytest.raises(ValueError, match=r"regularize_intercept=False.*l2r_lr, l2r_l2loss_svc"):
        classifier.fit(*sounds(2))


@pytest.mark.parametrize("solver", ["l2r_l2loss_svc_dual", "mcsvm_cs", "l1r_lr"])
@pytest.mark.parametrize("labels", [("b", "a"), (-1, 1), (1, -1), (7, -3), (True, False), (0.0, 2.0)])
def test_decision_is_positive_for_the_second_class(solver, labels):
    X = np.array([[-2.0], [3.0], [-1.0], [2.0]])
    y = np.array(labels)[[0, 1, 0, 1]]
    classifier = LiblinearClassifier(solver=solver).fit(X, y)
    np.testing.assert_array_equal(classifier.classes_, np.unique(labels))
    np.testing.assert_array_equal(classifier.decision_function(X) > 0, y == classifier.classes_[1])
    np.testing.assert_array_equal(classifier.predict(X), y)
    assert classifier.coef_.shape == (1, 1)


def test_columns_follow_the_sorted_classes_whatever_class_comes_first():
    X, y = sounds(4)
    first = LiblinearClassifier(tol=1e-7, C=0.01).fit(X, y)
    last = LiblinearClassifier(tol=1e-7, C=0.01).fit(X[::-1], y[::-1])
    np.testing.assert_allclose(first.coef_, last.coef_, atol=1e-6)
    np.testing.assert_array_equal(first.classes_[first.decision_function(X).argmax(axis=1)], first.predict(X))


@pytest.mark.parametrize("class_weight", ["balanced", {"dog": 5.0, "rain": 0.3}])
def test_class_weight(class_weight):
    X, y = sounds(3)
    X, y = X[10:], np.r_[["dog"] * 20, y[30:]]
    reference = LinearSVC(dual=False, class_weight=class_weight, **SVC).fit(X, y)
    classifier = LiblinearClassifier(solver="l2r_l2loss_svc", C=0.01, tol=1e-7, class_weight=class_weight)
    np.testing.assert_allclose(classifier.fit(X, y).coef_, reference.coef_, atol=1e-6)


@pytest.mark.parametrize("container", [csr_array, csr_matrix])
def test_sparse_equals_dense_and_is_left_alone(container):
    X, y = sounds(3)
    X[np.abs(X) < 0.7] = 0.0
    backwards = container(X)
    for start, end in zip(backwards.indptr[:-1], backwards.indptr[1:], strict=True):
        backwards.indices[start:end] = backwards.indices[start:end][::-1].copy()
        backwards.data[start:end] = backwards.data[start:end][::-1].copy()
    backwards.has_sorted_indices = False
    indices = backwards.indices.copy()
    dense = LiblinearClassifier().fit(X, y)
    sparse = LiblinearClassifier().fit(backwards, y)
    assert same_bits(dense, sparse)
    np.testing.assert_array_equal(backwards.indices, indices)
    np.testing.assert_allclose(sparse.decision_function(backwards), dense.decision_function(X))


@pytest.mark.parametrize("solver", LOGISTIC_SOLVERS)
@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities(solver, n_classes):
    X, y = sounds(n_classes)
    reference = OneVsRestClassifier(clone(CLASSIFIERS[solver])).fit(X, y)
    classifier = LiblinearClassifier(solver=solver, C=reference.estimator.C, tol=1e-7).fit(X, y)
    np.testing.assert_allclose(classifier.predict_proba(X), reference.predict_proba(X), atol=1e-6)
    np.testing.assert_allclose(np.exp(classifier.predict_log_proba(X)), classifier.predict_proba(X))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_probabilities_far_from_the_data_are_finite(n_classes):
    X, y = sounds(n_classes)
    classifier = LiblinearClassifier(solver="l2r_lr").fit(X, y)
    far = 1e5 * np.vstack([X, -X])
    assert np.isfinite(classifier.predict_log_proba(far)).all()
    np.testing.assert_allclose(classifier.predict_proba(far).sum(axis=1), 1.0)


def test_support_vector_machines_have_no_probabilities():
    assert not hasattr(LiblinearClassifier(), "predict_proba")
    with pytest.raises(AttributeError) as error:
        LiblinearClassifier().predict_log_proba([[0.0]])
    assert "l2r_lr, l1r_lr, l2r_lr_dual; got 'l2r_l2loss_svc_dual'" in str(error.value.__cause__)


@pytest.mark.parametrize("solver", ["l2r_l2loss_svc_dual", "mcsvm_cs", "l1r_lr", "l2r_lr_dual"])
def test_fit_is_reproducible_whatever_ran_before(solver, c_rand):
    X, y = sounds(3)
    first = LiblinearClassifier(solver=solver).fit(X, y)
    for _ in range(7):
        c_rand()
    LiblinearRegressor(solver="l2r_l1loss_svr_dual", C=1e-3).fit(X, X[:, 0])
    assert same_bits(first, LiblinearClassifier(solver=solver).fit(X, y))


def test_random_state_seeds_the_order_of_the_samples():
    X, y = sounds(3)
    fits = [LiblinearClassifier(random_state=seed).fit(X, y) for seed in (0, 0, 1)]
    assert same_bits(fits[0], fits[1])
    assert not same_bits(fits[0], fits[2])


def test_fit_leaves_the_random_state_of_numpy_alone():
    before = np.random.get_state()[1].copy()
    LiblinearClassifier().fit(*sounds(2))
    np.testing.assert_array_equal(np.random.get_state()[1], before)


def test_default_is_what_liblinear_alone_finds():
    X, y = sounds(2)
    program = (
        "import numpy as np, sys; from liblinear.liblinearutil import train\n"
        "X = np.frombuffer(sys.stdin.buffer.read()).reshape(-1, 7)\n"
        "model = train(X[:, 6], X[:, :6].copy(), '-q -B 1')\n"
        "sys.stdout.buffer.write(np.array([*model.w[:7], model.label[0]]).tobytes())"
    )
    data = np.column_stack([X, y == "siren"]).tobytes()
    alone = subprocess.run([sys.executable, "-c", program], input=data, capture_output=True, check=True)
    *weights, positive = np.frombuffer(alone.stdout)
    classifier = LiblinearClassifier().fit(X, y)
    sign = 1.0 if positive else -1.0
    np.testing.assert_array_equal(np.append(classifier.coef_, classifier.intercept_), sign * np.array(weights))


def test_threads_do_not_disturb_each_other():
    X, y = sounds(4, n_samples=200)
    classifiers = [LiblinearClassifier(random_state=seed) for seed in range(4)] * 4
    alone = [clone(classifier).fit(X, y) for classifier in classifiers]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda classifier: classifier.fit(X, y), classifiers))
    assert all(map(same_bits, alone, together))


def test_a_pickled_model_predicts_without_liblinear(tmp_path):
    X, y = sounds(3)
    classifier = LiblinearClassifier(solver="l2r_lr").fit(X, y)
    path = tmp_path / "classifier.pickle"
    path.write_bytes(pickle.dumps((classifier, X)))
    program = (
        "import pathlib, pickle, sys\n"
        "classifier, X = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "sys.stdout.buffer.write(classifier.predict_proba(X).tobytes())\n"
        "assert 'liblinear' not in sys.modules and 'numba' not in sys.modules"
    )
    fresh = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, check=True)
    assert fresh.stdout == classifier.predict_proba(X).tobytes()


@pytest.mark.parametrize("solver", [*CLASSIFIERS, *REGRESSORS])
def test_silence(solver, capfd):
    X, y = sounds(2)
    if solver in CLASSIFIERS:
        LiblinearClassifier(solver=solver, C=0.01, class_weight="balanced").fit(X, y).predict(X)
    else:
        LiblinearRegressor(solver=solver, C=0.01).fit(X, X[:, 0]).predict(X)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("solver", ["l2r_l1loss_svc_dual", "mcsvm_cs"])
def test_warning_when_the_solver_gives_up(solver):
    X, y = sounds(2)
    with pytest.warns(ConvergenceWarning, match=f"{solver}.*Scale the features") as warned:
        LiblinearClassifier(solver=solver, C=1e6, tol=1e-12).fit(1e3 * X, y)
    assert warned[0].filename == __file__


def test_no_warning_when_another_solver_takes_over():
    X, y = sounds(2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        taken_over = LiblinearClassifier(C=100.0, tol=1e-9).fit(X, y)
        primal = LiblinearClassifier(solver="l2r_l2loss_svc", C=100.0, tol=1e-9).fit(X, y)
    np.testing.assert_allclose(taken_over.coef_, primal.coef_, atol=1e-5)


def test_unknown_solver_lists_the_known_ones():
    with pytest.raises(ValueError, match=r"'solver'.*'mcsvm_cs'.*Got 'svm'"):
        LiblinearClassifier(solver="svm").fit(*sounds(2))
    with pytest.raises(ValueError, match=r"'solver'.*'l2r_l1loss_svr_dual'.*Got 'l2r_lr'"):
        LiblinearRegressor(solver="l2r_lr").fit([[0.0], [1.0]], [0.0, 1.0])


def test_a_single_class_is_an_error_that_names_it():
    with pytest.raises(ValueError, match="at least 2 classes, but y holds 1 class only: rain"):
        LiblinearClassifier().fit([[0.0], [1.0]], ["rain", "rain"])


def test_continuous_targets_are_no_labels():
    with pytest.raises(ValueError, match="continuous"):
        LiblinearClassifier().fit([[0.0], [1.0]], [0.1, 0.2])


@pytest.mark.parametrize("labels", [["rain", "", "dog"], np.array(["", "", "dog"]), ["rain", None, "dog"]])
def test_samples_without_a_label_are_no_class(labels):
    with pytest.raises(ValueError, match=r"y has no label for \d of 3 samples, the first is y\[\d\]=.*leave these"):
        LiblinearClassifier().fit([[0.0], [1.0], [2.0]], labels)


def test_minus_one_is_a_number_like_others():
    X, y = sounds(2)
    signs = np.where(y == y[0], -1, 1)
    assert LiblinearClassifier().fit(X, signs).classes_.tolist() == [-1, 1]


@pytest.mark.parametrize("dtype", [np.int32, np.int64])
def test_what_becomes_of_nan_as_an_integer_is_no_class(dtype):
    y = np.array([0, 1, np.iinfo(dtype).min], dtype=dtype)
    with pytest.raises(ValueError, match=r"y has no label for 1 of 3 samples, the first is y\[2\]="):
        LiblinearClassifier().fit([[0.0], [1.0], [2.0]], y)


@pytest.mark.parametrize("estimator", [LiblinearClassifier(), LiblinearRegressor()])
def test_weights_that_are_not_finite(estimator, monkeypatch):
    X, y = [[0.0], [1.0]], [0, 1]
    estimator.fit(X, y)
    before = dict(vars(estimator))
    monkeypatch.setattr(_liblinear, "train", lambda X, y, *_: (np.full((1, 3), np.inf), [0, 1], True))
    with pytest.raises(TrainingError, match=r"LIBLINEAR's solver .* not finite: scale the features .*lower C=1"):
        estimator.fit([[0.0, 1.0], [1.0, 0.0]], y)
    after = vars(estimator)
    assert after.keys() == before.keys() and all(after[name] is value for name, value in before.items())


def test_scores_that_overflow():
    regressor = LiblinearRegressor().fit([[0.0], [1.0]], [0.0, 9.0])
    with pytest.raises(ValueError, match="a LiblinearRegressor gives NaN or infinity for 1 of 2 rows.*first.* row 1"):
        regressor.predict([[0.0], [1e308]])
