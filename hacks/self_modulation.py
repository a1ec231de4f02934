"""Self-modulation of G.

Off: no normalisation.
On: BatchNorm between each hidden layer of G and its activation, whose scale and shift are a small network of z: one
    hidden layer of 32 units, and a dense layer to each of the two.
Source: Chen, Lucic, Houlsby & Gelly 2018, arXiv 1810.01365.
Claim: a relative decrease of 5 to 35 % in FID over plain BatchNorm (as its abstract has it, recalled, not re-read).
Needs: nothing.
Clashes: every other normalisation in G.
Mechanism: z reaches every layer directly, and not through the first alone.
Measured: g_gradient_first_10 up
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import ConditionedLayer, Given, Recipe
from hacks.registry import hack


class ModulatedNorm(ConditionedLayer):
    """BatchNorm(x) · (1 + scale(h)) + shift(h), h = ReLU(hidden(z))."""

    def __init__(self, channels: int, latent_dim: int, units: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.hidden = nn.Linear(latent_dim, units)
        self.scale, self.shift = nn.Linear(units, channels), nn.Linear(units, channels)

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Images (N, C, H, W) of the same shape; `given.input` is z (N, latent_dim)."""
        hidden = self.hidden(given.input).relu()
        scale, shift = (made[:, :, None, None].to(images.dtype) for made in (self.scale(hidden), self.shift(hidden)))
        return self.norm(images) * (1 + scale) + shift


@dataclass(frozen=True)
class SelfModulation:
    """Makes norms of G that z scales and shifts."""

    hidden: int
    drops_bias: ClassVar[bool] = True

    def __call__(self, channels: int, latent_dim: int) -> nn.Module:
        """A new layer for that many channels."""
        return ModulatedNorm(channels, latent_dim, self.hidden)


@hack(order=1350, family="norm", sets=("modern",))
def self_modulation(recipe: Recipe, hidden: Annotated[int, Range(1, 4096, log=True, search=(8, 128))] = 32) -> Recipe:
    """Switch on self-modulation, with that many hidden units."""
    return recipe.fill(g_norm=SelfModulation(hidden))
