"""Past discriminators.

Off: G's step is judged by D as it is.
On: D is stored every 100 steps, the last 5 of them are kept, and with probability 0.1 one of these judges G's step.
    Costs five more copies of D in memory; on an accelerator each step waits for the draw.
Source: Chintala et al. 2016, "How to train a GAN", point 8: checkpoints of the past, swapped in now and then. The
    numbers are our choice.
Claim: stability tricks of reinforcement learning work here.
Needs: nothing.
Clashes: nothing.
Mechanism: G cannot leave behind what past Ds have found out.
Measured: none
"""

import copy
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import RandomLayer, Recipe, Step, Streams
from hacks.registry import hack


@dataclass(frozen=True)
class PastDiscriminators:
    """Store D from time to time, and have G's step judged by a stored one at some rate."""

    every: int
    kept: int
    rate: float

    def start(self) -> dict[str, Any]:
        """The stored parameters and buffers, the newest last, and after how many steps the next are due."""
        return {"stored": [], "due": self.every}

    def d_after(self, D: nn.Module, step: Step, state: dict[str, Any]) -> None:
        """Store D if it is time."""
        if step.number + 1 >= state["due"]:
            stored = {name: value.detach().clone() for name, value in D.state_dict().items()}
            state["stored"] = [*state["stored"], stored][-self.kept :]
            state["due"] = step.number + 1 + self.every

    def g_opponents(self, D: nn.Module, streams: Streams, state: dict[str, Any]) -> nn.Module:
        """D, or a copy of it with stored parameters."""
        if not state["stored"]:
            return D
        stream = streams("past_discriminators")
        chance, which = torch.rand(2, generator=stream, device=stream.device).tolist()
        if chance >= self.rate:
            return D
        past = _copied(D)
        past.load_state_dict(state["stored"][min(int(which * len(state["stored"])), len(state["stored"]) - 1)])
        return past.requires_grad_(False)


def _copied(D: nn.Module) -> nn.Module:
    """A copy whose layers draw from the streams of the original."""
    streams = [layer.stream for layer in D.modules() if isinstance(layer, RandomLayer)]
    return copy.deepcopy(D, {id(stream): stream for stream in streams})


@hack(order=1270, family="memory")
def past_discriminators(
    recipe: Recipe,
    every: Annotated[int, Range(1, log=True, search=(10, 1000))] = 100,
    kept: Annotated[int, Range(1, 100, search=(1, 10))] = 5,
    rate: Annotated[float, Range(0, 1, search=(0.02, 0.5))] = 0.1,
) -> Recipe:
    """Switch on storing D every so many steps, keeping so many, and taking one at that rate."""
    member = PastDiscriminators(every, kept, rate)
    return recipe.add("d_after", member).add("g_opponents", member)
