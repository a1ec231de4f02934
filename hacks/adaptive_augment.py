"""Adaptive augmentation: as much as D's overfitting asks for.

Off: D sees images as they are.
On: the changes of diff_augment, each made to each image with a probability p that starts at 0. Every 4 updates of D it
    is raised where the mean sign of D's logits on real images is above 0.6, lowered where it is below, as fast as
    would take it from 0 to 1 in a fifth of the run. Costs some passes over the images.
Source: Karras, Aittala, Hellsten, Laine, Lehtinen & Aila 2020, "Training generative adversarial networks with limited
    data", arXiv 2006.06676, and their code: 0.6, every 4 batches, 500,000 images from 0 to 1, which is how it goes in a
    run without an end. They have more kinds of changes. The fifth, for shorter runs, is our choice.
Claim: with a few thousand images training no longer diverges by D's overfitting; with many it does no harm, as p stays
    near 0. Changes made with p below 0.8 do not leak into G's images.
Needs: nothing.
Clashes: nothing; diff_augment does the same twice over. With a loss whose D does not decide at 0 (least_squares_loss,
    wasserstein_gp, wasserstein_clip, relativistic ones) the sign says little.
Mechanism: D's confidence on real images is held where it is not overfitted.
Measured: d_real_confidence down
"""

from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from hacks.diff_augment import Augmentation
from hacks.parameters import Range
from hacks.recipe import Recipe, Step, Streams
from hacks.registry import hack

UPDATES = 4
"""Of D, between two of p."""
IMAGES = 500_000
"""Seen while p goes from 0 to 1, in a run without an end."""


@dataclass(frozen=True)
class AdaptiveAugment:
    """Augment with a probability that follows the signs of D's logits on real images."""

    augmentation: Augmentation
    target: float
    ramp: float

    def start(self, batch: int, device: torch.device) -> dict[str, Any]:
        """p, the sum of the mean signs since it moved and their number, and the step where it did."""
        return {"p": torch.zeros((), device=device), "signs": torch.zeros((), device=device), "updates": 0, "step": 0}

    def d_inputs(self, images: Tensor, streams: Streams, pixel_range: tuple[float, float], state: dict) -> Tensor:
        """Images of the same shape."""
        return self.augmentation.changed(images, pixel_range, streams("adaptive_augment"), state["p"])

    def d_after(self, real: Tensor, real_logits: Tensor, step: Step, state: dict) -> None:
        """Count the signs of D's logits, and move p after every fourth update."""
        if not len(real_logits):
            return
        state["signs"] = state["signs"] + real_logits.detach().sign().mean()
        state["updates"] += 1
        if state["updates"] < UPDATES:
            return
        # Steps from the first of the four to the next one: the same for any number of updates in a step.
        passed = step.number + step.span - state["step"]
        whole = self.ramp * step.total if step.total else IMAGES * step.span / len(real)
        towards = (state["signs"] / UPDATES - self.target).sign()
        state["p"] = (state["p"] + towards * passed / whole).clamp(0, 1)
        state.update(signs=torch.zeros_like(state["signs"]), updates=0, step=step.number + step.span)


@hack(order=1810, family="images", sets=("modern",))
def adaptive_augment(
    recipe: Recipe,
    target: Annotated[float, Range(-1, 1, search=(0.3, 0.9))] = 0.6,
    ramp: Annotated[float, Range(0, open_low=True, log=True, search=(0.02, 1))] = 0.2,
    color: bool = True,
    translation: Annotated[float, Range(0, 0.5)] = 1 / 8,
    cutout: Annotated[float, Range(0, 1, search=(0, 0.75))] = 0.5,
) -> Recipe:
    """Switch on the augmentations with that target; `ramp` is the share of the run from p = 0 to p = 1."""
    member = AdaptiveAugment(Augmentation(color, translation, cutout), target, ramp)
    return recipe.add("d_inputs", member).add("d_after", member)
