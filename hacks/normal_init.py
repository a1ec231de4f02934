"""Weights drawn from N(0, 0.02).

Off: PyTorch's default initialisation of each layer (Kaiming-uniform).
On: every convolution's and dense layer's weights N(0, 0.02), biases 0; BatchNorm's scale N(1, 0.02), shift 0.
Source: Radford, Metz & Chintala 2015, arXiv 1511.06434, section 4.
Claim: small normal weights start the game gently and make training succeed more often.
Needs: nothing.
Clashes: orthogonal, Xavier and every other initialisation.
Mechanism: without a norm, weights this small shrink the signal and its gradient from layer to layer.
Measured: d_gradient_first_1 down, g_gradient_first_1 down
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class NormalInit:
    """N(0, std) for weights, N(1, std) for the scale of a norm, 0 for biases and shifts."""

    std: float = 0.02

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Set the parameters of one layer in place, from that seed alone."""
        stream = torch.Generator().manual_seed(seed)
        mean = 1.0 if layer.weight.ndim == 1 else 0.0  # the scale of a norm
        nn.init.normal_(layer.weight, mean, self.std, generator=stream)
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)


@hack(order=40, core=True, family="init")
def normal_init(
    recipe: Recipe, std: Annotated[float, Range(0, open_low=True, log=True, search=(0.002, 0.2))] = 0.02
) -> Recipe:
    """Switch on initialisation from a normal distribution with that standard deviation."""
    return recipe.fill(init=NormalInit(std))
