import arff
import numpy as np
import pytest
import scipy.io.arff
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_arff, read_netcdf, write_arff
from skaudeep.io.tables import IDENTIFIERS, LABELS

words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
nasty = st.sampled_from(
    ["a,b", '"', "'", "\\'", "%", "{", "}", "?", " a ", "\t", "\n", "\r", "\\", "\\n", "\x01", "@data"]
)
texts = st.one_of(words, nasty, st.lists(nasty, max_size=4).map("".join))
feature_names = texts.filter(lambda name: name not in ("", *IDENTIFIERS, *LABELS))
singles = st.floats(width=32)
anything = settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(one, other):
    """The same in everything that a table can hold."""
    xr.testing.assert_identical(one, other)
    assert [one[name].dtype.kind for name in one] == [other[name].dtype.kind for name in other]


def load(path):
    with open(path, encoding="utf-8") as file:
        return arff.load(file)


def literal(name):
    """Whether liac-arff, which knows no escapes in names of attributes, can read one."""
    return not (
        ("'" in name and '"' in name)
        or name.strip("'\"") != name
        or set(name) & set("\n\r")
        or ("\\" in name and any(char.isspace() or char in "{},%'\"" or char < " " or char == "\x7f" for char in name))
    )


@anything
@given(
    files=st.lists(texts.filter(bool), min_size=1, max_size=4, unique=True),
    labels=st.lists(texts, min_size=4, max_size=4),
    columns=st.lists(feature_names, min_size=2, max_size=2, unique=True),
    labels_last=st.booleans(),
    relation=texts,
    data=st.data(),
)
def test_anything_round_trips(tmp_path, files, labels, columns, labels_last, relation, data):
    n = len(files)
    values = np.array(data.draw(st.lists(singles, min_size=2 * n, max_size=2 * n)), dtype=np.float32).reshape(n, 2)
    ds = make_dataset(values, files, label_nominal=labels[:n], feature_names=columns)
    path = tmp_path / "any.arff"
    write_arff(ds, path, labels_last=labels_last, relation=relation)
    same(read_arff(path), ds)
    # and as liac-arff reads it, whatever the names of files and classes are
    if not all(map(literal, [*columns, relation])):
        ds = ds.assign_coords(generated=["x", "y"])
        write_arff(ds, path, labels_last=labels_last)
    loaded = load(path)
    names = [name for name, _ in loaded["attributes"]]
    rows = [dict(zip(names, row, strict=True)) for row in loaded["data"]]
    assert [row["filename"] for row in rows] == files
    assert [row.get("label_nominal") or "" for row in rows] == labels[:n]
    read = [[np.nan if row[name] is None else row[name] for name in ds.generated.values.tolist()] for row in rows]
    np.testing.assert_array_equal(np.float32(read), values)


plain = st.text("abcXYZ019_.-", min_size=1, max_size=5).filter(lambda text: text.strip("-._"))


@anything
@given(labels=st.lists(plain, min_size=3, max_size=3), columns=st.lists(plain, min_size=2, max_size=2, unique=True))
def test_scipy_reads_what_has_no_identifiers(tmp_path, labels, columns):
    values = np.float32([[0.5, np.nan], [1e-5, -1], [3e20, 0]])
    ds = make_dataset(values, ["a", "b", "c"], label_nominal=labels, feature_names=columns)
    write_arff(ds, tmp_path / "any.arff", identifiers=False)
    data, meta = scipy.io.arff.loadarff(tmp_path / "any.arff")
    assert meta.names() == ["label_nominal", "label_numeric", *columns]
    assert [label.decode() for label in data["label_nominal"]] == labels
    np.testing.assert_array_equal(np.float32([data[name] for name in columns]).T, values)
    again = read_arff(tmp_path / "any.arff")
    assert again.filename.values.tolist() == ["any-0", "any-1", "any-2"]
    same(again.assign(filename=ds.filename), ds)


def test_scipy_reads_quoted_classes_if_the_first_row_has_one(shared, tmp_path):
    ds = read_netcdf(shared / "reference" / "datasets" / "cv4.nc")
    assert ds.label_nominal.values[0] == "Rooster"
    ds = ds.isel(instance=slice(1, None))
    write_arff(ds, tmp_path / "any.arff", identifiers=False)
    data, _ = scipy.io.arff.loadarff(tmp_path / "any.arff")
    assert data["label_nominal"].astype(str).tolist() == ds.label_nominal.values.tolist()


def test_types_of_labels(tmp_path):
    ds = make_dataset(np.ones((2, 1)), ["a", "b"], label_numeric=[0.5, np.nan])
    for numeric, kind in (([0.5, np.nan], "REAL"), ([2.0, np.nan], "INTEGER")):
        write_arff(ds.assign(label_numeric=("instance", numeric)), tmp_path / "x.arff")
        names = [("filename", "STRING"), ("chunk_nr", "INTEGER"), ("label_numeric", kind), ("feature_0", "REAL")]
        assert load(tmp_path / "x.arff")["attributes"] == names
    write_arff(ds.assign(label_numeric=("instance", [np.nan] * 2)), tmp_path / "x.arff", identifiers=False)
    assert load(tmp_path / "x.arff")["attributes"] == [("feature_0", "REAL")]


def test_many_classes_stay_in_order(tmp_path):
    names = [f"class {i}, 'it'" for i in range(200)]
    ds = make_dataset(np.ones((1, 1)), ["a"], label_nominal=names[-1:], label_map={n: i for i, n in enumerate(names)})
    write_arff(ds, tmp_path / "x.arff")
    assert dict(load(tmp_path / "x.arff")["attributes"])["label_nominal"] == sorted(names)


def test_a_data_set_without_instances_keeps_its_classes(tmp_path):
    ds = make_dataset(np.ones((2, 3)), ["a", "b"], label_nominal=["x", "y"]).isel(instance=slice(0))
    write_arff(ds, tmp_path / "x.arff")
    again = read_arff(tmp_path / "x.arff")
    assert again.sizes["instance"] == 0
    assert again.label_map == ds.label_map


def test_infinite_numbers_are_as_liac_arff_reads_them(tmp_path):
    write_arff(make_dataset([[np.inf, -np.inf]], ["a"]), tmp_path / "x.arff")
    assert load(tmp_path / "x.arff")["data"] == [["a", 0.0, np.inf, -np.inf]]


def read(tmp_path, text, **options):
    path = tmp_path / "table.arff"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_arff(path, **options)


def test_chunk_nr_is_no_feature(tmp_path):
    ds = read(tmp_path, "@relation r\n@attribute chunk_nr integer\n@attribute x real\n@data\n3,0.5\n")
    assert ds.chunk_nr.values.tolist() == [3]
    assert ds.features.values.tolist() == [[0.5]]


def test_what_others_write(tmp_path):
    text = (
        """% a comment
@RELATION 'it''s'

  @Attribute "the file" String % the name
@ATTRIBUTE\tclass\t{ dog,'sea waves' , "rain, 'heavy'",wind}
@attribute x{1}y NUMERIC
""".replace("{1}", "1")
        + r"""@attribute 'y \'z\'' real [0, 1]
@attribute n INTEGER
@DATA

% another
 'a b' , dog,	1. ,+.5,0
"it's", 'sea waves' ,?, 1e-3, -7
%x
c\d,"rain, 'heavy'",,NaN,1
'\u00e9\x\101\t"\\',?,1,2,3
{0 e, 1 "sea waves", 4 2.5}
{ 0 'f' }
"""
    )
    ds = read(tmp_path, text, filename="the file", label_nominal="class")
    assert ds.filename.values.tolist() == ["a b", "it's", "c\\d", 'éxA\t"\\', "e", "f"]
    assert ds.label_nominal.values.tolist() == ["dog", "sea waves", "rain, 'heavy'", "", "sea waves", "dog"]
    assert ds.generated.values.tolist() == ["x1y", "y 'z'", "n"]
    expected = [[1, 0.5, 0], [np.nan, 1e-3, -7], [np.nan, np.nan, 1], [1, 2, 3], [0, 0, 2.5], [0, 0, 0]]
    np.testing.assert_array_equal(ds.features.values, np.float32(expected))
    assert ds.label_map == """[["dog", 0], ["rain, 'heavy'", 1], ["sea waves", 2], ["wind", 3]]"""


@pytest.mark.parametrize("kind", ["date", 'date "yyyy-MM-dd"', "relational"])
def test_liac_arff_reads_no_types_that_our_reader_refuses(kind):
    with pytest.raises(arff.BadAttributeType):
        arff.loads(f"@relation r\n@attribute x {kind}\n@data\n")


@anything
@given(st.lists(st.dictionaries(st.integers(1, 4), singles.map(float), max_size=4), min_size=1, max_size=3))
def test_sparse_rows_are_what_liac_arff_reads(tmp_path, rows):
    names = "".join(f"@attribute x{i} numeric\n" for i in range(5))
    fields = [", ".join(f"{i} {value!r}" for i, value in row.items()) for row in rows]
    text = f"@relation r\n{names}@data\n" + "".join(f"{{{line}}}\n" for line in fields)
    np.testing.assert_array_equal(read(tmp_path, text).features.values, np.float32(arff.loads(text)["data"]))


@pytest.mark.parametrize("order", [["x", "s", "y", "c", "z"], ["x", "y", "z", "s", "c"], ["s", "c", "x", "y", "z"]])
def test_metadata_may_stand_anywhere(tmp_path, order):
    types = {"s": "filename string", "c": "label_nominal {dog, 'sea waves'}"}
    rows = [{"s": "a", "c": "dog", "x": "1", "y": "2", "z": "3"}, {"s": "'b c'", "c": "'sea waves'", "x": "?"}]
    head = "\n".join(f"@attribute {types.get(name, name + ' real')}" for name in order)
    data = "\n".join(",".join(row.get(name, "'4'") for name in order) for row in rows)
    ds = read(tmp_path, f"@relation r\n{head}\n@data\n{data}\n")
    assert ds.filename.values.tolist() == ["a", "b c"]
    assert ds.label_nominal.values.tolist() == ["dog", "sea waves"]
    np.testing.assert_array_equal(ds.features.values, [[1, 2, 3], [np.nan, 4, 4]])


def test_classes_without_instances_have_the_lowest_free_numbers(tmp_path):
    text = "@attribute label_nominal {d, c, b, a}\n@attribute label_numeric real\n@attribute x real\n@data\nb,1,0\n"
    assert read(tmp_path, text).label_map == '[["a", 0], ["b", 1], ["c", 2], ["d", 3]]'


HEAD = "@relation r\n@attribute filename string\n@attribute label_nominal {a, 'b c'}\n@attribute x real\n@data\n"
BAD = {
    "": "is not an ARFF file, or its end is missing: there is no line @data",
    "@relation r\n@attribute x real\n": "there is no line @data",
    "filename,x\na,1\n": "line 1: expected @relation, @attribute or @data, got b'filename,x'",
    "@relation r\n@attribute x\n@data\n": "line 2: the attribute 'x' has the type ''",
    "@attribute x date 'yyyy'\n@data\n": "line 1: the attribute 'x' has the type .*date.*dates and relations are not",
    "@attribute x relational\n@attribute y real\n@end x\n@data\n": "line 1: the attribute 'x' has the type 'relat",
    "@attribute x {a b}\n@attribute y real\n@data\n": "the attribute 'x' is nominal",
    "@attribute x {a\n@data\n": "line 1: the attribute 'x' has the type",
    "@attribute 'x real\n@data\n": "line 1: expected @attribute NAME TYPE",
    "@attribute x real\n@attribute x real\n@data\n": "line 2: a second attribute is called 'x'",
    "@attribute x string\n@attribute y real\n@data\n": "the attribute 'x' is string, but features are numeric",
    "@attribute filename string\n@data\n": "no column is left for features",
    "@data\n1\n": "no column is left for features",
    HEAD + "f,a,1,2\n": "line 6: got 4 values, expected 3",
    HEAD + "f,a\n": "line 6: got 2 values, expected 3",
    HEAD + "f,'b c'\n": "line 6: got 2 values, expected 3",
    HEAD + "\nf,a,dog\n": "line 7: 'dog' in the column 'x' is not a number",
    HEAD + "f,a,'dog, cat'\n": "line 6: got 4 values|line 6: 'dog, cat'",
    HEAD + "f,'a,1\n": "line 6: expected values with commas between them",
    HEAD + "it's,a,1\n": "line 6: expected values with commas between them",
    HEAD + "f,'b c'd,1\n": "line 6: expected values with commas between them",
    HEAD + "f,dog,1\n": "line 6: the class 'dog' is not among those that the header declares",
    HEAD + "?,a,1\n": "line 6: the file name is missing",
    HEAD + "'',a,1\n": "line 6: the file name is missing",
    HEAD + "{1 a, 2 1}\n": "line 6: the file name is missing",
    HEAD + "{0 f, 3 1}\n": "line 6: expected {NUMBER VALUE, ...} with each of the numbers 0 to 2",
    HEAD + "{0 f, 0 1}\n": "line 6: expected {NUMBER VALUE, ...}",
    HEAD + "{0 f, 2}\n": "line 6: expected {NUMBER VALUE, ...}",
    HEAD + "{0 f\n": "line 6: expected values with commas",
    HEAD + "'\\ud800',a,1\n": "line 6: a value holds an escaped character that is not text",
    HEAD + "'\\0',a,1\n": "line 6: a value holds an escaped character that is not text",
    HEAD + "f,a,1e39\n": "line 6: 1e\\+39 in the column 'x' is beyond",
    HEAD.encode() + b"\xe4,a,1\n": "line 6: .* is not UTF-8",
    HEAD.encode() + b"'\xe4',a,1\n": "line 6: .* is not UTF-8",
    HEAD.encode() + b"f\0,a,1\n": "line 6: holds a NUL byte",
    b"@attribute \xe4 real\n@data\n": "line 1: .* is not UTF-8",
}


@pytest.mark.parametrize("text", BAD, ids=range(len(BAD)))
def test_errors_name_file_and_line(tmp_path, text):
    with pytest.raises(DataSetError, match=f"table.arff.*(?:{BAD[text]})"):
        read(tmp_path, text)


def test_what_cannot_be_written(tmp_path):
    ds = make_dataset([[1.0]], ["a"])
    with pytest.raises(DataSetError, match=r"relation: 'a\\x00' holds a character"):
        write_arff(ds, tmp_path / "x.arff", relation="a\0")
    with pytest.raises(DataSetError, match="all feature names must differ, also from"):
        write_arff(ds.assign_coords(generated=["label_numeric"]), tmp_path / "x.arff")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "line", ["'" * 99_999, " " * 99_999 + "'", "\\'" * 50_000, "'" + "\\" * 99_999, "{" + " 1," * 40_000]
)
def test_hostile_lines_come_to_an_end(tmp_path, line):
    with pytest.raises(DataSetError, match="line 6"):
        read(tmp_path, HEAD + line + "\n")
    with pytest.raises(DataSetError, match=r"line 1|line @data"):
        read(tmp_path, "@attribute x {" + line + "\n")
    with pytest.raises(DataSetError, match=r"line 1|line @data"):
        read(tmp_path, "@attribute " + line + "\n")
