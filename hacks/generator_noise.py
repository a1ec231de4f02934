"""Noise in the layers of G.

Off: G's images follow from z alone.
On: Gaussian noise is added to every unit after every hidden block of G, in training and at sampling; its standard
    deviation is 0.1 of that of all units there.
Source: Chintala et al. 2016, "How to train a GAN", point 13; Zhao, Mathieu & LeCun 2016, arXiv 1609.03126. Neither
    gives a scale: ours, relative to the layer, is our choice.
Claim: noise in every layer of G helps.
Needs: nothing.
Clashes: nothing.
Mechanism: images of one z differ, so that G covers a neighbourhood of each.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import RandomLayer, Recipe
from hacks.registry import hack


class UnitNoise(RandomLayer):
    """Adds N(0, std · spread), spread being the standard deviation of all units of the batch in this layer."""

    stream_name = "generator_noise"

    def __init__(self, std: float, at_test: bool) -> None:
        super().__init__()
        self.std, self.at_test = std, at_test

    def forward(self, units: Tensor) -> Tensor:
        """Units of any shape; a gradient passes unchanged."""
        if not (self.training or self.at_test):
            return units
        drawn = torch.randn(units.shape, generator=self.stream, device=units.device)
        spread = units.detach().float().std(correction=0)
        return units + (self.std * spread * drawn).to(units.dtype)


@dataclass(frozen=True)
class GeneratorNoise:
    """Makes layers of noise."""

    std: float
    at_test: bool
    order: ClassVar[int] = 50

    def __call__(self) -> nn.Module:
        """A new layer."""
        return UnitNoise(self.std, self.at_test)


@hack(order=1540, family="noise")
def generator_noise(
    recipe: Recipe, std: Annotated[float, Range(0, log=True, search=(0.01, 1))] = 0.1, at_test: bool = True
) -> Recipe:
    """Switch on noise of that standard deviation, as a share of the layer's; `at_test`: when sampling too."""
    return recipe.add("g_layers", GeneratorNoise(std, at_test))
