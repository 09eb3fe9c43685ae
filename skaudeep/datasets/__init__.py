"""Collections of recordings on disk, and the data sets made from them.

Recordings: `_corpora` recognises a layout; `_layouts` (folders), `_environment` (ESC, UrbanSound8K), `_challenges`
(DCASE, ComParE), `_speech` (Speech Commands) and `_table` load one, with `_find`, `_formats` and `_bunch`; `_fetch`
downloads; `_make` synthesises.

Data sets: `_model` makes one and says what it is; `_validate` checks it; `_select`, `_combine`, `_labels` and `_folds`
(with `_deal`) make new ones of it; `_convert` hands it to others.

Both: `_inspect` counts, `_info` prints the counts.
"""

from skaudeep.datasets._bunch import drop_unlabelled, make_bunch
from skaudeep.datasets._challenges import load_compare, load_dcase
from skaudeep.datasets._combine import concat, fuse, fuse_chunks
from skaudeep.datasets._convert import to_bunch, to_frame
from skaudeep.datasets._corpora import load_corpus
from skaudeep.datasets._environment import load_esc, load_urbansound8k
from skaudeep.datasets._fetch import fetch_esc10, fetch_esc50, fetch_urbansound8k
from skaudeep.datasets._folds import (
    PredefinedFolds,
    add_folds,
    add_partitions,
    cv_splits,
    remove_folds,
    remove_partitions,
)
from skaudeep.datasets._info import CorpusInfo, DatasetInfo
from skaudeep.datasets._inspect import inspect_corpus, inspect_dataset
from skaudeep.datasets._labels import remove_labels, set_labels
from skaudeep.datasets._layouts import load_cross_validated, load_folder, load_partitioned
from skaudeep.datasets._make import make_sound_events
from skaudeep.datasets._model import get_provenance, make_dataset
from skaudeep.datasets._select import select, upsample
from skaudeep.datasets._speech import load_speech_commands
from skaudeep.datasets._table import load_table
from skaudeep.datasets._validate import Violation, validate_dataset

__all__ = [
    "CorpusInfo",
    "DatasetInfo",
    "PredefinedFolds",
    "Violation",
    "add_folds",
    "add_partitions",
    "concat",
    "cv_splits",
    "drop_unlabelled",
    "fetch_esc10",
    "fetch_esc50",
    "fetch_urbansound8k",
    "fuse",
    "fuse_chunks",
    "get_provenance",
    "inspect_corpus",
    "inspect_dataset",
    "load_compare",
    "load_corpus",
    "load_cross_validated",
    "load_dcase",
    "load_esc",
    "load_folder",
    "load_partitioned",
    "load_speech_commands",
    "load_table",
    "load_urbansound8k",
    "make_bunch",
    "make_dataset",
    "make_sound_events",
    "remove_folds",
    "remove_labels",
    "remove_partitions",
    "select",
    "set_labels",
    "to_bunch",
    "to_frame",
    "upsample",
    "validate_dataset",
]
