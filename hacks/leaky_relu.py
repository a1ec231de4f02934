"""LeakyReLU instead of ReLU.

Off: ReLU after every hidden layer of G and D.
On: LeakyReLU with slope 0.2 after every hidden layer of G and D.
Source: Radford, Metz & Chintala 2015, arXiv 1511.06434 (in D only); Chintala et al. 2016, "How to train a GAN", point 5
    (in both).
Claim: sparse gradients hurt the stability of the game; a leaky unit always passes some gradient.
Needs: nothing.
Clashes: any other activation in the same network.
Mechanism: a ReLU's output and gradient are exactly zero for half of its inputs; a leaky unit's never are.
Measured: d_zero_activation_share down, d_zero_gradient_share down
"""

from dataclasses import dataclass
from typing import Annotated

from torch import nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class LeakyRelu:
    """x where x > 0, slope · x elsewhere."""

    slope: float = 0.2

    def __call__(self) -> nn.Module:
        """A new activation layer."""
        return nn.LeakyReLU(self.slope)


@hack(order=20, core=True, family="activation")
def leaky_relu(
    recipe: Recipe, slope: Annotated[float, Range(0, 1, open_low=True, search=(0.01, 0.5))] = 0.2, nets: Nets = "both"
) -> Recipe:
    """Switch on LeakyReLU in both networks, or in one (DCGAN has it in D only)."""
    leaky = LeakyRelu(slope)
    return recipe.fill_nets(nets, d={"d_activation": leaky}, g={"g_activation": leaky})
