import numpy as np
import pytest
from sklearn.model_selection import PredefinedSplit

from skaudeep.corpora._layouts import load_cross_validated, load_folder, load_partitioned
from skaudeep.exceptions import DataSetError


def test_folder_with_classes(tree):
    folder = tree("b/x.WAV", "b/deep/a.ogg", "a/2.flac", "a/1.Mp3", "a/notes.txt", "a/._1.wav", ".git/x.wav", "empty/y")
    corpus = load_folder(str(folder))
    assert corpus.filenames.tolist() == ["a/1.Mp3", "a/2.flac", "b/deep/a.ogg", "b/x.WAV"]
    assert corpus.data.tolist() == [str(folder / name) for name in corpus.filenames]
    assert corpus.target_names.tolist() == ["a", "b"]
    assert corpus.target.tolist() == [0, 0, 1, 1]
    assert corpus.cv is None and corpus.groups is None
    assert corpus.DESCR == "Audio: 4 recordings, 2 classes (a, b)."


def test_folder_without_classes(tree):
    corpus = load_folder(tree("2.wav", "10.wav", "1.WAV"))
    assert corpus.filenames.tolist() == ["1.WAV", "10.wav", "2.wav"]
    assert corpus.target is None and corpus.target_names is None


def test_mixed_layouts_are_refused(tree):
    with pytest.raises(DataSetError, match=r"directly \(a\.wav\) and in subfolders \(b/c\.wav\)"):
        load_folder(tree("a.wav", "b/c.wav"))


def test_folder_of_a_tree_without_meaning(tree):
    folder = tree("2017/03/b.wav", "2016/a.wav", "c.wav")
    corpus = load_folder(folder, classes=False)
    assert corpus.filenames.tolist() == ["2016/a.wav", "2017/03/b.wav", "c.wav"]
    assert corpus.target is None and corpus.target_names is None


def test_folder_with_unlabelled_recordings_beside_the_classes(tree, check_dataset):
    corpus = load_folder(tree("rain/a.wav", "new.wav", "dog/b.wav"), classes=True)
    np.testing.assert_array_equal(corpus.target, [0, np.nan, 1])
    check_dataset(
        corpus,
        label_nominal={"dog/b.wav": "dog", "new.wav": "", "rain/a.wav": "rain"},
        label_numeric={"dog/b.wav": 0, "new.wav": np.nan, "rain/a.wav": 1},
    )


def test_folder_says_how_to_choose_between_layouts(tree):
    with pytest.raises(DataSetError, match=r"classes=True files outside of them have no label, with classes=False"):
        load_folder(tree("a.wav", "b/c.wav"))


def test_folder_without_the_classes_that_are_asked_for(tree):
    with pytest.raises(DataSetError, match=r"No subfolders with audio in .* classes=True"):
        load_folder(tree("a.wav"), classes=True)


def test_names_tell_labels_and_groups(tree, check_dataset):
    folder = tree("x/7_ann_0.wav", "x/7_bob_0.wav", "y/8_bob_11.flac")
    corpus = load_folder(folder, pattern=r"./(?P<label>\d)_(?P<group>\w+)_\d+")
    assert corpus.target_names[corpus.target].tolist() == ["7", "7", "8"]
    assert corpus.groups.tolist() == ["ann", "bob", "bob"]
    assert corpus.DESCR == "Audio: 3 recordings, 2 classes (7, 8), 2 groups of recordings that belong together."
    # the folder is the class where names tell the group alone
    corpus = load_folder(folder, pattern=r"._?/._(?P<group>\w+)_\d+")
    assert corpus.target_names[corpus.target].tolist() == ["x", "x", "y"]
    assert corpus.groups.tolist() == ["ann", "bob", "bob"]


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        (r"(?P<label>\d)_\w", r"the name 12_a\.wav does not fit pattern="),
        (r"(?P<label>\d+)_a", r"the name 3_b\.wav does not fit pattern="),
        (r"(?P<label>\d+)_(?P<group>a)?.*", r"the name 3_b\.wav does not fit"),
        (r"(\d+)_.", r"has the groups \(none with a name\); expected \(\?P<label>"),
        (r"(?P<label>\d+)_(?P<speaker>.)", "has the groups label, speaker; expected"),
        ("(", "is not a regular expression: missing"),
    ],
)
def test_patterns_that_do_not_fit(tree, pattern, message):
    with pytest.raises(DataSetError, match=message):
        load_folder(tree("12_a.wav", "3_b.wav"), pattern=pattern)


@pytest.mark.parametrize("classes", ["yes", 1, None])
def test_folder_names_a_wrong_option(tree, classes):
    with pytest.raises(ValueError, match="'classes' parameter of load_folder"):
        load_folder(tree("a.wav"), classes=classes)


def test_partitioned(tree, check_dataset):
    corpus = load_partitioned(tree("train/dog/1.wav", "train/rain/deep/1.wav", "devel/dog/1.wav", "test/dog/1.FLAC"))
    files = ["devel/dog/1.wav", "test/dog/1.FLAC", "train/dog/1.wav", "train/rain/deep/1.wav"]
    assert corpus.filenames.tolist() == files
    assert corpus.partition.tolist() == [1, 2, 0, 0]
    assert corpus.cv_folds is None
    assert [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()] == [([2, 3], [0])]
    check_dataset(
        corpus,
        label_nominal=dict(zip(files, ["dog", "dog", "dog", "rain"], strict=True)),
        partition=dict(zip(files, [1, 2, 0, 0], strict=True)),
    )


def test_partitioned_without_devel_is_validated_on_test(tree):
    corpus = load_partitioned(tree("train/dog/1.wav", "test/dog/2.wav"))
    assert [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()] == [([1], [0])]


def test_partitioned_with_a_secret_test_partition(tree, check_dataset):
    corpus = load_partitioned(tree("Train/dog/1.wav", "val/dog/2.wav", "test/3.wav"))
    np.testing.assert_array_equal(corpus.target, [0, np.nan, 0])
    assert [(train.tolist(), test.tolist()) for train, test in corpus.cv.split()] == [([0], [2])]
    check_dataset(corpus, partition={"Train/dog/1.wav": 0, "test/3.wav": 2, "val/dog/2.wav": 1})


def test_partitioned_without_classes(tree):
    corpus = load_partitioned(tree("train/1.wav", "test/2.wav"))
    assert corpus.target is None
    assert corpus.partition.tolist() == [2, 0]


def test_cross_validated_with_ten_folds_and_a_fold_that_lacks_a_label(tree, check_dataset):
    names = [f"fold_{fold}/{label}/{fold}.wav" for fold in range(1, 11) for label in ("dog", "rain")]
    names.remove("fold_10/rain/10.wav")
    corpus = load_cross_validated(tree(*names))
    numbers = [int(name.split("/")[0][5:]) for name in corpus.filenames]
    assert corpus.filenames.tolist() == sorted(names)
    assert isinstance(corpus.cv, PredefinedSplit)
    assert corpus.cv.test_fold.tolist() == numbers
    expected = np.equal.outer(numbers, np.arange(1, 11)).astype(int)
    np.testing.assert_array_equal(corpus.cv_folds, expected)
    check_dataset(corpus, cv_folds=dict(zip(corpus.filenames.tolist(), expected.tolist(), strict=True)))


@pytest.mark.parametrize("form", ["fold{}", "Fold {}", "fold-{:02d}"])
def test_cross_validated_in_other_spellings(tree, form):
    corpus = load_cross_validated(tree(*(f"{form.format(fold)}/dog/{fold}.wav" for fold in (1, 2))))
    assert corpus.cv.test_fold.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("load", "names", "message"),
    [
        (load_partitioned, ["a/1.wav"], r"No folders train, devel or test in .*Expected class folders"),
        (load_partitioned, ["train/a.txt"], r"No audio files in the folders train in .*Expected"),
        (load_partitioned, ["train/a/1.wav", "bus/1.wav"], r"Folders with audio besides train, such as bus, in "),
        (load_partitioned, ["train/a/1.wav", "1.wav"], r"holds 1\.wav outside of the folders"),
        (load_partitioned, ["train/a/1.wav", "fold_1/a/1.wav"], r"holds fold_1/a/1\.wav outside of the folders"),
        (load_partitioned, ["train/a/1.wav", "train/1.wav"], r"train holds audio both directly and in subfolders"),
        (load_partitioned, ["dev/a/1.wav", "devel/a/1.wav"], r"folders dev and devel in .* mean the same"),
        (load_cross_validated, ["fold_1/a/1.wav", "fold_01/a/2.wav"], r"folders fold_01 and fold_1 .* the same"),
        (load_cross_validated, ["a/1.wav"], r"No folders fold_1, fold_2, \.\.\. in "),
    ],
)
def test_wrong_parts_are_named(tree, load, names, message):
    with pytest.raises(DataSetError, match=message):
        load(tree(*names))


@pytest.mark.parametrize(
    ("load", "part"), [(load_folder, ""), (load_partitioned, "train/"), (load_cross_validated, "fold_1/")]
)
def test_recordings_that_cannot_be_read_are_refused_or_skipped(tree, load, part):
    folder = tree(f"{part}dog/1.wav", f"{part}dog/2.wma", f"{part}cat/1.webm", f"{part}cat/2.3gp")
    message = rf"3 of the 4 .* \(1 \.3gp, 1 \.webm, 1 \.wma\)|3 of the 4 .*nothing is left of {part}cat\. "
    with pytest.raises(DataSetError, match=message):
        load(folder)
    corpus = load(folder, on_unreadable="skip")
    assert corpus.filenames.tolist() == [f"{part}dog/1.wav"]
    assert corpus.unreadable["file"].tolist() == [
        str(folder / f"{part}{name}") for name in ("cat/1.webm", "cat/2.3gp", "dog/2.wma")
    ]
    assert all("ffmpeg" in reason for reason in corpus.unreadable["reason"])
    with pytest.raises(ValueError, match="'on_unreadable' parameter"):
        load(folder, on_unreadable=None)


def test_a_folder_of_videos_beside_partitions_is_named(tree):
    with pytest.raises(DataSetError, match=r"1 of the 2 .* the first is videos/1\.mp4"):
        load_partitioned(tree("train/dog/1.wav", "videos/1.mp4"))
