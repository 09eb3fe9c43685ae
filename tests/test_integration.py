"""The whole job through plain scikit-learn: pipelines, fusion, searches, processes, pickles."""

import pickle
import subprocess
import sys

import joblib
import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold, cross_val_score
from sklearn.pipeline import FeatureUnion, Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import LinearSVC

from skaudeep import (
    AudioFeatureUnion,
    ChunkwiseTransformer,
    KerasMLPClassifier,
    LiblinearClassifier,
    MajorityVoteClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    make_fusion,
)
from skaudeep.datasets import drop_unlabelled, load_partitioned, load_table, make_dataset, make_sound_events, to_bunch

SPECTROGRAM = SpectrogramTransformer(fixed_length=1.0, n_mels=24, clip_below=-60)
EMBEDDER = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=2, batch_size=8, random_state=0)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    return make_sound_events(
        tmp_path_factory.mktemp("corpus") / "sounds", n_classes=3, n_per_class=6, n_takes=2, n_folds=3, random_state=0
    )


@pytest.fixture(scope="module")
def pipeline():
    return make_pipeline(clone(SPECTROGRAM), clone(EMBEDDER), StandardScaler(), LinearSVC(C=0.01))


@pytest.fixture(scope="module")
def fitted(pipeline, corpus):
    return clone(pipeline).fit(corpus.data, corpus.target)


def test_pipeline_from_files_to_labels(fitted, corpus):
    assert fitted.predict(corpus.data).shape == corpus.target.shape
    for X in (list(corpus.data), pd.Series(corpus.data)):
        np.testing.assert_array_equal(fitted.decision_function(X), fitted.decision_function(corpus.data))


def test_cross_validation_by_recording(pipeline, corpus):
    scores = cross_val_score(pipeline, corpus.data, corpus.target, cv=GroupKFold(3), groups=corpus.groups)
    assert scores.shape == (3,) and np.isfinite(scores).all()


def test_learning_finds_classes(corpus):
    features = make_pipeline(
        clone(SPECTROGRAM), clone(EMBEDDER).set_params(n_units=24, max_epochs=20, learning_rate=5e-3)
    ).fit_transform(corpus.data)
    scores = cross_val_score(make_pipeline(StandardScaler(), LinearSVC(C=0.1)), features, corpus.target, cv=corpus.cv)
    assert scores.mean() > 0.6  # chance is 0.33


def test_ragged_spectrograms(corpus):
    ragged = clone(SPECTROGRAM).set_params(fixed_length=None).fit_transform(corpus.data)
    assert ragged.dtype == object
    embedder = clone(EMBEDDER).fit(ragged)
    together = embedder.transform(ragged)
    np.testing.assert_allclose(embedder.transform(ragged[3:4]), together[3:4], atol=1e-6)


@pytest.mark.timeout(300)
def test_grid_search_in_processes_after_a_fit_in_the_parent(fitted, pipeline, corpus):
    assert "tensorflow" in sys.modules
    grid = {
        "seq2seqautoencoderembedder__n_units": [3, 4],
        "spectrogramtransformer__clip_below": [-60],
    }
    search = GridSearchCV(pipeline, grid, cv=2, n_jobs=2, error_score="raise").fit(corpus.data, corpus.target)
    alone = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(corpus.data, corpus.target)
    np.testing.assert_array_equal(search.cv_results_["mean_test_score"], alone.cv_results_["mean_test_score"])


class TestFusion:
    @pytest.fixture(scope="class")
    @classmethod
    def fusion(cls):
        return make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60], channels=["mean", "left"])

    def test_is_a_standard_union_with_readable_names(self, fusion, corpus):
        assert isinstance(fusion, FeatureUnion)
        assert [name for name, _ in fusion.transformer_list] == [
            "channels=mean,clip_below=-30",
            "channels=mean,clip_below=-60",
            "channels=left,clip_below=-30",
            "channels=left,clip_below=-60",
        ]
        table = clone(fusion).set_output(transform="pandas").fit_transform(corpus.data)
        assert table.shape == (18, 16)
        assert table.columns[4] == "channels=mean,clip_below=-60__seq2seqautoencoderembedder0"

    def test_equals_the_branches_one_by_one(self, fusion, corpus):
        together = clone(fusion).fit(corpus.data)
        alone = [clone(branch).fit(corpus.data) for _, branch in fusion.transformer_list]
        expected = np.hstack([branch.transform(corpus.data[:5]) for branch in alone])
        np.testing.assert_array_equal(together.transform(corpus.data[:5]), expected)
        # another size of batch may round differently
        np.testing.assert_allclose(clone(fusion).fit_transform(corpus.data)[:5], expected, atol=1e-6)

    def test_every_file_is_decoded_once(self, fusion, corpus, monkeypatch):
        from skaudeep import audio

        opened, read = [], audio.read_audio
        monkeypatch.setattr(
            audio, "read_audio", lambda path, **kwargs: (opened.append(str(path)), read(path, **kwargs))[1]
        )
        union = clone(fusion)
        union.fit(corpus.data)
        assert sorted(opened) == sorted(corpus.data)
        opened.clear()
        union.transform(corpus.data[:4])
        assert sorted(opened) == sorted(corpus.data[:4])

    def test_a_refit_on_other_rates_forgets_the_first(self, corpus, tmp_path):
        other = make_sound_events(
            tmp_path / "low", n_classes=2, n_per_class=2, n_takes=1, n_folds=2, sample_rate=8000, random_state=0
        )
        fusion = make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60]).fit(corpus.data)
        assert fusion.fit_transform(other.data).shape == (4, 8)

    def test_branches_of_another_kind_get_the_recordings(self, corpus):
        size = FunctionTransformer(lambda paths: np.array([[len(str(path))] for path in paths]))
        branches = make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60]).transformer_list
        union = AudioFeatureUnion([*branches, ("size", size)])
        features = union.fit_transform(corpus.data)
        assert features.shape == (18, 9)
        np.testing.assert_array_equal(features[:, 8], [len(path) for path in corpus.data])

    def test_in_processes(self, corpus):
        fusion = make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60])
        expected = clone(fusion).fit_transform(corpus.data)
        np.testing.assert_array_equal(fusion.set_params(n_jobs=2).fit_transform(corpus.data), expected)

    def test_parameters_of_branches(self, corpus):
        pipeline = Pipeline(
            [("fusion", make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60])), ("svm", LinearSVC())]
        )
        grid = {"fusion__clip_below=-30__embedder__n_units": [2, 3]}
        search = GridSearchCV(pipeline, grid, cv=2, error_score="raise").fit(corpus.data, corpus.target)
        n_units = search.best_params_["fusion__clip_below=-30__embedder__n_units"]
        assert search.best_estimator_["fusion"].transform(corpus.data).shape == (18, n_units + 4)

    @pytest.mark.parametrize(
        ("varied", "message"),
        [
            ({}, "none was given"),
            ({"clip": [1]}, "clip is not a parameter"),
            ({"clip_below": -30}, "give a list"),
            ({"channels": "mean"}, "give a list"),
        ],
    )
    def test_wrong_parameters(self, varied, message):
        with pytest.raises(ValueError, match=message):
            make_fusion(SPECTROGRAM, EMBEDDER, **varied)


class TestChunks:
    def test_embedding_and_voting_per_chunk(self, corpus):
        chunks = clone(SPECTROGRAM).set_params(fixed_length=1.2, chunk_length=0.4).fit_transform(corpus.data)
        assert chunks.ndim == 4
        embedded = ChunkwiseTransformer(clone(EMBEDDER)).fit_transform(chunks)
        assert embedded.shape == (18, chunks.shape[1] * 4)
        voting = make_pipeline(
            ChunkwiseTransformer(clone(EMBEDDER), pooling=None),
            ChunkwiseTransformer(StandardScaler(), pooling=None),
            MajorityVoteClassifier(LiblinearClassifier()),
        )
        assert voting.fit(chunks, corpus.target).predict(chunks).shape == (18,)


class TestProcesses:
    def test_a_pickle_opens_in_a_fresh_process_without_tensorflow(self, fitted, corpus, tmp_path):
        paths = tmp_path / "pipeline.joblib", tmp_path / "pipeline.pickle", tmp_path / "expected.npy"
        joblib.dump(fitted, paths[0])
        paths[1].write_bytes(pickle.dumps(fitted))
        np.save(paths[2], fitted.decision_function(corpus.data))
        code = f"""
import pickle, sys, joblib, numpy as np
for pipeline in (joblib.load({str(paths[0])!r}), pickle.load(open({str(paths[1])!r}, "rb"))):
    assert "tensorflow" not in sys.modules and "keras" not in sys.modules
expected = np.load({str(paths[2])!r})
assert (pipeline.decision_function({list(map(str, corpus.data))!r}) == expected).all()
assert "tensorflow" in sys.modules
"""
        subprocess.run([sys.executable, "-c", code], check=True, timeout=200)

    def test_bit_equal_in_a_fresh_process(self, fitted, tmp_path):
        code = """
import numpy as np, sys
from skaudeep import Seq2SeqAutoencoderEmbedder
X = np.random.default_rng(0).uniform(-1, 1, (9, 5, 3))
embedder = Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=16, max_epochs=3, batch_size=4, random_state=0)
np.save(sys.argv[1], embedder.fit_transform(X))
"""
        subprocess.run([sys.executable, "-c", code, str(tmp_path / "z.npy")], check=True, timeout=200)
        X = np.random.default_rng(0).uniform(-1, 1, (9, 5, 3))
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=2, n_units=16, max_epochs=3, batch_size=4, random_state=0)
        np.testing.assert_array_equal(embedder.fit_transform(X), np.load(tmp_path / "z.npy"))

    def test_memory_does_not_grow_with_the_number_of_fits(self):
        code = """
import resource
import numpy as np
from skaudeep import KerasMLPClassifier, Seq2SeqAutoencoderEmbedder
X = np.random.default_rng(0).uniform(-1, 1, (8, 5, 3))
def fit(seed):
    embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=4, max_epochs=1, random_state=seed)
    Z = embedder.fit_transform(X[:, : 3 + seed % 3])
    KerasMLPClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=seed).fit(Z, [0, 1] * 4).predict(Z)
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for seed in range(5):
    before = fit(seed)
for seed in range(30):
    after = fit(seed)
assert after - before < 15, (before, after)
"""
        subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_frozen(fitted, corpus):
    embedder = FrozenEstimator(fitted[:2])
    pipeline = make_pipeline(embedder, StandardScaler(), KerasMLPClassifier(max_epochs=5, random_state=0))
    weights = fitted[1].weights_
    pipeline.fit(corpus.data[:12], corpus.target[:12])
    assert pipeline[0].estimator[1].weights_ is weights
    np.testing.assert_array_equal(pipeline[0].transform(corpus.data), fitted[:2].transform(corpus.data))


def test_pandas_output(pipeline, corpus):
    features = clone(pipeline[:2]).set_output(transform="pandas").fit_transform(corpus.data)
    assert isinstance(features, pd.DataFrame) and features.shape == (18, 4)
    with sklearn.config_context(transform_output="pandas"):
        table = clone(pipeline[:3]).fit_transform(corpus.data)
    assert list(table.columns) == [f"seq2seqautoencoderembedder{i}" for i in range(4)]


def test_metadata_routing(corpus):
    import keras

    epochs = []
    callback = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: epochs.append(epoch))
    with sklearn.config_context(enable_metadata_routing=True):
        embedder = clone(EMBEDDER).set_fit_request(callbacks=True)
        make_pipeline(clone(SPECTROGRAM), embedder).fit(corpus.data, callbacks=[callback])
    assert epochs == [0, 1]


def test_files_that_cannot_be_read_keep_their_rows(corpus, tmp_path):
    (tmp_path / "text.wav").write_text("This is no audio.")
    paths = [*corpus.data[:3], str(tmp_path / "text.wav"), *corpus.data[3:6]]
    transformer = clone(SPECTROGRAM).set_params(on_error="skip")
    spectrograms = transformer.fit_transform(paths)
    assert len(spectrograms) == 7 and list(transformer.errors_["row"]) == [3]
    with pytest.raises(ValueError, match=r"rows 3\).*errors_"):
        clone(EMBEDDER).fit(spectrograms)
    good = np.delete(np.arange(7), transformer.errors_["row"])
    assert clone(EMBEDDER).fit_transform(spectrograms[good]).shape == (6, 4)


def partly_labelled(folder, kind):
    """Twelve recordings, four of them without a label, as a loader gives them."""
    names = [f"{number}.wav" for number in range(12)]
    folders = {"train": ("rain", "dog"), "devel": ("rain", "dog"), "test": ("",)}
    if kind == "partitions":
        for part, classes in folders.items():
            for label in classes:
                (folder / part / label).mkdir(parents=True, exist_ok=True)
                for name in names[: 4 // len(classes)]:
                    (folder / part / label / name).touch()
        return load_partitioned(folder)
    for name in names:
        (folder / name).touch()
    lines = [f"{name},{('rain', 'dog', '')[number % 3]},{number % 2}" for number, name in enumerate(names)]
    (folder / "table.csv").write_text("\n".join(["path,label,fold", *lines]))
    corpus = load_table(folder / "table.csv")
    if kind == "table":
        return corpus
    return to_bunch(make_dataset(np.zeros((12, 3)), **corpus.metadata))


CLASSIFIERS = [
    LinearSVC(),
    LogisticRegression(),
    RandomForestClassifier(2),
    LiblinearClassifier(),
    KerasMLPClassifier(max_epochs=1),
    MajorityVoteClassifier(LinearSVC()),
]


@pytest.mark.parametrize("kind", ["table", "partitions", "data set"])
@pytest.mark.parametrize("classifier", CLASSIFIERS, ids=lambda classifier: type(classifier).__name__)
def test_no_classifier_learns_recordings_without_a_label(tmp_path, rng, kind, classifier):
    corpus = partly_labelled(tmp_path, kind)
    X, labelled = rng.standard_normal((12, 3)), ~np.isnan(corpus.target)
    assert labelled.sum() == 8
    with pytest.raises(ValueError, match="y contains NaN"):
        clone(classifier).fit(X, corpus.target)
    y = corpus.target[labelled].astype(int)
    fitted = clone(classifier).fit(X[labelled], y)
    assert corpus.target_names[fitted.classes_].tolist() == ["dog", "rain"]
    assert np.isfinite(cross_val_score(classifier, X, corpus.target, cv=corpus.cv)).all()


@pytest.mark.parametrize("kind", ["table", "partitions"])
def test_a_search_over_the_labelled_recordings(tmp_path, rng, kind):
    corpus = drop_unlabelled(partly_labelled(tmp_path, kind))
    search = GridSearchCV(LiblinearClassifier(), {"C": [0.1, 1]}, cv=corpus.cv)
    search.fit(rng.standard_normal((8, 3)), corpus.target)
    assert corpus.target_names[search.classes_].tolist() == ["dog", "rain"]
