import numpy as np
import pytest
import xarray as xr
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skaudeep.corpora._environment import load_esc, load_urbansound8k
from skaudeep.corpora.kinds import load_corpus
from skaudeep.exceptions import DataSetError

URBANSOUND8K = (
    "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
    "24074-1-0-3.wav,24074,1.5,4,1,10,1,car_horn\n"
    "7061-6-0-0.wav,7061,0,3,2,2,6,gun_shot\n"
    "24074-1-0-1.wav,24074,0,4,1,10,1,car_horn\n"
)


@pytest.fixture
def esc50(tree):
    """A small ESC-50 in the newer layout; the table is in another order than the files."""
    folder = tree("audio/1-100-A-14.wav", "audio/1-100-B-14.wav", "audio/5-9-A-0.wav")
    (folder / "meta").mkdir()
    (folder / "meta/esc50.csv").write_text(
        "filename,fold,target,category,esc10,src_file,take\n"
        "5-9-A-0.wav,5,0,dog,True,9,A\n"
        "1-100-B-14.wav,1,14,chirping_birds,False,100,B\n"
        "1-100-A-14.wav,1,14,chirping_birds,False,100,A\n"
    )
    return folder


def test_esc10_equals_what_the_original_read(shared):
    corpus = load_esc(shared / "data" / "ESC-10")
    with xr.open_dataset(shared / "reference/datasets/rep32-400.nc", engine="netcdf4") as file:
        original = file.load()
    order = np.argsort(original.filename.values)
    mine = np.argsort(corpus.filenames)
    np.testing.assert_array_equal(corpus.filenames[mine], original.filename.values[order])
    np.testing.assert_array_equal(corpus.target[mine], original.label_numeric.values[order])
    np.testing.assert_array_equal(corpus.target_names[corpus.target][mine], original.label_nominal.values[order])
    folds = [np.isin(np.arange(400), test) for _, test in corpus.cv.split()]
    np.testing.assert_array_equal(np.array(folds).T[mine], original.cv_folds.values[order])


def test_esc_takes_of_a_clip_stay_together(shared):
    corpus = load_esc(shared / "data" / "ESC-10")
    assert len(np.unique(corpus.groups)) < 400
    for train, test in corpus.cv.split():
        assert not set(corpus.groups[train]) & set(corpus.groups[test])


def test_esc_classes_are_numbered_in_the_order_of_their_folders(tree):
    corpus = load_esc(tree("101 - Ant/1-5-A.ogg", "002 - Zebra/2-6-A.ogg", "002 - Zebra/1-7-B.OGG", "README.txt"))
    assert corpus.target_names.tolist() == ["Zebra", "Ant"]
    assert corpus.filenames.tolist() == ["1-7-B.OGG", "2-6-A.ogg", "1-5-A.ogg"]
    assert corpus.target.tolist() == [0, 0, 1]
    assert corpus.groups.tolist() == ["7", "6", "5"]
    assert isinstance(corpus.cv, PredefinedSplit)
    assert corpus.cv.test_fold.tolist() == [1, 2, 1]


def test_esc50_with_a_table(esc50):
    corpus = load_esc(esc50)
    assert corpus.filenames.tolist() == ["1-100-A-14.wav", "1-100-B-14.wav", "5-9-A-0.wav"]
    assert corpus.data[0] == str(esc50 / "audio" / "1-100-A-14.wav")
    assert corpus.target_names.tolist() == ["dog", "chirping_birds"]
    assert corpus.target.tolist() == [1, 1, 0]
    assert corpus.groups.tolist() == ["100", "100", "9"]
    assert corpus.cv.test_fold.tolist() == [1, 1, 5]


def test_folds_work_in_scikit_learn(tree):
    corpus = load_esc(tree(*(f"00{c} - C{c}/{fold}-{c}{fold}-A.ogg" for c in (1, 2) for fold in (1, 2, 3))))
    scores = cross_val_score(DecisionTreeClassifier(), corpus.target[:, None], corpus.target, cv=corpus.cv)
    assert scores.tolist() == [1, 1, 1]


def test_esc_names_without_a_fold_are_refused(tree):
    with pytest.raises(DataSetError, match=r"name of .*bark\.ogg does not start with fold and clip. Expected"):
        load_esc(tree("001 - Dog/1-1-A.ogg", "001 - Dog/bark.ogg"))


def test_esc50_with_absent_files_is_refused(esc50):
    (esc50 / "audio" / "5-9-A-0.wav").unlink()
    with pytest.raises(DataSetError, match=r"1 of the 3 files .* the first is 5-9-A-0\.wav"):
        load_esc(esc50)


@pytest.mark.parametrize("text", ["", "filename,fold\na,1\n", b"\xff\xfe\x00"])
def test_esc50_with_a_wrong_table_is_refused(esc50, text):
    table = esc50 / "meta" / "esc50.csv"
    table.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataSetError, match=r"Cannot read .*esc50\.csv .*columns filename, target"):
        load_esc(esc50)


def test_esc50_with_an_empty_table_is_refused(esc50):
    (esc50 / "meta" / "esc50.csv").write_text("filename,fold,target,category,src_file\n")
    with pytest.raises(DataSetError, match=r"names no recordings"):
        load_esc(esc50)


def test_esc_has_the_metadata_of_a_data_set_of_the_original(shared, check_dataset):
    corpus = load_esc(shared / "data" / "ESC-10")
    with xr.open_dataset(shared / "reference/datasets/rep32-400.nc", engine="netcdf4") as file:
        original = file.load()
    mine = check_dataset(corpus)
    original = original.isel(instance=np.argsort(original.filename.values))
    mine = mine.isel(instance=np.argsort(mine.filename.values))
    for name in ("filename", "chunk_nr", "label_nominal", "label_numeric", "cv_folds", "partition"):
        np.testing.assert_array_equal(mine[name].values, original[name].values)
        assert mine[name].dtype.kind == original[name].dtype.kind or mine[name].dtype.kind in "UT"
    assert mine.attrs["label_map"] == original.attrs["label_map"]


def test_esc_with_audio_outside_of_class_folders_is_refused(tree):
    with pytest.raises(DataSetError, match=r"holds backup/1-1-A\.ogg outside of the class folders\. Expected"):
        load_esc(tree("001 - Dog/1-1-A.ogg", "backup/1-1-A.ogg"))


def test_esc_with_one_number_for_two_classes_is_refused(tree):
    with pytest.raises(DataSetError, match=r"classes 1 'Cat' and 1 'Dog'; expected one name for each number"):
        load_esc(tree("001 - Dog/1-1-A.ogg", "001 - Cat/1-2-A.ogg"))


def test_esc_with_one_name_for_two_files_is_refused(tree):
    with pytest.raises(DataSetError, match=r"Two recordings have the name '1-1-A\.ogg'"):
        load_esc(tree("001 - Dog/1-1-A.ogg", "002 - Cat/1-1-A.ogg"))


def test_esc50_says_which_files_it_leaves_out(esc50):
    (esc50 / "audio" / "5-9-B-0.wav").touch()
    corpus = load_esc(esc50)
    assert len(corpus.data) == 3
    assert corpus.DESCR.endswith("without 1 file that the table does not name.")


def test_esc50_keeps_its_table_in_the_order_of_the_files(esc50, check_dataset):
    corpus = load_esc(esc50)
    assert corpus.frame["filename"].tolist() == corpus.filenames.tolist()
    assert corpus.frame["target"].tolist() == [14, 14, 0]
    files = corpus.filenames.tolist()
    check_dataset(
        corpus,
        label_nominal=dict(zip(files, ["chirping_birds", "chirping_birds", "dog"], strict=True)),
        label_numeric=dict(zip(files, [1, 1, 0], strict=True)),
        cv_folds=dict(zip(files, [[1, 0], [1, 0], [0, 1]], strict=True)),
    )


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("5-9-A-0.wav,5", "5-9-A-0.wav,five", r"esc50\.csv, line 2: fold is 'five'; expected a whole number"),
        ("1-100-B-14.wav,1", "1-100-A-14.wav,1", r"esc50\.csv lists 1 .* more than once.*1-100-A-14.wav.*3 and 4\)"),
        ("dog,True", "chirping_birds,True", r"classes 14 'chirping_birds' and 0 'chirping_birds'"),
    ],
)
def test_esc50_with_wrong_fields_is_refused(esc50, old, new, message):
    table = esc50 / "meta" / "esc50.csv"
    table.write_text(table.read_text().replace(old, new))
    with pytest.raises(DataSetError, match=message):
        load_esc(esc50)


@pytest.fixture
def urbansound8k(tree):
    """A small UrbanSound8K with a fold of two digits."""
    files = [f"audio/fold{fold}/{name}" for fold, name in [(10, "24074-1-0-1.wav"), (10, "24074-1-0-3.wav")]]
    return tree(*files, "audio/fold2/7061-6-0-0.wav", texts={"metadata/UrbanSound8K.csv": URBANSOUND8K})


def test_urbansound8k(urbansound8k, check_dataset):
    corpus = load_urbansound8k(urbansound8k)
    files = ["24074-1-0-1.wav", "24074-1-0-3.wav", "7061-6-0-0.wav"]
    assert corpus.filenames.tolist() == files
    assert corpus.data[1] == str(urbansound8k / "audio" / "fold10" / files[1])
    assert corpus.target_names.tolist() == ["car_horn", "gun_shot"]
    assert corpus.groups.tolist() == ["24074", "24074", "7061"]
    assert corpus.cv.test_fold.tolist() == [10, 10, 2]
    assert corpus.frame["salience"].tolist() == [1, 1, 2]
    check_dataset(
        corpus,
        label_nominal=dict(zip(files, ["car_horn", "car_horn", "gun_shot"], strict=True)),
        cv_folds=dict(zip(files, [[0, 1], [0, 1], [1, 0]], strict=True)),
    )


def test_urbansound8k_without_a_class(urbansound8k):
    table = urbansound8k / "metadata" / "UrbanSound8K.csv"
    table.write_text(table.read_text().replace("gun_shot", ""))
    corpus = load_urbansound8k(urbansound8k)
    np.testing.assert_array_equal(corpus.target, [0, 0, np.nan])
    assert corpus.cv is None
    table.write_text(table.read_text().replace("car_horn", ""))
    assert load_urbansound8k(urbansound8k).target is None


def test_urbansound8k_with_a_file_in_another_fold_is_refused(urbansound8k):
    (urbansound8k / "audio/fold2/7061-6-0-0.wav").rename(urbansound8k / "audio/fold10/7061-6-0-0.wav")
    with pytest.raises(DataSetError, match=r"1 of the 3 files .*first is fold2/7061-6-0-0\.wav \(line 3\)"):
        load_urbansound8k(urbansound8k)


def test_esc50_as_copies_have_it(esc50):
    expected = load_esc(esc50)
    (esc50 / "meta" / "esc50.csv").rename(esc50 / "esc50.csv")
    (esc50 / "audio").rename(esc50 / "inner")
    (esc50 / "audio").mkdir()
    (esc50 / "inner").rename(esc50 / "audio" / "audio")
    corpus = load_esc(esc50)
    assert corpus.filenames.tolist() == expected.filenames.tolist()
    assert corpus.data[0] == str(esc50 / "audio" / "audio" / "1-100-A-14.wav")
    assert corpus.target.tolist() == [1, 1, 0] and corpus.cv.test_fold.tolist() == [1, 1, 5]
    assert corpus.groups.tolist() == expected.groups.tolist() and corpus.DESCR == expected.DESCR


def test_esc50_of_which_a_part_is_there_twice(esc50):
    for rate in ("16000", "44100"):
        (esc50 / "audio" / rate).mkdir()
        for name in ("1-100-A-14.wav", "1-100-B-14.wav", "5-9-A-0.wav"):
            (esc50 / "audio" / rate / name).touch()
    assert load_esc(esc50).DESCR.endswith("without 6 files that the table does not name.")
    for path in (esc50 / "audio").glob("*.wav"):
        path.unlink()
    with pytest.raises(DataSetError, match=r"more than once, in audio/16000/ and in audio/44100/; remove all but one"):
        load_esc(esc50)


def test_esc_says_what_it_cannot_read(tree):
    folder = tree("001 - Dog/1-1-A.ogg", "002 - Cat/1-2-A.m4a")
    with pytest.raises(DataSetError, match=r"1 of the 2 .* nothing is left of 002 - Cat\."):
        load_esc(folder)
    corpus = load_esc(folder, on_unreadable="skip")
    assert corpus.target_names.tolist() == ["Dog"] and len(corpus.unreadable) == 1
    assert "without 1 that cannot be read (1 .m4a; nothing is left of 002 - Cat)" in corpus.DESCR


@pytest.mark.parametrize("form", ["{}", "audio/{}", "sounds/{}"])
def test_urbansound8k_as_copies_have_it(urbansound8k, form):
    expected = load_urbansound8k(urbansound8k)
    (urbansound8k / "metadata" / "UrbanSound8K.csv").rename(urbansound8k / "UrbanSound8K.csv")
    for fold in ("fold2", "fold10"):
        new = urbansound8k / form.format(fold)
        new.parent.mkdir(exist_ok=True)
        (urbansound8k / "audio" / fold).rename(new)
    for load in (load_urbansound8k, load_corpus):
        corpus = load(urbansound8k)
        assert corpus.filenames.tolist() == expected.filenames.tolist()
        assert corpus.data[1] == str(urbansound8k / form.format("fold10") / "24074-1-0-3.wav")
        assert corpus.target.tolist() == [0, 0, 1] and corpus.cv.test_fold.tolist() == [10, 10, 2]
        assert corpus.groups.tolist() == ["24074", "24074", "7061"] and corpus.DESCR == expected.DESCR


def test_urbansound8k_says_what_its_table_does_not_name(urbansound8k):
    (urbansound8k / "audio" / "fold2" / "new.wav").touch()
    (urbansound8k / "audio" / "fold2" / "new.m4a").touch()
    assert load_urbansound8k(urbansound8k).DESCR.endswith("without 1 file that the table does not name.")
    (urbansound8k / "audio" / "fold2" / "other.m4a").touch()
    assert load_urbansound8k(urbansound8k).DESCR.endswith("without 2 files that the table does not name.")
