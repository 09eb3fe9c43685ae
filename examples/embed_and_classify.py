"""Learned features, and the controls that a claim about learning needs.

The same folds and the same classifier for the features of a trained autoencoder, those of the same network untrained,
and plain statistics of the log-mel spectrogram. Of both networks there is the bottleneck, which is the representation
of the papers, and statistics over time of all states of the encoder, which are good even where nothing was learned.
"""

import collections
import tempfile

import numpy as np
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import LiblinearClassifier, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import make_sound_events

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_classes=8, n_per_class=24, n_folds=4, random_state=0)
    spectrograms = SpectrogramTransformer(n_mels=64, clip_below=-60).fit_transform(sounds.data)

small = {"n_layers": 1, "n_units": 64, "dropout": 0.1, "learning_rate": 5e-3, "batch_size": 16, "random_state": 0}
features = {"log-mel statistics": StatisticsPooling().fit_transform(spectrograms)}
accuracy = collections.defaultdict(list)
for training, test in sounds.cv.split():
    for name, max_epochs in {"untrained": 0, "trained": 30}.items():
        # anew in each fold: the network, too, has heard nothing of the recordings that it is tested on
        embedder = Seq2SeqAutoencoderEmbedder(max_epochs=max_epochs, **small).fit(spectrograms[training])
        for output in ("bottleneck", "states"):
            features[f"{name}, {output}"] = embedder.set_params(output=output).transform(spectrograms)
    for name, X in features.items():
        classifier = make_pipeline(StandardScaler(), LiblinearClassifier(C=0.01))
        classifier.fit(X[training], sounds.target[training])
        accuracy[name].append(classifier.score(X[test], sounds.target[test]))

for name, X in features.items():
    mean, deviation = np.mean(accuracy[name]), np.std(accuracy[name])
    print(f"{name:<21} accuracy {mean:.3f} +/- {deviation:.3f}, {X.shape[1]:>4} features")
