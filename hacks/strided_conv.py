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
Measured: d_zero_gradient_share down, stride_energy up
"""

from dataclasses import dataclass

from torch import Tensor, nn

from hacks.parameters import Nets
from hacks.recipe import Padding, Recipe, Resampled
from hacks.registry import hack


@dataclass(frozen=True)
class StridedDownsampling:
    """A convolution of stride 2."""

    def __call__(self, inputs: int, outputs: int, kernel: int, bias: bool, padding: Padding = "symmetric") -> Resampled:
        """Halve height and width, of even sizes exactly unless the padding is `valid`."""
        sides = (kernel - 1) // 2 if padding == "symmetric" else 0
        conv = nn.Conv2d(inputs, outputs, kernel, stride=2, padding=sides, bias=bias)
        return Resampled(_same_padding(kernel) if padding == "same" else None, conv, None)


def _same_padding(kernel: int) -> nn.Module:
    """What a stride of 2 needs around an image of even size: kernel − 2 pixels, the odd one right and below."""
    first = (kernel - 2) // 2
    return nn.ZeroPad2d((first, kernel - 2 - first) * 2)


class CroppedTranspose(nn.ConvTranspose2d):
    """A transposed convolution that cuts its image down to `factor` times the size, an odd pixel right and below.

    The mirror image of `same` padding, which PyTorch's own symmetric padding cannot give for an odd surplus.
    """

    def forward(self, input: Tensor, output_size: list[int] | None = None) -> Tensor:
        """Images (N, C, H, W) -> (N, outputs, stride · H, stride · W)."""
        height, width = input.shape[-2] * self.stride[0], input.shape[-1] * self.stride[1]
        first = max(self.kernel_size[0] - self.stride[0], 0) // 2
        return super().forward(input, output_size)[..., first : first + height, first : first + width]


@dataclass(frozen=True)
class TransposedUpsampling:
    """A transposed convolution whose stride is the factor, 2 as a rule."""

    def __call__(
        self, inputs: int, outputs: int, kernel: int, bias: bool, factor: int = 2, padding: Padding = "symmetric"
    ) -> Resampled:
        """Multiply height and width; the kernel is at least as large as the factor."""
        kernel = max(kernel, factor)
        if padding == "same":
            return Resampled(None, CroppedTranspose(inputs, outputs, kernel, stride=factor, bias=bias), None)
        sides = (kernel - factor + 1) // 2
        surplus = 2 * sides + factor - kernel
        conv = nn.ConvTranspose2d(
            inputs, outputs, kernel, stride=factor, padding=sides, output_padding=surplus, bias=bias
        )
        return Resampled(None, conv, None)


@hack(order=10, core=True, family="down")
def strided_conv(recipe: Recipe, nets: Nets = "both") -> Recipe:
    """Switch on strided resampling in both networks, or in one: the sources list the two as separate tricks."""
    down, up = {"downsampling": StridedDownsampling()}, {"upsampling": TransposedUpsampling()}
    return recipe.fill_nets(nets, d=down, g=up)
