"""Files that appear whole or not at all."""

import errno
import os
import re
import stat
import subprocess
import sys
import threading

import pytest

from skaudeep._files import (
    atomic_path,
    atomic_paths,
    check_target,
    claim,
    descriptors_of,
    is_marked,
    naming,
    redirect,
)


def test_appears_at_the_end(tmp_path):
    target = tmp_path / "file.txt"
    with atomic_path(target) as temporary:
        temporary.write_text("new")
        assert not target.exists() and temporary.parent == tmp_path and temporary.suffix == ".txt"
    assert target.read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_no_debris(tmp_path, error):
    target = tmp_path / "file.txt"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_others_may_read_it_as_any_new_file(tmp_path):
    with atomic_path(tmp_path / "file.txt") as temporary:
        temporary.write_text("")
    (tmp_path / "usual.txt").touch()
    modes = [stat.S_IMODE(os.stat(tmp_path / name).st_mode) for name in ("file.txt", "usual.txt")]
    assert modes[0] == modes[1]


def test_a_missing_folder_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"), atomic_path(tmp_path / "nowhere" / "file.txt"):
        pass


KILLED = """
import os, pathlib, signal, sys
from skaudeep._files import atomic_path

with atomic_path(pathlib.Path(sys.argv[1])) as temporary:
    temporary.write_text("half of it")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(os.name != "posix", reason="processes are only asked whether they live on POSIX systems")
def test_the_next_write_removes_what_a_killed_one_left(tmp_path):
    target = tmp_path / "file.txt"
    done = subprocess.run([sys.executable, "-c", KILLED, str(target)], check=False)
    assert done.returncode < 0
    (debris,) = tmp_path.iterdir()
    assert debris.name.startswith(".file-")
    others = [".file-other-1-x.txt", ".filed.txt", debris.name.replace(".txt", ".nc")]
    for name in others:
        (tmp_path / name).touch()
    with atomic_path(target) as mine, atomic_path(target) as temporary:
        temporary.write_text("all of it")
        assert mine.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"file.txt", *others}


def test_permissions_and_links_stay(tmp_path):
    target, link = tmp_path / "file.txt", tmp_path / "link.txt"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    with atomic_path(link) as temporary:
        temporary.write_text("new")
    assert link.is_symlink() and target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def test_a_folder_is_named(tmp_path):
    with (
        pytest.raises(IsADirectoryError, match=f"cannot write .*{tmp_path.name}.*it is a folder"),
        atomic_path(tmp_path),
    ):
        pass


def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OSError, match=r"pipe'.*device, pipe or socket"), atomic_path(pipe):
        pass
    assert pipe.is_fifo()


def test_a_symbolic_link_into_a_missing_folder_is_named(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "missing" / "file")
    with pytest.raises(FileNotFoundError, match=r"link'.*missing' does not exist"), atomic_path(link):
        pass


def test_a_path_is_text_or_a_path():
    with pytest.raises(TypeError, match="path=None: give the path of a file"), atomic_path(None):
        pass


def test_a_claimed_folder_is_of_one(tmp_path):
    pytest.importorskip("fcntl")
    with claim(tmp_path, "first"):
        with pytest.raises(OSError, match="^somebody is there$"), claim(tmp_path, "somebody is there"):
            pass
        with claim(tmp_path.parent, "another folder"):
            pass
    with claim(tmp_path, "free again"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_input_is_no_target(tmp_path):
    read, folder = tmp_path / "read.txt", tmp_path / "folder"
    read.touch()
    folder.mkdir()
    links = [tmp_path / name for name in ("soft.txt", "hard.txt", "soft of soft.txt")]
    links[0].symlink_to("read.txt")
    links[1].hardlink_to(read)
    links[2].symlink_to(links[0])
    for path in (read, *links, folder / ".." / "read.txt", os.path.relpath(read)):
        with pytest.raises(ValueError, match="it is the table.*, which would be lost: give another file"):
            check_target(path, {"a recording": None, "the table": ["missing", 3, str(read)]})
        with pytest.raises(ValueError, match=re.escape(f"cannot write '{read}': it is the table")):
            check_target(read, {"the table": path})
    check_target(read, {"a recording": tmp_path / "other.txt", "another": [tmp_path, None]})
    check_target(tmp_path / "new.txt", {"the table": tmp_path / "new.txt"})


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def two(tmp_path):
    """Two files that belong together, where they are written, and the file that marks them."""
    paths = [tmp_path / folder / "x.txt" for folder in "ab"]
    for path in paths:
        path.parent.mkdir()
        path.write_text("old")
    return tmp_path, paths, tmp_path / "x.txt.incomplete"


def write_two(paths, mark, text="new", **options):
    with atomic_paths(paths, mark, **options) as temporaries:
        for path in temporaries:
            path.write_text(text)


def test_files_that_belong_together(two):
    folder, paths, mark = two
    write_two([*paths, folder / "c.txt"], mark)
    assert contents(folder) == {"a/x.txt": "new", "b/x.txt": "new", "c.txt": "new"}
    write_two(paths, mark, "newer", check=lambda: [folder / "c.txt"])
    assert contents(folder) == {"a/x.txt": "newer", "b/x.txt": "newer"}


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("marked", [False, True])
@pytest.mark.parametrize("at", range(5))
def test_a_failure_among_files_that_belong_together_leaves_the_old_ones(two, monkeypatch, error, marked, at):
    folder, paths, mark = two
    (folder / "gone.txt").write_text("old")
    if marked:
        mark.write_text("killed")
    before, calls, replace = contents(folder), [], os.replace

    def fail(*moved):
        calls.append(moved)
        if len(calls) == at + 1:
            raise error
        replace(*moved)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(type(error)):
        write_two(paths, mark, check=lambda: [folder / "gone.txt"])
    assert contents(folder) == before
    monkeypatch.undo()
    write_two(paths, mark, check=lambda: [folder / "gone.txt"])
    assert contents(folder) == {"a/x.txt": "new", "b/x.txt": "new"}


def test_while_files_are_replaced_they_are_marked_and_no_old_one_is_among_new_ones(two, monkeypatch):
    _, paths, mark = two
    seen, replace = [], os.replace

    def look(*moved):
        replace(*moved)
        seen.append((is_marked(mark), [path.read_text() for path in paths if path.exists()]))

    monkeypatch.setattr(os, "replace", look)
    write_two(paths, mark)
    assert seen == [(True, ["old"]), (True, []), (True, ["new"]), (True, ["new", "new"])]
    assert not mark.exists()


def test_one_file_is_replaced_in_one_step(two, monkeypatch):
    folder, paths, mark = two
    seen, replace = [], os.replace
    monkeypatch.setattr(os, "replace", lambda *moved: [seen.append(paths[0].read_text()), replace(*moved)])
    write_two(paths[:1], mark)
    assert seen == ["old"] and contents(folder) == {"a/x.txt": "new", "b/x.txt": "old"}


def test_what_the_check_says_counts(two):
    folder, paths, mark = two
    before = contents(folder)

    def refuse():
        assert mark.is_file() and not is_marked(mark)
        raise ValueError("not these")

    with pytest.raises(ValueError, match="not these"):
        write_two(paths, mark, check=refuse)
    assert contents(folder) == before


def test_two_names_of_one_file_are_refused(two):
    _, paths, mark = two
    paths[1].unlink()
    paths[1].symlink_to(paths[0])
    with pytest.raises(OSError, match=r"b/x\.txt' and .*a/x\.txt': links make them one file"):
        write_two(paths, mark)
    assert paths[0].read_text() == "old"


def test_one_after_the_other(two):
    pytest.importorskip("fcntl")
    folder, paths, mark = two
    inside, texts = threading.Event(), []

    def first():
        inside.set()
        second.join(0.2)  # which cannot come to its end meanwhile
        texts.extend([second.is_alive(), paths[0].read_text()])
        return []

    second = threading.Thread(target=lambda: inside.wait(60) and write_two(paths, mark, "second"))
    second.start()
    write_two(paths, mark, "first", check=first)
    second.join(60)
    assert texts == [True, "old"]
    assert contents(folder) == {"a/x.txt": "second", "b/x.txt": "second"}


def test_descriptors_of_a_file(tmp_path):
    if not os.path.isdir("/dev/fd"):
        pytest.skip("descriptors cannot be listed")
    path, link = tmp_path / "file", tmp_path / "link"
    path.write_text("old")
    link.symlink_to(path)
    assert descriptors_of(path) == []
    with open(path) as one, open(link) as other:
        assert sorted(descriptors_of(path)) == sorted([one.fileno(), other.fileno()])


@pytest.mark.parametrize("in_memory", [False, True])
def test_what_is_written_to_a_redirected_file_goes_elsewhere(tmp_path, in_memory):
    path = tmp_path / "file"
    with open(path, "wb", buffering=0) as file:
        file.write(b"before")
        redirect(file.fileno(), in_memory=in_memory)
        assert descriptors_of(path) == []
        file.write(b"after")
    assert path.read_bytes() == b"before"


def test_the_room_of_a_failed_file_is_free_even_if_a_library_has_it_open(tmp_path):
    if not os.path.isdir("/dev/fd"):
        pytest.skip("descriptors cannot be listed")
    descriptors = []
    with pytest.raises(ZeroDivisionError), atomic_path(tmp_path / "file") as temporary:
        descriptors.append(os.open(temporary, os.O_WRONLY))
        raise ZeroDivisionError
    assert os.fstat(descriptors[0]).st_ino == os.stat(os.devnull).st_ino
    os.close(descriptors[0])


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EFBIG, errno.EDQUOT])
def test_a_full_disk_names_the_file(tmp_path, number):
    path = tmp_path / "file.txt"
    with pytest.raises(OSError, match=r"file\.txt") as raised, atomic_path(path):
        raise OSError(number, os.strerror(number))
    assert raised.value.errno == number and raised.value.filename == str(path)


def test_other_errors_and_those_that_name_a_file_stay_what_they_are(tmp_path):
    for error in (OSError("message"), OSError(errno.EBADF, "bad"), OSError(errno.ENOSPC, "full", "other.txt")):
        with pytest.raises(OSError) as raised, atomic_path(tmp_path / "file.txt"):
            raise error
        assert raised.value is error


FULL = """
import os, resource, sys

import numpy as np
from sklearn.neighbors import KNeighborsClassifier

import skaudeep
from skaudeep import _training
from skaudeep._files import atomic_path
from skaudeep.datasets import make_dataset
from skaudeep.io import NetCDFWriter, write_arff, write_csv

folder, noise = sys.argv[1], np.random.default_rng(0).standard_normal((100, 1000))
ds = make_dataset(noise, [f"{i}.wav" for i in range(100)], label_nominal=["x", "y"] * 50)
classifier = KNeighborsClassifier().fit(noise, [0, 1] * 50)


def write_batches(path):
    with NetCDFWriter(path) as writer:
        writer.append(noise, ds.filename.values)


def write_text(path):
    with atomic_path(path) as temporary:
        temporary.write_text("." * 30_000)


WRITERS = {
    "batches.nc": write_batches,
    "table.csv": lambda path: write_csv(ds, path),
    "table.arff": lambda path: write_arff(ds, path),
    "model.skaudeep": lambda path: skaudeep.save(classifier, path),
    "arrays.npz": lambda path: _training.save_arrays(path, {}, {"a": noise}),
    "report.txt": write_text,
}
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for name, write in WRITERS.items():
    try:
        write(f"{folder}/{name}")
    except OSError as error:
        assert f"{folder}/{name}" in str(error), (name, error)
        print(name)
    left = os.listdir(folder)
    assert left == [], left
"""


@pytest.mark.skipif(os.name != "posix", reason="limits the size of files as POSIX systems can")
def test_every_writer_names_its_file_where_a_disk_takes_no_more(tmp_path):
    done = subprocess.run([sys.executable, "-c", FULL, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.split()) == 6


def test_the_file_that_did_not_fit_is_named_among_several(tmp_path):
    first, second = tmp_path / "first.txt", tmp_path / "second.txt"
    with pytest.raises(OSError) as raised, atomic_path(first), atomic_path(second), naming(first):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    assert raised.value.filename == str(first)
