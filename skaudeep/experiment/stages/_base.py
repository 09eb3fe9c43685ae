"""What all stages of an experiment have in common."""

import abc
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

from skaudeep.experiment.stages._digests import digest
from skaudeep.results.experiment import StageRecord


@dataclasses.dataclass
class Plan:
    """What stages are made of.

    Parameters
    ----------
    experiment : Experiment
        From `read_experiment`.
    corpus : Bunch
        As `load_corpus` gives it.
    left_out : list of str
        Recordings that cannot be analysed, as far as that is known.
    corpus_digest : str
        The digest of the corpus.
    stages : list of Stage
        Those that run before.
    """

    experiment: object
    corpus: dict
    left_out: list
    corpus_digest: str
    stages: list = dataclasses.field(default_factory=list)

    def of_kind(self, *kinds):
        """List the stages of some kinds."""
        return [stage for stage in self.stages if stage.kind in kinds]


@dataclasses.dataclass
class Context:
    """Where stages run, and with what.

    Parameters
    ----------
    out : pathlib.Path
        The output folder.
    corpus : Bunch
        The recordings.
    n_jobs : int or None
        Number of threads for extraction.
    verbose : bool
        Whether to show progress.
    begin : callable
        ``begin(stage)`` notes what a stage has begun that can go on after a crash.
    """

    out: Path
    corpus: dict
    n_jobs: int | None
    verbose: bool
    begin: Callable

    def path(self, relative):
        """Give the path of a file below the output folder, and make the folder that it is in."""
        path = self.out / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclasses.dataclass
class Outcome:
    """What a stage has done.

    Parameters
    ----------
    written : list of str
        Files below the output folder.
    note : str
        What to say of it.
    failed : list or None
        Pairs of recordings that were left out and the reasons, of an extraction.
    """

    written: list
    note: str = ""
    failed: list | None = None


@dataclasses.dataclass(kw_only=True, eq=False)
class Stage(abc.ABC):
    """A step of an experiment.

    A kind of stages is a subclass, which says what it depends on (`options`, `needs`), what it writes (`outputs`), how
    it is made (`make`) and what it does (`run`).

    Parameters
    ----------
    name : str
        What users call it, such as "train 30dB".
    needs : dict of str to str
        The digest of each stage, or part of one, whose outcome this one uses, by its name.
    runs : bool
        Whether it is to be run.
    reason : str
        Why, or why not.
    forced : bool
        Whether it is run because that was asked for.
    resumes : bool
        Whether it goes on from where an earlier run was stopped.
    before : StageRecord or None
        What an earlier run has done.
    lost : list of str
        Files of that run that are not what it has written.
    """

    #: What users call stages of this kind, such as "train".
    kind: ClassVar[str]
    #: The table of a configuration that belongs to the stages, and its keys.
    table: ClassVar[str | None] = None
    keys: ClassVar[dict] = {}
    #: Whether to say that it begins: it takes long, and says more than a line.
    is_announced: ClassVar[bool] = False
    #: From where it goes on, in words.
    resumes_from: ClassVar[str] = "where it was stopped"

    name: str
    needs: dict
    runs: bool = True
    reason: str = "not done yet"
    forced: bool = False
    resumes: bool = False
    before: StageRecord | None = None
    lost: list = dataclasses.field(default_factory=list)

    @classmethod
    @abc.abstractmethod
    def make(cls, plan):
        """Give the stages of this kind of a plan, of which it holds those that run before."""

    @property
    @abc.abstractmethod
    def outputs(self):
        """Files and folders below the output folder."""

    @property
    @abc.abstractmethod
    def options(self):
        """What the outcome depends on, beside other stages, as a dict."""

    @abc.abstractmethod
    def run(self, context):
        """Do it, and give the `Outcome`."""

    @property
    def writes(self):
        """The name of `outputs` in a plan."""
        return self.outputs

    @property
    def parts(self):
        """The digests of what can be done by itself, by the file."""
        return {}

    @property
    def own(self):
        """Digest of the options alone."""
        return digest(self.options)

    @property
    def digest(self):
        """Digest of all that the outcome depends on."""
        return digest({"options": self.options, "needs": self.needs, "parts": self.parts})

    @property
    def begun(self):
        """What to note when it begins, to know later whether it can go on, as a dict."""
        return {}

    def can_resume(self, started, out):
        """Say whether it can go on from what an earlier run has begun (`begun`, or an empty dict)."""
        return False

    def refresh(self, context):
        """Bring outputs of an earlier run up to date that need not be made anew, and list those that have changed."""
        return []

    def reason_to_run(self, out):
        """Say why it has to run, as far as it knows by itself; None if it has not."""
        before, lost = self.before, self.lost
        if before is None:
            return "not done yet"
        if self.parts:
            unchanged = all(before.parts.get(path) == part for path, part in self.parts.items())
            lost = [path for path in lost if path in self.outputs]
        else:
            unchanged = before.digest == self.digest
        if not unchanged:
            changed = [name for name, needed in self.needs.items() if before.needs.get(name) != needed]
            return f"{changed[0]} has changed" if changed and before.own == self.own else "its options have changed"
        if lost:
            return f"{lost[0]} {'is not what was written' if (out / lost[0]).exists() else 'is missing'}"
        return None
