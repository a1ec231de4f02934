"""Dropout in D.

Off: every unit of D stays.
On: each unit is dropped with probability 0.4 after every hidden block of D while it trains, the others scaled up.
Source: Chollet 2017, "Deep learning with Python", section 8.5; Chintala et al. 2016, "How to train a GAN".
Claim: randomness in D keeps the game from getting stuck in its equilibria.
Needs: nothing.
Clashes: another dropout in D.
Mechanism: D cannot rest on few units, so it becomes certain later.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import RandomLayer, Recipe
from hacks.registry import hack


class DropUnits(RandomLayer):
    """Dropout that draws from the run's own stream, in evaluation mode too if it is told so."""

    stream_name = "dropout"

    def __init__(self, rate: float, at_test: bool = False) -> None:
        super().__init__()
        self.rate, self.at_test = rate, at_test

    def forward(self, units: Tensor) -> Tensor:
        """Units of any shape."""
        if not (self.training or self.at_test):
            return units
        drawn = torch.rand(units.shape, generator=self.stream, device=units.device)
        return units * (drawn >= self.rate).to(units.dtype) / (1 - self.rate)


@dataclass(frozen=True)
class Dropout:
    """Makes dropout layers of one rate."""

    rate: float

    def __call__(self) -> nn.Module:
        """A new layer."""
        return DropUnits(self.rate)


@hack(order=200, family="noise", sets=("teaching",))
def discriminator_dropout(
    recipe: Recipe, rate: Annotated[float, Range(0, 1, open_low=True, open_high=True, search=(0.05, 0.8))] = 0.4
) -> Recipe:
    """Switch on dropout in D at that rate."""
    return recipe.fill(d_dropout=Dropout(rate))
