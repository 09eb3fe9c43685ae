"""Fuse the features of two clipping levels, and search the parameters of the whole pipeline.

The network is small, and trained anew for each candidate in each fold.
"""

import tempfile

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import LiblinearClassifier, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, make_fusion
from skaudeep.datasets import make_sound_events

fusion = make_fusion(
    SpectrogramTransformer(n_mels=40, fixed_length=2),
    Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=32, batch_size=16, max_epochs=5, random_state=0),
    clip_below=[-30, -60],
)
pipeline = Pipeline([("features", fusion), ("scale", StandardScaler()), ("classify", LiblinearClassifier())])
grid = {
    # one branch alone or both
    "features__clip_below=-30": ["drop", fusion.transformer_list[0][1]],
    "classify__C": [0.01, 1.0],
}

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_classes=4, n_per_class=9, n_folds=3, random_state=0)
    # with n_jobs=2 in two processes
    search = GridSearchCV(pipeline, grid, cv=sounds.cv).fit(sounds.data, sounds.target)

for parameters, accuracy in zip(search.cv_results_["params"], search.cv_results_["mean_test_score"], strict=True):
    levels = "-60 dB" if parameters["features__clip_below=-30"] == "drop" else "-30 and -60 dB"
    print(f"{levels:<15} C={parameters['classify__C']:<5} accuracy {accuracy:.3f}")
