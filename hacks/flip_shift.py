"""Random flips and shifts, which leave what an image shows as it is."""

from __future__ import annotations

import torch
from torch import Tensor

from hacks.slots import Stream


def flip_and_shift(images: Tensor, stream: Stream, *, flip: bool, share: float = 1 / 8) -> Tensor:
    """Each image mirrored left to right with probability one half, and moved by up to a share of its size.

    What moves out at one side is filled by reflection at the other.

    Args:
        images: (N, C, H, W).
        stream: on the images' device.
        flip: whether it mirrors.
        share: the largest shift down, up, left or right, in heights and widths; whole pixels, all equally likely.

    Returns:
        (N, C, H, W), channels-last; a gradient passes.
    """
    n, _, height, width = images.shape

    def places(size: int) -> Tensor:
        most = int(size * share)
        shift = torch.randint(-most, most + 1, (n, 1), generator=stream, device=stream.device)
        place = (torch.arange(size, device=stream.device) + shift).abs()
        return size - 1 - (size - 1 - place).abs()

    rows, columns = places(height), places(width)
    if flip:
        mirrored = torch.rand(n, 1, generator=stream, device=stream.device) < 0.5
        columns = torch.where(mirrored, width - 1 - columns, columns)
    each = torch.arange(n, device=stream.device)
    return images[each[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def inconsistency(D: torch.nn.Module, images: Tensor, stream: Stream, *, flip: bool) -> Tensor:
    """Mean of (D(x) − D(T(x)))² over images x (N, C, H, W), T flip and shift, a scalar.

    Both go through D in one pass, so that batch statistics, where there are any, are the same for both.
    """
    images = images.detach()
    plain, changed = D(torch.cat([images, flip_and_shift(images, stream, flip=flip)])).chunk(2)
    return (plain - changed).square().mean()
