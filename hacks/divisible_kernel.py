"""A kernel size divisible by the stride.

Off: kernel 5 in the resampling convolutions.
On: kernel 4, divisible by the stride 2. A resampling layer then has 16 weights in place of 25 per pair of channels:
    the trick also makes the networks smaller.
Source: Odena, Dumoulin & Olah 2016, "Deconvolution and checkerboard artifacts", Distill.
Claim: an uneven overlap of the kernel's steps paints a checkerboard; a divisible kernel overlaps evenly.
Needs: strided_conv; a convolution of stride 1 keeps its odd kernel, so without a stride the trick is inert.
Clashes: another kernel size.
Mechanism: the energy of the images at the stride's frequency, relative to real images.
Measured: stride_energy down
"""

from typing import Annotated

from hacks.parameters import Nets, Range
from hacks.recipe import Recipe
from hacks.registry import hack


@hack(order=110, core=True, needs=("strided_conv",), family="architecture")
def divisible_kernel(
    recipe: Recipe, kernel: Annotated[int, Range(2, 16, multiple=2, search=(2, 8))] = 4, nets: Nets = "both"
) -> Recipe:
    """Switch on the even kernel in every resampling convolution that has a stride, of both networks or of one."""
    return recipe.fill_nets(nets, d={"d_kernel": kernel}, g={"g_kernel": kernel})
