"""Minibatch standard deviation.

Off: D judges every image by itself.
On: D's last layer sees one more channel: the standard deviation of each feature at each place over four images of the
    batch, averaged over all features and places to one number for the four.
Source: Karras, Aila, Laine & Lehtinen 2017, arXiv 1710.10196, section 3; groups of 4 in its code. There a group is made
    of images far apart in the batch; here of neighbours, so that real and fake images never share one in a mixed batch.
Claim: it encourages G's images to vary as the real ones do, without parameters.
Needs: nothing.
Clashes: nothing.
Mechanism: images too near each other give a collapsed G away.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

import torch
from torch import Tensor, nn

from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


class GroupDeviation(nn.Module):
    """Images, and a channel with the mean standard deviation of their group; the last group may be a smaller one."""

    def __init__(self, group: int) -> None:
        super().__init__()
        self.group = group

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> (N, C + 1, H, W)."""
        whole = len(images) // self.group * self.group
        groups = [images[:whole].unflatten(0, (-1, self.group))] if whole else []
        groups += [images[whole:][None]] if whole < len(images) else []
        planes = [_deviation(each).expand(len(each), each.shape[1], *images.shape[2:]).flatten(0, 1) for each in groups]
        return torch.cat([images, torch.cat(planes)[:, None].to(images.dtype)], dim=1)


def _deviation(groups: Tensor) -> Tensor:
    """Of groups (M, n, C, H, W) the standard deviation over n, averaged over the rest: (M, 1, 1, 1)."""
    # 1e-8 as in the source: a root has no slope at 0.
    variance = groups.float().var(dim=1, correction=0)
    return (variance + 1e-8).sqrt().mean(dim=(1, 2, 3))[:, None, None, None]


@dataclass(frozen=True)
class MinibatchStddev:
    """Makes the layer before D's last."""

    group: int
    order: ClassVar[int] = 10

    def __call__(self) -> nn.Module:
        """A new layer."""
        return GroupDeviation(self.group)


@hack(order=1450, family="architecture")
def minibatch_stddev(recipe: Recipe, group: Annotated[int, Range(2, 256, log=True, search=(2, 32))] = 4) -> Recipe:
    """Switch on the channel, with groups of so many images."""
    return recipe.add("d_tail", MinibatchStddev(group))
