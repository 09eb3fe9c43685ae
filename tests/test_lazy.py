import pytest

from skaudeep._lazy import export_lazily


def test_names_come_from_their_homes():
    getter, lister, names = export_lazily(
        "skaudeep.io", {"blocks": ("feature_blocks",), "skaudeep.audio": ("audio_info",)}, ["tables"]
    )
    assert lister() == names == ["audio_info", "feature_blocks", "tables"]
    assert [getter(name).__name__ for name in names] == ["audio_info", "feature_blocks", "skaudeep.io.tables"]
    with pytest.raises(AttributeError, match="module 'skaudeep.io' has no attribute 'blocks'"):
        getter("blocks")
