"""Networks of embedders, in TensorFlow: what new objectives are built of.

`EncoderNetwork` encodes sequences; a subclass with a method `objective` is what an embedder trains. `EmbeddingNetwork`
leaves the encoder open as well. The augmentations are pure functions of sequences and a seed. TensorFlow is imported
with the first of these names.
"""

from skaudeep._lazy import export_lazily

_HOMES = {
    "_augmentation": (
        "add_noise",
        "change_gain",
        "crop",
        "fade",
        "mask_frequency",
        "mask_time",
        "mix_power",
        "resize_and_shift",
        "tilt_spectrum",
    ),
    "_contrastive": ("ContrastiveNetwork",),
    "_encoder": ("EmbeddingNetwork", "EncoderNetwork"),
    "_export": ("to_keras",),
    "_reconstruction": ("FrequencyAutoencoder", "FrequencyTimeAutoencoder", "TimeAutoencoder"),
    "_recurrent": ("weight_shapes",),
}
__getattr__, __dir__, __all__ = export_lazily(__name__, _HOMES)
