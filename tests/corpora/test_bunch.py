import io

import hypothesis
import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import PredefinedSplit
from sklearn.utils import Bunch

from skaudeep.corpora._bunch import KEYS, drop_unlabelled, encode_labels, make_bunch, number_classes
from skaudeep.datasets import PredefinedFolds, make_dataset
from skaudeep.exceptions import DataSetError

NAMES = ["a.wav", "b.wav", "c.wav", "d.wav"]


def encode(labels, **options):
    target, names = encode_labels(pd.Series(labels, dtype=str), **options)
    return (None if target is None else target.tolist()), (None if names is None else names.tolist())


def splits(corpus):
    return [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()]


def test_every_key_is_there():
    corpus = make_bunch(NAMES, NAMES)
    assert tuple(corpus) == (*KEYS, "unused_columns", "targets", "unreadable", "notes")
    assert [key for key in KEYS if corpus[key] is not None] == ["data", "filenames", "metadata", "DESCR"]


def test_folds_that_cover_all_recordings_are_a_predefined_split():
    corpus = make_bunch(NAMES, NAMES, folds=[3, 1, 3, 10])
    assert isinstance(corpus.cv, PredefinedSplit)
    assert corpus.cv.test_fold.tolist() == [3, 1, 3, 10]
    assert corpus.cv_folds.tolist() == [[0, 1, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_a_recording_without_a_fold_is_in_no_split():
    corpus = make_bunch(NAMES, NAMES, folds=[1, 2, np.nan, 2])
    assert isinstance(corpus.cv, PredefinedFolds)
    assert splits(corpus) == [([1, 3], [0]), ([0], [1, 3])]
    assert np.isnan(corpus.cv_folds[2]).all()


def test_folds_that_overlap():
    folds = np.array([[1, 1], [0, 1], [0, 0], [np.nan, 0]])
    corpus = make_bunch(NAMES, NAMES, folds=folds)
    assert splits(corpus) == [([1, 2], [0]), ([2, 3], [0, 1])]
    np.testing.assert_array_equal(corpus.metadata["cv_folds"], folds)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        ({"target": np.array([0, -1, 1, 0]), "target_names": ["x", "y"]}, [([2], [0, 3]), ([0, 3], [2])]),
        ({"target": np.array([0.5, 1.5, np.nan, 2.5])}, [([1], [0, 3]), ([0, 3], [1])]),
    ],
)
def test_unlabelled_recordings_are_in_no_split_but_keep_their_fold(labels, expected):
    corpus = make_bunch(NAMES, NAMES, folds=[1, 2, 2, 1], **labels)
    assert splits(corpus) == expected
    assert not np.isnan(corpus.cv_folds).any()
    assert "1 without a label" in corpus.DESCR


def test_partitions_are_one_split_from_train_to_devel():
    corpus = make_bunch(NAMES, NAMES, partition=[0, 1, 2, np.nan])
    assert splits(corpus) == [([0], [1])]


def test_partitions_with_devel_unlabelled_are_validated_on_test():
    target = np.array([0, -1, 1, 0])
    corpus = make_bunch(NAMES, NAMES, partition=[0, 1, 2, 0], target=target, target_names=["x", "y"])
    assert splits(corpus) == [([0, 3], [2])]


@pytest.mark.parametrize("given", [{"folds": [1, 1, 1, 1]}, {"partition": [0, 0, 0, 0]}, {"partition": [2, 2, 1, 1]}])
def test_a_split_without_recordings_is_none_and_the_description_says_why(given):
    corpus = make_bunch(NAMES, NAMES, **given)
    assert corpus.cv is None
    assert "no splitter because a" in corpus.DESCR


def test_names_must_differ():
    with pytest.raises(DataSetError, match=r"Two recordings have the name 'a\.wav'"):
        make_bunch(["1/a.wav", "2/a.wav"], ["a.wav", "a.wav"])


def test_metadata_makes_a_data_set_with_continuous_targets():
    corpus = make_bunch(NAMES, NAMES, target=np.array([0.5, np.nan, 2, 3]))
    ds = make_dataset(np.zeros((4, 1)), **corpus.metadata)
    np.testing.assert_array_equal(ds.label_numeric, [0.5, np.nan, 2, 3])
    assert "label_map" not in ds.attrs and np.isnan(ds.label_nominal).all()


def test_classes_without_recordings_stay_in_the_label_map():
    corpus = make_bunch(NAMES, NAMES, target=np.array([2, 2, -1, 0]), target_names=["x", "y", "z"])
    ds = make_dataset(np.zeros((4, 1)), **corpus.metadata)
    assert ds.attrs["label_map"] == '[["x", 0], ["y", 1], ["z", 2]]'
    assert ds.label_nominal.values.tolist() == ["z", "z", "", "x"]


@pytest.mark.parametrize("missing", [-1, None, np.nan])
def test_without_a_label_is_nan_and_no_class_number(missing):
    corpus = make_bunch(NAMES, NAMES, target=[1, missing, 0, 1], target_names=["x", "y"])
    np.testing.assert_array_equal(corpus.target, [1, np.nan, 0, 1])
    assert corpus.metadata["label_nominal"].tolist() == ["y", None, "x", "y"]
    with pytest.raises(IndexError):
        corpus.target_names[corpus.target]


@pytest.mark.parametrize("dtype", [np.int32, np.int64, np.float64])
def test_class_numbers_are_integers_where_all_are_known(dtype):
    corpus = make_bunch(NAMES, NAMES, target=np.array([1, 0, 0, 1], dtype=dtype), target_names=["x", "y"])
    assert corpus.target_names[corpus.target].tolist() == ["y", "x", "x", "y"]


def test_labelled_recordings_only():
    segments = pd.DataFrame({"file": NAMES, "start": [0.0, 1.0, 2.0, 3.0], "end": np.nan})
    corpus = make_bunch(
        segments,
        NAMES,
        target=[1, None, 0, 1],
        target_names=["x", "y"],
        folds=[1, 1, 1, 2],
        partition=[0, 2, 1, 0],
        groups=["g", "h", "g", "k"],
        frame=pd.DataFrame({"note": [1, 2, 3, 4]}, index=[7, 8, 9, 10]),
    )
    corpus["more"] = "kept"
    found = drop_unlabelled(corpus)
    assert found.filenames.tolist() == ["a.wav", "c.wav", "d.wav"]
    assert found.data["start"].tolist() == [0, 2, 3] and found.data.index.tolist() == [0, 1, 2]
    assert found.target_names[found.target].tolist() == ["y", "x", "y"]
    assert splits(corpus) == [([3], [0, 2]), ([0, 2], [3])]
    assert splits(found) == [([2], [0, 1]), ([0, 1], [2])]
    assert found.partition.tolist() == [0, 1, 0]
    assert found.groups.tolist() == ["g", "g", "k"]
    assert found.frame["note"].tolist() == [1, 3, 4]
    assert found.DESCR.startswith("Audio: 3 recordings, 2 classes (x, y), 2 given folds")
    assert found.more == "kept"
    assert len(make_dataset(np.zeros((3, 1)), **found.metadata).instance) == 3


def test_tables_of_segments_name_their_paths_as_elsewhere():
    table = pd.DataFrame({"path": NAMES, "start": 0.5, "note": "x"})
    assert make_bunch(table, NAMES).data.columns.tolist() == ["file", "start"]
    given = table.rename(columns={"path": "file"})
    assert make_bunch(given, NAMES).data is given
    with pytest.raises(
        DataSetError, match=r"files: got a table with the columns \['start', 'note'\]; call that of the"
    ):
        make_bunch(table.drop(columns="path"), NAMES)


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        (["age", ""], "columns not used: age, ''."),
        (list("abcdefghijkl"), "used: a, b, c, d, e, f, g, h, i, j, 2 more."),
    ],
)
def test_columns_that_nobody_uses_are_named(columns, text):
    corpus = make_bunch(NAMES, NAMES, unused_columns=columns)
    assert corpus.DESCR.endswith(text) and corpus.unused_columns == columns
    assert make_bunch(NAMES, NAMES, unused_columns=[]).DESCR == "Audio: 4 recordings."


def test_partitions_of_labelled_recordings_only():
    given = {"target": [0, -1, 1, 0], "target_names": ["x", "y"], "partition": [0, 1, 2, 1]}
    corpus = make_bunch(NAMES, NAMES, **given)
    assert splits(corpus) == [([0], [3])]
    assert splits(drop_unlabelled(corpus)) == [([0], [2])]


def test_continuous_targets_that_are_known():
    found = drop_unlabelled(make_bunch(NAMES, NAMES, target=[0.5, np.nan, 2, -1]))
    assert found.target.tolist() == [0.5, 2, -1] and found.filenames.tolist() == ["a.wav", "c.wav", "d.wav"]


@pytest.mark.parametrize("target", [None, [np.nan] * 4])
def test_nothing_would_be_left(target):
    with pytest.raises(DataSetError, match="no recording has a label"):
        drop_unlabelled(make_bunch(NAMES, NAMES, target=target))
    with pytest.raises(DataSetError, match="corpus: it lacks data and target and"):
        drop_unlabelled(Bunch())


@pytest.mark.parametrize(
    ("labels", "options", "expected"),
    [
        (["b", "", "a"], {}, ([1, -1, 0], ["a", "b"])),
        (["10", "9", ""], {}, ([1, 0, -1], ["9", "10"])),
        (["10", "9", "9.0"], {}, ([1, 0, 0], ["9", "10"])),
        (["7", "007", "010", "7"], {}, ([1, 0, 2, 1], ["007", "7", "010"])),
        (["1e3", "1000"], {}, ([1, 0], ["1000", "1e3"])),
        (["10", "9.5", "1"], {}, ([10, 9.5, 1], None)),
        (["1", "2"], {"regression": True}, ([1, 2], None)),
        (["1.5", "0.5"], {"regression": False}, ([1, 0], ["0.5", "1.5"])),
        (["1", "two"], {}, ([0, 1], ["1", "two"])),
        # names of classes that programs take for missing or infinite numbers
        (["NA", "None", "inf", "nan"], {}, ([0, 1, 2, 3], ["NA", "None", "inf", "nan"])),
        (["", ""], {"regression": True}, (None, None)),
        (["9007199254740993", "9007199254740992"], {}, ([1, 0], ["9007199254740992", "9007199254740993"])),
    ],
)
def test_labels(labels, options, expected):
    assert encode(labels, **options) == expected


def test_a_number_that_another_program_found_missing():
    target, names = encode_labels(pd.Series(["0.5", "nan", "2"]))
    np.testing.assert_array_equal(target, [0.5, np.nan, 2])
    assert names is None


def test_words_are_no_target_of_a_regression():
    labels = pd.Series(["1", "loud"], index=pd.Index([2, 7], name="line"))
    with pytest.raises(DataSetError, match=r"t\.csv, line 7: 'loud' is not a finite number, such as 1.5"):
        encode_labels(labels, regression=True, source="t.csv")


@hypothesis.given(st.lists(st.one_of(st.just(""), st.text(st.characters(codec="utf-8"), max_size=3)), min_size=1))
def test_numbering_is_that_of_numpy(labels):
    target, names = number_classes(labels)
    known = [label for label in labels if label]
    if not known:
        assert target is None and names is None
    elif not any("\0" in label for label in labels):  # NumPy's strings do not end in one
        expected = sorted(set(known))
        assert names.tolist() == expected
        assert target.tolist() == [expected.index(label) if label else -1 for label in labels]


def test_file_like_objects_stay_what_they_are(tmp_path):
    held = io.BytesIO()
    corpus = make_bunch([tmp_path / "a.wav", held], ["a", "b"])
    assert corpus.data.tolist() == [str(tmp_path / "a.wav"), held]
    assert make_bunch([tmp_path / "a.wav"], ["a"]).data.dtype.kind == "U"
