"""Learning rates that decay.

Off: learning rates are constant.
On: in step t (from 0) both are their initial value over 1 + 1e-8·t, as Keras' `decay` does. At this value, which is the
    source's, a run of 100,000 steps ends at 99.9 % of where it began: next to nothing. Instead, `linear` falls to zero
    at the end of the run, `cosine` as half a cosine; a run without an end has these two constant.
Source: Chollet 2017, "Deep learning with Python", section 8.5 (`decay=1e-8`); the linear one as in Zhu et al. 2017,
    arXiv 1703.10593; the cosine as in Loshchilov & Hutter 2016, arXiv 1608.03983.
Claim: learning rate decay stabilises training (Chollet).
Needs: nothing.
Clashes: nothing: it starts from whatever rate there is.
Mechanism: smaller and smaller steps let the players settle.
Measured: none
"""

import math
from dataclasses import dataclass
from typing import Annotated, Literal

import torch

from hacks.parameters import Range
from hacks.recipe import Recipe, Step
from hacks.registry import hack

Kind = Literal["inverse", "linear", "cosine"]


@dataclass(frozen=True)
class Decay:
    """Before each update of a player its rates are the initial ones times the step's share."""

    kind: Kind
    decay: float
    order = -100  # others that act before the update see its rate

    def share(self, step: Step) -> float:
        """Of the initial rate, in [0, 1]."""
        if self.kind == "inverse":
            return 1 / (1 + self.decay * step.number)
        return 1 - step.progress if self.kind == "linear" else (1 + math.cos(math.pi * step.progress)) / 2

    def d_before(self, d_optimizer: torch.optim.Optimizer, step: Step) -> None:
        """Set D's rates."""
        self._set(d_optimizer, step)

    def g_before(self, g_optimizer: torch.optim.Optimizer, step: Step) -> None:
        """Set G's rates."""
        self._set(g_optimizer, step)

    def _set(self, optimizer: torch.optim.Optimizer, step: Step) -> None:
        for group in optimizer.param_groups:
            # The name under which PyTorch's own schedules keep it; an optimiser stores it with its state.
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * self.share(step)


@hack(order=1710, family="rates", sets=("teaching",))
def learning_rate_decay(
    recipe: Recipe,
    kind: Kind = "inverse",
    decay: Annotated[float, Range(0, open_low=True, log=True, search=(1e-8, 1e-2))] = 1e-8,
) -> Recipe:
    """Switch on that kind of decay in both players; `decay`, per step, is read by `inverse` alone."""
    member = Decay(kind, decay)
    return recipe.add("d_before", member).add("g_before", member)
