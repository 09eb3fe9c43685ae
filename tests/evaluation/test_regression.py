"""Regressors on data sets against scikit-learn's own cross-validation."""

import json

import numpy as np
import pandas as pd
import pytest
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep.datasets import add_folds, add_partitions, make_dataset, select, set_labels
from skaudeep.evaluation import evaluate_dataset, make_regressor, predict_dataset
from skaudeep.evaluation._metrics import regression_scores
from skaudeep.exceptions import DataSetError, ParameterError
from skaudeep.results.evaluation import REGRESSION_MEASURES


def make(n_chunks=1, folds=4):
    """Files with a number that their features tell, with noise, in no order."""
    rng = np.random.default_rng(0)
    n_files = 40
    y = np.repeat(rng.normal(5, 2, n_files), n_chunks)
    files, chunk_nr = np.repeat([f"{i:02}.wav" for i in range(n_files)], n_chunks), np.tile(range(n_chunks), n_files)
    X = rng.normal(size=(len(y), 4)) + np.outer(y, [1, 0.5, 0, 0])
    order = rng.permutation(len(y))
    ds = make_dataset(X[order], files[order], chunk_nr=chunk_nr[order], label_numeric=y[order])
    ds = add_folds(ds, folds, random_state=0) if folds else ds
    return add_partitions(ds, {"train": 0.5, "devel": 0.25, "test": 0.25}, random_state=0)


@pytest.fixture(scope="module")
def ds():
    return make()


@pytest.fixture(scope="module")
def chunks():
    return make(n_chunks=3)


@pytest.fixture
def ridge():
    return make_pipeline(StandardScaler(), Ridge())


def test_folds_are_those_of_scikit_learn(ds, ridge):
    result = evaluate_dataset(ds, ridge)
    y, fold = ds.label_numeric.values, ds.cv_folds.values.argmax(axis=1)
    expected = cross_val_predict(ridge, ds.features.values, y, cv=PredefinedSplit(fold))
    by_mean = cross_val_predict(DummyRegressor(), ds.features.values, y, cv=PredefinedSplit(fold))
    got = result.predictions.set_index("filename").loc[ds.filename.values]
    np.testing.assert_allclose(got["prediction"], expected)
    np.testing.assert_array_equal(got["label"], y)
    for i in range(4):
        own = fold == i
        for frame, predicted in ((result.scores, expected), (result.mean_predictor, by_mean)):
            scores = regression_scores(y[own], predicted[own])
            for name, value in scores.items():
                np.testing.assert_allclose(frame[name][i], value, err_msg=name)
    for name, value in regression_scores(y, expected).items():
        np.testing.assert_allclose(result.pooled[name], [value], err_msg=name)
    assert result.splits == [f"fold {i}" for i in range(1, 5)]
    assert (result.mean_predictor["ccc"] == 0).all()
    assert result.scores["rmse"].mean() < result.mean_predictor["rmse"].mean()


def test_partitions(ds, ridge):
    result = evaluate_dataset(ds, ridge, train=["train", "devel"], test="test")
    training = ds.partition.values < 2
    ridge.fit(ds.features.values[training], ds.label_numeric.values[training])
    expected = ridge.predict(ds.features.values[~training])
    np.testing.assert_allclose(result.predictions["prediction"], expected)
    assert result.splits == ["test"]
    assert str(result).startswith("CCC 0.") and "over test, 10 samples" in str(result)


def test_the_number_of_a_recording_is_the_mean_over_its_chunks(chunks, ridge):
    result = evaluate_dataset(chunks, ridge, majority_vote=True)
    by_chunk = evaluate_dataset(chunks, ridge).predictions
    expected = by_chunk.groupby("filename")["prediction"].mean()
    got = result.predictions.set_index("filename")["prediction"].sort_index()
    assert len(got) == 40 and "chunk_nr" not in result.predictions
    pd.testing.assert_series_equal(got, expected, rtol=1e-5)


def test_predictions_of_another_data_set(chunks, ridge):
    training, new = select(chunks, partition="train"), select(chunks, partition="test")
    predicted = predict_dataset(training, new, ridge)
    ridge.fit(training.features.values, training.label_numeric.values)
    order = np.lexsort((new.chunk_nr.values, new.filename.values))
    np.testing.assert_allclose(predicted, ridge.predict(new.features.values)[order], rtol=1e-5)
    assert predicted.index.tolist() == new.filename.values[order].tolist() and predicted.dtype == np.float64
    means = predict_dataset(training, new, ridge, majority_vote=True)
    pd.testing.assert_series_equal(means, predicted.groupby(level=0).mean(), rtol=1e-5)


def test_instances_without_a_number_are_left_out(ds, ridge):
    numbers = ds.label_numeric.values.copy()
    numbers[:7] = np.nan
    partly = ds.assign(label_numeric=("instance", numbers))
    expected = evaluate_dataset(ds.isel(instance=slice(7, None)), ridge)
    pd.testing.assert_frame_equal(evaluate_dataset(partly, ridge).predictions, expected.predictions)


@pytest.mark.parametrize(("kind", "options"), [("svm", {"C": 0.1}), ("linearsvr", {"C": 0.1}), ("ridge", {})])
def test_regressors_by_their_kind_beat_the_mean(ds, kind, options):
    result = evaluate_dataset(ds, make_regressor(kind, **options), random_state=0)
    assert result.pooled["ccc"][0] > 0.6
    # what is in units of the targets changes with them and the measures without units do not
    scaled = ds.assign(label_numeric=1000 * ds.label_numeric)
    again = evaluate_dataset(scaled, make_regressor(kind, **options), random_state=0)
    np.testing.assert_allclose(again.scores["ccc"], result.scores["ccc"], rtol=1e-3)
    np.testing.assert_allclose(again.scores["rmse"], 1000 * result.scores["rmse"], rtol=1e-3)


def test_repeats_have_seeds_of_their_own(ds):
    mlp = make_regressor("mlp", hidden_layer_sizes=[4], max_epochs=2)
    results = [evaluate_dataset(ds, mlp, repeats=2, random_state=1) for _ in range(2)]
    pd.testing.assert_frame_equal(results[0].scores, results[1].scores)
    assert results[0].matrix("ccc").shape == (2, 4) and len(results[0].pooled) == 2
    assert (results[0].matrix("rmse")[0] != results[0].matrix("rmse")[1]).any()
    assert "means of 2 repeats" in str(results[0])


def test_the_task_follows_from_the_data_set_or_is_forced(ds, ridge):
    classes = set_labels(ds, label_nominal=np.where(np.arange(40) % 2, "a", "b"), label_map={"a": 1, "b": 5})
    with pytest.raises(ParameterError, match="is a regressor, but targets are classes.*task='regression'"):
        evaluate_dataset(classes, ridge)
    numbers = evaluate_dataset(classes, ridge, task="regression").predictions["label"]
    assert set(numbers) == {1.0, 5.0}
    svm = make_pipeline(StandardScaler(), LogisticRegression())
    with pytest.raises(ParameterError, match="is a classifier, but targets are numbers.*task='classification'"):
        evaluate_dataset(ds, svm)
    whole = ds.assign(label_numeric=("instance", np.where(np.arange(40) % 2, 1.0, 2.5)))
    assert evaluate_dataset(whole, svm, task="classification").classes.tolist() == ["1", "2.5"]
    assert set(predict_dataset(whole, ds, svm, task="classification")) <= {"1", "2.5"}


def test_targets_that_tell_nothing(ds, ridge):
    same = ds.assign(label_numeric=("instance", np.full(40, 3.0)))
    with pytest.raises(DataSetError, match="fold 1: all 30 samples to train on have the target 3, but"):
        evaluate_dataset(same, ridge)
    with pytest.raises(DataSetError, match="train_ds: all 40 samples"):
        predict_dataset(same, ds, ridge)
    numbers = np.where(ds.cv_folds.values[:, 1] == 1, 3.0, ds.label_numeric.values)
    with pytest.warns(UserWarning, match="fold 2: all 10 samples to test on have the target 3, so that correlations"):
        result = evaluate_dataset(ds.assign(label_numeric=("instance", numbers)), ridge)
    assert np.isnan(result.scores["pearson"]).tolist() == [False, True, False, False]
    assert result.to_dict()["scores"]["label"]["pearson"][0][1] is None
    assert "nan" not in str(result)


def test_chunks_that_differ_and_numbers_that_cannot_be_balanced(chunks, ridge):
    numbers = np.arange(120.0)
    with pytest.raises(DataSetError, match="differ in their target, .* the mean over chunks needs one"):
        evaluate_dataset(chunks.assign(label_numeric=("instance", numbers)), ridge, majority_vote=True)
    for call in (
        lambda: evaluate_dataset(chunks, ridge, upsample=True),
        lambda: predict_dataset(chunks, chunks, ridge, upsample=True),
    ):
        with pytest.raises(ParameterError, match="upsample=True: there are no classes to balance"):
            call()
    without = make_dataset(np.zeros((3, 1)), list("abc"), label_nominal=list("xyx"))
    with pytest.raises(DataSetError, match="ds has no labels"):
        evaluate_dataset(make_dataset(np.zeros((3, 1)), list("abc")), ridge)
    assert without.label_numeric.notnull().all()


def test_results_go_into_json(ds, ridge):
    result = evaluate_dataset(ds, ridge)
    copy = json.loads(json.dumps(result.to_dict()))
    assert copy["targets"] == ["label"] and set(copy["scores"]["label"]) == set(REGRESSION_MEASURES)
    assert np.shape(copy["scores"]["label"]["ccc"]) == (1, 4)
    np.testing.assert_array_equal(copy["scores"]["label"]["rmse"], result.matrix("rmse"))
    np.testing.assert_array_equal(copy["mean_predictor"]["label"]["rmse"], result.mean_predictor["rmse"])
    assert copy["mean_predictor"]["label"]["pearson"] == [None] * 4
