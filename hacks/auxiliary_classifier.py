"""An auxiliary classifier in D.

Off: nobody is told the classes of the data.
On: G is given a class beside z; a second last layer of D tells the class of an image. D pays for its cross-entropy on
    real and on fake images, G for that on fakes, each with weight λ = 1.
Source: Odena, Olah & Shlens 2016, arXiv 1610.09585; Chintala et al. 2016, "How to train a GAN", points 12 and 16: the
    class as an embedding of low dimension (8 is our choice) or as one number for each class (`labels: one_hot`).
Claim: more structure in the latents and a task for them give better samples and stabler training.
Needs: data with labels.
Clashes: another last layer of D. Packing is refused, since a pack has several labels.
Mechanism: one game for each class, of features that have to tell classes apart.
Measured: none
"""

from dataclasses import dataclass
from math import prod
from typing import Annotated, Any

from torch import Tensor, nn
from torch.nn import functional as F

from hacks.blocks import through
from hacks.errors import HackError
from hacks.label_layers import MakesLabelBeside
from hacks.packing import Packs
from hacks.parameters import Form, Range
from hacks.recipe import ConditionedLayer, Given, Recipe
from hacks.registry import hack


class ClassHead(ConditionedLayer):
    """D's last block, and beside it what tells classes from the same features."""

    def __init__(self, block: nn.Module, features: int, classes: int) -> None:
        super().__init__()
        self.classifier, self.block = nn.Linear(features, classes), block  # what makes the logit stays the last

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Features (N, C, H, W) -> logits (N, 1, 1, 1) of being real."""
        return through([self.block], images, given)


@dataclass(frozen=True)
class MakesClassHead:
    """Wraps D's last block."""

    def __call__(self, block: nn.Module, shape: tuple[int, int, int], classes: int) -> nn.Module:
        """The block with a classifier beside it."""
        return ClassHead(block, prod(shape), classes)


@dataclass(frozen=True)
class ClassLoss:
    """λ times the mean cross-entropy of the classifier, in nats."""

    weight: float

    def start(self, D: nn.Module) -> dict[str, Any]:
        """Nothing to remember; a D that gives one logit for several images has no class for it."""
        if any(isinstance(layer, Packs) for layer in D.modules()):
            raise HackError("auxiliary_classifier and packing: a pack has several labels; switch one of them off")
        return {}

    def penalties(self, D: nn.Module, real_features: Tensor, fake_features: Tensor, labels: Tensor) -> Tensor:
        """What D pays more, a scalar."""
        return self._paid(D, real_features, labels) + self._paid(D, fake_features, labels)

    def g_penalties(self, D: nn.Module, fake_features: Tensor, labels: Tensor) -> Tensor:
        """What G pays more, a scalar."""
        return self._paid(D, fake_features, labels)

    def _paid(self, D: nn.Module, features: Tensor, labels: Tensor) -> Tensor:
        (head,) = (layer for layer in D.modules() if isinstance(layer, ClassHead))
        return self.weight * F.cross_entropy(head.classifier(features.flatten(1)), labels)


@hack(order=1560, family="classes")
def auxiliary_classifier(
    recipe: Recipe,
    weight: Annotated[float, Range(0, log=True, search=(0.1, 10))] = 1.0,
    labels: Form = "embedding",
    width: Annotated[int, Range(1, 1024, log=True, search=(2, 64))] = 8,
) -> Recipe:
    """Switch on the classifier of that weight; G is told classes by an embedding of that width, or one-hot."""
    recipe = recipe.fill(d_head=MakesClassHead()).add("g_front", MakesLabelBeside(labels, width))
    return recipe.add("penalties", ClassLoss(weight)).add("g_penalties", ClassLoss(weight))
