"""The stage that puts all learned features side by side."""

import dataclasses
from typing import ClassVar

from skaudeep.datasets import fuse, fuse_chunks
from skaudeep.experiment._keys import SWITCH, Key
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.io import read_netcdf, write_netcdf


@dataclasses.dataclass(kw_only=True, eq=False)
class Fuse(Stage):
    """The features of all autoencoders side by side."""

    kind: ClassVar[str] = "fuse"
    table: ClassVar[str] = "fusion"
    keys: ClassVar[dict] = {"enabled": Key(None, [*SWITCH, None]), "chunks": Key(False, SWITCH)}
    features: ClassVar[str] = "fused"
    is_control: ClassVar[bool] = False

    members: list  # the stages whose features are fused
    chunks: bool  # whether to join the features of the chunks of a recording, too

    @classmethod
    def make(cls, plan):
        members = [stage for stage in plan.of_kind("generate") if not stage.is_control]
        enabled, chunks = plan.experiment.fusion["enabled"], plan.experiment.fusion["chunks"]
        if enabled is None:
            enabled = len(members) > 1 or chunks
        needs = {stage.name: stage.digest for stage in members}
        return [cls(name="fuse", needs=needs, members=members, chunks=chunks)] if enabled else []

    @property
    def outputs(self):
        return [f"features/{self.features}.nc"]

    @property
    def options(self):
        return {"chunks": self.chunks, "members": [stage.name for stage in self.members]}

    def run(self, context):
        features = [read_netcdf(context.out / stage.outputs[0]) for stage in self.members]
        fused = fuse(features) if len(features) > 1 else features[0]
        write_netcdf(fuse_chunks(fused) if self.chunks else fused, context.path(self.outputs[0]))
        return Outcome(self.outputs)
