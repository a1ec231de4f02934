"""D's slope in its input, for penalties on it."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def slopes(D: nn.Module, images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """D's gradient at each of these images, with a way on to D's weights.

    It is taken per half the pixel range, as on images in [−1, 1], so that it means the same whatever the range is.

    Args:
        D: images -> logits (n,); n is smaller than N where one logit is for several images, which lie side by side.
        images: (N, C, H, W) in the pixel range, as D sees them.
        pixel_range: the values of black and white.

    Returns:
        (n, N · C · H · W / n), one row for each logit.
    """
    images, (low, high) = images.detach().requires_grad_(True), pixel_range
    logits = D(images)
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.reshape(len(logits), -1) * ((high - low) / 2)


def distance_to_one(gradients: Tensor) -> Tensor:
    """Mean of (‖gradient‖ − 1)² over rows (n, d), a scalar. At a gradient of exactly zero it slopes nowhere."""
    return (torch.linalg.vector_norm(gradients, dim=1) - 1).square().mean()
