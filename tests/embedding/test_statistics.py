"""Formulas of statistics over time: NumPy and TensorFlow compute them alike."""

import subprocess
import sys

import numpy as np
import pytest

from skaudeep.embedding._statistics import FORMULAS


@pytest.mark.parametrize("name", FORMULAS)
def test_numpy_and_tensorflow_agree(rng, name):
    import tensorflow as tf

    from skaudeep.embedding.networks._encoder import OPERATIONS

    x = rng.normal(size=(7, 4, 3))
    real = (np.arange(7)[:, None] < [7, 1, 4, 2]).astype(np.float64)[:, :, None]
    tensors = FORMULAS[name](OPERATIONS, tf.constant(x, tf.float32), tf.constant(real, tf.float32))
    np.testing.assert_allclose(FORMULAS[name](np, x, real), tensors, atol=1e-6)


def test_pooling_does_without_tensorflow():
    program = """
import sys
from skaudeep import StatisticsPooling
StatisticsPooling().fit_transform([[[1.0], [2.0]], [[3.0]]])
sys.exit("tensorflow" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
