import pytest

from skaudeep._lazy import export_lazily


def test_names_come_from_their_homes():
    getter, lister, names = export_lazily(
        "skaudeep.io", {"_blocks": ("feature_blocks",), "skaudeep.audio": ("audio_info",)}, ["_tables"]
    )
    assert lister() == names == ["_tables", "audio_info", "feature_blocks"]
    assert [getter(name).__name__ for name in names] == ["skaudeep.io._tables", "audio_info", "feature_blocks"]
    with pytest.raises(AttributeError, match="module 'skaudeep.io' has no attribute '_blocks'"):
        getter("_blocks")
