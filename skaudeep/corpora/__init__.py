"""Collections of recordings on disk: found, recognised, downloaded, made, counted.

`kinds` recognises a layout; `_layouts` (folders), `_environment` (ESC, UrbanSound8K), `_challenges` (DCASE, ComParE),
`_speech` (Speech Commands) and `_table` (with `_roles`) load one, with `find`, `_formats` and `_bunch`; `_fetch`
downloads; `_make` and `_make_scenes` synthesise, with `_synthesis`; `_inspect` counts, with `headers`. `_annotations`
reads annotations over time and makes windows of them, in which `_segments` cuts recordings;
`_annotation_frames` gives them to frames.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_annotation_frames": ("annotation_frames",),
    "_annotations": ("annotation_windows", "combine_raters", "join_windows", "load_annotations"),
    "_bunch": ("drop_unlabelled", "make_bunch"),
    "_challenges": ("load_compare", "load_dcase"),
    "_environment": ("load_esc", "load_urbansound8k"),
    "_fetch": ("fetch_esc10", "fetch_esc50", "fetch_urbansound8k"),
    "_inspect": ("CorpusInfo", "inspect_corpus"),
    "_layouts": ("load_cross_validated", "load_folder", "load_partitioned"),
    "_make": ("make_sound_events",),
    "_make_scenes": ("make_sound_scenes",),
    "_segments": ("segment_corpus",),
    "_speech": ("load_speech_commands",),
    "_table": ("load_table",),
    "kinds": ("load_corpus",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
