"""Pixel shuffle in G.

Off: G doubles by repeating every pixel, then a convolution of stride 1.
On: G doubles by a convolution of stride 1 to four times the channels, of which each four become 2×2 pixels of one.
Source: Shi et al. 2016, arXiv 1609.05158; for GANs: Chintala et al. 2016, "How to train a GAN", point 5.
Claim: sparse gradients harm the game; for upsampling, pixel shuffle or a transposed convolution with a stride.
Needs: nothing.
Clashes: strided convolutions in G and every other way of upsampling.
Mechanism: it is a transposed convolution in another order, and its four phases begin unalike: it may print a
    checkerboard as well.
Measured: stride_energy up
"""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from hacks.recipe import Padding, Recipe, Resampled
from hacks.registry import hack


class ShuffledConv2d(nn.Conv2d):
    """A convolution whose channels become pixels, so that what follows sees the larger image."""

    def __init__(self, inputs: int, outputs: int, kernel: int, factor: int, bias: bool) -> None:
        super().__init__(inputs, outputs * factor**2, kernel, padding=kernel // 2, bias=bias)
        self.factor = factor

    def forward(self, input: Tensor) -> Tensor:
        """Images (N, inputs, H, W) -> (N, outputs, factor · H, factor · W)."""
        return F.pixel_shuffle(super().forward(input), self.factor)


@dataclass(frozen=True)
class PixelShuffle:
    """A convolution of stride 1 to factor² times the channels, and a shuffle of these to pixels."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, factor: int = 2, padding: Padding = "symmetric"
    ) -> Resampled:
        """Multiply height and width; `padding` is moot without a stride.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        return Resampled(None, ShuffledConv2d(inputs, outputs, kernel | 1, factor, bias), None)


@hack(order=1390, family="up")
def pixel_shuffle(recipe: Recipe) -> Recipe:
    """Switch on pixel shuffle in G."""
    return recipe.fill(upsampling=PixelShuffle())
