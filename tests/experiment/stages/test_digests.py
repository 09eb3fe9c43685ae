"""Digests: the same for equal values, others for others."""

import subprocess
import sys

import numpy as np
import pandas as pd

from skaudeep.datasets import make_bunch
from skaudeep.experiment.stages import digest, digest_corpus


def test_digests_are_the_same_for_equal_values_in_every_process():
    value = {"b": (1, 2.0, None, "x"), "a": {"c": [True, -60]}}
    assert digest(value) == digest({"a": {"c": (True, -60.0)}, "b": [1.0, 2, None, "x"]})
    code = f"from skaudeep.experiment.stages import digest; print(digest({value!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True)
    assert done.stdout.strip() == digest(value)
    others = [{"b": (1, 2.5, None, "x"), "a": {"c": [True, -60]}}, {"a": {"c": [True, -60]}}, [], None, {}]
    assert len({digest(other) for other in [value, *others]}) == 6


def test_digest_of_segments(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).touch()

    def corpus(starts, target=(0, 1)):
        files = pd.DataFrame({"file": [str(tmp_path / "a.wav")] * 2, "start": starts, "end": [9.0, np.nan]})
        return make_bunch(files, ["a1", "a2"], target=list(target), target_names=["x", "y"])

    digests = [digest_corpus(c) for c in (corpus([0.0, 1.0]), corpus([0.0, 2.0]), corpus([0.0, 1.0], (1, 0)))]
    assert len(set(digests)) == 3
    assert digests[0] == digest_corpus(corpus([0.0, 1.0]))
