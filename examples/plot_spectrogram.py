"""What the clipping level does to a spectrogram.

`clip_below` decides how far below the loudest sound something still counts: of a siren, at -15 dB its
strongest partials remain, at -30 dB all of it, and at -60 dB the background of the recording shows as well. All panels
have one colour scale, from the lowest level to the loudest bin, which is at 0 dB.
"""

import tempfile

import matplotlib.pyplot as plt

from skaudeep.datasets import make_sound_events
from skaudeep.plotting import SpectrogramDisplay
from skaudeep.spectrogram import SpectrogramTransformer, extract_branches

levels = (-15, -30, -60)
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
    display = SpectrogramDisplay.from_spectrogram(
        spectrogram[0],
        frequencies=transformer.frequencies_,
        hop=transformer.window_width - transformer.window_overlap,
        level_label="Level (dB)",
        title=f"A siren, clip_below={level} dB",
        ax=ax,
    )
    display.image_.set_clim(min(levels), 0)
plt.show()
