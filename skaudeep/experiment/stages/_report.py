"""The stage that writes a page about the experiment."""

import dataclasses
from typing import ClassVar

from skaudeep.experiment._keys import SWITCH, Key
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.results.files import REPORT_FILE


@dataclasses.dataclass(kw_only=True, eq=False)
class Report(Stage):
    """A page about the experiment."""

    kind: ClassVar[str] = "report"
    table: ClassVar[str] = "report"
    keys: ClassVar[dict] = {"enabled": Key(True, SWITCH)}

    configuration: dict  # of the experiment, which the page shows

    @classmethod
    def make(cls, plan):
        if not plan.experiment.report["enabled"]:
            return []
        needs = {stage.name: stage.digest for stage in plan.stages}
        return [cls(name="report", needs=needs, configuration=plan.experiment.to_dict())]

    @property
    def outputs(self):
        return [REPORT_FILE]

    @property
    def options(self):
        return self.configuration

    def run(self, context):
        from skaudeep.pages import write_report  # with what draws pictures

        write_report(context.out, context.out / REPORT_FILE)
        return Outcome(self.outputs)
