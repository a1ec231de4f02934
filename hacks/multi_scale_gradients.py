"""Multi-scale gradients.

Off: G's last layer makes the picture, and D's first layer alone sees it.
On: each resolution of G makes a picture by a 1×1 convolution; enlarged, they are summed up to the last one. D sees the
    picture, real or fake, at every resolution: averaged down, it is further channels of the features of that size.
Source: Karnewar & Wang 2019, arXiv 1903.06048. There D gets each of G's pictures as it is; here all are parts of one,
    as in Karras et al. 2019, arXiv 1912.04958, so that what acts on images acts on it as on any other.
Claim: gradients at every scale make training stable across datasets, sizes, losses and architectures, at fixed rates.
Needs: nothing.
Clashes: what wraps whole networks. Points have one resolution: nothing changes.
Mechanism: D's gradient reaches every layer of G directly, and first where real and fake images overlap, in the coarse.
Measured: g_gradient_first_10 up
"""

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from hacks.blocks import averaged, enlarged, shapes, through
from hacks.recipe import ConditionedLayer, Given, Recipe
from hacks.registry import hack

Shape = tuple[int, int, int]


class SummedPictures(nn.Module):
    """G whose picture is the sum of what each resolution makes, before its output activation.

    Attributes:
        network: G itself, whose last block is the output.
        after: the last block of each resolution but the final one.
        to_image: makes the picture of each of these.
    """

    def __init__(self, network: nn.Sequential, made: list[Shape]) -> None:
        super().__init__()
        self.network, (channels, self.size, _) = network, made[-1]
        last = {shape[1]: number for number, shape in enumerate(made) if 1 < shape[1] < self.size}
        self.after = list(last.values())
        self.to_image = nn.ModuleList(nn.Conv2d(made[number][0], channels, 1) for number in self.after)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Latents (N, dim) -> images (N, C, H, W) in the pixel range."""
        given, blocks = self.network.given(z, labels), list(self.network)
        features, picture, done = z, None, 0
        for number, to_image in zip(self.after, self.to_image, strict=True):
            features, done = through(blocks[done : number + 1], features, given), number + 1
            made = to_image(features)
            picture = made if picture is None else enlarged(picture, made.shape[-1]) + made
        made = through(blocks[done:-1], features, given)
        return blocks[-1](made if picture is None else enlarged(picture, self.size) + made)


@dataclass(frozen=True)
class SumsPictures:
    """Has each resolution of G make a picture."""

    def __call__(self, network: nn.Sequential, shape: Shape) -> nn.Module:
        """G of latents (N, shape[0])."""
        return SummedPictures(network, shapes(network, shape, latents=True))


class SeesPicture(ConditionedLayer):
    """Features, and the image that D was given at their size as further channels."""

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Images (N, C, H, W) -> (N, C + channels of the image, H, W)."""
        # D may see several images as one.
        packs = given.input.unflatten(0, (len(images), -1)).flatten(1, 2)
        return torch.cat([images, averaged(packs, images.shape[-1]).to(images.dtype)], dim=1)


@dataclass(frozen=True)
class ShowsPicture:
    """Makes the layer after each hidden block of D."""

    order: ClassVar[int] = 90

    def __call__(self, shape: Shape, resolution: int) -> nn.Module | None:
        """A new layer, where the size is a part of the image's."""
        return SeesPicture() if 1 < shape[1] < resolution and resolution % shape[1] == 0 else None


@hack(order=1480, family="architecture", sets=("teaching",))
def multi_scale_gradients(recipe: Recipe) -> Recipe:
    """Switch on pictures at every resolution in both networks."""
    return recipe.fill(g_network=SumsPictures()).add("d_layers", ShowsPicture())
