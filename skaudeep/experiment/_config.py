"""The configuration of a whole experiment: a TOML file, checked key by key."""

import dataclasses
import difflib
import itertools
import os
import tomllib
from pathlib import Path

from skaudeep._files import check_path
from skaudeep.embedding import list_embedders
from skaudeep.experiment._recipes import list_recipes, read_recipe
from skaudeep.experiment._schema import (
    ALIASES,
    ARRAYS,
    VARIED,
    check_tables,
    keys_of_entry,
    parameters_of,
    rename_tables,
)
from skaudeep.spectrogram import SpectrogramTransformer


@dataclasses.dataclass(frozen=True)
class Experiment:
    """What an experiment does, checked and with all defaults filled in; made by `read_experiment`.

    Parameters
    ----------
    name : str
        That of the file without its suffix, or of the recipe.
    title, about : str
        What the experiment is, in a few words and in a sentence.
    seed : int
        The seed of all chance: each step is given it as it is.
    corpus, labels, spectrograms : dict
        Tables of the configuration.
    autoencoders : list of dict
        A table for each; the `name` is None where the only one has none.
    fusion : dict
        A table.
    classifiers, regressors : list of dict
        A table for each.
    evaluation, export, report : dict
        Tables.

    See Also
    --------
    read_experiment : Reads one, and says what the tables hold.

    Examples
    --------
    >>> from skaudeep.experiment import read_experiment
    >>> experiment = read_experiment("esc-10")
    >>> experiment.spectrograms["clip_below"], experiment.autoencoders[0]["n_units"]
    ([-30, -45, -60, -75], 256)
    """

    name: str
    title: str
    about: str
    seed: int
    corpus: dict
    labels: dict
    spectrograms: dict
    autoencoders: list
    fusion: dict
    classifiers: list
    regressors: list
    evaluation: dict
    export: dict
    report: dict

    def to_dict(self):
        """Give the same as nested dictionaries, lists, text and numbers.

        Returns
        -------
        dict
            As the configuration could be written, with every default.
        """
        tables = dataclasses.asdict(self)
        del tables["name"]
        return tables

    def make_transformers(self):
        """Make the transformer of every combination of spectrogram parameters.

        Returns
        -------
        list of SpectrogramTransformer
            In the order of the lists, the channels of each level together.
        """
        parameters = {key: value for key, value in self.spectrograms.items() if key != "on_error"}
        varied = [parameters[key] if isinstance(parameters[key], list) else [parameters[key]] for key in VARIED]
        return [
            SpectrogramTransformer(**(parameters | dict(zip(VARIED, values, strict=True))))
            for values in itertools.product(*varied)
        ]

    def make_embedder(self, autoencoder):
        """Make the untrained embedder of one of `autoencoders`.

        Parameters
        ----------
        autoencoder : dict
            One of them.

        Returns
        -------
        BaseEmbedder
            The estimator, seeded.
        """
        cls = list_embedders()[autoencoder["kind"]]
        return cls(random_state=self.seed, **{key: autoencoder[key] for key in parameters_of(cls)})


def read_experiment(path, *, overrides=None):
    """Read the configuration of an experiment.

    Parameters
    ----------
    path : str or path-like
        A TOML file, or the name of a recipe (see `list_recipes`).
    overrides : dict of str to object, default=None
        Values that take the place of those in the file, by the names of table and key, such as
        ``{"corpus.path": "ESC-10", "autoencoders.max_epochs": 2}``. That of an array of tables goes to all that have
        such a key, ``"autoencoders.NAME.max_epochs"`` to one of them.

    Returns
    -------
    Experiment
        The configuration with all defaults filled in.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not TOML, a key is unknown, or a value is not one that the key can have.

    See Also
    --------
    run_experiment : Runs it.

    Notes
    -----
    The tables, of which only ``[[autoencoders]]`` must be there, and their keys with their defaults. "none" is the
    value None of a parameter.

    top level
        `title` (the name of the file), `about` (""), `seed` (0).
    ``[corpus]``
        `path`, relative to the file; `parser` ("auto", a kind of `load_corpus`); `options`, a table for the parser;
        `folds`, how many to deal the files out into where the corpus has none; `partitions`, likewise: a table of
        shares, such as ``{train = 0.8, test = 0.2}``; `name`, `about`, `layout`: what it is, where to get it, and how
        its folder looks.
    ``[labels]``
        `task` ("auto", or "regression": labels are numbers, and ``[[classifiers]]`` are read as ``[[regressors]]``, or
        "classification"); `targets`, the columns with numbers of a table, or of annotations (all); `annotations`, a
        folder or a table as `load_annotations` takes it, below the corpus. Recordings are then cut into windows as by
        `annotation_windows`, with `width`, `hop`, `delay` (0.0) and `statistic` ("mean"). `raters` ({}): for each
        target the columns of its raters, put together as by `combine_raters`, by `rater_weights` ("mean", or
        "weighted").
    ``[spectrograms]``
        The parameters of `SpectrogramTransformer`; `clip_below` and `channels` can be lists, of which all combinations
        are made. `on_error` ("raise") can be "skip": to go on without recordings that cannot be analysed.
    ``[[autoencoders]]``, or ``[[embedders]]``
        `kind` ("t-rae", "f-rae", "ft-rae", "contrastive" or another one of `list_embedders`); `name`, needed where
        there are several; `checkpoints_to_keep` (1); and the parameters of the embedder. `output`, `statistics`,
        `n_components` and `n_bands` only decide what is generated; of an "f-rae", and with ``output = "frames"``, the
        features of a recording are these statistics over its frames. With ``max_epochs = 0`` a network stays untrained,
        and is a source of features like any other.
    ``[fusion]``
        `enabled` (where there are several features); `chunks` (false): join those of the chunks of a recording, too;
        `statistics` (false): fuse statistics of the spectrograms themselves, too.
    ``[[classifiers]]``
        `kind` ("mlp", "svm" or "linearsvc"); `name` (the kind); `repeats` (1); and the parameters of the classifier.
    ``[[regressors]]``
        `kind` ("mlp", "svm", "linearsvr" or "ridge"), `name` (the kind), `repeats` (1), and the parameters of the
        regressor. It predicts each target by itself, in units of the targets.
    ``[evaluation]``
        `majority_vote`, `upsample` (false); `train` and `test`, lists of partitions to use instead of folds;
        `controls` (false): also classify with features of the same networks before training, and with statistics of
        the spectrograms themselves; where fused features have these statistics, also with what is fused before
        training.
    ``[export]``
        `formats` ([]): "csv", "arff"; `labels_last` (false); `layout` ("audeep", or "weka": no identifiers and no class
        numbers, the class last); `single_file` (false: one for each fold and partition).
    ``[report]``
        `enabled` (true).

    Examples
    --------
    >>> from skaudeep.experiment import read_experiment
    >>> experiment = read_experiment("gtzan", overrides={"corpus.path": "genres", "seed": 7})
    >>> experiment.title, experiment.seed, experiment.evaluation["majority_vote"]
    ('GTZAN', 7, True)
    """
    name, text, folder = _find(path)
    source = str(path)
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{source} is not TOML: {error}") from error
    rename_tables(tables, source)
    for key, value in (overrides or {}).items():
        _override(tables, key, value, source)
    tables = check_tables(tables, source)
    tables["title"] = tables["title"] or name
    if tables["corpus"]["path"] is not None:
        tables["corpus"]["path"] = os.path.join(folder, os.path.expanduser(tables["corpus"]["path"]))
    return Experiment(name=name, **tables)


def parse_overrides(texts):
    """Turn words such as ``autoencoders.max_epochs=2`` into overrides for `read_experiment`.

    Parameters
    ----------
    texts : iterable of str
        ``KEY=VALUE``, where the value is written as in TOML; what is not such a value is taken for text without quotes.

    Returns
    -------
    dict of str to object
        Values by key; the last one wins.

    Raises
    ------
    ValueError
        If a word has another form.

    Examples
    --------
    >>> from skaudeep.experiment import parse_overrides
    >>> parse_overrides(["classifiers.C=0.1", "corpus.parser=esc", "spectrograms.clip_below=[-30, 'none']"])
    {'classifiers.C': 0.1, 'corpus.parser': 'esc', 'spectrograms.clip_below': [-30, 'none']}
    """
    overrides = {}
    for text in texts:
        key, equals, value = text.partition("=")
        key, value = key.strip(), value.strip()
        if not equals or not key or not value:
            raise ValueError(f"{text!r}: write KEY=VALUE, for example autoencoders.max_epochs=2")
        try:
            (overrides[key],) = tomllib.loads(f"value = {value}").values()
        except (tomllib.TOMLDecodeError, ValueError):
            overrides[key] = value
    return overrides


def _find(path):
    """Find a configuration; give its name, text and folder."""
    check_path(path)
    file, recipes = Path(path), list_recipes()
    if not file.is_file() and str(path) in recipes:
        return str(path), read_recipe(str(path)), ""
    if file.is_dir():
        raise IsADirectoryError(
            f"{path} is a folder; give a configuration, which is a TOML file, or a recipe: {', '.join(recipes)}"
        )
    if not file.exists():
        close = difflib.get_close_matches(str(path), recipes, n=1)
        meant = f"did you mean {close[0]}?" if close else f"the recipes are {', '.join(recipes)}"
        raise FileNotFoundError(f"{path} is neither a file nor a recipe; {meant}")
    try:
        return file.stem, file.read_text(encoding="utf-8"), file.absolute().parent
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not TOML: it is not text in UTF-8 ({error.reason})") from error


def _override(tables, key, value, source):
    """Put a value where its key says."""
    if key == "corpus.path" and isinstance(value, str | os.PathLike):
        value = os.path.abspath(os.path.expanduser(value))  # whoever says so is here, and not where the file is
    first, *rest = key.split(".")
    first = ALIASES.get(first, first)
    if not rest:
        tables[first] = value
    elif first in ARRAYS:
        for entry in _addressed(tables, first, rest, key, source):
            entry[rest[-1]] = value
    else:
        table = tables
        for part in (first, *rest[:-1]):
            table = table.setdefault(part, {})
            if not isinstance(table, dict):
                raise ValueError(f"{source}: {key} cannot be set, as {part} is not a table")
        table[rest[-1]] = value


def _addressed(tables, array, rest, key, source):
    """List the entries of an array of tables that an override goes to."""
    entries = tables.get(array)
    entries = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    if not entries:
        raise ValueError(f"{source}: {key} cannot be set, as there are no [[{array}]]")
    if len(rest) > 2:
        raise ValueError(f"{source}: {key} cannot be set; write {array}.KEY or {array}.NAME.KEY")
    if len(rest) == 2:
        names = [str(entry.get("name", entry.get("kind"))) for entry in entries]
        if rest[0] not in names:
            raise ValueError(
                f"{source}: {key} cannot be set, as no entry of [[{array}]] is called {rest[0]!r}; they are "
                f"{', '.join(names)}"
            )
        return [entry for entry, name in zip(entries, names, strict=True) if name == rest[0]]
    # where none has it, all get it, and are refused with a proposal
    return [entry for entry in entries if rest[0] in keys_of_entry(array, entry.get("kind"))] or entries
