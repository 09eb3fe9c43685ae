import numpy as np
import pytest
from sklearn.model_selection import PredefinedSplit

from skaudeep.corpora._challenges import load_compare, load_dcase
from skaudeep.corpora.kinds import load_corpus
from skaudeep.datasets import PredefinedFolds
from skaudeep.exceptions import DataSetError

DCASE = {
    "meta.txt": "audio/c.wav\tbus\tx2\r\naudio/a.wav\tbeach\tx1\r\naudio/b.wav\tbus\tx1\r\naudio/d.wav\tbeach\tx3\r\n",
    "evaluation_setup/fold1_train.txt": "audio/a.wav\tbeach\naudio/b.wav\tbus\n",
    "evaluation_setup/fold1_evaluate.txt": "audio/c.wav\tbus\naudio/d.wav\tbeach\n",
    "evaluation_setup/fold1_test.txt": "audio/c.wav\naudio/d.wav\n",
    "evaluation_setup/fold2_train.txt": "audio/c.wav\tbus\naudio/d.wav\tbeach\n",
    "evaluation_setup/fold2_evaluate.txt": "audio/b.wav\tbus\naudio/a.wav\tbeach\n",
}
AUDIO = [f"audio/{name}.wav" for name in "abcd"]
PARTS = ("devel_1.wav", "devel_2.wav", "test_1.wav", "train_1.wav", "train_2.wav")


def splits(corpus):
    return [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()]


def test_dcase(tree, check_dataset):
    folder = tree(*AUDIO, texts=DCASE)
    corpus = load_dcase(folder)
    assert corpus.filenames.tolist() == AUDIO
    assert corpus.data.tolist() == [str(folder / name) for name in AUDIO]
    assert corpus.target_names.tolist() == ["beach", "bus"]
    assert corpus.groups.tolist() == ["x1", "x1", "x2", "x3"]
    assert isinstance(corpus.cv, PredefinedSplit)
    assert splits(corpus) == [([0, 1], [2, 3]), ([2, 3], [0, 1])]
    check_dataset(
        corpus,
        label_nominal=dict(zip(AUDIO, ["beach", "bus", "bus", "beach"], strict=True)),
        cv_folds=dict(zip(AUDIO, [[0, 1], [0, 1], [1, 0], [1, 0]], strict=True)),
    )


def test_dcase_folds_may_leave_recordings_out(tree, check_dataset):
    texts = {**DCASE, "evaluation_setup/fold1_train.txt": "audio/a.wav\tbeach\n"}
    corpus = load_dcase(tree(*AUDIO, texts=texts))
    assert isinstance(corpus.cv, PredefinedFolds)
    assert splits(corpus) == [([0], [2, 3]), ([2, 3], [0, 1])]
    check_dataset(corpus, cv_folds=dict(zip(AUDIO, [[0, 1], [np.nan, 1], [1, 0], [1, 0]], strict=True)))


@pytest.mark.parametrize(("with_test", "validation"), [(True, [2]), (False, [2, 3])])
def test_dcase_without_a_list_of_what_is_evaluated(tree, with_test, validation):
    texts = {name: text for name, text in DCASE.items() if "fold2" not in name and "evaluate" not in name}
    texts["evaluation_setup/fold1_test.txt"] = "audio/c.wav\n"
    if not with_test:
        del texts["evaluation_setup/fold1_test.txt"]
    assert splits(load_dcase(tree(*AUDIO, texts=texts))) == [([0, 1], validation)]


def test_dcase_with_ten_folds_in_their_order(tree):
    texts = {"meta.txt": DCASE["meta.txt"]}
    for fold in range(1, 11):
        texts[f"evaluation_setup/fold{fold}_train.txt"] = "audio/a.wav\n" if fold == 10 else "audio/b.wav\n"
    corpus = load_dcase(tree(*AUDIO, texts=texts))
    assert corpus.cv_folds[0].tolist() == [1] * 9 + [0]
    assert corpus.groups.tolist() == ["x1", "x1", "x2", "x3"]


def test_dcase_without_folds_and_with_unlabelled_recordings(tree, check_dataset):
    corpus = load_dcase(tree(*AUDIO, "audio/e.wav", texts={"meta.txt": DCASE["meta.txt"].replace("\tbeach\tx3", "")}))
    assert corpus.cv is None and corpus.cv_folds is None
    np.testing.assert_array_equal(corpus.target, [0, 1, 1, np.nan, np.nan])
    assert corpus.groups.tolist() == ["x1", "x1", "x2", "audio/d.wav", "audio/e.wav"]
    files = [*AUDIO, "audio/e.wav"]
    check_dataset(corpus, label_nominal=dict(zip(files, ["beach", "bus", "bus", "", ""], strict=True)))


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        (
            "meta.txt",
            "audio/a.wav\tbeach\naudio/x.wav\tbus\n",
            r"1 of the 2 files .*meta\.txt names .*x\.wav \(line 2\)",
        ),
        ("meta.txt", "audio/a.wav\tbus\n\naudio/a.wav\tbus\n", r"meta\.txt lists 1 .*audio/a\.wav \(lines 1 and 3\)"),
        ("meta.txt", b"\xff\xfe", r"Cannot read .*meta\.txt .*UTF-8\); expected the tab-separated columns file, label"),
        ("evaluation_setup/fold1_train.txt", "audio/x.wav\n", r"fold1_train\.txt, line 1: audio/x\.wav is neither in"),
        ("evaluation_setup/fold1_train.txt", "audio/c.wav\n", r"fold 1 trains on audio/c\.wav and is validated on it"),
        ("evaluation_setup/fold3_evaluate.txt", "audio/c.wav\n", r"has no fold3_train\.txt"),
    ],
)
def test_dcase_with_wrong_tables_is_refused(tree, name, text, message):
    with pytest.raises(DataSetError, match=message):
        load_dcase(tree(*AUDIO, texts={**DCASE, name: text}))


def labels_table(separator, file, *columns, values=("x", "y", "?", "y", "x")):
    """A table of labels for PARTS; every column has the same values but for its name in front."""
    header = separator.join([file, *columns])
    rows = [
        separator.join([name, *(value if value == "?" else f"{column[:1]}{value}" for column in columns)])
        for name, value in zip(PARTS, values, strict=True)
    ]
    return "\n".join([header, *reversed(rows)]) + "\n"


WAV = [f"wav/{name}" for name in PARTS]


@pytest.mark.parametrize(
    ("task", "table", "separator", "columns"),
    [
        ("AtypicalAffect", "ComParE2018_AtypicalAffect.tsv", "\t", ("file_name", "emotion")),
        ("Crying", "ComParE2018_Crying.tsv", "\t", ("file_name", "label")),
        ("Heartbeat", "ComParE2018_Heartbeat.tsv", "\t", ("file_name", "label")),
        ("SelfAssessedAffect", "ComParE2018_SelfAssessedAffect.tsv", "\t", ("file_name", "Valence")),
        ("BabySounds", "labels.csv", ",", ("file_name", "label")),
        ("ContinuousSleepiness", "labels.csv", ",", ("file_name", "label")),
        ("OrcaActivity", "labels.csv", ",", ("file_name", "label")),
        ("StyrianDialects", "labels.csv", ",", ("file_name", "label")),
        ("Mask", "labels.csv", ",", ("file_name", "label")),
        ("Elderly", "labels.csv", ",", ("filename_audio", "V_cat", "A_cat")),
    ],
)
@pytest.mark.parametrize("named", [True, False])
def test_compare(tree, check_dataset, task, table, separator, columns, named):
    folder = tree(*WAV, texts={f"lab/{table}": labels_table(separator, *columns)})
    corpus = load_compare(folder, task=task if named else None)
    letter = columns[1][0]
    assert corpus.filenames.tolist() == list(PARTS)
    assert corpus.data.tolist() == [str(folder / name) for name in WAV]
    assert corpus.target_names.tolist() == [f"{letter}x", f"{letter}y"]
    np.testing.assert_array_equal(corpus.target, [0, 1, np.nan, 1, 0])
    assert corpus.partition.tolist() == [1, 1, 2, 0, 0]
    assert splits(corpus) == [([3, 4], [0, 1])]
    labels = [f"{letter}x", f"{letter}y", "", f"{letter}y", f"{letter}x"]
    check_dataset(
        corpus,
        label_nominal=dict(zip(PARTS, labels, strict=True)),
        partition=dict(zip(PARTS, [1, 1, 2, 0, 0], strict=True)),
    )


def test_compare_2021_has_a_table_for_each_partition(tree, check_dataset):
    texts = {
        "lab/train.csv": "filename,label\ntrain_1.wav,yes\ntrain_2.wav,no\n",
        "lab/devel.csv": "filename,label\ndevel_1.wav,yes\ndevel_2.wav,no\n",
        "lab/test.csv": "filename,label\ntest_1.wav,?\n",
    }
    corpus = load_compare(tree(*WAV, texts=texts))
    np.testing.assert_array_equal(corpus.target, [1, 0, np.nan, 1, 0])
    check_dataset(corpus, label_nominal=dict(zip(PARTS, ["yes", "no", "", "yes", "no"], strict=True)))
    texts["lab/test_confidential.csv"] = "filename,label\ntest_1.wav,yes\n"
    assert load_compare(tree(texts=texts), task="Cough").target.tolist() == [1, 0, 1, 1, 0]


def test_compare_2021_without_the_table_of_test(tree):
    texts = {f"lab/{part}.csv": f"filename,label\n{part}_1.wav,yes\n{part}_2.wav,no\n" for part in ("train", "devel")}
    np.testing.assert_array_equal(load_compare(tree(*WAV, texts=texts)).target, [1, 0, np.nan, 1, 0])


def test_compare_elderly_has_two_sets_of_labels(tree):
    folder = tree(*WAV, texts={"lab/labels.csv": labels_table(",", "filename_audio", "V_cat", "A_cat")})
    assert load_compare(folder, label="A_cat").target_names.tolist() == ["Ax", "Ay"]
    assert load_compare(folder).target_names.tolist() == ["Vx", "Vy"]
    with pytest.raises(DataSetError, match=r"label='arousal': the labels of Elderly are in V_cat or A_cat"):
        load_compare(folder, label="arousal")


def test_compare_sleepiness_as_a_regression(tree, check_dataset):
    table = "file_name,label\n" + "".join(f"{name},{n}\n" for name, n in zip(PARTS, "39?51", strict=True))
    folder = tree(*WAV, texts={"lab/labels.csv": table})
    corpus = load_compare(folder, regression=True)
    np.testing.assert_array_equal(corpus.target, [3, 9, np.nan, 5, 1])
    assert corpus.target_names is None
    check_dataset(corpus, label_numeric=dict(zip(PARTS, [3, 9, np.nan, 5, 1], strict=True)))
    assert load_compare(folder).target_names.tolist() == ["1", "3", "5", "9"]


@pytest.mark.parametrize("infix", ["_confidential", ".confidential"])
def test_compare_prefers_the_confidential_table(tree, infix):
    secret = labels_table("\t", "file_name", "label", values=("x", "y", "x", "y", "x"))
    texts = {"lab/ComParE2018_Crying.tsv": labels_table("\t", "file_name", "label")}
    texts[f"lab/ComParE2018_Crying{infix}.tsv"] = secret
    assert load_compare(tree(*WAV, texts=texts)).target.tolist() == [0, 1, 0, 1, 0]


def test_compare_with_recordings_that_the_table_does_not_name(tree):
    corpus = load_compare(tree(*WAV, texts={"lab/labels.csv": "file_name,label\ntrain_1.wav,x\ndevel_2.wav,y\n"}))
    np.testing.assert_array_equal(corpus.target, [np.nan, 1, np.nan, 0, np.nan])
    assert splits(corpus) == [([3], [1])]


@pytest.mark.parametrize(
    ("texts", "options", "message"),
    [
        (
            {"labels.csv": "file_name;label\ntrain_1.wav;x\n"},
            {},
            r"labels\.csv \(it has the columns 'file_name;label'\)",
        ),
        ({"labels.csv": "file_name,class\ntrain_1.wav,x\n"}, {}, r"labels\.csv \(it lacks label and has 'file_name'"),
        ({"labels.csv": "file_name,label\ntrain_9.wav,x\n"}, {}, r"1 of the 1 files .*train_9\.wav \(line 2 of labels"),
        ({"labels.csv": "file_name,label\ntrain_1.wav,x\ntrain_1.wav,x\n"}, {}, r"lists 1 .*\(lines 2 of labels\.csv"),
        ({"labels.csv": "file_name,label\ntrain_1.wav,x\n"}, {"task": "Elderly"}, r"no table of task='Elderly', but"),
        ({"labels.csv": "file_name,label\ntrain_1.wav,x\n"}, {"task": "Snore"}, r"task='Snore' is unknown; expected"),
        (
            {"labels.csv": "file_name,label\ntrain_1.wav,x\n"},
            {"regression": True},
            r"recording train_1\.wav: 'x' is no",
        ),
        ({"labels.csv": ""}, {}, r"Cannot read .*labels\.csv"),
        ({"other.csv": "file_name,label\n"}, {}, r"No table of a known challenge in the folder lab in .*Expected"),
        (
            {f"ComParE2018_{name}.tsv": "file_name\tlabel\ntrain_1.wav\tx\n" for name in ("Crying", "Heartbeat")},
            {},
            r"tables of several tasks; choose one of Crying, Heartbeat with task=",
        ),
    ],
)
def test_compare_with_wrong_tables_is_refused(tree, texts, options, message):
    folder = tree(*WAV, texts={f"lab/{name}": text for name, text in texts.items()})
    with pytest.raises(DataSetError, match=message):
        load_compare(folder, **options)


def test_compare_names_without_a_partition_are_refused(tree):
    folder = tree(*WAV, "wav/extra.wav", texts={"lab/labels.csv": labels_table(",", "file_name", "label")})
    with pytest.raises(DataSetError, match=r"extra\.wav in .*wav begins with none of train, devel, test"):
        load_compare(folder)


# --- acoustic scenes since 2018, with headers ---

SCENES = (
    "filename\tscene_label\tidentifier\tsource_label\n"
    "audio/d.wav\tbus\tparis-2\ta\n"
    "audio/a.wav\tairport\tbarcelona-0\ta\n"
    "audio/b.wav\tbus\tparis-1\tb\n"
    "audio/c.wav\tairport\tbarcelona-0\tb\n"
)
LISTS = {
    "fold1_train": ["audio/a.wav\tairport", "audio/c.wav\tairport"],
    "fold1_evaluate": ["audio/b.wav\tbus"],
    "fold1_test": ["audio/b.wav"],
}


def scenes(suffix, *, headed=True, kinds=LISTS):
    """The tables of a corpus of acoustic scenes; audio/d.wav is in no list, as devices of some years are."""
    texts = {"meta.csv": SCENES}
    for kind in kinds:
        lines = LISTS[kind]
        header = ["filename\tscene_label"[: None if "\t" in lines[0] else 8]] if headed else []
        texts[f"evaluation_setup/{kind}{suffix}"] = "\n".join([*header, *lines]) + "\n"
    return texts


@pytest.mark.parametrize(("suffix", "headed"), [(".csv", True), (".txt", False), (".txt", True), (".csv", False)])
@pytest.mark.parametrize("kinds", [tuple(LISTS), ("fold1_train", "fold1_test"), ("fold1_train", "fold1_evaluate")])
def test_acoustic_scenes_with_headers(tree, check_dataset, suffix, headed, kinds):
    folder = tree(*AUDIO, texts=scenes(suffix, headed=headed, kinds=kinds))
    for load in (load_dcase, load_corpus):
        corpus = load(folder)
        assert corpus.filenames.tolist() == AUDIO
        assert corpus.target_names.tolist() == ["airport", "bus"]
        assert corpus.groups.tolist() == ["barcelona-0", "paris-1", "barcelona-0", "paris-2"]
        assert corpus.frame["source_label"].tolist() == ["a", "b", "b", "a"]
        assert splits(corpus) == [([0, 2], [1])]
    check_dataset(
        corpus,
        label_nominal=dict(zip(AUDIO, ["airport", "bus", "airport", "bus"], strict=True)),
        cv_folds=dict(zip(AUDIO, [[0], [1], [0], [np.nan]], strict=True)),
    )


def test_acoustic_scenes_in_the_words_of_copies(tree):
    texts = {name: text.replace("\t", ",").replace("audio/", "") for name, text in scenes(".csv").items()}
    corpus = load_corpus(tree(*AUDIO, texts=texts))
    assert corpus.filenames.tolist() == AUDIO and corpus.target.tolist() == [0, 1, 0, 1]
    assert corpus.groups.tolist() == ["barcelona-0", "paris-1", "barcelona-0", "paris-2"]
    assert splits(corpus) == [([0, 2], [1])]


def test_acoustic_scenes_without_labels(tree):
    corpus = load_dcase(tree(*AUDIO, texts={"meta.csv": "filename\n" + "\n".join(AUDIO)}))
    assert corpus.target is None and corpus.groups is None and corpus.filenames.tolist() == AUDIO


def test_columns_of_the_same_name_do_not_mix(tree):
    table = "file,label,filename,scene_label\nx,0,audio/a.wav,bus\ny,1,audio/b.wav,beach\n"
    corpus = load_dcase(tree("audio/a.wav", "audio/b.wav", texts={"meta.csv": table}))
    assert corpus.target_names[corpus.target].tolist() == ["bus", "beach"]
    assert corpus.frame["label_"].tolist() == ["0", "1"]


@pytest.mark.parametrize("text", ["name,class\na,1\n", "", b"\xff\xfe", "audio/a.wav\tbus\n"])
def test_a_table_called_meta_of_another_kind_is_none_of_dcase(tree, text):
    folder = tree("audio/a.wav", texts={"meta.csv": text})
    with pytest.raises(DataSetError, match=r"No columns filename and scene_label in meta\.csv in .*Expected"):
        load_dcase(folder)
    with pytest.raises(DataSetError, match=r"single class 'audio'.*such as .*meta\.csv, give it"):
        load_corpus(folder)


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ({"meta.csv": SCENES + "audio/a.wav\n"}, r"meta\.csv \(line 6 has 1 fields, the header 4\)"),
        ({"meta.csv": SCENES + "audio/x.wav\tbus\tx\ta\n"}, r"1 of the 5 files .*x\.wav \(line 6\)"),
        (
            {"evaluation_setup/fold1_test.txt": "audio/b.wav\n"},
            r"holds fold1_test\.(csv|txt) and fold1_test\.",
        ),
        ({"evaluation_setup/fold1_train.csv": "filename\tscene_label\naudio/x.wav\tbus\n"}, r"line 2: audio/x\.wav is"),
    ],
)
def test_acoustic_scenes_with_wrong_tables_are_refused(tree, texts, message):
    with pytest.raises(DataSetError, match=message):
        load_dcase(tree(*AUDIO, texts=scenes(".csv") | texts))


def test_dcase_says_what_its_table_does_not_name(tree):
    folder = tree(*AUDIO, "audio/new.wav", texts=DCASE)
    assert load_dcase(folder).DESCR.endswith("1 that meta.txt does not name.")
    tree("audio/new.m4a", "audio/other.amr")
    with pytest.raises(DataSetError, match=r"1 of the 6 recordings .*audio cannot be read \(1 \.amr\)"):
        load_dcase(folder)
    corpus = load_dcase(folder, on_unreadable="skip")
    assert corpus.unreadable["file"].tolist() == [str(folder / "audio" / "other.amr")]
    listed = DCASE["meta.txt"] + "audio/other.amr\tbus\r\n"
    assert "audio/other.amr" in load_dcase(tree(texts={"meta.txt": listed})).filenames


def test_compare_says_what_its_tables_do_not_name(tree):
    folder = tree("wav/train_1.wav", "wav/test_1.wav", texts={"lab/labels.csv": "file_name,label\ntrain_1.wav,x\n"})
    assert load_compare(folder).DESCR.endswith("1 that lab does not name.")
    tree("wav/test_2.m4a")
    with pytest.raises(DataSetError, match=r"1 of the 3 .* the first is test_2\.m4a"):
        load_compare(folder)
    assert len(load_compare(folder, on_unreadable="skip").unreadable) == 1
