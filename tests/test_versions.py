"""Pickles of versions that had fewer parameters (other versions: tests/test_persistence.py)."""

from skaudeep import Seq2SeqAutoencoderEmbedder


def test_parameters_that_came_later_have_their_defaults():
    old = Seq2SeqAutoencoderEmbedder(n_units=3)
    state = old.__getstate__()
    del state["weight_decay"], state["learning_rate_schedule"]
    embedder = object.__new__(Seq2SeqAutoencoderEmbedder)
    embedder.__setstate__(state)
    assert embedder.get_params() == old.get_params()
