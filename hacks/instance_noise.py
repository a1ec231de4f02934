"""Noise on the images that D sees.

Off: D sees images as they are.
On: Gaussian noise of standard deviation 0.1, in units of the pixel range, is added to every image D sees, real or fake.
Source: Sønderby et al. 2017, arXiv 1610.04490; Arjovsky & Bottou 2017, arXiv 1701.04862; Chintala et al. 2016, "How to
    train a GAN", point 13. They let it decay; here it stays.
Claim: real and fake images that share no support are told apart perfectly; noise makes the two overlap.
Needs: nothing.
Clashes: nothing.
Mechanism: D cannot become certain, so its gradient for G stays alive.
Measured: none
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from hacks.recipe import Recipe, Streams
from hacks.registry import HackError, hack


@dataclass(frozen=True)
class InstanceNoise:
    """Add N(0, std) to every pixel."""

    std: float

    def __post_init__(self) -> None:
        if self.std < 0:
            raise HackError(f"instance_noise.std={self.std}: expected at least 0")

    def __call__(self, images: Tensor, streams: Streams) -> Tensor:
        """Images of the same shape; a gradient passes unchanged."""
        stream = streams("instance_noise")
        return images + self.std * torch.randn(images.shape, generator=stream, device=images.device)


@hack(order=260)
def instance_noise(recipe: Recipe, std: float = 0.1) -> Recipe:
    """Switch on noise of that standard deviation."""
    return recipe.add("d_inputs", InstanceNoise(std))
