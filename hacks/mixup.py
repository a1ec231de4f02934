"""Mixup of real and fake images.

Off: D sees real images and fakes.
On: D sees λ · real + (1 − λ) · fake with the targets mixed likewise, λ ~ Beta(0.2, 0.2) for each image. Each pair of a
    real image and a fake is seen in two mixtures: the one that is mostly real in the batch of the real images, the one
    that is mostly fake among the fakes, so that all λ together are of that distribution. G's step is as before.
Source: Zhang, Cisse, Dauphin & Lopez-Paz 2017, "mixup: beyond empirical risk minimization", arXiv 1710.09412, section
    on GANs; λ for each image and the two mixtures are our choice.
Claim: D's gradient is steadier between real and fake images, which makes toy GANs more robust.
Needs: nothing.
Clashes: nothing; relativistic_pairing has no targets to mix. It mixes targets after smoothing, flips and noise, and
    images before D's input is changed. Other tricks that ask for real images have the mixtures.
Mechanism: D is trained to go linearly from real to fake images, so that it slopes there.
Measured: d_real_confidence down
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Batches, Recipe, Streams, Targets
from hacks.registry import hack


@dataclass(frozen=True)
class Mixup:
    """Mix both sides' images, and then their targets, in the same shares."""

    alpha: float
    order: ClassVar[int] = 40

    def start(self) -> dict[str, Any]:
        """The shares (N,) of a pair's own side in its two mixtures, at least one half each."""
        return {"share": None}

    def d_batches(self, batches: Batches, streams: Streams, state: dict[str, Any]) -> Batches:
        """Batches of the same shapes."""
        stream = streams("mixup")
        alphas = torch.full((2, len(batches.real)), self.alpha, device=stream.device)
        # Shares of gamma draws are beta draws; two that both round to zero are taken as equal.
        one, other = torch._standard_gamma(alphas, generator=stream).clamp_min(1e-30)
        share = one / (one + other)
        state["share"] = torch.maximum(share, 1 - share)
        own = state["share"][:, None, None, None]
        real, fake = batches
        return Batches(own * real + (1 - own) * fake, own * fake + (1 - own) * real)

    def targets(self, targets: Targets, state: dict[str, Any]) -> Targets:
        """Targets of the same shapes; a side that an update leaves out is mixed in as its hard target."""
        real, fake = targets
        return Targets(
            _mixed(real, fake if len(fake) else torch.zeros_like(real), state["share"]),
            _mixed(fake, real if len(real) else torch.ones_like(fake), state["share"]),
        )


def _mixed(own: Tensor, other: Tensor, shares: Tensor) -> Tensor:
    if not len(own):
        return own
    share = shares.reshape(len(own), -1).mean(dim=1)  # D may give one logit for several images
    return share * own + (1 - share) * other


@hack(order=1280, family="images", sets=("modern",))
def mixup(recipe: Recipe, alpha: Annotated[float, Range(0, open_low=True, log=True, search=(0.05, 2))] = 0.2) -> Recipe:
    """Switch on mixtures whose shares are Beta(alpha, alpha)."""
    member = Mixup(alpha)
    return recipe.add("d_batches", member).add("targets", member)
