"""The rooms of the package: who may import whom, what is light, how long functions are."""

import ast
import importlib
import subprocess
import sys
from collections import defaultdict
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import skaudeep

PACKAGE = Path(skaudeep.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# networks, which nobody imports but inside of functions
NETWORKS = ("classification/_network.py", "embedding/networks/")
HEAVY = ("tensorflow", "keras", "matplotlib", "librosa")

# what the data side and the estimator side may not know of each other
DATA_SIDE = ("corpora", "datamodel", "datasets", "io")
ESTIMATOR_SIDE = (
    "embedding",
    "classification",
    "fusion",
    "spectrogram",
    "_recommended",
    "_training",
    "_engine",
    "_sequences",
)
MOST_LEVELS = 8


def name_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


NAMES = {name_of(path) for path in MODULES}
PACKAGES = {name_of(path) for path in MODULES if path.name == "__init__.py"}
PARSED = {path: ast.parse(path.read_text()) for path in MODULES}


def imports_of(path, *, module_level=False):
    """Pairs of a module that a file imports, anywhere in it, and the name that it imports from there (or None)."""
    tree = PARSED[path]
    for node in tree.body if module_level else ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import"
            yield from ((node.module, alias.name) for alias in node.names)


def imported_modules(path, *, module_level=False):
    """Modules that a file imports, those that it names as parts of their package too."""
    pairs = imports_of(path, module_level=module_level)
    return {name for module, part in pairs for name in (module, f"{module}.{part}" if part else module)}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_packages_are_imported_inside_functions(path):
    if path.relative_to(PACKAGE).as_posix().startswith(NETWORKS):
        return
    heavy = {m for m in imported_modules(path, module_level=True) if m.partition(".")[0] in HEAVY}
    assert not heavy


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_two_sides_do_not_know_each_other(path):
    side = name_of(path).split(".")[1:2]
    foreign = (
        ESTIMATOR_SIDE if side and side[0] in DATA_SIDE else DATA_SIDE if side and side[0] in ESTIMATOR_SIDE else ()
    )
    assert not {m for m in imported_modules(path) for room in foreign if m.startswith(f"skaudeep.{room}")}


def home_of(module, name):
    """The module that defines what a file imports from a module or a package."""
    if module in PACKAGES:
        for home, exported in getattr(importlib.import_module(module), "_HOMES", {}).items():
            if name in exported:
                return home_of(home if home in NAMES else f"{module}.{home}", name)
    return module


#: Packages that only say where names are, and so import nothing when they are imported.
TABLES = {name for name in PACKAGES if hasattr(importlib.import_module(name), "_HOMES")}


def edges():
    """Pairs of modules of which the first imports from the second."""
    pairs = {
        (name_of(path), f"{module}.{name}" if f"{module}.{name}" in NAMES else home_of(module, name))
        for path in MODULES
        for module, name in imports_of(path)
        if module in NAMES
    }
    return {(one, other) for one, other in pairs if one != other and one not in TABLES}


def levels(pairs):
    """Levels of what imports one another, from the ground up: what is on a level imports lower ones only."""
    below = defaultdict(set)
    for one, other in pairs:
        below[one].add(other)
    found = defaultdict(list)
    # in an order in which everything comes after what it imports; CycleError shows a circle
    level = {}
    for name in TopologicalSorter(below).static_order():
        level[name] = 1 + max((level[other] for other in below[name]), default=0)
        found[level[name]].append(name)
    return [sorted(found[number]) for number in sorted(found)]


def room_of(name):
    """A folder, or a file that lies beside the folders."""
    return name.split(".")[1]


def test_packages_that_say_where_names_are_import_nothing():
    for path in MODULES:
        if name_of(path) in TABLES:
            assert imported_modules(path) & NAMES - TABLES <= {"skaudeep._lazy", "skaudeep._version"}, path


def test_no_file_imports_one_that_imports_it():
    assert levels(edges())


def test_rooms_import_lower_rooms_only():
    pairs = {(room_of(one), room_of(other)) for one, other in edges()}
    rooms = levels({(one, other) for one, other in pairs if one != other})
    for number, names in reversed(list(enumerate(rooms, 1))):
        print(number, *names)
    assert len(rooms) <= MOST_LEVELS


def test_private_modules_are_imported_within_their_package_only():
    foreign = set()
    for path in MODULES:
        for module in imported_modules(path) & NAMES:
            package = module.rpartition("._")[0]
            if package not in ("", "skaudeep") and not f"{name_of(path)}.".startswith(f"{package}."):
                foreign.add((name_of(path), module))
    assert not foreign


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_numbers_are_computed_in_the_command_line(path):
    if name_of(path).startswith("skaudeep.cli."):
        imports = {m.partition(".")[0] for m in imported_modules(path)}
        assert not imports & {"numpy", "scipy", "sklearn", "tensorflow", "keras"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_scikit_learn_private_parts_are_imported_in_one_file(path):
    private = {
        m
        for m in imported_modules(path)
        if m.startswith("sklearn") and any(part.startswith("_") for part in m.split("."))
    }
    assert path.name == "_validation.py" or not private


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short(path):
    for node in ast.walk(PARSED[path]):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            body = node.body[1:] if ast.get_docstring(node) else node.body
            code = node.end_lineno - body[0].lineno + 1 if body else 0
            assert code <= 60 or node.name == "__init__", f"{node.name} has {code} lines"


def run_python(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)


def test_import_is_light():
    code = f"""
import sys, skaudeep
dir(skaudeep)
heavy = [m for m in sys.modules if m in {HEAVY!r} or m in ("sklearn", "numpy", "xarray", "pandas")]
assert not heavy, heavy
from skaudeep import *
heavy = [m for m in sys.modules if m in {HEAVY!r}]
assert not heavy, heavy
"""
    done = run_python(code)
    assert done.returncode == 0, done.stderr
    assert done.stdout == done.stderr == ""


def test_every_public_name_exists_and_unknown_names_are_refused():
    for name in skaudeep.__all__:
        assert getattr(skaudeep, name) is not None
    assert set(skaudeep.__all__) <= set(dir(skaudeep))
    with pytest.raises(AttributeError, match="no attribute 'Spectrogram'"):
        _ = skaudeep.Spectrogram
