"""Historical averaging.

Off: no penalty.
On: each player also pays ‖θ − θ̄‖² for its parameters θ, θ̄ the mean of them after each of its steps so far, the start
    among them. Costs one more copy of both networks in memory.
Source: Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen 2016, "Improved techniques for training GANs", arXiv
    1606.03498, which gives no weight; 1 is our choice.
Claim: finds equilibria of low-dimensional games that are not convex, where gradient descent goes round them.
Needs: nothing.
Clashes: nothing.
Mechanism: a spring towards the middle of the orbit takes the turning out of the game.
Measured: d_loss_oscillation down, g_loss_oscillation down
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class HistoricalAveraging:
    """λ · ‖θ − mean of its past‖², for both players."""

    weight: float

    def start(self, G: nn.Module, D: nn.Module) -> dict[str, Any]:
        """The means, and of how many points each is one."""
        copies = {side: [p.detach().clone() for p in network.parameters()] for side, network in (("g", G), ("d", D))}
        return {"means": copies, "counts": {"g": 1, "d": 1}}

    def penalties(self, D: nn.Module, state: dict[str, Any]) -> Tensor:
        """What D pays, a scalar."""
        return self.weight * _distance(D, state["means"]["d"])

    def d_after(self, D: nn.Module, state: dict[str, Any]) -> None:
        """Take D's new parameters into their mean."""
        _take_in(D, state, "d")

    def g_penalties(self, G: nn.Module, state: dict[str, Any]) -> Tensor:
        """What G pays, a scalar."""
        return self.weight * _distance(G, state["means"]["g"])

    def g_after(self, G: nn.Module, state: dict[str, Any]) -> None:
        """Take G's new parameters into their mean."""
        _take_in(G, state, "g")


def _distance(network: nn.Module, means: list[Tensor]) -> Tensor:
    return sum((now - mean).square().sum() for now, mean in zip(network.parameters(), means, strict=True))


@torch.no_grad()
def _take_in(network: nn.Module, state: dict[str, Any], side: str) -> None:
    state["counts"][side] += 1
    for now, mean in zip(network.parameters(), state["means"][side], strict=True):
        mean.lerp_(now, 1 / state["counts"][side])


@hack(order=1250, family="memory", sets=("modern",))
def historical_averaging(
    recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(1e-4, 10))] = 1.0
) -> Recipe:
    """Switch on the penalty of both players with that weight."""
    member = HistoricalAveraging(weight)
    for slot in ("penalties", "d_after", "g_penalties", "g_after"):
        recipe = recipe.add(slot, member)
    return recipe
