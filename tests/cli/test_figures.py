"""Where figures go: files of known formats, or a window where there can be one."""

import matplotlib
import pytest
from matplotlib import pyplot as plt

from skaudeep.cli._figures import prepare_figure, show_or_save

BEGINNINGS = {"png": b"\x89PNG", "SVG": b"<?xml", "pdf": b"%PDF"}


@pytest.fixture
def figure():
    """A figure of pyplot with a character that its font lacks."""
    plt.switch_backend("Agg")
    made = plt.figure()
    made.suptitle("\N{DOG FACE}")
    yield made
    plt.close("all")


@pytest.fixture
def with_window(monkeypatch):
    """Let Matplotlib have a backend with windows, and note what is shown."""
    shown = []
    monkeypatch.setattr(matplotlib, "get_backend", lambda: "TkAgg")
    monkeypatch.setattr(plt, "show", lambda: shown.append(plt.get_fignums()))
    return shown


@pytest.mark.parametrize("suffix", BEGINNINGS)
def test_formats_are_named_by_the_suffix_and_files_are_always_the_same(figure, suffix, tmp_path):
    path = tmp_path / "new" / f"picture.{suffix}"
    show_or_save(figure, str(path))
    content = path.read_bytes()
    assert content.startswith(BEGINNINGS[suffix])
    assert plt.get_fignums() == []
    show_or_save(figure, str(path))
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("name", ["picture.jpg", "picture", "png"])
def test_other_formats_are_refused_before_any_work(figure, name, tmp_path):
    path = tmp_path / name
    for refuse in (lambda path: prepare_figure(path).__enter__(), lambda path: show_or_save(figure, path)):
        with pytest.raises(ValueError, match=r"must end in .png, .svg or .pdf"):
            refuse(str(path))
    assert list(tmp_path.iterdir()) == []


def test_places_that_are_no_files_are_refused(tmp_path):
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(IsADirectoryError, match="it is a folder"), prepare_figure(str(tmp_path / "folder.png")):
        pass


def test_a_window_where_there_can_be_one(figure, with_window):
    with prepare_figure(None):
        show_or_save(figure, None)
    assert with_window == [[figure.number]]
    assert plt.get_fignums() == []


def test_no_window_is_an_error_with_a_remedy(figure):
    with pytest.raises(ValueError, match=r"draws with agg\); give --output FILE.png"), prepare_figure(None):
        pass
    with pytest.raises(ValueError, match=r"give --figure FILE.png"):
        show_or_save(figure, None, "--figure")


def test_a_full_disk_leaves_an_older_file_as_it_was(figure, tmp_path, monkeypatch):
    path = tmp_path / "picture.png"
    path.write_bytes(b"older")

    def fail(target, **options):
        target.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(figure, "savefig", fail)
    with pytest.raises(OSError, match="No space left"):
        show_or_save(figure, str(path))
    assert path.read_bytes() == b"older"
    assert [file.name for file in tmp_path.iterdir()] == ["picture.png"]
