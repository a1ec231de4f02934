"""The LeCam penalty.

Off: no penalty.
On: D also pays 0.3 · (mean (s_r − ā_f)² + mean (s_f − ā_r)²) of its logits; ā are running means of the other side's
    logits, with decay 0.99 a step. It begins after 1,000 steps or a tenth of the run, whichever is sooner; until then
    the means are those of the last batch.
Source: Tseng, Jiang, Liu, Yang & Yang 2021, "Regularizing generative adversarial networks under limited data", arXiv
    2104.03310. Its code counts a distance only where a logit is on its right side of the mean, which its formula, kept
    here, does not; beginning after a tenth of the run is our choice.
Claim: better images from few data, and more robust training.
Needs: nothing.
Clashes: nothing; with two_discriminator_updates the distance of the update on fakes alone is paid.
Mechanism: real and fake answers are pulled towards each other, so that D does not become ever surer of few images.
Measured: d_real_confidence down
"""

from dataclasses import dataclass
from typing import Annotated, Any

from torch import Tensor

from hacks.parameters import Range
from hacks.recipe import Recipe, Step
from hacks.registry import hack

FIRST = 1000
"""Steps after which it begins, in runs of ten times as many and more."""


@dataclass(frozen=True)
class LeCam:
    """λ · (E(s_r − ā_f)² + E(s_f − ā_r)²)."""

    weight: float
    decay: float

    def start(self) -> dict[str, Any]:
        """The running means of both sides' logits, which are there after D's first step."""
        return {"real": None, "fake": None}

    def penalties(self, real_logits: Tensor, fake_logits: Tensor, step: Step, state: dict[str, Any]) -> Tensor:
        """The penalty, a scalar, zero until it begins; logits (N,), or empty where an update leaves a side out."""
        none = real_logits.new_zeros(())
        if step.number < _first(step):
            return none
        sides = ((real_logits, state["fake"]), (fake_logits, state["real"]))
        paid = (((logits - mean) ** 2).mean() for logits, mean in sides if len(logits) and mean is not None)
        return self.weight * sum(paid, none)

    def d_after(self, real_logits: Tensor, fake_logits: Tensor, step: Step, state: dict[str, Any]) -> None:
        """Move the running means."""
        for side, logits in (("real", real_logits), ("fake", fake_logits)):
            if len(logits):
                now, before = logits.detach().mean(), state[side]
                fresh = before is None or step.number < _first(step)
                state[side] = now if fresh else before.lerp(now, 1 - self.decay)


def _first(step: Step) -> int:
    """The step it begins with."""
    return min(FIRST, step.total // 10) if step.total else FIRST


@hack(order=1120, family="penalty", sets=("modern",))
def lecam(
    recipe: Recipe,
    weight: Annotated[float, Range(0, log=True, search=(0.01, 10))] = 0.3,
    decay: Annotated[float, Range(0, 1, open_high=True, search=(0.9, 0.999))] = 0.99,
) -> Recipe:
    """Switch on the penalty with that weight, and running means of that decay."""
    member = LeCam(weight, decay)
    return recipe.add("penalties", member).add("d_after", member)
