"""A projection discriminator, and class-conditional BatchNorm in G.

Off: nobody is told the classes of the data.
On: D's logit gains the product of its last features with a learned vector of the class. G has BatchNorm between each
    hidden layer and its activation, whose scale and shift are learned for each class, from 1 and 0.
Source: Miyato & Koyama 2018, arXiv 1802.05637; class-conditional BatchNorm: Dumoulin et al. 2016, arXiv 1610.07629.
    `labels: one_hot` has planes for each class beside D's images instead, as Mirza & Osindero 2014, arXiv 1411.1784,
    and point 16 of "How to train a GAN" (Chintala et al. 2016). `generator: latent` tells G the class beside z, by an
    embedding of 8 numbers (our choice) or one-hot, and leaves its norm free.
Claim: it improves conditional images of ImageNet over classifiers and over classes beside the images.
Needs: data with labels.
Clashes: every other normalisation in G, unless `generator: latent`; another last layer of D, unless `labels: one_hot`.
    Packing is refused with the vector, since a pack has several labels.
Mechanism: one game for each class, of features that all classes share.
Measured: none
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor, nn

from hacks.blocks import through
from hacks.errors import HackError
from hacks.label_layers import MakesLabelBeside, MakesLabelPlanes
from hacks.packing import Packs
from hacks.parameters import Form, Range
from hacks.recipe import ConditionedLayer, Given, Recipe
from hacks.registry import hack


class ProjectionHead(ConditionedLayer):
    """block(f) + v_y · f."""

    def __init__(self, block: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        # A dense layer with an output for each class, so that what bounds or initialises layers acts on it too.
        self.vectors, self.block = nn.Linear(features, classes, bias=False), block

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Features (N, C, H, W) -> logits (N, 1, 1, 1)."""
        fits = self.vectors(images.flatten(1)).gather(1, given.labels[:, None])
        return through([self.block], images, given) + fits[:, :, None, None]


class ClassNorm(ConditionedLayer):
    """BatchNorm(x) · scale_y + shift_y."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale, self.shift = (nn.Parameter(torch.empty(classes, channels)) for _ in range(2))

    def initialise(self, stream: torch.Generator) -> None:
        """1 and 0 for every class."""
        nn.init.ones_(self.scale)
        nn.init.zeros_(self.shift)

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Images (N, C, H, W) of the same shape."""
        scale, shift = (each[given.labels][:, :, None, None].to(images.dtype) for each in (self.scale, self.shift))
        return self.norm(images) * scale + shift


@dataclass(frozen=True)
class MakesProjection:
    """Wraps D's last block."""

    def __call__(self, block: nn.Module, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """The block with the product added."""
        return ProjectionHead(block, prod(shape), classes)

    def start(self, D: nn.Module) -> dict[str, Any]:
        """Nothing to remember; a D that gives one logit for several images has no class for it."""
        if any(isinstance(layer, Packs) for layer in D.modules()):
            raise HackError("projection and packing: a pack has several labels; set projection.labels=one_hot")
        return {}


@dataclass(frozen=True)
class ClassConditionalNorm:
    """Makes norms of G with a scale and a shift for each class."""

    drops_bias: ClassVar[bool] = True

    def __call__(self, channels: int, classes: int) -> nn.Module:
        """A new layer for that many channels."""
        return ClassNorm(channels, classes)


@hack(order=1570, family="classes")
def projection(
    recipe: Recipe,
    labels: Form = "embedding",
    generator: Literal["norm", "latent"] = "norm",
    width: Annotated[int, Range(1, 1024, log=True, search=(2, 64))] = 8,
) -> Recipe:
    """Switch on classes in both networks; `width` is that of an embedding beside z."""
    if generator == "norm":
        recipe = recipe.fill(g_norm=ClassConditionalNorm())
    else:
        recipe = recipe.add("g_front", MakesLabelBeside(labels, width))
    if labels == "one_hot":
        return recipe.add("d_front", MakesLabelPlanes())
    return recipe.fill(d_head=MakesProjection()).add("start", MakesProjection())
