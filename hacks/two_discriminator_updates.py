"""One update of D on real images, then one on fakes.

Off: D makes one step on real and fake images together.
On: D makes a step on real images, then a step on fakes, which the D of the first step judges. Costs another step of its
    optimiser.
Source: teaching codes with Keras, where each `train_on_batch` is an update, as in Langr & Bok 2019, "GANs in action".
Claim: none is made; it is how the codes are written.
Needs: nothing.
Clashes: another way of running D over the two batches, and losses that compare real with fake logits. Penalties are
    paid with the second update.
Mechanism: with an adaptive optimiser two steps on half the loss each move D further than one on the sum; batches are
    all real or all fake.
Measured: mixed_batch_gap down
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from hacks.recipe import Logits, Recipe
from hacks.registry import hack


@dataclass(frozen=True)
class OneSideAtATime:
    """D over all real images; and, when it was updated, over all fakes."""

    updates: ClassVar[int] = 2

    def __call__(self, D: nn.Module, real: Tensor, fake: Tensor) -> Iterator[Logits]:
        """Two updates, each on one side."""
        logits = D(real)
        yield Logits(logits, logits[:0])
        logits = D(fake)
        yield Logits(logits[:0], logits)


@hack(order=1240, family="balance", sets=("teaching",))
def two_discriminator_updates(recipe: Recipe) -> Recipe:
    """Switch on one update for each side."""
    return recipe.fill(batching=OneSideAtATime())
