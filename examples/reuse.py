"""A trained network is used again: on another corpus, frozen in a search, and fine-tuned in Keras.

The network first hears twelve kinds of sound, then, with `warm_start`, recordings of eight kinds from another corpus,
and learns from both without labels. Only half of the training recordings of the second have labels at all. These train
a linear classifier upon the frozen network and then, in Keras, a dense layer upon it and the network itself. The
control is the same network with its random first weights.
"""

import tempfile
from pathlib import Path

import numpy as np
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, StratifiedGroupKFold
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer
from skaudeep.datasets import make_sound_events

# a network of Keras takes batches of sequences of one length
transformer = SpectrogramTransformer(n_mels=64, clip_below=-60, fixed_length=1.5)
small = {"n_layers": 1, "n_units": 64, "dropout": 0.1, "learning_rate": 5e-3, "batch_size": 16, "random_state": 0}
embedder = Seq2SeqAutoencoderEmbedder(max_epochs=15, **small)


def fine_tune(encoder, X, y, X_test, y_test):
    """Train a dense layer upon the frozen encoder, then both; gives the model and the accuracy after each."""
    import keras

    keras.utils.set_random_seed(0)
    head = [keras.layers.Dropout(0.3), keras.layers.Dense(len(set(y)), activation="softmax")]
    model, accuracy = keras.Sequential([encoder, *head]), []
    for trainable, learning_rate, epochs in ((False, 1e-2, 40), (True, 1e-3, 20)):
        encoder.trainable = trainable
        model.compile(
            optimizer=keras.optimizers.Adam(learning_rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        model.fit(X, y, batch_size=16, epochs=epochs, verbose=0)
        accuracy.append(model.evaluate(X_test, y_test, verbose=0)[1])
    return model, accuracy


with tempfile.TemporaryDirectory() as folder:
    folder = Path(folder)
    other = make_sound_events(folder / "other", n_classes=12, n_per_class=15, random_state=1)
    embedder.fit(transformer.fit_transform(other.data))

    sounds = make_sound_events(folder / "sounds", n_classes=8, n_per_class=24, n_folds=2, random_state=0)
    X, y = transformer.fit_transform(sounds.data), sounds.target
    training, test = next(sounds.cv.split())
    labelled = training[np.isin(sounds.groups[training], np.unique(sounds.groups[training])[::2])]

    fresh = clone(embedder).set_params(max_epochs=1).fit(X[training])
    embedder.set_params(warm_start=True, max_epochs=10).fit(X[training])
    first, last = embedder.history_["loss"][-10], embedder.loss_
    print(f"loss of the first epoch on the second corpus: {first:.3f}, of a new network {fresh.loss_:.3f}")
    print(f"loss after {embedder.n_iter_} epochs on both: {last:.3f}")

    pipeline = Pipeline(
        [
            ("spectrogram", transformer),
            ("embedder", FrozenEstimator(embedder)),
            ("scale", StandardScaler()),
            ("classify", LinearSVC()),
        ]
    )
    search = GridSearchCV(pipeline, {"classify__C": [1e-3, 1e-2, 1e-1]}, cv=StratifiedGroupKFold(3))
    search.fit(sounds.data[labelled], y[labelled], groups=sounds.groups[labelled])

    print(f"{len(labelled)} of {len(training)} training recordings have labels; {len(test)} others are recognised")
    print(f"{'linear classifier, network frozen':<36} accuracy {search.score(sounds.data[test], y[test]):.3f}")

    untrained = clone(embedder).set_params(warm_start=False, max_epochs=0).fit(X[training])
    for name, network in {"untrained": untrained, "trained": embedder}.items():
        encoder, _ = network.to_keras()
        model, accuracy = fine_tune(encoder, X[labelled], y[labelled], X[test], y[test])
        for step, value in zip(("frozen", "fine-tuned"), accuracy, strict=True):
            print(f"{f'Keras, network {name}, {step}':<36} accuracy {value:.3f}")

    model.save(folder / "sounds.keras")
    size = (folder / "sounds.keras").stat().st_size
print(f"the fine-tuned model is a file of {size / 1e3:.0f} kB that needs no skaudeep")
