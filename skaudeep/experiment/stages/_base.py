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
    """What stages are made of."""

    experiment: object  # from `read_experiment`
    corpus: dict  # as `load_corpus` gives it
    left_out: list  # recordings that cannot be analysed, as far as that is known
    corpus_digest: str
    stages: list = dataclasses.field(default_factory=list)  # those that run before

    def of_kind(self, *kinds):
        """List the stages of some kinds."""
        return [stage for stage in self.stages if stage.kind in kinds]


@dataclasses.dataclass
class Context:
    """Where stages run, and with what."""

    out: Path  # the output folder
    corpus: dict
    n_jobs: int | None  # threads for extraction
    verbose: bool  # whether to show progress
    begin: Callable  # ``begin(stage)`` notes what a stage has begun that can go on after a crash

    def path(self, relative):
        """Give the path of a file below the output folder, and make the folder that it is in."""
        path = self.out / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        return path


@dataclasses.dataclass
class Outcome:
    """What a stage has done."""

    written: list  # files below the output folder
    note: str = ""  # what to say of it
    failed: list | None = None  # pairs of recordings that an extraction has left out, and the reasons


@dataclasses.dataclass(kw_only=True, eq=False)
class Stage(abc.ABC):
    """A step of an experiment.

    A kind of stages is a subclass, which says what it depends on (`options`, `needs`), what it writes (`outputs`), how
    it is made (`make`) and what it does (`run`).
    """

    kind: ClassVar[str]  # what users call stages of this kind, such as "train"
    table: ClassVar[str | None] = None  # the table of a configuration that belongs to the stages
    keys: ClassVar[dict] = {}  # the keys of this table
    is_announced: ClassVar[bool] = False  # whether to say that it begins: it takes long, and says more than a line
    resumes_from: ClassVar[str] = "where it was stopped"

    name: str  # what users call it, such as "train 30dB"
    needs: dict  # the digest of each stage, or part of one, whose outcome this one uses, by its name
    runs: bool = True  # whether it is to be run
    reason: str = "not done yet"  # why, or why not
    forced: bool = False  # whether it is run because that was asked for
    resumes: bool = False  # whether it goes on from where an earlier run was stopped
    before: StageRecord | None = None  # what an earlier run has done
    lost: list = dataclasses.field(default_factory=list)  # files of that run that are not what it has written

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
