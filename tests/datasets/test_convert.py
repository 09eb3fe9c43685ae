import numpy as np
import pandas as pd
import pytest
import xarray as xr
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score

from skaudeep.datasets import make_dataset
from skaudeep.datasets._convert import to_bunch, to_frame
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf


def make(**options):
    known = {
        "chunk_nr": [0, 1, 0],
        "label_nominal": ["x", "x", None],
        "partition": [0, 0, np.nan],
        "cv_folds": [[0, 1], [0, 1], [1, np.nan]],
        "label_map": {"x": 7, "a": 9, "z": -1},
    }
    return make_dataset(np.arange(6.0).reshape(3, 2), ["a", "a", "b"], **known | options)


# to_bunch


def test_works_at_once_in_scikit_learn(shared):
    ds = read_netcdf(shared / "reference/datasets/rep32-400.nc")
    bunch = to_bunch(ds)
    scores = cross_val_score(RidgeClassifier(), bunch.data, bunch.target, cv=bunch.cv)
    expected = []  # the same by hand, with the class names of the file
    for fold in ds.cv_folds.values.T:
        train, test = ds.isel(instance=fold == 0), ds.isel(instance=fold == 1)
        model = RidgeClassifier().fit(train.features.values, train.label_nominal.values)
        expected.append(accuracy_score(test.label_nominal.values, model.predict(test.features.values)))
    np.testing.assert_allclose(scores, expected)
    assert min(scores) > 0.3
    search = GridSearchCV(RidgeClassifier(), {"alpha": [1, 10]}, cv=bunch.cv).fit(bunch.data, bunch.target)
    assert search.n_splits_ == 5


def test_numbers_that_are_not_alphabetical_count_the_right_names(shared):
    ds = read_netcdf(shared / "reference/datasets/rep32-400.nc")
    bunch = to_bunch(ds)
    assert bunch.target_names.tolist() != sorted(bunch.target_names)
    np.testing.assert_array_equal(bunch.target_names[bunch.target], ds.label_nominal)
    np.testing.assert_array_equal(bunch.target, ds.label_numeric)  # these are 0 to 9


def test_everything_in_the_bunch():
    bunch = to_bunch(make(feature_names=["p", "q"]))
    np.testing.assert_array_equal(bunch.data, np.arange(6.0).reshape(3, 2))
    assert bunch.data.dtype == np.float32
    np.testing.assert_array_equal(bunch.target, [1, 1, np.nan])  # numbered without the gaps of the map
    assert bunch.target_names.tolist() == ["z", "x", "a"]
    assert bunch.feature_names.tolist() == ["p", "q"]
    assert bunch.groups.tolist() == bunch.filenames.tolist() == ["a", "a", "b"]
    assert bunch.chunk_nr.tolist() == [0, 1, 0]
    np.testing.assert_array_equal(bunch.partition, [0, 0, np.nan])
    np.testing.assert_array_equal(bunch.cv_folds, [[0, 1], [0, 1], [1, np.nan]])
    assert bunch.DESCR == (
        "Features of audio: 3 instances of shape 2, 2 recordings, 3 classes (z, x, a), 2 folds, "
        "no splitter because a fold has nothing with a label to train on."
    )


def test_class_numbers_are_integers_where_all_are_known():
    bunch = to_bunch(make(label_nominal=list("xxz")))
    assert bunch.target.dtype.kind == "i"
    assert bunch.target_names[bunch.target].tolist() == ["x", "x", "z"]


def test_folds_with_an_empty_split_are_no_splitter():
    assert to_bunch(make()).cv is None  # nothing is trained on in the second fold
    assert to_bunch(make(cv_folds=None)).cv is None
    splits = to_bunch(make(label_nominal=list("xxz"), cv_folds=[[0, 1], [0, 1], [1, 0]])).cv.split()
    assert [(train.tolist(), test.tolist()) for train, test in splits] == [([0, 1], [2]), ([2], [0, 1])]


def test_unlabelled_instances_are_in_no_split():
    ds = make_dataset(np.zeros((5, 1)), list("abcde"), label_nominal=["x", "", "y", "y", ""], partition=[0, 0, 1, 0, 1])
    ((train, test),) = to_bunch(ds).cv.split()
    assert (train.tolist(), test.tolist()) == ([0, 3], [2])


def test_targets_without_classes():
    continuous = to_bunch(make(label_nominal=None, label_map=None, label_numeric=[0.5, 0.5, None]))
    np.testing.assert_array_equal(continuous.target, [0.5, 0.5, np.nan])
    whole = to_bunch(make(label_nominal=None, label_map=None, label_numeric=[3, 3, 4]))
    assert whole.target.tolist() == [3, 3, 4]
    assert whole.target.dtype == np.float64
    assert continuous.target_names is None
    nothing = to_bunch(make_dataset([[1]], ["a"]))
    assert nothing.target is nothing.target_names is nothing.partition is nothing.cv is None


def test_numbers_with_a_map_but_without_names_are_classes():
    bunch = to_bunch(make(label_nominal=None, label_numeric=[7, 7, None]))
    np.testing.assert_array_equal(bunch.target, [1, 1, np.nan])
    with pytest.raises(DataSetError, match=r"label_map: it lacks 8.0, the class of a; set_labels"):
        to_bunch(make(label_nominal=None, label_numeric=[8, 8, None]))


def test_a_class_that_the_map_lacks_is_no_missing_label():
    with pytest.raises(DataSetError, match=r"label_map: it lacks 'q', the class of b; set_labels"):
        to_bunch(make().assign(label_nominal=("instance", list("xxq"))))


def test_lazy_features_stay_lazy(tmp_path):
    ds = make()
    data = to_bunch(ds.assign(features=ds.features.chunk({"instance": 1}))).data
    assert isinstance(data, xr.DataArray)
    assert data.chunks is not None
    ds.to_netcdf(tmp_path / "open.nc", engine="netcdf4")
    with xr.open_dataset(tmp_path / "open.nc", engine="netcdf4", cache=False) as file:
        data = to_bunch(file).data
        assert not data.variable._in_memory
        np.testing.assert_array_equal(data.values, ds.features)


def test_the_bunch_is_no_way_into_the_metadata():
    ds = make()
    before = ds.copy(deep=True)
    bunch = to_bunch(ds)
    bunch.filenames[:], bunch.chunk_nr[:], bunch.partition[:], bunch.target[:] = "z", 9, 2, 5
    xr.testing.assert_identical(ds, before)
    assert bunch.groups.tolist() == ["a", "a", "b"]


# to_frame


def test_the_table():
    frame = to_frame(make(feature_names=["p", "q"]))
    expected = pd.DataFrame(
        {
            "filename": ["a", "a", "b"],
            "chunk_nr": [0, 1, 0],
            "partition": pd.Categorical(["train", "train", None], categories=["train", "devel", "test"]),
            "fold_1": [0.0, 0.0, 1.0],
            "fold_2": [1.0, 1.0, np.nan],
            "label_nominal": ["x", "x", None],
            "label_numeric": [7, 7, np.nan],
            "p": np.array([0, 2, 4], dtype=np.float32),
            "q": np.array([1, 3, 5], dtype=np.float32),
        }
    )
    pd.testing.assert_frame_equal(frame, expected)


def test_the_table_of_an_original_file(shared):
    ds = read_netcdf(shared / "reference/datasets/esc20-mel128.nc")
    frame = to_frame(ds)
    np.testing.assert_array_equal(frame.filter(regex=r"^feature_\d+$"), ds.features.values.reshape(20, -1))
    assert frame.columns[-1] == f"feature_{124 * 128 - 1}"
    folds = frame[[f"fold_{i}" for i in range(1, 6)]]
    assert (folds.dtypes == np.int64).all()
    # in ESC, file names start with the fold
    assert folds.idxmax(axis=1).str[-1].tolist() == frame["filename"].str[0].tolist()
    assert frame["partition"].isna().all()


def test_further_variables_of_one_value_for_each_instance_are_columns():
    ds = make().assign(speaker=("instance", list("stu"))).assign_coords(start=("instance", [0.0, 2.0, 0.0]))
    frame = to_frame(ds)
    assert frame.columns.tolist()[5:10] == ["label_nominal", "label_numeric", "speaker", "start", "feature_0"]
    assert frame["speaker"].tolist() == list("stu")


def test_the_table_has_its_own_features():
    ds = make()
    frame = to_frame(ds)
    frame.loc[0, "feature_0"] = 99
    assert ds.features.values[0, 0] == 0
    pd.testing.assert_frame_equal(to_frame(ds.chunk()), to_frame(ds))


@pytest.mark.parametrize("name", ["filename", "partition", "fold_2"])
def test_a_feature_with_the_name_of_a_column_is_refused(name):
    with pytest.raises(DataSetError, match=rf"'{name}' would name two columns; .* assign_coords or rename"):
        to_frame(make(feature_names=[name, "q"]))


def test_a_variable_with_the_name_of_a_column_is_refused():
    with pytest.raises(DataSetError, match=r"'fold_1' would name two columns"):
        to_frame(make().assign(fold_1=("instance", [1, 2, 3])))
