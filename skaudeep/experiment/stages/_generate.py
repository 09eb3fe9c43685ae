"""The stage that makes features of spectrograms."""

import dataclasses
from typing import ClassVar

from skaudeep._provenance import PROVENANCE, decode_provenance, encode_provenance, is_known
from skaudeep.embedding import StatisticsPooling
from skaudeep.embedding.runs import load_autoencoder
from skaudeep.exceptions import param
from skaudeep.experiment._corpus import deal
from skaudeep.experiment._generate import generate_features
from skaudeep.experiment._inputs import open_lazily
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.experiment.stages._train import Train
from skaudeep.io import write_netcdf


@dataclasses.dataclass(kw_only=True, eq=False)
class Generate(Stage):
    """The features of a network, or statistics of the spectrograms themselves."""

    kind: ClassVar[str] = "generate"

    features: str  # their name, such as "30dB-time"
    setting: str  # name of the spectrograms, such as "30dB"
    train: Train | None  # trains the network; None: statistics of the spectrograms
    folds: int | None  # how to deal the recordings out where the corpus does not
    partitions: dict | None
    seed: int

    @classmethod
    def make(cls, plan):
        (extract,), trains = plan.of_kind("extract"), plan.of_kind("train")
        stages = []
        for path in extract.transformers:
            of_path = [train for train in trains if train.input == path]
            for train in of_path:
                needs = {train.name: train.digest}
                stages.append(cls._make(plan.experiment, train.model, train.setting, needs, train))
            if plan.experiment.evaluation["controls"] or plan.experiment.fusion["statistics"]:
                setting = path.removeprefix("spectrograms/").removesuffix(".nc")
                stages.append(cls._make(plan.experiment, f"{setting}-statistics", setting, {path: extract.parts[path]}))
        return stages

    @classmethod
    def _make(cls, experiment, features, setting, needs, train=None):
        return cls(
            name=f"generate {features}",
            needs=needs,
            features=features,
            setting=setting,
            train=train,
            folds=experiment.corpus["folds"],
            partitions=experiment.corpus["partitions"],
            seed=experiment.seed,
        )

    @property
    def is_control(self):
        """Whether others are compared with it."""
        return self.train is None or self.train.is_control

    @property
    def outputs(self):
        return [f"features/{self.features}.nc"]

    @property
    def options(self):
        dealt = {"folds": self.folds, "partitions": self.partitions}
        if any(dealt.values()):
            dealt["seed"] = self.seed
        return {"setting": self.setting, **self._use, "dealt": dealt}

    @property
    def _use(self):
        """What of the network decides what features are made of its outputs."""
        if self.train is None:
            return {}
        autoencoder = self.train.autoencoder
        kept = {key: autoencoder[key] for key in ("kind", "output")}
        if kept["kind"] == "f-rae" or kept["output"] != "bottleneck":
            kept["statistics"] = autoencoder["statistics"]
            if "covariance" in kept["statistics"]:
                kept["n_components"] = autoencoder["n_components"]
        if kept["output"] == "states" and "n_bands" in autoencoder:
            kept["n_bands"] = autoencoder["n_bands"]
        return kept

    def run(self, context):
        input, output = context.out / f"spectrograms/{self.setting}.nc", context.path(self.outputs[0])
        if self.train is None:
            self._write(input, output, StatisticsPooling())
            return Outcome(self.outputs)
        use = self._use
        embedder = load_autoencoder(context.out / self.train.folder, kind=use["kind"])
        embedder.set_params(**{key: value for key, value in use.items() if key != "kind"})
        # one vector for each frame, of which the features are statistics
        pooling = None
        if use["output"] == "frames" or (use["kind"] == "f-rae" and use["output"] == "bottleneck"):
            pooling = StatisticsPooling(**{key: use[key] for key in ("statistics", "n_components") if key in use})
        if pooling is None and not self.folds and not self.partitions:
            generate_features(embedder, input, output, verbose=context.verbose)
            return Outcome(self.outputs)
        temporary = output.with_name(f".{output.stem}-raw.nc")
        try:
            generate_features(embedder, input, temporary, verbose=context.verbose)
            self._write(temporary, output, pooling)
        finally:
            temporary.unlink(missing_ok=True)
        return Outcome(self.outputs)

    def _write(self, input, output, pooling):
        """Write what is in another file, pooled if that is asked for, with the recordings dealt out."""
        with open_lazily(input) as ds:
            pooled = ds if pooling is None else _pool(ds, pooling)
            write_netcdf(deal(pooled, folds=self.folds, partitions=self.partitions, seed=self.seed), output)


def _pool(ds, pooling):
    """Make a data set with one vector of statistics over time for each instance."""
    features = pooling.fit_transform(ds["features"])
    pooled = ds.drop_dims(ds["features"].dims[1:]).assign(features=(("instance", "generated"), features))
    provenance = decode_provenance(ds.attrs, param.ds)
    if is_known(provenance):
        made = {"kind": "statistics", "statistics": list(pooling.statistics)}
        pooled.attrs[PROVENANCE] = encode_provenance([{"features": made, "input": provenance}])
    return pooled
