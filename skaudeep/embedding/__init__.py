"""Recurrent sequence-to-sequence autoencoders as transformers: sequences in, learned features out."""

from skaudeep.embedding._time import Seq2SeqAutoencoderEmbedder

__all__ = ["Seq2SeqAutoencoderEmbedder"]
