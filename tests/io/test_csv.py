import csv
import io
import itertools

import dask.array as da
import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_csv, write_csv
from skaudeep.io._numbers import format_rows, parse_row
from skaudeep.io.tables import IDENTIFIERS, LABELS

names = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
nasty = st.sampled_from(["a,b", '"', '""', "'", "%", "{", "}", "?", " a ", "\t", "\n", "\r", "\r\n", "\\", "\\n", "NA"])
texts = st.one_of(names, nasty, st.lists(nasty, max_size=4).map("".join))
feature_names = texts.filter(lambda name: name not in ("", *IDENTIFIERS, *LABELS))
singles = st.floats(width=32)
anything = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def ds():
    return make_dataset([[0.5, 1e-5], [0.1, 2.0]], ["a.wav", "b.wav"], label_nominal=["Rain", "Dog bark"])


def same(one, other):
    """The same in everything that a table can hold."""
    xr.testing.assert_identical(one, other)
    assert [one[name].dtype.kind for name in one] == [other[name].dtype.kind for name in other]


@anything
@given(values=st.lists(singles, min_size=1, max_size=30))
@example(values=[0.0, -0.0, 1e-4, 9.999e-5, 1e16, 9.9999e15, 1e-45, 3.4e38, np.nan, np.inf, -np.inf])
def test_numbers_are_written_as_python_writes_them(values):
    block = np.array([values], dtype=np.float32)
    (single,), (double,) = format_rows(block, b"?"), format_rows(block.astype(np.float64), b"?")
    # the shortest digits of float32 are NumPy's, and how they are written is Python's affair
    assert single.decode().split(",") == [
        "?" if np.isnan(x) else repr(float(np.format_float_scientific(x))) for x in block[0]
    ]
    assert double.decode().split(",") == ["?" if np.isnan(x) else repr(x) for x in block[0].tolist()]
    np.testing.assert_array_equal(np.float32(parse_row(single, ["x"] * len(values), "")), block[0])


fields = st.one_of(
    st.floats().map(repr),
    st.integers(-(10**25), 10**25).map(str),
    st.sampled_from(
        ["", "?", " 1", "1 ", ".5", "1.", "+1", "-0", "1e5", "nan", "inf", "-Infinity", "007", "NA", "null"]
    ),
    st.sampled_from(["true", "false", "nul", "1_0", "[1]", "[1", "2]", '"1"', "1e999", "{}", "x", "--1", "1 2", "٣"]),
    st.text("0123456789.eE+-?nul", max_size=6),
)


@settings(max_examples=500)
@given(st.lists(fields, min_size=1, max_size=5))
def test_the_fast_way_of_reading_numbers_is_that_of_float(row):
    def number(text):
        text = text.strip()
        if text in ("", "?", "NA", "null"):
            return np.nan
        if "_" in text or not text.isascii() or (np.isinf(float(text)) and "inf" not in text.lower()):
            raise ValueError
        return float(text)

    line, columns = ",".join(row).encode(), [f"c{i}" for i in range(len(row))]
    try:
        expected = [number(text) for text in row]
    except ValueError:
        with pytest.raises(DataSetError, match="here: .* in the column 'c"):
            parse_row(line, columns, "here")
    else:
        np.testing.assert_array_equal(parse_row(line, columns, "here"), expected)
        np.testing.assert_array_equal(np.signbit(parse_row(line, columns, "here")), np.signbit(expected))


@anything
@given(
    files=st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True),
    labels=st.lists(texts, min_size=4, max_size=4),
    columns=st.lists(feature_names, min_size=2, max_size=2, unique=True),
    labels_last=st.booleans(),
    data=st.data(),
)
def test_anything_round_trips(tmp_path, files, labels, columns, labels_last, data):
    n = len(files)
    values = np.array(data.draw(st.lists(singles, min_size=2 * n, max_size=2 * n)), dtype=np.float32).reshape(n, 2)
    ds = make_dataset(values, files, label_nominal=labels[:n], feature_names=columns)
    path = tmp_path / "any.csv"
    write_csv(ds, path, labels_last=labels_last)
    same(read_csv(path), ds)
    # and as Python and pandas read them
    rows = list(csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True))
    assert [row[0] for row in rows] == ["filename", *files]
    assert rows[0][2:4] == columns if labels_last else rows[0][4:] == columns
    frame = pd.read_csv(path, dtype={"label_nominal": str, "filename": str}, keep_default_na=False, na_values={})
    assert frame["filename"].tolist() == files
    assert frame["label_nominal"].tolist() == labels[:n]


def test_several_dimensions_become_one(tmp_path, rng):
    ds = make_dataset(rng.standard_normal((3, 2, 4)), ["a", "b", "c"])
    write_csv(ds, tmp_path / "x.csv")
    again = read_csv(tmp_path / "x.csv")
    assert again.sizes["generated"] == 8
    np.testing.assert_array_equal(again.features.values, ds.features.values.reshape(3, 8))


def test_a_data_set_without_instances_round_trips(ds, tmp_path):
    write_csv(ds.isel(instance=slice(0)), tmp_path / "x.csv")
    assert dict(read_csv(tmp_path / "x.csv").sizes) == {"instance": 0, "fold": 0, "generated": 2}


def read(tmp_path, text, **options):
    path = tmp_path / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_csv(path, **options)


def test_chunk_nr_is_no_feature(tmp_path):
    ds = read(tmp_path, "chunk_nr,x,filename\n3,0.5,a\n0,1,b\n")
    assert ds.chunk_nr.values.tolist() == [3, 0]
    assert ds.features.values.tolist() == [[0.5], [1.0]]
    # nor are columns that a blank keeps from being found
    assert read(tmp_path, "filename, chunk_nr, x\na, 3, 0.5\n").chunk_nr.values.tolist() == [3]


def test_metadata_may_stand_anywhere(tmp_path):
    text = "x,who,y,z,nr,class,u\n1,a,2,3,0,dog,4\n5,b,6,,1,rain,\n"
    ds = read(tmp_path, text, filename="who", chunk_nr="nr", label_nominal="class")
    np.testing.assert_array_equal(ds.features.values, [[1, 2, 3, 4], [5, 6, np.nan, np.nan]])
    assert ds.generated.values.tolist() == ["x", "y", "z", "u"]
    assert ds.label_nominal.values.tolist() == ["dog", "rain"]


def test_missing_metadata_has_defaults(tmp_path):
    ds = read(tmp_path, "x\n1\n2\n")
    assert ds.filename.values.tolist() == ["table-0", "table-1"]
    assert ds.chunk_nr.values.tolist() == [0, 0]
    assert ds.label_numeric.isnull().all()
    ds = read(tmp_path, "filename,x\na,1\nb,2\na,3\n")
    assert ds.chunk_nr.values.tolist() == [0, 0, 1]


def test_numbers_of_classes(tmp_path):
    # without numbers: sorted order; those that lack one: the lowest free one
    assert read(tmp_path, "label_nominal,x\nb,1\na,1\n").label_map == '[["a", 0], ["b", 1]]'
    text = "label_nominal,label_numeric,x\nd,1,0\nb,,0\na,0,0\nc,,0\n,3,0\n"
    assert read(tmp_path, text).label_map == '[["a", 0], ["b", 2], ["c", 4], ["d", 1]]'


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("start", ["", "\ufeff"])
@pytest.mark.parametrize("last", [True, False])
def test_line_ends_and_byte_order_marks(tmp_path, start, end, last):
    lines = ["filename,x,label_nominal", "a,1,dog", "", '"b ""1""\nx",2,"rain, heavy"', "c,3,dog"]
    ds = read(tmp_path, start + end.join(lines) + end * last)
    assert ds.filename.values.tolist() == ["a", 'b "1"\nx', "c"]
    assert ds.label_nominal.values.tolist() == ["dog", "rain, heavy", "dog"]
    assert ds.features.values.tolist() == [[1], [2], [3]]


def test_quoted_numbers(tmp_path):
    ds = read(tmp_path, '"filename","x","y"\n"a","1.5",""\n"b","1e-5","-inf"\n')
    np.testing.assert_array_equal(ds.features.values, np.float32([[1.5, np.nan], [1e-5, -np.inf]]))


BAD = {
    "": "is empty",
    "\n\n": "is empty",
    "filename,x\na,1,2\n": "line 2: got 3 values, expected 2",
    "filename,x,y\na,1,2\n\nb,1\n": "line 4: got 2 values, expected 3",
    "x,y,filename\n1,a\n": "line 2: got 2 values, expected 3",
    'filename,x\n"a",1,2\n': "line 2: got 3 values, expected 2",
    "filename,x\na,dog\n": r"line 2: 'dog' in the column 'x' is not a number",
    'filename,x\na,"1,2"\n': "line 2: got 3 values|line 2: '1,2'",
    "filename,x,y\na,1,NaN\nb,1,true\n": r"line 3: 'true' in the column 'y' is not a number",
    "filename,x\na,1e39\n": "line 2: 1e\\+39 in the column 'x' is beyond the range of float32",
    "filename,x\na,1e999\n": "line 2: '1e999' in the column 'x' is not a number",
    "filename,x\na,1\n,2\n": "line 3: the file name is missing",
    "filename,chunk_nr,x\na,0,1\na,0,2\n": "line 3: chunk 0 of 'a' is there a second time",
    "filename,chunk_nr,x\na,,1\n": "line 2: expected a whole number from 0 as number of the chunk, got nan",
    "filename,chunk_nr,x\na,-1,1\n": "line 2: .* got -1",
    "filename,chunk_nr,x\na,0.5,1\n": "line 2: .* got 0.5",
    "filename,chunk_nr,x\na,first,1\n": "line 2: expected a number as chunk_nr, got 'first'",
    "label_numeric,x\n1,1\ndog,2\n": "line 3: expected a number as label_numeric, got 'dog'",
    "label_nominal,label_numeric,x\na,1,1\na,2,1\n": "line 3: the class 'a' has the number 2, but in .*line 2",
    "label_nominal,label_numeric,x\na,1,1\nb,1,1\n": "line 3: the class 'b' has the number 1, but in .*line 2",
    "label_nominal,label_numeric,x\na,0.5,1\n": "line 2: the class 'a' has the number 0.5, which is not whole",
    "label_nominal,label_numeric,x\na,inf,1\n": "line 2: the label_numeric inf is beyond",
    "label_numeric,x\n1e300,1\n": "line 2: the label_numeric 1e\\+300 is beyond",
    "filename,x,x\na,1,2\n": "two columns are called 'x'",
    "filename,label_nominal\na,b\n": "no column is left for features",
    'filename,x\n"a,1\n': "line 2: unexpected end of data",
    'filename,x\n"a"b,1\n': "line 2: ',' expected after '\"'",
    "filename,x\na,1\rb,2\r": "line 2: new-line character",
    b"filename,x\n\xe4,1\n": "line 2: .* is not UTF-8",
    b"filename,\xe4\na,1\n": "line 1.* is not UTF-8",
    b"filename,x\na,\xe4\n": "line 2: .* in the column 'x' is not a number",
    b"filename,x\na\0,1\n": "line 2: holds a NUL byte",
    "filename,x\na,1\n".encode("utf-16"): "line 1: holds a NUL byte",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_errors_name_file_and_line(tmp_path, text):
    with pytest.raises(DataSetError, match=f"table.csv.*(?:{BAD[text]})"):
        read(tmp_path, text)


def test_a_file_may_have_braces_in_its_name(tmp_path):
    (tmp_path / "{x}.csv").write_text("filename,x\n,1\n")
    with pytest.raises(DataSetError, match=r"\{x\}.csv, line 2: the file name is missing"):
        read_csv(tmp_path / "{x}.csv")


def test_a_column_that_was_asked_for_must_be_there(tmp_path):
    with pytest.raises(DataSetError, match="label_nominal='klass': there is no such column, only 'class', 'x'"):
        read(tmp_path, "class,x\n1,2\n", label_nominal="klass")
    with pytest.raises(DataSetError, match="expected a different column for each variable"):
        read(tmp_path, "class,x\n1,2\n", label_nominal="class", label_numeric="class")


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(DataSetError, match=r"Cannot read .*none\.csv: there is no such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(DataSetError, match="Cannot read .*: Is a directory"):
        read_csv(tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda ds: ds.drop_vars("partition"), "lacks partition"),
        (lambda ds: ds.isel(generated=slice(0)), "has no features"),
        (lambda ds: ds.assign_coords(generated=["x", "filename"]), "all feature names must differ, also from filename"),
        (lambda ds: ds.assign_coords(generated=["x", "x"]), "all feature names must differ"),
        (lambda ds: ds.assign(filename=("instance", ["a", ""])), "instance 1 has no filename"),
        (lambda ds: ds.assign(filename=("instance", np.array(["a\0b", "c"]))), r"filename: 'a\\x00b' holds"),
        (lambda ds: ds.assign(label_numeric=("instance", [1e300, 0])), r"label_numeric is infinite or beyond 2\*\*53"),
        (lambda ds: ds.assign(label_nominal=("instance", ["\ud800", "c"])), r"label_nominal: '\\ud800' holds"),
    ],
)
def test_what_cannot_be_written(ds, tmp_path, change, message):
    with pytest.raises(DataSetError, match=message):
        write_csv(change(ds), tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_data_set_is_not_changed_by_writing(ds, tmp_path):
    before = ds.copy(deep=True)
    write_csv(ds, tmp_path / "x.csv")
    same(ds, before)


@pytest.mark.parametrize("error", [OSError("No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("exists", [True, False])
def test_a_failed_write_leaves_the_old_file_and_no_debris(ds, tmp_path, exists, error):
    path = tmp_path / "x.csv"
    if exists:
        write_csv(ds, path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}

    def fail(block, block_info=None):
        if block_info and block_info[0]["chunk-location"][0] == 1:
            raise error
        return block

    blocks = da.from_array(ds.features.values, chunks=(1, 2)).map_blocks(fail, dtype=np.float32)
    with pytest.raises(type(error)):
        write_csv(ds.assign(features=(ds.features.dims, blocks)), path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert len(before) == exists


def test_lazy_features_are_computed_once_and_in_blocks(tmp_path, monkeypatch, rng):
    monkeypatch.setattr("skaudeep.io.blocks.BLOCK_BYTES", 4 * 8 * 10)
    values = rng.standard_normal((95, 8)).astype(np.float32)
    computed = []

    def record(block, block_info=None):
        if block_info:
            computed.append(block_info[0]["chunk-location"])
        return block

    blocks = da.from_array(values, chunks=((7, 3, 30, 1, 1, 1, 52), (3, 5))).map_blocks(record, dtype=np.float32)
    lazy = make_dataset(blocks, [f"{i}.wav" for i in range(95)])
    write_csv(lazy, tmp_path / "lazy.csv")
    assert sorted(computed) == list(itertools.product(range(7), range(2)))
    eager = lazy.assign(features=(lazy.features.dims, values))
    write_csv(eager, tmp_path / "eager.csv")
    assert (tmp_path / "lazy.csv").read_bytes() == (tmp_path / "eager.csv").read_bytes()
    same(read_csv(tmp_path / "lazy.csv"), eager)


def test_a_symbolic_link_stays_one(ds, tmp_path):
    target, link = tmp_path / "target.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    write_csv(ds, link)
    assert link.is_symlink()
    assert target.is_file()


@pytest.mark.parametrize("text", [",filename,x\n0,a,1\n", "filename,x,\na,1,\n"])
def test_a_column_without_a_name_is_no_feature(tmp_path, text):
    (tmp_path / "x.csv").write_text(text)
    with pytest.raises(DataSetError, match=r"x\.csv.*: column [13] has no name; .*to_csv\(index=False\)"):
        read_csv(tmp_path / "x.csv")


def test_a_line_of_prose_is_no_table(tmp_path):
    (tmp_path / "x.csv").write_text("This is not a table.")
    with pytest.raises(DataSetError, match=r"x\.csv: there are no instances, and none of the columns filename"):
        read_csv(tmp_path / "x.csv")


@pytest.mark.parametrize("name", ["class", "Label", "target", "speaker_id", "fold", "start_time", "split"])
def test_features_that_may_be_labels_and_the_like(tmp_path, name):
    (tmp_path / "t.csv").write_text(f"filename,{name},F0_offset,voiced_length\na.wav,3,1,2\n")
    message = f"t.csv: '{name}' may not be features, .*pass label_nominal='{name}'"
    with pytest.warns(UserWarning, match=message) as warned:
        ds = read_csv(tmp_path / "t.csv")
    assert ds.generated.values.tolist() == [name, "F0_offset", "voiced_length"]
    assert warned[0].filename == __file__
    assert read_csv(tmp_path / "t.csv", label_nominal=name).label_nominal.values.tolist() == ["3"]


def test_features_may_be_called_so_beside_labels(tmp_path):
    (tmp_path / "t.csv").write_text("filename,label_nominal,valence,length,mean_class\na.wav,x,3,1,2\n")
    assert read_csv(tmp_path / "t.csv").sizes["generated"] == 3
