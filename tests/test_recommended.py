"""The recommended way from recordings to features: what it is made of, and that it is one estimator."""

import numpy as np
import pytest
import soundfile
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep import (
    ContrastiveEmbedder,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
    load,
    make_embedding,
    save,
)
from skaudeep._recommended import SPECTROGRAMS

TINY = {"conv_channels": (2,), "conv_strides": (2, 2), "projection_dim": 3, "n_units": 2, "max_epochs": 1}


@pytest.fixture(scope="module")
def paths(tmp_path_factory):
    """Recordings of unequal length."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("sounds")
    names = []
    for number, n_samples in enumerate((8000, 9000, 12000, 8500)):
        names.append(str(folder / f"{number}.wav"))
        tone = np.sin(np.arange(n_samples) * (0.1 + 0.2 * (number % 2)))
        soundfile.write(names[-1], 0.1 * tone + rng.normal(0, 0.01, n_samples), 16000)
    return names


def make(sounds="speech", **parameters):
    embedding = make_embedding(sounds, random_state=0, **TINY | parameters)
    return embedding.set_params(features__random__n_units=3)


@pytest.mark.parametrize("sounds", SPECTROGRAMS)
def test_it_has_the_settings_of_the_table_and_parameters_that_are_given(sounds):
    embedding = make_embedding(sounds, random_state=3, n_jobs=2, verbose=1, max_epochs=5, noise=0.2)
    spectrogram, union = embedding["spectrogram"], embedding["features"].named_transformers
    assert spectrogram.get_params() == SpectrogramTransformer(**SPECTROGRAMS[sounds], n_jobs=2, verbose=1).get_params()
    assert spectrogram.fixed_length is None
    assert [type(member) for member in union.values()] == [
        ContrastiveEmbedder,
        Seq2SeqAutoencoderEmbedder,
        StatisticsPooling,
    ]
    contrastive, random, _ = union.values()
    assert (contrastive.max_epochs, contrastive.noise, contrastive.random_state, contrastive.verbose) == (5, 0.2, 3, 1)
    assert (random.max_epochs, random.output, random.random_state) == (0, "states", 3)


def test_features_are_those_of_its_parts_side_by_side(paths):
    embedding = make().fit(paths)
    spectrograms = embedding["spectrogram"].transform(paths)
    parts = [member.transform(spectrograms) for member in embedding["features"].named_transformers.values()]
    np.testing.assert_array_equal(embedding.transform(paths), np.hstack(parts))
    again = make().fit(paths)
    np.testing.assert_array_equal(again.transform(paths), np.hstack(parts))


def test_one_that_is_not_trained_differs_in_what_is_learned_alone(paths):
    trained, control = make().fit(paths), make(trained=False).fit(paths)
    assert (trained["features"]["contrastive"].n_iter_, control["features"]["contrastive"].n_iter_) == (1, 0)
    n_learned = len(trained["features"]["contrastive"].get_feature_names_out())
    one, other = trained.transform(paths), control.transform(paths)
    assert not np.allclose(one[:, :n_learned], other[:, :n_learned])
    np.testing.assert_array_equal(one[:, n_learned:], other[:, n_learned:])


def test_it_is_saved_and_part_of_a_pipeline(paths, tmp_path):
    pipeline = make_pipeline(make(), StandardScaler(), LinearSVC())
    labels = [0, 1, 0, 1]
    fitted = clone(pipeline).fit(paths, labels)
    assert fitted.predict(paths).tolist() == labels
    save(fitted[0], tmp_path / "e.skaudeep")
    again = load(tmp_path / "e.skaudeep")
    np.testing.assert_array_equal(again.transform(paths), fitted[0].transform(paths))
    assert len(again.get_feature_names_out()) == again.transform(paths[:1]).shape[1]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [({"sounds": "music"}, "'sounds' parameter"), ({"n_unit": 3}, "n_unit"), ({"trained": 2}, "'trained' parameter")],
)
def test_wrong_parameters(wrong, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make_embedding(**wrong)
