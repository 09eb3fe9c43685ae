import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit

from skaudeep.corpora._table import load_table
from skaudeep.datasets import make_dataset, make_sound_events, to_bunch
from skaudeep.exceptions import DataSetError
from skaudeep.spectrogram import SpectrogramTransformer

FILES = ("a.wav", "b.wav", "sub/c.wav")


@pytest.fixture
def table(tree):
    """Write a table beside three files and return its path."""

    def make(text, name="list.csv"):
        return tree(*FILES, texts={name: text}) / name

    return make


def test_all_columns_in_the_order_of_the_table(table, check_dataset):
    path = table(
        "Path,fold,extra,LABEL,partition,group,when\n"
        'sub/c.wav,2,7,"rain, heavy",test,g1,May\n'
        "b.wav,1,8,dog,train,g1,June\n"
        "a.wav,1,9.5,dog,1,,\n"
    )
    corpus = load_table(path)
    files = ["sub/c.wav", "b.wav", "a.wav"]
    assert corpus.filenames.tolist() == files
    assert corpus.data.tolist() == [str(path.parent / name) for name in files]
    assert corpus.target_names.tolist() == ["dog", "rain, heavy"]
    assert isinstance(corpus.cv, PredefinedSplit)
    assert corpus.cv.test_fold.tolist() == [2, 1, 1]
    assert corpus.groups.tolist() == ["g1", "g1", "a.wav"]
    assert corpus.frame["extra"].tolist() == [7, 8, 9.5]
    assert corpus.frame["when"].tolist() == ["May", "June", ""]
    check_dataset(
        corpus,
        label_nominal=dict(zip(files, ["rain, heavy", "dog", "dog"], strict=True)),
        label_numeric=dict(zip(files, [1, 0, 0], strict=True)),
        cv_folds=dict(zip(files, [[0, 1], [1, 0], [1, 0]], strict=True)),
        partition=dict(zip(files, [2, 0, 1], strict=True)),
    )


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("path,label\na.wav,x y\nb.wav,\n", "t.csv"),
        ("\ufeffpath;label\r\na.wav;x y\r\nb.wav;\r\n\r\n", "t.csv"),
        ("filename\tlabel\na.wav\tx y\nb.wav\t\n", "t.tsv"),
        ("label|file\nx y|a.wav\n|b.wav\n|\n", "t.txt"),
        ('"label", "path"\n"x y", "a.wav"\n ,b.wav \n', "t"),
    ],
)
def test_separators_spaces_quotes_and_byte_order_marks(table, text, name):
    corpus = load_table(table(text, name))
    assert corpus.filenames.tolist() == ["a.wav", "b.wav"]
    assert corpus.target_names.tolist() == ["x y"]
    np.testing.assert_array_equal(corpus.target, [0, np.nan])


def test_a_given_separator(table):
    assert load_table(table("path/label\na.wav/x\n"), separator="/").target_names.tolist() == ["x"]


def test_pandas_writes_what_is_read(tmp_path, tree):
    tree(*FILES)
    frame = pd.DataFrame(
        {"file": FILES, "label": ["Ü", 'quo"te', None], "fold": [1, 2, None], "note": ["x\ny", "", "z"]}
    )
    frame.to_csv(tmp_path / "t.csv", index=False)
    corpus = load_table(tmp_path / "t.csv")
    np.testing.assert_array_equal(corpus.target, [1, 0, np.nan])
    assert corpus.target_names.tolist() == ['quo"te', "Ü"]
    np.testing.assert_array_equal(corpus.cv_folds, [[1, 0], [0, 1], [np.nan, np.nan]])
    pd.testing.assert_series_equal(corpus.frame["fold"], frame["fold"])
    assert corpus.frame["note"].tolist() == ["x\ny", "", "z"]


def test_a_table_without_labels(table):
    corpus = load_table(table("path\na.wav\n"))
    assert corpus.target is corpus.target_names is corpus.cv is corpus.groups is None


def test_columns_without_values_say_nothing(table):
    corpus = load_table(table("path,label,fold,partition,group,start\na.wav,,,,,\nb.wav,,,,,\n"))
    plain = load_table(table("path\na.wav\nb.wav\n"))
    assert corpus.DESCR == plain.DESCR == "Audio: 2 recordings."
    assert {key for key in corpus if corpus[key] is None} == {key for key in plain if plain[key] is None}


def test_continuous_targets(table, check_dataset):
    corpus = load_table(table("path,label\na.wav,0.5\nb.wav,\nsub/c.wav,3\n"))
    np.testing.assert_array_equal(corpus.target, [0.5, np.nan, 3])
    check_dataset(corpus, label_numeric={"a.wav": 0.5, "b.wav": np.nan, "sub/c.wav": 3})


@pytest.mark.parametrize(("regression", "classes"), [(None, ["2", "10"]), (False, ["2", "10"]), (True, None)])
def test_whole_numbers_are_classes_unless_told(table, regression, classes):
    corpus = load_table(table("path,label\na.wav,10\nb.wav,2\n"), regression=regression)
    assert corpus.target.tolist() == ([10, 2] if classes is None else [1, 0])
    assert (None if corpus.target_names is None else corpus.target_names.tolist()) == classes


def test_named_folds_are_numbered_as_people_count(table):
    corpus = load_table(table("path,fold\na.wav,fold10\nb.wav,fold9\nsub/c.wav,fold1\n"))
    assert corpus.cv.test_fold.tolist() == [3, 2, 1]


def test_partitions_by_any_of_their_names(table):
    corpus = load_table(table("path,partition\na.wav,Training\nb.wav,VAL\nsub/c.wav,2.0\n"))
    assert corpus.partition.tolist() == [0, 1, 2]
    assert [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()] == [([0], [1])]


def test_segments_are_instances_that_a_transformer_takes(make_recording, tmp_path, check_dataset):
    make_recording("a.wav", 1.0)
    make_recording("b.wav", 0.5)
    (tmp_path / "t.csv").write_text("file,label,start,end\na.wav,x,0,0.5\na.wav,y,0.25,\nb.wav,x,,\nb.wav,y,,0.25\n")
    corpus = load_table(tmp_path / "t.csv")
    assert corpus.filenames.tolist() == ["a.wav#t=0,0.5", "a.wav#t=0.25", "b.wav", "b.wav#t=,0.25"]
    assert corpus.groups.tolist() == ["a.wav", "a.wav", "b.wav", "b.wav"]
    assert corpus.data.columns.tolist() == ["file", "start", "end"]
    spectrograms = SpectrogramTransformer(n_mels=8).fit_transform(corpus.data)
    assert [len(spectrogram) for spectrogram in spectrograms] == [11, 17, 11, 5]
    check_dataset(corpus, label_nominal=dict(zip(corpus.filenames.tolist(), ["x", "y", "x", "y"], strict=True)))


def test_times_keep_their_digits(table):
    corpus = load_table(table("path,start,end\na.wav,1234567.125,1234567.1250001\na.wav,1e-7,1\n"))
    assert corpus.filenames.tolist() == ["a.wav#t=1234567.125,1234567.1250001", "a.wav#t=0.0000001,1"]


def test_empty_times_are_whole_files(table):
    corpus = load_table(table("path,start,end\na.wav,,\n"))
    assert corpus.filenames.tolist() == ["a.wav"]
    assert isinstance(corpus.data, np.ndarray)


def test_paths_from_another_root(table, tmp_path):
    path = table("path\nc.wav\n../a.wav\n")
    assert load_table(path, root=tmp_path / "sub").filenames.tolist() == ["c.wav", "../a.wav"]


def test_absolute_paths(table, tmp_path):
    path = table(f"path\n{tmp_path / 'sub' / 'c.wav'}\n{tmp_path / 'a.wav'}\n")
    assert load_table(path).filenames.tolist() == ["sub/c.wav", "a.wav"]
    root = tmp_path / "sub"
    assert load_table(path, root=root).filenames.tolist() == ["c.wav", (tmp_path / "a.wav").as_posix()]


def test_the_table_of_a_synthetic_corpus(tmp_path):
    sounds = make_sound_events(
        tmp_path, n_classes=2, n_per_class=2, n_takes=1, n_folds=2, max_seconds=1, random_state=0
    )
    corpus = load_table(tmp_path)
    for key in ("data", "target", "target_names", "filenames", "cv_folds"):
        np.testing.assert_array_equal(corpus[key], sounds[key])
    pd.testing.assert_frame_equal(corpus.frame, sounds.frame)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"Cannot read .*list\.csv \(it is empty\)"),
        ("name,label\na.wav,x\n", r"no column path \(or file, or filename\); its header has 'name', 'label'. Expected"),
        ("a.wav,x\nb.wav,y\n", r"no column path .*its header has 'a\.wav', 'x'"),
        ("path,label\n", r"names no recordings"),
        ("path,label,Label\na.wav,x,y\n", r"two columns are called 'Label'"),
        ("path,label\na.wav,x\nb.wav,rain, heavy\n", r"line 3 has 3 fields, the header 2"),
        ("path,label\na.wav\n", r"line 2 has 1 fields, the header 2"),
        ('path,label\n"a.wav,x\nb.wav,y\n', r"Cannot read .*unexpected end of data"),
        ("path,label\na.wav,\xe4\n".encode("latin-1"), r"Cannot read .*save it as text in UTF-8"),
        ("path,label\na.wav,x\n".encode("utf-16"), r"Cannot read .*save it as text in UTF-8"),
        (b"PK\x03\x04\0\0", r"Cannot read .*not a text file"),
        ("path,label\na.wav,x\n,y\n", r"line 3: path is ''"),
        ("path,label\na.wav,x\n\nx.wav,y\nsub,z\n", r"2 of the 3 files .*first is x\.wav \(line 4\)"),
        ("path,label\na.wav,x\nb.wav,x\n./a.wav,y\n", r"lists 1 .*first is \./a\.wav \(lines 2 and 4\).*segments"),
        ("path,start\na.wav,1\na.wav,1.0\n", r"lists 1 .*lines 2 and 3"),
        ("path,fold\na.wav,-1\n", r"line 2: fold is '-1'; expected a whole number from 0"),
        ("path,fold\na.wav,1\nb.wav,1.5\n", r"line 3: fold is '1\.5'"),
        ("path,partition\na.wav,trian\n", r"line 2: partition is 'trian'; expected train, devel or test"),
        ("path,start\na.wav,30 sec\n", r"line 2: start is '30 sec'; expected a time in seconds"),
        ("path,end\na.wav,-1\n", r"line 2: end is '-1'"),
        ("path,start,end\na.wav,2,1\n", r"line 2: the segment ends at 1 s, but starts at 2 s"),
        ("path,end\na.wav,0\n", r"line 2: the segment ends at 0 s, but starts at 0 s"),
    ],
)
def test_wrong_tables_are_refused_and_the_line_is_named(table, text, message):
    with pytest.raises(DataSetError, match=message):
        load_table(table(text))


def test_a_wrong_separator_is_seen_in_the_header(table):
    with pytest.raises(DataSetError, match=r"no column path .*'path,label'"):
        load_table(table("path,label\na.wav,x\n"), separator=";")
    with pytest.raises(DataSetError, match=r'Cannot read .*"delimiter" must be a 1-character string'):
        load_table(table("path,label\na.wav,x\n"), separator="--")


def test_words_are_no_target_of_a_regression(table):
    with pytest.raises(DataSetError, match=r"list\.csv, column label, line 3: 'x' is not a finite number"):
        load_table(table("path,label\na.wav,1\nb.wav,x\n"), regression=True)


def test_a_missing_table_and_folder(tmp_path, tree):
    with pytest.raises(DataSetError, match=r"The table .*no\.csv does not exist\. Expected"):
        load_table(tmp_path / "no.csv")
    with pytest.raises(DataSetError, match=r"No table metadata\.csv or metadata\.tsv in "):
        load_table(tmp_path)
    with pytest.raises(DataSetError, match=r"holds metadata\.csv and metadata\.tsv; give the path"):
        load_table(tree("metadata.csv", "metadata.tsv"))


def test_many_rows_at_once(table):
    rows = "".join(f"a.wav,{n},{n + 1},{n % 3}\n" for n in range(20000))
    corpus = load_table(table("path,start,end,label\n" + rows))
    assert corpus.data["end"].sum() == 20000 * 20001 / 2
    assert len(make_dataset(np.zeros((20000, 1)), **corpus.metadata).instance) == 20000


def test_labels_and_identifiers_stay_as_they_are_written(table):
    text = "path,label,subject\na.wav,007,007\nb.wav,7,010\nsub/c.wav,NA,011\n"
    corpus = load_table(table(text), group="subject")
    assert corpus.target_names.tolist() == ["007", "7"]
    np.testing.assert_array_equal(corpus.target, [0, 1, np.nan])
    assert corpus.frame["subject"].tolist() == corpus.groups.tolist() == ["007", "010", "011"]


def test_what_other_programs_write_for_missing_numbers(table):
    corpus = load_table(table("path,label,fold\na.wav,1.5,1\nb.wav,NA,nan\nsub/c.wav,2.25,2\n"))
    np.testing.assert_array_equal(corpus.target, [1.5, np.nan, 2.25])
    np.testing.assert_array_equal(corpus.cv_folds, [[1, 0], [np.nan, np.nan], [0, 1]])


def test_a_fold_beyond_all_numbers_is_named(table):
    with pytest.raises(DataSetError, match=r"line 2: fold is '9{20}'; expected a whole number"):
        load_table(table(f"path,fold\na.wav,{'9' * 20}\n"))


def test_groups_travel_to_the_data_set(table):
    corpus = load_table(table("path,start,end\na.wav,0,1\na.wav,1,2\nb.wav,,\n"))
    ds = make_dataset(np.zeros((3, 2)), **corpus.metadata)
    assert ds.group.values.tolist() == ["a.wav", "a.wav", "b.wav"]
    assert to_bunch(ds).groups.tolist() == corpus.groups.tolist()


@pytest.mark.parametrize(
    "time", ["0 days 00:00:00.25", "00:00:00.25", "0:00.25", "PT0.25S", "0 days 00:00:00.250000", " 0.25 ", "2.5e-1"]
)
def test_times_in_the_forms_that_programs_write(table, time):
    corpus = load_table(table(f"path,start,end\na.wav,{time},1:02.5\nb.wav,,NaT\nsub/c.wav,nan,0 days 00:00:01\n"))
    assert corpus.filenames.tolist() == ["a.wav#t=0.25,62.5", "b.wav", "sub/c.wav#t=,1"]


def test_pandas_writes_times_that_are_read(table, tmp_path):
    frame = pd.DataFrame({"path": ["a.wav", "b.wav"], "start": [0.25, 90061.5], "end": [1, None]})
    seconds = ["start", "end"]
    frame[seconds] = frame[seconds].apply(pd.to_timedelta, unit="s")
    frame.to_csv(table(""), index=False)
    assert load_table(tmp_path / "list.csv").filenames.tolist() == ["a.wav#t=0.25,1", "b.wav#t=90061.5"]


@pytest.mark.parametrize(
    "time", ["-1 days +23:59:59.75", "0:60", "1:75:00", "late", "inf", "1_0", "PT", "P1Y", "44100 Hz"]
)
def test_what_is_no_time_names_line_and_file(table, time):
    with pytest.raises(DataSetError, match=r"list\.csv, line 3: onset is .*; expected a time in seconds"):
        load_table(table(f"path,onset\na.wav,0\nb.wav,{time}\n"), start="onset")


def test_a_duration_counts_from_the_start(table):
    corpus = load_table(table("path,start,duration\na.wav,0.1,0.2\nb.wav,,PT1S\nsub/c.wav,1,\n"))
    assert corpus.filenames.tolist() == ["a.wav#t=0.1,0.3", "b.wav#t=,1", "sub/c.wav#t=1"]
    with pytest.raises(DataSetError, match="line 2: the segment ends at 2 s, but starts at 2 s"):
        load_table(table("path,start,duration\na.wav,2,0\n"))


TABLE = """
clip;Scene Label ;speaker ID;Begin Time (s);length;cv;split;salience
a.wav;rain;s1;0.5;1;1;train;1
b.wav;dog;s2;0;2;2;dev;2
"""
NAMES = {
    "path": "clip",
    "label": "Scene Label",
    "group": "speaker id",
    "start": " begin time (S)",
    "duration": "length",
    "fold": "cv",
    "partition": "split",
}


def test_columns_under_any_name(table):
    corpus = load_table(table("\ufeff" + TABLE), **NAMES)
    assert corpus.filenames.tolist() == ["a.wav#t=0.5,1.5", "b.wav#t=0,2"]
    assert corpus.target_names.tolist() == ["dog", "rain"] and corpus.target.tolist() == [1, 0]
    assert corpus.groups.tolist() == ["s1", "s2"]
    assert corpus.cv_folds.tolist() == [[1, 0], [0, 1]]
    assert corpus.partition.tolist() == [0, 1]
    assert corpus.unused_columns == ["salience"]
    assert corpus.DESCR.endswith("belong together, columns not used: salience.")
    assert corpus.frame["speaker ID"].tolist() == ["s1", "s2"]


def test_columns_that_are_not_wanted(table):
    without = dict.fromkeys(["label", "group", "start", "end", "duration", "fold", "partition"], False)
    header = "path,label,group,start,end,duration,fold,partition,speaker,split,class,onset"
    corpus = load_table(table(f"{header}\na.wav,x,g,0,1,1,1,train,s,t,c,0\n"), **without)
    assert corpus.filenames.tolist() == ["a.wav"]
    assert corpus.DESCR.startswith("Audio: 1 recording, columns not used: label, group, start, ")
    assert "speaker, split, class, 1 more, without 1 file beside them that" in corpus.DESCR
    assert len(corpus.unused_columns) == 11


def test_paths_and_tables_as_path_objects(table, tmp_path):
    path = table("file_name\nc.wav\n")
    assert load_table(path, root=tmp_path / "sub").filenames.tolist() == ["c.wav"]
    assert load_table(str(path), root=str(tmp_path / "sub")).filenames.tolist() == ["c.wav"]


def test_recordings_beside_those_of_a_table_are_mentioned(tree):
    folder = tree("a/1.wav", "a/2.wav", "a/3.m4a", "b/4.wav", texts={"list.csv": "path,label\na/1.wav,x\n"})
    corpus = load_table(folder / "list.csv")
    assert corpus.DESCR == (
        "Audio: 1 recording, 1 class (x), without 2 files beside them that the table does not name."
    )
    assert corpus.notes == ("without 2 files beside them that the table does not name",)
