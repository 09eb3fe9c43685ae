"""Small pictures: where they are, which way up, and how large."""

import base64
import io

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from skaudeep.pages import _thumbnails
from skaudeep.pages._thumbnails import make_sheets, palette


def decode(uri):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(uri.removeprefix("data:image/jpeg;base64,")))))


def draw(values):
    values = np.asarray(values, dtype=np.float32)
    return make_sheets(xr.DataArray(values, dims=("instance", "time", "freq")))


def picture(sheets, i):
    """A picture by its number."""
    per_sheet = sheets["columns"] * sheets["rows"]
    row, column = divmod(i % per_sheet, sheets["columns"])
    height, width = sheets["height"], sheets["width"]
    sheet = decode(sheets["images"][i // per_sheet])
    return sheet[row * height : (row + 1) * height, column * width : (column + 1) * width]


def test_time_runs_to_the_right_and_frequency_upwards():
    spectrogram = np.full((1, 40, 30), -60.0)
    spectrogram[0, 30:, :10] = 0  # late and low
    image = picture(draw(spectrogram), 0)
    assert image.shape == (96, 160)
    assert image[80, 150] > 250
    assert image[:50].max() < 5
    assert image[80, :100].max() < 5


def test_every_picture_has_its_place_and_its_own_range(rng):
    levels = rng.uniform(-80, 0, size=(150, 1, 1))
    spectrograms = np.repeat(np.repeat(levels, 16, axis=1), 16, axis=2) - 5
    dark = rng.uniform(size=150) < 0.5
    spectrograms[:, :8] += np.where(dark, -3, 3)[:, None, None]
    sheets = draw(spectrograms)
    assert [decode(image).shape for image in sheets["images"]] == [(768, 1280), (768, 1280), (288, 1280)]
    for i in range(150):
        left, right = np.split(picture(sheets, i).astype(int), 2, axis=1)
        assert abs(left.mean() - (0 if dark[i] else 255)) < 5
        assert abs(right.mean() - (255 if dark[i] else 0)) < 5


def test_a_full_sheet_is_followed_by_no_empty_one():
    assert len(draw(np.zeros((64, 4, 4)))["images"]) == 1


def test_what_is_not_finite_or_constant_is_black():
    spectrograms = np.zeros((3, 8, 8))
    spectrograms[0, :4] = np.nan
    spectrograms[0, 4:, 4:] = 1
    spectrograms[1] = np.nan
    sheets = draw(spectrograms)
    assert picture(sheets, 0)[:48, 85:].min() > 250
    assert picture(sheets, 0)[:, :75].max() < 5
    assert picture(sheets, 1).max() == picture(sheets, 2).max() == 0


@pytest.mark.parametrize(("n", "width"), [(3, 160), (4, 112), (11, 64)])
def test_many_pictures_are_smaller(n, width, monkeypatch):
    monkeypatch.setattr(_thumbnails, "SIZES", {3: (160, 96), 10: (112, 72)})
    assert draw(np.zeros((n, 4, 4)))["width"] == width


def test_lazy_spectrograms_are_drawn_alike(rng):
    dask = pytest.importorskip("dask.array")
    values = rng.normal(size=(5, 6, 7)).astype(np.float32)
    lazy = xr.DataArray(dask.from_array(values, chunks=(2, 6, 7)), dims=("instance", "time", "freq"))
    assert make_sheets(lazy) == draw(values)


def test_colours_become_lighter_from_black():
    colours = np.frombuffer(bytes.fromhex(palette()), np.uint8).reshape(256, 3)
    lightness = colours @ [0.299, 0.587, 0.114]
    assert lightness[0] < 2
    assert lightness[-1] > 240
    assert (np.diff(lightness) > -0.5).all()
