"""Average pooling in D.

Off: D halves with a convolution of stride 1 and 2×2 max-pooling.
On: D halves with a convolution of stride 1 and 2×2 average pooling.
Source: Chintala et al. 2016, "How to train a GAN", point 5.
Claim: the game suffers from sparse gradients; for downsampling, average pooling or a stride.
Needs: nothing.
Clashes: strided convolutions in D and every other way of downsampling.
Mechanism: max-pooling passes a gradient to one pixel in four and drops the rest; the average passes a quarter to each.
Measured: d_zero_gradient_share down
"""

from dataclasses import dataclass

from torch import nn

from hacks.recipe import Padding, Recipe, Resampled
from hacks.registry import hack


@dataclass(frozen=True)
class AveragePooling:
    """A convolution of stride 1, then 2×2 average pooling."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool, padding: Padding = "symmetric") -> Resampled:
        """Halve height and width; with padding `valid` the convolution takes its margin off first.

        An even kernel cannot keep a size at stride 1: the next odd one is taken.
        """
        odd = kernel | 1
        conv = nn.Conv2d(inputs, outputs, odd, padding=0 if padding == "valid" else odd // 2, bias=bias)
        return Resampled(None, conv, nn.AvgPool2d(2))


@hack(order=1360, family="down")
def average_pooling(recipe: Recipe) -> Recipe:
    """Switch on average pooling in D."""
    return recipe.fill(downsampling=AveragePooling())
