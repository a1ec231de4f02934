"""Consistency of D on changed real and fake images.

Off: no penalty.
On: D also pays 10 · mean (D(x) − D(T(x)))² for real images x and as much for fake ones; T flips left to right with
    probability one half and shifts by up to 1/8 of the image, reflected at the border. Costs another pass through D and
    back over twice the batch.
Source: Zhao, Singh, Lee, Zhang, Odena & Zhang 2020, "Improved consistency regularization for GANs", arXiv 2002.04724
    (bCR); reflection is our choice.
Claim: with real images alone, traces of T appear in the fakes; on both sides they do not, and images get better.
Needs: nothing.
Clashes: nothing; consistency is a part of it: both together double the weight on real images. Switch `flip` off where a
    mirrored image is none of the data, as with digits.
Mechanism: D must look at what flips and shifts leave as it is, and does not reward G for them.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from hacks.flip_shift import inconsistency
from hacks.parameters import Range
from hacks.recipe import Recipe, Streams
from hacks.registry import hack


@dataclass(frozen=True)
class BalancedConsistency:
    """λ · E(D(x) − D(T(x)))², on real images and on fakes."""

    weight: float
    flip: bool

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor, streams: Streams) -> Tensor:
        """The penalty, a scalar; real and fake images (N, C, H, W) as D sees them."""
        stream = streams("balanced_consistency")
        sides = (inconsistency(D, images, stream, flip=self.flip) for images in (real, fake))
        return self.weight * sum(sides, real.new_zeros(()))


@hack(order=1140, family="penalty", sets=("modern",))
def balanced_consistency(
    recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0, flip: bool = True
) -> Recipe:
    """Switch on the penalty with that weight on each side, `flip` or shift alone."""
    return recipe.add("penalties", BalancedConsistency(weight, flip))
