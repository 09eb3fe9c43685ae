import json
import os

import dask.array as da
import netCDF4
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import read_netcdf, write_netcdf

ORIGINALS = (
    *(f"datasets/{name}.nc" for name in ("cv4", "chunks-fused", "chunks-rep", "esc20-mel128", "fused", "nocv")),
    *(f"datasets/{name}.nc" for name in ("partial", "partitioned", "rep32-400", "unbalanced", "upsampled")),
    *(f"models/{name}-gru/representation.nc" for name in ("t-rae", "f-rae", "ft-rae")),
)


@pytest.fixture
def ds():
    return make_dataset(np.arange(6.0).reshape(3, 2), ["a", "b", "c"], label_nominal=["x", "", "y"], cv_folds=np.eye(3))


def layout(path):
    """Everything that a NetCDF library tells about a file but the values."""
    with netCDF4.Dataset(path) as file:
        variables = {
            name: (
                variable.dtype, variable.dimensions, variable.chunking(), variable.filters(), variable.endian(),
                {key: str(variable.getncattr(key)) for key in variable.ncattrs()},
            )
            for name, variable in file.variables.items()
        }  # fmt: skip
        attributes = {key: (type(file.getncattr(key)), file.getncattr(key)) for key in file.ncattrs()}
        dimensions = {name: (len(dim), dim.isunlimited()) for name, dim in file.dimensions.items()}
        return list(variables.items()), attributes, list(dimensions.items()), file.data_model, file.disk_format


@pytest.mark.parametrize("name", ORIGINALS)
def test_original_files_survive_a_round_trip(shared, tmp_path, name):
    original, copy = shared / "reference" / name, tmp_path / "copy.nc"
    write_netcdf(read_netcdf(original), copy)
    assert layout(copy) == layout(original)
    with netCDF4.Dataset(original) as one, netCDF4.Dataset(copy) as other:
        for variable in one.variables:
            np.testing.assert_array_equal(np.ma.getdata(one[variable][:]), np.ma.getdata(other[variable][:]))


@pytest.mark.parametrize("name", ["partial", "nocv", "esc20-mel128"])
def test_made_data_sets_have_the_layout_of_the_original(shared, tmp_path, name):
    path = shared / "reference" / "datasets" / f"{name}.nc"
    ds = read_netcdf(path)
    # Copies of the bare values, which carry nothing over from the file.
    folds = ds.cv_folds.values.copy() if ds.sizes["fold"] else None
    made = make_dataset(
        ds.features.values.copy(),
        ds.filename.values.tolist(),
        label_nominal=ds.label_nominal.values.tolist(),
        label_map=dict(json.loads(ds.label_map)),
        cv_folds=folds,
        partition=ds.partition.values.copy(),
    )
    write_netcdf(made, tmp_path / "made.nc")
    assert layout(tmp_path / "made.nc") == layout(path)


def test_a_part_of_a_file_can_be_written(shared, tmp_path):
    ds = read_netcdf(shared / "reference" / "datasets" / "nocv.nc").isel(instance=slice(3))
    write_netcdf(ds, tmp_path / "part.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "part.nc"), ds)


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    names=st.lists(text.filter(bool), min_size=1, max_size=4),
    labels=st.lists(text, min_size=4, max_size=4),
    partition=st.lists(st.sampled_from([0, 1, 2, None]), min_size=4, max_size=4),
    data=st.data(),
)
def test_anything_round_trips(tmp_path, names, labels, partition, data):
    n = len(names)
    values = data.draw(st.lists(st.floats(width=32), min_size=2 * n, max_size=2 * n))
    ds = make_dataset(np.array(values).reshape(n, 2), names, label_nominal=labels[:n], partition=partition[:n])
    write_netcdf(ds, tmp_path / "any.nc")
    again = read_netcdf(tmp_path / "any.nc")
    xr.testing.assert_identical(again, ds)
    assert [again[name].dtype.kind for name in again] == [ds[name].dtype.kind for name in ds]


def test_further_variables_are_kept(ds, tmp_path):
    ds["seconds"] = ("instance", [1.0, 2.0, 3.0], {"units": "seconds"})
    write_netcdf(ds, tmp_path / "more.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "more.nc"), ds)


def fail_at_the_end(block, block_info=None):
    if block_info and block_info[0]["chunk-location"][0] == 2:
        raise OSError("No space left on device")
    return block


def test_what_the_library_says_of_a_full_disk_names_the_file(ds, tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise RuntimeError("NetCDF: HDF error")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", full)
    with pytest.raises(OSError, match=r"full\.nc: cannot be written \(NetCDF: HDF error\); is the disk full"):
        write_netcdf(ds, tmp_path / "full.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exists", [True, False])
def test_a_failed_write_leaves_the_old_file_and_no_debris(ds, tmp_path, exists):
    path = tmp_path / "features.nc"
    if exists:
        write_netcdf(ds, path)
    before = {file: file.read_bytes() for file in tmp_path.iterdir()}
    blocks = da.from_array(ds.features.values, chunks=(1, 2)).map_blocks(fail_at_the_end, dtype=np.float32)
    with pytest.raises(OSError, match="No space left"):
        write_netcdf(ds.assign(features=(ds.features.dims, blocks)), path)
    assert {file: file.read_bytes() for file in tmp_path.iterdir()} == before
    assert len(before) == exists


def test_an_interrupted_write_leaves_the_old_file(ds, tmp_path, monkeypatch):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    before = path.read_bytes()
    whole = xr.Dataset.to_netcdf

    def interrupted(self, *args, **kwargs):
        whole(self, *args, **kwargs)
        raise KeyboardInterrupt

    monkeypatch.setattr(xr.Dataset, "to_netcdf", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_netcdf(ds.isel(instance=[0]), path)
    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == before


def test_a_file_is_replaced_while_it_is_read(ds, tmp_path):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    with netCDF4.Dataset(path) as reader:
        write_netcdf(ds.isel(instance=[2]), path)
        assert len(reader.dimensions["instance"]) == 3
        assert reader["filename"][:].tolist() == ["a", "b", "c"]
    assert read_netcdf(path).filename.values.tolist() == ["c"]


def test_reading_leaves_the_file_closed_and_its_data_in_memory(ds, tmp_path):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    again = read_netcdf(path)
    path.unlink()
    xr.testing.assert_identical(again, ds)


def test_a_symbolic_link_stays_one(ds, tmp_path):
    target, link = tmp_path / "target.nc", tmp_path / "link.nc"
    link.symlink_to(target)
    write_netcdf(ds, link)
    assert link.is_symlink()
    assert os.path.samefile(link, target)
    xr.testing.assert_identical(read_netcdf(target), ds)


def test_errors_of_reading_name_the_file(ds, tmp_path):
    path = tmp_path / "features.nc"
    with pytest.raises(DataSetError, match=r"Cannot read .*features\.nc: there is no such file"):
        read_netcdf(path)
    path.write_text("This is no NetCDF file.")
    with pytest.raises(DataSetError, match=r"Cannot read .*features\.nc: it is not a NetCDF-4 file, or it is dam"):
        read_netcdf(path)
    write_netcdf(ds, path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataSetError, match=r"Cannot read .*features\.nc"):
        read_netcdf(path)
    ds.drop_vars("features").to_netcdf(path, engine="netcdf4")
    with pytest.raises(DataSetError, match=r"features\.nc is no data set .* lacks features"):
        read_netcdf(path)


def test_errors_of_writing(ds, tmp_path):
    with pytest.raises(DataSetError, match=r"ds is no data set .* lacks filename"):
        write_netcdf(ds.drop_vars("filename"), tmp_path / "features.nc")
    with pytest.raises(FileNotFoundError, match=r"no-such"):
        write_netcdf(ds, tmp_path / "no-such" / "features.nc")
    assert list(tmp_path.iterdir()) == []
