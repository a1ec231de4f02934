"""The least-squares loss.

Off: the non-saturating logistic loss.
On: half the squared distance of D's output to its target; G pays half the squared distance to 1.
Source: Mao et al. 2017, "Least squares generative adversarial networks", arXiv 1611.04076.
Claim: fakes on the right side of the boundary but far from the data still give G a gradient; training is more stable.
Needs: nothing.
Clashes: every other loss.
Mechanism: the loss does not saturate, so G's gradient stays alive.
Measured: none
"""

from dataclasses import dataclass

from torch import Tensor

from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class LeastSquares:
    """Squared distance between D's output and its target."""

    def d(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean of (output − target)² / 2, each (N,)."""
        return (logits - target).square().mean() / 2

    def g(self, fake_logits: Tensor) -> Tensor:
        """Mean of (output − 1)² / 2 over D's outputs (N,) on G's images."""
        return (fake_logits - 1).square().mean() / 2


@hack(order=240, family="loss", sets=("modern",))
def least_squares_loss(recipe: Recipe) -> Recipe:
    """Switch on the least-squares loss."""
    return recipe.fill(loss=LeastSquares())
