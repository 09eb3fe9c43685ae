import itertools

import arff
import numpy as np
import pytest
import xarray as xr

from skaudeep import io
from skaudeep.datamodel import get_label_map, make_dataset
from skaudeep.io.formats import FORMATS, load_format

LABELS = [
    {"label_numeric": [0.5, np.nan, -3.0]},
    {"label_numeric": [3, 1, 2]},
    {"label_numeric": [1.0, np.nan, 3.0]},
    {"label_numeric": [-(2.0**53), np.nan, 2.0**53]},
    {},
    {"label_nominal": ["b", "", "a"], "label_numeric": [7, 3, 5]},
    {"label_nominal": ["b", "", "a"], "label_map": {"a": 5, "b": 2}},
    {"label_nominal": ["NA", "null", "nan"]},
    {"label_nominal": ["NA", "?", "nan"]},
]
#: With classes that no instance has, which CSV files do not tell.
DECLARED = [
    {"label_nominal": ["b", "?", "a"], "label_map": {"?": 0, "a": 1, "b": 2, "c": 3}},
    {"label_map": {"a": 0, "b": 1}},
]


@pytest.mark.parametrize(
    ("name", "labels"), [*itertools.product(FORMATS, LABELS), *itertools.product(["arff"], DECLARED)]
)
@pytest.mark.parametrize("labels_last", [False, True])
def test_labels_round_trip(tmp_path, name, labels, labels_last):
    ds = make_dataset(np.ones((3, 1)), ["a", "a", "b"], chunk_nr=[0, 1, 0], **labels)
    getattr(io, f"write_{name}")(ds, tmp_path / "any", labels_last=labels_last)
    again = getattr(io, f"read_{name}")(tmp_path / "any")
    xr.testing.assert_identical(again, ds)
    assert [again[variable].dtype.kind for variable in ds] == [ds[variable].dtype.kind for variable in ds]
    if name == "arff":
        arff.loads((tmp_path / "any").read_text())


@pytest.mark.parametrize("name", FORMATS)
def test_formats_have_what_directories_need(name):
    assert {"plan", "read_table"} <= set(dir(load_format(name)))


@pytest.mark.parametrize("labels_last", [False, True])
@pytest.mark.parametrize("fold", range(1, 6))
@pytest.mark.parametrize("name", FORMATS)
def test_files_of_the_original_byte_by_byte(shared, tmp_path, name, fold, labels_last):
    folder = shared / "reference" / "exports" / f"{name}{'-labels-last' * labels_last}"
    (original,) = folder.glob(f"fold_{fold}/*.{name}")
    ds = io.read_netcdf(shared / "reference" / "models" / "t-rae-gru" / "representation.nc")
    part = ds.isel(instance=ds.cv_folds.values[:, fold - 1] == 1)
    getattr(io, f"write_{name}")(part, tmp_path / "part", labels_last=labels_last)
    assert (tmp_path / "part").read_bytes() == original.read_bytes()
    again = getattr(io, f"read_{name}")(original)
    for variable in ("filename", "chunk_nr", "label_nominal", "label_numeric", "features"):
        xr.testing.assert_equal(again[variable], part[variable])
    if name == "arff":  # which declares classes without instances, too
        assert set(get_label_map(again)) == set(get_label_map(ds))
