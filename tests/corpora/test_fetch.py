import errno
import functools
import hashlib
import http.server
import io
import os
import shutil
import sys
import tarfile
import threading
import zipfile
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skaudeep.corpora import _fetch, load_esc
from skaudeep.corpora._fetch import fetch_esc10, fetch_esc50, fetch_urbansound8k
from skaudeep.exceptions import DataSetError

ESC_TABLE = (
    "filename,fold,target,category,esc10,src_file,take\n"
    "1-100-A-0.wav,1,0,dog,True,100,A\n"
    "2-200-A-0.wav,2,0,dog,True,200,A\n"
    "1-300-A-10.wav,1,10,rain,True,300,A\n"
    "2-400-B-14.wav,2,14,chirping_birds,False,400,B\n"
)
ESC = {"meta/esc50.csv": ESC_TABLE, "LICENSE": "CC", "README.md": "ESC"} | {
    f"audio/{line.split(',')[0]}": line for line in ESC_TABLE.splitlines()[1:]
}
URBAN = {
    "metadata/UrbanSound8K.csv": (
        "slice_file_name,fsID,start,end,salience,fold,classID,class\n"
        "100-0-0-0.wav,100,0.0,4.0,1,1,0,air_conditioner\n"
        "200-3-0-0.wav,200,0.0,4.0,1,2,3,dog_bark\n"
    ),
    "audio/fold1/100-0-0-0.wav": "a",
    "audio/fold2/200-3-0-0.wav": "b",
}


def zipped(members, top="ESC-50-commit/"):
    """A ZIP archive of {name: text} as bytes."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(top + name, text)
    return file.getvalue()


def tarred(members, top="UrbanSound8K/", *, links=(), mode="w:gz"):
    """A tar archive of {name: text} and of (name, target) as bytes."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode=mode) as archive:
        for name, target in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, target
            archive.addfile(info)
        for name, text in members.items():
            info = tarfile.TarInfo(top + name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return file.getvalue()


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves files and counts the requests; one name breaks off in the middle."""

    def do_GET(self):
        self.server.requests.append(self.path)
        if self.path == "/breaks-off.zip":
            self.send_response(200)
            self.send_header("Content-Length", "100000")
            self.end_headers()
            self.wfile.write(b"PK")
            return
        super().do_GET()

    def log_message(self, *args):
        pass


@pytest.fixture
def web(tmp_path, monkeypatch):
    """A server on this machine: `put(name, bytes)` gives the address; `requests` are the paths asked for."""
    folder = tmp_path / "web"
    folder.mkdir()
    monkeypatch.setenv("NO_PROXY", "*")
    handler = functools.partial(Handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.requests = []

        def put(name, content):
            (folder / name).write_bytes(content)
            return f"http://127.0.0.1:{server.server_port}/{name}"

        server.put = put
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def corpora(web, monkeypatch):
    """The table of corpora with tiny ones, which the server has."""
    table_checksum = f"sha256:{hashlib.sha256(ESC_TABLE.encode()).hexdigest()}"
    urban = tarred(URBAN)
    tiny = {
        "esc50": {"url": web.put("esc.zip", zipped(ESC)), "table_checksum": table_checksum, "n_files": 4},
        "urbansound8k": {
            "url": web.put("urban.tar.gz", urban),
            "checksum": f"md5:{hashlib.md5(urban).hexdigest()}",
            "n_files": 2,
        },
    }
    tiny["esc10"] = {"url": tiny["esc50"]["url"], "n_files": 3}
    classes = {"esc50": 3, "esc10": 2, "urbansound8k": 2}
    for name, changes in tiny.items():
        changed = replace(_fetch._CORPORA[name], n_bytes=10**6, n_classes=classes[name], **changes)
        monkeypatch.setitem(_fetch._CORPORA, name, changed)
    return _fetch._CORPORA


@pytest.fixture
def home(tmp_path):
    """A data home that does not exist yet."""
    return tmp_path / "deep" / "home"


def contents(folder):
    """What is in a folder, hidden things included."""
    return sorted(os.listdir(folder)) if folder.exists() else []


def test_fetched_corpus_is_what_the_loader_gives(corpora, home):
    fetched = fetch_esc50(home)
    loaded = load_esc(home / "ESC-50")
    assert fetched.filenames.tolist() == ["1-100-A-0.wav", "1-300-A-10.wav", "2-200-A-0.wav", "2-400-B-14.wav"]
    for name in ("data", "target", "target_names", "filenames", "groups"):
        np.testing.assert_array_equal(fetched[name], loaded[name])
    assert fetched.cv.test_fold.tolist() == [1, 1, 2, 2]
    assert "CC BY-NC 3.0" in fetched.DESCR and corpora["esc50"].url in fetched.DESCR
    assert contents(home) == ["ESC-50"]


def test_urbansound8k_comes_from_a_tar_archive(corpora, home):
    corpus = fetch_urbansound8k(home)
    assert corpus.target_names[corpus.target].tolist() == ["air_conditioner", "dog_bark"]
    assert contents(home) == ["UrbanSound8K"]


@pytest.mark.parametrize("fetch", [fetch_esc50, fetch_esc10])
def test_second_call_does_not_touch_the_network(corpora, web, home, fetch):
    first = fetch(home)
    assert web.requests == ["/esc.zip"]
    second = fetch(home, url="http://127.0.0.1:9/", download_if_missing=False)
    assert web.requests == ["/esc.zip"]
    assert second.data.tolist() == first.data.tolist()


def test_esc10_is_the_part_of_esc50_with_that_mark(corpora, web, home):
    part = fetch_esc10(home)
    assert part.filenames.tolist() == ["1-100-A-0.wav", "1-300-A-10.wav", "2-200-A-0.wav"]
    assert part.target_names.tolist() == ["dog", "rain"]
    assert part.target.tolist() == [0, 1, 0]
    assert contents(home / "ESC-10") == ["LICENSE", "README.md", "audio", "meta"]
    assert fetch_esc50(home).data.size == 4
    assert web.requests == ["/esc.zip"]


def test_esc10_without_links_in_the_file_system(corpora, home, monkeypatch):
    def link(source, target):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", link)
    assert fetch_esc10(home).data.size == 3
    assert (home / "ESC-10/audio/1-100-A-0.wav").read_text() == ESC["audio/1-100-A-0.wav"]


def test_data_home_is_found_in_this_order(corpora, tmp_path, monkeypatch):
    import pooch

    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.delenv("SKAUDEEP_DATA", raising=False)
    fetch_esc50()
    assert contents(tmp_path / "cache" / "skaudeep") == ["ESC-50"]
    monkeypatch.setenv("SKAUDEEP_DATA", str(tmp_path / "variable"))
    fetch_esc50()
    assert contents(tmp_path / "variable") == ["ESC-50"]
    fetch_esc50(str(tmp_path / "argument"))
    assert contents(tmp_path / "argument") == ["ESC-50"]


def test_missing_corpus_without_download_is_an_error(corpora, web, home):
    for fetch in (fetch_esc50, fetch_esc10, fetch_urbansound8k):
        with pytest.raises(FileNotFoundError, match=r"is not in .*home and download_if_missing is False; set it"):
            fetch(home, download_if_missing=False)
    assert not web.requests and not home.exists()


def test_archive_got_by_hand_is_unpacked_without_network_and_kept(corpora, web, home, monkeypatch):
    home.mkdir(parents=True)
    (home / "ESC-50.zip").write_bytes(zipped(ESC))
    monkeypatch.setitem(sys.modules, "pooch", None)
    assert fetch_esc50(home, download_if_missing=False).data.size == 4
    assert not web.requests
    assert contents(home) == ["ESC-50", "ESC-50.zip"]


def test_damaged_archive_got_by_hand_is_named_and_kept(corpora, home):
    home.mkdir(parents=True)
    (home / "ESC-50.zip").write_bytes(zipped(ESC)[:-40])
    with pytest.raises(DataSetError, match=r"ESC-50\.zip is damaged, or no archive.*Delete .*home/ESC-50\.zip and"):
        fetch_esc50(home)
    assert contents(home) == ["ESC-50.zip"]


def test_without_pooch_the_error_says_what_to_install(corpora, home, monkeypatch):
    monkeypatch.setitem(sys.modules, "pooch", None)
    with pytest.raises(ImportError, match=r"pip install pooch.*by hand"):
        fetch_esc50(home)
    assert contents(home) == []
    monkeypatch.delenv("SKAUDEEP_DATA", raising=False)
    with pytest.raises(ImportError, match=r"pip install pooch.*SKAUDEEP_DATA"):
        fetch_esc50()


@pytest.mark.parametrize(
    "path",
    ["http://127.0.0.1:9/closed.zip", "no-such.zip", "breaks-off.zip", "ftp://127.0.0.1/x.zip", "nonsense"],
)
def test_failed_download_names_the_address_the_folder_and_the_remedy(corpora, web, home, path):
    url = path if ":" in path or path == "nonsense" else web.put("x", b"").replace("/x", f"/{path}")
    for _ in range(2):  # the first failure leaves nothing that the second call takes for the corpus
        with pytest.raises(ConnectionError) as caught:
            fetch_esc50(home, url=url)
        message = str(caught.value)
        assert f"Cannot download ESC-50 from {url} to {home} (" in message
        assert f"put it at {home / 'ESC-50.zip'}" in message and "load_esc(folder)" in message
        assert contents(home) == []
    assert fetch_esc50(home).data.size == 4


@pytest.mark.parametrize("damage", ["cut", "page", "empty", "flipped", "other", "table", "fewer", "absent"])
def test_wrong_content_is_refused_and_leaves_nothing(corpora, web, home, damage):
    whole = zipped(ESC)
    without = {name: text for name, text in ESC.items() if name != "audio/1-100-A-0.wav"}
    content, message = {
        "cut": (whole[: len(whole) // 2], "is damaged, or no archive"),
        "page": (b"<html>Log in first</html>", "is damaged, or no archive"),
        "empty": (b"", "is damaged, or no archive"),
        "flipped": (whole[:50] + bytes([whole[50] ^ 255]) + whole[51:], "is damaged, or no archive"),
        "other": (zipped({"README.md": "x"}), "is not ESC-50: it holds no meta/esc50.csv"),
        "table": (zipped(ESC | {"meta/esc50.csv": ESC_TABLE + "x,1,1,x,False,1,A\n"}), "SHA256 checksum .* another"),
        "absent": (zipped(without), "1 of the 4 files"),
        "fewer": (whole, "4 recordings in 3 classes were found, but ESC-50 has 2000 in 50"),
    }[damage]
    if damage == "fewer":
        corpora["esc50"] = replace(corpora["esc50"], n_files=2000, n_classes=50)
    with pytest.raises(DataSetError, match=f"{message}.*Call again, or download http"):
        fetch_esc50(home, url=web.put("wrong.zip", content))
    assert contents(home) == []


def test_wrong_checksum_of_the_archive_is_refused(corpora, web, home):
    with pytest.raises(DataSetError, match=r"tar\.gz has the MD5 checksum \w+, expected \w+: .* Call again, or"):
        fetch_urbansound8k(home, url=web.put("cut.tar.gz", tarred(URBAN)[:-9]))
    assert contents(home) == []


def unchecked(corpora, name, **changes):
    """Take the checks of content away, which would hide what unpacking does."""
    corpora[name] = replace(corpora[name], checksum=None, table_checksum=None, **changes)


@pytest.mark.parametrize("pack", [zipped, tarred])
@pytest.mark.parametrize(
    "name", ["../../evil", "/evil", "a/../../../evil", "..\\..\\evil", "C:\\evil", "\\\\host\\x\\evil"]
)
def test_archive_members_do_not_escape(corpora, web, tmp_path, home, pack, name):
    unchecked(corpora, "esc50")
    hostile = pack({f"E/{key}": text for key, text in ESC.items()} | {name: "evil"}, top="")
    with pytest.raises(DataSetError, match=r"is not to be trusted: it holds the name .*evil.* leads out of"):
        fetch_esc50(home, url=web.put("hostile", hostile))
    assert not list(tmp_path.rglob("*evil*"))
    assert contents(home) == []


def test_links_in_an_archive_lead_nowhere(corpora, web, tmp_path, home):
    unchecked(corpora, "esc50")
    victim = tmp_path / "victim"
    victim.mkdir()
    links = [("E/out", str(victim)), ("E/up", "../../../.."), ("E/LICENSE2", "/etc/passwd")]
    members = ESC | {"out/evil": "evil", "up/evil": "evil"}
    assert fetch_esc50(home, url=web.put("links", tarred(members, "E/", links=links))).data.size == 4
    assert contents(victim) == []
    assert (home / "ESC-50/out/evil").read_text() == (home / "ESC-50/up/evil").read_text() == "evil"
    assert not [path for path in home.rglob("*") if path.is_symlink()]
    assert "LICENSE2" not in contents(home / "ESC-50")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    pack=st.sampled_from([zipped, tarred, functools.partial(tarred, mode="w"), functools.partial(tarred, mode="w:xz")]),
    changes=st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=4),
    keep=st.floats(0.1, 1),
)
def test_any_damage_ends_in_the_corpus_or_an_error(corpora, tmp_path, pack, changes, keep):
    unchecked(corpora, "esc50")
    content = bytearray(pack(ESC))
    for place, value in changes:
        content[int(place * len(content))] = value
    home = tmp_path / "fuzz"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir()
    (home / "ESC-50.zip").write_bytes(content[: int(keep * len(content)) + 1])
    try:
        assert fetch_esc50(home).data.size == 4
    except (DataSetError, OSError):
        assert contents(home) == ["ESC-50.zip"]


def test_too_small_a_disk_is_noticed_before_the_download(corpora, web, home):
    corpora["esc50"] = replace(corpora["esc50"], n_bytes=10**18)
    with pytest.raises(OSError, match=r"Cannot store ESC-50 in .*home \(at least 2000000000\.00 GB .* data_home or"):
        fetch_esc50(home)
    assert not web.requests and contents(home) == []


@pytest.mark.parametrize("moment", ["download", "unpacking"])
@pytest.mark.parametrize("failure", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_full_disk_and_interruption_leave_no_half_corpus(corpora, web, home, monkeypatch, moment, failure):
    import pooch

    owner, name = (pooch.HTTPDownloader, "__call__") if moment == "download" else (_fetch, "_copy")
    complete = getattr(owner, name)

    def fail(*args):
        complete(*args)
        raise failure

    with monkeypatch.context() as patch:
        patch.setattr(owner, name, fail)
        with pytest.raises(type(failure), match=r"Cannot store .*No space|^$"):
            fetch_esc50(home)
    downloaded = moment == "unpacking"
    assert contents(home) == ["ESC-50.zip"] * downloaded
    assert len(fetch_esc50(home).filenames) == 4
    assert len(web.requests) == 2 - downloaded


def test_data_home_that_is_a_file_is_an_error(corpora, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Cannot store ESC-50 in .*file .* data_home"):
        fetch_esc50(tmp_path / "file")


def test_damage_to_a_fetched_corpus_is_noticed(corpora, home):
    fetch_esc10(home)
    (home / "ESC-10/audio/1-100-A-0.wav").unlink()
    with pytest.raises(DataSetError, match=r"1 of the 3 files .* Delete the folder .*ESC-10 and call again"):
        fetch_esc10(home)
    shutil.rmtree(home / "ESC-10")
    assert fetch_esc10(home).data.size == 3


def test_several_at_once_do_not_disturb_each_other(corpora, home, monkeypatch):
    barrier = threading.Barrier(3)
    results, put_in_place = [], _fetch._put_in_place

    def together(made, folder):
        barrier.wait(timeout=30)
        put_in_place(made, folder)

    monkeypatch.setattr(_fetch, "_put_in_place", together)
    threads = [threading.Thread(target=lambda: results.append(fetch_esc50(home).data.size)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [4, 4, 4]
    assert contents(home) == ["ESC-50"]


def test_progress_only_if_wanted(corpora, home, tmp_path, capfd):
    fetch_esc50(home)
    assert capfd.readouterr() == ("", "")
    fetch_esc50(tmp_path / "other", verbose=1)
    out, err = capfd.readouterr()
    assert out == "" and "Downloading ESC-50" in err and "Unpacking ESC-50: 4 files" in err


def test_real_rows_are_complete():
    # not replaced by the fixture: what the published corpora are
    assert {name: (row.n_files, row.n_classes) for name, row in _fetch._CORPORA.items()} == {
        "esc50": (2000, 50),
        "esc10": (400, 10),
        "urbansound8k": (8732, 10),
    }
    assert all(row.checksum or row.table_checksum or row.part_of for row in _fetch._CORPORA.values())
