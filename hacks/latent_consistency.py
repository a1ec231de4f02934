"""Consistency under a little noise on the latents.

Off: no penalties.
On: with ε ~ N(0, 0.05) on each number of z, D also pays 20 · mean (D(G(z)) − D(G(z + ε)))², and G earns 0.5 ·
    mean (G(z) − G(z + ε))², pixels in units of half their range. Costs each player another pass through G over twice
    the batch, and D one through itself.
Source: Zhao, Singh, Lee, Zhang, Odena & Zhang 2020, "Improved consistency regularization for GANs", arXiv 2002.04724
    (zCR). Weights and σ are of its settings, recalled; that G's distance is a mean over pixels is our choice.
Claim: D should not tell such neighbours apart, G should: better images, beside balanced_consistency best.
Needs: nothing.
Clashes: nothing.
Mechanism: G is kept from making one image of many latents, while D is kept smooth along G's images.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe, Streams
from hacks.registry import hack
from hacks.slots import Seen


@dataclass(frozen=True)
class LatentConsistency:
    """λ_D · E(D(G(z)) − D(G(z + ε)))² for D, −λ_G · E(G(z) − G(z + ε))² for G, ε ~ N(0, std)."""

    d_weight: float
    g_weight: float
    std: float

    def penalties(self, z: Tensor, G: nn.Module, D: nn.Module, seen: Seen, streams: Streams) -> Tensor:
        """What D pays, a scalar; latents (N, dim)."""
        with torch.no_grad():
            images = G(self._with_neighbours(z, streams))
        here, there = D(seen(images)).chunk(2)
        return self.d_weight * (here - there).square().mean()

    def g_penalties(self, z: Tensor, G: nn.Module, streams: Streams, pixel_range: tuple[float, float]) -> Tensor:
        """What G pays, a scalar below zero."""
        low, high = pixel_range
        here, there = G(self._with_neighbours(z, streams)).chunk(2)
        return -self.g_weight * ((here - there) / ((high - low) / 2)).square().mean()

    def _with_neighbours(self, z: Tensor, streams: Streams) -> Tensor:
        """Latents and their neighbours, which G is to make in one pass, with the same batch statistics."""
        stream, z = streams("latent_consistency"), z.detach()
        return torch.cat([z, z + self.std * torch.randn(z.shape, generator=stream, device=stream.device)])


@hack(order=1150, family="penalty", sets=("modern",))
def latent_consistency(
    recipe: Recipe,
    d_weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 20.0,
    g_weight: Annotated[float, Range(0, log=True, search=(0.01, 10))] = 0.5,
    std: Annotated[float, Range(0, open_low=True, log=True, search=(0.01, 0.3))] = 0.05,
) -> Recipe:
    """Switch on both penalties with these weights, for neighbours at that standard deviation."""
    member = LatentConsistency(d_weight, g_weight, std)
    return recipe.add("penalties", member).add("g_penalties", member)
