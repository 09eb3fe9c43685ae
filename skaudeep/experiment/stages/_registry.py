"""The kinds of stages."""

from skaudeep.experiment.stages._evaluate import Evaluate
from skaudeep.experiment.stages._export import Export
from skaudeep.experiment.stages._extract import Extract
from skaudeep.experiment.stages._fuse import Fuse
from skaudeep.experiment.stages._generate import Generate
from skaudeep.experiment.stages._report import Report
from skaudeep.experiment.stages._train import Train

#: The classes by their kinds, in the order in which stages run.
STAGES = {stage.kind: stage for stage in (Extract, Train, Generate, Fuse, Evaluate, Export, Report)}
