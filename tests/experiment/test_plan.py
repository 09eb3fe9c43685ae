"""Stages of an experiment: which there are, and which run again after what has changed. Nothing is computed."""

import os

import pytest

from skaudeep._files import state_of
from skaudeep.datasets import load_corpus
from skaudeep.experiment._config import parse_overrides, read_experiment
from skaudeep.experiment._plan import decide, make_stages
from skaudeep.experiment.stages import KINDS, STAGES
from skaudeep.results.experiment import ExperimentRecord, StageRecord

CONFIG = """
[corpus]
path = "corpus"
[spectrograms]
clip_below = [-30, "none"]
[[autoencoders]]
name = "t"
kind = "t-rae"
[[autoencoders]]
name = "f"
kind = "f-rae"
[[classifiers]]
kind = "mlp"
[[classifiers]]
kind = "svm"
[export]
formats = ["csv"]
"""
ALL = {"extract", "train", "generate", "fuse", "evaluate", "export", "report"}


class Folder:
    """A corpus of empty files, and an output folder of which all stages have been done."""

    def __init__(self, path):
        self.path, self.out = path, path / "out"
        for name in ("fold_1/rain/1.wav", "fold_1/dog/2.wav", "fold_2/rain/3.wav", "fold_2/dog/4.wav"):
            file = path / "corpus" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        (path / "config.toml").write_text(CONFIG)
        self.state = ExperimentRecord()

    def make(self, *overrides):
        experiment = read_experiment(self.path / "config.toml", overrides=parse_overrides(overrides))
        return make_stages(experiment, load_corpus(experiment.corpus["path"]))

    def do(self, *overrides):
        """Write a file for every output, and record it as a run does."""
        self.state.stages = []
        for stage in self.make(*overrides):
            written = [f"{path}/a" if stage.kind in ("train", "export") else path for path in stage.writes]
            for path in written:
                (self.out / path).parent.mkdir(parents=True, exist_ok=True)
                (self.out / path).write_text(f"{stage.name} {stage.digest}")
            known = {key: getattr(stage, key) for key in ("name", "kind", "digest", "own", "needs", "parts")}
            files = [state_of(self.out / path) for path in written]
            self.state.stages.append(StageRecord(**known, outputs=written, files=files, seconds=1.0, finished=""))
            if stage.kind == "train":
                self.state.started[stage.name] = stage.begun
                (self.out / stage.writes[0] / "model-3.skaudeep").touch()

    def decide(self, *overrides, start=None):
        stages = self.make(*overrides)
        decide(stages, self.state, self.out, start=start)
        return {stage.name: stage for stage in stages}

    def run_again(self, *overrides, **options):
        return {name for name, stage in self.decide(*overrides, **options).items() if stage.runs}


@pytest.fixture
def folder(tmp_path):
    return Folder(tmp_path)


@pytest.fixture
def done(folder):
    folder.do()
    return folder


def test_kinds_are_those_of_the_classes():
    assert list(STAGES) == list(KINDS)


def test_names_and_files(folder):
    stages = {stage.name: stage.writes for stage in folder.make()}
    models = ["30dB-t", "30dB-f", "unclipped-t", "unclipped-f"]
    assert stages == {
        "extract": ["corpus.json", "spectrograms/30dB.nc", "spectrograms/unclipped.nc"],
        **{f"train {model}": [f"models/{model}"] for model in models},
        **{f"generate {model}": [f"features/{model}.nc"] for model in models},
        "fuse": ["features/fused.nc"],
        **{f"evaluate {f} {c}": [f"evaluations/{f}-{c}.json"] for f in [*models, "fused"] for c in ("mlp", "svm")},
        **{f"export {features}": [f"exports/{features}"] for features in [*models, "fused"]},
        "report": ["report.html"],
    }


def test_one_of_each_needs_no_names(folder):
    (folder.path / "config.toml").write_text('[corpus]\npath = "corpus"\n[[autoencoders]]\nkind = "t-rae"\n')
    names = [(stage.name, stage.writes) for stage in folder.make()]
    assert names == [
        ("extract", ["corpus.json", "spectrograms/spectrograms.nc"]),
        ("train spectrograms", ["models/spectrograms"]),
        ("generate spectrograms", ["features/spectrograms.nc"]),
        ("report", ["report.html"]),
    ]
    assert "fuse" in [stage.name for stage in folder.make("fusion.chunks=true")]


def test_controls_are_evaluated_and_neither_fused_nor_exported(folder):
    stages = {stage.name: stage for stage in folder.make("evaluation.controls=true", "autoencoders.f.max_epochs=0")}
    controls = ["30dB-t-untrained", "30dB-statistics", "unclipped-t-untrained", "unclipped-statistics"]
    for control in controls:
        assert {f"generate {control}", f"evaluate {control} mlp", f"evaluate {control} svm"} <= set(stages)
        assert f"export {control}" not in stages
    assert stages["train 30dB-t-untrained"].embedder.max_epochs == 0
    assert "train 30dB-statistics" not in stages
    assert "train 30dB-f-untrained" not in stages, "it has no epochs anyway"
    assert [stage.features for stage in stages["fuse"].members] == ["30dB-t", "30dB-f", "unclipped-t", "unclipped-f"]


def test_statistics_and_untrained_networks_can_be_members(folder):
    statistics = ("fusion.statistics=true", "autoencoders.f.max_epochs=0")
    stages = {stage.name: stage for stage in folder.make(*statistics)}
    members = ["30dB-t", "30dB-f", "30dB-statistics", "unclipped-t", "unclipped-f", "unclipped-statistics"]
    assert [stage.features for stage in stages["fuse"].members] == members
    assert "evaluate unclipped-statistics svm" in stages
    assert not [name for name in stages if "untrained" in name]

    stages = {stage.name: stage for stage in folder.make(*statistics, "evaluation.controls=true")}
    assert [stage.features for stage in stages["fuse"].members] == members
    before = [name.replace("-t", "-t-untrained") for name in members]
    assert [stage.features for stage in stages["fuse untrained"].members] == before
    assert stages["fuse untrained"].writes == ["features/fused-untrained.nc"]
    assert "evaluate fused-untrained svm" in stages
    assert "export fused-untrained" not in stages


def test_nothing_is_compared_twice(folder):
    options = ("fusion.statistics=true", "evaluation.controls=true", "autoencoders.max_epochs=0")
    stages = {stage.name for stage in folder.make(*options)}
    assert "fuse" in stages
    assert "fuse untrained" not in stages


def test_stages_follow_those_that_they_need(folder):
    stages = folder.make("evaluation.controls=true", "fusion.statistics=true")
    made = {"the corpus"}
    for stage in stages:
        assert set(stage.needs) <= made
        made |= {stage.name, *stage.parts}


def test_without_fusion_exports_and_report(folder):
    kinds = {stage.kind for stage in folder.make("fusion.enabled=false", "export.formats=[]", "report.enabled=false")}
    assert kinds == {"extract", "train", "generate", "evaluate"}


def test_two_files_of_one_name_are_refused(folder):
    with pytest.raises(ValueError, match=r"two stages of the experiment would write evaluations/.*-t-f-x\.json"):
        folder.make(
            "autoencoders=[{kind='t-rae',name='t'},{kind='t-rae',name='t-f'}]",
            "classifiers=[{kind='svm',name='f-x'},{kind='svm',name='X'}]",
        )


def test_nothing_is_run_again(done):
    assert done.run_again() == set()
    assert {stage.reason for stage in done.decide().values()} == {"unchanged"}


def test_everything_is_run_at_first(folder):
    stages = folder.decide()
    assert {stage.reason for stage in stages.values()} == {"not done yet"}
    assert all(stage.runs for stage in stages.values())


def of(kinds, *words):
    """Of which stages: all of these kinds whose names hold one of the words."""
    return lambda stages: {
        name for name, stage in stages.items() if stage.kind in kinds and (not words or any(w in name for w in words))
    }


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("title=x", of(["report"])),
        # these change nothing that is computed, but the report tells of them
        ("autoencoders.checkpoints_to_keep=3", of(["report"])),
        ("corpus.about=x", of(["report"])),
        ("corpus.parser=cross_validated", of(["report"])),
        ("spectrograms.on_error=skip", of(["report"])),
        ("autoencoders.t.statistics=['mean']", of(["report"])),
        ("classifiers.C=0.5", of(["evaluate", "report"], "svm", "report")),
        ("classifiers.mlp.repeats=2", of(["evaluate", "report"], "mlp", "report")),
        ("evaluation.majority_vote=true", of(["evaluate", "report"])),
        ("export.labels_last=true", of(["export", "report"])),
        ("fusion.chunks=true", of(["fuse", "evaluate", "export", "report"], "fuse", "report")),
        ("autoencoders.t.n_units=3", of(ALL - {"extract"}, "-t", "fuse", "report")),
        ("autoencoders.t.max_epochs=65", of(ALL - {"extract"}, "-t", "fuse", "report")),
        ("autoencoders.f.statistics=['mean']", of(ALL - {"extract", "train"}, "-f", "fuse", "report")),
        ("spectrograms.clip_below=['none',-30]", of(["fuse", "evaluate", "export", "report"], "fuse", "report")),
        ("autoencoders.t.output=states", of(ALL - {"extract", "train"}, "-t", "fuse", "report")),
        ("corpus.folds=2", of(ALL - {"extract", "train"})),
        ("spectrograms.n_mels=40", of(ALL)),
        ("spectrograms.clip_below=[-30,-31]", of(ALL, "extract", "31dB", "fuse", "report")),
        ("seed=1", of(ALL - {"extract"})),
        # these change nothing at all
        ("autoencoders.t.dropout=0.2", of([])),
        ("autoencoders.t.learning_rate=1e-3", of([])),
        ("spectrograms.window_width=0.080", of([])),
        ("classifiers.C=1", of([])),
    ],
)
def test_what_a_change_runs_again(done, override, expected):
    stages = done.decide(override)
    assert {name for name, stage in stages.items() if stage.runs} == expected(stages)


def test_statistics_count_where_they_are_used(folder):
    folder.do("autoencoders.t.output=states")
    changed = folder.run_again("autoencoders.t.output=states", "autoencoders.t.statistics=['mean']")
    assert {"generate 30dB-t", "generate unclipped-t", "fuse"} < changed
    assert "generate 30dB-f" not in changed


def test_directions_of_covariances_are_learned_in_training(folder):
    states = ["autoencoders.t.output=states", "autoencoders.t.statistics=['covariance']"]
    folder.do("autoencoders.t.output=states")
    assert {"train 30dB-t", "generate 30dB-t"} < folder.run_again(*states)
    folder.do(*states)
    changed = folder.run_again(*states, "autoencoders.n_components=3")
    assert {"train 30dB-t", "generate 30dB-t"} < changed
    assert "train 30dB-f" not in changed and "generate 30dB-f" not in changed


def test_another_seed_where_nothing_is_trained(folder):
    folder.do("evaluation.controls=true")
    changed = folder.run_again("evaluation.controls=true", "seed=1")
    assert "generate 30dB-statistics" not in changed
    assert {"evaluate 30dB-statistics mlp", "evaluate 30dB-statistics svm"} < changed
    folder.do("evaluation.controls=true", "corpus.folds=2")
    assert "generate 30dB-statistics" in folder.run_again("evaluation.controls=true", "corpus.folds=2", "seed=1")


def test_a_further_classifier_runs_alone(done):
    override = "classifiers=[{kind='mlp'},{kind='svm'},{kind='linearsvc'}]"
    stages = done.decide(override)
    assert {name for name, stage in stages.items() if stage.runs} == of(ALL, "linearsvc", "report")(stages)


def test_a_level_that_is_left_out_runs_only_what_used_it(done):
    assert done.run_again("spectrograms.clip_below=[-30,'none',-45]") > {"extract", "train 45dB-t"}
    stages = done.decide("spectrograms.clip_below=[-30,'none',-45]")
    assert stages["extract"].todo == ["spectrograms/45dB.nc"], "others are there"
    assert not stages["train 30dB-t"].runs


@pytest.mark.parametrize(
    "change",
    [
        lambda corpus: (corpus / "fold_1/rain/1.wav").write_text("x"),
        lambda corpus: os.utime(corpus / "fold_1/rain/1.wav", ns=(5, 5)),
        lambda corpus: (corpus / "fold_2/dog/5.wav").touch(),
        lambda corpus: (corpus / "fold_1/rain/1.wav").rename(corpus / "fold_2/rain/1.wav"),
        lambda corpus: (corpus / "fold_1/rain").rename(corpus / "fold_1/fog"),
    ],
    ids=["content", "time", "new file", "fold", "label"],
)
def test_a_change_of_the_corpus_runs_everything_again(done, change):
    change(done.path / "corpus")
    stages = done.decide()
    assert all(stage.runs for stage in stages.values())
    assert stages["extract"].reason == "the corpus has changed"
    assert stages["train 30dB-t"].reason == "spectrograms/30dB.nc has changed"
    assert stages["evaluate fused svm"].reason == "fuse has changed"


def test_a_corpus_that_has_moved_changes_only_the_report(done):
    (done.path / "corpus").rename(done.path / "moved")
    assert done.run_again(f"corpus.path={done.path / 'moved'}") == {"report"}


def test_a_new_version_runs_everything_again(done, monkeypatch):
    monkeypatch.setattr("skaudeep.experiment.stages._digests.__version__", "1000.0")
    assert done.run_again() == set(done.decide())


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("features/30dB-t.nc", of(["generate", "fuse", "evaluate", "export", "report"], "30dB-t", "fuse", "report")),
        ("models/30dB-t/a", of(ALL - {"extract"}, "30dB-t", "fuse", "report")),
        ("spectrograms/30dB.nc", of(["extract"])),
        ("corpus.json", of(["extract"])),
        ("report.html", of(["report"])),
        ("exports/fused/a", of(["export", "report"], "export fused", "report")),
    ],
)
@pytest.mark.parametrize("lost", [True, False])
def test_outputs_that_are_not_what_was_written(done, path, expected, lost):
    if lost:
        (done.out / path).unlink()
    else:
        (done.out / path).write_text("something else")
    stages = done.decide()
    assert {name for name, stage in stages.items() if stage.runs} == expected(stages)
    assert f"{path} is {'missing' if lost else 'not what was written'}" in {s.reason for s in stages.values()}


def test_only_lost_spectrograms_are_extracted(done):
    (done.out / "spectrograms/30dB.nc").unlink()
    assert done.decide()["extract"].todo == ["spectrograms/30dB.nc"]
    (done.out / "corpus.json").unlink()
    (done.out / "spectrograms/30dB.nc").write_text("x")
    done.do()
    (done.out / "corpus.json").unlink()
    assert done.decide()["extract"].todo == []


def test_what_is_asked_for_is_run(done):
    stages = done.decide(start="evaluate")
    assert {name for name, stage in stages.items() if stage.runs} == of(["evaluate", "export", "report"])(stages)
    assert {stages[name].reason for name in ("evaluate fused svm", "report")} == {"asked for"} | {
        f"{stages['evaluate 30dB-t mlp'].name} runs anew"
    }
    assert all(stage.runs for stage in done.decide(start="extract").values())


class TestGoingOn:
    def train(self, folder, *overrides, **options):
        return folder.decide(*overrides, **options)["train 30dB-t"]

    def test_with_more_epochs(self, done):
        stage = self.train(done, "autoencoders.max_epochs=65")
        assert stage.resumes
        assert stage.reason == "its options have changed; goes on from its last epoch"

    def test_after_a_crash(self, done):
        done.state.stages = done.state.stages[:1]
        assert self.train(done).resumes

    @pytest.mark.parametrize("override", ["autoencoders.max_epochs=3", "autoencoders.n_units=3", "seed=3"])
    def test_not_from_another_training(self, done, override):
        stage = self.train(done, override)
        assert stage.runs
        assert not stage.resumes

    def test_not_without_a_checkpoint(self, done):
        (done.out / "models/30dB-t/model-3.skaudeep").unlink()
        (done.out / "models/30dB-t/a").unlink()
        assert self.train(done).runs
        assert not self.train(done).resumes

    def test_not_from_what_somebody_else_has_written(self, done):
        (done.out / "models/30dB-t/a").write_text("x")
        assert not self.train(done, "autoencoders.max_epochs=65").resumes

    def test_not_where_it_is_asked_to_begin_anew(self, done):
        assert not self.train(done, "autoencoders.max_epochs=65", start="train").resumes

    def test_of_an_extraction(self, folder):
        def resumes(*overrides):
            return folder.decide(*overrides)["extract"].resumes

        folder.state.started["extract"] = folder.make()[0].identities
        assert not resumes(), "nothing is there"
        (folder.out / "spectrograms/30dB.nc.part").mkdir(parents=True)
        assert resumes()
        assert resumes("spectrograms.on_error=skip")
        (folder.path / "corpus/fold_1/rain/1.wav").write_text("x")
        assert resumes(), "what is there is looked at when it goes on"
        assert not resumes("spectrograms.n_mels=40")
        assert not folder.decide(start="extract")["extract"].resumes
        (folder.path / "corpus/fold_1/rain").rename(folder.path / "corpus/fold_1/fog")
        assert not resumes()


def test_what_another_configuration_has_done_is_found_again(done):
    done.state.stale, done.state.stages = done.state.stages, []
    assert done.run_again() == set()
