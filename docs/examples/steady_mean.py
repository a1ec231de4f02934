"""G pays where its mean image jumps.

Off: G's mean image may change as it likes from step to step.
On: G also pays weight times the mean squared distance of its batch's mean image from the running mean of earlier ones.
Source: ours, as an example of a trick that remembers.
Claim: none is made; a G that runs from mode to mode pays for it.
Needs: nothing.
Clashes: nothing.
Mechanism: batches that show one mode have another mean than batches that show all.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor

from hacks import Range, Recipe, hack


@dataclass(frozen=True)
class SteadyMean:
    """A penalty that keeps its running mean in `state`, which the game owns and stores with a stopped run."""

    weight: float
    decay: float

    def start(self) -> dict[str, Any]:
        """Nothing is remembered before the first step."""
        return {"mean": None}

    def __call__(self, fake: Tensor, pixel_range: tuple[float, float], state: dict[str, Any]) -> Tensor:
        """A scalar, in units that do not depend on the range of pixels."""
        mean, before = fake.mean(0), state["mean"]
        now = mean.detach()
        state["mean"] = now if before is None else self.decay * before + (1 - self.decay) * now
        low, high = pixel_range
        return self.weight * (((mean - (now if before is None else before)) / (high - low)) ** 2).mean()


@hack(order=5110, family="penalty")
def steady_mean(
    recipe: Recipe,
    weight: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0,
    decay: Annotated[float, Range(0, 1, open_high=True)] = 0.9,
) -> Recipe:
    """Switch on the penalty."""
    return recipe.add("g_penalties", SteadyMean(weight, decay))
