"""Messages that know what they name."""

import pickle

import pytest

from skaudeep.exceptions import AudioError, DataSetError, Message, ParameterError, marked, message_of, param


def test_python_sees_the_names_of_python():
    message = Message(f"pad with {param.fixed_length}, or {param('on_error', 'skip')}; {param('rate', 8000.0)} Hz")
    assert message == "pad with fixed_length, or on_error='skip'; rate=8000 Hz"
    assert f"{message}" == str(message)


def test_each_face_has_its_own_words():
    found = []
    message = Message(f"{param.ds}: {param('rate', 0.5)}, {param('columns', ['a', 'b'])} and {param('kind', None)}")
    assert message.reword(lambda mention: found.append(mention) or "X") == "X: X, X and X"
    assert [tuple(mention[1:]) for mention in found] == [
        ("ds", ""),
        ("rate", 0.5),
        ("columns", ["a", "b"]),
        ("kind", None),
    ]
    assert [mention.text for mention in found][:2] == ["ds", "rate=0.5"]


@pytest.mark.parametrize("kind", [AudioError, DataSetError])
def test_messages_within_messages(kind):
    inner = kind(f"a.wav: pad with {param.fixed_length}")
    outer = pickle.loads(pickle.dumps(kind(f"the first: {marked(inner)}")))
    assert str(outer) == "the first: a.wav: pad with fixed_length"
    assert message_of(outer).reword(lambda mention: "--fixed-length") == "the first: a.wav: pad with --fixed-length"
    assert message_of(inner).removeprefix("a.wav: ").reword(lambda mention: "it") == "pad with it"
    assert marked(KeyError("x")) == "'x'"


def test_errors_of_parameters():
    error = pickle.loads(pickle.dumps(ParameterError("window", 2.0, f" must be less than {param('width', 1.5)}")))
    assert str(error) == "window=2 must be less than width=1.5"
    assert (error.parameter, error.value) == ("window", 2.0)
    assert message_of(error).reword(lambda mention: mention.name) == "window must be less than width"
