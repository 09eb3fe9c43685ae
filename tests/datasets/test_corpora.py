import numpy as np
import pytest
import soundfile
import xarray as xr
from sklearn.model_selection import PredefinedSplit, cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skaudeep.datasets import load_esc, load_folder
from skaudeep.datasets._corpora import AUDIO_SUFFIXES
from skaudeep.exceptions import DataSetError


@pytest.fixture
def tree(tmp_path):
    """Make empty files of the given names and return their folder."""

    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        return tmp_path

    return make


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


def test_suffixes_cover_what_libsndfile_reads():
    unusual = {"RAW", "MAT4", "MAT5"}  # without a header, and rarely audio
    suffixes = {"IRCAM": ".sf", "SVX": ".iff", "WAVEX": ".wav", "MPC2K": ".mpc"}
    formats = set(soundfile.available_formats()) - unusual
    assert {suffixes.get(name, f".{name.lower()}") for name in formats} <= AUDIO_SUFFIXES


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


@pytest.mark.parametrize("load", [load_esc, load_folder])
def test_errors_name_the_folder_and_the_layout(load, tree):
    folder = tree("file.txt", "sub/file.txt")
    with pytest.raises(DataSetError, match=r"no-such does not exist. Expected"):
        load(folder / "no-such")
    with pytest.raises(DataSetError, match=r"file.txt is a file, not a folder. Expected"):
        load(folder / "file.txt")
    with pytest.raises(DataSetError, match=r"No .* in .*sub. Expected"):
        load(folder / "sub")


def test_mixed_layouts_are_refused(tree):
    with pytest.raises(DataSetError, match=r"directly \(a\.wav\) and in subfolders \(b/c\.wav\)"):
        load_folder(tree("a.wav", "b/c.wav"))


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
