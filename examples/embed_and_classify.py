"""Learned features, and the two controls that a claim about learning needs.

The same folds and the same classifier for the features of a trained autoencoder, those of the same network untrained,
and plain statistics of the log-mel spectrogram.
"""

import tempfile

from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from skaudeep import LiblinearClassifier, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer
from skaudeep.datasets import make_sound_events
from skaudeep.evaluation import sequence_statistics

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_classes=12, n_per_class=15, random_state=0)
    spectrograms = SpectrogramTransformer(n_mels=64, fixed_length=2, clip_below=-60).fit_transform(sounds.data)

embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=64, batch_size=16, max_epochs=20, random_state=0)
representations = {
    "trained, bottleneck": embedder,
    "untrained, bottleneck": Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=64, max_epochs=0, random_state=0),
    "log-mel statistics": FunctionTransformer(sequence_statistics),
}
for name, representation in representations.items():
    # all of it is fitted in each fold: nothing has seen a recording that it is tested on
    pipeline = make_pipeline(representation, StandardScaler(), LiblinearClassifier(C=0.1))
    scores = cross_val_score(pipeline, spectrograms, sounds.target, cv=sounds.cv)
    print(f"{name:<22} accuracy {scores.mean():.3f} +/- {scores.std():.3f} over {len(scores)} folds")
