"""The stages of an experiment: a class for each kind of them.

`_base` says what a stage is, `_digests` how it is seen whether something has changed. A new kind is a file with a
subclass of `Stage`, and a line in `STAGES`.
"""

from skaudeep.experiment.stages._base import Context, Outcome, Plan, Stage
from skaudeep.experiment.stages._digests import digest, digest_corpus, lost_files, state_of
from skaudeep.experiment.stages._evaluate import Evaluate
from skaudeep.experiment.stages._export import Export
from skaudeep.experiment.stages._extract import Extract
from skaudeep.experiment.stages._fuse import Fuse
from skaudeep.experiment.stages._generate import Generate
from skaudeep.experiment.stages._report import Report
from skaudeep.experiment.stages._train import Train

__all__ = [
    "STAGES",
    "Context",
    "Outcome",
    "Plan",
    "Stage",
    "digest",
    "digest_corpus",
    "lost_files",
    "state_of",
]

#: The classes by their kinds, in the order in which stages run.
STAGES = {stage.kind: stage for stage in (Extract, Train, Generate, Fuse, Evaluate, Export, Report)}
