"""The R1 gradient penalty.

Off: no penalty.
On: D also pays 5 times the mean squared norm of its gradient in real images (γ = 10). The gradient is taken per half
    the pixel range, as on the images in [−1, 1] of its source, so that γ means the same whatever the range is.
Source: Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?", arXiv 1801.04406.
Claim: D may not slope where the data are, which makes training converge locally where the plain game circles.
Needs: nothing.
Clashes: nothing; costs another pass through D and back.
Mechanism: D's gradient on the data goes to zero, as at the equilibrium.
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
class R1Penalty:
    """γ / 2 · E‖∇D(real)‖², for images in units of half the pixel range."""

    gamma: float

    def __call__(self, D: nn.Module, real: Tensor, pixel_range: tuple[float, float]) -> Tensor:
        """The penalty, a scalar; real images (N, C, H, W) in the pixel range, as D sees them."""
        return self.gamma / 2 * slopes(D, real, pixel_range).square().sum(dim=1).mean()


@hack(order=270, family="penalty", sets=("modern",))
def r1_penalty(recipe: Recipe, gamma: Annotated[float, Range(0, log=True, search=(0.1, 100))] = 10.0) -> Recipe:
    """Switch on the penalty with that weight."""
    return recipe.add("penalties", R1Penalty(gamma))
