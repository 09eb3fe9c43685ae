import csv
import os
import re
import subprocess
import sys

import arff
import dask.array as da
import numpy as np
import pandas as pd
import pytest
import scipy.io.arff
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

from skaudeep.datamodel import get_label_map, instance_index
from skaudeep.datasets import make_dataset, remove_folds, remove_partitions, set_labels
from skaudeep.exceptions import DataSetError
from skaudeep.io import _csv, export_dataset, import_dataset, read_netcdf, write_arff, write_csv, write_netcdf

ORIGINALS = (
    *(f"datasets/{name}.nc" for name in ("cv4", "chunks-fused", "chunks-rep", "esc20-mel128", "fused", "nocv")),
    *(f"datasets/{name}.nc" for name in ("partitioned", "rep32-400", "unbalanced", "upsampled")),
    *(f"models/{name}-gru/representation.nc" for name in ("t-rae", "f-rae", "ft-rae")),
)
FORMATS = pytest.mark.parametrize("format", ["csv", "arff"])


def make(n=12, **options):
    values = np.random.default_rng(0).standard_normal((n, 3))
    names = [f"{i // 2}.wav" for i in range(n)]
    labels = [["Rain", "Dog bark", "Sea"][i // 2 % 3] for i in range(n)]
    return make_dataset(values, names, chunk_nr=np.arange(n) % 2, **{"label_nominal": labels} | options)


def by_file(numbers, n=12):
    """One number for each file of `make`, repeated for its chunks."""
    return np.resize(np.repeat(numbers, 2), n)


def files_in(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def same_instances(one, other):
    """The same but for the order of instances."""
    order = instance_index(one).get_indexer(instance_index(other))
    assert sorted(order) == list(range(one.sizes["instance"]))
    xr.testing.assert_identical(one.isel(instance=order), other)


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


@pytest.mark.parametrize("folder", ["csv", "csv-labels-last", "arff", "arff-labels-last"])
def test_exports_of_the_original(shared, tmp_path, folder):
    original = shared / "reference" / "exports" / folder
    ds = read_netcdf(shared / "reference" / "models" / "t-rae-gru" / "representation.nc")
    labels_last, name = folder.endswith("last"), "repr" if folder.endswith("last") else "representation"
    export_dataset(ds, tmp_path, format=folder.partition("-")[0], name=name, labels_last=labels_last)
    assert files_in(tmp_path) == files_in(original)
    for file in files_in(original):
        assert (tmp_path / file).read_bytes() == (original / file).read_bytes()
    same_instances(import_dataset(original), ds)


@FORMATS
@pytest.mark.parametrize("name", ORIGINALS)
def test_data_sets_of_the_original_round_trip(shared, tmp_path, name, format):
    ds = read_netcdf(shared / "reference" / name)
    export_dataset(ds, tmp_path, format=format)
    again = import_dataset(tmp_path)
    if ds.features.ndim > 2:  # a table has one axis
        again = again.assign(features=ds.features.copy(data=again.features.values.reshape(ds.features.shape)))
        again.attrs["feature_dims"] = ds.attrs["feature_dims"]
    same_instances(again, ds)


@FORMATS
def test_a_partly_unlabelled_data_set_of_the_original_round_trips_as_one_file(shared, tmp_path, format):
    ds = remove_folds(remove_partitions(read_netcdf(shared / "reference" / "datasets" / "partial.nc")))
    assert "" in ds.label_nominal
    export_dataset(ds, tmp_path, format=format)
    # of the ten classes nine have no instance, and so no number that a file could tell
    again = set_labels(import_dataset(tmp_path), label_nominal=ds.label_nominal, label_map=get_label_map(ds))
    same_instances(again, ds)


@FORMATS
@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({}, ["x"]),
        ({"cv_folds": by_file([0, 1, 0])[:, None] == [0, 1]}, ["fold_1/x", "fold_2/x"]),
        ({"partition": by_file([0, 2, 0])}, ["test/x", "train/x"]),
        (
            {"partition": by_file([0, 1, 2]), "cv_folds": by_file([0, 1, 0, 1])[:, None] == [0, 1]},
            [f"{partition}/fold_{fold}/x" for partition in ("devel", "test", "train") for fold in (1, 2)],
        ),
    ],
)
def test_layouts_round_trip(tmp_path, options, files, format):
    ds = make(**options)
    export_dataset(ds, tmp_path / "new" / "folder", name="x", format=format)
    assert files_in(tmp_path / "new" / "folder") == [f"{file}.{format}" for file in files]
    same_instances(import_dataset(tmp_path / "new" / "folder"), ds)


@pytest.mark.parametrize("format", ["csv", "arff"])
def test_partition_and_fold_do_not_repeat_rows(tmp_path, format):
    ds = make(partition=by_file([0, 1, 2]), cv_folds=by_file([0, 1, 0, 1])[:, None] == [0, 1])
    export_dataset(ds, tmp_path, format=format)
    one = {file: import_dataset(tmp_path / file) for file in files_in(tmp_path)}
    assert sum(part.sizes["instance"] for part in one.values()) == 12
    for file, part in one.items():
        partition = ("train", "devel", "test").index(file.split("/")[0])
        rows = instance_index(ds).get_indexer(instance_index(part))
        assert (ds.partition.values[rows] == partition).all()


def test_arff_export_without_folds_writes_arff(tmp_path):
    export_dataset(make(), tmp_path, format="arff")
    assert (tmp_path / "features.arff").read_text().startswith('@RELATION "auDeep')


@FORMATS
def test_ten_and_more_folds_keep_their_order(tmp_path, format):
    ds = make(24, cv_folds=np.repeat(np.eye(12), 2, axis=0))
    export_dataset(ds, tmp_path, format=format)
    again = import_dataset(tmp_path)
    xr.testing.assert_identical(again, ds)


@FORMATS
def test_a_fold_may_lack_a_label(tmp_path, format):
    ds = make(cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2])
    export_dataset(ds, tmp_path, format=format)
    assert len(set(import_dataset(tmp_path / "fold_1" / f"features.{format}").label_nominal.values)) == 1
    same_instances(import_dataset(tmp_path), ds)


def test_chunk_nr_is_no_feature(tmp_path):
    export_dataset(make(cv_folds=by_file([0, 1])[:, None] == [0, 1]), tmp_path)
    again = import_dataset(tmp_path)
    assert again.sizes["generated"] == 3
    assert again.chunk_nr.values.tolist() == [0, 1] * 6


@FORMATS
def test_folds_may_overlap(tmp_path, format):
    folds = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 0]])[by_file([0, 1, 2])]
    ds = make(cv_folds=folds)
    export_dataset(ds, tmp_path, format=format)
    same_instances(import_dataset(tmp_path), ds)


@FORMATS
def test_all_files_declare_all_classes_in_the_same_order(tmp_path, format):
    ds = make(label_map={"Sea": 4, "Rain": 2, "Dog bark": 7, "A": 0}, cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2])
    export_dataset(ds, tmp_path, format=format)
    if format == "arff":
        heads = {(tmp_path / file).read_text().partition("@DATA")[0] for file in files_in(tmp_path)}
        (head,) = heads
        assert "@ATTRIBUTE label_nominal {A, 'Dog bark', Rain, Sea}\n" in head
        same_instances(import_dataset(tmp_path), ds)
    else:  # which has no place for a class without instances
        assert import_dataset(tmp_path).label_map == '[["Dog bark", 7], ["Rain", 2], ["Sea", 4]]'


@FORMATS
def test_empty_folds_are_kept(tmp_path, format):
    ds = make(cv_folds=np.stack([np.ones(12), np.zeros(12)], axis=1))
    export_dataset(ds, tmp_path, format=format)
    same_instances(import_dataset(tmp_path), ds)


@FORMATS
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), n=st.integers(1, 8), n_folds=st.integers(0, 3), partitioned=st.booleans())
def test_anything_round_trips(tmp_path_factory, format, data, n, n_folds, partitioned):
    draw = lambda kind: data.draw(st.lists(kind, min_size=n, max_size=n))  # noqa: E731
    folds = np.array(draw(st.lists(st.booleans(), min_size=n_folds, max_size=n_folds)), dtype=int).reshape(n, n_folds)
    folds[~folds.any(axis=1), :1] = 1
    ds = make_dataset(
        np.array(draw(st.floats(width=32)))[:, None],
        [f"{i} 'x', \"y\"" for i in range(n)],
        label_nominal=draw(st.sampled_from(["Rain", "Dog, 'bark'", "", "?"])),
        cv_folds=folds,
        partition=draw(st.sampled_from([0, 1, 2])) if partitioned else None,
    )
    folder = tmp_path_factory.mktemp("any")
    export_dataset(ds, folder, format=format)
    same_instances(import_dataset(folder), ds)


def test_instances_without_names_are_told_apart(tmp_path):
    write(tmp_path, {"fold_1/x.csv": "class,y\na,1\nb,2\n", "fold_2/x.csv": "class,y\na,1\n"})
    ds = import_dataset(tmp_path, label_nominal="class")
    assert ds.filename.values.tolist() == ["fold_1/x-0", "fold_1/x-1", "fold_2/x-0"]
    assert ds.cv_folds.values.tolist() == [[1, 0], [1, 0], [0, 1]]


def test_folds_may_count_from_zero(tmp_path):
    write(tmp_path, {f"fold_{i}/x.csv": f"filename,y\n{i},1\n" for i in range(11)})
    ds = import_dataset(tmp_path)
    assert ds.filename.values.tolist() == [str(i) for i in range(11)]
    np.testing.assert_array_equal(ds.cv_folds.values, np.eye(11))


def test_one_file(tmp_path):
    write(tmp_path, {"x.txt": "filename,y\na,1\n", "X.ARFF": "@relation r\n@attribute y real\n@data\n1\n"})
    assert import_dataset(str(tmp_path / "x.txt"), format="csv").filename.values.tolist() == ["a"]
    assert import_dataset(tmp_path / "X.ARFF").filename.values.tolist() == ["X-0"]
    with pytest.raises(DataSetError, match=r"x\.txt: its suffix is neither .csv nor .arff"):
        import_dataset(tmp_path / "x.txt")


def test_other_files_and_folders_do_not_matter(tmp_path):
    export_dataset(make(), tmp_path)
    write(
        tmp_path, {"notes.txt": "", "audio/x.csv": "", "fold_x/y.csv": "", "fold_1/fold_2/z.csv": "", ".hidden.csv": ""}
    )
    xr.testing.assert_identical(import_dataset(tmp_path), make())


@pytest.mark.parametrize(("old", "new"), [("devel", "dev"), ("devel", "Devel"), ("train/fold_1", "train/Fold_1")])
def test_a_part_in_a_folder_of_another_name_is_not_left_out(tmp_path, old, new):
    ds = make(partition=by_file([0, 1]), cv_folds=by_file([0, 0, 1, 1])[:, None] == [0, 1])
    export_dataset(ds, tmp_path)
    (tmp_path / old).rename(tmp_path / new)
    with pytest.raises(DataSetError, match=r"features\.csv is where no file of a data set should be.*Rename"):
        import_dataset(tmp_path)


def test_a_name_is_chosen_if_there_are_several(tmp_path):
    export_dataset(make(), tmp_path, name="one")
    export_dataset(make(6), tmp_path, name="two.more")
    export_dataset(make(4), tmp_path, name="one", format="arff")
    with pytest.raises(DataSetError, match=r"has files called one\.arff, one\.csv, two\.more\.csv; choose by name or"):
        import_dataset(tmp_path)
    assert import_dataset(tmp_path, name="two.more").sizes["instance"] == 6
    assert import_dataset(tmp_path, name="one", format="csv").sizes["instance"] == 12
    assert import_dataset(tmp_path, format="arff").sizes["instance"] == 4
    with pytest.raises(
        DataSetError, match=r"has no data set called three in the format csv\. Expected .* Found: one\.arf"
    ):
        import_dataset(tmp_path, name="three", format="csv")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, r"has no data set\. Expected one file .* Found: nothing\."),
        ({"a.wav": "", "meta/x.csv": ""}, r"has no data set\. Expected .* Found: a\.wav, meta/\."),
        ({"x.csv": "", "fold_1/x.csv": ""}, r"x\.csv and .*fold_1/x\.csv cannot both belong to a data set\. Expected"),
        ({"train/x.csv": "", "test/fold_1/x.csv": ""}, "cannot both belong to a data set"),
        ({"fold_1/x.csv": "", "fold_01/x.csv": ""}, "cannot both belong to a data set"),
        ({"fold_1/x.csv": "", "fold_3/x.csv": ""}, "has the folds 1, 3; some are missing"),
        ({"fold_2/x.csv": ""}, "has the folds 2; some are missing"),
        (
            {"fold_1/x.csv": "y\n1\n", "fold_2/x.csv": "z\n1\n"},
            r"fold_1/x\.csv and .*fold_2/x\.csv .* 'y' in the one, 'z'",
        ),
        ({"fold_1/x.csv": "y\n1\n", "fold_2/x.csv": "y,z\n1,2\n"}, "None in the one, 'z' in the other"),
        ({"fold_1/x.csv": "y\n1\n", "fold_2/x.csv": "y\nz\n"}, r"fold_2/x\.csv, line 2: 'z' in the column 'y'"),
        (
            {"fold_1/x.csv": "filename,y\na,1\n", "fold_2/x.csv": "filename,y\nb,1\na,2\n"},
            r"fold_2/x\.csv, line 3: the features of 'a', chunk 0 are not those that it has in .*fold_1/x\.csv, line 2",
        ),
        (
            {"fold_1/x.csv": "filename,label_nominal,y\na,u,1\n", "fold_2/x.csv": "filename,label_nominal,y\na,v,1\n"},
            r"fold_2/x\.csv, line 2: the label_nominal of 'a'",
        ),
        (
            {"train/x.csv": "filename,y\na,1\n", "test/x.csv": "filename,y\na,1\n"},
            r"test/x\.csv, line 2: the partition of 'a', chunk 0 .* train/x\.csv|test/x\.csv, line 2: the partition",
        ),
        (
            {
                "fold_1/x.csv": "label_nominal,label_numeric,y\na,1,1\n",
                "fold_2/x.csv": "label_nominal,label_numeric,y\na,2,1\n",
            },
            r"fold_2/x\.csv, line 2: the class 'a' has the number 2, but in .*fold_1/x\.csv, line 2",
        ),
    ],
)
def test_errors_of_import(tmp_path, files, message):
    write(tmp_path, files)
    with pytest.raises(DataSetError, match=message):
        import_dataset(tmp_path)


@pytest.mark.parametrize(
    ("ds", "message"),
    [
        (
            make(partition=[0, 1] * 5 + [np.nan] * 2),
            r"2 instances would be in no file, first '5\.wav', chunk 0: they have",
        ),
        (make(cv_folds=np.eye(12, 2)), r"10 instances would be in no file, first '1\.wav', chunk 0: .* no validation"),
        (make(cv_folds=np.where(np.eye(12) == 1, np.nan, 1)), r"'0\.wav', chunk 0 is in neither split of a fold"),
        (make().assign(filename=("instance", ["a"] * 12)), r"chunk 0 of 'a' is there twice"),
    ],
)
def test_what_files_cannot_tell_is_refused_before_anything_is_written(tmp_path, ds, message):
    with pytest.raises(DataSetError, match=message):
        export_dataset(ds, tmp_path / "new")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a\0"])
def test_a_name_is_that_of_a_file(tmp_path, name):
    with pytest.raises(DataSetError, match="expected the name of a file, without folders"):
        export_dataset(make(), tmp_path / "new", name=name)
    assert list(tmp_path.iterdir()) == []


def test_an_older_export_is_replaced_only_as_a_whole(tmp_path):
    export_dataset(make(cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2]), tmp_path)
    before = {file: (tmp_path / file).read_bytes() for file in files_in(tmp_path)}
    # a third fold would stay, and be read together with the new ones
    with pytest.raises(DataSetError, match=r"has 1 files that would be read together .*fold_3/features\.csv"):
        export_dataset(make(cv_folds=by_file([0, 1])[:, None] == [0, 1]), tmp_path)
    with pytest.raises(DataSetError, match="has 3 files that would be read together"):
        export_dataset(make(), tmp_path)
    assert {file: (tmp_path / file).read_bytes() for file in files_in(tmp_path)} == before
    export_dataset(make(6, cv_folds=by_file([0, 1, 2], 6)[:, None] == [0, 1, 2]), tmp_path)
    assert import_dataset(tmp_path).sizes["instance"] == 6
    (tmp_path / "file").touch()
    with pytest.raises(DataSetError, match="is a file; expected a directory"):
        export_dataset(make(), tmp_path / "file")


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failed_export_leaves_the_old_files_and_no_debris(tmp_path, exists, error):
    ds = make(cv_folds=by_file([0, 1])[:, None] == [0, 1])
    if exists:
        export_dataset(ds, tmp_path / "a" / "b")
    before = sorted(tmp_path.rglob("*"))
    contents = [path.read_bytes() for path in before if path.is_file()]

    def fail(block, block_info=None):
        if block_info and block_info[0]["chunk-location"][0] == 1:
            raise error
        return block

    blocks = da.from_array(ds.features.values, chunks=(6, 3)).map_blocks(fail, dtype=np.float32)
    with pytest.raises(type(error)):
        export_dataset(ds.assign(features=(ds.features.dims, blocks)), tmp_path / "a" / "b")
    assert sorted(tmp_path.rglob("*")) == before
    assert [path.read_bytes() for path in before if path.is_file()] == contents


#: exports in processes of which each is killed at another call that moves or removes files
KILLED = """
import os, shutil, signal, sys
from skaudeep.io import export_dataset, read_netcdf
new, old, folder = read_netcdf(sys.argv[1]), sys.argv[2], sys.argv[3]
calls = {name: getattr(os, name) for name in ("replace", "unlink", "fsync")}
def killing(name, at, seen):
    def call(*arguments, **options):
        if len(seen) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        seen.append(name)
        return calls[name](*arguments, **options)
    return call
at, status = 0, -1
while status:
    place = os.path.join(folder, str(at))
    shutil.copytree(old, place)
    process = os.fork()
    if not process:
        seen = []
        for name in calls:
            setattr(os, name, killing(name, at, seen))
        export_dataset(new, place, overwrite=True)
        os._exit(0)
    status = os.waitpid(process, 0)[1]
    at += 1
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no kill -9")
@pytest.mark.parametrize("n_folds", [3, 2])
def test_an_export_that_is_killed_is_never_read_as_a_mixture(tmp_path, n_folds):
    old = make(cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2])
    new = make(cv_folds=by_file(range(n_folds))[:, None] == range(n_folds))
    new = new.assign(features=old.features + 1)
    export_dataset(old, tmp_path / "old")
    write(tmp_path / "old", {"notes.txt": "mine", "fold_1/notes.txt": "mine"})
    write_netcdf(new, tmp_path / "new.nc")
    words = [sys.executable, "-c", KILLED, tmp_path / "new.nc", tmp_path / "old", tmp_path]
    subprocess.run(words, check=True, timeout=120)
    export_dataset(new, tmp_path / "whole")
    texts = {name: {file.read_text() for file in (tmp_path / name).glob("*/features.csv")} for name in ("old", "whole")}
    places = sorted(path for path in tmp_path.iterdir() if path.name.isdecimal())
    states = set()
    for place in places:
        left = {file.read_text() for file in place.glob("*/features.csv")}
        assert left <= texts["old"] or left <= texts["whole"]
        try:
            same_instances(import_dataset(place), old if left <= texts["old"] else new)
            states.add("whole")
        except DataSetError as error:
            assert re.search(
                r"export of features\.csv was stopped.*features\.csv\.incomplete.*Export .* again", str(error)
            )
            states.add("incomplete")
            if (place / "fold_1" / "features.csv").exists():
                assert import_dataset(place / "fold_1" / "features.csv").sizes["instance"]
        export_dataset(new, place, overwrite=True)
        same_instances(import_dataset(place), new)
        expected = [f"fold_{i}/features.csv" for i in range(1, n_folds + 1)] + ["fold_1/notes.txt", "notes.txt"]
        assert files_in(place) == sorted(expected)
    assert states == {"whole", "incomplete"} and len(places) > 6


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_export_that_fails_among_its_files_leaves_the_old_ones(tmp_path, monkeypatch, error):
    ds = make(cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2])
    export_dataset(ds, tmp_path)
    before, replace = {file: (tmp_path / file).read_bytes() for file in files_in(tmp_path)}, os.replace
    for at in range(6):
        calls = iter(range(100))

        def fail(*moved, at=at, calls=calls):
            if next(calls) == at:
                raise error
            replace(*moved)

        monkeypatch.setattr(os, "replace", fail)
        with pytest.raises(type(error)):
            export_dataset(ds.assign(features=ds.features + 1), tmp_path)
        assert {file: (tmp_path / file).read_bytes() for file in files_in(tmp_path)} == before


def test_a_part_of_an_incomplete_export_is_refused_and_others_are_not(tmp_path):
    options = {"partition": by_file([0, 1, 2]), "cv_folds": by_file([0, 1, 0, 1])[:, None] == [0, 1]}
    export_dataset(make(**options), tmp_path)
    export_dataset(make(), tmp_path, name="other")
    write(tmp_path, {"features.csv.incomplete": "killed", "third.csv.incomplete": "", "notes.incomplete": "mine"})
    for place in (tmp_path, tmp_path / "train"):
        with pytest.raises(DataSetError, match=r"the export of features\.csv was stopped"):
            import_dataset(place, name="features")
    assert import_dataset(tmp_path, name="other").sizes["instance"] == 12
    export_dataset(make(**options), tmp_path)
    assert not (tmp_path / "features.csv.incomplete").exists()
    same_instances(import_dataset(tmp_path, name="features"), make(**options))


def test_files_that_are_replaced_while_they_are_read_are_refused(tmp_path, monkeypatch):
    ds = make(cv_folds=by_file([0, 1])[:, None] == [0, 1])
    export_dataset(ds, tmp_path)
    read = _csv.read_table

    def replace_and_read(file, **options):
        if file.parent.name == "fold_2":
            export_dataset(ds.assign(features=ds.features + 1), tmp_path)
        return read(file, **options)

    monkeypatch.setattr(_csv, "read_table", replace_and_read)
    with pytest.raises(DataSetError, match="exported anew while it was read"):
        import_dataset(tmp_path)


def test_further_folds_of_an_older_export_are_removed_on_request(tmp_path):
    export_dataset(make(cv_folds=by_file([0, 1, 2])[:, None] == [0, 1, 2]), tmp_path)
    export_dataset(make(), tmp_path, name="other")
    ds = make(partition=by_file([0, 1]))
    with pytest.raises(DataSetError, match="overwrite=True"):
        export_dataset(ds, tmp_path)
    export_dataset(ds, tmp_path, overwrite=True)
    assert files_in(tmp_path) == ["devel/features.csv", "other.csv", "train/features.csv"]
    same_instances(import_dataset(tmp_path, name="features"), ds)


@pytest.mark.parametrize("link", ["symlink_to", "hardlink_to"])
@pytest.mark.parametrize("lazy", [None, 3])
def test_the_file_that_is_exported_is_not_replaced(tmp_path, link, lazy):
    path = tmp_path / "features.nc"
    write_netcdf(make(cv_folds=by_file([0, 1])[:, None] == [0, 1]), path)
    before = path.read_bytes()
    for file in ("fold_2/x.csv", "x.csv", "x.arff"):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        getattr(tmp_path / file, link)(path)
    with read_netcdf(path, chunks=lazy) as ds:
        for write_one in (
            lambda: export_dataset(ds, tmp_path, name="x", overwrite=True),
            lambda: export_dataset(remove_folds(ds), tmp_path, name="x", overwrite=True),
            lambda: write_csv(ds, tmp_path / "x.csv"),
            lambda: write_arff(ds, tmp_path / "x.arff"),
        ):
            with pytest.raises(ValueError, match="it is the file of ds .*which would be lost"):
                write_one()
    assert path.read_bytes() == before and (tmp_path / "fold_2/x.csv").read_bytes() == before


def test_lazy_features_are_computed_once_for_all_files(tmp_path):
    computed = []

    def record(block, block_info=None):
        if block_info:
            computed.append(block_info[0]["chunk-location"][0])
        return block

    ds = make(partition=by_file([0, 1, 2]), cv_folds=np.ones((12, 3)))
    blocks = da.from_array(ds.features.values, chunks=(5, 3)).map_blocks(record, dtype=np.float32)
    lazy = ds.assign(features=(ds.features.dims, blocks))
    export_dataset(lazy, tmp_path)
    assert sorted(computed) == [0, 1, 2]
    same_instances(import_dataset(tmp_path), ds)


def test_memory_does_not_grow_with_a_lazy_data_set(tmp_path):
    code = """
import resource, sys
import dask, dask.array as da, numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import export_dataset
dask.config.set(scheduler="synchronous")
def make(n):
    features = da.random.default_rng(0).random((n, 2048), chunks=(500, 2048), dtype=np.float32)
    return make_dataset(features, [str(i) for i in range(n)], cv_folds=np.arange(n)[:, None] % 2 == [0, 1])
export_dataset(make(5000), sys.argv[1] + "/small")
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
export_dataset(make(40000), sys.argv[1] + "/large")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], capture_output=True, text=True, check=True, timeout=300
    )
    assert int(done.stdout) < 130_000  # KB; the features alone have 280 MB more


# ------------------------------------------------------------------------ for programs that learn from all columns


def read_by_others(path):
    """The columns of a file, by their names, as programs that know nothing of us read them."""
    if path.suffix == ".csv":
        return pd.read_csv(path)
    frame = pd.DataFrame(scipy.io.arff.loadarff(path)[0])
    return frame.map(lambda value: value.decode() if isinstance(value, bytes) else value)


def accuracy(table, label):
    """How often a tree is right that learns a label from all other columns."""
    X = table.drop(columns=label)
    for name in X.select_dtypes(exclude="number"):
        X[name] = pd.factorize(X[name])[0]
    return cross_val_score(DecisionTreeClassifier(random_state=0), X, table[label].astype(str), cv=4).mean()


@FORMATS
def test_for_weka_noise_tells_no_class(tmp_path, format):
    values = np.random.default_rng(0).standard_normal((120, 5))
    labels = np.repeat(["Cat", "Dog", "Sea"], 40)
    ds = make_dataset(values, [f"{label}/{i}.wav" for i, label in enumerate(labels)], label_nominal=labels)
    export_dataset(ds, tmp_path / "weka", format=format, layout="weka", name="x")
    table = read_by_others(tmp_path / "weka" / f"x.{format}")
    assert table.columns.tolist() == [*(f"feature_{i}" for i in range(5)), "label_nominal"]
    assert table["label_nominal"].tolist() == labels.tolist()
    assert accuracy(table, "label_nominal") < 0.6
    write_csv(ds, tmp_path / "all.csv")  # which tells it, in more than one way
    table = pd.read_csv(tmp_path / "all.csv")
    assert accuracy(table, "label_nominal") == 1


@FORMATS
@pytest.mark.parametrize(
    "options",
    [
        {"cv_folds": by_file([0, 1, 2])[:, None] == [0, 1, 2]},
        {"partition": by_file([0, 2])},
        {"partition": by_file([0, 1]), "cv_folds": by_file([0, 0, 1, 1])[:, None] == [0, 1]},
    ],
)
def test_for_weka_all_files_have_the_same_header_and_are_read_again(tmp_path, format, options):
    labels = {"label_map": {"Sea": 4, "Rain": 2, "Dog 'bark', far": 7, "None": 0}}
    names = [["Rain", "Dog 'bark', far", ""][i // 2 % 3] for i in range(12)]
    ds = make(label_nominal=names, **labels, **options)
    export_dataset(ds, tmp_path, format=format, layout="weka", labels_last=False)
    (head,) = {re.split(r"(?<=@DATA)\n|\n(?=[-0-9])", (tmp_path / file).read_text())[0] for file in files_in(tmp_path)}
    assert not re.search("filename|chunk_nr|label_numeric|fold|INTEGER|REAL|STRING", head)
    again = import_dataset(tmp_path)
    assert (again.sizes["instance"], again.sizes["fold"]) == (12, ds.sizes["fold"])
    assert sorted(again.label_nominal.values) == sorted(names)
    classes = ["Dog 'bark', far", "None", "Rain", "Sea"] if format == "arff" else ["Dog 'bark', far", "Rain"]
    assert get_label_map(again) == {name: i for i, name in enumerate(classes)}
    np.testing.assert_array_equal(np.sort(again.features, axis=0), np.sort(ds.features, axis=0))


@FORMATS
@pytest.mark.parametrize(
    ("labels", "last"),
    [
        ({}, "feature_2"),
        ({"label_numeric": np.linspace(0, 1, 12).repeat(1)}, "label_numeric"),
        ({"label_numeric": np.where(np.arange(12) < 6, np.nan, 3.0)}, "label_numeric"),
        ({"label_nominal": [""] * 12, "label_map": {"a": 0, "b": 1}}, "label_nominal"),
        ({"label_nominal": ["a"] * 6 + [""] * 6}, "label_nominal"),
    ],
)
def test_for_weka_the_last_column_is_what_is_known(tmp_path, labels, last, format):
    values = np.random.default_rng(0).standard_normal((12, 3))
    ds = make_dataset(values, [f"{i}.wav" for i in range(12)], **labels)
    export_dataset(ds, tmp_path, format=format, layout="weka")
    (file,) = tmp_path.iterdir()
    text = file.read_text()
    if format == "arff":
        kinds = re.findall(r"@ATTRIBUTE (\S+) (.*)", text)
        assert [name for name, _ in kinds] == ["feature_0", "feature_1", "feature_2", last][: 3 + (last != "feature_2")]
        assert {kind for name, kind in kinds if name != "label_nominal"} == {"NUMERIC"}
        with open(file) as stream:
            assert len(arff.load(stream)["data"]) == 12
    else:
        assert text.split("\n")[0].split(",")[-1] == last
    again = import_dataset(file)
    for variable in ("label_nominal", "label_numeric", "features"):
        if not (format == "csv" and last == "label_nominal"):  # which keeps no class without instances
            np.testing.assert_array_equal(again[variable].values, ds[variable].values)


@FORMATS
def test_a_single_file_has_all_instances_once(tmp_path, format):
    folds = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0]])[by_file([0, 1, 2])]
    ds = make(cv_folds=folds, partition=by_file([0, 1, np.nan]))
    export_dataset(ds, tmp_path, format=format, single_file=True)
    assert files_in(tmp_path) == [f"features.{format}"]
    same_instances(import_dataset(tmp_path), remove_folds(remove_partitions(ds)))
    with pytest.raises(DataSetError, match="would be read together"):
        export_dataset(make(partition=by_file([0, 1])), tmp_path, format=format)


def test_formulas_are_guarded_on_request(tmp_path):
    bad = ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=x", "a;=1", "a\n=1", 'x,"=1"', "-", "a=b", "a-b", "a@b", "'=1"]
    guarded = {name: f"'{name}" for name in [*bad[:6], "-"]} | {"a;=1": "a;'=1", "a\n=1": "a\n'=1", "\r=x": "'\r'=x"}
    n = len(bad)
    ds = make_dataset(-np.ones((n, 1)), bad, label_nominal=bad[::-1], feature_names=["=f"])
    export_dataset(ds, tmp_path, name="plain")
    same_instances(import_dataset(tmp_path, name="plain"), ds)
    export_dataset(ds, tmp_path, name="guarded", guard_formulas=True)
    with open(tmp_path / "guarded.csv", newline="") as stream:
        head, *rows = csv.reader(stream)
    assert head[-1] == "'=f"
    assert [row[0] for row in rows] == [guarded.get(name, name) for name in bad]
    assert [row[2] for row in rows] == [guarded.get(name, name) for name in bad[::-1]]
    assert {row[-1] for row in rows} == {"-1.0"}
    write_csv(ds, tmp_path / "weka.csv", guard_formulas=True, layout="weka")
    assert (tmp_path / "weka.csv").read_text().startswith("'=f,label_nominal\n-1.0,'=1")
    with pytest.raises(ValueError, match="guard_formulas=True: spreadsheets read no ARFF files"):
        export_dataset(ds, tmp_path / "new", format="arff", guard_formulas=True)
    assert not (tmp_path / "new").exists()
