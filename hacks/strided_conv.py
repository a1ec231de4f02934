"""Strided convolutions instead of pooling and upsampling.

Off: D halves with a convolution of stride 1 and 2×2 max-pooling; G doubles with nearest-neighbour upsampling and
    a convolution of stride 1.
On: D halves with a convolution of stride 2; G doubles with a transposed convolution of stride 2.
Source: Radford, Metz & Chintala 2015, arXiv 1511.06434, architecture guidelines.
Claim: the networks learn their own spatial down- and upsampling, which makes deep training stable.
Needs: nothing.
Clashes: average pooling, pixel shuffle and every other way of resampling, which fill the same slots.
Mechanism: pooling passes a gradient to one pixel in four and drops the rest (sparse gradients); transposed convolutions
    may print a checkerboard at the stride's frequency (Odena et al. 2016).
Measured: d_zero_gradient_share, stride_energy
"""

from dataclasses import dataclass
from typing import Literal

from torch import nn

from hacks.recipe import Recipe, Resampling
from hacks.registry import hack


@dataclass(frozen=True)
class StridedDownsampling:
    """A convolution of stride 2."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool) -> Resampling:
        """Halve height and width (even sizes)."""
        conv = nn.Conv2d(inputs, outputs, kernel, stride=2, padding=(kernel - 1) // 2, bias=bias)
        return Resampling(None, conv, None)


@dataclass(frozen=True)
class TransposedUpsampling:
    """A transposed convolution of stride 2."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool) -> Resampling:
        """Double height and width."""
        padding = (kernel - 1) // 2
        conv = nn.ConvTranspose2d(
            inputs, outputs, kernel, stride=2, padding=padding, output_padding=2 * padding + 2 - kernel, bias=bias
        )
        return Resampling(None, conv, None)


@hack(order=10, core=True)
def strided_conv(recipe: Recipe, nets: Literal["both", "d", "g"] = "both") -> Recipe:
    """Switch on strided resampling in both networks, or in one: the sources list the two as separate tricks."""
    if nets != "g":
        recipe = recipe.fill(downsampling=StridedDownsampling())
    if nets != "d":
        recipe = recipe.fill(upsampling=TransposedUpsampling())
    return recipe
