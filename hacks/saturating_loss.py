"""The saturating loss of the minimax game.

Off: G maximises log D(G(z)), the non-saturating loss.
On: G minimises log(1 − D(G(z))), the loss that the non-saturating one is the remedy for; D pays the same.
Source: Goodfellow et al. 2014, "Generative adversarial nets", arXiv 1406.2661; Chintala et al. 2016, "How to train a
    GAN", point 2, which recommends the other one.
Claim: early on, where D is sure that fakes are fake, this loss is flat and G learns little.
Needs: nothing.
Clashes: every other loss.
Mechanism: G's gradient is scaled by D's belief in its images, σ(logit), which goes to zero where D wins.
Measured: g_gradient_norm down
"""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional as F

from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class Saturating:
    """The logistic loss on logits; G minimises log(1 − D(G(z)))."""

    def d(self, logits: Tensor, target: Tensor) -> Tensor:
        """Mean binary cross-entropy of D's logits (N,) against its targets (N,), which may leave [0, 1]."""
        return F.binary_cross_entropy_with_logits(logits, target)

    def g(self, fake_logits: Tensor) -> Tensor:
        """Mean of log(1 − σ(logits)) over D's logits (N,) on G's images; below zero."""
        return -F.softplus(fake_logits).mean()


@hack(order=1000, family="loss")
def saturating_loss(recipe: Recipe) -> Recipe:
    """Switch on the saturating loss."""
    return recipe.fill(loss=Saturating())
