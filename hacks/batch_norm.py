"""Batch normalisation in G and D.

Off: no normalisation.
On: BatchNorm between each hidden layer and its activation, but not on G's output nor on D's input layer; the layers
    it follows lose their bias.
Source: Radford, Metz & Chintala 2015, arXiv 1511.06434, architecture guidelines.
Claim: it stabilises learning, helps gradients flow in deep models and keeps G from collapsing to one point.
Needs: nothing.
Clashes: instance norm, spectral norm used as a norm, and any other normalisation in the same network.
Mechanism: every layer sees inputs of unit variance, so gradients neither vanish nor explode on their way down.
Measured: d_gradient_first_10 up, g_gradient_first_10 up
"""

from dataclasses import dataclass
from typing import Annotated

from torch import nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class BatchNorm:
    """BatchNorm over (batch, height, width).

    Attributes:
        momentum: weight of the new batch in the running statistics (Keras gives the old ones': 0.99 there is 0.01).
        epsilon: added to the variance.
        drops_bias: whether the layer before loses its bias, which the norm's shift makes redundant.
    """

    momentum: float = 0.1
    epsilon: float = 1e-5
    drops_bias: bool = True

    def __call__(self, channels: int) -> nn.Module:
        """A new normalisation layer for that many channels."""
        return nn.BatchNorm2d(channels, eps=self.epsilon, momentum=self.momentum)


@hack(order=30, core=True, family="norm")
def batch_norm(
    recipe: Recipe,
    nets: Nets = "both",
    momentum: Annotated[float, Range(0, 1, open_low=True, search=(0.01, 0.5))] = 0.1,
    epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-6, 1e-2))] = 1e-5,
    drops_bias: bool = True,
) -> Recipe:
    """Switch on BatchNorm in both networks, or in one."""
    norm = BatchNorm(momentum, epsilon, drops_bias)
    return recipe.fill_nets(nets, d={"d_norm": norm}, g={"g_norm": norm})
