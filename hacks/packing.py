"""Packing.

Off: D judges every image by itself.
On: D judges two images at once, one after the other in its channels, both real or both fake, and gives one logit for
    them. A batch has as many images as before, and half as many logits.
Source: Lin, Khetan, Fanti & Oh 2017, arXiv 1712.04086.
Claim: it penalises distributions with mode collapse; on the grid, the ring and stacked MNIST more modes are found.
Needs: nothing.
Clashes: nothing in its slots. A batch that is no multiple of the pack is refused, and so are labels for D, since a pack
    has several: auxiliary_classifier, and projection with its embedding.
Mechanism: pairs show a lack of variety that no single image does.
Measured: none
"""

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from torch import Tensor, nn

from hacks.errors import HackError
from hacks.parameters import Range
from hacks.recipe import Recipe
from hacks.registry import hack


class Packs(nn.Module):
    """Each so many images, neighbours in the batch, as one of as many times the channels; a rest is left out."""

    def __init__(self, images: int) -> None:
        super().__init__()
        self.images = images

    def forward(self, images: Tensor) -> Tensor:
        """Images (N, C, H, W) -> (N / m, m · C, H, W)."""
        whole = len(images) // self.images * self.images
        return images[:whole].unflatten(0, (-1, self.images)).flatten(1, 2)


@dataclass(frozen=True)
class Packing:
    """Makes the layer in front of D."""

    images: int
    order: ClassVar[int] = 90

    def start(self, batch: int) -> dict[str, Any]:
        """Nothing to remember; real and fake images follow each other in a mixed batch, and must not share a pack."""
        if batch % self.images:
            raise HackError(f"packing: a batch of {batch} is no multiple of {self.images} images; give another --batch")
        return {}

    def __call__(self) -> nn.Module:
        """A new layer."""
        return Packs(self.images)


@hack(order=1460, family="architecture", sets=("modern",))
def packing(recipe: Recipe, images: Annotated[int, Range(2, 64, search=(2, 4))] = 2) -> Recipe:
    """Switch on packs of so many images."""
    return recipe.add("d_front", Packing(images)).add("start", Packing(images))
