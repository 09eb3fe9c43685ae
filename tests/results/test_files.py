"""Which folders there are, and what is refused in place of a JSON object."""

import json

import pytest

from skaudeep.results.files import EXPERIMENT_FILE, TRAINING_FILE, find_kind, read_json, write_json


def test_kinds_of_folders(write, tmp_path, monkeypatch):
    run = write(f"run/{TRAINING_FILE}", {}).parent
    (run / "logs").mkdir()
    experiment = write(f"esc/{EXPERIMENT_FILE}", {}).parent
    assert find_kind(experiment) == (EXPERIMENT_FILE, experiment)
    assert find_kind(run) == (TRAINING_FILE, run)
    assert find_kind(run / "logs") == (TRAINING_FILE, run)
    monkeypatch.chdir(run / "logs")
    assert find_kind(".")[0] == TRAINING_FILE


def test_a_folder_of_neither_kind(write, tmp_path):
    inside = write(f"run/{TRAINING_FILE}", {}).parent / "other"
    inside.mkdir()
    for path, message in ((tmp_path, "holds neither"), (inside, "holds neither"), (tmp_path / "x", "does not exist")):
        with pytest.raises(FileNotFoundError, match=message):
            find_kind(path)
    with pytest.raises(FileNotFoundError, match="is a file"):
        find_kind(write("file", {}))


@pytest.mark.parametrize("content", [b"", b"{", b"\x89HDF\r\n\x1a\n\xff", b"[1]", b"[" * 100_000], ids=range(5))
def test_what_is_no_json_is_refused_by_name(write, content):
    path = write("x.json", content)
    with pytest.raises(ValueError, match=r"x.json' is damaged"):
        read_json(path)
    with pytest.raises(FileNotFoundError, match="is a folder"):
        read_json(path.parent)
    with pytest.raises(FileNotFoundError, match="does not exist"):
        read_json(path.parent / "y.json")


def test_json_appears_whole_or_not_at_all(write, tmp_path):
    path = write("x.json", {"a": 1})
    with pytest.raises(TypeError):
        write_json({"a": object()}, path)
    assert json.loads(path.read_text()) == {"a": 1}
    assert [file.name for file in tmp_path.iterdir()] == ["x.json"]
