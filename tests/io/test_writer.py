import itertools
import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skaudeep.datasets import make_dataset
from skaudeep.exceptions import DataSetError
from skaudeep.io import NetCDFWriter, read_netcdf, write_netcdf
from skaudeep.io.writer import fcntl

N = 10
FEATURES = np.arange(3.0 * N).reshape(N, 3)
FILENAMES = np.array([f"{i:02}.wav" for i in range(N)])
METADATA = {
    "label_nominal": np.array(["b", "a", None, "c", "b"] * 2, dtype=object),
    "cv_folds": np.eye(2)[np.arange(N) % 2],
    "partition": [0, 1, None, 2, 0] * 2,
}


def append(writer, start, stop):
    rows = slice(start, stop)
    writer.append(FEATURES[rows], FILENAMES[rows], **{name: values[rows] for name, values in METADATA.items()})


@pytest.fixture
def path(tmp_path):
    return tmp_path / "features.nc"


@pytest.fixture
def whole():
    return make_dataset(FEATURES, FILENAMES, **METADATA)


def names_in(folder):
    return sorted(file.name for file in folder.iterdir())


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(edges=st.sets(st.integers(1, N - 1)))
def test_batches_make_the_file_that_the_whole_makes(path, whole, edges):
    write_netcdf(whole, path.with_name("whole.nc"))
    edges = [0, *sorted(edges), N]
    with NetCDFWriter(path) as writer:
        for start, stop in itertools.pairwise(edges):
            append(writer, start, stop)
    assert path.read_bytes() == path.with_name("whole.nc").read_bytes()
    assert names_in(path.parent) == ["features.nc", "whole.nc"]


def test_blocks_of_rows_are_copied_in_order(path, whole, monkeypatch):
    monkeypatch.setattr("skaudeep.io.writer.rows_per_block", lambda features, multiple: 4)
    with NetCDFWriter(path, compression=1) as writer:
        append(writer, 0, 3)
        append(writer, 3, N)
    xr.testing.assert_identical(read_netcdf(path), whole)


def test_chunks_dimensions_names_and_classes(path):
    with NetCDFWriter(path, feature_dims=("time", "freq"), feature_names=["low", "high"], label_map={"x": 3}) as writer:
        writer.append(np.zeros((2, 4, 2)), ["a", "a"], chunk_nr=[0, 1], label_nominal=["x", "x"])
        writer.append(np.ones((2, 4, 2)), ["b", "b"], chunk_nr=[0, 1], label_nominal=["", ""])
    ds = read_netcdf(path)
    assert ds.features.dims == ("instance", "time", "freq")
    assert ds.freq.values.tolist() == ["low", "high"]
    assert ds.chunk_nr.values.tolist() == [0, 1, 0, 1]
    np.testing.assert_array_equal(ds.label_numeric, [3, 3, np.nan, np.nan])


def test_an_exception_keeps_the_batches_and_the_old_file(path, whole):
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), NetCDFWriter(path) as writer:
        append(writer, 0, 4)
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    with NetCDFWriter(path) as writer:
        assert writer.filenames == set(FILENAMES[:4])
        assert writer.n_instances == 4
        append(writer, 4, N)
    xr.testing.assert_identical(read_netcdf(path), whole)
    assert names_in(path.parent) == ["features.nc"]


def test_begins_anew_on_request(path, whole):
    with pytest.raises(ZeroDivisionError), NetCDFWriter(path) as writer:
        append(writer, 5, 8)
        raise ZeroDivisionError
    with NetCDFWriter(path, resume=False) as writer:
        assert writer.filenames == set()
        append(writer, 0, N)
    xr.testing.assert_identical(read_netcdf(path), whole)


KILLED = """
import os, signal, sys
import numpy as np
from skaudeep.io import NetCDFWriter

with NetCDFWriter(sys.argv[1], settings={"n_mels": 4}) as writer:
    for i in range(50):
        if f"{i}.wav" not in writer.filenames:
            writer.append(np.full((1, 1000), i), [f"{i}.wav"])
            if i % 20 == 11:
                os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is a signal of POSIX systems")
def test_goes_on_after_processes_that_were_killed(path):
    statuses = [
        subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False, capture_output=True).returncode
        for _ in range(3)
    ]
    assert statuses == [-9, -9, 0]
    ds = read_netcdf(path)
    assert ds.filename.values.tolist() == [f"{i}.wav" for i in range(50)]
    np.testing.assert_array_equal(ds.features, np.repeat(np.arange(50.0)[:, None], 1000, axis=1))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_goes_on_after_a_loss_of_power_at_any_byte(path, whole, data):
    writer = NetCDFWriter(path, resume=False)
    for start in range(0, 6, 2):
        append(writer, start, start + 2)
    writer.close()
    for file in sorted((path.parent / "features.nc.part").iterdir()):
        os.truncate(file, data.draw(st.integers(0, file.stat().st_size)))
    with NetCDFWriter(path) as writer:
        done = writer.n_instances
        assert done in (0, 2, 4, 6)
        assert writer.filenames == set(FILENAMES[:done])
        append(writer, done, N)
    xr.testing.assert_identical(read_netcdf(path), whole)


@pytest.mark.parametrize("calls_before", [0, 1], ids=["features", "journal"])
def test_a_full_disk_keeps_what_was_there(path, whole, monkeypatch, calls_before):
    sync, calls = os.fsync, []

    def full(handle):
        calls.append(handle)
        if len(calls) > calls_before:
            raise OSError(28, "No space left on device")
        sync(handle)

    with NetCDFWriter(path) as writer:
        append(writer, 0, 4)
        with monkeypatch.context() as patch:
            patch.setattr("os.fsync", full)
            with pytest.raises(OSError, match="No space left"):
                append(writer, 4, 6)
        assert writer.n_instances == 4
        append(writer, 4, N)
    xr.testing.assert_identical(read_netcdf(path), whole)


def test_a_file_that_cannot_be_completed_can_be_later(path, whole, monkeypatch):
    def full(*args, **kwargs):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("skaudeep.io.writer.write_blocks", full)
        with pytest.raises(OSError, match="No space left"), NetCDFWriter(path) as writer:
            append(writer, 0, N)
    assert names_in(path.parent) == ["features.nc.part"]
    NetCDFWriter(path).complete()
    xr.testing.assert_identical(read_netcdf(path), whole)
    assert names_in(path.parent) == ["features.nc"]


def test_other_settings_are_refused(path):
    writer = NetCDFWriter(path, settings={"clip_below": -60, "channels": ("left", "right")})
    append(writer, 0, 2)
    writer.close()
    NetCDFWriter(path, settings={"channels": ["left", "right"], "clip_below": -60}).close()
    with pytest.raises(DataSetError, match=r"settings=\{'clip_below': -60.*, and not with .*-30.*resume=False"):
        NetCDFWriter(path, settings={"clip_below": -30})
    NetCDFWriter(path, settings={"clip_below": -30}, resume=False).close()
    assert names_in(path.parent) == []


@pytest.mark.parametrize("content", [b"{}\n", b"[1]\n", b"nonsense\n", b'{"version": 9}\n', b"\xff\n"])
def test_a_journal_of_something_else_is_refused(path, content):
    folder = path.with_name("features.nc.part")
    folder.mkdir()
    (folder / "journal.jsonl").write_bytes(content)
    with pytest.raises(DataSetError, match=r"journal\.jsonl is damaged.*resume=False"):
        NetCDFWriter(path)
    assert (folder / "journal.jsonl").read_bytes() == content


def flip(file, place, bits):
    content = bytearray(file.read_bytes())
    content[place] ^= bits
    file.write_bytes(content)


def test_damaged_features_are_refused(path):
    writer = NetCDFWriter(path)
    append(writer, 0, 4)
    append(writer, 4, 8)
    writer.close()
    file = path.with_name("features.nc.part") / "features.f32"
    for place in range(0, 8 * 12, 5):
        flip(file, place, 1)
        with pytest.raises(DataSetError, match=r"features of 0[04]\.wav in .*features\.f32 are damaged.*resume=False"):
            NetCDFWriter(path)
        flip(file, place, 1)
    NetCDFWriter(path, resume=False).close()
    assert names_in(path.parent) == []


def test_a_flipped_byte_of_a_journal_changes_nothing(path, whole):
    """It is an error, or costs a batch that is made again, or is none of what is read."""
    folder = path.with_name("features.nc.part")
    journal, features = folder / "journal.jsonl", folder / "features.f32"
    writer = NetCDFWriter(path, settings={"n_mels": 3})
    append(writer, 0, 4)
    append(writer, 4, 8)
    writer.close()
    kept = {file: file.read_bytes() for file in (journal, features)}
    random = np.random.default_rng(0)
    n_refused = 0
    for place in random.integers(0, len(kept[journal]), 200):
        folder.mkdir(exist_ok=True)
        for file, content in kept.items():
            file.write_bytes(content)
        flip(journal, place, int(random.integers(1, 256)))
        try:
            writer = NetCDFWriter(path, settings={"n_mels": 3})
        except DataSetError as error:
            assert str(folder) in str(error)
            n_refused += 1
        else:
            append(writer, writer.n_instances, N)
            writer.complete()
            xr.testing.assert_identical(read_netcdf(path).load(), whole)
    assert n_refused > 150


def test_batches_without_checksums_are_completed(path, whole):
    """As versions left them that knew none."""
    journal = path.with_name("features.nc.part") / "journal.jsonl"
    writer = NetCDFWriter(path)
    append(writer, 0, N)
    writer.close()
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    assert [line.pop("digest") for line in lines] and lines[1].pop("digest of features")
    journal.write_text("".join(json.dumps(line) + "\n" for line in lines))
    NetCDFWriter(path).complete()
    xr.testing.assert_identical(read_netcdf(path).load(), whole)


def test_batches_that_do_not_fit_are_refused_and_the_rest_kept(path, whole):
    with NetCDFWriter(path) as writer:
        append(writer, 0, 4)
        for features, filenames, metadata, message in (
            (
                np.zeros((1, 4)),
                ["x"],
                {},
                r"features of shape .* = \[4\], but those before have \[3\]",
            ),
            (np.zeros((1, 3)), ["x"], {"partition": [0]}, r"the arguments = \['partition'\], but those before"),
            (np.zeros((2, 3)), ["x"], {}, r"filenames: got shape \(1,\)"),
        ):
            with pytest.raises(DataSetError, match=message):
                writer.append(features, filenames, **metadata)
        with pytest.raises(DataSetError, match=r"chunk 0 of 03\.wav is there already"):
            append(writer, 3, 5)
        with pytest.raises(DataSetError, match=r"chunk 0 of x is there already"):
            writer.append(np.zeros((2, 3)), ["x", "x"], **{name: values[:2] for name, values in METADATA.items()})
        with pytest.raises(TypeError, match=r"unexpected argument 'labels'; expected chunk_nr"):
            writer.append(np.zeros((1, 3)), ["x"], labels=["a"])
        append(writer, 4, N)
    xr.testing.assert_identical(read_netcdf(path), whole)


def test_nothing_appended(path):
    with pytest.raises(DataSetError, match="nothing has been appended"), NetCDFWriter(path):
        pass
    writer = NetCDFWriter(path)
    writer.close()
    assert names_in(path.parent) == []
    with pytest.raises(IsADirectoryError, match="it is a folder"):
        NetCDFWriter(path.parent)
    with pytest.raises(FileNotFoundError, match="no-such' does not exist"):
        NetCDFWriter(path.parent / "no-such" / "features.nc")


@pytest.mark.skipif(fcntl is None, reason="no locks on this system")
def test_one_writer_at_a_time(path):
    with NetCDFWriter(path) as writer:
        with pytest.raises(OSError, match="another writer is at work"):
            NetCDFWriter(path)
        append(writer, 0, N)
    assert names_in(path.parent) == ["features.nc"]


def test_the_journal_has_one_line_for_a_batch(path):
    writer = NetCDFWriter(path)
    append(writer, 0, 2)
    append(writer, 2, 5)
    writer.close()
    header, *batches = (path.parent / "features.nc.part" / "journal.jsonl").read_text().splitlines()
    assert json.loads(header)["shape"] == [3]
    assert [json.loads(batch)["filenames"] for batch in batches] == [
        ["00.wav", "01.wav"],
        ["02.wav", "03.wav", "04.wav"],
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"feature_names": ["p", "q", "r"]}, {"feature_names": ["q", "p", "r"]}),
        ({}, {"feature_names": ["q", "p", "r"]}),
        ({"feature_dims": ["one"]}, {"feature_dims": ["other"]}),
        ({"label_map": {"a": 0, "b": 1, "c": 2}}, {"label_map": {"a": 2, "b": 1, "c": 0}}),
        ({"label_map": {"a": 0, "b": 1, "c": 2}}, {}),
    ],
)
def test_what_batches_were_made_with_is_not_changed_on_the_way(path, before, after):
    writer = NetCDFWriter(path, **before)
    append(writer, 0, 2)
    writer.close()
    (argument,) = after or before
    with pytest.raises(DataSetError, match=f"they were made with {argument}=.*resume=False"):
        NetCDFWriter(path, **after)


def test_names_and_dimensions_are_those_of_the_first_writer(path):
    writer = NetCDFWriter(path, feature_names=["p", "q", "r"], feature_dims=["one"])
    append(writer, 0, 2)
    writer.close()
    with NetCDFWriter(path):
        pass
    assert read_netcdf(path).one.values.tolist() == ["p", "q", "r"]


def test_columns_of_data_frames_are_not_mixed(path):
    with NetCDFWriter(path) as writer:
        writer.append(pd.DataFrame({"p": [1.0], "q": [2.0]}), ["a"])
        with pytest.raises(DataSetError, match=r"feature_names = \['q', 'p'\], but those before have \['p', 'q'\]"):
            writer.append(pd.DataFrame({"q": [2.0], "p": [1.0]}), ["b"])
        writer.append(pd.DataFrame({"p": [3.0], "q": [4.0]}), ["b"])
    ds = read_netcdf(path)
    assert ds.generated.values.tolist() == ["p", "q"]
    assert ds.features.values.tolist() == [[1, 2], [3, 4]]


labels = st.sampled_from(["dog", "cat", None])


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given=st.lists(st.tuples(labels, st.sampled_from([3, 4, None])), min_size=3, max_size=3))
def test_labels_of_batches_are_those_of_the_whole_or_refused_at_once(path, given):
    names, numbers = zip(*given, strict=True)
    arguments = np.zeros((3, 1)), ["a", "b", "c"]
    try:
        whole = make_dataset(*arguments, label_nominal=names, label_numeric=numbers)
    except DataSetError:
        whole = None
    writer = NetCDFWriter(path, resume=False)
    try:
        for i, (name, number) in enumerate(given):
            writer.append(np.zeros((1, 1)), ["abc"[i]], label_nominal=[name], label_numeric=[number])
    except DataSetError as error:
        assert whole is None or "given" in str(error)
    else:
        if whole is not None:
            writer.complete()
            xr.testing.assert_identical(read_netcdf(path), whole)
    writer.close()


def test_threads_may_share_a_writer(path):
    names = [f"{i}.wav" for i in range(200)]

    def work(first):
        for i in range(first, 200, 4):
            writer.append(np.full((1, 50), i), [names[i]])

    with NetCDFWriter(path) as writer, ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
        pool.shutdown()
    ds = read_netcdf(path)
    assert sorted(ds.filename.values) == sorted(names)
    expected = [float(name.removesuffix(".wav")) for name in ds.filename.values]
    np.testing.assert_array_equal(ds.features, np.repeat(np.array(expected)[:, None], 50, axis=1))


RACE = """
import sys, time
import numpy as np
from skaudeep.io import NetCDFWriter

begin, results = time.monotonic(), {}
while time.monotonic() < begin + 2:
    try:
        with NetCDFWriter(sys.argv[1], resume=False) as writer:
            writer.append(np.zeros((3, 4)), ["a", "b", "c"])
        result = "done"
    except OSError as error:
        result = "busy" if "another writer is at work" in str(error) else repr(error)
    results[result] = results.get(result, 0) + 1
print(sorted(results))
"""


@pytest.mark.skipif(fcntl is None, reason="no locks on this system")
def test_writers_of_one_file_in_several_processes_wait_or_say_so(path):
    command = [sys.executable, "-c", RACE, str(path)]
    racers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    results = {racer.communicate()[0].strip() for racer in racers}
    assert results <= {"['busy', 'done']", "['done']", "['busy']"}
    assert read_netcdf(path).sizes["instance"] == 3


COMPLETED = """
import os, random, signal, sys, time
import numpy as np
from skaudeep.io import NetCDFWriter, read_netcdf

generator = random.Random(0)
for turn in range(8):
    if not os.path.exists(sys.argv[1] + ".part"):
        writer = NetCDFWriter(sys.argv[1])
        writer.append(np.full((2000, 1000), turn), [f"{i}.wav" for i in range(2000)])
        writer.close()
    process = os.fork()
    if process == 0:
        NetCDFWriter(sys.argv[1]).complete()
        os._exit(0)
    time.sleep(generator.uniform(0, 0.06))
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
if os.path.exists(sys.argv[1] + ".part"):
    NetCDFWriter(sys.argv[1]).complete()
features = read_netcdf(sys.argv[1]).features.values
assert features.shape == (2000, 1000) and (features == features[0, 0]).all()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs processes that fork and are killed")
def test_a_completion_that_is_killed_loses_nothing(path):
    done = subprocess.run([sys.executable, "-c", COMPLETED, str(path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert names_in(path.parent)[-1] == "features.nc"


def test_a_closed_writer_says_so(path):
    with NetCDFWriter(path) as writer:
        append(writer, 0, N)
        writer.complete()
        for work in (writer.complete, lambda: append(writer, 0, N)):
            with pytest.raises(ValueError, match=r"The writer of .*features\.nc is closed; make a new one"):
                work()
    writer.close()
    assert names_in(path.parent) == ["features.nc"]


def test_settings_are_what_json_knows(path):
    settings = {"n_mels": np.int64(4), "folder": path.parent, "levels": np.array([1.5, 2])}
    writer = NetCDFWriter(path, settings=settings)
    append(writer, 0, 2)
    writer.close()
    plain = {"n_mels": 4, "folder": str(path.parent), "levels": [1.5, 2]}
    NetCDFWriter(path, settings=plain).close()
    with pytest.raises(DataSetError, match=r"settings=.*expected a dict of values that JSON knows"):
        NetCDFWriter(path, settings={"a": object()})


def test_groups_and_many_chunks(path):
    with NetCDFWriter(path) as writer:
        for start in range(0, 30, 10):
            chunks = np.arange(start, start + 10)
            writer.append(np.zeros((10, 2)), ["a"] * 10, chunk_nr=chunks, groups=["g"] * 10)
            with pytest.raises(DataSetError, match=f"chunk {start} of a is there already"):
                writer.append(np.zeros((1, 2)), ["a"], chunk_nr=[start], groups=["g"])
    ds = read_netcdf(path)
    assert ds.chunk_nr.values.tolist() == list(range(30))
    assert set(ds.group.values) == {"g"}
