"""Recurrent sequence-to-sequence autoencoders as transformers: sequences in, learned features out."""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_frequency": ("FrequencyAutoencoderEmbedder",),
    "_frequency_time": ("FrequencyTimeAutoencoderEmbedder",),
    "_pooling": ("StatisticsPooling",),
    "_time": ("Seq2SeqAutoencoderEmbedder",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
