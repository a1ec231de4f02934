"""Noise on the images that D sees.

Off: D sees images as they are.
On: Gaussian noise is added to every image D sees, real or fake; its standard deviation is 0.1 of the pixel range, white
    minus black, whatever that range is. With `decay_to` below 1 it falls linearly over the run to that share of itself.
Source: Sønderby et al. 2017, arXiv 1610.04490; Arjovsky & Bottou 2017, arXiv 1701.04862; Chintala et al. 2016, "How to
    train a GAN", point 13. They let it decay; here it stays unless told otherwise.
Claim: real and fake images that share no support are told apart perfectly; noise makes the two overlap.
Needs: nothing.
Clashes: nothing.
Mechanism: D cannot become certain, so its gradient for G stays alive.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Step, Streams
from hacks.registry import hack


@dataclass(frozen=True)
class InstanceNoise:
    """Add N(0, std) to every pixel, `std` in units of white minus black; `decay_to` of it is left at the end."""

    std: float
    decay_to: float

    def __call__(
        self, images: Tensor, streams: Streams, pixel_range: tuple[float, float], step: Step | None = None
    ) -> Tensor:
        """Images of the same shape; a gradient passes unchanged."""
        stream, (low, high) = streams("instance_noise"), pixel_range
        std = self.std * (1 - (1 - self.decay_to) * (step.progress if step else 0.0))
        return images + std * (high - low) * torch.randn(images.shape, generator=stream, device=images.device)


@hack(order=260, family="images")
def instance_noise(
    recipe: Recipe,
    std: Annotated[float, Range(0, log=True, search=(0.01, 1))] = 0.1,
    decay_to: Annotated[float, Range(0, 1)] = 1.0,
) -> Recipe:
    """Switch on noise of that standard deviation, as a share of the pixel range, and the share left at the end."""
    return recipe.add("d_inputs", InstanceNoise(std, decay_to))
