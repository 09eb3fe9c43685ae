"""The rooms of the package: who may import whom, what is light, how long functions are."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import skaudeep

PACKAGE = Path(skaudeep.__file__).parent
MODULES = sorted(PACKAGE.rglob("*.py"))
# networks, which nobody imports but inside of functions
NETWORKS = {"classification/_network.py"} | {
    f"embedding/_{name}.py" for name in ("network", "blocks", "kernels", "export")
}
HEAVY = ("tensorflow", "keras", "matplotlib", "librosa")

# what the data side and the estimator side may not know of each other
DATA_SIDE = ("datasets", "io")
ESTIMATOR_SIDE = ("embedding", "classification", "fusion", "spectrogram", "_training", "_engine", "_sequences")

# rooms from the ground up: a file imports its own level and lower ones only
LEVELS = (
    (
        "exceptions",
        "_version",
        "_validation",
        "_columns",
        "_interrupts",
        "_files",
        "_archives",
        "_progress",
        "_provenance",
        "_silence",
        "_signatures",
        "_engine",
    ),
    ("_decoding", "audio", "_persistence", "_trees", "_chunks", "_containers", "_sequences", "_training"),
    ("spectrogram", "embedding", "fusion", "classification", "datasets", "io", "_projection", "plotting"),
    ("evaluation",),
    ("results",),
    ("pages",),
    ("experiment",),
    ("cli",),
)


def name_of(path):
    return ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")


def imported_modules(tree, path, *, module_level):
    """Absolute names of what a file imports."""
    package = path.parent.relative_to(PACKAGE.parent).parts
    nodes = tree.body if module_level else ast.walk(tree)
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*base, *([node.module] if node.module else [])])
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def parsed(path):
    return ast.parse(path.read_text())


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_heavy_packages_are_imported_inside_functions(path):
    if path.relative_to(PACKAGE).as_posix() in NETWORKS:
        return
    heavy = {m for m in imported_modules(parsed(path), path, module_level=True) if m.partition(".")[0] in HEAVY}
    assert not heavy


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_the_two_sides_do_not_know_each_other(path):
    side = name_of(path).split(".")[1:2]
    foreign = (
        ESTIMATOR_SIDE if side and side[0] in DATA_SIDE else DATA_SIDE if side and side[0] in ESTIMATOR_SIDE else ()
    )
    imports = set(imported_modules(parsed(path), path, module_level=False))
    assert not {m for m in imports for room in foreign if m.startswith(f"skaudeep.{room}")}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_rooms_import_lower_rooms_only(path):
    level = {room: i for i, rooms in enumerate(LEVELS) for room in rooms}
    own = name_of(path).split(".")[1:2]
    if not own or own == ["__main__"]:  # the names of all rooms, and the program
        return
    imports = {m.split(".")[1] for m in imported_modules(parsed(path), path, module_level=True) if "skaudeep." in m}
    higher = {room for room in imports & level.keys() if level[room] > level[own[0]]}
    assert not higher


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_numbers_are_computed_in_the_command_line(path):
    if name_of(path).startswith("skaudeep.cli.") and "quickstart" not in path.name:
        imports = {m.partition(".")[0] for m in imported_modules(parsed(path), path, module_level=False)}
        assert not imports & {"numpy", "scipy", "sklearn", "tensorflow", "keras"}


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_scikit_learn_private_parts_are_imported_in_one_file(path):
    private = {
        m
        for m in imported_modules(parsed(path), path, module_level=False)
        if m.startswith("sklearn") and any(part.startswith("_") for part in m.split("."))
    }
    assert path.name == "_validation.py" or not private


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_functions_are_short(path):
    for node in ast.walk(parsed(path)):
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
