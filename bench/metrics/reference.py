"""What scores compare with: features of real images and the anchors, kept on disk by content hash."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from bench.metrics.extractors import Extractor
from bench.metrics.fidelity import frechet_distance

_FORMAT = "1"  # changes when the meaning of a cached number does
_NOISE_SEED = 20_161_124


@dataclass(frozen=True)
class Reference:
    """Real images seen through an extractor.

    Attributes:
        features: (n, d) float64 of the first n reference images.
        logits: (n, classes) float64, or None.
        fid_real: FID between equally many reference and train images.
        fid_uniform: FID of n images of uniform noise.
    """

    features: torch.Tensor
    logits: torch.Tensor | None
    fid_real: float
    fid_uniform: float


def uniform_noise(like: torch.Tensor, n: int) -> torch.Tensor:
    """n images of independent uniform pixels, of the dtype and size of `like`; always the same ones."""
    stream = torch.Generator().manual_seed(_NOISE_SEED)
    if like.dtype == torch.uint8:
        return torch.randint(0, 256, (n, *like.shape[1:]), generator=stream, dtype=torch.uint8)
    return torch.rand((n, *like.shape[1:]), generator=stream, dtype=like.dtype)


def measure(dataset, extractor: Extractor, n: int, batch_size: int) -> Reference:
    """The reference of a dataset from its images.

    Raises:
        ScoreUnavailable: n is at most the number of features, so that there is no FID.
    """
    features, logits = extractor(dataset.reference_images[:n], batch_size)
    train, _ = extractor(dataset.images[:n], batch_size)
    noise, _ = extractor(uniform_noise(dataset.reference_images, n), batch_size)
    return Reference(
        features=features,
        logits=logits,
        fid_real=frechet_distance(features[: len(train)], train),
        fid_uniform=frechet_distance(features, noise),
    )


def _write(reference: Reference, path: Path) -> None:
    tensors = {"features": reference.features}
    if reference.logits is not None:
        tensors["logits"] = reference.logits
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    os.close(handle)
    try:
        save_file(
            tensors,
            temporary,
            {"fid_real": repr(reference.fid_real), "fid_uniform": repr(reference.fid_uniform)},
        )
        os.replace(temporary, path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
        raise


def _read(path: Path) -> Reference | None:
    try:
        with safe_open(path, "pt") as file:
            names, metadata = file.keys(), file.metadata()
            return Reference(
                features=file.get_tensor("features"),
                logits=file.get_tensor("logits") if "logits" in names else None,
                fid_real=float(metadata["fid_real"]),
                fid_uniform=float(metadata["fid_uniform"]),
            )
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None  # absent, or cut short by a full disk: measured again


def cached(dataset, extractor: Extractor, n: int, batch_size: int, folder: Path | None) -> Reference:
    """The reference of a dataset, from `folder` where it was measured before, and written there where not."""
    if folder is None:
        return measure(dataset, extractor, n, batch_size)
    path = folder / f"real-{dataset.content_hash[:20]}-{extractor.hash[:20]}-{n}-{_FORMAT}.safetensors"
    found = _read(path)
    if found is not None:
        return found
    reference = measure(dataset, extractor, n, batch_size)
    _write(reference, path)
    return reference
