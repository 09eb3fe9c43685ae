"""Estimators in files that hold no code.

A file is a zip archive of skops (a JSON tree of types and values, and arrays in NumPy's format) with one member more,
``skaudeep.json``: the number of the format, the versions that wrote it, and checksums of the other members.
"""

import collections
import contextlib
import functools
import importlib
import json
import os
import pathlib
import sys
import types
import warnings

import numpy as np
import scipy.sparse
import sklearn
from sklearn.base import BaseEstimator
from sklearn.utils import Bunch

from skaudeep._archives import (
    Allowance,
    ArchiveSizeError,
    check_digests,
    digest,
    read_members,
    write_members,
)
from skaudeep._files import atomic_path, check_path, check_target
from skaudeep._trees import check_sizes
from skaudeep._validation import Integral, Interval, validate_params
from skaudeep._version import __version__
from skaudeep._versions import Storable, is_loading
from skaudeep.exceptions import VersionWarning

__all__ = ["load", "save"]

FORMAT = 1
_HEADER, _TREE = "skaudeep.json", "schema.json"
_MEMORY_OF_JSON = 16  # bytes of memory that each byte of the tree takes, about, as nodes and as objects

# Parts of scikit-learn's estimators that skops does not know as such. Trees are left out on purpose: their compiled
# code follows indices in the file without looking where they lead.
_PARTS = (
    "builtins.range",
    "numpy.dtype",
    "pathlib.Path",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.metrics._scorer._PassthroughScorer",
    "sklearn.metrics._scorer._Scorer",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.utils._bunch.Bunch",
)
_SPLITTERS = (
    "GroupKFold",
    "GroupShuffleSplit",
    "KFold",
    "LeaveOneGroupOut",
    "LeaveOneOut",
    "PredefinedSplit",
    "RepeatedKFold",
    "RepeatedStratifiedKFold",
    "ShuffleSplit",
    "StratifiedGroupKFold",
    "StratifiedKFold",
    "StratifiedShuffleSplit",
    "TimeSeriesSplit",
)
_SCORES = ("chi2", "f_classif", "f_regression", "mutual_info_classif", "mutual_info_regression", "r_regression")
_REDUCTIONS = ("max", "mean", "median", "min", "ravel", "squeeze", "std", "sum", "var")

# The kinds of nodes that `save` writes. Most call what they name to make an object; of the names above, these alone.
_NODES = frozenset(
    f"{kind}Node"
    for kind in (
        *("Bytearray", "Bytes", "ConstructorFromReduce", "DType", "Dict", "Function", "Json", "List", "Loss"),
        *("MaskedArray", "NdArray", "Object", "RandomState", "Set", "Slice", "SparseMatrix", "Tuple", "Type"),
    )
)
_PROGRAMS = ("skaudeep.__main__", "skaudeep.cli")  # modules that do something when they are imported
_UNCALLED = ("FunctionNode", "ObjectNode", "TypeNode")
_CALLED = {
    "ConstructorFromReduceNode": ("builtins.range", "pathlib.Path"),
    "DTypeNode": ("numpy.dtype",),
    "DictNode": ("sklearn.utils._bunch.Bunch",),
}

_PLAIN = (type(None), bool, int, float, str, bytes, bytearray)
_SPARSE_FORMATS = ("bsr", "coo", "csc", "csr", "dia")
_REMEDY = "leave it out, or keep the estimator with joblib.dump, whose files may be loaded only where you trust them"


def save(obj, path):
    """Write an estimator to one file that holds no code.

    It may be fitted or not, and one of skaudeep's or of scikit-learn's, such as a whole pipeline. An object that `load`
    would refuse for anything but its size is refused here already, and a file at `path` left as it is.

    Parameters
    ----------
    obj : estimator
        The estimator.
    path : path-like
        The file, ``.skaudeep`` by custom; an earlier one is replaced atomically.

    Raises
    ------
    TypeError
        If the estimator holds what a file without code cannot hold, such as a lambda or an object of a class of your
        own, or a random forest; the message says where.
    OSError
        If the file cannot be written.

    See Also
    --------
    load : Reads the file.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> import skaudeep
    >>> from sklearn.preprocessing import StandardScaler
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     skaudeep.save(StandardScaler().fit([[0.0], [2.0]]), Path(folder, "scaler.skaudeep"))
    ...     scaler = skaudeep.load(Path(folder, "scaler.skaudeep"))
    >>> scaler.mean_
    array([1.])
    """
    if isinstance(obj, type) or not hasattr(obj, "get_params"):
        raise TypeError(f"save keeps estimators, such as a pipeline; got {obj!r:.100}")
    check_target(path)
    places = {}
    _survey(obj, type(obj).__name__, places, above=())
    import skops.io

    data = skops.io.dumps(obj)
    refused = set(_canonical(skops.io.get_untrusted_types(data=data))) - _trusted()
    refused = sorted(refused - _storable(refused))
    if refused:
        name = next((name for name in refused if name in places), refused[0])
        place = places.get(name, f"something in {type(obj).__name__}")
        raise TypeError(f"{place} is a {name}, which save does not keep: {_REMEDY}")
    with atomic_path(path) as temporary:
        _write(data, temporary)


@validate_params(
    {"path": "no_validation", "max_size": [Interval(Integral, 1, None, closed="left")]},
    prefer_skip_nested_validation=True,
)
def load(path, *, max_size=2**30):
    """Read an estimator that `save` has written; nothing in the file is executed.

    All of the file is checked before anything is made of it: that its parts are those that were written, by their
    checksums, and that they take no more memory than they may.

    Parameters
    ----------
    path : path-like
        The file.
    max_size : int, default=2**30
        Memory, in bytes, that may be taken by what is compressed in the file. That is the description of the
        estimator, each byte of which counts as 16, as it takes so much, about. Arrays do not count: they are not
        compressed and take what the file takes on disk.

    Returns
    -------
    estimator
        As it was saved. What it does in use, for example where it writes checkpoints, is up to its parameters.

    Raises
    ------
    ValueError
        If the file is damaged or something else, holds a type that is not known, or takes more than `max_size`;
        nothing is loaded then.
    OSError
        If the file cannot be read.

    Warns
    -----
    VersionWarning
        If another version of skaudeep has written the file.

    See Also
    --------
    save : Writes the file.
    """
    check_path(path)
    name = os.fspath(path)
    allowance = Allowance(max_size)
    try:
        data, members, header = _read(path, name, allowance)
        if header["skaudeep"] != __version__:
            warnings.warn(
                f"{name!r} was written by skaudeep {header['skaudeep']} and is read by skaudeep {__version__}, which "
                "may fail or give other results",
                VersionWarning,
                stacklevel=3,  # the caller's line, beyond that which checks the arguments
            )
        obj = _make(data, members, header, name, allowance)
    except ArchiveSizeError as error:
        raise ValueError(
            f"{name!r} takes {error.size} bytes or more when it is unpacked, and may take max_size={max_size}: if you "
            "know that it is so large, give skaudeep.load a larger max_size"
        ) from error
    if not isinstance(obj, BaseEstimator):
        raise ValueError(f"{name!r} holds a {type(obj).__name__}, not an estimator: skaudeep.save did not write it")
    return obj


def _read(path, name, allowance):
    """A file, its members, and its header if its format is known."""
    with open(path, "rb") as file:
        # something else may be larger than memory
        data = file.read() if file.peek(4)[:4] == b"PK\3\4" else b""
    try:
        members = read_members(data, allowance, weights={_HEADER: _MEMORY_OF_JSON, _TREE: _MEMORY_OF_JSON})
        header = json.loads(bytes(members.pop(_HEADER)))
        number, header["skaudeep"] = header["format"], str(header["skaudeep"])
    except ArchiveSizeError:
        raise
    except Exception as error:  # a crafted file can make anything fail
        raise ValueError(
            f"{name!r} is not a file that skaudeep.save has written, or it is damaged ({error!r:.200}): save the "
            "estimator again"
        ) from error
    if type(number) is not int or number not in range(1, FORMAT + 1):
        raise ValueError(
            f"{name!r} was written by skaudeep {header['skaudeep']} in format {number}; skaudeep {__version__} reads "
            f"up to format {FORMAT}: update skaudeep"
        )
    return data, members, header


def _make(data, members, header, name, allowance):
    """Let skops make the object, once everything that it is going to read has been checked."""
    import skops.io
    from skops.io.exceptions import UntrustedTypesFoundException

    token = is_loading.set(True)
    try:
        check_digests(members, header.get("digests"))
        tree = bytes(members[_TREE])
        trusted = _check_calls(tree)
        check_sizes(tree, members, allowance)
        return skops.io.loads(data, trusted=sorted(trusted))
    except UntrustedTypesFoundException as error:
        raise ValueError(
            f"{name!r} holds what load does not know and does not touch: {str(error).splitlines()[0]} Use files of "
            "skaudeep.save only, and a version of skaudeep that is not older than theirs"
        ) from error
    except (ArchiveSizeError, MemoryError, Warning):  # the latter where warnings are errors
        raise
    except Exception as error:  # a crafted file can make anything fail
        raise ValueError(
            f"{name!r} (skaudeep {header['skaudeep']}) is damaged ({error!r:.200}): save the estimator again"
        ) from error
    finally:
        is_loading.reset(token)


def _check_calls(tree):
    """Refuse a tree that would call, even if only what is trusted, otherwise than one that `save` wrote.

    Gives the names that are trusted, with those of the storable classes in the tree.
    """
    from skops.io.exceptions import UntrustedTypesFoundException

    trusted, refused = set(_trusted()), set()

    def check(node):
        loader = node.get("__loader__")
        if isinstance(loader, str):
            name = f"{node['__module__']}.{node['__class__']}"
            trusted.update(_storable({name} - trusted))
            called = name in trusted and loader not in _UNCALLED and name not in _CALLED.get(loader, ())
            if called or loader not in _NODES:
                refused.add(name)
            if loader == "DictNode":
                refused.update(_strange_key_types(node["key_types"]))
        return node

    json.loads(tree, object_hook=check)
    if refused:
        raise UntrustedTypesFoundException(refused)
    return trusted


def _strange_key_types(types):
    """Names of what would be called to make the keys of a dictionary, other than types of strings and numbers."""
    if types["__loader__"] != "ListNode" or any("__id__" in node for node in (types, *types["content"])):
        raise ValueError("the types of keys are not a list, or refer to something else")
    plain = {_name(kind) for kind in (str, int, float, *np.sctypeDict.values())}
    return {f"{kind['__module__']}.{kind['__class__']}" for kind in types["content"]} - plain


@functools.cache
def _trusted():
    """Names of the types and functions that a file may mention, beside those that skops trusts anyway."""
    from sklearn.metrics import get_scorer, get_scorer_names

    scores = [get_scorer(name)._score_func for name in get_scorer_names()]
    names = [
        *_PARTS,
        *(f"sklearn.model_selection._split.{name}" for name in _SPLITTERS),
        *(f"{score.__module__}.{score.__name__}" for score in scores),
        *(_name(getattr(importlib.import_module("sklearn.feature_selection"), name)) for name in _SCORES),
        *(f"numpy.{name}" for name in _REDUCTIONS),
    ]
    return frozenset(names)


def _storable(names):
    """Give those of some names that are of storable classes: ours, and others of modules that are imported already."""
    return {name for name in names if _is_storable(*name.rpartition(".")[::2])}


def _is_storable(module, name):
    is_ours = module.startswith("skaudeep.") and not module.startswith(_PROGRAMS)
    # importing a module executes it: a file may not choose one
    found = sys.modules.get(module)
    if found is None and is_ours:
        with contextlib.suppress(ImportError):
            found = importlib.import_module(module)
    kind = getattr(found, name, None)
    return isinstance(kind, type) and issubclass(kind, Storable)


def _name(kind):
    # what was made where there is no module counts as made in the program
    return f"{getattr(kind, '__module__', None) or '__main__'}.{kind.__name__}"


def _canonical(names):
    """Names of types, with one for the paths of all systems and Python versions."""
    return ["pathlib.Path" if _is_path(*name.rpartition(".")[::2]) else name for name in names]


def _is_path(module, name):
    return module in ("pathlib", "pathlib._local") and name in ("PosixPath", "WindowsPath")


# --- what can be kept ---


def _survey(value, place, places, above):
    """Refuse what cannot be kept as it is, naming its place; note the first place of every type in `places`."""
    kind = type(value)
    if kind in _PLAIN:
        return
    if id(value) in above:
        raise TypeError(f"{place} is or holds the {kind.__name__} that it is itself a part of: {_REMEDY}")
    parts = _parts(value, place)
    if parts is None:
        raise TypeError(f"{place} is a {_name(kind)}, which save does not keep: {_REMEDY}")
    places.setdefault(_name(value if hasattr(value, "__name__") else kind), place)
    for part_place, part in parts:
        _survey(part, part_place, places, (*above, id(value)))


def _parts(value, place):
    """Pairs of place and value of what a value consists of; None if a file cannot hold it as it is."""
    kind = type(value)
    if kind in (list, tuple, set):
        return [(f"{place}[{i}]", item) for i, item in enumerate(value)]
    if kind in (dict, collections.OrderedDict, Bunch):
        _check_keys(value, place)
        return [(f"{place}[{key!r}]", item) for key, item in value.items()]
    if kind is np.ma.MaskedArray:
        return [(place, value.data)]
    if kind is np.ndarray:
        return _array_parts(value, place)
    if _is_leaf(value):
        return []
    if kind.__module__.partition(".")[0] in ("sklearn", "skaudeep") or isinstance(value, Storable):
        state = value.__getstate__() if hasattr(value, "__dict__") else None
        # that of compiled objects is no dictionary; skops knows them or not
        return [(f"{place}.{name}", item) for name, item in state.items()] if isinstance(state, dict) else []
    return None


def _is_leaf(value):
    """Whether skops keeps a value, or the name of a function, as it is."""
    kind = type(value)
    if kind is range:
        return True
    if kind is slice:
        return all(type(bound) in (type(None), int) for bound in (value.start, value.stop, value.step))
    if isinstance(value, np.generic):
        return value.dtype.kind in "biufcSU" and value.dtype.type is kind
    if isinstance(value, np.dtype):
        return value.kind in "biufcSUO"
    if kind is np.random.RandomState:
        return value.get_state(legacy=False)["bit_generator"] == "MT19937"
    if scipy.sparse.issparse(value):
        return value.format in _SPARSE_FORMATS
    if isinstance(value, pathlib.Path):
        return kind is type(pathlib.Path())
    if isinstance(value, type):
        return True
    function = callable(value) and hasattr(value, "__name__") and kind.__module__ in ("builtins", "numpy")
    return function and isinstance(getattr(value, "__self__", None), types.ModuleType | None)


def _array_parts(array, place):
    if array.dtype != object:
        return None if array.dtype.hasobject or array.dtype.kind in "OTV" else []
    items = array.ravel().tolist()
    if array.ndim == 1 or (array.ndim > 1 and items and all(type(item) in _PLAIN for item in items)):
        return [(f"{place}[{i}]", item) for i, item in enumerate(items)]
    return None


def _check_keys(table, place):
    """Check that the keys of a dictionary, which JSON makes strings, can be told apart and made what they were."""
    for key in table:
        if type(key) not in (str, int, float) and not (isinstance(key, np.generic) and key.dtype.kind in "iufU"):
            raise TypeError(f"{place} has the key {key!r}; save keeps keys that are strings or numbers: {_REMEDY}")
    if len({str(key) for key in table}) < len(table):
        raise TypeError(f"{place} has keys that are equal when written as text, {list(table)!r:.100}: {_REMEDY}")


# --- files ---


def _write(data, path):
    """Write what skops gave, the same bytes for the same object, with the header."""
    source = read_members(data, Allowance(0))
    tree, names = _renumbered(bytes(source[_TREE]))
    members = {_TREE: tree} | {new_name: source[name] for name, new_name in names.items()}
    digests = {name: digest(content) for name, content in members.items()}
    header = {"format": FORMAT, "skaudeep": __version__, "scikit-learn": sklearn.__version__, "digests": digests}
    write_members(path, [(_HEADER, json.dumps(header).encode()), *members.items()], compressed=(_TREE,))


def _renumbered(tree):
    """The tree with numbers in the place of addresses in memory and one class of paths; the new names of its arrays."""
    numbers, names = {}, {}

    def renumber(node):
        if not isinstance(node.get("__loader__"), str):  # the entries of a dictionary
            return node
        if node["__loader__"] in ("JsonNode", "TypeNode"):  # of which it does not matter how many there are
            node.pop("__id__", None)
        if node["__loader__"] == "DictNode":
            node["key_types"].pop("__id__")
        if "__id__" in node:
            node["__id__"] = numbers.setdefault(node["__id__"], len(numbers) + 1)
        if isinstance(node.get("file"), str):
            node["file"] = names.setdefault(node["file"], f"{len(names)}{pathlib.PurePath(node['file']).suffix}")
        if _is_path(node["__module__"], node["__class__"]):
            node["__class__"], node["__module__"] = "Path", "pathlib"
        return node

    return json.dumps(json.loads(tree, object_hook=renumber)).encode(), names
