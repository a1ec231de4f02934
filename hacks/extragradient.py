"""Extragradient: step with the gradient of an extrapolated point.

Off: each player steps with its gradient where the players are.
On: in each step both players first step as usual, at once; then both go back and step with the gradients that they had
    found there, on another batch. The optimisers' moments see both gradients. A step takes twice as long.
Source: Gidel, Berard, Vignoud, Vincent & Lacoste-Julien 2018, "A variational inequality perspective on generative
    adversarial networks", arXiv 1802.10551, algorithms 2 and 4 (ExtraAdam, which becomes so with Adam).
Claim: simultaneous gradient steps diverge on a bilinear game and alternating ones circle; extrapolation converges.
Needs: nothing.
Clashes: more_d_steps and two_discriminator_updates: a step has one extrapolation of D, and so one update.
Mechanism: the gradient of a look ahead points inwards where the one at hand points along the circle.
Measured: d_loss_oscillation down, g_loss_oscillation down
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hacks.errors import HackError
from hacks.recipe import Recipe
from hacks.registry import hack

Optimizer = torch.optim.Optimizer
PER_STEP = "extragradient extrapolates one update of D a step"


@dataclass(frozen=True)
class Extragradient:
    """Of the two rounds of a step the first finds the extrapolated point, the second steps with its gradient.

    Between them the state has the weights `at` that each player steps from, and those `ahead` that it found. The
    players move at once: D's weights are as G has to see them, whichever of the two has moved already.
    """

    # The gradient that others clip or watch is that of the point at hand, so this acts after them.
    order = 100

    def start(self, game: Any) -> dict[str, Any]:
        """Nothing to remember between steps.

        Raises:
            HackError: D has several updates a step.
        """
        if game.recipe.d_steps > 1:
            raise HackError(f"{PER_STEP}: switch it off, or more_d_steps")
        if getattr(game.recipe.batching, "updates", 1) > 1:
            raise HackError(f"{PER_STEP}: switch it off, or two_discriminator_updates")
        return {"second": False, "at": {}, "ahead": {}}

    def d_before(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Note where D is, or go back there."""
        self._before("d", d_optimizer, state)

    def d_after(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Have D be in G's step where it was in its own: at the point at hand, or the extrapolated one."""
        other = state["ahead"].get("d") if state["second"] else state["at"]["d"]
        found = _copy(d_optimizer)
        if other is not None:
            _put(d_optimizer, other)
        state["ahead"]["d"] = found

    def g_before(self, g_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Note where G is, or go back there."""
        self._before("g", g_optimizer, state)

    def g_after(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Have D be where it stepped to; G is."""
        if "d" in state["ahead"]:
            _put(d_optimizer, state["ahead"]["d"])
        state["second"] = not state["second"]

    def step_after(self, state: dict[str, Any]) -> None:
        """Forget."""
        state.update(second=False, at={}, ahead={})

    def _before(self, side: str, optimizer: Optimizer, state: dict[str, Any]) -> None:
        if not state["second"]:
            state["at"][side] = _copy(optimizer)
        elif side in state["at"]:
            _put(optimizer, state["at"][side])


def _weights(optimizer: Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _copy(optimizer: Optimizer) -> list[Tensor]:
    return [parameter.detach().clone() for parameter in _weights(optimizer)]


@torch.no_grad()
def _put(optimizer: Optimizer, values: list[Tensor]) -> None:
    for parameter, value in zip(_weights(optimizer), values, strict=True):
        parameter.copy_(value)


@hack(order=1650, family="optimizer", sets=("modern",))
def extragradient(recipe: Recipe) -> Recipe:
    """Switch on the two rounds of a step."""
    for slot in ("d_before", "d_after", "g_before", "g_after", "step_after"):
        recipe = recipe.add(slot, Extragradient())
    return recipe.fill(rounds=2)
