"""The dense network of the MLP estimators."""

import keras
import numpy as np
import tensorflow as tf

from skaudeep._engine import NetworkMixin

FEATURES = tf.TensorSpec([None, None], tf.float32)


class DenseNetwork(NetworkMixin, keras.Model):
    """Dense layers with ReLU and dropout, then softmax cross-entropy or mean squared error."""

    def __init__(self, config):
        super().__init__(name="dense_network", dtype="float32")
        self.config = config
        self.add_parameters(
            {
                f"{layer}.{name}": shape
                for layer, (n, m) in enumerate(config.layer_shapes)
                for name, shape in (("kernel", (n, m)), ("bias", (m,)))
            }
        )
        self.target = tf.TensorSpec([None], tf.int32) if config.classify else FEATURES

    def initial_weights(self, seed):
        """Draw Glorot kernels and zero biases, ``{name: ndarray}``."""
        random, weights = np.random.RandomState(seed), {}
        for layer, shape in enumerate(self.config.layer_shapes):
            kernel_seed = int(random.randint(np.iinfo(np.int32).max))
            weights[f"{layer}.kernel"] = np.array(keras.initializers.GlorotUniform(seed=kernel_seed)(shape, "float32"))
            weights[f"{layer}.bias"] = np.zeros(shape[1], np.float32)
        return weights

    def train_batch(self, x, y, rate, seed):
        """Update the weights once; gives the losses of the batch before it."""
        signature = (FEATURES, self.target, tf.TensorSpec([], tf.float32), tf.TensorSpec([2], tf.int32))
        return self.call_traced("train", self._train_batch, signature, x, y, rate, seed)

    def evaluate_batch(self, x, y):
        """Losses without dropout."""
        return self.call_traced("evaluate", self._batch_losses, (FEATURES, self.target), x, y)

    def _train_batch(self, x, y, rate, seed):
        losses, gradients = self.gradients(self._batch_losses, x, y, rate, seed)
        self.update(gradients)
        return losses

    def _batch_losses(self, x, y, rate=None, seed=None):
        x = tf.ensure_shape(x, [None, self.config.n_features])
        n_hidden = len(self.config.layer_shapes) - 1
        for layer in range(n_hidden + 1):
            x = x @ self.parameters[f"{layer}.kernel"].value + self.parameters[f"{layer}.bias"].value
            if layer == n_hidden:
                break
            x = tf.nn.relu(x)
            if rate is not None and self.config.dropout:
                layer_seed = tf.random.experimental.stateless_fold_in(seed, layer, alg="philox")
                uniform = tf.random.stateless_uniform(tf.shape(x), layer_seed, alg="philox")
                x = x * tf.cast(uniform >= rate, tf.float32) / (1 - rate)
        if self.config.classify:
            return {"loss": tf.reduce_mean(tf.nn.sparse_softmax_cross_entropy_with_logits(labels=y, logits=x))}
        return {"loss": tf.reduce_mean(tf.square(x - y))}
