"""Extractors made of the small classifier: packaged ones, one trained on the data, one with random weights."""

import json
from functools import lru_cache

import torch
from torch import nn

from bench.errors import UserError
from bench.metrics.extractor import Extractor, Forward, with_channels
from bench.metrics.network import DomainClassifier, to_input
from bench.metrics.weights import SHIPPED, hash_of, read_classifier

STACKED = "mnist×3"
"""The name of the MNIST classifier on each of three channels."""


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
def packaged_extractor(name: str) -> Extractor:
    """The packaged classifier of that name: `STACKED`, or a file of bench/metrics/weights ("mnist", "shapes", …).

    Raises:
        UserError: there is none of that name, or its file is damaged.
    """
    if name == STACKED:
        return stacked_extractor()
    path = SHIPPED / f"{name}.safetensors"
    found = read_classifier(path)
    if found is None:
        known = ", ".join(sorted(file.stem for file in SHIPPED.glob("*.safetensors")))
        fault = f"{path} is damaged; install ganbench again" if path.exists() else f"not packaged; expected {known}"
        raise UserError(f"extractor domain:{name}: {fault}")
    return classifier_extractor(*found, f"domain:{name}")


def stacked_extractor() -> Extractor:
    """The MNIST classifier on each of three channels: features side by side, one class per triple of digits.

    The logit of a triple is the sum of its digits' log-probabilities; the accuracy is that of all three at once.
    """
    single = packaged_extractor("mnist")

    def forward(images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        n, channels, height, width = images.shape
        if channels != 3:
            raise UserError(f"stacked digits have 3 channels, these images have {channels}")
        features, logits, maps = single.forward(images.reshape(n * 3, 1, height, width))
        first, second, third = logits.double().log_softmax(1).reshape(n, 3, -1).unbind(1)
        joint = first[:, :, None, None] + second[:, None, :, None] + third[:, None, None, :]
        return features.reshape(n, -1), joint.reshape(n, -1), maps

    return Extractor(
        name=f"domain:{STACKED}",
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
