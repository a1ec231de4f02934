"""Smoothed labels.

Off: D's target is 1 for a real image and 0 for a fake one.
On: real targets drawn from U(0.7, 1.2), fake ones from U(0.0, 0.3), one draw per image and step.
Source: Chintala et al. 2016, "How to train a GAN", point 6; one-sided smoothing: Salimans et al. 2016,
    arXiv 1606.03498.
Claim: softer targets keep D from becoming overconfident and make it give better gradients.
Needs: nothing.
Clashes: nothing; flips act after it. Salimans et al. warn against smoothing the fake side: set `one_sided` for theirs.
Mechanism: D's best answer to a real image is no longer certainty, so its gradient for G stays alive.
Measured: d_real_confidence down, g_gradient_norm up
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Stream, Streams, Targets
from hacks.registry import hack

Span = Annotated[tuple[float, float], Range(-1, 2)]


@dataclass(frozen=True)
class LabelSmoothing:
    """Replace hard targets by draws from a range; a range of no width is a constant."""

    real: tuple[float, float]
    fake: tuple[float, float]
    order: ClassVar[int] = 10

    def __call__(self, targets: Targets, streams: Streams) -> Targets:
        """Targets of the same shapes, drawn per image."""
        stream = streams("label_smoothing")
        return Targets(_draw(targets.real, self.real, stream), _draw(targets.fake, self.fake, stream))


def _draw(like: Tensor, limits: tuple[float, float], stream: Stream) -> Tensor:
    low, high = limits
    return torch.rand(like.shape, generator=stream, device=stream.device).mul_(high - low).add_(low).to(like.device)


@hack(order=90, core=True, family="targets")
def label_smoothing(
    recipe: Recipe, real: Span = (0.7, 1.2), fake: Span = (0.0, 0.3), one_sided: bool = False
) -> Recipe:
    """Switch on smoothing; `one_sided` is the fixed 0.9 for real and 0 for fake of Salimans et al."""
    ranges = ((0.9, 0.9), (0.0, 0.0)) if one_sided else (real, fake)
    return recipe.add("targets", LabelSmoothing(*ranges))
