"""Long recordings as chunks: pool the features of the chunks, or let the chunks vote.

A row stays a recording throughout, with one label, in one fold, whatever the number of its chunks.
"""

import tempfile

from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import (
    ChunkwiseTransformer,
    LiblinearClassifier,
    MajorityVoteClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
)
from skaudeep.datasets import make_sound_events

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_per_class=15, min_seconds=2, max_seconds=6, random_state=0)
    transformer = SpectrogramTransformer(n_mels=40, clip_below=-60, chunk_length=1)
    chunks = transformer.fit_transform(sounds.data)
print(f"{len(chunks)} recordings of {min(map(len, chunks))} to {max(map(len, chunks))} chunks")

embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=32, max_epochs=5, random_state=0)
classifier = make_pipeline(StandardScaler(), LiblinearClassifier())
pipelines = {
    "mean of the features": make_pipeline(ChunkwiseTransformer(embedder, pooling="mean"), classifier),
    "vote of the chunks": make_pipeline(
        ChunkwiseTransformer(embedder, pooling=None), MajorityVoteClassifier(classifier)
    ),
}
for name, pipeline in pipelines.items():
    scores = cross_val_score(pipeline, chunks, sounds.target, cv=sounds.cv)
    print(f"{name:<21} accuracy {scores.mean():.3f}")
