"""Whole experiments: the numbers, what is left in the folder, what is not done again, and what goes wrong."""

import dataclasses
import errno
import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import PredefinedSplit, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep import (
    FrequencyAutoencoderEmbedder,
    LiblinearClassifier,
    Seq2SeqAutoencoderEmbedder,
    SpectrogramTransformer,
    StatisticsPooling,
    audio,
    load,
)
from skaudeep.datasets import add_folds, load_esc
from skaudeep.embedding._base import _SequenceTask
from skaudeep.evaluation import evaluate_dataset, make_classifier
from skaudeep.exceptions import AudioError, DataSetError
from skaudeep.experiment._config import parse_overrides, read_experiment
from skaudeep.experiment._record import claim_folder
from skaudeep.experiment._run import plan, run_experiment
from skaudeep.io import import_dataset, read_netcdf

CONFIG = """
title = "Tiny"
[corpus]
path = "corpus"
[spectrograms]
n_mels = 8
clip_below = [-30, "none"]
[[autoencoders]]
name = "t"
kind = "t-rae"
n_layers = 1
n_units = 2
max_epochs = 2
batch_size = 4
[[autoencoders]]
name = "f"
kind = "f-rae"
window_width = 4
window_overlap = 2
n_layers = 1
n_units = 2
max_epochs = 1
batch_size = 4
[[classifiers]]
kind = "svm"
C = 0.01
[[classifiers]]
kind = "linearsvc"
C = 0.1
repeats = 2
[export]
formats = ["csv"]
[report]
enabled = false
"""
MODELS = ["30dB-t", "30dB-f", "unclipped-t", "unclipped-f"]


class Interrupted(BaseException):
    """What Ctrl-C is on the command line."""


@pytest.fixture(scope="module")
def place(tmp_path_factory, write_sounds):
    """A folder with a corpus like ESC-10 of eight recordings in two folds, and a configuration."""
    folder = tmp_path_factory.mktemp("experiment")
    names = [(f"00{c + 1} - class {c}/{take % 2 + 1}-{take}{c}-A.wav", c) for c in range(2) for take in range(4)]
    write_sounds(folder / "corpus", names)
    (folder / "tiny.toml").write_text(CONFIG)
    return folder


@pytest.fixture
def read(place):
    """Read the configuration, with overrides."""
    return lambda *texts: read_experiment(place / "tiny.toml", overrides=parse_overrides(texts))


@pytest.fixture(scope="module")
def finished(place):
    """The folder of a finished run, and its results."""
    results = run_experiment(read_experiment(place / "tiny.toml"), place / "finished")
    return place / "finished", results


@pytest.fixture
def out(finished, tmp_path):
    """A copy of the folder of the finished run."""
    return shutil.copytree(finished[0], tmp_path / "out")


def files(folder):
    """Content of all files but the record, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "experiment.json"
    }


def times(folder):
    """When the files were written."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != "experiment.json"]
    return {path.relative_to(folder).as_posix(): path.stat().st_mtime_ns for path in paths}


def features(folder, name):
    return read_netcdf(folder / f"features/{name}.nc").features.values


def record(folder):
    return json.loads((folder / "experiment.json").read_text())


def done(folder):
    return [stage["name"] for stage in record(folder)["stages"]]


@pytest.fixture(scope="module")
def corpus(place):
    return load_esc(place / "corpus")


@pytest.fixture(scope="module")
def spectrograms(corpus):
    """Those that are clipped at 30 dB."""
    return SpectrogramTransformer(n_mels=8, clip_below=-30).fit_transform(corpus.data)


class TestFolder:
    def test_holds_what_is_promised(self, finished):
        folder, _ = finished
        names = set(files(folder))
        for setting in ("30dB", "unclipped"):
            assert f"spectrograms/{setting}.nc" in names
        for model in MODELS:
            assert {f"models/{model}/training.json", f"features/{model}.nc"} <= names
            checkpoints = [name for name in names if name.startswith(f"models/{model}/logs/model-")]
            assert len(checkpoints) == 1, "one is kept"
        for name in (*MODELS, "fused"):
            assert {f"evaluations/{name}-{classifier}.json" for classifier in ("svm", "linearsvc")} <= names
            assert {f"exports/{name}/csv/fold_{fold}/{name}.csv" for fold in (1, 2)} <= names
        assert not [name for name in names if name.split("/")[-1].startswith(".") or ".part" in name]

    def test_record(self, finished):
        folder, _ = finished
        text = record(folder)
        assert (text["format"], text["title"]) == (1, "Tiny")
        assert text["configuration"]["autoencoders"][0]["n_units"] == 2
        assert [stage["kind"] for stage in text["stages"]] == [
            *(["extract"] + 4 * ["train"] + 4 * ["generate"] + ["fuse"] + 10 * ["evaluate"] + 5 * ["export"]),
        ]
        for stage in text["stages"]:
            assert {"name", "kind", "digest", "outputs", "seconds", "finished"} <= set(stage)
            assert stage["outputs"]
            assert all((folder / path).is_file() for path in stage["outputs"])

    def test_corpus(self, finished, place):
        corpus = json.loads((finished[0] / "corpus.json").read_text())
        assert corpus["path"] == str(place / "corpus")
        assert (corpus["parser"], corpus["n_recordings"], corpus["failed"]) == ("auto", 8, [])
        assert corpus["labels"] == {"class 0": 4, "class 1": 4}

    def test_evaluations(self, finished):
        text = json.loads((finished[0] / "evaluations/fused-linearsvc.json").read_text())
        assert (text["features"], text["classifier"]) == ("fused", "linearsvc")
        assert text["settings"]["C"] == 0.1
        assert (text["classes"], text["splits"]) == (["class 0", "class 1"], ["fold 1", "fold 2"])
        assert np.shape(text["accuracy"]) == np.shape(text["recall"]) == (2, 2)
        assert np.sum(text["confusion"]) == 2 * 8

    def test_results(self, finished):
        _, results = finished
        names = [(result["features"], result["classifier"]) for result in results["results"]]
        assert names == [(name, classifier) for name in (*MODELS, "fused") for classifier in ("svm", "linearsvc")]


class TestNumbers:
    """Every stage against the estimators that it is made of."""

    def test_spectrograms(self, finished, corpus, spectrograms):
        ds = read_netcdf(finished[0] / "spectrograms/30dB.nc")
        np.testing.assert_array_equal(ds.features, spectrograms)
        np.testing.assert_array_equal(ds.filename, corpus.filenames)
        np.testing.assert_array_equal(ds.label_nominal, corpus.target_names[corpus.target])
        np.testing.assert_array_equal(ds.cv_folds, corpus.cv_folds)

    def test_features_over_time(self, finished, spectrograms):
        embedder = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=2, batch_size=4, random_state=0)
        np.testing.assert_array_equal(features(finished[0], "30dB-t"), embedder.fit_transform(spectrograms))

    def test_features_over_frequency_are_pooled(self, finished, spectrograms):
        shape = {"window_width": 4, "window_overlap": 2, "n_layers": 1, "n_units": 2}
        embedder = FrequencyAutoencoderEmbedder(**shape, max_epochs=1, batch_size=4, random_state=0)
        expected = StatisticsPooling().fit_transform(embedder.fit_transform(spectrograms))
        assert expected.shape == (8, 10)
        np.testing.assert_allclose(features(finished[0], "30dB-f"), expected, rtol=1e-6, atol=1e-7)

    def test_fusion(self, finished):
        expected = np.hstack([features(finished[0], name) for name in MODELS])
        np.testing.assert_array_equal(features(finished[0], "fused"), expected)

    @pytest.mark.parametrize("name", ["30dB-t", "fused"])
    def test_classification(self, finished, corpus, name):
        folds = PredefinedSplit([int(filename[0]) for filename in corpus.filenames])
        pipeline = make_pipeline(StandardScaler(), LiblinearClassifier(C=0.01, random_state=0))
        scores = cross_validate(
            pipeline, features(finished[0], name), corpus.target, cv=folds, scoring=("accuracy", "balanced_accuracy")
        )
        text = json.loads((finished[0] / f"evaluations/{name}-svm.json").read_text())
        assert text["accuracy"] == [scores["test_accuracy"].tolist()]
        assert text["recall"] == [scores["test_balanced_accuracy"].tolist()]

    def test_exports(self, finished):
        ds = read_netcdf(finished[0] / "features/fused.nc")
        exported = import_dataset(finished[0] / "exports/fused/csv")
        rows = [exported.filename.values.tolist().index(name) for name in ds.filename.values]
        np.testing.assert_array_equal(exported.features[rows], ds.features)

    def test_equal_seeds_give_equal_bits(self, finished, read, tmp_path):
        run_experiment(read(), tmp_path / "again")
        for name in (*MODELS, "fused"):
            np.testing.assert_array_equal(features(tmp_path / "again", name), features(finished[0], name))
        other = read("seed=1", "autoencoders.max_epochs=0", "classifiers=[]")
        run_experiment(other, tmp_path / "other")
        assert not np.array_equal(features(tmp_path / "other", "30dB-t"), features(finished[0], "30dB-t"))


class TestAgain:
    def test_nothing_is_done_twice(self, out, read):
        before = times(out)
        assert not any(stage.runs for stage in plan(read(), out))
        run_experiment(read(), out)
        assert times(out) == before

    def test_a_plan_touches_nothing(self, out, read, tmp_path):
        before = (times(out), record(out))
        assert any(stage.runs for stage in plan(read("seed=1"), out))
        assert (times(out), record(out)) == before
        plan(read(), tmp_path / "new")
        assert not (tmp_path / "new").exists()

    def test_another_classifier_option_runs_only_that_classifier(self, out, read):
        before = times(out)
        run_experiment(read("classifiers.svm.C=0.5"), out)
        changed = {name for name, time in times(out).items() if before.get(name) != time}
        assert changed == {f"evaluations/{name}-svm.json" for name in (*MODELS, "fused")}

    def test_more_epochs_are_as_if_they_had_been_there_from_the_beginning(self, out, read, tmp_path):
        before = times(out)
        run_experiment(read("autoencoders.t.max_epochs=4"), out)
        run_experiment(read("autoencoders.t.max_epochs=4", "autoencoders.f.max_epochs=0"), tmp_path / "straight")
        history = json.loads((out / "models/30dB-t/training.json").read_text())["history"]["loss"]
        assert len(history) == 4
        assert (
            history[:2]
            == json.loads((tmp_path / "straight/models/30dB-t/training.json").read_text())["history"]["loss"][:2]
        )
        np.testing.assert_array_equal(features(out, "30dB-t"), features(tmp_path / "straight", "30dB-t"))
        assert times(out)["features/30dB-f.nc"] == before["features/30dB-f.nc"]

    def test_covariances_need_no_training_again(self, out, read):
        covariance = "statistics=['covariance','max']"
        texts = ["autoencoders.t.output=states", "autoencoders.n_components=1"]
        texts += [f"autoencoders.{name}.{covariance}" for name in ("t", "f")]
        before = load(next(out.glob("models/30dB-t/logs/model-*.skaudeep")))
        run_experiment(read(*texts), out)
        after = load(next(out.glob("models/30dB-t/logs/model-*.skaudeep")))
        assert after.history_ == before.history_
        np.testing.assert_array_equal(
            after.weights_["encoder.forward.0.kernel"], before.weights_["encoder.forward.0.kernel"]
        )
        X = read_netcdf(out / "spectrograms/30dB.nc").features.values
        assert features(out, "30dB-t").shape == (8, 1 + 2)
        np.testing.assert_array_equal(features(out, "30dB-t"), after.transform(X))
        assert features(out, "30dB-f").shape == (8, 1 + 2)
        assert not [stage.name for stage in plan(read(*texts), out) if stage.runs]

    def test_frames_are_pooled(self, out, read):
        run_experiment(read("autoencoders.t.output=frames", "autoencoders.t.statistics=['max','delta']"), out)
        embedder = load(next(out.glob("models/30dB-t/logs/model-*.skaudeep"))).set_params(output="frames")
        frames = embedder.transform(read_netcdf(out / "spectrograms/30dB.nc").features.values)
        expected = np.hstack([frames.max(axis=1), np.abs(np.diff(frames, axis=1)).mean(axis=1)])
        np.testing.assert_allclose(features(out, "30dB-t"), expected, atol=1e-6)

    def test_fewer_epochs_begin_anew(self, out, read, tmp_path):
        run_experiment(read("autoencoders.t.max_epochs=1"), out)
        assert load(next((out / "models/30dB-t/logs").glob("model-*.skaudeep"))).n_iter_ == 1

    def test_what_the_configuration_no_longer_has_is_no_result(self, out, read, caplog):
        caplog.set_level("INFO", logger="skaudeep")
        results = run_experiment(read("classifiers=[{kind='svm',C=0.01}]", "export.formats=[]"), out)
        assert {result["classifier"] for result in results["results"]} == {"svm"}
        assert not any("linearsvc" in name or name.startswith("export") for name in done(out))
        assert (out / "evaluations/fused-linearsvc.json").is_file(), "it is left where it is"
        assert "left from other configurations, no part of this one: evaluations/" in caplog.text
        before = times(out)
        assert len(run_experiment(read(), out)["results"]) == 10
        assert times(out) == before, "and found again"

    def test_exports_of_other_folds_do_not_stay(self, out, read):
        run_experiment(read("export.formats=['arff']"), out)
        assert not list((out / "exports").rglob("*.csv"))
        assert len(list((out / "exports").rglob("*.arff"))) == 10

    def test_a_further_level_extracts_only_that(self, out, read):
        before = times(out)
        run_experiment(read("spectrograms.clip_below=[-30,'none',-45]", "autoencoders.max_epochs=0"), out)
        assert times(out)["spectrograms/30dB.nc"] == before["spectrograms/30dB.nc"]
        assert "spectrograms/45dB.nc" in times(out)

    def test_from_a_stage_on(self, out, read):
        before = times(out)
        run_experiment(read(), out, start="fuse")
        changed = {name.split("/")[0] for name, time in times(out).items() if before[name] != time}
        assert changed == {"features", "evaluations", "exports"}
        assert times(out)["features/30dB-t.nc"] == before["features/30dB-t.nc"]


class TestInterrupted:
    @pytest.mark.parametrize(
        ("function", "left"),
        [
            ("_extract.extract_spectrograms", []),
            ("_train.train_autoencoder", ["extract"]),
            ("_generate.generate_features", ["extract", *(f"train {model}" for model in MODELS)]),
            ("_evaluate.evaluate_dataset", 10),
            ("_export.export_dataset", 20),
        ],
    )
    def test_what_is_finished_stays(self, finished, read, tmp_path, monkeypatch, function, left):
        def stop(*args, **kwargs):
            raise Interrupted

        monkeypatch.setattr(f"skaudeep.experiment.stages.{function}", stop)
        with pytest.raises(Interrupted):
            run_experiment(read(), tmp_path / "out")
        assert (done(tmp_path / "out") if isinstance(left, list) else len(done(tmp_path / "out"))) == left
        monkeypatch.undo()
        before = times(tmp_path / "out")
        results = run_experiment(read(), tmp_path / "out")["results"]
        assert results == finished[1]["results"]
        for name in before:
            assert not name.startswith(("spectrograms", "models")) or before[name] == times(tmp_path / "out")[name]
        np.testing.assert_array_equal(features(tmp_path / "out", "fused"), features(finished[0], "fused"))

    def test_training_goes_on(self, finished, read, tmp_path, monkeypatch):
        batches, epochs = _SequenceTask.batches, []

        def stopped_in_the_second_epoch(self, epoch):
            epochs.append(1)
            if len(epochs) == 2:
                raise Interrupted
            return batches(self, epoch)

        monkeypatch.setattr(_SequenceTask, "batches", stopped_in_the_second_epoch)
        out = tmp_path / "out"
        with pytest.raises(Interrupted):
            run_experiment(read(), out)
        stage = next(stage for stage in plan(read(), out) if stage.name == "train 30dB-t")
        assert stage.reason == "not done yet; goes on from its last epoch"
        run_experiment(read(), out)
        assert len(epochs) == 2 + 1 + 2 + 2, "one more of the first network, two of the second, one of each other one"
        np.testing.assert_array_equal(features(out, "30dB-t"), features(finished[0], "30dB-t"))

    def test_training_of_other_options_does_not_go_on(self, out, read, monkeypatch):
        def stop(*args, **kwargs):
            raise Interrupted

        monkeypatch.setattr("skaudeep.experiment.stages._train.train_autoencoder", stop)
        with pytest.raises(Interrupted):
            run_experiment(read("autoencoders.t.n_units=3"), out)
        assert not list((out / "models/30dB-t/logs").glob("model-*")), "those of the other options are gone"
        assert "train 30dB-t" not in done(out)
        assert "train unclipped-f" in done(out)
        monkeypatch.undo()
        assert {stage.name for stage in plan(read(), out) if stage.runs} > {"train 30dB-t"}
        assert "train unclipped-t" not in {stage.name for stage in plan(read(), out) if stage.runs}

    def test_a_full_disk_keeps_what_there_is(self, out, read, monkeypatch):
        before = features(out, "fused")

        def full(*args, **kwargs):
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("skaudeep.experiment.stages._generate.write_netcdf", full)
        with pytest.raises(OSError, match="No space left"):
            run_experiment(read("autoencoders.f.statistics=['mean']"), out)
        np.testing.assert_array_equal(features(out, "fused"), before)
        assert not [name for name in files(out) if name.split("/")[-1].startswith(".")]
        assert "train 30dB-f" in done(out)
        assert not any("fused" in name or name == "fuse" for name in done(out)), (
            "nothing that is out of date is reported"
        )


class TestCorpora:
    @pytest.fixture
    def flat(self, tmp_path, write_sounds):
        """Two class folders without folds, recordings of two chunks."""
        names = [(f"{c}/{i}.wav", i % 2) for i in range(8) for c in ["ab"[i % 2]]]
        return write_sounds(tmp_path / "flat", names)

    def read(self, read, flat, *texts):
        chunks = ["spectrograms.chunk_length=0.2", "spectrograms.chunk_count=2", "spectrograms.clip_below=-30"]
        path = f"corpus.path={flat}"
        few = ["autoencoders=[{kind='t-rae',n_layers=1,n_units=2,max_epochs=0}]", "export.formats=[]"]
        return read(path, *chunks, *few, *texts)

    def test_folds_are_dealt_out_by_file(self, read, flat, tmp_path):
        experiment = self.read(read, flat, "corpus.folds=2", "evaluation.majority_vote=true")
        run_experiment(experiment, tmp_path / "out")
        ds = read_netcdf(tmp_path / "out/features/spectrograms.nc")
        assert ds.sizes["instance"] == 16
        folds = {}
        for filename, row in zip(ds.filename.values, ds.cv_folds.values.tolist(), strict=True):
            assert folds.setdefault(filename, row) == row
            assert sorted(row) == [0, 1]
        text = json.loads((tmp_path / "out/evaluations/spectrograms-svm.json").read_text())
        assert np.sum(text["confusion"]) == 8, "a vote for each file"
        assert text["settings"]["majority_vote"]

    def test_other_folds_need_no_training(self, read, flat, tmp_path):
        run_experiment(self.read(read, flat, "corpus.folds=2"), tmp_path / "out")
        again = plan(self.read(read, flat, "corpus.folds=4"), tmp_path / "out")
        assert {stage.kind for stage in again if stage.runs} == {"generate", "evaluate"}

    def test_given_folds_come_first(self, read, caplog):
        caplog.set_level("INFO", logger="skaudeep")
        experiment = read("corpus.folds=4", "classifiers=[]")
        assert plan(experiment, "nowhere")
        assert "the corpus has folds of its own, which are used instead of folds = 4" in caplog.text

    def test_partitions(self, read, flat, tmp_path):
        shares = "corpus.partitions={train=0.5,devel=0.25,test=0.25}"
        experiment = self.read(read, flat, shares, "evaluation.train=['train','devel']", "evaluation.test=test")
        results = run_experiment(experiment, tmp_path / "out")["results"]
        assert {result["n_splits"] for result in results} == {1}
        text = json.loads((tmp_path / "out/evaluations/spectrograms-svm.json").read_text())
        assert (text["splits"], np.sum(text["confusion"])) == (["test"], 4)

    @pytest.mark.parametrize("seed", [1, 2])
    def test_chance_is_that_of_the_seed(self, read, flat, tmp_path, seed):
        """Of folds, and of classifiers."""
        (flat / "a/0.wav").unlink()  # so that there is something to upsample
        for wrong, right in (("a/2.wav", "b/1.wav"), ("b/5.wav", "a/4.wav")):  # and mistakes are made
            shutil.copy(flat / right, flat / wrong)
        mlp = "classifiers=[{kind='mlp',max_epochs=1,batch_size=2,repeats=4}]"
        texts = ["corpus.folds=3", "autoencoders.n_units=2", mlp, "evaluation.upsample=true", f"seed={seed}"]
        run_experiment(self.read(read, flat, *texts), tmp_path / "out")
        ds = read_netcdf(tmp_path / "out/features/spectrograms.nc")
        undealt = read_netcdf(tmp_path / "out/spectrograms/spectrograms.nc")
        folds = [add_folds(undealt, 3, random_state=s).cv_folds.values for s in (seed, 0)]
        assert not np.array_equal(*folds)
        np.testing.assert_array_equal(ds.cv_folds, folds[0])
        text = json.loads((tmp_path / "out/evaluations/spectrograms-mlp.json").read_text())
        classifier = make_classifier("mlp", random_state=seed, max_epochs=1, batch_size=2)
        options = {"upsample": True, "repeats": 4, "random_state": seed}
        expected = evaluate_dataset(ds, classifier, **options).to_dict()
        assert {key: text[key] for key in expected} == expected
        for other in ({"upsample": False}, {"random_state": 0}):
            assert evaluate_dataset(ds, classifier, **options | other).to_dict() != expected

    def test_fused_chunks(self, read, flat, tmp_path):
        run_experiment(self.read(read, flat, "corpus.folds=2", "fusion.chunks=true"), tmp_path / "out")
        parts = read_netcdf(tmp_path / "out/features/spectrograms.nc").sortby(["filename", "chunk_nr"])
        np.testing.assert_array_equal(features(tmp_path / "out", "fused"), parts.features.values.reshape(8, -1))

    def test_controls(self, read, flat, tmp_path):
        experiment = self.read(read, flat, "corpus.folds=2", "evaluation.controls=true", "autoencoders.max_epochs=1")
        results = run_experiment(experiment, tmp_path / "out")["results"]
        names = {result["features"] for result in results}
        assert names == {"spectrograms", "spectrograms-untrained", "spectrograms-statistics"}
        X = read_netcdf(tmp_path / "out/spectrograms/spectrograms.nc").features.values
        expected = StatisticsPooling().fit_transform(X)
        np.testing.assert_allclose(features(tmp_path / "out", "spectrograms-statistics"), expected, rtol=1e-6)
        untrained = Seq2SeqAutoencoderEmbedder(n_layers=1, n_units=2, max_epochs=0, random_state=0)
        np.testing.assert_array_equal(features(tmp_path / "out", "spectrograms-untrained"), untrained.fit_transform(X))

    @pytest.fixture
    def decoded(self, monkeypatch):
        """Names of the files that were decoded, in order."""
        names, read_audio = [], audio.read_audio

        def note(file, **segment):
            names.append(Path(file).name)
            return read_audio(file, **segment)

        monkeypatch.setattr(audio, "read_audio", note)
        return names

    def test_recordings_that_cannot_be_read(self, read, flat, tmp_path, decoded):
        (flat / "a/text.wav").write_text("This is no audio.\n")
        with pytest.raises(AudioError, match=r"text\.wav"):
            run_experiment(self.read(read, flat, "corpus.folds=2"), tmp_path / "out")
        assert done(tmp_path / "out") == []
        skipping = self.read(read, flat, "corpus.folds=2", "spectrograms.on_error=skip")
        assert plan(skipping, tmp_path / "out")[0].reason == "not done yet; goes on from where it was stopped"
        decoded.clear()
        run_experiment(skipping, tmp_path / "out")
        assert decoded == ["text.wav"], "what has been extracted was there"
        ((file, reason),) = json.loads((tmp_path / "out/corpus.json").read_text())["failed"]
        assert file.endswith("text.wav")
        assert reason
        assert len(features(tmp_path / "out", "spectrograms")) == 16
        assert not any(stage.runs for stage in plan(skipping, tmp_path / "out"))

        # without leaving anything out it is another experiment, and the first one is there still when this fails
        raising = self.read(read, flat, "corpus.folds=2")
        assert all(stage.runs for stage in plan(raising, tmp_path / "out"))
        before = times(tmp_path / "out")
        with pytest.raises(AudioError, match=r"text\.wav"):
            run_experiment(raising, tmp_path / "out")
        assert not any(stage.runs for stage in plan(skipping, tmp_path / "out"))
        run_experiment(skipping, tmp_path / "out")
        assert {name: time for name, time in times(tmp_path / "out").items() if ".part" not in name} == before
        shutil.copy(flat / "a/0.wav", flat / "a/text.wav")
        decoded.clear()
        run_experiment(raising, tmp_path / "out")
        assert decoded == ["text.wav"]
        assert len(features(tmp_path / "out", "spectrograms")) == 18
        assert json.loads((tmp_path / "out/corpus.json").read_text())["failed"] == []

    def test_mended_recordings_are_all_that_is_extracted(self, read, flat, tmp_path, decoded):
        good = (flat / "a/0.wav").read_bytes()
        (flat / "a/0.wav").write_text("This is no audio.\n")
        experiment = self.read(read, flat, "corpus.folds=2")
        for n_decoded, content in ((8, b"no audio either"), (1, good)):
            with pytest.raises(AudioError, match=r"0\.wav"):
                run_experiment(experiment, tmp_path / "out")
            assert len(decoded) == n_decoded
            (flat / "a/0.wav").write_bytes(content)
            decoded.clear()
        os.utime(flat / "b/1.wav", ns=(5, 5))  # this one has been extracted
        run_experiment(experiment, tmp_path / "out")
        assert len(decoded) == 8
        assert len(features(tmp_path / "out", "spectrograms")) == 16

    def test_parts_of_other_settings_are_removed(self, read, flat, tmp_path, monkeypatch):
        (flat / "a/text.wav").write_text("This is no audio.\n")
        with pytest.raises(AudioError):
            run_experiment(self.read(read, flat, "corpus.folds=2"), tmp_path / "out")
        other = self.read(read, flat, "corpus.folds=2", "spectrograms.n_mels=9", "spectrograms.on_error=skip")

        def stop(*args, **kwargs):
            raise Interrupted

        with monkeypatch.context() as patch, pytest.raises(Interrupted):
            patch.setattr(
                "skaudeep.experiment.stages._extract.extract_spectrograms", stop
            )  # before it can remove them itself
            run_experiment(other, tmp_path / "out")
        run_experiment(other, tmp_path / "out")
        assert read_netcdf(tmp_path / "out/spectrograms/spectrograms.nc").sizes["freq"] == 9

    @pytest.mark.parametrize(
        ("overrides", "message"),
        [
            ([], "has neither folds nor partitions .* deal its files out, for example with corpus.folds=5"),
            (["corpus.folds=2", "evaluation.test=test"], "has no partitions"),
            (["corpus.folds=9"], "has 8 files, too few for 9"),
            (["corpus.folds=2", "corpus.parser=esc"], "001 - Dog bark"),
            (["corpus.folds=2", "corpus.parser=ecs"], "'ecs' is unknown"),
            (["corpus.folds=2", "corpus.options.depth=3", "corpus.parser=folder"], "depth is not an option"),
            (
                ["corpus.folds=2", "corpus.options.classes=false", "corpus.parser=folder"],
                "has no classes, and there are",
            ),
        ],
    )
    def test_what_cannot_be_evaluated_is_said_before_anything_is_done(self, read, flat, tmp_path, overrides, message):
        with pytest.raises(DataSetError, match=message):
            run_experiment(self.read(read, flat, *overrides), tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_without_classifiers_no_labels_are_needed(self, read, flat, tmp_path):
        experiment = self.read(read, flat, "corpus.options.classes=false", "corpus.parser=folder", "classifiers=[]")
        assert run_experiment(experiment, tmp_path / "out")["results"] == []
        assert len(features(tmp_path / "out", "spectrograms")) == 16

    def test_an_empty_or_missing_folder(self, read, tmp_path):
        with pytest.raises(DataSetError, match="does not exist"):
            run_experiment(self.read(read, tmp_path / "missing"), tmp_path / "out")
        (tmp_path / "empty").mkdir()
        with pytest.raises(DataSetError, match="No layout fits"):
            run_experiment(self.read(read, tmp_path / "empty"), tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_a_recipe_without_a_corpus_says_where_to_get_it(self, tmp_path):
        with pytest.raises(
            ValueError, match=r"give its folder with corpus.path.*github\.com/karolpiczak/ESC-10.*NNN - Name"
        ):
            run_experiment(read_experiment("esc-10"), tmp_path / "out")


def test_two_runs_in_one_folder_are_refused(out, read):
    with claim_folder(out), pytest.raises(OSError, match="another run is at work in it"):
        run_experiment(read("classifiers.svm.C=3"), out)


def test_what_was_left_out_is_known_when_a_level_is_added(read, place, tmp_path):
    shutil.copytree(place / "corpus", tmp_path / "corpus")
    (tmp_path / "corpus/001 - class 0/2-90-A.wav").write_text("This is no audio.\n")
    few = [f"corpus.path={tmp_path / 'corpus'}", "spectrograms.on_error=skip", "autoencoders.max_epochs=0"]
    few += ["classifiers=[]", "export.formats=[]"]
    run_experiment(read(*few, "spectrograms.clip_below=-30"), tmp_path / "out")
    (tmp_path / "out/corpus.json").unlink()
    run_experiment(read(*few, "spectrograms.clip_below=-30"), tmp_path / "out")
    assert len(json.loads((tmp_path / "out/corpus.json").read_text())["failed"]) == 1
    run_experiment(read(*few), tmp_path / "out")
    assert len(json.loads((tmp_path / "out/corpus.json").read_text())["failed"]) == 1
    assert not any(stage.runs for stage in plan(read(*few), tmp_path / "out"))


def test_the_order_of_autoencoders_is_that_of_the_columns(out, read):
    experiment = read()
    run_experiment(dataclasses.replace(experiment, autoencoders=experiment.autoencoders[::-1]), out)
    expected = np.hstack([features(out, MODELS[i]) for i in (1, 0, 3, 2)])
    np.testing.assert_array_equal(features(out, "fused"), expected)


def test_corpus_json_says_where_the_corpus_is_now(out, read, place, tmp_path):
    shutil.copytree(place / "corpus", tmp_path / "moved")
    before = times(out)
    moved = read(f"corpus.path={tmp_path / 'moved'}", "corpus.parser=esc")
    run_experiment(moved, out)
    corpus = json.loads((out / "corpus.json").read_text())
    assert (corpus["path"], corpus["parser"], corpus["n_recordings"]) == (str(tmp_path / "moved"), "esc", 8)
    assert {name for name, time in times(out).items() if before[name] != time} == {"corpus.json"}
    assert not any(stage.runs for stage in plan(moved, out))


def test_report(out, read):
    run_experiment(read("report.enabled=true"), out)
    assert done(out)[-1] == "report"
    assert "Tiny" in (out / "report.html").read_text()
    assert not any(stage.runs for stage in plan(read("report.enabled=true"), out))
    changed = {stage.name for stage in plan(read("report.enabled=true", "title=Other"), out) if stage.runs}
    assert changed == {"report"}
    kept = "autoencoders.checkpoints_to_keep=4"
    run_experiment(read("report.enabled=true", kept), out)
    assert "checkpoints_to_keep = 4" in (out / "report.html").read_text()


def test_wrong_arguments(read, tmp_path):
    with pytest.raises(TypeError, match="experiment"):
        run_experiment({"title": "x"}, tmp_path / "out")
    with pytest.raises(ValueError, match="start"):
        run_experiment(read(), tmp_path / "out", start="middle")
