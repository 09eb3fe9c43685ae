"""The stage that trains a network."""

import dataclasses
from typing import ClassVar

from sklearn.base import BaseEstimator

from skaudeep.embedding import identify_training
from skaudeep.embedding.runs import list_checkpoints
from skaudeep.experiment._train import train_autoencoder
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.experiment.stages._digests import digest
from skaudeep.results.files import TRAINING_FILE


@dataclasses.dataclass(kw_only=True, eq=False)
class Train(Stage):
    """A trained network, or one that is left as it was drawn."""

    kind: ClassVar[str] = "train"
    is_announced: ClassVar[bool] = True
    resumes_from: ClassVar[str] = "its last epoch"

    model: str  # name of the folder of the run, such as "30dB-time"
    setting: str  # name of the spectrograms, such as "30dB"
    autoencoder: dict  # the entry of the configuration
    embedder: BaseEstimator  # what is to be trained
    is_control: bool  # whether it is left untrained, to compare others with

    @classmethod
    def make(cls, plan):
        (extract,) = plan.of_kind("extract")
        stages = []
        for path in extract.transformers:
            for autoencoder in plan.experiment.autoencoders:
                stages.append(cls._make(plan.experiment, autoencoder, path, extract))
                if plan.experiment.evaluation["controls"] and autoencoder["max_epochs"]:
                    untrained = autoencoder | {"max_epochs": 0}
                    stages.append(cls._make(plan.experiment, untrained, path, extract, is_control=True))
        return stages

    @classmethod
    def _make(cls, experiment, autoencoder, path, extract, is_control=False):
        setting = path.removeprefix("spectrograms/").removesuffix(".nc")
        parts = [setting, autoencoder["name"], "untrained" if is_control else None]
        model = "-".join(filter(None, parts))
        return cls(
            name=f"train {model}",
            needs={path: extract.parts[path]},
            model=model,
            setting=setting,
            autoencoder=autoencoder,
            embedder=experiment.make_embedder(autoencoder),
            is_control=is_control,
        )

    @property
    def input(self):
        """The file of spectrograms."""
        return f"spectrograms/{self.setting}.nc"

    @property
    def folder(self):
        """The folder of the run."""
        return f"models/{self.model}"

    @property
    def outputs(self):
        return [self.folder]

    @property
    def _learned(self):
        """What decides what is learned, but for the number of epochs."""
        return {"kind": self.autoencoder["kind"], "parameters": identify_training(self.embedder)}

    @property
    def options(self):
        return self._learned | {"max_epochs": self.embedder.max_epochs} | self._directions

    @property
    def _directions(self):
        """What decides in which directions covariances of states are taken, where these are asked for."""
        autoencoder = self.autoencoder
        if autoencoder["output"] != "states" or "covariance" not in autoencoder["statistics"]:
            return {}
        return {key: autoencoder[key] for key in ("n_components", "n_bands") if key in autoencoder}

    @property
    def begun(self):
        base = digest(self._learned | {"spectrograms": self.needs[self.input]})
        return {"base": base, "max_epochs": self.embedder.max_epochs}

    def can_resume(self, started, out):
        if self.lost:
            return False
        begun, folder = self.begun, out / self.folder
        if started.get("base") != begun["base"] or started["max_epochs"] > begun["max_epochs"]:
            return False
        return folder.is_dir() and bool(list_checkpoints(folder))

    def run(self, context):
        folder = context.out / self.folder
        folder.mkdir(parents=True, exist_ok=True)
        if not self.resumes:
            for checkpoint in list_checkpoints(folder).values():
                checkpoint.unlink()
        context.begin(self)
        train_autoencoder(
            self.embedder,
            context.out / self.input,
            folder,
            resume=self.resumes,
            overwrite=not self.resumes,
            checkpoints_to_keep=self.autoencoder["checkpoints_to_keep"],
            verbose=context.verbose,
        )
        newest = max(list_checkpoints(folder).items())[1]
        return Outcome([f"{self.folder}/{TRAINING_FILE}", newest.relative_to(context.out).as_posix()])
