"""What README, guide and examples say is true: their code runs, and they name everything public."""

import doctest
import importlib
import inspect
import json
import os
import pathlib
import pkgutil
import re
import runpy
import shlex
import subprocess
import sys
from xml.etree import ElementTree

import pytest

import skaudeep
from skaudeep.embedding import networks

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
GUIDE = ROOT / "doc" / "user_guide.rst"
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """An empty working directory, and no windows; all figures are closed afterwards."""
    monkeypatch.chdir(tmp_path)
    import matplotlib.pyplot as plt

    plt.switch_backend("Agg")
    monkeypatch.setattr(plt, "show", lambda: None)
    yield tmp_path
    plt.close("all")


def readme_code(language):
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def public_modules():
    """Full names of the modules for use in Python, with the names that each exports."""
    names = [f"skaudeep.{m.name}" for m in pkgutil.iter_modules(skaudeep.__path__) if m.name[0] != "_"]
    exported = {name: set(getattr(importlib.import_module(name), "__all__", ())) for name in names}
    return {name: found for name, found in exported.items() if found and name != "skaudeep.cli"}


def test_readme_example_runs(elsewhere, capsys):
    (code,) = readme_code("python")
    small = code.replace(
        '"sounds", random_state=0', '"sounds", n_classes=2, n_per_class=10, n_takes=2, max_seconds=1.2, random_state=0'
    )
    small = small.replace("n_units=64", "n_units=4")
    assert small.count("n_classes=2") == small.count("n_units=4") == 1
    exec(compile(small, "README.md", "exec"), {})
    scores = [float(score) for score in re.findall(r"\d[\d.]*", capsys.readouterr().out)]
    assert len(scores) == 5
    assert all(0 <= score <= 1 for score in scores)
    assert [path.name for path in elsewhere.iterdir()] == ["sounds"]


def test_readme_example_has_ten_lines():
    (code,) = readme_code("python")
    assert 9 <= len([line for line in code.splitlines() if line]) <= 11


def test_readme_commands_are_those_of_the_issue_and_of_continuous_integration():
    commands = [command.strip() for command in readme_code("bash")]
    assert commands == ["pip install . && skaudeep quickstart", "pip install '.[tests]' && pytest"]
    # .ci/run takes the line that this finds
    assert re.findall("^pip install .*pytest$", README, re.MULTILINE) == commands[1:]
    assert "grep -m 1 '^pip install .*pytest$' README.md" in (ROOT / ".ci" / "run").read_text()


def test_readme_table_names_every_estimator():
    table = "".join(line for line in README.splitlines() if line.startswith("| `"))
    homes = ("spectrogram", "embedding", "fusion", "classification")
    names = {name for home in homes for name in getattr(skaudeep, home).__all__}
    estimators = {name for name in names if hasattr(getattr(skaudeep, name, None), "fit")}
    assert len(estimators) > 5
    assert not {name for name in estimators if f"`{name}`" not in table}


def test_local_links_of_the_readme_lead_somewhere():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", README) if "://" not in link]
    assert len(links) > 3
    assert not [link for link in links if not (ROOT / link.partition("#")[0]).exists()]


def test_flow_picture_is_sound_xml_with_a_title():
    svg = ElementTree.parse(ROOT / "doc" / "images" / "flow.svg").getroot()
    assert svg.tag == "{http://www.w3.org/2000/svg}svg"
    assert svg.find("{http://www.w3.org/2000/svg}title").text
    used = {use.get("href") for use in svg.iter("{http://www.w3.org/2000/svg}use")}
    assert used == {"#spectrogram", "#autoencoder", "#vector"}
    assert used <= {f"#{element.get('id')}" for element in svg.iter()}


@pytest.mark.slow
def test_user_guide_runs(elsewhere):
    example = doctest.DocTestParser().get_doctest(GUIDE.read_text(), {}, "user_guide", str(GUIDE), 0)
    complaints = []
    # without options, as python -m doctest
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(example, out=complaints.append)
    assert runner.summarize(verbose=False).attempted > 50
    assert not complaints, "".join(complaints)


@pytest.mark.slow
@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_example_runs(path, elsewhere, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(path)])
    runpy.run_path(str(path), run_name="__main__")
    if path.stem.startswith("plot_"):
        assert sys.modules["matplotlib.pyplot"].get_fignums()
    else:
        printed = capsys.readouterr().out
        assert "accuracy" in printed or "CCC" in printed
    assert not list(elsewhere.iterdir()), "an example leaves nothing behind"


def test_reference_names_everything_public():
    _, *sections = re.split(r"^\.\. currentmodule:: ", (ROOT / "doc" / "api.rst").read_text(), flags=re.MULTILINE)
    listed = {section.split()[0]: set(re.findall(r"^   (\w+)$", section, re.MULTILINE)) for section in sections}
    constants = {"CHANNELS", "GROUP", "PARTITIONS", "TARGETS", "VARIABLES"}
    modules = {name: exported - constants for name, exported in public_modules().items()}
    for name in ("skaudeep.corpora", "skaudeep.datamodel"):
        assert modules.pop(name) < modules["skaudeep.datasets"]  # where they are described
    assert listed.pop("skaudeep.embedding.networks") < set(networks.__all__)  # what new objectives need
    own = set(skaudeep.__all__) - set(skaudeep._MODULES) - {"__version__"}
    modules["skaudeep"] = own.difference(*modules.values())
    assert listed == modules


def test_guide_speaks_of_every_estimator_and_its_parameters():
    text = GUIDE.read_text()
    for name in ("SpectrogramTransformer", "Seq2SeqAutoencoderEmbedder"):
        unnamed = [
            parameter for parameter in inspect.signature(getattr(skaudeep, name)).parameters if parameter not in text
        ]
        assert not unnamed, name
    for name in ("AudioFeatureUnion", "ChunkwiseTransformer", *skaudeep.classification.__all__):
        assert name in text


def test_one_copy_of_the_package_is_loaded():
    """An installed copy and the folder of the source in one process would break isinstance and pickle."""
    loaded = {name: module for name, module in sys.modules.items() if name.partition(".")[0] == "skaudeep"}
    home = pathlib.Path(skaudeep.__file__).parent
    assert not {name for name, module in loaded.items() if home not in pathlib.Path(module.__file__).parents}


BENCHMARKS = sorted(path for path in (ROOT / "benchmarks").glob("*.py") if path.name[0] != "_")


def test_benchmarks_are_described():
    readme = (ROOT / "benchmarks" / "README.md").read_text()
    assert BENCHMARKS
    for path in BENCHMARKS:
        assert f"| `{path.name}" in readme
        assert f"python benchmarks/{path.name}" in path.read_text()


def run_benchmark(name, *options):
    """What a benchmark prints."""
    # of the package that is tested here, installed or not
    environment = os.environ | {"PYTHONPATH": str(pathlib.Path(skaudeep.__file__).parents[1])}
    command = [sys.executable, str(ROOT / "benchmarks" / name), *options]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True, env=environment)
    return json.loads(done.stdout)


def test_the_benchmark_of_refits_runs():
    seconds = run_benchmark("refit.py", "--units", "3", "--rows", "70", "--repeats", "1")["seconds"]
    assert {"first", "second, same estimator", "first ragged"} < seconds.keys()
    assert all(len(figures) == 4 for figures in seconds.values())


@pytest.mark.slow
def test_the_benchmark_of_numbers_runs(shared):
    options = ["--seeds", "1", "--epochs", "0", "--recordings", "50"]
    found = run_benchmark("esc10_numbers.py", "--shared", str(shared), *options)
    assert found["ccc"]["statistics"]["centroid"] > 0.4
    assert abs(found["ccc"]["mean predictor"]["centroid"]) < 1e-6


@pytest.mark.slow
def test_the_benchmark_of_files_runs():
    result = run_benchmark("io.py", "--rows", "40", "--features", "8", "--gigabytes", "0.0001")
    assert {"write", "read"} == result["ARFF: times as fast as liac-arff"].keys()
    assert all(stage["MB"] > 0 for stage in result["larger data set"].values())


@pytest.mark.slow
def test_the_benchmark_of_scenes_runs():
    found = run_benchmark("scenes.py", "--small")["ccc"]
    assert found["the ratings themselves"]["pitch"][0] > 0.8
    assert found["mean of the ratings"]["pitch"][0] <= 0
    assert {"contrastive, untrained", "autoencoder, untrained", "log-mel statistics"} < found.keys()


def test_every_command_has_a_page():
    from skaudeep.cli import make_parser

    def words_of_commands(parser, words=()):
        for action in parser._subparsers._group_actions if parser._subparsers else ():
            for name, command in action.choices.items():
                yield from words_of_commands(command, (*words, name))
        if not parser._subparsers:
            yield words

    commands = list(words_of_commands(make_parser()))
    index = (ROOT / "doc" / "commands" / "index.rst").read_text().splitlines()
    for words in commands:
        page = (ROOT / "doc" / "commands" / f"{'-'.join(words)}.rst").read_text()
        assert f".. command:: {' '.join(words)}\n" in page
        assert f"   {'-'.join(words)}" in index
    assert len(list((ROOT / "doc" / "commands").glob("*.rst"))) == len(commands) + 1


def commands_shown():
    """Command lines of README, guide and help, with where they stand."""
    from skaudeep.cli import make_parser

    texts = {"README.md": README, **{p.name: p.read_text() for p in (ROOT / "doc").rglob("*.rst")}}
    for name, text in texts.items():
        for line in re.findall(r"^ *\$ (skaudeep .*)$", text.replace("\\\n", " "), re.MULTILINE):
            yield name, line
    parsers = [make_parser()]
    for parser in parsers:
        for action in parser._subparsers._group_actions if parser._subparsers else ():
            parsers += action.choices.values()
        for line in re.findall(r"^ *(skaudeep .*)$", parser.epilog or "", re.MULTILINE):
            yield parser.prog, line


def test_commands_shown_are_understood():
    from skaudeep.cli import make_parser

    parser = make_parser()
    lines = list(commands_shown())
    assert len(lines) > 40
    for where, line in lines:
        words = shlex.split(re.sub(r">.*", "", line), comments=True)[1:]
        try:
            arguments, rest = parser.parse_known_args(words)
        except SystemExit:
            pytest.fail(f"{where}: {line}")
        assert not rest and (hasattr(arguments, "run") or not words), (where, line)
