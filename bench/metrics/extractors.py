"""Feature extractors: uint8 images -> features and class logits, under a name and a hash of the weights."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from torch import nn

from bench.errors import UserError
from bench.metrics.network import DomainClassifier, to_input

WEIGHTS = Path(__file__).parent / "weights"

# Datasets drawn from one source share the classifier of that source.
FAMILIES = {
    "mnist5k": "mnist",
    "mnist": "mnist",
    "stacked": "mnist",
    "digits": "digits",
    "shapes": "shapes",
    "fashion-mnist": "fashion-mnist",
    "cifar10": "cifar10",
}


@dataclass(frozen=True)
class Extractor:
    """A frozen feature extractor.

    Attributes:
        name: what it is, such as "domain:mnist"; scores of different extractors are never compared.
        hash: sha256 of its weights.
        dim: number of features.
        classes: what its logits stand for; empty where it has none.
        accuracy: share of the held-out images it classifies right, None where it classifies nothing.
        forward: uint8 images (n, C, H, W) -> (features (n, dim), logits (n, classes) or None).
        about: how it was made, for the record.
    """

    name: str
    hash: str
    dim: int
    classes: tuple[str, ...]
    accuracy: float | None
    forward: Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor | None]] = field(repr=False, compare=False)
    about: dict[str, str] = field(default_factory=dict, repr=False, compare=False)

    @torch.inference_mode()
    def __call__(self, images: torch.Tensor, batch_size: int = 100) -> tuple[torch.Tensor, torch.Tensor | None]:
        """Features (N, dim) and logits (N, classes) or None, float64, of uint8 images (N, C, H, W) on the CPU.

        Raises:
            UserError: the images are not a non-empty uint8 tensor of four dimensions.
        """
        if images.dtype != torch.uint8 or images.ndim != 4 or len(images) == 0:
            raise UserError(
                f"{images.dtype} images of shape {tuple(images.shape)}: expected uint8 of shape (N, C, H, W), N ≥ 1"
            )
        parts = [self.forward(part) for part in images.cpu().split(batch_size)]
        features = torch.cat([part[0] for part in parts]).to(torch.float64)
        if parts[0][1] is None:
            return features, None
        return features, torch.cat([part[1] for part in parts]).to(torch.float64)


def hash_of(tensors: dict[str, torch.Tensor]) -> str:
    """sha256 over names, dtypes, shapes and bytes of the tensors, in order of name."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = tensors[name].detach().cpu().contiguous().numpy()
        digest.update(f"{name} {array.dtype} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


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


def classifier_forward(network: DomainClassifier, name: str) -> Callable:
    """The `forward` of an extractor from a trained classifier."""
    network = network.eval().requires_grad_(False).to(memory_format=torch.channels_last)
    channels = network.convolutions[0].in_channels

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        inputs = to_input(with_channels(images, channels, name))
        return network(inputs.contiguous(memory_format=torch.channels_last))

    return forward


def read_classifier(path: Path) -> tuple[DomainClassifier, dict[str, str]]:
    """A classifier and its metadata from a safetensors file that `scripts/train_extractors.py` wrote."""
    with safe_open(path, "pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    width = tuple(json.loads(metadata["width"]))
    network = DomainClassifier(int(metadata["channels"]), len(json.loads(metadata["classes"])), width)
    network.load_state_dict(tensors)
    return network.eval(), metadata


@lru_cache(maxsize=8)
def domain_extractor(family: str, path: Path | None = None) -> Extractor:
    """The shipped classifier of a family of datasets ("mnist", "digits", "shapes", …), or the one at `path`."""
    network, metadata = read_classifier(path or WEIGHTS / f"{family}.safetensors")
    name = f"domain:{family}"
    return Extractor(
        name=name,
        hash=hash_of(network.state_dict()),
        dim=network.embed.out_features,
        classes=tuple(json.loads(metadata["classes"])),
        accuracy=float(metadata["accuracy"]),
        forward=classifier_forward(network, name),
        about=metadata,
    )


def stacked_extractor() -> Extractor:
    """The MNIST classifier on each of three channels: features side by side, one class per triple of digits.

    The logit of a triple is the sum of its digits' log-probabilities; the accuracy is that of all three at once.
    """
    single = domain_extractor("mnist")

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        n, channels, height, width = images.shape
        if channels != 3:
            raise UserError(f"stacked digits have 3 channels, these images have {channels}")
        features, logits = single.forward(images.reshape(n * 3, 1, height, width))
        first, second, third = logits.double().log_softmax(1).reshape(n, 3, -1).unbind(1)
        joint = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None, :]
        return features.reshape(n, -1), joint.reshape(n, -1)

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

    The shape of `DomainClassifier` at seed 0 with its batch statistics left at the start; it has no logits.
    Random embeddings are the practice of Naeem et al. 2020 (arXiv 2002.09797) where pretrained ones do not fit.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = DomainClassifier(channels, 1)
        # The framework's default shrinks the signal layer by layer; He's keeps its variance through rectifiers.
        for layer in network.convolutions:
            if isinstance(layer, nn.Conv2d):
                nn.init.kaiming_normal_(layer.weight)
    both = classifier_forward(network, "random-conv")
    return Extractor(
        name="random-conv",
        hash=hash_of(network.state_dict()),
        dim=network.embed.out_features,
        classes=(),
        accuracy=None,
        forward=lambda images: (both(images)[0], None),
        about={"recipe": "DomainClassifier, seed 0, Kaiming-normal convolutions, untrained"},
    )


def get_extractor(name: str, dataset, **options) -> Extractor:
    """The extractor to score a dataset with.

    Args:
        name: "domain" (a small classifier of the dataset's own kind), "random-conv" (fixed random weights).
        dataset: what `bench.data.load` returns.

    Raises:
        UserError: an unknown name, or an extractor that this dataset has none of.
    """
    if name == "domain":
        family = FAMILIES.get(dataset.name)
        if dataset.name == "stacked":
            return stacked_extractor()
        if family is not None and (WEIGHTS / f"{family}.safetensors").exists():
            return domain_extractor(family)
        raise UserError(f"extractor 'domain' has no classifier for dataset {dataset.name!r}: choose 'random-conv'")
    if name == "random-conv":
        return random_conv_extractor(dataset.images.shape[1])
    raise UserError(f"unknown extractor {name!r}: expected 'domain' or 'random-conv'")


def classify(logits: torch.Tensor) -> np.ndarray:
    """Class index of the largest logit of each row."""
    return logits.argmax(dim=1).numpy()
