"""Dropout in G.

Off: every unit of G stays.
On: each unit is dropped with probability 0.5 after every hidden block of G, in training and at sampling, the others
    scaled up.
Source: Chintala et al. 2016, "How to train a GAN", point 17; Isola et al. 2016, arXiv 1611.07004.
Claim: noise in the form of dropout, at both training and test time, helps.
Needs: nothing.
Clashes: another dropout in G.
Mechanism: images of one z differ, so that G cannot rest on few units.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

from torch import nn

from hacks.discriminator_dropout import DropUnits
from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


class DropUnitsOfG(DropUnits):
    """Dropout with a stream of its own."""

    stream_name = "generator_dropout"


@dataclass(frozen=True)
class GeneratorDropout:
    """Makes dropout layers of one rate."""

    rate: float
    at_test: bool

    def __call__(self) -> nn.Module:
        """A new layer."""
        return DropUnitsOfG(self.rate, self.at_test)


@hack(order=1550, family="noise")
def generator_dropout(
    recipe: Recipe,
    rate: Annotated[float, Range(0, 1, open_low=True, open_high=True, search=(0.05, 0.8))] = 0.5,
    at_test: bool = True,
) -> Recipe:
    """Switch on dropout in G at that rate; `at_test`: when sampling too."""
    return recipe.fill(g_dropout=GeneratorDropout(rate, at_test))
