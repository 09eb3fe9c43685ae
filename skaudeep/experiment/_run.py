"""Run a whole experiment in a folder, leaving out what has been done."""

import datetime
import logging
import os
import shutil
import time
from pathlib import Path

from skaudeep._messages import param
from skaudeep._progress import on_terminal
from skaudeep._provenance import PROVENANCE, decode_provenance, encode_provenance, is_known
from skaudeep._validation import Integral, StrOptions, validate_params
from skaudeep._version import __version__
from skaudeep.datasets import fuse, fuse_chunks, inspect_corpus
from skaudeep.embedding import StatisticsPooling
from skaudeep.evaluation import evaluate_dataset, make_classifier
from skaudeep.experiment._config import Experiment
from skaudeep.experiment._corpus import deal, load_corpus_of
from skaudeep.experiment._extract import extract_spectrograms
from skaudeep.experiment._generate import generate_features, load_autoencoder
from skaudeep.experiment._inputs import open_lazily
from skaudeep.experiment._record import (
    FORMAT,
    claim_folder,
    read_record,
    read_results,
    records_of,
    refresh_corpus,
    without_others,
    write_json,
)
from skaudeep.experiment._stages import CORPUS_FILE, EXPERIMENT_FILE, KINDS, decide, file_states, make_stages
from skaudeep.experiment._train import RECORD, list_checkpoints, train_autoencoder
from skaudeep.io import export_dataset, read_netcdf, write_netcdf
from skaudeep.io._writer import parts_folder

_log = logging.getLogger(__name__)

_START = [StrOptions(set(KINDS)), None]


@validate_params(
    {"experiment": [Experiment], "out": [str, os.PathLike], "start": _START}, prefer_skip_nested_validation=True
)
def plan(experiment, out, *, start=None):
    """Say what running an experiment would do; nothing is written.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`, with the path of its corpus.
    out : str or path-like
        The output folder; it may not exist yet.
    start : {"extract", "train", "generate", "fuse", "evaluate", "export", "report"}, default=None
        A kind of stages: these and all later ones are to be run even if nothing has changed.

    Returns
    -------
    list of Stage
        In order, each with `name`, `kind`, `writes`, whether it `runs`, and the `reason`.

    Raises
    ------
    DataSetError
        If there is no such corpus, or it lacks the classes, folds or partitions that are to be used.
    ValueError
        If the folder holds something else than an experiment.

    See Also
    --------
    run_experiment : Does it.

    Examples
    --------
    >>> import tempfile
    >>> from skaudeep.datasets import make_sound_events
    >>> from skaudeep.experiment import plan, read_experiment
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = make_sound_events(f"{folder}/sounds", n_classes=2, n_per_class=4, n_folds=2, random_state=0)
    ...     changes = {"corpus.path": f"{folder}/sounds", "corpus.parser": "auto", "spectrograms.clip_below": -60}
    ...     stages = plan(read_experiment("esc-10", overrides=changes), f"{folder}/out")
    >>> [stage.name for stage in stages][:4]
    ['extract', 'train spectrograms', 'generate spectrograms', 'evaluate spectrograms mlp']
    >>> stages[1].writes, stages[1].runs, stages[1].reason
    (['models/spectrograms'], True, 'not done yet')
    """
    return _plan(experiment, Path(out), start)[0]


@validate_params(
    {
        "experiment": [Experiment],
        "out": [str, os.PathLike],
        "start": _START,
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def run_experiment(experiment, out, *, start=None, n_jobs=None, verbose=0):
    """Run an experiment: spectrograms, autoencoders, features, fusion, classifiers, exports and a report.

    What an earlier run has left in the folder is not done again where all that it depends on is unchanged: its options,
    the stages before it, the files of the corpus, and the version of skaudeep. A run that was stopped goes on where it
    was: extraction with the next recordings, training with the next epoch.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`, with the path of its corpus.
    out : str or path-like
        The output folder: new, empty, or that of an earlier run.
    start : {"extract", "train", "generate", "fuse", "evaluate", "export", "report"}, default=None
        A kind of stages: these and all later ones are run even if nothing has changed.
    n_jobs : int, default=None
        Number of threads for extraction, as in joblib.
    verbose : int, default=0
        Whether to show progress.

    Returns
    -------
    dict
        As `read_results` gives it.

    Raises
    ------
    AudioError, DataSetError, TrainingError, ValueError, OSError
        If a stage fails; those before it are kept.

    See Also
    --------
    plan : What it would do.
    read_experiment : Reads a configuration.

    Notes
    -----
    The folder holds `experiment.json` (the configuration, and each stage with its outputs, time and digest),
    `corpus.json`, `spectrograms/`, `models/`, `features/`, `evaluations/`, `exports/` and `report.html`. Files of
    stages that the configuration no longer has stay where they are and are no part of the results.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from skaudeep.datasets import make_sound_events
    >>> from skaudeep.experiment import read_experiment, run_experiment
    >>> configuration = '''
    ... [spectrograms]
    ... n_mels = 20
    ... fixed_length = 1
    ... [[autoencoders]]
    ... kind = "t-rae"
    ... n_units = 4
    ... max_epochs = 0
    ... [[classifiers]]
    ... kind = "svm"
    ... [report]
    ... enabled = false
    ... '''
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     _ = make_sound_events(f"{folder}/sounds", n_classes=2, n_per_class=4, n_folds=2, random_state=0)
    ...     _ = pathlib.Path(folder, "small.toml").write_text(configuration)
    ...     experiment = read_experiment(f"{folder}/small.toml", overrides={"corpus.path": f"{folder}/sounds"})
    ...     found = run_experiment(experiment, f"{folder}/out")
    >>> [(result["features"], result["classifier"], result["n_splits"]) for result in found["results"]]
    [('spectrograms', 'svm', 2)]
    """
    out = Path(out)
    # before the folder is made: whoever has mistyped the corpus wants none
    stages, corpus = _plan(experiment, out, start)
    with claim_folder(out):
        state = read_record(out)  # another run may have ended since
        decide(stages, state, out, start=start)
        _Run(experiment, out, corpus, stages, state, start, n_jobs, verbose).run()
    return read_results(out)


class _Run:
    """One run: does stages, and keeps the record of what has been done."""

    def __init__(self, experiment, out, corpus, stages, state, start, n_jobs, verbose):
        self.experiment, self.out, self.corpus, self.stages, self.state = experiment, out, corpus, stages, state
        self.start = start
        # elsewhere than on a terminal there is one line for each stage
        self.n_jobs, self.verbose = n_jobs, bool(verbose) and on_terminal()

    def run(self):
        """Do all stages that are to be done."""
        self._name_left()
        self._set_aside()
        for number in range(len(self.stages)):
            stage = self.stages[number]  # they may be others than at the beginning: see `_made`
            name = f"{number + 1}/{len(self.stages)} {stage.name}"
            if not stage.runs:
                if stage.kind == "extract":
                    refresh_corpus(self.state, self.out, _place(self.experiment))
                    self._write()
                _log.info("%s: skipped, unchanged", name)
                continue
            # what takes long, and says more than a line of itself
            _log.log(logging.INFO if stage.kind == "train" else logging.DEBUG, "%s: begun (%s)", name, stage.reason)
            start = time.perf_counter()
            try:
                written, *notes = _WORK[stage.kind](self, stage)
            except BaseException as error:
                if not isinstance(error, Exception):  # stopped by the user
                    _log.warning("%s is not finished; the same run again goes on from here", stage.name)
                raise
            seconds = time.perf_counter() - start
            self._keep(self._made(stage), written, seconds)
            if stage is not self.stages[number]:
                self._decide_again()
            _log.info("%s: %s", name, ", ".join([f"{seconds:.1f} s", *notes]))

    def _name_left(self):
        """Say what is there of other configurations."""
        names = {stage.name for stage in self.stages}
        left = [
            path for name, record in records_of(self.state).items() if name not in names for path in record["outputs"]
        ]
        if left:
            others = f" and {len(left) - 3} more" if len(left) > 3 else ""
            _log.info("left from other configurations, no part of this one: %s%s", ", ".join(left[:3]), others)

    def _set_aside(self):
        """Keep apart what belongs to other configurations, or is about to be replaced."""
        state, names = self.state, {stage.name: stage for stage in self.stages}
        valid = {name for name, stage in names.items() if not stage.runs}
        # what is done again although its options are the same must not be taken for done later
        records = records_of(state)
        again = {
            name
            for name, stage in names.items()
            if stage.forced or (stage.runs and not stage.parts and records.get(name, {}).get("digest") == stage.digest)
        }
        state["stages"] = [without_others(records[stage.name], stage) for stage in self.stages if stage.name in valid]
        state["stale"] = [record for name, record in records.items() if name not in valid | again]
        state |= {
            "format": FORMAT,
            "skaudeep": __version__,
            "title": self.experiment.title,
            "configuration": self.experiment.to_dict(),
        }
        self._write()

    def _made(self, stage):
        """The stage that has been done: if other recordings were left out than was known before, it is another one."""
        left_out = sorted(file for file, _ in stage.work["failed"])
        if stage.kind != "extract" or left_out == stage.options["left_out"]:
            return stage
        # the corpus may have changed meanwhile, which is to be noticed by the next run
        self.stages = make_stages(self.experiment, self.corpus, left_out=left_out, state=stage.needs["the corpus"])
        self.stages[0].work["failed"] = stage.work["failed"]
        return self.stages[0]

    def _decide_again(self):
        """Find out which stages are to be run, now that the extraction has become another one."""
        decide(self.stages, self.state, self.out, start=self.start)
        self.stages[0].runs = self.stages[0].forced = False
        self._set_aside()

    def begin(self, stage, started):
        """Note what a stage has begun that can go on after a crash."""
        self.state["started"][stage.name] = started
        if not stage.parts:  # what it did before is replaced from now on
            self.state["stale"] = [record for record in self.state["stale"] if record["name"] != stage.name]
        self._write()

    def _keep(self, stage, written, seconds):
        """Record a stage that is done."""
        state = self.state
        record = {
            "name": stage.name,
            "kind": stage.kind,
            "digest": stage.digest,
            "outputs": written,
            "seconds": round(seconds, 3),
            "finished": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "own": stage.own,
            "needs": stage.needs,
            "parts": stage.parts,
            "files": file_states(self.out, written),
        }
        if stage.kind == "extract":
            record["failed"] = stage.work["failed"]
        order = [other.name for other in self.stages]
        done = {**{r["name"]: r for r in state["stages"]}, stage.name: record}
        state["stages"] = sorted(done.values(), key=lambda record: order.index(record["name"]))
        state["stale"] = [record for record in state["stale"] if record["name"] != stage.name]
        self._write()

    def _write(self):
        write_json(self.state, self.out / EXPERIMENT_FILE)

    def path(self, relative):
        """A file of ours, whose folder there is."""
        path = self.out / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


# --- what the stages do; each returns the files that it has written, and perhaps what to say ---


def _extract(run, stage):
    todo = stage.work["todo"]
    failed = stage.work["failed"] if len(todo) < len(stage.parts) else []  # others have been extracted before
    if todo:
        for path in () if stage.work["resume"] else todo:  # what is noted below must be true of what is there
            if (parts := parts_folder(run.out / path)).is_dir():
                shutil.rmtree(parts)
        run.begin(stage, {path: stage.work["begun"][path] for path in todo})
        rows = extract_spectrograms(
            run.corpus,
            {run.path(path): stage.work["outputs"][path] for path in todo},
            on_error=stage.work["on_error"],
            n_jobs=run.n_jobs,
            resume=stage.work["resume"],
            verbose=run.verbose,
        ).values.tolist()
        failed = failed + [row for row in rows if row not in failed]
    info = inspect_corpus(run.corpus, n_jobs=run.n_jobs).to_dict()
    write_json({**info, **_place(run.experiment), "failed": failed}, run.out / CORPUS_FILE)
    stage.work["failed"] = failed
    return (stage.writes, f"{len(failed)} recordings left out") if failed else (stage.writes,)


def _place(experiment):
    corpus = experiment.corpus
    return {"path": os.path.abspath(corpus["path"]), "parser": corpus["parser"]}


def _train(run, stage):
    work = stage.work
    folder = run.out / stage.writes[0]
    folder.mkdir(parents=True, exist_ok=True)
    if not work["resume"]:
        for checkpoint in list_checkpoints(folder).values():
            checkpoint.unlink()
    run.begin(stage, {"base": work["base"], "max_epochs": work["max_epochs"]})
    train_autoencoder(
        work["embedder"],
        run.out / work["input"],
        folder,
        resume=work["resume"],
        overwrite=not work["resume"],
        checkpoints_to_keep=work["checkpoints_to_keep"],
        verbose=run.verbose,
    )
    newest = max(list_checkpoints(folder).items())[1]
    return ([f"{stage.writes[0]}/{RECORD}", newest.relative_to(run.out).as_posix()],)


def _generate(run, stage):
    work, output = stage.work, run.path(stage.writes[0])
    statistics = work.get("statistics")
    if work["model"] is None:
        with open_lazily(run.out / work["input"]) as ds:
            write_netcdf(deal(_pooled(ds, statistics), run.experiment), output)
        return (stage.writes,)
    embedder = load_autoencoder(run.out / work["model"], kind=work["kind"])
    embedder.set_params(**{key: work[key] for key in ("output", "statistics") if key in work})
    frames = work["kind"] == "f-rae" and work["output"] == "bottleneck"
    if not frames and not any(run.experiment.corpus[key] for key in ("folds", "partitions")):
        generate_features(embedder, run.out / work["input"], output, verbose=run.verbose)
        return (stage.writes,)
    temporary = output.with_name(f".{output.stem}-raw.nc")
    try:
        generate_features(embedder, run.out / work["input"], temporary, verbose=run.verbose)
        with open_lazily(temporary) as ds:
            write_netcdf(deal(_pooled(ds, statistics) if frames else ds, run.experiment), output)
    finally:
        temporary.unlink(missing_ok=True)
    return (stage.writes,)


def _fuse(run, stage):
    features = [read_netcdf(run.out / f"features/{name}.nc") for name in stage.work["members"]]
    fused = fuse(features) if len(features) > 1 else features[0]
    write_netcdf(fuse_chunks(fused) if stage.options["chunks"] else fused, run.path(stage.writes[0]))
    return (stage.writes,)


def _evaluate(run, stage):
    work, own = stage.work, ("name", "kind", "repeats")
    classifier, evaluation, seed = work["classifier"], run.experiment.evaluation, run.experiment.seed
    options = {key: value for key, value in classifier.items() if key not in own}
    start = time.perf_counter()
    result = evaluate_dataset(
        read_netcdf(run.out / f"features/{work['features']}.nc"),
        make_classifier(classifier["kind"], random_state=seed, **options),
        **{key: evaluation[key] for key in ("train", "test", "upsample", "majority_vote")},
        repeats=classifier["repeats"],
        random_state=seed,
        verbose=run.verbose,
    )
    named = {"features": work["features"], "classifier": classifier["name"], "settings": work["settings"]}
    seconds = round(time.perf_counter() - start, 3)
    write_json({**named, **result.to_dict(), "seconds": seconds}, run.path(stage.writes[0]))
    return stage.writes, str(result)


def _export(run, stage):
    folder, ds = run.path(stage.writes[0]), read_netcdf(run.out / f"features/{stage.work['features']}.nc")
    written = []
    for format in stage.options["formats"]:
        options = {key: value for key, value in stage.options.items() if key != "formats"}
        export_dataset(ds, folder / format, format=format, name=stage.work["features"], overwrite=True, **options)
        files = sorted((folder / format).rglob(f"{stage.work['features']}.{format}"))
        written += [path.relative_to(run.out).as_posix() for path in files]
    for path in set(stage.work["before"]).difference(written):  # of formats that are not wanted any more
        (run.out / path).unlink(missing_ok=True)
    return (written,)


def _report(run, stage):
    from skaudeep.pages import write_report  # with what draws pictures

    write_report(run.out, run.out / stage.writes[0])
    return (stage.writes,)


_WORK = dict(zip(KINDS, (_extract, _train, _generate, _fuse, _evaluate, _export, _report), strict=True))


# --- before anything is done ---


def _plan(experiment, out, start):
    """Stages, the corpus, and what has been done."""
    state = read_record(out)
    corpus = load_corpus_of(experiment)
    # what was left out before will be again
    failed = records_of(state).get("extract", {}).get("failed", [])
    left_out = [file for file, _ in failed] if experiment.spectrograms["on_error"] == "skip" else []
    stages = make_stages(experiment, corpus, left_out=left_out)
    decide(stages, state, out, start=start)
    return stages, corpus


def _pooled(ds, statistics):
    """A data set with one vector of statistics over time for each instance."""
    pooling = StatisticsPooling() if statistics is None else StatisticsPooling(statistics=statistics)
    features = pooling.fit_transform(ds["features"])
    pooled = ds.drop_dims(ds["features"].dims[1:]).assign(features=(("instance", "generated"), features))
    provenance = decode_provenance(ds.attrs, param.ds)
    if is_known(provenance):
        made = {"kind": "statistics", "statistics": list(pooling.statistics)}
        pooled.attrs[PROVENANCE] = encode_provenance([{"features": made, "input": provenance}])
    return pooled
