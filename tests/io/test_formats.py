import pytest
import xarray as xr

from skaudeep import io
from skaudeep.datamodel import get_label_map
from skaudeep.io.formats import FORMATS, load_format


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
