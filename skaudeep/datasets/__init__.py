"""Collections of recordings on disk, and the data sets made from them.

Recordings: `_corpora` recognises a layout; `_layouts` (folders), `_environment` (ESC, UrbanSound8K), `_challenges`
(DCASE, ComParE), `_speech` (Speech Commands) and `_table` load one, with `_find`, `_formats` and `_bunch`; `_fetch`
downloads; `_make` synthesises.

Data sets: `_model` makes one and says what it is; `_validate` checks it; `_select`, `_combine`, `_labels` and `_folds`
(with `_deal`) make new ones of it; `_convert` hands it to others.

Both: `_inspect` counts, `_info` prints the counts.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_bunch": ("drop_unlabelled", "make_bunch"),
    "_challenges": ("load_compare", "load_dcase"),
    "_combine": ("concat", "fuse", "fuse_chunks"),
    "_convert": ("to_bunch", "to_frame"),
    "_corpora": ("load_corpus",),
    "_environment": ("load_esc", "load_urbansound8k"),
    "_fetch": ("fetch_esc10", "fetch_esc50", "fetch_urbansound8k"),
    "_folds": ("PredefinedFolds", "add_folds", "add_partitions", "cv_splits", "remove_folds", "remove_partitions"),
    "_info": ("CorpusInfo", "DatasetInfo"),
    "_inspect": ("inspect_corpus", "inspect_dataset"),
    "_labels": ("remove_labels", "set_labels"),
    "_layouts": ("load_cross_validated", "load_folder", "load_partitioned"),
    "_make": ("make_sound_events",),
    "_model": ("get_provenance", "make_dataset"),
    "_select": ("select", "upsample"),
    "_speech": ("load_speech_commands",),
    "_table": ("load_table",),
    "_validate": ("Violation", "validate_dataset"),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
