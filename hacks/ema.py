"""Exponential moving average of G.

Off: images are made by G as it is after its last step.
On: images are made by a copy that follows G with decay 0.999 per step, parameters and running statistics alike. In the
    beginning it forgets faster: its half-life is at most a twentieth of the images so far.
Source: Yazıcı et al. 2019, "The unusual effectiveness of averaging in GAN training", arXiv 1806.04498; Karras et al.
    2018, arXiv 1710.10196; the warm-up: Karras et al. 2020, arXiv 2006.06676, code.
Claim: the average sits nearer the middle that G circles around, and its images score better; training is not touched.
Needs: nothing.
Clashes: nothing.
Mechanism: an average over a rotation is its centre.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import Recipe, Step
from hacks.registry import hack

RAMP = 1 / 20
"""The half-life, as a share of what was seen, that the average begins with."""


@dataclass(frozen=True)
class MovingAverage:
    """Move a copy towards the network that it follows."""

    decay: float

    @torch.no_grad()
    def __call__(self, average: nn.Module, G: nn.Module, step: Step) -> None:
        """average <- decay · average + (1 − decay) · G, in place; counters are copied."""
        # Every step sees as many images: a half-life in images is one in steps, of which larger batches take several.
        decay = min(self.decay, 0.5 ** (step.span / (RAMP * (step.number + step.span))))
        found = G.state_dict()
        for name, value in average.state_dict().items():
            if value.is_floating_point():
                value.lerp_(found[name], 1 - decay)
            else:
                value.copy_(found[name])


@hack(order=250, family="memory", sets=("modern",))
def ema(recipe: Recipe, decay: Annotated[float, Range(0, 1, open_high=True, search=(0.9, 0.9999))] = 0.999) -> Recipe:
    """Switch on the averaging of G."""
    return recipe.add("averaging", MovingAverage(decay))
