"""The Wasserstein loss with a gradient penalty.

Off: the non-saturating logistic loss.
On: D pays mean(s_f) − mean(s_r) of its logits, and 10 · mean((‖∇D(x̂)‖ − 1)²), x̂ uniformly between a real and a fake
    image; G pays −mean(s_f). The gradient is taken per half the pixel range, as on images in [−1, 1]. Costs another
    pass through D and back.
Source: Gulrajani, Ahmed, Arjovsky, Dumoulin & Courville 2017, "Improved training of Wasserstein GANs", arXiv
    1704.00028.
Claim: better than weight clipping, and stable over many architectures with hardly any tuning.
Needs: nothing; its source makes 5 steps of D for one of G.
Clashes: every other loss. The source keeps BatchNorm out of D: with it the gradient at one image depends on the others.
    Soft and flipped labels scale each logit by 2t − 1 and are no part of the source.
Mechanism: D is held near a slope of one between the data and the fakes, where G's gradient then neither fades nor
    explodes.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe, Streams
from hacks.registry import hack
from hacks.slopes import distance_to_one, slopes
from hacks.wasserstein import Wasserstein


@dataclass(frozen=True)
class PenalisedWasserstein(Wasserstein):
    """The Wasserstein loss, for a D that is penalised beside it."""


@dataclass(frozen=True)
class SlopeOfOne:
    """λ · E(‖∇D(x̂)‖ − 1)², x̂ between real and fake images."""

    weight: float

    def __call__(
        self, D: nn.Module, real: Tensor, fake: Tensor, streams: Streams, pixel_range: tuple[float, float]
    ) -> Tensor:
        """The penalty, a scalar; real and fake images (N, C, H, W) as D sees them, as many of each."""
        stream = streams("wasserstein_gp")
        share = torch.rand(len(real), 1, 1, 1, generator=stream, device=stream.device)
        return self.weight * distance_to_one(slopes(D, torch.lerp(real.detach(), fake.detach(), share), pixel_range))


@hack(order=1010, family="loss", sets=("modern",))
def wasserstein_gp(recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0) -> Recipe:
    """Switch on the loss, and the penalty with that weight."""
    return recipe.fill(loss=PenalisedWasserstein()).add("penalties", SlopeOfOne(weight))
