"""The R2 gradient penalty.

Off: no penalty.
On: D also pays 5 times the mean squared norm of its gradient in fake images (γ = 10). The gradient is taken per half
    the pixel range, as on images in [−1, 1]. Costs another pass through D and back.
Source: Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?", arXiv 1801.04406.
Claim: D may not slope where the fakes are, which makes training converge locally where the plain game circles.
Needs: nothing.
Clashes: nothing; with r1_penalty beside it, real and fake images are both flat.
Mechanism: D's gradient on the fakes goes to zero, as at the equilibrium.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack
from hacks.slopes import slopes


@dataclass(frozen=True)
class R2Penalty:
    """γ / 2 · E‖∇D(fake)‖², for images in units of half the pixel range."""

    gamma: float

    def __call__(self, D: nn.Module, fake: Tensor, pixel_range: tuple[float, float]) -> Tensor:
        """The penalty, a scalar; fake images (N, C, H, W) in the pixel range, as D sees them."""
        return self.gamma / 2 * slopes(D, fake, pixel_range).square().sum(dim=1).mean()


@hack(order=1110, family="penalty", sets=("modern",))
def r2_penalty(recipe: Recipe, gamma: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0) -> Recipe:
    """Switch on the penalty with that weight."""
    return recipe.add("penalties", R2Penalty(gamma))
