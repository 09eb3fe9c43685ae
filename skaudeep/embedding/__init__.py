"""Embedders: transformers that learn features of sequences; sequences in, features out."""

from skaudeep.embedding._base import BaseEmbedder
from skaudeep.embedding._config import EncoderConfig
from skaudeep.embedding._frequency import FrequencyAutoencoderEmbedder
from skaudeep.embedding._frequency_time import FrequencyTimeAutoencoderEmbedder
from skaudeep.embedding._kinds import list_embedders
from skaudeep.embedding._pooling import StatisticsPooling
from skaudeep.embedding._time import Seq2SeqAutoencoderEmbedder

__all__ = [
    "BaseEmbedder",
    "EncoderConfig",
    "FrequencyAutoencoderEmbedder",
    "FrequencyTimeAutoencoderEmbedder",
    "Seq2SeqAutoencoderEmbedder",
    "StatisticsPooling",
    "list_embedders",
]
