"""The quick start: a recipe on synthetic sounds, and one estimator made of what it has learned."""

import logging
import tempfile
from pathlib import Path

from skaudeep._files import atomic_path
from skaudeep.corpora import make_sound_events
from skaudeep.embedding import StatisticsPooling
from skaudeep.embedding.runs import load_autoencoder
from skaudeep.exceptions import DataSetError
from skaudeep.experiment._config import read_experiment
from skaudeep.experiment._run import run_experiment
from skaudeep.experiment.extraction import setting_names
from skaudeep.experiment.stages import fit_classifier
from skaudeep.fusion import AudioFeatureUnion
from skaudeep.io import read_netcdf

#: What is in the folder of a quick start.
CORPUS, RESULTS, PIPELINE = "corpus", "results", "pipeline.joblib"
#: Parameters of the sounds, which all runs share.
SOUNDS = {"n_classes": 8, "n_per_class": 24, "n_folds": 4, "min_seconds": 2.0, "max_seconds": 2.0, "random_state": 0}

_log = logging.getLogger(__name__)


def run_quickstart(folder, *, overrides=None, sounds=SOUNDS, verbose=0):
    """Make synthetic sounds, run the recipe on them, and save a fitted pipeline; give what `run_experiment` does.

    `folder` is new, empty, or that of an earlier run, which is gone on with; `overrides` are those of
    `read_experiment`, `sounds` the parameters of `make_sound_events`.
    """
    folder = _prepare(Path(folder))
    _log.info("Making synthetic sounds ...")
    try:
        corpus = make_sound_events(folder / CORPUS, **sounds)
    except DataSetError as error:
        raise DataSetError(
            f"{folder / CORPUS} holds other sounds than the quick start makes; give another folder, or remove that one"
        ) from error
    path = {"corpus.path": str(folder / CORPUS)}
    experiment = read_experiment("quickstart", overrides=path | (overrides or {}))
    results = run_experiment(experiment, folder / RESULTS, verbose=verbose)
    _save_pipeline(make_pipeline(experiment, folder / RESULTS, corpus.data[:1]), folder / PIPELINE)
    return results


def make_pipeline(experiment, out, recording):
    """Make one estimator of what an experiment has left: paths of recordings in, names of classes out.

    It has what is fused side by side, trained networks and statistics, each of which gives one vector for a recording,
    and the first classifier, fitted on the whole corpus. `recording` is a list of one, for the transformers.
    """
    from sklearn.pipeline import Pipeline

    branches, transformers = [], experiment.make_transformers()
    for setting, transformer in zip(setting_names(transformers), transformers, strict=True):
        spectrogram = transformer.fit(recording)
        for name, embedder in _embedders(experiment, out, setting, spectrogram.transform(recording)).items():
            branches.append((name, Pipeline([("spectrogram", spectrogram), ("embedder", embedder)])))
    classifier = fit_classifier(
        experiment.classifiers[0], read_netcdf(out / "features" / "fused.nc"), seed=experiment.seed
    )
    return Pipeline([("features", AudioFeatureUnion(branches)), *classifier.steps])


def _embedders(experiment, out, setting, spectrogram):
    """Give the fitted estimators, by the names of their features, that are fused of the spectrograms of a setting."""
    models = ["-".join(filter(None, (setting, entry["name"]))) for entry in experiment.autoencoders]
    embedders = {name: load_autoencoder(out / "models" / name) for name in models}
    if experiment.fusion["statistics"]:
        embedders[f"{setting}-statistics"] = StatisticsPooling().fit(spectrogram)
    return embedders


def _save_pipeline(pipeline, path):
    import joblib

    with atomic_path(path) as temporary:
        joblib.dump(pipeline, temporary)


def _prepare(folder):
    """Make sure of a folder that can be written and holds nothing but what an earlier run has left."""
    if folder.exists() and not folder.is_dir():
        raise FileExistsError(f"{folder} is a file; give the name of a new or empty folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        raise OSError(f"{folder} cannot be written ({error.strerror}); give another folder") from error
    ours = {CORPUS, RESULTS, PIPELINE} if (folder / CORPUS).is_dir() else set()
    # file managers hide files of theirs there
    foreign = sorted({path.name for path in folder.glob("[!.]*")} - ours)
    if foreign:
        names = ", ".join(foreign[:3]) + (", ..." if len(foreign) > 3 else "")
        raise FileExistsError(f"{folder} holds other files ({names}); give a new or empty folder")
    return folder
