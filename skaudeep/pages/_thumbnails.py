"""Small pictures of many spectrograms, a few dozen on each sheet."""

import io

import numpy as np

from skaudeep.io.blocks import feature_blocks
from skaudeep.pages._assets import data_uri

#: Width and height in pixels of a picture, by how many there are at most, so that a page stays below some 10 MB.
#: Multiples of 8 keep neighbours on a sheet apart, as JPEG works on squares of so many pixels.
SIZES = {1000: (160, 96), 3000: (112, 72), 10_000: (80, 48)}
_SMALLEST = (64, 40)
_COLUMNS = _ROWS = 8
_QUALITY = 75


def make_sheets(spectrograms):
    """Draw spectrograms small, in shades of grey, each with its own minimum black and its maximum white.

    Parameters
    ----------
    spectrograms : xarray.DataArray of shape (n_instances, n_frames, n_bins)
        In memory or lazy; time runs to the right and frequency upwards.

    Returns
    -------
    dict
        `width` and `height` of a picture in pixels, `columns` and `rows` of a sheet, and `images`, a list of the
        sheets as addresses that hold them (JPEG), filled row by row.
    """
    from PIL import Image

    width, height = next((size for n, size in SIZES.items() if len(spectrograms) <= n), _SMALLEST)
    images, sheet, at = [], None, 0
    for _, block in feature_blocks(spectrograms):
        for spectrogram in block:
            if at == 0:
                sheet = Image.new("L", (width * _COLUMNS, height * _ROWS))
            place = at % _COLUMNS * width, at // _COLUMNS * height
            picture = Image.fromarray(grey(spectrogram).T[::-1])
            sheet.paste(picture.resize((width, height), Image.Resampling.BOX), place)
            at = (at + 1) % (_COLUMNS * _ROWS)
            if at == 0:
                images.append(_encode(sheet))
    if at:
        images.append(_encode(sheet.crop((0, 0, width * _COLUMNS, height * -(-at // _COLUMNS)))))
    return {"width": width, "height": height, "columns": _COLUMNS, "rows": _ROWS, "images": images}


def palette():
    """Give the colours of the 256 shades of grey, those of our other pictures, in 6 hexadecimal digits each."""
    from matplotlib import colormaps

    colours = colormaps["magma"](np.arange(256), bytes=True)[:, :3]
    return colours.tobytes().hex()


def grey(spectrogram):
    """Give levels as whole numbers from 0 to 255; what is not finite is 0."""
    known = np.isfinite(spectrogram)
    if not known.any():
        return np.zeros(spectrogram.shape, dtype=np.uint8)
    low, high = spectrogram[known].min(), spectrogram[known].max()
    levels = (np.where(known, spectrogram, low) - low) / max(high - low, np.finfo(np.float32).tiny)
    return np.rint(levels * 255).astype(np.uint8)


def _encode(sheet):
    stream = io.BytesIO()
    sheet.save(stream, "JPEG", quality=_QUALITY, optimize=True)
    return data_uri(stream.getvalue(), "image/jpeg")
