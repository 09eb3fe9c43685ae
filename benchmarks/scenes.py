"""Continuously labelled recordings: what features tell of labels that change over time, and whether the lag is found.

    python benchmarks/scenes.py [--seeds 3] [--epochs 32] [--delay 2.0] [--small]

For each seed a corpus of `make_sound_scenes` is made, with speakers, raters and curves of its own. The ratings are put
together by their agreement and cut into windows of 4 s, one each second. Over folds of whole speakers, networks learn
from the training recordings alone, without labels, from every other window, the autoencoder for a quarter of the
epochs, as its steps take longer. A ridge regressor is fitted on the features. The delay of the raters (of a grid), the
strength of the ridge and the width of a median filter are chosen for each target by cross-validation over the speakers
of the training part. Predictions for the windows of all test recordings are joined to series, whose concordance
correlation coefficient (CCC) with the truth, without raters, is given: mean and standard deviation over the seeds.
"delay" is how much later than the sound ratings are taken to be, over all targets, folds and seeds.

Controls: both networks untrained, statistics of the log-mel spectrogram, the mean of the ratings trained on; the
ratings themselves, moved by the delay that was put in, show what is lost by raters. Table and progress go to standard
error, the results as JSON to standard output.
"""

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupKFold, cross_val_predict

import skaudeep
from skaudeep import ContrastiveEmbedder, Seq2SeqAutoencoderEmbedder, SpectrogramTransformer, StatisticsPooling
from skaudeep.datasets import annotation_windows, combine_raters, join_windows, make_sound_scenes
from skaudeep.evaluation import concordance_correlation_coefficient, fit_median_filter, make_regressor

TARGETS = ["loudness", "pitch", "rate"]
WINDOW = {"width": 4.0, "hop": 1.0}
DELAYS = (0.0, 1.0, 2.0, 3.0, 4.0)
ALPHAS = (10.0, 100.0, 1000.0)
WIDTHS = (0.0, 2.0, 4.0, 8.0)
#: of networks for --small
TINY = {"contrastive": {"conv_channels": (2,), "conv_strides": (4, 4), "n_units": 2}, "autoencoder": {"n_units": 2}}
CONTRASTIVE = {"conv_channels": (8, 16, 32), "projection_dim": 64, "n_units": 64, "batch_size": 32}
AUTOENCODER = {"n_layers": 1, "n_units": 64, "output": "states", "learning_rate": 3e-3, "batch_size": 32}
CORPUS = {"n_speakers": 8, "n_per_speaker": 2, "n_folds": 4}
SMALL = {"n_speakers": 4, "n_per_speaker": 1, "n_folds": 2, "min_seconds": 20.0, "max_seconds": 22.0}


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=32)
    parser.add_argument("--delay", type=float, default=2.0, help="lag of the raters in seconds")
    parser.add_argument("--small", action="store_true", help="a tiny corpus, one seed and one epoch: does it run?")
    return parser.parse_args()


def read_corpus(seed, delay, small):
    """Make a corpus; give its windows, their ratings for each delay, the truth, the spectrograms and the groups."""
    with tempfile.TemporaryDirectory() as folder:
        scenes = make_sound_scenes(
            Path(folder, "scenes"), delay=delay, random_state=seed, **(SMALL if small else CORPUS)
        )
        ratings = scenes.annotations
        for target in TARGETS:
            raters = [name for name in ratings if name.startswith(target)]
            ratings = combine_raters(ratings, raters, method="weighted", name=target)
        tables = {each: annotation_windows(ratings, delay=each, **WINDOW) for each in (*DELAYS, delay)}
        # the same windows for all delays: those that the largest one leaves
        windows = tables[max(tables)][["file", "start", "end"]]
        spectrograms = SpectrogramTransformer(n_mels=40, clip_below=-60, fixed_length=4).fit_transform(windows)
    numbers = {each: windows.merge(table)[TARGETS] for each, table in tables.items()}
    truth = windows.merge(annotation_windows(scenes.truth, **WINDOW))[TARGETS].to_numpy()
    files = dict(zip(scenes.data, zip(scenes.groups, scenes.cv.test_fold, strict=True), strict=True))
    groups, folds = (np.array(column) for column in zip(*(files[file] for file in windows["file"]), strict=True))
    return windows, numbers, truth, spectrograms, groups, folds


def learn(spectrograms, training, seed, epochs, small):
    """Give features of all windows, by name; networks learn from every other window for training."""
    rows = np.flatnonzero(training)[::2]
    features = {"log-mel statistics": StatisticsPooling().fit_transform(spectrograms)}
    embedders = {
        "contrastive": ContrastiveEmbedder(random_state=seed, **CONTRASTIVE),
        "autoencoder": Seq2SeqAutoencoderEmbedder(random_state=seed, **AUTOENCODER),
    }
    lengths = {"contrastive": epochs, "autoencoder": -(-epochs // 4)}
    for name, embedder in embedders.items():
        if small:
            embedder.set_params(**TINY[name])
        for suffix, n in (("", lengths[name]), (", untrained", 0)):
            embedder.set_params(max_epochs=n).fit(spectrograms[rows])
            features[name + suffix] = embedder.transform(spectrograms)
    return features


def choose(features, numbers, groups):
    """Choose delay and strength for each target within the training part; also give the predictions chosen by."""
    columns = np.hstack([numbers[delay] for delay in DELAYS])
    cv = GroupKFold(min(3, len(set(groups))))
    predicted = {
        alpha: cross_val_predict(make_regressor("ridge", alpha=alpha), features, columns, groups=groups, cv=cv)
        for alpha in ALPHAS
    }
    scores = np.array([concordance_correlation_coefficient(columns, predicted[alpha]) for alpha in ALPHAS])
    for target in range(len(TARGETS)):
        of_target = scores[:, target :: len(TARGETS)]
        alpha, delay = np.unravel_index(np.argmax(of_target), of_target.shape)
        column = delay * len(TARGETS) + target
        yield DELAYS[delay], ALPHAS[alpha], columns[:, column], predicted[ALPHAS[alpha]][:, column]


def predict(features, numbers, windows, groups, training):
    """Predict the test part; give series and the delays that were chosen."""
    given = {delay: table.to_numpy()[training] for delay, table in numbers.items()}
    series, delays = [], []
    for delay, alpha, y, by_others in choose(features[training], given, groups[training]):
        width = fit_median_filter(windows[training], y, by_others, widths=WIDTHS)
        regressor = make_regressor("ridge", alpha=alpha).fit(features[training], y)
        series.append(join_windows(windows[~training], regressor.predict(features[~training]), median=width)["value"])
        delays.append(delay)
    return np.column_stack(series), delays


def measure(seed, arguments):
    """Give the coefficients of each target by features, and the delays found."""
    windows, numbers, truth, spectrograms, groups, folds = read_corpus(seed, arguments.delay, arguments.small)
    parts, delays, true = {}, {}, []
    for fold in np.unique(folds):
        training = folds != fold
        true.append(to_series(windows[~training], truth[~training]))
        mean = np.tile(numbers[0.0].to_numpy()[training].mean(axis=0), (len(true[-1]), 1))
        parts.setdefault("mean of the ratings", []).append(mean)
        ratings = numbers[arguments.delay].to_numpy()[~training]
        parts.setdefault("the ratings themselves", []).append(to_series(windows[~training], ratings))
        for name, features in learn(spectrograms, training, seed, arguments.epochs, arguments.small).items():
            series, found = predict(features, numbers, windows, groups, training)
            parts.setdefault(name, []).append(series)
            delays.setdefault(name, []).extend(found)
    true = np.concatenate(true)
    return {
        name: concordance_correlation_coefficient(true, np.concatenate(part)) for name, part in parts.items()
    }, delays


def to_series(windows, numbers):
    return join_windows(windows, numbers).iloc[:, 2:].to_numpy()


def tabulate(coefficients, delays):
    """Mean and standard deviation over seeds; delays over seeds, folds and targets."""
    rows = {}
    for name in coefficients[0]:
        values = np.array([each[name] for each in coefficients])
        row = {
            target: [float(m), float(s)] for target, m, s in zip(TARGETS, values.mean(0), values.std(0), strict=True)
        }
        found = np.concatenate([each[name] for each in delays]) if name in delays[0] else None
        row["delay"] = None if found is None else [float(found.mean()), float(found.std())]
        rows[name] = row
    return rows


def main():
    arguments = parse_arguments()
    if arguments.small:
        arguments.seeds, arguments.epochs = 1, 1
    skaudeep.set_threads()
    begin, coefficients, delays = time.perf_counter(), [], []
    for seed in range(arguments.seeds):
        for values, found in zip((coefficients, delays), measure(seed, arguments), strict=True):
            values.append(found)
        print(f"seed {seed}: {time.perf_counter() - begin:.0f} s", file=sys.stderr)
    rows = tabulate(coefficients, delays)
    table = pd.DataFrame(rows).T.map(lambda pair: "" if pair is None else f"{pair[0]:.2f} +/- {pair[1]:.2f}")
    print(table.to_string(), f"\ndelay put in: {arguments.delay} s", file=sys.stderr)
    seconds = round(time.perf_counter() - begin, 1)
    json.dump({**vars(arguments), "seconds": seconds, "ccc": rows}, sys.stdout, indent=1)
    print()


if __name__ == "__main__":
    main()
