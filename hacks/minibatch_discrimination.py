"""Minibatch discrimination.

Off: D judges every image by itself.
On: D's last layer also sees how near an image's features are to those of the others in its batch: its features times a
    learned tensor are 100 kernels of 5 numbers, and for each kernel there is the sum over the batch of exp(−L1
    distance). Real and fake images are compared among themselves. Costs a table of 100 × B × B distances.
Source: Salimans et al. 2016, arXiv 1606.03498, section 3.2. 100 kernels of 5 are its code's default (recalled, not
    re-read); the tensor is initialised as the recipe's other layers are.
Claim: G cannot collapse to one point, and good-looking samples come quickly.
Needs: split_batches, since in a mixed batch fakes would be compared with real images.
Clashes: nothing.
Mechanism: images too near each other give a collapsed G away, and the gradient drives them apart.
Measured: none
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


class Nearness(nn.Module):
    """Features, and for each kernel the sum over the images j of the batch of exp(−‖M_i − M_j‖₁)."""

    def __init__(self, features: int, kernels: int, dimension: int) -> None:
        super().__init__()
        self.kernels, self.dimension = kernels, dimension
        self.tensor = nn.Linear(features, kernels * dimension, bias=False)

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> features (N, C · H · W + kernels, 1, 1)."""
        features = images.flatten(1)
        points = self.tensor(features).float().unflatten(1, (self.kernels, self.dimension)).transpose(0, 1)
        # Written out, since torch.cdist has no second derivative, which penalties need.
        distances = (points[:, :, None] - points[:, None]).abs().sum(dim=3)
        near = torch.exp(-distances).sum(dim=2).t().to(features.dtype)
        return torch.cat([features, near], dim=1)[:, :, None, None]


@dataclass(frozen=True)
class MinibatchDiscrimination:
    """Makes the layer before D's last."""

    kernels: int
    dimension: int
    order: ClassVar[int] = 50

    def __call__(self, shape: tuple[int, int, int]) -> nn.Module:
        """A new layer for features of that shape."""
        return Nearness(prod(shape), self.kernels, self.dimension)


@hack(order=1440, needs=("split_batches",), family="architecture")
def minibatch_discrimination(
    recipe: Recipe,
    kernels: Annotated[int, Range(1, 1000, log=True, search=(10, 200))] = 100,
    dimension: Annotated[int, Range(1, 100, log=True, search=(2, 20))] = 5,
) -> Recipe:
    """Switch on minibatch discrimination with so many kernels of so many numbers."""
    return recipe.add("d_tail", MinibatchDiscrimination(kernels, dimension))
