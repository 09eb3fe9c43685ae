"""The stage that evaluates a classifier or a regressor on features."""

import dataclasses
import time
from typing import ClassVar

from skaudeep.evaluation import evaluate_dataset, make_classifier, make_regressor
from skaudeep.experiment._keys import PARTITIONS, SWITCH, Key, words_among
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.io import read_netcdf
from skaudeep.results.files import write_json
from skaudeep.results.predictions import write_predictions


@dataclasses.dataclass(kw_only=True, eq=False)
class Evaluate(Stage):
    """The evaluation of a classifier, or of a regressor, on features."""

    kind: ClassVar[str] = "evaluate"
    table: ClassVar[str] = "evaluation"
    keys: ClassVar[dict] = {
        "train": Key(None, [list, str, None], words_among(PARTITIONS), is_list=True),
        "test": Key(None, [list, str, None], words_among(PARTITIONS), is_list=True),
        "majority_vote": Key(False, SWITCH),
        "upsample": Key(False, SWITCH),
        "controls": Key(False, SWITCH),
    }

    features: str  # their name, such as "30dB-time"
    task: str  # "classification" or "regression"
    classifier: dict  # the entry of the configuration, also that of a regressor
    splits: dict  # `train`, `test`, `majority_vote` and, of a classifier, `upsample`
    seed: int  # that of the classifier, and of what is upsampled

    @classmethod
    def make(cls, plan):
        stages = []
        for stage in plan.of_kind("generate", "fuse"):
            for classifier in plan.experiment.classifiers:
                stages.append(cls._make(plan.experiment, stage, "classification", classifier))
            for regressor in plan.experiment.regressors:
                stages.append(cls._make(plan.experiment, stage, "regression", regressor))
        return stages

    @classmethod
    def _make(cls, experiment, stage, task, entry):
        keys = ["train", "test", "majority_vote"]
        if task == "classification":
            keys.append("upsample")
        return cls(
            name=f"evaluate {stage.features} {entry['name']}",
            needs={stage.name: stage.digest},
            features=stage.features,
            task=task,
            classifier=entry,
            splits={key: experiment.evaluation[key] for key in keys},
            seed=experiment.seed,
        )

    @property
    def outputs(self):
        name = f"evaluations/{self.features}-{self.classifier['name']}"
        return [f"{name}.json"] if self.task == "classification" else [f"{name}.json", f"{name}.csv"]

    @property
    def options(self):
        classifier = {key: value for key, value in self.classifier.items() if key != "name"}
        task = {} if self.task == "classification" else {"task": self.task}
        return classifier | self.splits | {"seed": self.seed} | task

    def run(self, context):
        start = time.perf_counter()
        result = evaluate_dataset(
            read_netcdf(context.out / f"features/{self.features}.nc"),
            _make_estimator(self.task, self.classifier, self.seed),
            task=self.task,
            **self.splits,
            repeats=self.classifier["repeats"],
            random_state=self.seed,
            verbose=context.verbose,
        )
        named = {"features": self.features, "task": self.task, "classifier": self.classifier["name"]}
        seconds = round(time.perf_counter() - start, 3)
        record = {**named, "settings": self.options, **result.to_dict(), "seconds": seconds}
        write_json(record, context.path(self.outputs[0]))
        if self.task == "regression":
            write_predictions(result.predictions, context.path(self.outputs[1]))
        return Outcome(self.outputs, str(result))


def _make_estimator(task, entry, seed):
    """Make the classifier or the regressor of an entry of a configuration."""
    parameters = {key: value for key, value in entry.items() if key not in ("name", "kind", "repeats")}
    make = make_classifier if task == "classification" else make_regressor
    return make(entry["kind"], random_state=seed, **parameters)


def fit_classifier(entry, ds, *, seed):
    """Fit the classifier of an entry of a configuration on a whole data set, and give it."""
    return _make_estimator("classification", entry, seed).fit(
        ds["features"].values, ds["label_nominal"].values.astype(str)
    )
