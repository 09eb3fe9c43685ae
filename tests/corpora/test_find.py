import os
import sys

import pandas as pd
import pytest
import soundfile

from skaudeep.corpora._formats import AUDIO_SUFFIXES
from skaudeep.corpora.find import (
    check_folder_not_file,
    describe_nothing,
    find_audio,
    find_recordings,
    holds_audio,
    locate,
    reasons_below,
    subfolders,
    unlisted_beside,
)
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


MIXED = {"bird/1": b"RIFF1234WAVEfmt ", "LICENSE": "MIT License", "cat/Makefile": "all:"}


def test_recordings_that_cannot_be_read_are_counted_named_and_refused(tree):
    folder = tree("dog/1.wav", "dog/2.m4a", "cat/1.M4A", "cat/2.amr", "dog/notes.txt", texts=MIXED)
    with pytest.raises(DataSetError) as caught:
        find_recordings(folder)
    message = str(caught.value)
    assert message.startswith(
        f"4 of the 5 recordings in {folder} cannot be read (2 .m4a, 1 without a suffix, 1 .amr); the first is bird/1, "
        "which is WAV, which its name does not tell. Without them nothing is left of bird, cat. "
    )
    assert "Let the names of WAV files end in .wav; convert what libsndfile does not read" in message
    assert message.endswith("Or leave them out with on_unreadable='skip'.")
    assert message.count("ffmpeg") == 1


def test_recordings_that_cannot_be_read_are_left_out_on_request(tree):
    folder = tree("dog/1.wav", "dog/2.m4a", "cat/1.M4A", "cat/2.amr", texts=MIXED)
    found = find_recordings(folder, "skip")
    assert found.names == ["dog/1.wav"]
    assert list(found.unreadable) == ["bird/1", "cat/1.M4A", "cat/2.amr", "dog/2.m4a"]
    (note,) = found.notes
    assert note == ("without 4 that cannot be read (2 .m4a, 1 without a suffix, 1 .amr; nothing is left of bird, cat)")
    reasons = reasons_below(folder, found)
    assert list(reasons)[1] == str(folder / "cat" / "1.M4A")
    assert reasons[str(folder / "bird" / "1")].startswith("is WAV, which its name does not tell; let ")


def test_nothing_is_left_out_where_nothing_would_be_left(tree):
    folder = tree("dog/1.m4a", "cat/1.opus.aac")
    for on_unreadable in ("raise", "skip"):
        with pytest.raises(DataSetError, match=r"2 of the 2 recordings .* cannot be read \(1 \.aac, 1 \.m4a\)"):
            find_recordings(folder, on_unreadable)
    assert holds_audio(folder) and not holds_audio(folder, readable=True)


def test_converted_recordings_satisfy(tree):
    folder = tree("a.m4a", "a.wav", "b.mp4", "b.mp4.flac", "c.wav", texts={"c.wav.bak": b"RIFF1234WAVEfmt "})
    found = find_recordings(folder)
    assert found.names == ["a.wav", "b.mp4.flac", "c.wav"]
    assert found.notes == ("without 3 copies in other formats (1 .m4a, 1 .mp4, 1 .bak)",)
    with pytest.raises(DataSetError, match=r"the first is a/d\.m4a"):
        find_recordings(tree("a/d.m4a", "d.wav"))


def test_what_a_table_lists_is_not_missing(tree):
    folder = tree("a.m4a", "b.m4a")
    with pytest.raises(DataSetError, match=r"1 of the 1 recordings .* the first is b\.m4a"):
        find_recordings(folder, listed=["a.m4a"])
    assert list(find_recordings(folder, "skip", listed=["a.m4a"]).unreadable) == ["b.m4a"]


def test_hidden_files_are_no_recordings_whatever_they_hold(tree):
    folder = tree("a.wav", ".b.m4a", "._a.m4a", ".DS_Store", ".x/a.m4a", "desktop.ini", texts={"._a": b"fLaC"})
    assert find_recordings(folder) == (["a.wav"], {}, [], [])


@links
def test_links_that_lead_nowhere_can_be_left_out(tree):
    folder = tree("a.wav")
    for name in ("b.wav", "c.m4a", "README"):
        (folder / name).symlink_to(folder / "not fetched")
    with pytest.raises(DataSetError, match=r"2 of the 3 .*the first is b\.wav, which is a link that leads nowhere"):
        find_recordings(folder)
    assert list(find_recordings(folder, "skip").unreadable) == ["b.wav", "c.m4a"]


def test_folders_that_are_called_as_recordings(tree):
    folder = tree("a.wav/1.wav", "b.wav/notes.txt", "c.wav")
    with pytest.raises(DataSetError, match=r"1 of the 3 .*first is b\.wav, which is called as a recording, but is"):
        find_recordings(folder)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a file system with pipes")
def test_pipes_that_are_called_as_recordings(tree):
    folder = tree("a.wav")
    os.mkfifo(folder / "b.wav")
    os.mkfifo(folder / "c")
    assert list(find_recordings(folder, "skip").unreadable) == ["b.wav"]


def test_archives_are_mentioned(tree):
    folder = tree("dog/1.wav", "cat/1.wav", "cat.zip", "rain.tar.gz", "fox/x.7z")
    assert find_recordings(folder).notes == ("without what is in 2 archives (fox/x.7z, rain.tar.gz)",)
    assert describe_nothing(folder / "fox") == "no audio files, but archives to be unpacked (x.7z),"
    assert describe_nothing(folder / "dog") == "no audio files"


def test_a_file_is_no_folder(tree):
    folder = tree("a.zip", "a.WAV", "a.m4a", "table.txt", "table")
    for name, what in {"a.zip": "an archive; unpack it", "a.WAV": "a recording", "a.m4a": "a recording"}.items():
        with pytest.raises(DataSetError, match=rf"{name} is {what}"):
            check_folder_not_file(folder / name)
    check_folder_not_file(folder / "table.txt")
    check_folder_not_file(folder / "table")


def test_recordings_beside_others(tree):
    folder = tree("a/1.wav", "a/2.wav", "a/3.m4a", "a/._1.wav", "a/x.txt", "a/deep/4.wav", "b/5.wav", "c/6.wav")
    paths = [str(folder / name) for name in ("a/1.wav", "b/5.wav")]
    assert unlisted_beside(paths) == [str(folder / name) for name in ("a/2.wav", "a/3.m4a")]
