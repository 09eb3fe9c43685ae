import pytest

from skaudeep.plotting.drawing import shortened


@pytest.mark.parametrize(
    ("text", "expected"), [("Rain", "Rain"), ("x" * 28, "x" * 28), ("y" * 200, "y" * 27 + "\u2026"), (7, "7")]
)
def test_long_names_are_cut(text, expected):
    assert shortened(text) == expected
