import os
import random
import sys

import numpy as np
import pytest
from sklearn.utils import Bunch

from skaudeep.corpora._bunch import KEYS, make_bunch
from skaudeep.corpora.kinds import load_corpus
from skaudeep.datasets import load_esc, load_folder, make_sound_events
from skaudeep.exceptions import DataSetError

COMPARE = {"lab/labels.csv": "file_name,label\ntrain_1.wav,x\n"}
DCASE = {"meta.txt": "audio/a.wav\tbus\n"}
ESC50 = {"meta/esc50.csv": "filename,fold,target,category,src_file\na.wav,1,0,dog,1\n"}
SPEECH_COMMANDS = {"validation_list.txt": "", "testing_list.txt": "yes/b_nohash_0.wav\n"}
URBANSOUND8K = {"metadata/UrbanSound8K.csv": "slice_file_name,fold,class\na.wav,1,dog\n"}

CORPORA = {
    "esc": (["001 - Dog/1-1-A.ogg"], {}),
    "esc with a table": (["audio/a.wav"], ESC50),
    "urbansound8k": (["audio/fold1/a.wav"], URBANSOUND8K),
    "dcase": (["audio/a.wav"], DCASE),
    "compare": (["wav/train_1.wav"], COMPARE),
    "speech_commands": (["no/a_nohash_0.wav", "yes/b_nohash_0.wav"], SPEECH_COMMANDS),
    "partitioned": (["train/a/1.wav", "test/b/2.wav"], {}),
    "cross_validated": (["fold_1/a/1.wav", "fold_2/b/2.wav"], {}),
    "table": (["a/1.wav"], {"metadata.csv": "path,label\na/1.wav,b\n"}),
    "folder": (["a/1.wav", "b/2.wav"], {"notes/meta.txt": "", "README.md": ""}),
    "folder without classes": (["1.wav"], {}),
    "folder of vehicles": (["train/1.wav", "bus/2.wav"], {}),
}


@pytest.mark.parametrize("load", [load_esc, load_folder])
def test_errors_name_the_folder_and_the_layout(load, tree):
    folder = tree("file.txt", "sub/file.txt")
    with pytest.raises(DataSetError, match=r"no-such does not exist. Expected"):
        load(folder / "no-such")
    with pytest.raises(DataSetError, match=r"file.txt is a file, not a folder. Expected"):
        load(folder / "file.txt")
    with pytest.raises(DataSetError, match=r"No .* in .*sub. Expected"):
        load(folder / "sub")


def equal(one, other):
    return all(
        np.array_equal(one[key], other[key]) for key in ("data", "target", "target_names", "filenames", "cv_folds")
    )


@pytest.mark.parametrize("name", CORPORA)
def test_the_layout_that_fits_is_found(tree, name):
    names, texts = CORPORA[name]
    folder = tree(*names, texts=texts)
    found = load_corpus(folder)
    assert tuple(found)[: len(KEYS)] == KEYS
    assert equal(found, load_corpus(folder, name.split()[0]))
    assert found.DESCR == load_corpus(str(folder), kind=name.split()[0]).DESCR


@pytest.mark.parametrize("name", CORPORA)
def test_no_layout_but_one_and_the_plain_folder_fits(tree, name):
    names, texts = CORPORA[name]
    folder = tree(*names, texts=texts)
    for other in {kind.split()[0] for kind in CORPORA} - {name.split()[0], "folder"}:
        with pytest.raises(DataSetError, match=r"Expected"):
            load_corpus(folder, other)


def test_esc10_is_recognised(shared):
    folder = shared / "data" / "ESC-10"
    found, loaded = load_corpus(folder), load_esc(folder)
    assert len(found.data) == 400
    assert equal(found, loaded)
    np.testing.assert_array_equal(found.cv.test_fold, loaded.cv.test_fold)


def test_a_synthetic_corpus_is_recognised_with_its_folds(tmp_path):
    sounds = make_sound_events(
        tmp_path, n_classes=2, n_per_class=2, n_takes=1, n_folds=2, max_seconds=1, random_state=0
    )
    assert equal(load_corpus(tmp_path), sounds)


def test_a_file_is_a_table(tree):
    folder = tree("a.wav", texts={"list.txt": "path;label\na.wav;dog\n"})
    assert load_corpus(folder / "list.txt").target_names.tolist() == ["dog"]
    assert load_corpus(folder / "list.txt", kind="table", separator=";").target_names.tolist() == ["dog"]


@pytest.mark.parametrize(
    ("names", "texts", "candidates"),
    [
        (["fold_1/a/1.wav", "train/a/2.wav"], {}, "partitioned, cross_validated"),
        (["audio/a.wav"], {**ESC50, **DCASE}, "esc, dcase"),
        (["audio/fold1/a.wav", "audio/a.wav"], {**URBANSOUND8K, **ESC50}, "esc, urbansound8k"),
        (["train/a/1.wav"], {"metadata.csv": "path\ntrain/a/1.wav\n"}, "partitioned, table"),
    ],
)
def test_a_folder_of_several_layouts_is_refused(tree, names, texts, candidates):
    folder = tree(*names, texts=texts)
    with pytest.raises(DataSetError, match=rf"could be any of {candidates}; choose one with kind\."):
        load_corpus(folder)


@pytest.mark.parametrize(
    "names", [[], ["README.md"], ["train/1.wav", "test/2.wav", "bus/3.wav"], ["fold_1/1.wav", "bus/2.wav"]]
)
def test_without_a_layout_that_fits_all_are_explained(tree, names):
    with pytest.raises(DataSetError) as caught:
        load_corpus(tree(*names))
    lines = str(caught.value).splitlines()
    kinds = list(dict.fromkeys(name.split()[0] for name in CORPORA))
    assert [line.split(":")[0] for line in lines[1:-1]] == [f"* {kind}" for kind in kinds]
    assert all(". Expected " in line for line in lines[1:-1])


def test_an_error_says_for_what_a_folder_was_taken(tree):
    folder = tree("dog/1.wav", texts={"metadata.csv": "id,label\n1,dog\n"})
    with pytest.raises(DataSetError, match=r"no column path .*was taken for 'table'; kind chooses another"):
        load_corpus(folder)
    assert load_corpus(folder, kind="folder").target_names.tolist() == ["dog"]


def test_options_reach_the_loader(tree):
    folder = tree("a/1.wav", "2.wav")
    np.testing.assert_array_equal(load_corpus(folder, classes=True).target, [np.nan, 0])
    assert load_corpus(folder, kind="folder", classes=False).target is None
    with pytest.raises(DataSetError, match=r"label is not an option of kind='folder'; it has classes"):
        load_corpus(folder, label="x")
    with pytest.raises(DataSetError, match=r"label is not an option of kind='esc'; it has none"):
        load_corpus(folder, "esc", label="x")


@pytest.mark.parametrize("kind", ["ESC", None, 3, ["esc"]])
def test_unknown_kinds_are_refused(tree, kind):
    with pytest.raises(DataSetError, match=r"kind=.* is unknown; expected one of auto, esc, .* or a function"):
        load_corpus(tree("a.wav"), kind)


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(DataSetError, match=r"no-such does not exist"):
        load_corpus(tmp_path / "no-such")


def test_order_does_not_depend_on_creation(tmp_path):
    names = [f"{c}/{n}.wav" for c in "abc" for n in range(4)]
    found = []
    for seed in range(3):
        folder = tmp_path / str(seed)
        for name in random.Random(seed).sample(names, len(names)):
            os.makedirs((folder / name).parent, exist_ok=True)
            (folder / name).touch()
        found.append(load_corpus(folder).filenames.tolist())
    assert found[0] == found[1] == found[2] == names


PLUGIN = """
from skaudeep.datasets import load_folder
from skaudeep.exceptions import DataSetError


def load_mine(folder, *, suffix=".wav"):
    if not (folder / "mine").is_file():
        raise DataSetError("no file called mine.")
    return load_folder(folder)


def load_badly(folder):
    return folder / 3


def load_nothing(folder):
    return {"data": []}
"""


@pytest.fixture
def plugin(tmp_path_factory, monkeypatch):
    """Install a package that announces a function of PLUGIN under a name."""

    def install(name, function, module="corpora_of_mine"):
        folder = tmp_path_factory.mktemp("site")
        (folder / "corpora_of_mine.py").write_text(PLUGIN)
        (folder / "mine-1.0.dist-info").mkdir()
        (folder / "mine-1.0.dist-info" / "METADATA").write_text("Name: mine\nVersion: 1.0\n")
        announced = f"[skaudeep.corpora]\n{name} = {module}:{function}\n"
        (folder / "mine-1.0.dist-info" / "entry_points.txt").write_text(announced)
        monkeypatch.syspath_prepend(folder)

    yield install
    sys.modules.pop("corpora_of_mine", None)


def test_a_plugin_is_found_by_name_and_by_itself(tree, plugin):
    plugin("mine", "load_mine")
    folder = tree("a/1.wav", "b/2.wav")
    assert load_corpus(folder).DESCR == "Audio: 2 recordings, 2 classes (a, b)."
    with pytest.raises(DataSetError, match=r"no file called mine"):
        load_corpus(folder, "mine")
    tree("mine")
    assert equal(load_corpus(folder), load_folder(folder))
    assert equal(load_corpus(folder, "mine", suffix=".flac"), load_folder(folder))


def test_a_plugin_that_fits_beside_another_layout_is_ambiguous(tree, plugin):
    plugin("mine", "load_mine")
    with pytest.raises(DataSetError, match=r"could be any of partitioned, the plug-in mine \("):
        load_corpus(tree("mine", "train/a/1.wav"))


def test_a_plugin_that_does_not_fit_is_listed(tree, plugin):
    plugin("mine", "load_mine")
    with pytest.raises(DataSetError, match=r"(?s)No layout fits .*\* the plug-in mine \(.*\): no file called mine"):
        load_corpus(tree("x"))
    with pytest.raises(DataSetError, match=r"kind='yours' is unknown; .*folder, mine, or a function"):
        load_corpus(tree("x"), "yours")


def test_a_plugin_that_does_not_take_an_option_does_not_fit(tree, plugin):
    plugin("mine", "load_mine")
    assert load_corpus(tree("mine", "a/1.wav"), classes=False).target is None
    with pytest.raises(DataSetError, match=r"plug-in 'mine' .* does not take .*\['classes'\]"):
        load_corpus(tree("mine", "a/1.wav"), "mine", classes=False)


@pytest.mark.parametrize("kind", ["auto", "bad"])
@pytest.mark.parametrize(
    ("function", "message"),
    [
        (["load_badly"], r"plug-in 'bad' .* failed for .*TypeError: unsupported operand"),
        (["load_nothing"], r"plug-in 'bad' .* returned \{'data': \[\]\} .*lacks data, target"),
        (["load", "no_such_module"], r"Cannot import the plug-in 'bad' \(no_such_module:load\): ModuleNotFoundError"),
    ],
)
def test_a_broken_plugin_is_named(tree, plugin, kind, function, message):
    plugin("bad", *function)
    with pytest.raises(DataSetError, match=message):
        load_corpus(tree("a/1.wav"), kind)


def load_upside_down(folder, *, classes="auto"):
    corpus = load_folder(folder, classes=classes)
    return make_bunch(corpus.data[::-1], corpus.filenames[::-1])


def test_a_function_of_ones_own(tree):
    folder = tree("a/1.wav", "b/2.wav")
    assert load_corpus(folder, kind=load_upside_down).filenames.tolist() == ["b/2.wav", "a/1.wav"]
    assert load_corpus(folder, kind=load_upside_down, classes=False).target is None
    marked = load_corpus(folder, kind=lambda folder: Bunch(**load_folder(folder) | {"target": np.array([-1, 1])}))
    np.testing.assert_array_equal(marked.target, [np.nan, 1])
    with pytest.raises(DataSetError, match=r"<lambda> returned for .* a target that does not hold class numbers"):
        load_corpus(folder, kind=lambda folder: Bunch(**load_folder(folder) | {"target": ["a", "b"]}))
    with pytest.raises(DataSetError, match=r"<lambda> failed for .*TypeError"):
        load_corpus(folder, kind=lambda folder: folder / 3)
    with pytest.raises(DataSetError, match=r"load_upside_down does not take .*\['suffix'\]"):
        load_corpus(folder, kind=load_upside_down, suffix="x")


# --- guesses that would be wrong without a word ---

INSIDE = {
    "esc": (["001 - Dog/1-1-A.ogg", "002 - Cat/2-2-A.ogg"], {}),
    **{kind: CORPORA[kind] for kind in ("urbansound8k", "dcase", "compare", "speech_commands", "partitioned")},
    **{kind: CORPORA[kind] for kind in ("esc with a table", "cross_validated", "table")},
}


@pytest.mark.parametrize("depth", ["corpus", "downloads/2024/corpus", "a/b/c/d/e/f/corpus"])
@pytest.mark.parametrize("name", INSIDE)
def test_a_folder_above_a_corpus_is_refused(tree, name, depth):
    names, texts = INSIDE[name]
    folder = tree(
        *(f"{depth}/{file}" for file in names), texts={f"{depth}/{file}": text for file, text in texts.items()}
    )
    kind = name.split()[0]
    with pytest.raises(DataSetError) as caught:
        load_corpus(folder)
    assert f"Below it, {folder / depth} has that of '{kind}'. Give that folder, or kind='folder'" in str(caught.value)
    assert len(load_corpus(folder / depth).target_names) >= 1
    assert load_corpus(folder, kind="folder").target_names.tolist() == [depth.split("/")[0]]
    assert load_corpus(folder, classes=False).target is None


def test_a_folder_above_several_corpora_is_refused(tree):
    texts = {f"us/{name}": text for name, text in URBANSOUND8K.items()}
    folder = tree("mine/1.wav", "esc/001 - Dog/1-1-A.ogg", "us/audio/fold1/a.wav", texts=texts)
    with pytest.raises(DataSetError, match=r"Below it, .*esc has that of 'esc', .*us has that of 'urbansound8k'\."):
        load_corpus(folder)
    # nor does it matter that nothing fits
    with pytest.raises(DataSetError, match=r"(?s)No layout fits .*Below it, .*esc has that of 'esc', .* Give that"):
        load_corpus(tree("fold1/1.wav"))


def test_a_folder_above_a_corpus_counts_more_than_what_is_wrong_with_its_files(tree):
    folder = tree("readme.wav", "x.m4a", "corpus/train/a/1.wav", "corpus/test/b/1.m4a")
    with pytest.raises(DataSetError, match=r"corpus has that of 'partitioned'"):
        load_corpus(folder)


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("esc", "001 - Dog"),
        ("esc with a table", "audio"),
        ("esc with a table", "meta"),
        ("urbansound8k", "audio"),
        ("urbansound8k", "audio/fold1"),
        ("dcase", "audio"),
        ("compare", "wav"),
        ("speech_commands", "yes"),
    ],
)
def test_a_folder_inside_of_a_corpus_is_refused(tree, name, part):
    names, texts = CORPORA[name]
    folder = tree(*names, texts=texts)
    with pytest.raises(DataSetError, match=rf"is part of {folder}, which has the layout of '{name.split()[0]}'\."):
        load_corpus(folder / part)
    if part != "meta":
        assert load_corpus(folder / part, kind="folder", classes=False).target is None


GENRES = [
    f"Data/genres_original/{genre}/{genre}.0000{n}.wav" for genre in ("blues", "jazz", "pop", "rock") for n in (0, 1)
]


@pytest.mark.parametrize("above", ["", "Data"])
def test_class_folders_further_below_are_named(tree, above):
    folder = tree(*GENRES, "Data/images_original/blues/blues00000.png", "Data/features_30_sec.csv")
    message = rf"single class '.*'.* If the 4 folders in {folder / 'Data/genres_original'} are the classes \(blues, ja"
    with pytest.raises(DataSetError, match=message):
        load_corpus(folder / above)
    assert load_corpus(folder / "Data" / "genres_original").target_names.tolist() == ["blues", "jazz", "pop", "rock"]


@pytest.mark.parametrize(
    ("names", "kind", "label", "advice"),
    [
        (["recordings/0_george_0.wav", "README.md"], "folder", "recordings", r"give .*recordings or classes=False\."),
        (
            ["audio/1.wav", "labels.csv"],
            "folder",
            "audio",
            r"If a table has the labels, such as .*labels\.csv, give",
        ),
        (["dog/1.wav"], "folder", "dog", r"If the names of files tell the labels, write them into a table"),
        (["train/audio/1.wav", "test/audio/2.wav"], "partitioned", "audio", r"write them into a table"),
        (["fold1/audio/1.wav", "fold2/audio/2.wav"], "cross_validated", "audio", r"write them into a table"),
    ],
)
def test_a_single_class_is_refused_unless_somebody_says_so(tree, names, kind, label, advice):
    folder = tree(*names)
    with pytest.raises(DataSetError, match=rf"would be of the single class '{label}'.*{advice}.* kind='{kind}'\.$"):
        load_corpus(folder)
    assert load_corpus(folder, kind=kind).target_names.tolist() == [label]
    if kind == "folder":
        assert load_corpus(folder, classes=True).target_names.tolist() == [label]
        assert load_corpus(folder / label).target is None


def test_a_table_further_below_is_named(tree):
    with pytest.raises(DataSetError, match=r"single class 'cv'.* such as .*en.dev\.tsv, give it"):
        load_corpus(tree("cv/en/clips/1.mp3", "cv/en/dev.tsv"))


def test_recordings_without_labels_are_said_to_be_so(tree):
    assert load_corpus(tree("0_george_0.wav", "1_lucas_0.wav")).DESCR == (
        "Audio: 2 recordings, no labels, as there are no folders for classes."
    )


def test_classes_of_which_all_is_in_subfolders_are_mentioned(tree):
    corpus = load_corpus(tree("dog/19/1/x.flac", "cat/20/1/x.flac"))
    assert corpus.DESCR.endswith("subfolders of classes are part of them (such as cat/20/1).")


@pytest.mark.parametrize("names", [("train-clean-100", "test-clean"), ("FSD50K.dev_audio", "FSD50K.eval_audio")])
def test_partitions_in_other_words_are_no_classes(tree, names):
    folder = tree(*(f"{name}/1.wav" for name in names), "doc/README.md")
    with pytest.raises(
        DataSetError, match=rf"\* folder: folders such as (?:{names[0]}|{names[1]}), which are partitions"
    ):
        load_corpus(folder)
    assert len(load_corpus(folder, kind="folder").target_names) == 2
    # beside other folders they are classes, as of vehicles
    assert len(load_corpus(tree("bus/1.wav")).target_names) == 3


def test_a_neighbour_of_a_corpus_is_no_part_of_it(tree):
    folder = tree("audio/a.wav", "mine/1.wav", "mine/2.wav", texts=DCASE)
    assert load_corpus(folder / "mine").target is None


def test_recordings_that_cannot_be_read_are_refused_or_skipped(tree):
    folder = tree("dog/1.wav", "rain/1.wav", "cat/1.m4a")
    with pytest.raises(DataSetError, match=r"1 of the 3 recordings .* \(1 \.m4a\); the first is cat/1\.m4a"):
        load_corpus(folder)
    corpus = load_corpus(folder, on_unreadable="skip")
    assert corpus.target_names.tolist() == ["dog", "rain"]
    assert corpus.unreadable["file"].tolist() == [str(folder / "cat" / "1.m4a")]
    assert corpus.DESCR.endswith("without 1 that cannot be read (1 .m4a; nothing is left of cat).")
    with pytest.raises(ValueError, match="'on_unreadable' parameter of load_corpus"):
        load_corpus(folder, on_unreadable="ignore")


def test_one_class_that_is_left_is_no_single_class(tree):
    folder = tree("dog/1.wav", "cat/1.m4a")
    assert load_corpus(folder, on_unreadable="skip").target_names.tolist() == ["dog"]
    with pytest.raises(DataSetError, match="single class 'dog'"):
        load_corpus(tree("more/dog/1.wav", "more/dog/1.amr") / "more", on_unreadable="skip")


def test_functions_of_others_get_what_is_to_be_done_about_unreadable_recordings(tree):
    folder = tree("dog/1.wav", "rain/1.wav", "cat/1.m4a")
    assert len(load_corpus(folder, load_folder, on_unreadable="skip").data) == 2
    with pytest.raises(DataSetError, match="1 of the 3 recordings"):
        load_corpus(folder, load_upside_down, on_unreadable="skip")


@pytest.mark.parametrize("name", ["corpus.zip", "corpus.tar.gz", "a.wav", "a.m4a"])
def test_an_archive_or_a_recording_is_no_corpus(tree, name):
    for kind in ("auto", "folder", "table", "esc"):
        with pytest.raises(DataSetError, match=rf"{name} is an? (archive; unpack it|recording; give)"):
            load_corpus(tree(name) / name, kind)
    # others may take what they like
    assert load_corpus(tree(name) / name, lambda file: make_bunch([file], ["x"])).filenames.tolist() == ["x"]


def test_a_folder_of_archives_says_so(tree):
    with pytest.raises(DataSetError, match=r"\* folder: no audio files, but archives to be unpacked \(corpus\.zip\)\."):
        load_corpus(tree("corpus.zip"))


LABELS = "fname,label\n" + "".join(f"{i}.wav,{label}\n" for i, label in enumerate(["dog", "rain"] * 2))


@pytest.mark.parametrize(
    "names",
    [
        ["audio/0.wav", "audio/1.wav", "augmented/2.wav", "augmented/3.wav"],
        ["train/0.wav", "train/1.wav", "test/2.wav", "test/3.wav"],
        ["fold_1/0.wav", "fold_1/1.wav", "fold_2/2.wav", "fold_2/3.wav"],
    ],
)
def test_a_table_with_other_labels_than_the_folders(tree, names):
    folder = tree(*names, texts={"info.csv": LABELS})
    with pytest.raises(
        DataSetError, match=r"the table .*info\.csv has others for its recordings\. Give that table, or"
    ):
        load_corpus(folder)


@pytest.mark.parametrize("table", [LABELS, "fname,seconds\n0.wav,1\n", "a;b\n1;2;3\n", "\0", "fname,label\n9.wav,x\n"])
def test_tables_that_have_nothing_to_add(tree, table):
    folder = tree("dog/0.wav", "rain/1.wav", "dog/2.wav", "rain/3.wav", texts={"info.csv": table})
    assert load_corpus(folder).target.tolist() == [0, 0, 1, 1]
