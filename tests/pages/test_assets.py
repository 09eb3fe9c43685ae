"""What all pages share: templates that escape, scripts, addresses that hold files, files that appear whole."""

import base64
import errno
import pathlib
import re
import sys

import pytest

from skaudeep.pages import _assets


def test_templates_escape_text_and_json(tmp_path, monkeypatch):
    template = "{{ text }}|{{ {'b': text, 'a': '&'} | tojson }}|{{ source('x.js') }}|{{ policy }}"
    (tmp_path / "t.html").write_text(template)
    (tmp_path / "x.js").write_text("a < b && '{{ c }}'")
    _assets._environment.cache_clear()
    monkeypatch.setattr(_assets, "__file__", str(tmp_path / "module.py"))
    (tmp_path / "templates").symlink_to(tmp_path)
    try:
        page = _assets.render("t.html", text="</script><b>'\"é")
    finally:
        _assets._environment.cache_clear()
    text, data, script, policy = page.split("|")
    assert text == "&lt;/script&gt;&lt;b&gt;&#39;&#34;é"
    assert re.search("[<>&']", data) is None
    assert data.startswith('{"b":')
    assert script == "a < b && '{{ c }}'"
    assert policy.startswith("default-src &#39;none&#39;;")


def test_the_policy_allows_no_host():
    assert not re.search(r"https?:|\*|connect-src", _assets.CONTENT_SECURITY_POLICY)


def test_addresses_hold_files():
    kind, _, content = _assets.data_uri(b"\0\xffabc", "image/png").partition(";base64,")
    assert kind == "data:image/png"
    assert base64.b64decode(content) == b"\0\xffabc"


def test_the_script_of_plotly_does_not_end_its_element(monkeypatch):
    import plotly.offline

    assert "</script" not in _assets.plotly_script()
    monkeypatch.setattr(plotly.offline, "get_plotlyjs", lambda: "x = '</script>'")
    assert _assets.plotly_script() == "x = '<\\/script>'"


@pytest.mark.parametrize(
    ("package", "function", "message"),
    [
        ("plotly.offline", _assets.plotly_script, "pip install plotly"),
        ("jinja2", _assets._environment.__wrapped__, "pip install jinja2"),
    ],
)
def test_packages_that_are_not_installed(package, function, message, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=message):
        function()


def test_a_full_disk_leaves_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "page.html"
    assert _assets.write_page("<p>é", path) == 5
    assert path.read_bytes() == "<p>é".encode()

    def fail(self, content):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pathlib.Path, "write_bytes", fail)
    with pytest.raises(OSError, match=r"page.html: cannot be written \(No space left on device\)"):
        _assets.write_page("new", path)
    monkeypatch.undo()
    assert path.read_text() == "<p>é"
    assert list(tmp_path.iterdir()) == [path]
