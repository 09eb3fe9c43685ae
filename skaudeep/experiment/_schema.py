"""The tables of a configuration: which keys there are, their defaults, and what values can be."""

import copy
import difflib
import inspect
import math
import re

from skaudeep._validation import Integral, Interval, Real, StrOptions, describe_unmet
from skaudeep.embedding import StatisticsPooling, list_embedders
from skaudeep.evaluation.estimators import CLASSIFIERS, REGRESSORS
from skaudeep.experiment._keys import Key, check_shares, is_number
from skaudeep.experiment.stages import STAGES
from skaudeep.spectrogram import SpectrogramTransformer

#: parameters of spectrograms that can be lists, of which all combinations are made
VARIED = ("clip_below", "channels")

#: other names that tables can have
ALIASES = {"embedders": "autoencoders"}

# parameters of estimators that the experiment itself takes care of
_OWN = {"random_state", "verbose", "n_jobs", "checkpoint_dir", "log_dir", "warm_start"}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")

_SECONDS = [Interval(Real, 0, None, closed="neither"), None]


def _check_raters(value):
    """Say what raters should be, if they are not that."""
    for columns in value.values():
        if not isinstance(columns, list) or len(columns) < 2 or not all(isinstance(name, str) for name in columns):
            return "a table with two or more columns for each target, such as {arousal = ['ann', 'bob']}"
    return None


def _check_names_of_columns(value):
    """Say what targets should be, if they are not that."""
    good = value and all(isinstance(name, str) for name in value) and len(set(value)) == len(value)
    return None if good else "a list of different names of columns"


_TOP = {
    "title": Key(None, [str, None]),
    "about": Key("", [str]),
    "seed": Key(0, [Interval(Integral, 0, 2**32 - 1, closed="both")]),
}
_TABLES = {
    "corpus": {
        "name": Key("", [str]),
        "path": Key(None, [str, None]),
        "parser": Key("auto", [str]),
        "options": Key({}, [dict]),
        "folds": Key(None, [Interval(Integral, 2, None, closed="left"), None]),
        "partitions": Key(None, [dict, None], check_shares),
        "about": Key("", [str]),
        "layout": Key("", [str]),
    },
    "labels": {
        "task": Key("auto", [StrOptions({"auto", "classification", "regression"})]),
        "targets": Key(None, [list, str, None], _check_names_of_columns, is_list=True),
        "annotations": Key(None, [str, None]),
        "raters": Key({}, [dict], _check_raters),
        "rater_weights": Key("mean", [StrOptions({"mean", "weighted"})]),
        "width": Key(None, _SECONDS),
        "hop": Key(None, _SECONDS),
        "delay": Key(0.0, [Real]),
        "statistic": Key("mean", [StrOptions({"mean", "median", "last"})]),
    },
    **{stage.table: stage.keys for stage in STAGES.values() if stage.table is not None},
}
_COUNT = [Interval(Integral, 1, None, closed="left")]
_NAME_AND_KIND = {"name": Key(None, [str, None]), "kind": Key(None, [str])}
ARRAYS = {
    "autoencoders": _NAME_AND_KIND | {"checkpoints_to_keep": Key(1, [*_COUNT, None])},
    "classifiers": _NAME_AND_KIND | {"repeats": Key(1, _COUNT)},
    "regressors": _NAME_AND_KIND | {"repeats": Key(1, _COUNT)},
}


def rename_tables(tables, source):
    """Give tables the names that they have here."""
    for alias, name in ALIASES.items():
        if alias in tables and name in tables:
            raise ValueError(f"{source}: [[{alias}]] are the same as [[{name}]]; call all of them so")
        if alias in tables:
            tables[name] = tables.pop(alias)


def check_tables(tables, source):
    """Check the tables of a configuration, and fill in what they leave out."""
    _move_regressors(tables, source)
    _refuse_unknown(tables, [*_TOP, *_TABLES, "spectrograms", *ARRAYS], f"{source}:", "table or key")
    top = _checked(_TOP, {key: tables[key] for key in _TOP if key in tables}, f"{source}:")
    result = {
        table: _checked(keys, _table(tables, table, source), f"{source}: [{table}]") for table, keys in _TABLES.items()
    }
    result["spectrograms"] = _spectrograms(_table(tables, "spectrograms", source), f"{source}: [spectrograms]")
    result |= {array: _entries(tables, array, source) for array in ARRAYS}
    for entry in (*result["classifiers"], *result["regressors"]):
        entry["name"] = entry["name"] or entry["kind"]
    for array in ARRAYS:
        _check_names(result[array], f"{source}: [[{array}]]")
    if not result["autoencoders"]:
        raise ValueError(f'{source}: there are no [[autoencoders]]; at least one is needed, such as kind = "t-rae"')
    _check_labels(result, source)
    return top | result


def _move_regressors(tables, source):
    """Take classifiers for regressors where numbers are to be predicted, so that one word changes the task."""
    labels = tables.get("labels")
    if isinstance(labels, dict) and labels.get("task") == "regression" and "classifiers" in tables:
        if "regressors" in tables:
            raise ValueError(
                f'{source}: [labels] task = "regression": there are [[classifiers]] and [[regressors]]; leave one out'
            )
        tables["regressors"] = tables.pop("classifiers")


def _check_labels(tables, source):
    """Refuse what does not go together: labels, and what is to be learned of them."""
    labels, where = tables["labels"], f"{source}: [labels]"
    if labels["task"] == "classification" and tables["regressors"]:
        raise ValueError(f'{where} task = "classification": [[regressors]] predict numbers; leave them out')
    if tables["regressors"] and tables["evaluation"]["upsample"]:
        raise ValueError(f"{source}: [evaluation] upsample = true: numbers have no classes to balance")
    if labels["annotations"] is not None and labels["width"] is None:
        raise ValueError(f"{where} width = 'none': annotations need the length of windows in seconds, such as 4.0")
    if labels["annotations"] is None:
        windows = [key for key in ("raters", "width", "hop", "delay") if labels[key]]
        if windows:
            raise ValueError(
                f"{where} {windows[0]} = {labels[windows[0]]!r}: that is for annotations, and none are given"
            )


def _table(tables, name, source):
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{source}: {name} = {table!r}: expected a table, which begins with [{name}]")
    return table


def _entries(tables, array, source):
    """Give an array of tables, with the parameters of their estimators."""
    entries = tables.get(array, [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise ValueError(f"{source}: {array}: expected tables, each of which begins with [[{array}]]")
    result = []
    for entry in entries:
        kind, kinds = entry.get("kind"), _kinds(array)
        where = f"{source}: [[{array}]]" + (f" {entry['name']!r}" if "name" in entry else "")
        if not isinstance(kind, str) or kind not in kinds:
            raise ValueError(f"{where} kind = {kind!r}: expected one of {', '.join(kinds)}{_meant(kind, kinds)}")
        result.append(_checked(keys_of_entry(array, kind), entry, where))
    return result


def _check_names(entries, where):
    """Refuse names that files cannot be called by, or that two entries share."""
    names = [entry["name"] for entry in entries]
    for name in names:
        if name is None and len(names) > 1:
            raise ValueError(f"{where} has several entries, of which one has no name; give each one")
        if name is not None and not _NAME.fullmatch(name):
            raise ValueError(f"{where} name = {name!r}: files are called so; use letters, digits, '-', '_' and '.'")
        if name is not None and [other.lower() for other in names].count(name.lower()) > 1:
            raise ValueError(f"{where} has two entries called {name!r}; give each a name of its own")


def _spectrograms(values, where):
    """Give the parameters of spectrograms, of which some can be lists."""
    keys = parameters_of(SpectrogramTransformer)
    lists = {key: values[key] for key in VARIED if isinstance(values.get(key), list)}
    result = _checked(keys, {key: value for key, value in values.items() if key not in lists}, where)
    if result["on_error"] == "warn":
        raise ValueError(f"{where} on_error = 'warn': expected 'raise' or 'skip'")
    for key, items in lists.items():
        result[key] = [_checked(keys, {key: item}, where)[key] for item in items]
        if not items or len(set(result[key])) < len(items):
            raise ValueError(f"{where} {key} = {items!r}: expected different values, at least one")
    return result


def _checked(keys, values, where):
    """Give a table with all of its keys."""
    _refuse_unknown(values, keys, where)
    result = {name: copy.deepcopy(key.default) for name, key in keys.items()}
    result |= {name: _checked_value(keys[name], name, value, where) for name, value in values.items()}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in result.items()}


def _checked_value(key, name, value, where):
    """Give a value as Python has it, where "none" is None."""
    if isinstance(value, str) and value.lower() == "none" and None in key.constraints:
        return None
    if key.is_list and isinstance(value, str):
        value = [value]
    expected = _expected(key, value)
    if expected is not None:
        shown = str(value).lower() if isinstance(value, bool) else repr(value)
        raise ValueError(f"{where} {name} = {shown}: expected {expected.replace('None', 'none')}")
    return value


def _expected(key, value):
    """Say what a value should have been; None if it is that."""
    expected = _expected_by_constraints(key.constraints, value)
    if expected is None and value is not None and key.check is not None:
        return key.check(value)
    return expected


def _expected_by_constraints(constraints, value):
    """Say what scikit-learn's constraints ask for; None if the value fits them."""
    # True is 1 for scikit-learn, and infinity a number
    is_wrong_switch = isinstance(value, bool) and not any(_is_word(constraint, "boolean") for constraint in constraints)
    if is_wrong_switch or (isinstance(value, float) and not math.isfinite(value)):
        constraints = [constraint for constraint in constraints if not _is_word(constraint, "array-like")]
        value = object()
    return describe_unmet(constraints, value)


def _is_word(constraint, word):
    return isinstance(constraint, str) and constraint == word


def _check_statistics(value):
    try:
        StatisticsPooling(statistics=value).fit([[[0.0]]])
    except (TypeError, ValueError) as refusal:
        return f"a list of words ({refusal})"
    return None


def _check_sizes(value):
    """Say what the sizes of layers should be, of which constraints say nothing."""
    if isinstance(value, list) and not all(is_number(size, int) and size > 0 for size in value):
        return "whole numbers of at least 1"
    return None


def _check_pair(value):
    """Say what frames and features of convolutions should be."""
    if not isinstance(value, list) or len(value) != 2 or _check_sizes(value) is not None:
        return "two whole numbers of at least 1"
    return None


def _check_strides(value):
    """Say what the steps of convolutions should be: a pair, or a list of pairs."""
    of_each = isinstance(value, list) and all(isinstance(item, list) for item in value)
    pairs = value if of_each else [value]
    if any(_check_pair(pair) is not None for pair in pairs):
        return "two whole numbers of at least 1, or such a pair for each convolution"
    return None


#: What constraints of estimators leave open, by the parameter.
_CHECKS = {
    "statistics": _check_statistics,
    "hidden_layer_sizes": _check_sizes,
    "conv_channels": _check_sizes,
    "conv_kernel": _check_pair,
    "conv_strides": _check_strides,
}


def _refuse_unknown(values, known, where, what="key"):
    for key in values:
        if key not in known:
            meant = _meant(key, known) or f"; there are {', '.join(known)}"
            raise ValueError(f"{where} the {what} {key!r} is unknown{meant}")


def _meant(word, known):
    close = difflib.get_close_matches(str(word), list(known), n=1)
    return f"; did you mean {close[0]!r}?" if close else ""


def _kinds(array):
    """Classes of the entries of an array of tables, by their kinds."""
    if array == "autoencoders":
        return list_embedders()
    return CLASSIFIERS if array == "classifiers" else REGRESSORS


def parameters_of(cls):
    """Give the parameters of an estimator that a configuration can set, as keys."""
    signature = inspect.signature(cls).parameters.values()
    return {
        p.name: Key(p.default, list(cls._parameter_constraints[p.name]), _CHECKS.get(p.name))
        for p in signature
        if p.name not in _OWN
    }


def keys_of_entry(array, kind):
    """Give the keys of an entry of an array of tables."""
    cls = _kinds(array).get(kind)
    return ARRAYS[array] | ({} if cls is None else parameters_of(cls))
