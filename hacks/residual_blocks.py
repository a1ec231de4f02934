"""Residual blocks in G and D.

Off: a hidden block passes on what its layers make.
On: it passes on the sum of that and of what came in, brought to the same size: by repeating pixels in G, by averaging
    2×2 in D, and by a 1×1 convolution without bias where the number of channels differs. G's first layer, which makes
    an image of z, stays as it is. Costs the 1×1 convolutions.
Source: He et al. 2015, arXiv 1512.03385; both nets of a GAN as in Gulrajani et al. 2017, arXiv 1704.00028, and Miyato
    et al. 2018, arXiv 1802.05957. Their blocks have two convolutions, with the activation first; ours are the
    backbone's, with one.
Claim: with residual networks images are better than with plain ones (Miyato et al., who report both).
Needs: nothing.
Clashes: whatever else wraps blocks.
Mechanism: the gradient has a way round every block.
Measured: d_gradient_first_10 up, g_gradient_first_10 up
"""

from dataclasses import dataclass

from torch import Tensor, nn

from hacks.blocks import through
from hacks.parameters import Nets
from hacks.recipe import ConditionedLayer, Given, Recipe
from hacks.registry import hack

Shape = tuple[int, int, int]


class Residual(ConditionedLayer):
    """block(x) + skip(x)."""

    def __init__(self, block: nn.Module, skip: nn.Module) -> None:
        super().__init__()
        self.block, self.skip = block, skip

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Images (N, *shape), or latents (N, dim), -> (N, *made)."""
        made = through([self.block], images, given)
        return made + self.skip(images if images.ndim == 4 else images[:, :, None, None])


def skip(shape: Shape, made: Shape) -> nn.Module | None:
    """What brings images of a shape to another one; None where neither size is a multiple of the other."""
    (inputs, height, width), (outputs, *size) = shape, made
    layers: list[nn.Module] = []
    if [height, width] != size:
        up, down = size[0] // height, height // size[0]
        if min(height, width) > 1 and [height * up, width * up] == size:
            layers.append(nn.Upsample(scale_factor=up, mode="nearest"))
        elif min(size) > 1 and [size[0] * down, size[1] * down] == [height, width]:
            layers.append(nn.AvgPool2d(down))
        else:
            return None
    if inputs != outputs:
        layers.append(nn.Conv2d(inputs, outputs, 1, bias=False))
    return nn.Sequential(*layers)


@dataclass(frozen=True)
class ResidualBlocks:
    """Adds to a block what comes into it."""

    def __call__(self, block: nn.Module, shape: Shape, made: Shape) -> nn.Module:
        """The block with a skip; without one where sizes do not fit."""
        beside = skip(shape, made)
        return block if beside is None else Residual(block, beside)


@hack(order=1420, family="architecture", sets=("modern",))
def residual_blocks(recipe: Recipe, nets: Nets = "both") -> Recipe:
    """Switch on residual blocks in both networks, or in one."""
    return recipe.fill_nets(nets, d={"d_block": ResidualBlocks()}, g={"g_block": ResidualBlocks()})
