"""Orthogonal initial weights.

Off: PyTorch's default initialisation of each layer (Kaiming-uniform).
On: the weights of every convolution and dense layer, one row for each first index, are drawn as a matrix with
    orthonormal rows or columns, of gain 1; biases 0; a norm's scale 1, shift 0.
Source: Saxe, McClelland & Ganguli 2013, arXiv 1312.6120; for GANs: Brock et al. 2018, arXiv 1809.11096.
Claim: random orthogonal weights keep a signal's length through deep linear networks, and learning time independent of
    depth.
Needs: nothing.
Clashes: N(0, 0.02) and every other initialisation.
Mechanism: without a norm, neither signal nor gradient shrinks or grows from layer to layer at the start.
Measured: d_gradient_first_1 up, g_gradient_first_1 up
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class OrthogonalInit:
    """An orthogonal matrix times the gain for weights, 1 for the scale of a norm, 0 for biases and shifts."""

    gain: float

    def __call__(self, layer: nn.Module, seed: int) -> None:
        """Set the parameters of one layer in place, from that seed alone."""
        if layer.weight.ndim == 1:  # the scale of a norm
            nn.init.ones_(layer.weight)
        else:
            nn.init.orthogonal_(layer.weight, self.gain, generator=torch.Generator().manual_seed(seed))
        if getattr(layer, "bias", None) is not None:
            nn.init.zeros_(layer.bias)


@hack(order=1400, family="init", sets=("modern",))
def orthogonal_init(
    recipe: Recipe, gain: Annotated[float, Range(0, open_low=True, log=True, search=(0.1, 2))] = 1.0
) -> Recipe:
    """Switch on orthogonal initialisation of that gain."""
    return recipe.fill(init=OrthogonalInit(gain))
