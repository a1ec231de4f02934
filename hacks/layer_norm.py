"""Layer normalisation in G and D.

Off: no normalisation.
On: between each hidden layer and its activation all units of an image are brought to mean 0 and variance 1 together,
    then scaled and shifted by learned numbers, one pair for each channel; where BatchNorm would stand.
Source: Ba, Kiros & Hinton 2016, arXiv 1607.06450; in D of a GAN: Gulrajani et al. 2017, arXiv 1704.00028. One scale for
    a channel and not for a unit is our choice, as convolutions share theirs.
Claim: it does at training and at test the same, needs no batch, and may stand beside a penalty on each image.
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
class LayerNorm:
    """Norm over (channel, height, width)."""

    epsilon: float
    drops_bias: ClassVar[bool] = True

    def __call__(self, channels: int) -> nn.Module:
        """A new layer for that many channels."""
        return nn.GroupNorm(1, channels, eps=self.epsilon)


@hack(order=1310, family="norm", sets=("modern",))
def layer_norm(
    recipe: Recipe,
    nets: Nets = "both",
    epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-6, 1e-2))] = 1e-5,
) -> Recipe:
    """Switch on layer norm in both networks, or in one."""
    norm = LayerNorm(epsilon)
    return recipe.fill_nets(nets, d={"d_norm": norm}, g={"g_norm": norm})
