"""The relativistic loss on pairs.

Off: the non-saturating logistic loss, which judges each image on its own.
On: D pays softplus(−(s_r − s_f)) for the logits of a real and a fake image, G pays softplus(−(s_f − s_r)). D runs over
    the real images once more in G's step.
Source: Jolicoeur-Martineau 2018, "The relativistic discriminator", arXiv 1807.00734; Huang, Gokaslan, Kuleshov &
    Tompkin 2025, "The GAN is dead; long live the GAN!", arXiv 2501.05441, who add r1_penalty and r2_penalty.
Claim: D's answers to real images should fall as fakes get better; more stable, and with zero-centred penalties it
    converges and does not drop modes.
Needs: nothing.
Clashes: every other loss, and two_discriminator_updates, which has no pairs. Label tricks and mixup's targets have no
    effect, as there are no targets.
Mechanism: only the difference of the answers counts, so that D cannot win by rating all fakes low, wherever they lie.
Measured: none
"""

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.nn import functional as F

from hacks.pairs import refuse_one_sided_updates
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class RelativisticPairing:
    """The logistic loss on differences of logits, one real and one fake image to each."""

    def start(self, game: Any) -> dict[str, Any]:
        """Nothing to remember; what has no pairs is refused."""
        refuse_one_sided_updates(game.recipe.batching, "relativistic_pairing")
        return {}

    def d(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Mean of softplus(s_f − s_r) over D's logits, each (N,)."""
        return F.softplus(fake_logits - real_logits).mean()

    def g(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        """Mean of softplus(s_r − s_f); where G learns from fewer images (n,) the first n real ones are their pairs."""
        return F.softplus(real_logits[: len(fake_logits)] - fake_logits).mean()


@hack(order=1030, family="loss", sets=("modern",))
def relativistic_pairing(recipe: Recipe) -> Recipe:
    """Switch on the loss on pairs."""
    return recipe.fill(loss=RelativisticPairing())
