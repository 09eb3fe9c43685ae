"""Write the golden file of `skaudeep.save`: ``python tests/data/make_golden.py``, once for each number of the format.

``pipeline-1.skaudeep`` is a fitted pipeline in format 1, ``pipeline-1.npz`` what it was given and what it gave.
"""

from pathlib import Path

import numpy as np
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import StandardScaler

import skaudeep
from skaudeep._persistence import FORMAT


def make_features():
    """Features of all three embedders, so that the names of all their parts are in the file."""
    common = {"max_epochs": 3, "random_state": 0}
    windows = {"window_width": 3, "window_overlap": 1}
    frames = skaudeep.FrequencyAutoencoderEmbedder(n_layers=1, n_units=2, **windows, **common)
    return make_union(
        skaudeep.Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, **common),
        skaudeep.FrequencyTimeAutoencoderEmbedder(frequency_n_units=2, time_n_units=2, **windows, **common),
        make_pipeline(frames, skaudeep.StatisticsPooling()),
    )


def make_golden(folder):
    """Fit, save, and go on training."""
    rng = np.random.default_rng(0)
    labels = np.array(["high", "low"] * 4)
    pitches = np.where(labels == "high", 400, 100)[:, None] * np.arange(400) / 2000
    waveforms = (np.sin(2 * np.pi * pitches) + 0.1 * rng.standard_normal((8, 400))).astype(np.float32)
    pipeline = make_pipeline(
        skaudeep.SpectrogramTransformer(
            sample_rate=2000, window_width=0.04, window_overlap=0.02, n_mels=5, clip_below=-60
        ),
        make_features(),
        StandardScaler(),
        skaudeep.LiblinearClassifier(),
    ).fit(waveforms, labels)
    skaudeep.save(pipeline, folder / f"pipeline-{FORMAT}.skaudeep")
    before = {"features": pipeline[:2].transform(waveforms), "scores": pipeline.decision_function(waveforms)}
    embedder = pipeline[1].transformer_list[0][1].partial_fit(pipeline[:1].transform(waveforms))
    np.savez_compressed(
        folder / f"pipeline-{FORMAT}.npz",
        waveforms=waveforms,
        **before,
        trained_features=pipeline[:2].transform(waveforms),
        loss=embedder.history_["loss"],
    )


if __name__ == "__main__":
    make_golden(Path(__file__).parent)
