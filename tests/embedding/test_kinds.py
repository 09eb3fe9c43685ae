"""The registry of embedders."""

from skaudeep.embedding import BaseEmbedder, Seq2SeqAutoencoderEmbedder, list_embedders


def test_a_class_with_a_kind_is_listed():
    class Other(BaseEmbedder):
        kind = "other"

    class Derived(Seq2SeqAutoencoderEmbedder):
        """Has no kind of its own, and does not stand for that of its base."""

    try:
        kinds = list_embedders()
        assert list(kinds)[:3] == ["t-rae", "f-rae", "ft-rae"]
        assert kinds["other"] is Other and kinds["t-rae"] is Seq2SeqAutoencoderEmbedder
        assert Derived not in kinds.values()
    finally:
        from skaudeep.embedding._base import embedders

        del embedders["other"]
