"""The stage that puts all learned features side by side."""

import dataclasses
from typing import ClassVar

from skaudeep.datasets import fuse, fuse_chunks
from skaudeep.experiment._keys import SWITCH, Key
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.io import read_netcdf, write_netcdf


@dataclasses.dataclass(kw_only=True, eq=False)
class Fuse(Stage):
    """The features of all networks side by side, and perhaps statistics of the spectrograms."""

    kind: ClassVar[str] = "fuse"
    table: ClassVar[str] = "fusion"
    keys: ClassVar[dict] = {
        "enabled": Key(None, [*SWITCH, None]),
        "chunks": Key(False, SWITCH),
        "statistics": Key(False, SWITCH),
    }

    features: str  # their name, "fused" as a rule
    members: list  # the stages whose features are fused
    chunks: bool  # whether to join the features of the chunks of a recording, too
    is_control: bool  # whether they are of untrained networks, to compare others with

    @classmethod
    def make(cls, plan):
        fusion, generated = plan.experiment.fusion, plan.of_kind("generate")
        members = [stage for stage in generated if _is_member(stage, fusion["statistics"])]
        enabled = fusion["enabled"]
        if enabled is None:
            enabled = len(members) > 1 or fusion["chunks"]
        if not enabled:
            return []
        stages = [cls._make(members, fusion["chunks"])]
        untrained = {stage.features: stage for stage in generated if stage.is_control}
        before = [untrained.get(f"{stage.features}-untrained", stage) for stage in members]
        if fusion["statistics"] and before != members:
            stages.append(cls._make(before, fusion["chunks"], is_control=True))
        return stages

    @classmethod
    def _make(cls, members, chunks, is_control=False):
        return cls(
            name="fuse untrained" if is_control else "fuse",
            needs={stage.name: stage.digest for stage in members},
            features="fused-untrained" if is_control else "fused",
            members=members,
            chunks=chunks,
            is_control=is_control,
        )

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


def _is_member(stage, with_statistics):
    """Whether the features of a stage are fused: those of networks, and statistics of spectrograms if wanted."""
    if stage.train is None:
        return with_statistics
    return not stage.is_control
