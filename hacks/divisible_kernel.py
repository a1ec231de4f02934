"""A kernel size divisible by the stride.

Off: kernel 5 in the resampling convolutions.
On: kernel 4, divisible by the stride 2.
Source: Odena, Dumoulin & Olah 2016, "Deconvolution and checkerboard artifacts", Distill.
Claim: an uneven overlap of the kernel's steps paints a checkerboard; a divisible kernel overlaps evenly.
Needs: strided_conv; a convolution of stride 1 keeps its odd kernel, so without a stride the trick is inert.
Clashes: another kernel size.
Mechanism: the energy of the images at the stride's frequency, relative to real images.
Measured: stride_energy
"""

from typing import Literal

from hacks.recipe import Recipe
from hacks.registry import HackError, hack


@hack(order=110, core=True, needs=("strided_conv",))
def divisible_kernel(recipe: Recipe, kernel: int = 4, nets: Literal["both", "d", "g"] = "both") -> Recipe:
    """Switch on the even kernel in every resampling convolution that has a stride, of both networks or of one."""
    if kernel < 2 or kernel % 2:
        raise HackError(f"divisible_kernel.kernel={kernel}: expected an even number, divisible by the stride 2")
    if nets != "g":
        recipe = recipe.fill(d_kernel=kernel)
    if nets != "d":
        recipe = recipe.fill(g_kernel=kernel)
    return recipe
