"""Instance normalisation in G and D.

Off: no normalisation.
On: between each hidden layer and its activation every channel of every image is brought to mean 0 and variance 1 by
    itself, then scaled and shifted by learned numbers; where BatchNorm would stand. Undefined at 1 × 1 pixels: such
    layers get none and keep their bias.
Source: Ulyanov, Vedaldi & Lempitsky 2016, arXiv 1607.08022; Chintala et al. 2016, "How to train a GAN", point 4.
Claim: where BatchNorm is not an option, instance norm takes its place.
Needs: nothing.
Clashes: every other normalisation in the same network.
Mechanism: no image depends on the others of its batch, in training or after it.
Measured: mixed_batch_gap down
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class InstanceNorm:
    """Instance norm over (height, width), with a scale and a shift for each channel."""

    epsilon: float
    drops_bias: ClassVar[bool] = True

    def __call__(self, channels: int, shape: tuple[int, int, int]) -> nn.Module | None:
        """A new layer for images of that shape; None for a single pixel, whose variance is 0."""
        return None if shape[1:] == (1, 1) else nn.InstanceNorm2d(channels, eps=self.epsilon, affine=True)


@hack(order=1300, family="norm")
def instance_norm(
    recipe: Recipe,
    nets: Nets = "both",
    epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-6, 1e-2))] = 1e-5,
) -> Recipe:
    """Switch on instance norm in both networks, or in one."""
    norm = InstanceNorm(epsilon)
    return recipe.fill_nets(nets, d={"d_norm": norm}, g={"g_norm": norm})
