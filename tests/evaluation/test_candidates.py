"""Which controls a comparison gets, without fitting anything."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.feature_selection import VarianceThreshold
from sklearn.frozen import FrozenEstimator
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skaudeep import (
    ChunkwiseTransformer,
    FrequencyAutoencoderEmbedder,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
    make_fusion,
)
from skaudeep.evaluation._candidates import line_up, same

EMBEDDER = Seq2SeqAutoencoderEmbedder(n_units=4, random_state=7)
SPECTROGRAM = SpectrogramTransformer(n_mels=8)


def transformers(embedders):
    return {entrant.name: entrant.transformer for entrant in line_up(embedders)[0]}


def test_an_embedder_has_three_controls():
    entrants, controls = line_up({"mine": EMBEDDER})
    names = ["mine", "mine, untrained", "statistics", "majority"]
    assert [entrant.name for entrant in entrants] == names
    assert [entrant.is_control for entrant in entrants] == [False, True, True, True]
    assert controls == {"mine": tuple(names[1:])}
    untrained = entrants[1].transformer
    assert untrained.get_params() == EMBEDDER.get_params() | {"max_epochs": 0}
    assert isinstance(entrants[2].transformer, StatisticsPooling)


def test_equal_controls_are_there_once():
    other = clone(EMBEDDER).set_params(max_epochs=3, random_state=8)
    entrants, controls = line_up({"a": EMBEDDER, "b": other, "c": clone(EMBEDDER).set_params(n_units=5)})
    names = [entrant.name for entrant in entrants]
    assert names == ["a", "a, untrained", "b", "c", "c, untrained", "statistics", "majority"]
    assert controls["b"] == controls["a"] == ("a, untrained", "statistics", "majority")


def test_candidates_that_are_controls_of_others():
    given = {"a": EMBEDDER, "start": clone(EMBEDDER).set_params(max_epochs=0), "mel": StatisticsPooling()}
    entrants, controls = line_up(given)
    assert [entrant.name for entrant in entrants] == ["a", "start", "mel", "majority"]
    assert controls == {"a": ("start", "mel", "majority")}
    # alone they are candidates
    assert line_up({"start": given["start"]})[1] == {"start": ("statistics", "majority")}
    assert line_up({"mel": given["mel"]})[1] == {"mel": ("majority",)}


def test_statistics_of_each_front():
    found = transformers(
        {
            "a": make_pipeline(SPECTROGRAM, EMBEDDER, PCA(2)),
            "b": make_pipeline(clone(SPECTROGRAM).set_params(n_mels=9), EMBEDDER),
            "frames": make_pipeline(SPECTROGRAM, FrequencyAutoencoderEmbedder(), StatisticsPooling()),
            "both": FeatureUnion([("x", make_pipeline(SPECTROGRAM, EMBEDDER)), ("y", make_pipeline("passthrough"))]),
        }
    )
    fronts = [name for name in found if name.endswith("statistics")]
    assert fronts == ["a, statistics", "b, statistics", "both, statistics"]
    first, second = (found[name].steps for name in fronts[:2])
    assert [type(step) for _, step in first] == [SpectrogramTransformer, StatisticsPooling]
    assert (first[0][1].n_mels, second[0][1].n_mels) == (8, 9)
    assert [name for name, _ in found["both, statistics"].transformer_list] == ["x", "y"]
    untrained = found["frames, untrained"]
    assert [type(step) for _, step in untrained.steps][1:] == [FrequencyAutoencoderEmbedder, StatisticsPooling]
    assert untrained[1].max_epochs == 0


def test_fusions_and_chunks():
    found = transformers(
        {
            "fusion": make_fusion(SPECTROGRAM, EMBEDDER, clip_below=[-30, -60]),
            "chunks": ChunkwiseTransformer(EMBEDDER, pooling="mean"),
            "two": FeatureUnion([("a", EMBEDDER), ("b", FrequencyAutoencoderEmbedder())], transformer_weights={"a": 2}),
        }
    )
    branches = [branch for _, branch in found["fusion, untrained"].transformer_list]
    assert [branch["embedder"].max_epochs for branch in branches] == [0, 0]
    statistics = [branch for _, branch in found["fusion, statistics"].transformer_list]
    assert [branch[0].clip_below for branch in statistics] == [-30, -60]
    assert isinstance(found["chunks, statistics"].transformer, StatisticsPooling)
    assert found["chunks, statistics"].pooling == "mean"
    # both branches have the same front, which counts once
    assert isinstance(found["two, statistics"], StatisticsPooling)


def test_frozen_embedders_get_controls_that_are_not():
    frozen = FrozenEstimator(make_pipeline(VarianceThreshold(), EMBEDDER))
    found = transformers({"frozen": make_pipeline(SPECTROGRAM, frozen)})
    assert found["frozen, untrained"][1][1].max_epochs == 0
    statistics = found["statistics"]
    assert [type(step) for _, step in statistics[1].steps] == [VarianceThreshold, StatisticsPooling]
    assert same(frozen, frozen) and not same(frozen, FrozenEstimator(frozen.estimator))


def test_names_of_a_list():
    embedders = [EMBEDDER, make_pipeline(SPECTROGRAM, EMBEDDER), PCA(2), make_pipeline(SPECTROGRAM, EMBEDDER)]
    names = [name for name in transformers(embedders) if not name.endswith(("untrained", "statistics"))]
    own = "Seq2SeqAutoencoderEmbedder"
    assert names == [own, f"{own} 2", "PCA", f"{own} 3", "majority"]


def test_what_is_the_same():
    assert same(FunctionTransformer(np.mean), FunctionTransformer(np.mean))
    assert not same(FunctionTransformer(np.mean), FunctionTransformer(np.max))
    assert not same(PCA(2), PCA(3)) and not same(PCA(2), StatisticsPooling())
    assert same(FunctionTransformer(kw_args={"a": np.ones(2)}), FunctionTransformer(kw_args={"a": np.ones(2)}))
    assert not same(FunctionTransformer(kw_args={"a": [1, 2]}), FunctionTransformer(kw_args={"a": [1]}))


@pytest.mark.parametrize(
    ("embedders", "error", "message"),
    [
        ({}, ValueError, r"embedders=\{\}: there is nothing to compare"),
        ([], ValueError, "there is nothing to compare"),
        ({"x": object()}, TypeError, r"embedders\['x'\]=.* is no transformer"),
        ([PCA], TypeError, r"embedders\[0\]=.*an instance, not a class"),
        ({1: PCA()}, TypeError, "embedders has the key 1"),
        ({"majority": PCA()}, ValueError, "'majority' is the name of a control"),
        ({"statistics": EMBEDDER}, ValueError, "'statistics' is the name of a control"),
    ],
)
def test_what_cannot_be_compared(embedders, error, message):
    with pytest.raises(error, match=message):
        line_up(embedders)
