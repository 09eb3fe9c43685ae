"""Files that appear whole or not at all."""

import os
import re
import stat
import subprocess
import sys

import pytest

from skaudeep._files import atomic_path, check_target, claim


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
