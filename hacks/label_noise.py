"""Noise on D's labels.

Off: D's target is 1 for a real image and 0 for a fake one.
On: 0.05 · U(0, 1) is added to every target, one draw per image and step.
Source: Chollet 2017, "Deep learning with Python", section 8.5, who labels fakes 1 and real images 0.
Claim: an important trick; randomness in the labels keeps the game from getting stuck.
Needs: nothing.
Clashes: nothing; it acts after smoothing and flips.
Mechanism: D can never be certain of its answer.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Stream, Streams, Targets
from hacks.registry import hack


@dataclass(frozen=True)
class LabelNoise:
    """Add uniform noise to targets.

    Attributes:
        scale: width of the noise.
        fake_is_one: whether the noise is added to labels that call fakes 1 and real images 0. Such labels only turn
            the sign of D's logits: label s there is target 1 − s here, so the noise comes off the target.
    """

    scale: float
    fake_is_one: bool
    order: ClassVar[int] = 30

    def __call__(self, targets: Targets, streams: Streams) -> Targets:
        """Targets of the same shapes."""
        stream = streams("label_noise")
        return Targets(self._noisy(targets.real, stream), self._noisy(targets.fake, stream))

    def _noisy(self, targets: Tensor, stream: Stream) -> Tensor:
        noise = self.scale * torch.rand(targets.shape, generator=stream, device=stream.device).to(targets.device)
        return targets - noise if self.fake_is_one else targets + noise


@hack(order=210, family="targets", sets=("teaching",))
def label_noise(
    recipe: Recipe, scale: Annotated[float, Range(0, 1, search=(0.01, 0.5))] = 0.05, fake_is_one: bool = False
) -> Recipe:
    """Switch on uniform noise of that width on every label."""
    return recipe.add("targets", LabelNoise(scale, fake_is_one))
