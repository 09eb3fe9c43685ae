"""Recurrent sequence-to-sequence autoencoders as transformers: sequences in, learned features out."""

from skaudeep.embedding._frequency import FrequencyAutoencoderEmbedder
from skaudeep.embedding._frequency_time import FrequencyTimeAutoencoderEmbedder
from skaudeep.embedding._pooling import StatisticsPooling
from skaudeep.embedding._time import Seq2SeqAutoencoderEmbedder

__all__ = [
    "FrequencyAutoencoderEmbedder",
    "FrequencyTimeAutoencoderEmbedder",
    "Seq2SeqAutoencoderEmbedder",
    "StatisticsPooling",
]
