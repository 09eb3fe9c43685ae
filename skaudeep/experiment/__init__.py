"""The steps of an experiment, from files to files, and whole experiments.

The steps: `extraction` makes spectrograms of a corpus, `_train` (with `_summaries`) trains an autoencoder on them,
`_generate` applies it; `_inputs` reads data sets for both. Fusing and exporting are functions of `skaudeep.datasets`
and `skaudeep.io`, evaluating is `skaudeep.evaluation`.

Whole experiments: `_schema` (with `_keys`) says what a configuration may hold, `_config` reads one, `_recipes` lists
those that come with the package, `_corpus` loads its corpus, `_plan` makes `stages` of it and decides which of them
have to run, `_run` runs them, and `_record` remembers.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_config": ("Experiment", "parse_overrides", "read_experiment"),
    "extraction": ("extract_spectrograms",),
    "_generate": ("generate_features",),
    "skaudeep.embedding.runs": ("load_autoencoder",),
    "_recipes": ("list_recipes", "read_recipe"),
    "_run": ("plan", "run_experiment"),
    "_train": ("train_autoencoder",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
