"""Networks of embedders, in TensorFlow, which importing this package imports: what new objectives are built of.

`EncoderNetwork` encodes sequences; a subclass with a method `objective` is what an embedder trains. `EmbeddingNetwork`
leaves the encoder open as well. The augmentations are pure functions of sequences and a seed.
"""

from skaudeep.embedding.networks._augmentation import (
    change_gain,
    crop,
    mask_frequency,
    mask_time,
    mix_power,
    resize_and_shift,
    tilt_spectrum,
)
from skaudeep.embedding.networks._encoder import EmbeddingNetwork, EncoderNetwork

__all__ = [
    "EmbeddingNetwork",
    "EncoderNetwork",
    "change_gain",
    "crop",
    "mask_frequency",
    "mask_time",
    "mix_power",
    "resize_and_shift",
    "tilt_spectrum",
]
