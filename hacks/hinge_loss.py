"""The hinge loss.

Off: the non-saturating logistic loss.
On: D pays max(0, 1 − logit) on real and max(0, 1 + logit) on fake images; G pays the negative logit.
Source: Lim & Ye 2017, arXiv 1705.02894; Miyato et al. 2018, arXiv 1802.05957.
Claim: D stops pushing on images it already tells apart, which steadies the game.
Needs: nothing; its sources pair it with spectral_norm.
Clashes: every other loss. Soft labels scale the margin's side and are no part of the sources.
Mechanism: images beyond the margin give D no gradient, and G's gradient never saturates.
Measured: none
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class Hinge:
    """Hinge loss on logits."""

    def d(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean of max(0, 1 − (2t − 1) · logit) over logits and targets t, each (N,)."""
        return F.relu(1 - (2 * target - 1) * logits).mean()

    def g(self, fake_logits: Tensor) -> Tensor:
        """Negative mean of D's logits (N,) on G's images."""
        return -fake_logits.mean()


@hack(order=230, family="loss", sets=("modern",))
def hinge_loss(recipe: Recipe) -> Recipe:
    """Switch on the hinge loss."""
    return recipe.fill(loss=Hinge())
