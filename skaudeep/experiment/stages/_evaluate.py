"""The stage that evaluates a classifier on features."""

import dataclasses
import time
from typing import ClassVar

from skaudeep.evaluation import evaluate_dataset, make_classifier
from skaudeep.experiment._keys import PARTITIONS, SWITCH, Key, words_among
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.io import read_netcdf
from skaudeep.results.files import write_json


@dataclasses.dataclass(kw_only=True, eq=False)
class Evaluate(Stage):
    """The evaluation of a classifier on features."""

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
    classifier: dict  # the entry of the configuration
    splits: dict  # `train`, `test`, `majority_vote` and `upsample`
    seed: int  # that of the classifier, and of what is upsampled

    @classmethod
    def make(cls, plan):
        splits = {key: plan.experiment.evaluation[key] for key in ("train", "test", "majority_vote", "upsample")}
        return [
            cls(
                name=f"evaluate {stage.features} {classifier['name']}",
                needs={stage.name: stage.digest},
                features=stage.features,
                classifier=classifier,
                splits=splits,
                seed=plan.experiment.seed,
            )
            for stage in plan.of_kind("generate", "fuse")
            for classifier in plan.experiment.classifiers
        ]

    @property
    def outputs(self):
        return [f"evaluations/{self.features}-{self.classifier['name']}.json"]

    @property
    def options(self):
        classifier = {key: value for key, value in self.classifier.items() if key != "name"}
        return classifier | self.splits | {"seed": self.seed}

    def run(self, context):
        start = time.perf_counter()
        result = evaluate_dataset(
            read_netcdf(context.out / f"features/{self.features}.nc"),
            _make_classifier(self.classifier, self.seed),
            **self.splits,
            repeats=self.classifier["repeats"],
            random_state=self.seed,
            verbose=context.verbose,
        )
        named = {"features": self.features, "classifier": self.classifier["name"], "settings": self.options}
        seconds = round(time.perf_counter() - start, 3)
        write_json({**named, **result.to_dict(), "seconds": seconds}, context.path(self.outputs[0]))
        return Outcome(self.outputs, str(result))


def _make_classifier(entry, seed):
    """Make the classifier of an entry of a configuration."""
    parameters = {key: value for key, value in entry.items() if key not in ("name", "kind", "repeats")}
    return make_classifier(entry["kind"], random_state=seed, **parameters)


def fit_classifier(entry, ds, *, seed):
    """Fit the classifier of an entry of a configuration on a whole data set, and give it."""
    return _make_classifier(entry, seed).fit(ds["features"].values, ds["label_nominal"].values.astype(str))
