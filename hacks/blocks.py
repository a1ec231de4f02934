"""A network as a list of blocks: for hacks that run it in another way than one block after the other."""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from hacks.slots import ConditionedLayer, Given

Shape = tuple[int, int, int]
ROWS = 64
"""So many images are passed through layers to see what comes out: enough for any that puts several together."""


def through(blocks: Iterable[nn.Module], images: Tensor, given: Given | None) -> Tensor:
    """Images or latents through blocks one after another; those that ask for it see what the network was given."""
    for block in blocks:
        images = block(images, given) if isinstance(block, ConditionedLayer) else block(images)
    return images


def shapes(network: nn.Sequential, shape: Shape, latents: bool) -> list[Shape]:
    """What comes out of each block, for images of that shape, or latents; found on a device that only keeps shapes."""
    blocks = copy.deepcopy(network).to("meta")
    with torch.device("meta"):
        images = torch.empty(ROWS, shape[0]) if latents else torch.empty(ROWS, *shape)
        given, found = Given(images, torch.empty(ROWS, dtype=torch.int64)), []
        for block in blocks:
            images = through([block], images, given)
            found.append((*images.shape[1:], 1, 1, 1)[:3])
    return found


def enlarged(images: Tensor, size: int) -> Tensor:
    """Images (N, C, h, h) with every pixel repeated to (N, C, size, size)."""
    return images if images.shape[-1] == size else F.interpolate(images, size=(size, size), mode="nearest")


def averaged(images: Tensor, size: int) -> Tensor:
    """Images (N, C, H, H) averaged over squares of pixels to (N, C, size, size), a divisor of H."""
    return images if images.shape[-1] == size else F.avg_pool2d(images, images.shape[-1] // size)
