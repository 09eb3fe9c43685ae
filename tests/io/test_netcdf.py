import itertools
import json
import os
import pickle
import re
import shutil
import subprocess
import sys

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
from skaudeep.io.blocks import feature_blocks

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
    path.write_text("This is not a NetCDF file.")
    with pytest.raises(DataSetError, match=r"Cannot read .*features\.nc: it is not a NetCDF-4 file, or it is dam"):
        read_netcdf(path)
    write_netcdf(ds, path)
    path.write_bytes(path.read_bytes()[:3000])
    with pytest.raises(DataSetError, match=r"Cannot read .*features\.nc"):
        read_netcdf(path)
    ds.drop_vars("features").to_netcdf(path, engine="netcdf4")
    with pytest.raises(DataSetError, match=r"features\.nc is not a data set .* lacks features"):
        read_netcdf(path)


def test_errors_of_writing(ds, tmp_path):
    with pytest.raises(DataSetError, match=r"ds is not a data set .* lacks filename"):
        write_netcdf(ds.drop_vars("filename"), tmp_path / "features.nc")
    with pytest.raises(FileNotFoundError, match=r"no-such"):
        write_netcdf(ds, tmp_path / "no-such" / "features.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("options", [{}, {"compression": 4}, {"compression": 9, "chunk_size": 2}, {"chunk_size": 5}])
@pytest.mark.parametrize("chunks", [None, 1, 2, 100, "auto"])
def test_ways_of_writing_and_reading_agree(ds, tmp_path, options, chunks):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path, **options)
    with read_netcdf(path, chunks=chunks) as again:
        assert list(again.data_vars) == list(ds.data_vars)
        xr.testing.assert_identical(again.compute(), ds)
        sizes = {"auto": (3,), 1: (1, 1, 1), 2: (2, 1), 100: (3,)}
        assert again.features.chunks == (None if chunks is None else (sizes[chunks], (2,)))
        assert all(variable.chunks is None for name, variable in again.variables.items() if name != "features")


def test_compression_and_chunks_are_those_asked_for(tmp_path):
    ds = make_dataset(np.zeros((300, 20, 50)), [f"{i}.wav" for i in range(300)])
    write_netcdf(ds, tmp_path / "plain.nc")
    write_netcdf(ds, tmp_path / "small.nc", compression=3)
    write_netcdf(ds, tmp_path / "chunks.nc", chunk_size=7)
    plain, small, chunks = (layout(tmp_path / f"{name}.nc")[0][-1][1] for name in ("plain", "small", "chunks"))
    assert plain[2] == "contiguous"
    assert small[2] == [262, 20, 50]  # 1 MiB
    assert (small[3]["zlib"], small[3]["complevel"], small[3]["shuffle"]) == (True, 3, True)
    assert chunks[2] == [7, 20, 50] and not chunks[3]["zlib"]
    assert (tmp_path / "small.nc").stat().st_size < (tmp_path / "plain.nc").stat().st_size / 10


def test_lazy_features_are_written_block_by_block_each_once(tmp_path, monkeypatch):
    monkeypatch.setattr("skaudeep.io.blocks.BLOCK_BYTES", 4 * 5 * 4)  # four instances of five features
    values = np.arange(100.0, dtype=np.float32).reshape(20, 5)
    seen = []

    def record(block, block_info=None):
        start, stop = block_info[0]["array-location"][0]
        seen.append((start, stop))
        return block

    rows = (3, 1, 2, 9, 1, 1, 1, 2)
    lazy = da.from_array(values, chunks=(rows, 5)).map_blocks(record, dtype=np.float32)
    ds = make_dataset(lazy, [f"{i}.wav" for i in range(20)])
    seen.clear()
    blocks = [(start, len(block)) for start, block in feature_blocks(ds.features)]
    assert blocks == [(0, 4), (4, 2), (6, 9), (15, 3), (18, 2)]
    starts = np.cumsum([0, *rows])
    assert sorted(seen) == list(itertools.pairwise(starts))
    write_netcdf(ds, tmp_path / "lazy.nc")
    np.testing.assert_array_equal(read_netcdf(tmp_path / "lazy.nc").features, values)


@pytest.mark.parametrize("lazy", [False, True])
def test_a_data_set_without_instances(tmp_path, lazy):
    ds = make_dataset(np.zeros((2, 3)), ["a", "b"]).isel(instance=[])
    write_netcdf(ds.chunk() if lazy else ds, tmp_path / "empty.nc")
    xr.testing.assert_identical(read_netcdf(tmp_path / "empty.nc"), ds)


def test_a_file_that_is_open_can_be_replaced_by_what_is_made_of_it(ds, tmp_path):
    path = tmp_path / "features.nc"
    write_netcdf(ds, path)
    with read_netcdf(path, chunks=1) as lazy:
        write_netcdf(lazy.assign(features=lazy.features * 2), path)
        np.testing.assert_array_equal(lazy.features, ds.features)
    np.testing.assert_array_equal(read_netcdf(path).features, 2 * ds.features)


def test_lazy_reading_without_dask_says_what_to_install(ds, tmp_path, monkeypatch):
    write_netcdf(ds, tmp_path / "features.nc")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ImportError, match=r"chunks=5 needs dask: pip install dask"):
        read_netcdf(tmp_path / "features.nc", chunks=5)


def test_feature_names_are_kept(tmp_path):
    names = ["größe", "b c", "?"]
    ds = make_dataset(np.zeros((2, 4, 3)), ["a", "b"], feature_names=names)
    write_netcdf(ds, tmp_path / "names.nc")
    again = read_netcdf(tmp_path / "names.nc")
    xr.testing.assert_identical(again, ds)
    assert again.freq.values.tolist() == names
    many = [f"{'x' * 50}{i}" for i in range(5000)]  # more than an attribute could hold
    write_netcdf(make_dataset(np.zeros((2, 5000)), ["a", "b"], feature_names=many), tmp_path / "names.nc")
    assert read_netcdf(tmp_path / "names.nc").generated.values.tolist() == many


def test_other_types_of_features_become_float32(ds, tmp_path):
    ds["features"] = ds.features.astype(np.float64) + 0.1
    write_netcdf(ds, tmp_path / "features.nc")
    assert read_netcdf(tmp_path / "features.nc").features.dtype == np.float32
    ds.to_netcdf(tmp_path / "double.nc", engine="netcdf4")
    for chunks in (None, 1):
        with read_netcdf(tmp_path / "double.nc", chunks=chunks) as again:
            assert again.features.dtype == np.float32
            np.testing.assert_array_equal(again.features, ds.features.astype(np.float32))


@pytest.mark.parametrize("options", [{}, {"compression": 5, "chunk_size": 2}])
def test_ncdump_reads_what_we_write(ds, tmp_path, options):
    if shutil.which("ncdump") is None:
        pytest.skip("ncdump (netcdf-bin) is not installed")
    path = tmp_path / "features.nc"
    write_netcdf(ds, path, **options)
    done = subprocess.run(["ncdump", str(path)], capture_output=True, text=True, check=True)
    for line in (
        "instance = 3 ;", "fold = 3 ;", "generated = 2 ;",
        "string filename(instance) ;", "int64 chunk_nr(instance) ;", "int64 cv_folds(instance, fold) ;",
        "double partition(instance) ;", "string label_nominal(instance) ;", "double label_numeric(instance) ;",
        "float features(instance, generated) ;", ':feature_dims = "[\\"generated\\"]" ;',
        ':label_map = "[[\\"x\\", 0], [\\"y\\", 1]]" ;',
        'filename = "a", "b", "c" ;', "chunk_nr = 0, 0, 0 ;", 'label_nominal = "x", _, "y" ;',
        "label_numeric = 0, NaN, 1 ;",
        "partition = NaN, NaN, NaN ;",
    ):  # fmt: skip
        assert line in done.stdout
    assert re.search(r"features =\s+0, 1,\s+2, 3,\s+4, 5 ;", done.stdout)


IN_ONE_PROCESS = """
import importlib, sys
for name in sys.argv[2:]:
    importlib.import_module(name)
import h5py, keras, numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

ds = make_dataset(np.arange(6.0).reshape(3, 2), ["a", "b", "c"], label_nominal=["x", "", "y"])
for turn in range(2):
    write_netcdf(ds, sys.argv[1] + "/features.nc", compression=1)
    with h5py.File(sys.argv[1] + "/features.nc") as file:
        assert file["features"].shape == (3, 2)
        assert read_netcdf(sys.argv[1] + "/features.nc").identical(ds)
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)])
    model.save(sys.argv[1] + "/model.h5")
    keras.models.load_model(sys.argv[1] + "/model.h5")
    with read_netcdf(sys.argv[1] + "/features.nc", chunks=1) as lazy:
        model.save_weights(sys.argv[1] + "/model.weights.h5")
        assert lazy.compute().identical(ds)
"""


@pytest.mark.parametrize(
    "order",
    [
        ("skaudeep.io", "h5py", "keras"),
        ("h5py", "skaudeep.io", "keras"),
        ("keras", "h5py", "skaudeep.io"),
        ("tensorflow", "netCDF4", "keras"),
        ("netCDF4", "tensorflow", "h5py"),
    ],
)
def test_netcdf_and_hdf5_libraries_share_a_process(tmp_path, order):
    command = [sys.executable, "-c", IN_ONE_PROCESS, str(tmp_path), *order]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


KILLED = """
import os, random, signal, sys, time
import numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

names = [f"{i}.wav" for i in range(2000)]
data_sets = [make_dataset(np.full((2000, 200), value), names, label_nominal=["x"] * 2000) for value in (0, 1)]
write_netcdf(data_sets[0], sys.argv[1])
generator, old_or_new, meanwhile = random.Random(0), [], []
for turn in range(20):
    process = os.fork()
    if process == 0:
        while True:
            write_netcdf(data_sets[1 - turn % 2], sys.argv[1])
    time.sleep(generator.uniform(0.002, 0.06))
    ds = read_netcdf(sys.argv[1])
    meanwhile.append(any(ds.identical(one) for one in data_sets))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    ds = read_netcdf(sys.argv[1])
    old_or_new.append(any(ds.identical(one) for one in data_sets))
write_netcdf(data_sets[0], sys.argv[1])
print(sum(old_or_new), sum(meanwhile), len(os.listdir(os.path.dirname(sys.argv[1]))))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork and are killed")
def test_twenty_killed_writes_leave_twenty_readable_files_which_can_be_read_meanwhile(tmp_path):
    command = [sys.executable, "-c", KILLED, str(tmp_path / "features.nc")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["20", "20", "1"], done.stderr


def declare(path, n, *, strings=str, features="f4", dims=("instance", "generated"), label_map=None):
    """A file that says what is asked for, with no values."""
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("instance", n), ("fold", 1), ("generated", 2)):
            file.createDimension(name, size)
        for name in ("filename", "label_nominal"):
            file.createVariable(name, strings, ("instance",))
        for name in ("chunk_nr", "partition", "label_numeric"):
            file.createVariable(name, "i8", ("instance",), chunksizes=(min(n, 10),))
        file.createVariable("cv_folds", "i8", ("instance", "fold"), chunksizes=(min(n, 10), 1))
        file.createVariable("features", features, dims, chunksizes=[1] * len(dims) if n > 100 else None)
        if label_map is not None:
            file.label_map = label_map
    return path


@pytest.mark.parametrize(
    ("hostile", "message"),
    [
        ({"n": 10**14}, "declares .* bytes of data but has only"),
        ({"n": 3, "strings": "i4"}, "filename is of type int32, expected strings"),
        ({"n": 3, "features": str}, "features is of type .*, expected numbers"),
        ({"n": 3, "dims": ("instance",)}, "features has dimensions"),
        ({"n": 3, "dims": ("generated", "instance")}, "features has dimensions"),
        ({"n": 3, "label_map": "[1, 2"}, "the attribute label_map is .*, expected a JSON list of pairs"),
        ({"n": 3, "label_map": '{"a": 1}'}, "the attribute label_map"),
        ({"n": 3, "label_map": '[["a", 0.5]]'}, "the attribute label_map"),
        ({"n": 3, "label_map": 7}, "the attribute label_map"),
        ({"n": 3, "label_map": "[" * 100000}, "features.nc"),
    ],
)
@pytest.mark.parametrize("chunks", [None, 1])
def test_hostile_files(tmp_path, hostile, message, chunks):
    path = declare(tmp_path / "features.nc", **hostile)
    with pytest.raises(DataSetError, match=message):
        read_netcdf(path, chunks=chunks)


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(DataSetError, match="it is a folder"):
        read_netcdf(tmp_path)


FUZZED = """
import random, sys
import numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import _damage, read_netcdf, write_netcdf

_damage._SECONDS = 1
path, n_cases = sys.argv[1], int(sys.argv[2])
ds = make_dataset(np.ones((6, 5)), list("abcdef"), label_nominal=["x", "y", ""] * 2, cv_folds=np.eye(3)[[0, 1, 2] * 2])
seeds = []
for options in ({}, {"compression": 6, "chunk_size": 2}):
    write_netcdf(ds, path, **options)
    seeds.append(open(path, "rb").read())
generator, results = random.Random(n_cases), {}
for case in range(n_cases):
    content = bytearray(generator.choice(seeds))
    for _ in range(generator.choice([1, 1, 2, 20])):
        at, size = generator.randrange(len(content)), generator.randrange(1, 60)
        noise = generator.randbytes(size)
        kind = generator.randrange(6)
        if kind == 0:
            content[at] ^= 1 << generator.randrange(8)
        elif kind == 1:
            content[at : at + size] = noise
        elif kind == 2:
            content[at:at] = noise
        elif kind == 3:
            del content[at : at + size]
        elif kind == 4:
            content[at : at + size] = bytes([generator.choice([0, 255])]) * size
        elif generator.random() < 0.2:
            del content[at:]
        content = content or bytearray(1)
    with open(path, "wb") as file:
        file.write(content)
    print(case, end=" ", flush=True)  # the last one is to blame if the process dies
    try:
        with read_netcdf(path, chunks=generator.choice([None, 2])) as ds:
            ok = "read"
            if ds.features.chunks is None:
                ds.features.sum()
    except DataSetError:
        ok = "refused"
    results[ok] = results.get(ok, 0) + 1
print(results)
assert set(results) == {"read", "refused"}
"""


@pytest.mark.slow
def test_mutated_files_end_in_a_result_or_an_error(tmp_path):
    n_cases = os.environ.get("SKAUDEEP_FUZZ_CASES", "700")
    command = [sys.executable, "-W", "ignore", "-c", FUZZED, str(tmp_path / "features.nc"), n_cases]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout[-100:], done.stderr[-3000:])


FULL = """
import os, resource, sys
import numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))
path, folder = sys.argv[1], os.path.dirname(sys.argv[1])
noise, names = np.random.default_rng(0).standard_normal((100, 1000)), [f"{i}.wav" for i in range(100)]
small, large = (make_dataset(noise[:, :width], names) for width in (5, 1000))
many = make_dataset(noise[:3].repeat(4000, axis=0)[:, :1], ["x" * 90 + f"{i}.wav" for i in range(12000)])
write_netcdf(small, path)
for ds, options in (
    (large, {}),
    (large, {"compression": 1}),
    (large, {"compression": 3, "chunk_size": 7}),
    (large, {"chunk_size": 100}),
    (many, {}),  # whose names alone are too many
):
    try:
        write_netcdf(ds, path, **options)
    except OSError as error:
        print(error)
    assert read_netcdf(path).identical(small)
    assert os.listdir(folder) == ["features.nc"]
    descriptors = os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else []
    for descriptor in descriptors:  # the room of a file that is open is not free
        link = f"/proc/self/fd/{descriptor}"
        assert not (os.path.islink(link) and folder in os.readlink(link))
"""


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX systems can")
def test_a_disk_that_takes_no_more_leaves_the_old_file(tmp_path):
    path = tmp_path / "features.nc"
    done = subprocess.run([sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    errors = done.stdout.splitlines()
    assert len(errors) == 5
    assert all(re.fullmatch(rf"{path}: cannot be written \(.*\); is the disk full\?", error) for error in errors)


THREADS = """
import sys, threading
import numpy as np
from skaudeep.datasets import make_dataset
from skaudeep.io import read_netcdf, write_netcdf

names = [str(i) for i in range(1000)]
ds = make_dataset(np.ones((1000, 50)), names, label_nominal=["x", "y"] * 500)
paths = [f"{sys.argv[1]}/{i}.nc" for i in range(4)]
for path in paths:
    write_netcdf(ds, path, compression=1)
done = []

def work(path, turn):
    for i in range(12):
        if (i + turn) % 3 == 0:
            write_netcdf(ds, path, compression=1)
        with read_netcdf(path, chunks=None if (i + turn) % 3 == 1 else 100) as again:
            assert again.compute().identical(ds)
    done.append(path)

threads = [threading.Thread(target=work, args=(path, turn)) for turn, path in enumerate(paths)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sorted(done) == paths
"""


def test_threads_may_read_and_write_at_once(tmp_path):
    done = subprocess.run([sys.executable, "-c", THREADS, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_lazy_data_can_be_pickled(ds, tmp_path):
    write_netcdf(ds, tmp_path / "features.nc")
    with read_netcdf(tmp_path / "features.nc", chunks=2) as lazy:
        again = pickle.loads(pickle.dumps(lazy))
        xr.testing.assert_identical(again.compute(), ds)


def test_damage_that_shows_only_when_features_are_computed_is_told(tmp_path):
    path, copy = tmp_path / "features.nc", tmp_path / "copy.nc"
    values = np.random.default_rng(0).standard_normal((400, 500))
    write_netcdf(make_dataset(values, [f"{i}.wav" for i in range(400)]), path, compression=1, chunk_size=10)
    content = bytearray(path.read_bytes())
    content[400_000:400_100] = bytes(100)
    path.write_bytes(content)
    with (
        read_netcdf(path, chunks=10) as lazy,
        pytest.raises(DataSetError, match=r"instances \d+ to \d+ cannot be read"),
    ):
        write_netcdf(lazy, copy)
    assert not copy.exists()


def test_chunks_that_are_too_large_and_folders_are_named(ds, tmp_path):
    huge = make_dataset(da.zeros((20, 2**28), chunks=(1, -1)), [str(i) for i in range(20)])
    with pytest.raises(DataSetError, match=r"chunk_size=10: chunks of 4 GB or more are too large"):
        write_netcdf(huge, tmp_path / "huge.nc", chunk_size=10)
    with pytest.raises(IsADirectoryError, match=f"{tmp_path.name}.*it is a folder"):
        write_netcdf(ds, tmp_path)
    assert list(tmp_path.iterdir()) == []
