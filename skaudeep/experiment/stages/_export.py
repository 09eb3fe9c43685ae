"""The stage that writes features in other formats."""

import dataclasses
from typing import ClassVar

from skaudeep._validation import StrOptions
from skaudeep.experiment._keys import SWITCH, Key, words_among
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.io import export_dataset, read_netcdf
from skaudeep.io.formats import FORMATS, LAYOUTS


@dataclasses.dataclass(kw_only=True, eq=False)
class Export(Stage):
    """Learned features in other formats."""

    kind: ClassVar[str] = "export"
    table: ClassVar[str] = "export"
    keys: ClassVar[dict] = {
        "formats": Key([], [list, str], words_among(FORMATS, may_be_none=True), is_list=True),
        "labels_last": Key(False, SWITCH),
        "layout": Key("audeep", [StrOptions(set(LAYOUTS))]),
        "single_file": Key(False, SWITCH),
    }

    features: str  # their name, such as "30dB-time"
    settings: dict  # the table of the configuration

    @classmethod
    def make(cls, plan):
        settings = plan.experiment.export
        if not settings["formats"]:
            return []
        learned = [stage for stage in plan.of_kind("generate", "fuse") if not stage.is_control]
        return [
            cls(
                name=f"export {stage.features}",
                needs={stage.name: stage.digest},
                features=stage.features,
                settings=settings,
            )
            for stage in learned
        ]

    @property
    def outputs(self):
        return [f"exports/{self.features}"]

    @property
    def options(self):
        return dict(self.settings)

    def run(self, context):
        folder, ds = context.path(self.outputs[0]), read_netcdf(context.out / f"features/{self.features}.nc")
        others = {key: value for key, value in self.settings.items() if key != "formats"}
        written = []
        for format in self.settings["formats"]:
            export_dataset(ds, folder / format, format=format, name=self.features, overwrite=True, **others)
            files = sorted((folder / format).rglob(f"{self.features}.{format}"))
            written += [path.relative_to(context.out).as_posix() for path in files]
        before = [] if self.before is None else self.before.outputs
        for path in set(before).difference(written):  # of formats that are not wanted any more
            (context.out / path).unlink(missing_ok=True)
        return Outcome(written)
