"""Numbers instead of classes: a pretrained encoder under heads for regression, for a recording and for every frame.

A network hears synthetic sounds without labels. The target is computed from the audio itself, so that nobody has to
annotate: the spectral centroid in octaves, that is where the middle of a spectrum lies, of every frame, and its mean
over a recording. Only a quarter of the training recordings have targets. A head in Keras upon the representation
predicts the mean, another one upon what the encoder gives for every frame predicts the curve; each is trained first
alone and then with the encoder. The controls are the same network untrained, ridge regression on the spectrogram itself
(its statistics over time, or single frames), and the mean of all targets that were trained on.

A spectrogram shows its centroid plainly, so that the controls are hard to beat, and here they are not beaten: whoever
looks at the trained network alone would praise it for nothing. Put a target of your own in the place of this one.
"""

import tempfile

import librosa
import numpy as np
import soundfile
from sklearn.base import clone
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import FramewiseRegressor, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import make_sound_events
from skaudeep.evaluation import concordance_correlation_coefficient

RATE, WIDTH, OVERLAP = 16000, 0.08, 0.04
transformer = SpectrogramTransformer(n_mels=32, clip_below=-60, window_width=WIDTH, window_overlap=OVERLAP)
embedder = Seq2SeqAutoencoderEmbedder(
    n_layers=1, n_units=64, dropout=0.1, learning_rate=5e-3, batch_size=16, max_epochs=15, random_state=0
)
ridge = make_pipeline(StandardScaler(), RidgeCV(np.logspace(-2, 4, 7)))


def compute_centroids(path):
    """Spectral centroid of each frame of the spectrogram, in octaves above 1 Hz."""
    samples, _ = soundfile.read(path)
    width, hop = round(WIDTH * RATE), round((WIDTH - OVERLAP) * RATE)
    centroids = librosa.feature.spectral_centroid(y=samples, sr=RATE, n_fft=width, hop_length=hop, center=False)
    return np.log2(centroids[0])


def fine_tune(encoder, X, y, X_test):
    """Train a head upon the frozen encoder, then both; gives what is predicted after each.

    Where the encoder gives a sequence, so does the model: a dense layer of Keras works on the last axis.
    """
    import keras

    keras.utils.set_random_seed(0)
    mean, deviation = y.mean(), y.std()
    model, predicted = keras.Sequential([encoder, keras.layers.Dropout(0.2), keras.layers.Dense(1)]), []
    for trainable, learning_rate, epochs in ((False, 1e-2, 20), (True, 1e-3, 15)):
        encoder.trainable = trainable
        model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="mse")
        model.fit(X, (y[..., None] - mean) / deviation, batch_size=16, epochs=epochs, verbose=0)
        predicted.append(mean + deviation * model.predict(X_test, verbose=0)[..., 0])
    return predicted


def show(name, true, predicted):
    """Print how well numbers are predicted, all frames together where there are frames."""
    rmse = np.sqrt(np.mean((true - predicted) ** 2))
    ccc = concordance_correlation_coefficient(np.ravel(true), np.ravel(predicted))
    print(f"  {name:<42} CCC {ccc:6.3f}   RMSE {rmse:.3f} octaves")


with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(
        f"{folder}/sounds",
        n_per_class=24,
        n_folds=2,
        sample_rate=RATE,
        min_seconds=1.5,
        max_seconds=1.5,
        random_state=0,
    )
    X = transformer.fit_transform(sounds.data)
    curves = np.stack([compute_centroids(path) for path in sounds.data])

training, test = next(sounds.cv.split())
labelled = training[np.isin(sounds.groups[training], np.unique(sounds.groups[training])[::4])]
print(f"{len(labelled)} of {len(training)} training recordings have targets; {len(test)} others are predicted")
networks = {
    "untrained": clone(embedder).set_params(max_epochs=0).fit(X[training]),
    "trained": embedder.fit(X[training]),
}
framewise = FramewiseRegressor(ridge)
for title, y, output, regressor, control in (
    ("one number per recording", curves.mean(axis=1), "bottleneck", ridge, make_pipeline(StatisticsPooling(), ridge)),
    ("one number per frame", curves, "frames", framewise, framewise),
):
    print(title)
    show("mean of the training", y[test], np.full_like(y[test], y[labelled].mean()))
    control = clone(control).fit(X[labelled], y[labelled])
    show("ridge regression, spectrogram", y[test], control.predict(X[test]))
    for name, network in networks.items():
        Z = network.set_params(output=output).transform(X)
        linear = clone(regressor).fit(Z[labelled], y[labelled])
        show(f"ridge regression, network {name}", y[test], linear.predict(Z[test]))
        encoder, _ = network.to_keras(output=output)
        predicted = fine_tune(encoder, X[labelled], y[labelled], X[test])
        for step, numbers in zip(("frozen", "fine-tuned"), predicted, strict=True):
            show(f"Keras, network {name}, {step}", y[test], numbers)
