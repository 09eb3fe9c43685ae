"""What folders of experiments and of training runs hold: names of files, and what is read from them.

`_experiment`, `_training` and `_evaluation` read the records, `_models` the checkpoints of a training run, `_files`
says what files are called.
"""

from skaudeep.results._evaluation import Evaluation, read_evaluation
from skaudeep.results._experiment import ExperimentRecord, StageRecord, read_experiment_record, read_results
from skaudeep.results._files import (
    CORPUS_FILE,
    EXPERIMENT_FILE,
    REPORT_FILE,
    TRAINING_FILE,
    find_kind,
    read_json,
    write_json,
)
from skaudeep.results._models import (
    find_checkpoint,
    kind_of,
    list_checkpoints,
    load_autoencoder,
    load_checkpoint,
    model_files,
)
from skaudeep.results._training import Training, read_training

__all__ = [
    "CORPUS_FILE",
    "EXPERIMENT_FILE",
    "REPORT_FILE",
    "TRAINING_FILE",
    "Evaluation",
    "ExperimentRecord",
    "StageRecord",
    "Training",
    "find_checkpoint",
    "find_kind",
    "kind_of",
    "list_checkpoints",
    "load_autoencoder",
    "load_checkpoint",
    "model_files",
    "read_evaluation",
    "read_experiment_record",
    "read_json",
    "read_results",
    "read_training",
    "write_json",
]
