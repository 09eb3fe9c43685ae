"""Fuse the features of two clipping levels, and search the parameters of the whole pipeline.

Spectrograms and networks are part of what is searched: they are made anew for each candidate in each fold.
"""

import tempfile

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import LiblinearClassifier, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, make_fusion
from skaudeep.datasets import make_sound_events

small = {"n_layers": 1, "n_units": 48, "dropout": 0.1, "learning_rate": 5e-3, "batch_size": 16, "random_state": 0}
fusion = make_fusion(SpectrogramTransformer(n_mels=64), Seq2SeqAutoencoderEmbedder(**small), clip_below=[-30, -60])
pipeline = Pipeline([("features", fusion), ("scale", StandardScaler()), ("classify", LiblinearClassifier(C=0.01))])

branches = ["features__clip_below=-30", "features__clip_below=-60"]
candidates = {
    # in one dict for each candidate, so that both networks train equally long; 0 epochs are the untrained control
    "both levels, untrained": {f"{branch}__embedder__max_epochs": [0] for branch in branches},
    "-60 dB alone, trained": {branches[0]: ["drop"], f"{branches[1]}__embedder__max_epochs": [25]},
    "both levels, trained": {f"{branch}__embedder__max_epochs": [25] for branch in branches},
}

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_classes=8, n_per_class=18, n_folds=3, random_state=0)
    # with n_jobs=2 in two processes; refit=True would train the best candidate on all recordings
    search = GridSearchCV(pipeline, list(candidates.values()), cv=sounds.cv, refit=False)
    search.fit(sounds.data, sounds.target)

for name, accuracy in zip(candidates, search.cv_results_["mean_test_score"], strict=True):
    print(f"{name:<22} accuracy {accuracy:.3f}")
