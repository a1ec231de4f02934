"""What scores compare with: features of real images and the anchors, kept on disk by content hash."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from bench.data import Dataset
from bench.metrics.extractor import Extractor
from bench.metrics.fidelity import FeatureStatistics, constant_distances, feature_statistics, frechet_distance
from bench.metrics.images import mean_total_variation
from bench.metrics.weights import hash_of, save_atomically

_FORMAT = "4"  # changes when the meaning of a cached number does
_NOISE_SEED = 20_161_124


@dataclass(frozen=True)
class Reference:
    """Real images seen through an extractor.

    Attributes:
        features: (n, d) float64 of the first n reference images.
        logits: (n, classes) float64, or None.
        gram: mean Gram matrix (c, c) of the extractor's shallow maps, or None.
        total_variation: mean total variation of the images.
        fid_real: FID between equally many reference and train images; None, as the next two, where they are too few.
        fid_uniform: FID of n images of uniform noise.
        fid_constant: largest FID of one image made n times: the mean one, or the real one furthest off.
    """

    features: torch.Tensor
    logits: torch.Tensor | None
    gram: torch.Tensor | None
    total_variation: float
    fid_real: float | None
    fid_uniform: float | None
    fid_constant: float | None

    @cached_property
    def statistics(self) -> FeatureStatistics:
        """Mean and covariance of the features.

        Raises:
            ScoreUnavailable: n is at most the number of features.
        """
        return feature_statistics(self.features, "real features")


def uniform_noise(like: torch.Tensor, n: int) -> torch.Tensor:
    """n images of independent uniform pixels, of the dtype and size of `like`; always the same ones."""
    stream = torch.Generator().manual_seed(_NOISE_SEED)
    if like.dtype == torch.uint8:
        return torch.randint(0, 256, (n, *like.shape[1:]), generator=stream, dtype=torch.uint8)
    return torch.rand((n, *like.shape[1:]), generator=stream, dtype=like.dtype)


def mean_image(images: torch.Tensor) -> torch.Tensor:
    """The mean of images (n, C, H, W) as one image (1, C, H, W) of their dtype."""
    mean = images.double().mean(dim=0, keepdim=True)
    return mean.to(images.dtype) if images.is_floating_point() else mean.round().to(images.dtype)


def measure(dataset: Dataset, extractor: Extractor, n: int, batch_size: int) -> Reference:
    """The reference of a dataset from its images."""
    images = dataset.reference_images[:n]
    seen = extractor.observe(images, batch_size)
    return Reference(
        features=seen.features,
        logits=seen.logits,
        gram=seen.gram,
        total_variation=mean_total_variation(images),
        **_anchors(dataset, extractor, images, seen.features, batch_size),
    )


_ANCHORS = ("fid_real", "fid_uniform", "fid_constant")
_NUMBERS = ("total_variation", *_ANCHORS)


def _anchors(
    dataset: Dataset, extractor: Extractor, images: torch.Tensor, real: torch.Tensor, batch_size: int
) -> dict[str, float | None]:
    """FIDs of what is real and of what nobody made, by name; None each where there are too few images for one."""
    n = len(images)
    if min(n, len(dataset.images)) <= extractor.dim:
        return dict.fromkeys(_ANCHORS)
    train, noise, mean = (
        extractor(others, batch_size)[0]
        for others in (dataset.images[:n], uniform_noise(images, n), mean_image(images))
    )
    return {
        "fid_real": frechet_distance(real[: len(train)], train),
        "fid_uniform": frechet_distance(real, noise),
        "fid_constant": float(constant_distances(feature_statistics(real), torch.cat([mean, real])).max()),
    }


def _write(reference: Reference, path: Path) -> None:
    tensors = {"features": reference.features, "logits": reference.logits, "gram": reference.gram}
    present = {name: tensor for name, tensor in tensors.items() if tensor is not None}
    numbers = {name: json.dumps(getattr(reference, name)) for name in _NUMBERS}
    save_atomically(present, path, {**numbers, "hash": hash_of(present)})


def _read(path: Path) -> Reference | None:
    try:
        with safe_open(path, "pt") as file:
            names, metadata = set(file.keys()), file.metadata()
            tensors = {name: file.get_tensor(name) for name in names}
    except (OSError, SafetensorError):
        return None  # absent, or cut short by a full disk: measured again
    if metadata is None or metadata.get("hash") != hash_of(tensors):
        return None
    return Reference(
        features=tensors["features"],
        logits=tensors.get("logits"),
        gram=tensors.get("gram"),
        **{name: json.loads(metadata[name]) for name in _NUMBERS},
    )


def cached(dataset: Dataset, extractor: Extractor, n: int, batch_size: int, folder: Path | None) -> Reference:
    """The reference of a dataset, from `folder` where it was measured before, and written there where not."""
    if folder is None:
        return measure(dataset, extractor, n, batch_size)
    path = (
        folder / f"real-{dataset.content_hash[:20]}-{extractor.hash[:20]}-{n}-{_FORMAT}-{torch.__version__}.safetensors"
    )
    found = _read(path)
    if found is not None:
        return found
    reference = measure(dataset, extractor, n, batch_size)
    _write(reference, path)
    return reference
