"""Training of the `domain` extractors' classifiers: seeded, on the train split only, with light augmentation."""

import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from torch.nn import functional as F

from bench.data import Dataset
from bench.metrics.classifiers import classifier_extractor
from bench.metrics.extractor import Extractor
from bench.metrics.network import INPUT_SIZE, DomainClassifier, to_input
from bench.metrics.weights import describe, read_classifier, save_atomically
from bench.progress import Progress, to_stderr

# A classifier trained on first use sees about this many images in all, a minute or two of one core; where the machine
# would take longer than these seconds, half as many, or a quarter, and so on, of as many of the images as that is for.
_FIRST_USE_IMAGES = 150_000
_FIRST_USE_SECONDS = 300.0
_LEAST_IMAGES = 4_000
_LEAST_EPOCHS = 3
_HINT = " (once, then it is kept; --extractor random-conv does without)"
_LARGEST_TRAIN = 60_000  # images of a train split that are used


@dataclass(frozen=True)
class TrainingRecipe:
    """How one classifier is trained.

    Attributes:
        epochs: passes over the train split.
        batch_size: images per step.
        learning_rate: peak of the one-cycle schedule of AdamW.
        weight_decay: of AdamW.
        rotation: largest rotation, degrees.
        shift: largest translation, share of the image's side.
        zoom: largest relative change of size.
        mirror: whether images are mirrored left to right half of the time.
        quarter_turns: whether images are turned by a random multiple of 90 degrees.
        coarse: share of the images that are halved in resolution and brought back, so that the features hold at
            16 pixels too.
        noise: half of the images are blended with uniform noise by a share drawn from U(0, `noise`), their labels
            kept: the features then see content through a little noise, instead of leaping at noise no eye minds.
        seed: of the weights, the order and the augmentation.
    """

    epochs: int = 40
    batch_size: int = 64
    learning_rate: float = 4e-3
    weight_decay: float = 0.05
    rotation: float = 10.0
    shift: float = 0.08
    zoom: float = 0.1
    mirror: bool = False
    quarter_turns: bool = False
    coarse: float = 0.3
    noise: float = 0.2
    seed: int = 0


def _augment(x: torch.Tensor, recipe: TrainingRecipe, stream: torch.Generator) -> torch.Tensor:
    n = len(x)
    signed = torch.rand(n, 4, generator=stream) * 2 - 1
    angle = signed[:, 0] * math.radians(recipe.rotation)
    if recipe.quarter_turns:
        angle = angle + torch.randint(4, (n,), generator=stream) * (math.pi / 2)
    scale = 1 + signed[:, 1] * recipe.zoom
    # affine_grid measures in half sides.
    shift = signed[:, 2:] * 2 * recipe.shift
    mirrored = torch.where(torch.rand(n, generator=stream) < 0.5 * recipe.mirror, -1.0, 1.0)
    cosine, sine = scale * angle.cos(), scale * angle.sin()
    rows = [
        torch.stack([mirrored * cosine, -sine, shift[:, 0]], 1),
        torch.stack([mirrored * sine, cosine, shift[:, 1]], 1),
    ]
    grid = F.affine_grid(torch.stack(rows, 1), list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, padding_mode="border", align_corners=False)
    small = F.interpolate(x, (INPUT_SIZE // 2, INPUT_SIZE // 2), mode="bilinear", antialias=True)
    blurred = F.interpolate(small, (INPUT_SIZE, INPUT_SIZE), mode="bilinear", antialias=True)
    coarse = torch.rand(n, 1, 1, 1, generator=stream) < recipe.coarse
    return torch.where(coarse, blurred, x)


def _noisy(x: torch.Tensor, largest: float, stream: torch.Generator) -> torch.Tensor:
    """Half of the images blended with uniform noise, each by its own share of at most `largest`."""
    n = len(x)
    share = torch.rand(n, generator=stream) * largest * (torch.rand(n, generator=stream) < 0.5)
    noise = torch.rand(x.shape, generator=stream) * 2 - 1
    return torch.lerp(x, noise, share[:, None, None, None])


def train_classifier(
    images: torch.Tensor, labels: torch.Tensor, classes: int, recipe: TrainingRecipe = TrainingRecipe()
) -> DomainClassifier:
    """A classifier trained on images (N, C, H, W) uint8 with labels (N,), in evaluation mode.

    The same arguments give the same weights on one machine; torch's global random state is left as it was.
    """
    stream = torch.Generator().manual_seed(recipe.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        network = DomainClassifier(images.shape[1], classes).to(memory_format=torch.channels_last)
    inputs = torch.cat([to_input(part) for part in images.split(1000)])
    steps = recipe.epochs * math.ceil(len(inputs) / recipe.batch_size)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.learning_rate, total_steps=steps, pct_start=0.2)
    network.train()
    progress = Progress("training the classifier that scores this dataset", steps, _HINT)
    for _ in range(recipe.epochs):
        for rows in torch.randperm(len(inputs), generator=stream).split(recipe.batch_size):
            batch = _noisy(_augment(inputs[rows], recipe, stream), recipe.noise, stream)
            logits = network(batch.contiguous(memory_format=torch.channels_last))[1]
            loss = F.cross_entropy(logits, labels[rows])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            optimiser.step()
            schedule.step()
            progress.add()
    standardise(network.eval(), inputs)
    return network


@torch.inference_mode()
def standardise(network: DomainClassifier, inputs: torch.Tensor) -> None:
    """Set the centre and the spread of the features from inputs made by `to_input`; the logits stay as they were."""
    embeddings: list[torch.Tensor] = []
    hook = network.embed.register_forward_hook(lambda _, __, made: embeddings.append(made))
    for part in inputs.split(200):
        network(part)
    hook.remove()
    network.centre.copy_(torch.cat(embeddings).mean(dim=0))
    network.spread.copy_(torch.cat(embeddings).std(dim=0).clamp(min=1e-6))


@torch.inference_mode()
def accuracy(network: DomainClassifier, images: torch.Tensor, labels: torch.Tensor) -> float:
    """Share of images (N, C, H, W) uint8 whose largest logit is at their label (N,)."""
    hits = sum(
        int((network(to_input(x))[1].argmax(1) == y).sum())
        for x, y in zip(images.split(200), labels.split(200), strict=True)
    )
    return hits / len(images)


def train_on(
    dataset: Dataset, recipe: TrainingRecipe, most: int = _LARGEST_TRAIN
) -> tuple[DomainClassifier, float, dict[str, str]]:
    """A classifier of at most so many of a dataset's images, its accuracy on the reference split, and how it was made,
    as strings by name."""
    images, labels = dataset.images[:most], dataset.labels[:most]
    network = train_classifier(images, labels, len(dataset.classes), recipe)
    held_out = accuracy(network, dataset.reference_images, dataset.reference_labels)
    about = {
        "accuracy.images": str(len(dataset.reference_images)),
        "data": dataset.source,
        "data.split": dataset.split,
        "data.hash": dataset.content_hash,
        "data.images": str(len(images)),
        **{f"recipe.{name}": str(value) for name, value in asdict(recipe).items()},
    }
    return network, held_out, about


def trained_extractor(dataset: Dataset, folder: Path | None) -> Extractor:
    """The extractor of a labelled dataset that none is shipped for: trained on first use, then kept in `folder`.

    Its accuracy is that on the reference split.
    """
    path = (
        None if folder is None else folder / f"classifier-{dataset.content_hash[:20]}-{torch.__version__}.safetensors"
    )
    found = None if path is None else read_classifier(path)
    if found is None:
        network, held_out, about = _first_use(dataset)
        metadata = describe(network, dataset.classes, held_out, about)
        if path is not None:
            save_atomically(network.state_dict(), path, metadata)
        found = network, metadata
    return classifier_extractor(*found, f"domain:{dataset.name}")


def _first_use(dataset: Dataset) -> tuple[DomainClassifier, float, dict[str, str]]:
    """What `train_on` gives within `_FIRST_USE_SECONDS`; where that takes fewer images than there are, it is told."""
    epochs, most = affordable(min(len(dataset.images), _LARGEST_TRAIN), _seconds_per_image(dataset))
    cut = most < min(len(dataset.images), _LARGEST_TRAIN)
    if cut:
        to_stderr(
            f"the classifier that scores this dataset learns from {most:,} of {len(dataset.images):,} images: all of "
            f"them would take this machine over {_FIRST_USE_SECONDS / 60:.0f} min{_HINT}"
        )
    network, held_out, about = train_on(dataset, TrainingRecipe(epochs=epochs, rotation=5.0, shift=0.05), most)
    if cut:
        to_stderr(f"the classifier is right on {held_out:.0%} of the held-out images")
    return network, held_out, about


def affordable(images: int, seconds_per_image: float) -> tuple[int, int]:
    """Epochs and images that a classifier is trained with on first use.

    Halved as often as it takes, so that machines of about the same speed come to the same numbers.

    Args:
        images: that there are to train on.
        seconds_per_image: that training takes.
    """
    seen = max(_FIRST_USE_IMAGES, _LEAST_EPOCHS * images)
    while True:
        most = min(images, max(seen // _LEAST_EPOCHS, _LEAST_IMAGES))
        epochs = min(40, max(_LEAST_EPOCHS, seen // most))
        if epochs * most * seconds_per_image <= _FIRST_USE_SECONDS or seen <= _LEAST_EPOCHS * min(
            images, _LEAST_IMAGES
        ):
            return epochs, most
        seen //= 2


def _seconds_per_image(dataset: Dataset) -> float:
    """Of training, measured on a few steps that nothing is kept of; the first ones cost more."""
    few = TrainingRecipe(epochs=1)
    images, labels = (part[: 4 * few.batch_size] for part in (dataset.images, dataset.labels))
    seconds = []
    for _ in range(2):
        begun = time.monotonic()
        train_classifier(images, labels, len(dataset.classes), few)
        seconds.append(time.monotonic() - begun)
    return min(seconds) / len(images)
