"""Pixelwise normalisation in G.

Off: no normalisation.
On: after each hidden block of G the channels of every pixel are divided by the root of their mean square; no parameters
    are learned, and layers keep their bias.
Source: Karras, Aila, Laine & Lehtinen 2017, arXiv 1710.10196, section 4.2. It normalises z as well; that is
    `spherical_latent` here.
Claim: it prevents the escalation of signal magnitudes very effectively, and changes the results little.
Needs: nothing.
Clashes: every other normalisation in G.
Mechanism: the signal of G cannot grow while the two networks compete.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


class UnitPixels(nn.Module):
    """x / √(mean over channels of x² + ε)."""

    def __init__(self, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) of the same shape."""
        wide = images.float()
        return (wide * torch.rsqrt(wide.square().mean(dim=1, keepdim=True) + self.epsilon)).to(images.dtype)


@dataclass(frozen=True)
class AfterTheActivation:
    """Holds the place of G's norm, so that there is no other, and makes no layer before the activation."""

    drops_bias: ClassVar[bool] = False

    def __call__(self) -> nn.Module | None:
        """No layer."""
        return None


@dataclass(frozen=True)
class PixelNorm:
    """Makes the norm that follows a hidden block."""

    epsilon: float
    order: ClassVar[int] = 10

    def __call__(self) -> nn.Module:
        """A new layer."""
        return UnitPixels(self.epsilon)


@hack(order=1330, family="norm", sets=("modern",))
def pixel_norm(
    recipe: Recipe, epsilon: Annotated[float, Range(0, open_low=True, log=True, search=(1e-10, 1e-4))] = 1e-8
) -> Recipe:
    """Switch on pixel norm in G."""
    return recipe.fill(g_norm=AfterTheActivation()).add("g_layers", PixelNorm(epsilon))
