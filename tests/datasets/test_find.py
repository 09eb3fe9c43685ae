import os
import sys

import pandas as pd
import pytest
import soundfile

from skaudeep.datasets._find import AUDIO_SUFFIXES, find_audio, holds_audio, locate, subfolders
from skaudeep.exceptions import DataSetError

links = pytest.mark.skipif(sys.platform == "win32", reason="links need rights there")


def test_suffixes_cover_what_libsndfile_reads():
    unusual = {"RAW", "MAT4", "MAT5"}  # without a header, and rarely audio
    suffixes = {"IRCAM": ".sf", "SVX": ".iff", "WAVEX": ".wav", "MPC2K": ".mpc"}
    formats = set(soundfile.available_formats()) - unusual
    assert {suffixes.get(name, f".{name.lower()}") for name in formats} <= AUDIO_SUFFIXES


class ReversedScan:
    """What os.scandir gives, in the opposite order."""

    def __init__(self, path):
        with scandir(path) as entries:
            self.entries = sorted(entries, key=lambda entry: entry.name, reverse=True)

    def __enter__(self):
        return iter(self.entries)

    def __exit__(self, *error):
        pass


scandir = os.scandir


def test_order_does_not_depend_on_the_file_system(tree, monkeypatch):
    folder = tree("b/2.wav", "b/10.wav", "a/1.wav", "b/c/1.wav", "b.wav", "B/3.wav")
    expected = ["B/3.wav", "a/1.wav", "b.wav", "b/10.wav", "b/2.wav", "b/c/1.wav"]
    assert find_audio(folder) == expected
    monkeypatch.setattr(os, "scandir", ReversedScan)
    assert find_audio(folder) == expected
    assert subfolders(folder) == ["B", "a", "b"]


def test_hidden_and_other_files_are_left_out(tree):
    folder = tree("a.wav", ".a.wav", ".git/b.wav", "a/.b/c.wav", "._a.wav", "d.txt", "wav", "e.wav.txt", "f.wav/g.txt")
    assert find_audio(folder) == ["a.wav"]


@links
def test_links_in_a_circle_end_and_no_recording_is_found_twice(tree, monkeypatch):
    folder = tree("a/x.wav", "b/y.wav")
    for name, target in {"a/up": folder, "b/a": folder / "a", "z": folder / "b", "self": "self"}.items():
        (folder / name).symlink_to(target)
    assert find_audio(folder) == ["a/x.wav", "b/y.wav"]
    monkeypatch.setattr(os, "scandir", ReversedScan)
    assert find_audio(folder) == ["a/x.wav", "b/y.wav"]


@links
def test_linked_files_and_folders_are_found(tree):
    folder = tree("elsewhere/x.wav", "corpus/a.wav")
    (folder / "corpus" / "dog").symlink_to(folder / "elsewhere")
    (folder / "corpus" / "b.wav").symlink_to(folder / "elsewhere" / "x.wav")
    assert find_audio(folder / "corpus") == ["a.wav", "b.wav", "dog/x.wav"]


@links
def test_links_that_lead_nowhere_are_named(tree):
    folder = tree("a.wav")
    for name in ("c.wav", "b.wav"):
        (folder / name).symlink_to(folder / "not fetched")
    with pytest.raises(DataSetError, match=r"2 audio files .* lead nowhere, the first is b\.wav; fetch"):
        find_audio(folder)


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems do not take such names")
def test_names_that_are_not_text_are_named(tree):
    folder = tree("a.wav")
    os.close(os.open(os.fsencode(folder) + b"/\xff.wav", os.O_CREAT))
    with pytest.raises(DataSetError, match=r"file name '\\udcff\.wav' .* not valid text; rename"):
        find_audio(folder)


def test_folders_that_cannot_be_read_are_named(tree, monkeypatch):
    folder = tree("a/b.wav")

    def refuse(path):
        if path == str(folder / "a"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataSetError, match=r"Cannot read the folder .*a \(Permission denied\)"):
        find_audio(folder)


def test_one_file_is_enough_to_know(tree, monkeypatch):
    folder = tree("a.wav", *(f"{name}/a.wav" for name in "bcd"))
    visited = []
    monkeypatch.setattr(os, "scandir", lambda path: visited.append(path) or scandir(path))
    assert holds_audio(folder)
    assert visited == [str(folder)]


def test_no_file_is_looked_at_alone(tree, monkeypatch):
    folder = tree(*(f"{c}/{n}.wav" for c in "ab" for n in range(5)))
    names = pd.Series(find_audio(folder))

    def stat(path, *args, **kwargs):
        raise AssertionError(f"looked at {path}")

    monkeypatch.setattr(os.path, "isfile", stat)
    assert locate(names, folder, "table") == [str(folder / name) for name in names]


def test_absent_files_are_counted_and_the_first_is_named(tree):
    names = pd.Series(["a.wav", "b.wav", "c.wav", "d"], index=[2, 3, 5, 6])
    with pytest.raises(DataSetError, match=r"3 of the 4 files that table names .* first is b\.wav \(line 3\)"):
        locate(names, tree("a.wav", "d/x.wav"), "table")


def test_paths_from_another_system_are_understood(tree):
    folder = tree("dog/a.wav")
    assert locate(pd.Series(["dog\\a.wav"]), folder, "table") == [str(folder / "dog" / "a.wav")]
