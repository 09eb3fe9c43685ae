"""Which stages an experiment has, and which of them have to run."""

import collections

from skaudeep.experiment._corpus import load_corpus_of
from skaudeep.experiment._record import read_record
from skaudeep.experiment.stages import KINDS, STAGES, Plan, digest_corpus, lost_files


def make_stages(experiment, corpus, *, left_out=(), corpus_digest=None):
    """Work out the stages of an experiment on a corpus, in an order in which they can run.

    `left_out` are recordings that cannot be analysed, as far as that is known before all have been tried;
    `corpus_digest` is by default that of the corpus as it is now. Two stages that would write the same file are an
    error.
    """
    plan = Plan(experiment, corpus, sorted(left_out), corpus_digest or digest_corpus(corpus))
    for stage_class in STAGES.values():
        plan.stages += stage_class.make(plan)
    written = [path for stage in plan.stages for path in stage.outputs]
    # some file systems do not tell upper from lower case
    counts = collections.Counter(path.lower() for path in written)
    for path in written:
        if counts[path.lower()] > 1:
            raise ValueError(
                f"two stages of the experiment would write {path}; give autoencoders and classifiers other names"
            )
    return plan.stages


def decide(stages, record, out, *, start=None):
    """Find out which stages are to be run: set their `runs`, `reason`, `forced` and `resumes`.

    `record` is what earlier runs have done in the folder `out`; stages of the kind `start`, and all later ones, are run
    in any case.
    """
    records = record.by_name
    asked_for = () if start is None else KINDS[KINDS.index(start) :]
    anew = set()
    for stage in stages:
        stage.before = records.get(stage.name)
        stage.lost = [] if stage.before is None else lost_files(stage.before, out)
        stage.forced = stage.kind in asked_for
        reason = stage.reason_to_run(out)
        # spectrograms that are extracted again are the same to the bit; networks, on a GPU, are not
        above = [name for name in stage.needs if name in anew]
        if reason is None and above:
            reason = f"{above[0]} runs anew"
        if reason is None and stage.forced:
            reason = "asked for"
        stage.runs, stage.reason = reason is not None, reason or "unchanged"
        if stage.runs and stage.kind != "extract":
            anew.add(stage.name)
        may_resume = stage.runs and not stage.forced
        stage.resumes = may_resume and stage.can_resume(record.started.get(stage.name, {}), out)
        if stage.resumes:
            stage.reason += f"; goes on from {stage.resumes_from}"


def plan_run(experiment, out, start):
    """Give the stages of an experiment in a folder, and its corpus."""
    record = read_record(out)
    corpus = load_corpus_of(experiment)
    # what was left out before will be again
    left_out, done = [], record.by_name.get("extract")
    if done is not None and experiment.spectrograms["on_error"] == "skip":
        left_out = [file for file, _ in done.failed or []]
    stages = make_stages(experiment, corpus, left_out=left_out)
    decide(stages, record, out, start=start)
    return stages, corpus
