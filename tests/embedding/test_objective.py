"""A new objective in one file outside of the package: masked prediction of frames."""

import dataclasses
import pickle

import numpy as np
from sklearn.utils.estimator_checks import parametrize_with_checks

from skaudeep.embedding import BaseEmbedder, EncoderConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class MaskedConfig(EncoderConfig):
    @property
    def denses(self):
        return super().denses | {"prediction": (self.n_outputs, self.n_features)}


def build(config):
    import tensorflow as tf

    from skaudeep.embedding.networks import EncoderNetwork

    class MaskedNetwork(EncoderNetwork):
        def objective(self, x, mask, noise=None):
            hidden = tf.ones_like(x[:, :, :1])
            if noise is not None:
                hidden = tf.cast(noise.uniform(tf.shape(hidden)) < 0.5, tf.float32)
            _, last, _ = self.encode_steps(x * (1 - hidden), mask, noise)
            weight = hidden if mask is None else hidden * mask
            errors = tf.abs(self.dense("prediction", last) - x) * weight
            return {"loss": tf.reduce_sum(errors) / (tf.reduce_sum(weight) + 1), "hidden": tf.reduce_mean(hidden)}

    return MaskedNetwork(config)


class MaskedEmbedder(BaseEmbedder):
    _config_class = MaskedConfig
    _build_network = staticmethod(build)


PARAMETERS = {"n_units": 4, "embedding_dim": 2, "max_epochs": 3, "learning_rate": 0.02, "random_state": 0}


def test_it_trains_and_goes_through_files(tmp_path):
    X = np.random.default_rng(0).uniform(-1, 1, (10, 6, 3)).astype(np.float32)
    embedder = MaskedEmbedder(checkpoint_dir=tmp_path, **PARAMETERS).fit(X)
    assert embedder.history_["loss"][-1] < embedder.history_["loss"][0] and len(embedder.history_["hidden"]) == 3
    again = MaskedEmbedder(checkpoint_dir=tmp_path, **PARAMETERS | {"max_epochs": 5}).fit(X)
    assert again.history_["loss"][:3] == embedder.history_["loss"]
    embedder.save(tmp_path / "masked.skaudeep")
    for copy in (pickle.loads(pickle.dumps(embedder)), MaskedEmbedder.load(tmp_path / "masked.skaudeep")):
        np.testing.assert_array_equal(copy.transform(X), embedder.transform(X))
        assert copy.partial_fit(X).loss_ == again.history_["loss"][3]


@parametrize_with_checks([MaskedEmbedder(**PARAMETERS)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)
