"""What a dataset is, for every stage that uses one."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import torch

_HASH_CHUNK = 4096  # rows hashed at once, so that a memory-mapped split is never read whole


@dataclass(frozen=True, eq=False)
class MixtureModes:
    """The known components of a two-dimensional Gaussian mixture, in the mixture's own units.

    `centres` is float64 (K, 2); `sd` is the standard deviation of every component on both axes; `extent` is half
    the side of the square, centred on the origin, that the images' range [0, 1] stands for.
    """

    centres: np.ndarray
    sd: float
    extent: float

    def to_units(self, images: torch.Tensor) -> torch.Tensor:
        """Points float (N, 2, 1, 1) in [0, 1] -> float64 (N, 2) in the mixture's own units."""
        return (images.reshape(-1, 2).double() * 2 - 1) * self.extent

    def from_units(self, points: torch.Tensor) -> torch.Tensor:
        """Points (N, 2) in the mixture's own units -> float32 (N, 2, 1, 1), in [0, 1] inside the extent."""
        return ((points.double() / self.extent + 1) / 2).float().reshape(-1, 2, 1, 1)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training images and a disjoint reference split that scores compare with.

    Attributes:
        name: the name it was loaded by, e.g. "mnist5k", "cifar10:frog", "folder:/photos", "mnist5k@500".
        kind: "image" or "points".
        images: train split; uint8 (N, C, H, W), or for points float32 (N, 2, 1, 1) in [0, 1].
        labels: int64 (N,), indices into `classes`, or None where there are no labels.
        classes: class names in label order; empty if unlabelled.
        reference_images: as `images`, no row in common with it.
        reference_labels: as `labels`.
        content_hash: sha256 (hex) over pixels and labels of both splits at this resolution.
        split: how the two splits were made, in words.
        source: where the data came from, in words.
        modes: the true components of a Gaussian mixture (points only), else None.
        classifier: name of the packaged classifier (`bench/metrics/weights`) that knows its classes, or None.
        whole: the set with all its training images, where these are but the first of them: scores are taken with that
            one, so that they compare. None where these are all.

    The order of rows inside a split carries no information on the class: any prefix is a fair sample.
    """

    name: str
    kind: str
    images: torch.Tensor
    labels: torch.Tensor | None
    classes: tuple[str, ...]
    reference_images: torch.Tensor
    reference_labels: torch.Tensor | None
    content_hash: str
    split: str
    source: str
    modes: MixtureModes | None = None
    classifier: str | None = None
    whole: Dataset | None = None

    @property
    def channels(self) -> int:
        """Channels of an image: 1 or 3; 2 for points."""
        return self.images.shape[1]

    @property
    def resolution(self) -> int:
        """Side of the square images in pixels; 1 for points."""
        return self.images.shape[2]

    @property
    def facts(self) -> dict[str, int | str]:
        """What a page says of it: its kind, channels and classes, and how many images to train on and compare with."""
        return {
            "kind": self.kind,
            "channels": int(self.channels),
            "classes": len(self.classes),
            "pictures": len(self.images),
            "reference": len(self.reference_images),
        }

    @property
    def extent(self) -> float | None:
        """Half the side of the square that [0, 1] stands for (points only), else None."""
        return None if self.modes is None else self.modes.extent


def content_hash(*splits: tuple[torch.Tensor, torch.Tensor | None]) -> str:
    """sha256 (hex) over dtype, shape and bytes of the images and labels of each split, in order."""
    digest = hashlib.sha256()
    for images, labels in splits:
        for tensor in (images, labels):
            if tensor is None:
                digest.update(b"none;")
                continue
            digest.update(f"{tensor.dtype} {tuple(tensor.shape)};".encode())
            for rows in tensor.split(_HASH_CHUNK):
                digest.update(np.ascontiguousarray(rows.numpy()).data)
    return digest.hexdigest()
