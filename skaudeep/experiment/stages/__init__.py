"""The stages of an experiment: a class for each kind of them.

`_base` says what a stage is, `_digests` how it is seen whether something has changed. A new kind is a file with a
subclass of `Stage`, a word in `KINDS` and a class in `_registry`.
"""

from skaudeep._lazy import export_lazily

#: The kinds, in the order in which they run; their classes are in `STAGES`.
KINDS = ("extract", "train", "generate", "fuse", "evaluate", "export", "report")

_HOMES = {
    "_base": ("Context", "Outcome", "Plan", "Stage"),
    "_digests": ("digest", "digest_corpus", "lost_files"),
    "_evaluate": ("fit_classifier",),
    "_registry": ("STAGES",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
