"""What a feature extractor is: images -> features, class logits and texture, under a name and a hash of its weights."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch

from bench.errors import UserError

Forward = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor | None, torch.Tensor | None]]


class Observation(NamedTuple):
    """What an extractor sees in N images, float64.

    Attributes:
        features: (N, dim).
        logits: (N, classes), or None where it classifies nothing.
        gram: (N-averaged) Gram matrix of its shallow maps (c, c), or None where it has none.
    """

    features: torch.Tensor
    logits: torch.Tensor | None
    gram: torch.Tensor | None


@dataclass(frozen=True)
class Extractor:
    """A frozen feature extractor.

    Attributes:
        name: what it is, such as "domain:mnist"; scores of different extractors are never compared.
        hash: sha256 of its weights.
        dim: number of features.
        classes: what its logits stand for; empty where it has none.
        accuracy: share of the held-out images it classifies right, None where that is not known.
        forward: images (n, C, H, W) -> features (n, dim), logits (n, classes) or None, maps (n, c, h, w) or None.
        about: how it was made, for the record.
        dtype: of the images it takes.
    """

    name: str
    hash: str
    dim: int
    classes: tuple[str, ...]
    accuracy: float | None
    forward: Forward = field(repr=False, compare=False)
    about: dict[str, str] = field(default_factory=dict, repr=False, compare=False)
    dtype: torch.dtype = torch.uint8

    def __call__(self, images: torch.Tensor, batch_size: int = 100) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Features (N, dim) and logits (N, classes) or None, float64, of images (N, C, H, W).

        Raises:
            UserError: the images are no non-empty tensor of four dimensions and of `dtype`.
        """
        seen = self.observe(images, batch_size)
        return seen.features, seen.logits

    @torch.inference_mode()
    def observe(self, images: torch.Tensor, batch_size: int = 100) -> Observation:
        """Everything in one pass over images (N, C, H, W); `batch_size` at once, which does not change the result.

        Raises:
            UserError: the images are no non-empty tensor of four dimensions and of `dtype`.
        """
        if images.dtype != self.dtype or images.ndim != 4 or len(images) == 0:
            raise UserError(
                f"{images.dtype} images of shape {tuple(images.shape)}: extractor {self.name} takes {self.dtype} of "
                "shape (N, C, H, W) with N at least 1"
            )
        features, logits, gram = [], [], None
        for part in images.cpu().split(batch_size):
            part_features, part_logits, maps = self.forward(part)
            features.append(part_features.to(torch.float64))
            if part_logits is not None:
                logits.append(part_logits.to(torch.float64))
            if maps is not None:
                flat = maps.transpose(0, 1).flatten(1)
                products = (flat @ flat.T).to(torch.float64) / (maps.shape[2] * maps.shape[3] * len(images))
                gram = products if gram is None else gram + products
        return Observation(torch.cat(features), torch.cat(logits) if logits else None, gram)


def with_channels(images: torch.Tensor, channels: int, name: str) -> torch.Tensor:
    """Images with this many channels: grey ones are repeated; colour is never thrown away.

    Raises:
        UserError: colour images for an extractor of grey ones.
    """
    if images.shape[1] == channels:
        return images
    if images.shape[1] == 1:
        return images.expand(-1, channels, -1, -1)
    raise UserError(
        f"extractor {name} takes {channels}-channel images, these have {images.shape[1]}: "
        "choose extractor 'random-conv' or another dataset"
    )


def classify(logits: torch.Tensor) -> np.ndarray:
    """Class index of the largest logit of each row."""
    return logits.argmax(dim=1).numpy()
