"""Real and fake images in separate batches.

Off: one forward pass of D over real and fake images together.
On: two forward passes, one all real, one all fake; the gradients are summed and D makes one step.
Source: Chintala et al. 2016, "How to train a GAN", point 4.
Claim: with BatchNorm, a batch should be all real or all fake.
Needs: batch_norm in D; without batch statistics the two levels are the same arithmetic but for its order.
Clashes: another way of running D over the two batches.
Mechanism: in a mixed batch BatchNorm's statistics tell D the mixture, which it never meets when G is
    trained on fakes alone.
Measured: mixed_batch_gap down
"""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import Tensor, nn

from hacks.recipe import Logits, Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class SplitBatches:
    """D over all real images, then over all fake images."""

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor) -> Iterator[Logits]:
        """One update, on both sides."""
        yield Logits(D(real), D(fake))


@hack(order=80, core=True, needs=("batch_norm",), family="images")
def split_batches(recipe: Recipe) -> Recipe:
    """Switch on separate batches. G's step always sees fake images alone."""
    return recipe.fill(batching=SplitBatches())
