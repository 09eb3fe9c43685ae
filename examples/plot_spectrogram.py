"""What the clipping level does to a spectrogram.

`clip_below` decides how far below the loudest sound something still counts: at -30 dB only the event itself remains, at
-60 dB the background of the recording shows as well.
"""

import tempfile

import matplotlib.pyplot as plt

from skaudeep.datasets import make_sound_events
from skaudeep.plotting import SpectrogramDisplay
from skaudeep.spectrogram import SpectrogramTransformer, extract_branches

levels = (-30, -45, -60)
transformers = [SpectrogramTransformer(n_mels=64, clip_below=level, scale=None) for level in levels]

with tempfile.TemporaryDirectory() as folder:
    sounds = make_sound_events(folder, n_per_class=5, n_takes=1, random_state=0)
    siren = sounds.data[list(sounds.target_names[sounds.target]).index("siren")]
    for transformer in transformers:
        transformer.fit([siren])
    # the recording is decoded once, for all levels
    spectrograms = extract_branches(transformers, [siren])

figure, axes = plt.subplots(1, len(levels), figsize=(14, 4), sharey=True, layout="constrained")
for ax, level, transformer, spectrogram in zip(axes, levels, transformers, spectrograms, strict=True):
    SpectrogramDisplay.from_spectrogram(
        spectrogram[0],
        frequencies=transformer.frequencies_,
        hop=transformer.window_width - transformer.window_overlap,
        level_label="Level (dB)",
        title=f"A siren, clipped at {level} dB",
        ax=ax,
    )
plt.show()
