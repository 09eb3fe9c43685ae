"""The record of an experiment, which says what has been done in its folder and with which outcome."""

import dataclasses
from pathlib import Path

from skaudeep.exceptions import param
from skaudeep.results.files import EXPERIMENT_FILE, FORMAT, damaged, number_or_none, read_json, write_json
from skaudeep.results.regression import RegressionRecord, read_outcome

_REMEDY = f"empty its folder to run everything anew, or give another {param.out}"


@dataclasses.dataclass
class StageRecord:
    """A stage that has been done."""

    name: str  # such as "train 30dB"
    kind: str  # such as "train"
    digest: str  # of all that the outcome depends on
    outputs: list  # the files that it has written, below the folder of the experiment
    seconds: float  # how long it took
    finished: str  # when it was done, in UTC
    own: str  # digest of its options alone
    needs: dict  # digests of the outcomes that it used, by the name of the stage
    parts: dict  # digests of what can be done by itself, by the file
    files: list  # size and time of each output
    failed: list | None = None  # pairs of recordings that an extraction has left out, and the reasons


@dataclasses.dataclass
class ExperimentRecord:
    """What has been done in a folder."""

    stages: list = dataclasses.field(default_factory=list)  # those of the configuration
    stale: list = dataclasses.field(default_factory=list)  # of other configurations, or of options that have changed
    started: dict = dataclasses.field(default_factory=dict)  # what stages that can go on after a crash have begun
    skaudeep: str = ""  # the version that wrote it
    title: str = ""
    configuration: dict = dataclasses.field(default_factory=dict)

    @property
    def by_name(self):
        """The last record of each stage, whether or not it is of the same configuration."""
        return {record.name: record for record in (*self.stale, *self.stages)}

    def write(self, folder):
        """Write it to its file in a folder."""
        record = dataclasses.asdict(self) | {"format": FORMAT}
        for stage in (*record["stages"], *record["stale"]):
            if stage["failed"] is None:
                del stage["failed"]
        write_json(record, Path(folder) / EXPERIMENT_FILE)


def read_experiment_record(folder):
    """Read what has been done in the folder of an experiment; a damaged record, or a newer one, is an error."""
    path = Path(folder) / EXPERIMENT_FILE
    content = read_json(path, {"stages": list}, remedy=_REMEDY)
    types = {field.name: field.type for field in dataclasses.fields(ExperimentRecord)}
    known = {name: content[name] for name in types if name in content}
    wrong = [name for name, value in known.items() if not isinstance(value, types[name])]
    if wrong:
        raise damaged(path, f"{', '.join(wrong)} are not what they should be", _REMEDY)
    for key in ("stages", "stale"):
        known[key] = [_stage_record(stage, path) for stage in known.get(key, [])]
    return ExperimentRecord(**known)


def _stage_record(content, path):
    """Check the record of a stage, and make an object of it."""
    fields = dataclasses.fields(StageRecord)
    if not isinstance(content, dict):
        raise damaged(path, "a stage is not a table", _REMEDY)
    known = {field.name: content[field.name] for field in fields if field.name in content}
    for field in fields:
        value = known.get(field.name)
        kinds = (int, float) if field.type is float else field.type
        if not isinstance(value, kinds):
            raise damaged(path, f"the {field.name} of a stage is {value!r:.40}", _REMEDY)
    record = StageRecord(**known)
    paths_are_texts = all(isinstance(output, str) for output in record.outputs)
    if not paths_are_texts or len(record.outputs) != len(record.files):
        raise damaged(path, "the outputs of a stage are not its files", _REMEDY)
    return record


def read_results(folder):
    """Read what an experiment has found.

    Parameters
    ----------
    folder : path-like
        The output folder.

    Returns
    -------
    dict
        `output`, `title`; `results`, a list with `features`, `classifier`, `accuracy`, `accuracy_std`, `recall`,
        `recall_std` and `n_splits` of each evaluation, as :func:`skaudeep.evaluation.summarise` gives them, or, of
        each target of a regressor, with `features`, `regressor`, `target`, `ccc`, `ccc_std`, `rmse`, `rmse_std`,
        `rmse_of_mean` (of predicting the mean) and `n_splits`; `stages`, a list with `name`, `kind` and `seconds`.

    Raises
    ------
    FileNotFoundError
        If the folder holds no experiment, or a file is missing.
    ValueError
        If what it holds is damaged.
    """
    record = read_experiment_record(folder)
    results = []
    for stage in record.stages:
        if stage.kind == "evaluate":
            for output in stage.outputs:
                if output.endswith(".json"):
                    results += _summarise(read_outcome(Path(folder) / output))
    stages = [{"name": stage.name, "kind": stage.kind, "seconds": stage.seconds} for stage in record.stages]
    return {"output": str(folder), "title": record.title, "results": results, "stages": stages}


def _summarise(evaluation):
    """Give the figures of an evaluation, or of each target of a regressor."""
    if isinstance(evaluation, RegressionRecord):
        return [_summarise_target(evaluation, target) for target in evaluation.targets]
    result = {"features": evaluation.features, "classifier": evaluation.classifier}
    for measure in ("accuracy", "recall"):
        result[measure], result[f"{measure}_std"] = evaluation.summary(measure)
    return [result | {"n_splits": len(evaluation.splits)}]


def _summarise_target(evaluation, target):
    """Give the figures of a target; None for what no split defines."""
    result = {"features": evaluation.features, "regressor": evaluation.regressor, "target": target}
    for measure in ("ccc", "rmse"):
        mean, spread = evaluation.summary(measure, target)
        result[measure], result[f"{measure}_std"] = number_or_none(mean), spread
    result["rmse_of_mean"] = number_or_none(evaluation.control("rmse", target))
    return result | {"n_splits": len(evaluation.splits)}
