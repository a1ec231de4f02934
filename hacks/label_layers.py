"""Layers that tell a network the classes of its batch: for hacks that use labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from hacks.parameters import Form
from hacks.recipe import ConditionedLayer, Given


def one_hot(labels: Tensor, classes: int, like: Tensor) -> Tensor:
    """Labels (N,) -> (N, classes) of the dtype of another tensor."""
    return (labels[:, None] == torch.arange(classes, device=labels.device)).to(like.dtype)


class LabelEmbedding(nn.Embedding):
    """Numbers for each class that begin as N(0, 1), as latents are, whatever the recipe's initialisation."""

    def initialise(self, stream: torch.Generator) -> None:
        """Draw them."""
        nn.init.normal_(self.weight, generator=stream)


class LabelBeside(ConditionedLayer):
    """Latents with the class beside them."""

    def __init__(self, classes: int, width: int | None) -> None:
        super().__init__()
        self.classes = classes
        self.embedding = None if width is None else LabelEmbedding(classes, width)

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Latents (N, dim) -> (N, dim + width), or (N, dim + classes) without an embedding."""
        labels = given.labels
        told = one_hot(labels, self.classes, images) if self.embedding is None else self.embedding(labels)
        return torch.cat([images, told.to(images.dtype)], dim=1)


class LabelPlanes(ConditionedLayer):
    """Images with a plane for each class, 1 for theirs and else 0."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.classes = classes

    def forward(self, images: Tensor, given: Given) -> Tensor:
        """Images (N, C, H, W) -> (N, C + classes, H, W)."""
        planes = one_hot(given.labels, self.classes, images)[:, :, None, None]
        return torch.cat([images, planes.expand(-1, -1, *images.shape[2:])], dim=1)


@dataclass(frozen=True)
class MakesLabelBeside:
    """Makes the layer in front of G."""

    form: Form
    width: int
    order: ClassVar[int] = 10

    def __call__(self, classes: int) -> nn.Module:
        """A new layer."""
        return LabelBeside(classes, self.width if self.form == "embedding" else None)


@dataclass(frozen=True)
class MakesLabelPlanes:
    """Makes the layer in front of D."""

    order: ClassVar[int] = 10

    def __call__(self, classes: int) -> nn.Module:
        """A new layer."""
        return LabelPlanes(classes)
