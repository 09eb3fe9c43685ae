"""The steps of an experiment, what each depends on, and which of them an output folder has already."""

import dataclasses
import hashlib
import json
import os

import numpy as np
import pandas as pd

from skaudeep._version import __version__
from skaudeep.embedding._checkpoints import FREE_PARAMETERS
from skaudeep.experiment._extract import setting_names
from skaudeep.experiment._train import list_checkpoints
from skaudeep.io.writer import parts_folder
from skaudeep.spectrogram.settings import material_parameters

#: Kinds of stages, in the order in which they run.
KINDS = ("extract", "train", "generate", "fuse", "evaluate", "export", "report")

EXPERIMENT_FILE, CORPUS_FILE, REPORT_FILE = "experiment.json", "corpus.json", "report.html"


@dataclasses.dataclass
class Stage:
    """A step of an experiment.

    Parameters
    ----------
    name : str
        What users call it, such as "train 30dB".
    kind : str
        One of `KINDS`.
    options : dict
        What the outcome depends on, beside other stages.
    needs : dict of str to str
        The digest of each stage, or part of one, whose outcome this one uses, by its name.
    writes : list of str
        Files and folders below the output folder.
    work : dict
        What the function that runs it needs to know.
    parts : dict of str to str
        The digests of what can be done by itself, by the file.
    runs : bool
        Whether it is to be run.
    reason : str
        Why, or why not.
    forced : bool
        Whether it is run because that was asked for.
    """

    name: str
    kind: str
    options: dict
    needs: dict
    writes: list
    work: dict = dataclasses.field(default_factory=dict)
    parts: dict = dataclasses.field(default_factory=dict)
    runs: bool = True
    reason: str = "not done yet"
    forced: bool = False

    @property
    def own(self):
        """Digest of the options alone."""
        return digest(self.options)

    @property
    def digest(self):
        """Digest of all that the outcome depends on."""
        return digest({"options": self.options, "needs": self.needs, "parts": self.parts})


def digest(value):
    """Give a short text that is the same for equal values only, and in every process.

    Parameters
    ----------
    value : object
        Dictionaries, lists, text, numbers, None; 5 and 5.0 are equal, as are lists and tuples.

    Returns
    -------
    str
        Of 16 characters.

    Examples
    --------
    >>> from skaudeep.experiment._stages import digest
    >>> digest({"a": 5, "b": (1, None)}) == digest({"b": [1, None], "a": 5.0})
    True
    """
    text = json.dumps([__version__, _canonical(value)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()


def digest_corpus(corpus):
    """Give the digest of a corpus: names, sizes and times of its files, and all that is known about them.

    Parameters
    ----------
    corpus : Bunch
        As `load_corpus` gives it. Where it lies does not count.

    Returns
    -------
    str
        Another one when a file or a label changes.
    """
    files, known = _describe(corpus)
    states = {file: _state(file) for file in set(files)}
    return digest({"files": [states[file] for file in files], **known})


def _describe(corpus):
    """The file of each recording of a corpus, and all else that is known of them."""
    data = corpus["data"]
    segments = data if isinstance(data, pd.DataFrame) else pd.DataFrame({"file": np.asarray(data)})
    times = [segments[name].astype(str).tolist() for name in ("start", "end") if name in segments]
    known = {
        name: values if isinstance(values, dict) else np.asarray(values).astype(str).tolist()
        for name, values in corpus["metadata"].items()
        if values is not None
    }
    return [os.path.abspath(file) for file in segments["file"]], {"times": times, "known": known}


def make_stages(experiment, corpus, *, left_out=(), state=None):
    """Work out what an experiment does with a corpus.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`.
    corpus : Bunch
        As `load_corpus` gives it.
    left_out : iterable of str
        Recordings that cannot be analysed, as far as that is known before all have been tried.
    state : str, default=None
        The digest of the corpus; by default as it is now.

    Returns
    -------
    list of Stage
        In an order in which they can run.

    Raises
    ------
    ValueError
        If two stages would write the same file.

    See Also
    --------
    decide : Which of them are to be run.
    """
    transformers = experiment.make_transformers()
    settings = dict(zip(setting_names(transformers), transformers, strict=True))
    extract = _extraction(experiment, settings, corpus, sorted(left_out), state or digest_corpus(corpus))
    stages, learned = [extract], []
    for setting in settings:
        for autoencoder in experiment.autoencoders:
            stages += _learning(experiment, setting, autoencoder, extract)
            learned.append(stages[-1])
            if experiment.evaluation["controls"] and autoencoder["max_epochs"]:
                stages += _learning(experiment, setting, autoencoder | {"max_epochs": 0}, extract, "-untrained")
        if experiment.evaluation["controls"]:
            stages.append(_generation(experiment, f"{setting}-statistics", {"setting": setting}, extract))
    fusion = experiment.fusion["enabled"]
    if len(learned) > 1 or experiment.fusion["chunks"] if fusion is None else fusion:
        stages.append(_fusion(experiment, learned))
        learned.append(stages[-1])
    stages.sort(key=lambda stage: KINDS.index(stage.kind))
    features = {stage.work["features"]: stage for stage in stages if stage.kind in ("generate", "fuse")}
    stages += [_evaluation(experiment, c, *feature) for feature in features.items() for c in experiment.classifiers]
    if experiment.export["formats"]:
        stages += [_export(experiment, stage.work["features"], stage) for stage in learned]
    if experiment.report["enabled"]:
        stages.append(_report(experiment, stages))
    written = [path.lower() for stage in stages for path in stage.writes]
    for stage in stages:
        for path in stage.writes:
            if written.count(path.lower()) > 1:
                raise ValueError(
                    f"two stages of the experiment would write {path}; give autoencoders and classifiers other names"
                )
    return stages


def decide(stages, state, out, *, start=None):
    """Find out which stages are to be run.

    Parameters
    ----------
    stages : list of Stage
        From `make_stages`; `runs` and `reason` are set.
    state : dict
        What `experiment.json` says of earlier runs.
    out : pathlib.Path
        The output folder.
    start : str, default=None
        A kind of stages: these and all later ones are run in any case.
    """
    records = {record["name"]: record for record in (*state["stale"], *state["stages"])}
    asked_for = () if start is None else KINDS[KINDS.index(start) :]
    anew = set()
    for stage in stages:
        record = records.get(stage.name)
        stage.work |= {"todo": list(stage.parts), "before": record["outputs"] if record else [], "resume": False}
        stage.work["failed"] = record.get("failed", []) if record else []
        reason = _reason(stage, record, out)
        # spectrograms that are extracted again are the same to the bit; networks, on a GPU, are not
        above = [name for name in stage.needs if name in anew]
        if reason is None and above:
            reason = f"{above[0]} runs anew"
        stage.forced = stage.kind in asked_for
        if stage.forced:
            reason, stage.work["todo"] = reason or "asked for", list(stage.parts)
        stage.runs, stage.reason = reason is not None, reason or "unchanged"
        if stage.runs and stage.kind != "extract":
            anew.add(stage.name)
        if stage.runs and not stage.forced and not (stage.kind == "train" and _lost(record, out)):
            _decide_to_go_on(stage, state["started"].get(stage.name, {}), out)


def file_states(out, paths):
    """Size and time of files, to see later whether they have changed.

    Parameters
    ----------
    out : pathlib.Path
        The output folder.
    paths : list of str
        Files below it.

    Returns
    -------
    list of list of int, or None
        Size in bytes and time of the last change in ns; None for a file that is missing.
    """
    return [_state(out / path) for path in paths]


def _reason(stage, record, out):
    """Why a stage has to be run, as far as it knows by itself; None if it has not."""
    if record is None:
        return "not done yet"
    lost = _lost(record, out)
    if stage.parts:
        done = record["parts"]
        stage.work["todo"] = [path for path, part in stage.parts.items() if done.get(path) != part or path in lost]
        unchanged = all(done.get(path) == part for path, part in stage.parts.items())
        lost = [path for path in lost if path in stage.writes]
    else:
        unchanged = record["digest"] == stage.digest
    if not unchanged:
        above = [name for name, needed in stage.needs.items() if record["needs"].get(name) != needed]
        return f"{above[0]} has changed" if above and record["own"] == stage.own else "its options have changed"
    if lost:
        return f"{lost[0]} {'is not what was written' if (out / lost[0]).exists() else 'is missing'}"
    return None


def _lost(record, out):
    """Files that are not what a stage has written."""
    written = [] if record is None else zip(record["outputs"], record["files"], strict=True)
    return [path for path, there in written if _state(out / path) != there]


def _decide_to_go_on(stage, started, out):
    """Whether a stage can go on from where an earlier run was stopped."""
    work = stage.work
    if stage.kind == "extract" and work["todo"]:
        there = any(parts_folder(out / path).is_dir() for path in work["todo"])
        work["resume"] = there and all(started.get(path) == work["begun"][path] for path in work["todo"])
    if stage.kind == "train" and started.get("base") == work["base"]:
        run = out / stage.writes[0]
        work["resume"] = started["max_epochs"] <= work["max_epochs"] and run.is_dir() and bool(list_checkpoints(run))
    if work["resume"]:
        stage.reason += (
            "; goes on from where it was stopped" if stage.kind == "extract" else "; goes on from its last epoch"
        )


# --- the stages ---


def _extraction(experiment, settings, corpus, left_out, state):
    outputs = {f"spectrograms/{name}.nc": transformer for name, transformer in settings.items()}
    material = {path: material_parameters(transformer) for path, transformer in outputs.items()}
    needs = {"the corpus": state}
    files, known = _describe(corpus)
    # whether files have changed is seen to by what has extracted them: those that failed may be mended
    recordings = digest({"files": files, **known})
    return Stage(
        name="extract",
        kind="extract",
        options={"left_out": left_out, "settings": material},
        needs=needs,
        writes=[CORPUS_FILE, *outputs],
        work={
            "outputs": outputs,
            "on_error": experiment.spectrograms["on_error"],
            "begun": {path: digest([parameters, recordings]) for path, parameters in material.items()},
        },
        parts={
            path: digest({"parameters": parameters, "left_out": left_out, "needs": needs})
            for path, parameters in material.items()
        },
    )


def _learning(experiment, setting, autoencoder, extract, suffix=""):
    """Training and generation of one network."""
    path = f"spectrograms/{setting}.nc"
    model = setting + (f"-{autoencoder['name']}" if autoencoder["name"] else "") + suffix
    embedder = experiment.make_embedder(autoencoder)
    learned = {name: value for name, value in embedder.get_params().items() if name not in FREE_PARAMETERS}
    base = digest({"kind": autoencoder["kind"], "parameters": learned, "spectrograms": extract.parts[path]})
    train = Stage(
        name=f"train {model}",
        kind="train",
        options={"kind": autoencoder["kind"], "parameters": learned, "max_epochs": embedder.max_epochs},
        needs={path: extract.parts[path]},
        writes=[f"models/{model}"],
        work={
            "embedder": embedder,
            "input": path,
            "base": base,
            "max_epochs": embedder.max_epochs,
            "checkpoints_to_keep": autoencoder["checkpoints_to_keep"],
        },
    )
    given = {key: autoencoder[key] for key in ("kind", "output")}
    if autoencoder["kind"] == "f-rae" or autoencoder["output"] != "bottleneck":
        given["statistics"] = autoencoder["statistics"]
    return train, _generation(experiment, model, {"setting": setting, **given}, extract, train)


def _generation(experiment, features, options, extract, train=None):
    """Features of one network, or the statistics of the spectrograms themselves."""
    path = f"spectrograms/{options['setting']}.nc"
    dealt = {key: experiment.corpus[key] for key in ("folds", "partitions")}
    if any(dealt.values()):
        dealt["seed"] = experiment.seed
    return Stage(
        name=f"generate {features}",
        kind="generate",
        options={**options, "dealt": dealt},
        needs={path: extract.parts[path]} if train is None else {train.name: train.digest},
        writes=[f"features/{features}.nc"],
        work={"features": features, "input": path, "model": None if train is None else train.writes[0], **options},
    )


def _fusion(experiment, members):
    return Stage(
        name="fuse",
        kind="fuse",
        options={"chunks": experiment.fusion["chunks"], "members": [stage.name for stage in members]},
        needs={stage.name: stage.digest for stage in members},
        writes=["features/fused.nc"],
        work={"features": "fused", "members": [stage.work["features"] for stage in members]},
    )


def _evaluation(experiment, classifier, features, stage):
    settings = {key: value for key, value in classifier.items() if key != "name"}
    settings |= {key: experiment.evaluation[key] for key in ("train", "test", "majority_vote", "upsample")}
    settings["seed"] = experiment.seed
    return Stage(
        name=f"evaluate {features} {classifier['name']}",
        kind="evaluate",
        options=settings,
        needs={stage.name: stage.digest},
        writes=[f"evaluations/{features}-{classifier['name']}.json"],
        work={"features": features, "classifier": classifier, "settings": settings},
    )


def _export(experiment, features, stage):
    return Stage(
        name=f"export {features}",
        kind="export",
        options=dict(experiment.export),
        needs={stage.name: stage.digest},
        writes=[f"exports/{features}"],
        work={"features": features},
    )


def _report(experiment, stages):
    return Stage(
        name="report",
        kind="report",
        options=experiment.to_dict(),  # which it shows
        needs={stage.name: stage.digest for stage in stages},
        writes=[REPORT_FILE],
    )


def _state(path):
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _canonical(value):
    """Give equal values one spelling."""
    if isinstance(value, dict):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value
