"""Labels that change over time: from the annotations of several raters to a predicted curve for each recording.

Loudness, pitch and the rate of syllables wander through recordings, and raters who follow them lag by two seconds. Each
speaker is predicted from what the others tell, with the features of a network, of the same network untrained, of plain
statistics, and, as the last control, by the mean of the ratings that were learned from. The measure is the concordance
correlation coefficient (CCC) with the truth, over the curves of all recordings together. Raters use less than the whole
range, are shifted and err, which no regressor can know: the ratings themselves stand beside the predictions.
"""

import tempfile

from sklearn.base import clone
from sklearn.dummy import DummyRegressor
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline

from skaudeep import Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import (
    annotation_windows,
    combine_raters,
    join_windows,
    load_annotations,
    make_sound_scenes,
)
from skaudeep.evaluation import concordance_correlation_coefficient, make_regressor

TARGETS = ["loudness", "pitch", "rate"]
network = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=48, output="states", learning_rate=3e-3, random_state=0)
models = {
    "mean of the ratings": DummyRegressor(),
    "log-mel statistics": make_pipeline(StatisticsPooling(), make_regressor("ridge", alpha=100.0)),
}
for name, max_epochs in {"untrained states": 0, "states": 8}.items():
    embedder = clone(network).set_params(max_epochs=max_epochs, batch_size=32)
    models[name] = make_pipeline(embedder, make_regressor("ridge", alpha=100.0))

with tempfile.TemporaryDirectory() as folder:
    scenes = make_sound_scenes(folder, n_speakers=6, n_per_speaker=2, max_seconds=40, n_folds=3, random_state=0)
    ratings = load_annotations(f"{folder}/annotations", audio=folder)
    for target in TARGETS:
        raters = [column for column in ratings if column.startswith(target)]
        ratings = combine_raters(ratings, raters, method="weighted", name=target)
    windows = annotation_windows(ratings, width=4, hop=1, delay=2)
    segments = windows[["file", "start", "end"]]
    spectrograms = SpectrogramTransformer(n_mels=40, clip_below=-60, fixed_length=4).fit_transform(segments)

speakers = windows["file"].map(dict(zip(scenes.data, scenes.groups, strict=True)))
truth = annotation_windows(scenes.truth, width=4, hop=1).merge(segments)  # those windows that were rated, too
curves = join_windows(segments, truth[TARGETS])
print(f"{len(windows)} windows, {len(curves)} times of {len(scenes.data)} recordings")


def show(name, predicted):
    series = join_windows(segments, predicted, median=2.0)
    coefficients = concordance_correlation_coefficient(curves.iloc[:, 2:], series.iloc[:, 2:])
    scores = ", ".join(f"{target} {value:5.2f}" for target, value in zip(TARGETS, coefficients, strict=True))
    print(f"{name:<22} CCC: {scores}")


for name, model in models.items():
    show(name, cross_val_predict(model, spectrograms, windows[TARGETS], groups=speakers, cv=GroupKFold(3)))
show("the ratings themselves", windows[TARGETS].to_numpy())
