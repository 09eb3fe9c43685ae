"""Embedders: transformers that learn features of sequences; sequences in, features out.

A new objective is a subclass of `BaseEmbedder` with a network of `skaudeep.embedding.networks`.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_base": ("BaseEmbedder",),
    "_checkpoints": ("identify_training",),
    "_contrastive": ("ContrastiveEmbedder",),
    "_config": ("EncoderConfig",),
    "_frequency": ("FrequencyAutoencoderEmbedder",),
    "_frequency_time": ("FrequencyTimeAutoencoderEmbedder",),
    "_kinds": ("list_embedders",),
    "_pooling": ("StatisticsPooling",),
    "_time": ("Seq2SeqAutoencoderEmbedder",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
