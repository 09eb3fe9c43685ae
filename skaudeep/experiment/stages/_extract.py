"""The stage that makes spectrograms of all recordings."""

import dataclasses
import functools
import os
import shutil
from typing import ClassVar

from skaudeep.datasets import inspect_corpus
from skaudeep.experiment.extraction import extract_spectrograms, setting_names
from skaudeep.experiment.stages._base import Outcome, Stage
from skaudeep.experiment.stages._digests import describe_corpus, digest
from skaudeep.io.writer import parts_folder
from skaudeep.results.files import CORPUS_FILE, read_json, write_json
from skaudeep.spectrogram.settings import material_parameters


@dataclasses.dataclass(kw_only=True, eq=False)
class Extract(Stage):
    """Spectrograms of all settings, each of which is a part that can be done by itself."""

    kind: ClassVar[str] = "extract"

    transformers: dict  # the setting of each file to write
    left_out: list  # recordings that cannot be analysed, as far as that is known
    recordings: str  # digest of their names and what is known of them, whether or not files have changed
    on_error: str  # what to do about recordings that cannot be analysed: "raise" or "skip"
    place: dict  # the `path` of the corpus and its `parser`

    @classmethod
    def make(cls, plan):
        corpus = plan.experiment.corpus
        transformers = plan.experiment.make_transformers()
        paths = [f"spectrograms/{name}.nc" for name in setting_names(transformers)]
        files, known = describe_corpus(plan.corpus)
        extract = cls(
            name="extract",
            needs={"the corpus": plan.corpus_digest},
            transformers=dict(zip(paths, transformers, strict=True)),
            left_out=plan.left_out,
            recordings=digest({"files": files, **known}),
            on_error=plan.experiment.spectrograms["on_error"],
            place={"path": os.path.abspath(corpus["path"]), "parser": corpus["parser"]},
        )
        return [extract]

    @property
    def outputs(self):
        return [CORPUS_FILE, *self.transformers]

    @functools.cached_property
    def _parameters(self):
        return {path: material_parameters(transformer) for path, transformer in self.transformers.items()}

    @property
    def options(self):
        return {"left_out": self.left_out, "settings": self._parameters}

    @functools.cached_property
    def parts(self):
        others = {"left_out": self.left_out, "needs": self.needs}
        return {path: digest({"parameters": own, **others}) for path, own in self._parameters.items()}

    @property
    def identities(self):
        """Digests by which the parts of each file are known when extraction goes on.

        Whether files have changed is seen to by `extract_spectrograms`: those that failed may have been mended.
        """
        return {path: digest([own, self.recordings]) for path, own in self._parameters.items()}

    @property
    def todo(self):
        """The files that have to be written."""
        if self.before is None or self.forced:
            return list(self.parts)
        done = self.before.parts
        return [path for path, part in self.parts.items() if done.get(path) != part or path in self.lost]

    @property
    def begun(self):
        return {path: self.identities[path] for path in self.todo}

    def can_resume(self, started, out):
        begun = self.begun
        are_there = [parts_folder(out / path).is_dir() for path in begun]
        return any(are_there) and all(started.get(path) == identity for path, identity in begun.items())

    def refresh(self, context):
        path = context.out / CORPUS_FILE
        info = read_json(path)
        if info | self.place == info:
            return []
        write_json(info | self.place, path)
        return [CORPUS_FILE]

    def run(self, context):
        todo, failed = self.todo, []
        if len(todo) < len(self.parts):  # others have been extracted before
            failed = self.before.failed or []
        if todo:
            if not self.resumes:
                self._remove_parts(context.out)
            context.begin(self)
            rows = extract_spectrograms(
                context.corpus,
                {context.path(path): self.transformers[path] for path in todo},
                on_error=self.on_error,
                n_jobs=context.n_jobs,
                resume=self.resumes,
                verbose=context.verbose,
            ).values.tolist()
            failed = failed + [row for row in rows if row not in failed]
        info = inspect_corpus(context.corpus, n_jobs=context.n_jobs).to_dict()
        write_json({**info, **self.place, "failed": failed}, context.out / CORPUS_FILE)
        return Outcome(self.outputs, f"{len(failed)} recordings left out" if failed else "", failed)

    def _remove_parts(self, out):
        """Remove what other runs have begun, as what is noted as begun must be true of what is there."""
        for path in self.todo:
            parts = parts_folder(out / path)
            if parts.is_dir():
                shutil.rmtree(parts)
