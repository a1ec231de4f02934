"""Exponential moving average of G.

Off: images are made by G as it is after its last step.
On: images are made by a copy that follows G with decay 0.999 per step, parameters and running statistics alike.
Source: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training", arXiv 1806.04498; Karras et al.
    2018, arXiv 1710.10196.
Claim: the average sits nearer the middle that G circles around, and its images score better; training is not touched.
Needs: more steps than 1 / (1 − decay), or the average still remembers the untrained G.
Clashes: nothing.
Mechanism: an average over a rotation is its centre.
Measured: none
"""

from dataclasses import dataclass

import torch
from torch import nn

from hacks.recipe import Recipe
from hacks.registry import HackError, hack


@dataclass(frozen=True)
class MovingAverage:
    """Move a copy towards the network that it follows."""

    decay: float

    def __post_init__(self) -> None:
        if not 0 <= self.decay < 1:
            raise HackError(f"ema.decay={self.decay}: expected at least 0 and below 1")

    @torch.no_grad()
    def __call__(self, average: nn.Module, followed: nn.Module) -> None:
        """average <- decay · average + (1 − decay) · followed, in place; counters are copied."""
        found = followed.state_dict()
        for name, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(found[name], 1 - self.decay)
            else:
                value.copy_(found[name])


@hack(order=250)
def ema(recipe: Recipe, decay: float = 0.999) -> Recipe:
    """Switch on the averaging of G."""
    return recipe.add("averaging", MovingAverage(decay))
