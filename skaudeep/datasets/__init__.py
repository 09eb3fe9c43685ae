"""Collections of recordings on disk, and the data sets made from them."""

from skaudeep.datasets._corpora import load_esc, load_folder
from skaudeep.datasets._folds import PredefinedFolds
from skaudeep.datasets._make import make_sound_events
from skaudeep.datasets._model import make_dataset

__all__ = ["PredefinedFolds", "load_esc", "load_folder", "make_dataset", "make_sound_events"]
