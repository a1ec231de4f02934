"""Bilinear upsampling in G.

Off: G doubles by repeating every pixel, then a convolution of stride 1.
On: G doubles by interpolating between pixels, then a convolution of stride 1.
Source: Odena, Dumoulin & Olah 2016, "Deconvolution and checkerboard artifacts"; in G of a GAN: Karras, Laine & Aila
    2018, arXiv 1812.04948.
Claim: resizing before a convolution of stride 1 makes no checkerboards.
Needs: nothing.
Clashes: strided convolutions in G and every other way of upsampling.
Mechanism: no pixel is special for where it lies within the stride.
Measured: stride_energy down
"""

from dataclasses import dataclass

from torch import nn

from hacks.recipe import Padding, Recipe, Resampled
from hacks.registry import hack


@dataclass(frozen=True)
class BilinearUpsampling:
    """Bilinear upsampling, whose corners are pixels' outer corners, then a convolution of stride 1."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, factor: int = 2, padding: Padding = "symmetric"
    ) -> Resampled:
        """Multiply height and width; `padding` is moot without a stride.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=odd // 2, bias=bias)
        return Resampled(nn.Upsample(scale_factor=factor, mode="bilinear", align_corners=False), conv, None)


@hack(order=1380, family="up", sets=("modern",))
def bilinear_upsampling(recipe: Recipe) -> Recipe:
    """Switch on bilinear upsampling in G."""
    return recipe.fill(upsampling=BilinearUpsampling())
