"""Feature matching.

Off: G has D's answer alone.
On: G also pays ‖mean f(x) − mean f(G(z))‖, f what comes into D's last layer. D runs over the real images once more in
    G's step.
Source: Salimans, Goodfellow, Zaremba, Cheung, Radford & Chen 2016, "Improved techniques for training GANs", arXiv
    1606.03498. There it takes the place of G's loss, and the norm is squared; its code has mean absolute differences.
    Adding it, unsquared, is our choice: the gradient in the features then has a length of one, whatever their scale.
Claim: G matches statistics of the data in place of overtraining on this D; good for semi-supervised learning.
Needs: nothing.
Clashes: nothing.
Mechanism: G's aim moves less than D's answers do.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

import torch
from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class FeatureMatching:
    """λ · ‖E f(real) − E f(fake)‖."""

    weight: float

    def __call__(self, real_features: Tensor, fake_features: Tensor) -> Tensor:
        """What G pays, a scalar; features (N, ...) of D's last layer but one."""
        gap = real_features.detach().mean(dim=0) - fake_features.mean(dim=0)
        return self.weight * torch.linalg.vector_norm(gap)


@hack(order=1230, family="penalty", sets=("modern",))
def feature_matching(recipe: Recipe, weight: Annotated[float, Range(0, log=True, search=(0.01, 100))] = 1.0) -> Recipe:
    """Switch on feature matching with that weight."""
    return recipe.add("g_penalties", FeatureMatching(weight))
