"""Run a whole experiment in a folder, leaving out what has been done."""

import datetime
import logging
import os
import time
from pathlib import Path

from skaudeep._files import state_of
from skaudeep._progress import on_terminal
from skaudeep._validation import Integral, StrOptions, validate_params
from skaudeep._version import __version__
from skaudeep.experiment._config import Experiment
from skaudeep.experiment._plan import decide, make_stages, plan_run
from skaudeep.experiment._record import claim_folder, read_record, without_others
from skaudeep.experiment.stages import KINDS, Context
from skaudeep.results.experiment import StageRecord, read_results

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
    return plan_run(experiment, Path(out), start)[0]


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
    stages, corpus = plan_run(experiment, out, start)
    with claim_folder(out):
        record = read_record(out)  # another run may have ended since
        decide(stages, record, out, start=start)
        # elsewhere than on a terminal there is one line for each stage
        shown = bool(verbose) and on_terminal()
        context = Context(out, corpus, n_jobs, shown, begin=None)
        _Run(experiment, context, stages, record, start).run()
    return read_results(out)


class _Run:
    """Runs stages, and keeps the record of what has been done.

    After an extraction that leaves out other recordings than expected the stages are others, of the same names.
    """

    def __init__(self, experiment, context, stages, record, start):
        self.experiment, self.context, self.stages, self.record, self.start = experiment, context, stages, record, start
        context.begin = self._begin

    def run(self):
        """Run all stages that are to be run."""
        self._name_left()
        self._set_aside()
        for number in range(len(self.stages)):
            stage = self.stages[number]
            name = f"{number + 1}/{len(self.stages)} {stage.name}"
            if stage.runs:
                self._run_stage(stage, name)
            else:
                self._refresh(stage)
                _log.info("%s: skipped, unchanged", name)

    def _run_stage(self, stage, name):
        """Run a stage and record it."""
        _log.log(logging.INFO if stage.is_announced else logging.DEBUG, "%s: begun (%s)", name, stage.reason)
        start = time.perf_counter()
        try:
            outcome = stage.run(self.context)
        except BaseException as error:
            if not isinstance(error, Exception):  # stopped by the user
                _log.warning("%s is not finished; the same run again goes on from here", stage.name)
            raise
        seconds = time.perf_counter() - start
        others_left_out = outcome.failed is not None and self._plan_again(stage, outcome.failed)
        if others_left_out:
            (stage,) = (other for other in self.stages if other.name == stage.name)
        self._keep(stage, outcome, seconds)
        if others_left_out:
            self._decide_again(stage)
        _log.info("%s: %s", name, f"{seconds:.1f} s" + (f", {outcome.note}" if outcome.note else ""))

    def _refresh(self, stage):
        """Bring outputs up to date of a stage that need not run."""
        changed = stage.refresh(self.context)
        record = self.record.by_name[stage.name]
        for path in changed:
            record.files[record.outputs.index(path)] = state_of(self.context.out / path)
        if changed:
            self._write()

    def _name_left(self):
        """Say what is there of other configurations."""
        names, left = {stage.name for stage in self.stages}, []
        for name, record in self.record.by_name.items():
            if name not in names:
                left += record.outputs
        if left:
            others = f" and {len(left) - 3} more" if len(left) > 3 else ""
            _log.info("left from other configurations, no part of this one: %s%s", ", ".join(left[:3]), others)

    def _set_aside(self):
        """Keep apart what belongs to other configurations, or is about to be replaced."""
        records, valid, again = self.record.by_name, [], set()
        for stage in self.stages:
            is_same = stage.name in records and not stage.parts and records[stage.name].digest == stage.digest
            if not stage.runs:
                valid.append(stage)
            # what is done again although its options are the same must not be taken for done later
            if stage.forced or (stage.runs and is_same):
                again.add(stage.name)
        gone = again | {stage.name for stage in valid}
        self.record.stages = [without_others(records[stage.name], stage) for stage in valid]
        self.record.stale = [record for name, record in records.items() if name not in gone]
        self.record.skaudeep, self.record.title = __version__, self.experiment.title
        self.record.configuration = self.experiment.to_dict()
        self._write()

    def _plan_again(self, stage, failed):
        """Make other stages if other recordings were left out than was known before, and say whether."""
        left_out = sorted(file for file, _ in failed)
        if left_out == stage.left_out:
            return False
        # the corpus may have changed meanwhile, which is to be noticed by the next run
        corpus_digest = stage.needs["the corpus"]
        self.stages = make_stages(self.experiment, self.context.corpus, left_out=left_out, corpus_digest=corpus_digest)
        return True

    def _decide_again(self, done):
        """Find out which stages are to be run, now that one has become another one."""
        decide(self.stages, self.record, self.context.out, start=self.start)
        done.runs = done.forced = False
        self._set_aside()

    def _begin(self, stage):
        """Note what a stage has begun that can go on after a crash."""
        self.record.started[stage.name] = stage.begun
        if not stage.parts:  # what it did before is replaced from now on
            self._forget(stage)
        self._write()

    def _keep(self, stage, outcome, seconds):
        """Record a stage that is done."""
        record = StageRecord(
            name=stage.name,
            kind=stage.kind,
            digest=stage.digest,
            outputs=outcome.written,
            seconds=round(seconds, 3),
            finished=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            own=stage.own,
            needs=stage.needs,
            parts=stage.parts,
            files=[state_of(self.context.out / path) for path in outcome.written],
            failed=outcome.failed,
        )
        others = [other for other in self.record.stages if other.name != stage.name]
        order = [other.name for other in self.stages]
        self.record.stages = sorted([*others, record], key=lambda record: order.index(record.name))
        self._forget(stage)
        self._write()

    def _forget(self, stage):
        self.record.stale = [record for record in self.record.stale if record.name != stage.name]

    def _write(self):
        self.record.write(self.context.out)
