"""D sees mirrored images.

Off: D sees images as they are.
On: every image that D sees, real or fake, is mirrored left to right with probability .5.
Source: ours, as an example; after Zhao et al. 2020, "Differentiable augmentation", arXiv 2006.10738.
Claim: none is made; where left and right do not matter, D has twice the data.
Needs: nothing.
Clashes: nothing, but data in which left and right do matter, such as digits.
Mechanism: D cannot learn pictures by heart as quickly.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from hacks import Range, Recipe, hack
from hacks.recipe import Streams


@dataclass(frozen=True)
class Mirrored:
    """Mirror images (N, C, H, W), each with probability `rate`."""

    rate: float

    def __call__(self, images: Tensor, streams: Streams) -> Tensor:
        """Images of the same shape."""
        stream = streams("mirrored_images")
        chosen = torch.rand(len(images), generator=stream, device=stream.device) < self.rate
        return torch.where(chosen[:, None, None, None], images.flip(3), images)


@hack(order=5100, family="images")
def mirrored_images(recipe: Recipe, rate: Annotated[float, Range(0, 1)] = 0.5) -> Recipe:
    """Switch on the mirror."""
    return recipe.add("d_inputs", Mirrored(rate))
