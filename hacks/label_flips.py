"""Flipped labels.

Off: D's labels are always right.
On: each of D's labels is flipped (t becomes 1 − t) with probability 0.05, after any smoothing. With `exact` that share
    of the real and of the fake labels of every batch is flipped, rounded down to whole images.
Source: Chintala et al. 2016, "How to train a GAN", point 6.
Claim: occasional wrong labels keep D from winning too early.
Needs: nothing.
Clashes: nothing; it acts after label_smoothing.
Mechanism: D can never be certain, so its confidence on real images falls and its gradient for G stays alive.
Measured: d_real_confidence down, g_gradient_norm up
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Stream, Streams, Targets
from hacks.registry import hack


@dataclass(frozen=True)
class LabelFlips:
    """Turn a target t into 1 − t: each image with a fixed probability, or an exact share of each side."""

    rate: float
    exact: bool = False
    order: ClassVar[int] = 20

    def __call__(self, targets: Targets, streams: Streams) -> Targets:
        """Targets of the same shapes, some flipped."""
        stream = streams("label_flips")
        return Targets(self._flip(targets.real, stream), self._flip(targets.fake, stream))

    def _flip(self, targets: Tensor, stream: Stream) -> Tensor:
        if self.exact:
            chosen = torch.randperm(len(targets), generator=stream, device=stream.device) < int(
                self.rate * len(targets)
            )
        else:
            chosen = torch.rand(targets.shape, generator=stream, device=stream.device) < self.rate
        chosen = chosen.to(targets.device)
        return torch.where(chosen, 1 - targets, targets)


@hack(order=100, core=True, family="targets")
def label_flips(
    recipe: Recipe, rate: Annotated[float, Range(0, 1, search=(0.01, 0.3))] = 0.05, exact: bool = False
) -> Recipe:
    """Switch on label flips at that rate, or of exactly that share."""
    return recipe.add("targets", LabelFlips(rate, exact))
