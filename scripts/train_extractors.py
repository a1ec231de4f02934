"""Train the classifiers behind the `domain` extractors and write them to bench/metrics/weights/.

    python scripts/train_extractors.py mnist=mnist5k digits shapes
    python scripts/train_extractors.py cifar10=zip:/data/cifar10-jpg.zip

Each on the train split only; the accuracy in a file's metadata is that on the reference split. One thread, a few
minutes each on one core.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import torch

import bench.data
from bench.metrics.training import TrainingRecipe, train_on
from bench.metrics.weights import SHIPPED, describe, save_atomically

RECIPES = {
    "mnist": TrainingRecipe(epochs=60, rotation=12.0, zoom=0.15),
    "digits": TrainingRecipe(epochs=80),
    "shapes": TrainingRecipe(epochs=40, mirror=True, quarter_turns=True),
    "fashion-mnist": TrainingRecipe(epochs=6, batch_size=128, rotation=3.0, shift=0.04, zoom=0.05, mirror=True),
    "cifar10": TrainingRecipe(epochs=12, batch_size=128, rotation=3.0, shift=0.1, mirror=True, coarse=0.1),
}
LARGEST_BYTES = 500_000


def train(name: str, dataset_name: str, folder: Path, epochs: int | None) -> None:
    """Train the classifier of that name on one dataset and write it; a file over 500 KB is refused."""
    recipe = RECIPES[name] if epochs is None else dataclasses.replace(RECIPES[name], epochs=epochs)
    dataset = bench.data.load(dataset_name, resolution=32)
    started = time.perf_counter()
    network, held_out, about = train_on(dataset, recipe)
    seconds = time.perf_counter() - started
    path = folder / f"{name}.safetensors"
    save_atomically(network.state_dict(), path, describe(network, dataset.classes, held_out, about))
    print(f"{name}: held-out accuracy {held_out:.4f} on {len(dataset.reference_images)} images, {seconds:.0f} s")
    if path.stat().st_size >= LARGEST_BYTES:
        raise SystemExit(f"{path}: {path.stat().st_size:,} bytes, at most {LARGEST_BYTES:,} are shipped")


def main() -> None:
    """Train what the command line names: DATASET, or CLASSIFIER=DATASET where they have two names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("datasets", nargs="+", metavar="[CLASSIFIER=]DATASET")
    parser.add_argument("--folder", type=Path, default=SHIPPED)
    parser.add_argument("--epochs", type=int)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    for text in arguments.datasets:
        name, _, dataset = text.partition("=")
        if name not in RECIPES:
            parser.error(f"{text!r}: unknown classifier {name!r}, expected one of {', '.join(RECIPES)}")
        train(name, dataset or name, arguments.folder, arguments.epochs)


if __name__ == "__main__":
    main()
