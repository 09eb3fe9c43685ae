"""Several continuous targets of each recording, from a table of recordings to the evaluation of features."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
import scipy.io.arff
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.linear_model import Ridge
from sklearn.model_selection import PredefinedSplit, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skaudeep.cli import main
from skaudeep.datasets import (
    add_folds,
    add_partitions,
    concat,
    cv_splits,
    drop_unlabelled,
    fuse,
    fuse_chunks,
    inspect_corpus,
    inspect_dataset,
    load_table,
    make_dataset,
    remove_labels,
    select,
    set_labels,
    to_bunch,
    to_frame,
    upsample,
    validate_dataset,
)
from skaudeep.evaluation import evaluate_dataset, find_task, make_classifier, make_regressor, predict_dataset
from skaudeep.evaluation._metrics import regression_scores
from skaudeep.exceptions import DataSetError, ParameterError
from skaudeep.io import (
    NetCDFWriter,
    export_dataset,
    import_dataset,
    read_arff,
    read_csv,
    read_netcdf,
    write_arff,
    write_csv,
    write_netcdf,
)
from skaudeep.pages.predictions import read_predictions

FILES = ["a.wav", "b.wav", "c.wav", "d.wav"]
TARGETS = pd.DataFrame({"arousal": [0.5, np.nan, -1.25, 3.0], "valence": [1.0, 2.0, np.nan, 0.1]})


def make(n=4, **options):
    """Make recordings with two targets each, of which some are missing."""
    known = {"cv_folds": [[1, 0], [0, 1], [1, 0], [0, 1]], "targets": TARGETS}
    return make_dataset(np.arange(8.0).reshape(4, 2), FILES, **known | options).isel(instance=slice(n))


def make_learnable(n=60, seed=0):
    """Make recordings whose features tell two targets, of different units, with noise; some targets are missing."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 2)) * [1, 100]
    X = np.concatenate([y / [1, 100], np.zeros((n, 1))], axis=1) + 0.5 * rng.normal(size=(n, 3))
    targets = pd.DataFrame(y, columns=["arousal", "valence"])
    targets.loc[:4, "arousal"] = np.nan
    ds = make_dataset(X, [f"{i:02}.wav" for i in range(n)], targets=targets)
    return add_partitions(add_folds(ds, 4, random_state=0), {"train": 0.7, "test": 0.3}, random_state=0)


def test_a_data_set_has_them_by_their_names():
    ds = make()
    assert ds["targets"].dims == ("instance", "target") and ds["target"].values.tolist() == ["arousal", "valence"]
    np.testing.assert_array_equal(ds["targets"], TARGETS)
    assert np.isnan(ds["label_numeric"]).all() and "label_map" not in ds.attrs
    as_dict = make(targets={"arousal": [0.5, None, -1.25, 3], "valence": TARGETS["valence"].tolist()})
    xr.testing.assert_identical(as_dict, ds)
    assert validate_dataset(ds) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"targets": TARGETS.to_numpy()}, "got ndarray, expected a DataFrame"),
        ({"targets": {}}, r"got the names \[\]"),
        ({"targets": {"": [0, 0, 0, 0]}}, r"got the names \[''\]"),
        ({"targets": {0: [0, 0, 0, 0]}}, r"got the names \[0\]"),
        ({"targets": {"x ": [0, 0, 0, 0]}}, r"got the names \['x '\]"),
        ({"targets": {"x": [0, 0, 0]}}, r"targets\['x'\]: got shape \(3,\)"),
        ({"targets": {"x": ["a", 0, 0, 0]}}, r"targets\['x'\]: expected numbers"),
        ({"targets": {"x": [0, np.inf, 0, 0]}}, r"targets\['x'\]: instance 1 has an infinite one"),
        ({"targets": TARGETS, "label_numeric": [1, 2, 3, 4]}, "label_numeric: give it as one of targets"),
        ({"feature_dims": ["targets"]}, "none of them 'instance' or 'fold'"),
    ],
)
def test_what_does_not_fit_is_refused(options, message):
    with pytest.raises(DataSetError, match=message):
        make(**options)


def test_a_damaged_variable_is_refused():
    for wrong in (
        make().drop_vars("target"),
        make().assign(targets=("instance", np.zeros(4))).drop_vars("target"),
        make().assign(targets=(("instance", "target"), np.full((4, 2), "x"))),
        make().assign_coords(target=["a", "a"]),
        make().assign_coords(target=["a", ""]),
        make().assign(targets=(("instance", "target"), np.full((4, 2), np.inf))),
    ):
        with pytest.raises(DataSetError, match="targets has"):
            validate_dataset(wrong)


def test_they_stay_with_their_instances():
    ds = make()
    np.testing.assert_array_equal(select(ds, filename=["b.wav", "d.wav"])["targets"], TARGETS.iloc[[1, 3]])
    assert select(make(targets=TARGETS.mask(TARGETS == 3.0).mask(TARGETS == 0.1)), labelled=True).sizes["instance"] == 3
    parts = [ds.isel(instance=slice(2)), ds.isel(instance=slice(2, 4))]
    xr.testing.assert_identical(concat(parts), ds)
    fused = fuse([ds, ds.isel(instance=[3, 2, 1, 0])])
    assert fused["features"].shape == (4, 4)
    np.testing.assert_array_equal(fused["targets"], TARGETS)
    named = make(label_nominal=list("xxxy"))
    np.testing.assert_array_equal(upsample(named)["targets"][4:], [TARGETS.iloc[3]] * 2)
    assert "targets" not in remove_labels(ds) and "target" not in remove_labels(ds).coords


def test_data_sets_with_different_targets_do_not_join():
    ds = make()
    others = (
        make(targets=TARGETS.rename(columns={"valence": "liking"})),
        make(targets=TARGETS[["arousal"]]),
        remove_labels(ds),
    )
    for other in others:
        with pytest.raises(DataSetError, match="target"):
            concat([ds, other.assign(filename=("instance", [f"new-{name}" for name in FILES]))])
    with pytest.raises(DataSetError, match="targets of a.wav"):
        fuse([ds, make(targets=TARGETS.replace(0.5, 0.75))])


def test_chunks_of_a_recording_share_them():
    chunks = make_dataset(
        [[1], [2], [3], [4]], list("aabb"), chunk_nr=[0, 1, 0, 1], targets={"x": [1, 1, 2, 2], "y": [None, None, 0, 0]}
    )
    assert validate_dataset(chunks) == []
    np.testing.assert_array_equal(fuse_chunks(chunks)["targets"], [[1, np.nan], [2, 0]])
    torn = chunks.assign(targets=(("instance", "target"), [[1, 0], [1, 1], [2, 0], [2, 0]]))
    (violation,) = validate_dataset(torn)
    assert violation.rule == 2 and str(violation).startswith("Rule 2: a has the targets 'y' 0, 1, expected one")
    with pytest.raises(DataSetError, match="chunk"):
        fuse_chunks(torn)


def test_labels_are_set_by_position_or_by_recording():
    ds = remove_labels(make())
    xr.testing.assert_identical(set_labels(ds, targets=TARGETS)["targets"], make()["targets"])
    by_file = set_labels(ds, targets={"arousal": {"a.wav": 1.5}, "valence": {"d.wav": 2, "a.wav": 3}})
    np.testing.assert_array_equal(by_file["targets"], [[1.5, 3], [np.nan, np.nan], [np.nan, np.nan], [np.nan, 2]])
    assert "targets" not in set_labels(make(), label_nominal=list("xyxy"))
    with pytest.raises(DataSetError, match=r"targets\['x'\]: 'z.wav' is not a recording"):
        set_labels(ds, targets={"x": {"z.wav": 1}})


def test_folds_are_balanced_by_their_mean_and_keep_groups_together():
    rng = np.random.default_rng(0)
    common = rng.normal(size=200)
    targets = {"x": common + 0.1 * rng.normal(size=200), "y": 1000 * common}
    groups = [f"g{i // 2}" for i in range(200)]
    ds = add_folds(
        make_dataset(np.zeros((200, 1)), [f"{i}" for i in range(200)], targets=targets, groups=groups),
        5,
        random_state=0,
    )
    fold = ds["cv_folds"].values.argmax(axis=1)
    assert (fold[::2] == fold[1::2]).all()
    alone = add_folds(
        ds.drop_vars(["group", "cv_folds"]).assign(cv_folds=(("instance", "fold"), np.empty((200, 0)))), 5
    )
    fold = alone["cv_folds"].values.argmax(axis=1)
    means = [[targets[name][fold == i].mean() for i in range(5)] for name in targets]
    # of folds dealt by chance alone they would span 0.37 standard deviations on average
    assert np.ptp(means[0]) < 0.2 and np.ptp(means[1]) < 200


def test_splits_leave_out_what_has_no_target_at_all():
    ds = make(targets={"x": [1, None, 3, 4], "y": [1, None, None, 4]})
    splits = list(cv_splits(ds).split())
    assert [sorted([*train, *test]) for train, test in splits] == [[0, 2, 3]] * 2


def test_tables_and_arrays_for_others():
    bunch = to_bunch(make())
    np.testing.assert_array_equal(bunch.target, TARGETS)
    pd.testing.assert_frame_equal(bunch.targets, TARGETS)
    assert bunch.target_names is None
    named = to_bunch(make(label_nominal=list("xxyy")))
    assert named.target.tolist() == [0, 0, 1, 1] and list(named.targets) == ["arousal", "valence"]
    frame = to_frame(make())
    np.testing.assert_array_equal(frame[["target:arousal", "target:valence"]], TARGETS)
    info = inspect_dataset(make())
    assert info.targets["valence"]["max"] == 2 and info.n_unlabelled == 0
    assert "targets     arousal -1.25 to 3, mean 0.75\n            valence 0.1 to 2, mean 1.03333\n" in str(info)
    json.dumps(info.to_dict())


numbers = st.one_of(st.none(), st.floats(-1e300, 1e300), st.integers(-(2**53), 2**53))
words = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=5).filter(lambda w: w == w.strip())


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.dictionaries(words, st.lists(numbers, min_size=4, max_size=4), min_size=1, max_size=3))
def test_files_hold_them(tmp_path, values):
    ds = make(targets=values, cv_folds=None)
    write_netcdf(ds, tmp_path / "x.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "x.nc"), ds)
    for write, read in ((write_csv, read_csv), (write_arff, read_arff)):
        for labels_last in (False, True):
            write(ds, tmp_path / "x", labels_last=labels_last)
            xr.testing.assert_identical(read(tmp_path / "x"), ds)


@pytest.mark.parametrize("format", ["csv", "arff"])
@pytest.mark.parametrize("layout", ["audeep", "weka"])
def test_files_of_folds_hold_them(tmp_path, format, layout):
    export_dataset(make(), tmp_path, format=format, layout=layout)
    again = import_dataset(tmp_path)
    if layout == "audeep":
        again = again.isel(instance=again["filename"].argsort())
        xr.testing.assert_identical(again, make())
    else:
        np.testing.assert_array_equal(again["targets"], TARGETS.iloc[[0, 2, 1, 3]])
        assert again.sizes["generated"] == 2


def test_other_programs_find_them_behind_the_features(tmp_path):
    write_arff(make(), tmp_path / "x.arff", layout="weka")
    data, meta = scipy.io.arff.loadarff(tmp_path / "x.arff")
    assert meta.names()[-2:] == ["target:arousal", "target:valence"] and meta.types() == ["numeric"] * 4
    np.testing.assert_array_equal(data["target:valence"], TARGETS["valence"])
    write_csv(make(), tmp_path / "x.csv")
    frame = pd.read_csv(tmp_path / "x.csv")
    np.testing.assert_array_equal(frame.iloc[:, -2:], TARGETS)
    write_csv(make(label_nominal=list("xyxy")), tmp_path / "x.csv", layout="weka")
    assert pd.read_csv(tmp_path / "x.csv").columns.tolist() == ["feature_0", "feature_1", "label_nominal"]


def test_columns_of_a_table_by_others(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("filename,loudness,valence,target:arousal\na,1,0.5,\nb,2,,3\n")
    ds = read_csv(path, targets=["valence"])
    assert ds["generated"].values.tolist() == ["loudness"]
    assert to_bunch(ds).targets.to_dict("list")["valence"][0] == 0.5 and ds["targets"].shape == (2, 2)
    with pytest.raises(DataSetError, match="there is no such column"):
        read_csv(path, targets=["liking"])
    again = tmp_path / "again.csv"
    again.write_text("filename,loudness,arousal,target:arousal\na,1,0.5,1\n")
    with pytest.raises(DataSetError, match="hold the same target"):
        read_csv(again, targets=["arousal"])
    assert main(["import", "--basedir", str(path), "--output", str(tmp_path / "x.nc"), "-q"]) == 0
    assert read_netcdf(tmp_path / "x.nc")["target"].values.tolist() == ["arousal"]


def test_a_writer_goes_on_with_them(tmp_path):
    ds = make(cv_folds=None)
    for start in (0, 2):
        writer = NetCDFWriter(tmp_path / "x.nc")
        rows = slice(start, start + 2)
        writer.append(ds["features"].values[rows], FILES[rows], targets=TARGETS[rows])
        writer.close()
    with NetCDFWriter(tmp_path / "x.nc") as writer:
        assert writer.n_instances == 4
        with pytest.raises(DataSetError, match="the arguments"):
            writer.append([[0.0, 0.0]], ["e.wav"], targets={"arousal": [0.0], "liking": [0.0]})
    xr.testing.assert_identical(read_netcdf(tmp_path / "x.nc"), ds)


@pytest.fixture
def table(tmp_path):
    def write(text):
        for name in FILES:
            (tmp_path / name).touch()
        path = tmp_path / "table.csv"
        path.write_text(text)
        return path

    return write


def test_columns_of_a_table_of_recordings(table):
    path = table("path,arousal,Valence,group\na.wav,0.5,1,s\nb.wav,NaN,,s\nc.wav,,0.25,t\nd.wav,,,t\n")
    corpus = load_table(path, targets=["arousal", "valence"])
    expected = pd.DataFrame({"arousal": [0.5, np.nan, np.nan, np.nan], "Valence": [1, np.nan, 0.25, np.nan]})
    pd.testing.assert_frame_equal(corpus.targets, expected)
    np.testing.assert_array_equal(corpus.target, expected)
    assert corpus.unused_columns == []
    assert "2 continuous targets (arousal, Valence)" in corpus.DESCR and "2 without a label" in corpus.DESCR
    ds = make_dataset(np.zeros((4, 1)), **corpus.metadata)
    np.testing.assert_array_equal(ds["targets"], expected)
    labelled = drop_unlabelled(corpus)
    assert labelled.filenames.tolist() == ["a.wav", "c.wav"] and labelled.targets.shape == (2, 2)
    assert inspect_corpus(corpus).targets["Valence"]["min"] == 0.25
    assert inspect_corpus(corpus).n_unlabelled == 2


def test_one_column_is_the_target(table):
    path = table("path,arousal,emotion\na.wav,1,x\nb.wav,2,y\n")
    corpus = load_table(path, targets="arousal")
    assert corpus.target.tolist() == [1.0, 2.0] and corpus.targets is None and corpus.target_names is None
    both = load_table(path, label="emotion", targets=["arousal"])
    assert both.target_names.tolist() == ["x", "y"] and both.targets["arousal"].tolist() == [1, 2]


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("path,x\na.wav,1\n", {"targets": ["y"]}, "targets='y': .* has no such column"),
        ("path,x\na.wav,1\n", {"targets": ["x", "x"]}, "the column x of .* is there twice"),
        ("path,x\na.wav,1\n", {"targets": ["path"]}, "the column path of .* is the path too"),
        ("path,x\na.wav,loud\n", {"targets": ["x"]}, "line 2: 'loud' is not a finite number"),
        ("path,x,y\na.wav,,1\n", {"targets": ["x", "y"]}, "the column x, one of targets, has no number"),
        ("path,label,x\na.wav,0.5,1\n", {"targets": ["x"]}, "the column label has numbers too"),
    ],
)
def test_columns_that_are_no_targets_are_refused(table, text, options, message):
    with pytest.raises(DataSetError, match=message):
        load_table(table(text), **options)


@pytest.fixture(scope="module")
def ds():
    return make_learnable()


@pytest.fixture
def ridge():
    return make_pipeline(StandardScaler(), Ridge())


def test_each_target_is_evaluated_by_itself(ds, ridge):
    assert find_task(ds) == "regression"
    result = evaluate_dataset(ds, ridge)
    assert result.targets == ["arousal", "valence"]
    fold = ds["cv_folds"].values.argmax(axis=1)
    for i, target in enumerate(result.targets):
        y = ds["targets"].values[:, i]
        known = ~np.isnan(y)
        expected = cross_val_predict(ridge, ds.features.values[known], y[known], cv=PredefinedSplit(fold[known]))
        own = result.predictions[result.predictions["target"] == target].set_index("filename")
        np.testing.assert_allclose(own.loc[ds.filename.values[known], "prediction"], expected)
        pooled = result.pooled[result.pooled["target"] == target].iloc[0]
        for name, value in regression_scores(y[known], expected).items():
            np.testing.assert_allclose(pooled[name], value)
        np.testing.assert_allclose(result.table(target).loc["fold 2", "ccc"], result.matrix("ccc", target)[0, 1])
    assert str(result).startswith("arousal: CCC 0.") and "; valence: CCC 0." in str(result)
    assert set(result.to_dict()["scores"]) == {"arousal", "valence"}
    for call in (result.matrix, result.summary):
        with pytest.raises(ParameterError, match="name one of 'arousal', 'valence'"):
            call("ccc")


def test_some_targets_alone(ds, ridge):
    all_of_them = evaluate_dataset(ds, ridge, train="train", test="test")
    one = evaluate_dataset(ds, ridge, targets="valence", train="train", test="test")
    assert one.targets == ["valence"]
    np.testing.assert_array_equal(one.matrix("rmse"), all_of_them.matrix("rmse", "valence"))
    with pytest.raises(ParameterError, match="measure='foo': the measures are 'ccc'"):
        one.summary("foo")
    with pytest.raises(ParameterError, match="targets='liking': the targets are 'arousal', 'valence'"):
        evaluate_dataset(ds, ridge, targets=["liking"])
    with pytest.raises(ParameterError, match="targets='x': the targets are 'label'"):
        evaluate_dataset(make_dataset([[0.0]], ["a"], label_numeric=[1.0]), ridge, targets="x")


def test_several_targets_are_no_classes(ds):
    with pytest.raises(ParameterError, match="targets are numbers"):
        evaluate_dataset(ds, make_classifier("svm"))
    with pytest.raises(DataSetError, match="ds has 2 targets, and a class of each number needs a single one"):
        evaluate_dataset(ds, make_classifier("svm"), task="classification")


def test_a_target_that_a_split_lacks_is_named(ds, ridge):
    values = ds["targets"].values.copy()
    values[ds["cv_folds"].values[:, 2] == 1, 0] = np.nan
    with pytest.raises(DataSetError, match="arousal, fold 3: no sample to test on has this target"):
        evaluate_dataset(ds.assign(targets=(("instance", "target"), values)), ridge)
    values[:, 0] = np.nan
    with pytest.raises(DataSetError, match="no number of the target 'arousal'"):
        evaluate_dataset(ds.assign(targets=(("instance", "target"), values)), ridge)


def test_predictions_have_a_column_for_each(ds, ridge):
    train, new = select(ds, partition="train"), remove_labels(select(ds, partition="test"))
    predicted = predict_dataset(train, new, ridge)
    assert list(predicted) == ["arousal", "valence"] and predicted.index.is_monotonic_increasing
    for i, target in enumerate(predicted):
        y = train["targets"].values[:, i]
        known = ~np.isnan(y)
        expected = ridge.fit(train.features.values[known], y[known]).predict(new.features.values)
        np.testing.assert_allclose(predicted.loc[new.filename.values, target], expected)
    assert list(predict_dataset(train, new, ridge, targets=["valence"])) == ["valence"]


def test_chunks_are_averaged_for_each(ridge):
    rng = np.random.default_rng(1)
    targets = pd.DataFrame(np.repeat(rng.normal(size=(20, 2)), 3, axis=0), columns=["x", "y"])
    targets.loc[:2, "y"] = np.nan  # all chunks of the first recording
    X = targets.fillna(0).to_numpy() + 0.1 * rng.normal(size=(60, 2))
    files, chunk_nr = np.repeat([f"{i:02}" for i in range(20)], 3), np.tile([0, 1, 2], 20)
    ds = add_folds(make_dataset(X, files, chunk_nr=chunk_nr, targets=targets), 4, random_state=0)
    by_chunk = evaluate_dataset(ds, ridge).predictions.groupby(["target", "filename"])["prediction"].mean()
    result = evaluate_dataset(ds, ridge, majority_vote=True).predictions.set_index(["target", "filename"])
    assert len(result) == 39
    np.testing.assert_allclose(result["prediction"].sort_index(), by_chunk, rtol=1e-5)


def test_commands(ds, tmp_path, capsys):
    path = str(tmp_path / "x.nc")
    write_netcdf(ds, path)
    evaluate = ["svm", "evaluate", "--input", path, "--complexity", "0.1", "--cross-validate"]
    expected = evaluate_dataset(ds, make_regressor("svm", C=0.1))
    assert main(evaluate) == 0
    out = capsys.readouterr().out
    assert "numbers predicted for 2 targets of" in out and "\narousal" in out and "\nvalence" in out
    assert main([*evaluate, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["scores"] == expected.to_dict()["scores"]
    assert main([*evaluate, "-q", "--targets", "valence", "arousal"]) == 0
    lines = [line.split(",") for line in capsys.readouterr().out.splitlines()]
    assert [name for name, *_ in lines] == ["valence", "arousal"]
    np.testing.assert_allclose(float(lines[1][1]), expected.summary("ccc", "arousal")[0], atol=1e-6)
    assert main([*evaluate, "--targets", "liking"]) == 1
    assert "the targets are 'arousal', 'valence'" in capsys.readouterr().err

    output = tmp_path / "predictions.tsv"
    predict = ["svm", "predict", "--train-input", path, "--eval-input", path, "--complexity", "0.1"]
    assert main([*predict, "--output", str(output)]) == 0
    assert "target" in capsys.readouterr().out
    table = pd.read_csv(output, sep="\t", index_col="filename")
    np.testing.assert_allclose(table, predict_dataset(ds, ds, make_regressor("svm", C=0.1)))
    assert main(["inspect", "netcdf", "--input", path, "--instance", "7"]) == 0
    assert "target valence" in capsys.readouterr().out


def test_whoever_names_targets_wants_numbers(tmp_path, capsys):
    ds = make_learnable()
    targets = dict(zip("av", ds["targets"].values.T, strict=True))
    ds = set_labels(ds, label_nominal=np.tile(["x", "y"], 30), targets=targets)
    assert evaluate_dataset(ds, make_regressor("ridge"), targets="v").targets == ["v"]
    with pytest.raises(ParameterError, match="targets are numbers"):
        evaluate_dataset(ds, make_classifier("svm"), targets=["v"])
    with pytest.raises(ParameterError, match="these are numbers; leave them out with task='classification'"):
        evaluate_dataset(ds, make_classifier("svm"), targets=["v"], task="classification")
    path = str(tmp_path / "x.nc")
    write_netcdf(ds, path)
    command = ["svm", "evaluate", "--input", path, "--complexity", "0.1", "--cross-validate", "--targets", "v"]
    assert main(["-q", *command]) == 0
    assert len(capsys.readouterr().out.split(",")) == 2
    with pytest.raises(SystemExit):
        main([*command, "--task", "classification"])
    assert "--targets are numbers" in capsys.readouterr().err


def test_what_a_table_could_not_tell_is_refused(tmp_path):
    named = make(targets=None, feature_names=["target:x", "y"])
    with pytest.raises(DataSetError, match="the feature 'target:x' would be read as a target"):
        write_csv(named, tmp_path / "x.csv")
    both = make().assign(label_numeric=("instance", np.arange(4.0)))
    with pytest.raises(DataSetError, match="label_numeric beside targets"):
        write_arff(both, tmp_path / "x.arff")
    (tmp_path / "y.csv").write_text("filename,a\nx,1\n")
    with pytest.raises(ParameterError, match="give a list of names of columns"):
        read_csv(tmp_path / "y.csv", targets=[1])


def test_predictions_of_several_targets_are_read_and_unsafe_names_quoted(ds, tmp_path, capsys):
    path, output = str(tmp_path / "x.nc"), tmp_path / "predictions.tsv"
    odd = set_labels(ds, targets=dict(zip(['a, "b', "filename"], ds["targets"].values.T, strict=True)))
    write_netcdf(odd, path)
    command = ["svm", "predict", "--train-input", path, "--eval-input", path, "--complexity", "0.1"]
    assert main([*command, "--output", str(output)]) == 1
    assert "a target is called 'filename'" in capsys.readouterr().err and not output.exists()
    evaluate = ["svm", "evaluate", "--input", path, "--complexity", "0.1", "--cross-validate", "-q"]
    assert main(evaluate) == 0
    assert [len(row) for row in csv.reader(capsys.readouterr().out.splitlines())] == [3, 3]
    write_netcdf(ds, path)
    assert main([*command, "--output", str(output)]) == 0
    first, second = read_predictions(output), read_predictions(output, "valence")
    expected = predict_dataset(ds, ds, make_regressor("svm", C=0.1))
    np.testing.assert_allclose(first.astype(float), expected["arousal"])
    np.testing.assert_allclose(second.astype(float), expected["valence"])
    with pytest.raises(DataSetError, match="there is no target 'joy', but 'arousal', 'valence'"):
        read_predictions(output, "joy")


def test_numbers_that_agree_in_six_digits_are_classes_of_their_own():
    exact = [0.1234567, 0.1234568, 3.0, 0.1234567, 0.1234568, 3.0]
    ds = make_dataset(np.eye(6), list("abcdef"), label_numeric=exact, partition=[0, 0, 0, 2, 2, 2])
    result = evaluate_dataset(ds, make_classifier("svm"), task="classification")
    assert result.classes.tolist() == ["0.1234567", "0.1234568", "3"]
