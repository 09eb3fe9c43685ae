import copy
import importlib
import pathlib
import pickle
import subprocess
import sys
import warnings

import joblib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.base import BaseEstimator, clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_transformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.feature_selection import SelectKBest
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.metrics import make_scorer, recall_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC

import skaudeep
from skaudeep import (
    AudioFeatureUnion,
    ChunkMeanRegressor,
    ChunkwiseTransformer,
    ContrastiveEmbedder,
    FramewiseRegressor,
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    KerasMLPClassifier,
    KerasMLPRegressor,
    LiblinearClassifier,
    LiblinearRegressor,
    MajorityVoteClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
    _persistence,
    _versions,
)
from skaudeep._versions import Storable, VersionedMixin
from skaudeep.exceptions import VersionWarning

DATA = pathlib.Path(__file__).parent / "data"


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def labels(n):
    return np.array(["dog", "rain", "clock"])[np.arange(n) % 3]


def spectrogram(**parameters):
    return SpectrogramTransformer(
        sample_rate=1000, window_width=0.04, window_overlap=0.02, n_mels=3, clip_below=-60, **parameters
    )


def embedder(**parameters):
    return Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=1, random_state=0, **parameters)


def there_and_back(estimator, path):
    skaudeep.save(estimator, path)
    return skaudeep.load(path)


@pytest.fixture(scope="module")
def fitted():
    """Every public estimator, fitted, by name, with what it can be applied to."""
    X, waveforms, sequences = noise(12, 4), noise(12, 200), noise(12, 5, 3)
    y = labels(12)
    chunks = noise(12, 2, 4)
    windows = {"window_width": 2, "window_overlap": 1, "max_epochs": 1, "random_state": 0}
    mlp = {"hidden_layer_sizes": (3,), "max_epochs": 2, "random_state": 0}
    return {
        "SpectrogramTransformer": (spectrogram().fit(waveforms), waveforms),
        "Seq2SeqAutoencoderEmbedder": (embedder().fit(sequences), sequences),
        "FrequencyAutoencoderEmbedder": (
            FrequencyAutoencoderEmbedder(n_layers=1, n_units=2, **windows).fit(sequences),
            sequences,
        ),
        "FrequencyTimeAutoencoderEmbedder": (
            FrequencyTimeAutoencoderEmbedder(frequency_n_units=2, time_n_layers=1, time_n_units=2, **windows).fit(
                sequences
            ),
            sequences,
        ),
        "ContrastiveEmbedder": (
            ContrastiveEmbedder(conv_channels=(2,), conv_strides=(1, 2), n_units=2, max_epochs=1, random_state=0).fit(
                sequences
            ),
            sequences,
        ),
        "StatisticsPooling": (StatisticsPooling().fit(sequences), sequences),
        "AudioFeatureUnion": (AudioFeatureUnion([("one", PCA(1)), ("other", PCA(2))]).fit(X), X),
        "ChunkwiseTransformer": (ChunkwiseTransformer(StandardScaler()).fit(chunks), chunks),
        "KerasMLPClassifier": (KerasMLPClassifier(**mlp).fit(X, y), X),
        "KerasMLPRegressor": (KerasMLPRegressor(**mlp).fit(X, X[:, 0]), X),
        "LiblinearClassifier": (LiblinearClassifier().fit(X, y), X),
        "LiblinearRegressor": (LiblinearRegressor().fit(X, X[:, 0]), X),
        "ChunkMeanRegressor": (ChunkMeanRegressor(LiblinearRegressor()).fit(chunks, X[:, 0]), chunks),
        "FramewiseRegressor": (FramewiseRegressor(LiblinearRegressor()).fit(chunks, chunks[:, :, 0]), chunks),
        "MajorityVoteClassifier": (MajorityVoteClassifier(LiblinearClassifier()).fit(chunks, y), chunks),
    }


@pytest.fixture(scope="module")
def pipeline():
    """From waveforms to labels, by way of two branches and chunks."""
    branches = [
        (name, make_pipeline(spectrogram(channels="mean", chunk_length=0.08, scale=scale), embedding))
        for name, scale, embedding in (
            ("learned", "minmax", ChunkwiseTransformer(embedder(output="states", statistics=("mean", "delta")))),
            ("levels", None, FunctionTransformer(np.mean, kw_args={"axis": (1, 2)})),
        )
    ]
    search = GridSearchCV(LiblinearClassifier(), {"C": [0.1, 1.0]}, cv=StratifiedKFold(2), scoring="balanced_accuracy")
    return make_pipeline(AudioFeatureUnion(branches), StandardScaler(), search).fit(noise(12, 200), labels(12))


def outcome(estimator, X):
    return estimator.predict(X) if hasattr(estimator, "predict") else estimator.transform(X)


PUBLIC = [
    "AudioFeatureUnion",
    "ChunkMeanRegressor",
    "ChunkwiseTransformer",
    "ContrastiveEmbedder",
    "FramewiseRegressor",
    "FrequencyAutoencoderEmbedder",
    "FrequencyTimeAutoencoderEmbedder",
    "KerasMLPClassifier",
    "KerasMLPRegressor",
    "LiblinearClassifier",
    "LiblinearRegressor",
    "MajorityVoteClassifier",
    "Seq2SeqAutoencoderEmbedder",
    "SpectrogramTransformer",
    "StatisticsPooling",
]


def public_estimators():
    things = [getattr(skaudeep, name) for name in skaudeep.__all__]
    return [thing for thing in things if isinstance(thing, type) and issubclass(thing, BaseEstimator)]


def test_every_public_estimator_knows_its_version_and_is_trusted():
    assert set(PUBLIC) == {estimator.__name__ for estimator in public_estimators()}
    for estimator in public_estimators():
        assert issubclass(estimator, VersionedMixin)
        assert _persistence._storable({f"{estimator.__module__}.{estimator.__name__}"})


# --- there and back ---


@pytest.mark.parametrize("name", PUBLIC)
def test_an_estimator_comes_back_as_it_was(fitted, name, tmp_path):
    estimator, X = fitted[name]
    before = set(vars(estimator))
    for back in (
        there_and_back(estimator, tmp_path / "file"),
        pickle.loads(pickle.dumps(estimator)),
        copy.copy(estimator),
    ):
        np.testing.assert_array_equal(outcome(back, X), outcome(estimator, X), strict=True)
        assert set(vars(back)) == before
        assert repr(back) == repr(estimator)
    unfitted = clone(estimator)
    assert repr(there_and_back(unfitted, tmp_path / "file")) == repr(unfitted)


def test_a_pipeline_comes_back_as_it_was(pipeline, tmp_path):
    X = noise(12, 200)
    joblib.dump(pipeline, tmp_path / "pipeline.joblib")
    for back in (there_and_back(pipeline, tmp_path / "pipeline"), joblib.load(tmp_path / "pipeline.joblib")):
        np.testing.assert_array_equal(back[:-1].transform(X), pipeline[:-1].transform(X), strict=True)
        np.testing.assert_array_equal(back.predict(X), pipeline.predict(X), strict=True)
        assert back[-1].best_params_ == pipeline[-1].best_params_
        assert back.score(X, labels(12)) == pipeline.score(X, labels(12))


def test_training_goes_on_where_it_stopped(tmp_path):
    X = noise(8, 5, 3)
    one = embedder().fit(X)
    other = there_and_back(one, tmp_path / "file")
    assert other.partial_fit(X).loss_ == one.partial_fit(X).loss_
    for name, array in one.weights_.items():
        np.testing.assert_array_equal(other.weights_[name], array, strict=True)


def test_failed_rows_come_back(make_recording, bad_recordings, tmp_path):
    files = [make_recording(), bad_recordings["text"]]
    transformer = SpectrogramTransformer(window_width=0.04, window_overlap=0.02, n_mels=8, on_error="skip")
    transformer.fit_transform(files)
    assert len(transformer.errors_) == 1
    for back in (there_and_back(transformer, tmp_path / "file"), pickle.loads(pickle.dumps(transformer))):
        assert back.errors_.equals(transformer.errors_)
        assert (back.errors_.dtypes == transformer.errors_.dtypes).all()


X, Y = noise(30, 5), labels(30)


@pytest.mark.parametrize(
    "estimator",
    [
        CalibratedClassifierCV(LogisticRegression(), cv=2),
        FrozenEstimator(LogisticRegression().fit(X, Y)),
        GridSearchCV(LogisticRegression(), {"C": range(1, 3)}, cv=2),
        GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, scoring=["accuracy", "f1_macro"], refit="accuracy"),
        GridSearchCV(LogisticRegression(), {"C": [1.0]}, cv=2, scoring=make_scorer(recall_score, average="macro")),
        KNeighborsClassifier(algorithm="brute"),
        LinearDiscriminantAnalysis(),
        MLPClassifier((3,), max_iter=1000, tol=1.0, random_state=np.random.RandomState(0)),
        SGDClassifier(random_state=0),
        SVC(),
        VotingClassifier([("one", LogisticRegression())]),
        make_pipeline(OneHotEncoder(handle_unknown="ignore", dtype=np.dtype("f4")), LogisticRegression()),
        make_pipeline(make_column_transformer((StandardScaler(), slice(2)), remainder="drop"), SVC()),
        make_pipeline(make_union(SelectKBest(k=2), PCA(2)), StandardScaler().set_output(transform="pandas"), SVC()),
    ],
    ids=lambda estimator: type(estimator).__name__,
)
def test_estimators_of_scikit_learn_come_back(estimator, tmp_path):
    estimator.fit(X, Y)
    back = there_and_back(estimator, tmp_path / "file")
    np.testing.assert_array_equal(back.predict(X), estimator.predict(X), strict=True)


def test_generators_and_paths_as_parameters_come_back(tmp_path):
    random = np.random.RandomState(5)
    random.standard_normal(3)  # an odd number of them leaves one in store
    estimator = embedder(checkpoint_dir=tmp_path / "checkpoints", log_dir=pathlib.Path("logs")).set_params(
        random_state=random
    )
    back = there_and_back(estimator, tmp_path / "file")
    assert back.checkpoint_dir == tmp_path / "checkpoints"
    assert back.log_dir == pathlib.Path("logs")
    np.testing.assert_array_equal(back.random_state.standard_normal(5), random.standard_normal(5))


def test_what_was_one_object_stays_one(fitted, tmp_path):
    back = there_and_back(fitted["Seq2SeqAutoencoderEmbedder"][0], tmp_path / "file")
    assert all(back._training_state.weights[name] is array for name, array in back.weights_.items())


NUMBERS = arrays(
    st.sampled_from([np.float32, np.float64, np.int8, np.int64, np.uint16, np.bool_, np.complex64, "U3", "S2"]),
    array_shapes(min_dims=0, min_side=0, max_side=3),
)
WORDS = st.lists(st.one_of(st.text(max_size=3), st.integers(), st.none())).map(
    lambda items: np.fromiter(items, object, len(items))
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(st.characters(exclude_categories=())),
    st.binary(),
    st.floats(width=32).map(np.float32),
    st.integers(0, 255).map(np.uint8),
    st.booleans().map(np.bool_),
    # NumPy drops the character NUL at the end of a text
    st.text(st.characters(exclude_characters="\0"), max_size=3).map(np.str_),
)
KEYS = st.one_of(st.text(), st.integers(), st.integers(-9, 9).map(np.int32))
VALUES = st.recursive(
    st.one_of(SCALARS, NUMBERS, WORDS),
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(KEYS, inner).filter(lambda table: len(set(map(str, table))) == len(table)),
    ),
    max_leaves=8,
)


def assert_same(one, other):
    assert type(one) is type(other)
    if isinstance(one, np.ndarray | np.generic) and one.dtype != object:
        assert one.dtype == other.dtype
        assert one.shape == other.shape
        assert one.tobytes() == other.tobytes()
    elif isinstance(one, dict):
        assert [(type(key), key) for key in one] == [(type(key), key) for key in other]
        for a, b in zip(one.values(), other.values(), strict=True):
            assert_same(a, b)
    elif isinstance(one, list | tuple | np.ndarray):
        for a, b in zip(one, other, strict=True):
            assert_same(a, b)
    elif isinstance(one, float):
        assert repr(one) == repr(other)
    else:
        assert one == other


@settings(max_examples=150)
@given(VALUES)
def test_values_come_back_to_the_bit(tmp_path_factory, value):
    path = tmp_path_factory.getbasetemp() / "value"
    back = there_and_back(LiblinearClassifier(class_weight=value), path)
    assert_same(value, back.class_weight)


def test_the_same_object_gives_the_same_bytes(fitted, tmp_path):
    estimator, _ = fitted["Seq2SeqAutoencoderEmbedder"]
    skaudeep.save(estimator, tmp_path / "one")
    skaudeep.save(pickle.loads(pickle.dumps(estimator)), tmp_path / "other")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_loading_does_not_start_tensorflow(tmp_path):
    skaudeep.save(make_pipeline(embedder(), KerasMLPClassifier()), tmp_path / "file")
    code = f"import sys, skaudeep; skaudeep.load({str(tmp_path / 'file')!r}); assert 'tensorflow' not in sys.modules"
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=120)


def test_names_that_are_trusted_exist_and_are_few():
    for name in _persistence._trusted():
        module, _, attribute = name.rpartition(".")
        thing = getattr(importlib.import_module(module), attribute)
        assert callable(thing)
        assert not module.startswith("skaudeep")


class Foreign(Storable):
    """A class of another package."""


def test_classes_of_ours_and_of_imported_modules_are_storable():
    """No module is imported because a file names it, but one of skaudeep's that does nothing then."""
    names = {
        "skaudeep.embedding._config.TimeConfig": True,
        f"{__name__}.Foreign": True,
        "skaudeep._files.atomic_path": False,
        "skaudeep.__main__.main": False,
        "skaudeep.cli.main": False,
        "skaudeep.nowhere.Nothing": False,
        "this.Storable": False,
        "pathlib.Path": False,
        "": False,
    }
    assert _persistence._storable(names) == {name for name, is_storable in names.items() if is_storable}
    assert "this" not in sys.modules


# --- versions ---


def test_files_of_another_version_warn_once(fitted, tmp_path, monkeypatch):
    estimator = make_pipeline(fitted["KerasMLPClassifier"][0], LiblinearClassifier())
    with monkeypatch.context() as patch:
        patch.setattr(_persistence, "__version__", "0.0.9")
        skaudeep.save(estimator, tmp_path / "file")
    with pytest.warns(VersionWarning, match="file' was written by skaudeep 0.0.9 and is read by") as record:
        back = skaudeep.load(tmp_path / "file")
    assert len(record) == 1
    assert record[0].filename == __file__
    assert set(vars(back[0])) == set(vars(estimator[0]))
    with pytest.raises(VersionWarning, match="0.0.9"):
        skaudeep.load(tmp_path / "file")


@pytest.mark.parametrize("name", PUBLIC)
def test_pickles_of_another_version_warn(fitted, name, monkeypatch):
    estimator, X = fitted[name]
    with monkeypatch.context() as patch:
        patch.setattr(_versions, "__version__", "0.0.9")
        data = pickle.dumps(estimator)
    with warnings.catch_warnings(record=True) as record:
        warnings.simplefilter("always")
        back = pickle.loads(data)
    assert {warning.category for warning in record} <= {VersionWarning, InconsistentVersionWarning}
    message = f"a {name} of skaudeep 0.0.9 is unpickled by skaudeep {skaudeep.__version__}, which"
    assert sum(str(warning.message).startswith(message) for warning in record) == 1
    assert set(vars(back)) == set(vars(estimator))
    np.testing.assert_array_equal(outcome(back, X), outcome(estimator, X), strict=True)


def test_pickles_without_a_version_warn():
    state = {name: value for name, value in LiblinearClassifier().__getstate__().items() if name != "_skaudeep_version"}
    with pytest.warns(VersionWarning, match="of unknown version"):
        LiblinearClassifier().__setstate__(state)


@pytest.fixture(scope="module")
def golden():
    """A pipeline that the first version of the format keeps, what it was given and what it gave."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", VersionWarning)
        warnings.simplefilter("ignore", InconsistentVersionWarning)
        pipeline = skaudeep.load(DATA / "pipeline-1.skaudeep")
    with np.load(DATA / "pipeline-1.npz") as file:
        return pipeline, dict(file)


def test_the_golden_file_of_format_1_gives_what_it_gave(golden):
    pipeline, expected = golden
    features = pipeline[:2].transform(expected["waveforms"])
    np.testing.assert_allclose(features, expected["features"], rtol=1e-4, atol=1e-6)
    scores = pipeline.decision_function(expected["waveforms"])
    np.testing.assert_allclose(scores, expected["scores"], rtol=1e-3, atol=1e-4)


def test_the_golden_file_of_format_1_can_be_trained_further(golden):
    pipeline, expected = golden
    pipeline = copy.deepcopy(pipeline)
    embedder = pipeline[1].transformer_list[0][1].partial_fit(pipeline[:1].transform(expected["waveforms"]))
    np.testing.assert_allclose(embedder.history_["loss"], expected["loss"], rtol=1e-4)
    features = pipeline[:2].transform(expected["waveforms"])
    np.testing.assert_allclose(features, expected["trained_features"], rtol=1e-4, atol=1e-6)
    assert not np.allclose(features, expected["features"], rtol=1e-4, atol=1e-6)
