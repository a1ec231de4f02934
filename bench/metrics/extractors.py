"""Feature extractors: images -> features, class logits and texture, under a name and a hash of the weights."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from bench.errors import UserError
from bench.metrics.network import DomainClassifier, to_input
from bench.metrics.weights import SHIPPED, hash_of, read_classifier

# Datasets drawn from one source share the classifier of that source.
FAMILIES = {"mnist5k": "mnist", "stacked": "mnist", "stacked-mnist": "mnist"}
STACKED = ("stacked", "stacked-mnist")

INCEPTION_WEIGHTS = "GANBENCH_INCEPTION_WEIGHTS"
"""Environment variable that names the file of FID's Inception weights on this machine."""

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


def classifier_forward(network: DomainClassifier, name: str) -> Forward:
    """The `forward` of an extractor from a classifier."""
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    channels = network.convolutions[0].in_channels

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        inputs = to_input(with_channels(images, channels, name)).contiguous(memory_format=torch.channels_last)
        maps = network.shallow(inputs)
        return *network.deep(maps), maps

    return forward


def classifier_extractor(network: DomainClassifier, metadata: dict[str, str], name: str) -> Extractor:
    """The extractor of a trained classifier."""
    return Extractor(
        name=name,
        hash=hash_of(network.state_dict()),
        dim=network.embed.out_features,
        classes=tuple(json.loads(metadata["classes"])),
        accuracy=float(metadata["accuracy"]),
        forward=classifier_forward(network, name),
        about=metadata,
    )


@lru_cache(maxsize=8)
def shipped_extractor(family: str) -> Extractor | None:
    """The shipped classifier of a family of datasets ("mnist", "digits", "shapes", …); None where none is shipped.

    Raises:
        UserError: its file is damaged.
    """
    path = SHIPPED / f"{family}.safetensors"
    found = read_classifier(path)
    if found is None and path.exists():
        raise UserError(f"extractor domain:{family}: {path} is damaged; install ganbench again")
    return None if found is None else classifier_extractor(*found, f"domain:{family}")


def stacked_extractor() -> Extractor:
    """The MNIST classifier on each of three channels: features side by side, one class per triple of digits.

    The logit of a triple is the sum of its digits' log-probabilities; the accuracy is that of all three at once.
    """
    single = shipped_extractor("mnist")

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        n, channels, height, width = images.shape
        if channels != 3:
            raise UserError(f"stacked digits have 3 channels, these images have {channels}")
        features, logits, maps = single.forward(images.reshape(n * 3, 1, height, width))
        first, second, third = logits.double().log_softmax(1).reshape(n, 3, -1).unbind(1)
        joint = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None, :]
        return features.reshape(n, -1), joint.reshape(n, -1), maps

    return Extractor(
        name="domain:mnist×3",
        hash=single.hash,
        dim=3 * single.dim,
        classes=tuple(f"{number:03d}" for number in range(1000)),
        accuracy=single.accuracy**3,
        forward=forward,
        about=single.about,
    )


def random_conv_extractor(channels: int) -> Extractor:
    """A convolutional network with fixed random weights, for images without labels.

    `DomainClassifier` at seed 0 with He's weights and untouched batch statistics; it has no logits. Random embeddings
    are the practice of Naeem et al. 2020 (arXiv 2002.09797) where pretrained ones do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DomainClassifier(channels, 1)
        # The framework's default shrinks the signal layer by layer; He's keeps its variance through rectifiers.
        for layer in network.modules():
            if isinstance(layer, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
    both = classifier_forward(network, "random-conv")

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, None, torch.Tensor]:
        features, _, maps = both(images)
        return features, None, maps

    return Extractor(
        name="random-conv",
        hash=hash_of(network.state_dict()),
        dim=network.embed.out_features,
        classes=(),
        accuracy=None,
        forward=forward,
        about={"recipe": "DomainClassifier, seed 0, Kaiming-normal weights, untrained"},
    )


def points_extractor(modes) -> Extractor:
    """Features of points in the plane that see the known `modes` (`bench.data.MixtureModes`).

    The two coordinates over the extent, and per mode two Gaussian bumps exp(−r²/2w²) of the distance r to its centre:
    w = 3 standard deviations tells a sharp mode, w = half the distance between modes a nearby one. Coordinates alone
    would not do: eight modes on a circle have the mean and covariance of uniform noise.
    """
    centres = torch.from_numpy(np.ascontiguousarray(modes.centres))
    spacing = float(torch.pdist(centres).min())
    digest = hashlib.sha256(centres.numpy().tobytes() + np.float64([modes.sd, modes.extent]).tobytes())

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        points = modes.to_units(images)
        squared = torch.cdist(points, centres, compute_mode="donot_use_mm_for_euclid_dist").square()
        bumps = [torch.exp(-squared / (2 * width**2)) for width in (3 * modes.sd, spacing / 2)]
        return torch.cat([points / modes.extent, *bumps], dim=1), None, None

    return Extractor(
        name="points",
        hash=digest.hexdigest(),
        dim=2 + 2 * len(centres),
        classes=(),
        accuracy=None,
        forward=forward,
        about={"features": "coordinates and Gaussian bumps around the modes, widths 3 SD and half the spacing"},
        dtype=torch.float32,
    )


def use_inception_weights(path: str | Path) -> None:
    """Have "inception" mean the weights in that file, in this process and those it starts.

    Where the file lies is a matter of the machine, so no plan names it; every record names the weights' hash.
    """
    os.environ[INCEPTION_WEIGHTS] = str(path)


def get_extractor(name: str, dataset, cache_dir: str | Path | None = None) -> Extractor:
    """The extractor to score a dataset with.

    Args:
        name: "domain": a small classifier of the dataset's own kind, shipped, or trained on first use and kept in
            `cache_dir`; for images without at least two classes it is "random-conv", for points `points_extractor`.
            "random-conv": fixed random weights. "inception": FID's Inception, from the file that
            `use_inception_weights` named or downloaded; "inception:PATH": from that file.
        dataset: what `bench.data.load` returns.
        cache_dir: where a classifier trained on first use is kept; None keeps it for this process.

    Raises:
        UserError: an unknown name, an extractor of images for points, Inception weights that cannot be had.
    """
    kind, _, path = name.partition(":")
    if kind not in ("domain", "random-conv", "inception") or (path and kind != "inception"):
        raise UserError(
            f"extractor {name!r}: expected 'domain', 'random-conv', 'inception' or 'inception:PATH' of its weights"
        )
    if dataset.kind == "points":
        if kind != "domain":
            raise UserError(f"extractor {name!r} is for images, {dataset.name} is points in the plane: use 'domain'")
        return points_extractor(dataset.modes)
    if kind == "inception":
        from bench.metrics.inception import inception_extractor

        path = path or os.environ.get(INCEPTION_WEIGHTS)
        return inception_extractor(Path(path).expanduser() if path else None)
    if kind == "random-conv":
        return random_conv_extractor(dataset.images.shape[1])
    return _domain(dataset, None if cache_dir is None else Path(cache_dir))


def _domain(dataset, cache_dir: Path | None) -> Extractor:
    source = dataset.name.partition(":")[0]
    if source in STACKED:
        return stacked_extractor()
    shipped, pictures = shipped_extractor(FAMILIES.get(source, source)), shipped_extractor("cifar10")
    if shipped is None and pictures is not None and dataset.classes == pictures.classes:
        shipped = pictures  # the same ten classes in a folder or an archive of pictures
    if shipped is not None:
        return shipped
    if dataset.labels is None or len(dataset.classes) < 2:
        return random_conv_extractor(dataset.images.shape[1])
    from bench.metrics.training import trained_extractor

    return trained_extractor(dataset, cache_dir)


def classify(logits: torch.Tensor) -> np.ndarray:
    """Class index of the largest logit of each row."""
    return logits.argmax(dim=1).numpy()
