"""The R1 gradient penalty.

Off: no penalty.
On: D also pays 5 times the mean squared norm of its gradient in real images (γ = 10).
Source: Mescheder, Geiger & Nowozin 2018, "Which training methods for GANs do actually converge?", arXiv 1801.04406.
Claim: D may not slope where the data are, which makes training converge locally where the plain game circles.
Needs: nothing.
Clashes: nothing; costs another pass through D and back.
Mechanism: D's gradient on the data goes to zero, as at the equilibrium.
Measured: none
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from hacks.recipe import Recipe, Streams
from hacks.registry import HackError, hack


@dataclass(frozen=True)
class R1Penalty:
    """γ / 2 · E‖∇D(real)‖²."""

    gamma: float

    def __post_init__(self) -> None:
        if self.gamma < 0:
            raise HackError(f"r1_penalty.gamma={self.gamma}: expected at least 0")

    def __call__(self, discriminator: nn.Module, real: Tensor, fake: Tensor, streams: Streams) -> Tensor:
        """The penalty, a scalar; real images (N, C, H, W) in the pixel range, as D sees them."""
        real = real.detach().requires_grad_(True)
        (gradient,) = torch.autograd.grad(discriminator(real).sum(), real, create_graph=True)
        return self.gamma / 2 * gradient.flatten(1).square().sum(dim=1).mean()


@hack(order=270)
def r1_penalty(recipe: Recipe, gamma: float = 10.0) -> Recipe:
    """Switch on the penalty with that weight."""
    return recipe.add("penalties", R1Penalty(gamma))
