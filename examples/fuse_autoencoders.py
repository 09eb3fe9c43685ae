"""Features of all three autoencoders side by side, through `cross_val_score`, on ESC-10 if you have it.

    python examples/fuse_autoencoders.py [ESC-10]

One network is recurrent in time, one in frequency and then in time, and one in frequency alone, whose features of
single frames are pooled. A FeatureUnion joins them, and each fold trains all of them anew, on its training part.
Without the folder of a corpus there are synthetic sounds. The networks are small and trained for a few epochs: this
shows how, not how well.
"""

import contextlib
import sys
import tempfile

from sklearn.model_selection import cross_val_score
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import (
    FrequencyAutoencoderEmbedder,
    FrequencyTimeAutoencoderEmbedder,
    LiblinearClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
)
from skaudeep.datasets import load_corpus, make_sound_events

common = {"max_epochs": 8, "dropout": 0.1, "learning_rate": 5e-3, "batch_size": 32, "random_state": 0}
windows = {"window_width": 16, "window_overlap": 8}
frequency = FrequencyAutoencoderEmbedder(n_layers=1, n_units=16, **windows, **common)
branches = {
    "t-rae": Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=64, **common),
    "ft-rae": FrequencyTimeAutoencoderEmbedder(
        frequency_n_units=16, time_n_layers=1, time_n_units=64, **windows, **common
    ),
    "f-rae, pooled": make_pipeline(frequency, StatisticsPooling()),
}

with contextlib.ExitStack() as stack:
    if len(sys.argv) > 1:
        sounds = load_corpus(sys.argv[1])
    else:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        sounds = make_sound_events(folder, n_classes=6, n_per_class=12, n_folds=2, random_state=0)
    # a spectrogram depends on its recording alone, so that these may be made before the folds
    X = SpectrogramTransformer(n_mels=64, clip_below=-60, n_jobs=2).fit_transform(sounds.data)

for name, features in {**branches, "all, fused": FeatureUnion(list(branches.items()))}.items():
    pipeline = make_pipeline(features, StandardScaler(), LiblinearClassifier(C=0.01))
    scores = cross_val_score(pipeline, X, sounds.target, cv=sounds.cv)
    print(f"{name:<14} accuracy {scores.mean():.3f} +/- {scores.std():.3f}")
