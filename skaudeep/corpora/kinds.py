"""Recognise collections of recordings on disk; only names and tables are read, never the audio."""

import csv
import inspect
import os
import re
import reprlib
from importlib.metadata import entry_points
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.utils import Bunch

from skaudeep._columns import guess_role
from skaudeep._splits import mark_unlabelled
from skaudeep._validation import StrOptions, validate_params
from skaudeep.corpora import _challenges, _environment, _layouts, _speech, _table
from skaudeep.corpora._bunch import KEYS
from skaudeep.corpora.find import check_folder_not_file, holds_audio, parents_of, scan
from skaudeep.exceptions import DataSetError, marked, param

#: Where other packages announce loaders of their own, as name = "module:function".
PLUGIN_GROUP = "skaudeep.corpora"


class _Layout(NamedTuple):
    """Describe a layout: what loads it, what says why a folder does not have it, it in words, and its other names."""

    load: object
    fits: object
    expected: str
    aliases: tuple = ()


#: The kinds of corpora. The order is that in which they are named and tried.
LAYOUTS = {
    "esc": _Layout(_environment.load_esc, _environment.fits_esc, _environment.ESC_LAYOUT, ("esc10", "esc50")),
    "urbansound8k": _Layout(
        _environment.load_urbansound8k, _environment.fits_urbansound8k, _environment.URBANSOUND8K_LAYOUT
    ),
    "dcase": _Layout(
        _challenges.load_dcase, _challenges.fits_dcase, _challenges.DCASE_LAYOUT, ("dcase2017", "dcase2018")
    ),
    "compare": _Layout(_challenges.load_compare, _challenges.fits_compare, _challenges.COMPARE_LAYOUT),
    "speech_commands": _Layout(
        _speech.load_speech_commands, _speech.fits_speech_commands, _speech.SPEECH_COMMANDS_LAYOUT
    ),
    "partitioned": _Layout(_layouts.load_partitioned, _layouts.fits_partitioned, _layouts.PARTITIONED_LAYOUT),
    "cross_validated": _Layout(
        _layouts.load_cross_validated, _layouts.fits_cross_validated, _layouts.CROSS_VALIDATED_LAYOUT
    ),
    "table": _Layout(_table.load_table, _table.fits_table, _table.TABLE_LAYOUT),
    # a folder of any other layout holds audio as well: the last resort
    "folder": _Layout(_layouts.load_folder, _layouts.fits_folder, _layouts.FOLDER_LAYOUT),
}
#: Layouts that a folder of the first one has as well, and that say less about it.
_WEAKER = {"urbansound8k": ("cross_validated",)}
#: Layouts in which the names of folders are taken for classes, which is but a guess.
_GUESSED = ("partitioned", "cross_validated", "folder")
#: Layouts of known corpora, which one recognises from inside, too.
_KNOWN = ("esc", "urbansound8k", "dcase", "compare", "speech_commands")

#: What a folder directly in that of such a corpus is called; in the last one, as words are.
_PARTS = re.compile(r"audio|wav|lab|meta|metadata|evaluation_setup|fold\d+|\d{3} - .+")

_TABLES = (".csv", ".tsv")  # suffixes
_ROWS_OF_A_TABLE = 1000  # that are looked at to find out whether it has labels for recordings

_MOST_LEVELS = 8  # below a folder at which a corpus is looked for
_MOST_FOLDERS = 1000  # that are looked at


@validate_params(
    {"folder": "no_validation", "kind": "no_validation", "on_unreadable": [StrOptions({"raise", "skip"})]},
    prefer_skip_nested_validation=True,
)
def load_corpus(folder, kind="auto", *, on_unreadable="raise", **options):
    """Find the recordings of a corpus, with what its layout says about classes, folds and partitions.

    Parameters
    ----------
    folder : str or path-like
        The folder of the corpus, or a table of recordings. Audio is found by its suffix (any that libsndfile
        reads, in either case), hidden files are left out; nothing but names and tables is read, and the first bytes
        of files whose names do not tell what they are.
    kind : str or callable, default="auto"
        The layout, as one of

        * "auto": the one that fits; a folder that fits several is refused, except that a plain folder is only
          what has no other layout. Refused are as well a plain folder above or inside of a folder of another layout,
          and folders that would all be of a single class: whoever wants this passes the layout;
        * "esc", "urbansound8k", "dcase", "compare", "speech_commands", "partitioned", "cross_validated",
          "table", "folder": that of the function `load_esc` and so on;
        * the name of a plug-in: a package that announces a function in the entry point group `skaudeep.corpora`;
        * a callable that takes `folder` and `options` and returns such a Bunch as the functions here do. It says that
          a folder has another layout by raising a `DataSetError`.
    on_unreadable : {"raise", "skip"}, default="raise"
        Whether recordings that cannot be read as they are, such as .m4a files or audio in files without a suffix,
        are an error that counts them and says what helps, or left out and listed in `unreadable`. What a table
        lists is not left out. Functions of others that have such a parameter get it.
    **options : dict
        Passed on to what loads the layout.

    Returns
    -------
    :class:`~sklearn.utils.Bunch`
        With the attributes

        data : ndarray of str of shape (n_files,) or DataFrame of shape (n_files, 3)
            Paths, sorted unless a table of your own gives an order; or segments of files in the columns
            file, start and end (in seconds). What `SpectrogramTransformer` takes.
        target : ndarray of shape (n_files,) or None
            Class numbers, integers if all recordings have a label; otherwise floats, NaN where there is none, so that
            no classifier takes these for a class (`drop_unlabelled` leaves them out). Floats for a continuous
            target, NaN where missing.
        target_names : ndarray of str of shape (n_classes,) or None
            Class names, which `target` counts; None for a continuous target.
        targets : DataFrame of shape (n_files, n_targets) or None
            Several continuous targets by their names, NaN where not known; `target` has them too, unless there are
            classes.
        cv : splitter of scikit-learn or None
            The given folds: a :class:`~sklearn.model_selection.PredefinedSplit` where each recording is validated
            in one fold, otherwise a `PredefinedFolds`; without folds one split from the training to the development
            partition (or test, if that is missing). Recordings without a label are in no split; None if there is
            nothing to train or validate on then.
        cv_folds : ndarray of shape (n_files, n_folds) or None
            1 where a fold is validated on a recording, 0 where it is trained on it, NaN where neither.
        partition : ndarray of shape (n_files,) or None
            0 training, 1 development, 2 test, NaN where not known.
        groups : ndarray of str of shape (n_files,) or None
            Recordings of the same group belong together.
        filenames : ndarray of str of shape (n_files,)
            What identifies the recordings: the names by which the tables of a corpus call them, otherwise paths
            below `folder` with forward slashes.
        frame : DataFrame of shape (n_files, n_columns) or None
            The table of the corpus.
        metadata : dict
            What `make_dataset` takes: `make_dataset(features, **corpus.metadata)`.
        DESCR : str
            What was found, and what was left out.
        unused_columns : list of str or None
            Those columns of a table of your own of which nothing is made.
        unreadable : DataFrame of shape (n_unreadable, 2)
            Recordings that are left out because they cannot be read, in the columns file and reason.
        notes : tuple of str
            What is to be said of files that are not part of the corpus.

    Raises
    ------
    DataSetError
        If there is no such folder or kind, no layout or more than one fits, a folder above or below fits better, all
        recordings would be of one class that nobody named, a corpus is incomplete, recordings cannot be read, or a
        plug-in fails; the message says what to pass.

    See Also
    --------
    load_table : Recordings that a table of your own lists.
    load_folder : Recordings in class folders, or without classes.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from skaudeep.datasets import load_corpus
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ["fold_1/rain/1.wav", "fold_1/dog/2.flac", "fold_2/dog/1.WAV"]:
    ...         file = pathlib.Path(folder, name)
    ...         file.parent.mkdir(parents=True, exist_ok=True)
    ...         file.touch()
    ...     corpus = load_corpus(folder)
    >>> corpus.DESCR
    'Audio: 3 recordings, 2 classes (dog, rain), 2 given folds.'
    >>> corpus.cv_folds.tolist()
    [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]
    """
    if not isinstance(folder, str | os.PathLike) or not os.fspath(folder):
        raise DataSetError(f"folder={folder!r}: expected the path of a folder or a table.")
    path = Path(folder)
    if not path.exists():
        raise DataSetError(f"The folder {path} does not exist; give that of a corpus, or a table of recordings.")
    if callable(kind):
        return _call(getattr(kind, "__qualname__", repr(kind)), kind, path, options, on_unreadable)
    if kind == "auto":
        return _recognise(path, options, on_unreadable)
    if isinstance(kind, str) and kind in LAYOUTS:
        return _load(kind, path, options, on_unreadable)
    plugins = [plugin for plugin in _plugins() if plugin.name == kind]
    if len(plugins) > 1:
        packages = " and ".join(plugin.value for plugin in plugins)
        raise DataSetError(
            f"{param('kind', kind)} is the name of several plug-ins ({packages}); pass the function itself."
        )
    if not plugins:
        known = ", ".join(["auto", *LAYOUTS, *list_plugins()])
        raise DataSetError(f"{param('kind', kind)} is unknown; expected one of {known}, or a function.")
    return _call_plugin(plugins[0], path, options, on_unreadable)


class _BrokenPluginError(DataSetError):
    """A plug-in failed, which is not the same as a folder that it does not know."""


def _recognise(path, options, on_unreadable):
    """Load a corpus in the one layout that fits."""
    fitting, reasons = _compare_layouts(path, options, on_unreadable)
    if not fitting:
        raise _nothing_fits(path, reasons)
    if len(fitting) > 1:
        raise DataSetError(f"{path} could be any of {', '.join(fitting)}; choose one with {param.kind}.")
    ((name, corpus),) = fitting.items()
    if corpus is not None:
        return corpus
    if path.is_file():
        check_folder_not_file(path)
    said = options.get("classes", "auto") != "auto"
    try:
        corpus = _load(name, path, options, on_unreadable)
    except DataSetError as error:
        if name == "folder" and not said:
            _check_no_corpus_below(path, _all_names(path))
        raise DataSetError(
            f"{marked(error)} ({path} was taken for {name!r}; {param.kind} chooses another layout.)"
        ) from error
    if name == "folder" and not said:
        _check_no_corpus_below(path, corpus["filenames"].tolist())
    if name in _GUESSED and not said:
        _check_classes(path, name, corpus)
    return corpus


def _compare_layouts(path, options, on_unreadable):
    """Find the layouts that fit, with the corpus if it is a plug-in that has loaded it, and why others do not."""
    fitting, reasons = {}, {}
    for name, layout in LAYOUTS.items():
        reason = None if path.is_file() and name == "table" else "a file, not a folder"
        if path.is_dir():
            reason = layout.fits(path)
        if reason is None:
            fitting[name] = None
        else:
            reasons[name] = f"{reason.rstrip(',')}. {layout.expected}"
    for plugin in _plugins():
        name = f"the plug-in {plugin.name} ({plugin.value})"
        try:
            fitting[name] = _call_plugin(plugin, path, options, on_unreadable)
        except _BrokenPluginError:
            raise
        except DataSetError as error:
            reasons[name] = str(error)
    weaker = {other for name in fitting for other in _WEAKER.get(name, ())}
    if len(fitting) > 1:
        weaker.add("folder")
    return {name: corpus for name, corpus in fitting.items() if name not in weaker}, reasons


def _nothing_fits(path, reasons):
    """Return the error for a folder of which no layout is known."""
    listed = "\n".join(f"* {name}: {reason}" for name, reason in reasons.items())
    is_empty = path.is_dir() and not holds_audio(path)
    empty = ", below which there are no audio files" if is_empty else ""
    found = _corpora_below(path, _all_names(path)) if path.is_dir() else {}
    above = _corpus_above(path)
    advice = f"\n{_in_words(path, found)} Give that folder." if found else ""
    if above is not None:
        advice += f"\nIt is part of {above[0]}, which has the layout of {above[1]!r}. Give that folder."
    return DataSetError(
        f"No layout fits {path}{empty}:\n{listed}{advice}\nA layout of your own can be given as a function, "
        f"{param.kind}."
    )


def _all_names(path):
    """Return names of all recordings below a folder, whether they can be read or not."""
    found = scan(path)
    return [*found.names, *found.unreadable]


def _corpora_below(path, names):
    """Return the layouts of the uppermost folders above recordings that have one, by their names."""
    innermost = dict.fromkeys(name.rpartition("/")[0] for name in names)
    folders = dict.fromkeys(folder for inner in innermost for folder in parents_of(f"{inner}/"))
    with_folders = {parent for folder in folders for parent in parents_of(folder)}
    near = [folder for folder in folders if folder.count("/") < _MOST_LEVELS]
    found = {}
    for folder in sorted(near, key=lambda folder: (folder.count("/"), folder))[:_MOST_FOLDERS]:
        if any(folder.startswith(f"{other}/") for other in found):
            continue
        # without folders in it a folder can have no layout but one
        kinds = [kind for kind in LAYOUTS if kind != "folder"] if folder in with_folders else ["table"]
        fitting = [kind for kind in kinds if LAYOUTS[kind].fits(path / folder) is None]
        if fitting:
            found[folder] = fitting[0]
    return found


def _in_words(path, found):
    """Say which folders have a layout."""
    listed = [f"{path / folder} has that of {kind!r}" for folder, kind in found.items()]
    more = f" (and {len(listed) - 3} more)" * (len(listed) > 3)
    return f"Below it, {', '.join(listed[:3])}{more}."


def _check_no_corpus_below(path, names):
    """Refuse a folder above that of a corpus, which would become a class."""
    found = _corpora_below(path, names)
    if found:
        raise DataSetError(
            f"{path} has no layout but that of a plain folder. {_in_words(path, found)} Give that folder, or "
            f"{param('kind', 'folder')} if the folders directly below are classes indeed."
        )


def _check_classes(path, name, corpus):
    """Refuse a single class that only the name of a folder tells, and a folder inside of a corpus."""
    classes = corpus["target_names"]
    table = _table_with_labels(path, corpus)
    if table is not None:
        other = "no labels" if classes is None else "labels only by the names of its folders"
        raise DataSetError(
            f"{path} has {other}, and the table {table} has others for its recordings. Give that table, or "
            f"{param('kind', name)} to do without it."
        )
    if classes is None:
        above = _corpus_above(path)
        if above is not None:
            raise DataSetError(
                f"{path} has no labels, but it is part of {above[0]}, which has the layout of {above[1]!r}. Give that "
                f"folder, or {param('kind', name)} for recordings without labels."
            )
    elif len(classes) == 1 and not _lost_classes(path, corpus):
        raise DataSetError(_one_class(path, name, corpus["filenames"].tolist(), str(classes[0])))


def _table_with_labels(path, corpus):
    """Find a table in a folder that has other labels for its recordings than the layout gives them; or None."""
    labels = np.full(len(corpus["filenames"]), "", dtype=object)
    if corpus["target_names"] is not None:
        known = ~np.isnan(np.asarray(corpus["target"], dtype=float))
        labels[known] = corpus["target_names"][np.asarray(corpus["target"])[known].astype(int)]
    own = {}
    for file, label in zip(corpus["filenames"].tolist(), labels, strict=True):
        own[file] = own[file.rpartition("/")[2]] = label
    for entry in sorted(path.iterdir()) if path.is_dir() else ():
        if entry.suffix.lower() in _TABLES and entry.is_file() and _contradicts(entry, own):
            return entry
    return None


def _contradicts(table, own):
    """Say whether most labels that a table has for recordings are not those that they have, by file."""
    try:
        options = {"sep": None, "engine": "python", "dtype": str, "keep_default_na": False, "on_bad_lines": "skip"}
        frame = pd.read_csv(table, nrows=_ROWS_OF_A_TABLE, **options)
    except (OSError, ValueError, csv.Error):  # it may be anything
        return False
    roles = {guess_role(name): name for name in reversed(frame.columns)}
    if not {"path", "label"} <= roles.keys():
        return False
    pairs = frame[[roles["path"], roles["label"]]].itertuples(index=False)
    found = [own[file] != label for file, label in pairs if label and file in own]
    return sum(found) > len(found) / 2


def _lost_classes(path, corpus):
    """Say whether there are recordings of another class than the only one, which cannot be read."""
    (label,) = corpus["target_names"]
    return any(label not in Path(file).relative_to(path).parts[:-1] for file in corpus["unreadable"]["file"])


def _corpus_above(path):
    """Return the folder of a known corpus that a folder is part of and its layout, or None."""
    path = path.absolute()
    for up in path.parents[:2]:
        is_part = _PARTS.fullmatch(path.relative_to(up).parts[0]) is not None
        kinds = _KNOWN if is_part else ("speech_commands",)
        kind = next((kind for kind in kinds if _fits(kind, up)), None)
        if kind is not None:
            return up, kind
    return None


def _fits(kind, path):
    """Say whether a folder, which may not be readable, has a layout."""
    try:
        return LAYOUTS[kind].fits(path) is None
    except (DataSetError, OSError):
        return False


def _one_class(path, name, names, label):
    """Return the message about a single class: where the classes may be, and how to insist."""
    below = {folder for file in names for folder in parents_of(file)}
    deepest = os.path.commonpath([os.path.dirname(file) for file in names]).replace(os.sep, "/")
    inner = sorted(folder for folder in below if folder.rpartition("/")[0] == deepest)
    above = [path, *(path / folder for folder in parents_of(f"{deepest}/"))]
    tables = [entry for folder in above for entry in sorted(folder.iterdir()) if entry.suffix.lower() in _TABLES]
    advice = []
    if name == "folder" and len(inner) > 1:
        few = ", ".join(folder.rpartition("/")[2] for folder in inner[:3]) + ", ..." * (len(inner) > 3)
        advice.append(f"If the {len(inner)} folders in {path / deepest} are the classes ({few}), give that folder.")
    elif name == "folder":
        advice.append(f"For recordings without labels, give {path / deepest} or {param('classes', False)}.")
    if tables:
        advice.append(f"If a table has the labels, such as {tables[0]}, give it.")
    else:
        advice.append("If the names of files tell the labels, write them into a table and give that.")
    return (
        f"All {len(names)} recordings in {path} would be of the single class {label!r}, the name of their folder. "
        f"{' '.join(advice)} If this is the class, say so with {param('kind', name)}."
    )


def _load(kind, path, options, on_unreadable):
    """Load a corpus in a layout of ours."""
    if path.is_file():
        check_folder_not_file(path)
    load = LAYOUTS[kind].load
    known = [name for name in list(inspect.signature(load).parameters)[1:] if name != "on_unreadable"]
    unknown = [name for name in options if name not in known]
    if unknown:
        known = ", ".join(known) or "none"
        raise DataSetError(f"{unknown[0]} is not an option of {param('kind', kind)}; it has {known}.")
    return load(path, **_with_unreadable(load, options, on_unreadable))


def _with_unreadable(function, options, on_unreadable):
    """Return options for a function, with what is to be done about unreadable recordings if it has such a parameter."""
    if "on_unreadable" in inspect.signature(function).parameters:
        return {"on_unreadable": on_unreadable} | options
    return options


def list_plugins():
    """List the names of the kinds of corpora that other packages announce.

    Returns
    -------
    list of str
        The names, sorted, each once.
    """
    return list(dict.fromkeys(plugin.name for plugin in _plugins()))


def _plugins():
    """List what other packages announce, in an order that does not depend on their installation."""
    return sorted(entry_points(group=PLUGIN_GROUP), key=lambda plugin: (plugin.name, plugin.value))


def _call_plugin(plugin, path, options, on_unreadable):
    """Load a corpus with a function of another package."""
    name = f"the plug-in {plugin.name!r} ({plugin.value})"
    try:
        function = plugin.load()
    except Exception as error:
        raise _BrokenPluginError(
            f"Cannot import {name}: {type(error).__name__}: {error}. Repair or uninstall its package."
        ) from error
    return _call(name, function, path, options, on_unreadable)


def _call(name, function, path, options, on_unreadable):
    """Load a corpus with a function of somebody else, and check what it returns."""
    try:
        options = _with_unreadable(function, options, on_unreadable)
        inspect.signature(function).bind(path, **options)
    except TypeError as error:
        raise DataSetError(f"{name} does not take the folder and the options {list(options)} ({error}).") from error
    try:
        corpus = function(path, **options)
    except DataSetError:
        raise
    except Exception as error:
        raise _BrokenPluginError(
            f"{name} failed for {path}: {type(error).__name__}: {error}. Where a folder has another layout it should "
            "raise a DataSetError."
        ) from error
    lacks = [key for key in KEYS if not isinstance(corpus, Bunch) or key not in corpus]
    if lacks:
        raise _BrokenPluginError(
            f"{name} returned {reprlib.repr(corpus)} for {path}; expected a Bunch such as load_folder returns, but it "
            f"lacks {', '.join(lacks)}."
        )
    try:
        corpus["target"] = mark_unlabelled(corpus["target"], corpus["target_names"])
    except (TypeError, ValueError) as error:
        message = f"{name} returned for {path} a target that does not hold class numbers: {error}."
        raise _BrokenPluginError(message) from error
    return corpus
