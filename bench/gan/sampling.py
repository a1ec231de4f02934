"""Images of a generator as scores see them, and real images as the networks see them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hacks.recipe import Recipe


@dataclass(frozen=True)
class Precision:
    """How the networks compute: `float32`, or `bf16` for autocast to bfloat16. Weights are float32 in both."""

    name: str

    def autocast(self, device: torch.device) -> torch.autocast:
        """The context that forward passes run in."""
        return torch.autocast(device.type, dtype=torch.bfloat16, enabled=self.name == "bf16")


@torch.no_grad()
def sample(generator: nn.Module, recipe: Recipe, z: Tensor, labels: Tensor | None = None, chunk: int = 250) -> Tensor:
    """Images made from z (n, latent_dim) in float32, rounded as real ones are: uint8 (n, C, H, W) on the CPU.

    A generator that is conditioned gets `labels` (n,). Not-a-number pixels of a diverged G become black.
    """
    low, high = recipe.pixel_range
    if labels is None:
        made = torch.cat([generator(part) for part in z.split(chunk)])
    else:
        made = torch.cat([generator(*part) for part in zip(z.split(chunk), labels.split(chunk), strict=True)])
    if made.shape[2:] == (1, 1):  # points are not rounded to 8 bits
        return ((made - low) / (high - low)).clamp(0, 1).cpu()
    unit = torch.nan_to_num((made - low) / (high - low))
    return (unit * 255).round().clamp(0, 255).to(torch.uint8).contiguous().cpu()


def to_range(images: Tensor, pixel_range: tuple[float, float]) -> Tensor:
    """uint8 images, or points already in [0, 1], as float32 in the pixel range, channels-last."""
    low, high = pixel_range
    images = images.contiguous(memory_format=torch.channels_last)
    unit = images.div(255) if images.dtype == torch.uint8 else images.clone()
    return unit.mul_(high - low).add_(low)
