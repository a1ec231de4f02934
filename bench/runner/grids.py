"""Sample grids: what a person looks at."""

from __future__ import annotations

import io

import torch
from torch import Tensor

from bench.gan.loop import Game
from bench.gan.streams import Streams

GRID, COLUMNS = 64, 8
"""Images in a sample grid, and in one of its rows."""
GREY = 64
GRID_SEED = 0
"""Seed of the grid's latent draws, the same for every run, so that grids can be compared image by image."""


def sample_grid(game: Game) -> bytes:
    """PNG bytes of an 8 × 8 grid of the game's images."""
    return grid_png(game.samples(GRID, Streams(GRID_SEED, game.device)("grid")))


def grid_png(images: Tensor) -> bytes:
    """PNG bytes of up to 64 images (uint8 (n, C, H, W), or points (n, 2, 1, 1)) in rows of eight; grey stays grey."""
    from PIL import Image

    if images.shape[2:] == (1, 1):
        images = _scatter(images)
    grid = _tiled(images[:GRID]).permute(1, 2, 0)
    buffer = io.BytesIO()
    Image.fromarray(grid.squeeze(-1).numpy()).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _scatter(points: Tensor) -> Tensor:
    """Points in [0, 1]² as white dots in one 128 × 128 picture: uint8 (1, 1, 128, 128)."""
    picture = torch.zeros(1, 1, 128, 128, dtype=torch.uint8)
    places = (points.flatten(1) * 127).round().long()
    picture[0, 0, 127 - places[:, 1], places[:, 0]] = 255
    return picture


def _tiled(images: Tensor) -> Tensor:
    """Images (n, C, H, W) in rows of up to eight with a grey pixel between and around them; one image as it is."""
    count, channels, high, wide = images.shape
    if count == 1:
        return images[0]
    columns = min(count, COLUMNS)
    rows = -(-count // columns)
    tiled = torch.full((channels, rows * (high + 1) + 1, columns * (wide + 1) + 1), GREY, dtype=torch.uint8)
    for place, image in enumerate(images):
        top, left = place // columns * (high + 1) + 1, place % columns * (wide + 1) + 1
        tiled[:, top : top + high, left : left + wide] = image
    return tiled
