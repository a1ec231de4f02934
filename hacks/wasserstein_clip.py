"""The Wasserstein loss with clipped weights.

Off: the non-saturating logistic loss.
On: D pays mean(s_f) − mean(s_r) of its logits, G pays −mean(s_f); every parameter of D is clamped to ±0.01 at the start
    and after each of D's steps.
Source: Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", arXiv 1701.07875.
Claim: the loss goes with the quality of the images, and no mode collapse was seen.
Needs: nothing; its source makes 5 steps of D for one of G, with RMSprop at 5e-5.
Clashes: every other loss, and every other bound on D. BatchNorm's scales in D are clamped like the rest, as in the
    source's code. Soft and flipped labels scale each logit by 2t − 1 and are no part of the source.
Mechanism: weights in a box bound D's slope, so that the difference of its mean answers measures a distance.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack
from hacks.wasserstein import Wasserstein


@dataclass(frozen=True)
class ClippedWasserstein(Wasserstein):
    """The Wasserstein loss, for a D whose weights are clipped beside it."""


@dataclass(frozen=True)
class ClippedWeights:
    """Keep every parameter of a network in [−limit, limit]."""

    limit: float

    @torch.no_grad()
    def __call__(self, network: nn.Module) -> nn.Module:
        """The network, its parameters clamped in place."""
        for parameter in network.parameters():
            parameter.clamp_(-self.limit, self.limit)
        return network

    def d_after(self, D: nn.Module) -> None:
        """Clamp what D's step has moved out."""
        self(D)


@hack(order=1020, family="loss", sets=("modern",))
def wasserstein_clip(
    recipe: Recipe, limit: Annotated[float, Range(0, open_low=True, log=True, search=(0.001, 0.1))] = 0.01
) -> Recipe:
    """Switch on the loss, and the clipping of D's weights to that limit."""
    clipped = ClippedWeights(limit)
    return recipe.fill(loss=ClippedWasserstein(), d_bound=clipped).add("d_after", clipped)
