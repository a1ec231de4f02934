"""No step of D while it wins.

Off: D makes a step on every batch.
On: D makes no step while its last loss is below 0.97, which is 0.7 · ln 4; ln 4 is what the logistic loss costs a D
    that knows nothing. On an accelerator each step waits for the loss.
Source: a remedy of teaching codes; Chintala et al. 2016, "How to train a GAN", point 11, advises against balancing by
    the losses. The threshold is our choice.
Claim: a D that is too strong leaves G no gradient, so it should wait for G.
Needs: nothing.
Clashes: nothing; the threshold is one for the logistic loss, and penalties count. With two_discriminator_updates the
    last losses on real and on fake images are added.
Mechanism: D's loss is kept near the threshold from below.
Measured: d_real_confidence down
"""

from dataclasses import dataclass
from math import log
from typing import Annotated, Any

from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class SkipWinner:
    """Prevent D's step while its last loss is below a threshold."""

    threshold: float

    def start(self) -> dict[str, Any]:
        """The last loss of each kind of update: on both sides, or on one of them."""
        return {}

    def d_before(self, d_loss: Tensor, real_logits: Tensor, fake_logits: Tensor, state: dict[str, Any]) -> bool:
        """Whether D makes its step."""
        kind = {(True, True): "both", (True, False): "real", (False, True): "fake"}[
            len(real_logits) > 0, len(fake_logits) > 0
        ]
        wins = kind in state and sum(state.values()) < self.threshold
        state[kind] = float(d_loss)
        return not wins


@hack(order=1210, family="balance", sets=("teaching",))
def skip_discriminator(
    recipe: Recipe, threshold: Annotated[float, Range(0, search=(0.2, 1.3))] = round(0.7 * log(4), 2)
) -> Recipe:
    """Switch on the skipping of D's steps below that loss."""
    return recipe.add("d_before", SkipWinner(threshold))
