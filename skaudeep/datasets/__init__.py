"""Data sets: made, checked, joined, dealt out into folds, counted, and handed to others.

A data set is an :class:`xarray.Dataset` (`skaudeep.datamodel` says what is in one). `_validate` checks it; `_select`,
`_combine`, `_labels` and `_folds` (with `_deal`) make new ones of it; `_convert` hands it to others; `_inspect` counts.

The functions that find recordings on disk, which are those of `skaudeep.corpora`, are known here by their names, too.
"""

from skaudeep import corpora
from skaudeep._lazy import export_lazily

_HOMES = {
    "skaudeep.corpora": corpora.__all__,
    "skaudeep.datamodel": ("get_provenance", "make_dataset"),
    "skaudeep._splits": ("PredefinedFolds",),
    "_combine": ("concat", "fuse", "fuse_chunks"),
    "_convert": ("to_bunch", "to_frame"),
    "_folds": ("add_folds", "add_partitions", "cv_splits", "remove_folds", "remove_partitions"),
    "_inspect": ("DatasetInfo", "inspect_dataset"),
    "_labels": ("remove_labels", "set_labels"),
    "_select": ("select", "upsample"),
    "_validate": ("Violation", "validate_dataset"),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
