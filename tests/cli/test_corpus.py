"""Which kind of corpus ``--parser`` names."""

import argparse
import importlib.metadata
import sys

import pytest

from skaudeep.cli import _corpus
from skaudeep.cli._arguments import UsageError
from skaudeep.cli._names import reword
from skaudeep.corpora import kinds, load_corpus
from skaudeep.exceptions import DataSetError


def load(folder, parser="auto", columns=(), **more):
    options = argparse.ArgumentParser(exit_on_error=False)
    _corpus.add_corpus(options)
    words = ["--basedir", str(folder), "--parser", parser, *(["--columns", *columns] if columns else [])]
    arguments = options.parse_args(words, argparse.Namespace(parser=options))
    try:
        return _corpus.load(arguments, **more)
    except DataSetError as error:
        raise DataSetError(reword(arguments, error)) from error


@pytest.fixture
def tree(tmp_path):
    """Make empty files below a folder."""

    def make(*names, folder="corpus"):
        for name in names:
            file = tmp_path / folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
        return tmp_path / folder

    return make


@pytest.fixture
def layouts(tree):
    """A folder of each layout, by the kind that it is."""
    table = tree("a.wav", "metadata.csv", folder="table")
    (table / "metadata.csv").write_text("path,label\na.wav,x\n")
    urban = tree("audio/fold1/a.wav", "metadata/UrbanSound8K.csv", folder="urban")
    (urban / "metadata" / "UrbanSound8K.csv").write_text("slice_file_name,fsID,fold,classID,class\na.wav,1,1,0,dog\n")
    dcase = tree("audio/a.wav", "meta.txt", folder="dcase")
    (dcase / "meta.txt").write_text("audio/a.wav\tbeach\tx\n")
    compare = tree("wav/train_1.wav", "lab/labels.csv", folder="compare")
    (compare / "lab" / "labels.csv").write_text("file_name,label\ntrain_1.wav,x\n")
    commands = tree(
        "no/a_nohash_0.wav", "yes/b_nohash_0.wav", "validation_list.txt", "testing_list.txt", folder="words"
    )
    return {
        "speech_commands": commands,
        "esc": tree("001 - Dog/1-2-A.ogg", "001 - Dog/2-3-A.ogg", folder="esc"),
        "urbansound8k": urban,
        "dcase": dcase,
        "compare": compare,
        "partitioned": tree("train/x/a.wav", "test/y/b.wav", folder="partitioned"),
        "cross_validated": tree("fold_1/x/a.wav", "fold_2/y/b.wav", folder="folds"),
        "table": table,
        "folder": tree("x/a.wav", "y/b.wav", folder="folder"),
    }


NAMES = {
    "esc": ["esc", "ESC", "Esc-10", "esc50", "audeep.backend.parsers.esc.ESCParser"],
    "urbansound8k": ["UrbanSound8K", "urban-sound-8k", "audeep.backend.parsers.urban_sound_8k.UrbanSound8KParser"],
    "dcase": ["dcase", "DCASE2017", "dcase-2018", "audeep.backend.parsers.dcase.DCASEParser"],
    "compare": [
        "compare",
        "audeep.backend.parsers.compare_2019_orca.Compare19OrcaParser",
        "audeep.backend.parsers.escalation.EscalationParser",
        "audeep.backend.parsers.mask.TheParser",
    ],
    "speech_commands": ["speech_commands", "Speech-Commands", "SpeechCommands"],
    "partitioned": ["partitioned", "audeep.backend.parsers.partitioned.PartitionedParser"],
    "cross_validated": [
        *("cross_validated", "Cross-Validated"),
        "audeep.backend.parsers.cross_validated.CrossValidatedParser",
    ],
    "table": ["table"],
    "folder": ["folder", "FOLDER"],
}


@pytest.mark.parametrize(("kind", "name"), [(kind, name) for kind, names in NAMES.items() for name in names])
def test_kinds_and_class_paths_of_the_original(layouts, kind, name):
    for parser in (name, "auto", "Automatic", "audeep.backend.parsers.meta.MetaParser"):
        corpus, expected = load(layouts[kind], parser), load_corpus(layouts[kind], kind)
        assert corpus.DESCR == expected.DESCR
        assert corpus.filenames.tolist() == expected.filenames.tolist()


@pytest.mark.parametrize(
    "parser", ["none", "no-metadata", "No_Metadata", "audeep.backend.parsers.no_metadata.NoMetadataParser"]
)
def test_without_metadata(layouts, parser):
    corpus = load(layouts["cross_validated"], parser)
    assert corpus.filenames.tolist() == ["fold_1/x/a.wav", "fold_2/y/b.wav"]
    assert corpus.target is None and corpus.cv_folds is None


@pytest.mark.parametrize(
    "parser", ["escc", "", "audeep.backend.parsers.unknown.UnknownParser", "audeep", "mine.esc.ESCParser", "esc.py"]
)
def test_an_unknown_kind(layouts, parser):
    with pytest.raises(UsageError) as caught:
        load(layouts["esc"], parser)
    assert str(caught.value).startswith(f"--parser {parser}: there is no such kind of corpus; choose from auto,")
    assert "cross_validated" in str(caught.value) and str(caught.value).endswith("or give module:function")


def test_another_layout_than_the_folder_has(layouts):
    with pytest.raises(DataSetError, match=r"No folders train, devel or test in .*folder"):
        load(layouts["folder"], "partitioned")


def test_errors_speak_of_the_option(tree, layouts):
    with pytest.raises(DataSetError, match=r"taken for 'folder'; --parser chooses another layout"):
        load(tree("a.wav", "x/b.wav"))
    layouts["table"].joinpath("meta.txt").write_text("")
    layouts["table"].joinpath("audio").mkdir()
    with pytest.raises(DataSetError, match=r"could be any of dcase, table; choose one with --parser\."):
        load(layouts["table"])


@pytest.fixture
def emotions(tree):
    """A table whose columns have names of their own."""
    folder = tree("a.wav", "b.wav", folder="emotions")
    text = "clip;Emotion;speaker;onset;age\na.wav;joy;s1;0.5;30\nb.wav;fear;s2;;40\n"
    (folder / "metadata.csv").write_text(text)
    return folder


def test_columns_of_a_table(emotions):
    columns = ["path=clip", "label=emotion", "GROUP=speaker", "start=onset"]
    corpus = load(emotions, "table", columns)
    assert corpus.filenames.tolist() == ["a.wav#t=0.5", "b.wav"]
    assert corpus.target_names.tolist() == ["fear", "joy"] and corpus.groups.tolist() == ["s1", "s2"]
    assert corpus.unused_columns == ["age"]
    without = load(emotions / "metadata.csv", "auto", ["path=clip", "label=none", "group=False", "start=none"])
    assert without.target is without.groups is None


def test_errors_and_warnings_speak_of_columns(emotions, layouts):
    with pytest.raises(DataSetError, match="but 'Emotion' looks like it; pass --columns label=Emotion, or --columns"):
        load(emotions, columns=["path=clip", "start=none", "group=speaker"])
    with pytest.raises(DataSetError, match=r"--columns label=feeling: .*\.csv has no such column; its header"):
        load(emotions, columns=["path=clip", "label=feeling"])
    with pytest.raises(DataSetError, match="is not an option of --parser esc"):
        load(layouts["esc"], columns=["label=x"])
    with pytest.warns(UserWarning, match="'speaker' may tell groups .*; pass group='speaker' to use it"):
        load(emotions, columns=["path=clip", "label=Emotion", "start=onset"])


@pytest.mark.parametrize("word", ["label", "label=", "sound=x", "=x"])
def test_what_is_no_column(emotions, word):
    with pytest.raises(argparse.ArgumentError, match="is not WHAT=NAME, with WHAT one of path, label, start, end"):
        load(emotions, columns=[word])


def test_errors_about_wrong_guesses_speak_of_options(tree):
    with pytest.raises(
        DataSetError, match=r"give .*recordings or --parser none\. .* and give that\. .* --parser folder"
    ):
        load(tree("recordings/0_george_0.wav"))
    assert load(tree(), "folder").target_names.tolist() == ["recordings"]
    assert load(tree(), "none").target is None


def test_recordings_that_cannot_be_read(tree):
    folder = tree("dog/1.wav", "rain/1.wav", "cat/1.m4a")
    with pytest.raises(DataSetError, match=r"1 of the 3 recordings .* leave them out with --on-error skip"):
        load(folder)
    for parser in ("auto", "folder", "none"):
        assert len(load(folder, parser, on_unreadable="skip").data) == 2


# --- functions of others ---

MODULE = """
from skaudeep.datasets import make_bunch
import neighbour_of_it

def load(folder):
    return make_bunch([folder / "a.wav"], ["mine"])

def later(folder):
    import late_neighbour
    return load(folder)

def wrong(folder):
    return [folder]

def broken(folder):
    return 1 / 0

class Inner:
    load = staticmethod(load)

number = 3
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """A module in the working directory."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path[:])
    for name in ("neighbour_of_it", "late_neighbour"):
        (tmp_path / f"{name}.py").touch()
    (tmp_path / "corpus_of_mine.py").write_text(MODULE)
    (tmp_path / "syntax_of_mine.py").write_text("def")
    (tmp_path / "needs_of_mine.py").write_text("import no_such_library.part")
    (tmp_path / "fails_of_mine.py").write_text("1 / 0")
    yield tmp_path
    for name in [name for name in sys.modules if name.endswith(("_of_mine", "neighbour_of_it", "late_neighbour"))]:
        del sys.modules[name]


@pytest.mark.parametrize("function", ["load", "later", "Inner.load"])
def test_a_function_of_a_module_in_the_working_directory(module, function):
    before = sys.path[:]
    assert load(module, f"corpus_of_mine:{function}").filenames.tolist() == ["mine"]
    assert sys.path == before


@pytest.mark.parametrize(
    ("parser", "message"),
    [
        ("no_such_module:load", "there is no module no_such_module, neither installed nor in "),
        ("corpus_of_mine.deeper:load", "there is no module corpus_of_mine.deeper, neither"),
        ("corpus_of_mine:lode", "corpus_of_mine has no function lode"),
        ("corpus_of_mine:number", "corpus_of_mine has no function number"),
        ("corpus_of_mine:Outer.load", "corpus_of_mine has no function Outer.load"),
        ("needs_of_mine:load", "needs_of_mine imports no_such_library, which is not there"),
        ("syntax_of_mine:load", "syntax_of_mine cannot be imported (SyntaxError: "),
        ("fails_of_mine:load", "fails_of_mine cannot be imported (ZeroDivisionError: division by zero)"),
    ],
)
def test_functions_that_cannot_be_had(module, parser, message):
    before = sys.path[:]
    with pytest.raises(DataSetError) as caught:
        load(module, parser)
    assert str(caught.value).startswith(f"--parser {parser}: {message}")
    assert sys.path == before


@pytest.mark.parametrize("parser", ["corpus_of_mine.py:load", "/x/corpus:load", "corpus_of_mine:", ":load", "a b:c"])
def test_what_is_no_function(module, parser):
    with pytest.raises(UsageError, match=r"expected module:function, such as mycorpus:load \(without \.py\)"):
        load(module, parser)


@pytest.mark.parametrize(
    ("function", "message"), [("wrong", "returned .* expected a Bunch"), ("broken", "failed .* ZeroDivisionError")]
)
def test_functions_that_fail(module, function, message):
    with pytest.raises(DataSetError, match=message):
        load(module, f"corpus_of_mine:{function}")


def test_plugins(module, layouts, monkeypatch):
    group = kinds.PLUGIN_GROUP
    points = [
        importlib.metadata.EntryPoint(name, f"corpus_of_mine:{function}", group)
        for name, function in (("My Sounds", "load"), ("twice", "load"), ("Twice", "wrong"))
    ]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points)
    monkeypatch.setattr(kinds, "entry_points", lambda group: points)
    for name in ("My Sounds", "my sounds", "twice"):
        assert load(module, name).filenames.tolist() == ["mine"]
    with pytest.raises(DataSetError, match="returned"):
        load(module, "Twice")
    with pytest.raises(UsageError, match="choose from auto, .*My Sounds, Twice, twice, or give"):
        load(module, "TWICE")
