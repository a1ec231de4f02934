"""Orthogonal regularisation.

Off: no penalty.
On: G also pays 1e-4 · ‖W Wᵀ ⊙ (1 − I)‖² for every layer, W with a row for each output; `nets` says whose layers. Costs
    a matrix product for each layer.
Source: Brock, Donahue & Simonyan 2018, "Large scale GAN training for high fidelity natural image synthesis", arXiv
    1809.11096, which leaves the diagonal out and has it in G; first Brock, Lim, Ritchie & Weston 2016, arXiv
    1609.07093; Kurach et al. 2019, arXiv 1807.04720, compare such penalties.
Claim: G is smoother, so that latents nearer to the middle than those it was trained on make good images too.
Needs: nothing.
Clashes: nothing.
Mechanism: filters that do not repeat each other; their lengths are left free.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class OrthogonalRegularisation:
    """λ · Σ ‖W Wᵀ ⊙ (1 − I)‖² over the layers of a network."""

    weight: float

    def penalties(self, D: nn.Module) -> Tensor:
        """What D pays, a scalar."""
        return self.weight * overlap(D)

    def g_penalties(self, G: nn.Module) -> Tensor:
        """What G pays, a scalar."""
        return self.weight * overlap(G)


def overlap(network: nn.Module) -> Tensor:
    """Sum of the squared products of different outputs' weights, over convolutions and dense layers, a scalar."""
    kinds = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear)
    layers = [layer for layer in network.modules() if isinstance(layer, kinds)]
    return sum((_overlap(layer) for layer in layers), torch.zeros((), device=next(network.parameters()).device))


def _overlap(layer: nn.Module) -> Tensor:
    weight = layer.weight.transpose(0, 1) if isinstance(layer, nn.ConvTranspose2d) else layer.weight
    rows = weight.flatten(1)
    products = rows @ rows.T
    return (products - products.diagonal().diag()).square().sum()


@hack(order=1160, family="penalty", sets=("modern",))
def orthogonal_regularisation(
    recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(1e-6, 1e-2))] = 1e-4, nets: Nets = "g"
) -> Recipe:
    """Switch on the penalty with that weight in these networks."""
    member = OrthogonalRegularisation(weight)
    recipe = recipe.add("g_penalties", member) if nets != "d" else recipe
    return recipe.add("penalties", member) if nets != "g" else recipe
