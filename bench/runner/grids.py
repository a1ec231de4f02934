"""Sample grids: what a person looks at."""

from __future__ import annotations

import io

import torch
from torch import Tensor

import bench.torchvision_fix  # noqa: F401
from bench.gan.loop import Game
from bench.gan.streams import Streams

GRID = 64
"""Images in a sample grid."""
GRID_SEED = 0
"""Seed of the grid's latent draws, the same for every run, so that grids can be compared image by image."""


def sample_grid(game: Game) -> bytes:
    """PNG bytes of an 8 × 8 grid of the game's images."""
    return grid_png(game.samples(GRID, Streams(GRID_SEED, game.device)("grid")))


def grid_png(images: Tensor) -> bytes:
    """PNG bytes of up to 64 images (uint8 (n, C, H, W), or points (n, 2, 1, 1)) in rows of eight."""
    from PIL import Image
    from torchvision.utils import make_grid

    if images.shape[2:] == (1, 1):
        images = _scatter(images)
    grid = make_grid(images[:GRID], nrow=8, padding=1, pad_value=64)
    buffer = io.BytesIO()
    Image.fromarray(grid.permute(1, 2, 0).numpy()).save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _scatter(points: Tensor) -> Tensor:
    """Points in [0, 1]² as white dots in one 128 × 128 picture: uint8 (1, 3, 128, 128)."""
    picture = torch.zeros(1, 3, 128, 128, dtype=torch.uint8)
    places = (points.flatten(1) * 127).round().long()
    picture[0, :, 127 - places[:, 1], places[:, 0]] = 255
    return picture
