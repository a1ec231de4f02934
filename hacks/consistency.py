"""Consistency of D on changed real images.

Off: no penalty.
On: D also pays 10 · mean (D(x) − D(T(x)))² for real images x; T flips left to right with probability one half and
    shifts by up to 1/8 of the image, reflected at the border. Costs another pass through D and back over twice the real
    images.
Source: Zhang, Zhang, Odena & Lee 2019, "Consistency regularization for generative adversarial networks", arXiv
    1910.12027; reflection is our choice.
Claim: better images than gradient penalties give, at less cost, with spectral_norm and many losses.
Needs: nothing.
Clashes: nothing; balanced_consistency has this penalty in it: both together double its weight. Switch `flip` off where
    a mirrored image is none of the data, as with digits.
Mechanism: D must look at what flips and shifts leave as it is.
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
class Consistency:
    """λ · E(D(x) − D(T(x)))² on real images."""

    weight: float
    flip: bool

    def __call__(self, D: nn.Module, real: Tensor, streams: Streams) -> Tensor:
        """The penalty, a scalar; real images (N, C, H, W) as D sees them."""
        return self.weight * inconsistency(D, real, streams("consistency"), flip=self.flip)


@hack(order=1130, family="penalty", sets=("modern",))
def consistency(
    recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0, flip: bool = True
) -> Recipe:
    """Switch on the penalty with that weight, `flip` or shift alone."""
    return recipe.add("penalties", Consistency(weight, flip))
