"""A blur of all images that D sees, fading out.

Off: D sees images as they are.
On: at first every image D sees, real or fake, is blurred by a Gaussian with a standard deviation of 1.2 pixels at 32
    pixels, and as many times more at other sizes; it falls linearly and is gone after a fifth of the run. A run without
    an end keeps it. Costs two products of matrices.
Source: Karras et al. 2021, "Alias-free generative adversarial networks", arXiv 2106.12423; their code has a Gaussian of
    base 2 that fades out over a number of images. The numbers here are our choice.
Claim: D cannot settle early on high frequencies that G does not make yet, which prevents collapses in the beginning.
Needs: nothing.
Clashes: nothing.
Mechanism: the two players first meet on coarse structure alone.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Step
from hacks.registry import hack

SIZE = 32
"""Of the images, in pixels, that the width is given for."""


@dataclass(frozen=True)
class BlurFade:
    """Blur images less and less."""

    width: float
    until: float

    def __call__(self, images: Tensor, step: Step) -> Tensor:
        """Images (N, C, H, W) of the same shape; a gradient passes."""
        left = 1 - step.progress / self.until
        if left <= 0 or self.width == 0:
            return images
        down, right = (gaussian(size, self.width * left * size / SIZE, images.device) for size in images.shape[2:])
        return down @ images @ right.T


def gaussian(size: int, width: float, device: torch.device) -> Tensor:
    """The matrix (size, size) that blurs a column by that standard deviation, in pixels.

    At a border only what is inside counts: every row's sum is 1, and an even image stays as it is.
    """
    place = torch.arange(size, device=device, dtype=torch.float32)
    weights = torch.exp(-(((place[:, None] - place) / width) ** 2) / 2)
    return weights / weights.sum(1, keepdim=True)


@hack(order=1820, family="images", sets=("modern",))
def blur_fade(
    recipe: Recipe,
    width: Annotated[float, Range(0, open_low=True, log=True, search=(0.3, 4))] = 1.2,
    until: Annotated[float, Range(0, 1, open_low=True, search=(0.05, 0.5))] = 0.2,
) -> Recipe:
    """Switch on the blur of that width, in pixels at 32 pixels, over that share of the run."""
    return recipe.add("d_inputs", BlurFade(width, until))
