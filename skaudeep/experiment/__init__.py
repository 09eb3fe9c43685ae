"""The steps of an experiment, from files to files, and whole experiments.

The steps: `_extract` makes spectrograms of a corpus, `_train` (with `_summaries`) trains an autoencoder on them,
`_generate` applies it; `_inputs` reads data sets for both. Fusing and exporting are functions of `skaudeep.datasets`
and `skaudeep.io`, evaluating is `skaudeep.evaluation`.

Whole experiments: `_schema` says what a configuration may hold, `_config` reads one, `_recipes` lists those that come
with the package, `_corpus` loads its corpus, `_stages` makes stages of it and decides which of them have to run, `_run`
runs them, and `_record` remembers.
"""

from skaudeep.experiment._config import Experiment, parse_overrides, read_experiment
from skaudeep.experiment._extract import extract_spectrograms
from skaudeep.experiment._generate import generate_features
from skaudeep.experiment._recipes import list_recipes, read_recipe
from skaudeep.experiment._run import plan, run_experiment
from skaudeep.experiment._train import train_autoencoder
from skaudeep.results import load_autoencoder

__all__ = [
    "Experiment",
    "extract_spectrograms",
    "generate_features",
    "list_recipes",
    "load_autoencoder",
    "parse_overrides",
    "plan",
    "read_experiment",
    "read_recipe",
    "run_experiment",
    "train_autoencoder",
]
