"""Groups of weights, weight decay and learning rates, on a network whose gradients are known."""

import dataclasses

import numpy as np
import pytest

from skaudeep.embedding import BaseEmbedder, EncoderConfig

X = np.random.default_rng(0).uniform(-1, 1, (6, 5, 3)).astype(np.float32)


@dataclasses.dataclass(frozen=True, kw_only=True)
class PairConfig(EncoderConfig):
    grouped: bool = True

    @property
    def denses(self):
        return super().denses | {"own": (2, 3), "other": (2, 3), "unused": (2, 2)}


def build(config):
    from skaudeep.embedding.networks import EncoderNetwork

    class Pair(EncoderNetwork):
        groups = {"critic": ("other.",)} if config.grouped else {}

        def objective(self, x, mask, noise=None):
            import tensorflow as tf

            loss = tf.reduce_sum(self.parameters["own.kernel"] * 3) + tf.reduce_sum(self.parameters["other.kernel"])
            losses = {"loss": loss, "loss_critic": -2 * loss}
            if noise is not None:
                losses["first row"] = tf.cast(tf.reduce_min(noise.rows), tf.float32)
            return losses

    return Pair(config)


class Embedder(BaseEmbedder):
    """Learns to lower or raise its weights."""

    _config_class = PairConfig
    _build_network = staticmethod(build)

    def __init__(
        self, *, grouped=True, max_epochs=1, learning_rate=0.1, weight_decay=0.0, learning_rate_schedule="constant"
    ):
        super().__init__(
            n_units=2,
            embedding_dim=2,
            random_state=0,
            batch_size=3,
            max_epochs=max_epochs,
            learning_rate=learning_rate,
            weight_decay=weight_decay,
            learning_rate_schedule=learning_rate_schedule,
        )
        self.grouped = grouped


def change(**parameters):
    """What training has added to each weight."""
    before = Embedder(**parameters | {"max_epochs": 0}).fit(X).weights_
    embedder = Embedder(**parameters).fit(X)
    return {name: embedder.weights_[name] - weight for name, weight in before.items()}, before, embedder


@pytest.mark.parametrize(("grouped", "sign"), [(True, 1), (False, -1)])
def test_a_group_minimises_its_own_loss(grouped, sign):
    """Adam's first steps, of constant gradients, are of the size of the learning rate."""
    changes, _, embedder = change(grouped=grouped)
    np.testing.assert_allclose(changes["own.kernel"], -0.2, rtol=1e-5)
    np.testing.assert_allclose(changes["other.kernel"], sign * 0.2, rtol=1e-5)
    assert not changes["unused.kernel"].any() and not changes["representation.kernel"].any()
    assert embedder.history_.keys() == {"loss", "loss_critic", "first row"}
    assert {name.startswith("critic/") for name in embedder._training_state.optimizer} == {False, grouped}


def test_a_group_goes_on_with_its_optimizer():
    at_once, in_two = Embedder(max_epochs=2).fit(X), Embedder(max_epochs=1).fit(X).partial_fit(X)
    for name, weight in at_once.weights_.items():
        np.testing.assert_array_equal(in_two.weights_[name], weight)


def test_weight_decay_shrinks_kernels_that_have_a_gradient():
    changes, before, _ = change(weight_decay=0.5)
    shrunk = (before["own.kernel"] * 0.95 - 0.1) * 0.95 - 0.1
    np.testing.assert_allclose(changes["own.kernel"], shrunk - before["own.kernel"], rtol=1e-4)
    assert not changes["unused.kernel"].any() and not changes["encoder.forward.0.recurrent_kernel"].any()


def test_a_schedule_sets_the_rate_of_every_step():
    changes, _, _ = change(learning_rate_schedule="cosine", max_epochs=2)
    expected = sum(0.05 * (1 + np.cos(np.pi * step / 4)) for step in range(4))
    np.testing.assert_allclose(changes["own.kernel"], -expected, rtol=1e-4)
