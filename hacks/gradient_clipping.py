"""Gradients are clipped by value.

Off: optimisers see gradients as they are.
On: every entry of both players' gradients is cut to [−1, 1] before the optimiser sees it.
Source: Chollet 2017, "Deep learning with Python", section 8.5 (`clipvalue=1.0`).
Claim: training is steadier with it.
Needs: nothing.
Clashes: nothing.
Mechanism: one batch of huge gradients cannot throw a player far, nor spoil the optimiser's running squares.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class Clipping:
    """Cut every entry of a gradient to [−limit, limit]; the recorded norm is the one before."""

    limit: float

    def d_before(self, d_optimizer: torch.optim.Optimizer) -> None:
        """Cut D's."""
        self._cut(d_optimizer)

    def g_before(self, g_optimizer: torch.optim.Optimizer) -> None:
        """Cut G's."""
        self._cut(g_optimizer)

    def _cut(self, optimizer: torch.optim.Optimizer) -> None:
        for group in optimizer.param_groups:
            nn.utils.clip_grad_value_(group["params"], self.limit)


@hack(order=1720, family="rates", sets=("teaching",))
def gradient_clipping(
    recipe: Recipe,
    limit: Annotated[float, Range(0, open_low=True, log=True, search=(1e-3, 10))] = 1.0,
    nets: Nets = "both",
) -> Recipe:
    """Switch on the limit for both players, or for one."""
    clipping = Clipping(limit)
    recipe = recipe if nets == "g" else recipe.add("d_before", clipping)
    return recipe if nets == "d" else recipe.add("g_before", clipping)
