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

    The players move at once: in G's step D's weights are those that it had in its own. Between a step's rounds the
    state has weights: `d` and `g`, from which the players step; `seen`, of D in its own step; `stepped`, to which it
    went then.
    """

    order = 100  # after others that act on the gradient, or on D's weights when it has stepped

    def start(self, game: Any) -> dict[str, Any]:
        """Nothing to remember between steps.

        Raises:
            HackError: D has several updates a step.
        """
        if game.recipe.d_steps > 1:
            raise HackError(f"{PER_STEP}: switch it off, or more_d_steps")
        if getattr(game.recipe.batching, "updates", 1) > 1:
            raise HackError(f"{PER_STEP}: switch it off, or two_discriminator_updates")
        return {"second": False, "weights": {}}

    def d_before(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Note where D is; in the second round go back to where it was."""
        weights = state["weights"]
        weights["seen"] = _copy(d_optimizer)
        if state["second"] and "d" in weights:
            _put(d_optimizer, weights["d"])
        else:
            weights["d"] = weights["seen"]

    def d_after(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Have D be in G's step where it was in its own."""
        state["weights"]["stepped"] = _copy(d_optimizer)
        _put(d_optimizer, state["weights"]["seen"])

    def g_before(self, g_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Note where G is; in the second round go back to where it was."""
        if state["second"] and "g" in state["weights"]:
            _put(g_optimizer, state["weights"]["g"])
        else:
            state["weights"]["g"] = _copy(g_optimizer)

    def g_after(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Have D be where it stepped to, as G is; it may have made no step."""
        if "stepped" in state["weights"]:
            _put(d_optimizer, state["weights"].pop("stepped"))
        state["second"] = True

    def step_after(self, d_optimizer: Optimizer, state: dict[str, Any]) -> None:
        """Forget; where G made no step, D is where it stepped to."""
        if "stepped" in state["weights"]:
            _put(d_optimizer, state["weights"]["stepped"])
        state.update(second=False, weights={})


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
